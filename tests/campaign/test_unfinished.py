"""Unfinished trainings that are not what they should be: refused before anything is changed."""

import io
import json
import os

import numpy as np
import pytest
from test_mutations import PROGRESS, Callback, model

from labkit.errors import DamagedRecordError
from labkit.training import checkpoints


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run.npz"
    checkpoints.save(path, model(1), {"": [Callback()], "own": []}, PROGRESS)
    return path


def rewritten(path, **changes):
    """Change arrays of a file; None takes one out."""
    arrays = dict(np.load(path)) | changes
    content = io.BytesIO()
    np.savez(content, **{name: one for name, one in arrays.items() if one is not None})
    path.write_bytes(content.getvalue())


def said(path, **changes):
    """Change what a file says in JSON; None takes it out."""
    plain = json.loads(np.load(path)["progress"].tobytes()) | changes
    text = json.dumps({name: one for name, one in plain.items() if one is not None})
    rewritten(path, progress=np.frombuffer(text.encode(), np.uint8))


def complaint(path):
    fresh = model(0)
    with pytest.raises(DamagedRecordError) as caught:
        checkpoints.load(path, fresh)
    assert all(not np.any(one) for one in checkpoints.variables(fresh))
    problem = caught.value
    assert str(problem) == (
        f"{path}: expected an unfinished run as labkit wrote it; received {problem.received}. "
        "Delete this file; the training then starts from its first epoch."
    )
    return problem.received


def test_what_is_whole_comes_back(path):
    fresh = model(0)
    progress = checkpoints.load(path, fresh)
    assert (progress.epochs, progress.seconds_before) == (2, 4.0)
    assert all(np.all(one == 1) for one in checkpoints.variables(fresh))


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"variable0": np.ones((2, 3), np.float32)}, "variable 0 of float32(2, 3), not float32(3,"),
        ({"variable0": np.ones((3, 2))}, "variable 0 of float64(3, 2), not float32(3, 2)"),
        ({"variable2": np.ones(1, np.int64)}, "variable 2 of int64(1,), not int64()"),
        ({"variable3": np.ones(1)}, "variable3 as well"),
        ({"variable1": None}, "'variable1'"),
        ({"progress": None}, "'progress'"),
        ({"callback0.0.weights.1": None}, "'callback0.0.weights.1'"),
        ({"progress": np.frombuffer(b"[" * 100_000, np.uint8)}, "maximum recursion depth"),
    ],
)
def test_refuses_other_arrays(path, changes, received):
    rewritten(path, **changes)
    assert complaint(path).partition(": ")[2].startswith(received)


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"history": {"loss": [0.5]}}, "not 2 epochs in every history"),
        ({"history": {"loss": [0.5, 0.25], "accuracy": []}}, "not 2 epochs in every history"),
        ({"history": {"loss": [0.5, "low"]}}, "history: loss: 'low' in place of a number"),
        ({"seconds_per_epoch": [1.5]}, "not 1 epochs in every history"),
        ({"seconds_per_epoch": [1.5, -1.0]}, "seconds_per_epoch: -1.0 in place of a duration"),
        ({"seconds_per_epoch": [1.5, float("nan")]}, "seconds_per_epoch: nan in place of a durat"),
        ({"callbacks": []}, "callbacks: [] in place of values by name"),
        ({"callbacks": {"": [1]}}, "callbacks: : 1 in place of values by name"),
        ({"callbacks": {}}, "callback0.0.weights.0, callback0.0.weights.1 as well"),
        ({"history": None}, "no history"),
        ({"colour": "red"}, "'colour' is unknown"),
    ],
)
def test_refuses_what_does_not_belong_together(path, changes, received):
    said(path, **changes)
    assert complaint(path).startswith(f"ValueError: {received}")


def test_a_loss_that_is_no_number_is_none_of_the_damages(path):
    said(path, history={"loss": [float("nan"), float("inf")]})
    assert checkpoints.load(path, model(0)).history["loss"][1] == float("inf")


def test_refuses_the_state_of_other_callbacks(path):
    progress = checkpoints.load(path, model(0))
    for callbacks in ({"": [Callback(), Callback()]}, {"": [Callback()], "more": [Callback()]}):
        with pytest.raises(DamagedRecordError, match="^an unfinished run: expected what . callb"):
            checkpoints.restore(callbacks, progress)


@pytest.mark.skipif(os.name == "nt", reason="pipes are POSIX")
@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_no_unfinished_training(path, put):
    path.unlink()
    put(path)
    assert complaint(path)
    with pytest.raises(DamagedRecordError):
        checkpoints.owners(path)
