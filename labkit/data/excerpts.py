"""The real excerpts that travel with labkit, as ``scripts/build_excerpts.py`` made them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from labkit.data import catalogue, npz
from labkit.data.npz import Arrays


def read(name: str) -> Arrays:
    """Return the arrays of an excerpt, under the names that the whole dataset's have.

    Raises:
        DataUnavailableError: labkit was installed without its sample data.
        DataFileError: a file of the excerpt is damaged.
    """
    files = catalogue.packaged_files(name)
    if not files:
        raise catalogue.left_out(name)
    for path, digest in files.items():
        npz.check_file(path, digest, remedy="Install labkit again.")
    with np.load(catalogue.PACKAGE_FOLDER / name / "arrays.npz", allow_pickle=False) as archive:
        arrays = {key: _from_bytes(array) for key, array in archive.items()}
    return arrays | _pixels(name, sorted(path for path in files if path.suffix == ".webp"))


def _pixels(name: str, strips: list[Path]) -> Arrays:
    """Put the strips of each part together and cut them into images."""
    facts = catalogue.entry(name).arrays
    parts: dict[str, list[np.ndarray]] = {}
    for path in strips:
        parts.setdefault(path.stem.split("-")[0], []).append(np.asarray(Image.open(path)))
    return {
        key: _cut(np.concatenate(pieces), tuple(facts[key]["shape"][1:]))
        for key, pieces in parts.items()
    }


def _cut(strip: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Cut a strip, (height, width, 3), into images. WebP stores grey as three equal channels."""
    if len(shape) == 2:
        strip = strip[..., 0]
    return np.ascontiguousarray(strip).reshape(-1, *shape)


def _from_bytes(array: np.ndarray) -> np.ndarray:
    """Undo `_to_bytes`."""
    if array.ndim == 1:
        return array
    return np.ascontiguousarray(array).view("<i4").ravel().astype(np.int32)
