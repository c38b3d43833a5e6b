"""Replay: the recorded trials of exactly this search, looked up and not trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit import choices, commands
from labkit.errors import MissingRecordError, StaleRecordError
from labkit.records import Run, store
from labkit.sweeps import space as spaces
from labkit.sweeps.candidate import Question
from labkit.sweeps.found import Search, Trial
from labkit.sweeps.space import Settings, Space

if TYPE_CHECKING:
    from labkit.data import Dataset


def replayed(question: Question, space: Space, dataset: Dataset, budgets: Sequence[str]) -> Search:
    """Return the trials that are recorded for exactly this code, in the order they finished.

    Args:
        question, space, dataset: of the search.
        budgets: of the records; the first at which there are some is taken.

    Raises:
        MissingRecordError: none is recorded.
        StaleRecordError: all that are recorded are of other code.
    """
    for one in budgets:
        points = _recorded_points(question.experiment, one, space, dataset.seed)
        if points:
            asked = dataclasses.replace(question, budget=one)
            trials = _trials(_runs(asked, points, dataset), question.metric)
            return Search(question.experiment, question.metric, space, trials)
    raise MissingRecordError(
        f"record of {question.experiment}",
        expected="the recorded trials of a search",
        received=f"none of seed {dataset.seed} at {' or '.join(budgets)} within this space",
        remedy='Set MODE = "train" to search here, or record it: labkit sweep '
        f"{commands.notebook_of(question.experiment)} --budget {_recordable(budgets[0])}.",
    )


def _recordable(budget: str) -> str:
    return budget if budget in choices.RECORDED_BUDGETS else "full"


def _recorded_points(experiment: str, budget: str, space: Space, seed: int) -> list[Settings]:
    runs = [
        run
        for run in store.read(experiment)
        if (run.budget, run.seed) == (budget, seed) and spaces.includes(space, run.settings)
    ]
    runs.sort(key=lambda run: (run.provenance["finished"], run.point))
    return [Settings(one) for one in {run.point: run.settings for run in runs}.values()]


def _runs(question: Question, points: Sequence[Settings], dataset: Dataset) -> list[Run]:
    """Return the recorded runs of points, without those of other code.

    Raises:
        StaleRecordError: all are of other code; the message says what differs in the first.
    """
    runs, stale = [], []
    for settings in points:
        try:
            runs.append(question.run(settings, dataset, mode="replay"))
        except StaleRecordError as problem:
            stale.append(problem)
    if not runs:
        raise stale[0]
    return runs


def _trials(runs: Sequence[Run], metric: str) -> tuple[Trial, ...]:
    return tuple(
        Trial(number, run.settings, "finished", run.value(metric), run=run)
        for number, run in enumerate(runs)
    )
