"""What the records have to say to a claim: one value a seed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit import choices, names
from labkit.errors import ClaimError
from labkit.ledger.claim import Claim
from labkit.ledger.comparisons import Quantity
from labkit.records import Run, replicates, selection

Combined = Callable[[Mapping[Quantity, float]], float]  # of the values of one seed


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was measured to answer a claim.

    Attributes:
        budget: of all its runs.
        values: seed → the number, the ratio, or how far the left side is above the right; of a
            comparison of seconds, the logarithm of their ratio.
        runs: those that the values were taken from.
    """

    budget: str
    values: dict[int, float]
    runs: tuple[Run, ...]

    @property
    def statistic(self) -> replicates.Statistic:
        """Mean and standard deviation of the values, over seeds."""
        return replicates.over(list(self.values.values()))

    @property
    def suffices(self) -> bool:
        """Whether there are seeds enough to judge by."""
        return len(self.values) >= selection.ENOUGH_SEEDS

    @property
    def caption(self) -> str:
        """Where the values come from: budget, seeds, device, date."""
        return replicates.caption(self.runs)


class Records:
    """The recorded runs that claims are judged by.

    Args:
        folder: the store; None is `folders.store_folder()`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def runs(self, point: str, budget: str) -> tuple[Run, ...]:
        """Return the runs of an experiment, or of a point of its sweep, at a budget."""
        experiment, settings = names.split(point)
        return selection.recorded(experiment, budget, self._folder, settings=settings)

    def number(self, claim: Claim) -> Evidence | None:
        """Return what answers a claim with a number: its metric, gain, or ratio.

        Raises:
            ClaimError: the runs have no such metric.
        """
        asked = Quantity(claim.experiment, claim.metric)
        if (unit := claim.relative_to) is not None:
            base = Quantity(unit.experiment, unit.metric)
            return self._best(claim, (asked, base), lambda values: values[asked] / values[base])
        if claim.gain_over:
            base = Quantity(claim.gain_over, claim.metric)
            return self._best(claim, (asked, base), lambda values: values[asked] - values[base])
        return self._best(claim, (asked,), lambda values: values[asked])

    def difference(self, claim: Claim) -> Evidence | None:
        """Return how far the left side of a comparison is above the right, paired by seed.

        Raises:
            ClaimError: the runs have no such metric.
        """
        return self._best(claim, claim.compared.quantities, claim.compared.difference)

    def any_run(self, experiment: str) -> Run | None:
        """Return one recorded run, for what all runs of an experiment have in common."""
        runs = [run for one in choices.RECORDED_BUDGETS for run in self.runs(experiment, one)]
        return runs[0] if runs else None

    def _best(self, claim: Claim, asked: Sequence[Quantity], combined: Combined) -> Evidence | None:
        """Return the values at the highest budget with enough seeds, else at the highest."""
        found = [self._at(one, claim, asked, combined) for one in choices.RECORDED_BUDGETS]
        found = [one for one in found if one.values]
        enough = [one for one in found if one.suffices]
        return next(iter(enough or found), None)

    def _at(
        self, budget: str, claim: Claim, asked: Sequence[Quantity], combined: Combined
    ) -> Evidence:
        runs = {one: self.runs(one.experiment, budget) for one in asked}
        numbers = {one: _by_seed(runs[one], claim, one) for one in asked}
        values = {
            seed: combined({one: numbers[one][seed] for one in asked})
            for seed in sorted(set.intersection(*map(set, numbers.values())))
        }
        values = {seed: value for seed, value in values.items() if math.isfinite(value)}
        used = {
            seed: [run for one in asked for run in runs[one] if run.seed == seed] for seed in values
        }
        comparable = [seed for seed in values if _comparable(used[seed], asked)]
        return Evidence(
            budget,
            {seed: values[seed] for seed in comparable},
            tuple(dict.fromkeys(run for seed in comparable for run in used[seed])),
        )


def _by_seed(runs: Sequence[Run], claim: Claim, asked: Quantity) -> dict[int, float]:
    """Return one number a seed: the run's, or the mean over its folds."""
    values: dict[int, list[float]] = {}
    for run in runs:
        values.setdefault(run.seed, []).append(value_of(run, claim, asked))
    return {seed: statistics.fmean(folds) for seed, folds in values.items()}


def _comparable(runs: Sequence[Run], asked: Sequence[Quantity]) -> bool:
    """Say whether runs may be set side by side: seconds of one device only."""
    timed = any(one.metric.startswith("seconds") for one in asked)
    return not timed or len({run.provenance["device"] for run in runs}) == 1


def value_of(run: Run, claim: Claim, asked: Quantity) -> float:
    """Return a number that a claim asks of a run.

    Raises:
        ClaimError: the run has no such metric, or not so many epochs; the message names the claim.
    """
    values = run.values() if asked.epoch is None else run.history
    if asked.metric not in values:
        what = "a metric" if asked.epoch is None else "a history"
        raise ClaimError(
            claim.id,
            expected=f"{what} that the runs of {run.name} have",
            received=repr(asked.metric),
            remedy=f"They have {', '.join(sorted(values))}.",
        )
    return values[asked.metric] if asked.epoch is None else _after(run, claim, asked)


def _after(run: Run, claim: Claim, asked: Quantity) -> float:
    """Return a value of a run's history."""
    history, epoch = run.history[asked.metric], asked.epoch
    if abs(epoch) > len(history):
        raise ClaimError(
            claim.id,
            expected=f"an epoch that every run of {run.name} has",
            received=f"{epoch}, where one has {len(history)}",
            remedy="Name an earlier one; [-1] is the last.",
        )
    return history[epoch - (epoch > 0)]
