"""Finding and fetching the real data: mirror folder, cache, download; checked, atomic, locked."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit import files, folders
from labkit.data import catalogue, npz, origins
from labkit.data.npz import Arrays
from labkit.errors import DataFileError

NAMES = catalogue.NAMES

_PATIENCE = 3600.0  # seconds, for another process that downloads over a slow line


@dataclass(frozen=True)
class Status:
    """Where a dataset would be loaded from now.

    Attributes:
        source: ``"mirror"``, ``"cache"`` or ``"package"`` for the real data that are here;
            ``"sample"`` where only the excerpt is; ``"download"`` where nothing is.
        path: the file, the excerpt's folder, or None where nothing is here.
        bytes: size on disk.
    """

    name: str
    source: str
    path: Path | None
    bytes: int


def status(name: str) -> Status:
    """Say where a dataset would be loaded from, without opening a file.

    Raises:
        UnknownDatasetError: no such dataset.
    """
    catalogue.entry(name)
    for source, path in _copies(name):
        return Status(name, source, path, path.stat().st_size)
    files = catalogue.packaged_files(name)
    if files:
        size = sum(file.stat().st_size for file in files)
        return Status(name, "sample", catalogue.PACKAGE_FOLDER / name, size)
    return Status(name, "download", None, 0)


def read(name: str, *, download: bool) -> tuple[Arrays, str] | None:
    """Return the real arrays of a dataset, checked against their sha256s, and their source.

    Args:
        name: one of `NAMES`.
        download: whether to fetch what is not here; otherwise None comes back.

    Raises:
        DataFileError: a damaged file; the message names it and nothing is deleted.
        DataUnavailableError: neither a copy nor a network.
        CacheWriteError: what was fetched could not be written.
    """
    for source, path in _copies(name):
        return _read(name, path), source
    if not download:
        return None
    return _read(name, fetch(name)), "download"


def fetch(
    name: str, *, to: Path | str | None = None, progress: Callable[[str], None] | None = None
) -> Path:
    """Bring the real data of a dataset into a folder, and return the file.

    Only one process writes; others that want the same file wait for it and use it. A file that
    is there is checked and left as it is.

    Args:
        name: one of `NAMES`.
        to: the folder; None is the user's cache folder.
        progress: called with one line of text at each step.

    Raises:
        UnknownDatasetError: no such dataset.
        DataUnavailableError: no copy to take it from, and no network.
        DataFileError: the file is there and damaged, or the origin served something else.
        CacheWriteError: a full disk or a read-only folder, or another process that does not end.
    """
    catalogue.entry(name)
    folder = folders.cache_folder() if to is None else Path(to).expanduser()
    target, say = folder / f"{name}.npz", progress or _quiet
    with files.locked(target, remedy=_elsewhere(target), patience=_PATIENCE):
        if target.exists():
            say(f"{name}: checking {target}")
            _read(name, target)
        else:
            arrays = _gathered(name, target, say)
            say(f"{name}: writing {target}")
            npz.write(target, arrays, remedy=_elsewhere(target))
    return target


def verify(name: str) -> Status:
    """Check every byte of what `status` names against the known sha256s.

    Raises:
        UnknownDatasetError: no such dataset.
        DataFileError: the file, or a file of the excerpt, is damaged.
    """
    found = status(name)
    if found.source == "sample":
        for path, digest in catalogue.packaged_files(name).items():
            npz.check_file(path, digest, remedy="Install labkit again.")
    elif found.path is not None:
        _read(name, found.path)
    return found


def _copies(name: str) -> Iterator[tuple[str, Path]]:
    """Yield the copies of the real data on this machine, the preferred one first."""
    for source, folder in _folders(name):
        path = folder / f"{name}.npz"
        # False, where Path.exists raises, in a folder that may not be searched.
        if os.path.exists(path):  # noqa: PTH110
            yield source, path


def _folders(name: str) -> Iterator[tuple[str, Path]]:
    mirror = folders.mirror_folder()
    if catalogue.entry(name).is_table:
        yield "package", catalogue.PACKAGE_FOLDER
    if mirror is not None:
        yield "mirror", mirror
    yield "cache", folders.cache_folder()


def _read(name: str, path: Path) -> Arrays:
    packaged = path.parent == catalogue.PACKAGE_FOLDER
    remedy = "Install labkit again." if packaged else _delete_and_fetch(name)
    return npz.read(path, catalogue.entry(name).arrays, remedy=remedy)


def _gathered(name: str, target: Path, say: Callable[[str], None]) -> Arrays:
    """Take the arrays from another whole copy on this machine, else from their origin."""
    for _, path in _copies(name):
        with contextlib.suppress(DataFileError):
            say(f"{name}: copying {path}")
            return _read(name, path)
    say(f"{name}: downloading")
    arrays = origins.download(name)
    facts = catalogue.entry(name).arrays
    npz.check_arrays(arrays, facts, subject=f"download of {name}", remedy=_ORIGIN_REMEDY)
    return arrays


def _elsewhere(target: Path) -> str:
    return (
        f"Free some space, or run `labkit data fetch {target.stem} --to DIR` with a folder "
        "that can be written, and set LABKIT_DATA to it."
    )


def _quiet(line: str) -> None:
    """Say nothing."""


def _delete_and_fetch(name: str) -> str:
    return f"Delete it and run `labkit data fetch {name}`."


_ORIGIN_REMEDY = (
    "Delete the copy under ~/.keras/datasets, if there is one, and try again; else copy the file "
    "from somebody's mirror folder and set LABKIT_DATA to it."
)
