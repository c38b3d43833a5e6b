"""Carrying out jobs on a crew, though workers die and the scheduler goes away and comes back."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Protocol

from tqdm.auto import tqdm

from labkit.errors import SweepError
from labkit.sweeps import crew as crews
from labkit.sweeps.crew import Crew, Lost, Reported
from labkit.sweeps.outcome import Outcome, Task, attempted_here

PATIENCE = 600.0  # seconds for a scheduler to come back
_PULSE = 1.0  # seconds without news after which free workers are looked for again
_PAUSE = 0.5  # seconds between two tries to reach a scheduler


@dataclass(frozen=True, eq=False)
class Job:
    """Something to be done once, on whichever worker is free."""

    number: int
    task: Task


class Jobs(Protocol):
    """Where jobs come from, and where their outcomes go."""

    def next(self) -> Job | None:
        """Return another job; None where there is none."""

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Take a job's metric after an epoch, and say whether to prune the job."""

    def end(self, number: int, outcome: Outcome) -> None:
        """Take a job's outcome."""

    def sign(self) -> None:
        """Show that this process is alive; called often."""


def carry_out(jobs: Jobs, *, scheduler: str | None = None, workers: int | None = None) -> None:
    """Carry out jobs until there are no more.

    A job whose worker dies is given to another one. When the scheduler is lost, this waits for
    it, and gives what was under way again.

    Args:
        jobs: one after another.
        scheduler, workers: as in `crew.workplace`.

    Raises:
        SweepError: no scheduler at the address, or it was lost and did not come back.
    """
    first = jobs.next()
    if first is None:
        return
    under_way = {first.number: first}
    with crews.workplace(scheduler, workers) as address:
        crew = _reached(address, patience=0.0)
        while True:
            try:
                _carry_out(jobs, crew, under_way)
                return
            except Lost as problem:
                print(f"The scheduler at {address} is lost: {problem}.", file=sys.stderr)
            finally:
                crew.close()
            crew = _reached(address, patience=PATIENCE)


def _carry_out(jobs: Jobs, crew: Crew, under_way: dict[int, Job]) -> None:
    again = list(under_way.values())
    more = True
    while True:
        jobs.sign()
        for _ in range(crew.free() if more else 0):
            job = again.pop(0) if again else jobs.next()
            if job is None:
                more = False
                break
            under_way[job.number] = job
            crew.start(job.number, job.task)
        if not under_way and not more:
            return
        news = crew.next(_PULSE)
        if isinstance(news, Reported):
            if news.number in under_way and jobs.report(news.number, news.epoch, news.value):
                crew.prune(news.number)
        elif news:
            jobs.end(news.number, news.outcome)
            del under_way[news.number]


def _reached(address: str, *, patience: float) -> Crew:
    """Return the crew at an address, which may take a while to come back."""
    until = time.monotonic() + patience
    while True:
        try:
            return Crew(address)
        except Lost as problem:
            if time.monotonic() >= until:
                raise SweepError(
                    "scheduler",
                    expected=f"a Dask scheduler at {address}",
                    received=" ".join(str(problem).split()).rstrip("."),
                    remedy="Start it with `dask scheduler`, and workers with `dask worker "
                    f"{address} --nthreads 1`. What was finished is kept.",
                ) from problem
            time.sleep(_PAUSE)


def carry_out_here(jobs: Jobs, *, total: int, title: str) -> None:
    """Carry out jobs one after another, in this process, with a bar that says how many."""
    with tqdm(total=total, desc=title, unit="trial", leave=False) as bar:
        while job := jobs.next():
            jobs.end(job.number, attempted_here(job.task, job.number, jobs.report))
            bar.update()
