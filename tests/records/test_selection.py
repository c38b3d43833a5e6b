"""Which recorded runs a page shows, and which the ledger judges by."""

import dataclasses

import pytest
from made_up_runs import made_up_run

from labkit.errors import LabkitError, MissingRecordError, StaleRecordError
from labkit.records import selection, store
from labkit.records.signature import Signature

pytestmark = pytest.mark.usefixtures("isolated")

NAME = "99/made-up"
CODE, OLD = Signature(("epochs: 2",)), Signature(("epochs: 1",))


def add(*seeds, **changes):
    for seed in seeds:
        store.add(made_up_run(seed=seed, **changes))


def in_folds(of):
    """Return what a run of a cross-validation says of its data."""
    stamp = made_up_run().dataset
    return dataclasses.replace(stamp, request={**stamp.request, "folds": of})


def select(signature_at=lambda budget: CODE, **options):
    found = selection.select(NAME, signature_at, **options)
    return [[(run.budget, run.seed) for run in runs] for runs in (found.shown, found.extra)]


def test_full_with_three_seeds_beats_lab():
    add(0, 1, 2, 3, budget="lab")
    add(2, 0, 1)
    assert select() == [[("full", 0), ("full", 1), ("full", 2)], []]


def test_lab_with_three_seeds_beats_a_lone_full_which_comes_extra():
    add(0, 1, 2, budget="lab")
    add(0)
    assert select() == [[("lab", 0), ("lab", 1), ("lab", 2)], [("full", 0)]]


def test_a_lone_full_beats_a_lone_lab():
    add(0, budget="lab")
    add(0)
    assert select() == [[("full", 0)], []]


def test_a_lone_lab_is_shown_where_there_is_nothing_else():
    add(4, budget="lab")
    assert select() == [[("lab", 4)], []]


def test_a_budget_can_be_asked_for():
    add(0, 1, 2)
    add(0, budget="lab")
    assert select(budget="lab") == [[("lab", 0)], []]


def test_runs_of_another_signature_are_not_counted():
    add(5, 6, 7, signature=OLD)
    add(0)
    assert select() == [[("full", 0)], []]


def test_the_codes_signature_is_taken_at_each_runs_budget():
    add(0, 1, 2, budget="lab", signature=OLD)
    add(0, 1, 2)
    at_budget = {"full": CODE, "lab": OLD}
    assert select(at_budget.get) == [[("full", 0), ("full", 1), ("full", 2)], []]
    assert select(at_budget.get, budget="lab")[0] == [("lab", 0), ("lab", 1), ("lab", 2)]


def test_lab_is_shown_where_full_belongs_to_other_code():
    add(0, 1, 2, signature=OLD)
    add(0, budget="lab")
    assert select() == [[("lab", 0)], []]


@pytest.mark.usefixtures("course")
@pytest.mark.parametrize(
    ("budget", "received", "command"),
    [
        (None, "no record at full or lab", "--budget full"),
        ("lab", "no record at lab", "--budget lab"),
        ("smoke", "no record at smoke", "--budget full"),
    ],
)
def test_says_how_to_record_what_is_missing(budget, received, command):
    with pytest.raises(MissingRecordError) as caught:
        select(budget=budget)
    assert str(caught.value) == (
        f"record of 99/made-up: expected a recorded run; received {received}. "
        'Set MODE = "train" to train it here, or record it: labkit record '
        f"notebooks/99_made_up.py {command} --seeds 0-2 --only '99/made-up'."
    )


@pytest.mark.usefixtures("course")
@pytest.mark.parametrize("budget", ["full", "lab"])
def test_a_record_of_other_code_is_stale_and_the_difference_is_named(budget):
    add(0, 1, 2, signature=OLD, budget=budget)
    with pytest.raises(StaleRecordError) as caught:
        select()
    assert str(caught.value) == (
        "record of 99/made-up: expected a record of the network, recipe and data in the code; "
        'received a record of others: code has "epochs: 2", record has "epochs: 1". '
        'Set MODE = "train", or record anew: labkit record notebooks/99_made_up.py '
        f"--budget {budget} --seeds 0-2 --only '99/made-up'."
    )


def test_selecting_does_not_hide_damage():
    add(0)
    store.path_of(NAME).write_text("{")
    with pytest.raises(LabkitError, match="expected a record as labkit wrote it"):
        select()


# --- folds and settings -------------------------------------------------------------------


def test_a_seed_counts_once_all_its_folds_are_there():
    for seed, folds in ((0, (0, 1)), (1, (1, 0)), (2, (0,))):
        for fold in folds:
            add(seed, fold=fold, dataset=in_folds(2))
    shown = selection.select(NAME, lambda budget: CODE).shown
    assert [(run.seed, run.fold) for run in shown] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_seeds_are_counted_not_folds():
    for fold in range(3):
        add(0, fold=fold, dataset=in_folds(3))
        add(0, 1, 2, fold=fold, dataset=in_folds(3), budget="lab")
    assert {run.budget for run in selection.select(NAME, lambda budget: CODE).shown} == {"lab"}


def test_a_lone_fold_is_not_shown():
    add(0, fold=1, dataset=in_folds(5))
    with pytest.raises(MissingRecordError, match="received no seed with all its folds"):
        select()


def test_each_point_of_a_sweep_is_selected_by_its_settings():
    for rate in (0.1, 0.01):
        add(0, 1, 2, settings={"rate": rate})
    found = selection.select(NAME, lambda budget: CODE, settings={"rate": 0.01})
    assert [run.settings for run in found.shown] == [{"rate": 0.01}] * 3


@pytest.mark.usefixtures("course")
def test_says_how_to_record_a_point_that_is_missing():
    add(0, 1, 2, settings={"rate": 0.1})
    with pytest.raises(MissingRecordError) as caught:
        select(settings={"rate": 0.5})
    assert str(caught.value) == (
        "record of 99/made-up@rate=0.5: expected a recorded run; received no record at full or "
        'lab. Set MODE = "train" to train it here, or record it: labkit record '
        "notebooks/99_made_up.py --budget full --seeds 0-2 --only '99/made-up@rate=0.5'."
    )


# --- what the ledger judges by ------------------------------------------------------------


def finished(date):
    return {"device": "2 CPU cores (Made-up)", "finished": date}


def judged(**options):
    return {run.signature for run in selection.recorded(NAME, "full", **options)}


def test_of_two_sets_the_larger_is_judged():
    add(0, 1, 2, signature=OLD, provenance=finished("2026-11-01"))
    add(0, 1, provenance=finished("2026-11-02"))
    assert judged() == {OLD}


def test_of_two_sets_as_large_the_newer_is_judged():
    add(0, 1, signature=OLD, provenance=finished("2026-11-01"))
    add(0, 1, provenance=finished("2026-11-02"))
    assert judged() == {CODE}
    add(0, signature=OLD, provenance=finished("2026-11-03"), settings={"rate": 1})
    assert judged() == {CODE}
    store.add(made_up_run(seed=1, signature=OLD, provenance=finished("2026-11-03")), replace=True)
    assert judged() == {OLD}


def test_only_whole_seeds_of_a_point_are_judged():
    add(0, 1, settings={"rate": 0.1}, fold=0, dataset=in_folds(2))
    add(1, settings={"rate": 0.1}, fold=1, dataset=in_folds(2))
    runs = selection.recorded(NAME, "full", settings={"rate": 0.1})
    assert [(run.seed, run.fold) for run in runs] == [(1, 0), (1, 1)]
    assert selection.recorded(NAME, "full") == ()
