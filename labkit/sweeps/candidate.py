"""What a trial trains: a notebook's candidate at one point, here or on a worker far away."""

from __future__ import annotations

import functools
import io
import linecache
import marshal
import math
import pickle
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from labkit import choices, data, quietly
from labkit.errors import DataUnavailableError, ParameterError
from labkit.records import Run, store
from labkit.sweeps.outcome import Outcome, Report
from labkit.sweeps.packages import needed
from labkit.sweeps.space import Settings
from labkit.training import Recipe, train

if TYPE_CHECKING:
    import keras

    from labkit.data import Dataset

Build = Callable[[], "keras.Model"]
Candidate = Callable[[Settings], tuple[Build, Recipe]]

_ONE_AT_A_TIME = threading.Lock()  # a worker may have several threads, and seeds are the process's


@dataclass(frozen=True, eq=False)
class Question:
    """What a search asks of each point.

    Attributes:
        candidate: settings → the function that builds the network, and its recipe.
        experiment, budget, metric: as `search` has them.
    """

    candidate: Candidate
    experiment: str
    budget: str
    metric: str

    def parts(self, settings: Settings) -> tuple[Build, Recipe]:
        """Return what is trained at a point.

        Raises:
            ParameterError: the candidate asks for a setting that the space lacks, or returns
                something else.
        """
        parts = self.candidate(settings)
        if isinstance(parts, tuple) and len(parts) == 2:
            build, recipe = parts
            if callable(build) and isinstance(recipe, Recipe):
                return build, recipe
        raise ParameterError(
            getattr(self.candidate, "__name__", "candidate"),
            expected="a function that returns (build, recipe)",
            received=repr(parts),
            remedy="Return the function that builds the network, and a labkit.Recipe.",
        )

    def run(self, settings: Settings, dataset: Dataset, **options: Any) -> Run:
        """Return the run of a point, which never opens the test set; options as `train` has."""
        build, recipe = self.parts(settings)
        return train(
            build,
            dataset,
            recipe,
            experiment=self.experiment,
            budget=self.budget,
            test=False,
            settings=dict(settings),
            **options,
        )

    def answer(self, settings: Settings, dataset: Dataset, report: Report) -> Outcome:
        """Train a point, and return what came of it."""
        name = "val_" + self.metric.removeprefix("validation_")

        def follow(epoch: int, logs: Mapping[str, float]) -> None:
            report(epoch, logs.get(name, math.nan))

        run = self.run(settings, dataset, mode="train", follow=follow)
        if run.status == "diverged":
            reason = f"the loss was no longer a number after epoch {run.epochs}"
            return Outcome("failed", reason=reason)
        value = run.value(self.metric)
        if not math.isfinite(value):
            return Outcome("failed", reason=f"{self.metric} is {value}")
        return Outcome("finished", value, (run,))


@dataclass(frozen=True, eq=False)
class Away:
    """A question that travels to workers, which load the data for themselves.

    Attributes:
        question: what is asked, pickled by `packed`: a notebook's functions bring Keras with them,
            which is to be imported quietly.
        budget: the question's.
        request, seed, fingerprint: of the dataset.
        texts: of the notebook's cells, by file name: a signature says what they define.
        recorded: runs of the point that are in the record: one of this very code is returned
            instead of another training.
    """

    question: bytes
    budget: str
    request: Mapping[str, Any]
    seed: int
    fingerprint: str
    texts: Mapping[str, list[str]]
    recorded: tuple[Run, ...] = ()

    def answer(self, settings: Settings, report: Report) -> Outcome:
        """Train a point as for the record, and return its run: who asked writes it down."""
        for name, lines in self.texts.items():
            linecache.cache[name] = sum(map(len, lines)), None, lines, name
        with _ONE_AT_A_TIME, tempfile.TemporaryDirectory() as folder:
            quietly.import_keras()
            question = pickle.loads(self.question)
            for run in self.recorded:
                store.add(run, Path(folder))
            recording = choices.Recording(Path(folder), "*", self.budget)
            with choices.in_environment(choices.recording_environment(recording, seed=self.seed)):
                return question.answer(settings, self._dataset(), report)

    def _dataset(self) -> Dataset:
        dataset = _loaded(tuple(sorted(self.request.items())), self.seed)
        if dataset.fingerprint != self.fingerprint:
            raise DataUnavailableError(
                dataset.name,
                expected="the data that the search was started with",
                received=f"others, from {dataset.source}",
                remedy="Give every machine the same mirror: LABKIT_DATA=DIR.",
            )
        return dataset


@functools.lru_cache(maxsize=1)
def _loaded(request: tuple[tuple[str, Any], ...], seed: int) -> Dataset:
    return data.load(**dict(request), seed=seed)


def packed(question: Question) -> bytes:
    """Return a question as bytes that another process, of the same Python, can read."""

    class Pickler(needed("cloudpickle").Pickler):
        def reducer_override(self, thing: Any) -> Any:
            # cloudpickle forgets from which file code is, by which a signature finds its text.
            if isinstance(thing, CodeType):
                return marshal.loads, (marshal.dumps(thing),)
            return super().reducer_override(thing)

    buffer = io.BytesIO()
    Pickler(buffer).dump(question)
    return buffer.getvalue()


def texts_of_cells() -> dict[str, list[str]]:
    """Return the text of the cells that were run in this notebook, by their file names."""
    whole = {name: one for name, one in linecache.cache.items() if len(one) == 4}
    return {name: list(lines) for name, (_, time, lines, _) in whole.items() if time is None}


def require_searchable(dataset: Dataset) -> None:
    """Refuse a dataset that a search cannot judge by.

    Raises:
        ParameterError: it has no validation split.
    """
    if dataset.validation is None:
        raise ParameterError(
            "dataset",
            expected="a validation split, which decides between the points",
            received="none",
            remedy="Load it with one: data.load(…, validation=6_000).",
        )


def require_movable(dataset: Dataset) -> None:
    """Refuse a dataset that workers cannot load for themselves.

    Raises:
        ParameterError: it was changed or folded.
    """
    changes = dataset.request.get("changed", ())
    if changes or dataset.fold_number is not None:
        raise ParameterError(
            "dataset",
            expected="one as data.load returns it, which workers can load for themselves",
            received=f"one changed by {', '.join(changes)}" if changes else "a fold",
            remedy="Make the change a layer of the network.",
        )
