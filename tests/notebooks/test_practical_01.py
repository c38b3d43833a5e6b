"""What the prose of practical 01 says in words, held against its records."""

import numpy as np
import practicals
import pytest
from practicals import mean, paired

from labkit.records.replicates import statistic


@pytest.fixture(scope="module")
def recorded():
    names = ("2", "3", "4", "4-10-epochs", "4-l1", "4-l2", "4-dropout")
    return practicals.recorded("01/dense-", names)


def test_every_experiment_has_five_seeds_at_full(recorded):
    for runs in recorded.values():
        assert [(run.budget, run.seed) for run in runs] == [("full", seed) for seed in range(5)]
        assert {run.dataset.sizes["train"] for run in runs} == {30_000}


def test_validation_loss_stops_following_the_training_loss(recorded):
    for name in ("2", "3", "4"):
        for run in recorded[name]:
            assert run.history["val_data_loss"][-1] > run.history["data_loss"][-1]


def test_the_deepest_network_is_unfinished_after_five_epochs_not_overfitted(recorded):
    assert mean(recorded["4"], "train_accuracy") < mean(recorded["3"], "train_accuracy")
    spread = [statistic(recorded[name], "train_accuracy").sd for name in ("2", "3", "4")]
    assert max(spread) == spread[-1]


def test_five_epochs_cannot_tell_three_hidden_layers_from_two(recorded):
    gaps = paired(recorded["4"], recorded["3"], "test_accuracy")
    assert abs(gaps.mean()) < gaps.std(ddof=1)


def test_five_more_epochs_lift_it_on_the_test_set(recorded):
    assert mean(recorded["4-10-epochs"], "test_accuracy") > mean(recorded["4"], "test_accuracy")


def test_the_first_five_of_ten_epochs_are_the_same(recorded):
    for short, long in zip(recorded["4"], recorded["4-10-epochs"], strict=True):
        assert short.seed == long.seed
        assert np.allclose(short.history["loss"], long.history["loss"][:5], rtol=1e-3)


def test_most_of_l1_s_loss_is_penalty_and_a_part_of_l2_s(recorded):
    for name, share in (("4-l1", 0.5), ("4-l2", 0.1)):
        loss, data_loss = (
            mean(recorded[name], f"validation_{one}") for one in ("loss", "data_loss")
        )
        assert (loss - data_loss) / loss > share


def test_every_remedy_narrows_the_gap_and_l1_most(recorded):
    def gap(name):
        runs = recorded[name]
        return mean(runs, "validation_data_loss") - mean(runs, "train_data_loss")

    assert max(gap(name) for name in ("4-l1", "4-l2", "4-dropout")) < gap("4-10-epochs")
    assert min(map(gap, recorded)) == gap("4-l1")


def test_l1_underfits_and_dropout_loses_nothing(recorded):
    plain = recorded["4-10-epochs"]
    assert mean(recorded["4-l1"], "train_accuracy") < mean(plain, "train_accuracy") - 0.02
    lost = mean(plain, "validation_accuracy") - mean(recorded["4-dropout"], "validation_accuracy")
    assert lost < statistic(plain, "validation_accuracy").sd


def test_dropout_s_training_loss_begins_above_its_validation_loss(recorded):
    for run in recorded["4-dropout"]:
        assert run.history["data_loss"][0] > run.history["val_data_loss"][0]


def test_the_weights_were_not_small_before_the_penalties(recorded):
    small = {name: mean(recorded[f"4-{name}"], "near_zero") for name in ("10-epochs", "l1", "l2")}
    assert small["10-epochs"] < 0.1 < 0.5 < small["l2"] < small["l1"]
