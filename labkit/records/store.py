"""The store of recorded runs: one JSON file an experiment, all its runs in it.

Nothing here is ever deleted but by `prune`: a set of runs that belongs to older code stays beside
the newer one.
"""

from __future__ import annotations

import functools
import reprlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from labkit import choices, folders, forms, names
from labkit.commands import record_command
from labkit.errors import DamagedRecordError, ParameterError, RecordVersionError
from labkit.files import locked, require_file, written_whole
from labkit.records import run_json
from labkit.records.run import SCHEMA, Run
from labkit.records.signature import Signature

Set = tuple[str, str, str]  # runs that belong together: budget, settings, signature

_READABLE = (1, SCHEMA)  # a run of schema 1 has no fold, no settings and no definitions
_FILE = forms.fields(
    {
        "schema": forms.count,
        "experiment": forms.text,
        "signatures": forms.by_name(forms.several(forms.text)),
        "runs": forms.several(forms.named),
    }
)


def path_of(experiment: str, folder: Path | None = None) -> Path:
    """Return the file of an experiment; it may not exist.

    Raises:
        ParameterError: the name is not of the form ``01/dense-4``.
    """
    return (folder or folders.store_folder()) / f"{names.checked(experiment)}.json"


def experiments(folder: Path | None = None) -> list[str]:
    """Return the names of all recorded experiments, sorted."""
    root = folder or folders.store_folder()
    found = (path.relative_to(root).with_suffix("") for path in root.rglob("[!.]*.json"))
    return sorted(name.as_posix() for name in found)


def set_of(run: Run) -> Set:
    """Return what a run has in common with the other seeds and folds of its experiment."""
    return run.budget, run.point, run.signature.sha256


# --- reading ------------------------------------------------------------------------------


def read(experiment: str, folder: Path | None = None) -> tuple[Run, ...]:
    """Return all recorded runs of an experiment, none where there is no file.

    Raises:
        DamagedRecordError: the file is not whole.
        RecordVersionError: it is of a schema that this labkit does not read.
    """
    path = path_of(experiment, folder)
    try:
        stamp = path.stat()
        return _read(path, experiment, (stamp.st_ino, stamp.st_mtime_ns, stamp.st_size))
    except FileNotFoundError:
        return ()
    except (OSError, DamagedRecordError, *forms.WRONG) as problem:
        raise DamagedRecordError(
            str(path),
            expected="a record as labkit wrote it",
            received=getattr(problem, "received", f"{type(problem).__name__}: {problem}"),
            remedy=f"Take it from version control again (git checkout -- {path.name}), "
            "or delete it and record the experiment anew.",
        ) from problem


@functools.lru_cache(maxsize=256)  # a page asks for a file once for every point of its sweep
def _read(path: Path, experiment: str, stamp: tuple[int, ...]) -> tuple[Run, ...]:
    """Read a file; one that was written since has another stamp."""
    require_file(path)
    plain = run_json.parsed(path.read_text(encoding="utf-8"))
    if plain["schema"] not in _READABLE:
        raise _other_version(path, plain["schema"])
    plain = _FILE(plain)
    signatures = {key: Signature(lines) for key, lines in plain["signatures"].items()}
    _check_hashes(signatures)
    runs = tuple(run_json.from_json(one, signatures) for one in plain["runs"])
    _check_runs(runs, experiment, plain["experiment"])
    return runs


def _check_runs(runs: tuple[Run, ...], experiment: str, stated: str) -> None:
    if stated != experiment:
        raise ValueError(f"the runs of {stated}")
    for run in runs:
        if run.experiment != experiment or run.budget not in choices.RECORDED_BUDGETS:
            raise ValueError(f"a {run.budget} run of {run.experiment}")
    if len({run.key for run in runs}) < len(runs):
        raise ValueError("the same run twice")


def _check_hashes(signatures: dict[str, Signature]) -> None:
    for key, signature in signatures.items():
        if signature.sha256 != key:
            raise ValueError(f"signature {key[:12]}… does not match its lines")


def _other_version(path: Path, version: Any) -> RecordVersionError:
    newer = isinstance(version, int) and version > SCHEMA
    return RecordVersionError(
        str(path),
        expected=f"schema {SCHEMA}",
        received=f"schema {reprlib.repr(version)}",
        remedy="Update labkit: pip install -U labkit."
        if newer
        else "Delete it, and record the experiment anew with `labkit record`.",
    )


# --- writing ------------------------------------------------------------------------------


def add(run: Run, folder: Path | None = None, *, replace: bool = False) -> None:
    """Write a run into its experiment's file, under a lock, whole or not at all.

    Args:
        run: a finished run; smoke runs and runs on sample data are refused.
        folder: the store; None is `folders.store_folder()`.
        replace: overwrite a run of the same key instead of keeping it.

    Raises:
        ParameterError: the run is not one to keep.
        CacheWriteError: the folder cannot be written; the old file is whole.
    """
    require_recordable(run.experiment, run.budget, run.dataset.source)
    with _written_alone(run.experiment, folder):
        runs = {one.key: one for one in read(run.experiment, folder)}
        if replace or run.key not in runs:
            runs[run.key] = run
        _write(run.experiment, runs.values(), folder)


def merge(source: Path, folder: Path | None = None) -> list[str]:
    """Bring the records of another folder home; return the experiments that had any.

    Raises:
        ParameterError: the other folder is not there, or a run is not in float32, as a person's
            may be; its experiment stays.
    """
    folders.require_there(source, subject="store.merge")
    found = experiments(source)
    for experiment in found:
        runs = read(experiment, source)
        _require_precise(runs)
        for run in runs:
            add(run, folder)
    return found


def prune(experiment: str, folder: Path | None = None) -> list[Run]:
    """Drop the runs that a newer set of the same budget and settings has every seed of.

    Returns:
        What was dropped.

    Raises:
        CacheWriteError: the folder cannot be written; the old file is whole.
    """
    with _written_alone(experiment, folder):
        runs = read(experiment, folder)
        old = _superseded(runs)
        if old:
            _write(experiment, [run for run in runs if set_of(run) not in old], folder)
    return [run for run in runs if set_of(run) in old]


def _superseded(runs: Iterable[Run]) -> set[Set]:
    """Return the sets whose seeds and folds are all in the newest of their budget and settings."""
    sets: dict[Set, list[Run]] = {}
    for run in runs:
        sets.setdefault(set_of(run), []).append(run)
    newest: dict[tuple[str, str], Set] = {}
    for one in sorted(sets, key=lambda one: finished(sets[one])):
        newest[one[:2]] = one
    covered = {one: {(run.seed, run.fold) for run in members} for one, members in sets.items()}
    return {
        one for one in sets if one != newest[one[:2]] and covered[one] <= covered[newest[one[:2]]]
    }


def finished(runs: Iterable[Run]) -> str:
    """Return when the last of some runs was finished, as ISO 8601 has it."""
    return max(run.provenance["finished"] for run in runs)


def _require_precise(runs: tuple[Run, ...]) -> None:
    for run in runs:
        if run.provenance.get("precision", "float32") != "float32":
            raise ParameterError(
                run.experiment,
                expected="runs as they are recorded, in float32",
                received=f"seed {run.seed} in {run.provenance['precision']}",
                remedy=f"Record it: {record_command(run.name, run.budget, str(run.seed))}.",
            )


def require_recordable(experiment: str, budget: str, source: str) -> None:
    """Refuse what is never recorded.

    Raises:
        ParameterError: a smoke run, or one on sample data.
    """
    if budget not in choices.RECORDED_BUDGETS or source == "sample":
        raise ParameterError(
            experiment,
            expected="a lab or full run on the real data",
            received=f"a {budget} run on {source} data",
            remedy="Fetch the data (labkit data fetch) and record with --budget lab or full.",
        )


def _written_alone(experiment: str, folder: Path | None):
    remedy = "Record into another folder: labkit record … --store DIR."
    return locked(path_of(experiment, folder), remedy=remedy)


def _write(experiment: str, runs: Iterable[Run], folder: Path | None) -> None:
    ordered = sorted(runs, key=_place)
    plain = {
        "schema": SCHEMA,
        "experiment": experiment,
        "signatures": {run.signature.sha256: list(run.signature.lines) for run in ordered},
        "runs": _with_mistakes_once([run_json.to_json(run) for run in ordered]),
    }
    with written_whole(path_of(experiment, folder)) as partial:
        partial.write_text(run_json.written(plain) + "\n", encoding="utf-8")


def _place(run: Run) -> tuple:
    """Return where a run stands in its file: best budget first, then set by set, seed by seed."""
    budget = choices.RECORDED_BUDGETS.index(run.budget)
    fold = -1 if run.fold is None else run.fold
    return budget, run.point, run.signature.sha256, run.seed, fold


def _with_mistakes_once(runs: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
    """Return a file's runs with the images of mistakes in the first run of each set only.

    They are the larger part of a record, and a page shows those of one run.
    """
    shown = set()
    for run in runs:
        one = run["budget"], str(run.get("settings")), run["signature"]
        if run["mistakes"] and one in shown:
            run["mistakes"] = None
        elif run["mistakes"]:
            shown.add(one)
    return runs
