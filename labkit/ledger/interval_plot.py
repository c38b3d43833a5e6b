"""Forest plots: what reports say against intervals of recorded runs, one row an experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labkit.errors import ParameterError
from labkit.ledger.verdicts import Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Shape and colour both say how the report's number was judged.
_MARKS = {
    "reproduced": {"marker": "D", "color": "#0173b2", "label": "reported: reproduced"},
    "higher": {"marker": "<", "color": "#c4500a", "label": "reported: ours are higher"},
    "lower": {"marker": ">", "color": "#c4500a", "label": "reported: ours are lower"},
    "mistaken": {"marker": "X", "color": "#7a3e9d", "label": "reported: mistaken"},
}
_MEAN = {"marker": "|", "linestyle": "", "label": "mean of our runs"}
_ROW, _PANEL, _LABELS, _MARGIN = 0.36, 3.1, 1.5, 1.35  # in inches


def plot(verdicts: Sequence[Verdict], metrics: Mapping[str, str]) -> Figure:
    """Draw each reported number against the interval that our runs allow it.

    A stroke is the mean of our runs, the line through it the interval in which the report's
    number counts as reproduced, and the other mark that number.

    Args:
        verdicts: any; only claims with a number that runs have judged are drawn.
        metrics: name of the metric (see `Run.value`) → title of its panel. Seconds are drawn
            as the ratios that they were judged by.

    Raises:
        ParameterError: none of the verdicts is on one of these metrics.
    """
    import matplotlib.pyplot as plt

    drawn = [one for one in verdicts if one.interval and _is_on(one, metrics)]
    if not drawn:
        raise ParameterError(
            "metrics",
            expected="one that a number among the verdicts is about",
            received=", ".join(metrics) or "none",
            remedy="Ask for metrics that the report's claims name, such as test_accuracy.",
        )
    rows = list(dict.fromkeys(one.claim.experiment for one in drawn))
    size = (_LABELS + _PANEL * len(metrics), _MARGIN + _ROW * len(rows))
    figure, panels = plt.subplots(1, len(metrics), figsize=size, sharey=True, squeeze=False)
    for (metric, title), panel in zip(metrics.items(), panels[0], strict=True):
        for verdict in drawn:
            if verdict.claim.metric == metric:
                _draw(panel, rows.index(verdict.claim.experiment), verdict)
        panel.set_xlabel(title)
        panel.grid(axis="y", color="0.92")
        panel.set_axisbelow(True)
    names = [name.rpartition("/")[2] for name in rows]
    panels[0][0].set_yticks(range(len(rows)), names)
    panels[0][0].set_ylim(len(rows) - 0.5, -0.5)
    _add_legend(figure, panels[0])
    plt.close(figure)
    return figure


def _is_on(verdict: Verdict, metrics: Mapping[str, str]) -> bool:
    claim = verdict.claim
    return claim.kind == "number" and claim.metric in metrics and claim.gain_over is None


def _draw(panel: Axes, row: int, verdict: Verdict) -> None:
    interval, mark = verdict.interval, _MARKS[verdict.outcome]
    ends = [interval.low, interval.high]
    panel.plot(ends, [row, row], color="0.6", linewidth=2.2, solid_capstyle="butt")
    style = {"linestyle": "", "markersize": 8, "markeredgecolor": "white", "zorder": 3}
    panel.plot(verdict.reported, row, **style, **mark)
    panel.plot(
        verdict.mean, row, color="0.1", markersize=11, markeredgewidth=1.6, zorder=4, **_MEAN
    )


def _add_legend(figure: Figure, panels: Sequence[Axes]) -> None:
    """Name each kind of mark once, above the panels, always in the same order."""
    named = {}
    for panel in panels:
        handles, labels = panel.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    order = [_MEAN["label"], *(mark["label"] for mark in _MARKS.values())]
    labels = [label for label in order if label in named]
    columns = min(len(labels), 3)
    handles = [named[label] for label in labels]
    figure.legend(handles, labels, loc="upper center", ncols=columns, frameon=False)
    lines = -(-len(labels) // columns)
    height = figure.get_size_inches()[1]
    figure.tight_layout(rect=(0, 0, 1, 1 - (0.12 + 0.26 * lines) / height))
