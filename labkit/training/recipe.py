"""`Recipe`: how a network is trained. What is trained, and on what, is said elsewhere."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit import choices
from labkit.counts import checked_count
from labkit.training.metrics import require_metrics

if TYPE_CHECKING:
    import keras

SMOKE_EXAMPLES = 256  # at most, of each split
SMOKE_EPOCHS = 1


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything `train` needs beside the network and the data.

    Attributes:
        loss: a Keras loss, by name or as an object.
        optimizer: a Keras optimizer, by name or as an object; `train` makes a fresh copy of it.
        epochs: passes over the training set; a number or `by_budget(lab=…, full=…)`.
        batch_size: training examples per weight update.
        metrics: measured beside the loss on every split: names and Keras metrics, of which each
            training makes fresh copies. Beside Keras's own names there are ``"top_5_accuracy"``,
            ``"r2"`` and ``"psnr"``. None follows the targets: accuracy for classes, and the top
            five of more than ten; ``"mae"``, ``"mse"`` and ``"r2"`` for numbers; ``"mse"`` and
            ``"psnr"`` for an autoencoder's. ``()`` is nothing.
        callbacks: Keras callbacks that act between epochs (early stopping, rate reduction), not
            between batches; `train` works on fresh copies.
        augmentation: Keras preprocessing layers applied to each training batch, in order.
        examples: train on so many examples only; None is all. A number or `by_budget(…)`.

    Raises:
        ParameterError: epochs, batch_size or examples is not a positive whole number; what
            cannot be measured is among the metrics.
    """

    loss: str | keras.losses.Loss
    optimizer: str | keras.optimizers.Optimizer
    epochs: int | choices.ByBudget
    batch_size: int | choices.ByBudget = 32
    metrics: tuple[str | keras.metrics.Metric, ...] | None = None
    callbacks: tuple[keras.callbacks.Callback, ...] = ()
    augmentation: tuple[keras.layers.Layer, ...] = ()
    examples: int | choices.ByBudget | None = None

    def __post_init__(self) -> None:
        for budget in ("lab", "full"):
            for name in ("epochs", "batch_size", "examples"):
                _require_count(name, choices.resolve(getattr(self, name), budget))
        if self.metrics is not None:
            require_metrics(self.metrics)

    def at(self, budget: str) -> Recipe:
        """Return the recipe with every by-budget setting resolved.

        Smoke trains one epoch on at most 256 examples, whatever the recipe says.
        """
        values = {
            field.name: choices.resolve(getattr(self, field.name), budget)
            for field in dataclasses.fields(self)
        }
        if budget == "smoke":
            values["epochs"] = SMOKE_EPOCHS
            values["examples"] = min(values["examples"] or SMOKE_EXAMPLES, SMOKE_EXAMPLES)
        return Recipe(**values)

    def fresh_optimizer(self) -> keras.optimizers.Optimizer:
        """Return a new optimizer without state, with this recipe's configuration."""
        import keras

        optimizer = keras.optimizers.get(self.optimizer)
        return type(optimizer).from_config(optimizer.get_config())

    def fresh_callbacks(self) -> list[keras.callbacks.Callback]:
        """Return new callbacks without state, with this recipe's settings."""
        return [copy.deepcopy(callback) for callback in self.callbacks]


def _require_count(name: str, value: Any) -> None:
    if name == "examples" and value is None:
        return
    remedy = f"Write {name}=10, or {name}=by_budget(lab=3, full=10)."
    checked_count(f"Recipe.{name}", value, remedy=remedy)
