"""Copies of a practical for a class: one for students, without solutions, and one with them.

Both carry nbgrader's metadata: an exercise's cell is answered by hand and its check is a test that
gives a point. The key is what nbgrader's folder ``source`` expects.
"""

from __future__ import annotations

import copy
import os
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

from labkit import commands, folders
from labkit.course import executing
from labkit.course.folding import fold
from labkit.errors import NotebookError
from labkit.files import written_whole

if TYPE_CHECKING:
    from nbformat import NotebookNode

PARTS = ("exercise", "check", "solution")  # the tags of an exercise's cells, in their order
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"  # what nbgrader takes out, for students
_ANSWER = {"grade": False, "locked": False, "solution": True}
_TEST = {"grade": True, "locked": True, "solution": False, "points": 1}
_SCHEMA = {"schema_version": 3, "task": False}  # of nbgrader's metadata
_LINK = re.compile(r"(?<=\]\()(?!\w+:|[#/])([^)#\s]+)")  # to a file, by the way that leads there
_REMEDY = "Name another folder with -o."


@dataclass(frozen=True)
class Exercise:
    """The three cells of an exercise.

    Attributes:
        stub: the student's, which runs and leaves ``...`` where the answer belongs.
        check: what looks at the answer.
        solution: an answer, which gives a value to the names of the stub.
    """

    stub: NotebookNode
    check: NotebookNode
    solution: NotebookNode


def exercises(notebook: NotebookNode, *, path: Path) -> list[Exercise]:
    """Return a notebook's exercises in their order.

    Args:
        notebook: as it was read.
        path: where from, for the error.

    Raises:
        NotebookError: cells tagged `PARTS` do not follow one another in that order.
    """
    marked = [(place, part) for place, cell in enumerate(notebook.cells) if (part := _part(cell))]
    found = []
    for first in range(0, len(marked), len(PARTS)):
        place, there = marked[first][0], marked[first : first + len(PARTS)]
        if there != list(enumerate(PARTS, place)):
            raise _misplaced(path, [part for _, part in there], len(found))
        found.append(Exercise(*notebook.cells[place : place + len(PARTS)]))
    return found


def _part(cell: NotebookNode) -> str | None:
    return next((tag for tag in cell.metadata.get("tags", ()) if tag in PARTS), None)


def hand_out(notebooks: Sequence[Path], folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write ``student/NAME.ipynb`` and ``key/NAME.ipynb`` of each practical; return the files.

    Links to files of the course lead to where it is published, except those to a practical that
    is handed out with it.

    Args:
        notebooks: practicals, each an ``.ipynb`` or the ``.py`` beside it.
        folder: receives the copies; it may not exist yet.
        overwrite: replace copies that are there already.

    Raises:
        NotebookError: one is no notebook, has no exercises or is named twice, or there is a copy
            already. Nothing has been written then.
        CacheWriteError: the folder cannot be written.
    """
    names = [f"{path.stem}.ipynb" for path in notebooks]
    _require_once(names)
    copies = {}
    for path, name in zip(notebooks, names, strict=True):
        practical = _practical(path, together=names)
        copies[folder / "student" / name] = _without_solutions(practical)
        copies[folder / "key" / name] = _without_solutions(_filled_in(practical, path))
    for target in copies:
        _require_free(target, overwrite=overwrite)
    for part in ("student", "key"):
        folders.require_writable(folder / part, remedy=_REMEDY)
    for target, made in copies.items():
        _write(made, target)
    return list(copies)


def _write(notebook: NotebookNode, target: Path) -> None:
    import nbformat

    with written_whole(target, remedy=_REMEDY) as partial:
        partial.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


# --- what the copies are made of ----------------------------------------------------------


def _practical(path: Path, *, together: Collection[str]) -> NotebookNode:
    """Return a practical as nobody has run it, with nbgrader's metadata."""
    import nbformat

    notebook = executing.read(path)
    found = exercises(notebook, path=path)
    if not found:
        raise _no_practical(path)
    for number, one in enumerate(found, start=1):
        one.stub.metadata["nbgrader"] = _ANSWER | _SCHEMA | {"grade_id": f"exercise-{number}"}
        one.check.metadata["nbgrader"] = _TEST | _SCHEMA | {"grade_id": f"check-{number}"}
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place}"  # a .py has none, and the copies of both are to be the same
        fold(cell)
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
        elif cell.cell_type == "markdown":
            cell.source = _with_links(cell.source, path, together)
    # Without what jupytext has there: it would write a .py beside the copy.
    kept = {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}
    notebook.metadata = nbformat.from_dict(kept)
    notebook.nbformat, notebook.nbformat_minor = 4, 5  # the first whose cells have ids
    return notebook


def _with_links(text: str, path: Path, together: Collection[str]) -> str:
    """Return a Markdown text whose links lead to the published course, but for some names."""
    published = metadata.metadata("labkit")["Project-URL"].split(", ")[1]
    beside = join("notebooks", dirname(commands.practical_of(path)))

    def target(link: re.Match) -> str:
        there = link[0] in together
        return link[0] if there else f"{published}/blob/main/{normpath(join(beside, link[0]))}"

    return _LINK.sub(target, text)


def _without_solutions(notebook: NotebookNode) -> NotebookNode:
    made = copy.copy(notebook)
    made.cells = [cell for cell in notebook.cells if _part(cell) != "solution"]
    return made


def _filled_in(notebook: NotebookNode, path: Path) -> NotebookNode:
    """Return a copy with each solution behind its stub, where nbgrader can take it out again."""
    made = copy.deepcopy(notebook)
    for one in exercises(made, path=path):
        one.stub.source = "\n".join([one.stub.source, BEGIN, one.solution.source, END])
    return made


# --- what is refused ----------------------------------------------------------------------


def _require_once(names: Sequence[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise NotebookError(
                name,
                expected="each notebook once",
                received=f"it {times} times",
                remedy="Of a pair, name the .ipynb or the .py.",
            )


def _require_free(target: Path, *, overwrite: bool) -> None:
    if os.path.lexists(target) and not overwrite:
        raise NotebookError(
            str(target),
            expected="no copy there yet",
            received="one",
            remedy="Name another folder with -o, or replace what is there with --force.",
        )


def _no_practical(path: Path) -> NotebookError:
    return NotebookError(
        str(path),
        expected="a practical, whose exercises are cells with the tags exercise, check, solution",
        received="no such cell",
        remedy="The practicals are in notebooks/, e.g. notebooks/01_mnist_dense.ipynb.",
    )


def _misplaced(path: Path, parts: Sequence[str], before: int) -> NotebookError:
    return NotebookError(
        str(path),
        expected=f"exercise {before + 1} to be three cells in a row, with the tags "
        f"{', '.join(PARTS)}",
        received=f"{', '.join(parts)}, or cells between them",
        remedy="Put its cells in this order, and tag each.",
    )
