"""`Run`: what one training left behind, and how it is written down as JSON."""

from __future__ import annotations

import base64
import dataclasses
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labkit.errors import DamagedRecordError, RecordError
from labkit.signatures import Signature

SCHEMA = 1
MEASURES_LIMIT = 64 * 1024  # bytes of measured arrays in one run
_FORMS = {"seed": int, "parameters": int, "trainable_parameters": int, "seconds": int | float}
_FORMS |= {"experiment": str, "budget": str, "status": str, "provenance": dict}


class Metrics(Mapping):
    """The final metrics of one split, by name or as attributes: ``run.test.accuracy``.

    `loss` is the compiled loss, penalties included; `data_loss` is the loss without them.
    All are measured in inference mode, after the last epoch.
    """

    def __init__(self, split: str, values: Mapping[str, float]) -> None:
        self._split, self._values = split, dict(values)

    def __getitem__(self, name: str) -> float:
        if name not in self._values:
            raise _no_such_metric(f"{self._split} metrics", name, self._values)
        return self._values[name]

    def __getattr__(self, name: str) -> float:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Metrics({self._split!r}, {self._values})"


@dataclass(frozen=True)
class DataStamp:
    """Which data a run saw.

    Attributes:
        name, request, source, fingerprint: as on the `Dataset`.
        sizes: examples per split, as used.
    """

    name: str
    request: Mapping[str, Any]
    source: str
    sizes: Mapping[str, int]
    fingerprint: str


@dataclass(frozen=True, eq=False)
class Mistakes:
    """The most confident wrong answers on the test set, at most 16, surest first.

    Attributes:
        images: (n, height, width, channels) uint8, 0 to 255.
        labels, predictions: (n,) int.
        confidences: (n,) float, the probability given to the wrong class.
    """

    images: np.ndarray
    labels: np.ndarray
    predictions: np.ndarray
    confidences: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """One training, from its first epoch to its last metric.

    Attributes:
        experiment: e.g. ``"01/dense-4"``.
        budget, seed: how much work, and which draw.
        status: ``"finished"``, or ``"diverged"`` when the loss stopped being a number.
        signature: what the result depends on.
        dataset: which data it saw.
        parameters, trainable_parameters: weights of the network.
        history: per epoch, Keras's running averages while training (`loss`, `data_loss`,
            metrics), and `val_…` measured after the epoch in inference mode.
        metrics: per split, measured in inference mode at the end.
        seconds: of the whole training, evaluation included.
        seconds_per_epoch: of each epoch's weight updates alone.
        confusion: (classes, classes) counts on the test set, rows the true class; or None.
        mistakes: the most confident wrong answers on images; or None.
        measures: what the notebook asked to keep: numbers and small arrays.
        provenance: machine, versions, commit, time.
        replicates: the recorded runs that a page shows beside this one, all seeds.
        extra: recorded runs of a higher budget that has fewer than three seeds.
    """

    experiment: str
    budget: str
    seed: int
    status: str
    signature: Signature
    dataset: DataStamp
    parameters: int
    trainable_parameters: int
    history: Mapping[str, tuple[float, ...]]
    metrics: Mapping[str, Mapping[str, float]]
    seconds: float
    seconds_per_epoch: tuple[float, ...]
    confusion: np.ndarray | None = None
    mistakes: Mistakes | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    replicates: tuple[Run, ...] = field(default=(), repr=False)
    extra: tuple[Run, ...] = field(default=(), repr=False)

    @property
    def train(self) -> Metrics:
        """Metrics on the training examples, dropout off."""
        return self._metrics_of("train")

    @property
    def validation(self) -> Metrics:
        """Metrics on the validation examples."""
        return self._metrics_of("validation")

    @property
    def test(self) -> Metrics:
        """Metrics on the test set, opened once, after the last epoch."""
        return self._metrics_of("test")

    @property
    def epochs(self) -> int:
        """Epochs that were trained; early stopping can make them fewer than asked for."""
        return len(self.seconds_per_epoch)

    @property
    def is_sample(self) -> bool:
        """Whether it saw only the excerpt that travels with labkit."""
        return self.dataset.source == "sample"

    @property
    def is_replayed(self) -> bool:
        """Whether it is one of the recorded runs, not trained just now."""
        return any(one.provenance == self.provenance for one in self.replicates)

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes a run one and the same in a store: budget, seed, signature."""
        return self.budget, self.seed, self.signature.sha256

    def value(self, name: str) -> float:
        """Return one number of the run.

        Args:
            name: ``"test_accuracy"``, ``"train_data_loss"`` …; ``"parameters"``, ``"epochs"``,
                ``"seconds"``, ``"seconds_per_epoch"`` (median); or a measured number.

        Raises:
            RecordError: the run has no such number; the message lists those it has.
        """
        values = self.values()
        if name not in values:
            raise _no_such_metric(self.experiment, name, values)
        return values[name]

    def values(self) -> dict[str, float]:
        """Return every number of the run by its name."""
        numbers = {
            f"{split}_{name}": value
            for split, metrics in self.metrics.items()
            for name, value in metrics.items()
        }
        numbers |= {name: one for name, one in self.measures.items() if np.ndim(one) == 0}
        return numbers | {
            "parameters": self.parameters,
            "trainable_parameters": self.trainable_parameters,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "seconds_per_epoch": float(np.median(self.seconds_per_epoch)),
        }

    def _metrics_of(self, split: str) -> Metrics:
        if split not in self.metrics:
            raise _no_such_metric(self.experiment, split, self.metrics)
        return Metrics(split, self.metrics[split])


def _no_such_metric(subject: str, name: str, known: Mapping[str, Any]) -> RecordError:
    return RecordError(
        subject,
        expected=f"one of {', '.join(sorted(known)) or 'none'}",
        received=repr(name),
        remedy="Ask for one of these, or train with a recipe that measures it.",
    )


def to_json(run: Run) -> dict[str, Any]:
    """Return the run as plain JSON values. `replicates` and `extra` stay out."""
    plain = {
        item.name: getattr(run, item.name)
        for item in dataclasses.fields(run)
        if item.name not in ("replicates", "extra")
    }
    plain["signature"] = run.signature.sha256
    plain["dataset"] = dataclasses.asdict(run.dataset)
    plain["history"] = {name: list(map(_rounded, one)) for name, one in run.history.items()}
    plain["metrics"] = {
        split: {name: _rounded(value) for name, value in metrics.items()}
        for split, metrics in run.metrics.items()
    }
    plain["seconds"] = round(run.seconds, 2)
    plain["seconds_per_epoch"] = [round(one, 3) for one in run.seconds_per_epoch]
    plain["confusion"] = None if run.confusion is None else run.confusion.tolist()
    plain["mistakes"] = None if run.mistakes is None else _encode_fields(run.mistakes)
    plain["measures"] = {name: _encode(one) for name, one in run.measures.items()}
    plain["provenance"] = dict(run.provenance)
    return plain


def from_json(plain: Mapping[str, Any], signatures: Mapping[str, Signature]) -> Run:
    """Return the run that `to_json` wrote.

    Raises:
        DamagedRecordError: a field is missing, unknown, or of the wrong form.
    """
    try:
        values = dict(plain)
        for name, form in _FORMS.items():
            if not isinstance(values[name], form):
                raise TypeError(f"{name} is {values[name]!r}")
        values["signature"] = signatures[values["signature"]]
        values["dataset"] = DataStamp(**values["dataset"])
        values["history"] = {name: _numbers(one) for name, one in values["history"].items()}
        values["metrics"] = {
            split: dict(zip(metrics, _numbers(metrics.values()), strict=True))
            for split, metrics in values["metrics"].items()
        }
        values["seconds_per_epoch"] = _numbers(values["seconds_per_epoch"])
        if values["confusion"] is not None:
            values["confusion"] = np.array(values["confusion"], dtype=int)
        if values["mistakes"] is not None:
            decoded = {name: _decode(one) for name, one in values["mistakes"].items()}
            values["mistakes"] = Mistakes(**decoded)
        values["measures"] = {name: _decode(one) for name, one in values["measures"].items()}
        return Run(**values)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        zlib.error,
    ) as problem:
        raise DamagedRecordError(
            "a run record",
            expected="every field that labkit writes",
            received=f"{type(problem).__name__}: {problem}",
            remedy="Take the file from version control again, or record the experiment anew.",
        ) from problem


def _numbers(values) -> tuple[float, ...]:
    return tuple(math.nan if value is None else float(value) for value in values)


def _rounded(value: float) -> float | None:
    """Write the digits a float32 has; what is not a number becomes null, for JSON has none."""
    return float(f"{value:.7g}") if math.isfinite(value) else None


def _encode_fields(part: Mistakes) -> dict[str, Any]:
    return {item.name: _encode(getattr(part, item.name)) for item in dataclasses.fields(part)}


def _encode(value: Any) -> Any:
    if np.ndim(value) == 0:
        return _rounded(float(value))
    array = np.ascontiguousarray(value)
    packed = base64.b64encode(zlib.compress(array.tobytes(), 9)).decode()
    return {"dtype": str(array.dtype), "shape": list(array.shape), "zlib": packed}


def _decode(plain: Any) -> Any:
    if not isinstance(plain, Mapping):
        return math.nan if plain is None else float(plain)
    content = zlib.decompress(base64.b64decode(plain["zlib"], validate=True))
    return np.frombuffer(content, dtype=plain["dtype"]).reshape(plain["shape"])
