"""The same experiment over several seeds, as one number with its spread."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labkit.errors import RecordError
from labkit.records.run import Run

_DIGITS = {
    "parameters": 0,
    "trainable_parameters": 0,
    "multiply_adds": 0,
    "epochs": 0,
    "best_epoch": 0,
    "train_examples": 0,
    "validation_examples": 0,
    "test_examples": 0,
    "seconds": 1,
    "seconds_per_epoch": 2,
}


def digits(name: str) -> int:
    """Return how many digits after the point a number of this name is written with."""
    return _DIGITS.get(name, 4)


@dataclass(frozen=True)
class Statistic:
    """Mean and standard deviation over seeds.

    Attributes:
        mean: over the runs that ended in a number; NaN where none did.
        sd: sample standard deviation (n - 1); NaN for fewer than two runs.
        n: runs that ended in a number.
        diverged: runs that did not.

    >>> str(Statistic(0.98125, 0.0011, 5, 0))
    '0.9812 ± 0.0011'
    """

    mean: float
    sd: float
    n: int
    diverged: int = 0

    def __str__(self) -> str:
        return self.text(4)

    def text(self, digits: int) -> str:
        """Write it with so many digits after the point."""
        if self.n == 0:
            return "diverged"
        spread = f" ± {self.sd:.{digits}f}" if self.n > 1 else " (n = 1)"
        note = f" ({self.diverged} diverged)" if self.diverged else ""
        return f"{self.mean:.{digits}f}{spread}{note}"


def statistic(runs: Sequence[Run], name: str) -> Statistic:
    """Return one number over several runs of an experiment.

    Args:
        runs: at least one; they must be of one experiment and one budget.
        name: as in `Run.value`. Seconds are taken from one device only, the commonest.

    Raises:
        RecordError: no runs, runs of several experiments, or no such number.
    """
    _require_one_experiment(runs)
    if name.startswith("seconds"):
        devices = [run.provenance["device"] for run in runs]
        runs = [run for run in runs if run.provenance["device"] == statistics.mode(devices)]
    return over([run.value(name) for run in runs])


def over(values: Sequence[float]) -> Statistic:
    """Return mean and standard deviation of one value a seed."""
    finite = [value for value in values if math.isfinite(value)]
    return Statistic(
        mean=statistics.fmean(finite) if finite else math.nan,
        sd=statistics.stdev(finite) if len(finite) > 1 else math.nan,
        n=len(finite),
        diverged=len(values) - len(finite),
    )


def shown(run: Run) -> tuple[Run, ...]:
    """Return the runs that speak for a run: all recorded seeds of a replayed one, else itself."""
    return run.replicates if run.is_replayed else (run,)


def titled(runs: Mapping[str, Run]) -> dict[str, Run]:
    """Return the runs with their budget in the title, where they are not all of one budget.

    Args:
        runs: title → run.
    """
    if len({run.budget for run in runs.values()}) < 2:
        return dict(runs)
    return {f"{title} ({run.budget})": run for title, run in runs.items()}


def caption(runs: Sequence[Run]) -> str:
    """Return where numbers come from, e.g. "full, 5 seeds, 2 CPU cores (…), 2026-11-21"."""
    _require_some(runs)
    counts = Counter((run.experiment, run.budget) for run in runs).values()
    low, high = min(counts), max(counts)
    seeds = f"{low} seed{'s' * (low > 1)}" if low == high else f"{low} to {high} seeds"
    parts = [
        _joined(run.budget for run in runs),
        seeds,
        _joined(run.provenance["device"] for run in runs),
        _dates([run.provenance["finished"][:10] for run in runs]),
    ]
    if any(run.is_sample for run in runs):
        parts.append("SAMPLE DATA: an excerpt, not the real dataset")
    return ", ".join(parts)


def _joined(words) -> str:
    return " and ".join(sorted(set(words)))


def _dates(dates: Sequence[str]) -> str:
    first, last = min(dates), max(dates)
    return first if first == last else f"{first} to {last}"


def _require_some(runs: Sequence[Run]) -> None:
    if not runs:
        raise RecordError(
            "replicates",
            expected="at least one run",
            received="none",
            remedy="Pass run.replicates of a replayed run, or [run].",
        )


def _require_one_experiment(runs: Sequence[Run]) -> None:
    _require_some(runs)
    kinds = {(run.experiment, run.budget) for run in runs}
    if len(kinds) > 1:
        raise RecordError(
            "replicates",
            expected="runs of one experiment at one budget",
            received=", ".join(sorted(f"{name} at {budget}" for name, budget in kinds)),
            remedy="Take the mean of each experiment by itself.",
        )
