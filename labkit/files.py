"""Files: written so that they are whole or not there, by one process at a time."""

from __future__ import annotations

import contextlib
import glob
import math
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import filelock

from labkit.errors import CacheWriteError

ANOTHER_FOLDER = (
    "Free some space, or name another folder: LABKIT_DATA for data, LABKIT_STORE or --store for "
    "records, XDG_DATA_HOME for unfinished runs. What was there is whole."
)
_LEFT_BEHIND = 3600.0  # seconds: no writer takes an hour over one file


def require_file(path: Path) -> None:
    """Refuse a pipe or a device, for whose content one would wait forever.

    Raises:
        ValueError: it is one.
        OSError: nothing is there, or it may not be looked at.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a folder says itself that it is one
        raise ValueError("a pipe or a device in place of a file")


@contextlib.contextmanager
def written_whole(target: Path, *, remedy: str = ANOTHER_FOLDER) -> Iterator[Path]:
    """Give a temporary file beside `target` to write to; move it there when all went well.

    A crash, a full disk or Ctrl-C leaves what was at `target` as it was. What a writer that was
    killed an hour ago or earlier left is cleared.

    Raises:
        CacheWriteError: the folder or the file cannot be written; the message ends with `remedy`.
    """
    partial = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear(target, last_written_before=time.time() - _LEFT_BEHIND)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(handle)
        partial = Path(name)
        yield partial
        with partial.open("rb+") as written:  # Windows syncs only what is open for writing
            os.fsync(written.fileno())
        partial.chmod(0o644)
        partial.replace(target)
    except OSError as problem:
        raise CacheWriteError(
            str(target),
            expected="a folder with room that can be written",
            received=problem.strerror or str(problem),
            remedy=remedy,
        ) from problem
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(
    target: Path, *, remedy: str, patience: float = 600.0, notice: float = 2.0
) -> Iterator[None]:
    """Wait until no other process holds the lock on `target`, which need not exist yet.

    Whoever holds it is the only one to write, so what killed writers left is cleared.

    Args:
        target: the file.
        remedy: what to do where the lock cannot be had.
        patience: seconds to wait for another process before giving up.
        notice: seconds before a line on stderr says what is waited for.

    Raises:
        CacheWriteError: its folder cannot be written, or another process holds the lock for
            longer than `patience`; the message ends with `remedy`.
    """
    lock = filelock.FileLock(target.with_name(f".{target.name}.lock"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock, target, patience=patience, notice=notice)
    except filelock.Timeout as problem:
        raise CacheWriteError(
            str(target),
            expected=f"other processes to be done with it within {patience / 60:g} minutes",
            received=f"one that still holds {lock.lock_file}",
            remedy=f"Wait for that process, or end it. {remedy}",
        ) from problem
    except OSError as problem:
        raise CacheWriteError(
            str(target.parent),
            expected="a folder that can be written",
            received=problem.strerror or str(problem),
            remedy=remedy,
        ) from problem
    try:
        _clear(target, last_written_before=math.inf)
        yield
    finally:
        lock.release()


def _acquire(lock: filelock.BaseFileLock, target: Path, *, patience: float, notice: float) -> None:
    try:
        lock.acquire(timeout=min(notice, patience))
    except filelock.Timeout:
        who = f"labkit (process {os.getpid()})"
        print(f"{who} waits for {target}: another process is at work on it.", file=sys.stderr)
        lock.acquire(timeout=patience)


def _clear(target: Path, *, last_written_before: float) -> None:
    """Remove what writers of `target` left beside it."""
    for path in target.parent.glob(f".{glob.escape(target.name)}.*"):
        with contextlib.suppress(OSError):  # it is another's, or another process was quicker
            if path.suffix != ".lock" and path.stat().st_mtime < last_written_before:
                path.unlink()
