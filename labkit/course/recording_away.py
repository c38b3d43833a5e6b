"""Recording the seeds of a notebook on the workers of a Dask scheduler.

Workers need labkit and the real data, and no folder in common: notebook and records travel.
"""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from labkit import commands, folders
from labkit.choices import Recording
from labkit.course import executing
from labkit.errors import LabkitError, NotebookError
from labkit.records import Run, store
from labkit.sweeps import Job, Outcome, carry_out


def record(
    notebook: Path,
    recording: Recording,
    seeds: Sequence[int],
    say: Callable[[int], None],
    *,
    scheduler: str,
) -> None:
    """Execute a notebook once a seed on a scheduler's workers, and write down what comes back.

    Args:
        notebook: the file.
        recording: what is to be recorded.
        seeds: one execution each.
        say: told of each seed that is done.
        scheduler: its address.

    Raises:
        NotebookError: the notebook failed with some seeds; the others are recorded.
        SweepError: as in `sweeps.carry_out`.
    """
    sent = _Sent(notebook.name, notebook.read_bytes(), recording, _recorded(notebook, recording))
    jobs = _Seeds(sent, list(seeds), say)
    carry_out(jobs, scheduler=scheduler)
    if jobs.failed:
        reasons = (f"seed {seed}: {reason.rstrip('.')}" for seed, reason in jobs.failed.items())
        raise NotebookError(
            str(notebook),
            expected="a recording of every seed",
            received="; ".join(reasons),
            remedy="What was finished is kept. Give the same command again.",
        )


def _recorded(notebook: Path, recording: Recording) -> tuple[Run, ...]:
    """Return a practical's runs in the store, which are not to be trained again."""
    practical = commands.practical_of(notebook)
    there = store.experiments(recording.store)
    chosen = [one for one in there if one.rpartition("/")[0] == practical]
    return tuple(run for one in chosen for run in store.read(one, recording.store))


@dataclass(frozen=True, eq=False)
class _Sent:
    """What a worker needs: the notebook, what to record of it, and what is recorded."""

    name: str
    content: bytes
    recording: Recording
    recorded: tuple[Run, ...]

    def carried_out(self, seed: int, report) -> Outcome:
        """Record a seed, on a worker. A run that was finished before a kill is kept there."""
        known = {(run.experiment, run.key) for run in self.recorded}
        folder = folders.user_folder() / "away" / f"{Path(self.name).stem}-{seed}"
        reason = ""
        with _working_in(folder):
            Path(self.name).write_bytes(self.content)
            for run in self.recorded:
                store.add(run, folder / "runs")
            here = replace(self.recording, store=folder / "runs")
            try:
                executing.run_to_record(Path(self.name), here, seed, progress=False)
            except LabkitError as problem:
                reason = str(problem)
            runs = [
                run
                for experiment in store.experiments(here.store)
                for run in store.read(experiment, here.store)
                if (experiment, run.key) not in known
            ]
        shutil.rmtree(folder)
        return Outcome("failed" if reason else "finished", runs=tuple(runs), reason=reason)


@contextlib.contextmanager
def _working_in(folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(folder):
        yield


class _Seeds:
    """The jobs of a recording: a seed each."""

    def __init__(self, sent: _Sent, seeds: list[int], say: Callable[[int], None]) -> None:
        self._sent, self._seeds, self._say = sent, seeds, say
        self.failed: dict[int, str] = {}

    def next(self) -> Job | None:
        if not self._seeds:
            return None
        seed = self._seeds.pop(0)
        return Job(seed, functools.partial(self._sent.carried_out, seed))

    def report(self, number: int, epoch: int, value: float) -> bool:
        return False

    def end(self, number: int, outcome: Outcome) -> None:
        for run in outcome.runs:
            store.add(run, self._sent.recording.store, replace=True)
        if outcome.state == "failed":
            self.failed[number] = outcome.reason
        self._say(number)

    def sign(self) -> None:
        """Nobody else is at work on these."""
