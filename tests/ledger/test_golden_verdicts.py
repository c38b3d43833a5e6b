"""No verdict changes unseen: each is written down, with what was compared.

Where a change is meant, `python scripts/check_claims.py --accept` writes it down and prints it.
"""

import sys
import tomllib

import pytest

from labkit import folders
from labkit.ledger import ledger

sys.path.insert(0, str(folders.checkout() / "scripts"))

import check_claims

ACCEPT = "If it is meant: python scripts/check_claims.py --accept"


@pytest.fixture(scope="module")
def written():
    path = folders.checkout() / check_claims.GOLDEN
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("table", "read"), [("claims", ledger.read), ("findings", ledger.findings)]
)
def test_every_verdict_is_as_it_is_written_down(written, table, read):
    now = check_claims.golden(read())
    assert list(check_claims.changes(written[table], now)) == [], ACCEPT
