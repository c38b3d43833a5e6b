"""Two ways of doing the same thing, measured turn by turn, as the ratio of their times.

Machines are noisy: the same training may take twice as long a minute later. So the two sides take
turns, each turn gives one ratio, and the median over turns is what counts. A ratio is only as
good as its spread, which is reported with it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Ratio:
    """How many times as long one side took as the other, over several turns.

    Attributes:
        name: of what was done.
        seconds: of the first side, and of the second, the median over turns.
        median, low, high: of the ratios first ÷ second, a ratio a turn.
        turns: how many.
    """

    name: str
    seconds: tuple[float, float]
    median: float
    low: float
    high: float
    turns: int

    def as_json(self) -> dict[str, Any]:
        """Return its numbers, rounded to what their noise leaves of them."""
        plain = asdict(self)
        plain["seconds"] = [round(one, 3) for one in self.seconds]
        return plain | {name: round(plain[name], 3) for name in ("median", "low", "high")}


def compare(
    name: str, first: Callable[[], float], second: Callable[[], float], *, turns: int
) -> Ratio:
    """Measure two sides in turns.

    Args:
        name: of what both do.
        first, second: do it once and return the seconds that count.
        turns: at least one, after a call of either that warms up and is not counted. Who begins
            alternates, because what runs second may find a warmer or a busier machine.
    """
    first(), second()
    times = []
    for turn in range(turns):
        if turn % 2:
            later, earlier = second(), first()
            times.append((earlier, later))
        else:
            times.append((first(), second()))
    ratios = [one / other for one, other in times]
    return Ratio(
        name=name,
        seconds=tuple(statistics.median(side) for side in zip(*times, strict=True)),
        median=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
        turns=turns,
    )
