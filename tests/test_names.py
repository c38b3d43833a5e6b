"""One grammar for the names of experiments and of the points of their sweeps."""

import pytest

from labkit import names
from labkit.errors import ParameterError


@pytest.mark.parametrize("name", ["01/dense-4", "tp4/06/network", "02/conv-a5-fixed", "99/tiny"])
def test_accepts_a_practical_and_a_name(name):
    assert names.checked(name) == name
    assert names.split(name) == (name, {})


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 16},
        {"rate": 0.001, "optimizer": "adam"},
        {"augmented": True, "dropout": None},
        {"units": -1, "rate": 1e-05},
    ],
)
def test_a_point_is_read_back_as_it_was_written(settings):
    point = names.of_point("05/sweep", settings)
    assert names.split(point) == ("05/sweep", settings)


def test_the_order_of_settings_does_not_matter():
    text = names.settings_text({"b": 1, "a": "x"})
    assert text == names.settings_text({"a": "x", "b": 1}) == "a=x,b=1"


@pytest.mark.parametrize(
    "settings",
    [{"Rate": 1}, {"rate": [1]}, {"rate": "a b"}, {"rate": "16"}, {"rate": "a=b"}, {"": 1}],
)
def test_refuses_settings_that_a_name_cannot_hold(settings):
    with pytest.raises(ParameterError) as caught:
        names.settings_text(settings)
    assert str(caught.value) == (
        "settings: expected names in small letters with plain values: numbers, words, True, "
        f"False, None; received {settings!r}. "
        'Write them like {"batch_size": 16, "optimizer": "adam"}.'
    )


def test_refuses_a_point_of_another_form():
    with pytest.raises(ParameterError) as caught:
        names.split("05/batch@16")
    assert str(caught.value) == (
        "experiment: expected a name, and after an @ the settings of a point of its sweep; "
        "received '05/batch@16'. Write it like \"05/batch@batch_size=16,optimizer=adam\"."
    )
