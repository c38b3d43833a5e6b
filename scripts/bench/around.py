"""What a person waits for apart from training: commands, loading data, pages, the site."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
BIN = Path(PYTHON).parent
TIMES = 3  # of which the median counts
MORE = 10  # notebooks that the site is built with besides
# Budget → the data, and the seconds that a practical may take once it has its packages.
SESSIONS = {"smoke": ("sample", 20), "lab": ("real", 600)}
REPLAY = {"LABKIT_MODE": "replay", "LABKIT_SOURCE": "local"}
# Loads a dataset and prints seconds, its own bytes, and by how much memory grew at the most.
# (On Linux `ru_maxrss` begins with what the parent process had, so the kernel's own line is read.)
LOAD = """
import json, pathlib, re, resource, sys, time
import numpy as np
from labkit import data as datasets
def peak():
    status = pathlib.Path("/proc/self/status")
    if status.is_file():
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
name, source = sys.argv[1:]
before, started = peak(), time.perf_counter()
data = datasets.load(name, source=source)
seconds = time.perf_counter() - started
arrays = [array for split in (data.train, data.validation, data.test) if split is not None
          for array in (split.inputs, split.targets)]
held = sum(np.asarray(array).nbytes for array in arrays)
print(json.dumps([seconds, held, peak() - before]))
"""


def timed(
    command: Sequence[str], *, times: int = TIMES, settings: Mapping[str, str] | None = None
) -> float:
    """Return the median seconds of a command that has to succeed."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            env=os.environ | dict(settings or {}),
            check=True,
            capture_output=True,
        )
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def row(what: str, seconds: float, budget: float | None = None, **more: Any) -> dict[str, Any]:
    """Return a row of the table; the budget is in seconds, where the course has set one."""
    return {"what": what, "seconds": round(seconds, 3), "budget": budget, **more}


def commands() -> Iterator[dict[str, Any]]:
    """Measure what starts with the package; an empty Python is taken off."""
    empty = timed([PYTHON, "-c", "pass"])
    yield row("import labkit", timed([PYTHON, "-c", "import labkit"]) - empty, 0.5)
    yield row("labkit --help", timed([BIN / "labkit", "--help"]), 0.5)
    yield row("labkit ledger", timed([BIN / "labkit", "ledger"]))


def loading() -> Iterator[dict[str, Any]]:
    """Measure each dataset, from the excerpts and, where `LABKIT_DATA` is set, from the mirror."""
    from labkit.data import sources

    mirrored = bool(os.environ.get("LABKIT_DATA"))
    for name in sources.NAMES:
        for source in ("sample", *(["local"] if mirrored else [])):
            yield _loaded(name, source)


def _loaded(name: str, source: str) -> dict[str, Any]:
    measured = []
    for _ in range(TIMES):
        done = subprocess.run(
            [PYTHON, "-c", LOAD, name, source], cwd=ROOT, check=True, capture_output=True, text=True
        )
        measured.append(json.loads(done.stdout))
    seconds, held, grown = (statistics.median(side) for side in zip(*measured, strict=True))
    where = "excerpt" if source == "sample" else "mirror"
    return row(
        f"load {name} ({where})",
        seconds,
        megabytes=round(held / 1e6, 1),
        peak_megabytes=round(grown / 1e6, 1),
    )


def pages() -> Iterator[dict[str, Any]]:
    """Measure replay of each page, and that nothing has to be made again."""
    notebooks = sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb"))
    for notebook in notebooks:
        with tempfile.TemporaryDirectory() as folder:
            command = [BIN / "labkit", "run", notebook, "-o", Path(folder, notebook.name)]
            yield row(f"replay {notebook.stem}", timed(command, times=1, settings=REPLAY))
    check = [PYTHON, "scripts/make_notebooks.py"]
    yield row(f"make notebooks, nothing changed ({len(notebooks)})", timed(check, times=1))


def site() -> Iterator[dict[str, Any]]:
    """Measure the site in a copy: built whole, again, after one change, and with more notebooks."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "course")
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "_build", "node_modules"))
        notebook = copy / "notebooks" / "01_mnist_dense.ipynb"
        build = [BIN / "jupyter-book", "build", copy / "book"]
        count = len(list((copy / "notebooks").rglob("[0-9]*.ipynb")))
        yield row(f"site, whole ({count} notebooks)", timed(build, times=1))
        yield row("site, nothing changed", timed(build, times=1))
        change(notebook)
        yield row("site, one notebook changed", timed(build, times=1))
        add_notebooks(copy, notebook)
        shutil.rmtree(copy / "_build")
        yield row(f"site, whole ({count + MORE} notebooks)", timed(build, times=1))


def change(notebook: Path) -> None:
    """Add a sentence to the end of a notebook."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    sentence = {"cell_type": "markdown", "id": "more", "metadata": {}, "source": "And so on."}
    content["cells"].append(sentence)
    notebook.write_text(json.dumps(content), encoding="utf-8")


def add_notebooks(course: Path, notebook: Path) -> None:
    """Add `MORE` copies of a notebook to a course, as chapters after it."""
    contents = course / "_toc.yml"
    entry = f"      - file: notebooks/{notebook.stem}\n"
    names = [f"{50 + number}_copy" for number in range(MORE)]
    for name in names:
        shutil.copy(notebook, notebook.with_stem(name))
    entries = [entry.replace(notebook.stem, name) for name in (notebook.stem, *names)]
    text = contents.read_text(encoding="utf-8")
    contents.write_text(text.replace(entry, "".join(entries)), encoding="utf-8")


def practicals() -> Iterator[dict[str, Any]]:
    """Measure each practical, trained as tests train it and as a person does in a session."""
    for notebook in sorted((ROOT / "notebooks").rglob("0[1-6]*.ipynb")):
        for budget, (source, at_most) in SESSIONS.items():
            with tempfile.TemporaryDirectory() as folder:
                executed = Path(folder, notebook.name)
                settings = {
                    "LABKIT_MODE": "train",
                    "LABKIT_BUDGET": budget,
                    "LABKIT_SOURCE": source,
                    "XDG_DATA_HOME": folder,
                }
                command = [BIN / "labkit", "run", notebook, "-o", executed]
                timed(command, times=1, settings=settings)
                yield row(f"{notebook.stem} at {budget}", after_imports(executed), at_most)


def after_imports(executed: Path) -> float:
    """Return the seconds that an executed notebook's cells took, once it had its packages."""
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    imports = next(
        place
        for place, cell in enumerate(cells)
        if cell["cell_type"] == "code" and "\nimport labkit\n" in "".join(cell["source"])
    )
    code = [cell for cell in cells[imports + 1 :] if cell["cell_type"] == "code"]
    return sum(cell["metadata"]["papermill"]["duration"] for cell in code)


def tests() -> Iterator[dict[str, Any]]:
    """Measure `make test`, which is to take less than 20 minutes on two cores."""
    yield row("make test", timed(["make", "test"], times=1), 20 * 60)


PARTS = (commands, loading, pages, site)
