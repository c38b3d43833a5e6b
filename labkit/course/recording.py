"""Executing notebooks with papermill: to try them out, and to record their runs."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from labkit import choices, folders
from labkit.errors import NotebookError, ParameterError, nearest


def run_notebook(
    notebook: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    output: Path | None = None,
    progress: bool = True,
) -> Path:
    """Execute a notebook and return its executed copy; the notebook itself stays as it is.

    Args:
        notebook: an ``.ipynb``, or a ``.py`` in jupytext's percent format.
        parameters: values for its parameters cell.
        output: the executed copy; None is ``_build/executed/NAME.ipynb`` in this folder.
        progress: show a bar over its cells.

    Raises:
        NotebookError: no such notebook, no papermill, or a cell failed; the message names the
            copy to look at.
        ParameterError: the notebook has no such parameter; the message names the nearest.
    """
    papermill = _papermill()
    source = _notebook(notebook)
    known = list(papermill.inspect_notebook(str(source)))
    for name in parameters or {}:
        _require_known(source, name, known)
    target = output or Path("_build") / "executed" / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            dict(parameters or {}),
            progress_bar=progress,
            log_output=False,
        )
    except papermill.PapermillExecutionError as problem:
        _require_expected(source, target, problem)
    return target


def _papermill() -> ModuleType:
    try:
        import papermill
    except ModuleNotFoundError as problem:
        raise NotebookError(
            "papermill",
            expected="papermill, which executes notebooks",
            received=str(problem),
            remedy='Install it: pip install "labkit[run]".',
        ) from problem
    return papermill


def _require_expected(source: Path, target: Path, problem: Exception) -> None:
    """Let failures pass that the notebook announces with the tag ``raises-exception``.

    papermill runs on after such a cell, and complains at the end; its note is taken out again.
    """
    import nbformat

    executed = nbformat.read(target, as_version=4)
    executed.cells = [cell for cell in executed.cells if not _is_note(cell)]
    for cell in executed.cells:
        failed = [one for one in cell.get("outputs", []) if one.output_type == "error"]
        if failed and "raises-exception" not in cell.metadata.get("tags", []):
            raise NotebookError(
                str(source),
                expected="every cell to run",
                received=f"{failed[0].ename} in cell {cell.execution_count}: {failed[0].evalue}",
                remedy=f"The executed copy shows where: {target}.",
            ) from problem
    nbformat.write(executed, target)


def _is_note(cell: Any) -> bool:
    return "papermill-error-cell-tag" in cell.metadata.get("tags", [])


def record_notebook(
    notebook: Path,
    *,
    budget: str,
    seeds: Sequence[int],
    only: str = "*",
    store: Path | None = None,
    progress: bool = True,
) -> None:
    """Train a notebook's experiments once a seed and write their runs into the store.

    Finished runs are skipped, and a killed one goes on where it was, so the same command can be
    given again and again.

    Args:
        notebook: as in `run_notebook`.
        budget: ``"lab"`` or ``"full"``.
        seeds: one execution each.
        only: a shell pattern; experiments with other names are left alone.
        store: the folder of records; None is `folders.store_folder()`.
        progress: show a bar over the cells.

    Raises:
        ParameterError: a budget that is never recorded.
        NotebookError: as in `run_notebook`; what was finished before is recorded.
    """
    if budget not in choices.RECORDED_BUDGETS:
        raise ParameterError(
            "budget",
            expected=f"one of {', '.join(choices.RECORDED_BUDGETS)}",
            received=repr(budget),
            remedy="Smoke runs are for tests and are never recorded.",
        )
    folder = (store or folders.store_folder()).resolve()
    recording = choices.Recording(folder, only, budget)
    for seed in seeds:
        name = f"{notebook.stem}-{budget}-{seed}.ipynb"
        with _environment(choices.recording_environment(recording, seed=seed)):
            run_notebook(
                notebook,
                {"BUDGET": budget, "SEED": seed, "MODE": "train", "SOURCE": "real"},
                output=Path("_build") / "executed" / name,
                progress=progress,
            )


def seeds(text: str) -> list[int]:
    """Return the seeds that a text like ``0-4`` or ``0,3,7`` names.

    >>> seeds("0-2,7")
    [0, 1, 2, 7]

    Raises:
        ParameterError: it is neither.
    """
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if not match or (match[2] and int(match[2]) < int(match[1])):
            raise ParameterError(
                "seeds",
                expected="whole numbers and ranges, like 0-4 or 0,3,7",
                received=repr(text),
                remedy="Seeds 0-2 are the least a page quotes.",
            )
        found += range(int(match[1]), int(match[2] or match[1]) + 1)
    return list(dict.fromkeys(found))


def _notebook(path: Path) -> Path:
    """Return a notebook papermill can read: an .ipynb itself, or one made from a .py now.

    The .py of a pair is its source, so what runs is never an .ipynb that lags behind it.
    """
    if path.suffix not in (".py", ".ipynb") or not path.is_file():
        raise NotebookError(
            str(path),
            expected="a notebook, .ipynb or the .py beside it",
            received="a file that is none" if path.is_file() else "no such notebook",
            remedy="The practicals are in notebooks/, e.g. notebooks/01_mnist_dense.ipynb.",
        )
    if path.suffix == ".ipynb":
        return path
    import jupytext

    made = Path("_build") / "sources" / f"{path.stem}.ipynb"
    made.parent.mkdir(parents=True, exist_ok=True)
    jupytext.write(jupytext.read(path), made, fmt="ipynb")
    return made


def _require_known(source: Path, name: str, known: list[str]) -> None:
    if name not in known:
        raise ParameterError(
            f"parameter of {source.name}",
            expected="a name from its parameters cell",
            received=repr(name),
            remedy=nearest(name, known),
        )


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the kernels that start meanwhile."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
