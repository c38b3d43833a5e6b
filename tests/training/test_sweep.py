"""A sweep from its first point to the ledger: recorded, replayed, tabulated, drawn, judged."""

import itertools

import pytest
import tiny
from made_up_runs import made_up_run
from own_folders import with_own_folders

import labkit
from labkit import choices, show
from labkit.errors import MissingRecordError, ParameterError, StaleRecordError
from labkit.ledger import Records, claims, verdicts
from labkit.records import selection, store

NAME = "99/sweep"
POINTS = [
    {"learning_rate": rate, "batch_size": size}
    for rate, size in itertools.product((0.1, 0.001), (32, 160))
]


def trained(settings, *, seed=0, epochs=1, **options):
    import keras

    recipe = tiny.recipe(
        optimizer=keras.optimizers.SGD(settings["learning_rate"]),
        batch_size=settings["batch_size"],
        epochs=epochs,
    )
    return labkit.train(
        tiny.dense,
        tiny.dataset(seed=seed),
        recipe,
        experiment=NAME,
        settings=settings,
        budget="lab",
        test=False,
        **options,
    )


def recorded_into(folder, monkeypatch, *, only="*", seeds=(0, 1, 2)):
    recording = choices.Recording(folder, only, "lab")
    for seed in seeds:
        for name, value in choices.recording_environment(recording, seed=seed).items():
            monkeypatch.setenv(name, value)
        for settings in POINTS:
            trained(settings, seed=seed)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The store in which every point is recorded with three seeds."""
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as monkeypatch:
        with_own_folders(monkeypatch, folder)
        recorded_into(folder / "store", monkeypatch)
    return folder / "store"


@pytest.fixture
def replayed(recorded, isolated, monkeypatch):
    monkeypatch.setenv("LABKIT_STORE", str(recorded))
    return [trained(settings, mode="replay") for settings in POINTS]


def test_all_points_stand_in_one_file(recorded):
    assert store.experiments(recorded) == [NAME]
    assert len(store.read(NAME, recorded)) == len(POINTS) * 3


def test_each_point_is_replayed_by_its_settings(replayed):
    assert [run.settings for run in replayed] == POINTS
    assert [len(run.replicates) for run in replayed] == [3] * len(POINTS)
    assert len({run.validation.loss for run in replayed}) == len(POINTS)


def test_a_point_that_nobody_recorded_is_missing(replayed):
    with pytest.raises(MissingRecordError, match="record of 99/sweep@batch_size=64,learning_rate"):
        trained({"learning_rate": 0.1, "batch_size": 64}, mode="replay")


def test_a_point_whose_recipe_changed_is_stale(replayed):
    with pytest.raises(StaleRecordError, match='code has "epochs: 2", record has "epochs: 1"'):
        trained(POINTS[0], mode="replay", epochs=2)


def test_points_are_rows_of_a_table_and_marks_of_a_figure(replayed):
    table = show.results({run.point: run for run in replayed})
    assert table.frame.index.tolist() == [
        f"batch_size={one['batch_size']},learning_rate={one['learning_rate']}" for one in POINTS
    ]
    assert table.caption.startswith("lab, 3 seeds, ")
    axes = show.against(replayed, "learning_rate", metric="validation_accuracy", by="batch_size")
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["32", "160"]


def test_points_are_compared_by_the_ledgers_rule(recorded):
    fast, slow = (f"{NAME}@batch_size=32,learning_rate={rate}.train_loss" for rate in (0.1, 0.001))
    claim = claims.Claim(
        id="r9-rate",
        report="R9",
        section="Results",
        says="the larger rate learns faster",
        kind="comparison",
        page="01_mnist_dense#the-data",
        comparison=f"{fast} < {slow}",
    )
    assert verdicts.judge(claim, Records(recorded)).outcome == "reproduced"


def test_only_one_point_can_be_recorded(isolated, monkeypatch):
    only = "99/sweep@batch_size=32,learning_rate=0.1"
    recorded_into(isolated / "store", monkeypatch, only=only, seeds=(0,))
    assert [run.name for run in store.read(NAME, isolated / "store")] == [only]


def test_settings_that_a_name_cannot_hold_are_refused_before_training(isolated):
    with pytest.raises(ParameterError, match="settings: expected names in small letters"):
        labkit.train(
            tiny.dense, tiny.dataset(), tiny.recipe(), experiment=NAME, settings={"Rate": [1]}
        )


def test_a_sweep_of_200_points_stays_handy(isolated):
    """Its file is read once however many points ask for it, and it is no larger than others."""
    points = [{"rate": rate / 1000, "units": units} for rate in range(40) for units in range(5)]
    runs = [
        made_up_run(0.5, experiment=NAME, seed=seed, settings=settings, mistakes=None)
        for settings in points
        for seed in range(3)
    ]
    for run in runs[:3]:
        store.add(run)
    store._write(NAME, runs, None)
    before = store._read.cache_info().misses
    shown = [
        selection.select(NAME, lambda budget: runs[0].signature, settings=settings).shown
        for settings in points
    ]
    assert [len(one) for one in shown] == [3] * 200
    assert store._read.cache_info().misses == before + 1
    assert store.path_of(NAME).stat().st_size < 1_000_000
