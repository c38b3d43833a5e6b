"""What a comparison of recorded runs says, e.g. "01/wide.test_accuracy > 01/deep.test_accuracy"."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from labkit import names
from labkit.errors import ClaimError

WITH_TOLERANCE = ("=", ">=", "<=")  # the signs that say how far apart is still the same
FORM = (
    "two sides with <, >, =, <= or >= between them, each a number, "
    '"experiment.metric", "2 * experiment.metric" or "experiment.metric - experiment.metric", '
    "with runs on one of them at least, and seconds only with seconds or a number above 0, not as "
    "a difference"
)
_SIGNED = re.compile(r"(.+?) (<=|>=|[<>=]) (.+)")
_NUMBER = r"\d{1,12}(?:\.\d{1,12})?"
_TERM = re.compile(
    rf"(?:({_NUMBER}) \* )?({names.POINT})\.([a-z][a-z0-9_]*)(?:\[(-?[1-9]\d{{0,5}})\])?"
)


@dataclass(frozen=True)
class Quantity:
    """One number of the runs of one experiment.

    Attributes:
        experiment: e.g. ``"01/dense-4"``, or a point of a sweep, ``"05/batch@batch_size=16"``.
        metric: see `Run.value`; with an epoch, a name of `Run.history`.
        epoch: after which epoch, from 1; -1 is the last; None for what the whole run has.
    """

    experiment: str
    metric: str
    epoch: int | None = None

    def __str__(self) -> str:
        after = {None: "", -1: " after the last epoch"}.get(
            self.epoch, f" after epoch {self.epoch}"
        )
        return f"{self.metric.replace('_', ' ')} of {self.experiment}{after}"


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a number, or quantities, each with its factor, added up.

    Attributes:
        terms: factor and quantity; the second of two has the factor -1.
        number: of a side without quantities.
    """

    terms: tuple[tuple[float, Quantity], ...] = ()
    number: float = 0.0

    def value(self, values: Mapping[Quantity, float]) -> float:
        """Return what it comes to where its quantities have these values."""
        return self.number + sum(factor * values[one] for factor, one in self.terms)

    def __str__(self) -> str:
        named = (
            f"{abs(factor):g} × {one}" if abs(factor) != 1 else str(one)
            for factor, one in self.terms
        )
        return " less ".join(named) or f"{self.number:g}"


@dataclass(frozen=True)
class Comparison:
    """Two sides and the sign between them.

    Attributes:
        left, right: the sides.
        sign: ``"<"`` or ``">"``; ``"="``, the same within a tolerance; or ``"<="`` and ``">="``,
            beyond the other side by no more than a tolerance.
    """

    left: Side
    sign: str
    right: Side

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """All that it needs of the records, each once."""
        return tuple(dict.fromkeys(one for _, one in self.left.terms + self.right.terms))

    @property
    def is_of_seconds(self) -> bool:
        """Whether it is about seconds, whose sides are compared by their ratio."""
        return any(one.metric.startswith("seconds") for one in self.quantities)

    def difference(self, values: Mapping[Quantity, float]) -> float:
        """Return left less right; of seconds, the logarithm of their ratio; NaN where none is."""
        left, right = self.left.value(values), self.right.value(values)
        if not self.is_of_seconds:
            return left - right
        return math.log(left / right) if left > 0 and right > 0 else math.nan

    def margin(self, tolerance: float | None) -> float:
        """Return a claim's tolerance as a difference; one of seconds is a share of the ratio."""
        return math.log1p(tolerance or 0.0) if self.is_of_seconds else tolerance or 0.0


def is_one(text: str) -> bool:
    """Say whether a text is a comparison."""
    return _read(text) is not None


def parse(text: str) -> Comparison:
    """Read a comparison.

    Raises:
        ClaimError: it has another form.

    >>> parse("01/a.val_loss[5] < 0.1").left.terms
    ((1.0, Quantity(experiment='01/a', metric='val_loss', epoch=5)),)
    """
    found = _read(text)
    if found is None:
        raise ClaimError(
            "comparison",
            expected=FORM,
            received=repr(text),
            remedy='Write it like "01/a.test_accuracy > 01/b.test_accuracy".',
        )
    return found


@functools.cache
def _read(text: str) -> Comparison | None:
    parts = _SIGNED.fullmatch(text)
    left, right = (_side(parts[1]), _side(parts[3])) if parts else (None, None)
    if left is None or right is None or not (left.terms or right.terms):
        return None
    found = Comparison(left, parts[2], right)
    fits = not found.is_of_seconds or (_is_of_seconds(left) and _is_of_seconds(right))
    return found if fits else None


def _side(text: str) -> Side | None:
    if re.fullmatch(rf"-?{_NUMBER}", text):
        return Side(number=float(text))
    parts = [_TERM.fullmatch(one) for one in text.split(" - ")]
    if len(parts) > 2 or not all(parts):
        return None
    signs = (1, -1)
    return Side(tuple(map(_term, signs, parts)))


def _term(sign: int, part: re.Match) -> tuple[float, Quantity]:
    factor, experiment, metric, epoch = part.groups()
    quantity = Quantity(experiment, metric, int(epoch) if epoch else None)
    return sign * float(factor or 1), quantity


def _is_of_seconds(side: Side) -> bool:
    """Say whether a side may stand in a ratio of seconds."""
    if not side.terms:
        return side.number > 0
    return len(side.terms) == 1 and side.terms[0][1].metric.startswith("seconds")
