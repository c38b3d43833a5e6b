"""A search of `labkit sweep` against the same trainings one after another in plain Keras."""

from __future__ import annotations

import functools
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import around
import pairs

sys.path.insert(0, str(around.ROOT / "tests"))

TRIALS = 12
EPOCHS = 5
IMAGES, VALIDATION = 20_000, 5_000
RECORDED = 200  # trials of the search that is resumed
RESUMED_WITHIN = 2.0  # seconds
EXPERIMENT = "99/search"
UNITS = tuple(range(32, 32 + 8 * RECORDED, 8))


def candidate(settings: dict[str, Any]) -> tuple[Any, Any]:
    """Return a dense network and its recipe."""
    import labkit

    recipe = labkit.Recipe(
        loss="sparse_categorical_crossentropy", optimizer="adam", epochs=EPOCHS, batch_size=128
    )
    return functools.partial(network, settings["units"]), recipe


def network(units: int) -> Any:
    """Return a dense network, not compiled."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


@functools.cache
def images() -> Any:
    """Return the data that both sides train on."""
    from labkit import data

    sizes = {"train": IMAGES, "validation": VALIDATION}
    return data.load("fashion_mnist", **sizes, seed=0, source="real")


def plain() -> float:
    """Train the points one after another in plain Keras; return the seconds."""
    train, validation = images().train, images().validation
    started = time.perf_counter()
    for units in UNITS[:TRIALS]:
        model = network(units)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(
            train.inputs,
            train.targets,
            batch_size=128,
            epochs=EPOCHS,
            validation_data=(validation.inputs, validation.targets),
            verbose=0,
        )
    return time.perf_counter() - started


def swept(workers: int) -> float:
    """Search as `labkit sweep` does, its workers started for it; return the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        return _search(Path(folder), images(), TRIALS, workers=workers)


def _search(folder: Path, dataset: Any, trials: int, *, workers: int) -> float:
    import labkit
    from labkit import choices

    recording = choices.Recording(folder / "store", "", "lab")
    asked = choices.Sweep(trials, str(folder / "trials.journal"), workers=workers)
    with ExitStack() as stack:
        for variables in (
            choices.recording_environment(recording, seed=0),
            choices.sweep_environment(asked),
        ):
            stack.enter_context(choices.in_environment(variables))
        started = time.perf_counter()
        labkit.search(candidate, {"units": UNITS}, dataset, experiment=EXPERIMENT, trials=trials)
        return time.perf_counter() - started


def throughput(turns: int) -> Iterator[dict[str, Any]]:
    """Measure searches by one and by two workers, and what each trial costs more than plain."""
    for workers in (1, 2):
        name = f"{TRIALS} trials, {workers} worker{'s' * (workers > 1)}"
        found = pairs.compare(name, plain, functools.partial(swept, workers), turns=turns)
        yield found.as_json()
        if workers == 1:
            plain_seconds, swept_seconds = found.seconds
            more = (swept_seconds - plain_seconds) / TRIALS
            yield around.row("a trial more than in plain Keras, 1 worker", more)


def resuming() -> Iterator[dict[str, Any]]:
    """Measure a search that is given again once all its trials are recorded."""
    from labkit import quietly

    quietly.import_keras()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = _finished(folder)
        seconds = _search(folder, dataset, RECORDED, workers=1)
        yield around.row(f"a finished search of {RECORDED} trials again", seconds, RESUMED_WITHIN)


def _finished(folder: Path) -> Any:
    """Write a search down of which every trial finished; return its data."""
    from made_up_runs import made_up_run

    from labkit import data
    from labkit.records import store
    from labkit.sweeps import Outcome, storage
    from labkit.sweeps import space as spaces
    from labkit.sweeps.candidate import Question
    from labkit.sweeps.searching import name_in_storage
    from labkit.sweeps.study import Study

    dataset = data.load("pima_indians_diabetes", validation=100, seed=0)
    space = spaces.checked({"units": UNITS})
    question = Question(candidate, EXPERIMENT, "lab", "validation_accuracy")
    place = storage.opened(str(folder / "trials.journal"))
    study = Study(place, name_in_storage(question, space, dataset), space, False, 0)
    for _ in range(RECORDED):
        number, settings = study.another(RECORDED)
        run = made_up_run(
            experiment=EXPERIMENT, budget="lab", settings=dict(settings), mistakes=None
        )
        store.add(run, folder / "store")
        study.end(number, Outcome("finished", run.validation.accuracy, (run,)))
    return dataset


def rows(turns: int) -> Iterator[dict[str, Any]]:
    """Measure everything about searches."""
    yield from resuming()
    yield from throughput(turns)
