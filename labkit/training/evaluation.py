"""What a trained network gets right and wrong, measured once, in inference mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.errors import ParameterError
from labkit.records import MEASURES_LIMIT, Mistakes
from labkit.training.batches import Feed

if TYPE_CHECKING:
    import keras

    from labkit.data import Dataset, Split

BATCH_SIZE = 512  # of evaluation: it changes the speed, not the result
MISTAKES_KEPT = 16
_BOTH_SIGNS = ("tanh", "softsign")  # activations from −1 to 1: the sign decides, not the half


def measured(model: keras.Model, split: Split) -> dict[str, float]:
    """Return loss, `data_loss` and the compiled metrics of a split, dropout off.

    `data_loss` is the loss without the layers' penalties; where there are none, it is the loss.
    """
    batches = Feed(split.inputs, split.targets).batches(BATCH_SIZE)
    logs = model.evaluate(**batches, verbose=0, return_dict=True)
    return with_data_loss({name: float(value) for name, value in logs.items()})


def with_data_loss(logs: dict[str, float]) -> dict[str, float]:
    """Return the logs with `data_loss` right after the loss."""
    return {"loss": logs["loss"], "data_loss": logs.get("data_loss", logs["loss"]), **logs}


def confusion(
    model: keras.Model, split: Split, classes: int
) -> tuple[np.ndarray | None, Mistakes | None]:
    """Return the confusion matrix of a split, and its most confident mistakes on images.

    Args:
        model: its output is (n, classes), probabilities or logits; or, of two classes, (n, 1),
            the probability or logit of class 1, or a tanh's, from −1 for class 0 to 1 for class 1.
        split: the examples.
        classes: how many there are.

    Returns:
        (classes, classes) counts, rows the true class, columns the predicted one; and the
        mistakes, None where the inputs are not images or nothing was wrong. Both None where
        the model's output is no choice of a class.
    """
    width = model.output_shape[1:]
    if width != (classes,) and not (width == (1,) and classes == 2):
        return None, None
    outputs = model.predict(**Feed(split.inputs).batches(BATCH_SIZE), verbose=0)
    if _last_activation(model) in _BOTH_SIGNS:
        outputs = (1 + outputs) / 2
    probabilities = _probabilities(outputs)
    predictions = probabilities.argmax(axis=-1)
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (split.labels, predictions), 1)
    if split.inputs.ndim != 4:
        return counts, None
    return counts, _mistakes(probabilities, predictions, split)


def _last_activation(model: keras.Model) -> str:
    """Return the name of the activation that makes the output; empty where no layer has one."""
    last = model
    while steps := getattr(last, "operations", None) or getattr(last, "layers", None):
        last = steps[-1]
    return getattr(getattr(last, "activation", None), "__name__", "")


def _probabilities(outputs: np.ndarray) -> np.ndarray:
    """Return probabilities, (n, classes), whether the network ends in them or in logits."""
    if outputs.shape[-1] == 1:  # a sigmoid's, or its logit
        inside = np.all((outputs >= 0) & (outputs <= 1))
        second = outputs if inside else 1 / (1 + np.exp(-outputs.astype(np.float64)))
        return np.concatenate([1 - second, second], axis=-1)
    if np.all(outputs >= 0) and np.allclose(outputs.sum(axis=-1), 1, atol=1e-3):
        return outputs
    shifted = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def _mistakes(probabilities: np.ndarray, predictions: np.ndarray, split: Split) -> Mistakes | None:
    wrong = np.flatnonzero(predictions != split.labels)
    if len(wrong) == 0:
        return None
    confidences = probabilities.max(axis=-1)
    surest = wrong[np.argsort(-confidences[wrong], kind="stable")][:MISTAKES_KEPT]
    return Mistakes(
        images=np.rint(split.inputs[surest] * 255).astype(np.uint8),
        labels=split.labels[surest].astype(np.int16),
        predictions=predictions[surest].astype(np.int16),
        confidences=confidences[surest].astype(np.float32),
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
