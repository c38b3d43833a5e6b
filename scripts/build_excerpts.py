"""Build the excerpts that travel with labkit again, from a mirror that has every dataset.

python scripts/build_excerpts.py MIRROR [DEST]
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from labkit.data import catalogue, npz
from labkit.data.npz import Arrays

STRIP = 500  # images one above another in a WebP file, whose height may not pass 16,383
PARTS = ("train", "test")


def build(mirror: Path, folder: Path = catalogue.PACKAGE_FOLDER) -> None:
    """Build the excerpts and the table files from a mirror that has every dataset.

    Raises:
        DataFileError: a file of the mirror is damaged.
    """
    for name in catalogue.NAMES:
        entry = catalogue.entry(name)
        path = mirror / f"{name}.npz"
        arrays = npz.read(path, entry.arrays, remedy="Copy it again.")
        if entry.is_table:
            _save(folder / f"{name}.npz", arrays)
        else:
            _store(folder / name, excerpt(name, arrays))
    _write_checksums(folder)


def excerpt(name: str, arrays: Arrays) -> Arrays:
    """Take the excerpt out of a whole dataset: training from training, test from test."""
    sizes = dict(zip(PARTS, catalogue.entry(name).excerpt, strict=True))
    taken: Arrays = {}
    for part, size in sizes.items():
        indices = balanced(arrays[f"y_{part}"], size)
        taken[f"y_{part}"] = arrays[f"y_{part}"][indices]
        if f"x_{part}" in arrays:
            taken[f"x_{part}"] = arrays[f"x_{part}"][indices]
        else:
            taken |= _reviews(part, arrays, indices)
    if "vocabulary" in arrays:
        taken["vocabulary"] = _used_words(arrays["vocabulary"], taken)
    return taken


def balanced(labels: np.ndarray, size: int) -> np.ndarray:
    """Return the indices of `size` examples, spread evenly over the classes and over the file.

    Spread, not the first ones: the first half of MNIST's test set is easier than the second.
    """
    classes = np.unique(labels)
    counts = np.diff(np.arange(len(classes) + 1) * size // len(classes))
    chosen = []
    for label, count in zip(classes, counts, strict=True):
        positions = np.flatnonzero(labels == label)
        chosen.append(positions[np.arange(count) * len(positions) // count])
    return np.sort(np.concatenate(chosen))


def _reviews(part: str, arrays: Arrays, indices: np.ndarray) -> Arrays:
    tokens, offsets = arrays[f"tokens_{part}"], arrays[f"offsets_{part}"]
    reviews = [tokens[offsets[index] : offsets[index + 1]] for index in indices]
    lengths = [0, *(len(review) for review in reviews)]
    return {
        f"tokens_{part}": np.concatenate(reviews),
        f"offsets_{part}": np.cumsum(lengths, dtype=offsets.dtype),
    }


def _used_words(vocabulary: np.ndarray, reviews: Arrays) -> np.ndarray:
    """Blank the words that the excerpt never uses; the others keep their line, their rank."""
    used = {int(rank) for part in PARTS for rank in np.unique(reviews[f"tokens_{part}"])}
    words = vocabulary.tobytes().decode().split("\n")
    kept = (word if rank in used else "" for rank, word in enumerate(words, start=1))
    return np.frombuffer("\n".join(kept).encode(), np.uint8)


def _to_bytes(array: np.ndarray) -> np.ndarray:
    """Turn int32 numbers into their bytes, uint8 (n, 4): sorted by column they deflate better."""
    if array.dtype != np.int32:
        return array
    return array.astype("<i4").view(np.uint8).reshape(-1, 4)


def _store(folder: Path, arrays: Arrays) -> None:
    """Write images as WebP strips and everything else as one `.npz`."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [key for key in arrays if key.startswith("x_")]
    others = {key: _to_bytes(array) for key, array in arrays.items() if key not in pictures}
    _save(folder / "arrays.npz", others)
    for key in pictures:
        for number, start in enumerate(range(0, len(arrays[key]), STRIP)):
            _save_strip(folder / f"{key}-{number:02}.webp", arrays[key][start : start + STRIP])


def _save(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Stored column by column a table deflates a fifth smaller. It reads back the same.
    ordered = {key: np.asfortranarray(array) for key, array in arrays.items()}
    npz.write(path, ordered, compressed=True)


def _save_strip(path: Path, images: np.ndarray) -> None:
    strip = images.reshape(-1, *images.shape[2:])
    Image.fromarray(strip).convert("RGB").save(path, lossless=True, quality=90, method=6)


def _write_checksums(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".npz", ".webp"))
    lines = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in files
    )
    (folder / catalogue.CHECKSUMS).write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    build(*map(Path, sys.argv[1:]))
