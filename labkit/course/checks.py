"""Self-checks for exercises: they need no answer key, and a failure is a hint.

Every check that is given ``...``, which stands where an answer belongs, raises `NotAnswered`;
within `exercise`, that is one line and no error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from labkit.course.exercises import (  # noqa: F401, a notebook says checks.equal
    PASSED,
    answered,
    equal,
    exercise,
    failed,
    holds,
)
from labkit.course.failures import raises  # noqa: F401, and checks.raises
from labkit.records import Run, numbers

if TYPE_CHECKING:
    import keras

    from labkit.data import Dataset


def shape(array: np.ndarray, expected: tuple[int | None, ...]) -> str:
    """Check an array's shape; None in `expected` allows any size there.

    >>> import numpy as np
    >>> shape(np.zeros((5, 28, 28, 1)), (None, 28, 28, 1))
    '✓ shape (5, 28, 28, 1)'

    Raises:
        CheckFailed: the shapes differ; the hint says in what.
    """
    found = tuple(np.shape(answered(array)))
    if len(found) != len(expected):
        hint = (
            "An axis is missing: images need their channels, and a batch is an axis too."
            if len(found) < len(expected)
            else "There is an axis too many: did something stay unflattened?"
        )
        raise failed("shape", f"{len(expected)} axes like {expected}", str(found), hint)
    wrong = [
        place
        for place, (size, wanted) in enumerate(zip(found, expected, strict=True))
        if wanted not in (None, size)
    ]
    if wrong:
        axes = " and ".join(str(place) for place in wrong)
        hint = f"Look at axis {axes}: which step of yours sets its size?"
        raise failed("shape", str(expected), str(found), hint)
    return f"{PASSED} shape {found}"


def parameters(model: keras.Model, expected: int) -> str:
    """Check how many parameters a network has.

    Raises:
        CheckFailed: another number; the hint says where to look, by how far off it is.
    """
    found = answered(model).count_params()
    if found == answered(expected):
        return f"{PASSED} {found:,} parameters"
    hint = _parameter_hint(model, found - expected)
    raise failed("parameters", f"{expected:,}", f"{found:,}", hint)


def _parameter_hint(model: keras.Model, surplus: int) -> str:
    """The smaller the gap, the more the hint points at biases and output units."""
    sizes = {layer.name: layer.count_params() for layer in model.layers}
    for name, size in sizes.items():
        if size and size == surplus:
            return f"Exactly layer {name!r} too much: is it one too many?"
    more = "more" if surplus > 0 else "fewer"
    if abs(surplus) < 0.01 * max(sizes.values(), default=1):
        return f"{abs(surplus):,} {more} than asked for: look at biases and the last layer's units."
    return (
        f"{abs(surplus):,} {more} than asked for. A dense layer has (inputs + 1) × units: "
        "write that down for each layer, beside model.summary()."
    )


def no_leakage(dataset: Dataset) -> str:
    """Check that no example stands in two splits.

    Equal inputs count as one example, so a real duplicate in the data is found too.

    Raises:
        CheckFailed: some do; the hint says which splits share them.
    """
    keys = {
        name: {row.tobytes() for row in np.asarray(split.inputs)}
        for name in ("train", "validation", "test")
        if (split := getattr(answered(dataset), name)) is not None
    }
    names = list(keys)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            shared = len(keys[first] & keys[second])
            if shared:
                hint = (
                    "Split once, before anything else, and draw each part without the others; or "
                    "the data repeat examples: book/datasets.md says which do."
                )
                found = f"{shared} of {first} in {second} too"
                raise failed("leakage", "splits that share no example", found, hint)
    return f"{PASSED} {', '.join(names)} share no example"


def beats_baseline(run: Run, baseline: float, *, metric: str | None = None) -> str:
    """Check that a run does better than a guess that looks at no input.

    Args:
        run: trained.
        baseline: e.g. `dataset.baseline`: the share of the commonest class, or the error of the
            best constant answer.
        metric: see `Run.value`. Errors and losses are to be below the baseline, everything else
            above. None is the first of test accuracy, mean absolute and mean squared error that
            the run has.

    Raises:
        CheckFailed: it does not; the hint depends on how far off it is.
    """
    run, baseline = answered(run), answered(baseline)
    metric = metric or _principal(run)
    known, found = numbers.known(metric), run.value(metric)
    if found < baseline if known.lower_is_better else found > baseline:
        where = "below" if known.lower_is_better else "above"
        return f"{PASSED} {numbers.title(metric)} is {where} the baseline of {baseline:.2f}"
    side, hint = ("less", _error_hint) if known.lower_is_better else ("more", _share_hint)
    expected, received = (f"{one:.{known.digits}f}" for one in (baseline, found))
    raise failed(metric, f"{side} than {expected}", received, hint(found, baseline))


def _principal(run: Run) -> str:
    names = [f"test_{name}" for name in numbers.PRINCIPAL]
    return next((name for name in names if name in run.values()), names[0])


def _share_hint(found: float, baseline: float) -> str:
    if found < 0.5 * baseline:
        return (
            "Far below a guess: are labels and outputs in the same order, and the loss the right "
            "one?"
        )
    return (
        "About as good as a guess: does the loss fall from epoch to epoch? If not, look at "
        "the learning rate and the last layer's activation; if it does, train longer."
    )


def _error_hint(found: float, baseline: float) -> str:
    if found > 2 * baseline:
        return (
            "Far worse than a constant answer: are inputs and targets of the same rows, and the "
            "features scaled by the training split's own mean and deviation?"
        )
    return (
        "About as good as a constant answer: does the loss fall from epoch to epoch? If not, "
        "scale the features, and see whether the last layer can reach the targets: a linear one "
        "reaches every number, a sigmoid those in [0, 1]; if it does, train longer."
    )


def distinct(numbers: Mapping[str, float]) -> str:
    """Check that no two networks have exactly the same result.

    A loss has some sixteen digits: two networks that agree in all of them are one network
    under two names, evaluated twice.

    >>> distinct({"A": 0.0587, "B": 0.1011})
    '✓ A and B differ'

    Args:
        numbers: name of the network → a number measured on it, such as its loss.

    Raises:
        CheckFailed: some agree in every digit; the hint says which.
    """
    names: dict[float, list[str]] = {}
    for name, number in answered(numbers).items():
        names.setdefault(number, []).append(name)
    for same in names.values():
        if len(same) > 1:
            hint = "Look at the lines that evaluate them: is each network evaluated on itself?"
            found = f"{_listed(same)} agree in every digit"
            raise failed("results", "another number for each network", found, hint)
    return f"{PASSED} {_listed(list(numbers))} differ"


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
