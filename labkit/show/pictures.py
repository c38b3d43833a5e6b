"""Pictures of examples: images, and those that a trained network takes for something else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.errors import ParameterError
from labkit.records import Run, shown
from labkit.show.style import finished, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT, _LINE = (
    0.95,
    1.2,
    0.17,
)  # in inches: an image, one line above it, each further line
_SHORT = 3  # characters of a class name, of which two stand side by side above an image
_WIDE = 13  # characters of a line as wide as an image; longer ones are set smaller


def images(pictures: np.ndarray, titles: Sequence[str], *, columns: int = 8) -> Figure:
    """Draw images in a grid.

    Args:
        pictures: (n, height, width, channels), uint8 or float in [0, 1]; 1 or 3 channels.
        titles: n short texts above them, of one line or more.
        columns: images a row.

    Raises:
        ParameterError: another number of titles than images, or another shape.
    """
    import matplotlib.pyplot as plt

    if np.ndim(pictures) != 4 or len(pictures) != len(titles):
        raise ParameterError(
            "images",
            expected="(n, height, width, channels) and n titles",
            received=f"{np.shape(pictures)} and {len(titles)} titles",
            remedy="Add the channel axis, images[..., None], and one title an image.",
        )
    rows = math.ceil(len(pictures) / columns)
    height = _HEIGHT + _LINE * max(title.count("\n") for title in titles)
    longest = max(len(line) for title in titles for line in title.split("\n"))
    figure, panels = plt.subplots(rows, columns, figsize=(_WIDTH * columns, height * rows))
    for panel in np.ravel(panels):
        panel.axis("off")
    for panel, picture, title in zip(np.ravel(panels), pictures, titles, strict=False):
        panel.imshow(np.squeeze(picture, axis=-1) if picture.shape[-1] == 1 else picture)
        panel.set_title(title, fontsize=9 if longest <= _WIDE else 7)
    return finished(figure)


def mistakes(run: Run, class_names: Sequence[str]) -> Figure:
    """Draw a run's most confident mistakes: what it is → what the network said.

    Records keep those of one run for all its seeds.

    Args:
        run: on images, evaluated on its test set.
        class_names: name of each class. Longer ones stand one below the other.

    Raises:
        ParameterError: the run keeps no mistakes.
    """
    kept = next((one.mistakes for one in (run, *shown(run)) if one.mistakes), None)
    if kept is None:
        raise ParameterError(
            run.experiment,
            expected="a run on images with mistakes kept",
            received="none",
            remedy="Only runs on images with test=True that got something wrong keep mistakes.",
        )
    figure = images(kept.images, _answers(kept.labels, kept.predictions, class_names))
    surest = math.floor(1000 * kept.confidences.min()) / 10
    figure.suptitle(f"confidence of each at least {surest:.1f}%", fontsize=10, y=1.03)
    return figure


def _answers(
    labels: Sequence[int], predictions: Sequence[int], class_names: Sequence[str]
) -> list[str]:
    """Return "truth → answer" for each mistake, all on one line or all on two."""
    pairs = [
        (class_names[is_], class_names[said]) for is_, said in zip(labels, predictions, strict=True)
    ]
    is_short = all(len(name) <= _SHORT for pair in pairs for name in pair)
    return [(" → " if is_short else "\n→ ").join(pair) for pair in pairs]


def confusion(run: Run, class_names: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Draw the confusion matrix on the test set, summed over the shown seeds.

    The diagonal, right answers, is left out, so that the mistakes set the colours. A seed whose
    training diverged has no matrix and is left out too.

    Args:
        run: of a classifier, evaluated on its test set.
        class_names: name of each class.
        ax: draw here; None makes a new figure.

    Raises:
        ParameterError: the run has no confusion matrix.
    """
    import seaborn

    matrices = [one.confusion for one in shown(run) if one.confusion is not None]
    if not matrices:
        raise ParameterError(
            run.experiment,
            expected="a run of a classifier, evaluated on its test set",
            received="a run without a confusion matrix",
            remedy="Train with test=True a network with one output for each class.",
        )
    counts = np.sum(matrices, axis=0)
    ax = ax or new_axes((5.2, 4.4))
    seaborn.heatmap(
        counts,
        mask=np.eye(len(counts), dtype=bool),
        annot=True,
        fmt="d",
        cmap="Blues",
        xticklabels=class_names,
        yticklabels=class_names,
        annot_kws={"size": 8},
        ax=ax,
    )
    ax.set(xlabel="the network said", ylabel="it is")
    ax.tick_params(axis="y", rotation=0)
    return ax
