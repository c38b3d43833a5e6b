"""Train, resume, record, replay. What a run is made of is tested beside its own module."""

import dataclasses
import json
import math
import os
import re
import shutil
import types

import keras
import numpy as np
import own_models
import processes
import pytest
import tiny
from interrupted import killed_in, unfinished
from keras import layers
from made_up_runs import made_up_run
from own_folders import with_own_folders

from labkit import choices, folders
from labkit.choices import by_budget
from labkit.errors import (
    CacheWriteError,
    DamagedRecordError,
    MissingRecordError,
    ModelError,
    ParameterError,
    StaleRecordError,
)
from labkit.records import provenance, store
from labkit.records.signature import Signature, signature_of
from labkit.source_text import described
from labkit.training import loop, shared_training
from labkit.training.modes import train, train_path
from labkit.training.one_training import Training

pytestmark = pytest.mark.usefixtures("isolated")

NAME = tiny.EXPERIMENT


def on_a_path(build, dataset, recipe, *, experiment, **options):
    """Train along a path with one end."""
    return train_path(build, dataset, {experiment: recipe}, **options)[experiment]


def norm(model, dataset):
    return float(sum(np.abs(one).sum() for one in model.get_weights()))


def squared_norm(model, dataset):
    return float(sum(np.square(one).sum() for one in model.get_weights()))


both_ways = pytest.mark.parametrize("way", [train, on_a_path])


def run(build=tiny.dense, *, on, recipe=None, way=train, **options):
    options = {"experiment": NAME, "budget": "full", "mode": "train"} | options
    return way(build, on, recipe or tiny.recipe(), **options)


def same(one, other):
    assert one.history == other.history
    assert one.metrics == other.metrics
    assert one.confusion.tolist() == other.confusion.tolist()
    np.testing.assert_array_equal(one.mistakes.images, other.mistakes.images)


def own_runs():
    return store.read(NAME, folders.user_folder() / "runs")


# --- a run depends on its seed and nothing else -------------------------------------------


def test_the_same_seed_gives_the_same_run(dataset, trained):
    same(run(on=dataset), trained)


def test_another_seed_gives_another_run(dataset, trained):
    other = run(on=dataclasses.replace(dataset, seed=1))
    assert other.seed == 1
    assert other.history != trained.history


def test_what_ran_before_does_not_matter(dataset, trained, eventful):
    same(run(tiny.eventful, on=dataset, recipe=tiny.eventful_recipe()), eventful)
    np.random.random(77)
    keras.random.normal((3,))
    same(run(on=dataset), trained)


# --- a killed run goes on as if nothing had happened --------------------------------------


def resumed(dataset):
    return run(tiny.eventful, on=dataset, recipe=tiny.eventful_recipe())


def test_the_run_that_is_killed_has_events_enough(eventful):
    rates = [
        round(rate / eventful.history["learning_rate"][0], 6)
        for rate in eventful.history["learning_rate"]
    ]
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5]
    assert eventful.validation.loss == eventful.history["val_loss"][1]
    assert eventful.validation.loss != eventful.history["val_loss"][4]
    assert eventful.history["loss"] != eventful.history["data_loss"]


@pytest.mark.usefixtures("saved_always")
@pytest.mark.parametrize("epoch", [1, 2, 3, 4, 5])
def test_a_run_killed_in_any_epoch_goes_on_as_if_nothing_had_happened(
    dataset, eventful, trained_epochs, monkeypatch, epoch
):
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        killed_in(epoch, patched)
        resumed(dataset)
    assert trained_epochs == list(range(epoch))
    trained_epochs.clear()
    same(resumed(dataset), eventful)
    assert trained_epochs == list(range(epoch - 1, 5))
    assert unfinished() == []


@pytest.mark.usefixtures("saved_always")
def test_a_run_killed_after_its_last_epoch_goes_on_there(
    dataset, eventful, trained_epochs, monkeypatch
):
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        killed_in(6, patched)
        resumed(dataset)
    trained_epochs.clear()
    same(resumed(dataset), eventful)
    assert trained_epochs == [4]


@pytest.mark.usefixtures("saved_always")
def test_a_run_killed_again_and_again_comes_to_the_same_end(dataset, eventful, monkeypatch):
    for _ in range(2):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            killed_in(2, patched)
            resumed(dataset)
    final = resumed(dataset)
    same(final, eventful)
    assert final.epochs == len(final.seconds_per_epoch) == 5
    assert final.seconds > sum(final.seconds_per_epoch)


KILLED_WHILE_TRAINING = """
import os, signal
import tiny
from labkit.training import evaluation, loop
from labkit.training import train

measured, calls = evaluation.measured, iter(range(1, 100))

def dying(model, split):
    if next(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return measured(model, split)

evaluation.measured, loop.CHECKPOINT_SECONDS = dying, 0.0
train(tiny.eventful, tiny.dataset(), tiny.eventful_recipe(),
      experiment=tiny.EXPERIMENT, budget="full", mode="train")
"""


def test_kill_9_while_training_loses_no_finished_epoch(dataset, eventful, trained_epochs):
    processes.killed(processes.start(KILLED_WHILE_TRAINING))
    assert len(unfinished()) == 1
    same(resumed(dataset), eventful)
    assert trained_epochs == [2, 3, 4]


@pytest.fixture(scope="module")
def killed_in_the_second_epoch(dataset, tmp_path_factory):
    """The user's data, with an unfinished training of four epochs."""
    folder = tmp_path_factory.mktemp("killed")
    with pytest.MonkeyPatch.context() as monkeypatch, pytest.raises(KeyboardInterrupt):
        with_own_folders(monkeypatch, folder)
        monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
        killed_in(2, monkeypatch)
        run(on=dataset, recipe=tiny.recipe(epochs=4))
    return folder / "data"


def test_the_same_run_is_resumed(isolated, dataset, killed_in_the_second_epoch, trained_epochs):
    shutil.copytree(killed_in_the_second_epoch, isolated / "data")
    run(on=dataset, recipe=tiny.recipe(epochs=4))
    assert trained_epochs == [1, 2, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe": tiny.recipe(epochs=4, batch_size=32)},
        {"experiment": "99/other"},
        {"budget": "lab"},
        {"on": tiny.dataset(seed=1)},
        {"on": tiny.dataset(fold_number=1)},
        {"settings": {"units": 8}},
        {"recipe": tiny.recipe(epochs=4, metrics=("accuracy", "mse"))},
    ],
    ids=["recipe", "experiment", "budget", "seed", "fold", "settings", "metrics"],
)
def test_only_the_same_run_is_resumed(
    isolated, dataset, killed_in_the_second_epoch, trained_epochs, monkeypatch, changes
):
    shutil.copytree(killed_in_the_second_epoch, isolated / "data")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        killed_in(1, patched)
        run(**{"on": dataset, "recipe": tiny.recipe(epochs=4)} | changes)
    assert trained_epochs == [0]


@both_ways
def test_a_damaged_checkpoint_is_said_before_anything_is_trained(dataset, trained_epochs, way):
    training = Training(tiny.dense, dataset, tiny.recipe(), NAME, "full")
    path = shared_training.checkpoint_of([training], "own")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    with pytest.raises(DamagedRecordError, match="Delete this file; the training then starts"):
        run(on=dataset, way=way)
    assert trained_epochs == []


@pytest.mark.usefixtures("saved_always")
@pytest.mark.parametrize("build", [own_models.called_on_images, own_models.of(own_models.OwnStep)])
def test_a_model_of_ones_own_class_goes_on_as_if_nothing_had_happened(dataset, monkeypatch, build):
    whole = run(build, on=dataset)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        killed_in(2, patched)
        run(build, on=dataset)
    assert len(unfinished()) == 1
    same(run(build, on=dataset), whole)
    assert whole.metrics["test"].keys() == {"loss", "data_loss", "accuracy"}
    assert whole.confusion.sum() == len(dataset.test)


@pytest.mark.usefixtures("saved_always")
def test_a_recording_does_not_go_on_with_a_persons_training(
    dataset, trained_epochs, monkeypatch, tmp_path
):
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        killed_in(2, patched)
        run(on=dataset)
    trained_epochs.clear()
    recording(monkeypatch, tmp_path / "records")
    recorded_run(dataset)
    assert trained_epochs == [0, 1]
    assert len(unfinished()) == 1


# --- what a run says ----------------------------------------------------------------------


def test_a_run_says_what_was_trained_on_what(trained, dataset):
    assert (trained.experiment, trained.budget, trained.seed) == (NAME, "full", 0)
    assert trained.status == "finished"
    assert trained.signature == signature_of(tiny.dense(), tiny.recipe(), dataset.request)
    assert trained.dataset.sizes == {"train": 320, "validation": 64, "test": 96}
    assert trained.dataset.request == dataset.request
    assert trained.dataset.fingerprint == dataset.fingerprint
    assert (trained.parameters, trained.trainable_parameters) == (64 * 8 + 8 + 8 * 2 + 2, 538)
    assert trained.epochs == 2
    assert trained.seconds > sum(trained.seconds_per_epoch) > 0


def test_a_run_has_a_history_and_final_metrics_of_every_split(trained):
    names = ["loss", "data_loss", "accuracy"]
    assert list(trained.history) == names + [f"val_{name}" for name in names]
    assert {len(values) for values in trained.history.values()} == {2}
    assert {split: list(values) for split, values in trained.metrics.items()} == dict.fromkeys(
        ["train", "validation", "test"], names
    )
    assert trained.validation.accuracy == trained.history["val_accuracy"][-1]


def test_a_run_keeps_confusion_mistakes_and_what_was_measured(trained, dataset):
    assert trained.confusion.sum() == 96
    assert np.trace(trained.confusion) / 96 == pytest.approx(trained.test.accuracy)
    assert trained.mistakes.images.shape[1:] == (8, 8, 1)
    assert trained.measures["kernel"].shape == (64, 8)
    assert trained.measures["brightness"] == pytest.approx(dataset.train.images.mean())


def test_frozen_layers_are_not_counted_as_trainable(dataset):
    def half_frozen():
        network = tiny.dense()
        network.layers[1].trainable = False
        return network

    found = run(half_frozen, on=dataset, budget="smoke")
    assert (found.parameters, found.trainable_parameters) == (538, 18)


def test_augmentation_has_no_part_in_the_network(dataset):
    recipe = tiny.recipe(augmentation=(layers.GaussianNoise(0.1),))
    found = run(on=dataset, recipe=recipe, budget="smoke", measure=tiny.MEASURE)
    assert found.parameters == 538
    assert found.measures["kernel"].shape == (64, 8)


def test_a_number_as_target_has_no_confusion(dataset):
    def of_numbers(split):
        numbers = split.images.mean((1, 2, 3))
        return dataclasses.replace(split, labels=numbers, targets=numbers)

    parts = {name: of_numbers(getattr(dataset, name)) for name in ("train", "validation", "test")}
    numbers = dataclasses.replace(dataset, class_names=(), **parts)
    recipe = tiny.recipe(loss="mse", metrics=("mean_absolute_error",))
    found = run(on=numbers, recipe=recipe, budget="smoke", build=regression)
    assert found.confusion is found.mistakes is None
    assert list(found.metrics["test"]) == ["loss", "data_loss", "mean_absolute_error"]


def test_an_autoencoder_gives_its_inputs_back(dataset):
    def with_inputs_as_targets(split):
        return dataclasses.replace(split, targets=split.inputs)

    names = ("train", "validation", "test")
    parts = {name: with_inputs_as_targets(getattr(dataset, name)) for name in names}
    images = dataclasses.replace(dataset, **parts)
    recipe = tiny.recipe(loss="mse", augmentation=(layers.GaussianNoise(0.1),))
    found = run(own_models.autoencoder, on=images, recipe=recipe, budget="smoke")
    assert list(found.metrics["test"]) == ["loss", "data_loss", "mse", "psnr"]
    assert found.test.loss == pytest.approx(found.test.mse)
    assert found.confusion is found.mistakes is None


def test_a_run_says_which_fold_and_which_point_it_is(not_trained):
    found = run(on=tiny.dataset(fold_number=2), settings={"units": 8})
    assert (found.fold, found.settings, found.name) == (2, {"units": 8}, "99/tiny@units=8")
    assert [one.key for one in own_runs()] == [found.key]


def regression():
    return keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)])


def test_the_test_set_stays_closed_where_that_is_asked_for(dataset):
    closed = dataclasses.replace(dataset, test=None)
    found = run(on=closed, budget="smoke", test=False)
    assert list(found.metrics) == list(found.dataset.sizes) == ["train", "validation"]
    assert found.confusion is None


def test_a_dataset_may_be_without_validation(dataset):
    found = run(on=dataclasses.replace(dataset, validation=None), budget="smoke")
    assert list(found.metrics) == ["train", "test"]
    assert list(found.history) == ["loss", "data_loss", "accuracy"]


def test_a_run_says_where_it_was_made(trained):
    assert trained.provenance["backend"] == keras.backend.backend()
    assert trained.provenance["keras"] == keras.__version__
    assert trained.provenance["precision"] == "float32"
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", trained.provenance[keras.backend.backend()])
    assert re.fullmatch(r"\d+ CPU cores \(.+\)|GPU \(.+\)", trained.provenance["device"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", trained.provenance["finished"])
    assert re.fullmatch(r"[0-9a-f]{12}(\+changes)?|unknown", trained.provenance["commit"])
    assert json.loads(json.dumps(trained.provenance)) == trained.provenance


def test_the_commit_is_unknown_outside_a_checkout(monkeypatch):
    monkeypatch.setattr(folders, "checkout", lambda: None)
    assert provenance.collect()["commit"] == "unknown"


def test_a_loss_that_is_no_number_ends_the_run_and_the_record_says_so(dataset, trained_epochs):
    targets = dataset.train.targets.copy()
    targets[7] = np.nan
    broken = dataclasses.replace(dataset, train=dataclasses.replace(dataset.train, targets=targets))
    found = run(on=broken, recipe=tiny.recipe(epochs=5))
    assert found.status == "diverged"
    assert trained_epochs == [0]
    assert math.isnan(found.history["loss"][0])
    assert math.isnan(found.test.loss)
    assert found.confusion is found.mistakes is None
    written = (folders.user_folder() / "runs" / "99" / "tiny.json").read_text()
    assert '"loss": [null]' in written
    assert "NaN" not in written
    (kept,) = own_runs()
    assert kept.status == "diverged"
    assert math.isnan(kept.test.loss)


# --- budgets ------------------------------------------------------------------------------


def test_smoke_is_one_epoch_on_256_examples_and_is_never_kept(isolated):
    large = tiny.dataset(train=tiny.split(300, draw=0), test=tiny.split(300, draw=2))
    found = run(on=large, recipe=tiny.recipe(epochs=50), budget="smoke")
    assert found.epochs == 1
    assert found.dataset.sizes == {"train": 256, "validation": 64, "test": 256}
    assert list(isolated.iterdir()) == []


@pytest.mark.parametrize(("budget", "epochs", "size"), [("lab", 1, 40), ("full", 2, 320)])
def test_a_setting_by_budget_is_resolved(dataset, budget, epochs, size):
    recipe = tiny.recipe(
        epochs=by_budget(lab=1, full=2), examples=by_budget(lab=40, full=None), metrics=()
    )
    found = run(on=dataset, recipe=recipe, budget=budget)
    assert (found.epochs, found.dataset.sizes["train"]) == (epochs, size)
    assert f"epochs: {epochs}" in found.signature.lines


def test_the_budget_comes_from_the_environment_where_nobody_names_one(monkeypatch, not_trained):
    assert run(on=tiny.dataset(), budget=None).budget == "lab"
    monkeypatch.setenv("LABKIT_BUDGET", "full")
    assert run(on=tiny.dataset(), budget=None).budget == "full"


def test_examples_are_drawn_by_the_seed(dataset):
    drawn = Training(None, dataset, tiny.recipe(examples=50), NAME, "full").splits()
    np.testing.assert_array_equal(drawn["train"].inputs, dataset.train.take(50, 0).inputs)
    assert len(drawn["test"]) == 96


def test_rejects_more_examples_than_there_are(dataset):
    with pytest.raises(ParameterError) as caught:
        run(on=dataset, recipe=tiny.recipe(examples=321))
    assert str(caught.value) == (
        "Recipe.examples: expected at most the 320 training examples of the dataset; "
        "received 321. Load more, or train on fewer."
    )


# --- bad input ----------------------------------------------------------------------------


def compiled():
    network = tiny.dense()
    network.compile()
    return network


class Subclassed(keras.Model):
    def call(self, images):
        return images


@pytest.mark.parametrize(
    ("build", "received"),
    [
        (compiled, "a compiled model"),
        (lambda: keras.Sequential([layers.Dense(2)]), "a model without an input shape"),
        (Subclassed, "a model without an input shape"),
        (lambda: None, "None"),
        (lambda: "dense", "'dense'"),
    ],
)
@pytest.mark.parametrize("mode", ["train", "replay"])
def test_rejects_what_is_no_fresh_model(dataset, build, received, mode):
    with pytest.raises(ModelError) as caught:
        run(build, on=dataset, mode=mode)
    assert str(caught.value) == (
        "build(): expected a new, uncompiled Keras model that knows its input shape; "
        f"received {received}. Return keras.Sequential([keras.Input(shape), …]), or call a model "
        "of your own class on keras.Input(shape); train compiles it itself."
    )


@pytest.mark.parametrize("budget", ["smoke", "lab", "full"])
@pytest.mark.parametrize("mode", ["train", "replay", "auto"])
@both_ways
def test_rejects_an_ill_formed_name_before_anything_is_built(dataset, budget, mode, way):
    def build():
        pytest.fail("too late")

    with pytest.raises(ParameterError, match="^experiment: expected practical/name in small"):
        run(build, on=dataset, experiment="Dense 4", budget=budget, mode=mode, way=way)


@pytest.mark.parametrize("setting", [{"budget": "huge"}, {"mode": "rehearse"}])
def test_rejects_an_unknown_setting_before_anything_is_built(dataset, setting):
    with pytest.raises(ParameterError, match="expected one of"):
        run(lambda: pytest.fail("too late"), on=dataset, **setting)


def test_rejects_a_measure_under_a_name_of_the_runs_own_before_anything_is_built(dataset):
    with pytest.raises(ParameterError, match="^measure: expected names other than .* test_loss"):
        run(lambda: pytest.fail("too late"), on=dataset, measure={"test_loss": norm})


# --- a person's own runs ------------------------------------------------------------------


@pytest.fixture
def not_trained(isolated, monkeypatch, trained):
    """Runs come at once, as if trained; the fixture is the list of those that did."""
    done = []

    def at_once(trainings, asked_for=None, checkpoint=None, keep=None, fast=False):
        runs = {}
        for training in trainings if asked_for is None else asked_for:
            dataset = training.dataset
            done.append((training.experiment, training.budget, dataset.seed))
            changes = {
                "experiment": training.experiment,
                "budget": training.budget,
                "seed": dataset.seed,
                "fold": dataset.fold_number,
                "settings": training.settings,
                "signature": training.code(),
                "dataset": dataclasses.replace(trained.dataset, source=dataset.source),
                "measures": dict.fromkeys(training.measure or {}, 1.0),
                "definitions": training.definitions,
            }
            run = runs[training.experiment] = dataclasses.replace(trained, **changes)
            if keep:
                keep(run)
        return runs

    monkeypatch.setattr(shared_training, "trained", at_once)
    return done


def test_a_persons_run_goes_to_their_own_folder_and_not_to_the_store(dataset, not_trained):
    found = run(on=dataset)
    assert [one.key for one in own_runs()] == [found.key]
    assert store.experiments() == []


@both_ways
def test_running_it_again_trains_again(dataset, not_trained, way):
    run(on=dataset, way=way)
    run(on=dataset, way=way)
    assert not_trained == [(NAME, "full", 0)] * 2
    assert len(own_runs()) == 1


@both_ways
def test_a_run_on_sample_data_is_never_kept(isolated, not_trained, way):
    assert run(on=tiny.dataset(source="sample"), way=way).is_sample
    assert list(isolated.iterdir()) == []


def test_a_folder_that_cannot_be_written_costs_a_warning_and_not_the_run(
    dataset, not_trained, monkeypatch, tmp_path
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.warns(UserWarning) as caught:
        assert run(on=dataset).epochs == 2
    assert [str(one.message) for one in caught] == [
        f"This run is not kept: {tmp_path}/file/labkit/runs/99: expected a folder that can be "
        "written; received Not a directory. Record into another folder: labkit record … --store "
        "DIR."
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [("half a rec", "a record as labkit wrote it"), ('{"schema": 0}', "expected schema ")],
)
def test_an_unreadable_file_of_own_runs_costs_a_warning_and_not_the_run(
    dataset, not_trained, content, reason
):
    path = store.path_of(NAME, folders.user_folder() / "runs")
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.warns(UserWarning, match=f"^This run is not kept: .*{reason}"):
        assert run(on=dataset).epochs == 2
    assert path.read_text() == content


def test_a_persons_run_comes_with_the_recorded_ones(dataset, not_trained, recorded):
    found = run(on=dataset)
    assert found.seed == 0
    assert [one.seed for one in found.replicates] == [0, 1, 2]
    assert not found.is_replayed


def test_a_persons_run_comes_alone_where_other_code_was_recorded(dataset, not_trained, recorded):
    assert run(on=dataset, recipe=tiny.recipe(epochs=7)).replicates == ()


def test_a_damaged_record_costs_a_persons_run_a_warning(dataset, not_trained, recorded):
    recorded.write_text("half a rec")
    with pytest.warns(UserWarning, match="^No recorded runs beside this one: .*as labkit wrote"):
        assert run(on=dataset).replicates == ()


def test_a_smoke_run_comes_alone(dataset, not_trained, recorded):
    assert run(on=dataset, budget="smoke").replicates == ()


# --- replay -------------------------------------------------------------------------------


@pytest.fixture
def recorded(isolated, trained):
    """The record of three seeds; the fixture is its file."""
    for seed in range(3):
        store.add(dataclasses.replace(trained, seed=seed))
    return store.path_of(NAME)


@pytest.fixture
def no_training(monkeypatch):
    def trains(*arguments, **options):
        pytest.fail("something is trained")

    monkeypatch.setattr(loop, "fit", trains)
    monkeypatch.setattr(keras.Model, "fit", trains)
    monkeypatch.setattr(keras.Model, "evaluate", trains)
    monkeypatch.setattr(keras.Model, "predict", trains)


ASKED_FOR = types.SimpleNamespace(seed=1, fold_number=None, request=tiny.dataset().request)


@pytest.mark.usefixtures("recorded", "no_training")
def test_replay_trains_nothing_and_needs_no_data(trained):
    found = run(on=ASKED_FOR, mode="replay", budget=None, measure=tiny.MEASURE)
    assert found.seed == 1 and found.is_replayed
    assert found.test.accuracy == pytest.approx(trained.test.accuracy, rel=1e-6)
    assert [one.seed for one in found.replicates] == [0, 1, 2]
    assert found.extra == ()


@pytest.mark.usefixtures("recorded", "no_training")
@pytest.mark.parametrize("name", ["LABKIT_MODE", "mode"])
def test_replay_is_asked_for_by_parameter_or_environment(monkeypatch, name):
    monkeypatch.setenv("LABKIT_MODE", "replay" if name == "LABKIT_MODE" else "train")
    mode = "replay" if name == "mode" else None
    assert run(on=ASKED_FOR, mode=mode, budget=None).seed == 1


@pytest.mark.usefixtures("no_training")
def test_replay_shows_the_best_budget_and_what_is_above_it(trained, dataset):
    recipe = tiny.recipe(epochs=by_budget(lab=1, full=2))
    at_lab = signature_of(tiny.dense(), recipe.at("lab"), dataset.request)
    for seed in range(3):
        store.add(dataclasses.replace(trained, seed=seed, budget="lab", signature=at_lab))
    store.add(dataclasses.replace(trained, seed=1))
    found = run(on=ASKED_FOR, recipe=recipe, mode="replay", budget=None)
    assert (found.budget, len(found.replicates)) == ("lab", 3)
    assert [(one.budget, one.seed) for one in found.extra] == [("full", 1)]
    found = run(on=ASKED_FOR, recipe=recipe, mode="replay", budget="full")
    assert (found.budget, len(found.replicates)) == ("full", 1)


def message_of(error, **options):
    with pytest.raises(error) as caught:
        run(**{"on": ASKED_FOR, "mode": "replay", "budget": None} | options)
    return str(caught.value)


MISSING = (
    "record of 99/tiny: expected a recorded run; received {}. Set MODE = "
    '"train" to train it here, or record it: labkit record notebooks/99_*.py --budget full '
    "--seeds {} --only '99/tiny'."
)


@pytest.mark.usefixtures("no_training")
def test_replay_says_what_is_missing():
    assert message_of(MissingRecordError) == MISSING.format("no record at full or lab", "0-2")


@pytest.mark.usefixtures("recorded", "no_training")
def test_replay_says_which_seed_is_missing():
    other = types.SimpleNamespace(seed=7, fold_number=None, request=ASKED_FOR.request)
    assert message_of(MissingRecordError, on=other) == MISSING.format("no seed 7 among 0, 1, 2", 7)


@pytest.mark.usefixtures("recorded", "no_training")
def test_replay_says_which_measures_are_missing():
    measure = {"kernel": tiny.MEASURE["kernel"], "norm": norm, "area": norm}
    assert message_of(MissingRecordError, measure=measure) == MISSING.format(
        "a record without area, norm", "0-2"
    )


@pytest.mark.usefixtures("recorded", "no_training")
def test_replay_says_which_metrics_are_missing():
    recipe = tiny.recipe(metrics=("accuracy", "mse"))
    assert message_of(MissingRecordError, recipe=recipe) == MISSING.format(
        "a record without mse", "0-2"
    )


@pytest.mark.usefixtures("no_training")
def test_a_measure_that_was_another_function_is_missing_and_not_wrong(trained):
    was, now = described(norm), described(squared_norm)
    measured = dataclasses.replace(trained, seed=1, measures={"norm": 1.0})
    store.add(dataclasses.replace(measured, definitions={"norm": was}))
    assert message_of(MissingRecordError, measure={"norm": squared_norm}) == MISSING.format(
        f'a record without this norm: code has "{now}", record has "{was}"', "0-2"
    )
    found = run(on=ASKED_FOR, mode="replay", budget=None, measure={"norm": norm})
    assert found.definitions == {"norm": was}


@pytest.mark.usefixtures("no_training")
def test_a_record_from_before_there_were_definitions_has_the_right_ones(trained):
    measured = dataclasses.replace(trained, seed=1, measures={"norm": 1.0}, definitions={})
    store.add(measured)
    assert run(on=ASKED_FOR, mode="replay", budget=None, measure={"norm": norm}).seed == 1


@pytest.mark.usefixtures("no_training")
def test_replay_says_where_the_test_set_was_never_opened(trained):
    metrics = {name: values for name, values in trained.metrics.items() if name != "test"}
    store.add(dataclasses.replace(trained, seed=1, metrics=metrics))
    assert message_of(MissingRecordError) == MISSING.format("a record without test metrics", "0-2")
    assert run(on=ASKED_FOR, mode="replay", budget=None, test=False).seed == 1


@pytest.mark.usefixtures("recorded", "no_training")
@pytest.mark.parametrize(
    ("options", "difference"),
    [
        (
            {"recipe": tiny.recipe(epochs=7)},
            'code has "epochs: 7", record has "epochs: 2"',
        ),
        (
            {"on": dataclasses.replace(tiny.dataset(), request={"name": "tiny", "train": 9})},
            'code has "data: tiny(train=9)", record has "data: tiny(train=320, validation=64)"',
        ),
    ],
)
def test_replay_refuses_a_record_of_other_code(options, difference):
    assert message_of(StaleRecordError, **options) == (
        "record of 99/tiny: expected a record of the network, recipe and data in the code; "
        f'received a record of others: {difference}. Set MODE = "train", or record anew: '
        "labkit record notebooks/99_*.py --budget full --seeds 0-2 --only '99/tiny'."
    )


@pytest.mark.usefixtures("recorded", "no_training")
def test_replay_refuses_another_network():
    def wider():
        return keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Flatten(),
                layers.Dense(8, activation="tanh"),
                layers.Dense(2, activation="softmax"),
            ]
        )

    message = message_of(StaleRecordError, build=wider)
    assert "code has \"Dense(activation='tanh', units=8)" in message
    assert "record has \"Dense(activation='relu', units=8)" in message


def inverted(split, dataset):
    return dataclasses.replace(split, inputs=1 - split.inputs)


def halved(split, dataset):
    return dataclasses.replace(split, inputs=split.inputs / 2)


def test_replay_refuses_a_record_made_on_data_that_were_changed_otherwise(dataset):
    changed = dataset.changed(inverted)
    store.add(run(on=changed, recipe=tiny.recipe(epochs=1)))
    assert run(on=changed, recipe=tiny.recipe(epochs=1), mode="replay", budget=None).is_replayed
    for other in (dataset, dataset.changed(halved), changed.changed(halved)):
        with pytest.raises(StaleRecordError, match="record has .data: tiny.changed=.'inverted "):
            run(on=other, recipe=tiny.recipe(epochs=1), mode="replay", budget=None)


@both_ways
def test_auto_replays_what_is_recorded(recorded, no_training, capsys, way):
    assert run(on=ASKED_FOR, mode="auto", budget=None, way=way).seed == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [(tiny.recipe(epochs=7), "StaleRecordError"), (tiny.recipe(), "MissingRecordError")],
)
def test_auto_trains_the_rest_with_one_line_of_notice(
    trained, dataset, not_trained, capsys, recipe, problem
):
    if problem == "StaleRecordError":
        store.add(trained)
    assert run(on=dataset, recipe=recipe, mode="auto").epochs == 2
    assert not_trained == [(NAME, "full", 0)]
    assert capsys.readouterr().out == f"99/tiny: {problem}, so it is trained here.\n"


def test_auto_does_not_hide_a_damaged_record(dataset, recorded, not_trained):
    recorded.write_text("half a rec")
    with pytest.raises(DamagedRecordError):
        run(on=dataset, mode="auto")
    assert not_trained == []


# --- record -------------------------------------------------------------------------------


def recording(monkeypatch, store_folder, *, only="*", budget="full"):
    asked = choices.Recording(store_folder, only, budget)
    for name, value in choices.recording_environment(asked, seed=0).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def records(isolated, monkeypatch, tmp_path):
    """Somebody records at the full budget, into a folder of their own."""
    recording(monkeypatch, tmp_path / "records")
    return tmp_path / "records"


def recorded_run(dataset, **options):
    return run(**{"on": dataset, "budget": None, "mode": None} | options)


def test_a_recording_is_trained_and_written_into_its_folder_alone(dataset, records, trained):
    same(recorded_run(dataset), trained)
    assert [one.key for one in store.read(NAME, records)] == [trained.key]
    assert store.experiments() == []
    assert own_runs() == ()
    assert unfinished() == []


@both_ways
def test_a_finished_run_is_not_trained_again(dataset, records, not_trained, way):
    recorded_run(dataset, way=way)
    before = store.path_of(NAME, records).read_bytes()
    again = recorded_run(dataset, way=way)
    assert not_trained == [(NAME, "full", 0)]
    assert again.key == store.read(NAME, records)[0].key
    assert store.path_of(NAME, records).read_bytes() == before


def test_another_seed_is_trained_and_added(dataset, records, not_trained):
    recorded_run(dataset)
    recorded_run(dataclasses.replace(dataset, seed=1))
    assert not_trained == [(NAME, "full", 0), (NAME, "full", 1)]
    assert [one.seed for one in store.read(NAME, records)] == [0, 1]


def test_a_run_of_other_code_is_trained_and_stands_beside_the_old(dataset, records, not_trained):
    recorded_run(dataset)
    recorded_run(dataset, recipe=tiny.recipe(epochs=3))
    lines = [run.signature.lines for run in store.read(NAME, records)]
    assert sorted("epochs: 3" in one for one in lines) == [False, True]


def test_a_record_that_lacks_what_the_notebook_asks_for_is_made_anew(dataset, records, not_trained):
    recorded_run(dataset)
    for measure in ({"norm": norm}, {"norm": squared_norm}, {"norm": squared_norm}):
        recorded_run(dataset, measure=measure)
    assert len(not_trained) == 3
    (kept,) = store.read(NAME, records)
    assert set(kept.measures) == {"norm"}
    assert kept.definitions == {"norm": described(squared_norm)}


def test_what_only_leaves_out_is_replayed_where_it_can_be(
    dataset, recorded, not_trained, monkeypatch, tmp_path
):
    recording(monkeypatch, tmp_path / "records", only="99/other-*")
    assert recorded_run(dataset).budget == "full"
    assert not_trained == []
    assert store.experiments(tmp_path / "records") == []


def test_what_only_leaves_out_is_else_a_smoke_run_that_nobody_keeps(
    dataset, not_trained, monkeypatch, tmp_path
):
    recording(monkeypatch, tmp_path / "records", only="99/other-*")
    assert recorded_run(dataset).budget == "smoke"
    recorded_run(dataset, experiment="99/other-4")
    assert not_trained == [(NAME, "smoke", 0), ("99/other-4", "full", 0)]
    assert store.experiments(tmp_path / "records") == ["99/other-4"]


def test_a_live_cell_at_another_budget_is_not_recorded(dataset, records, not_trained):
    assert recorded_run(dataset, budget="smoke").budget == "smoke"
    assert store.experiments(records) == []


def test_a_replayed_cell_is_not_recorded(dataset, records, recorded, no_training):
    assert recorded_run(dataset, mode="replay").seed == 0
    assert store.experiments(records) == []


@both_ways
def test_sample_data_are_refused_before_anything_is_trained(records, not_trained, way):
    with pytest.raises(ParameterError, match="received a full run on sample data"):
        recorded_run(tiny.dataset(source="sample"), way=way)
    assert not_trained == []


def test_a_home_that_cannot_be_written_is_said_before_anything_is_trained(
    dataset, records, not_trained, monkeypatch, tmp_path
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(CacheWriteError) as caught:
        recorded_run(dataset)
    assert str(caught.value) == (
        f"{tmp_path}/file/labkit/unfinished: expected a folder that can be written; received Not "
        "a directory. Name another: XDG_DATA_HOME=DIR labkit record …."
    )
    assert not_trained == []


RECORDING = """
import sys
import filelock
import tiny
from made_up_runs import made_up_run
from own_folders import with_own_folders
from labkit.training import modes, one_training, shared_training

def trained(trainings, asked_for=(), checkpoint=None, keep=None):
    if not asked_for:
        return {}
    print("trains", flush=True)
    sys.stdin.readline()
    run = made_up_run(experiment="99/tiny")
    keep(run)
    return {"99/tiny": run}

acquire = filelock.FileLock.acquire

def acquired(lock, *arguments, **options):
    try:
        return acquire(lock, timeout=0)
    except filelock.Timeout:
        print("waits", flush=True)
        return acquire(lock)

filelock.FileLock.acquire = acquired
shared_training.trained = trained
one_training.Training.code = lambda training, budget=None: made_up_run().signature
run = modes.train(tiny.dense, tiny.dataset(), tiny.recipe(), experiment="99/tiny")
print(run.test.accuracy)
"""


def test_two_processes_that_record_the_same_run_train_it_once(records):
    first = processes.start(RECORDING)
    assert first.stdout.readline() == "trains\n"
    second = processes.start(RECORDING)
    assert second.stdout.readline() == "waits\n"
    first.stdin.write("on\n")
    assert processes.finished(first) == "0.9\n"
    assert processes.finished(second) == "0.9\n"
    assert [one.signature for one in store.read(NAME, records)] == [Signature(("epochs: 2",))]
    assert made_up_run().signature == Signature(("epochs: 2",))
    assert os.environ["LABKIT_RECORD"] == str(records)
