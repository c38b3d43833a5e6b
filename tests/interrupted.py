"""Trainings that are killed, and what they leave."""

from __future__ import annotations

from labkit import folders
from labkit.training import evaluation


def killed_in(call, monkeypatch):
    """Make the n-th evaluation fail: one follows each epoch's updates, before its checkpoint.

    Where a recipe ends, it is evaluated on each of its splits, too.
    """
    calls, measured = iter(range(1, 100)), evaluation.measured

    def dying(model, split):
        if next(calls) == call:
            raise KeyboardInterrupt
        return measured(model, split)

    monkeypatch.setattr(evaluation, "measured", dying)


def unfinished():
    """Return the names of the checkpoints there are."""
    return sorted(path.name for path in (folders.user_folder() / "unfinished").glob("*.npz"))
