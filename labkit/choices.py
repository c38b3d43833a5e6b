"""What a person may choose: how much work, train or replay, which data, which seed.

Each choice is resolved in the same order: the notebook's parameter, then the environment,
then the default.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labkit import names
from labkit.errors import ParameterError, nearest

BUDGETS = ("smoke", "lab", "full")  # from the least work to the most
MODES = ("train", "replay", "auto")
SOURCES = ("auto", "real", "sample", "local")
PRECISIONS = ("auto", "float32")
RECORDED_BUDGETS = ("full", "lab")  # what a page may show, best first

_CHOICES = {"budget": BUDGETS, "mode": MODES, "source": SOURCES, "precision": PRECISIONS}
NAMES = tuple(_CHOICES)
_DEFAULTS = {"budget": "lab", "mode": "train", "source": "auto", "precision": "auto"}


def choice(name: str, value: str | None = None) -> str:
    """Return the budget, mode, source or precision in force.

    Args:
        name: ``"budget"``, ``"mode"``, ``"source"`` or ``"precision"``.
        value: what the notebook asks for; None leaves it to ``LABKIT_<NAME>``, then the default.

    Raises:
        ParameterError: the value is not one of those allowed; the message names them.
    """
    variable = f"LABKIT_{name.upper()}"
    chosen = value if value is not None else os.environ.get(variable) or _DEFAULTS[name]
    if chosen not in _CHOICES[name]:
        where = name.upper() if value is not None else variable
        raise ParameterError(
            where,
            expected=f"one of {', '.join(_CHOICES[name])}",
            received=repr(chosen),
            remedy=nearest(chosen, _CHOICES[name]),
        )
    return chosen


def seed(value: int | None = None) -> int:
    """Return the seed in force: `value`, else ``LABKIT_SEED``, else 0.

    Raises:
        ParameterError: not a whole number from 0 to 2**31 - 1.
    """
    where = "SEED" if value is not None else "LABKIT_SEED"
    chosen = value if value is not None else os.environ.get("LABKIT_SEED") or 0
    number = int(chosen) if str(chosen).isdecimal() else -1
    if isinstance(chosen, bool) or not 0 <= number < 2**31:
        raise ParameterError(
            where,
            expected="a whole number from 0 to 2147483647",
            received=repr(chosen),
            remedy="Seeds 0, 1, 2 … are the ones recorded runs use.",
        )
    return number


def budget_is_explicit(value: str | None) -> bool:
    """Say whether somebody asked for this budget, or it is only the default."""
    return value is not None or bool(os.environ.get("LABKIT_BUDGET"))


@dataclass(frozen=True)
class ByBudget:
    """A setting that depends on the budget; `train` resolves it. Made by `by_budget`."""

    lab: Any
    full: Any


def by_budget(*, lab: Any, full: Any) -> ByBudget:
    """Give a setting its value for a lab session and for the report's own size.

    >>> resolve(by_budget(lab=3, full=20), "full")
    20
    """
    return ByBudget(lab, full)


def resolve(setting: Any, budget: str) -> Any:
    """Return the value of a setting at a budget; smoke takes the value of lab.

    Plain values are the same at every budget and come back as they are.
    """
    if not isinstance(setting, ByBudget):
        return setting
    return setting.full if budget == "full" else setting.lab


@dataclass(frozen=True)
class Recording:
    """What `labkit record` asks of the notebook it runs.

    Attributes:
        store: the folder that receives the records.
        only: a shell pattern over the names of experiments and of points of their sweeps; others
            are left alone.
        budget: the budget that is recorded.
    """

    store: Path
    only: str
    budget: str

    def asks_for(self, experiment: str, settings: Mapping[str, Any]) -> bool:
        """Say whether an experiment, or this point of its sweep, is to be recorded."""
        known_by = (experiment, names.of_point(experiment, settings))
        return any(fnmatch.fnmatchcase(one, self.only) for one in known_by)


def recording() -> Recording | None:
    """Return what is to be recorded, or None when nobody records."""
    folder = os.environ.get("LABKIT_RECORD")
    if not folder:
        return None
    return Recording(Path(folder), os.environ.get("LABKIT_RECORD_ONLY", "*"), choice("budget"))


def recording_environment(recording: Recording, *, seed: int) -> Mapping[str, str]:
    """Return the environment variables that make a notebook's kernel record.

    Args:
        recording: what is asked of the notebook.
        seed: what draws the data where the notebook leaves it open.
    """
    return {
        "LABKIT_RECORD": str(recording.store),
        "LABKIT_RECORD_ONLY": recording.only,
        "LABKIT_BUDGET": recording.budget,
        "LABKIT_SEED": str(seed),
        "LABKIT_MODE": "train",
        "LABKIT_SOURCE": "real",
    }


@dataclass(frozen=True)
class Sweep:
    """What `labkit sweep` asks of the notebook it runs.

    Attributes:
        trials: how many a search is to have, those that ended before among them; None is what
            the notebook says.
        storage: the trials' journal file, or the address of a database.
        scheduler: the address of a Dask scheduler; None starts one on this machine.
        workers: processes on this machine; None is one a core.
        mark: by which the searches of one command are told from others in the storage.
    """

    trials: int | None
    storage: str
    scheduler: str | None = None
    workers: int | None = None
    mark: str = ""


def sweep() -> Sweep | None:
    """Return what searches are asked to do, or None where `labkit sweep` does not ask."""
    text = os.environ.get("LABKIT_SWEEP")
    return Sweep(**json.loads(text)) if text else None


def sweep_environment(asked: Sweep) -> Mapping[str, str]:
    """Return the environment variable that makes a notebook's searches sweep."""
    return {"LABKIT_SWEEP": json.dumps(asdict(asked))}


@contextlib.contextmanager
def in_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables meanwhile, for this process and for those that it starts."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
