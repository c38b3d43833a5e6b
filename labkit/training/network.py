"""The network that is trained: built, checked and compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.errors import ModelError, ParameterError
from labkit.training import metrics
from labkit.training.speed import PLAIN, Execution

if TYPE_CHECKING:
    import keras

    from labkit.data import Split
    from labkit.training.recipe import Recipe

Build = Callable[[], "keras.Model"]

_STEPS = ("train_step", "test_step", "compute_loss", "compute_metrics")
_DISTURBING = ("GaussianNoise", "GaussianDropout", "Dropout", "AlphaDropout")


def built(build: Build) -> keras.Model:
    """Return a new model that knows the shape of its output.

    A model of one's own class does so once it was called on `keras.Input`; where it was only
    built, that is done here.

    Raises:
        ModelError: `build` returns no model, a compiled one, one without an input shape, or one
            of several inputs or outputs.
    """
    import keras

    model = build()
    received = None
    if not isinstance(model, keras.Model):
        received = repr(model)
    elif model.compiled:
        received = "a compiled model"
    elif not model.built:
        received = "a model without an input shape"
    if received:
        raise ModelError(
            "build()",
            expected="a new, uncompiled Keras model that knows its input shape",
            received=received,
            remedy="Return keras.Sequential([keras.Input(shape), …]), or call a model of your "
            "own class on keras.Input(shape); train compiles it itself.",
        )
    require_one_input_and_output(model)
    if not hasattr(model, "outputs") and not hasattr(model, "output"):
        model(keras.Input(model.get_build_config()["input_shape"][1:]))
        require_one_input_and_output(model)
    return model


def require_one_input_and_output(model: keras.Model) -> None:
    """Refuse what Keras can train and labkit cannot.

    Raises:
        ModelError: the model has several inputs or outputs.
    """
    import keras

    inputs, outputs = (len(keras.tree.flatten(ends)) for ends in _ends(model))
    if max(inputs, outputs) > 1:
        raise ModelError(
            "model",
            expected="one input and one output",
            received=f"{inputs} input{'s' * (inputs > 1)} and {outputs} output"
            f"{'s' * (outputs > 1)}",
            remedy="Train it with plain Keras: model.compile(…), then model.fit(…).",
        )


def _ends(model: keras.Model) -> tuple[Any, Any]:
    """Return inputs and outputs; None, as one of something, where they are not known."""
    if hasattr(model, "inputs"):  # a stack or a graph of layers
        return model.inputs, model.outputs
    if hasattr(model, "output"):
        return model.input, model.output
    shape = (model.get_build_config() or {}).get("input_shape") or ()
    is_one = all(isinstance(size, int | None) for size in shape)
    return None if is_one else [None] * len(shape), None


def compiled(
    model: keras.Model, recipe: Recipe, split: Split, *, execution: Execution = PLAIN
) -> keras.Model:
    """Return the model to train: with augmentation before it, and everything measured.

    Where layers add to the loss, the loss without that is measured as `data_loss`; where the
    model has a `compute_loss` of its own, it alone knows what the loss is made of.

    Args:
        model: as `built` returned it.
        recipe: resolved at the budget.
        split: the training examples.
        execution: as `loop.fit` is given it.

    Raises:
        ParameterError: the augmentation does not go with the network or the targets.
    """
    import keras

    inputs, targets = (
        keras.ops.convert_to_tensor(one[:1]) for one in (split.inputs, split.targets)
    )
    outputs, is_penalised = _tried(model, inputs)
    measured = metrics.chosen(recipe, split, model)
    if is_penalised and "compute_loss" not in _own_steps(model):
        measured.append(_data_loss(recipe))
    trainable = _augmented(model, recipe.augmentation, split)
    trainable.compile(
        optimizer=recipe.fresh_optimizer(),
        loss=recipe.loss,
        metrics=measured,
        steps_per_execution=execution.steps,
    )
    trainable.optimizer.build(trainable.trainable_variables)
    # Where the first step has to build the metrics, TensorFlow traces all of it twice.
    trainable.compute_metrics(inputs, targets, outputs)
    trainable.reset_metrics()
    return trainable


def _tried(model: keras.Model, inputs: Any) -> tuple[Any, bool]:
    """Call a model as in training; return outputs and whether they cost a penalty.

    Layers that punish activities, or call `add_loss`, do so only when they are called. Seeds
    and moving averages are put back.
    """
    before = [np.asarray(one).copy() for one in model.non_trainable_variables]
    outputs = model(inputs, training=True)
    is_penalised = bool(model.losses)
    for variable, value in zip(model.non_trainable_variables, before, strict=True):
        variable.assign(value)
    return outputs, is_penalised


def _own_steps(model: keras.Model) -> list[str]:
    """Return the methods of Keras's training that a model's class replaces by its own."""
    import keras

    return [one for one in _STEPS if getattr(type(model), one) is not getattr(keras.Model, one)]


def _data_loss(recipe: Recipe) -> keras.metrics.Metric:
    """Return the loss as a metric: the same function, without the layers' penalties.

    Where the network has one output and targets are (n,), they become (n, 1), as in Keras's own
    losses; the bare functions that a name stands for do not all do that.
    """
    import keras

    loss = keras.losses.get(recipe.loss)
    function = loss.call if isinstance(loss, keras.losses.Loss) else loss

    def of_each_example(targets: Any, outputs: Any) -> Any:
        if outputs.shape[-1] == 1 and len(outputs.shape) == len(targets.shape) + 1:
            targets = keras.ops.expand_dims(targets, -1)
        return function(targets, outputs)

    return keras.metrics.MeanMetricWrapper(fn=of_each_example, name="data_loss")


# --- augmentation -------------------------------------------------------------------------


def _augmented(
    model: keras.Model, layers: Sequence[keras.layers.Layer], split: Split
) -> keras.Model:
    import keras

    if not layers:
        return model
    _require_steps_of_keras(model)
    if split.target_kind == "inputs":
        _require_disturbing(layers)
    fresh = [_without_seed(layer) for layer in layers]
    return keras.Sequential([keras.Input(split.inputs.shape[1:]), *fresh, model])


def _require_steps_of_keras(model: keras.Model) -> None:
    if own := _own_steps(model):
        raise ParameterError(
            "Recipe.augmentation",
            expected="a network that leaves its training to Keras, for the layers are put before "
            "it, and what is trained then is not the network by itself",
            received=f"{type(model).__name__} with a {' and a '.join(own)} of its own",
            remedy="Put the layers into the network: they act in training only.",
        )


def _require_disturbing(layers: Sequence[keras.layers.Layer]) -> None:
    import keras

    allowed = tuple(getattr(keras.layers, name) for name in _DISTURBING)
    moving = [type(layer).__name__ for layer in layers if not isinstance(layer, allowed)]
    if moving:
        raise ParameterError(
            "Recipe.augmentation",
            expected="layers that only disturb values, such as GaussianNoise or Dropout, where "
            "the targets are the inputs: others would move the input and not the target",
            received=", ".join(moving),
            remedy="Leave them out, or move inputs and targets alike with Dataset.changed.",
        )


def _without_seed(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a copy whose seed comes from the run's, not from when the recipe was written."""
    config = {name: value for name, value in layer.get_config().items() if name != "seed"}
    return type(layer).from_config(config)
