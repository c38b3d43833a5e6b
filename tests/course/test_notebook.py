import subprocess
import sys

import matplotlib.pyplot as plt
import pytest

from labkit.course import notebook
from labkit.errors import ParameterError


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_starts_without_a_word():
    done = python("from labkit import notebook; notebook.start('replay'); import keras")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_goes_wrong_later_is_still_heard():
    done = python(
        "import sys; from labkit import notebook; notebook.start('train'); sys.exit('heard')"
    )
    assert done.stderr == "heard\n"


def test_returns_the_mode_in_force(monkeypatch):
    monkeypatch.setenv("LABKIT_MODE", "auto")
    assert notebook.start() == "auto"
    assert notebook.start("train") == "train"


@pytest.mark.parametrize("name", ["BUDGET", "MODE", "SOURCE"])
def test_a_wrong_environment_is_said_at_once(monkeypatch, name):
    monkeypatch.setenv(f"LABKIT_{name}", "nonsense")
    with pytest.raises(ParameterError, match=f"LABKIT_{name}: expected one of .*'nonsense'"):
        notebook.start()


def test_a_wrong_budget_is_found_before_anything_is_loaded():
    done = python(
        "import sys; from labkit import notebook\ntry: notebook.start('train', 'smal')\n"
        "except ValueError as error: print(error, 'keras' in sys.modules)"
    )
    assert done.stdout.startswith("BUDGET: expected one of smoke, lab, full; received 'smal'.")
    assert done.stdout.rstrip().endswith("False")


def test_figures_are_readable_on_a_dark_page():
    notebook.start("train")
    assert plt.rcParams["figure.facecolor"] == "white"


def test_replay_shortens_tracebacks_and_train_does_not():
    shell = (
        "from IPython.core.interactiveshell import InteractiveShell as Shell;"
        "shell = Shell.instance(); from labkit import notebook;"
        "notebook.start({mode!r}); print(shell.InteractiveTB.mode)"
    )
    assert python(shell.format(mode="replay")).stdout.strip() == "Minimal"
    assert python(shell.format(mode="train")).stdout.strip() != "Minimal"


def test_an_interrupt_is_one_line_and_ends_the_cell():
    done = python(
        "from IPython.core.interactiveshell import InteractiveShell as Shell;"
        "shell = Shell.instance(); from labkit import notebook; notebook.start('train');"
        "result = shell.run_cell('raise KeyboardInterrupt'); print(result.success)"
    )
    assert done.stdout.splitlines() == [
        "Interrupted. Run the cell again, and an unfinished training goes on where it was.",
        "False",
    ]
    assert done.stderr == ""


def test_that_each_network_is_traced_is_not_said_and_all_else_is():
    done = python(
        "import logging; from labkit import notebook; notebook.start('train');"
        "log = logging.getLogger('tensorflow'); log.warning('5 out of the last 5 calls to <f> '"
        "'triggered tf.function retracing.'); log.warning('something else')"
    )
    assert "something else" in done.stderr and "retracing" not in done.stderr
