"""Curves and histograms drawn from runs. Nothing here trains, and nothing calls `show`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.errors import ParameterError
from labkit.records import Run, numbers, replicates, shown, titled
from labkit.show.style import finished, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_LEGEND_INSIDE = 4  # so many entries at most; more would cover the curves
_MARKED_EPOCHS = 40  # so many at most; the markers of more would run into a thick line


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
    ax = ax or new_axes()
    for name, label in ((metric, "training"), (f"val_{metric}", "validation")):
        if name not in run.history and name != metric:
            continue
        _curve(ax, run, name, label, recorded=recorded)
    _label_epochs(ax, numbers.title(metric))
    ax.legend(**_note([run] if recorded else []))
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
    return finished(figure)


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
    ax = ax or new_axes()
    for title, run in titled(runs).items():
        _curve(ax, run, metric, title, recorded=True)
    _label_epochs(ax, numbers.title(metric))
    beside = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
    ax.legend(**_note(runs.values()), **(beside if len(runs) > _LEGEND_INSIDE else {}))
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
    return finished(figure)


def _curve(ax: Axes, run: Run, name: str, label: str, *, recorded: bool) -> None:
    if run.is_replayed and recorded:
        _band(ax, run, name, label)
        return
    line = _line(ax, _histories(run.folds or (run,), name).mean(axis=0), label)
    if recorded and run.replicates:
        _shade(ax, run, name, line.get_color())


def _band(ax: Axes, run: Run, name: str, label: str) -> None:
    """Draw the mean over seeds and its spread; a run alone is its own mean."""
    mean, _ = _mean_and_sd(run, name)
    line = _line(ax, mean, label)
    _shade(ax, run, name, line.get_color())


def _line(ax: Axes, values: np.ndarray, label: str) -> Line2D:
    """Draw one value an epoch, marked where there are few enough to tell them apart."""
    marks = {"marker": "o", "markersize": 3} if len(values) <= _MARKED_EPOCHS else {}
    return ax.plot(np.arange(1, len(values) + 1), values, label=label, **marks)[0]


def _shade(ax: Axes, run: Run, name: str, color: str) -> None:
    mean, sd = _mean_and_sd(run, name)
    epochs = np.arange(1, len(mean) + 1)
    ax.fill_between(epochs, mean - sd, mean + sd, color=color, alpha=0.2, linewidth=0)


def _mean_and_sd(run: Run, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return both per epoch, over the epochs that every seed reached."""
    values = _histories(run.replicates, name)
    sd = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])
    return values.mean(axis=0), sd


def _histories(runs: Sequence[Run], name: str) -> np.ndarray:
    for run in runs:
        if name not in run.history:
            raise ParameterError(
                "metric",
                expected=f"one of {', '.join(run.history)}",
                received=repr(name),
                remedy="Ask for one that the history has, or add it to the recipe's metrics.",
            )
    return replicates.histories(runs, name)


def _note(runs: Iterable[Run]) -> dict[str, str]:
    """Return the legend's title where curves of the excerpt lie over bands of the real data."""
    if not any(run.is_sample and run.replicates for run in runs):
        return {}
    return {"title": "line: excerpt, band: real data", "title_fontsize": "x-small"}


def _label_epochs(ax: Axes, title: str) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel=title)
