"""`train`: one network, one recipe, one dataset, one `Run`; trained, resumed or replayed.

`train_path` does the same for several recipes that differ only in when they stop: for them it
trains once. A single training is a path with one end, so all that follows is written for paths.

Three ways lead to a Run. *Train* starts from the seed, or goes on from an unfinished run.
*Replay* looks up what was recorded for exactly this code. *Record* is train, with the result
written to the store; `labkit record` switches it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit import choices, names
from labkit.errors import MissingRecordError, StaleRecordError
from labkit.records import Run
from labkit.training import evaluation, keeping, replay, shared_training
from labkit.training.loop import Follow
from labkit.training.network import Build
from labkit.training.one_training import Measure, Training
from labkit.training.recipe import Recipe

if TYPE_CHECKING:
    from labkit.data import Dataset


def train(
    build: Build,
    dataset: Dataset,
    recipe: Recipe,
    *,
    experiment: str,
    budget: str | None = None,
    mode: str | None = None,
    test: bool = True,
    measure: Measure | None = None,
    settings: Mapping[str, Any] | None = None,
    follow: Follow | None = None,
) -> Run:
    """Train a network, or return the recorded training of exactly this network.

    Args:
        build: returns a new, uncompiled model. It is called once the seed is set, so that a
            run does not depend on what ran before it.
        dataset: from `data.load`; its seed draws split, initial weights and order alike.
        recipe: loss, optimizer, epochs, …; resolved at the budget.
        experiment: the name under which the run is recorded, e.g. ``"01/dense-4"``.
        budget: ``"smoke"``, ``"lab"`` or ``"full"``; None leaves it to the environment.
        mode: ``"train"``, ``"replay"`` or ``"auto"``; None leaves it to the environment.
        test: evaluate on the test set after the last epoch. False for choosing among settings.
        measure: name → function(model, dataset) returning a number or a small array to keep.
        settings: of a sweep, what tells this point from the others, e.g. ``{"batch_size": 16}``:
            plain values by name. All points are recorded under one experiment.
        follow: function(epoch, logs) that is told of each epoch that is trained, counted from 1,
            and of what Keras logged, in place of a bar. What it raises ends the training.

    Returns:
        The run; `run.replicates` holds the recorded runs of the same code, all seeds and folds.

    Raises:
        ModelError: `build` returns no model, a compiled one, one without an input shape, or one of
            several inputs or outputs; or the model's own `train_step` returns no loss.
        MissingRecordError: replay, and nobody recorded this experiment, or what is asked of it.
        StaleRecordError: replay, and the record belongs to other code.
        ParameterError: an unknown budget or mode; an ill-formed name or setting; a callback or
            augmentation that would not do what it says; too large a `measure`.
    """
    runs = _runs(
        build,
        dataset,
        {experiment: recipe},
        budget=budget,
        mode=mode,
        test=test,
        measure=measure,
        settings=settings,
        follow=follow,
    )
    return runs[experiment]


def train_path(
    build: Build,
    dataset: Dataset,
    recipes: Mapping[str, Recipe],
    *,
    budget: str | None = None,
    mode: str | None = None,
    test: bool = True,
    measure: Measure | None = None,
) -> dict[str, Run]:
    """Train a network once, and return what it was wherever one of several recipes stops.

    Order, initial weights and seeds depend on the seed alone, so that recipes which differ only
    in when they stop share every epoch up to there. Each run is what `train` gives for its recipe
    alone, but for its times: `seconds` is what the path had taken when the run was finished, and
    `seconds_per_epoch` are the path's epochs up to the run's own end.

    A path that was stopped or killed goes on where it was. When recording, it goes as far as the
    experiments that are asked for, and every experiment that ends on the way is written down.

    Args:
        build: as in `train`.
        dataset: as in `train`.
        recipes: by the names under which the runs are recorded. They may differ in `epochs` and
            in their `keras.callbacks.EarlyStopping` callbacks.
        budget: as in `train`.
        mode: as in `train`; auto trains the whole path where one of the runs is not recorded.
        test: as in `train`.
        measure: as in `train`; what it changes in the model is undone.

    Returns:
        The runs, by the names of `recipes` and in their order.

    Raises:
        ParameterError: no recipe, or recipes that differ in more; else as in `train`.
        ModelError, MissingRecordError, StaleRecordError: as in `train`.
    """
    return _runs(build, dataset, recipes, budget=budget, mode=mode, test=test, measure=measure)


def _runs(
    build: Build,
    dataset: Dataset,
    recipes: Mapping[str, Recipe],
    *,
    budget: str | None,
    mode: str | None,
    test: bool,
    measure: Measure | None,
    settings: Mapping[str, Any] | None = None,
    follow: Follow | None = None,
) -> dict[str, Run]:
    for experiment in recipes:
        names.checked(experiment)  # an ill-formed name fails before anything is trained
    names.settings_text(settings or {})
    evaluation.require_free_names(measure)
    level, mode = choices.choice("budget", budget), choices.choice("mode", mode)
    trainings = [
        Training(build, dataset, recipe, experiment, level, test, measure, settings or {}, follow)
        for experiment, recipe in recipes.items()
    ]
    shared_training.require_shared(trainings)
    if mode == "train":
        runs = keeping.trained(trainings)
    else:
        shown_budget = level if choices.budget_is_explicit(budget) else None
        try:
            runs = {one.experiment: replay.recorded(one, shown_budget) for one in trainings}
        except (MissingRecordError, StaleRecordError) as problem:
            if mode == "replay":
                raise
            what = "it is" if len(trainings) == 1 else "they are"
            title = shared_training.title(trainings)
            print(f"{title}: {type(problem).__name__}, so {what} trained here.")
            runs = keeping.trained_for_a_person(trainings)
    return {experiment: runs[experiment] for experiment in recipes}
