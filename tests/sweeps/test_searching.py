"""A search: done in place, swept over workers, resumed, replayed, and refused."""

import json

import candidates
import pytest
from candidates import EXPERIMENT, SPACE, table

import labkit
from labkit import choices
from labkit.errors import (
    MissingRecordError,
    ParameterError,
    StaleRecordError,
    SweepError,
)
from labkit.records import store
from labkit.sweeps import between
from labkit.sweeps.candidate import Question

pytest.importorskip("optuna")

pytestmark = pytest.mark.usefixtures("isolated")


def searched(candidate=candidates.scaled, space=SPACE, dataset=None, **options):
    options = {"experiment": EXPERIMENT, "trials": 3, "budget": "lab"} | options
    return labkit.search(candidate, space, dataset or table(), **options)


@pytest.fixture
def points_trained(monkeypatch):
    """The points that are trained, as they begin."""
    points, answer = [], Question.answer

    def counted(self, settings, dataset, report):
        points.append(dict(settings))
        return answer(self, settings, dataset, report)

    monkeypatch.setattr(Question, "answer", counted)
    return points


# In place


def test_a_search_in_place_returns_every_trial_and_the_best():
    found = searched(mode="train")
    assert [one.number for one in found.trials] == [0, 1, 2]
    assert {one.state for one in found.trials} == {"finished"}
    assert found.best.value == max(one.value for one in found.trials)
    assert found.best.run.validation.accuracy == found.best.value
    assert found.best.run.settings == found.best.settings
    assert found.best.run.name.startswith("99/search@rate=")


def test_the_test_set_is_never_opened():
    run = searched(mode="train", trials=1).best.run
    assert set(run.metrics) == {"train", "validation"}
    assert "test" not in run.dataset.sizes
    assert run.confusion is None and run.mistakes is None


def test_a_point_that_is_proposed_again_is_trained_once(points_trained):
    found = searched(mode="train", space={"units": [4], "rate": [0.01]}, trials=3)
    assert [one.value for one in found.trials] == [found.best.value] * 3
    assert len(points_trained) == 1


def test_smoke_is_two_trials():
    assert len(searched(mode="train", budget="smoke", trials=50).trials) == 2


def test_a_loss_is_searched_for_its_least():
    found = searched(mode="train", metric="validation_loss", trials=2)
    assert found.best.value == min(one.value for one in found.trials)


def test_trials_that_raise_run_out_of_memory_or_diverge_fail_with_their_reason():
    space = {"kind": ["well", "raises", "memory", "diverges"]}
    found = searched(candidates.unlucky, space, mode="train", trials=14)
    reasons = {one.settings["kind"]: one.reason for one in found.trials}
    assert reasons == {
        "raises": "ZeroDivisionError: a slip",
        "memory": "MemoryError: no room for 8 GB",
        "diverges": "the loss was no longer a number after epoch 1",
        "well": "",
    }
    assert {one.state for one in found.trials if one.reason} == {"failed"}
    assert {run.settings["kind"] for run in found.runs} == {"well"}


def test_a_search_in_which_no_trial_finishes():
    def never(settings):
        if settings["rate"] > 0.001:
            raise ZeroDivisionError("a slip")
        return candidates.scaled({"units": 4, "rate": 0.1})

    with pytest.raises(SweepError) as problem:
        searched(never, {"rate": between(0.001, 0.1)}, mode="train", trials=2)
    assert str(problem.value) == (
        "99/search: expected at least one trial that finishes; received 2 failed, the first "
        "because ZeroDivisionError: a slip. Correct what its reason names; another candidate or "
        "space begins anew."
    )


# Swept over two workers


@pytest.fixture
def swept(isolated, cluster, monkeypatch):
    """Do what `labkit sweep` makes a kernel do."""

    def sweep(trials, **options):
        recording = choices.Recording(isolated / "store", "", "lab")
        asked = choices.Sweep(trials, str(isolated / "trials.journal"), cluster.address)
        for variables in (
            choices.recording_environment(recording, seed=0),
            choices.sweep_environment(asked),
        ):
            for name, value in variables.items():
                monkeypatch.setenv(name, value)
        found = searched(**options)
        for name in variables:
            monkeypatch.delenv(name)
        monkeypatch.delenv("LABKIT_RECORD")
        monkeypatch.delenv("LABKIT_MODE")
        return found

    return sweep


def test_a_sweep_is_recorded_resumed_and_replayed(swept, isolated, points_trained):
    first = swept(3)
    recorded = store.read(EXPERIMENT, isolated / "store")
    assert {run.point for run in recorded} == {run.point for run in first.runs}
    assert all(run.budget == "lab" and "test" not in run.metrics for run in recorded)
    assert {run.provenance["threads"] for run in recorded} == {"1"}

    more = swept(5)
    assert [one.run.provenance for one in more.trials[:3]] == [
        one.run.provenance for one in first.trials
    ]
    assert len(store.read(EXPERIMENT, isolated / "store")) == 5

    shown = searched(mode="replay")
    assert {run.point for run in shown.runs} == {run.point for run in more.runs}
    assert shown.best.value == pytest.approx(more.best.value)
    assert points_trained == [], "workers trained, and not this process"

    # With another storage the trials begin anew, and what is recorded is not trained again.
    (isolated / "trials.journal").unlink()
    again = swept(5)
    assert [one.run.provenance["finished"] for one in again.trials] == [
        one.run.provenance["finished"] for one in more.trials
    ]


def test_without_a_recording_nothing_is_searched_by_record(isolated, monkeypatch):
    recording = choices.Recording(isolated / "store", "*", "lab")
    for name, value in choices.recording_environment(recording, seed=0).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(MissingRecordError, match="^record of 99/search: expected the recorded"):
        searched()


def test_a_recording_at_full_goes_by_a_search_that_was_done_at_lab(isolated, monkeypatch):
    found = recorded_in_place(isolated, monkeypatch)
    recording = choices.Recording(isolated / "store", "*", "full")
    for name, value in choices.recording_environment(recording, seed=0).items():
        monkeypatch.setenv(name, value)
    again = searched(budget=None)
    assert {run.point for run in again.runs} == {run.point for run in found.runs}
    assert {run.budget for run in again.runs} == {"lab"}


# Replayed


def recorded_in_place(isolated, monkeypatch, **options):
    """Put the runs of a search in place into the store, as a sweep does."""
    found = searched(mode="train", **options)
    for run in found.runs:
        store.add(run, isolated / "store")
    return found


def test_replay_has_the_recorded_trials_in_the_order_they_finished(isolated, monkeypatch):
    found = recorded_in_place(isolated, monkeypatch)
    again = searched(mode="replay")
    assert {run.point for run in again.runs} == {run.point for run in found.runs}
    finished = [run.provenance["finished"] for run in again.runs]
    assert finished == sorted(finished)
    assert all(run.is_replayed for run in again.runs)


def test_replay_of_another_candidate_is_stale(isolated, monkeypatch):
    recorded_in_place(isolated, monkeypatch, trials=1)

    def wider(settings):
        return candidates.scaled({**settings, "units": settings["units"] + 1})

    with pytest.raises(StaleRecordError, match="record of 99/search@rate="):
        searched(wider, mode="replay")


def test_points_of_older_code_are_left_out_where_there_are_newer_ones(isolated, monkeypatch):
    def wider(settings):
        return candidates.scaled({**settings, "units": settings["units"] + 1})

    recorded_in_place(isolated, monkeypatch, trials=1, space={"units": [4], "rate": [0.1]})
    newer = recorded_in_place(
        isolated, monkeypatch, trials=1, candidate=wider, space={"units": [8], "rate": [0.1]}
    )
    found = searched(wider, {"units": [4, 8], "rate": [0.1]}, mode="replay")
    assert [run.point for run in found.runs] == [run.point for run in newer.runs]


def test_replay_of_what_nobody_recorded():
    with pytest.raises(MissingRecordError) as problem:
        searched(mode="replay")
    assert str(problem.value) == (
        "record of 99/search: expected the recorded trials of a search; received none of seed 0 "
        'at lab within this space. Set MODE = "train" to search here, or record it: labkit sweep '
        "notebooks/99_*.py --budget lab."
    )


def test_auto_searches_where_nothing_is_recorded(capsys):
    assert len(searched(mode="auto", budget="smoke").trials) == 2
    said = "99/search: MissingRecordError, so the search is done here.\n"
    assert capsys.readouterr().out == said


# What is found out before anything is trained


@pytest.fixture
def refused(points_trained):
    def refuse(kind=ParameterError, **options):
        with pytest.raises(kind) as problem:
            searched(mode="train", **options)
        assert points_trained == []
        return str(problem.value)

    return refuse


def test_an_empty_space(refused):
    assert refused(space={}).startswith("space: expected at least one setting; received none.")


def test_a_setting_that_the_space_lacks(refused):
    assert refused(space={"unit": [4, 8], "rate": [0.1]}) == (
        "settings: expected a name of the space: rate, unit; received 'units'. "
        "Did you mean 'unit'? Allowed: rate, unit."
    )


def test_a_candidate_that_returns_something_else(refused):
    def forgetful(settings):
        return candidates.scaled(settings)[0]

    message = refused(candidate=forgetful)
    assert message.startswith("forgetful: expected a function that returns (build, recipe); ")


@pytest.mark.parametrize("metric", ["test_accuracy", "accuracy"])
def test_a_metric_that_is_not_the_validation_split_s(refused, metric):
    assert refused(metric=metric) == (
        "metric: expected one of the validation split, which is there to choose by; received "
        f'{metric!r}. Name one like "validation_accuracy" or "validation_loss".'
    )


def test_a_dataset_without_a_validation_split(refused):
    whole = labkit.data.load("pima_indians_diabetes", seed=0)
    assert refused(dataset=whole) == (
        "dataset: expected a validation split, which decides between the points; received none. "
        "Load it with one: data.load(…, validation=6_000)."
    )


@pytest.mark.parametrize("trials", [0, 1.5, "many"])
def test_a_number_of_trials_that_is_none(refused, trials):
    assert refused(trials=trials).startswith("trials: expected a whole number from 1 up; ")


def test_a_sweep_refuses_data_that_workers_cannot_load(swept, points_trained):
    def doubled(split, dataset):
        return split

    with pytest.raises(ParameterError) as problem:
        swept(1, dataset=table().changed(doubled))
    assert str(problem.value).startswith(
        "dataset: expected one as data.load returns it, which workers can load for themselves; "
        "received one changed by doubled "
    )


def test_a_package_that_is_not_installed(refused, monkeypatch):
    import importlib

    whole = importlib.import_module

    def without(name, package=None):
        if name.startswith("optuna"):
            raise ModuleNotFoundError(f"No module named {name!r}")
        return whole(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    assert refused(SweepError) == (
        "optuna.storages: expected the packages that searches need; received No module named "
        "'optuna.storages'. Install them: pip install \"labkit[cluster]\"."
    )


def test_what_a_sweep_asks_reaches_the_kernel_through_its_environment(monkeypatch):
    assert choices.sweep() is None
    asked = choices.Sweep(7, "sqlite:///trials.db", "tcp://h:1", 3, "mark")
    for name, value in choices.sweep_environment(asked).items():
        monkeypatch.setenv(name, value)
        assert json.loads(value)["trials"] == 7
    assert choices.sweep() == asked
