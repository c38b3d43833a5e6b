"""Where the trials of a search are kept: a journal file on one machine, a database for several."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit import folders
from labkit.errors import CacheWriteError, SweepError
from labkit.sweeps.packages import needed

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


def default(practical: str) -> str:
    """Return the journal file of a practical's searches in the user's folder."""
    return str(folders.user_folder() / "sweeps" / f"{practical.replace('/', '.')}.journal")


def opened(place: str) -> BaseStorage:
    """Return Optuna's storage at a place.

    Args:
        place: a journal file, which may not exist yet, or a database's address with ``://``.

    Raises:
        SweepError: the database cannot be reached, or the file is no journal.
        CacheWriteError: the file's folder cannot be written.
    """
    return _database(place) if "://" in place else _journal(Path(place))


def _journal(path: Path) -> BaseStorage:
    journals = needed("optuna.storages.journal")
    remedy = "Name another file: labkit sweep … --storage FILE."
    folders.require_writable(path.parent, remedy=remedy)
    try:
        # Making symbolic links, as Optuna's usual lock does, is not everybody's right on Windows.
        lock = journals.JournalFileOpenLock(str(path)) if os.name == "nt" else None
        backend = journals.JournalFileBackend(str(path), lock_obj=lock)
        return needed("optuna.storages").JournalStorage(backend)
    except OSError as problem:
        raise CacheWriteError(
            str(path),
            expected="a journal file that can be read and written",
            received=problem.strerror or str(problem),
            remedy=remedy,
        ) from problem
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as problem:
        raise SweepError(
            str(path),
            expected="the journal of a search, as Optuna wrote it",
            received=f"{type(problem).__name__}: {problem}",
            remedy=f"Move it away, or name another. {_KEPT}",
        ) from problem


_KEPT = "Trials that finished are in the records."
# Connections that the server closed meanwhile are opened again.
_ENGINE = {"pool_pre_ping": True}
_ATTEMPTS = 5  # tables are made in a few steps, and in each of them another sweep may be first


def _database(address: str) -> BaseStorage:
    storages = needed("optuna.storages")
    alchemy = needed("sqlalchemy")
    try:
        return _made_by_one(lambda: storages.RDBStorage(address, engine_kwargs=_ENGINE))
    except (alchemy.exc.SQLAlchemyError, ImportError, ValueError) as problem:
        said: Any = getattr(problem, "orig", None) or problem
        raise SweepError(
            "storage",
            expected="the address of a database that can be reached, and its Python driver",
            received=f"{_without_password(address)}: {' '.join(str(said).split()).rstrip('.')}",
            remedy="Write it like postgresql+psycopg://USER@HOST/NAME, and install its driver, "
            'such as pip install "psycopg[binary]".',
        ) from problem


def _made_by_one(opened: Callable[[], BaseStorage]) -> BaseStorage:
    """Open a new database again where another sweep was making its tables at the same time."""
    alchemy = needed("sqlalchemy")
    for _ in range(_ATTEMPTS - 1):
        try:
            return opened()
        except (alchemy.exc.IntegrityError, alchemy.exc.ProgrammingError):
            continue
    return opened()


def _without_password(address: str) -> str:
    alchemy = needed("sqlalchemy")
    try:
        return alchemy.engine.make_url(address).render_as_string(hide_password=True)
    except alchemy.exc.ArgumentError:
        return "an address that is none"
