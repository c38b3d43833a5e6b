"""The commit that a record names: the code's own, marked where the code differs from it."""

import os
import re
import shutil
import subprocess

import pytest

from labkit import folders
from labkit.records import provenance

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
FILES = ("labkit/training.py", "notebooks/01_dense.py", "book/index.md")


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    """A repository with one commit, in which labkit believes to be."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in FILES:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("as committed\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Nobody", "-c", "user.email=nobody"]
    for arguments in (["init"], ["add", "."], ["commit", "--message", "All of it"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    monkeypatch.setattr(folders, "checkout", lambda: tmp_path)
    return tmp_path


def commit():
    return provenance.collect()["commit"]


def test_a_clean_checkout_is_its_commit(checkout):
    assert re.fullmatch(r"[0-9a-f]{12}", commit())


@pytest.mark.parametrize("name", FILES[:2])
def test_changed_code_marks_the_commit(checkout, name):
    clean = commit()
    (checkout / name).write_text("changed\n")
    assert commit() == f"{clean}+changes"


@pytest.mark.parametrize("name", ["labkit/new.py", "notebooks/08_new.py"])
def test_new_code_marks_the_commit(checkout, name):
    clean = commit()
    (checkout / name).write_text("new\n")
    assert commit() == f"{clean}+changes"


def test_a_changed_text_does_not_mark_the_commit(checkout):
    clean = commit()
    (checkout / "book/index.md").write_text("changed\n")
    assert commit() == clean


def test_outside_a_checkout_the_commit_is_unknown(monkeypatch):
    monkeypatch.setattr(folders, "checkout", lambda: None)
    assert commit() == "unknown"


def test_a_checkout_without_git_has_an_unknown_commit(monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(folders, "checkout", lambda: tmp_path)
    assert commit() == "unknown"
