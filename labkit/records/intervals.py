"""How far a few seeds reach: where another run would fall, and where their mean may lie.

Both intervals are those of Student's t distribution, for n independent values of a normal one.
Three or five seeds cannot show whether they are normal: the intervals are wide because of it, and
still a model. Source: W. Q. Meeker, G. J. Hahn, L. A. Escobar, "Statistical Intervals", 2nd ed.,
2017, sections 3.1 and 3.2.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.95  # one in twenty falls outside by chance


@dataclass(frozen=True)
class Interval:
    """The numbers from `low` to `high`, both included.

    >>> 0.5 in Interval(0.0, 1.0)
    True
    """

    low: float
    high: float

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high

    @property
    def center(self) -> float:
        """The number halfway between the ends."""
        return (self.low + self.high) / 2

    @property
    def half_width(self) -> float:
        """Half of the distance between the ends."""
        return (self.high - self.low) / 2

    def clipped(self, low: float, high: float) -> Interval:
        """Return the part of it from `low` to `high`."""
        return Interval(max(self.low, low), min(self.high, high))


def around(center: float, half_width: float) -> Interval:
    """Return the interval that reaches so far to either side of its center."""
    return Interval(center - half_width, center + half_width)


def for_another_run(values: Sequence[float]) -> Interval:
    """Return the prediction interval: where one more run would fall, 19 times in 20.

    It is mean ± t · sd · √(1 + 1/n): the new run scatters, and so does the mean.

    Args:
        values: at least two, one a seed.

    >>> one = for_another_run([0.96, 0.97, 0.98])
    >>> f"{one.low:.3f} to {one.high:.3f}"
    '0.920 to 1.020'
    """
    return _around_mean(values, math.sqrt(1 + 1 / len(values)))


def for_the_mean(values: Sequence[float], *, level: float = LEVEL) -> Interval:
    """Return the confidence interval of the mean: mean ± t · sd / √n.

    Args:
        values: at least two, one a seed.
        level: how often such an interval holds the true mean.
    """
    return _around_mean(values, math.sqrt(1 / len(values)), level)


def _around_mean(values: Sequence[float], factor: float, level: float = LEVEL) -> Interval:
    from scipy import stats

    quantile = float(stats.t.ppf((1 + level) / 2, len(values) - 1))
    return around(statistics.fmean(values), quantile * statistics.stdev(values) * factor)
