"""`Claim`: one thing that a report says, or that the course says of its own runs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labkit import choices, names
from labkit.ledger import comparisons

# The kinds of claims; what belongs together in a count of them.
GROUPS = {
    "number": "measurements",
    "comparison": "conclusions",
    "statement": "conclusions",
    "failure": "conclusions",
    "count": "counts",
}
# What stands in place of the rule's verdict, where runs decide nothing.
ANSWERS = ("shown", "in part", "by construction", "mistaken", "not tested")
LEDGER = "07_replication_ledger"  # the page where all verdicts stand

_LARGEST = 1e300  # of a number: leaves room for a difference and a ratio


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One thing that is said, and what answers it.

    Attributes:
        id: e.g. ``"r1-dense-2-accuracy"``.
        report: its key, R1 to R5; empty for a finding of the course itself.
        section: where in the report.
        says: in our words; ``{value}`` stands for the number.
        kind: one of `GROUPS`: number, comparison, count, failure or statement.
        page: the section of a practical that deals with it, ``"01_mnist_dense#train-them"``.
        value: the report's number; None for a conclusion.
        unit: of the number: accuracy, loss, parameters, seconds …
        experiment, metric: what answers a number, or a count; see `Run.value`.
        line: what answers a count that no metric has: a shell pattern that a line of the run's
            signature matches, ``{value}`` in it.
        tolerance: how far apart is still the same, as `claims.read` found it: of a number, its
            own or that of its unit; of a comparison with ``=``, ``>=`` or ``<=``, its margin.
        gain_over: an experiment; the number is the metric's gain over this one's.
        relative_to: a claim; both numbers are seconds, and their ratio is what can be checked.
        comparison: what answers a conclusion, e.g. ``"01/a.test_accuracy > 01/b.test_accuracy"``;
            of a failure, the exception and what its message must contain.
        answer: one of `ANSWERS`, where no rule decides or the report's way cannot support it.
        because: the reason of that answer.
        differs: where our conditions are not the report's; None where they are.
        only_at: the budget at which alone a comparison is judged, because a smaller one cuts short
            what it is about; None for the best that is recorded.
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
    differs: str | None = None
    only_at: str | None = None

    @property
    def text(self) -> str:
        """The claim as a sentence, its number written in."""
        return self.says.replace("{value}", self.number)

    @property
    def number(self) -> str:
        """The value as one writes it: thousands apart, and every digit that the report has."""
        return f"{self.value:,}" if isinstance(self.value, int) else f"{self.value}"

    @property
    def reported(self) -> float:
        """The number as it is judged: of seconds, the ratio to those that it is relative to."""
        return float(self.value) / (self.relative_to.value if self.relative_to else 1)

    @property
    def group(self) -> str:
        """What it is counted among: measurements, conclusions or counts."""
        return GROUPS[self.kind]

    @property
    def speaker(self) -> str:
        """Who says it: a report, or the course itself."""
        return self.report or "This course"

    @property
    def place(self) -> str:
        """Where it says so, to follow on other words: " (Results)"; empty for a finding."""
        return f" ({self.section})" if self.section else ""

    @property
    def practical(self) -> str:
        """The practical that deals with it, e.g. ``"01_mnist_dense"``."""
        return self.page.partition("#")[0]

    @property
    def compared(self) -> comparisons.Comparison | None:
        """Its comparison, read; None of one that has none, and of a failure."""
        asked = self.kind == "comparison" and self.comparison
        return comparisons.parse(self.comparison) if asked else None

    @property
    def experiments(self) -> tuple[str, ...]:
        """The experiments that answer it, each once."""
        if (compared := self.compared) is not None:
            asked = [one.experiment for one in compared.quantities]
        else:
            base = self.relative_to.experiment if self.relative_to else self.gain_over
            asked = [self.experiment, base]
        return tuple(dict.fromkeys(one for one in asked if one))

    def _repr_markdown_(self) -> str:
        up = "../" * self.practical.count("/")
        verdict = f'<a href="{up}{LEDGER}.ipynb#{html.escape(self.id)}">verdict</a>'
        said = html.escape(f"{self.place}: {self.text}", quote=False)
        differs = f" Our conditions differ: {self.differs}." if self.differs else ""
        return (
            f"> **{html.escape(self.speaker)} says**{said} ({verdict})"
            f"{html.escape(differs, quote=False)}"
        )

    def __repr__(self) -> str:
        return f"{self.speaker} says{self.place}: {self.text}"


def requirements(claim: Claim) -> Iterator[tuple[str, Any, bool]]:
    """Yield what a claim must have: what is expected, what it has, whether that is right."""
    kind, answer = claim.kind, claim.answer
    yield f"a kind of {', '.join(GROUPS)}", kind, kind in GROUPS
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
    if claim.only_at is not None:
        right = claim.only_at in choices.RECORDED_BUDGETS and kind == "comparison"
        yield "only_at of a comparison, a recorded budget", claim.only_at, right
    if kind == "comparison" and claim.comparison:
        yield comparisons.FORM, claim.comparison, comparisons.is_one(claim.comparison)
        with_tolerance = claim.compared.sign in comparisons.WITH_TOLERANCE
        yield (
            f"a tolerance for {', '.join(comparisons.WITH_TOLERANCE)}, and for these alone",
            claim.tolerance,
            with_tolerance == (claim.tolerance is not None),
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
