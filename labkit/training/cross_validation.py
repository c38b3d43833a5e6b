"""`cross_validate`: the same training once a fold, each time with another part held out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labkit.training.modes import train

if TYPE_CHECKING:
    import keras

    from labkit.data import Dataset, Split
    from labkit.records import Run
    from labkit.training.recipe import Recipe


def cross_validate(
    build: Callable[[], keras.Model],
    dataset: Dataset,
    recipe: Recipe,
    *,
    folds: int = 5,
    change: Callable[[Split, Dataset], Split] | None = None,
    **options: Any,
) -> Run:
    """Train once a fold, and return the runs as one.

    Every training example is held out once. Tables and statistics take the mean over the folds
    of a seed as that seed's number, and recordings are whole once all folds of a seed are there.

    Args:
        build, recipe: as in `train`.
        dataset: loaded with ``validation=0``, not changed.
        folds: how many parts the training examples are cut into.
        change: what `Dataset.changed` does to each fold. It sees the fold's own training part, so
            that nothing of what is held out goes into a mean or a scale.
        options: `experiment`, `budget`, `mode`, `test`, `measure`, `settings`, as in `train`.

    Returns:
        The run of fold 0, with the others in `run.folds`; replayed, with all that are recorded
        in `run.replicates`.

    Raises:
        ParameterError: no such number of folds; the dataset cannot be folded, see `Dataset.fold`.
        ModelError, MissingRecordError, StaleRecordError: as in `train`.
    """
    parts = [dataset.fold(number, of=folds) for number in range(folds)]
    changed = [part.changed(change) if change else part for part in parts]
    runs = [train(build, part, recipe, **options) for part in changed]
    return dataclasses.replace(runs[0], folds=tuple(runs))
