"""What a practical defines, and what its records say, for tests of its prose."""

import ast
import contextlib
import io
import linecache
from pathlib import Path
from types import SimpleNamespace

import jupytext
import numpy as np

from labkit import choices
from labkit import names as labkit_names
from labkit.course import handout
from labkit.records import replicates, selection

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def definitions(name):
    """Return a practical's functions, imports and constants as a namespace."""
    namespace = {"__name__": name}
    for cell in code_cells(name):
        tree = ast.parse(cell.source)
        tree.body = [node for node in tree.body if _defines(node)]
        exec(compile(tree, _filed(cell.source), "exec"), namespace)
    return namespace


def page(name):
    """Return all names that a practical's cells define, solutions included, once all have run."""
    names, _ = _ran(name, code_cells(name))
    return SimpleNamespace(**names)


def handed_out(name):
    """Run a practical's cells as students find them, without the solutions.

    Returns all names that they define, and what each check printed.
    """
    cells = [cell for cell in code_cells(name) if "solution" not in tags(cell)]
    names, printed = _ran(name, cells)
    said = [text for cell, text in zip(cells, printed, strict=True) if "check" in tags(cell)]
    return names, said


def _ran(name, cells):
    import matplotlib as mpl

    mpl.use("Agg")
    names = {"__name__": name}
    with mpl.rc_context():
        return names, [run(cell.source, names) for cell in cells]


def run(source, names):
    """Run a cell among names; return what it printed."""
    import matplotlib.pyplot as plt

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, _filed(source), "exec"), names)
    plt.close("all")
    return printed.getvalue()


def exercises(name):
    """Return a practical's exercises."""
    path = NOTEBOOKS / f"{name}.py"
    return handout.exercises(jupytext.read(path), path=path)


def tags(cell):
    return cell.metadata.get("tags", [])


def _filed(source):
    """Return a file's name under which Python finds a cell's text, as it does in a notebook."""
    name = f"<cell {hash(source)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return name


def failing_cells(name):
    """Return the sources of the cells that fail on purpose, in their order."""
    return [cell.source for cell in code_cells(name) if "with checks.raises(" in cell.source]


def code_cells(name):
    """Return a practical's code cells, without the one that installs labkit where it is missing."""
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell for cell in code if "remove-cell" not in tags(cell)]


def _defines(node):
    """Say whether a statement only gives something a name."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef):
        return True
    if not isinstance(node, ast.Assign):
        return False
    return all(map(_is_constant, node.targets)) or isinstance(node.value, ast.Attribute)


def _is_constant(target):
    """Say whether a target is a name in capitals or a tuple of such: `NARROW, WIDE = 4, 32`."""
    if isinstance(target, ast.Tuple):
        return all(map(_is_constant, target.elts))
    return isinstance(target, ast.Name) and target.id.isupper()


# --- records ------------------------------------------------------------------------------


def shown(point):
    """Return the runs that a page shows: the highest budget with three seeds, by seed.

    A point is an experiment, or one of a sweep: ``05/batch@batch_size=16``.
    """
    experiment, settings = labkit_names.split(point)
    sets = [
        selection.recorded(experiment, budget, settings=settings)
        for budget in choices.RECORDED_BUDGETS
    ]
    return next((runs for runs in sets if len(runs) >= selection.ENOUGH_SEEDS), ())


def recorded(prefix, names):
    """Return the shown runs of several experiments by their names, without the prefix."""
    return {name: shown(f"{prefix}{name}") for name in names}


def mean(runs, metric):
    """Return the mean of a number over seeds."""
    return replicates.statistic(runs, metric).mean


def curve(runs, name):
    """Return the mean over seeds of what the history has of each epoch."""
    return np.mean([run.history[name] for run in runs], axis=0)


def paired(runs, others, metric):
    """Return the differences between two experiments, seed by seed."""
    theirs = {(run.budget, run.seed): run.value(metric) for run in others}
    return np.array([run.value(metric) - theirs[run.budget, run.seed] for run in runs])
