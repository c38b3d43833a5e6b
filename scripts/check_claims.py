"""Check that every claim of the reports can be judged, and that every quotation is a claim.

    python scripts/check_claims.py

Each problem is one line that says what was expected, what was received, and what to do; the exit
code is 1 where there is any. It checks the claims file itself, the experiments and metrics that
claims name, the sections that they lead to, the errors that they announce, and what the
notebooks quote.
"""

from __future__ import annotations

import ast
import fnmatch
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import nbformat
from docutils.nodes import make_id
from nbformat import NotebookNode

from labkit import folders, names
from labkit.errors import ClaimError, nearest
from labkit.ledger import claims, verdicts
from labkit.ledger.claims import Claim
from labkit.ledger.measured import Records
from labkit.records import store

HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
EXPERIMENT = re.compile(rf'"({names.EXPERIMENT})"')
FAILURE = 'class="labkit-failure"'  # what checks.raises shows
TYPED_QUOTATION = re.compile(r"\*\*R\d says\*\*")


def notebooks(folder: Path) -> dict[str, NotebookNode]:
    """Return the notebooks of a folder by name, such as ``01_mnist_dense`` or ``tp4/01_boston``."""
    found = (
        path for path in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in str(path)
    )
    return {
        path.relative_to(folder).with_suffix("").as_posix(): nbformat.read(path, as_version=4)
        for path in found
    }


def sections(notebook: NotebookNode) -> dict[str, list[NotebookNode]]:
    """Return the anchor of every heading, as the site has it, with the cells that follow it."""
    found: dict[str, list[NotebookNode]] = {}
    anchor = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for heading in HEADING.findall(cell.source):
                anchor = make_id(heading.replace("`", ""))
                found[anchor] = []
        if anchor:
            found[anchor].append(cell)
    return found


def code(notebook: NotebookNode) -> str:
    """Return all code of a notebook, without its magic lines."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return "\n".join(re.sub(r"^\s*[%!].*$", "", cell, flags=re.MULTILINE) for cell in cells)


def unknown_experiments(
    chosen: Iterable[Claim], course: Mapping[str, NotebookNode], recorded: Iterable[str]
) -> Iterator[ClaimError]:
    """Yield a problem for every experiment that no notebook trains and no record has.

    A failure has no runs: its experiment is only a name.
    """
    trained = {name for notebook in course.values() for name in EXPERIMENT.findall(code(notebook))}
    known = trained | set(recorded)
    for claim in chosen:
        for name in claim.experiments if claim.kind != "failure" else ():
            if name.partition("@")[0] not in known:  # before the @: the sweep of a point
                yield ClaimError(
                    claim.id,
                    expected="an experiment that a notebook trains",
                    received=repr(name),
                    remedy=nearest(name, known).partition(" Allowed:")[0]
                    + " Mend book/claims.toml, or the name in the notebook.",
                )


def unknown_metrics(chosen: Iterable[Claim], records: Records) -> Iterator[ClaimError]:
    """Yield a problem for every metric that the recorded runs do not have."""
    for claim in chosen:
        try:
            verdicts.judge(claim, records)
        except ClaimError as problem:
            yield problem


def dead_links(chosen: Iterable[Claim], course: Mapping[str, NotebookNode]) -> Iterator[ClaimError]:
    """Yield a problem for every claim that leads to a section which is not there."""
    anchors = {name: sections(notebook) for name, notebook in course.items()}
    for claim in chosen:
        name, _, anchor = claim.page.partition("#")
        if name not in anchors:
            yield _dead(claim, "a notebook of the course", nearest(name, anchors))
        elif anchor not in anchors[name]:
            yield _dead(claim, f"a section of {name}", nearest(anchor, anchors[name]))


def _dead(claim: Claim, expected: str, remedy: str) -> ClaimError:
    return ClaimError(claim.id, expected=expected, received=repr(claim.page), remedy=remedy)


def unseen_failures(
    chosen: Iterable[Claim], course: Mapping[str, NotebookNode]
) -> Iterator[ClaimError]:
    """Yield a problem for every failure that its section does not show."""
    for claim in chosen:
        name, _, anchor = claim.page.partition("#")
        cells = sections(course[name]).get(anchor, []) if name in course else []
        outputs = [one.get("data", {}) for cell in cells for one in cell.get("outputs", [])]
        errors = [one["text/plain"] for one in outputs if FAILURE in one.get("text/html", "")]
        if claim.kind == "failure" and not any(_is_of(error, claim) for error in errors):
            yield ClaimError(
                claim.id,
                expected=f"the error {claim.comparison!r} in {claim.page}",
                received="; ".join(errors) or "no error",
                remedy="Let the section show it, or name the error that it shows.",
            )


def _is_of(error: str, claim: Claim) -> bool:
    exception, _, cause = claim.comparison.partition(": ")
    return error.startswith(f"{exception}: ") and cause in error


def false_quotations(
    course: Mapping[str, NotebookNode], known: Iterable[str]
) -> Iterator[ClaimError]:
    """Yield a problem for every quotation of a report that is not a claim."""
    known = set(known)
    for name, notebook in course.items():
        for id in quoted(code(notebook)):
            if not fnmatch.filter(known, id):
                hint = nearest(id, known).partition(" Allowed:")[0]
                yield ClaimError(
                    f"{name}: claims.quote",
                    expected="the id of a claim",
                    received=repr(id),
                    remedy=f"{hint} Mend it, or add the claim to book/claims.toml.",
                )
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and TYPED_QUOTATION.search(cell.source):
                yield ClaimError(
                    f"{name}: {cell.source.splitlines()[0][:60]}",
                    expected="a report quoted by a code cell",
                    received="a quotation typed into the text",
                    remedy="Add the claim to book/claims.toml and show claims.quote(id).",
                )


def quoted(source: str) -> Iterator[str]:
    """Yield the ids that a notebook's code quotes, with a * for what an f-string fills in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "claims.quote":
            yield from map(_pattern, node.args)


def _pattern(id: ast.expr) -> str:
    if isinstance(id, ast.JoinedStr):
        return "".join(map(_pattern, id.values))
    return id.value if isinstance(id, ast.Constant) else "*"


def problems(root: Path) -> Iterator[ClaimError]:
    """Yield everything that is wrong with the claims of a checkout."""
    try:
        chosen = claims.read(root / "book" / "claims.toml")
    except ClaimError as problem:
        yield problem
        return
    course, records = notebooks(root / "notebooks"), Records(root / "runs")
    yield from unknown_experiments(chosen, course, store.experiments(root / "runs"))
    yield from unknown_metrics(chosen, records)
    yield from dead_links(chosen, course)
    yield from unseen_failures(chosen, course)
    yield from false_quotations(course, [claim.id for claim in chosen])


def main() -> int:
    """Print the problems of this checkout; return the exit code."""
    found = list(problems(folders.checkout()))
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
