"""Every practical trains at the smallest budget, and what it recorded is enough to show."""

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
        # Each seed's search proposes points of its own, and its winner is trained by other seeds.
        if not experiment.endswith(("/search", "/winner")):
            yield from sorted({run.name for run in store.read(experiment, ROOT / "runs")})


@pytest.mark.parametrize("point", points())
def test_every_experiment_has_three_seeds_at_least_at_one_budget(point):
    seeds = [run.seed for run in practicals.shown(point)]
    assert len(set(seeds)) == len(seeds) >= 3
    assert seeds[:3] == [0, 1, 2]


def test_the_winners_of_three_searches_at_least_are_trained_by_the_others_seeds():
    searches = {run.seed for run in store.read("05/search", ROOT / "runs")}
    assert len(searches) >= 3
    trained = {(run.settings["search"], run.settings["way"], run.seed) for run in winners()}
    ways = {way for _, way, _ in trained}
    assert trained >= {
        (one, way, seed) for one in searches for way in ways for seed in searches - {one}
    }
    assert all(one != seed for one, _, seed in trained)


def winners():
    return store.read("05/winner", ROOT / "runs")


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
