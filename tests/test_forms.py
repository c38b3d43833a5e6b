import math

import pytest

from labkit import forms

STAMP = forms.fields(
    {"name": forms.text, "sizes": forms.by_name(forms.count), "note": forms.maybe(forms.text)},
    optional=("note",),
)


def test_reads_what_has_the_form():
    plain = {"name": "mnist", "sizes": {"train": 2, "test": 0}, "note": None}
    assert STAMP(plain) == plain
    assert STAMP({"name": "", "sizes": {}}) == {"name": "", "sizes": {}}


@pytest.mark.parametrize(
    ("plain", "complaint"),
    [
        ({"name": "a"}, "no sizes"),
        ({"name": "a", "sizes": {}, "seize": 1}, "'seize' is unknown"),
        ({"name": 5, "sizes": {}}, "name: 5 in place of a text"),
        ({"name": "a", "sizes": {"train": -1}}, "sizes: train: -1 in place of a whole number"),
        ({"name": "a", "sizes": {"train": True}}, "sizes: train: True in place of a whole number"),
        ({"name": "a", "sizes": [1]}, "sizes: [1] in place of values by name"),
        (["name"], "['name'] in place of values by name"),
    ],
)
def test_says_where_what_is_wrong(plain, complaint):
    with pytest.raises(ValueError) as caught:
        STAMP(plain)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("read", "right", "wrong"),
    [
        (forms.text, ["", "x"], [None, 1, ["x"]]),
        (forms.one_of("a", "b"), ["a"], ["c", None, [], {}]),
        (forms.count, [0, 10**30], [-1, True, 1.0, "1", None]),
        (forms.duration, [0, 0.5], [-1, math.nan, math.inf, True, None, "1"]),
        (forms.number, [0, -0.5, 1e308], [math.nan, math.inf, True, "1", [], 10**400]),
        (forms.logged, [0, math.inf], [True, None, "1", 10**400]),
        (forms.plain, ["x", 1, True, None, [1, {"a": [0.5]}]], [math.nan, [math.inf], {"a": {1}}]),
        (forms.several(forms.count), [[], [1, 2]], [(1,), "12", None, {}, [-1], {1: 2}]),
    ],
)
def test_what_has_a_form_and_what_has_not(read, right, wrong):
    for value in right:
        read(value)
    for value in wrong:
        with pytest.raises(forms.WRONG):
            read(value)


def test_null_is_a_number_that_is_none():
    assert math.isnan(forms.number(None))
    read = forms.numbers([0.5, None, 1])
    assert (read[0], math.isnan(read[1]), read[2]) == (0.5, True, 1.0)
    assert forms.numbers([0.5, 0.25]) == (0.5, 0.25)


@pytest.mark.parametrize("wrong", [[0.5, math.inf], [math.inf, -math.inf], [True], 0.5, None])
def test_a_list_of_numbers_has_only_finite_ones(wrong):
    with pytest.raises(ValueError):
        forms.numbers(wrong)


def test_what_is_nested_without_end_is_refused():
    plain = []
    for _ in range(100_000):
        plain = [plain]
    with pytest.raises(forms.WRONG):
        forms.plain(plain)
