"""The trials of a search in real storages: what is proposed, pruned, taken over and kept."""

import os
import shutil
import subprocess
import tempfile
import uuid

import processes
import pytest

from labkit.errors import CacheWriteError, SweepError
from labkit.sweeps import between, storage
from labkit.sweeps import space as spaces
from labkit.sweeps.outcome import Outcome
from labkit.sweeps.study import Study

SPACE = spaces.checked({"rate": between(0.001, 0.1, log=True), "units": [4, 8]})
BEGIN = """
import sys
from labkit.sweeps import space, storage, between
from labkit.sweeps.study import Study
made = space.checked({"rate": between(0.001, 0.1, log=True), "units": [4, 8]})
study = Study(storage.opened(sys.argv[1]), "99/search", made, False, 0)
begun = study.another(9)
study.report(0, 1, 0.5)
print(begun, flush=True)
sys.stdin.read()
"""
# Two of these at once make twelve trials on one storage.
SHARE = """
import sys
from labkit.sweeps import space, storage, between
from labkit.sweeps.outcome import Outcome
from labkit.sweeps.study import Study
made = space.checked({"rate": between(0.001, 0.1, log=True), "units": [4, 8]})
study = Study(storage.opened(sys.argv[1]), "99/search", made, False, 0)
print("ready", flush=True)
sys.stdin.readline()
while begun := study.another(12):
    study.end(begun[0], Outcome("finished", begun[1]["rate"]))
    print(begun[0], flush=True)
"""

pytest.importorskip("optuna")


@pytest.fixture
def place(tmp_path):
    return str(tmp_path / "new" / "trials.journal")


def study_in(place, *, seed=0, lower=False):
    return Study(storage.opened(place), "99/search", SPACE, lower, seed)


def ended(study, count, *, value=lambda number, settings: settings["rate"]):
    for _ in range(count):
        number, settings = study.another(10**6)
        study.end(number, Outcome("finished", value(number, settings)))
    return [(one.number, dict(one.settings)) for one in study.ended()]


def test_there_are_as_many_trials_as_are_wanted(place):
    study = study_in(place)
    begun = [study.another(2), study.another(2)]
    assert [number for number, _ in begun] == [0, 1]
    assert all(spaces.includes(SPACE, settings) for _, settings in begun)
    assert study.another(2) is None
    assert study.another(3)[0] == 2


def test_how_a_trial_ended_is_kept_with_its_reason(place):
    study = study_in(place)
    settings = [study.another(3)[1] for _ in range(3)]
    study.end(0, Outcome("finished", 0.75))
    study.end(1, Outcome("pruned", reason="stopped after epoch 3"))
    study.end(2, Outcome("failed", reason="MemoryError: no room"))
    kept = study_in(place).ended()
    assert [(one.state, one.value, one.reason) for one in kept] == [
        ("finished", 0.75, ""),
        ("pruned", None, "stopped after epoch 3"),
        ("failed", None, "MemoryError: no room"),
    ]
    assert [one.settings for one in kept] == settings


def test_what_is_proposed_depends_on_the_seed_and_the_trials_before_and_on_no_process(tmp_path):
    whole = ended(study_in(str(tmp_path / "whole")), 14)
    ended(study_in(str(tmp_path / "parts")), 11)
    assert ended(study_in(str(tmp_path / "parts")), 3) == whole
    assert ended(study_in(str(tmp_path / "other"), seed=1), 2) != whole[:2]


def test_after_some_trials_it_is_proposed_where_it_went_well(place):
    found = ended(study_in(place, lower=True), 40)
    first, last = ([settings["rate"] for _, settings in part] for part in (found[:10], found[-10:]))
    assert sorted(last)[5] < sorted(first)[5]


def test_a_trial_that_is_worse_than_the_median_is_pruned_and_a_better_one_is_not(place):
    study = study_in(place)
    for _ in range(5):
        number, _ = study.another(99)
        assert not any(study.report(number, epoch, 0.5) for epoch in range(1, 6))
        study.end(number, Outcome("finished", 0.5))
    worse, better = study.another(99)[0], study.another(99)[0]
    assert [study.report(worse, epoch, 0.4) for epoch in (1, 2, 3)] == [False, False, True]
    assert not any(study.report(better, epoch, 0.6) for epoch in range(1, 6))


def test_of_a_loss_the_larger_is_pruned(place):
    study = study_in(place, lower=True)
    for _ in range(5):
        number, _ = study.another(99)
        study.report(number, 3, 0.5)
        study.end(number, Outcome("finished", 0.5))
    assert study.report(study.another(99)[0], 3, 0.6)
    assert not study.report(study.another(99)[0], 3, 0.4)


def test_a_report_that_is_no_number_or_comes_late_or_again_changes_nothing(place):
    study = study_in(place)
    number, _ = study.another(1)
    for epoch, value in ((1, 0.5), (2, float("nan")), (1, 0.9)):
        assert not study.report(number, epoch, value)
    study.end(number, Outcome("finished", 0.5))
    assert not study.report(number, 3, 0.1)


# Who works on what


def test_a_trial_of_a_killed_process_is_taken_over_with_its_point(place):
    process = processes.start(BEGIN, place)
    number, settings = eval(process.stdout.readline())
    process.kill()
    process.communicate()
    study = study_in(place)
    assert study.left_behind() == {number: settings}
    assert study.left_behind() == {}
    assert not study.report(number, 1, 0.5)
    study.end(number, Outcome("finished", 0.5))
    assert [one.number for one in study.ended()] == [0]


def test_a_trial_of_a_process_that_is_at_work_is_left_to_it(place):
    process = processes.start(BEGIN, place)
    process.stdout.readline()
    study = study_in(place)
    assert study.left_behind() == {}
    assert study.another(1) is None
    processes.finished(process)
    assert list(study.left_behind()) == [0]


def test_a_trial_of_another_machine_is_taken_over_when_it_shows_no_life(place, monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("platform.node", lambda: "elsewhere")
        study_in(place).another(1)
    assert study_in(place).left_behind() == {}
    monkeypatch.setattr("labkit.sweeps.study._GIVEN_UP_AFTER", 0.0)
    assert list(study_in(place).left_behind()) == [0]


def test_the_first_word_counts_where_two_carried_out_one_trial(place):
    study = study_in(place)
    study.another(1)
    again = study_in(place)
    again.left_behind()
    study.end(0, Outcome("finished", 0.5))
    again.end(0, Outcome("failed", reason="too late"))
    assert [(one.state, one.value) for one in study.ended()] == [("finished", 0.5)]


def shared(place):
    """Let two processes work on one storage at once; return what each of them carried out."""
    pair = [processes.start(SHARE, place) for _ in range(2)]
    for one in pair:
        assert one.stdout.readline() == "ready\n"
    for one in pair:
        one.stdin.write("go\n")
        one.stdin.flush()
    return [list(map(int, processes.finished(one).split())) for one in pair]


def test_two_processes_share_a_journal(place):
    first, second = shared(place)
    assert not set(first) & set(second)
    assert sorted(first + second) == list(range(len(first + second)))
    assert len(first + second) in (12, 13)
    assert len(study_in(place).ended()) == len(first + second)


@pytest.fixture(scope="module")
def postgres():
    """The address of a PostgreSQL server that is started for these tests."""
    pytest.importorskip("psycopg", reason='needs PostgreSQL: pip install "psycopg[binary]"')
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None or os.name == "nt":
        pytest.skip("needs PostgreSQL's initdb and pg_ctl")
    folder = tempfile.mkdtemp(prefix="postgres")
    user = {}
    if os.geteuid() == 0:  # for whom PostgreSQL does not run
        user = {"user": "nobody", "cwd": folder}
        shutil.chown(folder, "nobody")

    def run(*command):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **user)

    run("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "labkit")
    control = ("pg_ctl", "-w", "-D", f"{folder}/data")
    run(*control, "-l", f"{folder}/log", "-o", f"-c listen_addresses='' -k {folder}", "start")
    yield f"postgresql+psycopg://labkit@/postgres?host={folder}"
    run(*control, "-m", "immediate", "stop")
    shutil.rmtree(folder)


def test_two_processes_share_a_database(postgres):
    first, second = shared(postgres)
    assert not set(first) & set(second)
    assert len(first + second) in (12, 13)
    assert len(study_in(postgres).ended()) == len(first + second)


# Places that are none


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("a file in the folder's place")
    with pytest.raises(CacheWriteError) as problem:
        storage.opened(str(tmp_path / "file" / "trials.journal"))
    assert str(problem.value).endswith(" Name another file: labkit sweep … --storage FILE.")


def test_a_file_that_is_no_journal(tmp_path):
    (tmp_path / "trials").write_text("these are\nnot trials\n")
    with pytest.raises(SweepError) as problem:
        storage.opened(str(tmp_path / "trials"))
    message = str(problem.value)
    assert message.startswith(
        f"{tmp_path / 'trials'}: expected the journal of a search, as Optuna wrote it; received "
    )
    assert message.endswith(
        " Move it away, or name another. Trials that finished are in the records."
    )


def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path):
    address = f"sqlite://somebody:secret@/{tmp_path / 'none' / 'trials.db'}"
    with pytest.raises(SweepError) as problem:
        storage.opened(address)
    message = str(problem.value)
    assert message.startswith("storage: expected the address of a database that can be reached")
    assert "secret" not in message


def test_an_address_that_is_none():
    with pytest.raises(SweepError, match="^storage: expected the address of a database"):
        storage.opened(f"{uuid.uuid4().hex}://nowhere/at/all")
