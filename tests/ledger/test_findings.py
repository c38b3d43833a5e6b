"""What the practicals say of their own runs: each sentence is carried by the records."""

import re
import sys

import pytest

from labkit import folders
from labkit.ledger import claims, verdicts

sys.path.insert(0, str(folders.checkout() / "scripts"))

import check_claims


@pytest.fixture(scope="module")
def anchors():
    """Return the anchors of every practical: its name → those of its headings."""
    course = check_claims.notebooks(folders.checkout() / "notebooks")
    return {name: set(check_claims.sections(notebook)) for name, notebook in course.items()}


@pytest.mark.parametrize("finding", claims.findings(), ids=lambda finding: finding.id)
def test_every_finding_is_reproduced(finding):
    verdict = verdicts.judge(finding)
    assert verdict.outcome == "reproduced", f"{finding.text} {verdict.reason}"


@pytest.mark.parametrize("finding", claims.findings(), ids=lambda finding: finding.id)
def test_every_finding_leads_to_its_section(finding, anchors):
    name, _, anchor = finding.page.partition("#")
    assert anchor in anchors[name]


def test_every_finding_is_a_sentence_of_its_own():
    """The entries of one finding share their sentence; two findings do not."""
    sentences = {}
    for finding in claims.findings():
        name = finding.id.partition("/")[0]
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name), name
        assert finding.text.endswith(".") and not re.search(r"[{}]|\s\s", finding.text), name
        assert sentences.setdefault(finding.text, name) == name


def test_no_finding_has_the_id_of_a_claim():
    ids = {claim.id for claim in claims.read()}
    assert not [one.id for one in claims.findings() if one.id.partition("/")[0] in ids]
