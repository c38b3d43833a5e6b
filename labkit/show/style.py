"""How every figure begins and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def new_axes(size: tuple[float, float] | None = None) -> Axes:
    """Return the axes of a new figure, `size` inches wide and high."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size)[1]


def finished(figure: Figure) -> Figure:
    """Lay the figure out and let pyplot forget it: returned from a cell, it shows once."""
    import matplotlib.pyplot as plt

    figure.tight_layout()
    plt.close(figure)
    return figure
