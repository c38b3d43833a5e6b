"""What the source reports say, one claim a number or conclusion; `quote` shows one on a page."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit import workspace
from labkit.errors import ClaimError, nearest

KINDS = ("number", "comparison", "count", "failure")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One thing a report says.

    Attributes:
        id: e.g. ``"r1-dense-2-accuracy"``.
        report: its key, R1 to R5.
        section: where in the report.
        says: in our words; ``{value}`` stands for the number.
        kind: number, comparison, count or failure.
        value: the report's number; None for a conclusion.
        unit: of the number: accuracy, loss, parameters, seconds …
        experiment, metric: what answers a number.
        tolerance: how far apart is still the same; None leaves it to the runs' spread.
        comparison: what answers a conclusion, e.g. ``"01/a.test_accuracy > 01/b.test_accuracy"``.
    """

    id: str
    report: str
    section: str
    says: str
    kind: str
    value: float | None = None
    unit: str | None = None
    experiment: str | None = None
    metric: str | None = None
    tolerance: float | None = None
    comparison: str | None = None

    @property
    def text(self) -> str:
        """The claim as a sentence, its number written in."""
        return self.says.replace("{value}", self.number)

    @property
    def number(self) -> str:
        """The value as one writes it: thousands apart, and every digit that the report has."""
        return f"{self.value:,}" if isinstance(self.value, int) else f"{self.value}"

    def _repr_markdown_(self) -> str:
        return f"> **{self.report} says** ({self.section}): {self.text}"

    def __repr__(self) -> str:
        return f"{self.report} says ({self.section}): {self.text}"


def quote(id: str) -> Claim:
    """Return a claim; at the end of a notebook cell it shows as a quotation.

    Raises:
        ClaimError: there is no such claim; the message names the nearest.
    """
    known = {claim.id: claim for claim in read()}
    if id not in known:
        raise ClaimError(
            "claims.quote",
            expected="the id of a claim in book/claims.toml",
            received=repr(id),
            remedy=nearest(id, known) if len(known) < 12 else _hint(id, known),
        )
    return known[id]


def _hint(id: str, known: dict[str, Claim]) -> str:
    return nearest(id, known).partition(" Allowed:")[0] + " See book/claims.toml for all of them."


def read(path: Path | None = None) -> tuple[Claim, ...]:
    """Return every claim of the claims file, in its order.

    Raises:
        ClaimError: the file is not there or not TOML; an id twice; a field missing or unknown.
    """
    return _read(path or workspace.claims_file())


@functools.cache
def _read(path: Path) -> tuple[Claim, ...]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("claim", [])
    except (OSError, tomllib.TOMLDecodeError) as problem:
        raise _malformed(path, "a TOML file of claims", str(problem)) from problem
    claims = tuple(_claim(path, table) for table in tables)
    ids = [claim.id for claim in claims]
    for one in ids:
        if ids.count(one) > 1:
            raise _malformed(path, "every id once", f"{one!r} {ids.count(one)} times")
    return claims


def _claim(path: Path, table: dict[str, Any]) -> Claim:
    try:
        claim = Claim(**table)
    except TypeError as problem:
        raise _malformed(
            path, "the fields of a claim", f"{table.get('id')}: {problem}"
        ) from problem
    if claim.kind not in KINDS:
        raise _malformed(path, f"a kind of {', '.join(KINDS)}", f"{claim.id}: {claim.kind!r}")
    if claim.kind in ("number", "count") and not isinstance(claim.value, int | float):
        raise _malformed(path, "a number as value", f"{claim.id}: {claim.value!r}")
    return claim


def _malformed(path: Path, expected: str, received: str) -> ClaimError:
    return ClaimError(
        str(path),
        expected=expected,
        received=received,
        remedy="Mend the file; labkit.claims.Claim lists the fields.",
    )
