"""What several test modules share."""

import gc

import pytest
import tiny
from local_cluster import Cluster
from own_folders import with_own_folders

from labkit import folders


def pytest_collection_finish():
    """Let the collector pass over what was imported: a training ends with a full collection."""
    gc.freeze()


@pytest.fixture
def isolated(monkeypatch, tmp_path):
    """A machine of its own: empty user, cache and store folders, no setting in the environment."""
    with_own_folders(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def dataset():
    """Images of two classes, 320 to train on."""
    return tiny.dataset()


@pytest.fixture(scope="session")
def trained(dataset, tmp_path_factory):
    """A full run of `tiny.dense` with `tiny.recipe()` at seed 0, two epochs."""
    return _trained(tmp_path_factory, tiny.dense, dataset, tiny.recipe(), measure=tiny.MEASURE)


@pytest.fixture(scope="session")
def eventful(dataset, tmp_path_factory):
    """A full run of `tiny.eventful` with `tiny.eventful_recipe()` that nobody interrupted."""
    return _trained(tmp_path_factory, tiny.eventful, dataset, tiny.eventful_recipe())


@pytest.fixture
def trained_epochs(monkeypatch):
    """The epochs that are trained, as they begin."""
    from labkit.training import loop

    epochs, epoch = [], loop._epoch

    def counted(model, batches, progress, execution):
        epochs.append(progress.epochs)
        return epoch(model, batches, progress, execution)

    monkeypatch.setattr(loop, "_epoch", counted)
    return epochs


@pytest.fixture
def saved_always(monkeypatch):
    from labkit.training import loop

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)


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


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A real Dask scheduler with two workers, processes of their own on this machine."""
    pytest.importorskip("distributed")
    pytest.importorskip("optuna")
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop()


@pytest.fixture
def course(monkeypatch, tmp_path):
    """A checkout with the notebooks of two practicals."""
    (tmp_path / "course" / "notebooks" / "tp4").mkdir(parents=True)
    (tmp_path / "course" / "notebooks" / "99_made_up.py").touch()
    (tmp_path / "course" / "notebooks" / "tp4" / "01_boston.py").touch()
    monkeypatch.setattr(folders, "checkout", lambda: tmp_path / "course")
