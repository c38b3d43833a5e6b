"""The trials of one search, as Optuna keeps them: which there were, and what is tried next."""

from __future__ import annotations

import contextlib
import math
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.sweeps import space as spaces
from labkit.sweeps.outcome import Outcome
from labkit.sweeps.packages import needed
from labkit.sweeps.space import Settings, Space

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage

_RANDOM_TRIALS = 10  # before the sampler proposes by what it has seen
_COMPARED_TRIALS = 5  # that a median is taken of, at least
_UNCOMPARED_EPOCHS = 2  # of each trial: the first epochs say little
_SIGN_EVERY = 60.0  # seconds between two signs of life
_GIVEN_UP_AFTER = 600.0  # seconds without a sign from another machine
STATES = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed"}


@dataclass(frozen=True)
class Ended:
    """A trial that ended, as it is kept.

    Attributes:
        number: from 0, in the order in which trials began.
        settings: its point.
        state, value, reason: as of an `Outcome`.
        signature: the hash of its run's signature, if it left one.
    """

    number: int
    settings: Mapping[str, Any]
    state: str
    value: float | None = None
    reason: str = ""
    signature: str = ""


@dataclass(eq=False)
class Study:
    """The trials of one search; several processes may work on them at once.

    Attributes:
        storage: in-memory, or what `storage.opened` returned.
        name: whose trials they are; a search with another space or code has another name.
        space: from which points are proposed.
        lower_is_better: of the metric.
        seed: with a trial's number and the trials before it, it draws the point.
    """

    storage: BaseStorage
    name: str
    space: Space
    lower_is_better: bool
    seed: int
    _under_way: dict[int, optuna.Trial] = field(default_factory=dict, init=False)
    _reported: dict[int, int] = field(default_factory=dict, init=False)
    _signed: float = field(default=-math.inf, init=False)

    def __post_init__(self) -> None:
        optuna = needed("optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._owner = _this_process()
        self._study = optuna.create_study(
            storage=self.storage,
            study_name=self.name,
            direction="minimize" if self.lower_is_better else "maximize",
            pruner=optuna.pruners.MedianPruner(_COMPARED_TRIALS, _UNCOMPARED_EPOCHS),
            load_if_exists=True,
        )
        self.sign()

    def announce(self, trials: int, **about: str) -> None:
        """Write down how many trials are wanted, and more, for whoever watches."""
        for name, value in {"wanted": trials, **about}.items():
            self._study.set_user_attr(name, value)

    def left_behind(self) -> dict[int, Settings]:
        """Take over the trials of processes that are no more; return their numbers and points."""
        running = self._trials("RUNNING")
        found = [one for one in running if one.number not in self._under_way and self._is_left(one)]
        return {one.number: self._begun(one._trial_id) for one in found}

    def another(self, trials: int) -> tuple[int, Settings] | None:
        """Begin another trial, and return its number and point; None where there are so many.

        Two processes that ask in the same moment may make it one more.
        """
        if len(self._trials()) >= trials:
            return None
        trial = self._study.ask()
        return trial.number, self._begun(trial._trial_id)

    def _begun(self, id: int) -> Settings:
        optuna = needed("optuna")
        trial = optuna.Trial(self._study, id)
        trial.set_user_attr("owner", self._owner)
        # A sampler of the trial's own: what is proposed does not depend on which process asks.
        self._study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=_RANDOM_TRIALS, seed=_draw(self.seed, trial.number)
        )
        settings = spaces.proposed(self.space, trial)
        trial.set_user_attr("settings", dict(settings))
        values = self.storage.get_trial(id).intermediate_values
        self._under_way[trial.number] = trial
        self._reported[trial.number] = max(values, default=-1) + 1
        return settings

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Keep the metric of a trial after an epoch, and say whether to prune it.

        An epoch that is reported again, by a trial that is repeated, changes nothing.
        """
        trial = self._under_way.get(number)
        if trial is None or not math.isfinite(value):
            return False
        if epoch > self._reported[number]:
            trial.report(value, epoch - 1)
            self._reported[number] = epoch
        return trial.should_prune()

    def end(self, number: int, outcome: Outcome) -> None:
        """Keep how a trial ended; the first word counts where two processes carried it out."""
        optuna = needed("optuna")
        trial = self._under_way.pop(number)
        state = next(key for key, state in STATES.items() if state == outcome.state)
        value = outcome.value if outcome.state == "finished" else None
        with contextlib.suppress(optuna.exceptions.UpdateFinishedTrialError):
            trial.set_user_attr("reason", outcome.reason)
            for run in outcome.runs:
                trial.set_user_attr("signature", run.signature.sha256)
            kind = optuna.trial.TrialState[state]
            self._study.tell(trial, value, state=kind, skip_if_finished=True)

    def ended(self) -> list[Ended]:
        """Return the trials that ended, by number."""
        return [_ended(one) for one in self._trials(*STATES)]

    def sign(self) -> None:
        """Show, every now and then, that this process is alive."""
        if time.monotonic() - self._signed >= _SIGN_EVERY:
            self._study.set_user_attr(f"alive {self._owner}", time.time())
            self._signed = time.monotonic()

    def _trials(self, *states: str) -> list[optuna.trial.FrozenTrial]:
        kinds = needed("optuna").trial.TrialState
        chosen = tuple(kinds[one] for one in states) or None
        return self._study.get_trials(deepcopy=False, states=chosen)

    def _is_left(self, trial: optuna.trial.FrozenTrial) -> bool:
        """Say whether nobody is at work on a trial any more."""
        owner = trial.user_attrs.get("owner")
        if owner is None:  # its process has just begun it, or was killed in that very moment
            began = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
            return time.time() - began > _SIGN_EVERY
        if owner == self._owner:  # of an earlier search of this process, which was interrupted
            return True
        if owner.rsplit(" ", 2)[0] == platform.node():
            return not _is_alive(owner)
        signed = self._study.user_attrs.get(f"alive {owner}", 0.0)
        return time.time() - signed > _GIVEN_UP_AFTER


def _ended(trial: optuna.trial.FrozenTrial) -> Ended:
    state = STATES[trial.state.name]
    return Ended(
        number=trial.number,
        settings=trial.user_attrs.get("settings", {}),
        state=state,
        value=trial.value if state == "finished" else None,
        reason=trial.user_attrs.get("reason", ""),
        signature=trial.user_attrs.get("signature", ""),
    )


def _draw(seed: int, number: int) -> int:
    """Return the seed of one trial."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _this_process() -> str:
    """Return machine, number and start of this process."""
    process = needed("psutil").Process()
    return f"{platform.node()} {process.pid} {process.create_time():.2f}"


def _is_alive(owner: str) -> bool:
    """Say whether a process of this machine still runs: another may have its number by now."""
    psutil = needed("psutil")
    _, number, started = owner.rsplit(" ", 2)
    try:
        process = psutil.Process(int(number))
        same = f"{process.create_time():.2f}" == started
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
