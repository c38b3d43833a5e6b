"""The numbers of a record agree with each other, so that none of them can change alone."""

import dataclasses

import numpy as np
import pytest
from made_up_runs import made_up_run

from labkit.records import store

RIGHT = 27 / 30  # of the made-up confusion matrix


def disagreements(run):
    """Return what in a run does not agree with its confusion matrix; empty where there is none."""
    if run.confusion is None:
        return []
    images, right = run.confusion.sum(), np.trace(run.confusion)
    found = []
    if images != run.dataset.sizes["test"]:
        found.append(f"{images} images counted, {run.dataset.sizes['test']} tested on")
    if abs(run.test.accuracy - right / images) > 1e-6:  # float32 holds seven digits
        found.append(f"{right} of {images} right, an accuracy of {run.test.accuracy}")
    return found


@pytest.mark.parametrize("experiment", store.experiments())
def test_every_accuracy_is_that_of_the_confusion_matrix(experiment):
    runs = store.read(experiment)
    assert [one for run in runs for one in disagreements(run)] == []
    for run in runs:
        tested = run.status == "finished" and "accuracy" in run.metrics.get("test", {})
        assert (run.confusion is not None) == tested


@pytest.mark.parametrize("accuracy", [RIGHT + 2e-6, RIGHT - 2e-6, 0.91])
def test_an_accuracy_that_is_changed_alone_is_found(accuracy):
    assert disagreements(made_up_run(RIGHT)) == []
    (found,) = disagreements(made_up_run(accuracy))
    assert found.startswith("27 of 30 right")


def test_a_count_that_is_changed_alone_is_found():
    run = made_up_run(RIGHT)
    more = dataclasses.replace(run, confusion=run.confusion + np.eye(3, dtype=int))
    assert disagreements(more)[0] == "33 images counted, 30 tested on"
