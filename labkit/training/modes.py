"""`train`: one network, one recipe, one dataset, one `Run`; trained, resumed or replayed.

`train_path` does the same for several recipes that differ only in when they stop: for them it
trains once. A single training is a path with one end, so all that follows is written for paths.

Three ways lead to a Run. *Train* starts from the seed, or goes on from an unfinished run.
*Replay* looks up what was recorded for exactly this code. *Record* is train, with the result
written to the store; `labkit record` switches it on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labkit import choices, folders
from labkit.errors import CacheWriteError, MissingRecordError, RecordError, StaleRecordError
from labkit.files import locked
from labkit.records import Run, store
from labkit.training import shared_training
from labkit.training.one_training import Build, Job, Measure
from labkit.training.recipe import Recipe

if TYPE_CHECKING:
    from labkit.data import Dataset


def train(
    build: Build,
    dataset: Dataset,
    recipe: Recipe,
    *,
    experiment: str,
    budget: str | None = None,
    mode: str | None = None,
    test: bool = True,
    measure: Measure | None = None,
) -> Run:
    """Train a network, or return the recorded training of exactly this network.

    Args:
        build: returns a new, uncompiled model. It is called once the seed is set, so that a
            run does not depend on what ran before it.
        dataset: from `datasets.load`; its seed draws split, initial weights and order alike.
        recipe: loss, optimizer, epochs, …; resolved at the budget.
        experiment: the name under which the run is recorded, e.g. ``"01/dense-4"``.
        budget: ``"smoke"``, ``"lab"`` or ``"full"``; None leaves it to the environment.
        mode: ``"train"``, ``"replay"`` or ``"auto"``; None leaves it to the environment.
        test: evaluate on the test set after the last epoch. False for choosing among settings.
        measure: name → function(model, dataset) returning a number or a small array to keep.

    Returns:
        The run; `run.replicates` holds the recorded runs of the same code, all seeds.

    Raises:
        ModelError: `build` returns no model, a compiled one, or one without an input shape.
        MissingRecordError: replay, and nobody recorded this experiment.
        StaleRecordError: replay, and the record belongs to other code.
        ParameterError: an unknown budget or mode; an ill-formed name; too large a `measure`.
    """
    recipes = {experiment: recipe}
    runs = _runs(build, dataset, recipes, budget=budget, mode=mode, test=test, measure=measure)
    return runs[experiment]


def train_path(
    build: Build,
    dataset: Dataset,
    recipes: Mapping[str, Recipe],
    *,
    budget: str | None = None,
    mode: str | None = None,
    test: bool = True,
    measure: Measure | None = None,
) -> dict[str, Run]:
    """Train a network once, and return what it was wherever one of several recipes stops.

    Order, initial weights and seeds depend on the seed alone, so that recipes which differ only
    in when they stop share every epoch up to there. Each run is what `train` gives for its recipe
    alone, but for its times: `seconds` is what the path had taken when the run was finished, and
    `seconds_per_epoch` are the path's epochs up to the run's own end.

    A path that was stopped or killed goes on where it was. When recording, it goes as far as the
    experiments that are asked for, and every experiment that ends on the way is written down.

    Args:
        build: as in `train`.
        dataset: as in `train`.
        recipes: by the names under which the runs are recorded. They may differ in `epochs` and
            in their `keras.callbacks.EarlyStopping` callbacks.
        budget: as in `train`.
        mode: as in `train`; auto trains the whole path where one of the runs is not recorded.
        test: as in `train`.
        measure: as in `train`; what it changes in the model is undone.

    Returns:
        The runs, by the names of `recipes` and in their order.

    Raises:
        ParameterError: no recipe, or recipes that differ in more; else as in `train`.
        ModelError, MissingRecordError, StaleRecordError: as in `train`.
    """
    return _runs(build, dataset, recipes, budget=budget, mode=mode, test=test, measure=measure)


def _runs(
    build: Build,
    dataset: Dataset,
    recipes: Mapping[str, Recipe],
    *,
    budget: str | None,
    mode: str | None,
    test: bool,
    measure: Measure | None,
) -> dict[str, Run]:
    for experiment in recipes:
        store.path_of(experiment)  # an ill-formed name fails before anything is trained
    level, mode = choices.choice("budget", budget), choices.choice("mode", mode)
    jobs = [
        Job(build, dataset, recipe, experiment, level, test, measure)
        for experiment, recipe in recipes.items()
    ]
    shared_training.require_shared(jobs)
    if mode == "train" and _is_recorded_here(level):
        runs = _record(jobs)
    elif mode == "train":
        runs = _train_and_keep(jobs)
        for job in jobs:
            runs[job.experiment] = _with_recorded(runs[job.experiment], job)
    else:
        shown_budget = level if choices.budget_is_explicit(budget) else None
        try:
            runs = {job.experiment: _replay(job, shown_budget) for job in jobs}
        except (MissingRecordError, StaleRecordError) as problem:
            if mode == "replay":
                raise
            what = "it is" if len(jobs) == 1 else "they are"
            print(
                f"{shared_training.title(jobs)}: {type(problem).__name__}, so {what} trained here."
            )
            runs = _train_and_keep(jobs)
    return {experiment: runs[experiment] for experiment in recipes}


# --- replay -------------------------------------------------------------------------------


def _replay(job: Job, budget: str | None) -> Run:
    selection = store.select(job.experiment, job.code, budget=budget)
    run = next((one for one in selection.shown if one.seed == job.seed), None)
    if run is None:
        seeds = ", ".join(str(one.seed) for one in selection.shown)
        received = f"no seed {job.seed} among {seeds}"
        shown = selection.shown[0].budget
        raise store.missing(job.experiment, received, budget=shown, seeds=str(job.seed))
    if lacking := job.lacks(run):
        received = f"a record without {', '.join(lacking)}"
        raise store.missing(job.experiment, received, budget=run.budget)
    return dataclasses.replace(run, replicates=selection.shown, extra=selection.extra)


def _with_recorded(run: Run, job: Job) -> Run:
    """Add the recorded runs of the same code, which plots draw behind a person's own."""
    if run.budget == "smoke":
        return run
    try:
        selection = store.select(job.experiment, job.code)
    except (MissingRecordError, StaleRecordError):
        return run
    except RecordError as problem:
        warnings.warn(f"No recorded runs beside this one: {problem}", stacklevel=4)
        return run
    return dataclasses.replace(run, replicates=selection.shown)


# --- record -------------------------------------------------------------------------------


def _is_recorded_here(budget: str) -> bool:
    recording = choices.recording()
    return recording is not None and budget == recording.budget


def _record(jobs: Sequence[Job]) -> dict[str, Run]:
    """Train and write down what `--only` asks for, unless it is recorded already.

    What it leaves out still has to give the notebook a run: its record if there is one, else a
    smoke run that nobody keeps.
    """
    recording = choices.recording()
    asked_for = [job for job in jobs if fnmatch.fnmatch(job.experiment, recording.only)]
    runs = _recorded(jobs, asked_for, recording.store) if asked_for else {}
    return runs | _stand_ins([job for job in jobs if job.experiment not in runs])


def _recorded(jobs: Sequence[Job], asked_for: Sequence[Job], folder: Path) -> dict[str, Run]:
    """Return the runs in the store once all that is asked for is among them."""
    for job in asked_for:
        store.require_recordable(job.experiment, job.budget, job.dataset.source)
    checkpoint = shared_training.checkpoint_of(jobs)
    with locked(checkpoint, remedy="Name another: XDG_DATA_HOME=DIR labkit record …."):
        runs = _written(jobs, folder)
        rest = [job for job in jobs if job.experiment not in runs]
        until = [job for job in asked_for if job.experiment not in runs]
        for job, run in shared_training.trained(rest, until=until, checkpoint=checkpoint):
            store.add(run, folder, replace=True)
            runs[job.experiment] = run
        if len(runs) == len(jobs):
            checkpoint.unlink(missing_ok=True)
    return runs


def _stand_ins(jobs: Sequence[Job]) -> dict[str, Run]:
    """Return runs to show in place of those that are not asked for."""
    runs = {}
    for job in jobs:
        with contextlib.suppress(MissingRecordError, StaleRecordError):
            runs[job.experiment] = _replay(job, job.budget)
    smoke = [job.at("smoke") for job in jobs if job.experiment not in runs]
    return runs | {job.experiment: run for job, run in shared_training.trained(smoke)}


def _written(jobs: Sequence[Job], folder: Path) -> dict[str, Run]:
    """Return the runs of exactly these jobs that a folder holds."""
    runs = {}
    for job in jobs:
        key = (job.budget, job.seed, job.code().sha256)
        for run in store.read(job.experiment, folder):
            if run.key == key and not job.lacks(run):
                runs[job.experiment] = run
    return runs


# --- train --------------------------------------------------------------------------------


def _train_and_keep(jobs: Sequence[Job]) -> dict[str, Run]:
    """Train for a person: resume what was left unfinished, keep the results in their folder."""
    if jobs[0].budget == "smoke" or jobs[0].dataset.is_sample:
        return {job.experiment: run for job, run in shared_training.trained(jobs, fast=True)}
    folder, checkpoint = folders.user_folder() / "runs", shared_training.checkpoint_of(jobs)
    runs, kept = _ended_before(jobs, checkpoint, folder), True
    rest = [job for job in jobs if job.experiment not in runs]
    for job, run in shared_training.trained(rest, checkpoint=checkpoint, fast=True):
        runs[job.experiment] = run
        try:
            store.add(run, folder, replace=True)
        except (CacheWriteError, RecordError) as problem:
            warnings.warn(f"This run is not kept: {problem}", stacklevel=4)
            kept = False
    if kept:
        checkpoint.unlink(missing_ok=True)
    return runs


def _ended_before(jobs: Sequence[Job], checkpoint: Path, folder: Path) -> dict[str, Run]:
    """Return the runs of jobs that ended before the rest of their path was killed.

    Empty where nothing is under way, or where one of them was not kept: all start afresh then.
    """
    under_way = shared_training.under_way(jobs, checkpoint)
    ended = [job for job in jobs if under_way and job not in under_way]
    try:
        runs = _written(ended, folder)
    except RecordError:
        return {}
    return runs if len(runs) == len(ended) else {}
