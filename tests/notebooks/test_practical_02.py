"""What practical 02 builds, what its records are, and what they leave open."""

import numpy as np
import practicals
import pytest
from practicals import definitions, failing_cells, mean, paired

from labkit.ledger import claims
from labkit.records import intervals

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


# --- the records: what they show stands in book/findings.toml -----------------------------


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


def test_c_has_the_highest_mean_of_the_three_and_either_c_or_a_can_come_out_ahead(recorded):
    means = {name: mean(recorded[name], "validation_accuracy") for name in "abc"}
    assert max(means, key=means.get) == "c"
    gaps = paired(recorded["c"], recorded["a"], "validation_accuracy")
    assert gaps.min() < 0 < gaps.max()


@pytest.mark.parametrize(
    ("name", "other", "metric"),
    [
        ("c", "a", "validation_accuracy"),
        ("c", "a", "test_accuracy"),
        ("c-32", "a", "validation_accuracy"),
        ("c", "c-32", "validation_accuracy"),
    ],
)
def test_five_seeds_detect_no_difference_where_the_page_says_so(recorded, name, other, metric):
    """A finding says what is shown; this is what is not."""
    assert 0 in intervals.for_the_mean(paired(recorded[name], recorded[other], metric))
