"""From claims to verdicts, on made-up runs; then five verdicts of the course, by hand."""

import dataclasses
import json
import math
import statistics

import pytest
from made_up_runs import made_up_run

from labkit import folders
from labkit.errors import ClaimError
from labkit.ledger import claims, verdicts
from labkit.ledger.claims import Claim
from labkit.ledger.measured import Records
from labkit.records import store
from labkit.records.signature import Signature

T_95 = {2: 4.302653, 4: 2.776445}  # by degrees of freedom, from a printed table of Student's t


def claim(**fields):
    common = {"id": "r9-x", "report": "R9", "section": "Results", "says": "{value}."}
    return Claim(**common | {"kind": "number", "page": "01_mnist_dense#the-data"} | fields)


def number(value, experiment="99/a", metric="test_accuracy", **fields):
    common = {"experiment": experiment, "metric": metric, "unit": "accuracy", "tolerance": 0.005}
    return claim(value=value, **common | fields)


def comparison(text, **fields):
    return claim(kind="comparison", comparison=text, **fields)


@pytest.fixture
def records(tmp_path):
    """Return a function that records made-up runs: experiment → one accuracy a seed."""

    def recorded(budget="full", **accuracies):
        for name, values in accuracies.items():
            for seed, accuracy in enumerate(values):
                run = made_up_run(accuracy, experiment=f"99/{name}", seed=seed, budget=budget)
                store.add(run, tmp_path)
        return Records(tmp_path)

    return recorded


def outcome(claim, records):
    return verdicts.judge(claim, records).outcome


# 0.90, 0.91, 0.92 have mean 0.91 and sd 0.01.
THREE = [0.90, 0.91, 0.92]
HALF = T_95[2] * 0.01 * math.sqrt(1 + 1 / 3)


# From claim to verdict.


def test_a_number_states_seeds_budget_mean_and_bounds(records):
    verdict = verdicts.judge(number(0.912), records(a=THREE))
    assert verdict.outcome == verdict.by_rule == "reproduced"
    assert (verdict.evidence.budget, len(verdict.evidence.values)) == ("full", 3)
    assert verdict.mean == pytest.approx(0.91)
    assert (verdict.interval.low, verdict.interval.high) == pytest.approx(
        (0.91 - HALF, 0.91 + HALF)
    )
    assert verdict.reason == "it lies within the tolerance of our mean, ± 0.005"
    assert verdict.otherwise == "a report outside 0.9050 to 0.9150"
    assert verdict.commands() == (
        "labkit record notebooks/99_*.py --budget full --seeds 0-2 --only '99/a'",
    )


def test_a_number_in_between_is_undecided_and_says_what_would_decide_it(records):
    verdict = verdicts.judge(number(0.94), records(a=THREE))
    assert verdict.outcome == "undecided"
    assert verdict.reason == (
        "it lies outside the tolerance, ± 0.005, but another run of ours might lie there too"
    )
    assert verdict.otherwise == "6 seeds, if mean and scatter stay as they are"
    nearer = verdicts.judge(number(0.92), records(a=THREE))
    assert nearer.otherwise == "more runs of the report: one run alone scatters by as much"


@pytest.mark.parametrize(
    ("metric", "bounds"),
    [
        ("test_accuracy", (0, 1)),
        ("test_mse", (0, 1.194)),
        ("test_r2", (-0.794, 1)),
        ("test_own", (-0.794, 1.194)),
    ],
)
def test_bounds_are_cut_where_the_metric_has_its_own(metric, bounds, tmp_path):
    for seed, value in enumerate((0.0, 0.2, 0.4)):
        metrics = {"test": {metric.removeprefix("test_"): value}}
        store.add(made_up_run(experiment="99/a", seed=seed, metrics=metrics), tmp_path)
    verdict = verdicts.judge(number(0.2, metric=metric, tolerance=10), Records(tmp_path))
    assert (verdict.interval.low, verdict.interval.high) == pytest.approx(bounds, abs=0.001)
    assert ("0.0000" in verdict.otherwise) == (bounds[0] == 0)


@pytest.mark.parametrize(
    ("tolerance", "inside"), [(0.005, "0.8603 to 0.9597"), (0.06, "0.8500 to 0.9700")]
)
def test_a_number_outside_says_which_report_would_have_been_inside(records, tolerance, inside):
    verdict = verdicts.judge(number(0.99, tolerance=tolerance), records(a=THREE))
    assert verdict.outcome == "lower"
    assert verdict.reason == (
        f"it lies outside the tolerance, ± {tolerance}, and where another run of ours would"
    )
    assert verdict.otherwise == f"a report inside {inside}"


def test_a_number_needs_three_seeds_at_full(records, tmp_path):
    assert outcome(number(0.91), records(a=THREE[:2])) == "not yet recorded"
    at_lab = records(b=THREE, budget="lab")
    verdict = verdicts.judge(number(0.91, "99/b"), at_lab)
    assert verdict.outcome == "not yet recorded"
    assert verdict.reason == "a number needs three seeds at full, and there are 3 at lab"
    assert verdict.mean == pytest.approx(0.91)  # shown, and not judged


def test_a_comparison_may_use_lab_and_says_so(records):
    text = "99/a.test_accuracy > 99/b.test_accuracy"
    low, high = [0.80, 0.81, 0.82], [0.90, 0.91, 0.93]
    verdict = verdicts.judge(comparison(text), records("lab", a=high, b=low))
    assert (verdict.outcome, verdict.evidence.budget) == ("reproduced", "lab")
    assert verdict.commands() == tuple(
        f"labkit record notebooks/99_*.py --budget lab --seeds 0-2 --only '99/{one}'"
        for one in "ab"
    )


def test_a_comparison_prefers_the_budget_of_both_sides(records, tmp_path):
    records("lab", a=[0.5, 0.5, 0.5], b=[0.6, 0.6, 0.6])
    both = records("full", a=[0.91, 0.92, 0.93])
    text = "99/a.test_accuracy > 99/b.test_accuracy"
    assert verdicts.judge(comparison(text), both).evidence.budget == "lab"


def test_a_comparison_is_paired_by_seed(records):
    """Seeds that scatter widely and differ by nearly the same: the pairs can tell."""
    scattered, less = [0.70, 0.80, 0.90], [0.69, 0.791, 0.889]
    both = records(a=scattered, b=less)
    verdict = verdicts.judge(comparison("99/a.test_accuracy > 99/b.test_accuracy"), both)
    assert verdict.outcome == "reproduced"
    assert list(verdict.evidence.values.values()) == pytest.approx([0.01, 0.009, 0.011])
    assert verdict.reason == (
        "test accuracy of 99/a is above test accuracy of 99/b on 3 of 3 seeds"
    )


def test_seeds_that_only_one_side_has_are_left_out(records):
    both = records(a=[0.9, 0.9, 0.9, 0.1], b=[0.8, 0.8, 0.8])
    verdict = verdicts.judge(comparison("99/a.test_accuracy > 99/b.test_accuracy"), both)
    assert sorted(verdict.evidence.values) == [0, 1, 2]


def test_a_gap_is_a_value_too(records):
    text = "99/a.train_accuracy - 99/a.test_accuracy > 99/b.train_accuracy - 99/b.test_accuracy"
    both = records(a=[0.80, 0.81, 0.82], b=[0.90, 0.91, 0.93])
    verdict = verdicts.judge(comparison(text), both)
    assert list(verdict.evidence.values.values()) == pytest.approx([0.10, 0.10, 0.11])
    assert verdict.outcome == "reproduced"


def test_what_would_change_a_comparison(records):
    some = records(a=[0.91, 0.93, 0.92], b=[0.90, 0.90, 0.90], c=[0.91, 0.91, 0.91])
    text = "99/{}.test_accuracy {} 99/{}.test_accuracy".format
    open_ones = verdicts.judge(comparison(text("a", ">", "b")), some)
    assert open_ones.outcome == "not distinguishable"
    assert open_ones.otherwise == "4 seeds, if mean and scatter stay as they are"
    told = verdicts.judge(comparison(text("c", ">", "b")), some)
    assert told.otherwise == "another mean: these seeds do not scatter"
    same = verdicts.judge(comparison(text("b", ">", "b")), some)
    assert same.otherwise == "more than 10,000 seeds, if mean and scatter stay as they are"


@pytest.mark.parametrize(
    ("sign", "tolerance", "expected", "otherwise"),
    [
        ("=", 0.02, "equality not shown", "more than 10,000 seeds, if mean and scatter"),
        ("=", 0.010, "equality not shown", "7 seeds, if mean and scatter stay as they are"),
        ("=", 0.060, "reproduced", "seeds that scatter by more than 0.0161 in place of 0.0100"),
        (">=", 0.001, "reproduced", "seeds that scatter by more than 0.0125 in place of 0.0100"),
        ("<=", 0.001, "contradicted", "seeds that scatter by more than 0.0113 in place of 0.0100"),
    ],
)
def test_an_equality_says_what_would_decide_or_change_it(
    records, sign, tolerance, expected, otherwise
):
    some = records(a=[0.91, 0.93, 0.92], b=[0.90, 0.90, 0.90])
    text = f"99/a.test_accuracy {sign} 99/b.test_accuracy"
    verdict = verdicts.judge(comparison(text, tolerance=tolerance), some)
    assert verdict.outcome == expected
    assert verdict.otherwise.startswith(otherwise)


def test_a_comparison_may_be_with_a_number(records):
    verdict = verdicts.judge(comparison("99/a.test_accuracy > 0.8"), records(a=THREE))
    assert (verdict.outcome, verdict.mean) == ("reproduced", pytest.approx(0.11))
    assert verdict.reason == "test accuracy of 99/a is above 0.8 on 3 of 3 seeds"


def test_a_comparison_may_be_of_epochs_of_a_history(records):
    text = "99/a.val_loss[1] > 99/a.val_loss[-1]"
    verdict = verdicts.judge(comparison(text), records(a=THREE))
    assert (verdict.outcome, verdict.mean) == ("reproduced", pytest.approx(0.1))


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (
            "val_f1[1]",
            "a history that the runs of 99/a have; received 'val_f1'. They have accuracy,",
        ),
        (
            "val_loss[3]",
            "an epoch that every run of 99/a has; received 3, where one has 2. Name an",
        ),
        ("val_loss[-3]", "an epoch that every run of 99/a has; received -3, where one has 2. Name"),
    ],
)
def test_an_epoch_that_the_runs_do_not_have_is_an_error(records, asked, complaint):
    with pytest.raises(ClaimError) as problem:
        verdicts.judge(comparison(f"99/a.{asked} > 0.1"), records(a=THREE))
    assert f"r9-x: expected {complaint}" in str(problem.value)


def test_what_holds_by_construction_shows_what_the_runs_say(records):
    text = "99/a.test_accuracy > 0.99"
    given = {"answer": "by construction", "because": "the minimum is restored."}
    verdict = verdicts.judge(comparison(text, **given), records(a=THREE))
    assert (verdict.outcome, verdict.by_rule) == ("by construction", "contradicted")


def test_what_scatter_would_have_left_a_comparison_open(records):
    some = records(a=[0.920, 0.921, 0.922], b=[0.90, 0.90, 0.90])
    verdict = verdicts.judge(comparison("99/a.test_accuracy > 99/b.test_accuracy"), some)
    most = 0.021 * math.sqrt(3) / T_95[2]
    assert verdict.otherwise == f"seeds that scatter by more than {most:.4f} in place of 0.0010"


def timed(name, seconds, tmp_path, device="2 CPU cores (Made-up)"):
    for seed, one in enumerate(seconds):
        provenance = {"device": device, "finished": "2026-11-21T12:00:00+00:00"}
        run = made_up_run(experiment=f"99/{name}", seed=seed, seconds=one, provenance=provenance)
        store.add(run, tmp_path)
    return Records(tmp_path)


def in_seconds(value, of, **fields):
    return number(value, f"99/{of}", "seconds", **fields)


def test_seconds_are_judged_as_ratios_within_a_machine(tmp_path):
    timed("unit", [100.0, 200.0, 400.0], tmp_path)
    both = timed("slow", [300.0, 600.0, 1200.0], tmp_path)
    unit = in_seconds(2.0, "unit", answer="not tested", because="it is the unit.")
    verdict = verdicts.judge(in_seconds(6.0, "slow", relative_to=unit), both)
    assert (verdict.outcome, verdict.reported, verdict.mean) == ("reproduced", 3.0, 3.0)
    further = in_seconds(8.0, "slow", relative_to=unit, tolerance=0.99)
    assert outcome(further, both) == "lower"  # 4 perceptrons


def test_a_comparison_of_seconds_is_shown_as_a_ratio(tmp_path):
    timed("unit", [100.0, 200.0, 400.0], tmp_path)
    both = timed("slow", [300.0, 600.0, 1000.0], tmp_path)
    verdict = verdicts.judge(comparison("99/slow.seconds > 2 * 99/unit.seconds"), both)
    ratios = [1.5, 1.5, 1.25]
    logs = list(map(math.log, ratios))
    half = T_95[2] * statistics.stdev(logs) / math.sqrt(3)
    assert verdict.outcome == "reproduced"
    assert list(verdict.evidence.values.values()) == pytest.approx(logs)
    assert verdict.mean == pytest.approx(math.prod(ratios) ** (1 / 3))
    assert verdict.interval.low == pytest.approx(verdict.mean / math.exp(half), rel=1e-6)
    assert verdict.otherwise.startswith("seeds that scatter by more than × 1.15 in place of × 1.11")


def test_seconds_are_the_same_within_a_share_of_their_ratio(tmp_path):
    timed("unit", [100.0, 100.0, 100.0], tmp_path)
    both = timed("slow", [109.0, 109.0, 109.0], tmp_path)
    equal = "99/slow.seconds = 99/unit.seconds"
    assert outcome(comparison(equal, tolerance=0.1), both) == "reproduced"
    assert outcome(comparison(equal, tolerance=0.08), both) == "contradicted"


def test_seconds_of_two_machines_are_never_compared(tmp_path):
    timed("unit", [100.0, 100.0, 100.0], tmp_path, device="another machine")
    both = timed("slow", [300.0, 300.0, 300.0], tmp_path)
    unit = in_seconds(2.0, "unit")
    assert outcome(in_seconds(6.0, "slow", relative_to=unit), both) == "not yet recorded"
    text = "99/slow.seconds > 99/unit.seconds"
    assert outcome(comparison(text), both) == "not yet recorded"


def test_a_gain_is_the_difference_from_its_base(records):
    both = records(a=[0.95, 0.96, 0.97], b=[0.90, 0.91, 0.92])
    verdict = verdicts.judge(number(0.05, "99/a", gain_over="99/b", tolerance=0.001), both)
    assert (verdict.outcome, verdict.mean) == ("reproduced", pytest.approx(0.05))


def test_a_count_is_read_off_the_recorded_network(records, tmp_path):
    some = records(a=[0.9])
    count = claim(kind="count", value=1234, experiment="99/a", metric="parameters")
    assert verdicts.judge(count, some).outcome == "reproduced"
    wrong = claim(kind="count", value=1235, experiment="99/a", metric="parameters")
    assert verdicts.judge(wrong, some).outcome == "contradicted"
    assert verdicts.judge(wrong, some).found == 1234


def test_a_count_may_be_read_off_a_line_of_the_signature(tmp_path):
    lines = ("Conv2D(filters=16, kernel_size=(3, 3)) -> (26, 26, 16), 160 parameters",)
    store.add(made_up_run(experiment="99/a", signature=Signature(lines)), tmp_path)
    common = {"kind": "count", "experiment": "99/a", "line": "Conv2D(filters={value},*"}
    assert outcome(claim(value=16, **common), Records(tmp_path)) == "reproduced"
    assert outcome(claim(value=32, **common), Records(tmp_path)) == "contradicted"


def test_epochs_that_a_smaller_budget_has_fewer_of_contradict_nothing(tmp_path):
    few = made_up_run(experiment="99/a", budget="lab", signature=Signature(("epochs: 2",)))
    store.add(few, tmp_path)
    common = {"kind": "count", "experiment": "99/a", "line": "epochs: {value}"}
    assert outcome(claim(value=2, **common), Records(tmp_path)) == "reproduced"
    assert outcome(claim(value=15, **common), Records(tmp_path)) == "not yet recorded"
    store.add(dataclasses.replace(few, budget="full"), tmp_path)
    assert outcome(claim(value=15, **common), Records(tmp_path)) == "contradicted"


def test_a_comparison_about_long_trainings_is_not_judged_by_short_ones(records):
    longer = comparison("99/b.test_accuracy > 99/a.test_accuracy", only_at="full")
    short = verdicts.judge(longer, records(budget="lab", a=THREE, b=THREE))
    assert short.outcome == "not yet recorded"
    assert short.reason == "this is judged at full alone, and there are 3 at lab"
    better = [accuracy + 0.01 for accuracy in THREE]
    assert outcome(longer, records(a=THREE, b=better)) == "reproduced"


def test_a_mistake_stands_whatever_the_runs_say_and_shows_them(records):
    mistake = number(0.91, answer="mistaken", because="the cell was copied.")
    verdict = verdicts.judge(mistake, records(a=THREE))
    assert (verdict.outcome, verdict.by_rule) == ("mistaken", "reproduced")
    assert (verdict.reason, verdict.otherwise) == ("the cell was copied.", "")
    assert verdict.mean == pytest.approx(0.91)


@pytest.mark.parametrize("answer", ["shown", "in part", "not tested"])
def test_what_runs_do_not_decide_has_its_answer_from_the_claim(records, answer):
    said = claim(kind="statement", answer=answer, because="so.", page="03_layers_tour#dense")
    verdict = verdicts.judge(said, records())
    assert (verdict.outcome, verdict.by_rule, verdict.commands()) == (answer, None, ())


def test_a_run_that_diverged_is_no_evidence(records):
    some = records(a=[0.90, 0.91, 0.92, math.nan])
    verdict = verdicts.judge(number(0.91), some)
    assert (verdict.outcome, sorted(verdict.evidence.values)) == ("reproduced", [0, 1, 2])


def test_a_metric_that_the_runs_do_not_have_is_an_error(records):
    with pytest.raises(ClaimError) as problem:
        verdicts.judge(number(0.9, metric="test_f1"), records(a=THREE))
    assert "r9-x: expected a metric that the runs of 99/a have; received 'test_f1'" in str(
        problem.value
    )


def test_a_count_that_asks_for_what_no_run_has_is_the_same_error(records):
    count = claim(kind="count", value=3, experiment="99/a", metric="layers")
    with pytest.raises(ClaimError, match="r9-x: expected a metric that the runs of 99/a have"):
        verdicts.judge(count, records(a=[0.9]))


def test_a_mistaken_count_says_what_the_network_has(records):
    count = claim(kind="count", value=3, experiment="99/a", metric="parameters")
    mistaken = dataclasses.replace(count, answer="mistaken", because="it was copied.")
    verdict = verdicts.judge(mistaken, records(a=[0.9]))
    assert (verdict.outcome, verdict.by_rule, verdict.found) == ("mistaken", "contradicted", 1234)


def test_no_claims_have_no_verdicts(records):
    assert verdicts.judge_all([], records()) == ()


def test_verdicts_are_counted_in_the_order_of_their_explanation(records):
    some = records(a=THREE)
    judged = verdicts.judge_all([number(0.99), number(0.91), number(0.914)], some)
    assert verdicts.counted(judged) == {"reproduced": 2, "lower": 1}


# Five verdicts of the course, derived anew from the JSON of the records alone.


def accuracy(run):
    return run["metrics"]["test"]["accuracy"]


def of_record(experiment, read, budget="full"):
    """Return seed → a number, with nothing of labkit between the file and it."""
    path = folders.store_folder() / f"{experiment}.json"
    runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
    return {run["seed"]: read(run) for run in runs if run["budget"] == budget}


def test_by_hand_a_number_is_reproduced():
    """R1's network with one hidden layer: 0.9672, tolerance 0.005."""
    values = of_record("01/dense-2", accuracy).values()
    mean, sd, n = statistics.fmean(values), statistics.stdev(values), len(values)
    half = T_95[n - 1] * sd * math.sqrt(1 + 1 / n)
    verdict = verdicts.judge(claims.quote("r1-dense-2-accuracy"))
    assert n == 5 and abs(mean - 0.9672) <= 0.005
    assert verdict.outcome == "reproduced"
    assert (verdict.mean, verdict.interval.half_width) == pytest.approx((mean, half), rel=1e-5)


def test_by_hand_a_number_comes_out_lower():
    """R1's network B: 0.9693, above what another run of ours would reach."""
    values = of_record("02/conv-b", accuracy).values()
    mean, sd, n = statistics.fmean(values), statistics.stdev(values), len(values)
    assert n == 5 and mean + max(T_95[4] * sd * math.sqrt(1.2), 0.005) < 0.9693
    assert verdicts.judge(claims.quote("r1-conv-b-accuracy")).outcome == "lower"


def test_by_hand_a_conclusion_is_contradicted():
    """R1 guesses that the weights were small before any penalty. They were not."""
    names = ("01/dense-4-10-epochs", "01/dense-4-l2")
    plain, l2 = (of_record(name, lambda run: run["measures"]["near_zero"]) for name in names)
    gaps = [plain[seed] - l2[seed] for seed in plain]
    half = T_95[4] * statistics.stdev(gaps) / math.sqrt(5)
    assert statistics.fmean(gaps) + half < 0
    assert verdicts.judge(claims.quote("r1-weights-were-small")).outcome == "contradicted"


def test_by_hand_two_networks_are_not_distinguishable():
    """R1 finds C best; A is nearer to it than five seeds can tell, and six could."""
    a, c = of_record("02/conv-a", accuracy), of_record("02/conv-c", accuracy)
    gaps = [c[seed] - a[seed] for seed in c]
    half = T_95[4] * statistics.stdev(gaps) / math.sqrt(5)
    six = 2.570582 * statistics.stdev(gaps) / math.sqrt(6)
    assert six < abs(statistics.fmean(gaps)) < half
    verdict = verdicts.judge(claims.quote("r1-conv-c-is-best"))
    assert verdict.outcome == "not distinguishable"
    assert verdict.otherwise == "6 seeds, if mean and scatter stay as they are"


def test_by_hand_a_copied_number_is_mistaken():
    """R1 prints C's accuracy for A2; by the rule alone, ours are lower."""
    values = of_record("02/conv-a2", accuracy).values()
    mean, sd = statistics.fmean(values), statistics.stdev(values)
    assert mean + max(T_95[4] * sd * math.sqrt(1.2), 0.005) < 0.991
    verdict = verdicts.judge(claims.quote("r1-conv-a2-accuracy"))
    assert (verdict.outcome, verdict.by_rule) == ("mistaken", "lower")
    assert verdict.claim.page == "02_mnist_cnn_variants#the-same-number-three-times"


# --- sweeps and cross-validations ---------------------------------------------------------


def test_points_of_a_sweep_are_compared_by_their_settings(tmp_path):
    for rate, accuracies in {0.1: (0.5, 0.51, 0.52), 0.01: (0.7, 0.72, 0.71)}.items():
        for seed, accuracy in enumerate(accuracies):
            settings = {"rate": rate, "optimizer": "sgd"}
            run = made_up_run(accuracy, experiment="99/sweep", seed=seed, settings=settings)
            store.add(run, tmp_path)
    small, large = (f"99/sweep@optimizer=sgd,rate={rate}" for rate in (0.01, 0.1))
    verdict = verdicts.judge(
        comparison(f"{small}.test_accuracy > {large}.test_accuracy"), Records(tmp_path)
    )
    assert verdict.outcome == "reproduced"
    assert verdict.evidence.values == pytest.approx({0: 0.2, 1: 0.21, 2: 0.19})
    assert verdict.experiments == (small, large)
    assert verdict.commands()[0].endswith(f"--only '{small}'")
    assert outcome(number(0.51, experiment=large), Records(tmp_path)) == "reproduced"


def test_the_folds_of_a_seed_are_one_value(tmp_path):
    stamp = dataclasses.replace(made_up_run().dataset, request={"name": "mnist", "folds": 2})
    for seed in range(3):
        for fold, accuracy in enumerate((0.5 + seed / 100, 0.7)):
            run = made_up_run(accuracy, experiment="99/a", seed=seed, fold=fold, dataset=stamp)
            store.add(run, tmp_path)
    evidence = verdicts.judge(number(0.6), Records(tmp_path)).evidence
    assert evidence.values == pytest.approx({0: 0.6, 1: 0.605, 2: 0.61})
    assert len(evidence.runs) == 6
    assert evidence.caption.startswith("full, 3 seeds, 2 folds each, ")
