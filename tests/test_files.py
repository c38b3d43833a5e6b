import errno
import os

import filelock
import pytest

from labkit.errors import CacheWriteError
from labkit.files import locked, written_whole


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
    def forbidden(lock):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(filelock.FileLock, "acquire", forbidden)
    refused = pytest.raises(CacheWriteError, match="; received Permission denied")
    with refused, locked(tmp_path / "a.json", remedy="Name another one."):
        pytest.fail("nothing was locked")
