import dataclasses
import errno
import json
import os
from pathlib import Path

import processes
import pytest
from made_up_runs import made_up_run

from labkit import folders
from labkit.errors import (
    CacheWriteError,
    DamagedRecordError,
    ParameterError,
    RecordVersionError,
)
from labkit.records import store
from labkit.records.signature import Signature

pytestmark = pytest.mark.usefixtures("isolated")

NAME = "99/made-up"
CODE, OLD = Signature(("epochs: 2",)), Signature(("epochs: 1",))


def add(*seeds, **changes):
    for seed in seeds:
        store.add(made_up_run(seed=seed, **changes))


def keys(name=NAME):
    return [(run.budget, run.seed, run.signature.lines) for run in store.read(name)]


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
    rounded = finished("2026-11-21") | {"precision": "mixed_bfloat16"}
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


def test_the_store_deletes_nothing_by_itself():
    add(0, 1, 2, signature=OLD)
    add(0, 1, 2)
    assert len(keys()) == 6
    assert {lines for _, _, lines in keys()} == {OLD.lines, CODE.lines}


def finished(date):
    return {"device": "2 CPU cores (Made-up)", "finished": date}


def test_pruning_drops_a_set_that_the_newer_one_has_every_seed_of():
    add(0, 1, signature=OLD, provenance=finished("2026-11-01"))
    add(0, 1, 2, provenance=finished("2026-11-02"))
    assert [run.signature for run in store.prune(NAME)] == [OLD, OLD]
    assert keys() == [("full", seed, CODE.lines) for seed in (0, 1, 2)]
    assert store.prune(NAME) == []


def test_pruning_keeps_a_set_with_a_seed_that_the_newer_one_lacks():
    add(0, 7, signature=OLD, provenance=finished("2026-11-01"))
    add(0, 1, 2, provenance=finished("2026-11-02"))
    assert store.prune(NAME) == []
    assert ("full", 7, OLD.lines) in keys()


def test_pruning_goes_by_age_not_by_size():
    add(0, 1, 2, signature=OLD, provenance=finished("2026-11-02"))
    add(0, 1, provenance=finished("2026-11-01"))
    store.prune(NAME)
    assert {lines for _, _, lines in keys()} == {OLD.lines}


def test_pruning_keeps_sets_of_another_budget_and_of_other_settings():
    add(0, signature=OLD, budget="lab", provenance=finished("2026-11-01"))
    add(0, signature=OLD, settings={"rate": 0.1}, provenance=finished("2026-11-01"))
    add(0, provenance=finished("2026-11-02"))
    assert store.prune(NAME) == []
    assert len(keys()) == 3


def test_pruning_drops_no_fold_that_the_newer_set_lacks():
    add(0, signature=OLD, fold=1, provenance=finished("2026-11-01"))
    add(0, fold=0, provenance=finished("2026-11-02"))
    assert store.prune(NAME) == []


# --- folds, settings, mistakes ------------------------------------------------------------


def test_folds_and_settings_tell_runs_of_one_file_apart():
    for settings in ({"rate": 0.1}, {"rate": 0.01}, {}):
        for fold in (1, 0, None):
            add(0, settings=settings, fold=fold)
    runs = store.read(NAME)
    assert [(run.point, run.fold) for run in runs] == [
        (point, fold) for point in ("", "rate=0.01", "rate=0.1") for fold in (None, 0, 1)
    ]
    assert runs[-1].settings == {"rate": 0.1} and runs[-1].name == "99/made-up@rate=0.1"
    assert repr(runs[-1]) == (
        "Run('99/made-up@rate=0.1', full, seed 0, fold 1, 2 epochs, finished)"
    )


def test_what_a_run_does_not_have_is_not_in_its_file():
    add(0)
    plain = json.loads(path().read_text())
    assert plain["schema"] == 2
    assert not {"fold", "settings", "definitions"} & set(plain["runs"][0])


def test_a_record_of_the_first_schema_is_read_as_a_run_without_what_came_later():
    add(0)
    edited(lambda plain: plain.update(schema=1))(path())
    (run,) = store.read(NAME)
    assert (run.fold, run.settings, run.definitions) == (None, {}, {})


def test_mistakes_are_kept_for_one_run_of_a_set():
    add(2)
    add(1, 3)
    add(1, settings={"rate": 0.1})
    add(2, budget="lab")
    kept = [(run.name, run.budget, run.seed) for run in store.read(NAME) if run.mistakes]
    assert kept == [
        (NAME, "full", 1),
        ("99/made-up@rate=0.1", "full", 1),
        (NAME, "lab", 2),
    ]


def test_a_file_that_was_written_since_is_read_anew():
    add(0)
    assert len(store.read(NAME)) == 1
    add(1)
    assert len(store.read(NAME)) == 2


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
    "a fold of a wrong type": edited(lambda plain: plain["runs"][0].update(fold="1")),
    "settings of a wrong type": edited(lambda plain: plain["runs"][0].update(settings=[1])),
    "another experiment": edited(lambda plain: plain["runs"][0].update(experiment="01/dense")),
    "an unknown budget": edited(lambda plain: plain["runs"][0].update(budget="huge")),
    "another experiment of the file": edited(lambda plain: plain.update(experiment="01/dense")),
    "an unknown part": edited(lambda plain: plain.update(colour="red")),
    "a run that is none": edited(lambda plain: plain.update(runs=[[["seed", 0]]])),
    "signatures of a wrong type": edited(lambda plain: plain.update(signatures=[1])),
    "NaN": lambda file: file.write_text(file.read_text().replace("12.5", "NaN")),
    "an infinite number": lambda file: file.write_text(file.read_text().replace("12.5", "1e999")),
    "nested without end": lambda file: file.write_text("[" * 100_000 + "]" * 100_000),
    "half a character": lambda file: file.write_text(
        file.read_text().replace("Made-up", "\\ud83d")
    ),
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
        ("a field of a wrong type", "ValueError: seed: '0' in place of a whole number"),
        ("no runs", "ValueError: no runs"),
        ("another experiment", "ValueError: a full run of 01/dense"),
        ("a run twice", "ValueError: the same run twice"),
        ("another experiment of the file", "ValueError: the runs of 01/dense"),
        ("NaN", "ValueError: NaN, which JSON does not have"),
        ("an infinite number", "ValueError: seconds: inf in place of a duration"),
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
        (3, "Update labkit: pip install -U labkit."),
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
        f"{path()}: expected schema 2; received schema {schema!r}. {remedy}"
    )


def folder_in_the_way(file):
    file.mkdir()


def pipe_in_the_way(file):
    os.mkfifo(file)


def loop_in_the_way(file):
    file.symlink_to(file)


@pytest.mark.skipif(os.name == "nt", reason="pipes and links are POSIX")
@pytest.mark.parametrize(
    ("put", "received"),
    [
        (folder_in_the_way, f"IsADirectoryError: [Errno {errno.EISDIR}]"),
        (pipe_in_the_way, "ValueError: a pipe or a device in place of a file"),
        (loop_in_the_way, f"OSError: [Errno {errno.ELOOP}]"),
    ],
)
def test_what_is_no_file_is_no_record(put, received):
    path().parent.mkdir(parents=True)
    put(path())
    with pytest.raises(DamagedRecordError) as caught:
        store.read(NAME)
    assert caught.value.subject == str(path()) and caught.value.received.startswith(received)


@pytest.mark.skipif(os.name == "nt", reason="pipes and links are POSIX")
@pytest.mark.parametrize("put", [pipe_in_the_way, loop_in_the_way, Path.touch])
def test_what_is_no_folder_has_no_records(put):
    path().parent.parent.mkdir(parents=True)
    put(path().parent)
    assert store.experiments() == []
    with pytest.raises(DamagedRecordError, match="99/made-up.json: expected a record as labkit"):
        store.read(NAME)


def test_an_unknown_schema_is_said_in_short():
    add(0)
    edited(lambda plain: plain.update(schema=["x" * 1000] * 1000))(path())
    with pytest.raises(RecordVersionError) as caught:
        store.read(NAME)
    assert len(caught.value.received) < 300


def test_a_folder_that_is_not_there_has_nothing_to_bring_home(tmp_path):
    with pytest.raises(ParameterError) as caught:
        store.merge(tmp_path / "nowhere")
    assert str(caught.value) == (
        f"store.merge: expected a folder; received {str(tmp_path / 'nowhere')!r}, which is not "
        "there. Name a folder that is there."
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


def test_a_store_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CacheWriteError) as caught:
        store.add(made_up_run(), tmp_path / "file")
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
