"""Sweeping: the searches of a notebook, carried out by its kernel on many processes."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

from labkit import choices, commands
from labkit.choices import Sweep
from labkit.counts import checked_count
from labkit.course import executing, recording
from labkit.errors import NotebookError
from labkit.sweeps import progress, storage

_NONE = ""  # no experiment's name: what a notebook trains apart from its searches is not recorded


def sweep_notebook(
    notebook: Path,
    *,
    budget: str,
    seed: int = 0,
    trials: int | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    trials_in: str | None = None,
    store: Path | None = None,
) -> list[progress.Standing]:
    """Carry out a notebook's searches, record the trials that finish, and return how they stand.

    Trials that ended are kept, and one that was killed goes on where it was, so the same command
    can be given again and again, with more trials too.

    Args:
        notebook: as in `executing.run_notebook`.
        budget: ``"lab"`` or ``"full"``.
        seed: of data, weights and proposals.
        trials: how many each search is to have, with those that ended before; None is what the
            notebook says.
        scheduler: a Dask scheduler's address; None starts one on this machine.
        workers: processes to start on this machine; None is one a core.
        trials_in: a journal file, or a database's address; None is a file of the practical's in
            the user's folder.
        store: the folder of records; None is `folders.store_folder()`.

    Raises:
        SweepError: a package is not installed; the trials' place cannot be reached.
        ParameterError, CacheWriteError, NotebookError: as in `recording.record_notebook`; or the
            notebook has no search.
    """
    if trials is not None:
        checked_count("--trials", trials)
    if workers is not None:
        checked_count("--workers", workers)
    asked_for = recording.prepared(budget, only=_NONE, store=store)
    place = trials_in or storage.default(commands.practical_of(notebook))
    place = place if "://" in place else str(Path(place).absolute())
    kept = storage.opened(place)
    sweep = Sweep(trials, place, scheduler, workers, mark=uuid.uuid4().hex)
    with (
        choices.in_environment(choices.sweep_environment(sweep)),
        progress.shown(kept, sweep.mark),
    ):
        executing.run_to_record(notebook, asked_for, seed, progress=False)
    found = progress.standings(kept, sweep.mark)
    if not found:
        raise NotebookError(
            str(notebook),
            expected="a notebook that calls labkit.search",
            received="one that does not",
            remedy="What a notebook trains by itself is recorded with `labkit record`.",
        )
    return found


def say(found: list[progress.Standing]) -> None:
    """Print how searches stand, and why trials failed."""
    for one in found:
        print(one)
        for number, reason in one.reasons.items():
            print(f"  trial {number} failed: {' '.join(reason.split())}", file=sys.stderr)
