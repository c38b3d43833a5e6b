"""A space of settings: which there are, and what each of them may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit import names
from labkit.errors import ParameterError, nearest

if TYPE_CHECKING:
    import optuna

_DIGITS = 3  # of a rate that is proposed: enough for a rate, and few enough to write down


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, whole ones where both are. Made by `between`."""

    low: float
    high: float
    log: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)


Space = Mapping[str, Range | tuple]


class Settings(dict):
    """The settings of one point by name; a name that the space lacks is an error that says so."""

    def __missing__(self, name: str) -> Any:
        raise ParameterError(
            "settings",
            expected=f"a name of the space: {', '.join(self)}",
            received=repr(name),
            remedy=nearest(str(name), self),
        )


def between(low: float, high: float, *, log: bool = False) -> Range:
    """Return a range for a setting of a space.

    Args:
        low, high: its ends, which belong to it. Between whole numbers only whole ones are drawn.
        log: draw as many from 0.001 to 0.01 as from 0.01 to 0.1, which suits rates and sizes.

    >>> between(0.0001, 0.1, log=True)
    Range(low=0.0001, high=0.1, log=True)

    Raises:
        ParameterError: these are no such numbers.
    """
    ends = (low, high)
    plain = all(type(one) in (int, float) and math.isfinite(one) for one in ends)
    if not plain or low >= high or (log and low <= 0):
        raise ParameterError(
            "between",
            expected="two numbers, the smaller first" + ", above zero" * log,
            received=f"{low!r} and {high!r}",
            remedy="Write it like between(0.0001, 0.1, log=True).",
        )
    return Range(low, high, log)


def checked(space: Mapping[str, Any]) -> Space:
    """Return a space with its lists as tuples, sorted by name.

    Raises:
        ParameterError: it is empty, or has a setting with nothing to choose, or with names or
            values that no point can be recorded under.
    """
    made = {name: _values(name, space[name]) for name in sorted(space)}
    if not made:
        raise ParameterError(
            "space",
            expected="at least one setting",
            received="none",
            remedy='Write it like {"learning_rate": between(0.0001, 0.1, log=True)}.',
        )
    for name, values in made.items():
        for value in values if isinstance(values, tuple) else (values.low,):
            names.settings_text({name: value})
    return made


def _values(name: str, values: Any) -> Range | tuple:
    if isinstance(values, Range):
        return values
    if isinstance(values, list | tuple) and values and len(set(map(repr, values))) == len(values):
        return tuple(values)
    raise ParameterError(
        f"space[{name!r}]",
        expected="between(low, high), or a list of different values",
        received=repr(values),
        remedy=f'Write it like {{"{name}": [16, 32, 64]}}.',
    )


def first(space: Space) -> Settings:
    """Return a point of the space: the first values, and the lower ends of ranges."""
    return Settings(
        (name, values.low if isinstance(values, Range) else values[0])
        for name, values in space.items()
    )


def includes(space: Space, settings: Mapping[str, Any]) -> bool:
    """Say whether settings are a point of the space."""
    return set(space) == set(settings) and all(
        _allows(space[name], value) for name, value in settings.items()
    )


def _allows(values: Range | tuple, value: Any) -> bool:
    if isinstance(values, tuple):
        return value in values
    fits = isinstance(value, int) or (isinstance(value, float) and not values.is_whole)
    return fits and values.low <= value <= values.high


def proposed(space: Space, trial: optuna.Trial) -> Settings:
    """Return the point that Optuna proposes for a trial, rates rounded to three digits."""
    return Settings((name, _proposed(trial, name, values)) for name, values in space.items())


def _proposed(trial: optuna.Trial, name: str, values: Range | tuple) -> Any:
    if isinstance(values, tuple):
        return trial.suggest_categorical(name, values)
    if values.is_whole:
        return trial.suggest_int(name, values.low, values.high, log=values.log)
    exact = trial.suggest_float(name, values.low, values.high, log=values.log)
    return min(max(float(f"{exact:.{_DIGITS}g}"), values.low), values.high)


def distributions(space: Space) -> dict[str, optuna.distributions.BaseDistribution]:
    """Return the space in Optuna's terms."""
    from optuna import distributions as kinds

    def one(values: Range | tuple) -> optuna.distributions.BaseDistribution:
        if isinstance(values, tuple):
            return kinds.CategoricalDistribution(values)
        kind = kinds.IntDistribution if values.is_whole else kinds.FloatDistribution
        return kind(values.low, values.high, log=values.log)

    return {name: one(values) for name, values in space.items()}
