import os
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

import make_notebooks

HEADER = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

"""
TEXT = HEADER + (
    "# %% [markdown]\n# # 99 · Tiny\n\n"
    '# %% tags=["parameters"]\nSEED = None\n\n'
    '# %%\nimport os\n\nos.environ["LABKIT_MODE"], os.environ.get("LABKIT_SEED")\n'
)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A notebook's text in a repository of its own, and an environment that comes back."""
    monkeypatch.setattr(make_notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(make_notebooks, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(os, "environ", os.environ.copy())
    path = tmp_path / "notebooks" / "99_tiny.py"
    path.parent.mkdir()
    path.write_text(TEXT, encoding="utf-8")
    return path


def made(source):
    assert make_notebooks.main([str(source)]) == 0
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def test_cells_are_run_in_replay_whatever_the_shell_says(source, monkeypatch):
    monkeypatch.setenv("LABKIT_MODE", "train")
    monkeypatch.setenv("LABKIT_SEED", "7")
    last = made(source).cells[-1]
    assert last.outputs[0].data["text/plain"] == "('replay', None)"


def test_made_twice_it_is_the_same_file(source):
    made(source)
    first = source.with_suffix(".ipynb").read_bytes()
    assert make_notebooks.main(["--all", str(source)]) == 0
    assert source.with_suffix(".ipynb").read_bytes() == first


def test_only_what_changed_is_made(source, monkeypatch, capsys):
    made(source)
    assert make_notebooks.main(["--check"]) == 0
    monkeypatch.setattr(make_notebooks, "make", lambda path: pytest.fail("nothing changed"))
    assert make_notebooks.main([]) == 0
    source.write_text(TEXT.replace("Tiny", "Tinier"), encoding="utf-8")
    assert make_notebooks.main(["--check"]) == 1
    expected = f"{Path('notebooks/99_tiny.py')}: its .ipynb differs or was not run. "
    assert capsys.readouterr().err == expected + "Run: make notebooks\n"


def test_a_changed_cell_changes_no_other_s_id(source):
    before = [cell.id for cell in made(source).cells]
    source.write_text(TEXT.replace("SEED = None", "SEED = 1"), encoding="utf-8")
    after = [cell.id for cell in made(source).cells]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_other_records_make_it_stale(source, tmp_path):
    made(source)
    record = tmp_path / "runs" / "99" / "tiny.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    assert not make_notebooks.is_current(source)


def test_other_claims_make_it_stale(source, tmp_path):
    made(source)
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "claims.toml").write_text("")
    assert not make_notebooks.is_current(source)


@pytest.mark.parametrize("shows", [True, False])
def test_a_ledger_is_stale_when_any_record_changes(source, tmp_path, shows):
    if shows:
        source.write_text(TEXT + "\n# %%\n# labkit.ledger.ledger.read()\n", encoding="utf-8")
    made(source)
    record = tmp_path / "runs" / "01" / "of-another-practical.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    assert make_notebooks.is_current(source) != shows


def test_a_failing_cell_leaves_the_notebook_as_it_was(source, capsys):
    made(source)
    before = source.with_suffix(".ipynb").read_bytes()
    source.write_text(TEXT + "\n# %%\nraise ValueError('an unlucky cell')\n", encoding="utf-8")
    assert make_notebooks.main([]) == 1
    assert source.with_suffix(".ipynb").read_bytes() == before
    assert "an unlucky cell" in capsys.readouterr().err


def test_a_module_beside_the_notebooks_is_none(source):
    (source.parent / "helper.py").write_text("x = 1\n")
    assert make_notebooks.sources() == [source]
