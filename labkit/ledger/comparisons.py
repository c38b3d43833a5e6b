"""What a comparison of recorded runs says, e.g. "01/wide.test_accuracy > 01/deep.test_accuracy"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from labkit import names
from labkit.errors import ClaimError

FORM = (
    'two sides with <, > or = between them, each "experiment.metric" or '
    '"experiment.metric - experiment.metric"'
)
_QUANTITY = rf"({names.POINT})\.([a-z][a-z0-9_]*)"
_SIDE = rf"{_QUANTITY}(?: - {_QUANTITY})?"
_FORM = re.compile(rf"{_SIDE} ([<>=]) {_SIDE}")


@dataclass(frozen=True)
class Quantity:
    """One number of the runs of one experiment.

    Attributes:
        experiment: e.g. ``"01/dense-4"``, or a point of a sweep, ``"05/batch@batch_size=16"``.
        metric: see `Run.value`.
    """

    experiment: str
    metric: str

    def __str__(self) -> str:
        return f"{self.metric.replace('_', ' ')} of {self.experiment}"


@dataclass(frozen=True)
class Comparison:
    """Two sides and the sign between them. A side is a quantity, or one less another.

    Attributes:
        left, right: the quantities of a side; of two, the second is taken from the first.
        sign: ``"<"``, ``">"``, or ``"="``: the same within a tolerance.
    """

    left: tuple[Quantity, ...]
    sign: str
    right: tuple[Quantity, ...]

    @property
    def in_words(self) -> tuple[str, str]:
        """Both sides, e.g. "test accuracy of 01/a" and "test accuracy of 01/b"."""
        return " less ".join(map(str, self.left)), " less ".join(map(str, self.right))

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """All that it needs of the records, as they stand."""
        return self.left + self.right


def is_one(text: str) -> bool:
    """Say whether a text is a comparison."""
    return _FORM.fullmatch(text) is not None


def parse(text: str) -> Comparison:
    """Read a comparison.

    Raises:
        ClaimError: it has another form.

    >>> parse("01/a.test_loss < 01/b.test_loss").right
    (Quantity(experiment='01/b', metric='test_loss'),)
    """
    found = _FORM.fullmatch(text)
    if not found:
        raise ClaimError(
            "comparison",
            expected=FORM,
            received=repr(text),
            remedy='Write it like "01/a.test_accuracy > 01/b.test_accuracy".',
        )
    parts = found.groups()
    return Comparison(_side(parts[:4]), parts[4], _side(parts[5:]))


def _side(parts: tuple[str | None, ...]) -> tuple[Quantity, ...]:
    first, metric, second, less = parts
    return (Quantity(first, metric), *([Quantity(second, less)] if second else []))
