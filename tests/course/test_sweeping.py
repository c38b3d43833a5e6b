"""`labkit sweep`: a notebook's searches, from the command to the record and back to the page."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from labkit.course import cli, executing, recording, sweeping
from labkit.errors import NotebookError, ParameterError
from labkit.records import store

pytest.importorskip("optuna")
pytest.importorskip("distributed")

TESTS = Path(__file__).resolve().parents[1]
# A layer of the notebook's own: what a worker knows of its text is what the kernel knows.
SEARCH = """
import labkit
from labkit import sweeps

labkit.notebook.start(budget=BUDGET, mode=MODE)
import keras

class Hundredth(keras.layers.Layer):
    def call(self, inputs):
        return inputs / 100

def candidate(settings):
    def build():
        inside = [Hundredth(), keras.layers.Dense(settings["units"], activation="relu")]
        end = keras.layers.Dense(1, activation="sigmoid")
        return keras.Sequential([keras.Input((8,)), *inside, end])
    return build, labkit.Recipe(loss="binary_crossentropy", optimizer="sgd", epochs=1)

table = labkit.data.load("pima_indians_diabetes", validation=100, seed=SEED, source=SOURCE)
found = labkit.search(candidate, {"units": sweeps.between(2, 64)}, table,
                      experiment="01/search", trials=2, budget=BUDGET, mode=MODE)
print(f"{len(found.runs)} runs, the best with", dict(found.best.settings))
"""


@pytest.fixture
def searching(another_cell, tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("LABKIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return another_cell(SEARCH)


def labkit(*arguments):
    return CliRunner().invoke(cli.main, [str(one) for one in arguments])


def test_a_notebooks_search_is_swept_recorded_and_replayed(searching, tmp_path, monkeypatch):
    records = tmp_path / "store"
    done = labkit("sweep", searching, "--budget", "lab", "--workers", 1, "--store", records)
    assert done.exit_code == 0, done.output
    assert (
        "01/search, seed 0: 2 finished, 0 pruned, 0 failed; best validation accuracy 0."
        in done.stdout
    )
    runs = store.read("01/search", records)
    assert len(runs) == 2
    assert any(re.match(r"Hundredth\(\) [0-9a-f]{8} ", line) for line in runs[0].signature.lines)
    assert (tmp_path / "data" / "labkit" / "sweeps" / "01.journal").is_file()

    monkeypatch.setenv("LABKIT_STORE", str(records))
    asked = {"BUDGET": "lab", "SEED": 0, "MODE": "replay", "SOURCE": "local"}
    page = executing.run_notebook(searching, asked, progress=False)
    assert "2 runs, the best with {'units': " in page.read_text()


def test_a_notebook_without_a_search(notebook, tmp_path):
    with pytest.raises(NotebookError) as problem:
        sweeping.sweep_notebook(
            notebook, budget="lab", store=tmp_path / "store", trials_in=str(tmp_path / "journal")
        )
    assert str(problem.value) == (
        f"{notebook}: expected a notebook that calls labkit.search; received one that does not. "
        "What a notebook trains by itself is recorded with `labkit record`."
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": "smoke"}, "budget: expected one of full, lab; received 'smoke'. "),
        ({"trials": 0}, "--trials: expected a whole number from 1 up; received 0. "),
        ({"workers": 0}, "--workers: expected a whole number from 1 up; received 0. "),
    ],
)
def test_what_cannot_be_swept_is_said_before_anything_runs(notebook, tmp_path, options, message):
    asked = {"budget": "lab", "store": tmp_path / "store"} | options
    with pytest.raises(ParameterError) as problem:
        sweeping.sweep_notebook(notebook, **asked)
    assert str(problem.value).startswith(message)
    assert not (notebook.parent / "_build").exists()


# Seeds of a recording on workers


@pytest.fixture
def away(another_cell, cluster, tmp_path, monkeypatch, capfd):
    """Record a notebook's made-up runs on two workers; return the lines that were printed."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    source = another_cell(MADE_UP.format(folder=tmp_path))

    def record(**options):
        recording.record_notebook(
            source,
            budget="lab",
            store=tmp_path / "store",
            scheduler=cluster.address,
            **options,
        )
        return printed()

    def printed():
        return capfd.readouterr().out.splitlines()

    record.printed = printed
    return record


MADE_UP = """
import pathlib
from made_up_runs import made_up_run
from labkit import choices
from labkit.records import store

pathlib.Path("{folder}", f"executed-{{SEED}}").touch()
asked = choices.recording()
run = made_up_run(experiment="01/dense", budget=asked.budget, seed=SEED)
if all(one.seed != SEED for one in store.read("01/dense", asked.store)):
    store.add(run, asked.store)
assert SEED != 14, 'an unlucky seed'
"""


def test_seeds_are_recorded_on_workers_and_what_is_recorded_goes_with_them(away, tmp_path):
    lines = away(seeds=[0, 1, 2])
    assert sorted(lines[:3]) == [f"01/dense, seed {seed}: recorded" for seed in range(3)]
    assert lines[3] == f"3 new, 0 there already, in {tmp_path / 'store'}."
    assert [run.seed for run in store.read("01/dense", tmp_path / "store")] == [0, 1, 2]
    assert away(seeds=[1, 3]) == [
        "01/dense, seed 3: recorded",
        f"1 new, 1 there already, in {tmp_path / 'store'}.",
    ]
    assert not (tmp_path / "store" / "_build").exists()


def test_a_seed_that_fails_keeps_what_it_finished_and_the_others_go_on(away, tmp_path):
    with pytest.raises(NotebookError) as problem:
        away(seeds=[14, 4])
    message = str(problem.value)
    assert ": expected a recording of every seed; received seed 14: 01_tiny.py: " in message
    assert message.endswith("What was finished is kept. Give the same command again.")
    assert away.printed()[-1] == f"2 new, 0 there already, in {tmp_path / 'store'}."
    assert [run.seed for run in store.read("01/dense", tmp_path / "store")] == [4, 14]
