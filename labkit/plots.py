"""Figures drawn from runs and arrays. Nothing here trains, and nothing calls `show`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.errors import ParameterError
from labkit.records import Run
from labkit.replicates import shown, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEGEND_INSIDE = 4  # so many entries at most; more would cover the curves
_TITLES = {"data_loss": "loss without penalty", "loss": "loss"}


def curves(
    run: Run,
    *,
    metric: str = "data_loss",
    recorded: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a training and a validation curve over the epochs.

    A replayed run shows the mean of all recorded seeds in a band of ± sd. A run trained just now
    shows its own curve, with the recorded band behind it.

    Args:
        run: trained or replayed.
        metric: a name in `run.history`.
        recorded: draw the recorded band; False shows this one run alone.
        ax: draw here; None makes a new figure.

    Raises:
        ParameterError: the history has no such metric.
    """
    ax = ax or _new_axes()
    for name, label in ((metric, "training"), (f"val_{metric}", "validation")):
        if name not in run.history and name != metric:
            continue
        _curve(ax, run, name, label, recorded=recorded)
    _label_epochs(ax, _titled(metric))
    ax.legend()
    return ax


def curve_panels(
    runs: Mapping[str, Run], *, metric: str = "data_loss", recorded: bool = True
) -> Figure:
    """Draw `curves` of several experiments side by side, on one scale.

    Args:
        runs: title → run.
        metric, recorded: as in `curves`.
    """
    import matplotlib.pyplot as plt

    columns = len(runs) if len(runs) <= 3 else 2
    rows = math.ceil(len(runs) / columns)
    grid = {"sharex": True, "sharey": True, "squeeze": False}
    figure, panels = plt.subplots(rows, columns, figsize=(9.6 / 3 * columns, 2.8 * rows), **grid)
    for panel, (title, run) in zip(panels.flat, titled(runs).items(), strict=False):
        curves(run, metric=metric, recorded=recorded, ax=panel).set_title(title)
    for panel in panels.flat:
        panel.label_outer()
    for panel in panels.flat[len(runs) :]:
        panel.set_visible(False)
    return _finished(figure)


def compare(
    runs: Mapping[str, Run], *, metric: str = "val_accuracy", ax: Axes | None = None
) -> Axes:
    """Draw the same curve of several experiments: mean over seeds with ± sd shaded.

    As in `curves`, a run trained just now shows its own curve over the recorded band.

    Args:
        runs: title → run.
        metric: a name in `run.history`.
        ax: draw here; None makes a new figure.
    """
    ax = ax or _new_axes()
    for title, run in titled(runs).items():
        _curve(ax, run, metric, title, recorded=True)
    _label_epochs(ax, _titled(metric))
    beside = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
    ax.legend(**(beside if len(runs) > _LEGEND_INSIDE else {}))
    return ax


def histograms(
    runs: Mapping[str, Run],
    *,
    measure: str,
    edges: Sequence[float],
    label: str = "weight",
) -> Figure:
    """Draw histograms that runs keep as counts, one panel an experiment, on one scale.

    Args:
        runs: title → run, each with counts of shape (bins,) under `measure`.
        measure: name of the measured counts.
        edges: (bins + 1,) borders of the bins.
        label: what is counted.
    """
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(runs), figsize=(2.6 * len(runs), 2.8), sharey=True)
    for panel, (title, run) in zip(np.atleast_1d(panels), runs.items(), strict=True):
        counts = np.mean([one.measures[measure] for one in shown(run)], axis=0)
        panel.stairs(counts / counts.sum(), edges, fill=True)
        panel.set(title=title, xlabel=label, yscale="log")
    np.atleast_1d(panels)[0].set_ylabel(f"share of {label}s")
    return _finished(figure)


def images(pictures: np.ndarray, titles: Sequence[str], *, columns: int = 8) -> Figure:
    """Draw images in a grid.

    Args:
        pictures: (n, height, width, channels), uint8 or float in [0, 1]; 1 or 3 channels.
        titles: n short texts above them.
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
    figure, panels = plt.subplots(rows, columns, figsize=(0.95 * columns, 1.2 * rows))
    for panel in np.ravel(panels):
        panel.axis("off")
    for panel, picture, title in zip(np.ravel(panels), pictures, titles, strict=False):
        panel.imshow(np.squeeze(picture, axis=-1) if picture.shape[-1] == 1 else picture)
        panel.set_title(title, fontsize=9)
    return _finished(figure)


def mistakes(run: Run, class_names: Sequence[str]) -> Figure:
    """Draw a run's most confident mistakes: what it is → what the network said.

    Args:
        run: on images, evaluated on its test set.
        class_names: name of each class.

    Raises:
        ParameterError: the run keeps no mistakes.
    """
    if run.mistakes is None:
        raise ParameterError(
            run.experiment,
            expected="a run on images with mistakes kept",
            received="none",
            remedy="Train with test=True on images.",
        )
    kept = run.mistakes
    pairs = zip(kept.labels, kept.predictions, strict=True)
    figure = images(
        kept.images, [f"{class_names[is_]} → {class_names[said]}" for is_, said in pairs]
    )
    surest = math.floor(1000 * kept.confidences.min()) / 10
    figure.suptitle(f"confidence of each at least {surest:.1f}%", fontsize=10, y=1.03)
    return figure


def confusion(run: Run, class_names: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Draw the confusion matrix on the test set, summed over the shown seeds.

    The diagonal, right answers, is left out, so that the mistakes set the colours.
    """
    import seaborn

    counts = np.sum([one.confusion for one in shown(run)], axis=0)
    ax = ax or _new_axes((5.2, 4.4))
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


def _finished(figure: Figure) -> Figure:
    """Lay the figure out and let pyplot forget it: returned from a cell, it shows once."""
    import matplotlib.pyplot as plt

    figure.tight_layout()
    plt.close(figure)
    return figure


def _new_axes(size: tuple[float, float] | None = None) -> Axes:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size)[1]


def _curve(ax: Axes, run: Run, name: str, label: str, *, recorded: bool) -> None:
    if run.is_replayed and recorded:
        _band(ax, run, name, label)
        return
    epochs = np.arange(1, run.epochs + 1)
    line = ax.plot(epochs, _history(run, name), marker="o", markersize=3, label=label)[0]
    if recorded and run.replicates:
        _shade(ax, run, name, line.get_color())


def _band(ax: Axes, run: Run, name: str, label: str) -> None:
    """Draw the mean over seeds and its spread; a run alone is its own mean."""
    mean, _ = _mean_and_sd(run, name)
    line = ax.plot(np.arange(1, len(mean) + 1), mean, marker="o", markersize=3, label=label)[0]
    _shade(ax, run, name, line.get_color())


def _shade(ax: Axes, run: Run, name: str, color: str) -> None:
    mean, sd = _mean_and_sd(run, name)
    epochs = np.arange(1, len(mean) + 1)
    ax.fill_between(epochs, mean - sd, mean + sd, color=color, alpha=0.2, linewidth=0)


def _mean_and_sd(run: Run, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return both per epoch, over the epochs that every seed reached."""
    histories = [_history(one, name) for one in run.replicates]
    shortest = min(map(len, histories))
    values = np.array([history[:shortest] for history in histories])
    sd = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(shortest)
    return values.mean(axis=0), sd


def _history(run: Run, name: str) -> np.ndarray:
    if name not in run.history:
        raise ParameterError(
            "metric",
            expected=f"one of {', '.join(run.history)}",
            received=repr(name),
            remedy="Ask for one that the history has, or add it to the recipe's metrics.",
        )
    return np.array(run.history[name])


def _label_epochs(ax: Axes, title: str) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel=title)


def _titled(metric: str) -> str:
    name = metric.removeprefix("val_")
    where = "validation " if metric.startswith("val_") else ""
    return where + _TITLES.get(name, name.replace("_", " "))
