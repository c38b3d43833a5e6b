"""The packages of `labkit[cluster]`, imported where they are first needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from labkit.errors import SweepError


def needed(name: str) -> ModuleType:
    """Return a module of Optuna or Dask.

    Raises:
        SweepError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        raise SweepError(
            name,
            expected="the packages that searches need",
            received=str(problem),
            remedy='Install them: pip install "labkit[cluster]".',
        ) from problem
