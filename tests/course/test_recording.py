import os
from pathlib import Path

import keras
import pytest

from labkit import choices, folders
from labkit.course import recording
from labkit.errors import CacheWriteError, NotebookError, ParameterError
from labkit.records import provenance, store

TESTS = Path(__file__).resolve().parents[1]
RECORDS = """
from made_up_runs import made_up_run
from labkit import choices
from labkit.records import store

asked = choices.recording()
for name, settings in (("01/dense", {}), ("01/rates", {"rate": 1}), ("01/rates", {"rate": 2})):
    if asked.asks_for(name, settings):
        run = made_up_run(experiment=name, budget=asked.budget, seed=SEED, settings=settings)
        store.add(run, asked.store)
assert SEED != 14, 'an unlucky seed'
"""


@pytest.fixture
def recorded(another_cell, tmp_path, monkeypatch, capfd):
    """Record a notebook's made-up runs; return the lines that were printed."""
    monkeypatch.setenv("PYTHONPATH", f"{TESTS}{os.pathsep}{TESTS.parent}")
    source = another_cell(RECORDS)

    def record(**options):
        folder = tmp_path / "store"
        recording.record_notebook(source, budget="lab", store=folder, progress=False, **options)
        return printed()

    def printed():
        return capfd.readouterr().out.splitlines()

    record.printed = printed
    return record


def test_recording_runs_once_a_seed_with_everything_set(notebook, tmp_path):
    recording.record_notebook(
        notebook, budget="lab", seeds=[0, 7], only="01/dense-*", store=tmp_path, progress=False
    )
    for seed in (0, 7):
        seen = (tmp_path / f"seen-{seed}").read_text()
        assert seen == repr(["lab", seed, "train", "real", "01/dense-*", str(seed)])
    assert choices.recording() is None, "the environment is as it was"
    assert "LABKIT_RECORD" not in os.environ


def test_a_notebook_that_forgets_its_seed_still_draws_by_the_one_recorded(another_cell, tmp_path):
    forgetful = another_cell(
        "from labkit import data\npathlib.Path(f'drawn-{data.load(\"xor\").seed}').touch()"
    )
    recording.record_notebook(
        forgetful, budget="lab", seeds=[4, 5], store=tmp_path / "store", progress=False
    )
    assert sorted(path.name for path in tmp_path.glob("drawn-*")) == ["drawn-4", "drawn-5"]


def test_what_was_recorded_before_a_failure_stays(notebook, tmp_path):
    with pytest.raises(NotebookError):
        recording.record_notebook(
            notebook, budget="lab", seeds=[1, 13, 2], store=tmp_path / "store", progress=False
        )
    assert (tmp_path / "seen-1").is_file()
    assert not (tmp_path / "seen-2").exists()


# What it says


def test_says_what_is_new_and_how_many_were_there(recorded, tmp_path):
    where = f"in {tmp_path / 'store'}."
    first = recorded(seeds=[0], only="01/rates*")
    assert first == [
        "01/rates@rate=1, seed 0: recorded",
        "01/rates@rate=2, seed 0: recorded",
        f"2 new, 0 there already, {where}",
    ]
    assert recorded(seeds=[0, 1]) == [
        "01/dense, seed 0: recorded",
        "01/dense, seed 1: recorded",
        "01/rates@rate=1, seed 1: recorded",
        "01/rates@rate=2, seed 1: recorded",
        f"4 new, 2 there already, {where}",
    ]
    assert recorded(seeds=[0]) == [f"0 new, 3 there already, {where}"]


def test_what_was_recorded_before_a_failure_is_said(recorded, tmp_path):
    with pytest.raises(NotebookError):
        recorded(seeds=[3, 14, 5], only="01/dense")
    assert recorded.printed() == [
        "01/dense, seed 3: recorded",
        "01/dense, seed 14: recorded",
        f"2 new, 0 there already, in {tmp_path / 'store'}.",
    ]
    assert [run.seed for run in store.read("01/dense", tmp_path / "store")] == [3, 14]


# What is found out before anything runs


def refused(kind, notebook, **options):
    with pytest.raises(kind) as problem:
        recording.record_notebook(
            notebook, **{"budget": "lab", "seeds": [0], "progress": False} | options
        )
    assert not (notebook.parent / "_build").exists()
    return str(problem.value)


def test_smoke_runs_are_never_recorded(notebook):
    assert refused(ParameterError, notebook, budget="smoke") == (
        "budget: expected one of full, lab; received 'smoke'. Smoke runs are for tests and are "
        "never recorded."
    )


def test_a_store_that_cannot_be_written(notebook, tmp_path):
    (tmp_path / "store").write_text("a file in the folder's place")
    assert refused(CacheWriteError, notebook, store=tmp_path / "store") == (
        f"{tmp_path / 'store'}: expected a folder with room that can be written; received File "
        "exists. Record into another folder: labkit record … --store DIR."
    )


def test_a_keras_that_computes_otherwise_than_for_the_records(notebook, tmp_path):
    keras.config.set_floatx("float64")
    try:
        message = refused(ParameterError, notebook, store=tmp_path / "store")
    finally:
        keras.config.set_floatx("float32")
    assert message.startswith("Keras's floatx: expected float32, as in every record; received ")


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0-2", [0, 1, 2]),
        ("0,3,7", [0, 3, 7]),
        ("5", [5]),
        ("0-1,1-2", [0, 1, 2]),
        (" 3 , 1-2", [3, 1, 2]),
        (str(2**31 - 1), [2**31 - 1]),
        ("0-999", list(range(1000))),
    ],
)
def test_reads_seeds(text, seeds):
    assert recording.seeds(text) == seeds


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "3-1", "-2", "1;2", "1-", "0-1000", "0-500,0-500", "0-99999999999"),
        *(str(2**31), "9" * 5000),
    ],
)
def test_refuses_what_are_no_seeds(text):
    with pytest.raises(ParameterError) as problem:
        recording.seeds(text)
    assert str(problem.value) == (
        "seeds: expected at most 1000 seeds from 0 to 2147483647, like 0-4 or 0,3,7; received "
        f"{text!r}. Seeds 0-2 are the least a page quotes."
    )


def test_the_store_is_the_one_in_force_where_none_is_named(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_STORE", str(tmp_path / "mine"))
    recording.record_notebook(notebook, budget="lab", seeds=[], progress=False)
    assert folders.store_folder().is_dir()


@pytest.mark.parametrize(("commit", "said"), [("0123456789ab+changes", 1), ("0123456789ab", 0)])
def test_says_where_the_records_will_not_name_a_commit_alone(
    notebook, tmp_path, monkeypatch, capfd, commit, said
):
    monkeypatch.setattr(provenance, "commit", lambda: commit)
    recording.record_notebook(
        notebook, budget="lab", seeds=[], store=tmp_path / "store", progress=False
    )
    note = "labkit/ or notebooks/ has changes that are not committed. The records will say so."
    assert capfd.readouterr().err.count(note) == said
