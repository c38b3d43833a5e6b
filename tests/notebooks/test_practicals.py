"""Every practical trains at the smallest budget, and what it recorded is enough to show."""

import re
from pathlib import Path

import nbformat
import practicals
import pytest

from labkit.course import executing
from labkit.records import store

ROOT = Path(__file__).resolve().parents[2]
PRACTICALS = sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb"))


@pytest.mark.practical
@pytest.mark.parametrize("notebook", PRACTICALS, ids=lambda path: path.stem)
def test_trains_at_the_smallest_budget(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # nothing to resume, nothing left behind
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "runs").rglob("*.json")}
    settings = {"BUDGET": "smoke", "MODE": "train", "SOURCE": "local", "SEED": 3}
    copy = executing.run_notebook(
        notebook, settings, output=tmp_path / notebook.name, progress=False
    )
    written = nbformat.read(copy, as_version=4)
    assert all(cell.execution_count for cell in written.cells if is_code(cell))
    assert before == {path: path.stat().st_mtime_ns for path in (ROOT / "runs").rglob("*.json")}


def is_code(cell):
    return cell.cell_type == "code" and bool(cell.source.strip())


def points():
    """Yield what has to be recorded with several seeds: experiments, and points of sweeps."""
    for experiment in store.experiments(ROOT / "runs"):
        if not experiment.endswith("/search"):  # each seed proposes points of its own
            yield from sorted({run.name for run in store.read(experiment, ROOT / "runs")})


@pytest.mark.parametrize("point", points())
def test_every_experiment_has_three_seeds_at_least_at_one_budget(point):
    seeds = [run.seed for run in practicals.shown(point)]
    # A search's winner is trained by the seeds of the other searches, and there are three of these.
    left_out = re.search(r"@search=(\d)", point)
    enough = 2 if left_out else 3
    assert len(set(seeds)) == len(seeds) >= enough
    expected = [seed for seed in range(4) if not left_out or seed != int(left_out[1])]
    assert seeds[:enough] == expected[:enough]


def test_what_a_practical_defines_is_its_functions_imports_and_constants(tmp_path, monkeypatch):
    monkeypatch.setattr(practicals, "NOTEBOOKS", tmp_path)
    cells = [
        "import math\nfrom keras import layers\nNARROW, WIDE = 4, 32\nSEED = None",
        "def area(side):\n    return side**2",
        "Dense = layers.Dense\nlow, HIGH = 1, 2\nfound = area(WIDE)\nprint('trained')",
    ]
    (tmp_path / "99_tiny.py").write_text("\n\n".join(f"# %%\n{cell}" for cell in cells))
    found = practicals.definitions("99_tiny")
    assert (found["NARROW"], found["WIDE"], found["area"](3)) == (4, 32, 9)
    assert {"math", "layers", "SEED", "Dense"} <= set(found)
    assert not {"low", "HIGH", "found"} & set(found)
