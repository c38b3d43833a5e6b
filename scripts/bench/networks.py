"""R1's and R2's networks, as the practicals have them, with the settings they are trained with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import practicals  # noqa: E402

DENSE, VARIANTS, PROGRESSION = "01_mnist_dense", "02_mnist_cnn_variants", "04_mnist_progression"
# Name → practical, function, optimizer, batch size.
_NETWORKS = {
    "dense-2": (DENSE, "dense_2", "rmsprop", 128),
    "dense-4": (DENSE, "dense_4", "rmsprop", 128),
    "dense-4-l2": (DENSE, "dense_4_l2", "rmsprop", 128),
    "dense-4-dropout": (DENSE, "dense_4_dropout", "rmsprop", 128),
    "conv-a": (VARIANTS, "conv_a", "rmsprop", 64),
    "conv-b": (VARIANTS, "conv_b", "rmsprop", 64),
    "conv-c": (VARIANTS, "conv_c", "rmsprop", 64),
    "conv-a2": (VARIANTS, "conv_a2", "rmsprop", 64),
    "perceptron": (PROGRESSION, "perceptron", "rmsprop", 128),
    "two-conv": (PROGRESSION, "two_conv", "adadelta", 128),
    "first": (PROGRESSION, "first", "sgd", 32),
    "second-v1": (PROGRESSION, "second_v1", "rmsprop", 32),
    "second-v2": (PROGRESSION, "second_v2", "rmsprop", 32),
    "third": (PROGRESSION, "third", "rmsprop", 64),
}
NAMES = tuple(_NETWORKS)


@dataclass(frozen=True)
class Network:
    """A network with what it is trained by.

    Attributes:
        name: as in the course's records.
        build: returns it, not compiled.
        recipe: `labkit.Recipe`'s arguments, without epochs and examples.
    """

    name: str
    build: Callable[[], Any]
    recipe: dict[str, Any]


def network(name: str) -> Network:
    """Return one of `NAMES`."""
    from keras import layers, optimizers

    practical, function, optimizer, batch_size = _NETWORKS[name]
    there = practicals.definitions(practical)
    chosen = {
        "rmsprop": "rmsprop",
        "adadelta": optimizers.Adadelta(learning_rate=1.0),
        "sgd": optimizers.SGD(learning_rate=0.1, momentum=0.9),
    }[optimizer]
    augmentation = ()
    if name == "third":
        fill = {"fill_mode": "constant"}
        augmentation = (
            layers.RandomRotation(there["TURN"], **fill),
            layers.RandomZoom(there["ZOOM"], **fill),
            layers.RandomTranslation(there["SHIFT"], there["SHIFT"], **fill),
        )
    recipe = {
        "loss": "categorical_crossentropy",
        "optimizer": chosen,
        "batch_size": batch_size,
        "augmentation": augmentation,
    }
    return Network(name, there[function], recipe)
