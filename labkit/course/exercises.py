"""A student's answer: not given yet, wrong with a hint, or right."""

from __future__ import annotations

import contextlib
import os
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from labkit.errors import CheckFailed, NotAnswered

PASSED = "✓"
GRADING = "LABKIT_GRADING"  # set by whoever grades: an exercise without an answer is an error then
_NUMBERS = set("biuf")  # numpy's kinds of truth values, whole numbers and decimals
_TO_DO = "replace the ... in the cell above, then run both cells."


@contextlib.contextmanager
def exercise() -> Iterator[None]:
    """Run the checks of one exercise, and say in one line how it stands.

    >>> with exercise():
    ...     equal(answered(...), 3, hint="Count the epochs without improvement.")
    Not answered yet: replace the ... in the cell above, then run both cells.
    >>> with exercise():
    ...     equal(answered(1 + 2), 3, hint="Count the epochs without improvement.")
    ✓ Exercise answered

    Raises:
        CheckFailed: an answer is wrong; the message ends with a hint.
        NotAnswered: there is none, and the environment variable ``LABKIT_GRADING`` is set.
    """
    try:
        yield
    except NotAnswered:
        if os.environ.get(GRADING):
            raise
        print(f"Not answered yet: {_TO_DO}")
    else:
        print(f"{PASSED} Exercise answered")


def answered(answer: Any) -> Any:
    """Return an answer as it is, once there is one.

    Raises:
        NotAnswered: it is ``...``, or a tuple, list or dictionary in which a ``...`` is left.
        CheckFailed: it is None, which is what a function without `return` gives back.
    """
    if _open(answer):
        raise NotAnswered(
            "exercise",
            expected="an answer",
            received="the ... that stands for it",
            remedy=f"{_TO_DO[0].upper()}{_TO_DO[1:]}",
        )
    if answer is None:
        hint = "A function gives its result back with return."
        raise failed("answer", "a value", "None", hint)
    return answer


def _open(answer: Any) -> bool:
    if isinstance(answer, Mapping):
        return any(map(_open, answer.values()))
    return answer is ... or (isinstance(answer, tuple | list) and any(map(_open, answer)))


def equal(received: Any, expected: Any, *, hint: str, within: float = 0) -> None:
    """Check that an answer is the right one.

    Args:
        received: the answer: a number, text or array, or a tuple or list of such.
        expected: the right one. Tuples and lists of the same values are equal, and arrays have
            to have the same shape.
        hint: what helps somebody with another answer. The message does not tell `expected`.
        within: how far a number may lie from the right one.

    Raises:
        CheckFailed: it is another one.
        NotAnswered: see `answered`.
    """
    if not _same(answered(received), expected, within):
        raise failed("answer", "another one", _shown(received), hint)


def _same(received: Any, expected: Any, within: float) -> bool:
    if isinstance(expected, tuple | list):
        several = isinstance(received, tuple | list | np.ndarray)
        return (
            several
            and len(received) == len(expected)
            and all(_same(*pair, within) for pair in zip(received, expected, strict=True))
        )
    try:
        found, right = np.asarray(received), np.asarray(expected)
    except ValueError:  # rows of different lengths, which are no array
        return False
    if found.shape != right.shape:
        return False
    if not {found.dtype.kind, right.dtype.kind} <= _NUMBERS:
        return bool(np.all(found == right))
    return np.allclose(found.astype("float64"), right.astype("float64"), rtol=0, atol=within)


def _shown(answer: Any) -> str:
    text = repr(answer) if isinstance(answer, str) else str(answer)
    return textwrap.shorten(text, 70, placeholder=" …")


def holds(condition: bool, *, hint: str) -> None:
    """Check that an answer has a property.

    Args:
        condition: whether it has.
        hint: what helps somebody whose answer has not.

    Raises:
        CheckFailed: it has not.
        NotAnswered: see `answered`.
    """
    if not answered(condition):
        raise failed("answer", "one that passes this check", "one that does not", hint)


def failed(subject: str, expected: str, received: str, hint: str) -> CheckFailed:
    """Return the error of a check that did not pass."""
    return CheckFailed(subject, expected=expected, received=received, remedy=f"Hint: {hint}")
