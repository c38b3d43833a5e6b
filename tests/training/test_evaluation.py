import dataclasses
import types

import keras
import numpy as np
import pytest
import tiny

from labkit.errors import ParameterError
from labkit.training import evaluation


class Answering:
    """Stands in for a model: its answers are given beforehand."""

    def __init__(self, outputs):
        self.outputs = np.asarray(outputs, np.float32)
        self.output_shape = (None, *self.outputs.shape[1:])

    def predict(self, x, **options):
        assert sum(len(rows) for (rows,) in x) == len(self.outputs)
        return self.outputs


def labelled(*labels, images=True):
    split = tiny.split(len(labels), draw=0)
    inputs = split.inputs if images else split.inputs[:, 0, :, 0]
    return dataclasses.replace(split, inputs=inputs, labels=np.array(labels))


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


LOGITS = np.array([[4, 0, 1], [0, 1, 3], [2, 0, 1], [1, 1.5, 0], [0, 0, 9]])
TRUTH = [0, 1, 0, 0, 0]


def test_counts_each_true_class_in_its_row():
    counts, _ = evaluation.confusion(Answering(softmax(LOGITS)), labelled(*TRUTH), 3)
    assert counts.tolist() == [[2, 1, 1], [0, 0, 1], [0, 0, 0]]


def test_agrees_with_the_accuracy_of_keras(dataset):
    network = tiny.dense()
    network.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    counts, _ = evaluation.confusion(network, dataset.test, 2)
    accuracy = evaluation.measured(network, dataset.test)["accuracy"]
    assert np.trace(counts) / counts.sum() == pytest.approx(accuracy)
    assert counts.sum(axis=1).tolist() == np.bincount(dataset.test.labels).tolist()


@pytest.mark.parametrize("outputs", [LOGITS, softmax(LOGITS)], ids=["logits", "probabilities"])
def test_keeps_the_surest_mistakes_first(outputs):
    split = labelled(*TRUTH)
    _, mistakes = evaluation.confusion(Answering(outputs), split, 3)
    assert mistakes.predictions.tolist() == [2, 2, 1]
    assert mistakes.labels.tolist() == [0, 1, 0]
    surest = softmax(LOGITS).max(axis=-1)[[4, 1, 3]]
    np.testing.assert_allclose(mistakes.confidences, surest, rtol=1e-5)
    np.testing.assert_array_equal(mistakes.images, np.rint(split.images[[4, 1, 3]] * 255))
    assert mistakes.images.dtype == np.uint8


def test_keeps_at_most_sixteen_mistakes():
    wrong = np.tile([1.0, 0.0], (40, 1))
    _, mistakes = evaluation.confusion(Answering(wrong), labelled(*[1] * 40), 2)
    assert mistakes.images.shape == (16, 8, 8, 1)


def test_there_are_no_mistakes_where_all_is_right():
    counts, mistakes = evaluation.confusion(Answering(np.eye(2)), labelled(0, 1), 2)
    assert counts.tolist() == [[1, 0], [0, 1]]
    assert mistakes is None


def test_no_mistakes_are_kept_of_what_is_no_image():
    split = labelled(1, 1, images=False)
    counts, mistakes = evaluation.confusion(Answering(np.eye(2)), split, 2)
    assert counts.tolist() == [[0, 0], [1, 1]]
    assert mistakes is None


@pytest.mark.parametrize(
    "outputs",
    [[[0.9], [0.2], [0.6], [0.1]], [[2.2], [-1.4], [0.4], [-2.2]]],
    ids=["probabilities", "logits"],
)
def test_one_output_decides_between_two_classes(outputs):
    counts, mistakes = evaluation.confusion(Answering(outputs), labelled(1, 1, 0, 0), 2)
    assert counts.tolist() == [[1, 1], [1, 1]]
    assert mistakes.predictions.tolist() == [0, 1]
    np.testing.assert_allclose(mistakes.confidences, [0.8, 0.6], atol=0.01)


def stack(end):
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation=end)])


def stack_in_a_stack(end):
    return keras.Sequential([keras.Input((2,)), stack(end)])


def graph(end):
    inputs = keras.Input((2,))
    outputs = keras.layers.Activation(end)(keras.layers.Dense(1)(inputs))
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("build", [stack, stack_in_a_stack, graph])
@pytest.mark.parametrize(
    ("end", "above"), [("tanh", 0.0), ("softsign", 0.0), ("sigmoid", 0.5), ("linear", 0.5)]
)
def test_the_sign_of_a_tanh_decides_also_where_all_outputs_are_positive(build, end, above):
    network = build(end)
    network.set_weights([np.full((2, 1), 0.5), np.zeros(1)])
    inputs = np.array([[0.1, 0.1], [0.9, 0.9]], np.float32)  # outputs of tanh: about 0.1 and 0.7
    if end == "sigmoid":
        inputs = inputs - 0.5
    split = dataclasses.replace(labelled(1, 1, images=False), inputs=inputs)
    counts, _ = evaluation.confusion(network, split, 2)
    right = int((network.predict(inputs, verbose=0) > above).sum())
    assert counts.tolist() == [[0, 0], [2 - right, right]]
    assert right == (2 if above == 0.0 else 1)


def test_a_tanh_of_minus_one_is_sure_of_class_0():
    images = labelled(1, 0)
    network = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1, activation="tanh")]
    )
    network.set_weights([np.zeros((64, 1)), np.array([-10.0])])
    _, mistakes = evaluation.confusion(network, images, 2)
    assert mistakes.confidences == pytest.approx([1.0], abs=1e-6)


@pytest.mark.parametrize("shape", [(4, 8, 8, 1), (4, 1), (4, 5)])
def test_an_output_that_is_no_choice_of_a_class_has_no_confusion(shape):
    answering = Answering(np.zeros(shape))
    assert evaluation.confusion(answering, labelled(0, 1, 2, 0), 3) == (None, None)


# --- the loss without the penalties -------------------------------------------------------


def test_the_data_loss_comes_right_after_the_loss():
    logs = evaluation.with_data_loss({"accuracy": 1.0, "loss": 0.5})
    assert list(logs.items()) == [("loss", 0.5), ("data_loss", 0.5), ("accuracy", 1.0)]


def test_a_measured_data_loss_is_kept():
    logs = evaluation.with_data_loss({"loss": 0.5, "data_loss": 0.4})
    assert logs == {"loss": 0.5, "data_loss": 0.4}


# --- what a notebook measures -------------------------------------------------------------


def measures(**functions):
    return evaluation.measures(functions, None, types.SimpleNamespace(name="tiny"))


def test_a_notebook_that_measures_nothing_has_no_measures():
    assert evaluation.measures(None, None, None) == {}


def test_functions_see_the_model_and_the_dataset():
    found = evaluation.measures({"both": lambda model, dataset: model + dataset}, 2, 3)
    assert found == {"both": 5.0}


def test_scalars_become_numbers_and_tensors_arrays():
    found = measures(
        count=lambda *_: np.int64(3),
        norm=lambda *_: keras.ops.convert_to_tensor(2.5),
        kernel=lambda *_: keras.Variable(np.ones((2, 3), np.float32)),
        listed=lambda *_: [1, 2],
    )
    assert (found["count"], found["norm"]) == (3.0, 2.5)
    assert type(found["count"]) is type(found["norm"]) is float
    assert isinstance(found["kernel"], np.ndarray)
    assert found["kernel"].shape == (2, 3)
    assert found["listed"].tolist() == [1, 2]


def test_keeps_64_kilobytes():
    found = measures(half=lambda *_: np.zeros(32 * 1024, np.uint8), rest=lambda *_: np.zeros(4096))
    assert sum(array.nbytes for array in found.values()) == 64 * 1024


def test_rejects_more_than_64_kilobytes_in_all():
    with pytest.raises(ParameterError) as caught:
        measures(kernel=lambda *_: np.zeros((128, 128)), bias=lambda *_: np.zeros(128))
    assert str(caught.value) == (
        "measure kernel, bias: expected at most 64 kB in all; received 129 kB. "
        "Keep a histogram or a few filters instead of whole arrays."
    )


@pytest.mark.parametrize(
    ("value", "received"),
    [
        ("text", "an array of <U4"),
        (None, "an array of object"),
        ([{}], "an array of object"),
        ([[1], [2, 3]], "an array of object"),
    ],
)
def test_rejects_what_is_not_made_of_numbers(value, received):
    with pytest.raises(ParameterError) as caught:
        measures(odd=lambda *_: value)
    assert str(caught.value) == (
        f"measure odd: expected a number or an array of numbers; received {received}. "
        "Return what np.asarray makes an array of numbers from."
    )
