"""The command lines that errors and pages propose."""

from __future__ import annotations

from pathlib import Path

from labkit import folders


def record_command(experiment: str, budget: str, seeds: str = "0-2") -> str:
    """Return the command line that records an experiment, or a point of its sweep."""
    return (
        f"labkit record {notebook_of(experiment)} --budget {budget} --seeds {seeds} "
        f"--only '{experiment}'"
    )


def notebook_of(experiment: str) -> str:
    """Return the notebook an experiment belongs to, e.g. ``notebooks/01_mnist_dense.py``."""
    practical = experiment.partition("@")[0].rpartition("/")[0]
    root = folders.checkout()
    found = sorted((root / "notebooks").glob(f"{practical}_*.py")) if root else []
    return found[0].relative_to(root).as_posix() if found else f"notebooks/{practical}_*.py"


def practical_of(notebook: Path) -> str:
    """Return what the names of a notebook's experiments begin with.

    >>> practical_of(Path("notebooks/tp4/01_boston_housing.py"))
    'tp4/01'
    """
    folder, number = notebook.resolve().parent, notebook.stem.partition("_")[0]
    return f"{folder.name}/{number}" if folder.parent.name == "notebooks" else number
