"""Which of the recorded runs of an experiment are shown on a page, and judged in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit import choices, names
from labkit.commands import record_command
from labkit.errors import MissingRecordError, StaleRecordError
from labkit.records import store
from labkit.records.run import Run
from labkit.records.signature import Signature

ENOUGH_SEEDS = 3  # a mean ± sd of fewer says too little


@dataclass(frozen=True)
class Selection:
    """What a page shows of an experiment.

    Attributes:
        shown: the runs of the best budget with at least three seeds, by seed and fold.
        extra: runs of a higher budget that has fewer seeds than that.
    """

    shown: tuple[Run, ...]
    extra: tuple[Run, ...]


def select(
    experiment: str,
    signature_at: Callable[[str], Signature],
    *,
    settings: Mapping[str, Any] | None = None,
    budget: str | None = None,
    folder: Path | None = None,
) -> Selection:
    """Return the recorded runs that a page shows for the code at hand.

    Args:
        experiment: its name.
        signature_at: gives the code's signature at a budget.
        settings: of the point, where the experiment is a sweep.
        budget: show this budget only; None takes the best one recorded.
        folder: the store; None is `folders.store_folder()`.

    Raises:
        MissingRecordError: nothing is recorded, or no seed with all its folds.
        StaleRecordError: what is recorded belongs to other code; the message says what differs.
    """
    name = names.of_point(experiment, settings)
    runs = _of_point(store.read(experiment, folder), settings)
    budgets = choices.RECORDED_BUDGETS if budget is None else (budget,)
    there = [one for one in budgets if any(run.budget == one for run in runs)]
    if not there:
        recordable = budgets[0] if budgets[0] in choices.RECORDED_BUDGETS else "full"
        raise missing(name, "no record at " + " or ".join(budgets), budget=recordable)
    fitting = {one: _fitting(runs, one, signature_at(one)) for one in there}
    whole = {one: whole_seeds(fitting[one]) for one in there}
    best = next((one for one in there if _seeds(whole[one]) >= ENOUGH_SEEDS), None)
    best = best or next((one for one in there if whole[one]), None)
    if best is None and any(fitting.values()):
        raise missing(name, "no seed with all its folds", budget=there[0])
    if best is None:
        newest = max((run for run in runs if run.budget == there[0]), key=_finished)
        raise _stale(newest, signature_at(there[0]))
    above = there[: there.index(best)]
    return Selection(whole[best], tuple(run for one in above for run in whole[one]))


def recorded(
    experiment: str,
    budget: str,
    folder: Path | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
) -> tuple[Run, ...]:
    """Return the runs of an experiment at a budget that belong together, by seed and fold.

    Where its file holds runs of two signatures, it is the set with more seeds, and of two as
    large the newer. None where nothing is recorded.
    """
    sets: dict[str, list[Run]] = {}
    for run in _of_point(store.read(experiment, folder), settings):
        if run.budget == budget:
            sets.setdefault(run.signature.sha256, []).append(run)
    whole = [whole_seeds(runs) for runs in sets.values()]
    return max(filter(None, whole), key=_seeds_and_age, default=())


def whole_seeds(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Return, by seed and fold, the runs of those seeds of which every fold is there."""
    by_seed: dict[int, list[Run]] = {}
    for run in sorted(runs, key=lambda run: (run.seed, run.fold or 0)):
        by_seed.setdefault(run.seed, []).append(run)
    whole = (of for of in by_seed.values() if len(of) >= of[0].dataset.request.get("folds", 1))
    return tuple(run for of in whole for run in of)


def _of_point(runs: Iterable[Run], settings: Mapping[str, Any] | None) -> list[Run]:
    point = names.settings_text(settings or {})
    return [run for run in runs if run.point == point]


def _fitting(runs: Iterable[Run], budget: str, signature: Signature) -> list[Run]:
    return [run for run in runs if run.budget == budget and run.signature == signature]


def _seeds(runs: Iterable[Run]) -> int:
    return len({run.seed for run in runs})


def _seeds_and_age(runs: tuple[Run, ...]) -> tuple[int, str]:
    return _seeds(runs), store.finished(runs)


def _finished(run: Run) -> str:
    return run.provenance["finished"]


def missing(
    name: str, received: str, *, budget: str = "full", seeds: str = "0-2"
) -> MissingRecordError:
    """Return the error that says how to record what is not there.

    Args:
        name: of the experiment, with its settings where it is a point of a sweep.
        received: what is there instead.
        budget, seeds: what to record.
    """
    return MissingRecordError(
        f"record of {name}",
        expected="a recorded run",
        received=received,
        remedy='Set MODE = "train" to train it here, or record it: '
        f"{record_command(name, budget, seeds)}.",
    )


def _stale(run: Run, code: Signature) -> StaleRecordError:
    return StaleRecordError(
        f"record of {run.name}",
        expected="a record of the network, recipe and data in the code",
        received=f"a record of others: {code.difference(run.signature)}",
        remedy=f'Set MODE = "train", or record anew: {record_command(run.name, run.budget)}.',
    )
