"""The rule on plain numbers, one for the reports' sentences and for our own.

A *number* that a report measured once is reproduced within its tolerance of our mean. Outside the
tolerance, and where another run of ours would not fall either (the prediction interval), ours came
out *higher* or *lower*; in between the seeds leave too much open, and it is *undecided*.

A *comparison* is decided by the confidence interval of the mean difference, paired by seed. Of
``>`` and ``<`` it must leave 0 out, of ``=`` lie within a margin; of ``>=`` and ``<=``, "as good
as", its one end must not reach the margin on the worse side.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence

import numpy as np

from labkit.records import Interval, intervals

FALSE_DISCOVERIES = 0.05  # of a family's decided verdicts, the share that chance may have made
_SEEDS = np.arange(2, 10_001)  # as many as are asked about
_ONE_SIDED = (">=", "<=")


def on_number(
    reported: float, values: Sequence[float], *, tolerance: float
) -> tuple[str, Interval]:
    """Judge a number that a report measured once.

    Args:
        reported: the report's number.
        values: ours, one a seed, at least two.
        tolerance: how far from our mean is still the same.

    Returns:
        ``"reproduced"``, ``"undecided"``, ``"higher"`` or ``"lower"`` (ours, than the report's),
        and the prediction interval, where another run of ours would fall.

    >>> on_number(0.97, [0.962, 0.965, 0.963], tolerance=0.005)[0]
    'undecided'
    """
    mean, interval = statistics.fmean(values), intervals.for_another_run(values)
    if abs(reported - mean) <= tolerance:
        return "reproduced", interval
    if reported in interval:
        return "undecided", interval
    return ("higher" if mean > reported else "lower"), interval


def on_difference(
    sign: str, differences: Sequence[float], *, tolerance: float = 0.0
) -> tuple[str, Interval]:
    """Judge a comparison.

    Args:
        sign: between the sides: ``">"``, ``"<"``, ``"="``, ``">="`` or ``"<="``.
        differences: left less right, one a seed, at least two.
        tolerance: for the last three: how large a difference is still none.

    Returns:
        ``"reproduced"`` or ``"contradicted"``; where neither can be told, ``"not
        distinguishable"`` of ``>`` and ``<`` and ``"equality not shown"`` of the others; and the
        interval of the mean difference, of which 19 in 20 hold the true one. For ``>=`` and
        ``<=`` that is so of each end by itself.

    >>> on_difference(">", [2, 3, 4])[0], on_difference(">=", [-1, 0, 1], tolerance=2)[0]
    ('reproduced', 'reproduced')
    """
    interval = intervals.for_the_mean(differences, level=_level(sign))
    holds, fails = _decided(sign, interval, tolerance)
    if holds or fails:
        return ("reproduced" if holds else "contradicted"), interval
    return ("not distinguishable" if sign in "<>" else "equality not shown"), interval


def _decided(sign: str, interval: Interval, tolerance: float) -> tuple[bool, bool]:
    """Say whether a comparison holds in all of an interval, and whether it fails in all of it."""
    low, high = interval.low, interval.high
    if sign.startswith("<"):  # the same, seen from the other side
        low, high = -high, -low
    if sign == "=":
        return -tolerance <= low and high <= tolerance, low > tolerance or high < -tolerance
    if sign in _ONE_SIDED:
        return low >= -tolerance, high < -tolerance
    return low > 0, high < 0


def distance(sign: str, mean: float, tolerance: float = 0.0) -> float:
    """Return how far a mean difference lies from where the verdict turns.

    >>> distance(">", -0.2), distance("=", 0.5, 2.0), distance(">=", 0.5, 2.0)
    (0.2, 1.5, 2.5)
    """
    if sign == "=":
        return abs(abs(mean) - tolerance)
    turn = {">=": -tolerance, "<=": tolerance}.get(sign, 0.0)
    return abs(mean - turn)


def p_value(sign: str, differences: Sequence[float], *, tolerance: float = 0.0) -> float:
    """Return the share of false alarms at which the rule would just decide a comparison.

    It decides, either way, where this is below 0.05. For ``>`` and ``<`` it is the p-value of the
    paired t test, for the others that of the test against the margin.

    Args:
        sign, differences, tolerance: as for `on_difference`.
    """
    from scipy import stats

    gap = distance(sign, statistics.fmean(differences), tolerance)
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    if error == 0:
        return 0.0 if gap > 0 else 1.0
    beyond = float(stats.t.sf(gap / error, len(differences) - 1))
    return beyond if sign in _ONE_SIDED else 2 * beyond


def surviving(p_values: Sequence[float]) -> list[bool]:
    """Say which comparisons of a family are decided when all of them are taken together.

    Among many comparisons some come out by chance. Of those that survive, one in twenty is
    expected to be such a one. Source: Y. Benjamini, Y. Hochberg, "Controlling the false discovery
    rate", Journal of the Royal Statistical Society B 57, 1995.

    >>> surviving([0.001, 0.04, 0.2])
    [True, False, False]
    """
    from scipy import stats

    if not p_values:
        return []
    adjusted = stats.false_discovery_control(p_values)
    return [bool(one) for one in adjusted <= FALSE_DISCOVERIES]


def seeds_for_difference(gap: float, sd: float, *, sign: str = ">") -> int | None:
    """Return the fewest seeds that would decide a comparison if mean and scatter stay as they are.

    Args:
        gap: how far the mean difference lies from where the verdict turns, see `distance`.
        sd: the standard deviation of the differences.
        sign: of the comparison.

    Returns:
        The smallest n for which t · sd / √n is below the gap; None above ten thousand.

    >>> seeds_for_difference(0.001, 0.002)
    18
    """
    return _fewest(_quantiles(_level(sign)) * sd / np.sqrt(_SEEDS) < gap)


def seeds_for_number(gap: float, sd: float) -> int | None:
    """Return the fewest seeds of ours that would put a single number outside the prediction.

    Args:
        gap: how far it lies from our mean.
        sd: the standard deviation of our runs.

    Returns:
        The smallest n for which t · sd · √(1 + 1/n) is below the gap; None where no number of
        seeds would do, because the single run scatters as well.
    """
    return _fewest(_quantiles(intervals.LEVEL) * sd * np.sqrt(1 + 1 / _SEEDS) < gap)


def _fewest(enough: np.ndarray) -> int | None:
    return int(_SEEDS[enough][0]) if enough.any() else None


def _level(sign: str) -> float:
    """Return the level of a two-sided interval: each end of a one-sided one has it by itself."""
    return 2 * intervals.LEVEL - 1 if sign in _ONE_SIDED else intervals.LEVEL


@functools.cache
def _quantiles(level: float) -> np.ndarray:
    from scipy import stats

    return stats.t.ppf((1 + level) / 2, _SEEDS - 1)
