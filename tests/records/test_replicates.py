import dataclasses
import math

import numpy as np
import pytest
from made_up_runs import made_up_run, replicated

from labkit.errors import RecordError
from labkit.records.replicates import Statistic, by_seed, caption, histories, shown, statistic

ACCURACIES = (0.9731, 0.9789, 0.9822, 0.9764, 0.9801)


def test_mean_and_deviation_are_numpys():
    found = statistic(replicated(*ACCURACIES).replicates, "test_accuracy")
    assert found.mean == pytest.approx(np.mean(ACCURACIES), rel=1e-12)
    assert found.sd == pytest.approx(np.std(ACCURACIES, ddof=1), rel=1e-12)
    assert (found.n, found.diverged) == (5, 0)


def test_one_run_has_no_spread():
    found = statistic([made_up_run(0.975)], "test_accuracy")
    assert (found.mean, found.n) == (0.975, 1)
    assert math.isnan(found.sd)
    assert str(found) == "0.9750 (n = 1)"


def test_runs_that_diverged_are_counted_and_left_out():
    found = statistic(replicated(0.5, math.nan, 0.7, math.inf).replicates, "test_accuracy")
    assert found == Statistic(pytest.approx(0.6), pytest.approx(np.std([0.5, 0.7], ddof=1)), 2, 2)
    assert found.text(2) == "0.60 ± 0.14 (2 diverged)"


def test_says_where_every_run_diverged():
    found = statistic(replicated(math.nan, math.nan).replicates, "test_accuracy")
    assert math.isnan(found.mean)
    assert (found.n, found.diverged, str(found)) == (0, 2, "diverged")


def test_seconds_are_never_pooled_over_devices():
    slow, fast = {"device": "2 CPU cores (A)"}, {"device": "GPU (B)"}
    runs = [
        made_up_run(seed=0, seconds=100.0, provenance=slow),
        made_up_run(seed=1, seconds=1.0, provenance=fast),
        made_up_run(seed=2, seconds=110.0, provenance=slow),
    ]
    assert statistic(runs, "seconds").n == 2
    assert statistic(runs, "seconds").mean == 105.0
    assert statistic(runs[1:2], "seconds").mean == 1.0
    assert statistic(runs, "seconds_per_epoch").n == 2
    assert statistic(runs, "test_accuracy").n == 3


def test_seconds_are_those_of_the_commonest_device_not_of_the_first():
    devices = ["GPU (B)", "2 CPU cores (A)", "2 CPU cores (A)"]
    runs = [
        made_up_run(seed=seed, seconds=1.0 + 99 * seed, provenance={"device": device})
        for seed, device in enumerate(devices)
    ]
    assert statistic(runs, "seconds") == Statistic(149.5, pytest.approx(99 / math.sqrt(2)), 2)


def test_numbers_that_a_notebook_measured_have_a_mean_too():
    assert statistic(replicated(0.1, 0.2).replicates, "near_zero").mean == 0.25


@pytest.mark.parametrize("function", [lambda runs: statistic(runs, "test_accuracy"), caption])
def test_rejects_no_runs(function):
    with pytest.raises(RecordError) as caught:
        function([])
    assert str(caught.value) == (
        "replicates: expected at least one run; received none. "
        "Pass run.replicates of a replayed run, or [run]."
    )


@pytest.mark.parametrize("changes", [{"experiment": "99/other"}, {"budget": "lab"}])
def test_rejects_runs_that_are_no_replicates(changes):
    other = made_up_run(**changes)
    with pytest.raises(RecordError) as caught:
        statistic([made_up_run(), other], "test_accuracy")
    received = ", ".join(sorted(["99/made-up at full", f"{other.experiment} at {other.budget}"]))
    assert str(caught.value) == (
        f"replicates: expected runs of one experiment at one budget; received {received}. "
        "Take the mean of each experiment by itself."
    )


def test_rejects_a_number_that_nobody_measured():
    with pytest.raises(RecordError, match="received 'test_precision'"):
        statistic([made_up_run()], "test_precision")


def test_the_runs_shown_are_the_recorded_ones_or_the_run_alone():
    run = made_up_run()
    assert shown(run) == (run,)
    assert [one.seed for one in shown(replicated(0.1, 0.2, 0.3))] == [0, 1, 2]


def test_a_caption_says_budget_seeds_device_and_date():
    runs = replicated(0.1, 0.2, 0.3).replicates
    assert caption(runs) == "full, 3 seeds, 2 CPU cores (Made-up), 2026-11-21"


def test_a_caption_of_one_run_has_one_seed():
    assert caption([made_up_run()]) == "full, 1 seed, 2 CPU cores (Made-up), 2026-11-21"


def test_a_caption_of_several_devices_and_days_names_them():
    later = {"device": "GPU (B)", "finished": "2026-12-01T00:00:00+00:00"}
    runs = [made_up_run(seed=0), made_up_run(seed=1, provenance=later)]
    assert caption(runs) == (
        "full, 2 seeds, 2 CPU cores (Made-up) and GPU (B), 2026-11-21 to 2026-12-01"
    )


def test_a_caption_over_several_experiments_says_how_many_seeds_each_has():
    runs = [*replicated(0.1, 0.2).replicates, made_up_run(experiment="99/other")]
    assert caption(runs).startswith("full, 1 to 2 seeds, ")


def test_a_caption_warns_of_sample_data():
    stamp = type(made_up_run().dataset)("mnist", {}, "sample", {}, "f" * 64)
    assert caption([made_up_run(dataset=stamp)]).endswith(
        ", SAMPLE DATA: an excerpt, not the real dataset"
    )


# --- folds and settings -------------------------------------------------------------------


def folded(*seeds):
    """Return runs in folds: a list of test accuracies for each seed."""
    stamp = made_up_run().dataset
    return [
        made_up_run(
            accuracy,
            seed=seed,
            fold=fold,
            dataset=dataclasses.replace(stamp, request={"folds": len(accuracies)}),
        )
        for seed, accuracies in enumerate(seeds)
        for fold, accuracy in enumerate(accuracies)
    ]


def test_folds_are_averaged_within_a_seed_before_the_spread_is_taken():
    runs = folded((0.1, 0.9), (0.2, 0.9), (0.3, 0.9))
    assert by_seed(runs, "test_accuracy") == pytest.approx({0: 0.5, 1: 0.55, 2: 0.6})
    assert statistic(runs, "test_accuracy") == Statistic(
        pytest.approx(0.55), pytest.approx(0.05), 3
    )


def test_a_seed_with_a_fold_that_diverged_has_diverged():
    found = statistic(folded((0.5, math.nan), (0.6, 0.8)), "test_accuracy")
    assert (found.mean, found.n, found.diverged) == (pytest.approx(0.7), 1, 1)


def test_histories_are_averaged_over_folds_and_as_long_as_the_shortest():
    runs = folded((0.5, 0.5), (0.5, 0.5))
    curves = [(1.0, 3.0, 5.0), (3.0, 5.0, 7.0), (0.0, 0.0), (0.0, 2.0)]
    runs = [
        dataclasses.replace(run, history={"loss": curve})
        for run, curve in zip(runs, curves, strict=True)
    ]
    np.testing.assert_array_equal(histories(runs, "loss"), [[2.0, 4.0], [0.0, 1.0]])


def test_a_cross_validation_trained_just_now_is_shown_by_its_folds():
    first, second = folded((0.5, 0.7))
    run = dataclasses.replace(first, folds=(first, second))
    assert shown(run) == (first, second)
    assert shown(dataclasses.replace(run, replicates=(first,), is_replayed=True)) == (first,)


def test_the_caption_counts_seeds_and_says_how_many_folds_each_has():
    assert caption(folded((0.5, 0.6, 0.7), (0.5, 0.6, 0.7))) == (
        "full, 2 seeds, 3 folds each, 2 CPU cores (Made-up), 2026-11-21"
    )


def test_points_of_a_sweep_are_not_pooled():
    runs = [made_up_run(settings={"rate": rate}) for rate in (0.1, 0.2)]
    with pytest.raises(RecordError) as caught:
        statistic(runs, "test_accuracy")
    assert str(caught.value) == (
        "replicates: expected runs of one experiment at one budget; received 99/made-up@rate=0.1 "
        "at full, 99/made-up@rate=0.2 at full. Take the mean of each experiment by itself."
    )
    assert caption(runs).startswith("full, 1 seed, ")


def test_a_fold_of_a_number_that_nobody_knows_is_captioned_without_it():
    assert "fold" not in caption((made_up_run(fold=1),))
