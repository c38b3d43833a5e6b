"""How a training is executed: faster where that changes no digit of the result.

Keras returns to Python after every weight update. Networks as small as this course's spend a good
part of their time on that, so a person's own training makes many updates to one call. It gives
the same numbers, bit for bit. Recordings go step by step all the same, as Keras does by itself,
so that nobody has to take our word for it. `make bench` measures what it gains.

What else was tried on two cores and left out: XLA, which makes dense networks a little faster and
costs seconds of compilation before it does; another memory allocator's settings and other numbers
of threads, which gain nothing; bfloat16, which suits the largest convolutions and rounds
otherwise, so that a person's curve would no longer be one of the recorded kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

STEPS = 32  # to one call; on two cores 10 gained about as much
ENOUGH = 800  # weight updates; the longer graph costs half a second before it gains anything


def steps(updates: int) -> int:
    """Return how many weight updates are made to one call from Python.

    Args:
        updates: how many the whole training makes; 0 where it is to go step by step.

    Returns:
        `STEPS` where they are enough to pay. On another backend than TensorFlow it is one
        nevertheless: there it has not been measured.
    """
    import keras

    return STEPS if updates >= ENOUGH and keras.backend.backend() == "tensorflow" else 1


def described(model: keras.Model) -> str:
    """Return how a compiled model is executed, e.g. "32 steps at a time"."""
    count = model.steps_per_execution
    return f"{count} step{'s' * (count > 1)} at a time"
