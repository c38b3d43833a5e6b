"""The training loop: `fit`, epoch by epoch, so that a killed run can go on unchanged.

Each epoch is one call of Keras's own `fit`; what is around it is what Keras's loop lacks: an
order of examples that does not depend on what ran before, checkpoints with everything in, and
several ends along one path.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Collection, Iterator, Mapping
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

CHECKPOINT_SECONDS = 10.0  # at most so much training is lost when a run is killed


def compiled(model: keras.Model, recipe: Recipe, *, execution: Execution = PLAIN) -> keras.Model:
    """Return the model to train: with augmentation before it, and everything measured.

    Args:
        model: as the notebook built it.
        recipe: resolved at the budget.
        execution: as `fit` is given it.
    """
    import keras

    trainable = model
    if recipe.augmentation:
        fresh = [_without_seed(layer) for layer in recipe.augmentation]
        trainable = keras.Sequential([keras.Input(model.input_shape[1:]), *fresh, model])
    metrics = [*recipe.metrics, *([_data_loss(recipe)] if _has_penalty(model) else [])]
    trainable.compile(
        optimizer=recipe.fresh_optimizer(),
        loss=recipe.loss,
        metrics=metrics,
        steps_per_execution=execution.steps,
    )
    trainable.optimizer.build(trainable.trainable_variables)
    return trainable


def _build_metrics(model: keras.Model, targets: np.ndarray) -> None:
    """Build the metrics; where the first step has to, TensorFlow traces all of it twice."""
    import keras

    shape = getattr(model, "output_shape", None)  # a list where there are several outputs
    if isinstance(shape, tuple) and None not in shape[1:]:
        outputs = keras.ops.zeros((1, *shape[1:]))
        model.compute_metrics(None, keras.ops.convert_to_tensor(targets[:1]), outputs)
        model.reset_metrics()


def _has_penalty(model: keras.Model) -> bool:
    """Say whether a layer adds to the loss. Those that punish activities do so only when called."""
    layers = [layer for layer in model.layers if hasattr(layer, "layers")]
    punishes = any(getattr(layer, "activity_regularizer", None) for layer in model.layers)
    return bool(model.losses) or punishes or any(map(_has_penalty, layers))


def _without_seed(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a copy whose seed comes from the run's, not from when the recipe was written."""
    config = {name: value for name, value in layer.get_config().items() if name != "seed"}
    return type(layer).from_config(config)


def _data_loss(recipe: Recipe) -> keras.metrics.Metric:
    """Return the loss as a metric: the same function, without the layers' penalties.

    Where the network has one output and targets are (n,), they become (n, 1), as in Keras's own
    losses; the bare functions that a name stands for do not all do that.
    """
    import keras

    loss = keras.losses.get(recipe.loss)
    function = loss.call if isinstance(loss, keras.losses.Loss) else loss

    def of_each_example(targets: Any, outputs: Any) -> Any:
        if outputs.shape[-1] == 1 and len(outputs.shape) == len(targets.shape) + 1:
            targets = keras.ops.expand_dims(targets, -1)
        return function(targets, outputs)

    return keras.metrics.MeanMetricWrapper(fn=of_each_example, name="data_loss")


def fit(
    model: keras.Model,
    recipes: Mapping[str, Recipe],
    splits: Mapping[str, Split],
    *,
    seed: int,
    checkpoint: Path | None = None,
    until: Collection[str] | None = None,
    execution: Execution = PLAIN,
    title: str = "",
) -> Iterator[tuple[str, Progress]]:
    """Train epoch by epoch, from the start or from where a checkpoint left off.

    Args:
        model: compiled by `compiled`.
        recipes: by name, resolved at the budget. Several differ only in when they stop, in their
            epochs and EarlyStopping callbacks, and share the path up to there.
        splits: "train", and "validation" if there is one.
        seed: with the epoch's number it draws the order of the examples, and nothing else does.
        checkpoint: where to resume from, which it can with recipes that were under way then, and
            to save to; None saves nothing.
        until: names of the recipes with the last of which training ends, though others be still
            under way; their checkpoint is saved then. None is all of them.
        execution: faster or as Keras does by itself.
        title: shown beside the progress bar.

    Yields:
        A recipe's name with its history and seconds per epoch, once its training has ended: after
        its epochs, when a callback stops it, or when the loss is no longer a number. Until the
        next one is asked for, the model is what this recipe alone would have made of it.
    """
    callbacks = Callbacks(model, recipes)
    progress = checkpoints.load(checkpoint, model) if checkpoint else None
    if progress:
        checkpoints.restore(callbacks.groups(), progress)
    progress = progress or Progress({}, [])
    saver = _Saver(checkpoint)
    recipe, wanted = next(iter(recipes.values())), set(recipes if until is None else until)
    first, last = len(progress.seconds_per_epoch), max(recipes[name].epochs for name in wanted)
    feed = Feed(splits["train"].inputs, splits["train"].targets)
    _build_metrics(model, splits["train"].targets)
    quiet = last == 1  # nothing to follow, and no bar left in a stored output
    bar = tqdm(range(first, last), desc=title, unit="epoch", leave=False, disable=quiet)
    for epoch in bar:
        order = np.random.RandomState([seed, _ORDER, epoch]).permutation(len(splits["train"]))
        callbacks.epoch_begins(epoch)
        batches = feed.batches(recipe.batch_size, order)
        logs = _epoch(model, batches, progress, execution)
        logs |= _validated(model, splits)
        if callbacks:
            logs["learning_rate"] = float(model.optimizer.learning_rate)
        for name, value in logs.items():
            progress.history.setdefault(name, []).append(float(value))
        bar.set_postfix(
            {name: f"{logs[name]:.3f}" for name in ("loss", "val_loss") if name in logs}
        )
        for name in callbacks.epoch_ends(epoch, logs):
            with callbacks.ended(name):
                yield name, _own(progress, recipes[name])
        if wanted.isdisjoint(callbacks.under_way):
            break
        saver.save(model, callbacks, progress)
    if callbacks.under_way:
        saver.save(model, callbacks, progress, at_once=True)


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


def _validated(model: keras.Model, splits: Mapping[str, Split]) -> dict[str, float]:
    """Return what Keras's `fit` would log of the validation examples, if there are any."""
    if "validation" not in splits:
        return {}
    measured = evaluation.measured(model, splits["validation"])
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
