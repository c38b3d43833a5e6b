"""What labkit's training costs beside plain Keras, and what its own choices gain."""

from __future__ import annotations

import functools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import networks
import numpy as np
import pairs
from networks import Network

TURNS = 5
EPOCHS = 5
VALIDATION = 2_000  # images
OVERHEAD = ("dense-4", "conv-a", "conv-c", "third")
SMALL = ("dense-2", "dense-4", "dense-4-l2", "dense-4-dropout", "perceptron", "first")
WARM_UP = 1_000  # images
EVALUATION_BATCH = 512  # as labkit has it


def images(name: str) -> int:
    """Return on how many images a network is trained: for 10 to 30 s of plain Keras on 2 cores."""
    return 30_000 if name in SMALL else 12_000


@functools.cache
def digits(images: int, seed: int):
    """Return MNIST, so many training images of it."""
    from labkit import data

    sizes = {"train": images, "validation": VALIDATION, "one_hot": True}
    return data.load("mnist", **sizes, seed=seed, source="real")


@contextmanager
def environment(**settings: str) -> Iterator[None]:
    """Set variables for a while."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def plain(network: Network, data: Any, seed: int) -> dict[str, float]:
    """Train with plain Keras, measuring what a record holds; return seconds and accuracy."""
    import keras
    from keras import Input, Sequential

    started = time.perf_counter()
    keras.utils.set_random_seed(seed)
    model = network.build()
    augmentation = network.recipe["augmentation"]
    trained = Sequential([Input((28, 28, 1)), *augmentation, model]) if augmentation else model
    optimizer = network.recipe["optimizer"]
    if not isinstance(optimizer, str):
        optimizer = type(optimizer).from_config(optimizer.get_config())
    trained.compile(optimizer, network.recipe["loss"], metrics=["accuracy"])
    trained.fit(
        data.train.inputs,
        data.train.targets,
        batch_size=network.recipe["batch_size"],
        epochs=EPOCHS,
        validation_data=(data.validation.inputs, data.validation.targets),
        validation_batch_size=EVALUATION_BATCH,
        verbose=0,
    )
    measured = [
        trained.evaluate(
            split.inputs, split.targets, batch_size=EVALUATION_BATCH, verbose=0, return_dict=True
        )
        for split in (data.train, data.validation, data.test)
    ]
    answers = model.predict(data.test.inputs, batch_size=EVALUATION_BATCH, verbose=0)
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (data.test.labels, answers.argmax(axis=1)), 1)
    return {"seconds": time.perf_counter() - started, "accuracy": measured[-1]["accuracy"]}


def with_labkit(network: Network, data: Any, *, recorded: bool) -> dict[str, float]:
    """Train with `labkit.train` as a recording does it, or as a person has it."""
    import labkit

    recipe = labkit.Recipe(**network.recipe, epochs=EPOCHS, metrics=("accuracy",))
    with tempfile.TemporaryDirectory() as folder:
        settings = {"LABKIT_MODE": "train", "LABKIT_BUDGET": "lab", "XDG_DATA_HOME": folder}
        if recorded:
            settings["LABKIT_RECORD"] = folder
        with environment(**settings):
            started = time.perf_counter()
            run = labkit.train(network.build, data, recipe, experiment=f"99/{network.name}")
            seconds = time.perf_counter() - started
    return {"seconds": seconds, "accuracy": run.test.accuracy, "how": how(run)}


def mean_and_spread(values: list[float]) -> list[float]:
    """Return the mean and, over seeds, the standard deviation; 0 where there is one seed."""
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return [round(statistics.fmean(values), 5), round(spread, 5)]


def how(run: Any) -> str:
    """Return how a run was executed, e.g. "32 steps at a time, mixed_bfloat16"."""
    return f"{run.provenance['execution']}, {run.provenance['precision']}"


def compared(name: str, *, recorded: bool, turns: int = TURNS) -> dict[str, Any]:
    """Compare one network, a seed a turn; return the ratio, and accuracy side by side."""
    network = networks.network(name)
    measured: dict[str, list[float]] = {"labkit": [], "plain": []}
    executed = []

    def side(which: str) -> float:
        turn = len(measured[which])
        seed = max(turn - 1, 0)
        data = digits(images(name) if turn else WARM_UP, seed)
        if which == "plain":
            found = plain(network, data, seed)
        else:
            found = with_labkit(network, data, recorded=recorded)
            executed.append(found["how"])
        measured[which].append(found["accuracy"])
        return found["seconds"]

    first, second = ("labkit", "plain") if recorded else ("plain", "labkit")
    ratio = pairs.compare(
        name, functools.partial(side, first), functools.partial(side, second), turns=turns
    )
    gaps = [
        ours - theirs
        for ours, theirs in zip(measured["labkit"][1:], measured["plain"][1:], strict=True)
    ]
    return ratio.as_json() | {
        "how": executed[-1],
        "images": images(name),
        "accuracy": {name: mean_and_spread(side[1:]) for name, side in measured.items()},
        "difference": mean_and_spread(gaps),  # labkit − plain Keras, paired by seed
    }


def overhead(turns: int = TURNS) -> Iterator[dict[str, Any]]:
    """Yield labkit ÷ plain Keras, as a recording trains."""
    for name in OVERHEAD:
        yield compared(name, recorded=True, turns=turns)


def gain(turns: int = TURNS) -> Iterator[dict[str, Any]]:
    """Yield plain Keras ÷ labkit, as a person trains."""
    for name in networks.NAMES:
        yield compared(name, recorded=False, turns=turns)


def augmentation(turns: int = TURNS) -> Iterator[dict[str, Any]]:
    """Yield what deforming the images costs R2's third model, and how long its steps wait.

    The first row is the training with augmentation ÷ without. The second is an epoch as labkit
    feeds it ÷ one of the same number of steps for which one batch is always there.
    """
    deformed = networks.network("third")
    bare = Network("third", deformed.build, deformed.recipe | {"augmentation": ()})
    data = digits(images("third"), 0)

    def seconds(network: Network) -> float:
        return with_labkit(network, data, recorded=False)["seconds"]

    yield pairs.compare(
        "third, augmented",
        functools.partial(seconds, deformed),
        functools.partial(seconds, bare),
        turns=turns,
    ).as_json()
    fed, ready = epochs(deformed, data)
    yield pairs.compare("third, fed", fed, ready, turns=turns).as_json()


def epochs(network: Network, data: Any) -> tuple[Callable[[], float], Callable[[], float]]:
    """Return what trains an epoch from the feed, and what trains it on one batch, in seconds."""
    import tensorflow as tf

    import labkit
    from labkit.training import speed
    from labkit.training.batches import Feed
    from labkit.training.network import compiled

    recipe = labkit.Recipe(**network.recipe, epochs=1, metrics=("accuracy",))
    model = network.build()
    feed = Feed(data.train.inputs, data.train.targets)
    count, size = len(data.train.inputs), recipe.batch_size
    how = speed.chosen(model, EPOCHS * (count // size))
    trained = compiled(model, recipe, data.train, execution=how)
    batch = tuple(array[:size] for array in (data.train.inputs, data.train.targets))

    options = tf.data.Options()
    options.autotune.enabled = False  # as in the feed

    def one_batch() -> dict[str, Any]:
        repeated = tf.data.Dataset.from_tensors(batch).repeat(count // size)
        return {"x": repeated.with_options(options)}

    def epoch(batches: Callable[[], dict[str, Any]]) -> float:
        with how.arithmetic():
            started = time.perf_counter()
            trained.fit(**batches(), shuffle=False, verbose=0)
            return time.perf_counter() - started

    order = np.random.default_rng(0).permutation(count // size * size)
    return (
        functools.partial(epoch, lambda: feed.batches(size, order)),
        functools.partial(epoch, one_batch),
    )
