"""Load a dataset, split by a seed, ready to train on: `load(name, …) -> Dataset`."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labkit import choices
from labkit.counts import checked_count
from labkit.data import catalogue, conversion, excerpts, sources, synthetic
from labkit.data.conversion import Material
from labkit.data.npz import Arrays, describe
from labkit.data.options import (
    check_counts,
    checked_options,
    plain_request,
    scaled,
    training_size,
)
from labkit.data.split import Split, checked_split, permutation
from labkit.errors import DataUnavailableError, ParameterError
from labkit.source_text import name_of


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
        request: what was asked for and changed, plain enough for JSON, without seed and source.
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

    def fold(self, number: int, of: int) -> Dataset:
        """Return the dataset with a part of its training examples held out for validation.

        The training split is cut into `of` folds: fold 0 is examples 0, `of`, 2 × `of` …, and so
        on. Over all numbers, every example is held out once. The fold goes into the request.

        Args:
            number: the fold that becomes the validation split, from 0 to `of` − 1.
            of: the number of folds, from 2 to the number of training examples.

        >>> fold = load("boston_housing").fold(0, of=4)
        >>> len(fold.train), len(fold.validation), fold.request["fold"]
        (303, 101, '0 of 4')

        Raises:
            ParameterError: no such fold; there is a validation split already, or it is changed:
                a change may look at the training split, and must not see what is held out.
        """
        self._require_foldable()
        of = checked_count("of", of, least=2, most=len(self.train))
        number = checked_count("number", number, least=0, most=of - 1)
        everything = np.arange(len(self.train))
        held_out = everything[number::of]
        return replace(
            self,
            train=self.train.at(np.delete(everything, held_out)),
            validation=self.train.at(held_out),
            request={**self.request, "fold": f"{number} of {of}"},
        )

    def _require_foldable(self) -> None:
        received = None
        if self.validation is not None:
            received = f"one with {len(self.validation):,} validation examples"
        elif "changed" in self.request:
            received = f"one changed by {', '.join(self.request['changed'])}"
        if received:
            raise ParameterError(
                "fold",
                expected="a dataset as loaded, without a validation split",
                received=received,
                remedy="Load it with validation=0, fold it, and change the fold.",
            )

    def changed(self, change: Callable[[Split, Dataset], Split]) -> Dataset:
        """Return the dataset with every split changed, and the change in its request.

        The request says the function's name and a hash of its text, so that a record belongs to
        the change it was made with. The hash covers the function's own text only, not the helpers
        and constants that it uses: give it another name when one of those changes.

        Args:
            change: a function of a split and the dataset before the change (so that it can use
                `dataset.train`, whichever split it is given), returning the split to use instead.
                `dataclasses.replace(split, targets=…)` makes one.

        >>> def zero_and_one(split, dataset):
        ...     return replace(split, targets=split.labels)
        >>> sorted(load("xor").changed(zero_and_one).train.targets.tolist())
        [0, 0, 1, 1]

        Raises:
            ParameterError: `change` is not a function, or does not return a split with as many
                labels and targets as inputs.
        """
        if not inspect.isfunction(change):
            raise ParameterError(
                "change",
                expected="a function, by which a record can tell it from others",
                received=repr(change),
                remedy="Define it: def change(split, dataset): return dataclasses.replace(…).",
            )
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        made = {
            name: None if split is None else checked_split(change.__name__, change(split, self))
            for name, split in parts.items()
        }
        changes = [*self.request.get("changed", ()), name_of(change)]
        request = {**self.request, "changed": changes}
        return replace(self, **made, kind=made["train"].kind, request=request)


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
    options = checked_options(name, words=words, length=length, test=test)
    real = training_size(name, options)
    check_counts(name, train, validation, real)
    drawn_by, wanted = choices.seed(seed), choices.choice("source", source)
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
        request=plain_request(name, train, validation, one_hot, options),
        seed=drawn_by,
        fingerprint=material.fingerprint,
        feature_names=material.feature_names,
        vocabulary=material.vocabulary,
    )


def _classes(name: str, class_names: tuple[str, ...], one_hot: bool) -> int:
    """Return the width of one-hot targets, 0 where none were asked for."""
    if not one_hot:
        return 0
    if not class_names:
        raise _no_classes(name, "one_hot")
    return len(class_names)


def _material(name: str, wanted: str, options: dict[str, int]) -> tuple[Material, str]:
    if name in synthetic.NAMES:
        return conversion.computation(name), "package"
    arrays, found = _arrays(name, wanted)
    entry = catalogue.entry(name)
    facts = entry.arrays  # what was read is known to equal them, but for the excerpt
    if found == "sample":
        facts = {key: describe(array) for key, array in arrays.items()}
    make = {"images": conversion.images, "tokens": conversion.reviews, "features": conversion.table}
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
    excerpt = excerpts.read(name)
    if wanted != "sample" and choices.choice("mode") == "train":
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
    count, held_out = scaled(train, validation, real=real, here=len(order))
    training = part.split(order[:count], classes=classes)
    if not held_out:
        return training, None
    return training, part.split(order[-held_out:], classes=classes)


def _no_classes(name: str, what: str) -> ParameterError:
    return ParameterError(
        what,
        expected="a dataset whose labels are classes",
        received=f"{name}, whose target is a number",
        remedy="Compare with the mean of the training targets instead.",
    )
