"""What is trained: which networks are accepted, and what is measured of them."""

import dataclasses

import keras
import numpy as np
import own_models
import pytest
import tiny
from keras import layers
from own_models import OwnLoss, OwnStep, of

from labkit.errors import ModelError, ParameterError
from labkit.training import evaluation, network
from labkit.training.network import built, compiled, require_one_input_and_output


def seeded(build, recipe, split):
    keras.utils.set_random_seed(0)
    return compiled(built(build), recipe, split)


# --- which networks are accepted ----------------------------------------------------------


@pytest.mark.parametrize(
    "build", [tiny.dense, own_models.called, own_models.called_on_images, of(OwnStep)]
)
def test_a_built_network_knows_its_output(build):
    assert evaluation.output_shape(built(build)) == (None, 2)


def test_a_class_of_one_s_own_that_is_not_built_is_refused():
    with pytest.raises(ModelError, match="received a model without an input shape"):
        built(own_models.Subclassed)


def two_inputs():
    one, other = keras.Input((3,)), keras.Input((3,))
    return keras.Model([one, other], layers.Add()([one, other]))


def two_outputs():
    inputs = keras.Input((3,))
    return keras.Model(inputs, {"sum": layers.Dense(1)(inputs), "kind": layers.Dense(2)(inputs)})


class Pairs(keras.Model):
    def __init__(self):
        super().__init__()
        self.end = layers.Dense(2)

    def call(self, pair):
        return self.end(pair[0]) + self.end(pair[1])


def pairs():
    model = Pairs()
    model([np.zeros((2, 3)), np.zeros((2, 3))])
    return model


class Twofold(own_models.Subclassed):
    def call(self, images):
        return self.flat(images), super().call(images)


def twofold():
    model = Twofold()
    model(np.zeros((2, 8, 8, 1)))
    return model


@pytest.mark.parametrize(
    ("build", "received"),
    [
        (two_inputs, "2 inputs and 1 output"),
        (two_outputs, "1 input and 2 outputs"),
        (pairs, "2 inputs and 1 output"),
        (twofold, "1 input and 2 outputs"),
    ],
)
def test_several_inputs_or_outputs_are_refused(build, received):
    with pytest.raises(ModelError) as caught:
        built(build)
    assert str(caught.value) == (
        f"model: expected one input and one output; received {received}. Train it with plain "
        "Keras: model.compile(…), then model.fit(…)."
    )


def test_one_input_and_one_output_are_no_problem():
    for build in (tiny.dense, own_models.called, own_models.called_on_images):
        require_one_input_and_output(build())


# --- what is measured ---------------------------------------------------------------------


def within_a_model():
    return keras.Sequential([layers.Dense(4), own_models.Sparse()])


PENALISED = {
    "add_loss": of(keras.Sequential, own_models.Sparse),
    "add_loss in an inner model": of(keras.Sequential, within_a_model),
    "add_loss while training": of(keras.Sequential, own_models.SparseInTraining),
    "activity penalty in a layer's layer": of(keras.Sequential, own_models.Block),
    "a step of its own": of(OwnStep, own_models.Sparse),
}


@pytest.mark.parametrize("build", PENALISED.values(), ids=PENALISED)
def test_the_data_loss_of_one_batch_is_the_loss_less_what_layers_add(build):
    split = tiny.split(32, draw=1)
    model = seeded(build, tiny.recipe(), split)
    outputs = np.asarray(model(split.inputs, training=True))
    added = float(sum(model.losses))
    by_hand = -np.log((outputs * split.targets).sum(axis=1)).mean()
    logs = model.fit(split.inputs, split.targets, batch_size=32, verbose=0).history
    found = evaluation.with_data_loss({name: values[0] for name, values in logs.items()})
    assert added > 0.001
    assert found["data_loss"] == pytest.approx(by_hand, rel=1e-5)
    assert found["loss"] - found["data_loss"] == pytest.approx(added, rel=1e-4)


def test_a_loss_of_the_model_s_own_is_not_taken_apart():
    split = tiny.split(32, draw=1)
    found = evaluation.measured(seeded(of(OwnLoss, own_models.Sparse), tiny.recipe(), split), split)
    assert found["data_loss"] == found["loss"] > 7


def test_trying_a_network_leaves_it_as_it_was():
    keras.utils.set_random_seed(0)
    model = built(tiny.eventful)
    before = [np.asarray(one).copy() for one in model.variables]
    network._tried(model, tiny.split(1, draw=0).inputs)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), value)


def test_metrics_are_built_and_empty():
    model = seeded(tiny.eventful, tiny.recipe(metrics=("accuracy",)), tiny.split(8, draw=0))
    variables = [variable for one in model.metrics for variable in one.variables]
    assert len(variables) == 6  # sum and count of loss, accuracy and data loss
    assert not any(np.asarray(variable).any() for variable in variables)


# --- augmentation -------------------------------------------------------------------------


def test_augmentation_is_refused_where_the_network_has_steps_of_its_own():
    recipe = tiny.recipe(augmentation=(layers.RandomFlip(),))
    with pytest.raises(ParameterError) as caught:
        seeded(of(OwnStep), recipe, tiny.split(8, draw=0))
    assert str(caught.value) == (
        "Recipe.augmentation: expected a network that leaves its training to Keras, for the "
        "layers are put before it, and what is trained then is not the network by itself; "
        "received OwnStep with a train_step of its own. Put the layers into the network: they "
        "act in training only."
    )


def reconstruction(split):
    """Return a split whose targets are its inputs."""
    return dataclasses.replace(split, targets=split.inputs)


def test_what_moves_pixels_is_refused_where_the_targets_are_the_inputs():
    augmentation = (layers.RandomTranslation(0.1, 0.1), layers.GaussianNoise(0.1))
    recipe = tiny.recipe(loss="mse", metrics=None, augmentation=augmentation)
    with pytest.raises(ParameterError) as caught:
        seeded(own_models.autoencoder, recipe, reconstruction(tiny.split(8, draw=0)))
    assert str(caught.value) == (
        "Recipe.augmentation: expected layers that only disturb values, such as GaussianNoise or "
        "Dropout, where the targets are the inputs: others would move the input and not the "
        "target; received RandomTranslation. Leave them out, or move inputs and targets alike "
        "with Dataset.changed."
    )


@pytest.mark.parametrize(
    "noise", [layers.GaussianNoise(0.1), layers.GaussianDropout(0.1), layers.SpatialDropout2D(0.1)]
)
def test_noise_is_what_a_denoising_autoencoder_wants(noise):
    recipe = tiny.recipe(loss="mse", metrics=None, augmentation=(noise,))
    model = seeded(own_models.autoencoder, recipe, reconstruction(tiny.split(8, draw=0)))
    assert type(model.layers[0]) is type(noise)
