"""What practical 04 builds, and what its prose says in words, held against its records."""

import numpy as np
import pytest
from practicals import definitions

from labkit import claims

NAME = "04_mnist_progression"
PARAMETERS = {
    "perceptron": 669_706,
    "two_conv": 1_199_882,
    "first": 54_410,
    "second_v1": 62_250,
    "second_v2": 79_498,
    "third": 234_378,
}
ENDS = {"two_conv": (12, 12, 64), "first": (13, 13, 32), "second_v1": (2, 2, 64)}
ENDS |= {"second_v2": (3, 3, 64), "third": (5, 5, 64)}


@pytest.fixture(scope="module")
def practical():
    return definitions(NAME)


# --- what is built ------------------------------------------------------------------------


@pytest.mark.parametrize(("network", "parameters"), list(PARAMETERS.items()))
def test_every_network_has_its_parameters(practical, network, parameters):
    assert practical[network]().count_params() == parameters
    claim = claims.quote(f"r2-{network.replace('_', '-')}-parameters")
    assert claim.value == parameters


def test_352_of_the_third_model_s_are_not_trained(practical):
    fixed = practical["third"]().non_trainable_weights
    assert sum(int(np.prod(weight.shape)) for weight in fixed) == 352


@pytest.mark.parametrize(("network", "end"), list(ENDS.items()))
def test_what_reaches_flatten_has_the_shape_that_the_report_gives(practical, network, end):
    layers = practical[network]().layers
    place = [type(layer).__name__ for layer in layers].index("Flatten")
    assert layers[place].input.shape[1:] == end


def test_the_third_model_has_the_dropout_rates_in_their_order(practical):
    rates = [layer.rate for layer in practical["third"]().layers if hasattr(layer, "rate")]
    assert rates == [0.20, 0.30, 0.35, 0.40]


def test_its_convolutions_and_nothing_else_are_penalised(practical):
    penalised = [
        layer.name.startswith("conv2d")
        for layer in practical["third"]().layers
        if getattr(layer, "kernel_regularizer", None)
    ]
    assert penalised == [True] * 4


def test_the_receptive_field_shrank_to_less_than_half(practical):
    first, second = (practical["field"](practical[f"second_v{n}"]()) for n in (1, 2))
    assert (first, second) == (18, 8)
    assert second < first / 2


def test_without_padded_pools_the_first_version_would_end_at_one_pixel():
    from keras import Input, Sequential, layers

    steps = [Input((28, 28, 1))]
    for _ in range(3):
        steps += [layers.Conv2D(1, 3), layers.MaxPooling2D(2)]
    assert Sequential(steps).output_shape == (None, 1, 1, 1)


def test_the_default_rate_of_adadelta_is_a_thousand_times_smaller_than_it_was():
    from keras import optimizers

    assert optimizers.Adadelta().get_config()["learning_rate"] == pytest.approx(1.0 / 1000)


# --- what the report's tables say ---------------------------------------------------------


def said(network, what):
    return claims.quote(f"r2-{network}-{what}").value


def test_a_cell_of_its_table_was_copied():
    assert said("two-conv", "seconds-per-epoch") == pytest.approx(100 * said("two-conv", "loss"))
    coarse = said("third-patience-6-coarse", "train-loss")
    assert coarse == said("third-patience-4", "train-loss")


EPOCHS = {"perceptron": 20, "two-conv": 5, "two-conv-augmented": 20, "first": 20}
EPOCHS |= {"second-v1": 20, "second-v2": 20, "third": 30}
EPOCHS |= {"third-patience-6": 69, "third-patience-6-coarse": 15, "third-patience-4": 27}


def test_four_rows_add_up_four_nearly_and_two_do_not():
    gaps = {
        name: abs(said(name, "seconds") / epochs - said(name, "seconds-per-epoch"))
        for name, epochs in EPOCHS.items()
    }
    adds_up = {name for name, gap in gaps.items() if gap < 0.5}
    assert adds_up == {"perceptron", "second-v1", "second-v2", "third"}
    assert {name for name, gap in gaps.items() if gap > 2} == {"two-conv", "third-patience-4"}


def test_no_network_with_that_accuracy_has_that_loss():
    misread = 1 - said("second-v2", "train-accuracy")
    assert said("second-v2", "train-loss") < misread * np.log(2)
