"""Forms of plain values, as JSON has them: each reader returns a value that has its form.

A reader raises one of `WRONG` otherwise, and says where: "dataset: sizes: train: -1 in place of a
whole number". True and False are no numbers here.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

Reader = Callable[[Any], Any]

_NUMBER = (int, float)
WRONG = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)


def text(value: Any) -> str:
    """Read a text."""
    return _required(isinstance(value, str), value, "a text")


def one_of(*words: str) -> Reader:
    """Return the reader of one of some words."""
    return lambda value: _required(value in words, value, f"one of {', '.join(words)}")


def count(value: Any) -> int:
    """Read a whole number from 0 up."""
    return _required(_is(value, int) and value >= 0, value, "a whole number")


def duration(value: Any) -> float:
    """Read a finite number from 0 up."""
    return _required(_is(value, _NUMBER) and 0 <= value < math.inf, value, "a duration")


def number(value: Any) -> float:
    """Read a finite number, or null, which is what JSON has for one that is not: NaN."""
    return math.nan if value is None else _finite(value)


def numbers(value: Any) -> tuple[float, ...]:
    """Read a list of what `number` reads."""
    if isinstance(value, list) and set(map(type, value)) == {float} and math.isfinite(sum(value)):
        return tuple(value)  # as most are: one by one takes twice the time of all the rest
    return several(number)(value)


def logged(value: Any) -> float:
    """Read a number that may be NaN or infinite."""
    return float(_required(_is(value, _NUMBER), value, "a number"))


def plain(value: Any) -> Any:
    """Read a text, a finite number, true, false, null, or lists and names of these."""
    if isinstance(value, dict):
        return by_name(plain)(value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, str | bool | int) else _finite(value)


def named(value: Any) -> dict[str, Any]:
    """Read values by name, whatever they are."""
    return _required(isinstance(value, dict), value, "values by name")


def several(read: Reader) -> Reader:
    """Return the reader of a list, as a tuple, of what `read` reads."""
    return lambda value: tuple(map(read, _required(isinstance(value, list), value, "a list")))


def maybe(read: Reader) -> Reader:
    """Return the reader of null, or of what `read` reads."""
    return lambda value: None if value is None else read(value)


def by_name(read: Reader) -> Reader:
    """Return the reader of what `read` reads, by names."""
    return lambda value: _each(named(value), lambda name: read)


def fields(readers: Mapping[str, Reader], *, optional: Collection[str] = ()) -> Reader:
    """Return the reader of values with these names and no others, each by its own reader."""
    known, required = readers.keys(), readers.keys() - set(optional)

    def read(value: Any) -> dict[str, Any]:
        there = named(value).keys()
        if not required <= there <= known:
            missing, unknown = sorted(required - there), sorted(there - known)
            raise ValueError(f"no {missing[0]}" if missing else f"{unknown[0][:40]!r} is unknown")
        return _each(value, readers.__getitem__)

    return read


def _each(values: dict[str, Any], reader_of: Callable[[str], Reader]) -> dict[str, Any]:
    read = {}
    for name, value in values.items():
        try:
            read[name] = reader_of(name)(value)
        except WRONG as problem:
            raise ValueError(f"{name[:40]}: {problem}") from problem
    return read


def _finite(value: Any) -> float:
    return float(_required(_is(value, _NUMBER) and math.isfinite(value), value, "a number"))


def _is(value: Any, form: Any) -> bool:
    return isinstance(value, form) and not isinstance(value, bool)


def _required(right: bool, value: Any, form: str) -> Any:
    if not right:
        raise ValueError(f"{reprlib.repr(value)} in place of {form}")
    return value
