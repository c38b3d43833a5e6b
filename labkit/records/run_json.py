"""Runs as JSON: how a `Run` is written down, and read again."""

from __future__ import annotations

import base64
import dataclasses
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from labkit.errors import DamagedRecordError
from labkit.records.run import DataStamp, Mistakes, Run
from labkit.records.signature import Signature

_FORMS = {"seed": int, "parameters": int, "trainable_parameters": int, "seconds": int | float}
_FORMS |= {"experiment": str, "budget": str, "status": str, "provenance": dict}


def to_json(run: Run) -> dict[str, Any]:
    """Return the run as plain JSON values. `replicates` and `extra` stay out."""
    plain = {
        item.name: getattr(run, item.name)
        for item in dataclasses.fields(run)
        if item.name not in ("replicates", "extra")
    }
    plain["signature"] = run.signature.sha256
    plain["dataset"] = dataclasses.asdict(run.dataset)
    plain["history"] = {name: list(map(_rounded, one)) for name, one in run.history.items()}
    plain["metrics"] = {
        split: {name: _rounded(value) for name, value in metrics.items()}
        for split, metrics in run.metrics.items()
    }
    plain["seconds"] = round(run.seconds, 2)
    plain["seconds_per_epoch"] = [round(one, 3) for one in run.seconds_per_epoch]
    plain["confusion"] = None if run.confusion is None else run.confusion.tolist()
    plain["mistakes"] = None if run.mistakes is None else _encode_fields(run.mistakes)
    plain["measures"] = {name: _encode(one) for name, one in run.measures.items()}
    plain["provenance"] = dict(run.provenance)
    return plain


def from_json(plain: Mapping[str, Any], signatures: Mapping[str, Signature]) -> Run:
    """Return the run that `to_json` wrote.

    Raises:
        DamagedRecordError: a field is missing, unknown, or of the wrong form.
    """
    try:
        values = dict(plain)
        for name, form in _FORMS.items():
            if not isinstance(values[name], form):
                raise TypeError(f"{name} is {values[name]!r}")
        values["signature"] = signatures[values["signature"]]
        values["dataset"] = DataStamp(**values["dataset"])
        values["history"] = {name: _numbers(one) for name, one in values["history"].items()}
        values["metrics"] = {
            split: dict(zip(metrics, _numbers(metrics.values()), strict=True))
            for split, metrics in values["metrics"].items()
        }
        values["seconds_per_epoch"] = _numbers(values["seconds_per_epoch"])
        if values["confusion"] is not None:
            values["confusion"] = np.array(values["confusion"], dtype=int)
        if values["mistakes"] is not None:
            decoded = {name: _decode(one) for name, one in values["mistakes"].items()}
            values["mistakes"] = Mistakes(**decoded)
        values["measures"] = {name: _decode(one) for name, one in values["measures"].items()}
        return Run(**values)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        zlib.error,
    ) as problem:
        raise DamagedRecordError(
            "a run record",
            expected="every field that labkit writes",
            received=f"{type(problem).__name__}: {problem}",
            remedy="Take the file from version control again, or record the experiment anew.",
        ) from problem


def _numbers(values) -> tuple[float, ...]:
    return tuple(math.nan if value is None else float(value) for value in values)


def _rounded(value: float) -> float | None:
    """Write the digits a float32 has; what is not a number becomes null, for JSON has none."""
    return float(f"{value:.7g}") if math.isfinite(value) else None


def _encode_fields(part: Mistakes) -> dict[str, Any]:
    return {item.name: _encode(getattr(part, item.name)) for item in dataclasses.fields(part)}


def _encode(value: Any) -> Any:
    if np.ndim(value) == 0:
        return _rounded(float(value))
    array = np.ascontiguousarray(value)
    packed = base64.b64encode(zlib.compress(array.tobytes(), 9)).decode()
    return {"dtype": str(array.dtype), "shape": list(array.shape), "zlib": packed}


def _decode(plain: Any) -> Any:
    if not isinstance(plain, Mapping):
        return math.nan if plain is None else float(plain)
    content = zlib.decompress(base64.b64decode(plain["zlib"], validate=True))
    return np.frombuffer(content, dtype=plain["dtype"]).reshape(plain["shape"])
