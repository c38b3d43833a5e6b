"""Downloads, against a server on this machine and against Keras's own loaders."""

import errno
import http.server
import os
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from labkit import folders
from labkit.data import catalogue, npz, origins, sources
from labkit.errors import CacheWriteError, DataFileError, DataUnavailableError

PACKAGE = catalogue.PACKAGE_FOLDER
CHECKOUT = Path(origins.__file__).parent.parent


def table(name):
    return npz.read(PACKAGE / f"{name}.npz", catalogue.entry(name).arrays, remedy="")


@pytest.fixture
def pima():
    return table("pima_indians_diabetes")


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path, pima):
    """No mirror, no cache, no tables in the package, and no proxy in the way."""
    for variable in ("LABKIT_DATA", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(catalogue, "PACKAGE_FOLDER", tmp_path / "package")


@pytest.fixture
def serve(monkeypatch):
    """Serve bytes as Pima's file, announcing perhaps more than is sent; count the requests."""
    servers = []

    def start(content: bytes, *, announced: int | None = None, status: int = 200) -> list[str]:
        requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                requests.append(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(announced or len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                """Keep quiet."""

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        servers.append(server)
        monkeypatch.setattr(origins, "PIMA_URL", f"http://127.0.0.1:{server.server_port}/pima.csv")
        return requests

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def closed_port():
    """A port of this machine on which nobody answers."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def csv(table, end="\n"):
    lines = (
        ",".join(f"{value:g}" for value in (*row, label))
        for row, label in zip(table["x"], table["y"], strict=True)
    )
    return (end.join(lines) + end).encode()


# Over HTTP


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_pima_comes_from_its_file_whatever_its_line_ends(serve, pima, end):
    requests = serve(csv(pima, end))
    arrays, source = sources.read("pima_indians_diabetes", download=True)
    assert source == "download" and requests == ["/pima.csv"]
    np.testing.assert_array_equal(arrays["x"], pima["x"])
    assert sources.read("pima_indians_diabetes", download=True)[1] == "cache"
    assert len(requests) == 1


def test_rejects_a_truncated_download(serve, pima):
    serve(b"".join(csv(pima).splitlines(keepends=True)[:700]))
    with pytest.raises(DataFileError) as caught:
        sources.fetch("pima_indians_diabetes")
    assert "expected x of shape (768, 8) and type float64; received shape (700, 8)" in str(
        caught.value
    )
    assert sources.status("pima_indians_diabetes").source == "download"


def test_rejects_an_altered_download(serve, pima):
    serve(csv({**pima, "x": pima["x"] + (np.arange(8) == 2)}))
    with pytest.raises(DataFileError, match="expected x with sha256 db6367d8"):
        sources.fetch("pima_indians_diabetes")


@pytest.mark.parametrize("broken", [{"announced": 10**6}, {"status": 404}])
def test_a_connection_that_breaks_is_no_data(serve, pima, broken):
    serve(csv(pima), **broken)
    with pytest.raises(DataUnavailableError, match="run `labkit data fetch pima_indians_diabetes`"):
        sources.fetch("pima_indians_diabetes")


def test_without_a_network_the_error_says_what_to_do(monkeypatch, closed_port):
    monkeypatch.setattr(origins, "PIMA_URL", f"http://127.0.0.1:{closed_port}/pima.csv")
    with pytest.raises(DataUnavailableError) as caught:
        sources.read("pima_indians_diabetes", download=True)
    error = caught.value
    assert error.subject == "pima_indians_diabetes"
    assert error.expected == "the real data in LABKIT_DATA, in the cache, or over the network"
    assert error.received.startswith("ConnectionError: ")
    assert error.remedy == (
        "Connect (behind a proxy, set HTTPS_PROXY) and run `labkit data fetch "
        "pima_indians_diabetes`; or copy pima_indians_diabetes.npz into a folder and set "
        'LABKIT_DATA to it; or use the excerpt that travels with labkit: source="sample".'
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
    monkeypatch.setitem(
        origins._CONVERTERS, "mnist", lambda name: seen.append(socket.getdefaulttimeout()) or {}
    )
    before = socket.getdefaulttimeout()
    origins.download("mnist")
    assert seen == [origins.SILENCE] and socket.getdefaulttimeout() == before


def test_a_download_that_finds_no_room_says_so(monkeypatch):
    def full(name):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setitem(origins._CONVERTERS, "mnist", full)
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
    module = SimpleNamespace(load_data=lambda: ((images, labels), (images[:1], labels[:1])))
    monkeypatch.setattr(origins, "_keras", lambda name: module)
    arrays = origins.download("cifar10")
    np.testing.assert_array_equal(arrays["x_train"], images)
    assert arrays["y_train"].tolist() == [3, 1] and arrays["y_test"].tolist() == [3]
    assert {array.dtype.name for array in arrays.values()} == {"uint8"}


WITH_KERAS = """
    import sys
    import numpy as np
    from keras.src.datasets import boston_housing, california_housing
    from labkit.data import catalogue, load, npz, origins
    from labkit.errors import DataUnavailableError

    def in_single_precision(name):
        table = dict(np.load(catalogue.PACKAGE_FOLDER / f"{name}.npz"))
        if name == "california_housing":
            table = {key: array.astype(np.float32) for key, array in table.items()}
        np.savez(f"{sys.argv[1]}/{name}.npz", **table)
        return f"{sys.argv[1]}/{name}.npz"

    # Offline, before anything is replaced.
    try:
        load("mnist", source="real")
    except DataUnavailableError as error:
        print(error)
    print(load("mnist", source="auto").source)

    # Keras's own loaders, on a file from here in place of the one they would fetch.
    boston_housing.get_file = lambda *a, **k: in_single_precision("boston_housing")
    california_housing.get_file = lambda *a, **k: in_single_precision("california_housing")
    for name in ("boston_housing", "california_housing"):
        facts = catalogue.entry(name).arrays
        npz.check_arrays(origins.download(name), facts, subject=name, remedy="")
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    dataset = load("boston_housing")
    np.testing.assert_array_equal(dataset.test.features, x_test.astype(np.float32))
    np.testing.assert_array_equal(dataset.test.targets, y_test.astype(np.float32))
    assert len(dataset.train) == len(x_train)
    print("same")
"""


def test_keras_itself_offline_and_on_its_tables(tmp_path, closed_port):
    """In a process of its own, whose way to the network is a proxy that does not answer."""
    dead = f"http://127.0.0.1:{closed_port}"
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("LABKIT_")},
        "KERAS_HOME": str(tmp_path / "keras"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(CHECKOUT),
        "LABKIT_MODE": "replay",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), dead),
    }
    script = textwrap.dedent(WITH_KERAS)
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-2:] == ["sample", "same"]
    error = next(line for line in lines if line.startswith("mnist: "))
    assert "received Exception: URL fetch failure on" in error
    assert "Connect (behind a proxy, set HTTPS_PROXY) and run `labkit data fetch mnist`" in error
