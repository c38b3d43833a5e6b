"""The callbacks of recipes that share a path: what they have in common once, and each one's own.

A recipe's own are its EarlyStopping callbacks: they watch and stop, and change nothing that the
others see.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labkit.errors import ParameterError

if TYPE_CHECKING:
    import keras

    from labkit.training.recipe import Recipe

EVERYONE = ""  # whose the callbacks are that all recipes share
_CALLED = ("on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end")


def is_own(callback: keras.callbacks.Callback) -> bool:
    """Say whether a callback concerns its own recipe alone: exactly Keras's EarlyStopping."""
    import keras

    return type(callback) is keras.callbacks.EarlyStopping


class Callbacks:
    """Fresh callbacks of several recipes, and which of the recipes are still under way.

    Args:
        model: compiled; its training begins now.
        recipes: by name; they differ in epochs and EarlyStopping callbacks alone.

    Raises:
        ParameterError: a callback acts at other times than an epoch's or the training's ends.
    """

    def __init__(self, model: keras.Model, recipes: Mapping[str, Recipe]) -> None:
        self.under_way = dict(recipes)
        self._model = model
        self._told = _in_order(recipes)
        for _, callback in self._told:
            _require_called(callback)
            callback.set_model(model)
            callback.on_train_begin()

    def groups(self) -> dict[str, Sequence[keras.callbacks.Callback]]:
        """Return the shared callbacks, under `EVERYONE`, and those of each recipe under way."""
        return {
            owner: [callback for whose, callback in self._told if whose == owner]
            for owner in (EVERYONE, *self.under_way)
        }

    def epoch_begins(self, epoch: int) -> None:
        """Tell all callbacks."""
        for _, callback in self._told:
            callback.on_epoch_begin(epoch)

    def epoch_ends(self, epoch: int, logs: Mapping[str, float]) -> list[str]:
        """Tell all callbacks; return the recipes whose training ends here."""
        stopped, notes = set(), dict(logs)  # callbacks write into what they are told
        for owner, callback in self._told:
            callback.on_epoch_end(epoch, notes)
            if self._model.stop_training:
                stopped.add(owner)
                self._model.stop_training = False
        if EVERYONE in stopped or not math.isfinite(logs["loss"]):
            return list(self.under_way)
        return [
            name
            for name, recipe in self.under_way.items()
            if name in stopped or recipe.epochs == epoch + 1
        ]

    def train_ends(self, name: str) -> None:
        """Tell a recipe's callbacks that its training has ended, and follow it no longer.

        Copies are told, so that the shared callbacks go on for the others as they were.
        """
        for owner, callback in self._told:
            if owner in (EVERYONE, name):
                copy.copy(callback).on_train_end()
        del self.under_way[name]
        self._told = [one for one in self._told if one[0] != name]


def _in_order(recipes: Mapping[str, Recipe]) -> list[tuple[str, keras.callbacks.Callback]]:
    """Return whose each callback is, and the callback, in an order that is every recipe's own.

    The recipes' lists are walked side by side, from one shared callback to the next.
    """
    lists = {name: recipe.fresh_callbacks() for name, recipe in recipes.items()}
    told = []
    while any(lists.values()):
        for name, left in lists.items():
            while left and is_own(left[0]):
                told.append((name, left.pop(0)))
        shared = [left.pop(0) for left in lists.values() if left]
        told += [(EVERYONE, callback) for callback in shared[:1]]
    return told


def _require_called(callback: keras.callbacks.Callback) -> None:
    """Refuse a callback with a method that Keras would call and labkit does not."""
    if uncalled := _uncalled(callback):
        raise ParameterError(
            "Recipe.callbacks",
            expected="callbacks that act when the training or an epoch begins or ends",
            received=f"{type(callback).__name__}, which has {', '.join(uncalled)}",
            remedy="Act in on_epoch_end, or train with plain Keras, which acts between batches.",
        )


def _uncalled(callback: keras.callbacks.Callback) -> list[str]:
    import keras

    plain = keras.callbacks.Callback
    if isinstance(callback, keras.callbacks.ModelCheckpoint) and callback.save_freq == "epoch":
        return []  # its method for batches then does nothing
    hooks = [name for name in dir(plain) if name.startswith("on_") and name not in _CALLED]
    return [
        name
        for name in hooks
        if name in vars(callback) or getattr(type(callback), name) is not getattr(plain, name)
    ]
