"""What practical 04 builds, and what its prose says in words, held against its records."""

import numpy as np
import practicals
import pytest
from practicals import curve, definitions, mean, paired

from labkit.ledger import claims
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


# --- what the records say -----------------------------------------------------------------

EXPERIMENTS = ("perceptron", "two-conv", "two-conv-today", "two-conv-augmented", "first")
EXPERIMENTS += ("second-v1", "second-v2", "third")
RULES = ("third-patience-6", "third-patience-6-coarse", "third-patience-4")


@pytest.fixture(scope="module")
def recorded():
    return practicals.recorded("04/", EXPERIMENTS + RULES)


@pytest.mark.parametrize("name", EXPERIMENTS + RULES)
def test_the_records_have_the_networks_parameters(recorded, name):
    network = next(one for one in PARAMETERS if name.replace("-", "_").startswith(one))
    assert {run.parameters for run in recorded[name]} == {PARAMETERS[network]}


@pytest.mark.parametrize("name", ["perceptron", "first", "second-v1"])
def test_validation_loss_is_lowest_early_and_climbs(recorded, name):
    losses = curve(recorded[name], "val_data_loss")
    assert np.argmin(losses) < len(losses) / 2
    assert losses[-1] > 1.1 * losses.min()


def test_version_1_s_validation_loss_is_never_as_low_again_after_epoch_6(recorded):
    losses = curve(recorded["second-v1"], "val_data_loss")
    assert (losses[6:] > losses[5]).all()


def test_the_perceptron_s_accuracy_holds_while_its_loss_climbs(recorded):
    turn = np.argmin(curve(recorded["perceptron"], "val_data_loss"))
    accuracies = curve(recorded["perceptron"], "val_accuracy")
    assert accuracies[-1] >= accuracies[turn]


@pytest.mark.parametrize("name", ["perceptron", "two-conv"])
@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_the_report_measured_its_training_metrics_afterwards(recorded, name, metric):
    printed = said(name, f"train-{metric}")
    afterwards = abs(printed - mean(recorded[name], f"train_{metric}"))
    while_training = abs(printed - mean(recorded[name], f"running_{metric}"))
    assert afterwards < while_training / 2


def test_at_today_s_default_adadelta_has_hardly_begun(recorded):
    then, today = (mean(recorded[f"two-conv{one}"], "test_accuracy") for one in ("", "-today"))
    assert then > 0.97
    assert today < 0.8
    losses = curve(recorded["two-conv-today"], "loss")
    assert (np.diff(losses) < 0).all()


def test_augmented_training_loss_comes_down_to_validation_only_after_ten_epochs(recorded):
    train, validation = (
        curve(recorded["two-conv-augmented"], name) for name in ("loss", "val_loss")
    )
    assert (train > validation)[:10].all() and (train < validation)[-3:].all()
    assert validation[-3:].mean() > validation[6:10].mean()  # level
    assert train[-1] < train[10]


def test_augmentation_raises_the_accuracy_and_leaves_the_gap(recorded):
    augmented, plain = recorded["two-conv-augmented"], recorded["two-conv"]
    for metric in ("train_accuracy", "validation_accuracy", "test_accuracy"):
        assert (paired(augmented, plain, metric) > 0).all(), metric
    gaps = [
        mean(runs, "train_accuracy") - mean(runs, "validation_accuracy")
        for runs in (augmented, plain)
    ]
    assert 0.8 * gaps[1] < gaps[0] < gaps[1]


def test_the_third_model_adds_nothing_to_the_deformed_digits(recorded):
    base = recorded["two-conv-augmented"]
    for name in ("third", "third-patience-6", "third-patience-4"):
        gaps = paired(recorded[name], base, "test_accuracy")
        assert abs(gaps.mean()) < gaps.std(ddof=1), name
    assert recorded["third"][0].parameters == pytest.approx(base[0].parameters / 5, rel=0.05)


def test_version_2_overfits_less_knows_less_and_is_no_more_accurate(recorded):
    first, second = recorded["second-v1"], recorded["second-v2"]

    def gap(runs):
        return mean(runs, "validation_loss") - mean(runs, "train_loss")

    assert gap(second) < gap(first)
    assert mean(second, "train_accuracy") < mean(first, "train_accuracy")
    assert mean(second, "validation_accuracy") < mean(first, "validation_accuracy")


def test_two_steps_are_ahead_of_two_convolutions_on_every_seed(recorded):
    base = recorded["two-conv"]
    ahead = {
        name for name in EXPERIMENTS if (paired(recorded[name], base, "test_accuracy") > 0).all()
    }
    assert ahead == {"two-conv-augmented", "third"}
    assert {run.budget for runs in recorded.values() for run in runs} == {"full"}


def test_the_third_model_s_validation_loss_still_falls_when_training_ends(recorded):
    losses = curve(recorded["third"], "val_data_loss")
    third = len(losses) // 3
    assert losses[-third:].mean() < losses[-2 * third : -third].mean()


def test_a_good_part_of_its_loss_is_penalty_and_the_others_have_none(recorded):
    assert mean(recorded["third"], "validation_loss") > 1.3 * mean(
        recorded["third"], "validation_data_loss"
    )
    for name in EXPERIMENTS[:-1]:
        for run in recorded[name]:
            assert run.validation.loss == run.validation.data_loss


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


def test_later_epochs_gain_more_on_the_penalty_than_on_the_predictions(recorded):
    losses = curve(recorded["third"], "val_loss")
    without = curve(recorded["third"], "val_data_loss")
    start = len(losses) // 3
    gained, on_predictions = losses[start] - losses[-1], without[start] - without[-1]
    assert gained - on_predictions > on_predictions > 0
    assert (np.diff(losses - without) < 0).all()


def test_the_seed_decides_how_long_the_rules_train_and_the_rules_hardly(recorded):
    epochs = np.array([[run.epochs for run in recorded[name]] for name in RULES])
    assert np.ptp(epochs, axis=0).max() <= 4  # from rule to rule
    assert np.ptp(epochs, axis=1).min() >= 25  # from seed to seed


def test_the_rules_wait_for_the_same_epoch(recorded):
    lowest = [[run.value("best_epoch") for run in recorded[name]] for name in RULES]
    assert lowest[0] == lowest[1] == lowest[2]
    for name, patience in zip(RULES, (6, 6, 4), strict=True):
        for run in recorded[name]:
            assert run.epochs - run.value("best_epoch") in (patience, patience - 1)


def test_the_loss_without_penalty_is_lowest_at_about_the_same_time(recorded):
    for run in recorded["third-patience-6"]:
        with_penalty = np.argmin(run.history["val_loss"])
        assert 0 <= with_penalty - np.argmin(run.history["val_data_loss"]) <= 2


def test_the_rules_and_30_epochs_cannot_be_told_apart(recorded):
    for name in RULES:
        gaps = paired(recorded[name], recorded["third"], "test_accuracy")
        assert abs(gaps.mean()) < gaps.std(ddof=1)
