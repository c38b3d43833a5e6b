"""How far a reported number may lie from our mean and still be the same: one reason a unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """What counts as the same number, for every number of a unit.

    Attributes:
        unit: of the claims that it is for, e.g. ``"accuracy"``.
        because: the reason, one sentence.
        value: how far apart is still the same, in the unit; or None, where it is a share.
        share: the same as a share of the reported number; or None.

    >>> Tolerance(unit="seconds", share=0.25, because="They are rounded.").of(8)
    2.0
    """

    unit: str
    because: str
    value: float | None = None
    share: float | None = None

    def of(self, number: float) -> float:
        """Return how far from a reported number is still the same."""
        return self.value if self.share is None else self.share * abs(number)

    def __str__(self) -> str:
        return f"± {self.value:g}" if self.share is None else f"± {self.share:.0%} of the number"
