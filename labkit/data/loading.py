"""Load a dataset, split by a seed, ready to train on: `load(name, …) -> Dataset`."""

from __future__ import annotations

import warnings

from labkit import choices
from labkit.data import catalogue, conversion, excerpts, sources, synthetic
from labkit.data.conversion import Material
from labkit.data.dataset import Dataset
from labkit.data.npz import Arrays, describe
from labkit.data.options import (
    check_counts,
    checked_options,
    plain_request,
    scaled,
    training_size,
)
from labkit.data.split import Split, permutation
from labkit.errors import DataUnavailableError, ParameterError


class SampleDataWarning(UserWarning):
    """The excerpt stands in for real data that could not be reached."""


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
        raise ParameterError(
            "one_hot",
            expected="a dataset whose labels are classes",
            received=f"{name}, whose target is a number",
            remedy="Leave one_hot out: the loss compares with the numbers themselves.",
        )
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
