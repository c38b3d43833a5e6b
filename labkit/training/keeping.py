"""Training, and keeping what comes of it: in the record, or in a person's own folder."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from labkit import choices, folders
from labkit.errors import CacheWriteError, MissingRecordError, RecordError, StaleRecordError
from labkit.files import locked
from labkit.records import Run, store
from labkit.training import replay, shared_training
from labkit.training.one_training import Training

_PATIENCE = 24 * 3600.0  # seconds, for another process that records the same training


def trained(trainings: Sequence[Training]) -> dict[str, Run]:
    """Train, for the record where somebody records at this budget."""
    recording = choices.recording()
    if recording and recording.budget == trainings[0].budget:
        return _record(trainings, recording)
    runs = trained_for_a_person(trainings)
    for training in trainings:
        name = training.experiment
        runs[name] = replay.with_recorded(runs[name], training)
    return runs


# --- record -------------------------------------------------------------------------------


def _record(trainings: Sequence[Training], recording: choices.Recording) -> dict[str, Run]:
    """Train and write down what `--only` asks for, unless it is recorded already.

    What it leaves out still has to give the notebook a run: its record if there is one, else a
    smoke run that nobody keeps.
    """
    asked_for = [one for one in trainings if recording.asks_for(one.experiment, one.settings)]
    runs = _recorded(trainings, asked_for, recording.store) if asked_for else {}
    return runs | _stand_ins(_not_in(runs, trainings))


def _recorded(
    trainings: Sequence[Training], asked_for: Sequence[Training], folder: Path
) -> dict[str, Run]:
    """Return the runs in the store once all that is asked for is among them."""
    for training in asked_for:
        source = training.dataset.source
        store.require_recordable(training.experiment, training.budget, source)
    checkpoint = shared_training.checkpoint_of(trainings, "recording")
    another = "Name another: XDG_DATA_HOME=DIR labkit record …."
    with locked(checkpoint, remedy=another, patience=_PATIENCE, notice=0):
        runs = _written(trainings, folder)
        runs |= shared_training.trained(
            _not_in(runs, trainings),
            asked_for=_not_in(runs, asked_for),
            checkpoint=checkpoint,
            keep=lambda run: store.add(run, folder, replace=True),
        )
        if len(runs) == len(trainings):
            checkpoint.unlink(missing_ok=True)
    return runs


def _not_in(runs: Mapping[str, Run], trainings: Sequence[Training]) -> list[Training]:
    return [training for training in trainings if training.experiment not in runs]


def _stand_ins(trainings: Sequence[Training]) -> dict[str, Run]:
    """Return runs to show in place of those that are not asked for."""
    runs = {}
    for training in trainings:
        with contextlib.suppress(MissingRecordError, StaleRecordError):
            runs[training.experiment] = replay.recorded(training, training.budget)
    smoke = [training.at("smoke") for training in _not_in(runs, trainings)]
    return runs | shared_training.trained(smoke)


def _written(trainings: Sequence[Training], folder: Path) -> dict[str, Run]:
    """Return the runs of exactly these trainings that a folder holds."""
    return {
        training.experiment: run
        for training in trainings
        for run in store.read(training.experiment, folder)
        if run.key == training.key and not training.lacks(run)
    }


# --- a person's own -----------------------------------------------------------------------


def trained_for_a_person(trainings: Sequence[Training]) -> dict[str, Run]:
    """Train for a person: resume what was left unfinished, keep the results in their folder."""
    if trainings[0].budget == "smoke" or trainings[0].dataset.is_sample:
        return shared_training.trained(trainings, fast=True)
    folder, problems = folders.user_folder() / "runs", []
    checkpoint = shared_training.checkpoint_of(trainings, "own")

    def keep(run: Run) -> None:
        try:
            store.add(run, folder, replace=True)
        except (CacheWriteError, RecordError) as problem:
            problems.append(problem)

    runs = _ended_before(trainings, checkpoint, folder)
    rest = _not_in(runs, trainings)
    runs |= shared_training.trained(rest, checkpoint=checkpoint, keep=keep, fast=True)
    for problem in problems:
        warnings.warn(f"This run is not kept: {problem}", stacklevel=5)
    if not problems:
        checkpoint.unlink(missing_ok=True)
    return runs


def _ended_before(trainings: Sequence[Training], checkpoint: Path, folder: Path) -> dict[str, Run]:
    """Return the runs of trainings that ended before the rest of their path was killed.

    Empty where nothing is under way, or where one of them was not kept: all start afresh then.
    """
    under_way = shared_training.under_way(trainings, checkpoint)
    ended = [training for training in trainings if under_way and training not in under_way]
    try:
        runs = _written(ended, folder)
    except RecordError:
        return {}
    return runs if len(runs) == len(ended) else {}
