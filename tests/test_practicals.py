"""Every practical trains at the smallest budget, on the data that are here."""

from pathlib import Path

import nbformat
import pytest

from labkit import recording

ROOT = Path(__file__).resolve().parent.parent
PRACTICALS = sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb"))


@pytest.mark.practical
@pytest.mark.parametrize("notebook", PRACTICALS, ids=lambda path: path.stem)
def test_trains_at_the_smallest_budget(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # nothing to resume, nothing left behind
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "runs").rglob("*.json")}
    settings = {"BUDGET": "smoke", "MODE": "train", "SOURCE": "local", "SEED": 3}
    copy = recording.run_notebook(
        notebook, settings, output=tmp_path / notebook.name, progress=False
    )
    written = nbformat.read(copy, as_version=4)
    assert all(cell.execution_count for cell in written.cells if is_code(cell))
    assert before == {path: path.stat().st_mtime_ns for path in (ROOT / "runs").rglob("*.json")}


def is_code(cell):
    return cell.cell_type == "code" and bool(cell.source.strip())
