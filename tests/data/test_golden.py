"""What a seed draws, value by value: every record was made with these draws, and no other way."""

import numpy as np
import pytest

from labkit import data
from labkit.data import split
from labkit.data.split import Split, permutation
from labkit.training import loop

# The first labels at seed 0 from what travels with labkit: of training, and of the test.
LABELS = {
    "mnist": ([9, 4, 2, 7, 7, 9], [7, 2, 1, 0, 4, 9]),
    "fashion_mnist": ([9, 2, 3, 3, 9, 4], [9, 2, 1, 6, 4, 5]),
    "cifar10": ([8, 5, 5, 1, 4, 8], [3, 8, 1, 0, 4, 9]),
    "cifar100": ([0, 58, 31, 17, 38, 52], [35, 89, 16, 4, 47, 7]),
    "imdb": ([1, 0, 1, 0, 0, 0], [1, 0, 1, 0, 1, 0]),
    "boston_housing": ([21.9, 16.3, 20.6, 29.0, 14.2, 23.1], [7.2, 18.8, 19.0, 27.0, 22.2, 24.5]),
    "california_housing": ([140700, 225000, 411200, 101900], [397900, 227900, 172100, 186500]),
    "pima_indians_diabetes": ([0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0]),
    "xor": ([0, 1, 0, 1], [0, 1, 1, 0]),
    "logistic_map": ([0.247918, 0.219043, 0.736710], [0.175871, 0.579763, 0.974552]),
}


@pytest.mark.parametrize(
    ("seed", "expected"),
    [(0, [3, 7, 6, 4, 1, 0, 2, 8, 5, 9]), (7, [0, 1, 5, 7, 6, 9, 4, 3, 2, 8])],
)
def test_the_order_of_the_training_file_is_the_seed_s(seed, expected):
    assert permutation(10, seed).tolist() == expected


@pytest.mark.parametrize(("seed", "expected"), [(0, [9, 4, 0, 8]), (7, [9, 8, 5, 6])])
def test_a_subset_is_the_seed_s(seed, expected):
    labels = np.arange(10)
    whole = Split(np.zeros((10, 1), np.float32), labels, labels, "features")
    assert whole.take(4, seed).labels.tolist() == expected


def test_the_streams_of_split_subset_and_epochs_keep_their_numbers():
    assert (split._SPLIT, split._TAKE, loop._ORDER) == (0, 1, 2)


@pytest.mark.parametrize("name", data.NAMES)
def test_the_first_labels_at_seed_0_stay(monkeypatch, name):
    monkeypatch.delenv("LABKIT_DATA", raising=False)
    dataset = data.load(name, seed=0, source="sample")
    for part, expected in zip((dataset.train, dataset.test), LABELS[name], strict=True):
        assert part.labels[: len(expected)].tolist() == pytest.approx(expected, rel=1e-5)
