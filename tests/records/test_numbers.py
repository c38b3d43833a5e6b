import math

import pytest

from labkit.records import numbers


@pytest.mark.parametrize("name", ["mae", "val_mae", "train_mae", "validation_mae", "running_mae"])
def test_a_metric_is_known_whichever_examples_it_is_of(name):
    assert numbers.known(name) == numbers.known("test_mae")
    assert numbers.known(name).lower_is_better


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("test_accuracy", 0, 1),
        ("test_top_5_accuracy", 0, 1),
        ("test_sparse_categorical_accuracy", 0, 1),
        ("test_loss", 0, math.inf),
        ("test_mse", 0, math.inf),
        ("seconds", 0, math.inf),
        ("test_examples", 0, math.inf),
        ("test_r2", -math.inf, 1),
        ("test_psnr", -math.inf, math.inf),
        ("near_zero", -math.inf, math.inf),
    ],
)
def test_bounds_are_those_that_a_number_has(name, low, high):
    known = numbers.known(name)
    assert (known.low, known.high) == (low, high)


@pytest.mark.parametrize(
    ("name", "digits"),
    [
        ("test_accuracy", 4),
        ("parameters", 0),
        ("trainable_parameters", 0),
        ("train_examples", 0),
        ("best_epoch", 0),
        ("seconds", 1),
        ("seconds_per_epoch", 2),
        ("test_mae", 3),
        ("test_psnr", 2),
        ("near_zero", 4),
    ],
)
def test_is_written_with_as_many_digits_as_one_reads(name, digits):
    assert numbers.known(name).digits == digits


@pytest.mark.parametrize("name", ["test_accuracy", "test_r2", "test_psnr", "near_zero", "epochs"])
def test_more_of_anything_else_is_not_worse(name):
    assert not numbers.known(name).lower_is_better


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("val_data_loss", "validation loss without penalty"),
        ("running_accuracy", "running accuracy"),
        ("test_mse", "test mean squared error"),
        ("test_r2", "test R²"),
        ("val_psnr", "validation PSNR in dB"),
        ("test_top_5_accuracy", "test top-5 accuracy"),
        ("learning_rate", "learning rate"),
        ("trainable_parameters", "trainable parameters"),
    ],
)
def test_a_title_is_in_words(name, title):
    assert numbers.title(name) == title
