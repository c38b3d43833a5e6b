"""Downloads through Keras's own loaders, and what happens where there is nothing to load."""

import errno
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from labkit import folders
from labkit.data import catalogue, load, origins, sources
from labkit.errors import CacheWriteError, DataUnavailableError

CHECKOUT = Path(origins.__file__).parents[2]


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No mirror, no cache, no sample data in the package."""
    monkeypatch.delenv("LABKIT_DATA", raising=False)
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(catalogue, "PACKAGE_FOLDER", tmp_path / "package")


def serve(monkeypatch, load_data):
    """Let Keras's loader of each dataset be this function."""
    monkeypatch.setattr(origins, "_keras", lambda name: SimpleNamespace(load_data=load_data))


# Where nothing comes from


@pytest.mark.parametrize("name", ["boston_housing", "california_housing", "pima_indians_diabetes"])
@pytest.mark.parametrize("source", ["auto", "real", "local", "sample"])
def test_a_table_that_was_left_out_of_the_package_has_no_other_origin(name, source):
    with pytest.raises(DataUnavailableError) as caught:
        load(name, source=source)
    assert str(caught.value) == (
        f"{name}: expected its files in {catalogue.PACKAGE_FOLDER}; received no whole copy there. "
        f"Install labkit with its sample data, or set LABKIT_DATA to a folder with {name}.npz; "
        f"`labkit data fetch {name} --to DIR` fills one on a machine that has the data."
    )


def test_a_connection_that_breaks_is_no_data(monkeypatch):
    def broken():
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    serve(monkeypatch, broken)
    with pytest.raises(DataUnavailableError) as caught:
        sources.read("mnist", download=True)
    assert str(caught.value) == (
        "mnist: expected the real data in LABKIT_DATA, in the cache, or over the network; received "
        f"ConnectionResetError: [Errno {errno.ECONNRESET}] Connection reset by peer. "
        "Connect (behind a proxy, set HTTPS_PROXY) and run `labkit data fetch mnist`; or copy "
        "mnist.npz into a folder and set LABKIT_DATA to it; or use the excerpt that travels with "
        'labkit: source="sample".'
    )


def test_reviews_are_published_nowhere_in_this_numbering():
    with pytest.raises(DataUnavailableError) as caught:
        origins.download("imdb")
    assert str(caught.value) == (
        "imdb: expected a mirror folder with imdb.npz, named by LABKIT_DATA; received no such "
        "file, and no server publishes it in this numbering of words. Copy imdb.npz into a folder "
        "and set LABKIT_DATA to it, or use the excerpt that travels with labkit: "
        'source="sample".'
    )


def test_sockets_get_their_patience_back(monkeypatch):
    seen = []
    nothing = np.zeros(0)

    def timed():
        seen.append(socket.getdefaulttimeout())
        return (nothing, nothing), (nothing, nothing)

    serve(monkeypatch, timed)
    before = socket.getdefaulttimeout()
    origins.download("mnist")
    assert seen == [origins.SILENCE] and socket.getdefaulttimeout() == before


def test_a_download_that_finds_no_room_says_so(monkeypatch):
    def full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    serve(monkeypatch, full)
    with pytest.raises(CacheWriteError) as caught:
        origins.download("mnist")
    assert str(caught.value) == (
        "download of mnist: expected a home and a temporary folder that can be written, with "
        f"space for the files; received OSError: [Errno 28] {os.strerror(errno.ENOSPC)}. "
        "Free some space, or set LABKIT_DATA to a folder that has the data."
    )


# Through Keras


def test_keras_images_get_flat_labels_of_one_byte(monkeypatch):
    images = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    labels = np.array([[3], [1]])  # as Keras gives CIFAR's
    serve(monkeypatch, lambda: ((images, labels), (images[:1], labels[:1])))
    arrays = origins.download("cifar10")
    np.testing.assert_array_equal(arrays["x_train"], images)
    assert arrays["y_train"].tolist() == [3, 1] and arrays["y_test"].tolist() == [3]
    assert {array.dtype.name for array in arrays.values()} == {"uint8"}


WITH_KERAS = """
    import numpy as np
    from keras.src.datasets import boston_housing
    from labkit.data import catalogue, load
    from labkit.errors import DataUnavailableError

    # Offline, before anything is replaced.
    try:
        load("mnist", source="real")
    except DataUnavailableError as error:
        print(error)
    print(load("mnist", source="auto").source)

    # Keras's own loader, on labkit's file in place of the one it would fetch.
    boston_housing.get_file = lambda *a, **k: catalogue.PACKAGE_FOLDER / "boston_housing.npz"
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    dataset = load("boston_housing")
    np.testing.assert_array_equal(dataset.test.features, x_test.astype(np.float32))
    np.testing.assert_array_equal(dataset.test.targets, y_test.astype(np.float32))
    assert len(dataset.train) == len(x_train)
    print("same")
"""


def test_keras_itself_offline_and_its_split_of_boston(tmp_path):
    """In a process of its own, whose way to the network is a proxy that does not answer."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = in_a_process_of_its_own(tmp_path, f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-2:] == ["sample", "same"]
    error = next(line for line in lines if line.startswith("mnist: "))
    assert "received Exception: URL fetch failure on" in error
    assert "Connect (behind a proxy, set HTTPS_PROXY) and run `labkit data fetch mnist`" in error


def in_a_process_of_its_own(folder, proxy):
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("LABKIT_")},
        "KERAS_HOME": str(folder / "keras"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "PYTHONPATH": str(CHECKOUT),
        "LABKIT_MODE": "replay",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy),
    }
    command = [sys.executable, "-c", textwrap.dedent(WITH_KERAS)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
