"""Executing one notebook with papermill, in a kernel of its own."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from labkit import choices, folders
from labkit.choices import Recording
from labkit.errors import NotebookError, ParameterError, nearest
from labkit.files import written_whole

if TYPE_CHECKING:
    from nbformat import NotebookNode

BUILD = Path("_build")  # in the folder that the command is given in
_REMEDY_FOR_BUILD = "Free some space, or give the command in a folder that can be written."
_GO_ON = (
    "Finished runs are kept, and an unfinished one goes on where it was: give the same command "
    "again."
)
# What the kernel logs is about itself: that it talks over TCP, that Ctrl-C ended it.
_QUIET_KERNEL = ("--log-level=CRITICAL",)


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
        NotebookError: no such notebook, one without a kernel of this machine, no papermill, a
            cell that failed, a kernel that died; where some cells ran, the message names the copy
            to look at.
        ParameterError: the notebook has no such parameter, and the message names the nearest; or
            a budget, mode, source or seed that is not allowed, there or in the environment.
        CacheWriteError: the copy cannot be written.
    """
    asked = dict(parameters or {})
    _require_allowed(asked)
    papermill = _tool("papermill")
    target = output or BUILD / "executed" / f"{notebook.stem}.ipynb"
    folders.require_writable(target.parent, remedy=_REMEDY_FOR_BUILD)
    source = _source(notebook)
    known = list(papermill.inspect_notebook(_literal(source)))
    for name in asked:
        _require_known(notebook, name, known)
    try:
        papermill.execute_notebook(
            _literal(source),
            _literal(target),
            asked,
            progress_bar=progress,
            log_output=False,
            extra_arguments=list(_QUIET_KERNEL),
        )
    except papermill.PapermillExecutionError as problem:
        _require_expected(notebook, target, problem)
    except RuntimeError as problem:
        raise _died(notebook, target, problem) from problem
    except OSError as problem:
        raise NotebookError(
            str(notebook),
            expected=f"a kernel that starts, and room for {target}",
            received=str(problem),
            remedy=f"{_REMEDY_FOR_BUILD} {_GO_ON}",
        ) from problem
    return target


def run_to_record(
    notebook: Path, recording: Recording, seed: int, *, progress: bool = True
) -> None:
    """Execute a notebook whose kernel writes its runs of a seed into the record.

    Raises:
        NotebookError, ParameterError, CacheWriteError: as in `run_notebook`.
    """
    name = f"{notebook.stem}-{recording.budget}-{seed}.ipynb"
    with choices.in_environment(choices.recording_environment(recording, seed=seed)):
        run_notebook(
            notebook,
            {"BUDGET": recording.budget, "SEED": seed, "MODE": "train", "SOURCE": "real"},
            output=BUILD / "executed" / name,
            progress=progress,
        )


def _literal(path: Path) -> str:
    """Return a path as papermill is to be given it: it fills in braces as `str.format` does."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _tool(name: str) -> ModuleType:
    """Import a package that only executing notebooks needs."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        raise NotebookError(
            name,
            expected=f"{name}, which executing this notebook needs",
            received=str(problem),
            remedy=f"Install it: pip install {name}.",
        ) from problem


# --- before it runs -----------------------------------------------------------------------


def _require_allowed(parameters: Mapping[str, Any]) -> None:
    """Find a wrong choice before the kernel does, cells later."""
    for name in ("BUDGET", "MODE", "SOURCE"):
        choices.choice(name.lower(), parameters.get(name))
    choices.seed(parameters.get("SEED"))
    folders.mirror_folder()
    folders.store_folder()


def _source(path: Path) -> Path:
    """Return a notebook papermill can read: an .ipynb itself, or one made from a .py now.

    The .py of a pair is its source, so what runs is never an .ipynb that lags behind it.
    """
    notebook = read(path)
    _require_kernel(path, notebook)
    if path.suffix == ".ipynb":
        return path
    made = BUILD / "sources" / f"{path.stem}.ipynb"
    with written_whole(made, remedy=_REMEDY_FOR_BUILD) as partial:
        text = _tool("jupytext").writes(notebook, fmt="ipynb")
        partial.write_text(text, encoding="utf-8")
    return made


def read(path: Path) -> NotebookNode:
    """Return a notebook, an ``.ipynb`` or a ``.py`` in jupytext's percent format.

    Raises:
        NotebookError: there is none, or a damaged one.
    """
    import nbformat

    if path.suffix not in (".py", ".ipynb"):
        raise _no_notebook(path, "a file that is none")
    try:
        if path.suffix == ".py":
            return _tool("jupytext").read(path)
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        return notebook
    except OSError as problem:
        raise _no_notebook(path, problem.strerror) from problem
    except (ValueError, TypeError, AttributeError, nbformat.ValidationError) as problem:
        received = f"a damaged one: {str(problem).splitlines()[0].rstrip('.')}"
        raise _no_notebook(path, received) from problem


def _no_notebook(path: Path, received: str) -> NotebookError:
    return NotebookError(
        str(path),
        expected="a notebook, .ipynb or the .py beside it",
        received=received,
        remedy="The practicals are in notebooks/, e.g. notebooks/01_mnist_dense.ipynb.",
    )


def _require_kernel(path: Path, notebook: NotebookNode) -> None:
    """Find out before anything starts whether a kernel of this machine can."""
    from jupyter_client.kernelspec import KernelSpecManager

    there = [
        name
        for name, one in KernelSpecManager().get_all_specs().items()
        if one["spec"]["language"] == "python"
    ]
    chosen = notebook.metadata.get("kernelspec", {})
    language = notebook.metadata.get("language_info", chosen | {"name": chosen.get("language")})
    if chosen.get("name") not in there or language.get("name") != "python":
        raise NotebookError(
            str(path),
            expected="a kernel of this machine for Python, named in its metadata: "
            f"{', '.join(there) or 'there is none'}",
            received=repr(chosen.get("name")),
            remedy="Choose a Python kernel for it in JupyterLab; pip install ipykernel brings one.",
        )


def _require_known(notebook: Path, name: str, known: list[str]) -> None:
    if name not in known:
        raise ParameterError(
            f"parameter of {notebook.name}",
            expected="a name from its parameters cell",
            received=repr(name),
            remedy=nearest(name, known),
        )


# --- when something goes wrong ------------------------------------------------------------


def _require_expected(notebook: Path, target: Path, problem: Exception) -> None:
    """Let failures pass that the notebook announces with the tag ``raises-exception``.

    papermill runs on after such a cell, and complains at the end; its note is taken out again.
    """
    import nbformat

    executed = nbformat.read(target, as_version=4)
    executed.cells = [cell for cell in executed.cells if not _is_note(cell)]
    for cell in executed.cells:
        failed = [one for one in cell.get("outputs", []) if one.output_type == "error"]
        if failed and "raises-exception" not in cell.metadata.get("tags", []):
            said = " ".join(failed[0].evalue.split()).rstrip(".")
            raise NotebookError(
                str(notebook),
                expected="every cell to run",
                received=f"{failed[0].ename} in cell {cell.execution_count}: {said}",
                remedy=f"The executed copy shows where: {target}.",
            ) from problem
    nbformat.write(executed, target)


def _is_note(cell: NotebookNode) -> bool:
    return "papermill-error-cell-tag" in cell.metadata.get("tags", [])


def _died(notebook: Path, target: Path, problem: Exception) -> NotebookError:
    return NotebookError(
        str(notebook),
        expected="its kernel to live to the last cell",
        received=str(problem),
        remedy=f"Often there was too little memory, and the system ended it. {_GO_ON} "
        f"The executed copy shows how far it came: {target}.",
    )
