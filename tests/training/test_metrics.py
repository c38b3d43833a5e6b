import dataclasses

import keras
import numpy as np
import pytest
import tiny

from labkit.data.split import Split, one_hot
from labkit.errors import ParameterError
from labkit.training import evaluation, metrics
from labkit.training.network import built

LABELS = np.array([0, 1, 1, 0])
FEATURES = np.eye(4, 3, dtype=np.float32)
PRICES = np.array([1, 3, 5, 7], np.float32)


def network(units=1, activation=None):
    layer = keras.layers.Dense(units, activation=activation)
    return built(lambda: keras.Sequential([keras.Input((3,)), layer]))


def rows(targets, labels=LABELS, inputs=FEATURES):
    return Split(inputs, labels, targets, "features")


def chosen(split, model, **settings):
    return metrics.chosen(tiny.recipe(**settings), split, model)


def names(split, model, **settings):
    return list(map(metrics.name_of, chosen(split, model, **settings)))


def measured(split, model, **settings):
    """Return what Keras measures, the loss aside."""
    recipe = tiny.recipe(**{"loss": "mse", **settings})
    model.compile(loss=recipe.loss, metrics=metrics.chosen(recipe, split, model))
    logs = evaluation.measured(model, split)
    return {name: value for name, value in logs.items() if name not in ("loss", "data_loss")}


def answering(*outputs):
    """Return a network whose outputs are its inputs, and the inputs (n, …)."""
    inputs = np.array(outputs, np.float32)
    shape = inputs.shape[1:]
    layers = [keras.Input(shape), keras.layers.Reshape(shape)]
    return built(lambda: keras.Sequential(layers)), inputs


# --- what follows the targets -------------------------------------------------------------


def test_few_classes_have_an_accuracy_as_keras_knows_it():
    assert chosen(tiny.split(4, draw=0), built(tiny.dense)) == ["accuracy"]
    assert chosen(rows(one_hot(LABELS, 10)), network(10)) == ["accuracy"]


CROSS_ENTROPY = {1: "sparse_categorical_crossentropy", 2: "categorical_crossentropy"}


@pytest.mark.parametrize("targets", [LABELS, one_hot(LABELS, 11)], ids=["labels", "one-hot"])
def test_many_classes_have_their_best_five_as_well(targets):
    assert names(rows(targets), network(11)) == ["accuracy", "top_5_accuracy"]
    found = measured(rows(targets), network(11, "softmax"), loss=CROSS_ENTROPY[targets.ndim])
    assert set(found) == {"accuracy", "top_5_accuracy"}


@pytest.mark.parametrize("is_one_hot", [False, True])
def test_the_class_is_among_the_best_five_or_not(is_one_hot):
    labels = np.array([0, 4, 5, 10])
    targets = one_hot(labels, 11) if is_one_hot else labels
    model, outputs = answering(*[np.arange(11, 0, -1)] * 4)
    settings = {"metrics": ("top_5_accuracy",), "loss": CROSS_ENTROPY[targets.ndim]}
    assert measured(rows(targets, labels, outputs), model, **settings) == {"top_5_accuracy": 0.5}


def test_numbers_have_errors_and_the_share_that_is_explained():
    found = measured(rows(PRICES, labels=PRICES), network())
    assert list(found) == ["mae", "mse", "r2"]


def test_what_is_given_back_has_an_error_and_its_decibels():
    split = dataclasses.replace(rows(FEATURES), inputs=FEATURES)
    assert list(measured(split, network(3))) == ["mse", "psnr"]


# --- that they measure what they say ------------------------------------------------------


@pytest.mark.parametrize("targets", [PRICES, PRICES[:, None]], ids=["(n,)", "(n, 1)"])
def test_r2_is_the_share_of_the_variance_that_is_explained(targets):
    model, outputs = answering([2], [3], [5], [6])
    found = measured(rows(targets, PRICES, outputs), model)
    assert found == pytest.approx({"mae": 0.5, "mse": 0.5, "r2": 1 - 2 / 20})


def test_r2_of_several_numbers_is_their_mean():
    model, outputs = answering([1, 1], [3, 1])
    split = rows(np.array([[1, 0], [3, 2]], np.float32), LABELS[:2], outputs)
    assert measured(split, model, metrics=("r2",))["r2"] == pytest.approx((1.0 + 0.0) / 2)


def test_psnr_is_the_mean_over_images():
    model, images = answering(np.full((2, 2, 1), 0.5), np.full((2, 2, 1), 0.5))
    targets = np.stack([np.full((2, 2, 1), 0.6), np.full((2, 2, 1), 0.51)]).astype(np.float32)
    split = Split(images, LABELS[:2], targets, "images")
    assert measured(split, model)["psnr"] == pytest.approx((20 + 40) / 2, rel=1e-4)


def test_an_image_given_back_exactly_has_100_decibels():
    model, images = answering(np.full((2, 2, 1), 0.5))
    found = measured(Split(images, LABELS[:1], images, "images"), model)
    assert found == pytest.approx({"mse": 0.0, "psnr": 100.0})


# --- one output between two classes -------------------------------------------------------

FROM_LOGITS = keras.losses.BinaryCrossentropy(from_logits=True)


@pytest.mark.parametrize("metrics", [None, ("accuracy",)])
@pytest.mark.parametrize("targets", [LABELS, LABELS.astype(np.float32)[:, None]])
def test_a_logit_decides_by_its_sign(metrics, targets):
    model, outputs = answering([-0.3], [0.3], [-0.1], [0.2])
    split = rows(targets, inputs=outputs)
    assert measured(split, model, loss=FROM_LOGITS, metrics=metrics) == {"accuracy": 0.5}
    counts, _ = evaluation.confusion(model, split, 2, loss=FROM_LOGITS)
    assert np.trace(counts) == 2


def test_a_sigmoid_decides_by_its_half():
    split = rows(LABELS)
    assert chosen(split, network(1, "sigmoid"), loss="binary_crossentropy") == ["accuracy"]
    assert chosen(split, network(1, "sigmoid"), loss=FROM_LOGITS) == ["accuracy"]


# --- what is asked for by hand ------------------------------------------------------------


def test_nothing_is_measured_where_nothing_is_asked_for():
    assert chosen(rows(LABELS), network(10), metrics=()) == []


def test_names_that_keras_knows_are_left_to_it():
    assert chosen(rows(LABELS), network(10), metrics=("mae", "auc")) == ["mae", "auc"]


class Above(keras.metrics.Mean):
    """The share of outputs above a limit."""

    def __init__(self, limit=0.5, name="above", **options):
        super().__init__(name=name, **options)
        self.limit = limit

    def update_state(self, targets, outputs, sample_weight=None):
        super().update_state(keras.ops.cast(outputs > self.limit, "float32"))

    def get_config(self):
        return super().get_config() | {"limit": self.limit}


def test_an_object_is_copied_with_its_settings_and_without_its_state():
    asked = Above(limit=2.5)
    asked.update_state(PRICES, PRICES)
    (one,), (other,) = (chosen(rows(PRICES), network(), metrics=(asked,)) for _ in range(2))
    assert one is not other
    assert (type(one), one.limit, float(one.result())) == (Above, 2.5, 0.0)
    model, outputs = answering([2], [3], [5], [6])
    assert measured(rows(PRICES, PRICES, outputs), model, metrics=(asked,)) == {"above": 0.75}


def test_an_object_is_defined_by_class_and_settings():
    recipe = tiny.recipe(metrics=("mae", Above(limit=2.5), keras.metrics.Recall(class_id=3)))
    found = metrics.definitions(recipe)
    assert list(found) == ["above", "recall"]
    assert "Above" in found["above"] and "limit=2.5" in found["above"]
    assert "Recall(class_id=3" in found["recall"]


@pytest.mark.parametrize("asked", [None, (), ("mae", "accuracy")])
def test_names_need_no_definition(asked):
    assert metrics.definitions(tiny.recipe(metrics=asked)) == {}


def test_a_number_that_keras_gave_is_no_part_of_the_name():
    asked = [keras.metrics.Recall() for _ in range(2)][1]
    assert asked.name != "recall"
    assert names(rows(LABELS), network(), metrics=(asked,)) == ["recall"]
    assert metrics.name_of(keras.metrics.Recall(name="recall_7_days")) == "recall_7_days"


class Forgetful(Above):
    def get_config(self):
        return keras.metrics.Mean.get_config(self)


def by_hand(targets, outputs):
    return keras.ops.abs(targets - outputs)


REMEDY = (
    "Let get_config return every argument of the constructor; register a function with "
    "keras.saving.register_keras_serializable."
)


def test_rejects_an_object_whose_settings_nobody_could_know():
    with pytest.raises(ParameterError) as caught:
        chosen(rows(PRICES), network(), metrics=(Forgetful(limit=2.5),))
    assert str(caught.value) == (
        "Recipe.metrics above: expected a configuration from which each training makes a metric "
        f"of its own; received one that leaves out limit. {REMEDY}"
    )


def test_rejects_an_object_that_keras_cannot_make_anew():
    asked = keras.metrics.MeanMetricWrapper(by_hand, name="gap")
    with pytest.raises(ParameterError) as caught:
        chosen(rows(PRICES), network(), metrics=(asked,))
    message = str(caught.value)
    assert message.startswith("Recipe.metrics gap: expected a configuration from which each train")
    assert "Could not locate function 'by_hand'" in message
    assert message.endswith(REMEDY)


@pytest.mark.parametrize("asked", ["accuracy", (len,), (keras.metrics.Recall,), 3, (None,)])
def test_rejects_what_is_no_tuple_of_metrics(asked):
    with pytest.raises(ParameterError) as caught:
        tiny.recipe(metrics=asked)
    assert str(caught.value) == (
        "Recipe.metrics: expected a tuple of names and Keras metrics, or None; received "
        f'{asked!r}. Write metrics=("accuracy",), with the comma; None follows the targets.'
    )


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (("mae", "mae"), "mae"),
        (("loss",), "loss"),
        ((keras.metrics.Mean(name="data_loss"),), "data_loss"),
        ((keras.metrics.Recall(0.3), keras.metrics.Recall(0.6)), "recall"),
    ],
)
def test_rejects_a_name_that_is_taken(asked, name):
    with pytest.raises(ParameterError) as caught:
        tiny.recipe(metrics=asked)
    assert str(caught.value) == (
        f"Recipe.metrics: expected names that differ, none of them loss or data_loss; received "
        f'{name}. Give each its own, such as keras.metrics.Recall(name="recall_of_spam").'
    )
