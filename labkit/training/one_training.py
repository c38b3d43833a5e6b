"""`Training`: one training that is to be done, and the `Run` that is made of it once it is."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labkit import names
from labkit.errors import ParameterError
from labkit.records import DataStamp, Mistakes, Run, Signature, provenance, signature_of
from labkit.source_text import described
from labkit.training import evaluation, metrics, speed
from labkit.training.checkpoints import Progress
from labkit.training.loop import Follow
from labkit.training.network import Build, built, compiled
from labkit.training.recipe import SMOKE_EXAMPLES, Recipe
from labkit.training.speed import PLAIN, Execution

if TYPE_CHECKING:
    import keras
    import numpy as np

    from labkit.data import Dataset, Split

Measure = Mapping[str, Callable[["keras.Model", "Dataset"], Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Prepared:
    """What a training works on.

    Attributes:
        started: when it began or went on, by `time.perf_counter`.
        model: as `build` returned it.
        compiled: the one to train, with augmentation before it.
        splits: the examples, by the splits' names.
        execution: how it is executed.
    """

    started: float
    model: keras.Model
    compiled: keras.Model
    splits: Mapping[str, Split]
    execution: Execution


@dataclasses.dataclass(frozen=True, eq=False)
class Training:
    """One training that is to be done.

    Attributes:
        build, dataset, recipe, experiment, test, measure, settings, follow: as `train` was given
            them.
        budget: the one in force.
    """

    build: Build
    dataset: Dataset
    recipe: Recipe
    experiment: str
    budget: str
    test: bool = True
    measure: Measure | None = None
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    follow: Follow | None = None

    @property
    def name(self) -> str:
        """The experiment's name, with the settings where it is a point of a sweep."""
        return names.of_point(self.experiment, self.settings)

    @property
    def resolved(self) -> Recipe:
        """The recipe at the budget in force."""
        return self.recipe.at(self.budget)

    @cached_property
    def key(self) -> tuple[str, int, int | None, str, str]:
        """The key of its run, see `Run.key`. The seed draws split, weights and order alike."""
        point, sha256 = names.settings_text(self.settings), self.code().sha256
        return self.budget, self.dataset.seed, self.dataset.fold_number, point, sha256

    @property
    def kept_as(self) -> str:
        """The name under which a checkpoint knows it: other code has another."""
        return f"{self.experiment} {self.key[-1]}"

    @cached_property
    def network(self) -> keras.Model:
        """The network to look at, not to train: it was built at any time, from any seed."""
        return built(self.build)

    @cached_property
    def definitions(self) -> dict[str, str]:
        """What the measures and the metrics given as objects are: name → text."""
        measures = {name: described(function) for name, function in (self.measure or {}).items()}
        return measures | metrics.definitions(self.resolved)

    def at(self, budget: str) -> Training:
        """Return the same training at another budget."""
        return dataclasses.replace(self, budget=budget)

    def code(self, budget: str | None = None) -> Signature:
        """Return the signature at a budget; None is the one in force."""
        recipe = self.recipe.at(budget or self.budget)
        return signature_of(self.network, recipe, self.dataset.request)

    def lacks(self, run: Run) -> list[str]:
        """Return what the notebook asks for and the run does not have, or has otherwise."""
        asked = [*(self.measure or {}), *map(metrics.name_of, self.resolved.metrics or ())]
        lacking = sorted(set(asked) - {*run.measures, *run.metrics.get("train", ())})
        if self.test and "test" not in run.metrics:
            lacking.append("test metrics")
        return lacking + [
            f"this {name}: {Signature((text,)).difference(Signature((run.definitions[name],)))}"
            for name, text in self.definitions.items()
            if run.definitions.get(name, text) != text
        ]

    def prepared(self, *, fast: bool) -> Prepared:
        """Build and compile the network from its seed, and take the examples.

        Args:
            fast: as `speed.chosen` has it, where that pays; else as Keras does by itself.

        Raises:
            ModelError, ParameterError: it cannot be trained.
        """
        import keras

        started, recipe = time.perf_counter(), self.resolved
        keras.utils.set_random_seed(self.dataset.seed)
        model, splits = built(self.build), self.splits()
        updates = recipe.epochs * math.ceil(len(splits["train"]) / recipe.batch_size)
        execution = speed.chosen(model, updates) if fast else PLAIN
        trainable = compiled(model, recipe, splits["train"], execution=execution)
        return Prepared(started, model, trainable, splits, execution)

    def splits(self) -> dict[str, Split]:
        """Return the examples of each split that this training uses.

        Raises:
            ParameterError: the recipe asks for more examples than there are.
        """
        recipe, dataset = self.resolved, self.dataset
        self._require_enough(recipe.examples)
        splits = {"train": dataset.train, "validation": dataset.validation}
        if self.test:
            splits["test"] = dataset.test
        limits = dict.fromkeys(splits, SMOKE_EXAMPLES if self.budget == "smoke" else None)
        limits["train"] = recipe.examples or limits["train"]
        return {
            name: split.take(limits[name] or len(split), dataset.seed)
            for name, split in splits.items()
            if split is not None
        }

    def _require_enough(self, examples: int | None) -> None:
        whole = self.budget != "smoke" and not self.dataset.is_sample
        if examples and whole and examples > len(self.dataset.train):
            raise ParameterError(
                "Recipe.examples",
                expected=f"at most the {len(self.dataset.train)} training examples of the dataset",
                received=str(examples),
                remedy="Load more, or train on fewer.",
            )

    def run(self, prepared: Prepared, progress: Progress) -> Run:
        """Measure the network that this training left, and return the run.

        Args:
            prepared: with the network as this training left it.
            progress: how the training went.
        """
        import keras

        model, splits = prepared.model, prepared.splits
        diverged = not math.isfinite(progress.history["loss"][-1])
        counts, mistakes = (None, None) if diverged else self._confusion(model, splits)
        measured = {
            name: evaluation.measured(prepared.compiled, one) for name, one in splits.items()
        }
        seconds = time.perf_counter() - prepared.started + progress.seconds_before
        # A measure may draw; what ran before must not show.
        keras.utils.set_random_seed(self.dataset.seed)
        return Run(
            experiment=self.experiment,
            budget=self.budget,
            seed=self.dataset.seed,
            fold=self.dataset.fold_number,
            settings=dict(self.settings),
            status="diverged" if diverged else "finished",
            signature=signature_of(model, self.resolved, self.dataset.request),
            dataset=self._stamp(splits),
            parameters=model.count_params(),
            trainable_parameters=sum(math.prod(one.shape) for one in model.trainable_weights),
            history={name: tuple(values) for name, values in progress.history.items()},
            metrics=measured,
            seconds=seconds,
            seconds_per_epoch=tuple(progress.seconds_per_epoch),
            confusion=counts,
            mistakes=mistakes,
            measures=evaluation.measures(self.measure, model, self.dataset),
            definitions=self.definitions,
            provenance=provenance.collect() | prepared.execution.described(),
        )

    def _confusion(
        self, model: keras.Model, splits: Mapping[str, Split]
    ) -> tuple[np.ndarray | None, Mistakes | None]:
        classes = len(self.dataset.class_names)
        if not classes or "test" not in splits:
            return None, None
        return evaluation.confusion(model, splits["test"], classes, loss=self.resolved.loss)

    def _stamp(self, splits: Mapping[str, Split]) -> DataStamp:
        return DataStamp(
            name=self.dataset.name,
            request=dict(self.dataset.request),
            source=self.dataset.source,
            sizes={name: len(split) for name, split in splits.items()},
            fingerprint=self.dataset.fingerprint,
        )
