import keras
import numpy as np
import pytest
from made_up_runs import made_up_run

from labkit import data
from labkit.course import checks
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

    digits = data.load("mnist", train=1200, validation=120, seed=0, source="sample")
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


def regression(error, *, of="mae", split="test"):
    return made_up_run(metrics={split: {"loss": 9.0, of: error}})


@pytest.mark.parametrize(
    ("metric", "words"), [("mae", "mean absolute error"), ("mse", "mean squared error")]
)
def test_an_error_below_the_baseline_passes(metric, words):
    message = checks.beats_baseline(regression(2.5, of=metric), 6.53)
    assert message == f"✓ test {words} is below the baseline of 6.53"


def test_an_error_as_large_as_a_constant_answer_s_hints_at_scale_and_last_layer():
    with pytest.raises(CheckFailed) as failed:
        checks.beats_baseline(regression(6.6), 6.53)
    assert str(failed.value) == (
        "test_mae: expected less than 6.530; received 6.600. Hint: About as good as a constant "
        "answer: does the loss fall from epoch to epoch? If not, scale the features, and see "
        "whether the last layer can reach the targets: a linear one reaches every number, a "
        "sigmoid those in [0, 1]; if it does, train longer."
    )


def test_an_error_far_above_hints_at_rows_and_scaling():
    with pytest.raises(CheckFailed, match="Far worse than a constant answer: are inputs and targ"):
        checks.beats_baseline(regression(60.0), 6.53)


def test_an_error_that_is_no_number_does_not_beat_a_constant_answer():
    with pytest.raises(CheckFailed):
        checks.beats_baseline(regression(float("nan")), 6.53)


def test_another_metric_is_compared_where_one_is_named():
    message = checks.beats_baseline(
        regression(2.5, split="validation"), 6.53, metric="validation_mae"
    )
    assert message == "✓ validation mean absolute error is below the baseline of 6.53"


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
