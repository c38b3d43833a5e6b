"""Where the real data are published, and how what comes from there becomes labkit's arrays."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Any

import numpy as np

from labkit import quietly
from labkit.data import catalogue
from labkit.data.npz import Arrays
from labkit.errors import CacheWriteError, DataUnavailableError

SILENCE = 30.0  # seconds without an answer after which a download has failed

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


def download(name: str) -> Arrays:
    """Fetch a dataset from where it is published, converted to labkit's arrays, not yet checked.

    Raises:
        DataUnavailableError: nothing came: no network, a proxy in the way, no origin. The reviews
            have none, and the tables' is labkit itself.
        CacheWriteError: what came could not be written.
    """
    entry = catalogue.entry(name)
    if entry.is_table:
        raise catalogue.left_out(name)
    if entry.kind != "images":
        raise _nowhere(name)
    try:
        with _patience(SILENCE):
            return _images(name)
    except OSError as error:
        raise (_unwritten if error.errno in _NO_SPACE else _unreached)(name, error) from error
    except Exception as error:  # Keras raises a bare Exception where the network fails
        raise _unreached(name, error) from error


@contextlib.contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Give every socket a time limit: a firewall that drops packets would hold us forever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _keras(name: str) -> Any:
    # Before 3.15, Keras unpickles CIFAR without limits, from an archive whose checksum it knows.
    return getattr(quietly.import_keras().datasets, name)


def _images(name: str) -> Arrays:
    (x_train, y_train), (x_test, y_test) = _keras(name).load_data()
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    arrays["y_train"], arrays["y_test"] = np.ravel(y_train), np.ravel(y_test)
    return {key: np.ascontiguousarray(array, dtype=np.uint8) for key, array in arrays.items()}


def _nowhere(name: str) -> DataUnavailableError:
    return DataUnavailableError(
        name,
        expected=f"a mirror folder with {name}.npz, named by LABKIT_DATA",
        received="no such file, and no server publishes it in this numbering of words",
        remedy=(
            f"Copy {name}.npz into a folder and set LABKIT_DATA to it, "
            'or use the excerpt that travels with labkit: source="sample".'
        ),
    )


def _unreached(name: str, error: Exception) -> DataUnavailableError:
    return DataUnavailableError(
        name,
        expected="the real data in LABKIT_DATA, in the cache, or over the network",
        received=f"{type(error).__name__}: {error}",
        remedy=(
            f"Connect (behind a proxy, set HTTPS_PROXY) and run `labkit data fetch {name}`; "
            f"or copy {name}.npz into a folder and set LABKIT_DATA to it; "
            'or use the excerpt that travels with labkit: source="sample".'
        ),
    )


def _unwritten(name: str, error: OSError) -> CacheWriteError:
    return CacheWriteError(
        f"download of {name}",
        expected="a home and a temporary folder that can be written, with space for the files",
        received=f"{type(error).__name__}: {error}",
        remedy="Free some space, or set LABKIT_DATA to a folder that has the data.",
    )
