"""Data files: plain `.npz`, never pickled, read against known checksums, written atomically."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from labkit import archives, files
from labkit.errors import DataFileError

Arrays = dict[str, np.ndarray]
Facts = Mapping[str, Mapping[str, Any]]


def describe(array: np.ndarray) -> dict[str, Any]:
    """Return the facts of an array: shape, dtype and the sha256 of its bytes in C order."""
    digest = hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
    return {"shape": list(array.shape), "dtype": array.dtype.name, "sha256": digest}


def read(path: Path, facts: Facts, *, remedy: str) -> Arrays:
    """Read the arrays that `facts` names, whole and unaltered.

    Args:
        path: an ``.npz`` file.
        facts: shape, dtype and sha256 of each array that must be there.
        remedy: what the reader should do where the file is wrong.

    Raises:
        DataFileError: truncated, altered, pickled, unreadable, or of another shape or dtype.
    """
    check_headers(path, facts, remedy=remedy)
    with _opened(path, remedy), np.load(path, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in facts}
    check_arrays(arrays, facts, subject=str(path), remedy=remedy)
    return arrays


def check_headers(path: Path, facts: Facts, *, remedy: str) -> None:
    """Check names, shapes and dtypes in a file without reading its arrays.

    Raises:
        DataFileError: not an ``.npz``, or not these arrays and no others.
    """
    with _opened(path, remedy):
        headers = archives.headers(path)
    for key, fact in facts.items():
        _compare(str(path), key, fact, headers.get(key), remedy)
    if others := sorted(set(headers) - set(facts)):
        raise DataFileError(
            str(path),
            expected=f"the arrays {', '.join(facts)}",
            received=f"{', '.join(others)} as well",
            remedy=remedy,
        )


def check_arrays(arrays: Arrays, facts: Facts, *, subject: str, remedy: str) -> None:
    """Hold arrays in memory against their facts, sha256 included.

    Raises:
        DataFileError: an array is missing or differs.
    """
    for key, fact in facts.items():
        array = arrays.get(key)
        header = None if array is None else (array.shape, array.dtype)
        _compare(subject, key, fact, header, remedy)
        _compare_digest(subject, key, fact["sha256"], describe(array)["sha256"], remedy)


def check_file(path: Path, sha256: str, *, remedy: str) -> None:
    """Hold the bytes of a file against a sha256.

    Raises:
        DataFileError: the file cannot be read, or its bytes differ.
    """
    with _opened(path, remedy):
        files.require_file(path)
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    _compare_digest(str(path), "the file", sha256, found, remedy)


def write(
    path: Path, arrays: Arrays, *, compressed: bool = False, remedy: str = files.ANOTHER_FOLDER
) -> None:
    """Write an ``.npz``, whole or not at all.

    Raises:
        CacheWriteError: a full disk or a read-only folder; the message ends with `remedy`. What
            was at `path` is as before.
    """
    save = np.savez_compressed if compressed else np.savez
    with files.written_whole(path, remedy=remedy) as partial, partial.open("wb") as stream:
        save(stream, **arrays)


def _compare(subject: str, key: str, fact: Mapping[str, Any], header: Any, remedy: str) -> None:
    expected = f"{key} of shape {tuple(fact['shape'])} and type {fact['dtype']}"
    if header is None:
        received = f"no array of the name {key}"
    elif header[1].hasobject:
        received = "pickled Python objects, which labkit never loads"
    elif header != (tuple(fact["shape"]), np.dtype(fact["dtype"])):
        received = f"shape {header[0]} and type {header[1].name}"
    else:
        return
    raise DataFileError(subject, expected=expected, received=received, remedy=remedy)


def _compare_digest(subject: str, key: str, expected: str, found: str, remedy: str) -> None:
    if found != expected:
        raise DataFileError(
            subject,
            expected=f"{key} with sha256 {expected}",
            received=f"sha256 {found}",
            remedy=remedy,
        )


@contextlib.contextmanager
def _opened(path: Path, remedy: str) -> Iterator[None]:
    try:
        yield
    except archives.UNREADABLE as error:
        raise DataFileError(
            str(path),
            expected="a whole, readable file",
            received=f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}",
            remedy=remedy,
        ) from error
