"""What the source reports say, one claim a number or conclusion; `quote` shows one on a page."""

from __future__ import annotations

import functools
import html
import re
import reprlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit import folders, forms, names
from labkit.errors import ClaimError, nearest
from labkit.files import require_file
from labkit.ledger import comparisons

KINDS = ("number", "comparison", "count", "failure", "statement")
# What stands in place of the rule's verdict, where runs decide nothing.
ANSWERS = ("shown", "in part", "mistaken", "not tested")
LEDGER = "07_replication_ledger"  # the page where all verdicts stand

_LARGEST = 1e300  # of a number: leaves room for a difference and a ratio
_FILE = forms.fields(
    {
        "section": forms.several(
            forms.fields(dict.fromkeys(("report", "title", "page"), forms.text))
        ),
        "claim": forms.several(forms.named),
    },
    optional=("section", "claim"),
)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One thing a report says.

    Attributes:
        id: e.g. ``"r1-dense-2-accuracy"``.
        report: its key, R1 to R5.
        section: where in the report.
        says: in our words; ``{value}`` stands for the number.
        kind: number, comparison, count, failure or statement.
        page: the section of a practical that deals with it, ``"01_mnist_dense#train-them"``.
        value: the report's number; None for a conclusion.
        unit: of the number: accuracy, loss, parameters, seconds …
        experiment, metric: what answers a number, or a count; see `Run.value`.
        line: what answers a count that no metric has: a shell pattern that a line of the run's
            signature matches, ``{value}`` in it.
        tolerance: how far apart is still the same; None leaves it to the runs' spread.
        gain_over: an experiment; the number is the metric's gain over this one's.
        relative_to: a claim; both numbers are seconds, and their ratio is what can be checked.
        comparison: what answers a conclusion, e.g. ``"01/a.test_accuracy > 01/b.test_accuracy"``;
            of a failure, the exception and what its message must contain.
        answer: one of `ANSWERS`, where no rule decides or the report's way cannot support it.
        because: the reason of that answer.
    """

    id: str
    report: str
    section: str
    says: str
    kind: str
    page: str
    value: float | None = None
    unit: str | None = None
    experiment: str | None = None
    metric: str | None = None
    line: str | None = None
    tolerance: float | None = None
    gain_over: str | None = None
    relative_to: Claim | None = None
    comparison: str | None = None
    answer: str | None = None
    because: str | None = None

    @property
    def text(self) -> str:
        """The claim as a sentence, its number written in."""
        return self.says.replace("{value}", self.number)

    @property
    def number(self) -> str:
        """The value as one writes it: thousands apart, and every digit that the report has."""
        return f"{self.value:,}" if isinstance(self.value, int) else f"{self.value}"

    @property
    def practical(self) -> str:
        """The practical that deals with it, e.g. ``"01_mnist_dense"``."""
        return self.page.partition("#")[0]

    @property
    def experiments(self) -> tuple[str, ...]:
        """The experiments that answer it, each once."""
        if self.kind == "comparison" and self.comparison:
            asked = [one.experiment for one in comparisons.parse(self.comparison).quantities]
        else:
            base = self.relative_to.experiment if self.relative_to else self.gain_over
            asked = [self.experiment, base]
        return tuple(dict.fromkeys(one for one in asked if one))

    def _repr_markdown_(self) -> str:
        up = "../" * self.practical.count("/")
        verdict = f'<a href="{up}{LEDGER}.ipynb#{html.escape(self.id)}">verdict</a>'
        said = html.escape(f"({self.section}): {self.text}", quote=False)
        return f"> **{html.escape(self.report)} says** {said} ({verdict})"

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
        ClaimError: the file is not there or not TOML; an id twice; a field missing, unknown or
            of another form; a value that is no number; no answer.
    """
    return _read(path or folders.claims_file())


@functools.cache
def _read(path: Path) -> tuple[Claim, ...]:
    try:
        require_file(path)
        content = _FILE(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, *forms.WRONG) as problem:
        raise _malformed(path, "a TOML file of claims", str(problem)) from problem
    sections = content.get("section", ())
    pages = {(one["report"], one["title"]): one["page"] for one in sections}
    claims: dict[str, Claim] = {}
    for table in content.get("claim", ()):
        claim = _claim(path, table, pages, claims)
        if claim.id in claims:
            raise _malformed(path, "every id once", f"{claim.id!r} twice")
        claims[claim.id] = claim
    return tuple(claims.values())


def _claim(
    path: Path, table: dict[str, Any], pages: dict[tuple, str], before: dict[str, Claim]
) -> Claim:
    id, unit = table.get("id"), table.get("relative_to")
    name = id if isinstance(id, str) else "no id"
    try:
        for field in sorted(table.keys() - {"value", "tolerance"}):
            if not isinstance(table[field], str):
                raise _malformed(path, f"a text as {field}", f"{name}: {_short(table[field])}")
        page = pages.get((table.get("report"), table.get("section")))
        if unit is not None and unit not in before:
            raise _malformed(path, "relative_to: a claim above it", f"{name}: {unit!r}")
        linked = {"page": page} if page else {}
        claim = Claim(**linked | table | ({"relative_to": before[unit]} if unit else {}))
        for expected, received, right in _requirements(claim):
            if not right:
                raise _malformed(path, expected, f"{name}: {_short(received)}")
    except (TypeError, ValueError) as problem:
        raise _malformed(path, "the fields of a claim", f"{name}: {problem}") from problem
    return claim


def _short(value: Any) -> str:
    return repr(value) if isinstance(value, str) else reprlib.repr(value)


def _requirements(claim: Claim) -> Iterator[tuple[str, Any, bool]]:
    """Yield what a claim must have: what is expected, what it has, whether that is right."""
    kind, answer = claim.kind, claim.answer
    yield f"a kind of {', '.join(KINDS)}", kind, kind in KINDS
    yield "a page like 01_mnist_dense#train-them", claim.page, "#" in claim.page
    if kind in ("number", "count") or claim.value is not None:
        yield "a number as value", claim.value, _is_number(claim.value)
    if claim.tolerance is not None:
        right = _is_number(claim.tolerance) and claim.tolerance >= 0
        yield "a tolerance from 0 up", claim.tolerance, right
    for name in (claim.experiment, claim.gain_over):
        yield "an experiment like 01/dense-4", name, not name or _is_point(name)
    measured = claim.metric or claim.line
    yield f"the experiment of {measured}", None, bool(claim.experiment or not measured)
    if (unit := claim.relative_to) is not None:
        right = bool(unit.value and unit.experiment and unit.metric)
        yield "relative_to: a claim with a measured number other than 0", unit.id, right
    yield f"an answer of {', '.join(ANSWERS)}, or none", answer, answer in (None, *ANSWERS)
    reasoned = answer in (None, "shown") or bool(claim.because)
    yield f"the reason of its answer, {answer}", claim.because, reasoned
    yield "an answer, or what its kind asks of the runs", "neither", _has_answer(claim)
    if kind == "comparison" and claim.comparison:
        yield comparisons.FORM, claim.comparison, comparisons.is_one(claim.comparison)
        sign = comparisons.parse(claim.comparison).sign
        yield (
            "a tolerance for =, and for = alone",
            claim.tolerance,
            ((sign == "=") == (claim.tolerance is not None)),
        )


def _is_number(value: Any) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and -_LARGEST <= value <= _LARGEST


def _is_point(name: str) -> bool:
    return re.fullmatch(names.POINT, name) is not None


def _has_answer(claim: Claim) -> bool:
    measured = bool(claim.experiment and claim.metric)
    by_kind = {
        "number": measured,
        "count": measured or bool(claim.experiment and claim.line),
        "comparison": bool(claim.comparison),
        "failure": bool(claim.comparison),
        "statement": False,
    }
    return by_kind[claim.kind] or claim.answer is not None


def _malformed(path: Path, expected: str, received: str) -> ClaimError:
    return ClaimError(
        str(path),
        expected=expected,
        received=received,
        remedy="Mend the file; labkit.ledger.claims.Claim lists the fields.",
    )
