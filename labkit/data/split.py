"""A part of a dataset: its inputs, its labels, and what the loss compares with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labkit.counts import checked_count
from labkit.errors import ParameterError

# RandomState's streams are frozen: the same draw in every version of NumPy. The second number
# keeps draws for different purposes apart although they share a seed.
_SPLIT, _TAKE = 0, 1


@dataclass(frozen=True, eq=False)
class Split:
    """The training, validation or test part of a dataset.

    Attributes:
        inputs: images float32 (n, height, width, channels) in [0, 1]; tokens int32 (n, length);
            features float32 (n, columns).
        labels: classes int64 (n,), or float32 (n,) where the target is a number.
        targets: what the loss compares with: the labels, one-hot float32 (n, classes), other
            numbers, or, for an autoencoder, an array of the inputs' shape.
        kind: ``"images"``, ``"tokens"`` or ``"features"``: the name that fits `inputs`.
    """

    inputs: np.ndarray
    labels: np.ndarray
    targets: np.ndarray
    kind: str

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def images(self) -> np.ndarray:
        """The inputs, float32 (n, height, width, channels) in [0, 1]."""
        return self._inputs_as("images")

    @property
    def tokens(self) -> np.ndarray:
        """The inputs, int32 (n, length)."""
        return self._inputs_as("tokens")

    @property
    def features(self) -> np.ndarray:
        """The inputs, float32 (n, columns)."""
        return self._inputs_as("features")

    @property
    def target_kind(self) -> str:
        """What the targets are: ``"classes"``, ``"numbers"`` or ``"inputs"``.

        Classes are integers, the labels as fractions, or the labels one-hot. Inputs, such as the
        images that an autoencoder gives back, have the inputs' shape, with more than one value
        an example. Everything else is numbers.
        """
        if self.targets.dtype.kind in "biu" or self._targets_are_labels():
            return "classes"
        is_like_inputs = self.targets.shape == self.inputs.shape and self.targets.size > len(self)
        return "inputs" if is_like_inputs else "numbers"

    @property
    def baseline(self) -> float:
        """How good the best constant answer is, see `Dataset.baseline`."""
        if self.target_kind == "classes":
            return float(np.bincount(self.labels).max() / len(self))
        if self.target_kind == "numbers":
            return float(np.abs(self.targets - np.median(self.targets, axis=0)).mean())
        best = self.targets.mean(axis=0, dtype=np.float64)
        errors = [np.square(one - best).mean() for one in self.targets]  # no copy of them all
        return float(np.mean(errors))

    def take(self, count: int, seed: int) -> Split:
        """Return `count` examples drawn by `seed` alone, or all where there are no more.

        Raises:
            ParameterError: `count` is not a whole number from 1.
        """
        if checked_count("count", count) >= len(self):
            return self
        return self.at(np.random.RandomState([seed, _TAKE]).permutation(len(self))[:count])

    def at(self, indices: np.ndarray) -> Split:
        """Return the examples at these indices, in their order."""
        same = self.targets is self.labels
        labels = self.labels[indices]
        targets = labels if same else self.targets[indices]
        return Split(self.inputs[indices], labels, targets, self.kind)

    def _targets_are_labels(self) -> bool:
        """Say whether they are the integer labels, as fractions or one-hot."""
        if self.labels.dtype.kind not in "biu":
            return False
        if self.targets.size == len(self):
            return np.array_equal(self.targets.ravel(), self.labels)
        if self.targets.ndim != 2 or self.labels.max() >= self.targets.shape[1]:
            return False
        ones = self.targets[np.arange(len(self)), self.labels] == 1
        return bool(ones.all()) and np.count_nonzero(self.targets) == len(self)

    def _inputs_as(self, kind: str) -> np.ndarray:
        if kind != self.kind:
            raise ParameterError(
                f"split.{kind}",
                expected=f"split.{self.kind}",
                received=f"split.{kind}",
                remedy=f"This dataset's inputs are {self.kind}.",
            )
        return self.inputs


def permutation(length: int, seed: int) -> np.ndarray:
    """Return the order, drawn by `seed`, from which training and validation are taken."""
    return np.random.RandomState([seed, _SPLIT]).permutation(length)


def checked_split(made_by: str, split: Split) -> Split:
    """Return what the function of this name made of a split, where it is one.

    Raises:
        ParameterError: it is not a Split, or has not as many labels and targets as inputs.
    """
    if not isinstance(split, Split):
        received = repr(split)
    elif len(split.inputs) == len(split.labels) == len(split.targets):
        return split
    else:
        counts = map(len, (split.inputs, split.labels, split.targets))
        received = "{} inputs, {} labels, {} targets".format(*counts)
    raise ParameterError(
        f"{made_by}(split, dataset)",
        expected="a Split with as many labels and targets as inputs",
        received=received,
        remedy="Return dataclasses.replace(split, inputs=…, labels=…, targets=…).",
    )


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return labels as float32 (n, classes): one where the class is, zero elsewhere."""
    targets = np.zeros((len(labels), classes), np.float32)
    targets[np.arange(len(labels)), labels] = 1.0
    return targets
