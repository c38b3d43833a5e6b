"""Make every .ipynb again whose .py changed, and execute it from the records.

    python scripts/make_notebooks.py [--all | --check] [NOTEBOOK.py ...]

The .py is the source. An .ipynb is made anew when its cells are not those of the .py, when the
records or claims that it shows are others, or when somebody ran its cells in place; `--all` makes
each one, `--check` only says which differ (exit code 1).
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import re
import sys
import tempfile
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

import jupytext
import nbformat
from check_claims import quoted
from nbformat import NotebookNode

from labkit.course.folding import fold
from labkit.ledger import claims
from labkit.ledger.claims import Claim

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
CELL_SECONDS = 600  # a replayed cell takes seconds: this ends one that hangs
# Finds the ledgers that a notebook shows: a practical's, by its name, or the whole, without one.
LEDGER = re.compile(r'ledger\.read\((?:\)\.of\(practical="(.+?)")?')
FINDINGS, TOLERANCES = "ledger.findings(", "ledger.tolerances("  # shown with all their reasons
# What outputs are made from: the records, and data without a download.
REPLAY = {"LABKIT_MODE": "replay", "LABKIT_SOURCE": "local"}
# What JupyterLab writes when it saves a notebook, so that a save changes nothing.
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    # No version: it would change with whoever made the notebook.
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
    "jupytext": {
        "formats": "ipynb,py:percent",
        "cell_metadata_filter": "tags,mystnb,-all",
        "notebook_metadata_filter": "-jupytext.text_representation.jupytext_version",
    },
}


def sources() -> list[Path]:
    """Return the .py of every notebook, sorted by path, without the copies that Jupyter keeps."""
    found = [path for path in sorted(NOTEBOOKS.rglob("*.py")) if is_notebook(path)]
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]


def is_notebook(path: Path) -> bool:
    """Say whether a .py is a notebook's text: its header says so."""
    return path.read_text(encoding="utf-8").startswith(("# ---\n# jupyter:", "# ---\r\n# jupyter:"))


def unrun(source: Path) -> NotebookNode:
    """Return the notebook that a .py describes, none of its cells run."""
    notebook = jupytext.read(source)
    identify(notebook)
    for cell in notebook.cells:
        fold(cell)
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def cells_of(notebook: NotebookNode) -> list[tuple]:
    """Return what a pair must agree on, cell by cell."""
    return [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]


def is_current(source: Path) -> bool:
    """Say whether a .py's .ipynb is what `make` would write: the same cells, run from records."""
    target = source.with_suffix(".ipynb")
    if not target.exists():
        return False
    written = nbformat.read(target, as_version=4)
    made = written.metadata == made_from(source, written)
    return made and cells_of(written) == cells_of(unrun(source))


def made_from(source: Path, notebook: NotebookNode) -> dict[str, object]:
    """Return the metadata of a made notebook, with hashes of its records and of its outputs."""
    return METADATA | {"labkit": {"outputs": outputs_of(notebook), "records": records_of(source)}}


def outputs_of(notebook: NotebookNode) -> str:
    """Return a hash of what running the cells left: whoever runs them in place leaves another."""
    ran = [
        (cell.execution_count, cell.outputs) for cell in notebook.cells if cell.cell_type == "code"
    ]
    return hashlib.sha256(json.dumps(ran, sort_keys=True).encode()).hexdigest()[:12]


def records_of(source: Path) -> str:
    """Return a hash of what a notebook's outputs are made from.

    That is the claims that it quotes or whose ledger it shows, and the findings and tolerances
    where it shows those; and the records of its practical, ``runs/01`` for ``01_mnist_dense.py``,
    and those that its claims are judged by.
    """
    text = source.read_text(encoding="utf-8")
    ledgers = {found or "*" for found in LEDGER.findall(text)}
    chosen = claims_of(text, ledgers)
    practical = source.resolve().relative_to(NOTEBOOKS).as_posix().partition("_")[0]
    folder = ROOT / "runs" / ("" if "*" in ledgers else practical)
    records = {*folder.rglob("[!.]*.json"), *judging(chosen)}
    entered = [*chosen, *tolerances_of(text)]
    digest = hashlib.sha256(repr([dataclasses.astuple(one) for one in entered]).encode())
    for path in sorted(records):
        digest.update(path.name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:12]


def claims_of(text: str, ledgers: set[str]) -> list[Claim]:
    """Return the claims that a notebook's text quotes, those of the ledgers, and the findings."""
    ids = set(quoted(text))
    entered = claims.read(ROOT / "book" / "claims") if ids or ledgers else ()
    own = claims.findings(ROOT / "book" / "findings.toml") if FINDINGS in text else ()
    shown = (one for one in entered if matches(one.id, ids) or matches(one.practical, ledgers))
    return [*shown, *own]


def tolerances_of(text: str) -> tuple[claims.Tolerance, ...]:
    """Return the tolerances, where a notebook shows them."""
    return claims.tolerances(ROOT / "book" / "claims") if TOLERANCES in text else ()


def judging(chosen: list[Claim]) -> set[Path]:
    """Return the files of the experiments that decide claims, as far as they are recorded."""
    names = {name.partition("@")[0] for claim in chosen for name in claim.experiments}
    return {path for path in (ROOT / "runs" / f"{name}.json" for name in names) if path.is_file()}


def matches(name: str, patterns: set[str]) -> bool:
    """Say whether a name is like one of the patterns, in which * stands for anything."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


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
        extra_arguments=["--log-level=CRITICAL"],  # what a kernel logs is about itself
    ).execute()


def make(source: Path) -> None:
    """Make a .py's .ipynb: cells from the text, outputs from the records."""
    notebook = unrun(source)
    execute(notebook, source.parent)
    forget_live_outputs(notebook)
    # Execution adds this machine's versions.
    notebook.metadata = nbformat.from_dict(made_from(source, notebook))
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
        print(
            f"{name}: its .ipynb differs, or was run in place. Run: make notebooks", file=sys.stderr
        )
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
