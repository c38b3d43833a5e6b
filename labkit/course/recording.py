"""Recording a notebook's runs: one execution a seed, and what each of them brought."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from labkit import choices, commands, folders
from labkit.choices import Recording
from labkit.course import executing, keras_settings, recording_away
from labkit.errors import ParameterError
from labkit.records import provenance
from labkit.records import store as records

MOST_SEEDS = 1000  # a longer list is a slip of the keyboard

Known = tuple[int, str]  # by what a run is told: its seed, and its experiment or point of a sweep


def record_notebook(
    notebook: Path,
    *,
    budget: str,
    seeds: Sequence[int],
    only: str = "*",
    store: Path | None = None,
    progress: bool = True,
    scheduler: str | None = None,
) -> None:
    """Train a notebook's experiments once a seed and write their runs into the store.

    Finished runs are skipped, and a killed one goes on where it was, so the same command can be
    given again and again. Prints a line for each run that is new, and their number at the end;
    first of all, where something is not committed, that the records will not name a commit alone.

    Args:
        notebook: as in `executing.run_notebook`.
        budget: ``"lab"`` or ``"full"``.
        seeds: one execution each.
        only: a shell pattern; experiments with other names are left alone.
        store: the folder of records; None is `folders.store_folder()`.
        progress: show a bar over the cells.
        scheduler: a Dask scheduler's address, whose workers execute several seeds at once; None
            executes them here, one after another.

    Raises:
        ParameterError: a budget that is never recorded, or a Keras that is set up otherwise than
            for every record.
        CacheWriteError: the store cannot be written.
        NotebookError: as in `executing.run_notebook`; what was finished before is recorded.
        SweepError: no scheduler at the address, or a package is not installed.
    """
    recording = prepared(budget, only=only, store=store)
    practical = commands.practical_of(notebook)
    before = _finished(recording, practical, seeds)
    new = 0

    def say(seed: int) -> None:
        nonlocal new
        new += _say_new(before, _finished(recording, practical, [seed]))

    try:
        if scheduler is None:
            _record_here(notebook, recording, seeds, say, progress=progress)
        else:
            recording_away.record(notebook, recording, seeds, say, scheduler=scheduler)
    finally:
        there = len(_finished(recording, practical, seeds))
        print(f"{new} new, {there - new} there already, in {recording.store}.", flush=True)


def prepared(budget: str, *, only: str, store: Path | None) -> Recording:
    """Return what a notebook is to record, once it is sure that it can.

    Args:
        budget, only, store: as in `record_notebook`.

    Raises:
        ParameterError, CacheWriteError: as in `record_notebook`.
    """
    if budget not in choices.RECORDED_BUDGETS:
        raise ParameterError(
            "budget",
            expected=f"one of {', '.join(choices.RECORDED_BUDGETS)}",
            received=repr(budget),
            remedy="Smoke runs are for tests and are never recorded.",
        )
    recording = Recording((store or folders.store_folder()).resolve(), only, budget)
    folders.require_writable(
        recording.store, remedy="Record into another folder: labkit record … --store DIR."
    )
    keras_settings.require_recorded()
    if provenance.commit().endswith("+changes"):
        note = "labkit/ or notebooks/ has changes that are not committed. The records will say so."
        print(note, file=sys.stderr)
    return recording


def _record_here(
    notebook: Path,
    recording: Recording,
    seeds: Sequence[int],
    say: Callable[[int], None],
    *,
    progress: bool,
) -> None:
    for seed in seeds:
        try:
            executing.run_to_record(notebook, recording, seed, progress=progress)
        finally:
            say(seed)


def _finished(recording: Recording, practical: str, seeds: Sequence[int]) -> dict[Known, str]:
    """Return when each of the runs that are asked for was finished, of those in the store."""
    found: dict[Known, str] = {}
    for experiment in records.experiments(recording.store):
        if experiment.rpartition("/")[0] != practical:
            continue
        for run in records.read(experiment, recording.store):
            asked = recording.asks_for(experiment, run.settings) and run.seed in seeds
            if asked and run.budget == recording.budget:
                known = run.seed, run.name
                found[known] = max(found.get(known, ""), run.provenance["finished"])
    return found


def _say_new(before: Mapping[Known, str], after: Mapping[Known, str]) -> int:
    """Print a line for each run that was finished since; return how many there are."""
    new = [known for known, finished in after.items() if finished != before.get(known)]
    for seed, name in new:
        print(f"{name}, seed {seed}: recorded", flush=True)
    return len(new)


def seeds(text: str) -> list[int]:
    """Return the seeds that a text like ``0-4`` or ``0,3,7`` names.

    >>> seeds("0-2,7")
    [0, 1, 2, 7]

    Raises:
        ParameterError: it is neither, or names more than `MOST_SEEDS`.
    """
    ranges = [_range(part) for part in text.split(",")]
    if not all(ranges) or sum(map(len, ranges)) > MOST_SEEDS:
        raise ParameterError(
            "seeds",
            expected=f"at most {MOST_SEEDS} seeds from 0 to 2147483647, like 0-4 or 0,3,7",
            received=repr(text),
            remedy="Seeds 0-2 are the least a page quotes.",
        )
    return list(dict.fromkeys(seed for one in ranges for seed in one))


def _range(text: str) -> range:
    """Return the seeds of a text like ``0-4`` or ``7``; none where it is neither."""
    match = re.fullmatch(r"\s*(\d{1,10})(?:-(\d{1,10}))?\s*", text)
    if not match:
        return range(0)
    found = range(int(match[1]), int(match[2] or match[1]) + 1)
    return found if found.stop <= 2**31 else range(0)
