"""What a person sees of searches that a kernel carries out."""

import io

import pytest
from rich.console import Console

from labkit.sweeps import Outcome, between, progress, storage
from labkit.sweeps import space as spaces
from labkit.sweeps.study import Study

pytest.importorskip("optuna")


@pytest.fixture
def kept(tmp_path):
    """A storage with a search of ours, half done, and one of somebody else."""
    place = str(tmp_path / "trials.journal")
    for name, mark in (("99/search", "ours"), ("99/other", "theirs")):
        space = spaces.checked({"rate": between(0.001, 0.1, log=True)})
        study = Study(storage.opened(place), name, space, False, 0)
        study.announce(8, mark=mark, experiment=name, seed="0", metric="validation_accuracy")
        for outcome in (
            Outcome("finished", 0.5),
            Outcome("pruned", reason="stopped after epoch 3"),
            Outcome("failed", reason="MemoryError: no room"),
            Outcome("finished", 0.75),
        ):
            study.end(study.another(8)[0], outcome)
    return storage.opened(place)


def test_the_searches_of_a_command_are_found_by_its_mark(kept):
    (one,) = progress.standings(kept, "ours")
    assert (one.finished, one.pruned, one.failed, one.ended, one.wanted) == (2, 1, 1, 4, 8)
    assert one.reasons == {2: "MemoryError: no room"}
    assert progress.standings(kept, "nobody's") == []


def test_how_a_search_stands_is_one_line(kept):
    (one,) = progress.standings(kept, "ours")
    assert one.best == "0.7500"
    assert str(one) == (
        "99/search, seed 0: 2 finished, 1 pruned, 1 failed; "
        f"best validation accuracy 0.7500 at {one.point}"
    )


def test_a_search_without_a_finished_trial_has_no_best(tmp_path):
    place = storage.opened(str(tmp_path / "trials.journal"))
    study = Study(place, "99/search", spaces.checked({"units": [4, 8]}), False, 0)
    study.announce(8, mark="ours", experiment="99/search", seed="0", metric="validation_accuracy")
    (one,) = progress.standings(place, "ours")
    assert str(one) == "99/search, seed 0: 0 finished, 0 pruned, 0 failed"


def test_a_search_with_several_seeds_has_a_bar_for_each(tmp_path):
    place = storage.opened(str(tmp_path / "trials.journal"))
    about = {"mark": "ours", "experiment": "99/search", "metric": "validation_accuracy"}
    for seed in (0, 1):
        space = spaces.checked({"units": [4, 8]})
        study = Study(place, f"99/search seed {seed}", space, False, seed)
        study.announce(8 + seed, seed=str(seed), **about)
    seen = io.StringIO()
    with progress.shown(place, "ours", console=Console(file=seen, width=120)):
        pass
    shown = seen.getvalue()
    assert "99/search, seed 0" in shown and "99/search, seed 1" in shown
    assert "0/8" in shown and "0/9" in shown


def test_a_bar_shows_trials_and_the_best_so_far(kept):
    seen = io.StringIO()
    with progress.shown(kept, "ours", console=Console(file=seen, width=120)):
        pass
    assert "99/search, seed 0" in seen.getvalue() and "99/other" not in seen.getvalue()
    assert "4/8" in seen.getvalue()
    assert "1 pruned, 1 failed, best 0.7500" in seen.getvalue()
