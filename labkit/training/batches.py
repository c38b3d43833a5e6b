"""How examples reach Keras: the batches that it makes of arrays, without what it costs to.

On TensorFlow, arrays become a pipeline anew in every epoch and at every evaluation: they are
copied, and a thread that tunes the pipeline may outlive it. Where that thread sleeps, Keras waits
for it, until 0.63, 1.27, 2.55, … seconds since the pipeline began: half the epochs of a small
network can take twice their time. Here the arrays are copied once, and nothing is tuned. The
batches are the same, and so is every digit of the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow

READY = 2  # batches that wait while another is computed with


class Feed:
    """Arrays as batches of the same rows of each.

    Args:
        arrays: inputs, (n, …), alone or with their targets, (n, …).
    """

    def __init__(self, *arrays: np.ndarray) -> None:
        import keras

        self._arrays = tuple(_as_keras_has_it(array) for array in arrays)
        self._pipeline = keras.backend.backend() == "tensorflow"
        if self._pipeline:
            self._arrays = _tensors(self._arrays)

    def batches(self, size: int, order: np.ndarray | None = None) -> dict[str, Any]:
        """Return what `fit`, `evaluate` and `predict` are called with.

        Args:
            size: of a batch; the last one is what is left.
            order: of the rows, int (n,); None leaves them in their own.

        Returns:
            Arguments by their names: on TensorFlow a pipeline, elsewhere arrays and the size.
        """
        if self._pipeline:
            count = int(self._arrays[0].shape[0])
            return {
                "x": _pipeline(self._arrays, size, np.arange(count) if order is None else order)
            }
        arrays = self._arrays if order is None else [array[order] for array in self._arrays]
        return dict(zip(("x", "y"), arrays, strict=False)) | {"batch_size": size}


def _as_keras_has_it(array: np.ndarray) -> np.ndarray:
    """Return an array whose fractions, if it has any, are of Keras's usual precision."""
    import keras

    return array.astype(keras.config.floatx(), copy=False) if array.dtype.kind == "f" else array


def _tensors(arrays: tuple[np.ndarray, ...]) -> tuple[tensorflow.Tensor, ...]:
    import tensorflow as tf

    with tf.device("CPU:0"):  # where pipelines run, also beside a GPU
        return tuple(tf.constant(array) for array in arrays)


def _pipeline(
    tensors: tuple[tensorflow.Tensor, ...], size: int, order: np.ndarray
) -> tensorflow.data.Dataset:
    import tensorflow as tf

    def rows(indices: tensorflow.Tensor) -> tuple[tensorflow.Tensor, ...]:
        return tuple(tf.gather(tensor, indices) for tensor in tensors)

    options = tf.data.Options()
    options.autotune.enabled = False
    batches = tf.data.Dataset.from_tensor_slices(order).batch(size).map(rows)
    return batches.prefetch(READY).with_options(options)
