"""How a person's training is executed: faster than a recording, where that changes no conclusion.

Recordings go step by step in single precision, as Keras does by itself, so that nobody has to
take our word for it. A person's own training may differ from that in two things.

*Many weight updates to one call.* Keras returns to Python after every update, and networks as
small as this course's spend a good part of their time on that. It changes no digit.

*Updates of convolutional networks in bfloat16*, where the processor multiplies such numbers up
to twice as fast as single-precision ones. That rounds: the curve is another draw, as from another
seed. Weights stay in single precision, and whatever is measured is computed in it. With
``LABKIT_PRECISION=float32``, and as many threads as the record names, a training gives the
recorded digits: threads share the sums out among them, and rounding depends on how.

`make bench` measures what both gain. Tried on two cores and left out: XLA, which makes dense
networks a little faster and costs seconds of compilation before it does; bfloat16 for dense
networks and transposed convolutions, which gain little or nothing by it; other settings of the
memory allocator and other numbers of threads, which gain nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit import choices
from labkit.records import provenance

if TYPE_CHECKING:
    import keras

STEPS = 32  # to one call; on two cores 10 gained about as much
ENOUGH = 400  # weight updates; the longer graph costs half a second before it gains anything

_PRECISE, _ROUNDED = "float32", "mixed_bfloat16"
_MULTIPLIES_BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # a processor with one of these
# Layers, by their class, that lose nothing when rounded; others, and the last, stay as they are.
_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "SeparableConv2D", "DepthwiseConv2D")
_OTHERS = (
    *("Dense", "Flatten", "Reshape", "Dropout", "SpatialDropout2D", "Activation", "ReLU"),
    *("MaxPooling1D", "MaxPooling2D", "AveragePooling2D", "BatchNormalization"),
    *("GlobalMaxPooling2D", "GlobalAveragePooling2D", "ZeroPadding2D", "Add", "Concatenate"),
)


@dataclass(frozen=True)
class Execution:
    """How one training is executed.

    Attributes:
        steps: weight updates to one call from Python.
        rounded: layers that compute in bfloat16 while weights are updated.
    """

    steps: int = 1
    rounded: tuple[keras.layers.Layer, ...] = ()

    @contextlib.contextmanager
    def arithmetic(self) -> Iterator[None]:
        """Round within this context; Keras's compiled step keeps what it found when first used."""
        for layer in self.rounded:
            layer.dtype_policy = _ROUNDED
        try:
            yield
        finally:
            for layer in self.rounded:
                layer.dtype_policy = _PRECISE

    def described(self) -> dict[str, str]:
        """Return it as provenance has it, e.g. "32 steps at a time"."""
        words = {"execution": f"{self.steps} step{'s' * (self.steps > 1)} at a time"}
        return words | ({"precision": _ROUNDED} if self.rounded else {})


PLAIN = Execution()


def chosen(network: keras.Model, updates: int) -> Execution:
    """Return how a person's training is executed.

    Args:
        network: to train, not compiled.
        updates: how many weight updates the whole training makes.

    Returns:
        `PLAIN` where they are too few to pay. On another backend than TensorFlow and on a GPU it
        is that, too: there nothing has been measured.

    Raises:
        ParameterError: ``LABKIT_PRECISION`` is neither "auto" nor "float32".
    """
    import keras

    precision = choices.choice("precision")
    if updates < ENOUGH or keras.backend.backend() != "tensorflow" or provenance.has_gpu():
        return PLAIN
    layers = _to_round(network) if precision == "auto" and _gains_by_rounding() else ()
    return Execution(STEPS, layers)


def _gains_by_rounding() -> bool:
    return not _MULTIPLIES_BFLOAT16.isdisjoint(provenance.processor_features())


def _to_round(network: keras.Model) -> tuple[keras.layers.Layer, ...]:
    """Return the layers to round; none where nothing convolves, or somebody chose precisions."""
    layers = list(_leaves(network))
    names = [type(layer).__name__ for layer in layers]
    precise = all(layer.dtype_policy.name == _PRECISE for layer in layers)
    if not precise or not set(names) & set(_CONVOLUTIONS):
        return ()
    known = {*_CONVOLUTIONS, *_OTHERS}
    return tuple(
        layer
        for layer, name in zip(layers[:-1], names, strict=False)
        if name in known and type(layer).__module__.startswith("keras.")
    )


def _leaves(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """Yield the layers of stacks and graphs, in their order; others, a model's too, are one."""
    if hasattr(layer, "inputs"):
        for inner in layer.layers:
            yield from _leaves(inner)
    else:
        yield layer
