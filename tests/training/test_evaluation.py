import dataclasses
import types

import keras
import numpy as np
import pytest
import tiny
from made_up_runs import made_up_run

from labkit.errors import ParameterError
from labkit.training import evaluation
from labkit.training.network import built


class Answering:
    """Stands in for a model: its answers are given beforehand."""

    def __init__(self, outputs, activation=keras.activations.softmax):
        self.outputs, self.activation = np.asarray(outputs, np.float32), activation
        self.output = types.SimpleNamespace(shape=(None, *self.outputs.shape[1:]))

    def predict(self, x, **options):
        assert sum(len(rows) for (rows,) in x) == len(self.outputs)
        return self.outputs


def labelled(*labels, images=True):
    split = tiny.split(len(labels), draw=0)
    inputs = split.inputs if images else split.inputs[:, 0, :, 0]
    return dataclasses.replace(split, inputs=inputs, labels=np.array(labels))


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


def confusion(model, split, classes, loss="categorical_crossentropy"):
    return evaluation.confusion(model, split, classes, loss=loss)


LOGITS = np.array([[4, 0, 1], [0, 1, 3], [2, 0, 1], [1, 1.5, 0], [0, 0, 9]])
TRUTH = [0, 1, 0, 0, 0]


def test_counts_each_true_class_in_its_row():
    counts, _ = confusion(Answering(softmax(LOGITS)), labelled(*TRUTH), 3)
    assert counts.tolist() == [[2, 1, 1], [0, 0, 1], [0, 0, 0]]


def test_agrees_with_the_accuracy_of_keras(dataset):
    network = built(tiny.dense)
    network.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    counts, _ = confusion(network, dataset.test, 2)
    accuracy = evaluation.measured(network, dataset.test)["accuracy"]
    assert np.trace(counts) / counts.sum() == pytest.approx(accuracy)
    assert counts.sum(axis=1).tolist() == np.bincount(dataset.test.labels).tolist()


FROM_LOGITS = keras.losses.CategoricalCrossentropy(from_logits=True)


@pytest.mark.parametrize(
    ("answering", "loss"),
    [
        (Answering(softmax(LOGITS)), "categorical_crossentropy"),
        (Answering(softmax(LOGITS)), FROM_LOGITS),
        (Answering(LOGITS, keras.activations.linear), FROM_LOGITS),
        (Answering(LOGITS, keras.activations.relu), FROM_LOGITS),
    ],
    ids=["softmax", "softmax taken for logits", "logits", "logits above zero"],
)
def test_keeps_the_surest_mistakes_first(answering, loss):
    split = labelled(*TRUTH)
    _, mistakes = confusion(answering, split, 3, loss)
    assert mistakes.predictions.tolist() == [2, 2, 1]
    assert mistakes.labels.tolist() == [0, 1, 0]
    surest = softmax(LOGITS).max(axis=-1)[[4, 1, 3]]
    np.testing.assert_allclose(mistakes.confidences, surest, rtol=1e-5)
    np.testing.assert_array_equal(mistakes.images, np.rint(split.images[[4, 1, 3]] * 255))
    assert mistakes.images.dtype == np.uint8


def test_keeps_at_most_sixteen_mistakes():
    wrong = np.tile([1.0, 0.0], (40, 1))
    _, mistakes = confusion(Answering(wrong), labelled(*[1] * 40), 2)
    assert mistakes.images.shape == (16, 8, 8, 1)


def test_there_are_no_mistakes_where_all_is_right():
    counts, mistakes = confusion(Answering(np.eye(2)), labelled(0, 1), 2)
    assert counts.tolist() == [[1, 0], [0, 1]]
    assert mistakes is None


def test_no_mistakes_are_kept_of_what_is_no_image():
    split = labelled(1, 1, images=False)
    counts, mistakes = confusion(Answering(np.eye(2)), split, 2)
    assert counts.tolist() == [[0, 0], [1, 1]]
    assert mistakes is None


@pytest.mark.parametrize(
    ("outputs", "activation", "loss"),
    [
        ([0.9, 0.2, 0.6, 0.1], "sigmoid", "binary_crossentropy"),
        ([2.2, -1.4, 0.4, -2.2], "linear", keras.losses.BinaryCrossentropy(from_logits=True)),
        ([0.9, 0.2, 0.6, 0.1], "linear", "binary_crossentropy"),
    ],
)
def test_one_output_decides_between_two_classes(outputs, activation, loss):
    answering = Answering(np.array(outputs)[:, None], keras.activations.get(activation))
    counts, mistakes = confusion(answering, labelled(1, 1, 0, 0), 2, loss)
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
def test_the_last_activation_says_what_decides_and_not_the_values(build, end, above):
    network = built(lambda: build(end))
    network.set_weights([np.full((2, 1), 0.5), np.zeros(1)])
    inputs = np.array([[0.1, 0.1], [0.9, 0.9]], np.float32)  # outputs of tanh: about 0.1 and 0.7
    if end == "sigmoid":
        inputs = inputs - 0.5
    split = dataclasses.replace(labelled(1, 1, images=False), inputs=inputs)
    counts, _ = confusion(network, split, 2, "mse")
    right = int((network.predict(inputs, verbose=0) > above).sum())
    assert counts.tolist() == [[0, 0], [2 - right, right]]
    assert right == (2 if above == 0.0 else 1)


def test_a_tanh_of_minus_one_is_sure_of_class_0():
    images = labelled(1, 0)
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1, "tanh")]
    network = built(lambda: keras.Sequential(layers))
    network.set_weights([np.zeros((64, 1)), np.array([-10.0])])
    _, mistakes = confusion(network, images, 2)
    assert mistakes.confidences == pytest.approx([1.0], abs=1e-6)


@pytest.mark.parametrize("shape", [(4, 8, 8, 1), (4, 1), (4, 5)])
def test_an_output_that_is_no_choice_of_a_class_has_no_confusion(shape):
    answering = Answering(np.zeros(shape))
    assert confusion(answering, labelled(0, 1, 2, 0), 3) == (None, None)


def test_logits_of_one_sign_are_not_taken_for_probabilities():
    """An untrained network's logits may all lie between 0 and 1."""
    answering = Answering(np.array([[0.2], [0.4]]), keras.activations.linear)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    counts, mistakes = confusion(answering, labelled(0, 1), 2, loss)
    assert counts.tolist() == [[0, 1], [0, 1]]
    np.testing.assert_allclose(mistakes.confidences, [1 / (1 + np.exp(-0.2))], rtol=1e-6)


@pytest.mark.parametrize(
    ("outputs", "activation", "loss"),
    [
        ([0.9, 0.3, 0.8], "sigmoid", "binary_crossentropy"),
        ([0.9, 0.3, 0.8], "sigmoid", "mse"),
        (np.log([9, 3 / 7, 4]), "linear", keras.losses.BinaryCrossentropy(from_logits=True)),
    ],
)
def test_independent_outputs_keep_their_own_confidence(outputs, activation, loss):
    answering = Answering(np.array([outputs]), keras.activations.get(activation))
    counts, mistakes = confusion(answering, labelled(2), 3, loss)
    assert counts[2].tolist() == [1, 0, 0]
    np.testing.assert_allclose(mistakes.confidences, [0.9], rtol=1e-6)


def test_a_linear_output_is_what_the_loss_takes_it_for():
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    assert evaluation.gives_logits(network, FROM_LOGITS)
    assert not evaluation.gives_logits(network, "categorical_crossentropy")
    network.add(keras.layers.Softmax())
    assert not evaluation.gives_logits(network, FROM_LOGITS)


def test_a_linear_output_that_is_no_logit_is_never_more_than_sure():
    answering = Answering(np.array([[3.0]]), keras.activations.linear)
    _, mistakes = confusion(answering, labelled(0), 2, "binary_crossentropy")
    assert mistakes.confidences.tolist() == [1.0]


def test_the_surest_logit_does_not_overflow():
    answering = Answering([[-1e4], [1e4]], keras.activations.linear)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    counts, mistakes = confusion(answering, labelled(1, 1), 2, loss)
    assert counts.tolist() == [[0, 0], [1, 1]]
    assert mistakes.confidences.tolist() == [1.0]


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


@pytest.mark.parametrize(
    "name", ["test_accuracy", "validation_own", "running_loss", "train_examples", "seconds"]
)
def test_a_measure_does_not_hide_a_number_that_the_run_has(name):
    with pytest.raises(ParameterError) as caught:
        evaluation.require_free_names({"near_zero": len, name: len})
    assert str(caught.value) == (
        "measure: expected names other than best_epoch, epochs, parameters, seconds, "
        "seconds_per_epoch, trainable_parameters, none that begins with train_, validation_, "
        f"test_, running_: a run's own numbers have these; received {name}. "
        'Choose another name, such as "share_of_right_signs".'
    )


@pytest.mark.parametrize("measure", [None, {}, {"near_zero": len, "multiply_adds": len}])
def test_other_measures_are_free(measure):
    evaluation.require_free_names(measure)


def test_a_run_has_no_number_that_a_measure_could_hide():
    hidden = set(made_up_run(measures={}).values())
    assert hidden
    for name in hidden:
        with pytest.raises(ParameterError):
            evaluation.require_free_names({name: len})
