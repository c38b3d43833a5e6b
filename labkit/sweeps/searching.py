"""`search`: the best settings of a candidate, by trials over a space; done here, swept or replayed.

The search judges by the validation split and never opens the test set. Every trial that finishes
is a run, a point of the experiment's sweep.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit import choices, names
from labkit.counts import checked_count
from labkit.errors import MissingRecordError, ParameterError, StaleRecordError
from labkit.records import Run, Signature, numbers, store
from labkit.source_text import described
from labkit.sweeps import space as spaces
from labkit.sweeps import storage
from labkit.sweeps.candidate import (
    Away,
    Candidate,
    Question,
    packed,
    require_movable,
    require_searchable,
    texts_of_cells,
)
from labkit.sweeps.found import Search, Trial
from labkit.sweeps.jobs import carry_out, carry_out_here
from labkit.sweeps.outcome import Outcome, Task
from labkit.sweeps.packages import needed
from labkit.sweeps.replaying import replayed
from labkit.sweeps.space import Settings, Space
from labkit.sweeps.study import Study
from labkit.sweeps.trials import Trials

if TYPE_CHECKING:
    from labkit.data import Dataset

_SMOKE_TRIALS = 2


def search(
    candidate: Candidate,
    space: Mapping[str, Any],
    dataset: Dataset,
    *,
    experiment: str,
    trials: int | choices.ByBudget,
    metric: str = "validation_accuracy",
    budget: str | None = None,
    mode: str | None = None,
) -> Search:
    """Search a space for the settings with which a candidate does best on the validation split.

    Optuna proposes: the first ten points at random, the others where it went well before. A trial
    that is worse than the median of the others after as many epochs is pruned.

    In train mode the trials run here, one after another. `labkit sweep` runs them on several
    processes or machines, and records those that finish. Replay returns what was recorded.

    Args:
        candidate: a function of the settings that returns the function that builds the network,
            and the recipe. It reads settings by name, ``settings["learning_rate"]``. It is tried
            at the first point, of first values and lower ends, before anything is trained: what
            it raises there is raised.
        space: by name, `sweeps.between(low, high)`, or a list of the values to choose from.
        dataset: from `data.load`, with a validation split.
        experiment: the name under which all points are recorded, e.g. ``"05/search"``.
        trials: how many; a number or `by_budget(lab=…, full=…)`. Smoke has two.
        metric: of the validation split, see `Run.value`: ``"validation_accuracy"`` …
        budget, mode: as in `train`.

    Raises:
        ParameterError: an empty space, a setting that the candidate asks for and the space
            lacks, a metric of another split; else as in `train`.
        MissingRecordError: replay, and nobody recorded the search.
        StaleRecordError: replay, and all that is recorded belongs to other code.
        SweepError: a package is not installed; no trial finished; a sweep has lost its scheduler
            or its storage.
    """
    level, mode = choices.choice("budget", budget), choices.choice("mode", mode)
    wanted = checked_count("trials", choices.resolve(trials, level))
    question = Question(candidate, names.checked(experiment), level, _checked_metric(metric))
    space = spaces.checked(space)
    require_searchable(dataset)
    build, _ = question.parts(spaces.first(space))
    build()  # which may read settings, too
    recording = choices.recording()
    if recording and choices.sweep() is None and recording.budget == level:
        # `labkit record` records what a notebook makes of a search, and no search: at full too it
        # goes by the trials of lab where the search was done at lab alone, as a page does.
        others = [one for one in choices.RECORDED_BUDGETS if one != level]
        with choices.in_environment({"LABKIT_STORE": str(recording.store)}):
            return replayed(question, space, dataset, [level, *others])
    if mode == "train":
        return _trained(question, space, dataset, wanted)
    try:
        shown = [level] if choices.budget_is_explicit(budget) else choices.RECORDED_BUDGETS
        return replayed(question, space, dataset, shown)
    except (MissingRecordError, StaleRecordError) as problem:
        if mode == "replay":
            raise
        print(f"{experiment}: {type(problem).__name__}, so the search is done here.")
        return _searched(question, space, dataset, wanted)


def _checked_metric(metric: str) -> str:
    if metric.startswith("validation_"):
        return metric
    raise ParameterError(
        "metric",
        expected="one of the validation split, which is there to choose by",
        received=repr(metric),
        remedy='Name one like "validation_accuracy" or "validation_loss".',
    )


# --- trained ------------------------------------------------------------------------------


def _trained(question: Question, space: Space, dataset: Dataset, trials: int) -> Search:
    asked = choices.sweep()
    if asked is None:
        return _searched(question, space, dataset, trials)
    return _swept(question, space, dataset, asked, asked.trials or trials)


def _searched(question: Question, space: Space, dataset: Dataset, trials: int) -> Search:
    """Search here, one trial after another; a point that comes twice is trained once."""
    memory = needed("optuna.storages").InMemoryStorage()
    study = Study(memory, question.experiment, space, _lower(question), dataset.seed)
    finished: dict[str, Outcome] = {}
    runs: dict[int, Run] = {}

    def task(settings: Settings) -> Task:
        point = names.settings_text(settings)
        if point in finished:
            return lambda report: finished[point]
        return functools.partial(question.answer, settings, dataset)

    def keep(number: int, settings: Settings, outcome: Outcome) -> None:
        for run in outcome.runs:
            runs[number] = run
            finished[names.settings_text(settings)] = outcome

    wanted = min(trials, _SMOKE_TRIALS) if question.budget == "smoke" else trials
    jobs = Trials(study, wanted, task, keep)
    carry_out_here(jobs, total=wanted, title=question.experiment)
    return _found(question, space, _of_study(study, runs.get))


def _swept(
    question: Question, space: Space, dataset: Dataset, asked: choices.Sweep, trials: int
) -> Search:
    """Search on the workers of a scheduler; a trial that was recorded is not trained again."""
    recording = choices.recording()
    store.require_recordable(question.experiment, question.budget, dataset.source)
    require_movable(dataset)
    study = Study(
        storage.opened(asked.storage),
        name_in_storage(question, space, dataset),
        space,
        _lower(question),
        dataset.seed,
    )
    study.announce(
        trials,
        mark=asked.mark,
        experiment=question.experiment,
        seed=str(dataset.seed),
        metric=question.metric,
    )
    away = Away(
        packed(question),
        question.budget,
        dataset.request,
        dataset.seed,
        dataset.fingerprint,
        texts_of_cells(),
    )

    def recorded() -> list[Run]:
        there = store.read(question.experiment, recording.store)
        return [one for one in there if (one.budget, one.seed) == (question.budget, dataset.seed)]

    def task(settings: Settings) -> Task:
        point = names.settings_text(settings)
        known = tuple(run for run in recorded() if run.point == point)
        return functools.partial(dataclasses.replace(away, recorded=known).answer, settings)

    def keep(number: int, settings: Settings, outcome: Outcome) -> None:
        for run in outcome.runs:
            store.add(run, recording.store)

    jobs = Trials(study, trials, task, keep)
    carry_out(jobs, scheduler=asked.scheduler, workers=asked.workers)
    runs = {(run.point, run.signature.sha256): run for run in recorded()}
    ended = {
        one.number: (names.settings_text(one.settings), one.signature) for one in study.ended()
    }
    return _found(question, space, _of_study(study, lambda number: runs.get(ended[number])))


def _lower(question: Question) -> bool:
    return numbers.known(question.metric).lower_is_better


def name_in_storage(question: Question, space: Space, dataset: Dataset) -> str:
    """Return a search's name in a storage: with other code, space or data it is another search."""
    code = Signature(
        (
            f"metric: {question.metric}",
            *(f"{name}: {values}" for name, values in space.items()),
            f"candidate: {described(question.candidate)}",
            f"data: {sorted(dataset.request.items())}",
        )
    )
    return f"{question.experiment} {question.budget} seed {dataset.seed} {code.sha256[:12]}"


def _of_study(study: Study, run_of: Callable[[int], Run | None]) -> list[Trial]:
    return [
        Trial(one.number, one.settings, one.state, one.value, one.reason, run_of(one.number))
        for one in study.ended()
    ]


def _found(question: Question, space: Space, trials: Sequence[Trial]) -> Search:
    return Search(question.experiment, question.metric, space, tuple(trials))
