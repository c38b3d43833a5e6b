"""What practical 04 builds, and what of its prose no finding in book/findings.toml can say."""

import numpy as np
import practicals
import pytest
from practicals import definitions, mean, paired

from labkit.ledger import claims, rule
from labkit.records import store

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


# --- what the records say -----------------------------------------------------------------

EXPERIMENTS = ("perceptron", "two-conv", "two-conv-today", "two-conv-20", "two-conv-augmented")
EXPERIMENTS += ("first", "second-v1", "second-v2", "third")
RULES = ("third-patience-6", "third-patience-6-coarse", "third-patience-4")


@pytest.fixture(scope="module")
def recorded():
    return practicals.recorded("04/", EXPERIMENTS + RULES)


@pytest.mark.parametrize("name", EXPERIMENTS + RULES)
def test_the_records_have_the_networks_parameters(recorded, name):
    network = next(one for one in PARAMETERS if name.replace("-", "_").startswith(one))
    assert {run.parameters for run in recorded[name]} == {PARAMETERS[network]}
    assert {run.budget for run in recorded[name]} == {"full"}


@pytest.mark.parametrize("name", ["perceptron", "two-conv"])
@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_the_report_s_training_metrics_are_closer_to_those_measured_afterwards(
    recorded, name, metric
):
    printed = said(name, f"train-{metric}")
    afterwards = abs(printed - mean(recorded[name], f"train_{metric}"))
    while_training = abs(printed - mean(recorded[name], f"running_{metric}"))
    assert afterwards < while_training / 2


def test_the_plain_network_trains_as_long_as_the_augmented_one_and_differs_in_nothing_else():
    plain, augmented = (
        {run.signature.lines for run in store.read(f"04/{name}") if run.budget == "full"}
        for name in ("two-conv-20", "two-conv-augmented")
    )
    kept = {tuple(line for line in lines if "augmentation" not in line) for lines in augmented}
    assert plain == kept != augmented


def test_deformed_images_are_ahead_in_the_test_by_a_difference_that_is_not_told_from_zero(recorded):
    gaps = paired(recorded["two-conv-augmented"], recorded["two-conv-20"], "test_accuracy")
    assert (gaps > 0).all()
    assert rule.on_difference(">", gaps.tolist())[0] == "not distinguishable"


def test_version_1_is_ahead_of_two_convolutions_with_some_seeds_and_behind_with_others(recorded):
    gaps = paired(recorded["second-v1"], recorded["two-conv"], "test_accuracy")
    assert (gaps > 0).any() and (gaps < 0).any()


def test_the_third_model_has_a_fifth_of_the_parameters_of_two_convolutions():
    assert PARAMETERS["third"] == pytest.approx(PARAMETERS["two_conv"] / 5, rel=0.05)


@pytest.mark.parametrize("budget", ["lab", "full"])
def test_the_stopping_rules_walk_one_path(budget):
    walked = [run for run in store.read("04/third") if run.budget == budget]
    for other in RULES:
        for run in store.read(f"04/{other}"):
            for path in walked:
                if (run.seed, run.budget) == (path.seed, budget):
                    both = min(run.epochs, path.epochs)
                    assert run.history["loss"][:both] == path.history["loss"][:both]


def test_the_third_model_s_pictures_are_kept(recorded):
    for run in recorded["third"]:
        assert run.measures["digit"].shape == (28, 28, 1)
        assert run.measures["kernels"].shape == (3, 3, 1, 16)
        assert run.measures["first_maps"].shape == (26, 26, 16)
        assert run.measures["last_maps"].shape == (10, 10, 16)


def test_how_long_the_rules_train_differs_more_between_seeds_than_between_rules(recorded):
    epochs = np.array([[run.epochs for run in recorded[name]] for name in RULES])
    assert np.ptp(epochs, axis=0).mean() < np.ptp(epochs, axis=1).min() / 2
