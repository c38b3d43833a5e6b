import math

import pytest

from labkit.errors import ClaimError
from labkit.ledger import comparisons
from labkit.ledger.comparisons import Comparison, Quantity, Side

A = Quantity("01/a", "test_loss")
B = Quantity("tp4/02/b-2", "test_accuracy")


def test_reads_two_values_and_the_sign_between_them():
    assert comparisons.parse("01/a.test_loss < tp4/02/b-2.test_accuracy") == Comparison(
        Side(((1, A),)), "<", Side(((1, B),))
    )


@pytest.mark.parametrize("sign", ["<", ">", "=", "<=", ">="])
def test_knows_five_signs(sign):
    assert comparisons.parse(f"01/a.test_loss {sign} 01/b.test_loss").sign == sign


def test_a_side_may_be_a_gap():
    read = comparisons.parse("01/a.test_loss - tp4/02/b-2.test_accuracy > 01/a.test_loss")
    assert read.left.terms == ((1, A), (-1, B))
    assert read.quantities == (A, B)
    assert (str(read.left), str(read.right)) == (
        "test loss of 01/a less test accuracy of tp4/02/b-2",
        "test loss of 01/a",
    )
    assert read.difference({A: 3.0, B: 1.0}) == -1


def test_a_side_may_be_a_number():
    read = comparisons.parse("01/a.test_loss > -0.5")
    assert (read.right, str(read.right)) == (Side(number=-0.5), "-0.5")
    assert read.difference({A: 3.0}) == 3.5


def test_a_side_may_be_a_multiple():
    read = comparisons.parse("2.5 * 01/a.test_loss > tp4/02/b-2.test_accuracy")
    assert str(read.left) == "2.5 × test loss of 01/a"
    assert read.difference({A: 3.0, B: 1.0}) == 6.5


def test_a_metric_may_be_that_after_an_epoch():
    read = comparisons.parse("01/a.val_loss[5] < 05/b@rate=0.01.val_loss[-1]")
    assert read.quantities == (
        Quantity("01/a", "val_loss", 5),
        Quantity("05/b@rate=0.01", "val_loss", -1),
    )
    assert (str(read.left), str(read.right)) == (
        "val loss of 01/a after epoch 5",
        "val loss of 05/b@rate=0.01 after the last epoch",
    )


def test_seconds_are_compared_by_their_ratio():
    read = comparisons.parse("01/a.seconds < 2 * 01/b.seconds")
    a, b = read.quantities
    assert read.is_of_seconds
    assert read.difference({a: 30.0, b: 5.0}) == pytest.approx(math.log(3))
    assert math.isnan(read.difference({a: 30.0, b: 0.0}))
    assert read.margin(0.1) == pytest.approx(math.log(1.1))


def test_a_tolerance_is_a_difference_of_all_but_seconds():
    read = comparisons.parse("01/a.test_loss = 01/b.test_loss")
    assert not read.is_of_seconds and read.margin(0.1) == 0.1 and read.margin(None) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01/a.test_loss",
        "01/a < 01/b",
        "01/a.test_loss<01/b.test_loss",
        "01/a.test_loss == 01/b.test_loss",
        "0.4 < 0.5",
        "01/a.x - 01/b.x - 01/c.x < 01/d.x",
        "01/a.x - 0.5 < 01/d.x",
        "01/a.val_loss[0] < 01/d.x",
        "01/a.val_loss[a] < 01/d.x",
        "-2 * 01/a.x < 01/d.x",
        "01/a.seconds < 01/b.test_loss",
        "01/a.seconds - 01/b.seconds < 01/b.seconds",
        "01/a.seconds > 0",
        "01/a.x < " + "9" * 5000,
    ],
)
def test_refuses_what_has_another_form(text):
    with pytest.raises(ClaimError) as problem:
        comparisons.parse(text)
    assert not comparisons.is_one(text)
    assert str(problem.value) == (
        "comparison: expected two sides with <, >, =, <= or >= between them, each a number, "
        '"experiment.metric", "2 * experiment.metric" or "experiment.metric - experiment.metric", '
        "with runs on one of them at least, and seconds only with seconds or a number above 0, "
        f'not as a difference; received {text!r}. Write it like "01/a.test_accuracy > '
        '01/b.test_accuracy".'
    )
