import builtins
import html
import json
import os
import re

import pytest

from labkit import folders
from labkit.errors import ClaimError
from labkit.ledger import claims
from labkit.ledger.claim import LEDGER

TOLERANCE = """
[[tolerance]]
unit = "accuracy"
value = 0.005
because = "Ten thousand images."
"""
GOOD = (
    TOLERANCE
    + """
[[section]]
report = "R9"
title = "Results"
page = "99_tiny#results"

[[claim]]
id = "r9-accuracy"
report = "R9"
section = "Results"
says = "the accuracy is {value}."
kind = "number"
value = 0.97
unit = "accuracy"
experiment = "99/a"
metric = "test_accuracy"
"""
)


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / f"claims-{len(list(tmp_path.iterdir()))}.toml"  # each is read once
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


def test_a_number_has_a_unit():
    for claim in of_kind("number"):
        assert claim.unit, claim.id


def test_a_count_is_a_whole_number_or_a_setting_of_a_layer():
    for claim in of_kind("count"):
        assert isinstance(claim.value, int) or claim.line, claim.id


def test_a_failure_names_its_exception_and_its_cause():
    for claim in of_kind("failure"):
        exception, _, cause = claim.comparison.partition(": ")
        assert issubclass(getattr(builtins, exception), Exception), claim.id
        assert cause, claim.id


def test_a_reason_is_a_sentence_that_goes_on_after_a_colon():
    """It is shown as "mistaken: the cell was copied."."""
    given = [claim for claim in claims.read() if claim.because]
    assert len(given) > 50
    for claim in given:
        assert claim.because.endswith(".") and "{" not in claim.because, claim.id
        first = re.match(r"[A-Z][a-z]+\b", claim.because)
        assert not first or first[0] == "Keras", claim.id


def test_a_loss_that_is_printed_as_a_percentage_is_stored_as_a_loss():
    printed = {claim: re.search(r"printed as ([\d.]+) %", claim.says) for claim in claims.read()}
    found = {claim: float(one[1]) for claim, one in printed.items() if one}
    assert found
    for claim, percentage in found.items():
        assert claim.value == pytest.approx(percentage / 100, abs=1e-9), claim.id


def test_a_claim_writes_its_number_into_its_sentence(written):
    (claim,) = claims.read(written(GOOD))
    assert claim.text == "the accuracy is 0.97."
    assert claim._repr_markdown_() == (
        "> **R9 says** (Results): the accuracy is 0.97. "
        '(<a href="07_replication_ledger.ipynb#r9-accuracy">verdict</a>)'
    )


def test_a_claim_leads_to_its_section_s_page_or_to_its_own(written):
    (claim,) = claims.read(written(GOOD))
    assert (claim.page, claim.practical) == ("99_tiny#results", "99_tiny")
    (claim,) = claims.read(written(GOOD + 'page = "tp4/01_boston#elsewhere"'))
    assert (claim.page, claim.practical) == ("tp4/01_boston#elsewhere", "tp4/01_boston")
    assert 'href="../07_replication_ledger.ipynb#r9-accuracy"' in claim._repr_markdown_()


RATIO = (
    GOOD
    + "[[claim]]"
    + GOOD.partition("[[claim]]")[2].replace("r9-accuracy", "r9-ratio")
    + 'relative_to = "r9-accuracy"'
)


def test_a_claim_may_be_measured_in_another(written):
    unit, ratio = claims.read(written(RATIO))
    assert ratio.relative_to is unit and unit.relative_to is None


@pytest.mark.parametrize(
    ("fields", "experiments"),
    [
        ("", ("99/a",)),
        ('gain_over = "99/b"', ("99/a", "99/b")),
        ('gain_over = "99/a"', ("99/a",)),
    ],
)
def test_a_claim_names_the_experiments_that_answer_it(written, fields, experiments):
    (claim,) = claims.read(written(GOOD + fields))
    assert claim.experiments == experiments


COMPARISON = """
[[claim]]
id = "r9-better"
report = "R9"
section = "Results"
page = "99_tiny#results"
says = "a is better than b."
kind = "comparison"
comparison = "99/a.test_loss - 99/b.test_loss < 99/c.test_loss - 99/b.test_loss"
"""


def test_a_comparison_names_its_experiments_once(written):
    (claim,) = claims.read(written(COMPARISON))
    assert claim.experiments == ("99/a", "99/b", "99/c")


def test_a_number_has_the_tolerance_of_its_unit_or_its_own(written):
    (claim,) = claims.read(written(GOOD))
    assert claim.tolerance == 0.005
    (claim,) = claims.read(written(GOOD + "tolerance = 0.1"))
    assert claim.tolerance == 0.1


def test_a_tolerance_may_be_a_share_of_the_number_or_of_its_ratio(written):
    text = RATIO.replace("value = 0.005", "share = 0.2").replace("0.97", "0.5", 1)
    unit, ratio = claims.read(written(text))
    assert (unit.tolerance, ratio.tolerance) == pytest.approx((0.1, 0.2 * 0.97 / 0.5))


def test_tolerances_have_their_reason(written):
    (found,) = claims.tolerances(written(GOOD))
    assert (found.unit, found.because, str(found)) == (
        "accuracy",
        "Ten thousand images.",
        "± 0.005",
    )
    (found,) = claims.tolerances(written(GOOD.replace("value = 0.005", "share = 0.25")))
    assert str(found) == "± 25% of the number"


def test_where_conditions_differ_the_claim_and_its_quotation_say_so(written):
    said = 'differs = "54,000 images where R9 had <60,000>"\n'
    of_all = written(GOOD.replace("[[claim]]", f"{said}\n[[claim]]") + COMPARISON)
    number, conclusion = claims.read(of_all)
    assert number.differs == conclusion.differs == "54,000 images where R9 had <60,000>"
    assert number._repr_markdown_().endswith(
        "verdict</a>) Our conditions differ: 54,000 images where R9 had &lt;60,000&gt;."
    )
    own = GOOD.replace("[[claim]]", f"{said}\n[[claim]]") + 'differs = "none"'
    assert claims.read(written(own))[0].differs == "none"


def test_conditions_are_those_of_what_runs_decide(written):
    text = GOOD.replace("[[claim]]", 'differs = "so"\n\n[[claim]]').replace("number", "statement")
    (claim,) = claims.read(written(text + 'answer = "shown"'))
    assert claim.differs is None


FINDING = """
[[finding]]
id = "deeper-is-better"
page = "01_mnist_dense#train-them"
says = "The deeper network is better."
comparison = "99/a.test_accuracy > 99/b.test_accuracy"
"""
SEVERAL = FINDING.replace(
    'comparison = "99/a.test_accuracy > 99/b.test_accuracy"',
    'comparison = ["99/a.test_loss < 1", "99/b.test_loss < 1"]',
)


def test_a_finding_is_a_comparison_that_nobody_reported(written):
    (finding,) = claims.findings(written(FINDING))
    assert (finding.kind, finding.report, finding.experiments) == (
        "comparison",
        "",
        ("99/a", "99/b"),
    )
    assert repr(finding) == "This course says: The deeper network is better."


def test_a_finding_of_several_comparisons_is_one_for_each(written):
    found = claims.findings(written(SEVERAL))
    assert [one.id for one in found] == ["deeper-is-better/1", "deeper-is-better/2"]
    assert [one.comparison for one in found] == ["99/a.test_loss < 1", "99/b.test_loss < 1"]


def test_a_finding_may_be_of_another_kind(written):
    text = FINDING.partition("comparison =")[0] + (
        'kind = "count"\nvalue = 3\nexperiment = "99/a"\nmetric = "parameters"\n'
    )
    (finding,) = claims.findings(written(text))
    assert (finding.kind, finding.value) == ("count", 3)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (FINDING + FINDING, "expected every id once; received 'deeper-is-better' twice"),
        (SEVERAL + SEVERAL, "expected every id once; received 'deeper-is-better/1' twice"),
        (FINDING + 'answer = "shown"', "the fields of a finding; received deeper-is-better: 'ans"),
        (FINDING + 'report = "R1"', "the fields of a finding; received deeper-is-better: 'report'"),
        (FINDING.replace("> 99/b", "is 99/b"), "expected two sides with <, >, =, <= or >="),
        (FINDING.partition("comparison")[0], "or what its kind asks of the runs; received deep"),
        (SEVERAL.replace("< 1", "< x"), "received deeper-is-better/1: '99/a.test_loss < x'"),
        (SEVERAL.partition('["')[0] + "[]", "expected a comparison at least; received deeper-"),
        (
            SEVERAL.partition('["')[0] + "[1]",
            "a text as comparison; received deeper-is-better/1: 1",
        ),
        (GOOD, "expected a TOML file of findings; received"),
    ],
)
def test_refuses_findings_that_are_not_well_formed(written, text, complaint):
    with pytest.raises(ClaimError) as problem:
        claims.findings(written(text))
    assert complaint in str(problem.value)


@pytest.fixture
def one_finding(written, monkeypatch):
    path = written(SEVERAL)
    monkeypatch.setattr(folders, "findings_file", lambda: path)


@pytest.mark.usefixtures("one_finding")
def test_a_claim_a_finding_and_each_of_its_comparisons_are_found_by_their_ids():
    assert claims.find("r1-dense-2-loss") == (claims.quote("r1-dense-2-loss"),)
    assert [one.id for one in claims.find("deeper-is-better")] == [
        "deeper-is-better/1",
        "deeper-is-better/2",
    ]
    assert [one.id for one in claims.find("deeper-is-better/2")] == ["deeper-is-better/2"]


@pytest.mark.usefixtures("one_finding")
def test_an_id_that_is_neither_names_the_nearest():
    with pytest.raises(ClaimError) as problem:
        claims.find("deeper-is-bettr/1")
    assert str(problem.value) == (
        "ledger: expected the id of a claim in book/claims, or of a finding in "
        "book/findings.toml; received 'deeper-is-bettr/1'. Did you mean 'deeper-is-better/1'? "
        "See there for all of them."
    )


def test_whole_numbers_are_written_with_separators():
    assert "407,050" in claims.quote("r1-dense-2-parameters").text


def test_several_are_quoted_together_each_as_a_paragraph():
    ids = ("r1-dense-input-layer", "r1-relu-suits-grey-values")
    alone = [claims.quote(id) for id in ids]
    quotation = claims.quote(*ids)
    assert quotation._repr_markdown_().split("\n>\n") == [one._repr_markdown_() for one in alone]
    assert repr(quotation).splitlines() == list(map(repr, alone))


def test_conditions_that_quoted_claims_share_are_said_once_at_the_end():
    quotation = claims.quote("r2-perceptron-loss", "r2-perceptron-train-loss")
    *_, conditions = {one.differs for one in quotation.claims}
    first, second = quotation._repr_markdown_().split("\n>\n")
    assert conditions not in first
    assert second.endswith(f"Our conditions differ: {conditions}.")


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(ClaimError) as problem:
        claims.quote("r1-dens-2-accuracy")
    assert str(problem.value) == (
        "claims.quote: expected the id of a claim in book/claims; received "
        "'r1-dens-2-accuracy'. Did you mean 'r1-dense-2-accuracy'? See there for all of them."
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            GOOD + GOOD.replace(TOLERANCE, ""),
            "expected every id once; received 'r9-accuracy' twice",
        ),
        (GOOD + "colour = 5", "expected a text as colour; received r9-accuracy: 5"),
        (
            GOOD.replace('unit = "accuracy"\nexp', 'unit = "inches"\nexp'),
            "expected a tolerance of its own or of its unit; received r9-accuracy: inches",
        ),
        (
            GOOD.replace('unit = "accuracy"\nexp', "exp"),
            "expected a tolerance of its own or of its unit; received r9-accuracy: no unit",
        ),
        (
            GOOD.replace("value = 0.005", "value = 0.005\nshare = 0.1"),
            "expected either a value or a share as tolerance; received accuracy",
        ),
        (GOOD.replace("value = 0.005\n", ""), "a value or a share as tolerance; received acc"),
        (GOOD.replace('because = "Ten', 'why = "Ten'), "received tolerance: no because"),
        (TOLERANCE + GOOD, "expected every unit once; received 'accuracy' twice"),
        (GOOD.replace("number", "nombre"), "received r9-accuracy: 'nombre'"),
        (
            GOOD.replace("0.97", '"0.97"'),
            "expected a number as value; received r9-accuracy: '0.97'",
        ),
        (GOOD.replace("0.97", "true"), "expected a number as value; received r9-accuracy: True"),
        (GOOD.replace("says", "sez"), "unexpected keyword argument 'sez'"),
        (GOOD.replace("metric =", "line ="), "expected an answer, or what its kind asks of the"),
        (GOOD.replace('Results"\npage', 'Other"\npage'), "required keyword-only argument: 'page'"),
        (GOOD + 'page = "99_tiny"', "expected a page like 01_mnist_dense#train-them"),
        (
            GOOD + 'answer = "wrong"',
            "expected an answer of shown, in part, by construction, mistaken, not",
        ),
        (GOOD + 'answer = "mistaken"', "expected the reason of its answer, mistaken; received"),
        (GOOD + 'relative_to = "r9-y"', "expected relative_to: a claim above it; received"),
        (COMPARISON.replace("<", "="), "a tolerance for =, >=, <=, and for these alone; received"),
        (COMPARISON.replace("<", "<="), "a tolerance for =, >=, <=, and for these alone; received"),
        (COMPARISON + "tolerance = 0.1", "expected a tolerance for =, >=, <=, and for these alone"),
        (COMPARISON.replace("<", "=="), "expected two sides with <, >, =, <= or >= between them"),
        ("[[claim]\n", "expected a TOML file of claims"),
        ("x = " + "[" * 5000, "expected a TOML file of claims"),
        ("claim = 5", "received claim: 5 in place of a list"),
        ('claim = ["x"]', "received claim: 'x' in place of values by name"),
        ("section = [[]]\n", "received section: [] in place of values by name"),
        ("colour = 5", "received 'colour' is unknown"),
        (GOOD.replace("title =", "titles ="), "received section: no title"),
        (GOOD.replace('title = "Results"', "title = 5"), "section: title: 5 in place of a text"),
        (GOOD.replace('"99/a"', "[1]"), "a text as experiment; received r9-accuracy: [1]"),
        (
            GOOD.replace('"R9"\nsec', "{x = 1}\nsec"),
            "a text as report; received r9-accuracy: {'x':",
        ),
        (GOOD.replace('"r9-accuracy"', "5"), "expected a text as id; received no id: 5"),
        (
            GOOD.replace("0.97", "0x" + "f" * 9999),
            "expected the fields of a claim; received r9-acc",
        ),
        (GOOD.replace('"99/a"', '"a"'), "an experiment like 01/dense-4; received r9-accuracy: 'a'"),
        (GOOD + 'gain_over = "b"', "an experiment like 01/dense-4; received r9-accuracy: 'b'"),
        (
            GOOD.replace('experiment = "99/a"', 'answer = "shown"'),
            "expected the experiment of test_accuracy; received r9-accuracy: None",
        ),
        (GOOD.replace("0.97", "nan"), "expected a number as value; received r9-accuracy: nan"),
        (GOOD.replace("0.97", "-inf"), "expected a number as value; received r9-accuracy: -inf"),
        (GOOD.replace("0.97", "9" * 400), "expected a number as value; received r9-accuracy: 99"),
        (GOOD + "tolerance = nan", "a tolerance from 0 up; received r9-accuracy: nan"),
        (GOOD + "tolerance = inf", "a tolerance from 0 up; received r9-accuracy: inf"),
        (GOOD + "tolerance = -0.1", "a tolerance from 0 up; received r9-accuracy: -0.1"),
        (GOOD + 'tolerance = "0.1"', "a tolerance from 0 up; received r9-accuracy: '0.1'"),
        (
            RATIO.replace("0.97", "0", 1),
            "relative_to: a claim with a measured number other than 0; received r9-ratio: "
            "'r9-accuracy'",
        ),
        (COMPARISON + 'only_at = "smoke"', "a recorded budget; received r9-better: 'smoke'"),
        (COMPARISON.replace("<", "=="), "received r9-better: '99/a.test_loss"),
    ],
)
def test_refuses_what_is_not_well_formed(written, text, complaint):
    with pytest.raises(ClaimError) as problem:
        claims.read(written(text))
    assert complaint in str(problem.value)


def test_a_file_that_is_no_text_is_a_claim_error(tmp_path):
    (tmp_path / "claims.toml").write_bytes(GOOD.replace("the acc", "thé acc").encode("latin-1"))
    with pytest.raises(ClaimError, match="expected a TOML file of claims; received 'utf-8' codec"):
        claims.read(tmp_path / "claims.toml")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_a_pipe_is_a_claim_error(tmp_path):
    os.mkfifo(tmp_path / "claims.toml")
    with pytest.raises(ClaimError, match="received a pipe or a device in place of a file"):
        claims.read(tmp_path / "claims.toml")


def test_markup_in_a_claim_shows_as_it_is_written(written):
    text = GOOD.replace('"R9"', '"R<i>9"').replace("r9-accuracy", "r9-<b>").replace("the", "<i>the")
    (claim,) = claims.read(written(text))
    assert claim._repr_markdown_() == (
        "> **R&lt;i&gt;9 says** (Results): &lt;i&gt;the accuracy is 0.97. "
        '(<a href="07_replication_ledger.ipynb#r9-&lt;b&gt;">verdict</a>)'
    )


def test_a_missing_file_is_a_claim_error(tmp_path):
    with pytest.raises(ClaimError, match="No such file"):
        claims.read(tmp_path / "none.toml")


def test_a_folder_without_files_is_a_claim_error(tmp_path):
    with pytest.raises(ClaimError) as problem:
        claims.read(tmp_path)
    assert str(problem.value) == (
        f"{tmp_path}: expected a folder with a TOML file of claims for each report; received none. "
        "Mend the file; labkit.ledger.claim.Claim lists the fields."
    )


def test_a_folder_s_files_are_one_ledger(tmp_path):
    tolerance, _, rest = GOOD.partition("[[section]]")
    (tmp_path / "tolerances.toml").write_text(tolerance, encoding="utf-8")
    (tmp_path / "r9.toml").write_text(f"[[section]]{rest}", encoding="utf-8")
    (claim,) = claims.read(tmp_path)
    assert claim.tolerance == 0.005
    (tmp_path / "r9_again.toml").write_text(f"[[section]]{rest}", encoding="utf-8")
    claims._read.cache_clear()
    with pytest.raises(ClaimError, match=r"r9_again\.toml: expected every id once"):
        claims.read(tmp_path)


@pytest.fixture(scope="module")
def pages():
    """Return everything that each practical's page shows, as text."""
    folder = folders.checkout() / "notebooks"
    shown = {}
    for path in sorted(folder.rglob("*.ipynb")):
        texts = []
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                texts += ["".join(data[kind]) for kind in data if kind.startswith("text/")]
        name = path.relative_to(folder).with_suffix("").as_posix()
        shown[name] = html.unescape("\n".join(texts))
    return shown


@pytest.mark.parametrize("claim", claims.read(), ids=lambda claim: claim.id)
def test_every_claim_stands_on_its_practical_s_page_and_in_the_ledger(claim, pages):
    assert claim.text in pages[claim.practical]
    assert f'<tr id="{claim.id}"' in pages[LEDGER]
