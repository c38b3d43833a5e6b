import os
from pathlib import Path

import pytest

from labkit import folders
from labkit.errors import CacheWriteError, ParameterError

pytestmark = pytest.mark.usefixtures("isolated")

NAMED = [("LABKIT_STORE", folders.store_folder), ("LABKIT_DATA", folders.mirror_folder)]
named = pytest.mark.parametrize(("variable", "folder"), NAMED)


def test_the_store_and_the_mirror_are_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LABKIT_STORE", "~/records")
    monkeypatch.setenv("LABKIT_DATA", "~/mirror")
    assert folders.store_folder() == tmp_path / "records"
    assert folders.mirror_folder() == tmp_path / "mirror"


def test_there_is_no_mirror_by_default():
    assert folders.mirror_folder() is None


def test_the_store_of_a_checkout_is_runs(monkeypatch):
    monkeypatch.delenv("LABKIT_STORE")
    root = folders.checkout()
    assert (root / "labkit").is_dir()
    assert folders.store_folder() == root / "runs"
    assert folders.claims_folder() == root / "book" / "claims"
    assert folders.findings_file() == root / "book" / "findings.toml"


def test_the_store_of_an_installed_package_is_inside_it(monkeypatch):
    monkeypatch.delenv("LABKIT_STORE")
    monkeypatch.setattr(folders, "checkout", lambda: None)
    package = Path(folders.__file__).parent
    assert folders.store_folder() == package / "_course" / "runs"
    assert folders.claims_folder() == package / "_course" / "claims"
    assert folders.findings_file() == package / "_course" / "findings.toml"


def test_a_package_outside_a_checkout_finds_none(monkeypatch, tmp_path):
    monkeypatch.setattr(folders, "__file__", str(tmp_path / "labkit" / "folders.py"))
    assert folders.checkout() is None


def test_the_users_folders_are_the_platforms_own(isolated):
    assert folders.user_folder() == isolated / "data" / "labkit"
    assert folders.cache_folder() == isolated / "cache" / "labkit" / "data"


@named
def test_a_file_in_the_folders_place_is_refused(monkeypatch, variable, folder):
    monkeypatch.setenv(variable, __file__)
    with pytest.raises(ParameterError) as problem:
        folder()
    assert str(problem.value) == (
        f"{variable}: expected a folder; received {__file__!r}, which is a file. Name a folder "
        "that is there."
    )


@named
def test_the_home_of_nobody_is_refused(monkeypatch, variable, folder):
    monkeypatch.setenv(variable, "~nobody-here/x")
    with pytest.raises(ParameterError) as problem:
        folder()
    assert str(problem.value) == (
        f"{variable}: expected a folder; received '~nobody-here/x', the home of an unknown user. "
        "Name a folder that is there."
    )


@named
def test_a_folder_that_is_not_there_yet_is_none_the_less_named(
    monkeypatch, tmp_path, variable, folder
):
    monkeypatch.setenv(variable, str(tmp_path / "later"))
    assert folder() == tmp_path / "later"


def test_a_folder_is_asked_to_be_there(tmp_path):
    folders.require_there(tmp_path, subject="--merge")
    with pytest.raises(ParameterError) as problem:
        folders.require_there(tmp_path / "none", subject="--merge")
    assert str(problem.value) == (
        f"--merge: expected a folder; received '{tmp_path / 'none'}', which is not there. Name a "
        "folder that is there."
    )


def test_writing_is_tried_and_leaves_nothing_behind(tmp_path):
    folders.require_writable(tmp_path / "a" / "b", remedy="Name another.")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def denied(**options):
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(folders.tempfile, "TemporaryFile", denied)
    with pytest.raises(CacheWriteError) as problem:
        folders.require_writable(tmp_path, remedy="Name another.")
    assert str(problem.value) == (
        f"{tmp_path}: expected a folder with room that can be written; received Permission denied. "
        "Name another."
    )
