"""A search in figures: how it went, which settings mattered, and which points did well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.errors import ParameterError
from labkit.records import numbers
from labkit.show import style
from labkit.sweeps import space as spaces
from labkit.sweeps.found import Search
from labkit.sweeps.packages import needed
from labkit.sweeps.space import Range

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ENOUGH = 4  # trials, of which one can say what the better ones have in common
_AXIS = 1.3  # inches for each upright axis, so that its name has room


def history(search: Search) -> Figure:
    """Draw each trial's value, and the best so far; trials that did not finish have no value."""
    ax = style.new_axes()
    numbers_of = [one.number for one in search.finished]
    values = [one.value for one in search.finished]
    best = (np.minimum if search.lower_is_better else np.maximum).accumulate(values)
    ax.plot(numbers_of, values, "o", markersize=4, label="trial")
    ax.step(numbers_of, best, where="post", label="best so far")
    _whole_numbers(ax)
    ax.set(xlabel="trial", ylabel=numbers.title(search.metric))
    ax.legend()
    return style.finished(ax.figure)


def importance(search: Search) -> Figure:
    """Draw how much each setting has to do with being among the better trials.

    The shares are those of PED-ANOVA (Watanabe, Bansal and Hutter, 2023), which compares how the
    better trials' settings are distributed with how all are. They add up to 1, and say nothing
    about settings that act only together.

    Raises:
        ParameterError: too few trials finished.
        SweepError: Optuna is not installed.
    """
    shares = _shares(search)
    ax = style.new_axes()
    ax.barh([_words(name) for name in reversed(shares)], list(reversed(shares.values())))
    ax.set(xlabel="share of importance", xlim=(0, 1))
    return style.finished(ax.figure)


def _shares(search: Search) -> dict[str, float]:
    """Return each setting's share, the largest first."""
    if len(search.finished) < _ENOUGH:
        raise ParameterError(
            "search",
            expected=f"at least {_ENOUGH} trials that finished",
            received=str(len(search.finished)),
            remedy="Search on: labkit sweep … --trials 20.",
        )
    optuna = needed("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # it tells of every new study
    study = optuna.create_study(direction="minimize" if search.lower_is_better else "maximize")
    kinds = spaces.distributions(search.space)
    for one in search.finished:
        made = optuna.create_trial(params=dict(one.settings), distributions=kinds, value=one.value)
        study.add_trial(made)
    found = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
    )
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def parallel(search: Search) -> Figure:
    """Draw each trial as a line through its settings to its value, the better the darker."""
    import matplotlib.pyplot as plt

    names = [*search.space]
    ax = style.new_axes((max(6.4, _AXIS * (len(names) + 1)), 4.0))
    values = np.array([one.value for one in search.finished])
    low, high = values.min(), values.max()
    heights = (values - low) / (high - low or 1.0)
    for trial, height in sorted(
        zip(search.finished, heights, strict=True),
        key=lambda pair: -pair[1] if search.lower_is_better else pair[1],
    ):
        line = [_height(search.space[name], trial.settings[name]) for name in names]
        good = 1 - height if search.lower_is_better else height
        ax.plot([*line, height], color=plt.cm.Blues(0.25 + 0.75 * good), linewidth=1.2)
    for place, name in enumerate(names):
        _axis(ax, place, _ticks(search.space[name]))
    digits = numbers.known(search.metric).digits
    _axis(ax, len(names), [(0.0, f"{low:.{digits}f}"), (1.0, f"{high:.{digits}f}")])
    ax.set_xticks(range(len(names) + 1), [*map(_words, names), numbers.title(search.metric)])
    ax.set(yticks=[], xlim=(-0.1, len(names) + 0.35))
    ax.spines["left"].set_visible(False)
    return style.finished(ax.figure)


def _height(values: Range | Sequence, value: Any) -> float:
    """Return where a setting's value stands between the bottom, 0, and the top, 1."""
    if not isinstance(values, Range):
        return values.index(value) / max(len(values) - 1, 1)
    low, high, one = values.low, values.high, value
    if values.log:
        low, high, one = np.log([low, high, one])
    return float((one - low) / (high - low))


def _ticks(values: Range | Sequence) -> list[tuple[float, str]]:
    shown = (values.low, values.high) if isinstance(values, Range) else values
    return [(_height(values, one), str(one)) for one in shown]


def _axis(ax: Axes, place: int, ticks: Sequence[tuple[float, str]]) -> None:
    """Draw an upright axis with its values beside it."""
    ax.axvline(place, color="0.6", linewidth=0.8, zorder=0)
    for height, text in ticks:
        ax.annotate(
            text,
            (place, height),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            size="small",
        )


def _whole_numbers(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _words(name: str) -> str:
    return name.replace("_", " ")
