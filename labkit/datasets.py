"""Load a dataset, split by a seed, ready to train on: `load(name, …) -> Dataset`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit import catalogue, computed, materials, samples, sources, workspace
from labkit.archives import Arrays, describe
from labkit.errors import DataUnavailableError, ParameterError
from labkit.materials import Material
from labkit.splits import Split, checked_count, permutation

NAMES = catalogue.NAMES + computed.NAMES

_WORDS, _LENGTH = 10_000, 500  # imdb's defaults, those of report R3
_TEST_SHARE = 0.2  # of a table's rows, as in Keras


class SampleDataWarning(UserWarning):
    """The excerpt stands in for real data that could not be reached."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset, split and ready to train on.

    Attributes:
        name: one of `NAMES`.
        kind: ``"images"``, ``"tokens"`` or ``"features"``: the name of the splits' inputs.
        source: ``"mirror"``, ``"cache"``, ``"download"`` or ``"package"`` for the real data;
            ``"sample"`` for the excerpt that travels with labkit.
        train, validation, test: the splits; `validation` is None where none was asked for.
        class_names: names of classes 0, 1, 2 …; empty where the target is a number.
        request: what was asked for, plain enough for JSON, without seed and source.
        seed: what drew training and validation.
        fingerprint: sha256 over the arrays that were read, the same for every source of the
            real data.
        feature_names: names of a table's columns; else empty.
        vocabulary: the word of each token; else empty.
    """

    name: str
    kind: str
    source: str
    train: Split
    validation: Split | None
    test: Split
    class_names: tuple[str, ...]
    request: dict[str, Any]
    seed: int
    fingerprint: str
    feature_names: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()

    @property
    def is_sample(self) -> bool:
        """Whether this is the excerpt and not the real data."""
        return self.source == "sample"

    @property
    def baseline(self) -> float:
        """The accuracy of always answering the commonest class of the training labels, in [0, 1].

        Raises:
            ParameterError: the target is a number, not a class.
        """
        if not self.class_names:
            raise _no_classes(self.name, "baseline")
        return float(np.bincount(self.train.labels).max() / len(self.train))


def load(
    name: str,
    *,
    train: int | None = None,
    validation: int = 0,
    seed: int | None = None,
    source: str | None = None,
    one_hot: bool = False,
    words: int | None = None,
    length: int | None = None,
    test: int | None = None,
) -> Dataset:
    """Load a dataset and split it.

    Training and validation are disjoint, from one permutation of the training file: training
    from its beginning, validation from its end, so that another `train` leaves the validation
    set as it is. On the excerpt both counts shrink in proportion.

    Args:
        name: one of `NAMES`.
        train: training examples; None is all that validation leaves.
        validation: examples held out of the training file; 0 is none.
        seed: draws the permutation; None is ``LABKIT_SEED``, else 0.
        source: ``auto`` (mirror, cache, download, excerpt), ``real`` (no excerpt), ``local`` (no
            download) or ``sample``; None is ``LABKIT_SOURCE``, else ``auto``. The tables travel
            whole with labkit: they are real at every source.
        one_hot: make the targets one-hot, float32 (n, classes).
        words: imdb only: tokens go from 0 to `words` − 1; rarer words become 1. Default 10,000.
        length: imdb only: tokens of a review. Longer ones lose their beginning, shorter ones are
            filled with 0 in front. Default 500.
        test: tables only: rows of the test part, which is the same for every seed. Default a
            fifth, which for Boston is the split of ``keras.datasets``.

    Images come as float32 (n, height, width, channels) in [0, 1]; features as float32, unscaled;
    classes as int64.

    >>> load("pima_indians_diabetes", validation=100).train.features.shape
    (514, 8)

    Raises:
        UnknownDatasetError: no such dataset.
        ParameterError: a count that the real dataset does not hold, or another bad option.
        DataFileError: a damaged file.
        DataUnavailableError: the real data were asked for and cannot be reached.
        CacheWriteError: a download that could not be kept.
    """
    options = _options(name, words=words, length=length, test=test)
    real = _training_size(name, options)
    _check_counts(name, train, validation, real)
    drawn_by, wanted = workspace.seed(seed), workspace.choice("source", source)
    material, found = _material(name, wanted, options)
    classes = _classes(name, material.class_names, one_hot)
    training, held_out = _divided(material, train, validation, real, drawn_by, classes)
    return Dataset(
        name=name,
        kind=training.kind,
        source=found,
        train=training,
        validation=held_out,
        test=material.parts["test"].split(classes=classes),
        class_names=material.class_names,
        request=_request(name, train, validation, one_hot, options),
        seed=drawn_by,
        fingerprint=material.fingerprint,
        feature_names=material.feature_names,
        vocabulary=material.vocabulary,
    )


def _options(name: str, **given: int | None) -> dict[str, int]:
    """Return the options that this dataset has, defaults filled in, or refuse one it has not."""
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


def _training_size(name: str, options: dict[str, int]) -> int:
    """Return how many training examples the real dataset holds."""
    if name in computed.NAMES:
        return len(computed.BUILDERS[name]().labels)
    facts = catalogue.entry(name).arrays
    if "y_train" in facts:
        return facts["y_train"]["shape"][0]
    return facts["y"]["shape"][0] - options["test"]


def _check_counts(name: str, train: int | None, validation: int, real: int) -> None:
    holds = f"{name} holds {real:,} training examples"
    checked_count("validation", validation, most=real - 1, least=0, remedy=f"{holds}.")
    if train is not None:
        taken = f", and validation takes {validation:,} of them" if validation else ""
        checked_count("train", train, most=real - validation, remedy=f"{holds}{taken}.")


def _classes(name: str, class_names: tuple[str, ...], one_hot: bool) -> int:
    """Return the width of one-hot targets, 0 where none were asked for."""
    if not one_hot:
        return 0
    if not class_names:
        raise _no_classes(name, "one_hot")
    return len(class_names)


def _material(name: str, wanted: str, options: dict[str, int]) -> tuple[Material, str]:
    if name in computed.NAMES:
        return materials.computation(name), "package"
    arrays, found = _arrays(name, wanted)
    entry = catalogue.entry(name)
    facts = entry.arrays  # what was read is known to equal them, but for the excerpt
    if found == "sample":
        facts = {key: describe(array) for key, array in arrays.items()}
    make = {"images": materials.images, "tokens": materials.reviews, "features": materials.table}
    return make[entry.kind](name, arrays, catalogue.fingerprint(facts), **options), found


def _arrays(name: str, wanted: str) -> tuple[Arrays, str]:
    """Return a dataset's arrays from the first source that has them, and that source."""
    reason, found = "it is not on this machine", None
    try:
        if wanted != "sample" or catalogue.entry(name).is_table:
            found = sources.read(name, download=wanted in ("auto", "real"))
    except DataUnavailableError as error:
        if wanted == "real":
            raise
        reason = f"received {error.received}"
    if found is not None:
        return found
    excerpt = samples.read(name)
    if wanted != "sample" and workspace.choice("mode") == "train":
        _warn(name, reason)
    return excerpt, "sample"


def _warn(name: str, reason: str) -> None:
    warnings.warn(
        f"{name}: this is the small excerpt that travels with labkit, and results on it differ "
        f"from recorded ones. The real data could not be had: {reason}. "
        f"Run `labkit data fetch {name}`, or set LABKIT_DATA to a folder with {name}.npz.",
        SampleDataWarning,
        stacklevel=5,  # the line that called load
    )


def _divided(
    material: Material, train: int | None, validation: int, real: int, seed: int, classes: int
) -> tuple[Split, Split | None]:
    """Split the training file, and let go of it."""
    part = material.parts.pop("train")
    order = permutation(len(part.labels), seed)
    count, held_out = _scaled(train, validation, real=real, here=len(order))
    training = part.split(order[:count], classes=classes)
    if not held_out:
        return training, None
    return training, part.split(order[-held_out:], classes=classes)


def _scaled(train: int | None, validation: int, *, real: int, here: int) -> tuple[int, int]:
    """Shrink counts from the real dataset's size to that of the one at hand, to 1 at least.

    >>> _scaled(30_000, 3_000, real=60_000, here=5_000)
    (2500, 250)
    """
    held_out = min(max(1, round(validation * here / real)), here - 1) if validation else 0
    left = here - held_out
    count = left if train is None else min(max(1, round(train * here / real)), left)
    return count, held_out


def _request(
    name: str, train: int | None, validation: int, one_hot: bool, options: dict[str, int]
) -> dict[str, Any]:
    """Say what was asked for in plain numbers, NumPy's turned into Python's."""
    count = None if train is None else int(train)
    return {
        "name": name,
        "train": count,
        "validation": int(validation),
        "one_hot": bool(one_hot),
        **options,
    }


def _no_classes(name: str, what: str) -> ParameterError:
    return ParameterError(
        what,
        expected="a dataset whose labels are classes",
        received=f"{name}, whose target is a number",
        remedy="Compare with the mean of the training targets instead.",
    )
