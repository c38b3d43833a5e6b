"""How far the searches of a command are, shown while a notebook's kernel carries them out.

The kernel and this process share nothing but the storage, so that is what is looked at.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit import names
from labkit.records import numbers
from labkit.sweeps.packages import needed
from labkit.sweeps.study import STATES

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage
    from rich.console import Console
    from rich.progress import Progress, TaskID

_EVERY = 1.0  # seconds between two looks
_NONE = "none yet"


@dataclass(frozen=True)
class Standing:
    """How far one search is.

    Attributes:
        experiment, seed, metric: what is searched, with which seed, and by what.
        wanted: how many trials there are to be.
        finished, pruned, failed: how many ended, by how they did.
        best, point: the best value and its settings, written out.
        reasons: why trials failed, by their number.
    """

    experiment: str
    seed: str
    metric: str
    wanted: int
    finished: int
    pruned: int
    failed: int
    best: str
    point: str
    reasons: dict[int, str]

    @property
    def title(self) -> str:
        """What it is called: a notebook may do the same search with several seeds."""
        return f"{self.experiment}, seed {self.seed}"

    @property
    def ended(self) -> int:
        """How many trials ended, one way or another."""
        return self.finished + self.pruned + self.failed

    def __str__(self) -> str:
        counts = f"{self.finished} finished, {self.pruned} pruned, {self.failed} failed"
        best = f"best {numbers.title(self.metric)} {self.best} at {self.point}"
        return f"{self.title}: {counts}" + f"; {best}" * bool(self.point)


def standings(storage: BaseStorage, mark: str) -> list[Standing]:
    """Return how far the searches are that a command with this mark began."""
    studies = needed("optuna").get_all_study_names(storage)
    return [one for name in studies if (one := _standing(storage, name, mark))]


def _standing(storage: BaseStorage, name: str, mark: str) -> Standing | None:
    optuna = needed("optuna")
    study = optuna.load_study(study_name=name, storage=storage)
    about = study.user_attrs
    if about.get("mark") != mark:
        return None
    trials = study.get_trials(deepcopy=False)
    states = [STATES.get(one.state.name) for one in trials]
    failed = {
        one.number: one.user_attrs.get("reason", "")
        for one, state in zip(trials, states, strict=True)
        if state == "failed"
    }
    best, point = _best(study, about["metric"]) if "finished" in states else (_NONE, "")
    return Standing(
        about["experiment"],
        about["seed"],
        about["metric"],
        about["wanted"],
        *(states.count(state) for state in ("finished", "pruned", "failed")),
        best=best,
        point=point,
        reasons=failed,
    )


def _best(study: optuna.Study, metric: str) -> tuple[str, str]:
    best = study.best_trial
    value = f"{best.value:.{numbers.known(metric).digits}f}"
    return value, names.settings_text(best.user_attrs["settings"])


@contextlib.contextmanager
def shown(storage: BaseStorage, mark: str, *, console: Console | None = None) -> Iterator[None]:
    """Show a bar for each search meanwhile, with what ended, the best so far and the time left."""
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=10),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(elapsed_when_finished=True),
        bars.TextColumn("{task.fields[said]}"),
    )
    done = threading.Event()
    with bars.Progress(*columns, console=console) as display:
        rows: dict[str, TaskID] = {}
        watcher = threading.Thread(
            target=_watch, args=(storage, mark, display, rows, done), daemon=True
        )
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
            _update(display, rows, standings(storage, mark))


def _watch(storage, mark: str, display: Progress, rows, done: threading.Event) -> None:
    while not done.wait(_EVERY):
        _update(display, rows, standings(storage, mark))


def _update(display: Progress, rows: dict[str, TaskID], found: list[Standing]) -> None:
    for one in found:
        if one.title not in rows:
            # Rates and time left are of this call: what ended before it began took it no time.
            rows[one.title] = display.add_task(
                one.title, total=one.wanted, completed=one.ended, said=""
            )
        said = f"{one.pruned} pruned, {one.failed} failed, best {one.best}"
        display.update(rows[one.title], completed=one.ended, said=said)
