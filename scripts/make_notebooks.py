"""Make every .ipynb again whose .py changed, and execute it from the records.

    python scripts/make_notebooks.py [--all | --check] [NOTEBOOK.py ...]

The .py is the source. An .ipynb is made anew when its cells are not those of the .py, when a cell
has not been run, or when the records or claims that it shows are others; `--all` makes each one,
`--check` only says which differ (exit code 1).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
CELL_SECONDS = 600  # a replayed cell takes seconds: this ends one that hangs
# What outputs are made from: the records, and data without a download.
REPLAY = {"LABKIT_MODE": "replay", "LABKIT_SOURCE": "local"}
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    # No version: it would change with whoever made the notebook.
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
    "jupytext": {
        "formats": "ipynb,py:percent",
        "cell_metadata_filter": "tags,mystnb,-all",
    },
}


def sources() -> list[Path]:
    """Return the .py of every notebook, sorted by path."""
    return [path for path in sorted(NOTEBOOKS.rglob("*.py")) if is_notebook(path)]


def is_notebook(path: Path) -> bool:
    """Say whether a .py is a notebook's text: its header says so."""
    return path.read_text(encoding="utf-8").startswith(("# ---\n# jupyter:", "# ---\r\n# jupyter:"))


def cells_of(notebook: NotebookNode) -> list[tuple]:
    """Return what a pair must agree on, cell by cell: type, source, tags and figure metadata."""
    return [
        (
            cell.cell_type,
            cell.source.rstrip(),
            tuple(cell.metadata.get("tags", ())),
            repr(plain(cell.metadata.get("mystnb", {}))),
        )
        for cell in notebook.cells
    ]


def plain(value: object) -> object:
    """Return nested metadata with its keys in order, so that it can be compared and printed."""
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    return value


def is_current(source: Path) -> bool:
    """Say whether a .py's .ipynb has the same cells, each of them run."""
    target = source.with_suffix(".ipynb")
    if not target.exists():
        return False
    written = nbformat.read(target, as_version=4)
    ran = all(cell.execution_count for cell in written.cells if is_run(cell))
    ran = ran and written.metadata.get("labkit") == {"records": records_of(source)}
    return ran and cells_of(written) == cells_of(jupytext.read(source))


def records_of(source: Path) -> str:
    """Return a hash of what a notebook's outputs are made from.

    That is its practical's records, ``runs/01`` for ``01_mnist_dense.py``, and the reports'
    claims, which nearly every notebook quotes. A notebook that trains nothing of its own and
    shows the ledger is made from all records.
    """
    practical = source.resolve().relative_to(NOTEBOOKS).as_posix().partition("_")[0]
    records = ROOT / "runs" / practical
    if not records.is_dir() and "ledger.read(" in source.read_text(encoding="utf-8"):
        records = ROOT / "runs"
    digest = hashlib.sha256()
    for path in [*sorted(records.rglob("[!.]*.json")), ROOT / "book" / "claims.toml"]:
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:12]


def is_run(cell: NotebookNode) -> bool:
    """Say whether executing a notebook numbers this cell: code that is not blank."""
    return cell.cell_type == "code" and bool(cell.source.strip())


def identify(notebook: NotebookNode) -> None:
    """Give every cell an id made from what it says, so that only changed cells change theirs."""
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        text = f"{cell.cell_type}\n{cell.source}"
        seen[text] += 1
        cell.id = hashlib.sha256(f"{text}\n{seen[text]}".encode()).hexdigest()[:12]


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run a notebook's cells in this Python, in replay."""
    from nbclient import NotebookClient

    for name in [
        name for name in os.environ if name.startswith("LABKIT_") and name != "LABKIT_DATA"
    ]:
        del os.environ[name]
    os.environ.update(REPLAY)
    NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
    ).execute()


def make(source: Path) -> None:
    """Make a .py's .ipynb: cells from the text, outputs from the records."""
    notebook = jupytext.read(source)
    identify(notebook)
    notebook.metadata = nbformat.from_dict(METADATA)
    execute(notebook, source.parent)
    forget_live_outputs(notebook)
    # Execution adds this machine's versions.
    notebook.metadata = nbformat.from_dict(METADATA | {"labkit": {"records": records_of(source)}})
    nbformat.validate(notebook)
    write(nbformat.writes(notebook) + "\n", source.with_suffix(".ipynb"))


def forget_live_outputs(notebook: NotebookNode) -> None:
    """Keep no output of cells that speak of this machine only; the site shows none either."""
    for cell in notebook.cells:
        if "remove-output" in cell.metadata.get("tags", ()):
            cell.outputs = []


def write(text: str, target: Path) -> None:
    """Write a file whole or not at all."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="\n", dir=target.parent, suffix=".tmp", delete=False
    ) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(target)


def shown(path: Path) -> str:
    """Return a path as a person would type it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def check(chosen: list[Path]) -> int:
    """Name the pairs that differ; return the exit code."""
    stale = [shown(path) for path in chosen if not is_current(path)]
    for name in stale:
        print(f"{name}: its .ipynb differs or was not run. Run: make notebooks", file=sys.stderr)
    return 1 if stale else 0


def make_all(chosen: list[Path]) -> int:
    """Make the given notebooks, go on past one that fails; return the exit code."""
    from nbclient.exceptions import CellExecutionError

    failed = 0
    for path in chosen:
        print(shown(path), flush=True)
        try:
            make(path)
        except CellExecutionError as error:
            failed += 1
            print(f"{error}\n{shown(path)}: left as it was.", file=sys.stderr)
    return 1 if failed else 0


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and do what it asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--all", action="store_true", help="make every notebook")
    how.add_argument("--check", action="store_true", help="only say which differ")
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK.py")
    options = parser.parse_args(arguments)
    chosen = [path.resolve() for path in options.notebooks] or sources()
    if options.check:
        return check(chosen)
    return make_all([path for path in chosen if options.all or not is_current(path)])


if __name__ == "__main__":
    sys.exit(main())
