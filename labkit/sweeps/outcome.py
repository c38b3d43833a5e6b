"""How one trial ends: in a value, pruned because others did better, or failed with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.training import Abandoned

if TYPE_CHECKING:
    from labkit.records import Run

Report = Callable[[int, float], None]  # told of each epoch, counted from 1, and its metric


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a trial ended.

    Attributes:
        state: ``"finished"``, ``"pruned"`` or ``"failed"``.
        value: the metric of a trial that finished; else None.
        runs: those that it leaves.
        reason: why it did not finish; else empty.
    """

    state: str
    value: float | None = None
    runs: tuple[Run, ...] = ()
    reason: str = ""


Task = Callable[[Report], Outcome]


class Pruned(Abandoned):
    """Raised by `report` where a trial is not worth going on with."""


def attempted(task: Task, report: Report) -> Outcome:
    """Carry out a trial; what goes wrong in it is its outcome, and no error of the search."""
    try:
        return task(report)
    except Pruned as problem:
        return Outcome("pruned", reason=str(problem))
    except Exception as problem:
        return Outcome("failed", reason=f"{type(problem).__name__}: {problem}")


def attempted_here(task: Task, number: int, judge: Callable[[int, int, float], bool]) -> Outcome:
    """Carry out a trial in this process.

    Args:
        task: what it does.
        number: its number.
        judge: told of the number, each epoch and the metric; says whether to prune.
    """

    def report(epoch: int, value: float) -> None:
        if judge(number, epoch, value):
            raise stopped(epoch)

    return attempted(task, report)


def stopped(epoch: int) -> Pruned:
    """Return what ends a trial after this epoch."""
    return Pruned(f"stopped after epoch {epoch}: others did better by then")
