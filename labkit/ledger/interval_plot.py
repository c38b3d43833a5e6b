"""Forest plots: what reports say against intervals of recorded runs, one row an experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labkit.errors import ParameterError
from labkit.ledger.verdicts import Verdict
from labkit.records import intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Shape and colour both say how the report's number was judged.
_MARKS = {
    "reproduced": {"marker": "D", "color": "#0173b2", "label": "reported: reproduced"},
    "undecided": {"marker": "o", "color": "#de8f05", "label": "reported: undecided"},
    "higher": {"marker": "<", "color": "#c4500a", "label": "reported: ours are higher"},
    "lower": {"marker": ">", "color": "#c4500a", "label": "reported: ours are lower"},
    "mistaken": {"marker": "X", "color": "#7a3e9d", "label": "reported: mistaken"},
}
_MEAN = {"marker": "|", "linestyle": "", "label": "mean of our runs"}
_ANOTHER = {"color": "0.75", "linewidth": 2.2, "label": "where another run of ours may fall"}
_TOLERANCE = {"color": "0.45", "linewidth": 5.0, "label": "tolerance around our mean"}
# In inches: the height of a row, the widths of a panel, its labels and a name in the legend.
_ROW, _PANEL, _LABELS, _NAME = 0.36, 3.1, 1.5, 2.8
_MARGIN, _LINE = 0.8, 0.26  # around the rows, and each line of the legend above them


def plot(verdicts: Sequence[Verdict], metrics: Mapping[str, str]) -> Figure:
    """Draw each reported number against what our runs allow it.

    A stroke is the mean of our runs, the short thick line through it the tolerance, within which
    the report's number counts as reproduced, and the long thin one the prediction interval, beyond
    which ours count as higher or lower. The other mark is that number.

    Args:
        verdicts: any; only claims with a number that the rule judged are drawn.
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
    judged = claim.kind == "number" and verdict.outcome in _MARKS
    return judged and claim.metric in metrics and claim.gain_over is None


def _draw(panel: Axes, row: int, verdict: Verdict) -> None:
    same = intervals.around(verdict.mean, verdict.claim.tolerance)
    for interval, style in ((verdict.interval, _ANOTHER), (same, _TOLERANCE)):
        panel.plot([interval.low, interval.high], [row, row], solid_capstyle="butt", **style)
    style = {"linestyle": "", "markersize": 8, "markeredgecolor": "white", "zorder": 3}
    panel.plot(verdict.reported, row, **style, **_MARKS[verdict.outcome])
    panel.plot(
        verdict.mean, row, color="0.1", markersize=11, markeredgewidth=1.6, zorder=4, **_MEAN
    )


def _add_legend(figure: Figure, panels: Sequence[Axes]) -> None:
    """Name each kind of mark once, above the panels, always in the same order."""
    named = {}
    for panel in panels:
        handles, labels = panel.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    order = [one["label"] for one in (_MEAN, _ANOTHER, _TOLERANCE, *_MARKS.values())]
    labels = [label for label in order if label in named]
    width, height = figure.get_size_inches()
    columns = min(len(labels), max(1, int(width / _NAME)))
    above = 0.12 + _LINE * -(-len(labels) // columns)
    figure.set_figheight(height + above)
    handles = [named[label] for label in labels]
    figure.legend(handles, labels, loc="upper center", ncols=columns, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, height / (height + above)))
