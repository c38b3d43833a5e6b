"""The store of recorded runs: one JSON file an experiment, all seeds and budgets in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit import choices, folders
from labkit.commands import record_command
from labkit.errors import (
    DamagedRecordError,
    MissingRecordError,
    ParameterError,
    RecordVersionError,
    StaleRecordError,
)
from labkit.files import locked, written_whole
from labkit.records import run_json
from labkit.records.run import SCHEMA, Run
from labkit.records.signature import Signature

ENOUGH_SEEDS = 3  # a mean ± sd of fewer says too little
_NAME = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)+")
_NUMBER_LIST = re.compile(r"\[\s+((?:[-+.\deE]+|null)(?:,\s+(?:[-+.\deE]+|null))*)\s+\]")


@dataclass(frozen=True)
class Selection:
    """What a page shows of an experiment.

    Attributes:
        shown: the runs of the best budget with at least three seeds, by seed.
        extra: runs of a higher budget that has fewer seeds than that.
    """

    shown: tuple[Run, ...]
    extra: tuple[Run, ...]


def path_of(experiment: str, folder: Path | None = None) -> Path:
    """Return the file of an experiment; it may not exist.

    Raises:
        ParameterError: the name is not of the form ``01/dense-4``.
    """
    if not _NAME.fullmatch(experiment):
        raise ParameterError(
            "experiment",
            expected="practical/name in small letters, digits and hyphens",
            received=repr(experiment),
            remedy='Write it like "01/dense-4"; a rate of 0.001 like "rate-0-001".',
        )
    return (folder or folders.store_folder()) / f"{experiment}.json"


def experiments(folder: Path | None = None) -> list[str]:
    """Return the names of all recorded experiments, sorted."""
    root = folder or folders.store_folder()
    found = (path.relative_to(root).with_suffix("") for path in root.rglob("[!.]*.json"))
    return sorted(name.as_posix() for name in found)


def read(experiment: str, folder: Path | None = None) -> tuple[Run, ...]:
    """Return all recorded runs of an experiment, none where there is no file.

    Raises:
        DamagedRecordError: the file is not whole.
        RecordVersionError: it is of an older or newer schema.
    """
    path = path_of(experiment, folder)
    if not path.is_file():
        return ()
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        version = plain["schema"]
        if version != SCHEMA:
            raise _other_version(path, version)
        signatures = {key: Signature(tuple(lines)) for key, lines in plain["signatures"].items()}
        _check_hashes(signatures)
        runs = tuple(run_json.from_json(one, signatures) for one in plain["runs"])
        _check_runs(runs, experiment)
        return runs
    except (ValueError, KeyError, TypeError, AttributeError, DamagedRecordError) as problem:
        raise DamagedRecordError(
            str(path),
            expected="a record as labkit wrote it",
            received=getattr(problem, "received", f"{type(problem).__name__}: {problem}"),
            remedy=f"Take it from version control again (git checkout -- {path.name}), "
            "or delete it and record the experiment anew.",
        ) from problem


def _check_runs(runs: tuple[Run, ...], experiment: str) -> None:
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
        received=f"schema {version!r}",
        remedy="Update labkit: pip install -U labkit."
        if newer
        else "Delete it, and record the experiment anew with `labkit record`.",
    )


def add(run: Run, folder: Path | None = None, *, replace: bool = False) -> None:
    """Write a run into its experiment's file, under a lock, whole or not at all.

    Args:
        run: a finished run; smoke runs and runs on sample data are refused.
        folder: the store; None is `folders.store_folder()`.
        replace: overwrite a run of the same budget, seed and signature instead of keeping it.

    Raises:
        ParameterError: the run is not one to keep.
        CacheWriteError: the folder cannot be written; the old file is whole.
    """
    require_recordable(run.experiment, run.budget, run.dataset.source)
    path = path_of(run.experiment, folder)
    with locked(path, remedy="Record into another folder: labkit record … --store DIR."):
        runs = {one.key: one for one in read(run.experiment, folder)}
        if replace or run.key not in runs:
            runs[run.key] = run
        _write(path, run.experiment, _without_superseded(list(runs.values()), run))


def merge(source: Path, folder: Path | None = None) -> list[str]:
    """Bring the records of another folder home; return the experiments that had any.

    Raises:
        ParameterError: a run is not in float32, as a person's may be; its experiment stays.
    """
    names = experiments(source)
    for name in names:
        runs = read(name, source)
        _require_precise(runs)
        for run in runs:
            add(run, folder)
    return names


def _require_precise(runs: tuple[Run, ...]) -> None:
    for run in runs:
        if run.provenance.get("precision", "float32") != "float32":
            raise ParameterError(
                run.experiment,
                expected="runs as they are recorded, in float32",
                received=f"seed {run.seed} in {run.provenance['precision']}",
                remedy=f"Record it: {record_command(run.experiment, run.budget, str(run.seed))}.",
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


def _without_superseded(runs: list[Run], newest: Run) -> list[Run]:
    """Drop a set of an old signature once the new set has all its seeds."""
    rivals = [run for run in runs if run.budget == newest.budget]
    seeds = {run.seed for run in rivals if run.signature == newest.signature}
    old = {run.signature for run in rivals} - {newest.signature}
    done = {one for one in old if {run.seed for run in rivals if run.signature == one} <= seeds}
    return [run for run in runs if run.budget != newest.budget or run.signature not in done]


def _write(path: Path, experiment: str, runs: list[Run]) -> None:
    order = {budget: place for place, budget in enumerate(choices.RECORDED_BUDGETS)}
    runs.sort(key=lambda run: (order[run.budget], run.signature.sha256, run.seed))
    plain = {
        "schema": SCHEMA,
        "experiment": experiment,
        "signatures": {run.signature.sha256: list(run.signature.lines) for run in runs},
        "runs": [run_json.to_json(run) for run in runs],
    }
    text = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False)
    on_one_line = _NUMBER_LIST.sub(lambda found: "[" + " ".join(found[1].split()) + "]", text)
    with written_whole(path) as partial:
        partial.write_text(on_one_line + "\n", encoding="utf-8")


def select(
    experiment: str,
    signature_at: Callable[[str], Signature],
    *,
    budget: str | None = None,
    folder: Path | None = None,
) -> Selection:
    """Return the recorded runs that a page shows for the code at hand.

    Args:
        experiment: its name.
        signature_at: gives the code's signature at a budget.
        budget: show this budget only; None takes the best one recorded.
        folder: the store; None is `folders.store_folder()`.

    Raises:
        MissingRecordError: nothing is recorded.
        StaleRecordError: what is recorded belongs to other code; the message says what differs.
    """
    runs = read(experiment, folder)
    budgets = choices.RECORDED_BUDGETS if budget is None else (budget,)
    recorded = [one for one in budgets if any(run.budget == one for run in runs)]
    if not recorded:
        recordable = budgets[0] if budgets[0] in choices.RECORDED_BUDGETS else "full"
        raise missing(experiment, "no record at " + " or ".join(budgets), budget=recordable)
    fitting = {one: _fitting(runs, one, signature_at(one)) for one in recorded}
    best = next((one for one in recorded if len(fitting[one]) >= ENOUGH_SEEDS), None)
    best = best or next((one for one in recorded if fitting[one]), None)
    if best is None:
        newest = next(run for run in reversed(runs) if run.budget == recorded[0])
        raise _stale(newest, signature_at(recorded[0]))
    above = recorded[: recorded.index(best)]
    return Selection(fitting[best], tuple(run for one in above for run in fitting[one]))


def recorded(experiment: str, budget: str, folder: Path | None = None) -> tuple[Run, ...]:
    """Return the runs of an experiment at a budget that belong together, by seed.

    While an experiment is recorded anew, its file holds runs of two signatures: then it is the
    one with more seeds, and of two as large the newer. None where nothing is recorded.
    """
    sets: dict[Signature, list[Run]] = {}
    for run in read(experiment, folder):
        if run.budget == budget:
            sets.setdefault(run.signature, []).append(run)
    chosen = max(sets.values(), key=_size_and_age, default=[])
    return tuple(sorted(chosen, key=lambda run: run.seed))


def _size_and_age(runs: list[Run]) -> tuple[int, str]:
    return len(runs), max(run.provenance["finished"] for run in runs)


def _fitting(runs: tuple[Run, ...], budget: str, signature: Signature) -> tuple[Run, ...]:
    fitting = [run for run in runs if run.budget == budget and run.signature == signature]
    return tuple(sorted(fitting, key=lambda run: run.seed))


def missing(
    experiment: str, received: str, *, budget: str = "full", seeds: str = "0-2"
) -> MissingRecordError:
    """Return the error that says how to record what is not there."""
    return MissingRecordError(
        f"record of {experiment}",
        expected="a recorded run",
        received=received,
        remedy='Set MODE = "train" to train it here, or record it: '
        f"{record_command(experiment, budget, seeds)}.",
    )


def _stale(run: Run, code: Signature) -> StaleRecordError:
    return StaleRecordError(
        f"record of {run.experiment}",
        expected="a record of the network, recipe and data in the code",
        received=f"a record of others: {code.difference(run.signature)}",
        remedy=f'Set MODE = "train", or record anew: {record_command(run.experiment, run.budget)}.',
    )
