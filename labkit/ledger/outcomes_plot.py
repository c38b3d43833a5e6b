"""The ledger at a glance: how what each report says came out, a bar a kind of sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labkit.ledger import verdicts
from labkit.ledger.ledger import Ledger
from labkit.show import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colour and hatch both tell a part of a bar from its neighbours.
_LOOKS = {
    "agree": {"facecolor": "#0173b2"},
    "left open": {"facecolor": "#c9c9c9"},
    "disagree": {"facecolor": "#de8f05", "hatch": "//"},
    "mistaken": {"facecolor": "#7a3e9d", "hatch": "xx"},
    "not judged": {"facecolor": "#ffffff"},
}
_ROW, _MARGIN, _WIDTH = 0.34, 1.35, 7.2  # in inches
_NARROW = 0.022  # of the longest bar: a part below it has no room for its number
_DARK = ("#0173b2", "#7a3e9d")  # under white numbers


def plot_outcomes(*ledgers: Ledger) -> Figure:
    """Draw how many sentences agree, disagree, are left open, and are mistaken.

    There is a bar for each kind of sentence of each report, and for each kind of the course's own
    findings, with the number in each part of it.

    Args:
        ledgers: `ledger.read()`, `ledger.findings()`, or parts of them.
    """
    bars = {name: part for ledger in ledgers for name, part in _bars(ledger).items()}
    axes = style.new_axes((_WIDTH, _MARGIN + _ROW * len(bars)))
    longest = max((sum(counts.values()) for counts in bars.values()), default=0)
    for row, counts in enumerate(bars.values()):
        _draw(axes, row, counts, least=_NARROW * longest)
    axes.set_yticks(range(len(bars)), list(bars))
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_xlabel("number of sentences")
    _add_legend(axes, list(bars.values()))
    return style.finished(axes.figure)


def _bars(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Return the name of each bar → how many sentences each group of outcomes has in it."""
    return {
        f"{report or 'Ours'}: {kind}": verdicts.at_a_glance(part)
        for report in dict.fromkeys(one.claim.report for one in ledger.verdicts)
        for kind, part in ledger.of(report=report).by_kind().items()
    }


def _draw(axes: Axes, row: int, counts: Mapping[str, int], *, least: float) -> None:
    """Draw one bar, with the number in each part that has room for it."""
    left = 0
    for name, look in _LOOKS.items():
        if count := counts[name]:
            axes.barh(row, count, left=left, height=0.74, linewidth=0.6, edgecolor="0.2", **look)
            if count >= least:
                _write(axes, left + count / 2, row, count, look["facecolor"])
            left += count


def _write(axes: Axes, place: float, row: int, count: int, color: str) -> None:
    patch = {"facecolor": color, "edgecolor": "none", "pad": 1.2}
    light = "white" if color in _DARK else "black"
    axes.text(place, row, count, ha="center", va="center", color=light, bbox=patch)


def _add_legend(axes: Axes, bars: Sequence[Mapping[str, int]]) -> None:
    """Name each part that some bar has, above the bars."""
    from matplotlib.patches import Patch

    named = [
        Patch(**look, edgecolor="0.2", label=name)
        for name, look in _LOOKS.items()
        if any(counts[name] for counts in bars)
    ]
    axes.legend(
        handles=named,
        ncols=len(named),
        loc="lower center",
        bbox_to_anchor=(0.4, 1.0),
        frameon=False,
        fontsize="small",
    )
