"""What changes a signature, and what does not. Nothing here is trained."""

import dataclasses
import functools
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny
from keras import callbacks, layers, regularizers

from labkit.choices import by_budget
from labkit.records.signature import Signature, describe, signature_of
from labkit.source_text import described

HASH = r"[0-9a-f]{8}"
REQUEST = {"name": "mnist", "train": 30_000, "validation": 3_000}


def stack(*inside):
    return keras.Sequential([keras.Input((8, 8, 1)), *inside, layers.Flatten(), layers.Dense(2)])


def signed(model=None, recipe=None, request=REQUEST):
    return signature_of(model or stack(), recipe or tiny.recipe(), request)


def test_a_function_named_like_one_of_keras_s_is_signed_by_its_own_text():
    def leaky(slope):
        def leaky_relu(sums):
            return keras.activations.relu(sums, negative_slope=slope)

        return leaky_relu

    def of(activation):
        line = describe(layers.Dense(3, activation=activation))
        return re.fullmatch(r"Dense\(activation=(.+), units=3\)", line)[1]

    assert of("leaky_relu") == of(keras.activations.leaky_relu) == "'leaky_relu'"
    assert re.fullmatch(rf"'leaky_relu.* {HASH}.*'", of(leaky(0.1)))
    assert of(leaky(0.1)) == of(leaky(0.1)) != of(leaky(0.2))


def test_reads_like_the_code():
    model = stack(
        layers.Rescaling(2.0, offset=-1),
        layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        layers.BatchNormalization(momentum=0.9),
        layers.Dropout(0.25),
        layers.Dense(3, kernel_regularizer=regularizers.L1(0.001)),
    )
    recipe = tiny.recipe(
        optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
        callbacks=(callbacks.EarlyStopping(patience=3, restore_best_weights=True),),
        augmentation=(layers.RandomFlip("horizontal"),),
        examples=1000,
    )
    assert signed(model, recipe).lines == (
        "input (8, 8, 1)",
        "Rescaling(offset=-1, scale=2.0) -> (8, 8, 1), 0 parameters",
        "Conv2D(activation='relu', filters=4, kernel_size=(3, 3), padding='same', "
        "strides=(2, 2)) -> (4, 4, 4), 40 parameters",
        "BatchNormalization(momentum=0.9) -> (4, 4, 4), 16 parameters",
        "Dropout(rate=0.25) -> (4, 4, 4), 0 parameters",
        "Dense(kernel_regularizer=L1(l1=0.001), units=3) -> (4, 4, 3), 15 parameters",
        "Flatten() -> (48), 0 parameters",
        "Dense(units=2) -> (2), 98 parameters",
        "parameters: 169",
        "loss: categorical_crossentropy",
        "optimizer: SGD(learning_rate=0.1, momentum=0.9)",
        "batch_size: 64",
        "epochs: 2",
        "examples: 1000",
        "callback: EarlyStopping(patience=3, restore_best_weights=True)",
        "augmentation: RandomFlip(mode='horizontal')",
        "data: mnist(train=30000, validation=3000)",
    )


def test_the_hash_is_that_of_the_lines():
    lines = ("epochs: 5", "batch_size: 2")
    assert Signature(lines).sha256 == hashlib.sha256(b"epochs: 5\nbatch_size: 2").hexdigest()


def test_settings_are_rounded_as_recorded_ones_are():
    """Records are found by this hash: another number of digits would lose them."""
    signature = signed(
        stack(layers.Dropout(1 / 3)), tiny.recipe(optimizer=keras.optimizers.Adam(0.0012345678))
    )
    assert signature.lines == (
        "input (8, 8, 1)",
        "Dropout(rate=0.333333) -> (8, 8, 1), 0 parameters",
        "Flatten() -> (64), 0 parameters",
        "Dense(units=2) -> (2), 130 parameters",
        "parameters: 130",
        "loss: categorical_crossentropy",
        "optimizer: Adam(learning_rate=0.00123457)",
        "batch_size: 64",
        "epochs: 2",
        "data: mnist(train=30000, validation=3000)",
    )
    assert signature.sha256 == "a2da7a2bc8a69130954176e035eb03e1c0ce004ec1d4d9621b445ea50f17253a"


PAIRS_OF_LAYERS = {
    "an activation": (layers.Dense(3, activation="relu"), layers.Dense(3, activation="tanh")),
    "no activation": (layers.Dense(3, activation="relu"), layers.Dense(3)),
    "a layer as activation": (
        layers.Dense(3, activation=layers.LeakyReLU(0.1)),
        layers.Dense(3, activation=layers.LeakyReLU(0.2)),
    ),
    "a regulariser": (
        layers.Dense(3, kernel_regularizer=regularizers.L1(0.01)),
        layers.Dense(3, kernel_regularizer=regularizers.L2(0.01)),
    ),
    "a regulariser's strength": (
        layers.Dense(3, kernel_regularizer=regularizers.L1(0.001)),
        layers.Dense(3, kernel_regularizer=regularizers.L1(0.002)),
    ),
    "what is regularised": (
        layers.Dense(3, kernel_regularizer="l2"),
        layers.Dense(3, activity_regularizer="l2"),
    ),
    "a dropout rate": (layers.Dropout(0.3), layers.Dropout(0.5)),
    "an initialiser": (layers.Dense(3), layers.Dense(3, kernel_initializer="he_normal")),
    "a bias of equal shape elsewhere": (
        layers.Conv2D(1, 1, use_bias=False),
        layers.DepthwiseConv2D(1, use_bias=False),
    ),
    "the padding": (
        layers.Conv2D(4, 2, strides=2, padding="same"),
        layers.Conv2D(4, 2, strides=2, padding="valid"),
    ),
    "the kind of pooling": (layers.MaxPooling2D(), layers.AveragePooling2D(2)),
    "a layer without weights": (layers.Activation("relu"), layers.Activation("linear")),
    "a frozen layer": (layers.Dense(3), layers.Dense(3, trainable=False)),
    "a layer inside another": (
        layers.TimeDistributed(layers.Dense(3, activation="relu")),
        layers.TimeDistributed(layers.Dense(3)),
    ),
    "a layer inside an inner model": (
        keras.Sequential([layers.Dense(3, activation="relu")]),
        keras.Sequential([layers.Dense(3)]),
    ),
    "a function written in the notebook": (
        layers.Lambda(lambda images: images * 2, output_shape=(8, 8, 1)),
        layers.Lambda(lambda images: images * 3, output_shape=(8, 8, 1)),
    ),
}


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
@pytest.mark.parametrize("pair", PAIRS_OF_LAYERS.values(), ids=PAIRS_OF_LAYERS)
def test_the_network_changes_it(pair):
    one, other = (signed(stack(layer)) for layer in pair)
    assert one.sha256 != other.sha256


def test_the_order_of_layers_changes_it():
    activation, pooling = layers.Activation("tanh"), layers.MaxPooling2D()
    assert signed(stack(activation, pooling)) != signed(stack(pooling, activation))


PAIRS_OF_RECIPES = {
    "epochs": ({"epochs": 2}, {"epochs": 3}),
    "the loss": ({"loss": "categorical_crossentropy"}, {"loss": "mean_squared_error"}),
    "a setting of the loss": (
        {"loss": keras.losses.CategoricalCrossentropy()},
        {"loss": keras.losses.CategoricalCrossentropy(from_logits=True)},
    ),
    "the optimizer": ({"optimizer": "rmsprop"}, {"optimizer": "adam"}),
    "the learning rate": (
        {"optimizer": keras.optimizers.RMSprop(0.001)},
        {"optimizer": keras.optimizers.RMSprop(0.002)},
    ),
    "a learning rate schedule": (
        {"optimizer": keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 100))},
        {"optimizer": keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 200))},
    ),
    "momentum": (
        {"optimizer": keras.optimizers.SGD(0.1)},
        {"optimizer": keras.optimizers.SGD(0.1, momentum=0.9)},
    ),
    "the batch size": ({"batch_size": 64}, {"batch_size": 128}),
    "how many examples": ({"examples": None}, {"examples": 100}),
    "a callback": ({"callbacks": ()}, {"callbacks": (callbacks.EarlyStopping(),)}),
    "a callback's patience": (
        {"callbacks": (callbacks.EarlyStopping(patience=2),)},
        {"callbacks": (callbacks.EarlyStopping(patience=3),)},
    ),
    "a callback's function": (
        {"callbacks": (callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),)},
        {"callbacks": (callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),)},
    ),
    "augmentation": ({}, {"augmentation": (layers.RandomFlip(),)}),
    "how much augmentation": (
        {"augmentation": (layers.RandomTranslation(0.1, 0.1),)},
        {"augmentation": (layers.RandomTranslation(0.1, 0.2),)},
    ),
}


@pytest.mark.parametrize("pair", PAIRS_OF_RECIPES.values(), ids=PAIRS_OF_RECIPES)
def test_the_recipe_changes_it(pair):
    one, other = (signed(recipe=tiny.recipe(**changes)) for changes in pair)
    assert one.sha256 != other.sha256


@pytest.mark.parametrize(
    "request_of_other_data",
    [
        {"name": "fashion_mnist", "train": 30_000, "validation": 3_000},
        {"name": "mnist", "train": 60_000, "validation": 3_000},
        {"name": "mnist", "train": 30_000, "validation": None},
        {"name": "mnist", "train": 30_000, "validation": 3_000, "one_hot": True},
    ],
)
def test_the_data_that_were_asked_for_change_it(request_of_other_data):
    assert signed(request=request_of_other_data) != signed()


def test_data_that_are_changed_and_folded_say_so_and_data_as_loaded_do_not():
    def doubled(split, dataset):
        return dataclasses.replace(split, inputs=2 * split.inputs)

    plain = tiny.dataset(validation=None)
    derived = plain.fold(1, of=4).changed(doubled)
    assert signed(request=plain.request).lines[-1] == "data: tiny(train=320, validation=64)"
    line = signed(request=derived.request).lines[-1]
    assert re.fullmatch(
        r"data: tiny\(changed=\('doubled [0-9a-f]{8}'\), folds=4, train=320, validation=64\)",
        line,
    )


def test_another_change_under_the_same_name_changes_it():
    def doubled(split, dataset):
        return dataclasses.replace(split, inputs=2 * split.inputs)

    first = doubled

    def doubled(split, dataset):
        return dataclasses.replace(split, inputs=2.0 * split.inputs)

    one, other = (tiny.dataset().changed(change).request for change in (first, doubled))
    assert signed(request=one) != signed(request=other)
    assert signed(request=one) == signed(request=tiny.dataset().changed(first).request)


def test_a_changed_request_is_the_same_after_it_was_written_and_read():
    request = tiny.dataset().changed(lambda split, dataset: split).request
    assert signed(request=json.loads(json.dumps(request))) == signed(request=request)


def test_the_order_of_the_request_does_not_change_it():
    assert signed(request=dict(reversed(REQUEST.items()))) == signed()


SAME_LAYERS = {
    "a layer's name": (layers.Dense(3), layers.Dense(3, name="hidden")),
    "a layer's seed": (layers.Dropout(0.3), layers.Dropout(0.3, seed=7)),
    "an initialiser's seed": (
        layers.Dense(3, kernel_initializer=keras.initializers.HeNormal()),
        layers.Dense(3, kernel_initializer=keras.initializers.HeNormal(seed=7)),
    ),
    "the precision": (layers.Dense(3), layers.Dense(3, dtype="mixed_bfloat16")),
    "a default that is written out": (
        layers.Conv2D(3, 3),
        layers.Conv2D(3, (3, 3), strides=(1, 1), padding="valid", activation=None),
    ),
    "another spelling of an activation": (
        layers.Dense(3, activation="relu"),
        layers.Dense(3, activation=keras.activations.relu),
    ),
    "another spelling of a regulariser": (
        layers.Dense(3, kernel_regularizer="l2"),
        layers.Dense(3, kernel_regularizer=regularizers.L2()),
    ),
    "the last digits of a float32": (layers.Dropout(0.1), layers.Dropout(0.10000000149011612)),
    "an inner model's name": (
        keras.Sequential([layers.Dense(3)]),
        keras.Sequential([layers.Dense(3, name="one")], name="other"),
    ),
}


@pytest.mark.parametrize("pair", SAME_LAYERS.values(), ids=SAME_LAYERS)
def test_what_does_not_matter_to_the_network_leaves_it(pair):
    one, other = (signed(stack(layer)) for layer in pair)
    assert one.lines == other.lines


def test_the_networks_name_leaves_it():
    named = keras.Sequential([keras.Input((4,)), layers.Dense(2)], name="classifier")
    assert signed(named) == signed(keras.Sequential([keras.Input((4,)), layers.Dense(2)]))


def test_the_weights_leave_it():
    first, second = stack(), stack()
    second.set_weights([weight * 0 for weight in second.get_weights()])
    assert signed(first) == signed(second)


def test_building_other_networks_before_leaves_it():
    before = signed(stack(layers.Dense(3)))
    for _ in range(3):
        stack(layers.Dense(3), layers.Conv2D(1, 1))
    assert signed(stack(layers.Dense(3))) == before


def test_the_budget_by_itself_leaves_it():
    recipe = tiny.recipe(epochs=by_budget(lab=5, full=5))
    assert signed(recipe=recipe.at("lab")) == signed(recipe=recipe.at("full"))


def test_a_setting_that_depends_on_the_budget_changes_it():
    recipe = tiny.recipe(epochs=by_budget(lab=5, full=10))
    assert signed(recipe=recipe.at("lab")) != signed(recipe=recipe.at("full"))


def test_the_optimizers_name_and_what_is_watched_beside_the_loss_leave_it():
    optimizer = keras.optimizers.RMSprop(name="mine")
    assert signed(recipe=tiny.recipe(optimizer=optimizer, metrics=())) == signed()


def test_a_function_is_told_by_what_it_does_and_not_by_where_it_stands():
    def one(epoch, rate):
        return rate / 2

    first = describe(one)

    def one(epoch, rate):
        # The same again, with a remark.
        return rate / 2

    assert describe(one) == first
    assert first.startswith("one ")


def as_in_another_keras(kind):
    """Return a layer class that has one more setting, as a later Keras might."""

    class Later(kind):
        def __init__(self, *arguments, sparsity=None, **settings):
            super().__init__(*arguments, **settings)
            self.sparsity = sparsity

        def get_config(self):
            return {**super().get_config(), "sparsity": self.sparsity}

    Later.__name__, Later.__module__ = kind.__name__, kind.__module__
    return Later


def test_another_keras_with_more_settings_leaves_it():
    now = stack(layers.Conv2D(4, 3, activation="relu"), layers.Dense(3, activation="relu"))
    later = stack(
        as_in_another_keras(layers.Conv2D)(4, 3, activation="relu"),
        as_in_another_keras(layers.Dense)(3, activation="relu"),
    )
    assert "sparsity" in later.layers[0].get_config()
    assert signed(later).lines == signed(now).lines


def test_a_setting_that_only_another_keras_has_changes_it_once_it_is_used():
    later = as_in_another_keras(layers.Dense)
    assert describe(later(3, sparsity=0.5)) == "Dense(sparsity=0.5, units=3)"


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_leaves_it(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    code = (
        "import tiny\nfrom labkit.records import signature_of\n"
        "print(signature_of(tiny.eventful(), tiny.eventful_recipe(), {'name': 'tiny'}).sha256)"
    )
    folders = Path(__file__).parents[1:3]
    environment = {"KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(map(str, folders))}
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    here = signed(tiny.eventful(), tiny.eventful_recipe(), {"name": "tiny"})
    assert elsewhere.stdout.split()[-1] == here.sha256


# --- networks that branch -----------------------------------------------------------------


def graph(connect):
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(2)(connect(inputs)))


def in_a_row(inputs):
    first = layers.Dense(4)(inputs)
    second = layers.Dense(4)(first)
    return layers.Activation("linear")(second)


def with_a_shortcut(inputs):
    first = layers.Dense(4)(inputs)
    second = layers.Dense(4)(first)
    return layers.Add()([first, second])


def with_a_shortcut_from_the_input(inputs):
    first = layers.Dense(4)(inputs)
    second = layers.Dense(4)(first)
    return layers.Add()([inputs, second])


def test_says_which_layer_feeds_which():
    assert signed(graph(with_a_shortcut)).lines[:6] == (
        "input (4)",
        "Dense(units=4) after 1 -> (4), 20 parameters",
        "Dense(units=4) after 2 -> (4), 20 parameters",
        "Add() after 2+3 -> (4), 0 parameters",
        "Dense(units=2) after 4 -> (2), 10 parameters",
        "parameters: 50",
    )


def test_networks_of_equal_layers_that_branch_otherwise_differ():
    networks = [in_a_row, with_a_shortcut, with_a_shortcut_from_the_input]
    assert len({signed(graph(connect)).sha256 for connect in networks}) == 3


def test_the_same_branching_network_built_again_agrees():
    before = signed(graph(with_a_shortcut))
    stack()
    assert signed(graph(with_a_shortcut)) == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda x: x * 0.5, lambda x: x * 2.0),
        (lambda x: x + 1.0, lambda x: x * 1.0),
        (keras.ops.relu, keras.ops.tanh),
    ],
)
def test_operations_between_layers_change_it(one, other):
    assert signed(graph(one)) != signed(graph(other))


def test_which_of_several_outputs_is_used_changes_it():
    def network(chosen):
        inputs = keras.Input((5, 3))
        outputs = layers.LSTM(4, return_state=True)(inputs)
        return keras.Model(inputs, layers.Dense(2)(outputs[chosen]))

    assert signed(network(1)).lines[1:3] == (
        "LSTM(return_state=True, units=4) after 1 -> (4) (4) (4), 128 parameters",
        "Dense(units=2) after 2[1] -> (2), 10 parameters",
    )
    assert signed(network(1)) != signed(network(2))


def test_a_layer_used_twice_differs_from_two_layers():
    def twice(inputs):
        layer = layers.Dense(4)
        return layer(layer(inputs))

    assert signed(graph(twice)) != signed(graph(in_a_row))
    assert "after 1+2 ->" in signed(graph(twice)).lines[1]


def test_an_inner_model_is_described_within():
    inner = keras.Sequential([layers.Dense(3, activation="relu"), layers.Dense(2)])
    assert signed(keras.Sequential([keras.Input((4,)), inner])).lines[1:4] == (
        "Sequential: -> (2), 23 parameters",
        "  Dense(activation='relu', units=3) -> (3), 15 parameters",
        "  Dense(units=2) -> (2), 8 parameters",
    )


# --- parts that Keras cannot make again ---------------------------------------------------


class Doubled(keras.initializers.Initializer):
    """An initialiser that Keras has never heard of."""

    def __init__(self, start=1.0):
        self.start = start

    def __call__(self, shape, dtype=None):
        return keras.ops.full(shape, 2 * self.start, dtype)

    def get_config(self):
        return {"start": self.start}


def test_a_class_of_the_notebooks_own_is_told_by_its_settings():
    one, other = (layers.Dense(3, kernel_initializer=Doubled(start)) for start in (1.0, 2.0))
    assert describe(one) != describe(other)
    assert "Doubled" in describe(one)


class Stubborn(layers.Layer):
    """A layer that can be made in one way only."""

    def __init__(self, **settings):
        if "strength" not in settings:
            raise ValueError("a strength is needed")
        self.strength = settings.pop("strength")
        super().__init__(**settings)

    def get_config(self):
        return {**super().get_config(), "strength": self.strength}


def test_a_layer_whose_defaults_cannot_be_known_is_written_in_full():
    assert re.fullmatch(rf"Stubborn\(strength=2\) {HASH}", describe(Stubborn(strength=2)))


def test_a_function_of_keras_that_is_no_activation_keeps_its_name():
    assert describe(layers.Activation(keras.ops.sin)) == "Activation(activation='sin')"


def test_no_line_holds_an_address():
    class Watcher(callbacks.Callback):
        def __init__(self, friend=None):
            super().__init__()
            self.friend = friend

    lines = signed(recipe=tiny.recipe(callbacks=(Watcher(object()),), loss=lambda a, b: a)).lines
    assert not [line for line in lines if " at 0x" in line]


# --- what the notebook defines ------------------------------------------------------------

CELLS = """
import dataclasses
import keras
RATE = 0.3

def halved(values):
    return values / 2

def squash(values):
    return halved(values) * RATE

class Squash(keras.layers.Layer):
    def __init__(self, units=3, **settings):
        super().__init__(**settings)
        self.units = units

    def call(self, inputs):
        return halved(inputs) * RATE

class Step(keras.Sequential):
    def train_step(self, data):
        return halved(super().train_step(data)) * RATE

class Distance(keras.losses.Loss):
    def __init__(self, power=2):
        super().__init__()
        self.power = power

    def call(self, y_true, y_pred):
        return halved((y_true - y_pred) ** self.power) * RATE

class Share(keras.metrics.Mean):
    def result(self):
        return halved(super().result()) * RATE

class Slower(keras.callbacks.Callback):
    def __init__(self, every):
        super().__init__()
        self._every = every

    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.learning_rate = halved(self._every) * RATE

class Penalty(keras.regularizers.Regularizer):
    def __init__(self, strength):
        self.strength = strength

    def __call__(self, weights):
        return halved(weights) * RATE

class Start(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return halved(keras.ops.ones(shape)) * RATE

class Bound(keras.constraints.Constraint):
    def __call__(self, weights):
        return halved(weights) * RATE

class Descent(keras.optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, halved(gradient) * RATE)

def spread(model, dataset):
    return halved(dataset.test.inputs.std()) * RATE

def scaled(split, dataset):
    return dataclasses.replace(split, inputs=halved(split.inputs) * RATE)

doubled = keras.layers.Lambda(lambda inputs: halved(inputs) * RATE)
"""


def cells(path, text=CELLS):
    """Return what a text defines; it is a file, as a cell is one to Python."""
    path = path / f"{hashlib.sha256(text.encode()).hexdigest()[:8]}.py"
    path.write_text(text)
    names = {"__name__": "a_notebook"}  # Jupyter has a package `notebook`
    exec(compile(text, str(path), "exec"), names)
    return types.SimpleNamespace(**names)


def of_layer(layer):
    return signed(stack(layer)).lines


def of_recipe(**settings):
    return signed(recipe=tiny.recipe(**settings)).lines


DEFINED = {
    "a layer": lambda here: of_layer(here.Squash()),
    "a layer in a wrapper": lambda here: of_layer(layers.TimeDistributed(here.Squash())),
    "a layer in an inner model": lambda here: of_layer(keras.Sequential([here.Squash()])),
    "a layer of a graph": lambda here: signed(graph(here.Squash())).lines,
    "a Lambda": lambda here: of_layer(here.doubled),
    "an activation": lambda here: of_layer(layers.Dense(3, activation=here.squash)),
    "a regulariser": lambda here: of_layer(layers.Dense(3, kernel_regularizer=here.Penalty(1))),
    "an initialiser": lambda here: of_layer(layers.Dense(3, kernel_initializer=here.Start())),
    "a constraint": lambda here: of_layer(layers.Dense(3, kernel_constraint=here.Bound())),
    "a model": lambda here: signed(here.Step([keras.Input((4,)), layers.Dense(2)])).lines,
    "a loss": lambda here: of_recipe(loss=here.Distance()),
    "a loss function": lambda here: of_recipe(loss=here.squash),
    "a callback": lambda here: of_recipe(callbacks=(here.Slower(2),)),
    "a schedule": lambda here: of_recipe(callbacks=(callbacks.LearningRateScheduler(here.squash),)),
    "an optimizer": lambda here: of_recipe(optimizer=here.Descent(0.1)),
    "augmentation": lambda here: of_recipe(augmentation=(here.Squash(),)),
    "a metric": lambda here: (described(type(here.Share())),),
    "a measure": lambda here: (described(here.spread),),
    "a change of data": lambda here: (
        signed(request=tiny.dataset().changed(here.scaled).request).lines
    ),
}
CHANGES = {
    "its body": (") * RATE", ") + RATE", rf"{HASH}|[*+] RATE"),
    "its helper": ("values / 2", "values / 3", rf"halved {HASH}"),
    "its constant": ("RATE = 0.3", "RATE = 0.5", r"RATE=0\.[35]"),
}


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", DEFINED)
def test_what_the_notebook_defines_changes_it_and_is_named(kind, change, tmp_path):
    old, new, what = CHANGES[change]
    before = DEFINED[kind](cells(tmp_path))
    after = DEFINED[kind](cells(tmp_path, CELLS.replace(old, new)))
    assert before != after
    assert [re.sub(what, "", line) for line in before] == [re.sub(what, "", line) for line in after]


def test_what_the_notebook_defines_is_the_same_when_its_cells_run_again(tmp_path):
    for lines in DEFINED.values():
        assert lines(cells(tmp_path)) == lines(cells(tmp_path))


def test_the_text_follows_the_settings_also_within(tmp_path):
    here = cells(tmp_path)
    text = rf" {HASH} \(RATE=0\.3, halved {HASH}\)"
    for part, lines in {
        here.Squash(units=4): rf"Squash\(units=4\){text}",
        layers.TimeDistributed(here.Squash()): rf"TimeDistributed\(layer=Squash\(\){text}\)",
        layers.Pipeline([here.Squash(), layers.RandomFlip()]): (
            rf"Pipeline\(layers=\(Squash\(\){text}, RandomFlip\(\)\)\)"
        ),
        layers.Dense(3, kernel_regularizer=here.Penalty(2), activation="relu"): (
            rf"Dense\(activation='relu', kernel_regularizer=Penalty\(strength=2\){text}, units=3\)"
        ),
        layers.Activation(here.squash): rf"Activation\(activation='squash{text}'\)",
        layers.Activation(functools.partial(here.squash, values=3)): (
            rf"Activation\(activation='partial\(squash, values=3\) \(.*squash {HASH}\)'\)"
        ),
        here.Distance(): rf"Distance\(\){text}",
        here.Distance(power=3): rf"Distance\(power=3\){text}",
        here.Slower(2): rf"Slower\(every=2\){text}",
        here.Descent(0.01, momentum=0.9): rf"Descent\(momentum=0\.9\){text}",
    }.items():
        assert re.fullmatch(lines, describe(part)), describe(part)


def test_says_which_definition_differs(tmp_path):
    code = Signature(DEFINED["a loss"](cells(tmp_path, CELLS.replace("values / 2", "values / 3"))))
    record = Signature(DEFINED["a loss"](cells(tmp_path)))
    line = rf'"loss: Distance\(\) ({HASH}) \(RATE=0\.3, halved ({HASH})\)"'
    found = re.fullmatch(rf"code has {line}, record has {line}", code.difference(record))
    own, helper, own_recorded, helper_recorded = found.groups()
    assert own == own_recorded and helper != helper_recorded


# --- models of a class of their own -------------------------------------------------------


class Network(keras.Model):
    """A network that says what it computes, and not what is connected with what."""

    def __init__(self, units=3):
        super().__init__()
        self.units = units
        self.hidden = layers.Dense(units, activation="relu")
        self.head = keras.Sequential([layers.Dense(2)])

    def call(self, inputs):
        return self.head(self.hidden(inputs))


@pytest.mark.parametrize("inputs", [np.zeros((5, 4)), keras.Input((4,))], ids=["array", "symbol"])
def test_a_model_that_was_built_by_calling_it_is_described_by_its_text_and_layers(inputs):
    network = Network(units=3)
    network(inputs)
    first, *lines = signed(network).lines
    assert re.fullmatch(rf"model: Network\(units=3\) {HASH}", first)
    assert lines[:5] == [
        "input (4)",
        "Dense(activation='relu', units=3), 15 parameters",
        "Sequential:, 8 parameters",
        "  Dense(units=2) -> (2), 8 parameters",
        "parameters: 23",
    ]


def test_a_model_of_a_class_of_its_own_within_another():
    inputs = keras.Input((4,))
    line = signed(keras.Model(inputs, Network()(inputs))).lines[1]
    assert re.fullmatch(rf"Network\(units=3\) {HASH}: after 1 -> \(2\), 23 parameters", line)


class Stepping(keras.Model):
    """A graph with a step of its own."""

    def __init__(self, inputs, outputs, rate=0.1):
        super().__init__(inputs, outputs)
        self.rate = rate

    def train_step(self, data):
        return super().train_step(data)


def test_a_graph_of_a_class_of_its_own_is_a_graph_with_a_text():
    def made(kind, **settings):
        inputs = keras.Input((4,))
        return kind(inputs, layers.Dense(2)(with_a_shortcut(inputs)), **settings)

    before = described(Stepping)
    first, *lines = signed(made(Stepping, rate=0.2)).lines
    assert re.fullmatch(rf"model: Stepping\(rate=0\.2\) {HASH}", first)
    assert tuple(lines) == signed(made(keras.Model)).lines
    assert described(Stepping) == before


# --- how two differ -----------------------------------------------------------------------


def test_says_in_which_lines_two_differ():
    code = signed(stack(layers.Dropout(0.5)), tiny.recipe(epochs=5))
    record = signed(stack(layers.Dropout(0.3)), tiny.recipe(epochs=10))
    assert code.difference(record) == (
        'code has "Dropout(rate=0.5) -> (8, 8, 1), 0 parameters"; "epochs: 5", '
        'record has "Dropout(rate=0.3) -> (8, 8, 1), 0 parameters"; "epochs: 10"'
    )


def test_says_what_only_one_of_two_has():
    code = Signature(("epochs: 5",))
    assert code.difference(Signature(("epochs: 5", "examples: 9"))) == (
        'code has nothing there, record has "examples: 9"'
    )
