"""Check that every claim of the reports can be judged, and that every quotation is a claim.

    python scripts/check_claims.py
    python scripts/check_claims.py --accept

Each problem is one line that says what was expected, what was received, and what to do; the exit
code is 1 where there is any. It checks the files of claims and of findings themselves, the
experiments and metrics that they name, the sections that they lead to, the errors that claims
announce, what the notebooks quote, and that the runs carry every finding.

With --accept it writes down how everything comes out now, in tests/ledger/golden_verdicts.toml,
and prints each line that changes. A test fails where a verdict is another than the one written
there: read the changes before you commit them.
"""

from __future__ import annotations

import argparse
import ast
import fnmatch
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import nbformat
from docutils.nodes import make_id
from nbformat import NotebookNode

from labkit import folders, names
from labkit.errors import ClaimError, nearest
from labkit.ledger import Ledger, claims, findings, read, verdicts
from labkit.ledger.claims import Claim
from labkit.ledger.measured import Records
from labkit.records import store

HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
EXPERIMENT = re.compile(rf'"({names.EXPERIMENT})"')
FAILURE = 'class="labkit-failure"'  # what checks.raises shows
GOLDEN = Path("tests", "ledger", "golden_verdicts.toml")
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
                    + " Mend its file in book/claims, or the name in the notebook.",
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
                    remedy=f"{hint} Mend it, or add the claim to book/claims.",
                )
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and TYPED_QUOTATION.search(cell.source):
                yield ClaimError(
                    f"{name}: {cell.source.splitlines()[0][:60]}",
                    expected="a report quoted by a code cell",
                    received="a quotation typed into the text",
                    remedy="Add the claim to book/claims and show claims.quote(id).",
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


def unfounded(chosen: Iterable[Claim], records: Records) -> Iterator[ClaimError]:
    """Yield a problem for every finding that the recorded runs do not carry."""
    for finding in chosen:
        verdict = verdicts.judge(finding, records)
        if verdict.outcome != "reproduced":
            yield ClaimError(
                finding.id,
                expected=f"a finding that the runs carry: {finding.text}",
                received=f"{verdict.outcome}: {verdict.reason}",
                remedy=f"Rewrite the sentence in {finding.page} and in book/findings.toml.",
            )


def problems(root: Path) -> Iterator[ClaimError]:
    """Yield everything that is wrong with the claims and findings of a checkout."""
    try:
        chosen = claims.read(root / "book" / "claims")
        own = claims.findings(root / "book" / "findings.toml")
    except ClaimError as problem:
        yield problem
        return
    course, records = notebooks(root / "notebooks"), Records(root / "runs")
    everything = (*chosen, *own)
    yield from unknown_experiments(everything, course, store.experiments(root / "runs"))
    unjudged = list(unknown_metrics(everything, records))
    yield from unjudged
    yield from dead_links(everything, course)
    yield from unseen_failures(chosen, course)
    yield from false_quotations(course, [claim.id for claim in chosen])
    if not unjudged:
        yield from unfounded(own, records)


def golden(books: Ledger) -> dict[str, str]:
    """Return how each claim or finding comes out, with what was compared: id → one line."""
    return {one.claim.id: _line(one) for one in books.verdicts}


def _line(verdict: verdicts.Verdict) -> str:
    by_rule = verdict.by_rule if verdict.by_rule != verdict.outcome else None
    parts = [verdict.outcome, by_rule and f"by the rule alone {by_rule}", verdict.claim.comparison]
    return "; ".join(filter(None, parts))


def accept(path: Path, found: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Write down how everything comes out, and yield every line that is another than before.

    Args:
        path: the file that is written.
        found: its tables, as `golden` returns them.
    """
    before = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    text = "# Written by: python scripts/check_claims.py --accept, which prints what changes.\n"
    for table, entries in found.items():
        text += f"\n[{table}]\n"
        text += "".join(f"{_quoted(id)} = {_quoted(line)}\n" for id, line in entries.items())
        yield from changes(before.get(table, {}), entries)
    path.write_text(text, encoding="utf-8")


def _quoted(line: str) -> str:
    return json.dumps(line, ensure_ascii=False)


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Yield each line of a table that came, went, or is another than before."""
    for id in dict.fromkeys((*before, *now)):
        if before.get(id) != now.get(id):
            yield f"{id}: {before.get(id, 'not there')} → {now.get(id, 'not there')}"


def main(arguments: list[str]) -> int:
    """Print the problems of this checkout, or what --accept changes; return the exit code."""
    parser = argparse.ArgumentParser(description="Check the claims of the reports, and our own.")
    parser.add_argument("--accept", action="store_true", help="write down how all comes out now")
    root = folders.checkout()
    if parser.parse_args(arguments).accept:
        found = {"claims": golden(read()), "findings": golden(findings())}
        for line in accept(root / GOLDEN, found):
            print(line)
        return 0
    found = list(problems(root))
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
