"""What a space may be, and which points it has."""

import pytest

from labkit.errors import ParameterError
from labkit.sweeps import between
from labkit.sweeps import space as spaces

pytest.importorskip("optuna")

SPACE = spaces.checked(
    {
        "units": between(4, 64, log=True),
        "rate": between(0.001, 0.1, log=True),
        "optimizer": ["sgd", "adam"],
    }
)


def proposed(number):
    import optuna

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=number))
    return spaces.proposed(SPACE, study.ask())


def test_a_space_is_in_one_order_and_its_lists_cannot_change():
    assert list(SPACE) == ["optimizer", "rate", "units"]
    assert SPACE["optimizer"] == ("sgd", "adam")


def test_its_first_point_has_the_first_values_and_the_lower_ends():
    assert spaces.first(SPACE) == {"optimizer": "sgd", "rate": 0.001, "units": 4}


def test_points_that_are_proposed_are_in_the_space_and_short_enough_to_write_down():
    points = [proposed(number) for number in range(20)]
    assert all(spaces.includes(SPACE, one) for one in points)
    assert all(len(f"{one['rate']:.12g}") <= len("0.00123") for one in points)
    assert {type(one["units"]) for one in points} == {int}


@pytest.mark.parametrize(
    "settings",
    [
        {"rate": 0.01, "units": 8},
        {"optimizer": "rmsprop", "rate": 0.01, "units": 8},
        {"optimizer": "sgd", "rate": 0.5, "units": 8},
        {"optimizer": "sgd", "rate": 0.01, "units": 8.5},
        {"optimizer": "sgd", "rate": 0.01, "units": 8, "epochs": 3},
    ],
)
def test_other_settings_are_not_in_the_space(settings):
    assert not spaces.includes(SPACE, settings)


def test_a_range_that_is_none():
    with pytest.raises(ParameterError) as problem:
        between(0.0, 0.1, log=True)
    assert str(problem.value) == (
        "between: expected two numbers, the smaller first, above zero; received 0.0 and 0.1. "
        "Write it like between(0.0001, 0.1, log=True)."
    )


@pytest.mark.parametrize(
    "ends", [(3, 3), (2, 1), ("1", "2"), (True, 2), (0.0, float("inf")), (None, 1)]
)
def test_ends_that_are_no_range(ends):
    with pytest.raises(ParameterError, match="^between: expected two numbers, the smaller first;"):
        between(*ends)


def test_an_empty_space():
    with pytest.raises(ParameterError) as problem:
        spaces.checked({})
    assert str(problem.value) == (
        "space: expected at least one setting; received none. "
        'Write it like {"learning_rate": between(0.0001, 0.1, log=True)}.'
    )


@pytest.mark.parametrize("values", [[], [16, 16], 16, "adam", {"low": 1}])
def test_a_setting_with_nothing_to_choose_from(values):
    with pytest.raises(ParameterError) as problem:
        spaces.checked({"batch_size": values})
    assert str(problem.value) == (
        "space['batch_size']: expected between(low, high), or a list of different values; "
        f'received {values!r}. Write it like {{"batch_size": [16, 32, 64]}}.'
    )


@pytest.mark.parametrize("space", [{"Rate": [1, 2]}, {"layers": [(1, 2), (3,)]}])
def test_what_no_point_can_be_recorded_under(space):
    with pytest.raises(ParameterError, match="^settings: expected names in small letters"):
        spaces.checked(space)


def test_a_setting_that_the_space_lacks():
    with pytest.raises(ParameterError) as problem:
        spaces.first(SPACE)["rates"]
    assert str(problem.value) == (
        "settings: expected a name of the space: optimizer, rate, units; received 'rates'. "
        "Did you mean 'rate'? Allowed: optimizer, rate, units."
    )
