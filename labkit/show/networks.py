"""Diagrams of networks: what becomes of an image's shape on its way through the layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.errors import ParameterError
from labkit.training import require_one_input_and_output

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# in inches:
_STEP = 1.12  # from one layer to the next
_SIDE = 0.72  # of the largest map
_HEIGHTS = (-0.86, 1.14)  # of a network: from below its shapes to above its title
_SMALLEST = 0.07  # a map of one pixel has to be seen
_SHOWN_MAPS = 3  # of a stack, however many there are
_UNCHANGING = ("InputLayer", "Dropout", "BatchNormalization")  # they leave the shape as it is


def shapes(networks: Mapping[str, keras.Model]) -> Figure:
    """Draw each network as a row of stacked squares, one stack a layer, sides to scale.

    Args:
        networks: title → built model of images, (n, height, width, channels). Layers that leave
            the shape as it is (dropout, batch normalisation) are left out; vectors are bars.

    Raises:
        ParameterError: no networks, or one whose input is not an image.
        ModelError: one of several inputs or outputs.
    """
    import matplotlib.pyplot as plt

    for network in networks.values():
        require_one_input_and_output(network)
    _require_images(networks)
    rows = {title: _steps(network) for title, network in networks.items()}
    columns = max(map(len, rows.values()))
    largest = max(shape[0] for steps in rows.values() for _, shape in steps if len(shape) > 1)
    size = (_STEP * columns, (_HEIGHTS[1] - _HEIGHTS[0]) * len(rows))
    figure, panels = plt.subplots(len(rows), 1, figsize=size, squeeze=False)
    for panel, (title, steps) in zip(panels.flat, rows.items(), strict=True):
        _row(panel, title, steps, scale=_SIDE / largest)
        panel.set(xlim=(-_STEP / 2, _STEP * (columns - 0.5)), ylim=_HEIGHTS)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1, hspace=0)
    plt.close(figure)
    return figure


def _steps(network: keras.Model) -> list[tuple[str, tuple[int, ...]]]:
    """Return (what the layer is, shape of its output without the batch axis), input first."""
    layers = [one for one in network.layers if type(one).__name__ not in _UNCHANGING]
    return [("image", tuple(network.input_shape[1:]))] + [
        (_label(layer), tuple(layer.output.shape[1:])) for layer in layers
    ]


def _label(layer: Any) -> str:
    kind = type(layer).__name__
    size = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    return f"{kind}\n{_times(size)}" if size else kind


def _times(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))


def _row(ax: Axes, title: str, steps: list, *, scale: float) -> None:
    text = {"ha": "center", "fontsize": 8}
    for place, (label, shape) in enumerate(steps):
        middle = _STEP * place
        if len(shape) == 1:
            _bar(ax, middle)
        else:
            _stack(ax, middle, *(scale * size for size in shape[:2]), maps=shape[-1])
        ax.text(middle, 0.52, label, va="bottom", **text)
        ax.text(middle, -0.5, _times(shape), va="top", **text)
    ax.text(-0.42, 1.1, title, fontsize=10, fontweight="bold", va="top")
    ax.axis("off")


def _stack(ax: Axes, middle: float, height: float, width: float, *, maps: int) -> None:
    from matplotlib.patches import Rectangle

    height, width = max(height, _SMALLEST), max(width, _SMALLEST)
    for depth in reversed(range(min(maps, _SHOWN_MAPS))):
        shift = depth * (0.02 + 0.06 * width)
        corner = (middle - width / 2 + shift, -height / 2 + shift)
        style = {"facecolor": "C0", "edgecolor": "white", "linewidth": 0.8}
        ax.add_patch(Rectangle(corner, width, height, **style, alpha=1 - 0.3 * depth))


def _bar(ax: Axes, middle: float) -> None:
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((middle - 0.03, -_SIDE / 2), 0.06, _SIDE, facecolor="C1"))


def _require_images(networks: Mapping[str, keras.Model]) -> None:
    received = [f"{name}: {model.input_shape}" for name, model in networks.items()]
    if not networks or any(len(model.input_shape) != 4 for model in networks.values()):
        raise ParameterError(
            "diagrams.shapes",
            expected="at least one network on images, input (None, height, width, channels)",
            received=", ".join(received) or "none",
            remedy="Pass {title: build()}; a dense network needs Flatten inside, not before.",
        )
