"""From a dataset's arrays to inputs that a network takes: only the examples that are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labkit.data import catalogue, synthetic
from labkit.data.npz import Arrays, describe
from labkit.data.split import Split, one_hot

UNKNOWN = 1  # the token of every word that is too rare for the vocabulary; 0 fills up
TABLE_SEED = 113  # with which Keras splits its tables
BLOCK = 2048  # images converted at once: the original and its float32 are never both copied whole


@dataclass(frozen=True, eq=False)
class Part:
    """The examples of a file, not yet converted.

    Attributes:
        convert: gives the inputs of the examples at some indices.
        labels: classes int64 (n,), or float32 (n,).
        targets: what the loss compares with, where that is not the labels.
    """

    kind: str
    convert: Callable[[np.ndarray], np.ndarray]
    labels: np.ndarray
    targets: np.ndarray | None = None

    def split(self, indices: np.ndarray | None = None, *, classes: int = 0) -> Split:
        """Convert the examples at `indices`, or all; one-hot targets where `classes` is given."""
        if indices is None:
            indices = np.arange(len(self.labels))
        labels = self.labels[indices]
        if classes:
            targets = one_hot(labels, classes)
        else:
            same = self.targets is None or self.targets is self.labels
            targets = labels if same else self.targets[indices]
        return Split(self.convert(indices), labels, targets, self.kind)


@dataclass(eq=False)
class Material:
    """What a dataset is made of. A part is taken out of `parts` so that its memory goes back."""

    parts: dict[str, Part]  # "train" and "test"
    fingerprint: str
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()


def images(name: str, arrays: Arrays, fingerprint: str) -> Material:
    """Make images float32 (n, height, width, channels) in [0, 1]."""

    def part(which: str) -> Part:
        pixels, labels = arrays[f"x_{which}"], arrays[f"y_{which}"].astype(np.int64)
        return Part("images", lambda indices: _brightness(pixels, indices), labels)

    parts = {which: part(which) for which in ("train", "test")}
    return Material(parts, fingerprint, catalogue.entry(name).class_names)


def reviews(name: str, arrays: Arrays, fingerprint: str, *, words: int, length: int) -> Material:
    """Make reviews int32 (n, length): 0 fills up, 1 is a rare word, rank k becomes k + 1."""

    def part(which: str) -> Part:
        tokens, offsets = arrays[f"tokens_{which}"], arrays[f"offsets_{which}"]
        labels = arrays[f"y_{which}"].astype(np.int64)
        return Part(
            "tokens", lambda indices: _rows(tokens, offsets, indices, words, length), labels
        )

    parts = {which: part(which) for which in ("train", "test")}
    ranked = arrays["vocabulary"].tobytes().decode("utf-8").split("\n")
    vocabulary = ("", "?", *ranked[: words - 2])
    names = catalogue.entry(name).class_names
    return Material(parts, fingerprint, names, vocabulary=vocabulary)


def table(name: str, arrays: Arrays, fingerprint: str, *, test: int) -> Material:
    """Split `test` rows off a table; features float32 (n, columns), unscaled."""
    entry = catalogue.entry(name)
    features = arrays["x"].astype(np.float32)
    labels = arrays["y"].astype(np.int64 if entry.class_names else np.float32)
    order = np.arange(len(labels))
    np.random.RandomState(TABLE_SEED).shuffle(order)

    def part(rows: np.ndarray) -> Part:
        return Part("features", lambda indices: features[rows[indices]], labels[rows])

    parts = {"train": part(order[:-test]), "test": part(order[-test:])}
    return Material(parts, fingerprint, entry.class_names, entry.feature_names)


def computation(name: str) -> Material:
    """Compute a dataset that is computed."""
    made = synthetic.BUILDERS[name]()
    facts = {
        key: describe(array) for key, array in vars(made).items() if isinstance(array, np.ndarray)
    }
    parts = {
        "train": Part("features", made.inputs.__getitem__, made.labels, made.targets),
        "test": Part("features", made.test_inputs.__getitem__, made.test_labels, made.test_targets),
    }
    return Material(parts, catalogue.fingerprint(facts), made.class_names)


def _brightness(pixels: np.ndarray, indices: np.ndarray) -> np.ndarray:
    scaled = np.empty((len(indices), *pixels.shape[1:]), np.float32)
    for start in range(0, len(indices), BLOCK):
        block = slice(start, start + BLOCK)
        np.divide(pixels[indices[block]], 255, out=scaled[block], dtype=np.float32)
    return scaled[..., None] if scaled.ndim == 3 else scaled


def _rows(
    tokens: np.ndarray, offsets: np.ndarray, indices: np.ndarray, words: int, length: int
) -> np.ndarray:
    rows = np.zeros((len(indices), length), np.int32)
    for row, index in zip(rows, indices, strict=True):
        end = offsets[index + 1]
        review = tokens[max(offsets[index], end - length) : end]
        row[length - len(review) :] = review
    np.add(rows, 1, out=rows, where=rows > 0)
    rows[rows >= words] = UNKNOWN
    return rows
