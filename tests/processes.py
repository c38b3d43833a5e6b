"""Python processes of their own, for tests of what happens between processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent


def start(code: str, *arguments: object, **environment: str) -> subprocess.Popen:
    """Start Python on `code`, which may import labkit and the tests' own modules."""
    places = {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | places | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen) -> str:
    """Wait for a process and return what it printed; what it complained of is shown."""
    printed, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints
    return printed


def killed(process: subprocess.Popen) -> None:
    """Wait for a process that is to die of `kill -9`."""
    _, complaints = process.communicate(timeout=120)
    assert process.returncode == -9, complaints
