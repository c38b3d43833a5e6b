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
    ones, which is what a network that ends in tanh can reach. Keras's `accuracy` cannot read such
    targets: ask for `metrics=()`, and keep the share of right signs as a `measure`.
    """
    inputs = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)
    labels = (inputs[:, 0] != inputs[:, 1]).astype(np.int64)
    targets = (2 * labels - 1).astype(np.float32)
    return Computed(inputs, labels, targets, inputs, labels, targets, ("equal", "different"))


def logistic_map(*, r: float = 4.0, start: float = 0.1) -> Computed:
    """Return steps of the logistic map, x → r x (1 − x).

    Inputs are x_n, float32 (n, 1); labels and targets x_{n+1}, float32 (n,). One orbit, computed
    in double precision: 2,000 steps of which training and validation are drawn, then 1,000 for
    the test. No value comes twice in single precision.
    """
    orbit = [start]
    for _ in range(3_000):
        orbit.append(r * orbit[-1] * (1.0 - orbit[-1]))
    now, after = (np.array(steps, np.float32) for steps in (orbit[:-1], orbit[1:]))
    inputs, test_inputs = np.split(now[:, None], [2_000])
    labels, test_labels = np.split(after, [2_000])
    return Computed(inputs, labels, labels, test_inputs, test_labels, test_labels)


BUILDERS = {"xor": xor, "logistic_map": logistic_map}
NAMES = tuple(BUILDERS)
