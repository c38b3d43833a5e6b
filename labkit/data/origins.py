"""Where the real data are published, and how what comes from there becomes labkit's arrays."""

from __future__ import annotations

import contextlib
import errno
import importlib
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from labkit.errors import CacheWriteError, DataUnavailableError

Arrays = dict[str, np.ndarray]

PIMA_URL = (
    "https://raw.githubusercontent.com/jbrownlee/Datasets/master/pima-indians-diabetes.data.csv"
)
KERAS_SEED = 113  # with which Keras shuffles its tables before it splits them
SILENCE = 30.0  # seconds without an answer after which a download has failed

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


def download(name: str) -> Arrays:
    """Fetch a dataset from where it is published, converted to labkit's arrays, not yet checked.

    Raises:
        DataUnavailableError: nothing came: no network, a proxy in the way, no such origin.
        CacheWriteError: what came could not be written.
    """
    if name not in _CONVERTERS:
        raise _nowhere(name)
    try:
        with _patience(SILENCE):
            return _CONVERTERS[name](name)
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


def _keras(name: str):
    return importlib.import_module("keras").datasets.__dict__[name]


def _images(name: str) -> Arrays:
    (x_train, y_train), (x_test, y_test) = _keras(name).load_data()
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    arrays["y_train"], arrays["y_test"] = np.ravel(y_train), np.ravel(y_test)
    return {key: np.ascontiguousarray(array, dtype=np.uint8) for key, array in arrays.items()}


def _boston(name: str) -> Arrays:
    return _unshuffled(*_keras(name).load_data(test_split=0.0, seed=KERAS_SEED)[0])


def _california(name: str) -> Arrays:
    table, _ = _keras(name).load_data(version="large", test_split=0.0, seed=KERAS_SEED)
    # Published with at most four decimals, stored by Keras in single precision.
    return {key: array.round(4) for key, array in _unshuffled(*table).items()}


def _unshuffled(x: np.ndarray, y: np.ndarray) -> Arrays:
    """Put the rows of one of Keras's tables back into the order of its file."""
    order = np.arange(len(x))
    np.random.RandomState(KERAS_SEED).shuffle(order)
    back = np.argsort(order)
    return {"x": np.asarray(x, np.float64)[back], "y": np.asarray(y, np.float64)[back]}


def _pima(name: str) -> Arrays:
    import pooch

    pooch.get_logger().setLevel("WARNING")  # it would announce every download on stderr
    with tempfile.TemporaryDirectory() as folder:
        # No hash of the file: the arrays are held against theirs, whatever its line ends are.
        fetch = pooch.HTTPDownloader(timeout=SILENCE)
        file = pooch.retrieve(PIMA_URL, known_hash=None, path=folder, downloader=fetch)
        rows = np.loadtxt(Path(file), delimiter=",", ndmin=2)
    return {"x": np.ascontiguousarray(rows[:, :8]), "y": rows[:, 8].astype(np.uint8)}


_CONVERTERS: dict[str, Callable[[str], Arrays]] = {
    "mnist": _images,
    "fashion_mnist": _images,
    "cifar10": _images,
    "cifar100": _images,
    "boston_housing": _boston,
    "california_housing": _california,
    "pima_indians_diabetes": _pima,
}


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
