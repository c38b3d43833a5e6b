"""The course in JupyterLab's own page: what a student sees there, and no notebook's file holds."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import chromium
import nbformat.v4
import pytest

TESTS = Path(__file__).resolve().parent
FLAGS = (
    "--no-browser",
    "--allow-root",
    "--expose-app-in-browser",  # as window.jupyterapp
    "--ServerApp.ip=127.0.0.1",
    "--IdentityProvider.token=lab",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    # It ends by itself where this process was killed.
    "--MappingKernelManager.cull_idle_timeout=120",
    "--ServerApp.shutdown_no_activity_timeout=120",
)
SECONDS = 100  # for what needs a kernel that loads Keras, on a machine with other work

STOPPED_EARLY = """\
import labkit, tiny
from keras import callbacks

out_of_reach = callbacks.EarlyStopping(patience=1, min_delta=100.0)
recipe = tiny.recipe(epochs=9, callbacks=(out_of_reach,))
labkit.train(tiny.dense, tiny.dataset(), recipe, experiment="99/tiny", budget="full", mode="train")
"""
INTERRUPTED = """\
class Interrupt(callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt

recipe = tiny.recipe(callbacks=(Interrupt(),))
labkit.train(tiny.dense, tiny.dataset(), recipe, experiment="99/tiny", budget="full", mode="train")
"""


@contextlib.contextmanager
def lab(folder: Path) -> Iterator[str]:
    """Serve a folder's notebooks by JupyterLab with its own settings; give the address."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)]),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *FLAGS, f"--ServerApp.root_dir={folder}"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield address(server)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.communicate()


def address(server: subprocess.Popen) -> str:
    """Return where the server listens, from what it prints at its start."""
    for line in server.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
            return found[0]
    raise RuntimeError("JupyterLab ended before it listened.")


def run_all(tab: chromium.Tab) -> None:
    """Run the cells of the notebook that is open; note how each progress bar looks meanwhile."""
    kernel = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
    enabled = "jupyterapp.commands.isEnabled('notebook:run-all-cells')"
    tab.wait_for(f"{kernel}?.status === 'idle' && {enabled}", seconds=SECONDS)
    tab.value(
        "window.looks = new Set();"
        "const note = () => document.querySelectorAll('.jp-OutputArea .progress-bar')"
        ".forEach(bar => looks.add(bar.className));"
        "new MutationObserver(note).observe(document, {subtree: true, childList: true});"
        "jupyterapp.commands.execute('notebook:run-all-cells'); true"
    )
    prompts = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
    ran = f"{prompts}.some(one => /[0-9]/.test(one.textContent))"
    waiting = f"{prompts}.some(one => one.textContent.includes('*'))"
    tab.wait_for(f"{ran} && !{waiting}", seconds=SECONDS)


@pytest.mark.skipif(
    chromium.program() is None,
    reason="needs Chromium: install it (Debian: apt-get install chromium) to run this test",
)
def test_a_training_s_bar_goes_when_it_is_stopped_early_and_when_it_is_interrupted(isolated):
    cells = [nbformat.v4.new_code_cell(code) for code in (STOPPED_EARLY, INTERRUPTED)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, isolated / "bars.ipynb")
    with lab(isolated) as server, chromium.tab() as tab:
        tab.call("Emulation.setFocusEmulationEnabled", enabled=True)  # else no command is enabled
        tab.open(f"{server}lab/tree/bars.ipynb", query="token=lab")
        run_all(tab)
        shown = tab.value("[...document.querySelectorAll('.jp-OutputArea')].map(o => o.innerText)")
        assert "Run(" in shown[0] and "KeyboardInterrupt" in shown[1]
        tab.wait_for("!document.querySelector('.jp-OutputArea .progress-bar')")
        looks = tab.value("[...looks]")
        assert looks and not [one for one in looks if "danger" in one]
