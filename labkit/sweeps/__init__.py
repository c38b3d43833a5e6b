"""Sweeps: many runs, on the cores of one machine or on a cluster. `search` is the way in."""

from labkit.sweeps import plots, progress, storage
from labkit.sweeps.found import Search, Trial
from labkit.sweeps.jobs import Job, carry_out
from labkit.sweeps.outcome import Outcome
from labkit.sweeps.searching import search
from labkit.sweeps.space import between

__all__ = [
    "Job",
    "Outcome",
    "Search",
    "Trial",
    "between",
    "carry_out",
    "plots",
    "progress",
    "search",
    "storage",
]
