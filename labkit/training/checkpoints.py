"""An unfinished training on disk, so that a killed run goes on as if nothing had happened.

Keras's own BackupAndRestore forgets the history and the callbacks' state; this keeps both.
"""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit import archives, folders, forms
from labkit.errors import DamagedRecordError, ParameterError
from labkit.files import written_whole

if TYPE_CHECKING:
    import keras

Groups = Mapping[str, Sequence["keras.callbacks.Callback"]]  # in order, by whose they are

_PLAIN = forms.fields(
    {
        "history": forms.by_name(forms.several(forms.logged)),
        "seconds_per_epoch": forms.several(forms.duration),
        "callbacks": forms.by_name(forms.several(forms.named)),
    }
)
_NOT_STATE = {"model", "params", "monitor_op", "validation_data"}


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes:
        history: per-epoch values so far.
        seconds_per_epoch: of the epochs so far.
        callbacks: each callback's state, in order, by whose they are.
        seconds_before: of the epochs that an earlier, killed process trained.
    """

    history: dict[str, list[float]]
    seconds_per_epoch: list[float]
    callbacks: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    seconds_before: float = 0.0

    @property
    def epochs(self) -> int:
        """How many epochs were trained."""
        return len(self.seconds_per_epoch)

    def add(self, logs: Mapping[str, float]) -> None:
        """Put what was logged of an epoch at the end of the history."""
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


def save(path: Path, model: keras.Model, callbacks: Groups, progress: Progress) -> None:
    """Write weights, optimizer, seed generators, history and callbacks' state to `path`.

    Args:
        path: the file.
        model: in the middle of its training.
        callbacks: those that are still told of it.
        progress: how far the training is; its callbacks' states are those it began with.

    Raises:
        CacheWriteError: the folder cannot be written, or the disk is full.
        ParameterError: a callback remembers what cannot be written down; the model has another
            optimizer than the recipe's.
    """
    _require_one_optimizer(model)
    arrays = {f"variable{place}": one for place, one in enumerate(variables(model))}
    states = {
        owner: [
            _unload(_state(callback), f"callback{number}.{place}", arrays)
            for place, callback in enumerate(group)
        ]
        for number, (owner, group) in enumerate(callbacks.items())
    }
    plain = {
        "history": progress.history,
        "seconds_per_epoch": progress.seconds_per_epoch,
        "callbacks": states,
    }
    arrays["progress"] = np.frombuffer(_dumped(plain).encode(), dtype=np.uint8)
    with written_whole(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)


def load(path: Path, model: keras.Model) -> Progress | None:
    """Put a saved training back into `model`; return how far it was, None where there is none.

    The callbacks' state is not put back yet: `restore` does, after they were told that
    training begins, for that resets them.

    Raises:
        DamagedRecordError: the file is not whole, or belongs to another network; the model is
            as before.
    """
    if not path.exists():
        return None
    with _opened(path) as saved:
        arrays = dict(saved)
        plain = _plain(arrays.pop("progress"))
        values = [arrays.pop(f"variable{place}") for place in range(len(_variables(model)))]
        _require_fitting(model, values)
        states = {
            owner: [_reload(state, arrays) for state in group]
            for owner, group in plain["callbacks"].items()
        }
        if arrays:
            raise ValueError(f"{', '.join(sorted(arrays))} as well")
        seconds = list(plain["seconds_per_epoch"])
        history = {name: list(values) for name, values in plain["history"].items()}
    put_back(model, values)
    return Progress(history, seconds, states, sum(seconds))


def owners(path: Path) -> frozenset[str]:
    """Return whose callbacks' state a saved training holds; nobody's where there is none.

    Raises:
        DamagedRecordError: the file is not whole.
    """
    if not path.exists():
        return frozenset()
    with _opened(path) as saved:
        return frozenset(_plain(saved["progress"])["callbacks"])


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, np.ndarray]]:
    try:
        headers = archives.headers(path)
        if sum(map(archives.size, headers.values())) > path.stat().st_size:
            raise ValueError("arrays that are larger than the file")
        with np.load(path, allow_pickle=False) as saved:
            yield saved
    except archives.UNREADABLE as problem:
        raise DamagedRecordError(
            str(path),
            expected="an unfinished run as labkit wrote it",
            received=f"{type(problem).__name__}: {problem}",
            remedy="Delete this file; the training then starts from its first epoch.",
        ) from problem


def _plain(progress: np.ndarray) -> dict[str, Any]:
    """Return what a checkpoint says in JSON, checked for its form."""
    plain = _PLAIN(json.loads(progress.tobytes()))
    epochs = len(plain["seconds_per_epoch"])
    if any(len(values) != epochs for values in plain["history"].values()):
        raise ValueError(f"not {epochs} epochs in every history")
    return plain


def _require_fitting(model: keras.Model, values: Sequence[np.ndarray]) -> None:
    for place, (variable, value) in enumerate(zip(_variables(model), values, strict=True)):
        needed = f"{variable.dtype}{tuple(variable.shape)}"
        if f"{value.dtype}{value.shape}" != needed:
            raise ValueError(f"variable {place} of {value.dtype}{value.shape}, not {needed}")


def restore(callbacks: Groups, progress: Progress) -> None:
    """Give each callback the state it had when `progress` was saved.

    Raises:
        DamagedRecordError: it was saved with other callbacks.
    """
    for owner, group in callbacks.items():
        states = progress.callbacks.get(owner, ())
        if len(states) != len(group):
            raise DamagedRecordError(
                "an unfinished run",
                expected=f"what {len(group)} callbacks remember",
                received=f"what {len(states)} do",
                remedy=f"Delete its file under {folders.user_folder()}; the training then starts "
                "from its first epoch.",
            )
        for callback, state in zip(group, states, strict=True):
            vars(callback).update(state)


def variables(model: keras.Model) -> list[np.ndarray]:
    """Return copies of all that a step changes: weights, statistics, seeds, the optimizer's."""
    return [np.asarray(one).copy() for one in _variables(model)]


def put_back(model: keras.Model, values: Sequence[np.ndarray]) -> None:
    """Give the model the values that `variables` returned."""
    for variable, value in zip(_variables(model), values, strict=True):
        variable.assign(value)


def _require_one_optimizer(model: keras.Model) -> None:
    import keras

    others = [
        name
        for name, one in vars(model).items()
        if isinstance(one, keras.optimizers.Optimizer) and one is not model.optimizer
    ]
    if others:
        raise ParameterError(
            "model",
            expected="no other optimizer than the recipe's, for the state of others is not saved",
            received=", ".join(others),
            remedy="Keep the training short enough that it need not be resumed.",
        )


def _variables(model: keras.Model) -> list:
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


def _reload(state: Mapping[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return a state with its arrays, taken out of `arrays`."""
    return {
        name: [arrays.pop(one) for one in value["arrays"]] if _is_list_of_arrays(value) else value
        for name, value in state.items()
    }


def _is_list_of_arrays(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"arrays"}
