"""Trials that train nothing, for workers to carry out: they say what they did in a file."""

from __future__ import annotations

import functools
import os
import signal
from pathlib import Path

from labkit.sweeps import Job, Outcome

HELD = []  # what a worker keeps from one trial to the next


def squared(number, folder, report):
    """Return the number squared, and leave a line for each time this was begun."""
    note(folder, number)
    return Outcome("finished", float(number**2))


def killed_once(number, folder, report):
    """Kill the worker in the middle of trial 1, the first time."""
    first = not (folder / f"begun-{number}").exists()
    note(folder, number)
    report(1, 0.5)
    if number == 1 and first:
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome("finished", float(number))


def always_killed(number, folder, report):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome("finished", float(number))


def raising(number, folder, report):
    if number == 1:
        raise MemoryError("no room for 8 GB")
    return Outcome("finished", float(number))


def endless(number, folder, report):
    """Report until somebody says that it is enough."""
    epoch = 0
    while True:
        epoch += 1
        report(epoch, 0.0)


def waiting(number, folder, report):
    """Say that it began, and wait until the file `go` is there."""
    note(folder, number)
    while not (folder / "go").exists():
        report(1, 0.5)
    return Outcome("finished", float(number))


def growing(number, folder, report):
    """Hold more memory than before, and return which process it is."""
    HELD.append(bytearray(b"x") * 200_000_000)
    return Outcome("finished", float(os.getpid()))


def note(folder, number):
    with (folder / f"begun-{number}").open("a") as file:
        file.write(f"{os.getpid()}\n")


def begun(folder, number):
    """Return how often a trial was begun."""
    path = folder / f"begun-{number}"
    return len(path.read_text().splitlines()) if path.exists() else 0


class PlainJobs:
    """So many jobs of one kind, and what became of them."""

    def __init__(self, task, count, folder, *, prune=False):
        self.waiting = list(range(count))
        self.task, self.folder, self.prune = task, Path(folder), prune
        self.outcomes, self.reports, self.signs = {}, [], 0

    def next(self):
        if not self.waiting:
            return None
        number = self.waiting.pop(0)
        return Job(number, functools.partial(self.task, number, self.folder))

    def report(self, number, epoch, value):
        self.reports.append((number, epoch, value))
        return self.prune

    def end(self, number, outcome):
        assert number not in self.outcomes, "nothing ends twice"
        self.outcomes[number] = outcome

    def sign(self):
        self.signs += 1
