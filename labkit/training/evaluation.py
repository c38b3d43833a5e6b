"""What a trained network gets right and wrong, measured once, in inference mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.errors import ModelError, ParameterError
from labkit.records import MEASURES_LIMIT, Mistakes
from labkit.training.batches import Feed

if TYPE_CHECKING:
    import keras

    from labkit.data import Dataset, Split

BATCH_SIZE = 512  # of evaluation: it changes the speed, not the result
MISTAKES_KEPT = 16
_BOTH_SIGNS = ("tanh", "softsign")  # activations from −1 to 1: the sign decides, not the half
_PROBABILITIES = ("softmax", "sigmoid")
# A run's own numbers, see `Run.value`: a measure of the same name would hide one.
_OWN_NAMES = (
    "best_epoch",
    "epochs",
    "parameters",
    "seconds",
    "seconds_per_epoch",
    "trainable_parameters",
)
_OWN_BEGINNINGS = ("train_", "validation_", "test_", "running_")


def measured(model: keras.Model, examples: Split | Feed) -> dict[str, float]:
    """Return loss, `data_loss` and the compiled metrics of examples, dropout off.

    `data_loss` is the loss without the layers' penalties; where there are none, it is the loss.

    Args:
        model: compiled.
        examples: a split; or a feed of its inputs and targets, where they are measured often.
    """
    feed = examples if isinstance(examples, Feed) else Feed(examples.inputs, examples.targets)
    batches = feed.batches(BATCH_SIZE)
    return with_data_loss(model.evaluate(**batches, verbose=0, return_dict=True))


def with_data_loss(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers that Keras logged, with `data_loss` right after the loss.

    A model's own `train_step` or `test_step` may log all compiled metrics as one mapping.

    Raises:
        ModelError: such a step logs no loss.
    """
    numbers = {}
    for name, value in logs.items():
        numbers |= value if isinstance(value, Mapping) else {name: value}
    numbers = {name: float(value) for name, value in numbers.items()}
    if "loss" not in numbers:
        raise ModelError(
            "train_step and test_step",
            expected='a mapping that has "loss"',
            received=f"one of {', '.join(numbers) or 'nothing'}",
            remedy='Return the loss too: {"loss": …, "accuracy": …}.',
        )
    loss = numbers["loss"]
    return {"loss": loss, "data_loss": numbers.get("data_loss", loss), **numbers}


def output_shape(model: keras.Model) -> tuple[int | None, ...]:
    """Return the shape of a model's output, (None, …), as `network.built` makes it known."""
    shape = getattr(model, "output_shape", None)  # a model of one's own class has none
    return shape or model.output.shape


def confusion(
    model: keras.Model, split: Split, classes: int, *, loss: str | keras.losses.Loss
) -> tuple[np.ndarray | None, Mistakes | None]:
    """Return the confusion matrix of a split, and its most confident mistakes on images.

    Args:
        model: its output is (n, classes), probabilities or logits; or, of two classes, (n, 1),
            the probability or logit of class 1, or a tanh's, from −1 for class 0 to 1 for class 1.
        split: the examples.
        classes: how many there are.
        loss: the recipe's; together with the last layer it tells logits from probabilities, see
            `gives_logits`.

    Returns:
        (classes, classes) counts, rows the true class, columns the predicted one; and the
        mistakes, None where the inputs are not images or nothing was wrong. Both None where
        the model's output is no choice of a class.
    """
    width = output_shape(model)[1:]
    if width != (classes,) and not (width == (1,) and classes == 2):
        return None, None
    outputs = model.predict(**Feed(split.inputs).batches(BATCH_SIZE), verbose=0)
    probabilities = _probabilities(outputs, model, loss)
    predictions = probabilities.argmax(axis=-1)
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (split.labels, predictions), 1)
    if split.inputs.ndim != 4:
        return counts, None
    return counts, _mistakes(probabilities, predictions, split)


def gives_logits(model: keras.Model, loss: str | keras.losses.Loss) -> bool:
    """Say whether a network's outputs are logits: the loss says so, by ``from_logits``.

    A softmax or a sigmoid gives probabilities, whatever the loss takes them for. A linear output
    is what the loss takes it for: a probability where nothing is said, as in Keras's accuracy.
    """
    return getattr(loss, "from_logits", False) and _last_activation(model) not in _PROBABILITIES


def _last_activation(model: keras.Model) -> str:
    """Return the name of the activation that makes the output, else of the operation that does."""
    last = model
    while steps := getattr(last, "operations", None) or getattr(last, "layers", None):
        last = steps[-1]
    activation = getattr(last, "activation", None)
    return getattr(activation, "__name__", type(activation or last).__name__.lower())


def _probabilities(
    outputs: np.ndarray, model: keras.Model, loss: str | keras.losses.Loss
) -> np.ndarray:
    """Return probabilities, (n, classes). Those of independent sigmoids do not add up to 1."""
    if _last_activation(model) in _BOTH_SIGNS:
        outputs = (1 + outputs) / 2
    elif gives_logits(model, loss):
        is_alone = outputs.shape[-1] == 1 or _is_binary(loss)
        outputs = (_sigmoid if is_alone else _softmax)(outputs.astype(np.float64))
    if outputs.shape[-1] > 1:
        return outputs
    return np.concatenate([1 - outputs, outputs], axis=-1)


def _is_binary(loss: str | keras.losses.Loss) -> bool:
    """Say whether a loss takes each output for a yes or no of its own."""
    import keras

    loss = keras.losses.get(loss)
    return getattr(loss, "__name__", type(loss).__name__).lower().startswith("binary")


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return (1 + np.tanh(logits / 2)) / 2  # exp would overflow


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def _mistakes(probabilities: np.ndarray, predictions: np.ndarray, split: Split) -> Mistakes | None:
    wrong = np.flatnonzero(predictions != split.labels)
    if len(wrong) == 0:
        return None
    confidences = np.clip(probabilities.max(axis=-1), 0, 1)  # a linear output may be beyond
    surest = wrong[np.argsort(-confidences[wrong], kind="stable")][:MISTAKES_KEPT]
    return Mistakes(
        images=np.rint(split.inputs[surest] * 255).astype(np.uint8),
        labels=split.labels[surest].astype(np.int16),
        predictions=predictions[surest].astype(np.int16),
        confidences=confidences[surest].astype(np.float32),
    )


def require_free_names(measure: Mapping[str, Any] | None) -> None:
    """Refuse a measure under a name that a run's own numbers have, or may have.

    Raises:
        ParameterError: such a name.
    """
    taken = [
        name for name in measure or {} if name in _OWN_NAMES or name.startswith(_OWN_BEGINNINGS)
    ]
    if taken:
        raise ParameterError(
            "measure",
            expected=f"names other than {', '.join(_OWN_NAMES)}, none that begins with "
            f"{', '.join(_OWN_BEGINNINGS)}: a run's own numbers have these",
            received=", ".join(taken),
            remedy='Choose another name, such as "share_of_right_signs".',
        )


def measures(
    measure: Mapping[str, Callable[[keras.Model, Dataset], Any]] | None,
    model: keras.Model,
    dataset: Dataset,
) -> dict[str, Any]:
    """Return what the notebook wants kept of a trained network: numbers and small arrays.

    Raises:
        ParameterError: one is not made of numbers, or together they are larger than a record
            should be.
    """
    values = {
        name: _numbers(name, function(model, dataset)) for name, function in (measure or {}).items()
    }
    size = sum(value.nbytes for value in values.values() if isinstance(value, np.ndarray))
    if size > MEASURES_LIMIT:
        raise ParameterError(
            f"measure {', '.join(values)}",
            expected=f"at most {MEASURES_LIMIT // 1024} kB in all",
            received=f"{size / 1024:.0f} kB",
            remedy="Keep a histogram or a few filters instead of whole arrays.",
        )
    return values


def _numbers(name: str, value: Any) -> float | np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise ParameterError(
            f"measure {name}",
            expected="a number or an array of numbers",
            received=f"an array of {array.dtype}",
            remedy="Return what np.asarray makes an array of numbers from.",
        )
    return array if array.ndim else float(array)
