"""The trials of a search as jobs: those that others left, then new ones until there are enough."""

from __future__ import annotations

from collections.abc import Callable

from labkit.sweeps.jobs import Job
from labkit.sweeps.outcome import Outcome, Task
from labkit.sweeps.space import Settings
from labkit.sweeps.study import Study


class Trials:
    """Jobs, as `jobs.Jobs` has them.

    Args:
        study: where they are kept.
        wanted: how many trials there are to be, with those of other processes and earlier calls.
        task: what is to be done at a point.
        keep: called with a trial's number, point and outcome, before the study knows of it: what
            is killed in between is done again, and finds what was kept.
    """

    def __init__(
        self,
        study: Study,
        wanted: int,
        task: Callable[[Settings], Task],
        keep: Callable[[int, Settings, Outcome], None],
    ) -> None:
        self._study, self._wanted, self._task, self._keep = study, wanted, task, keep
        self._left: dict[int, Settings] = study.left_behind()
        self._begun: dict[int, Settings] = {}
        self.report, self.sign = study.report, study.sign

    def next(self) -> Job | None:
        begun = self._left.popitem() if self._left else self._study.another(self._wanted)
        if begun is None:
            return None
        number, settings = begun
        self._begun[number] = settings
        return Job(number, self._task(settings))

    def end(self, number: int, outcome: Outcome) -> None:
        self._keep(number, self._begun.pop(number), outcome)
        self._study.end(number, outcome)
