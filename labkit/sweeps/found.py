"""What a search found: its trials, and the best of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.errors import SweepError
from labkit.records import numbers
from labkit.sweeps.space import Space

if TYPE_CHECKING:
    from labkit.records import Run


@dataclass(frozen=True, eq=False)
class Trial:
    """One trial of a search.

    Attributes:
        number: from 0. Trials that were recorded count by when they were finished, all others by
            when they began.
        settings: its point of the space.
        state: ``"finished"``, ``"pruned"`` (others did better by then) or ``"failed"``.
        value: the metric of a trial that finished; else None.
        reason: why it did not finish; else empty.
        run: of a trial that finished; None where it did not, or is recorded on another machine.
    """

    number: int
    settings: Mapping[str, Any]
    state: str
    value: float | None = None
    reason: str = ""
    run: Run | None = None


@dataclass(frozen=True, eq=False)
class Search:
    """The trials of a search.

    Attributes:
        experiment, metric, space: as `search` was given them.
        trials: by number. In replay they are those that are recorded, which finished; what was
            pruned or failed is in the storage of the machine that searched.

    Raises:
        SweepError: none of the trials finished; the message says why the first did not.
    """

    experiment: str
    metric: str
    space: Space
    trials: Sequence[Trial]

    def __post_init__(self) -> None:
        if not self.finished:
            first = f", the first because {self.trials[0].reason}" if self.trials else ""
            raise SweepError(
                self.experiment,
                expected="at least one trial that finishes",
                received=f"{counted(one.state for one in self.trials) or 'none'}{first}",
                remedy="Correct what its reason names; another candidate or space begins anew.",
            )

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller value of the metric is a better one."""
        return numbers.known(self.metric).lower_is_better

    @property
    def finished(self) -> list[Trial]:
        """The trials that ran to their end, by number."""
        return [one for one in self.trials if one.state == "finished"]

    @property
    def runs(self) -> list[Run]:
        """The runs of the trials that finished and are recorded here, by number."""
        return [one.run for one in self.finished if one.run]

    @property
    def best(self) -> Trial:
        """The trial with the best value; of several, the first."""
        choose = min if self.lower_is_better else max
        return choose(self.finished, key=lambda one: one.value)


def counted(states) -> str:
    """Return how many there are of each, e.g. "14 finished, 5 pruned"."""
    return ", ".join(f"{count} {state}" for state, count in Counter(states).most_common())
