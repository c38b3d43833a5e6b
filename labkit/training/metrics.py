"""What is measured beside the loss: what a recipe asks for, or what fits the targets."""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.errors import ParameterError
from labkit.records import describe
from labkit.training import evaluation

if TYPE_CHECKING:
    import keras

    from labkit.data import Split
    from labkit.training.recipe import Recipe

MANY_CLASSES = 10  # with more than so many, one asks for the best five answers as well
LEAST_ERROR = 1e-10  # of an image, squared: an image given back exactly has 100 dB
_LOSSES = ("loss", "data_loss")


def chosen(recipe: Recipe, split: Split, model: keras.Model) -> list[str | keras.metrics.Metric]:
    """Return fresh metrics to compile a network with.

    Args:
        recipe: its `metrics` are names or objects; None follows the targets.
        split: whose targets the loss compares with, such as the training examples.
        model: as the notebook built it, not compiled.

    Raises:
        ParameterError: a metric object of which no copy can be made.
    """
    metrics = _following(split, model) if recipe.metrics is None else recipe.metrics
    return [
        _by_name(one, recipe, split, model) if isinstance(one, str) else _copy(one)
        for one in metrics
    ]


def definitions(recipe: Recipe) -> dict[str, str]:
    """Return what the metrics that were given as objects are: name → class and settings."""
    objects = [one for one in recipe.metrics or () if not isinstance(one, str)]
    return {name_of(one): describe(one) for one in objects}


def name_of(metric: str | keras.metrics.Metric) -> str:
    """Return the name under which a metric is recorded.

    Where it was given none, Keras numbers it by how many of its class there were before, and the
    number would be another when a cell runs twice: it is left out.

    >>> name_of("mae")
    'mae'
    """
    if isinstance(metric, str):
        return metric
    bare = re.sub(r"_\d+$", "", metric.name)
    is_numbered = bare.replace("_", "") == type(metric).__name__.lower()
    return bare if is_numbered else metric.name


def require_metrics(metrics: Sequence[str | keras.metrics.Metric]) -> None:
    """Refuse what cannot be measured and recorded.

    Raises:
        ParameterError: no tuple of names and Keras metrics, or one name twice, or a loss's.
    """
    if not isinstance(metrics, tuple | list) or not all(map(_is_metric, metrics)):
        raise ParameterError(
            "Recipe.metrics",
            expected="a tuple of names and Keras metrics, or None",
            received=repr(metrics),
            remedy='Write metrics=("accuracy",), with the comma; None follows the targets.',
        )
    names = [*_LOSSES, *map(name_of, metrics)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ParameterError(
            "Recipe.metrics",
            expected="names that differ, none of them loss or data_loss",
            received=", ".join(twice),
            remedy='Give each its own, such as keras.metrics.Recall(name="recall_of_spam").',
        )


def _is_metric(one: Any) -> bool:
    return isinstance(one, str) or (hasattr(one, "update_state") and not isinstance(one, type))


def _following(split: Split, model: keras.Model) -> tuple[str, ...]:
    """Return the names of the metrics that fit the targets."""
    if split.target_kind == "inputs":
        return "mse", "psnr"
    if split.target_kind == "numbers":
        return "mae", "mse", "r2"
    return ("accuracy", "top_5_accuracy") if _width(model) > MANY_CLASSES else ("accuracy",)


def _width(model: keras.Model) -> int:
    return evaluation.output_shape(model)[-1]


def _by_name(
    name: str, recipe: Recipe, split: Split, model: keras.Model
) -> str | keras.metrics.Metric:
    """Return what a name stands for here; what Keras knows as well as we is left to it."""
    import keras

    metrics = keras.metrics
    if name == "r2":
        return _r2_class()(name=name)
    if name == "psnr":
        return metrics.MeanMetricWrapper(peak_signal_to_noise, name=name)
    if name == "top_5_accuracy":
        is_one_hot = split.targets.ndim == len(evaluation.output_shape(model))
        kind = "TopKCategoricalAccuracy" if is_one_hot else "SparseTopKCategoricalAccuracy"
        return getattr(metrics, kind)(k=5, name=name)
    if name == "accuracy" and _is_one_logit(model, recipe) and split.target_kind == "classes":
        return metrics.BinaryAccuracy(threshold=0.0, name=name)  # the logit of one half
    return name


def _is_one_logit(model: keras.Model, recipe: Recipe) -> bool:
    return _width(model) == 1 and evaluation.gives_logits(model, recipe.loss)


def _copy(metric: keras.metrics.Metric) -> keras.metrics.Metric:
    """Return a metric without state, with this one's settings."""
    settings = metric.get_config() | {"name": name_of(metric)}
    if lost := _lost(metric, settings):
        raise _no_copy(metric, f"one that leaves out {', '.join(lost)}")
    try:
        return type(metric).from_config(settings)
    except TypeError as problem:
        raise _no_copy(metric, str(problem)) from problem


def _lost(metric: keras.metrics.Metric, settings: Mapping[str, Any]) -> list[str]:
    """Return the arguments of a notebook's metric that its configuration does not have."""
    kind = type(metric)
    if kind.__module__.partition(".")[0] == "keras":
        return []
    arguments = inspect.signature(kind).parameters.values()
    named = [one.name for one in arguments if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    return [name for name in named if name not in settings]


def _no_copy(metric: keras.metrics.Metric, received: str) -> ParameterError:
    return ParameterError(
        f"Recipe.metrics {name_of(metric)}",
        expected="a configuration from which each training makes a metric of its own",
        received=received,
        remedy="Let get_config return every argument of the constructor; register a function "
        "with keras.saving.register_keras_serializable.",
    )


@functools.cache
def _r2_class() -> type[keras.metrics.Metric]:
    import keras

    class R2(keras.metrics.R2Score):
        """Keras's R², also where targets are (n,) and outputs (n, 1)."""

        def update_state(self, targets: Any, outputs: Any, sample_weight: Any = None) -> None:
            super().update_state(*_rows(targets, outputs), sample_weight)

    return R2


def peak_signal_to_noise(targets: Any, outputs: Any) -> Any:
    """Return the peak signal-to-noise ratio of each image in dB, (n,); the peak is 1.

    Args:
        targets, outputs: (n, …), images or their rows of pixels in [0, 1].
    """
    from keras import ops

    targets, outputs = _rows(targets, outputs)
    errors = ops.mean(ops.square(targets - outputs), axis=1)
    return -10 * ops.log10(ops.maximum(errors, LEAST_ERROR))


def _rows(targets: Any, outputs: Any) -> tuple[Any, Any]:
    """Return both as (n, values), of whichever shape an example's values are."""
    from keras import ops

    shape = (-1, math.prod(outputs.shape[1:]))
    return ops.reshape(targets, shape), ops.reshape(outputs, shape)
