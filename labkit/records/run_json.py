"""Runs as JSON: how a `Run` is written down, and read again."""

from __future__ import annotations

import base64
import dataclasses
import functools
import json
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from labkit import forms, names
from labkit.errors import DamagedRecordError
from labkit.records.run import MEASURES_LIMIT, DataStamp, Mistakes, Run
from labkit.records.signature import Signature

_NOT_WRITTEN = ("folds", "replicates", "extra", "is_replayed")
_OPTIONAL = ("fold", "settings", "definitions")  # written where there is one
_SPLITS = ("train", "validation", "test")
_MISTAKES_LIMIT = 16 * 1024 * 1024  # bytes: the images of 16 mistakes have 16 × 49 kB at most


def to_json(run: Run) -> dict[str, Any]:
    """Return the run as plain JSON values, without the runs that are shown beside it."""
    plain = {
        item.name: getattr(run, item.name)
        for item in dataclasses.fields(run)
        if item.name not in _NOT_WRITTEN
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
    for name in _OPTIONAL:
        if plain[name] in (None, {}):
            del plain[name]
    return plain


def written(value: Any, indent: str = "") -> str:
    """Return plain values as JSON text: an entry a line, a list of numbers on one line.

    >>> print(written({"seed": 0, "loss": [0.5, 0.25]}))
    {
     "seed": 0,
     "loss": [0.5, 0.25]
    }
    """
    deeper = indent + " "
    if isinstance(value, Mapping) and value:
        parts = [f"{_word(name)}: {written(one, deeper)}" for name, one in value.items()]
        opening, closing = "{}"
    elif isinstance(value, list) and any(isinstance(one, str | list | Mapping) for one in value):
        parts = [written(one, deeper) for one in value]
        opening, closing = "[]"
    else:
        return _word(value)
    lines = f",\n{deeper}".join(parts)
    return f"{opening}\n{deeper}{lines}\n{indent}{closing}"


def _word(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def parsed(text: str) -> Any:
    """Return the plain values of a record's text.

    Raises:
        ValueError: it is not JSON, or has NaN, an infinite number or half a character in it.
        RecursionError: it is nested as no record is.
    """
    plain = json.loads(text, parse_constant=_refused)
    if "\\u" in text:  # as control characters are written, and nothing else is
        json.dumps(plain, ensure_ascii=False).encode()
    return plain


def _refused(constant: str) -> None:
    raise ValueError(f"{constant}, which JSON does not have")


def from_json(plain: Mapping[str, Any], signatures: Mapping[str, Signature]) -> Run:
    """Return the run that `to_json` wrote.

    Raises:
        DamagedRecordError: a field is missing, unknown, or of the wrong form.
    """
    try:
        values = _FIELDS(plain)
        run = Run(**values | {"signature": signatures[values["signature"]]})
        _require_consistent(run)
        return run
    except (*forms.WRONG, zlib.error) as problem:
        raise DamagedRecordError(
            "a run record",
            expected="every field that labkit writes",
            received=f"{type(problem).__name__}: {problem}",
            remedy="Take the file from version control again, or record the experiment anew.",
        ) from problem


def _require_consistent(run: Run) -> None:
    measured = (one for one in run.measures.values() if isinstance(one, np.ndarray))
    right = {
        "an epoch at least": run.epochs > 0,
        "as many values of each history as epochs": all(
            len(one) == run.epochs for one in run.history.values()
        ),
        "no more weights to train than there are": run.trainable_parameters <= run.parameters,
        "device and time": {"device", "finished"} <= set(run.provenance),
        "small measures": sum(one.nbytes for one in measured) <= MEASURES_LIMIT,
        "settings that can be written": names.settings_text(run.settings) is not None,
    }
    for what, is_so in right.items():
        if not is_so:
            raise ValueError(f"not {what}")


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


def _measure(plain: Any) -> Any:
    return _array(plain, MEASURES_LIMIT) if isinstance(plain, dict) else forms.number(plain)


def _array(plain: Any, limit: int = _MISTAKES_LIMIT) -> np.ndarray:
    """Return the array that `_encode` wrote; what says that it is larger is not unpacked."""
    fields = _ARRAY(plain)
    dtype, shape = _dtype(fields["dtype"]), fields["shape"]
    size = math.prod(shape) * dtype.itemsize
    if size > limit:
        raise ValueError(f"{size} bytes, and {limit} are the most")
    unpacking = zlib.decompressobj()
    content = unpacking.decompress(base64.b64decode(fields["zlib"], validate=True), size + 1)
    if len(content) != size or not unpacking.eof or unpacking.unused_data:
        raise ValueError(f"not the {size} bytes of the shape {list(shape)}")
    return np.frombuffer(content, dtype=dtype).reshape(shape)


@functools.cache
def _dtype(name: str) -> np.dtype:
    dtype = np.dtype(name)
    if dtype.kind not in "biuf" or str(dtype) != name:
        raise ValueError(f"{name!r}, which is no type of numbers")
    return dtype


def _confusion(plain: Any) -> np.ndarray:
    counts = np.array(plain)
    if counts.dtype != int or counts.shape != (len(plain),) * 2 or counts.min() < 0:
        raise ValueError("no square of counts")
    return counts


def _mistakes(plain: Any) -> Mistakes:
    mistakes = Mistakes(**_MISTAKES(plain))
    arrays = vars(mistakes).values()
    count, *picture = mistakes.images.shape
    forms_right = [one.dtype.kind for one in arrays] == ["u", "i", "i", "f"]
    if len(picture) != 3 or [one.shape for one in arrays][1:] != [(count,)] * 3 or not forms_right:
        raise ValueError("no images with a label, a prediction and a confidence each")
    return mistakes


def _stamp(plain: Any) -> DataStamp:
    return DataStamp(**_STAMP(plain))


_ARRAY = forms.fields(
    {"dtype": forms.text, "shape": forms.several(forms.count), "zlib": forms.text}
)
_MISTAKES = forms.fields({item.name: _array for item in dataclasses.fields(Mistakes)})
_STAMP = forms.fields(
    {
        "name": forms.text,
        "request": forms.by_name(forms.plain),
        "source": forms.text,
        "sizes": forms.by_name(forms.count),
        "fingerprint": forms.text,
    }
)
_FIELDS = forms.fields(
    {
        "experiment": forms.text,
        "budget": forms.text,
        "seed": forms.count,
        "status": forms.one_of("finished", "diverged"),
        "signature": forms.text,
        "dataset": _stamp,
        "parameters": forms.count,
        "trainable_parameters": forms.count,
        "history": forms.by_name(forms.numbers),
        "metrics": forms.fields(
            dict.fromkeys(_SPLITS, forms.by_name(forms.number)), optional=_SPLITS
        ),
        "seconds": forms.duration,
        "seconds_per_epoch": forms.several(forms.duration),
        "confusion": forms.maybe(_confusion),
        "mistakes": forms.maybe(_mistakes),
        "measures": forms.by_name(_measure),
        "provenance": forms.by_name(forms.text),
        "fold": forms.count,
        "settings": forms.by_name(forms.plain),
        "definitions": forms.by_name(forms.text),
    },
    optional=_OPTIONAL,
)
