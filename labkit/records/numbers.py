"""What is known of a number by its name: how it is written, which way is better, its bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

PRINCIPAL = ("accuracy", "mae", "mse")  # the first of these that a run has says how good it is
_SPLITS = {
    "train_": "train ",
    "validation_": "validation ",
    "val_": "validation ",
    "test_": "test ",
    "running_": "running ",
}


@dataclass(frozen=True, kw_only=True)
class Number:
    """What is known of a number.

    Attributes:
        title: in the field's words; empty where its name says it.
        digits: after the point, with which it is written.
        lower_is_better: whether a smaller one is.
        low, high: what it cannot be below or above; infinite where nothing is known.
    """

    title: str = ""
    digits: int = 4
    lower_is_better: bool = False
    low: float = -math.inf
    high: float = math.inf


_SHARE = Number(low=0, high=1)
_COUNT = Number(digits=0, low=0)
_KNOWN = {
    "best_epoch": _COUNT,
    "epochs": _COUNT,
    "examples": _COUNT,
    "multiply_adds": _COUNT,
    "parameters": _COUNT,
    "trainable_parameters": _COUNT,
    "seconds": Number(digits=1, lower_is_better=True, low=0),
    "seconds_per_epoch": Number(digits=2, lower_is_better=True, low=0),
    "loss": Number(lower_is_better=True, low=0),
    "data_loss": Number(title="loss without penalty", lower_is_better=True, low=0),
    "mae": Number(title="mean absolute error", digits=3, lower_is_better=True, low=0),
    "mse": Number(title="mean squared error", lower_is_better=True, low=0),
    "r2": Number(title="R²", high=1),
    "psnr": Number(title="PSNR in dB", digits=2),
    "top_5_accuracy": Number(title="top-5 accuracy", low=0, high=1),
}


def known(name: str) -> Number:
    """Return what is known of a number.

    Args:
        name: as in `Run.value` or in `Run.history`.

    >>> known("validation_mae").lower_is_better, known("test_binary_accuracy").high
    (True, 1)
    """
    _, bare = _parts(name)
    return _KNOWN.get(bare, _SHARE if bare.endswith("accuracy") else Number())


def title(name: str) -> str:
    """Return a number's name in words, for the head of a column or beside an axis.

    >>> title("val_mae"), title("test_accuracy"), title("seconds_per_epoch")
    ('validation mean absolute error', 'test accuracy', 'seconds per epoch')
    """
    split, bare = _parts(name)
    return _SPLITS.get(split, "") + (known(name).title or bare.replace("_", " "))


def _parts(name: str) -> tuple[str, str]:
    """Return the beginning that says of which examples a number is, and the rest."""
    split = next((one for one in _SPLITS if name.startswith(one)), "")
    return split, name.removeprefix(split)
