"""`Run`: what one training left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labkit import names
from labkit.errors import RecordError
from labkit.records.signature import Signature

SCHEMA = 2  # 1 had no folds, settings and definitions
MEASURES_LIMIT = 64 * 1024  # bytes of measured arrays in one run


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


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
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
        fold: which part of the training examples was held out in a cross-validation; else None.
        settings: of a sweep, what tells this point from the others: name → plain value.
        definitions: what each measure, and each metric given as an object, was when it was taken:
            its name → its text, see `labkit.source_text`. Runs recorded before there were
            definitions have none.
        folds: the runs of all folds of a cross-validation that was trained just now.
        replicates: the recorded runs that a page shows beside this one: all seeds, all folds.
        extra: recorded runs of a higher budget that has fewer than three seeds.
        is_replayed: whether it is one of the recorded runs, not trained just now.
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
    fold: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    folds: tuple[Run, ...] = ()
    replicates: tuple[Run, ...] = ()
    extra: tuple[Run, ...] = ()
    is_replayed: bool = False

    def __repr__(self) -> str:
        epochs = f"{self.epochs} epoch{'s' * (self.epochs != 1)}"
        seed = f"seed {self.seed}" + (f", fold {self.fold}" if self.fold is not None else "")
        return f"Run({self.name!r}, {self.budget}, {seed}, {epochs}, {self.status})"

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
    def point(self) -> str:
        """The settings of a sweep's point as one text, e.g. "batch_size=16"; else empty."""
        return names.settings_text(self.settings)

    @property
    def name(self) -> str:
        """The experiment's name, with the settings where it is a point of a sweep."""
        return names.of_point(self.experiment, self.settings)

    @property
    def key(self) -> tuple[str, int, int | None, str, str]:
        """What makes a run one and the same in a store."""
        return self.budget, self.seed, self.fold, self.point, self.signature.sha256

    def value(self, name: str) -> float:
        """Return one number of the run.

        Args:
            name: ``"test_accuracy"``, ``"train_data_loss"`` …; ``"parameters"``, ``"epochs"``,
                ``"seconds"``, ``"seconds_per_epoch"`` (median); ``"train_examples"`` …, as
                used; ``"best_epoch"``, from 1, of the lowest validation loss; a measured number;
                or ``"running_accuracy"``, ``"running_loss"`` …: Keras's averages over the last
                epoch, taken while it was training, with dropout on.

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
        numbers |= {
            f"running_{name}": values[-1]
            for name, values in self.history.items()
            if not name.startswith("val_")
        }
        numbers |= {name: one for name, one in self.measures.items() if np.ndim(one) == 0}
        numbers |= {f"{split}_examples": size for split, size in self.dataset.sizes.items()}
        if np.isfinite(self.history.get("val_loss", ())).any():
            numbers["best_epoch"] = int(np.nanargmin(self.history["val_loss"])) + 1
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
