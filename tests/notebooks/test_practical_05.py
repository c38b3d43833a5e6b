"""What practical 05 builds, what its small trainings are, and what R5's own numbers say."""

import functools
import math

import keras
import numpy as np
import practicals
import pytest
from practicals import definitions, failing_cells

from labkit import choices
from labkit.ledger import claims
from labkit.records import describe, signature_of, store
from labkit.sweeps import space as spaces

NAME = "05_fashion_mnist_tuning"
# Counted by hand from the listings: R5 prints no summary.
CONVOLUTIONS = {1: 3 * 3 * 1 * 32 + 32, 2: 3 * 3 * 32 * 64 + 64, 3: 3 * 3 * 64 * 128 + 128}
MODEL_1 = CONVOLUTIONS[1] + CONVOLUTIONS[2] + 5 * 5 * 64 * 10 + 10
MODEL_2 = sum(CONVOLUTIONS.values()) + (5 * 5 * 128 + 1) * 128 + (128 + 1) * 10
PARAMETERS = {
    "model_1": MODEL_1,
    "model_1_normalised": MODEL_1 + 4 * (32 + 64),
    "model_1_final": MODEL_1 + 4 * (32 + 64),
    "model_2": MODEL_2,
    "model_2_final": MODEL_2 + 4 * (32 + 64 + 128),
}


@pytest.fixture(scope="module")
def practical():
    names = definitions(NAME)
    normalise = keras.layers.BatchNormalization
    drop = functools.partial(keras.layers.Dropout, names["DROPOUT_RATE"])
    names["small"] = functools.partial(names["recipe"], 5, examples=10_000)
    names["model_1_normalised"] = lambda: names["model_1_with"](normalise)
    names["model_1_final"] = lambda: names["model_1_with"](normalise, drop)
    names["model_2_final"] = lambda: names["model_2"](normalise)
    return names


@pytest.fixture(scope="module")
def tuned():
    return practicals.page(NAME)


def kinds(network):
    return [type(layer).__name__ for layer in network.layers]


# --- what is built ------------------------------------------------------------------------


@pytest.mark.parametrize(("network", "parameters"), PARAMETERS.items())
def test_every_network_has_its_parameters(practical, network, parameters):
    assert practical[network]().count_params() == parameters


def test_the_counts_by_hand_come_to_what_the_page_prints():
    assert list(PARAMETERS.values()) == [34_826, 35_210, 35_210, 503_690, 504_586]


@pytest.mark.parametrize(("network", "fixed"), [("model_1_final", 192), ("model_2_final", 448)])
def test_the_moving_averages_of_the_normalised_maps_are_not_trained(practical, network, fixed):
    weights = practical[network]().non_trainable_weights
    assert sum(math.prod(weight.shape) for weight in weights) == fixed


@pytest.mark.parametrize("network", PARAMETERS)
def test_a_gradient_reaches_every_weight(practical, network):
    keras.utils.set_random_seed(0)
    model = practical[network]()
    model.compile("adam", "categorical_crossentropy")
    before = [keras.ops.convert_to_numpy(one).copy() for one in model.trainable_weights]
    images = np.random.default_rng(0).random((64, 28, 28, 1), "float32")
    model.fit(images, np.eye(10)[np.arange(64) % 10], batch_size=64, verbose=0)
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert not np.array_equal(keras.ops.convert_to_numpy(weight), old), weight.path


def test_the_final_model_1_has_its_layers_in_the_report_s_order(practical):
    block = ["Conv2D", "BatchNormalization", "Dropout", "MaxPooling2D"]
    end = ["Flatten", "Dropout", "Dense"]
    assert kinds(practical["model_1_final"]()) == [*block, *block, *end]
    layers = practical["model_1_final"]().layers
    assert [layer.rate for layer in layers if hasattr(layer, "rate")] == [0.1, 0.1, 0.5]


def test_the_final_model_2_has_its_layers_in_the_report_s_order(practical):
    convolved = ["Conv2D", "BatchNormalization"]
    block = [*convolved, "MaxPooling2D", "Dropout"]
    end = ["Flatten", "Dense", "Dropout", "Dense"]
    model = practical["model_2_final"]()
    assert kinds(model) == [*block, *block, *convolved, *end]
    assert [layer.rate for layer in model.layers if hasattr(layer, "rate")] == [0.3, 0.5, 0.3]
    padding = [one.padding for one in model.layers if type(one).__name__ == "Conv2D"]
    assert padding == ["same", "same", "valid"]


def test_the_leaky_relu_is_a_tenth_of_what_is_below_zero(practical):
    found = keras.ops.convert_to_numpy(practical["leaky"](keras.ops.array([-2.0, 3.0])))
    assert found == pytest.approx([-0.2, 3.0])


def test_the_slope_is_in_what_a_record_belongs_to(practical):
    """A function by the name of one of Keras's would be written as that one."""
    assert "SLOPE=0.1" in describe(practical["model_2"]().layers[0])


def test_multiply_adds_are_counted_as_by_hand(practical):
    by_hand = 26 * 26 * 9 * 32 + 11 * 11 * 9 * 32 * 64 + 1600 * 10
    assert practical["multiply_adds"](practical["model_1"]()) == by_hand
    by_hand = 28 * 28 * 9 * 32 + 14 * 14 * 9 * 32 * 64 + 5 * 5 * 9 * 64 * 128 + 3200 * 128 + 1280
    assert practical["multiply_adds"](practical["model_2"]()) == by_hand


def test_the_report_s_listing_fails_at_its_alpha(practical, capsys):
    (cell,) = failing_cells(NAME)
    exec(cell, practical)
    shown = capsys.readouterr().out
    assert shown.startswith("TypeError: ")
    assert "alpha" in shown


# --- how it is trained --------------------------------------------------------------------


@pytest.mark.parametrize("budget", choices.RECORDED_BUDGETS)
def test_the_small_trainings_are_as_small_at_full(practical, budget):
    small = practical["recipe"](practical["SMALL_EPOCHS"], examples=practical["SMALL_EXAMPLES"])
    assert (small.at(budget).epochs, small.at(budget).examples) == (5, 10_000)


def test_the_models_train_for_the_report_s_epochs_at_full(practical):
    epochs = [practical["tenth_at_lab"](one) for one in (15, 30, 45, 50, 60, 120)]
    assert [choices.resolve(one, "full") for one in epochs] == [15, 30, 45, 50, 60, 120]
    assert [choices.resolve(one, "lab") for one in epochs] == [2, 3, 4, 5, 6, 12]


# --- searched -----------------------------------------------------------------------------


def settings(**others):
    base = {"hidden": "relu", "normalised": False, "dropout": 0.0}
    return base | {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 128} | others


def layers_of(network):
    return [describe(layer) for layer in network.layers]


def test_the_candidate_at_the_base_s_settings_is_model_1_and_its_small_recipe(practical):
    build, recipe = practical["candidate"](settings())
    assert layers_of(build()) == layers_of(practical["model_1"]())
    small = practical["recipe"](5, examples=10_000, optimizer=keras.optimizers.Adam(0.001))
    request = {"name": "fashion_mnist"}
    ours, theirs = (signature_of(build(), one.at("lab"), request) for one in (recipe, small))
    assert ours == theirs


def test_the_candidate_has_the_layers_that_are_tuned_by_hand(practical):
    build, _ = practical["candidate"](settings(normalised=True, dropout=0.1))
    assert layers_of(build()) == layers_of(practical["model_1_final"]())


def test_the_space_holds_every_setting_that_is_tuned_by_hand(practical):
    space = spaces.checked(practical["SPACE"])
    sizes = [settings(batch_size=size) for size in (16, 32, 64, 256)]
    rates = [settings(learning_rate=rate) for rate in (0.0001, 0.0003, 0.003, 0.01)]
    names = ("adamax", "rmsprop", "sgd", "adagrad", "adadelta")
    kinds = [settings(optimizer=name, learning_rate=1.0) for name in names]
    inside = [settings(hidden="tanh"), settings(normalised=True, dropout=0.1)]
    for one in (*sizes, *rates, *kinds, *inside):
        assert spaces.includes(space, one), one


def test_tuning_by_hand_looks_at_as_many_trainings_as_a_search(tuned):
    assert tuned.cost == tuned.TRIALS == 22


def test_by_hand_the_best_of_each_knob_is_kept(tuned):
    values = {id(run): 0.5 for knob in tuned.knobs.values() for _, run in knob}
    values[id(tuned.base)] = 0.6
    better = (tuned.batches[32], tuned.rates[0.003], tuned.in_small["dropout"])
    values |= dict(zip(map(id, better), (0.7, 0.8, 0.65), strict=True))
    tuned.by_hand.__globals__["seen"] = lambda run, seed: values[id(run)]
    changes = {"batch_size": 32, "learning_rate": 0.003, "dropout": 0.1}
    assert tuned.by_hand(0) == settings(**changes)
    assert tuned.best_seen(0) == settings(learning_rate=0.003)


def test_winners_are_trained_with_seeds_that_took_no_part_in_choosing_them(tuned):
    for (seed, _), run in tuned.trained_anew.items():
        assert run.replicates
        assert seed not in [one.seed for one in run.replicates]


# --- losses and luck ----------------------------------------------------------------------


def test_a_wrong_answer_of_tanh_outputs_is_rewarded_where_their_sum_is_negative(practical):
    losses = [practical["keras_loss"](row) for row in practical["ROWS"].values()]
    assert losses == pytest.approx([-math.log(0.2), -math.log(0.1), -math.log(1e-7), 0.0], abs=1e-3)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="others take the outputs")
def test_with_sigmoid_at_the_output_the_training_is_that_of_softmax(practical):
    images = np.random.default_rng(0).random((64, 28, 28, 1), "float32")
    histories = []
    for output in ("softmax", "sigmoid"):
        keras.utils.set_random_seed(0)
        model = practical["activated"]("relu", output)
        model.compile("adam", "categorical_crossentropy")
        log = model.fit(images, np.eye(10)[np.arange(64) % 10], epochs=3, verbose=0)
        histories.append(log.history["loss"])
    assert histories[0] == histories[1]


def test_choosing_among_more_settings_is_flattered_more_and_by_more_images_less(practical):
    table = np.random.default_rng(1).random((16, 2_000)) < 0.85  # all are equally good
    luck = functools.partial(practical["luck"], table)
    assert abs(luck(1, 300)) < 0.01 < luck(4, 300) < luck(16, 300)
    assert luck(16, 1_000) < luck(16, 100) / 2


# --- what R5's own numbers say ------------------------------------------------------------


def said(name):
    return claims.quote(f"r5-{name}").value


def test_the_last_five_epochs_differ_by_more_than_any_setting_that_r5_compares():
    late = [said(f"model-1-final-epoch-{epoch}") for epoch in range(116, 120)]
    late.append(said("model-1-final-accuracy"))
    base = said("model-1-60-accuracy")
    others = ("batch-256", "batch-64", "batch-norm", "final")
    steps = [abs(said(f"model-1-{one}-accuracy") - base) for one in others]
    assert max(late) - min(late) > 6 * max(steps)


def test_an_epoch_of_each_log_has_the_steps_of_its_images_and_batches():
    for name, images, size in (
        ("model-1-steps", 54_000, 128),
        ("model-2-steps", 60_000, 70),
        ("model-2-batch-128-steps", 60_000, 128),
        ("model-2-evaluated-steps", 10_000, 32),
    ):
        assert said(name) == math.ceil(images / size)


def test_batches_of_64_and_of_70_cannot_both_be_as_r5_says_unless_six_images_matter_so_much():
    gap = said("model-2-120-accuracy") - said("model-2-batch-64-is-worse")
    assert gap > 10 * abs(said("model-2-batch-256-accuracy") - said("model-2-120-accuracy"))


def test_the_page_has_every_experiment_that_its_claims_name():
    text = "\n".join(cell.source for cell in practicals.code_cells(NAME))
    named = {
        name.partition("@")[0]
        for claim in claims.read()
        if claim.report == "R5"
        for name in claim.experiments
    }
    assert named
    assert {name for name in named if f'"{name}"' not in text} == set()


# --- what the records say -----------------------------------------------------------------

PATHS = {
    "model_1": ["model-1", "model-1-30", "model-1-45", "model-1-60", "model-1-120"],
    "model_1_normalised": ["model-1-batch-norm", "model-1-batch-norm-120"],
    "model_1_final": ["model-1-final-60", "model-1-final"],
    "model_2": ["model-2", "model-2-120"],
    "model_2_final": ["model-2-final"],
}
BASE = "05/tune-base@batch_size=128,learning_rate=0.001"


@pytest.mark.parametrize("network", PATHS)
def test_the_records_are_of_these_networks(network):
    for name in PATHS[network]:
        runs = practicals.shown(f"05/{name}")
        assert {run.parameters for run in runs} == {PARAMETERS[network]}


@pytest.mark.parametrize("network", PATHS)
def test_the_ends_of_a_path_share_their_epochs(network):
    *ends, last = (practicals.shown(f"05/{name}") for name in PATHS[network])
    for runs in ends:
        for run, whole in zip(runs, last, strict=True):
            assert run.history["loss"] == whole.history["loss"][: run.epochs]


def test_the_small_trainings_have_ten_thousand_images_and_no_test_set():
    names = {name for name in store.experiments() if name.startswith("05/tune-")}
    assert len(names) == 10
    for run in (run for name in names for run in store.read(name)):
        assert (run.budget, run.dataset.sizes["train"], run.epochs) == ("lab", 10_000, 5)
        assert "test" not in run.metrics


def test_the_training_with_sigmoid_at_the_output_is_that_with_softmax_digit_for_digit():
    sigmoid = practicals.shown("05/tune-activation@hidden=relu,output=sigmoid")
    assert sigmoid
    for run, base in zip(sigmoid, practicals.shown(BASE), strict=True):
        assert run.history["loss"] == base.history["loss"]
        assert run.history["val_loss"] == base.history["val_loss"]


def test_a_small_training_makes_too_few_updates_for_the_averages_of_the_normalisation():
    """The page says that a part of their first values is left, and that R5's have none."""
    updates = math.ceil(10_000 / 128) * 5
    assert 0.01 < 0.99**updates < 0.05
    assert 0.99 ** (2 * math.ceil(54_000 / 128)) < 0.001


@pytest.mark.parametrize("model", ["model-1-final", "model-2-final"])
def test_most_mistakes_lie_among_four_classes(model):
    for run in practicals.shown(f"05/{model}"):
        wrong = run.confusion - np.diag(np.diag(run.confusion))
        four = [0, 2, 4, 6]  # T-shirt/top, pullover, coat, shirt
        assert wrong[np.ix_(four, four)].sum() > wrong.sum() / 2


def test_searches_never_saw_the_test_images_and_winners_did_once():
    assert all("test" not in run.metrics for run in store.read("05/search"))
    winners = store.read("05/winner")
    assert {(run.settings["search"], run.settings["way"]) for run in winners} == {
        (seed, way)
        for seed in {run.seed for run in store.read("05/search")}
        for way in ("hand", "seen", "search")
    }
    assert all("test" in run.metrics for run in winners)
