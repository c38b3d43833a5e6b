"""Datasets that are computed, not fetched: nobody's data, and the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Computed:
    """A computed dataset before it is split.

    Attributes:
        inputs, labels, targets: the examples of which training and validation are drawn.
        test_inputs, test_labels, test_targets: the examples for the test.
        class_names: names of classes 0, 1 …; empty where the target is a number.
    """

    inputs: np.ndarray
    labels: np.ndarray
    targets: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray
    test_targets: np.ndarray
    class_names: tuple[str, ...] = ()


def xor() -> Computed:
    """Return exclusive or in two dimensions: the class says whether the signs differ.

    There are four points in all, so the test is on the same four. Inputs are float32 (4, 2) of
    −1 and 1; labels int64 (4,); targets float32 (4,), −1 for equal signs and 1 for different
    ones, which is what a network that ends in tanh can reach.
    """
    inputs = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)
    labels = (inputs[:, 0] != inputs[:, 1]).astype(np.int64)
    targets = (2 * labels - 1).astype(np.float32)
    return Computed(inputs, labels, targets, inputs, labels, targets, ("equal", "different"))


def logistic_map(*, r: float = 4.0, start: float = 0.1) -> Computed:
    """Return steps of the logistic map, x → r x (1 − x).

    Inputs are x_n, float32 (n, 1); labels and targets x_{n+1}, float32 (n,). One orbit, computed
    in double precision: 10,000 steps of which training and validation are drawn, then 2,000 for
    the test.
    """
    orbit = np.empty(12_001)
    orbit[0] = start
    for step in range(12_000):
        orbit[step + 1] = r * orbit[step] * (1.0 - orbit[step])
    now, after = orbit[:-1, None].astype(np.float32), orbit[1:].astype(np.float32)
    train, test = slice(None, 10_000), slice(10_000, None)
    return Computed(now[train], after[train], after[train], now[test], after[test], after[test])


BUILDERS = {"xor": xor, "logistic_map": logistic_map}
NAMES = tuple(BUILDERS)
