"""A dataset and networks so small that a training takes about a second."""

from __future__ import annotations

import dataclasses

import numpy as np

from labkit.data.dataset import Dataset
from labkit.data.split import Split, one_hot
from labkit.training.recipe import Recipe

EXPERIMENT = "99/tiny"
MEASURE = {
    "kernel": lambda model, dataset: model.layers[1].kernel,
    "brightness": lambda model, dataset: dataset.train.images.mean(),
}


def dataset(**changes) -> Dataset:
    """Return images, 8 × 8, of two classes: brighter above, brighter below."""
    made = Dataset(
        name="tiny",
        kind="images",
        source="mirror",
        train=split(320, draw=0),
        validation=split(64, draw=1),
        test=split(96, draw=2),
        class_names=("below", "above"),
        request={"name": "tiny", "train": 320, "validation": 64},
        seed=0,
        fingerprint="0" * 64,
    )
    return dataclasses.replace(made, **changes)


def split(count: int, *, draw: int) -> Split:
    images = np.random.RandomState(draw).rand(count, 8, 8, 1).astype(np.float32)
    labels = (images[:, :4].mean((1, 2, 3)) > images[:, 4:].mean((1, 2, 3))).astype(np.int64)
    return Split(images, labels, one_hot(labels, 2), "images")


def dense():
    """Return a network without penalty, without randomness beyond its initial weights."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.Dense(2, activation="softmax"),
        ]
    )


def recipe(**changes) -> Recipe:
    settings = {
        "loss": "categorical_crossentropy",
        "optimizer": "rmsprop",
        "epochs": 2,
        "batch_size": 64,
    }
    return Recipe(**settings | changes)


def eventful():
    """Return a network with everything that keeps a state of its own."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(16, activation="relu", kernel_regularizer=keras.regularizers.L1(1e-3)),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(2, activation="softmax"),
        ]
    )


def eventful_recipe() -> Recipe:
    """Return a recipe whose events come at known epochs, whatever the numbers are.

    The least change that counts as better is out of reach, so the rate is halved after epochs 3
    and 5, training stops after epoch 5 of 8, and the weights of epoch 2 come back.
    """
    from keras import callbacks, layers

    out_of_reach = {"min_delta": 100.0}
    return recipe(
        epochs=8,
        callbacks=(
            callbacks.ReduceLROnPlateau(patience=2, factor=0.5, **out_of_reach),
            callbacks.EarlyStopping(
                patience=3, start_from_epoch=1, restore_best_weights=True, **out_of_reach
            ),
        ),
        augmentation=(layers.RandomTranslation(0.1, 0.1), layers.GaussianNoise(0.1)),
    )
