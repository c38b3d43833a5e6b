"""An unfinished training on disk, so that a killed run goes on as if nothing had happened.

Keras's own BackupAndRestore forgets the history and the callbacks' state; this keeps both.
"""

from __future__ import annotations

import inspect
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.errors import DamagedRecordError, ParameterError
from labkit.files import written_whole

if TYPE_CHECKING:
    import keras

_NOT_STATE = {"model", "params", "monitor_op", "validation_data"}


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes:
        history: per-epoch values so far.
        seconds_per_epoch: of the epochs so far.
        callbacks: each callback's state, in the recipe's order.
        seconds_before: of the epochs that an earlier, killed process trained.
    """

    history: Mapping[str, list[float]]
    seconds_per_epoch: list[float]
    callbacks: Sequence[Mapping[str, Any]] = ()
    seconds_before: float = 0.0


def save(path: Path, model: keras.Model, callbacks: Sequence, progress: Progress) -> None:
    """Write weights, optimizer, seed generators, history and callbacks' state to `path`.

    Raises:
        CacheWriteError: the folder cannot be written, or the disk is full.
        ParameterError: a callback remembers what cannot be written down.
    """
    arrays = {f"variable{place}": np.asarray(one) for place, one in enumerate(_variables(model))}
    states = [_state(callback) for callback in callbacks]
    plain = {
        "history": progress.history,
        "seconds_per_epoch": progress.seconds_per_epoch,
        "callbacks": [_unload(state, f"callback{n}", arrays) for n, state in enumerate(states)],
    }
    arrays["progress"] = np.frombuffer(_dumped(plain).encode(), dtype=np.uint8)
    with written_whole(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)


def load(path: Path, model: keras.Model) -> Progress | None:
    """Put a saved training back into `model`; return how far it was, None where there is none.

    The callbacks' state is not put back yet: `restore` does, after they were told that
    training begins, for that resets them.

    Raises:
        DamagedRecordError: the file is not whole, or belongs to another network.
    """
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as saved:
            arrays = dict(saved)
        plain = json.loads(arrays["progress"].tobytes())
        for place, variable in enumerate(_variables(model)):
            variable.assign(arrays[f"variable{place}"])
        states = [_reload(state, arrays) for state in plain["callbacks"]]
        seconds = plain["seconds_per_epoch"]
        return Progress(plain["history"], seconds, states, sum(seconds))
    except (KeyError, ValueError, EOFError, OSError, zipfile.BadZipFile) as problem:
        raise DamagedRecordError(
            str(path),
            expected="an unfinished run as labkit wrote it",
            received=f"{type(problem).__name__}: {problem}",
            remedy="Delete this file; the training then starts from its first epoch.",
        ) from problem


def restore(callbacks: Sequence, progress: Progress) -> None:
    """Give each callback the state it had when `progress` was saved."""
    for callback, state in zip(callbacks, progress.callbacks, strict=True):
        vars(callback).update(state)


def _variables(model: keras.Model) -> list:
    """Every variable a step changes: weights, statistics, seed generators, the optimizer's."""
    return [*model.variables, *model.optimizer.variables]


def _state(callback: Any) -> dict[str, Any]:
    """Return what a callback learned while training, without its settings."""
    settings = set(inspect.signature(type(callback).__init__).parameters)
    return {
        name: value
        for name, value in vars(callback).items()
        if name not in settings | _NOT_STATE and not name.startswith("_")
    }


def _unload(state: Mapping[str, Any], prefix: str, arrays: dict[str, np.ndarray]) -> dict:
    """Move a state's arrays into `arrays`; leave their names in their place."""
    plain: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, list) and value and hasattr(value[0], "shape"):
            names = [f"{prefix}.{name}.{place}" for place in range(len(value))]
            arrays.update(zip(names, map(np.asarray, value), strict=True))
            plain[name] = {"arrays": names}
        else:
            plain[name] = value
    return plain


def _dumped(plain: Mapping[str, Any]) -> str:
    try:
        return json.dumps(plain, default=float)  # NumPy's numbers are not JSON's
    except (TypeError, ValueError) as problem:
        raise ParameterError(
            "Recipe.callbacks",
            expected="callbacks that remember numbers, texts and lists of arrays",
            received=str(problem),
            remedy="Give what it keeps for itself a name that begins with an underscore.",
        ) from problem


def _reload(state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {
        name: [arrays[one] for one in value["arrays"]] if _is_list_of_arrays(value) else value
        for name, value in state.items()
    }


def _is_list_of_arrays(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"arrays"}
