"""The training loop: `fit`, epoch by epoch, so that a killed run can go on unchanged.

Each epoch is one call of Keras's own `fit`; what is around it is what Keras's loop lacks: an
order of examples that does not depend on what ran before, and checkpoints with everything in.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm.auto import tqdm

from labkit import checkpoints, evaluation
from labkit.checkpoints import Progress
from labkit.errors import LabkitError

if TYPE_CHECKING:
    import keras

    from labkit.datasets import Split
    from labkit.recipes import Recipe

# RandomState's streams are frozen: the same order in every version of NumPy. The number keeps
# this draw apart from those of the split, which share the seed.
_ORDER = 2

CHECKPOINT_SECONDS = 10.0  # at most so much training is lost when a run is killed


def compiled(model: keras.Model, recipe: Recipe) -> keras.Model:
    """Return the model to train: with augmentation before it, and everything measured."""
    import keras

    trainable = model
    if recipe.augmentation:
        fresh = [_without_seed(layer) for layer in recipe.augmentation]
        trainable = keras.Sequential([keras.Input(model.input_shape[1:]), *fresh, model])
    metrics = [*recipe.metrics, *([_data_loss(recipe)] if _has_penalty(model) else [])]
    trainable.compile(optimizer=recipe.fresh_optimizer(), loss=recipe.loss, metrics=metrics)
    trainable.optimizer.build(trainable.trainable_variables)
    return trainable


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
    """Return the loss as a metric: the same function, without the layers' penalties."""
    import keras

    loss = keras.losses.get(recipe.loss)
    function = loss.call if isinstance(loss, keras.losses.Loss) else loss
    return keras.metrics.MeanMetricWrapper(fn=function, name="data_loss")


def fit(
    model: keras.Model,
    recipe: Recipe,
    splits: Mapping[str, Split],
    *,
    seed: int,
    checkpoint: Path | None = None,
    title: str = "",
) -> Progress:
    """Train epoch by epoch, from the start or from where a checkpoint left off.

    Args:
        model: compiled by `compiled`.
        recipe: resolved at the budget.
        splits: "train", and "validation" if there is one.
        seed: with the epoch's number it draws the order of the examples, and nothing else does.
        checkpoint: where to resume from and to save to; None saves nothing.
        title: shown beside the progress bar.

    Returns:
        History and seconds per epoch. Training ends early when a callback stops it, or when
        the loss is no longer a number.
    """
    import keras

    callbacks = recipe.fresh_callbacks()
    listed = keras.callbacks.CallbackList(callbacks, model=model)
    listed.on_train_begin()
    progress = checkpoints.load(checkpoint, model) if checkpoint else None
    if progress:
        checkpoints.restore(callbacks, progress)
    progress = progress or Progress({}, [])
    saver = _Saver(checkpoint)
    first = len(progress.seconds_per_epoch)
    quiet = recipe.epochs == 1  # nothing to follow, and no bar left in a stored output
    bar = tqdm(range(first, recipe.epochs), desc=title, unit="epoch", leave=False, disable=quiet)
    for epoch in bar:
        order = np.random.RandomState([seed, _ORDER, epoch]).permutation(len(splits["train"]))
        listed.on_epoch_begin(epoch)
        logs = _epoch(model, recipe, splits, order, progress)
        if callbacks:
            logs["learning_rate"] = float(model.optimizer.learning_rate)
        listed.on_epoch_end(epoch, logs)
        for name, value in logs.items():
            progress.history.setdefault(name, []).append(float(value))
        bar.set_postfix(
            {name: f"{logs[name]:.3f}" for name in ("loss", "val_loss") if name in logs}
        )
        if model.stop_training or not math.isfinite(logs["loss"]):
            break
        saver.save(model, callbacks, progress)
    listed.on_train_end()
    return progress


def _epoch(
    model: keras.Model,
    recipe: Recipe,
    splits: Mapping[str, Split],
    order: np.ndarray,
    progress: Progress,
) -> dict[str, float]:
    """Train one epoch, validate, and return what Keras's `fit` would log."""
    train_split = splits["train"]
    started = time.perf_counter()
    logs = model.fit(
        train_split.inputs[order],
        train_split.targets[order],
        batch_size=recipe.batch_size,
        shuffle=False,
        verbose=0,
    ).history
    progress.seconds_per_epoch.append(time.perf_counter() - started)
    logs = evaluation.with_data_loss({name: values[0] for name, values in logs.items()})
    if "validation" in splits:
        validated = evaluation.measured(model, splits["validation"])
        logs |= {f"val_{name}": value for name, value in validated.items()}
    return logs


@dataclass
class _Saver:
    """Saves a training every now and then; a folder that cannot be written is said once."""

    path: Path | None
    saved: float = field(default_factory=time.monotonic)

    def save(self, model, callbacks, progress: Progress) -> None:
        if self.path is None or time.monotonic() - self.saved < CHECKPOINT_SECONDS:
            return
        try:
            checkpoints.save(self.path, model, callbacks, progress)
            self.saved = time.monotonic()
        except LabkitError as problem:
            warnings.warn(f"Training goes on, but cannot be resumed: {problem}", stacklevel=2)
            self.path = None
