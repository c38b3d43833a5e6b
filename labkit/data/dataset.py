"""`Dataset`: training, validation and test examples, and what they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labkit.counts import checked_count
from labkit.data.split import Split, checked_split
from labkit.errors import ParameterError
from labkit.source_text import described


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
        fold_number: which part of the training examples a fold holds out; else None.
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
    fold_number: int | None = None

    @property
    def is_sample(self) -> bool:
        """Whether this is the excerpt and not the real data."""
        return self.source == "sample"

    @property
    def baseline(self) -> float:
        """How good the best constant answer is on the training examples, whatever the inputs.

        For classes, the accuracy of always answering the commonest, in [0, 1]; for numbers, the
        mean absolute error of their median; for an autoencoder's inputs, the mean squared error
        of their mean, such as the mean image.
        """
        return self.train.baseline

    def fold(self, number: int, of: int) -> Dataset:
        """Return the dataset with a part of its training examples held out for validation.

        The training split is cut into `of` folds: fold 0 is examples 0, `of`, 2 × `of` …, and so
        on. Over all numbers, every example is held out once. How many folds there are goes into
        the request; which one it is does not, so that all folds belong to one experiment.

        Args:
            number: the fold that becomes the validation split, from 0 to `of` − 1.
            of: the number of folds, from 2 to the number of training examples.

        >>> from labkit import data
        >>> fold = data.load("boston_housing").fold(0, of=4)
        >>> len(fold.train), len(fold.validation), fold.fold_number, fold.request["folds"]
        (303, 101, 0, 4)

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
            request={**self.request, "folds": of},
            fold_number=number,
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

        The request says the function's name, a hash of its text, and what of the notebook it uses,
        helpers and constants, so that a record belongs to the change it was made with.

        Args:
            change: a function of a split and the dataset before the change (so that it can use
                `dataset.train`, whichever split it is given), returning the split to use instead.
                `dataclasses.replace(split, targets=…)` makes one.

        >>> def zero_and_one(split, dataset):
        ...     return replace(split, targets=split.labels)
        >>> from labkit import data
        >>> sorted(data.load("xor").changed(zero_and_one).train.targets.tolist())
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
        changes = [*self.request.get("changed", ()), described(change)]
        request = {**self.request, "changed": changes}
        return replace(self, **made, kind=made["train"].kind, request=request)
