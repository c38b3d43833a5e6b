"""What practicals 00 and 01 say of their records and no finding of book/findings.toml can."""

import numpy as np
import practicals
import pytest
from practicals import paired

from labkit.records import intervals


@pytest.fixture(scope="module")
def recorded():
    names = ("2", "3", "4", "4-10-epochs", "4-l1", "4-l2", "4-dropout")
    return practicals.recorded("01/dense-", names)


def test_every_experiment_has_five_seeds_at_full(recorded):
    for runs in recorded.values():
        assert [(run.budget, run.seed) for run in runs] == [("full", seed) for seed in range(5)]
        assert {run.dataset.sizes["train"] for run in runs} == {30_000}


def test_the_first_five_of_ten_epochs_are_the_same(recorded):
    for short, long in zip(recorded["4"], recorded["4-10-epochs"], strict=True):
        assert short.seed == long.seed
        assert np.allclose(short.history["loss"], long.history["loss"][:5], rtol=1e-3)


def gaps(runs):
    return np.array(
        [one.value("validation_data_loss") - one.value("train_data_loss") for one in runs]
    )


def test_five_seeds_do_not_tell_three_hidden_layers_from_two(recorded):
    three, two = recorded["4"], recorded["3"]
    for differences in (
        paired(three, two, "test_accuracy"),
        paired(three, two, "train_accuracy"),
        gaps(three) - gaps(two),
    ):
        assert 0 in intervals.for_the_mean(differences)
    differences = paired(three, two, "test_accuracy")
    assert abs(differences.mean()) < differences.std(ddof=1)


def test_five_seeds_detect_no_difference_that_dropout_makes_to_validation_accuracy(recorded):
    differences = paired(recorded["4-dropout"], recorded["4-10-epochs"], "validation_accuracy")
    assert 0 in intervals.for_the_mean(differences)


def test_the_interval_of_five_seeds_reaches_about_1_2_deviations_to_either_side():
    values = [1.0, 2.0, 4.0, 4.5, 6.0]
    half = intervals.for_the_mean(values).half_width
    assert half / np.std(values, ddof=1) == pytest.approx(1.2, abs=0.05)


def test_the_commonest_mistakes_are_those_that_the_confusion_matrix_is_described_by(recorded):
    counts = sum(run.confusion for run in recorded["4-dropout"])
    between = counts + counts.T
    np.fill_diagonal(between, 0)
    ranked = np.argsort(-np.triu(between).ravel())[:3]
    assert {divmod(int(one), 10) for one in ranked} == {(3, 5), (4, 9), (2, 7)}
