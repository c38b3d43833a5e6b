"""Writing files so that they are whole or not there, one process at a time."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock

from labkit.errors import CacheWriteError


@contextlib.contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give a temporary file beside `target` to write to; move it there when all went well.

    A crash, a full disk or Ctrl-C leaves what was at `target` as it was.

    Raises:
        CacheWriteError: the folder or the file cannot be written.
    """
    partial = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(handle)
        partial = Path(name)
        yield partial
        with partial.open("rb+") as written:  # Windows syncs only what is open for writing
            os.fsync(written.fileno())
        partial.chmod(0o644)
        partial.replace(target)
    except OSError as problem:
        raise _cannot_write(target, problem) from problem
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _cannot_write(target: Path, problem: OSError) -> CacheWriteError:
    return CacheWriteError(
        str(target),
        expected="a folder with room that can be written",
        received=problem.strerror or str(problem),
        remedy=(
            "Free some space, or name another folder: LABKIT_DATA for data, LABKIT_STORE or "
            "--store for records, XDG_DATA_HOME for unfinished runs. What was there is whole."
        ),
    )


@contextlib.contextmanager
def locked(target: Path, *, remedy: str) -> Iterator[None]:
    """Wait until no other process holds the lock on `target`, which need not exist yet.

    Raises:
        CacheWriteError: its folder cannot be written; the message ends with `remedy`.
    """
    lock = filelock.FileLock(target.with_name(f".{target.name}.lock"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as problem:
        raise CacheWriteError(
            str(target.parent),
            expected="a folder that can be written",
            received=problem.strerror or str(problem),
            remedy=remedy,
        ) from problem
    try:
        yield
    finally:
        lock.release()
