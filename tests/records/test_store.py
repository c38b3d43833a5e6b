import dataclasses
import errno
import json
import os
from pathlib import Path

import processes
import pytest
from made_up_runs import made_up_run

from labkit import commands, folders
from labkit.errors import (
    CacheWriteError,
    DamagedRecordError,
    LabkitError,
    MissingRecordError,
    ParameterError,
    RecordVersionError,
    StaleRecordError,
)
from labkit.records import store
from labkit.records.signature import Signature

pytestmark = pytest.mark.usefixtures("isolated")

NAME = "99/made-up"
CODE, OLD = Signature(("epochs: 2",)), Signature(("epochs: 1",))


def add(*seeds, **changes):
    for seed in seeds:
        store.add(made_up_run(seed=seed, **changes))


def keys():
    return [(run.budget, run.seed, run.signature.lines) for run in store.read(NAME)]


def path():
    return store.path_of(NAME)


# --- names --------------------------------------------------------------------------------


def test_an_experiment_is_a_file_below_its_practical(tmp_path):
    assert store.path_of("tp4/01/linear", tmp_path) == tmp_path / "tp4" / "01" / "linear.json"
    assert store.path_of("01/dense-4") == folders.store_folder() / "01" / "dense-4.json"


@pytest.mark.parametrize(
    "name", ["", "dense", "01/", "/01/dense", "01//dense", "01/Dense", "01/dense 4", "../dense",
             "01/../dense", "01/dense.json", "01/dense\n", "01\\dense", "01/dense_4"],
)  # fmt: skip
def test_rejects_an_ill_formed_name(name):
    with pytest.raises(ParameterError) as caught:
        store.path_of(name)
    assert str(caught.value) == (
        "experiment: expected practical/name in small letters, digits and hyphens; "
        f'received {name!r}. Write it like "01/dense-4"; a rate of 0.001 like "rate-0-001".'
    )


def test_lists_what_is_recorded_and_nothing_else():
    add(0)
    store.add(made_up_run(experiment="tp4/01/linear"))
    (path().parent / ".made-up.json.lock").touch()
    (path().parent / ".made-up.json.a1b2").touch()
    (path().parent / "README.md").touch()
    assert store.experiments() == [NAME, "tp4/01/linear"]


def test_an_empty_store_has_no_experiments():
    assert store.experiments() == []
    assert store.read(NAME) == ()


# --- writing and reading ------------------------------------------------------------------


def test_all_seeds_and_budgets_are_in_one_file_in_order():
    add(1, budget="lab")
    add(2, 0)
    add(0, budget="lab")
    assert keys() == [
        ("full", 0, CODE.lines),
        ("full", 2, CODE.lines),
        ("lab", 0, CODE.lines),
        ("lab", 1, CODE.lines),
    ]
    assert [file.name for file in path().parent.glob("[!.]*")] == ["made-up.json"]


def test_the_file_does_not_depend_on_the_order_of_recording():
    add(0, 1, 2)
    forwards = path().read_bytes()
    path().unlink()
    add(2, 0, 1)
    assert path().read_bytes() == forwards


def test_a_list_of_numbers_is_one_line_of_the_file():
    store.add(made_up_run(history={"loss": (0.5, float("nan"), 1e-9)}))
    lines = path().read_text().splitlines()
    assert '    "loss": [0.5, null, 1e-09]' in lines
    assert "    [9, 1, 0]," in lines


def test_a_text_that_looks_like_a_list_stays_as_it_is():
    text = "[\n 1,\n 2\n]"
    store.add(made_up_run(provenance={"device": text, "finished": "2026-11-21"}))
    assert store.read(NAME)[0].provenance["device"] == text


def test_recording_a_run_again_keeps_the_first():
    store.add(made_up_run(0.1))
    before = path().read_bytes()
    store.add(made_up_run(0.2))
    assert path().read_bytes() == before


def test_a_run_is_replaced_where_that_is_asked_for():
    add(1)
    store.add(made_up_run(0.1))
    store.add(made_up_run(0.2), replace=True)
    assert [run.test.accuracy for run in store.read(NAME)] == [0.2, 0.9]


def test_another_folder_can_be_named(tmp_path):
    store.add(made_up_run(), tmp_path / "elsewhere")
    assert len(store.read(NAME, tmp_path / "elsewhere")) == 1
    assert store.read(NAME) == ()


def test_brings_the_records_of_another_folder_home(tmp_path):
    store.add(made_up_run(0.1, seed=0))
    store.add(made_up_run(0.2, seed=0), tmp_path / "elsewhere")
    store.add(made_up_run(0.2, seed=1), tmp_path / "elsewhere")
    store.add(made_up_run(experiment="01/dense"), tmp_path / "elsewhere")
    assert store.merge(tmp_path / "elsewhere") == ["01/dense", NAME]
    assert [run.test.accuracy for run in store.read(NAME)] == [0.1, 0.2]
    assert len(store.read("01/dense")) == 1


def test_a_run_that_was_rounded_is_not_brought_home(tmp_path):
    rounded = {"finished": "2026-11-21", "precision": "mixed_bfloat16"}
    precise = rounded | {"precision": "float32"}
    store.add(made_up_run(seed=0, provenance=precise), tmp_path / "mine")
    store.add(made_up_run(seed=1, provenance=rounded), tmp_path / "mine")
    with pytest.raises(
        ParameterError, match="received seed 1 in mixed_bfloat16. Record it: labkit"
    ):
        store.merge(tmp_path / "mine")
    assert keys() == []


@pytest.mark.parametrize(("budget", "source"), [("smoke", "mirror"), ("full", "sample")])
def test_never_keeps_a_smoke_run_or_one_on_sample_data(budget, source):
    stamp = dataclasses.replace(made_up_run().dataset, source=source)
    with pytest.raises(ParameterError) as caught:
        store.add(made_up_run(budget=budget, dataset=stamp))
    assert str(caught.value) == (
        f"99/made-up: expected a lab or full run on the real data; received a {budget} run on "
        f"{source} data. Fetch the data (labkit data fetch) and record with --budget lab or full."
    )
    assert store.experiments() == []


# --- a set of an old signature ------------------------------------------------------------


def test_an_old_set_stays_until_the_new_one_is_complete():
    add(0, 1, 2, signature=OLD)
    add(0, 1)
    assert {lines for _, _, lines in keys()} == {OLD.lines, CODE.lines}
    assert len(keys()) == 5
    add(2)
    assert keys() == [("full", seed, CODE.lines) for seed in (0, 1, 2)]


def test_an_old_set_with_a_seed_that_the_new_one_lacks_stays():
    add(7, signature=OLD)
    add(0, 1, 2)
    assert ("full", 7, OLD.lines) in keys()


def test_an_old_set_of_another_budget_stays():
    add(0, signature=OLD, budget="lab")
    add(0)
    assert keys() == [("full", 0, CODE.lines), ("lab", 0, OLD.lines)]


# --- damage -------------------------------------------------------------------------------


def edited(change):
    def damage(file):
        plain = json.loads(file.read_text())
        change(plain)
        file.write_text(json.dumps(plain))

    return damage


def other_hash(plain):
    plain["signatures"] = {"0" * 64: next(iter(plain["signatures"].values()))}
    plain["runs"][0]["signature"] = "0" * 64


DAMAGES = {
    "cut short": lambda file: file.write_text(file.read_text()[:-40]),
    "empty": lambda file: file.write_text(""),
    "not JSON": lambda file: file.write_text("epochs: 5\n"),
    "not text": lambda file: file.write_bytes(b"\xff\xfe\x00"),
    "a list": lambda file: file.write_text("[]"),
    "null": lambda file: file.write_text("null"),
    "a conflict": lambda file: file.write_text(f"<<<<<<< HEAD\n{file.read_text()}=======\n"),
    "an edited line": edited(
        lambda plain: plain.update(signatures={key: ["epochs: 9"] for key in plain["signatures"]})
    ),
    "an edited hash": edited(other_hash),
    "no signature": edited(lambda plain: plain.update(signatures={})),
    "no runs": edited(lambda plain: plain.pop("runs")),
    "no schema": edited(lambda plain: plain.pop("schema")),
    "runs of a wrong type": edited(lambda plain: plain.update(runs=5)),
    "a run of a wrong type": edited(lambda plain: plain.update(runs=["run"])),
    "a field of a wrong type": edited(lambda plain: plain["runs"][0].update(seed="0")),
    "another experiment": edited(lambda plain: plain["runs"][0].update(experiment="01/dense")),
    "an unknown budget": edited(lambda plain: plain["runs"][0].update(budget="huge")),
    "a run twice": edited(lambda plain: plain["runs"].append(plain["runs"][0])),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_rejects_a_damaged_record_and_leaves_it_alone(damage):
    add(0)
    damage(path())
    before = path().read_bytes()
    with pytest.raises(DamagedRecordError, match="99/made-up.json: expected a record as labkit"):
        store.read(NAME)
    with pytest.raises(DamagedRecordError):
        add(1)
    assert path().read_bytes() == before


@pytest.mark.parametrize(
    ("damage", "received"),
    [
        ("an edited hash", "ValueError: signature 000000000000… does not match its lines"),
        ("a field of a wrong type", "TypeError: seed is '0'"),
        ("no runs", "KeyError: 'runs'"),
        ("another experiment", "ValueError: a full run of 01/dense"),
        ("a run twice", "ValueError: the same run twice"),
    ],
)
def test_says_what_is_damaged_and_what_to_do(damage, received):
    add(0)
    DAMAGES[damage](path())
    with pytest.raises(DamagedRecordError) as caught:
        store.read(NAME)
    assert str(caught.value) == (
        f"{path()}: expected a record as labkit wrote it; received {received}. Take it from "
        "version control again (git checkout -- made-up.json), or delete it and record the "
        "experiment anew."
    )


@pytest.mark.parametrize(
    ("schema", "remedy"),
    [
        (2, "Update labkit: pip install -U labkit."),
        (0, "Delete it, and record the experiment anew with `labkit record`."),
        ("one", "Delete it, and record the experiment anew with `labkit record`."),
    ],
)
def test_rejects_a_record_of_another_schema(schema, remedy):
    add(0)
    edited(lambda plain: plain.update(schema=schema, runs="in a form nobody knows"))(path())
    with pytest.raises(RecordVersionError) as caught:
        store.read(NAME)
    assert str(caught.value) == (
        f"{path()}: expected schema 1; received schema {schema!r}. {remedy}"
    )


# --- full disks, read-only folders, other processes ---------------------------------------


def test_a_full_disk_leaves_the_old_record_whole(monkeypatch):
    def full(file, text, **options):
        with file.open("w") as half:
            half.write(text[: len(text) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    add(0)
    before = path().read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(CacheWriteError, match="; received No space left on device"):
            add(1)
    assert path().read_bytes() == before
    assert {file.name for file in path().parent.iterdir()} == {"made-up.json", ".made-up.json.lock"}
    add(1)
    assert len(keys()) == 2


def test_a_store_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LABKIT_STORE", str(tmp_path / "file"))
    with pytest.raises(CacheWriteError) as caught:
        add(0)
    assert str(caught.value) == (
        f"{tmp_path / 'file' / '99'}: expected a folder that can be written; received Not a "
        "directory. Record into another folder: labkit record … --store DIR."
    )


KILLED_WHILE_WRITING = """
import os, pathlib, signal
from made_up_runs import made_up_run
from labkit.records import store

def half(file, text, **options):
    with file.open("w") as written:
        written.write(text[: len(text) // 2])
    os.kill(os.getpid(), signal.SIGKILL)

pathlib.Path.write_text = half
store.add(made_up_run(seed=1))
"""


def test_kill_9_while_writing_leaves_the_old_record_whole():
    add(0)
    before = path().read_bytes()
    processes.killed(processes.start(KILLED_WHILE_WRITING))
    assert path().read_bytes() == before
    assert store.experiments() == [NAME]
    add(1)  # the lock died with its owner
    assert len(keys()) == 2


ADDING = """
import sys
from made_up_runs import made_up_run
from labkit.records import store

print("ready", flush=True)
sys.stdin.readline()
for seed in map(int, sys.argv[1:]):
    store.add(made_up_run(seed=seed))
"""


def test_processes_that_record_at_once_lose_nothing():
    workers = [processes.start(ADDING, *range(first, 24, 3)) for first in range(3)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        processes.finished(worker)
    assert [seed for _, seed, _ in keys()] == list(range(24))


# --- what a page shows --------------------------------------------------------------------


def select(signature_at=lambda budget: CODE, **options):
    found = store.select(NAME, signature_at, **options)
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


@pytest.fixture
def course(monkeypatch, tmp_path):
    """A checkout with the notebook of practical 99."""
    (tmp_path / "course" / "notebooks" / "tp4").mkdir(parents=True)
    (tmp_path / "course" / "notebooks" / "99_made_up.py").touch()
    (tmp_path / "course" / "notebooks" / "tp4" / "01_boston.py").touch()
    monkeypatch.setattr(folders, "checkout", lambda: tmp_path / "course")


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


@pytest.mark.usefixtures("course")
def test_knows_the_notebook_of_an_experiment():
    assert commands.notebook_of("99/made-up") == "notebooks/99_made_up.py"
    assert commands.notebook_of("tp4/01/linear") == "notebooks/tp4/01_boston.py"
    assert commands.notebook_of("98/none") == "notebooks/98_*.py"


def test_names_a_notebook_also_outside_a_checkout(monkeypatch):
    monkeypatch.setattr(folders, "checkout", lambda: None)
    assert commands.notebook_of("99/made-up") == "notebooks/99_*.py"


def test_selecting_does_not_hide_damage():
    add(0)
    DAMAGES["cut short"](path())
    with pytest.raises(LabkitError, match="expected a record as labkit wrote it"):
        select()
