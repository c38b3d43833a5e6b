import numpy as np
import pytest

from labkit.data.split import Split, one_hot

LABELS = np.array([0, 2, 1, 2])
IMAGES = np.linspace(0, 1, 4 * 2 * 2, dtype=np.float32).reshape(4, 2, 2, 1)


def split(targets, labels=LABELS, inputs=IMAGES):
    return Split(inputs, labels, np.asarray(targets), "images")


@pytest.mark.parametrize(
    "targets",
    [LABELS, LABELS.astype(np.float32), LABELS[:, None] * 1.0, one_hot(LABELS, 3), LABELS % 2],
    ids=["labels", "as fractions", "as a column", "one-hot", "other integers"],
)
def test_targets_that_name_a_class_are_classes(targets):
    assert split(targets).target_kind == "classes"


@pytest.mark.parametrize(
    "targets",
    [
        2.0 * LABELS - 1,
        one_hot(LABELS, 3) * 0.9 + 0.05,
        one_hot(LABELS[::-1], 3),
        one_hot(LABELS % 2, 2),
        one_hot(LABELS, 3) + one_hot(LABELS * 0, 3),
    ],
    ids=["both signs", "smoothed", "of other labels", "of fewer classes", "two at a time"],
)
def test_other_fractions_are_numbers(targets):
    assert split(targets).target_kind == "numbers"


def test_prices_are_numbers_also_where_they_are_whole():
    prices = np.array([20, 30, 30, 50], np.float32)
    assert split(prices, labels=prices).target_kind == "numbers"


def test_the_targets_of_an_autoencoder_are_inputs():
    assert split(IMAGES).target_kind == "inputs"
    rows = IMAGES.reshape(4, -1)
    assert split(rows, inputs=rows + 0.1).target_kind == "inputs"
    assert split(rows).target_kind == "numbers"


def test_one_number_an_example_is_not_given_back_but_predicted():
    series = np.arange(4, dtype=np.float32)
    for inputs in (series, series[:, None]):
        assert split(inputs * 2, labels=series * 2, inputs=inputs).target_kind == "numbers"


@pytest.mark.parametrize("targets", [LABELS, one_hot(LABELS, 3)])
def test_the_best_constant_class_is_the_commonest(targets):
    assert split(targets).baseline == 0.5


def test_the_best_constant_number_is_the_median():
    prices = np.array([1, 2, 3, 10], np.float32)
    assert split(prices, labels=prices).baseline == pytest.approx((1.5 + 0.5 + 0.5 + 7.5) / 4)


def test_of_several_numbers_each_has_a_median_of_its_own():
    pairs = np.array([[0, 100], [0, 100], [4, 100]], np.float32)
    assert split(pairs, labels=pairs, inputs=IMAGES[:3]).baseline == pytest.approx(4 / 6)


def test_the_best_constant_image_is_the_mean_image():
    expected = np.square(IMAGES - IMAGES.mean(axis=0)).mean()
    assert split(IMAGES).baseline == pytest.approx(expected, rel=1e-6)
