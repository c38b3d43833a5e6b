"""Whole numbers within bounds, as people give them."""

from __future__ import annotations

import numpy as np

from labkit.errors import ParameterError


def checked_count(
    name: str, value: int, *, least: int = 1, most: int | None = None, remedy: str = ""
) -> int:
    """Return `value` where it is a whole number within its bounds.

    Raises:
        ParameterError: it is not; the message names the bounds.
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if whole and least <= value and (most is None or value <= most):
        return int(value)
    bounds = f"from {least} up" if most is None else f"from {least} to {most:,}"
    raise ParameterError(
        name,
        expected=f"a whole number {bounds}",
        received=repr(value),
        remedy=remedy or f"Choose {name} within these bounds.",
    )
