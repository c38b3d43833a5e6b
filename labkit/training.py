"""`train`: one network, one recipe, one dataset, one `Run`; trained, resumed or replayed.

Three ways lead to a Run. *Train* starts from the seed, or goes on from an unfinished run.
*Replay* looks up what was recorded for exactly this code. *Record* is train, with the result
written to the store; `labkit record` switches it on.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import math
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit import evaluation, fitting, provenance, store, workspace
from labkit.errors import (
    CacheWriteError,
    MissingRecordError,
    ModelError,
    ParameterError,
    RecordError,
    StaleRecordError,
)
from labkit.files import locked
from labkit.recipes import SMOKE_EXAMPLES, Recipe
from labkit.records import DataStamp, Run
from labkit.signatures import Signature, signature

if TYPE_CHECKING:
    import keras

    from labkit.datasets import Dataset

Build = Callable[[], "keras.Model"]
Measure = Mapping[str, Callable[["keras.Model", "Dataset"], Any]]


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
    store.path_of(experiment)  # an ill-formed name fails before anything is trained
    level, mode = workspace.choice("budget", budget), workspace.choice("mode", mode)
    job = _Job(build, dataset, recipe.at(level), experiment, level, test, measure)
    if mode == "train" and _is_recorded_here(level):
        return _record(job, recipe)
    if mode == "train":
        return _with_recorded(_train_and_keep(job), job, recipe)
    shown_budget = level if workspace.budget_is_explicit(budget) else None
    try:
        return _replay(job, recipe, shown_budget)
    except (MissingRecordError, StaleRecordError) as problem:
        if mode == "replay":
            raise
        print(f"{experiment}: {type(problem).__name__}, so it is trained here.")
        return _train_and_keep(job)


@dataclasses.dataclass(frozen=True)
class _Job:
    """One training that is to be done: `train`'s arguments, resolved."""

    build: Build
    dataset: Dataset
    recipe: Recipe
    experiment: str
    budget: str
    test: bool
    measure: Measure | None

    @property
    def seed(self) -> int:
        return self.dataset.seed

    def checkpoint(self, code: Signature) -> Path:
        name = f"{self.experiment.replace('/', '.')}-{self.budget}-{self.seed}-{code.sha256[:12]}"
        return workspace.user_folder() / "unfinished" / f"{name}.npz"


# --- replay -------------------------------------------------------------------------------


def _replay(job: _Job, recipe: Recipe, budget: str | None) -> Run:
    selection = store.select(job.experiment, _signature_at(job, recipe), budget=budget)
    run = next((one for one in selection.shown if one.seed == job.seed), None)
    if run is None:
        seeds = ", ".join(str(one.seed) for one in selection.shown)
        received = f"no seed {job.seed} among {seeds}"
        shown = selection.shown[0].budget
        raise store.missing(job.experiment, received, budget=shown, seeds=str(job.seed))
    if lacking := _lacking(run, job):
        received = f"a record without {', '.join(lacking)}"
        raise store.missing(job.experiment, received, budget=run.budget)
    return dataclasses.replace(run, replicates=selection.shown, extra=selection.extra)


def _lacking(run: Run, job: _Job) -> list[str]:
    """Return what the notebook wants to know and the record does not say."""
    unmeasured = sorted(set(job.measure or {}) - set(run.measures))
    return unmeasured + ["test metrics"] * (job.test and "test" not in run.metrics)


def _signature_at(job: _Job, recipe: Recipe) -> Callable[[str], Signature]:
    model = _built(job.build)
    return lambda budget: signature(model, recipe.at(budget), job.dataset.request)


def _with_recorded(run: Run, job: _Job, recipe: Recipe) -> Run:
    """Add the recorded runs of the same code, which plots draw behind a person's own."""
    if run.budget == "smoke":
        return run
    try:
        selection = store.select(job.experiment, _signature_at(job, recipe))
    except (MissingRecordError, StaleRecordError):
        return run
    except RecordError as problem:
        warnings.warn(f"No recorded runs beside this one: {problem}", stacklevel=3)
        return run
    return dataclasses.replace(run, replicates=selection.shown)


# --- record -------------------------------------------------------------------------------


def _is_recorded_here(budget: str) -> bool:
    recording = workspace.recording()
    return recording is not None and budget == recording.budget


def _record(job: _Job, recipe: Recipe) -> Run:
    """Train and write down, unless it is recorded already.

    What `--only` leaves out still has to give the notebook a run: its record if there is one,
    else a smoke run that nobody keeps.
    """
    recording = workspace.recording()
    if not fnmatch.fnmatch(job.experiment, recording.only):
        smoke = dataclasses.replace(job, recipe=recipe.at("smoke"), budget="smoke")
        try:
            return _replay(job, recipe, job.budget)
        except (MissingRecordError, StaleRecordError):
            return _trained(smoke, None)
    store.require_recordable(job.experiment, job.budget, job.dataset.source)
    checkpoint = job.checkpoint(_signature_at(job, recipe)(job.budget))
    with locked(checkpoint, remedy="Name another: XDG_DATA_HOME=DIR labkit record …."):
        done = _recorded(job, recipe, recording.store)
        run = done or _trained(job, checkpoint)
        if done is None:
            store.add(run, recording.store, replace=True)
            checkpoint.unlink(missing_ok=True)
    return run


def _recorded(job: _Job, recipe: Recipe, folder: Path) -> Run | None:
    code = _signature_at(job, recipe)(job.budget)
    key = (job.budget, job.seed, code.sha256)
    runs = (run for run in store.read(job.experiment, folder) if not _lacking(run, job))
    return next((run for run in runs if run.key == key), None)


# --- train --------------------------------------------------------------------------------


def _train_and_keep(job: _Job) -> Run:
    """Train for a person: resume what was left unfinished, keep the result in their folder."""
    if job.budget == "smoke" or job.dataset.is_sample:
        return _trained(job, None)
    checkpoint = job.checkpoint(signature(_built(job.build), job.recipe, job.dataset.request))
    run = _trained(job, checkpoint)
    try:
        store.add(run, workspace.user_folder() / "runs", replace=True)
        checkpoint.unlink(missing_ok=True)
    except (CacheWriteError, RecordError) as problem:
        warnings.warn(f"This run is not kept: {problem}", stacklevel=3)
    return run


def _trained(job: _Job, checkpoint: Path | None) -> Run:
    """Train from the seed alone, or from the checkpoint; measure; return the run."""
    import keras

    started = time.perf_counter()
    keras.utils.set_random_seed(job.seed)
    model = _built(job.build)
    trainable = fitting.compiled(model, job.recipe)
    splits = _splits(job)
    progress = fitting.fit(
        trainable, job.recipe, splits, seed=job.seed, checkpoint=checkpoint, title=job.experiment
    )
    diverged = not math.isfinite(progress.history["loss"][-1])
    counts, mistakes = None, None
    if "test" in splits and job.dataset.class_names and not diverged:
        counts, mistakes = evaluation.confusion(model, splits["test"], len(job.dataset.class_names))
    return Run(
        experiment=job.experiment,
        budget=job.budget,
        seed=job.seed,
        status="diverged" if diverged else "finished",
        signature=signature(model, job.recipe, job.dataset.request),
        dataset=_stamp(job.dataset, splits),
        parameters=model.count_params(),
        trainable_parameters=sum(math.prod(one.shape) for one in model.trainable_weights),
        history={name: tuple(values) for name, values in progress.history.items()},
        metrics={name: evaluation.measured(trainable, one) for name, one in splits.items()},
        seconds=time.perf_counter() - started + progress.seconds_before,
        seconds_per_epoch=tuple(progress.seconds_per_epoch),
        confusion=counts,
        mistakes=mistakes,
        measures=evaluation.measures(job.measure, model, job.dataset),
        provenance=provenance.collect(),
    )


def _built(build: Build) -> keras.Model:
    import keras

    model = build()
    received = None
    if not isinstance(model, keras.Model):
        received = repr(model)
    elif model.compiled:
        received = "a compiled model"
    elif not hasattr(model, "input_shape"):  # a Sequential not built yet, or a subclass
        received = "a model without an input shape"
    if received:
        raise ModelError(
            "build()",
            expected="a new, uncompiled Keras model that knows its input shape",
            received=received,
            remedy="Return keras.Sequential([keras.Input(shape), …]); train compiles it itself.",
        )
    return model


def _splits(job: _Job) -> dict[str, Any]:
    """Return the examples of each split that this run uses."""
    dataset, recipe = job.dataset, job.recipe
    whole = job.budget != "smoke" and not dataset.is_sample
    if recipe.examples and whole and recipe.examples > len(dataset.train):
        raise ParameterError(
            "Recipe.examples",
            expected=f"at most the {len(dataset.train)} training examples of the dataset",
            received=str(recipe.examples),
            remedy="Load more, or train on fewer.",
        )
    splits = {"train": dataset.train, "validation": dataset.validation}
    if job.test:
        splits["test"] = dataset.test
    limits = dict.fromkeys(splits, SMOKE_EXAMPLES if job.budget == "smoke" else None)
    limits["train"] = recipe.examples or limits["train"]
    return {
        name: split.take(limits[name] or len(split), job.seed)
        for name, split in splits.items()
        if split is not None
    }


def _stamp(dataset: Dataset, splits: Mapping[str, Any]) -> DataStamp:
    return DataStamp(
        name=dataset.name,
        request=dict(dataset.request),
        source=dataset.source,
        sizes={name: len(split) for name, split in splits.items()},
        fingerprint=dataset.fingerprint,
    )
