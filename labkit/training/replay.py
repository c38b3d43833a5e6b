"""Replay: the recorded run of exactly this training, looked up and not trained."""

from __future__ import annotations

import dataclasses
import warnings

from labkit.errors import MissingRecordError, RecordError, StaleRecordError
from labkit.records import Run, selection
from labkit.training.one_training import Training


def recorded(training: Training, budget: str | None) -> Run:
    """Return the recorded run of a training, together with the others that a page shows.

    Args:
        training: whose code, seed, fold and settings the record has to be of.
        budget: of the record; None takes the best one recorded.

    Raises:
        MissingRecordError: there is no such record, or it lacks what the notebook asks for.
        StaleRecordError: the record belongs to other code.
    """
    chosen = selection.select(
        training.experiment, training.code, settings=training.settings, budget=budget
    )
    seed, fold = training.dataset.seed, training.dataset.fold_number
    run = next((one for one in chosen.shown if (one.seed, one.fold) == (seed, fold)), None)
    if run is None:
        seeds = ", ".join(str(one) for one in sorted({one.seed for one in chosen.shown}))
        received = f"no seed {seed} among {seeds}"
        shown = chosen.shown[0].budget
        raise selection.missing(training.name, received, budget=shown, seeds=str(seed))
    if lacking := training.lacks(run):
        received = f"a record without {', '.join(lacking)}"
        raise selection.missing(training.name, received, budget=run.budget)
    return dataclasses.replace(run, replicates=chosen.shown, extra=chosen.extra, is_replayed=True)


def with_recorded(run: Run, training: Training) -> Run:
    """Add the recorded runs of the same code, which plots draw behind a person's own."""
    if run.budget == "smoke":
        return run
    try:
        chosen = selection.select(training.experiment, training.code, settings=training.settings)
    except (MissingRecordError, StaleRecordError):
        return run
    except RecordError as problem:
        warnings.warn(f"No recorded runs beside this one: {problem}", stacklevel=5)
        return run
    return dataclasses.replace(run, replicates=chosen.shown)
