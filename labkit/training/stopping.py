"""The callbacks of recipes that share a path: what they have in common once, and each one's own.

A recipe's own are its EarlyStopping callbacks: they watch and stop, and change nothing that the
others see.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from labkit.training import checkpoints

if TYPE_CHECKING:
    import keras

    from labkit.training.recipe import Recipe

EVERYONE = ""  # whose the callbacks are that all recipes share


def is_own(callback: keras.callbacks.Callback) -> bool:
    """Say whether a callback concerns its own recipe alone: exactly Keras's EarlyStopping."""
    import keras

    return type(callback) is keras.callbacks.EarlyStopping


class Callbacks:
    """Fresh callbacks of several recipes, and which of the recipes are still under way.

    Args:
        model: compiled; its training begins now.
        recipes: by name; they differ in epochs and EarlyStopping callbacks alone.
    """

    def __init__(self, model: keras.Model, recipes: Mapping[str, Recipe]) -> None:
        self.under_way = dict(recipes)
        self._model = model
        self._told = _in_order(recipes)
        for _, callback in self._told:
            callback.set_model(model)
            callback.on_train_begin()

    def __len__(self) -> int:
        return len(self._told)

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

    @contextlib.contextmanager
    def ended(self, name: str) -> Iterator[None]:
        """Leave the model as this recipe alone would; then put it back for those under way."""
        del self.under_way[name]
        variables = checkpoints.variables(self._model)
        states = [(callback, dict(vars(callback))) for _, callback in self._told]
        for owner, callback in self._told:
            if owner in (EVERYONE, name):
                callback.on_train_end()
        yield
        self._told = [one for one in self._told if one[0] != name]
        if self.under_way:
            checkpoints.put_back(self._model, variables)
            for callback, state in states:
                callback.__dict__ = state


def _in_order(recipes: Mapping[str, Recipe]) -> list[tuple[str, keras.callbacks.Callback]]:
    """Return whose each callback is, and the callback, in an order that is every recipe's own."""
    placed = []
    for number, (name, recipe) in enumerate(recipes.items()):
        place = 0  # how many of the shared ones come before
        for callback in recipe.fresh_callbacks():
            if is_own(callback):
                placed.append((place, name, callback))
            else:
                place += 1
                if number == 0:
                    placed.append((place - 0.5, EVERYONE, callback))
    return [(name, callback) for _, name, callback in sorted(placed, key=lambda one: one[0])]
