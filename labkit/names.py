"""Names of experiments, one grammar for all: ``01/dense-4``, ``tp4/06/network``.

A point of a sweep is named by its settings as well: ``05/batch@batch_size=16,optimizer=adam``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from labkit.errors import ParameterError

EXPERIMENT = r"(?:[a-z0-9]+/)?\d\d/[a-z0-9]+(?:-[a-z0-9]+)*"
SETTINGS = r"[a-z][a-z0-9_]*=[^\s,=@]+(?:,[a-z][a-z0-9_]*=[^\s,=@]+)*"
POINT = rf"{EXPERIMENT}(?:@{SETTINGS})?"
_PLAIN = (str, int, float, type(None))


def checked(experiment: str) -> str:
    """Return the name of an experiment where it is one.

    Raises:
        ParameterError: it is not of the form ``01/dense-4``.
    """
    if not re.fullmatch(EXPERIMENT, experiment):
        raise ParameterError(
            "experiment",
            expected="practical/name in small letters, digits and hyphens",
            received=repr(experiment),
            remedy='Write it like "01/dense-4"; a rate of 0.001 like "rate-0-001".',
        )
    return experiment


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return settings in one order and form, by which a point of a sweep is known.

    >>> settings_text({"optimizer": "adam", "batch_size": 16})
    'batch_size=16,optimizer=adam'

    Raises:
        ParameterError: a name or a value that such a text cannot hold.
    """
    text = ",".join(f"{name}={settings[name]}" for name in sorted(settings))
    plain = all(isinstance(one, _PLAIN) for one in settings.values())
    if settings and not (plain and re.fullmatch(SETTINGS, text) and _read(text) == dict(settings)):
        raise ParameterError(
            "settings",
            expected="names in small letters with plain values: numbers, words, True, False, None",
            received=repr(dict(settings)),
            remedy='Write them like {"batch_size": 16, "optimizer": "adam"}.',
        )
    return text


def of_point(experiment: str, settings: Mapping[str, Any] | None) -> str:
    """Return the name of an experiment, or of a point of its sweep where there are settings.

    >>> of_point("05/batch", {"batch_size": 16})
    '05/batch@batch_size=16'
    """
    text = settings_text(settings or {})
    return f"{experiment}@{text}" if text else experiment


def split(point: str) -> tuple[str, dict[str, Any]]:
    """Return an experiment's name and the settings behind it, none where it is no sweep's.

    >>> split("05/batch@batch_size=16,rate=0.1,optimizer=adam")
    ('05/batch', {'batch_size': 16, 'rate': 0.1, 'optimizer': 'adam'})

    Raises:
        ParameterError: it is not of this form.
    """
    experiment, _, text = point.partition("@")
    checked(experiment)
    if not re.fullmatch(POINT, point):
        raise ParameterError(
            "experiment",
            expected="a name, and after an @ the settings of a point of its sweep",
            received=repr(point),
            remedy='Write it like "05/batch@batch_size=16,optimizer=adam".',
        )
    return experiment, _read(text)


def _read(text: str) -> dict[str, Any]:
    pairs = (one.split("=") for one in text.split(",") if one)
    return {name: _value(written) for name, written in pairs}


def _value(written: str) -> Any:
    try:
        return ast.literal_eval(written)
    except (SyntaxError, ValueError):
        return written
