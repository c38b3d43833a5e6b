"""The training loop: `fit`, epoch by epoch, so that a killed run can go on unchanged.

Each epoch is one call of Keras's own `fit`; what is around it is what Keras's loop lacks: an
order of examples that does not depend on what ran before, checkpoints with everything in, and
several ends along one path.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm.auto import tqdm

from labkit.errors import LabkitError
from labkit.training import checkpoints, evaluation
from labkit.training.batches import Feed
from labkit.training.checkpoints import Progress
from labkit.training.speed import PLAIN, Execution
from labkit.training.stopping import Callbacks

if TYPE_CHECKING:
    import keras

    from labkit.data import Split
    from labkit.training.recipe import Recipe

# RandomState's streams are frozen: the same order in every version of NumPy. The number keeps
# this draw apart from those of the split, which share the seed.
_ORDER = 2

Follow = Callable[[int, Mapping[str, float]], None]

CHECKPOINT_SECONDS = 10.0  # at most so much training is lost when a run is killed


class Abandoned(Exception):
    """What `follow` raises where a training is ended for good, and not to be resumed."""


def order(count: int, *, seed: int, epoch: int) -> np.ndarray:
    """Return the order in which an epoch goes through the examples, int (count,).

    >>> order(6, seed=0, epoch=0).tolist()
    [5, 2, 0, 1, 3, 4]
    """
    return np.random.RandomState([seed, _ORDER, epoch]).permutation(count)


def fit(
    model: keras.Model,
    recipes: Mapping[str, Recipe],
    splits: Mapping[str, Split],
    *,
    seed: int,
    ended: Callable[[str, Progress], None],
    asked_for: Collection[str] | None = None,
    checkpoint: Path | None = None,
    execution: Execution = PLAIN,
    title: str = "",
    follow: Follow | None = None,
) -> None:
    """Train epoch by epoch, from the start or from where a checkpoint left off.

    A recipe's training ends after its epochs, when a callback stops it, or when the loss is no
    longer a number.

    Args:
        model: compiled by `network.compiled`.
        recipes: by name, resolved at the budget. Several differ only in when they stop, in their
            epochs and EarlyStopping callbacks, and share the path up to there.
        splits: "train", and "validation" if there is one.
        seed: with the epoch's number it draws the order of the examples, and nothing else does.
        ended: called with a recipe's name, its history and its times when its training ends.
            While it is called, the model is what this recipe alone would have made of it.
        asked_for: names of the recipes with the last of which training ends, though others be
            still under way; their checkpoint is saved then. None is all of them.
        checkpoint: where to resume from, which it can with recipes that were under way then, and
            to save to; None saves nothing.
        execution: faster or as Keras does by itself.
        title: shown beside the progress bar.
        follow: told of each epoch, counted from 1, and what was logged of it, in place of a bar;
            what it raises ends the training.

    Raises:
        ParameterError: a callback acts at other times than this loop tells it of.
        ModelError: the model's own `train_step` returns no loss.
    """
    callbacks = Callbacks(model, recipes)
    progress = _resumed(checkpoint, model, callbacks)
    saver = _Saver(checkpoint)
    asked_for = set(recipes if asked_for is None else asked_for)
    batch_size = next(iter(recipes.values())).batch_size
    has_callbacks = any(recipe.callbacks for recipe in recipes.values())
    feeds = {name: Feed(one.inputs, one.targets) for name, one in splits.items() if name != "test"}
    first, last = progress.epochs, max(recipes[name].epochs for name in asked_for)
    # One epoch is nothing to follow, and leaves no bar in a stored output; who follows shows it.
    quiet = last == 1 or follow is not None
    with _bar(first, last, title=title, quiet=quiet) as bar:
        for epoch in range(first, last):
            callbacks.epoch_begins(epoch)
            batches = feeds["train"].batches(
                batch_size, order(len(splits["train"]), seed=seed, epoch=epoch)
            )
            logs = _epoch(model, batches, progress, execution) | _validated(model, feeds)
            if has_callbacks:
                logs["learning_rate"] = float(model.optimizer.learning_rate)
            progress.add(logs)
            if follow:
                follow(progress.epochs, logs)
            bar.set_postfix(
                {name: f"{logs[name]:.3f}" for name in ("loss", "val_loss") if name in logs}
            )
            bar.update()
            for name in callbacks.epoch_ends(epoch, logs):
                with _put_back(model):
                    callbacks.train_ends(name)
                    ended(name, _own(progress, recipes[name]))
            if asked_for.isdisjoint(callbacks.under_way):
                break
            saver.save(model, callbacks, progress)
    if callbacks.under_way:
        saver.save(model, callbacks, progress, at_once=True)


@contextlib.contextmanager
def _bar(first: int, last: int, *, title: str, quiet: bool) -> Iterator[tqdm]:
    """Show a bar of epochs until training has ended, by itself, by a callback or by an error."""
    bar = tqdm(initial=first, total=last, desc=title, unit="epoch", leave=False, disable=quiet)
    try:
        yield bar
    finally:
        bar.total = bar.n  # a notebook's bar that is closed before its end would turn red, and stay
        bar.close()


def _resumed(checkpoint: Path | None, model: keras.Model, callbacks: Callbacks) -> Progress:
    """Put model and callbacks back where a checkpoint left them; return how far that was."""
    progress = checkpoints.load(checkpoint, model) if checkpoint else None
    if progress is None:
        return Progress({}, [])
    checkpoints.restore(callbacks.groups(), progress)
    return progress


@contextlib.contextmanager
def _put_back(model: keras.Model) -> Iterator[None]:
    """Undo what becomes of the model within this context."""
    before = checkpoints.variables(model)
    yield
    checkpoints.put_back(model, before)


def _own(progress: Progress, recipe: Recipe) -> Progress:
    """Return a copy that stays as it is; without callbacks, nobody asked for learning rates."""
    history = {
        name: list(values)
        for name, values in progress.history.items()
        if recipe.callbacks or name != "learning_rate"
    }
    return replace(progress, history=history, seconds_per_epoch=[*progress.seconds_per_epoch])


def _epoch(
    model: keras.Model, batches: Mapping[str, Any], progress: Progress, execution: Execution
) -> dict[str, float]:
    """Train one epoch, and return what Keras's `fit` would log."""
    started = time.perf_counter()
    with execution.arithmetic():
        logs = model.fit(**batches, shuffle=False, verbose=0).history
    progress.seconds_per_epoch.append(time.perf_counter() - started)
    return evaluation.with_data_loss({name: values[0] for name, values in logs.items()})


def _validated(model: keras.Model, feeds: Mapping[str, Feed]) -> dict[str, float]:
    """Return what Keras's `fit` would log of the validation examples, if there are any."""
    if "validation" not in feeds:
        return {}
    measured = evaluation.measured(model, feeds["validation"])
    return {f"val_{name}": value for name, value in measured.items()}


@dataclass
class _Saver:
    """Saves a training every now and then; a folder that cannot be written is said once."""

    path: Path | None
    saved: float = field(default_factory=time.monotonic)

    def save(self, model, callbacks, progress: Progress, *, at_once: bool = False) -> None:
        early = time.monotonic() - self.saved < CHECKPOINT_SECONDS
        if self.path is None or (early and not at_once):
            return
        try:
            checkpoints.save(self.path, model, callbacks.groups(), progress)
            self.saved = time.monotonic()
        except LabkitError as problem:
            warnings.warn(f"Training goes on, but cannot be resumed: {problem}", stacklevel=2)
            self.path = None
