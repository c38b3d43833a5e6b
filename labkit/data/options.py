"""What is asked of a dataset: its options and counts, checked, and put down in plain words."""

from __future__ import annotations

from typing import Any

from labkit.counts import checked_count
from labkit.data import catalogue, synthetic
from labkit.errors import ParameterError

NAMES = catalogue.NAMES + synthetic.NAMES

_WORDS, _LENGTH = 10_000, 500  # imdb's defaults, those of report R3
_TEST_SHARE = 0.2  # of a table's rows, as in Keras


def checked_options(name: str, **given: int | None) -> dict[str, int]:
    """Return the options that a dataset has, with its defaults for those that are None.

    Raises:
        UnknownDatasetError: no such dataset.
        ParameterError: the dataset has no such option, or not with this value.
    """
    if name not in NAMES:
        raise catalogue.unknown(name, NAMES)
    allowed = _allowed_options(name)
    for option, value in given.items():
        if value is not None and option not in allowed:
            raise ParameterError(
                option,
                expected=f"no such option for {name}",
                received=repr(value),
                remedy="words and length belong to imdb, test to the tables.",
            )
    return {
        option: checked_count(option, default if given[option] is None else given[option], **bounds)
        for option, (default, bounds) in allowed.items()
    }


def _allowed_options(name: str) -> dict[str, tuple[int, dict[str, int]]]:
    if name == "imdb":
        return {"words": (_WORDS, {"least": 3}), "length": (_LENGTH, {"least": 1})}
    if name in catalogue.NAMES and catalogue.entry(name).is_table:
        rows = catalogue.entry(name).arrays["y"]["shape"][0]
        train_rows = int(rows * (1 - _TEST_SHARE))
        return {"test": (rows - train_rows, {"least": 1, "most": rows - 1})}
    return {}


def training_size(name: str, options: dict[str, int]) -> int:
    """Return how many training examples the real dataset holds, with these `options`."""
    if name in synthetic.NAMES:
        return len(synthetic.BUILDERS[name]().labels)
    facts = catalogue.entry(name).arrays
    if "y_train" in facts:
        return facts["y_train"]["shape"][0]
    return facts["y"]["shape"][0] - options["test"]


def check_counts(name: str, train: int | None, validation: int, real: int) -> None:
    """Check counts against the `real` number of training examples.

    Raises:
        ParameterError: the real dataset does not hold so many; the message says how many.
    """
    holds = f"{name} holds {real:,} training examples"
    checked_count("validation", validation, most=real - 1, least=0, remedy=f"{holds}.")
    if train is not None:
        taken = f", and validation takes {validation:,} of them" if validation else ""
        checked_count("train", train, most=real - validation, remedy=f"{holds}{taken}.")


def scaled(train: int | None, validation: int, *, real: int, here: int) -> tuple[int, int]:
    """Shrink counts from the real dataset's size to that of the one at hand, to 1 at least.

    >>> scaled(30_000, 3_000, real=60_000, here=5_000)
    (2500, 250)
    """
    held_out = min(max(1, round(validation * here / real)), here - 1) if validation else 0
    left = here - held_out
    count = left if train is None else min(max(1, round(train * here / real)), left)
    return count, held_out


def plain_request(
    name: str, train: int | None, validation: int, one_hot: bool, options: dict[str, int]
) -> dict[str, Any]:
    """Return what was asked for in plain numbers, NumPy's turned into Python's."""
    count = None if train is None else int(train)
    return {
        "name": name,
        "train": count,
        "validation": int(validation),
        "one_hot": bool(one_hot),
        **options,
    }
