import errno
import os
import time

import filelock
import pytest

from labkit.errors import CacheWriteError
from labkit.files import locked, require_file, written_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_writes_a_file_and_the_folders_above_it(tmp_path):
    target = tmp_path / "01" / "dense.json"
    with written_whole(target) as partial:
        partial.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert names(target.parent) == ["dense.json"]


def test_a_written_file_can_be_read_by_everybody(tmp_path):
    target = tmp_path / "a.json"
    with written_whole(target) as partial:
        partial.write_text("new")
    assert target.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError, MemoryError])
def test_what_interrupts_the_writing_leaves_the_old_file_whole(tmp_path, interruption):
    target = tmp_path / "a.json"
    target.write_text("old")
    with pytest.raises(interruption), written_whole(target) as partial:
        partial.write_text("ne")
        raise interruption
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.json"]


def test_a_full_disk_leaves_the_old_file_whole(tmp_path):
    target = tmp_path / "a.json"
    target.write_text("old")
    with pytest.raises(CacheWriteError) as caught, written_whole(target) as partial:
        partial.write_text("ne")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(caught.value) == (
        f"{target}: expected a folder with room that can be written; received No space left on "
        "device. Free some space, or name another folder: LABKIT_DATA for data, LABKIT_STORE or "
        "--store for records, XDG_DATA_HOME for unfinished runs. What was there is whole."
    )
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.json"]


def test_a_disk_that_turns_out_full_at_the_end_leaves_the_old_file_whole(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = tmp_path / "a.json"
    target.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    no_room = pytest.raises(CacheWriteError, match="No space left on device")
    with no_room, written_whole(target) as partial:
        partial.write_text("new")
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.json"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    refused = pytest.raises(CacheWriteError, match="; received Not a directory")
    with refused, written_whole(tmp_path / "file" / "folder" / "a.json"):
        pytest.fail("there is nothing to write to")


def test_a_lock_keeps_others_out_and_is_given_back(tmp_path):
    target = tmp_path / "new" / "a.json"
    other = filelock.FileLock(target.parent / ".a.json.lock")
    with locked(target, remedy="None."), pytest.raises(filelock.Timeout):
        other.acquire(timeout=0)
    other.acquire(timeout=0)
    other.release()


def test_a_lock_is_given_back_after_an_error(tmp_path):
    target = tmp_path / "a.json"
    with pytest.raises(KeyboardInterrupt), locked(target, remedy="None."):
        raise KeyboardInterrupt
    filelock.FileLock(tmp_path / ".a.json.lock").acquire(timeout=0)


def test_a_folder_that_cannot_be_locked_is_said_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "a.json"
    with pytest.raises(CacheWriteError) as caught, locked(path, remedy="Name another one."):
        pytest.fail("nothing was locked")
    assert str(caught.value) == (
        f"{tmp_path / 'file'}: expected a folder that can be written; received File exists. "
        "Name another one."
    )


def test_a_folder_that_may_only_be_read_is_said(tmp_path, monkeypatch):
    def forbidden(lock, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(filelock.FileLock, "acquire", forbidden)
    refused = pytest.raises(CacheWriteError, match="; received Permission denied")
    with refused, locked(tmp_path / "a.json", remedy="Name another one."):
        pytest.fail("nothing was locked")


# --- what killed writers left -------------------------------------------------------------


@pytest.fixture
def left_behind(tmp_path):
    """A temporary file of a.json, one of another file, and a lock; all two hours old."""
    for name in (".a.json.x1y2z3", ".b.json.x1y2z3", ".a.json.lock"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - 7200,) * 2)
    return tmp_path


def test_what_a_killed_writer_left_is_cleared_by_the_next_one(left_behind):
    with written_whole(left_behind / "a.json") as partial:
        partial.write_text("new")
    assert names(left_behind) == [".a.json.lock", ".b.json.x1y2z3", "a.json"]


def test_what_another_writer_is_about_to_write_is_left_alone(tmp_path):
    with written_whole(tmp_path / "a.json") as one, written_whole(tmp_path / "a.json") as other:
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "a.json").read_text() == "one"


def test_who_holds_the_lock_clears_whatever_was_left(tmp_path, left_behind):
    (tmp_path / ".a.json.new").touch()
    with locked(tmp_path / "a.json", remedy="None."):
        assert names(tmp_path) == [".a.json.lock", ".b.json.x1y2z3"]


def test_a_name_with_a_pattern_in_it_is_taken_literally(tmp_path):
    (tmp_path / ".a.json.x1y2z3").touch()
    with locked(tmp_path / "[ab].json", remedy="None."):
        assert ".a.json.x1y2z3" in names(tmp_path)


def test_what_cannot_be_cleared_is_left(tmp_path):
    (tmp_path / ".a.json.folder").mkdir()
    with locked(tmp_path / "a.json", remedy="None."):
        assert ".a.json.folder" in names(tmp_path)


# --- a lock that is held ------------------------------------------------------------------


@pytest.fixture
def held(tmp_path):
    """A file whose lock somebody else has."""
    with filelock.FileLock(tmp_path / ".a.json.lock"):
        yield tmp_path / "a.json"


def test_says_what_is_waited_for_and_gives_up_after_a_time(held, capsys):
    waiting = locked(held, remedy="Name another file.", patience=0.06, notice=0.0)
    with pytest.raises(CacheWriteError) as caught, waiting:
        pytest.fail("somebody else has the lock")
    assert capsys.readouterr().err == (
        f"labkit (process {os.getpid()}) waits for {held}: another process is at work on it.\n"
    )
    assert str(caught.value) == (
        f"{held}: expected other processes to be done with it within 0.001 minutes; received one "
        f"that still holds {held.with_name('.a.json.lock')}. Wait for that process, or end it. "
        "Name another file."
    )


def test_says_nothing_of_a_short_wait(held, capsys, monkeypatch):
    def acquired(lock, **options):
        assert options == {"timeout": 2.0}

    monkeypatch.setattr(filelock.FileLock, "acquire", acquired)
    with locked(held, remedy="None."):
        pass
    assert capsys.readouterr().err == ""


def test_goes_on_once_the_lock_is_given_back(tmp_path, capsys):
    target, acquire = tmp_path / "a.json", filelock.FileLock.acquire
    other = filelock.FileLock(tmp_path / ".a.json.lock")
    other.acquire()

    def given_back(lock, **options):
        if options["timeout"] == 60.0:
            other.release()
        return acquire(lock, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(filelock.FileLock, "acquire", given_back)
        with locked(target, remedy="None.", patience=60.0, notice=0.0):
            pass
    assert f"waits for {target}" in capsys.readouterr().err


# --- what is no file ----------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_a_pipe_is_no_file(tmp_path):
    (tmp_path / "a.json").touch()
    require_file(tmp_path / "a.json")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="^a pipe or a device in place of a file$"):
        require_file(tmp_path / "pipe")
