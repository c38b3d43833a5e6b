"""What JupyterLab and Colab show folded, said to each in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

SOURCE, OUTPUTS = "source_hidden", "outputs_hidden"
FOLDED = {"hide-cell": (SOURCE, OUTPUTS), "hide-input": (SOURCE,), "hide-output": (OUTPUTS,)}


def fold(cell: NotebookNode) -> None:
    """Let each front end fold what the site folds by a cell's tags, which is all a .py has.

    JupyterLab folds by what it keeps under "jupyter", and writes "collapsed" beside it; Colab
    hides a form's code.
    """
    parts = [part for tag in cell.metadata.get("tags", ()) for part in FOLDED.get(tag, ())]
    if parts:
        cell.metadata["jupyter"] = dict.fromkeys(parts, True)
    if OUTPUTS in parts:
        cell.metadata["collapsed"] = True
    if SOURCE in parts:
        cell.metadata["cellView"] = "form"
