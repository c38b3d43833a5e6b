"""What practical 02 builds, and what its prose says in words, held against its records."""

import numpy as np
import practicals
import pytest
from practicals import definitions, failing_cells, mean, paired

from labkit.ledger import claims

NAME = "02_mnist_cnn_variants"
PARAMETERS = {
    "conv_a": 34_378,
    "conv_b": 29_674,
    "conv_c": 346_282,
    "conv_b_padded": 41_962,
    "conv_b_pool_2": 127_978,
    "conv_c_32": 34_762,
    "conv_a1": 262_730,
    "conv_a2": 74_314,
    "conv_a3": 74_314,
    "conv_a4": 213_578,
    "conv_a5": 9_802,
}
UNSEEN = {"conv_a": 55, "conv_b": 300, "conv_c": 159, "conv_b_padded": 0, "conv_a2": 0}
EXPERIMENTS = (
    *("a", "b", "c", "b-padded", "b-pool-2", "c-32"),
    *("a1-fixed", "a2", "a3", "a3-as-built", "a4-fixed", "a5-fixed"),
)


@pytest.fixture(scope="module")
def practical():
    return definitions(NAME)


@pytest.fixture(scope="module")
def recorded():
    return practicals.recorded("02/conv-", EXPERIMENTS)


# --- what is built ------------------------------------------------------------------------


@pytest.mark.parametrize(("network", "parameters"), PARAMETERS.items())
def test_every_network_has_its_parameters(practical, network, parameters):
    assert practical[network]().count_params() == parameters


@pytest.mark.parametrize(("network", "unseen"), UNSEEN.items())
def test_a_network_is_blind_to_what_its_pools_drop(practical, network, unseen):
    assert (~practical["seen"](practical[network]())).sum() == unseen


def test_b_loses_six_rows_and_columns_at_the_right_and_lower_edge(practical):
    view = practical["seen"](practical["conv_b"]())
    assert view[:22, :22].all()
    assert not view[22:].any()
    assert not view[:, 22:].any()


def test_multiply_adds_are_counted_as_by_hand(practical):
    by_hand = 27 * 27 * 2 * 2 * 32 + 12 * 12 * 4 * 32 * 32 + 5 * 5 * 4 * 32 * 32 + 800 * 32 + 320
    assert practical["multiply_adds"](practical["conv_a"]()) == by_hand
    transposed = 28 * 28 * 2 * 2 * 32 + 14 * 14 * 4 * 32 * 32 + 7 * 7 * 4 * 32 * 32
    assert practical["multiply_adds"](practical["conv_a2"]()) == transposed + 2048 * 32 + 320


@pytest.mark.parametrize(("place", "name"), list(enumerate(("a1", "a4", "a5"))))
def test_a_failing_combination_fails_for_the_reason_given(practical, place, name, capsys):
    kind, cause = claims.quote(f"r1-conv-{name}-fails").comparison.split(": ")
    exec(failing_cells(NAME)[place], practical)
    shown = capsys.readouterr().out
    assert shown.startswith(f"{kind}: ")
    assert cause in shown


def test_the_evaluation_slip_is_found(practical, capsys):
    *_, slip = failing_cells(NAME)
    three = {"C": 1.0, "A2": 2.0, "A3": 3.0}  # each stands for its own loss
    exec(slip, practical | {"networks": three, "loss": lambda network: network})
    shown = capsys.readouterr().out
    assert shown.startswith("CheckFailed: ")
    assert "C, A2 and A3 agree in every digit" in shown


def test_the_transposed_convolution_grows_the_map_and_stamps_the_kernel(practical):
    from keras import layers

    dots = np.zeros((6, 6))
    dots[1, 1] = 1.0
    kernel = practical["KERNEL"]
    stamped = practical["applied"](layers.Conv2DTranspose, dots, kernel)
    assert stamped.shape == (8, 8)
    assert np.array_equal(stamped[1:4, 1:4], kernel)
    assert stamped.sum() == kernel.sum()


# --- what the records say -----------------------------------------------------------------


def test_every_experiment_has_five_seeds_at_full(recorded):
    for runs in recorded.values():
        assert [(run.budget, run.seed) for run in runs] == [("full", seed) for seed in range(5)]
        assert {run.dataset.sizes["train"] for run in runs} == {30_000}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_records_have_the_networks_parameters(recorded, name):
    network = "conv_" + name.replace("-fixed", "").replace("-", "_")
    network = "conv_a2" if name == "a3-as-built" else network
    assert {run.parameters for run in recorded[name]} == {PARAMETERS[network]}


def test_a3_as_built_is_a2_digit_for_digit(recorded):
    for built, a2 in zip(recorded["a3-as-built"], recorded["a2"], strict=True):
        assert built.seed == a2.seed
        assert built.signature.sha256 == a2.signature.sha256
        assert built.history == a2.history
        assert built.metrics == a2.metrics


def test_b_is_the_worst_of_the_three_on_training_images_as_well(recorded):
    for metric in ("train_accuracy", "validation_accuracy", "test_accuracy"):
        for other in ("a", "c"):
            assert (paired(recorded["b"], recorded[other], metric) < 0).all()


def test_c_is_ahead_of_a_on_average_by_less_than_its_spread(recorded):
    gaps = paired(recorded["c"], recorded["a"], "validation_accuracy")
    assert 0 < gaps.mean() < gaps.std(ddof=1)
    assert paired(recorded["c"], recorded["a"], "test_accuracy").mean() > 0


def test_time_grows_less_than_the_work(recorded):
    work, seconds = (
        mean(recorded["c"], name) / mean(recorded["a"], name)
        for name in ("multiply_adds", "seconds_per_epoch")
    )
    assert 1 < seconds < work


def test_seeing_the_whole_image_brings_more_than_half_and_smaller_pools_the_rest(recorded):
    b, padded, pools_of_2, a = (
        mean(recorded[name], "validation_accuracy") for name in ("b", "b-padded", "b-pool-2", "a")
    )
    assert (padded - b) / (a - b) > 0.5
    assert padded < a < pools_of_2
    assert (paired(recorded["b-padded"], recorded["b"], "validation_accuracy") > 0).all()


def test_larger_kernels_alone_bring_nothing_that_one_could_tell_from_luck(recorded):
    for metric in ("validation_accuracy", "test_accuracy"):
        gaps = paired(recorded["c-32"], recorded["a"], metric)
        assert abs(gaps.mean()) < gaps.std(ddof=1)


def test_c_with_all_its_filters_is_better_than_with_32_on_most_seeds(recorded):
    for metric in ("validation_accuracy", "test_accuracy"):
        assert (paired(recorded["c"], recorded["c-32"], metric) > 0).sum() > 2.5


def test_one_change_brings_b_as_close_to_c_as_the_spread_can_tell_for_a_third_of_the_work(recorded):
    gaps = paired(recorded["c"], recorded["b-pool-2"], "test_accuracy")
    assert abs(gaps.mean()) < gaps.std(ddof=1)
    work = [mean(recorded[name], "multiply_adds") for name in ("b-pool-2", "c")]
    assert work[0] / work[1] < 1 / 3


def test_transposed_convolutions_and_an_invented_depth_do_as_well_as_plain_ones(recorded):
    for name in ("a1-fixed", "a2", "a4-fixed"):
        gaps = paired(recorded[name], recorded["a"], "test_accuracy")
        assert abs(gaps.mean()) < gaps.std(ddof=1)


def test_average_pooling_is_behind_on_every_seed_and_global_pooling_far_behind(recorded):
    average, whole = (
        paired(recorded[name], recorded["a"], "test_accuracy") for name in ("a3", "a5-fixed")
    )
    assert (average < 0).all()
    assert (whole < 0).all()
    assert whole.mean() < 5 * average.mean()
