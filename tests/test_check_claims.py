"""Every problem with a claim is found and says what to do; the course's own claims have none."""

import dataclasses
import sys
import tomllib
from pathlib import Path

import pytest
from made_up_runs import made_up_run
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit.course.failures import Failure
from labkit.ledger import Ledger, verdicts
from labkit.ledger.claims import Claim
from labkit.ledger.measured import Records
from labkit.records import store

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import check_claims  # noqa: E402


def claim(**fields):
    common = {"id": "r9-x", "report": "R9", "section": "Results", "says": "{value}."}
    common |= {"kind": "number", "page": "99_tiny#a-section", "value": 0.9}
    return Claim(**common | {"experiment": "99/a", "metric": "test_accuracy"} | fields)


@pytest.fixture
def course():
    failure = Failure("ValueError", "Input 0: expected ndim=3")
    both = {"text/plain": repr(failure), "text/html": failure._repr_html_()}
    error = new_output("display_data", both)
    cells = [
        new_markdown_cell("# 99 · Tiny\n\n## A `section`\n"),
        new_code_cell('%pip install x\ntrain(build, experiment="99/a")'),
        new_markdown_cell("### What fails"),
        new_code_cell("build()", outputs=[error]),
        new_code_cell('claims.quote("r9-x")\nclaims.quote(f"r9-{name}")'),
    ]
    return {"99_tiny": new_notebook(cells=cells)}


def said(problems):
    return [str(problem) for problem in problems]


def test_the_course_s_claims_can_all_be_judged():
    assert said(check_claims.problems(ROOT)) == []


def test_an_experiment_that_nobody_trains(course):
    wrong = claim(experiment="99/aa")
    assert said(check_claims.unknown_experiments([wrong], course, ["99/b"])) == [
        "r9-x: expected an experiment that a notebook trains; received '99/aa'. "
        "Did you mean '99/a'? Mend its file in book/claims, or the name in the notebook."
    ]


def test_an_experiment_may_be_recorded_or_in_a_notebook(course):
    comparison = "99/a.test_loss < 99/b.test_loss"
    both = claim(kind="comparison", comparison=comparison, value=None)
    assert said(check_claims.unknown_experiments([both], course, ["99/b"])) == []
    assert len(said(check_claims.unknown_experiments([both], course, []))) == 1


def test_a_point_is_known_by_its_sweep(course):
    point = claim(experiment="99/a@batch_size=16")
    assert said(check_claims.unknown_experiments([point], course, [])) == []
    point = claim(experiment="99/b@batch_size=16")
    assert len(said(check_claims.unknown_experiments([point], course, []))) == 1


def test_a_metric_that_the_runs_do_not_have(tmp_path):
    store.add(made_up_run(experiment="99/a"), tmp_path)
    (problem,) = said(check_claims.unknown_metrics([claim(metric="f1")], Records(tmp_path)))
    assert problem.startswith(
        "r9-x: expected a metric that the runs of 99/a have; received 'f1'. They have "
    )


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("99_tiny#a-section", None),
        ("99_tiny#tiny", None),
        (
            "99_tiny#a-secion",
            "r9-x: expected a section of 99_tiny; received '99_tiny#a-secion'. "
            "Did you mean 'a-section'? Allowed: tiny, a-section, what-fails.",
        ),
        (
            "99_tinny#a-section",
            "r9-x: expected a notebook of the course; received '99_tinny#a-section'. "
            "Did you mean '99_tiny'? Allowed: 99_tiny.",
        ),
    ],
)
def test_a_link_to_a_section(course, page, problem):
    expected = [problem] if problem else []
    assert said(check_claims.dead_links([claim(page=page)], course)) == expected


@pytest.mark.parametrize(
    ("page", "error", "right"),
    [
        ("99_tiny#what-fails", "ValueError: expected ndim=3", True),
        ("99_tiny#what-fails", "ValueError: expected ndim=4", False),
        ("99_tiny#what-fails", "TypeError: expected ndim=3", False),
        ("99_tiny#a-section", "ValueError: expected ndim=3", False),
    ],
)
def test_a_failure_is_shown_in_its_section(course, page, error, right):
    failure = claim(kind="failure", comparison=error, page=page, value=None)
    found = said(check_claims.unseen_failures([failure], course))
    assert bool(found) == (not right)
    if found:
        received = "no error" if "#a-" in page else "ValueError: Input 0: expected ndim=3"
        assert f"expected the error {error!r} in {page}; received {received}. Let" in found[0]


def test_a_quotation_that_is_no_claim(course):
    assert said(check_claims.false_quotations(course, ["r9-x"])) == []
    assert said(check_claims.false_quotations(course, ["r9-xy"])) == [
        "99_tiny: claims.quote: expected the id of a claim; received 'r9-x'. "
        "Did you mean 'r9-xy'? Mend it, or add the claim to book/claims."
    ]


def test_a_quotation_whose_id_fits_no_claim(course):
    course["99_tiny"].cells[-1].source = 'claims.quote(f"r9-{name}-loss")\nclaims.quote(id)'
    assert said(check_claims.false_quotations(course, ["r9-x-loss"])) == []
    (problem,) = said(check_claims.false_quotations(course, ["r9-x"]))
    assert "received 'r9-*-loss'" in problem


def test_a_quotation_typed_into_the_text(course):
    course["99_tiny"].cells.append(new_markdown_cell("> **R9 says** (Results): so it is."))
    assert said(check_claims.false_quotations(course, ["r9-x"])) == [
        "99_tiny: > **R9 says** (Results): so it is.: expected a report quoted by a code cell; "
        "received a quotation typed into the text. Add the claim to book/claims and show "
        "claims.quote(id)."
    ]


def test_a_claims_file_that_is_not_well_formed_is_one_problem(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "claims").mkdir()
    (tmp_path / "book" / "claims" / "r9.toml").write_text(
        '[[claim]]\nid = "r9-x"\n', encoding="utf-8"
    )
    (problem,) = said(check_claims.problems(tmp_path))
    assert "expected the fields of a claim; received r9-x" in problem


def test_problems_end_with_exit_code_1(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(check_claims.folders, "checkout", lambda: tmp_path)
    assert check_claims.main([]) == 1
    assert "expected a TOML file of claims" in capsys.readouterr().err


# --- findings ---------------------------------------------------------------------------------


def finding(comparison):
    return claim(
        id="one-is-best", report="", section="", says="One is best.", kind="comparison", value=None,
        experiment=None, metric=None, comparison=comparison,
    )  # fmt: skip


@pytest.fixture
def records(tmp_path):
    for seed, accuracy in enumerate((0.90, 0.91, 0.92)):
        store.add(made_up_run(accuracy, experiment="99/a", seed=seed), tmp_path)
    return Records(tmp_path)


def test_a_finding_that_the_runs_carry(records):
    good = finding("99/a.test_accuracy > 0.8")
    assert said(check_claims.unfounded([good], records)) == []


def test_a_finding_that_the_runs_do_not_carry(records):
    wrong = finding("99/a.test_accuracy > 0.91")
    assert said(check_claims.unfounded([wrong], records)) == [
        "one-is-best: expected a finding that the runs carry: One is best.; received not "
        "distinguishable: test accuracy of 99/a is above 0.91 on 1 of 3 seeds. Rewrite the "
        "sentence in 99_tiny#a-section and in book/findings.toml."
    ]


# --- verdicts that are written down -----------------------------------------------------------


def lines(records, **changed):
    entered = {
        "r9-x": claim(tolerance=0.001),
        "r9-y": claim(id="r9-y", answer="mistaken", because="it was copied.", tolerance=0.02),
        "r9-z": dataclasses.replace(finding("99/a.test_accuracy > 0.91"), id="r9-z"),
    }
    judged = verdicts.judge_all((entered | changed).values(), records)
    return check_claims.golden(Ledger(judged))


def test_a_verdict_is_written_down_with_the_rule_s_own_and_what_was_compared(records):
    assert lines(records) == {
        "r9-x": "undecided",
        "r9-y": "mistaken; by the rule alone reproduced",
        "r9-z": "not distinguishable; 99/a.test_accuracy > 0.91",
    }


@pytest.mark.parametrize("sign", ["<", ">="])
def test_a_sign_that_is_turned_around_is_a_change_even_where_the_verdict_stays(records, sign):
    before = lines(records)
    tolerance = 0.001 if sign == ">=" else None
    turned = finding(f"99/a.test_accuracy {sign} 0.91")
    turned = dataclasses.replace(turned, id="r9-z", tolerance=tolerance)
    (change,) = check_claims.changes(before, lines(records, **{"r9-z": turned}))
    assert change.startswith("r9-z: not distinguishable; 99/a.test_accuracy > 0.91 → ")


def test_a_claim_that_is_gone_or_new_is_a_change(records):
    now = lines(records)
    before = {id: line for id, line in now.items() if id != "r9-x"} | {"r9-old": "shown"}
    assert list(check_claims.changes(before, now)) == [
        "r9-old: shown → not there",
        "r9-x: not there → undecided",
    ]


def test_what_is_accepted_is_written_and_read_again_without_a_change(records, tmp_path):
    path, found = tmp_path / "golden.toml", {"claims": lines(records), "findings": {}}
    assert len(list(check_claims.accept(path, found))) == 3
    assert tomllib.loads(path.read_text(encoding="utf-8")) == found
    assert list(check_claims.accept(path, found)) == []


def test_accepting_prints_each_change(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(check_claims.folders, "checkout", lambda: tmp_path)
    for name in ("read", "findings"):
        monkeypatch.setattr(check_claims, name, lambda: Ledger(()))
    (tmp_path / "tests" / "ledger").mkdir(parents=True)
    (tmp_path / check_claims.GOLDEN).write_text('[claims]\n"r9-x" = "shown"\n', encoding="utf-8")
    assert check_claims.main(["--accept"]) == 0
    assert capsys.readouterr().out == "r9-x: shown → not there\n"
