"""Trainings that share one path: the same epoch by epoch, which each leaves at its own end."""

from __future__ import annotations

import dataclasses
import gc
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from labkit import folders
from labkit.errors import ParameterError
from labkit.records import Run, Signature, quoted, signature_of
from labkit.training import checkpoints, loop, metrics
from labkit.training.checkpoints import Progress
from labkit.training.one_training import Training
from labkit.training.recipe import Recipe
from labkit.training.stopping import is_own


def require_shared(trainings: Sequence[Training]) -> None:
    """Refuse what is no path.

    Raises:
        ParameterError: no training, or recipes that differ in more than when they stop; the
            message says in what.
        ModelError: there is no network to train.
    """
    if not trainings:
        raise ParameterError(
            "train_path",
            expected="at least one recipe",
            received="none",
            remedy='Give each by the name of its experiment: {"01/dense-4": recipe, …}.',
        )
    for training in trainings:
        if difference := _difference(trainings[0], training):
            raise ParameterError(
                "train_path",
                expected="recipes that differ only in epochs and EarlyStopping callbacks",
                received=difference,
                remedy="Train by itself, with labkit.train, what differs in more.",
            )


def _difference(one: Training, other: Training) -> str:
    """Say in which lines of their signatures two trainings differ; nothing where they do not."""
    code, other_code = _common(one).lines, _common(other).lines
    if code == other_code:
        return ""
    lines, other_lines = Counter(code), Counter(other_code)
    if lines == other_lines:
        return f"{one.experiment} and {other.experiment} with the same parts in another order"
    return (
        f"{one.experiment} has {quoted((lines - other_lines).elements())}, "
        f"{other.experiment} has {quoted((other_lines - lines).elements())}"
    )


def _common(training: Training) -> Signature:
    """Return the signature without what may differ along a path, and with the metrics."""
    recipe = training.resolved
    shared = tuple(one for one in recipe.callbacks if not is_own(one))
    code = signature_of(
        training.network,
        dataclasses.replace(recipe, epochs=1, callbacks=shared),
        training.dataset.request,
    )
    return Signature((*code.lines, f"metrics: {_measured(recipe)}"))


def _measured(recipe: Recipe) -> str:
    if recipe.metrics is None:
        return "those that fit the targets"
    texts = metrics.definitions(recipe)
    return ", ".join(texts.get(name, name) for name in map(metrics.name_of, recipe.metrics))


def checkpoint_of(trainings: Sequence[Training], kind: str) -> Path:
    """Return the file of an unfinished training; a path's is found by what its trainings share.

    Args:
        trainings: of one path.
        kind: "recording" or "own". They never share a file: a person's own may be rounded.
    """
    first = trainings[0]
    name = first.experiment.replace("/", ".") if len(trainings) == 1 else "path"
    budget, seed, fold, point, _ = first.key
    code = Signature((*_common(first).lines, f"fold: {fold}", f"settings: {point}"))
    file = f"{kind}-{name}-{budget}-{seed}-{code.sha256[:12]}.npz"
    return folders.user_folder() / "unfinished" / file


def under_way(trainings: Sequence[Training], checkpoint: Path) -> list[Training]:
    """Return those that a checkpoint can go on with; the others had ended, or were not there.

    Raises:
        DamagedRecordError: the checkpoint is not what labkit wrote.
    """
    owners = checkpoints.owners(checkpoint)
    return [training for training in trainings if training.kept_as in owners]


def trained(
    trainings: Sequence[Training],
    *,
    asked_for: Sequence[Training] | None = None,
    checkpoint: Path | None = None,
    keep: Callable[[Run], None] | None = None,
    fast: bool = False,
) -> dict[str, Run]:
    """Train along a path, and return the runs that have ended, by their experiments.

    Args:
        trainings: of one path, as `require_shared` has it.
        asked_for: those that have to end; the path goes no further. None is all of them.
        checkpoint: where an unfinished training is kept. If it cannot go on with all that is
            asked for, the path starts afresh; if it can, those of `trainings` that it does not
            know are left out. None keeps nothing.
        keep: called with each run as soon as it has ended.
        fast: as `speed.chosen` has it, where that pays.
    """
    asked_for = trainings if asked_for is None else asked_for
    if not asked_for:
        return {}
    if checkpoint:
        trainings = _going_on(trainings, asked_for, checkpoint)
    by_name = {training.kept_as: training for training in trainings}
    longest = max(asked_for, key=lambda training: training.resolved.epochs)
    prepared = longest.prepared(fast=fast)
    runs = {}

    def ended(name: str, progress: Progress) -> None:
        run = by_name[name].run(prepared, progress)
        runs[run.experiment] = run
        if keep:
            keep(run)

    try:
        loop.fit(
            prepared.compiled,
            {name: training.resolved for name, training in by_name.items()},
            prepared.splits,
            seed=longest.dataset.seed,
            ended=ended,
            asked_for=[training.kept_as for training in asked_for],
            checkpoint=checkpoint,
            execution=prepared.execution,
            title=title(asked_for),
            follow=longest.follow,
        )
    except loop.Abandoned:
        if checkpoint:
            checkpoint.unlink(missing_ok=True)
        raise
    gc.collect()  # compiled steps refer to themselves, and hold the examples until then
    return runs


def _going_on(
    trainings: Sequence[Training], asked_for: Sequence[Training], checkpoint: Path
) -> Sequence[Training]:
    """Return those that go along; a checkpoint that cannot go on with what is asked for goes."""
    known = under_way(trainings, checkpoint)
    if all(training in known for training in asked_for):
        return known
    checkpoint.unlink(missing_ok=True)
    return trainings


def title(trainings: Sequence[Training]) -> str:
    """Return what a person is shown of a path, e.g. "04/third and 3 more"."""
    others = f" and {len(trainings) - 1} more" if len(trainings) > 1 else ""
    return f"{trainings[0].name}{others}"
