import builtins
import html
import json
import re

import pytest
from made_up_runs import made_up_run

from labkit import claims, workspace
from labkit.errors import ClaimError

EXPERIMENT = r"(?:tp4/)?\d\d/[a-z0-9][a-z0-9-]*"
VALUE = rf"{EXPERIMENT}\.([a-z_]+)"
SIDE = rf"{VALUE}(?: - {VALUE})?"
COMPARISON = re.compile(rf"{SIDE} ([<>=]) {SIDE}")

GOOD = """
[[claim]]
id = "r9-accuracy"
report = "R9"
section = "Results"
says = "the accuracy is {value}."
kind = "number"
value = 0.97
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "claims.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def of_kind(kind):
    found = [claim for claim in claims.read() if claim.kind == kind]
    assert found, kind
    return found


def test_the_course_s_claims_are_well_formed():
    assert len(claims.read()) >= 200


def test_every_claim_is_a_sentence_under_its_report():
    for claim in claims.read():
        assert re.fullmatch(rf"{claim.report.lower()}(-[a-z0-9]+)+", claim.id), claim.id
        assert claim.section, claim.id
        assert claim.text.endswith(".") and not re.search(r"[{}]|\s\s", claim.text), claim.id


def test_the_claims_come_report_by_report():
    reports = [claim.report for claim in claims.read()]
    assert reports == sorted(reports)
    assert set(reports) <= {"R1", "R2", "R3", "R4", "R5"}


def test_a_number_is_answered_by_a_metric_that_runs_have():
    known = set(made_up_run().values())
    for claim in of_kind("number"):
        assert re.fullmatch(EXPERIMENT, claim.experiment or ""), claim.id
        assert claim.metric in known, claim.id
        assert claim.unit, claim.id


def test_a_count_is_a_whole_number_of_parameters_or_of_what_its_unit_says():
    for claim in of_kind("count"):
        assert re.fullmatch(EXPERIMENT, claim.experiment or ""), claim.id
        assert isinstance(claim.value, int), claim.id
        assert claim.metric == ("parameters" if claim.unit == "parameters" else None), claim.id


def test_a_comparison_sets_values_of_runs_side_by_side():
    known = set(made_up_run().values())
    for claim in of_kind("comparison"):
        if claim.comparison is None:  # nothing of ours decides it
            assert claim.tolerance is None, claim.id
            continue
        read = COMPARISON.fullmatch(claim.comparison)
        assert read, claim.comparison
        first, less, sign, second, also_less = read.groups()
        metrics = {first, less, second, also_less} - {None}
        assert metrics <= known, claim.id
        assert (sign == "=") == (claim.tolerance is not None), claim.id


def test_a_failure_names_its_exception_and_its_cause():
    for claim in of_kind("failure"):
        assert re.fullmatch(EXPERIMENT, claim.experiment or ""), claim.id
        exception, _, cause = claim.comparison.partition(": ")
        assert issubclass(getattr(builtins, exception), Exception), claim.id
        assert cause, claim.id


def test_a_loss_that_is_printed_as_a_percentage_is_stored_as_a_loss():
    printed = {claim: re.search(r"printed as ([\d.]+) %", claim.says) for claim in claims.read()}
    found = {claim: float(one[1]) for claim, one in printed.items() if one}
    assert len(found) == 20
    for claim, percentage in found.items():
        assert claim.value == pytest.approx(percentage / 100, abs=1e-9), claim.id


def test_a_claim_writes_its_number_into_its_sentence(written):
    (claim,) = claims.read(written(GOOD))
    assert claim.text == "the accuracy is 0.97."
    assert claim._repr_markdown_() == "> **R9 says** (Results): the accuracy is 0.97."


def test_whole_numbers_are_written_with_separators():
    assert "407,050" in claims.quote("r1-dense-2-parameters").text


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(ClaimError) as problem:
        claims.quote("r1-dens-2-accuracy")
    assert str(problem.value) == (
        "claims.quote: expected the id of a claim in book/claims.toml; received "
        "'r1-dens-2-accuracy'. Did you mean 'r1-dense-2-accuracy'? See book/claims.toml for all "
        "of them."
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD + GOOD, "expected every id once; received 'r9-accuracy' 2 times"),
        (GOOD.replace("number", "nombre"), "received r9-accuracy: 'nombre'"),
        (GOOD.replace("0.97", '"0.97"'), "expected a number as value; received r9-accuracy"),
        (GOOD.replace("says", "sez"), "unexpected keyword argument 'sez'"),
        ("[[claim]\n", "expected a TOML file of claims"),
    ],
)
def test_refuses_what_is_not_well_formed(written, text, complaint):
    with pytest.raises(ClaimError) as problem:
        claims.read(written(text))
    assert complaint in str(problem.value)


def test_a_missing_file_is_a_claim_error(tmp_path):
    with pytest.raises(ClaimError, match="No such file"):
        claims.read(tmp_path / "none.toml")


@pytest.fixture(scope="module")
def pages():
    """Return everything that the notebooks show, as text."""
    shown = []
    for path in sorted((workspace.checkout() / "notebooks").rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                shown += ["".join(data[kind]) for kind in data if kind.startswith("text/")]
    return html.unescape("\n".join(shown))


@pytest.mark.parametrize("claim", claims.read(), ids=lambda claim: claim.id)
def test_every_claim_stands_on_a_page(claim, pages):
    assert claim.text in pages
