"""One training along one path, for recipes that differ only in when they stop."""

import dataclasses
import itertools
import types
import warnings

import keras
import numpy as np
import processes
import pytest
import tiny
from interrupted import killed_in, unfinished
from keras import callbacks
from own_folders import with_own_folders
from tiny_path import (
    EPOCHS,
    EVENTFUL,
    MEASURE,
    RECIPES,
    REDUCE,
    along,
    along_dense,
    patient,
    stops,
)

from labkit import choices, folders
from labkit.errors import MissingRecordError, ParameterError, StaleRecordError
from labkit.records import run_json, store
from labkit.source_text import described
from labkit.training import checkpoints, loop, shared_training
from labkit.training.modes import train, train_path
from labkit.training.network import compiled
from labkit.training.one_training import Training

pytestmark = pytest.mark.usefixtures("isolated")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Each recipe's run, trained by itself."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        with_own_folders(monkeypatch, tmp_path_factory.mktemp("alone"))
        options = {"budget": "full", "mode": "train", "measure": MEASURE}
        return {
            name: train(tiny.eventful, tiny.dataset(), recipe, experiment=name, **options)
            for name, recipe in RECIPES.items()
        }


def without_times(run):
    """Return all that a run says but when, and for how long; written down, to its last digit."""
    kept = dataclasses.replace(run, seconds=0.0, seconds_per_epoch=(), provenance={})
    exact = {"history": kept.history, "metrics": kept.metrics, "epochs": run.epochs}
    return run_json.to_json(kept) | exact | {"lines": kept.signature.lines}


def as_written(run):
    """Return the same with the digits that a record keeps."""
    kept = dataclasses.replace(run, seconds=0.0, seconds_per_epoch=(), provenance={})
    return run_json.to_json(kept) | {"epochs": run.epochs}


# --- every run is what its recipe alone gives ---------------------------------------------


def test_every_run_is_what_its_recipe_alone_gives(dataset, alone, trained_epochs):
    runs = along(dataset)
    assert list(runs) == list(RECIPES)
    assert {name: run.epochs for name, run in runs.items()} == EPOCHS
    assert {name: run.epochs for name, run in alone.items()} == EPOCHS
    for name in RECIPES:
        assert without_times(runs[name]) == without_times(alone[name]), name
    assert trained_epochs == [0, 1, 2, 3, 4]


def test_the_runs_have_events_enough(alone):
    """Their weights are the best ones or the last, and the rate was reduced on the way."""
    last, early, best, five = alone.values()
    assert last.validation.loss == last.history["val_loss"][3]
    for run in (early, best, five):
        assert run.validation.loss == run.history["val_loss"][1] != run.history["val_loss"][-1]
    rates = best.history["learning_rate"]
    assert rates[3:] == (rates[0] / 2, rates[0] / 2)
    assert early.measures["norm"] == best.measures["norm"] != last.measures["norm"] > 0
    assert {len(set(map(str, run.measures["drawn"]))) for run in alone.values()} == {4}


def test_the_times_are_the_paths_up_to_a_runs_own_end(dataset):
    runs = along_dense(dataset)
    early, last, one, other = (
        runs[name] for name in ("99/patience-1", "99/four", "99/patience-3", "99/five")
    )
    assert early.seconds_per_epoch == last.seconds_per_epoch[:3] == other.seconds_per_epoch[:3]
    assert one.seconds_per_epoch == other.seconds_per_epoch
    assert sum(early.seconds_per_epoch) < early.seconds < last.seconds < one.seconds < other.seconds


def test_the_order_of_the_recipes_does_not_matter(dataset, alone):
    runs = along(dataset, dict(reversed(RECIPES.items())))
    assert list(runs) == list(reversed(RECIPES))
    for name in RECIPES:
        assert without_times(runs[name]) == without_times(alone[name]), name


def test_a_recipe_without_callbacks_has_no_learning_rates(dataset):
    recipes = {"99/two": tiny.recipe(), "99/stopped": tiny.recipe(epochs=9, callbacks=[patient(1)])}
    runs = train_path(tiny.dense, dataset, recipes, budget="full", mode="train")
    for name, recipe in recipes.items():
        options = {"experiment": name, "budget": "full", "mode": "train"}
        only = train(tiny.dense, dataset, recipe, **options)
        assert without_times(runs[name]) == without_times(only)
    assert "learning_rate" not in runs["99/two"].history
    assert len(runs["99/stopped"].history["learning_rate"]) == 3


def test_the_same_recipe_may_have_two_names(dataset):
    twins = {"99/one": tiny.recipe(), "99/other": tiny.recipe()}
    runs = train_path(tiny.dense, dataset, twins, budget="full", mode="train")
    assert [run.experiment for run in runs.values()] == ["99/one", "99/other"]
    assert runs["99/one"].history == runs["99/other"].history


class Averaging(callbacks.Callback):
    """Makes a network of its own at the end of the training, and counts how often."""

    ends = 0

    def on_train_end(self, logs=None):
        self.ends += 1
        self.model.set_weights([one / (1 + self.ends) for one in self.model.get_weights()])


def test_what_a_shared_callback_does_at_an_end_is_undone_for_the_others(dataset):
    recipes = {f"99/{epochs}": stops(Averaging(), epochs=epochs) for epochs in (1, 2)}
    runs = along_dense(dataset, recipes)
    for name, recipe in recipes.items():
        options = {"experiment": name, "budget": "full", "mode": "train"}
        only = train(tiny.dense, dataset, recipe, **options)
        assert without_times(runs[name]) == without_times(only)


class Stopping(callbacks.Callback):
    """Stops every training after its second epoch."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == 1


def test_a_shared_callback_that_stops_ends_all(dataset, trained_epochs):
    recipes = {"99/five": stops(Stopping(), epochs=5), "99/patient": stops(Stopping(), patient(3))}
    runs = along_dense(dataset, recipes)
    assert [run.epochs for run in runs.values()] == [2, 2]
    assert trained_epochs == [0, 1]


def test_a_loss_that_is_no_number_ends_all(dataset, trained_epochs):
    targets = np.full_like(dataset.train.targets, np.nan)
    broken = dataclasses.replace(dataset, train=dataclasses.replace(dataset.train, targets=targets))
    runs = along_dense(broken)
    assert {run.status for run in runs.values()} == {"diverged"}
    assert trained_epochs == [0]
    assert unfinished() == []


def test_the_model_is_each_ones_own_and_then_the_paths_again(dataset):
    """What a network becomes does not depend on who was looked at on the way."""
    long = {"long": stops(REDUCE, epochs=5)}
    short = {"patient": stops(REDUCE, patient(1)), "two": stops(REDUCE, epochs=2)}

    def ends(recipes):
        keras.utils.set_random_seed(0)
        model = compiled(tiny.eventful(), EVENTFUL, dataset.train)
        splits = {"train": dataset.train, "validation": dataset.validation}
        found = {}

        def ended(name, progress):
            found[name] = checkpoints.variables(model)
            model.set_weights([0 * one for one in model.get_weights()])

        loop.fit(model, recipes, splits, seed=0, ended=ended)
        return found

    (expected,) = ends(long).values()
    found = ends(long | short)
    assert list(found) == ["two", "patient", "long"]
    for one, other in zip(found["long"], expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_smoke_is_one_epoch_for_all_and_is_never_kept(isolated, dataset, trained_epochs):
    runs = along_dense(dataset, budget="smoke")
    assert [run.epochs for run in runs.values()] == [1, 1, 1, 1]
    assert trained_epochs == [0]
    assert list(isolated.iterdir()) == []


# --- what is no path ----------------------------------------------------------------------

REMEDY = "Train by itself, with labkit.train, what differs in more."
ONLY = "train_path: expected recipes that differ only in epochs and EarlyStopping callbacks; "
PLATEAU = "callback: ReduceLROnPlateau(factor=0.5, min_delta=100.0, patience=2)"
SCHEDULE = callbacks.LearningRateScheduler(abs)


class Patient(callbacks.EarlyStopping):
    """Another's class: nobody knows what it does beside stopping."""

    def __init__(self, patience=0):
        super().__init__(patience=patience)


PATIENTS_TEXT = described(Patient).removeprefix("Patient")


@pytest.mark.parametrize(
    ("one", "other", "received"),
    [
        (
            stops(REDUCE),
            dataclasses.replace(stops(REDUCE), batch_size=32),
            '99/one has "batch_size: 64", 99/other has "batch_size: 32"',
        ),
        (
            stops(REDUCE),
            dataclasses.replace(stops(REDUCE), metrics=()),
            '99/one has "metrics: those that fit the targets", 99/other has "metrics: "',
        ),
        (
            stops(),
            stops(REDUCE, patient(1)),
            f'99/one has nothing there, 99/other has "{PLATEAU}"',
        ),
        (
            stops(REDUCE, SCHEDULE),
            stops(patient(1), SCHEDULE, REDUCE),
            "99/one and 99/other with the same parts in another order",
        ),
        (
            stops(Patient(1)),
            stops(Patient(2)),
            f'99/one has "callback: Patient(patience=1){PATIENTS_TEXT}", '
            f'99/other has "callback: Patient(patience=2){PATIENTS_TEXT}"',
        ),
    ],
    ids=["setting", "metrics", "callback", "order", "subclass"],
)
@pytest.mark.parametrize("mode", ["train", "replay"])
def test_rejects_recipes_that_differ_in_more(dataset, one, other, received, mode, trained_epochs):
    with pytest.raises(ParameterError) as caught:
        along(dataset, {"99/one": one, "99/other": other}, mode=mode)
    assert str(caught.value) == f"{ONLY}received {received}. {REMEDY}"
    assert trained_epochs == []


def test_rejects_a_path_without_a_recipe(dataset):
    with pytest.raises(ParameterError) as caught:
        along(dataset, {})
    assert str(caught.value) == (
        "train_path: expected at least one recipe; received none. Give each by the name of its "
        'experiment: {"01/dense-4": recipe, …}.'
    )


# --- replay -------------------------------------------------------------------------------

ASKED_FOR = types.SimpleNamespace(seed=0, fold_number=None, request=tiny.dataset().request)


@pytest.fixture
def recorded(isolated, alone):
    """The record of three seeds of all but the last experiment."""
    for name, seed in itertools.product(list(RECIPES)[:3], range(3)):
        store.add(dataclasses.replace(alone[name], seed=seed))


@pytest.mark.usefixtures("recorded")
def test_replay_looks_up_each_run_by_itself(alone, trained_epochs):
    asked_for = {name: RECIPES[name] for name in ("99/patience-3", "99/four")}
    runs = along(ASKED_FOR, asked_for, mode="replay")
    assert list(runs) == list(asked_for)
    for name, run in runs.items():
        assert as_written(run) == as_written(alone[name])
        assert [one.seed for one in run.replicates] == [0, 1, 2]
    assert trained_epochs == []


@pytest.mark.usefixtures("recorded")
def test_replay_says_which_run_is_missing():
    with pytest.raises(MissingRecordError, match="^record of 99/five: .* no record at full"):
        along(ASKED_FOR, mode="replay")


@pytest.mark.usefixtures("recorded")
def test_replay_refuses_a_record_of_other_code():
    changed = {"99/patience-3": stops(REDUCE, patient(4)), "99/four": RECIPES["99/four"]}
    with pytest.raises(StaleRecordError, match="^record of 99/patience-3: .*patience=4"):
        along(ASKED_FOR, changed, mode="replay")


@pytest.mark.usefixtures("recorded")
def test_auto_replays_what_is_all_recorded(trained_epochs, capsys):
    asked_for = {name: RECIPES[name] for name in ("99/patience-3", "99/four")}
    assert list(along(ASKED_FOR, asked_for, mode="auto")) == list(asked_for)
    assert (trained_epochs, capsys.readouterr().out) == ([], "")


@pytest.mark.usefixtures("recorded")
def test_auto_trains_the_path_where_one_run_is_missing(dataset, alone, trained_epochs, capsys):
    runs = along(dataset, mode="auto")
    assert without_times(runs["99/four"]) == without_times(alone["99/four"])
    assert trained_epochs == [0, 1, 2, 3, 4]
    notice = "99/four and 3 more: MissingRecordError, so they are trained here.\n"
    assert capsys.readouterr().out == notice


# --- a person's own runs ------------------------------------------------------------------


def own_runs(name):
    return store.read(name, folders.user_folder() / "runs")


@pytest.mark.usefixtures("recorded")
def test_a_persons_runs_are_kept_and_come_with_the_recorded_ones(dataset):
    runs = along(dataset)
    for name, run in runs.items():
        assert [one.key for one in own_runs(name)] == [run.key]
    assert [len(run.replicates) for run in runs.values()] == [3, 3, 3, 0]
    assert unfinished() == []


# --- a killed path goes on as if nothing had happened -------------------------------------


# The n-th evaluation, the epochs that were begun by then, and the one to go on with.
KILLS = {
    "in the epoch in which the first ends": (3, 3, 2),
    "while the first is measured": (5, 3, 2),
    "after the first has ended": (7, 4, 3),
    "when only the last is left": (16, 5, 4),
}


@pytest.mark.usefixtures("saved_always")
@pytest.mark.parametrize(("call", "begun", "goes_on"), KILLS.values(), ids=KILLS)
def test_a_killed_path_goes_on_as_if_nothing_had_happened(
    dataset, alone, trained_epochs, monkeypatch, call, begun, goes_on
):
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        killed_in(call, patched)
        along(dataset)
    assert trained_epochs == list(range(begun))
    trained_epochs.clear()
    runs = along(dataset)
    assert trained_epochs == list(range(goes_on, 5))
    assert list(runs) == list(RECIPES)
    for name in RECIPES:
        assert as_written(runs[name]) == as_written(alone[name]), name
        assert as_written(own_runs(name)[0]) == as_written(alone[name]), name
    assert unfinished() == []


KILLED_ON_THE_WAY = """
import os, signal
import tiny
import tiny_path
from labkit.training import evaluation, loop

measured, calls = evaluation.measured, iter(range(1, 100))

def dying(model, split):
    if next(calls) == 11:
        os.kill(os.getpid(), signal.SIGKILL)
    return measured(model, split)

evaluation.measured, loop.CHECKPOINT_SECONDS = dying, 0.0
tiny_path.along(tiny.dataset())
"""


def test_kill_9_loses_no_run_that_had_ended(dataset, alone, trained_epochs):
    processes.killed(processes.start(KILLED_ON_THE_WAY))
    assert [len(own_runs(name)) for name in RECIPES] == [1, 1, 0, 0]
    runs = along(dataset)
    assert trained_epochs == [4]
    for name in RECIPES:
        assert as_written(runs[name]) == as_written(alone[name]), name


def killed_after_the_first_end(dataset, monkeypatch):
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        killed_in(8, patched)
        along_dense(dataset)


@pytest.mark.usefixtures("saved_always")
@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_it_starts_afresh_where_a_run_that_had_ended_is_lost(
    dataset, trained_epochs, monkeypatch, damage
):
    killed_after_the_first_end(dataset, monkeypatch)
    trained_epochs.clear()
    kept = store.path_of("99/patience-1", folders.user_folder() / "runs")
    kept.unlink()
    if damage == "damaged":
        kept.write_text("half a rec")
    with warnings.catch_warnings(action="ignore"):
        assert list(along_dense(dataset)) == list(RECIPES)
    assert trained_epochs == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("saved_always")
def test_it_starts_afresh_for_a_recipe_that_was_not_followed(dataset, trained_epochs, monkeypatch):
    killed_after_the_first_end(dataset, monkeypatch)
    trained_epochs.clear()
    changed = RECIPES | {"99/patience-3": stops(REDUCE, patient(2))}
    assert along_dense(dataset, changed)["99/patience-3"].epochs == 4
    assert trained_epochs == [0, 1, 2, 3, 4]


def checkpoint_name(recipes, seed=0, budget="full", build=tiny.eventful):
    trainings = [
        Training(build, tiny.dataset(seed=seed), recipe, name, budget)
        for name, recipe in recipes.items()
    ]
    return shared_training.checkpoint_of(trainings, "own").name


def test_a_checkpoint_is_found_by_what_the_recipes_share():
    found = checkpoint_name(RECIPES)
    assert found.startswith("own-path-full-0-")
    others = {"99/a": stops(REDUCE, patient(9)), "99/b": stops(REDUCE, epochs=3)}
    assert checkpoint_name(others) == found
    slower = {name: dataclasses.replace(one, batch_size=32) for name, one in RECIPES.items()}
    different = {
        checkpoint_name(slower),
        checkpoint_name(RECIPES, seed=1),
        checkpoint_name(RECIPES, budget="lab"),
        checkpoint_name(RECIPES, build=tiny.dense),
    }
    assert len(different - {found}) == 4


# --- record -------------------------------------------------------------------------------


@pytest.fixture
def record(monkeypatch, tmp_path, dataset):
    """Return a function that records as `labkit record --only PATTERN --store FOLDER` does."""

    def recording(only="*", folder="records", **options):
        asked = choices.Recording(tmp_path / folder, only, "full")
        for name, value in choices.recording_environment(asked, seed=0).items():
            monkeypatch.setenv(name, value)
        return along(**{"dataset": dataset, "budget": None, "mode": None} | options)

    return recording


def written(folder, name):
    return [as_written(run) for run in store.read(name, folder)]


def test_a_recording_trains_the_path_once_and_writes_all_of_it(
    record, alone, trained_epochs, tmp_path
):
    record()
    for name in RECIPES:
        assert written(tmp_path / "records", name) == [as_written(alone[name])]
        assert own_runs(name) == ()
    assert store.experiments() == []
    assert trained_epochs == [0, 1, 2, 3, 4]
    assert unfinished() == []


@pytest.mark.usefixtures("saved_always")
@pytest.mark.parametrize("when", ["after the first has ended", "when only the last is left"])
def test_a_killed_recording_goes_on_as_if_nothing_had_happened(
    record, alone, trained_epochs, monkeypatch, tmp_path, when
):
    call, _, goes_on = KILLS[when]
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        killed_in(call, patched)
        record()
    for name in store.experiments(tmp_path / "records"):  # written the moment they ended
        assert written(tmp_path / "records", name) == [as_written(alone[name])]
    assert "99/patience-1" in store.experiments(tmp_path / "records")
    trained_epochs.clear()
    record()
    assert trained_epochs == list(range(goes_on, 5))
    for name in RECIPES:
        assert written(tmp_path / "records", name) == [as_written(alone[name])]
    assert unfinished() == []


def test_only_goes_as_far_as_it_must_and_the_rest_goes_on_from_there(
    record, alone, trained_epochs, tmp_path
):
    runs = record(only="99/four")
    assert trained_epochs[:4] == [0, 1, 2, 3]
    assert store.experiments(tmp_path / "records") == ["99/four", "99/patience-1"]
    assert {name: run.budget for name, run in runs.items()} == {
        "99/four": "full",
        "99/patience-1": "full",
        "99/patience-3": "smoke",
        "99/five": "smoke",
    }
    assert len(unfinished()) == 1
    trained_epochs.clear()
    assert record(only="99/four")["99/patience-1"].budget == "full"
    assert trained_epochs == [0]  # the smoke run of those that are not recorded
    trained_epochs.clear()
    runs = record(only="99/patience-*")
    assert trained_epochs == [4]
    assert {run.budget for run in runs.values()} == {"full"}
    for name in RECIPES:
        assert written(tmp_path / "records", name) == [as_written(alone[name])]
    assert unfinished() == []


def test_it_starts_afresh_where_what_had_ended_is_not_recorded(
    record, alone, trained_epochs, tmp_path
):
    record(only="99/four")
    trained_epochs.clear()
    record(folder="another-store")
    assert trained_epochs == [0, 1, 2, 3, 4]
    for name in RECIPES:
        assert written(tmp_path / "another-store", name) == [as_written(alone[name])]


def test_what_only_leaves_out_costs_one_smoke_run_for_all(record, trained_epochs, tmp_path):
    runs = record(only="99/others")
    assert {run.budget for run in runs.values()} == {"smoke"}
    assert trained_epochs == [0]
    assert store.experiments(tmp_path / "records") == []
    assert unfinished() == []


@pytest.mark.usefixtures("recorded")
def test_what_only_leaves_out_is_replayed_where_it_can_be(record, trained_epochs):
    runs = record(only="99/patience-1")
    assert trained_epochs == [0, 1, 2, 0]  # the path, and a smoke run of what nobody recorded
    assert {name: len(run.replicates) for name, run in runs.items()} == {
        "99/four": 3,
        "99/patience-1": 0,
        "99/patience-3": 3,
        "99/five": 0,
    }
