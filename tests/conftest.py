"""What several test modules share."""

import os

import pytest
import tiny


@pytest.fixture
def isolated(monkeypatch, tmp_path):
    """A machine of its own: empty user, cache and store folders, no setting in the environment."""
    with_own_folders(monkeypatch, tmp_path)
    return tmp_path


def with_own_folders(monkeypatch, folder):
    for name in [name for name in os.environ if name.startswith("LABKIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("LABKIT_STORE", str(folder / "store"))


@pytest.fixture(scope="session")
def dataset():
    """Images of two classes, 320 to train on."""
    return tiny.dataset()


@pytest.fixture(scope="session")
def trained(dataset, tmp_path_factory):
    """A full run of `tiny.dense` with `tiny.recipe()` at seed 0, two epochs."""
    return _trained(tmp_path_factory, tiny.dense, dataset, tiny.recipe(), measure=MEASURE)


@pytest.fixture(scope="session")
def eventful(dataset, tmp_path_factory):
    """A full run of `tiny.eventful` with `tiny.eventful_recipe()` that nobody interrupted."""
    return _trained(tmp_path_factory, tiny.eventful, dataset, tiny.eventful_recipe())


MEASURE = {
    "kernel": lambda model, dataset: model.layers[1].kernel,
    "brightness": lambda model, dataset: dataset.train.images.mean(),
}


def _trained(tmp_path_factory, build, dataset, recipe, **options):
    from labkit.training.modes import train

    with pytest.MonkeyPatch.context() as monkeypatch:
        with_own_folders(monkeypatch, tmp_path_factory.mktemp("trained"))
        return train(
            build,
            dataset,
            recipe,
            experiment=tiny.EXPERIMENT,
            budget="full",
            mode="train",
            **options,
        )
