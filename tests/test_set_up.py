"""How make finds a Python, on machines made up of a few shell scripts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "set_up.sh"
TOOLS = ("dirname", "rm", "touch", "mkdir", "cp", "chmod", "cat", "sh")

pytestmark = pytest.mark.skipif(
    os.name == "nt" or any(shutil.which(tool) is None for tool in TOOLS),
    reason="needs a POSIX shell",
)

# Answers what set_up.sh asks of a Python, and writes down what pip is told.
PYTHON = """#!/bin/sh
case "$*" in
  *"import sys;"*) echo {version} ;;
  *"import ensurepip"*) exit {ensurepip} ;;
  "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *"-m pip"*) echo "$*" >> pip.log; exit {pip} ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """A checkout with nothing but the script, and a PATH with nothing but a few tools."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return tmp_path


def install(machine, name, version, *, ensurepip=True, pip=0):
    path = machine / "bin" / name
    path.write_text(PYTHON.format(version=version, ensurepip=0 if ensurepip else 1, pip=pip))
    path.chmod(0o755)


def set_up(machine, **settings):
    return subprocess.run(
        [machine / "bin" / "sh", machine / "scripts" / "set_up.sh"],
        env={"PATH": str(machine / "bin")} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def message(done):
    assert done.returncode == 1
    return " ".join(done.stderr.split())


def test_installs_the_lock_with_its_hashes_and_labkit_without_asking_for_more(machine):
    install(machine, "python3", "3.12")
    done = set_up(machine)
    assert done.returncode == 0, done.stderr
    assert "Setting up .venv with python3 (3.12)" in done.stdout
    lock, labkit = (machine / "pip.log").read_text().splitlines()
    assert lock.endswith("install --quiet --require-hashes --requirement requirements.lock")
    assert labkit.endswith("install --quiet --no-deps --no-build-isolation --editable .")
    assert (machine / ".venv" / ".ready").exists()


def test_an_older_python3_is_passed_over_for_a_newer_one_beside_it(machine):
    install(machine, "python3", "3.9")
    install(machine, "python3.13", "3.13")
    assert "with python3.13 (3.13)" in set_up(machine).stdout


def test_names_what_it_found_where_nothing_serves(machine):
    install(machine, "python3", "3.9")
    install(machine, "python", "3.14")
    assert message(set_up(machine)) == (
        "Python: expected 3.11, 3.12 or 3.13; received: python3 (3.9) python (3.14). "
        "Install one of them, or name one: make PYTHON=/path/to/python3.12 ..."
    )


def test_says_so_where_there_is_no_python_at_all(machine):
    assert "received: none." in message(set_up(machine))


def test_a_python_without_venv_is_told_how_to_get_it(machine):
    install(machine, "python3", "3.11", ensurepip=False)
    assert message(set_up(machine)) == (
        "Python environment: expected a Python with the venv module; received python3 without it. "
        "Install it (on Debian and Ubuntu: sudo apt install python3.11-venv), then run make again."
    )
    assert not (machine / ".venv").exists()


def test_a_failed_installation_is_not_taken_for_a_finished_one(machine):
    install(machine, "python3", "3.12", pip=1)
    assert "could not be installed (see above)" in message(set_up(machine))
    assert not (machine / ".venv" / ".ready").exists()


def test_an_environment_that_fits_is_kept(machine):
    install(machine, "python3", "3.12")
    set_up(machine)
    (machine / ".venv" / "mine").touch()
    assert set_up(machine).stdout == "Bringing .venv up to date.\n"
    assert (machine / ".venv" / "mine").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(machine):
    install(machine, "python3", "3.12")
    set_up(machine)
    (machine / ".venv" / "bin" / "python").unlink()
    assert "Setting up .venv" in set_up(machine).stdout
    assert (machine / ".venv" / "bin" / "python").exists()


def test_another_python_that_is_asked_for_takes_its_place(machine):
    install(machine, "python3", "3.12")
    install(machine, "python3.13", "3.13")
    set_up(machine)
    assert "with python3.13 (3.13)" in set_up(machine, PYTHON="python3.13").stdout
