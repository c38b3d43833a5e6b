"""The same experiment over several seeds, as one number with its spread.

The folds of a cross-validation are parts of one seed: they are averaged within it first.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labkit.errors import RecordError
from labkit.records.run import Run


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
    return over(list(by_seed(runs, name).values()))


def by_seed(runs: Iterable[Run], name: str) -> dict[int, float]:
    """Return one number a seed: the run's, or the mean over its folds.

    Args:
        runs: of one experiment.
        name: as in `Run.value`.
    """
    values: dict[int, list[float]] = {}
    for run in runs:
        values.setdefault(run.seed, []).append(run.value(name))
    return {seed: statistics.fmean(folds) for seed, folds in sorted(values.items())}


def histories(runs: Iterable[Run], name: str) -> np.ndarray:
    """Return a history of each seed, the mean over its folds: float (seeds, epochs).

    They go as far as the shortest.

    Args:
        runs: of one experiment.
        name: a name in each run's history.
    """
    runs = list(runs)
    shortest = min(len(run.history[name]) for run in runs)
    by_seed: dict[int, list] = {}
    for run in runs:
        by_seed.setdefault(run.seed, []).append(run.history[name][:shortest])
    return np.array([np.mean(folds, axis=0) for folds in by_seed.values()])


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
    """Return the runs that speak for a run: all that are recorded of a replayed one, else itself.

    For a cross-validation trained just now they are its folds.
    """
    return run.replicates if run.is_replayed else run.folds or (run,)


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
    seeds = {(run.name, run.budget, run.seed) for run in runs}
    counts = Counter(one[:2] for one in seeds)
    parts = [
        _joined(run.budget for run in runs),
        _range(counts.values(), "seed"),
        *_folds(runs),
        _joined(run.provenance["device"] for run in runs),
        _dates([run.provenance["finished"][:10] for run in runs]),
    ]
    if any(run.is_sample for run in runs):
        parts.append("SAMPLE DATA: an excerpt, not the real dataset")
    return ", ".join(parts)


def _range(counts: Iterable[int], what: str) -> str:
    """Return how many there are, e.g. "3 to 5 seeds"."""
    low, high = min(counts), max(counts)
    return f"{low} {what}{'s' * (low > 1)}" if low == high else f"{low} to {high} {what}s"


def _folds(runs: Sequence[Run]) -> list[str]:
    """Return how many folds each seed was cross-validated in, or nothing."""
    requests = [run.dataset.request for run in runs if run.fold is not None]
    folds = {one["folds"] for one in requests if isinstance(one.get("folds"), int)}
    return [f"{_range(folds, 'fold')} each"] if folds else []


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
    kinds = {(run.name, run.budget) for run in runs}
    if len(kinds) > 1:
        raise RecordError(
            "replicates",
            expected="runs of one experiment at one budget",
            received=", ".join(sorted(f"{name} at {budget}" for name, budget in kinds)),
            remedy="Take the mean of each experiment by itself.",
        )
