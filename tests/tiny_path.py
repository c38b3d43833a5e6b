"""Recipes that share a path, ends of every kind on it, and what is measured there."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import tiny
from keras import callbacks

from labkit.training import train_path

EVENTFUL = tiny.eventful_recipe()
REDUCE = EVENTFUL.callbacks[0]


def patient(patience):
    """Return a callback that stops after so many epochs without what is out of reach.

    It waits from the second epoch on, which is the best it ever sees.
    """
    return callbacks.EarlyStopping(
        patience=patience, min_delta=100.0, start_from_epoch=1, restore_best_weights=True
    )


def stops(*with_callbacks, epochs=8):
    return dataclasses.replace(EVENTFUL, epochs=epochs, callbacks=with_callbacks)


# Their epochs are 4, 3, 5 and 5; two end together, and the others at an end of their own.
RECIPES = {
    "99/four": stops(REDUCE, epochs=4),
    "99/patience-1": stops(REDUCE, patient(1)),
    "99/patience-3": stops(patient(3), REDUCE),
    "99/five": stops(REDUCE, patient(30), epochs=5),
}
EPOCHS = {"99/four": 4, "99/patience-1": 3, "99/patience-3": 5, "99/five": 5}


def spoil(model, dataset):
    """Return a number of the network, and leave nothing in the network as it was."""
    norm = float(sum(np.abs(one).sum() for one in model.get_weights()))
    model.set_weights([np.zeros_like(one) for one in model.get_weights()])
    return norm


MEASURE = {
    "drawn": lambda model, dataset: [*np.random.random(2), *keras.random.normal((2,))],
    "norm": spoil,
}


def along(dataset, recipes=RECIPES, *, build=tiny.eventful, **options):
    options = {"budget": "full", "mode": "train", "measure": MEASURE} | options
    return train_path(build, dataset, recipes, **options)


def along_dense(dataset, recipes=RECIPES, **options):
    """Train a network without a state of its own, for what only counts epochs: that is cheaper."""
    return along(dataset, recipes, build=tiny.dense, measure=None, **options)
