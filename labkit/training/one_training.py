"""`Job`: one training that is to be done, and the `Run` that is made of it once it is."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labkit.errors import ModelError, ParameterError
from labkit.records import DataStamp, Run, Signature, provenance, signature_of
from labkit.training import evaluation
from labkit.training.checkpoints import Progress
from labkit.training.recipe import SMOKE_EXAMPLES, Recipe

if TYPE_CHECKING:
    import keras

    from labkit.data import Dataset, Split

Build = Callable[[], "keras.Model"]
Measure = Mapping[str, Callable[["keras.Model", "Dataset"], Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """One training that is to be done.

    Attributes:
        build, dataset, recipe, experiment, test, measure: as `train` was given them.
        budget: the one in force.
    """

    build: Build
    dataset: Dataset
    recipe: Recipe
    experiment: str
    budget: str
    test: bool = True
    measure: Measure | None = None

    @property
    def seed(self) -> int:
        """The dataset's seed, which draws initial weights and order as well."""
        return self.dataset.seed

    @property
    def resolved(self) -> Recipe:
        """The recipe at the budget in force."""
        return self.recipe.at(self.budget)

    @cached_property
    def key(self) -> str:
        """What tells this training from others of the same budget and seed."""
        return f"{self.experiment} {self.code().sha256}"

    @cached_property
    def network(self) -> keras.Model:
        """The network to look at, not to train: it was built at any time, from any seed."""
        return built(self.build)

    def at(self, budget: str) -> Job:
        """Return the same job at another budget."""
        return dataclasses.replace(self, budget=budget)

    def code(self, budget: str | None = None) -> Signature:
        """Return the signature at a budget; None is the one in force."""
        recipe = self.recipe.at(budget or self.budget)
        return signature_of(self.network, recipe, self.dataset.request)

    def lacks(self, run: Run) -> list[str]:
        """Return what the notebook wants to know and the run does not say."""
        unmeasured = sorted(set(self.measure or {}) - set(run.measures))
        return unmeasured + ["test metrics"] * (self.test and "test" not in run.metrics)

    def updates(self, splits: Mapping[str, Split]) -> int:
        """Return how many weight updates it makes at the most, on these splits."""
        return self.resolved.epochs * math.ceil(len(splits["train"]) / self.resolved.batch_size)

    def splits(self) -> dict[str, Split]:
        """Return the examples of each split that this job uses.

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
            name: split.take(limits[name] or len(split), self.seed)
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

    def run(
        self,
        model: keras.Model,
        trained: keras.Model,
        splits: Mapping[str, Split],
        progress: Progress,
        started: float,
    ) -> Run:
        """Measure the network that this job's training left, and return the run.

        Args:
            model: as `build` returned it, now trained.
            trained: the compiled one, with augmentation before it.
            splits: from `splits`.
            progress: how the training went.
            started: when training began or went on, by `time.perf_counter`.
        """
        import keras

        diverged = not math.isfinite(progress.history["loss"][-1])
        counts, mistakes = None, None
        if "test" in splits and self.dataset.class_names and not diverged:
            classes = len(self.dataset.class_names)
            counts, mistakes = evaluation.confusion(model, splits["test"], classes)
        metrics = {name: evaluation.measured(trained, one) for name, one in splits.items()}
        seconds = time.perf_counter() - started + progress.seconds_before
        keras.utils.set_random_seed(self.seed)  # a measure may draw; what ran before must not show
        return Run(
            experiment=self.experiment,
            budget=self.budget,
            seed=self.seed,
            status="diverged" if diverged else "finished",
            signature=signature_of(model, self.resolved, self.dataset.request),
            dataset=self._stamp(splits),
            parameters=model.count_params(),
            trainable_parameters=sum(math.prod(one.shape) for one in model.trainable_weights),
            history={name: tuple(values) for name, values in progress.history.items()},
            metrics=metrics,
            seconds=seconds,
            seconds_per_epoch=tuple(progress.seconds_per_epoch),
            confusion=counts,
            mistakes=mistakes,
            measures=evaluation.measures(self.measure, model, self.dataset),
            provenance=provenance.collect(),
        )

    def _stamp(self, splits: Mapping[str, Split]) -> DataStamp:
        return DataStamp(
            name=self.dataset.name,
            request=dict(self.dataset.request),
            source=self.dataset.source,
            sizes={name: len(split) for name, split in splits.items()},
            fingerprint=self.dataset.fingerprint,
        )


def built(build: Build) -> keras.Model:
    """Return a new model.

    Raises:
        ModelError: `build` returns no model, a compiled one, or one without an input shape.
    """
    import keras

    model = build()
    received = None
    if not isinstance(model, keras.Model):
        received = repr(model)
    elif model.compiled:
        received = "a compiled model"
    elif not hasattr(model, "input_shape"):  # a Sequential not built yet, or a subclass
        received = "a model without an input shape"
    if received:
        raise ModelError(
            "build()",
            expected="a new, uncompiled Keras model that knows its input shape",
            received=received,
            remedy="Return keras.Sequential([keras.Input(shape), …]); train compiles it itself.",
        )
    return model
