"""What the reports say, one claim a number or conclusion, and what the practicals find.

`quote` shows a claim on a page. The claims stand in ``book/claims``, a file for each report, the
findings in ``book/findings.toml``; `Claim` lists the fields of both.
"""

from __future__ import annotations

import dataclasses
import functools
import reprlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit import folders, forms
from labkit.errors import ClaimError, nearest
from labkit.files import require_file
from labkit.ledger.claim import Claim, requirements
from labkit.ledger.tolerances import Tolerance

_SECTION = dict.fromkeys(("report", "title", "page", "differs"), forms.text)
_TOLERANCE = {"unit": forms.text, "because": forms.text}
_TOLERANCE |= {"value": forms.duration, "share": forms.duration}
_TABLES = {
    "section": forms.several(forms.fields(_SECTION, optional=("differs",))),
    "tolerance": forms.several(forms.fields(_TOLERANCE, optional=("value", "share"))),
    "claim": forms.several(forms.named),
}
_CLAIMS = forms.fields(_TABLES, optional=_TABLES)
_FINDINGS = forms.fields({"finding": forms.several(forms.named)}, optional=("finding",))
# What a finding may have. It is judged by the runs: it has no answer of its own.
_OF_A_FINDING = {"id", "page", "says", "kind", "comparison", "tolerance", "value", "unit"}
_OF_A_FINDING |= {"experiment", "metric", "line"}
_JUDGED = ("number", "comparison")  # by runs, so that their conditions matter


@dataclass(frozen=True)
class _Entered:
    """What the claims' files have."""

    claims: tuple[Claim, ...]
    tolerances: tuple[Tolerance, ...]


@dataclass(frozen=True)
class Quotation:
    """Several claims that are quoted together, each a paragraph; conditions are said once."""

    claims: tuple[Claim, ...]

    def _repr_markdown_(self) -> str:
        last = {one.differs: one for one in self.claims}
        shown = (
            one if last[one.differs] is one else dataclasses.replace(one, differs=None)
            for one in self.claims
        )
        return "\n>\n".join(one._repr_markdown_() for one in shown)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.claims))


def quote(id: str, *more: str) -> Claim | Quotation:
    """Return a claim, or several; at the end of a notebook cell it shows as a quotation.

    Raises:
        ClaimError: there is no such claim; the message names the nearest.
    """
    known = {claim.id: claim for claim in read()}
    for one in (id, *more):
        if one not in known:
            raise _unknown("claims.quote", "a claim in book/claims", one, known)
    return Quotation((known[id], *map(known.get, more))) if more else known[id]


def find(id: str) -> tuple[Claim, ...]:
    """Return the claim of that id, or all comparisons of the finding of that id.

    Raises:
        ClaimError: there is neither; the message names the nearest.
    """
    everything = (*read(), *findings())
    found = tuple(one for one in everything if id in (one.id, one.id.partition("/")[0]))
    if not found:
        known = dict.fromkeys(one.id for one in everything)
        where = "a claim in book/claims, or of a finding in book/findings.toml"
        raise _unknown("ledger", where, id, known)
    return found


def _unknown(subject: str, what: str, id: str, known: Iterable[str]) -> ClaimError:
    hint = nearest(id, known)
    if len(list(known)) >= 12:
        hint = f"{hint.partition(' Allowed:')[0]} See there for all of them."
    return ClaimError(subject, expected=f"the id of {what}", received=repr(id), remedy=hint)


def read(path: Path | None = None) -> tuple[Claim, ...]:
    """Return every claim of the reports' files, in their order.

    Args:
        path: a folder of files, or one file; None is the course's own.

    Raises:
        ClaimError: there is no file, or one is not TOML; an id twice; a field missing, unknown or
            of another form; a value that is no number; no answer; a number without a tolerance.
    """
    return _read(path or folders.claims_folder()).claims


def tolerances(path: Path | None = None) -> tuple[Tolerance, ...]:
    """Return how far apart is still the same, for each unit of the claims' files.

    Raises:
        ClaimError: as for `read`.
    """
    return _read(path or folders.claims_folder()).tolerances


def findings(path: Path | None = None) -> tuple[Claim, ...]:
    """Return every finding of the findings file; of several comparisons, each as one claim.

    Theirs have the ids ``"name/1"``, ``"name/2"`` and so on.

    Raises:
        ClaimError: as for `read`.
    """
    return _read_findings(path or folders.findings_file())


@functools.cache
def _read(path: Path) -> _Entered:
    contents = {one: _content(one, _CLAIMS, "claims") for one in _files(path)}
    limits: dict[str, Tolerance] = {}
    for file, table in _each("tolerance", contents):
        if table["unit"] in limits:
            raise _malformed(file, "every unit once", f"{table['unit']!r} twice")
        limits[table["unit"]] = _tolerance(file, table)
    sections = {(one["report"], one["title"]): one for _, one in _each("section", contents)}
    claims: dict[str, Claim] = {}
    for file, table in _each("claim", contents):
        claim = _claim(file, _in_its_section(table, sections), claims)
        _enter(file, _with_tolerance(file, claim, limits), claims)
    return _Entered(tuple(claims.values()), tuple(limits.values()))


def _files(path: Path) -> list[Path]:
    found = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not found:
        raise _malformed(path, "a folder with a TOML file of claims for each report", "none")
    return found


def _each(table: str, contents: Mapping[Path, dict]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every table of that name, with the file that it stands in."""
    for file, content in contents.items():
        yield from ((file, one) for one in content.get(table, ()))


@functools.cache
def _read_findings(path: Path) -> tuple[Claim, ...]:
    content = _content(path, _FINDINGS, "findings")
    found: dict[str, Claim] = {}
    for table in content.get("finding", ()):
        unknown = sorted(table.keys() - _OF_A_FINDING)
        if unknown:
            raise _malformed(path, "the fields of a finding", f"{_name(table)}: {unknown[0]!r}")
        for one in _one_by_one(path, table):
            claim = _claim(path, {"report": "", "section": "", "kind": "comparison"} | one, found)
            _enter(path, _with_tolerance(path, claim, {}), found)
    return tuple(found.values())


def _content(path: Path, form: Callable[[Any], dict], what: str) -> dict[str, Any]:
    try:
        require_file(path)
        return form(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, *forms.WRONG) as problem:
        raise _malformed(path, f"a TOML file of {what}", str(problem)) from problem


def _tolerance(path: Path, table: dict[str, Any]) -> Tolerance:
    found = Tolerance(**table)
    if (found.value is None) == (found.share is None):
        raise _malformed(path, "either a value or a share as tolerance", found.unit)
    return found


def _one_by_one(path: Path, table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a finding with each of its comparisons, where it has a list of them."""
    several = table.get("comparison")
    if not isinstance(several, list):
        yield table
        return
    if not several:
        raise _malformed(path, "a comparison at least", f"{_name(table)}: none")
    for number, one in enumerate(several, start=1):
        yield table | {"id": f"{_name(table)}/{number}", "comparison": one}


def _in_its_section(table: dict[str, Any], sections: Mapping[tuple, dict]) -> dict[str, Any]:
    """Return a claim's fields with what its section has for all of its claims."""
    named = (table.get("report"), table.get("section"))
    section = sections.get(named, {}) if all(isinstance(one, str) for one in named) else {}
    shared = {"page": section.get("page")}
    if table.get("kind") in _JUDGED:
        shared["differs"] = section.get("differs")
    return {name: one for name, one in shared.items() if one is not None} | table


def _claim(path: Path, table: dict[str, Any], before: Mapping[str, Claim]) -> Claim:
    name, unit = _name(table), table.get("relative_to")
    for field in sorted(table.keys() - {"value", "tolerance"}):
        if not isinstance(table[field], str):
            raise _malformed(path, f"a text as {field}", f"{name}: {_short(table[field])}")
    if unit is not None and unit not in before:
        raise _malformed(path, "relative_to: a claim above it", f"{name}: {unit!r}")
    try:
        claim = Claim(**table | ({"relative_to": before[unit]} if unit else {}))
        for expected, received, right in requirements(claim):
            if not right:
                raise _malformed(path, expected, f"{name}: {_short(received)}")
    except (TypeError, ValueError) as problem:
        raise _malformed(path, "the fields of a claim", f"{name}: {problem}") from problem
    return claim


def _with_tolerance(path: Path, claim: Claim, limits: Mapping[str, Tolerance]) -> Claim:
    """Return a number with the tolerance of its unit, where it has none of its own."""
    if claim.kind != "number" or claim.tolerance is not None:
        return claim
    if claim.unit not in limits:
        expected = "a tolerance of its own or of its unit"
        raise _malformed(path, expected, f"{claim.id}: {claim.unit or 'no unit'}")
    return dataclasses.replace(claim, tolerance=limits[claim.unit].of(claim.reported))


def _enter(path: Path, claim: Claim, before: dict[str, Claim]) -> None:
    if claim.id in before:
        raise _malformed(path, "every id once", f"{claim.id!r} twice")
    before[claim.id] = claim


def _name(table: dict[str, Any]) -> str:
    id = table.get("id")
    return id if isinstance(id, str) else "no id"


def _short(value: Any) -> str:
    return repr(value) if isinstance(value, str) else reprlib.repr(value)


def _malformed(path: Path, expected: str, received: str) -> ClaimError:
    return ClaimError(
        str(path),
        expected=expected,
        received=received,
        remedy="Mend the file; labkit.ledger.claim.Claim lists the fields.",
    )
