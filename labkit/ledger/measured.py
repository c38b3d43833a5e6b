"""What the records have to say to a claim: one value a seed."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit import choices, names
from labkit.errors import ClaimError
from labkit.ledger import comparisons
from labkit.ledger.claims import Claim
from labkit.ledger.comparisons import Quantity
from labkit.records import Run, replicates, selection


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was measured to answer a claim.

    Attributes:
        budget: of all its runs.
        values: seed → the number, the ratio, or how far the left side is above the right.
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
        asked = [Quantity(claim.experiment, claim.metric)]
        if claim.relative_to:
            asked.append(Quantity(claim.relative_to.experiment, claim.relative_to.metric))
            return self._best(claim, asked, lambda values: operator.truediv(*values))
        if claim.gain_over:
            asked.append(Quantity(claim.gain_over, claim.metric))
            return self._best(claim, asked, lambda values: operator.sub(*values))
        return self._best(claim, asked, lambda values: values[0])

    def difference(self, claim: Claim) -> Evidence | None:
        """Return how far the left side of a comparison is above the right, paired by seed.

        Raises:
            ClaimError: the runs have no such metric.
        """
        comparison = comparisons.parse(claim.comparison)
        sides = len(comparison.left)

        def difference(values: Sequence[float]) -> float:
            return _gap(values[:sides]) - _gap(values[sides:])

        return self._best(claim, comparison.quantities, difference)

    def any_run(self, experiment: str) -> Run | None:
        """Return one recorded run, for what all runs of an experiment have in common."""
        runs = [run for one in choices.RECORDED_BUDGETS for run in self.runs(experiment, one)]
        return runs[0] if runs else None

    def _best(
        self,
        claim: Claim,
        asked: Sequence[Quantity],
        combined: Callable[[Sequence[float]], float],
    ) -> Evidence | None:
        """Return the values at the highest budget with enough seeds, else at the highest."""
        found = [self._at(one, claim, asked, combined) for one in choices.RECORDED_BUDGETS]
        found = [one for one in found if one.values]
        enough = [one for one in found if one.suffices]
        return next(iter(enough or found), None)

    def _at(
        self,
        budget: str,
        claim: Claim,
        asked: Sequence[Quantity],
        combined: Callable[[Sequence[float]], float],
    ) -> Evidence:
        runs = [self.runs(one.experiment, budget) for one in asked]
        numbers = [_by_seed(of, claim, one.metric) for of, one in zip(runs, asked, strict=True)]
        values = {
            seed: combined([number[seed] for number in numbers])
            for seed in sorted(set.intersection(*map(set, numbers)))
        }
        values = {seed: value for seed, value in values.items() if math.isfinite(value)}
        used = {seed: [run for of in runs for run in of if run.seed == seed] for seed in values}
        comparable = [seed for seed in values if _comparable(used[seed], asked)]
        return Evidence(
            budget,
            {seed: values[seed] for seed in comparable},
            tuple(dict.fromkeys(run for seed in comparable for run in used[seed])),
        )


def _by_seed(runs: Sequence[Run], claim: Claim, metric: str) -> dict[int, float]:
    for run in runs:
        value_of(run, claim, metric)  # a metric that is not there is told of with the claim
    return replicates.by_seed(runs, metric)


def _gap(values: Sequence[float]) -> float:
    return values[0] - sum(values[1:])


def _comparable(runs: Sequence[Run], asked: Sequence[Quantity]) -> bool:
    """Say whether runs may be set side by side: seconds of one device only."""
    timed = any(one.metric.startswith("seconds") for one in asked)
    return not timed or len({run.provenance["device"] for run in runs}) == 1


def value_of(run: Run, claim: Claim, metric: str) -> float:
    """Return a number that a claim asks of a run.

    Raises:
        ClaimError: the run has no such metric; the message names the claim.
    """
    values = run.values()
    if metric not in values:
        raise ClaimError(
            claim.id,
            expected=f"a metric that the runs of {run.name} have",
            received=repr(metric),
            remedy=f"They have {', '.join(sorted(values))}.",
        )
    return values[metric]
