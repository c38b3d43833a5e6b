"""Keras, imported without the log lines of its backend that nobody can act on."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


def import_keras() -> ModuleType:
    """Import Keras and return it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").addFilter(_is_worth_saying)
    with _silent_stderr():
        return importlib.import_module("keras")


def _is_worth_saying(record: logging.LogRecord) -> bool:
    """Leave out that many functions are traced: every network that is trained needs its own."""
    return "triggered tf.function retracing" not in record.getMessage()


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keep TensorFlow's C++ start-up lines away.

    They are written to file descriptor 2, past Python, whatever the log level; an exception
    still travels as usual.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
