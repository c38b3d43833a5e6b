"""Every problem with a claim is found and says what to do; the course's own claims have none."""

import sys
from pathlib import Path

import pytest
from made_up_runs import made_up_run
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit.course.failures import Failure
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
        "Did you mean '99/a'? Mend book/claims.toml, or the name in the notebook."
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
        "Did you mean 'r9-xy'? Mend it, or add the claim to book/claims.toml."
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
        "received a quotation typed into the text. Add the claim to book/claims.toml and show "
        "claims.quote(id)."
    ]


def test_a_claims_file_that_is_not_well_formed_is_one_problem(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "claims.toml").write_text('[[claim]]\nid = "r9-x"\n', encoding="utf-8")
    (problem,) = said(check_claims.problems(tmp_path))
    assert "expected the fields of a claim; received r9-x" in problem


def test_problems_end_with_exit_code_1(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(check_claims.folders, "checkout", lambda: tmp_path)
    assert check_claims.main() == 1
    assert "expected a TOML file of claims" in capsys.readouterr().err
