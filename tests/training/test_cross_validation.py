"""A cross-validation from the first fold to the ledger: recorded, replayed, tabulated, judged."""

import dataclasses

import numpy as np
import pytest
from own_folders import with_own_folders

import labkit
from labkit import choices, data, show
from labkit.errors import MissingRecordError
from labkit.ledger import Records, claims, verdicts
from labkit.records import selection, store

NAME = "99/folds"
FOLDS, SEEDS = 3, (0, 1, 2)


def network():
    from keras import Input, Sequential, layers

    return Sequential([Input((13,)), layers.Dense(1)])


def standardised(split, dataset):
    """Scale every column by what the training part of this fold knows."""
    features = dataset.train.features
    scaled = (split.features - features.mean(axis=0)) / features.std(axis=0)
    return dataclasses.replace(split, inputs=scaled)


def cross_validated(seed, **options):
    recipe = labkit.Recipe(loss="mse", optimizer="adam", epochs=2, batch_size=128)
    return labkit.cross_validate(
        network,
        data.load("boston_housing", seed=seed),
        recipe,
        folds=FOLDS,
        change=standardised,
        experiment=NAME,
        budget="lab",
        **options,
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The store in which three seeds with all their folds are recorded."""
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as monkeypatch:
        with_own_folders(monkeypatch, folder)
        recording = choices.Recording(folder / "store", "*", "lab")
        for seed in SEEDS:
            for name, value in choices.recording_environment(recording, seed=seed).items():
                monkeypatch.setenv(name, value)
            cross_validated(seed)
    return folder / "store"


@pytest.fixture
def replayed(recorded, isolated, monkeypatch):
    monkeypatch.setenv("LABKIT_STORE", str(recorded))
    return cross_validated(1, mode="replay")


def test_every_seed_and_fold_is_recorded_once(recorded):
    runs = store.read(NAME, recorded)
    assert [(run.seed, run.fold) for run in runs] == [(s, f) for s in SEEDS for f in range(FOLDS)]
    assert len({run.signature for run in runs}) == 1, "folds are of one experiment"
    assert runs[0].dataset.request["folds"] == FOLDS
    assert {run.dataset.sizes["validation"] for run in runs} == {134, 135}


def test_each_fold_is_replayed_by_its_number(replayed):
    assert [(run.seed, run.fold) for run in replayed.folds] == [(1, 0), (1, 1), (1, 2)]
    assert replayed.is_replayed and len(replayed.replicates) == len(SEEDS) * FOLDS
    assert len({run.validation.mae for run in replayed.folds}) == FOLDS


def test_its_table_has_the_mean_over_seeds_of_the_mean_over_folds(replayed):
    table = show.results({"network": replayed}, {"validation_mae": "mae"})
    by_seed = np.reshape([run.validation.mae for run in replayed.replicates], (3, FOLDS))
    means = by_seed.mean(axis=1)
    assert table.frame.loc["network", "mae"].startswith(f"{means.mean():.2f}"[:4])
    assert table.caption.startswith("lab, 3 seeds, 3 folds each, ")


def test_its_curves_are_drawn_over_seeds(replayed):
    line = show.curves(replayed, metric="loss").get_lines()[0]
    losses = np.array([run.history["loss"] for run in replayed.replicates])
    np.testing.assert_allclose(line.get_ydata(), losses.mean(axis=0), rtol=1e-6)


def test_it_is_judged_by_seeds(recorded):
    claim = claims.Claim(
        id="r9-folds",
        report="R9",
        section="Results",
        says="training fits better than validation",
        kind="comparison",
        page="01_mnist_dense#the-data",
        comparison=f"{NAME}.epochs > {NAME}.running_r2",
    )
    verdict = verdicts.judge(claim, Records(recorded))
    assert len(verdict.evidence.values) == len(SEEDS)
    assert verdict.outcome in ("reproduced", "not distinguishable")


def test_a_seed_without_one_of_its_folds_is_not_shown(recorded, isolated, monkeypatch):
    for run in store.read(NAME, recorded)[:-1]:
        store.add(run, isolated / "store")
    assert {run.seed for run in selection.recorded(NAME, "lab", isolated / "store")} == {0, 1}
    with pytest.raises(MissingRecordError, match="received no seed 2 among 0, 1"):
        cross_validated(2, mode="replay")


def test_a_persons_own_folds_are_shown_as_one(isolated):
    run = cross_validated(0, mode="train", test=False)
    assert not run.is_replayed and [one.fold for one in run.folds] == [0, 1, 2]
    table = show.results({"mine": run}, {"validation_mae": "mae", "test_mae": "test"})
    assert table.frame.loc["mine", "test"] == ""
    assert table.caption.startswith("lab, 1 seed, 3 folds each, ")
