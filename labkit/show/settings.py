"""A sweep in one figure: how a number depends on one of its settings."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labkit.errors import ParameterError
from labkit.records import Run, replicates, shown
from labkit.show.style import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE = 30  # largest setting ÷ smallest from which on the axis is logarithmic


def against(
    runs: Sequence[Run],
    setting: str,
    *,
    metric: str,
    by: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a number of each point of a sweep against one of its settings.

    A point is the mean over seeds with a bar of ± sd, and points are joined in the order of the
    setting. Where the runs differ in further settings than these two, points lie one above the
    other and are not joined.

    Args:
        runs: one of each point, trained or replayed.
        setting: its name; numbers stand to scale, words one beside another.
        metric: see `Run.value`.
        by: another setting, of which each value has a colour of its own.
        ax: draw here; None makes a new figure.

    Raises:
        ParameterError: no runs, or one without such a setting.
    """
    ax = ax or new_axes()
    _require_setting(runs, setting)
    if by is not None:
        _require_setting(runs, by)
    places = _places(ax, [run.settings[setting] for run in runs])
    for value in dict.fromkeys(run.settings[by] for run in runs) if by else (None,):
        group = [run for run in runs if by is None or run.settings[by] == value]
        _series(ax, group, [places[run.settings[setting]] for run in group], metric, value)
    ax.set(xlabel=setting.replace("_", " "), ylabel=metric.replace("_", " "))
    if by is not None:
        ax.legend(title=by.replace("_", " "))
    return ax


def _series(ax: Axes, runs: Sequence[Run], places: Sequence[float], metric: str, label: Any):
    statistics = [replicates.statistic(shown(run), metric) for run in runs]
    points = sorted(zip(places, statistics, strict=True), key=lambda point: point[0])
    ax.errorbar(
        [place for place, _ in points],
        [statistic.mean for _, statistic in points],
        yerr=[0.0 if math.isnan(statistic.sd) else statistic.sd for _, statistic in points],
        marker="o",
        markersize=4,
        capsize=2,
        linestyle="-" if len(set(places)) == len(places) else "",
        label=label,
    )


def _places(ax: Axes, values: Sequence[Any]) -> dict[Any, float]:
    """Return where each value of a setting stands on the axis, which is made to fit them."""
    if all(isinstance(value, numbers.Real) and not isinstance(value, bool) for value in values):
        if min(values) > 0 and max(values) / min(values) >= _WIDE:
            ax.set_xscale("log")
        return {value: value for value in values}
    words = list(dict.fromkeys(values))
    ax.set_xticks(range(len(words)), [str(word) for word in words])
    return {word: place for place, word in enumerate(words)}


def _require_setting(runs: Sequence[Run], setting: str) -> None:
    lacking = [run for run in runs if setting not in run.settings]
    if lacking or not runs:
        there = ", ".join(lacking[0].settings) or "none" if lacking else "no runs"
        raise ParameterError(
            "setting",
            expected="runs of a sweep, trained with settings={…}",
            received=f"{setting!r}, and the settings {there}" if lacking else there,
            remedy="Name one of the settings that every run was trained with.",
        )
