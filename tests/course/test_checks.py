import keras
import numpy as np
import pytest
from made_up_runs import made_up_run

from labkit.course import checks
from labkit.data import dataset
from labkit.errors import CheckFailed


def dense(units):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(2)])


def test_shape_passes_and_says_what_it_saw():
    assert checks.shape(np.zeros((5, 3)), (None, 3)) == "✓ shape (5, 3)"


def test_shape_hints_at_a_missing_axis():
    with pytest.raises(CheckFailed, match="Hint: An axis is missing: images need their channels"):
        checks.shape(np.zeros((5, 28, 28)), (None, 28, 28, 1))


def test_shape_hints_at_an_axis_too_many():
    with pytest.raises(CheckFailed, match="Hint: There is an axis too many"):
        checks.shape(np.zeros((5, 28, 28)), (None, 784))


def test_shape_names_the_wrong_axis():
    with pytest.raises(CheckFailed, match="Hint: Look at axis 1"):
        checks.shape(np.zeros((5, 3)), (None, 4))


def test_parameters_pass():
    assert checks.parameters(dense(3), 23) == "✓ 23 parameters"


def test_parameters_name_a_layer_that_is_one_too_many():
    model = dense(3)
    name = model.layers[1].name
    with pytest.raises(CheckFailed, match=f"Exactly layer '{name}' too much"):
        checks.parameters(model, 15)


def test_parameters_far_off_recall_the_formula():
    with pytest.raises(CheckFailed, match=r"977 fewer than asked for. A dense layer has"):
        checks.parameters(dense(3), 1000)


def test_parameters_close_by_point_at_the_small_parts():
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(512)])
    with pytest.raises(CheckFailed, match="512 more than asked for: look at biases"):
        checks.parameters(model, 784 * 512)


def test_a_leak_is_found_and_located():
    import dataclasses

    digits = dataset.load("mnist", train=1200, validation=120, seed=0, source="sample")
    leaky = dataclasses.replace(digits, validation=digits.train.take(20, seed=1))
    assert checks.no_leakage(digits) == "✓ train, validation, test share no example"
    with pytest.raises(CheckFailed) as failed:
        checks.no_leakage(leaky)
    assert str(failed.value) == (
        "leakage: expected splits that share no example; received 20 of train in validation too. "
        "Hint: Split once, before anything else, and draw each part without the others; or the "
        "data repeat examples: book/datasets.md says which do."
    )


def test_beats_baseline_passes():
    message = checks.beats_baseline(made_up_run(0.9), 0.11)
    assert message == "✓ test accuracy is above the baseline of 0.11"


def test_as_good_as_a_guess_hints_at_the_learning_rate():
    with pytest.raises(CheckFailed, match="About as good as a guess"):
        checks.beats_baseline(made_up_run(0.11), 0.11)


def test_far_below_a_guess_hints_at_labels_and_loss():
    with pytest.raises(CheckFailed, match="Far below a guess"):
        checks.beats_baseline(made_up_run(0.01), 0.11)


def test_nothing_like_a_number_does_not_beat_a_guess():
    with pytest.raises(CheckFailed):
        checks.beats_baseline(made_up_run(float("nan")), 0.11)


def test_distinct_results_pass():
    assert checks.distinct({"A": 0.5, "B": 0.25, "C": 0.125}) == "✓ A, B and C differ"


def test_networks_that_agree_in_every_digit_are_named():
    with pytest.raises(CheckFailed) as failed:
        checks.distinct({"C": 0.03519123, "B": 0.1011054, "A2": 0.03519123, "A3": 0.03519123})
    assert str(failed.value) == (
        "results: expected another number for each network; received C, A2 and A3 agree in every "
        "digit. Hint: Look at the lines that evaluate them: is each network evaluated on itself?"
    )


def test_results_that_agree_in_most_digits_are_still_two():
    assert checks.distinct({"A": 0.03519123, "B": 0.03519124}) == "✓ A and B differ"
