"""A notebook in JupyterLab's own page, run from its first cell to its last."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import chromium
import nbformat
import pytest
from nbformat import v4

from labkit import folders

pytestmark = [
    pytest.mark.skipif(
        chromium.program() is None,
        reason="needs Chromium: install it (Debian: apt-get install chromium) to run this test",
    ),
    pytest.mark.timeout(240),
]

SECONDS = 120  # for the kernel to load Keras and train, on a busy machine
TOKEN = "look"

# Early stopping ends it after two of its six epochs: that, too, is a training that went well.
TRAINING = """
import labkit
from keras import Input, Sequential, callbacks, layers
from labkit import data, show

labkit.notebook.start("train")
stop = callbacks.EarlyStopping(patience=1, min_delta=100.0)
recipe = labkit.Recipe(loss="binary_crossentropy", optimizer="adam", epochs=6, callbacks=(stop,))


def network():
    return Sequential([Input((8,)), layers.Dense(1, activation="sigmoid")])


run = labkit.train(network, data.load("pima_indians_diabetes", validation=100), recipe,
                   experiment="99/lab", budget="lab")
show.results({"in the laboratory": run})
"""


@pytest.fixture
def lab(tmp_path):
    """The address of a notebook in a JupyterLab of its own."""
    written = v4.new_notebook(cells=[v4.new_code_cell(TRAINING), v4.new_code_cell("'the' + 'end'")])
    written.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(written, tmp_path / "tried.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
         "--expose-app-in-browser", f"--port={port}", f"--IdentityProvider.token={TOKEN}",
         f"--ServerApp.root_dir={tmp_path}"],
        env=own_environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for_server(server, f"http://127.0.0.1:{port}/api?token={TOKEN}")
        yield f"http://127.0.0.1:{port}/lab/tree/tried.ipynb"
    finally:
        server.terminate()
        server.wait(30)


def own_environment(folder):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LABKIT_")}
    root = folders.checkout()
    own = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "XDG_DATA_HOME")}
    return kept | own | {"PYTHONPATH": str(root), "LABKIT_SOURCE": "local"}


def wait_for_server(server, address):
    """Wait until the server answers; it listens within seconds, or has ended."""
    while server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            continue
    raise AssertionError(f"JupyterLab ended with {server.returncode}")


def test_a_training_leaves_no_red_bar_and_no_red_output(lab):
    with chromium.tab() as tab:
        tab.socket.settimeout(SECONDS)
        tab.open(lab, query=f"token={TOKEN}")
        tab.wait_for("document.querySelector('.jp-Notebook .jp-CodeCell')")
        tab.wait_for("window.jupyterapp?.commands.isEnabled('notebook:run-all-cells')")
        tab.value("void jupyterapp.commands.execute('notebook:run-all-cells'); true")
        tab.wait_for("document.body.innerText.includes('theend')")
        shown = tab.value("document.querySelector('.jp-Notebook').innerText")
        red = tab.value(
            '[...document.querySelectorAll(\'[data-mime-type$="jupyter.stderr"],'
            '[data-mime-type$="jupyter.error"], [class*=danger]\')].map(one => one.outerHTML)'
        )
    assert red == []
    assert "in the laboratory" in shown and "lab, 1 seed" in shown
