"""A candidate for searches on a small table, as a notebook would write it."""

import labkit
from labkit import data, sweeps

SPACE = {"units": [4, 8], "rate": sweeps.between(0.001, 0.1, log=True)}
EXPERIMENT = "99/search"


def table():
    """Return a dataset that is real on every machine."""
    return data.load("pima_indians_diabetes", validation=100, seed=0)


def scaled(settings, *, rate=None):
    import keras
    from keras import layers

    def build():
        inside = [layers.Rescaling(0.01), layers.Dense(settings["units"], activation="relu")]
        end = layers.Dense(1, activation="sigmoid")
        return keras.Sequential([keras.Input((8,)), *inside, end])

    optimizer = keras.optimizers.SGD(rate or settings["rate"])
    return build, labkit.Recipe(
        loss="binary_crossentropy", optimizer=optimizer, epochs=1, batch_size=128
    )


def unlucky(settings):
    """Return what raises, runs out of memory, diverges or is well, one after another."""
    kind = settings["kind"]
    if kind == "raises":
        raise ZeroDivisionError("a slip")
    if kind == "memory":
        raise MemoryError("no room for 8 GB")
    return scaled({"units": 4}, rate=1e30 if kind == "diverges" else 0.01)
