"""Batches are those that Keras makes of arrays, and Keras waits for nothing after the last."""

import keras
import numpy as np
import pytest
import tiny

from labkit.training.batches import Feed

on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="elsewhere Keras is given arrays"
)


def received(**arguments):
    """Return what reaches the network, batch by batch, when Keras is called with these."""
    seen = []

    class Seen(keras.Model):
        def train_step(self, data):
            seen.append([np.asarray(part) for part in keras.tree.flatten(data)])
            return {"loss": 0.0}

    model = Seen()
    model.compile(loss="mse", run_eagerly=True)
    model.fit(**arguments, shuffle=False, verbose=0)
    return seen


ROWS = np.arange(50)
CASES = {
    "images, one-hot": (np.random.RandomState(0).rand(50, 4, 4, 1).astype("float32"), np.eye(50)),
    "tokens, classes": (ROWS.reshape(50, 1).astype("int32"), ROWS % 2),
    "features, numbers": (np.random.RandomState(1).rand(50, 3), ROWS / 7),
}


@on_tensorflow
@pytest.mark.parametrize("case", CASES)
def test_the_batches_are_those_that_keras_makes_of_arrays(case):
    inputs, targets = CASES[case]
    order = np.random.RandomState(3).permutation(50)
    ours = received(**Feed(inputs, targets).batches(16, order))
    of_keras = received(x=inputs[order], y=targets[order], batch_size=16)
    assert [len(batch[0]) for batch in ours] == [16, 16, 16, 2]
    for batch, expected in zip(ours, of_keras, strict=True):
        for part, other in zip(batch, expected, strict=True):
            assert part.dtype == other.dtype
            np.testing.assert_array_equal(part, other)


@on_tensorflow
def test_a_training_is_the_same_bit_for_bit():
    data = tiny.dataset()
    inputs, targets = data.train.inputs, data.train.targets
    order = np.random.RandomState(3).permutation(len(inputs))
    weights = []
    for batches in (
        Feed(inputs, targets).batches(48, order),
        {"x": inputs[order], "y": targets[order], "batch_size": 48},
    ):
        keras.utils.set_random_seed(5)
        model = tiny.eventful()
        model.compile("rmsprop", "categorical_crossentropy")
        model.fit(**batches, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_an_order_rows_stay_in_their_own():
    model, inputs = tiny.dense(), tiny.split(50, draw=1).inputs
    answers = model.predict(**Feed(inputs).batches(16), verbose=0)
    np.testing.assert_allclose(answers, model(inputs), rtol=1e-5)


@on_tensorflow
def test_another_order_makes_keras_trace_nothing_again():
    traced = []

    class Told(keras.Model):
        def train_step(self, data):
            traced.append(len(traced))
            return {"loss": keras.ops.mean(data[0])}

    model = Told()
    model.compile()
    feed = Feed(ROWS.astype("float32"))
    for epoch in range(4):
        order = np.random.RandomState(epoch).permutation(50)
        model.fit(**feed.batches(16, order), shuffle=False, verbose=0)
    assert len(traced) <= 2


@on_tensorflow
def test_nothing_tunes_a_pipeline_that_keras_would_wait_for():
    assert Feed(ROWS).batches(16)["x"].options().autotune.enabled is False


def test_on_another_backend_keras_is_given_arrays(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    inputs, targets = np.arange(6.0).reshape(3, 2), np.array([0, 1, 1])
    batches = Feed(inputs, targets).batches(2, np.array([2, 0, 1]))
    assert sorted(batches) == ["batch_size", "x", "y"] and batches["batch_size"] == 2
    np.testing.assert_array_equal(batches["x"], inputs[[2, 0, 1]])
    np.testing.assert_array_equal(batches["y"], [1, 0, 1])
    assert sorted(Feed(inputs).batches(2)) == ["batch_size", "x"]
