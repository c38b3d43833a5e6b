import pytest

from labkit.errors import ClaimError
from labkit.ledger import comparisons
from labkit.ledger.comparisons import Comparison, Quantity

A = Quantity("01/a", "test_loss")
B = Quantity("tp4/02/b-2", "test_accuracy")


def test_reads_two_values_and_the_sign_between_them():
    assert comparisons.parse("01/a.test_loss < tp4/02/b-2.test_accuracy") == Comparison(
        (A,), "<", (B,)
    )


def test_a_side_may_be_a_gap():
    read = comparisons.parse("01/a.test_loss - tp4/02/b-2.test_accuracy > 01/a.test_loss")
    assert (read.left, read.sign, read.right) == ((A, B), ">", (A,))
    assert read.quantities == (A, B, A)
    assert read.in_words == (
        "test loss of 01/a less test accuracy of tp4/02/b-2",
        "test loss of 01/a",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01/a.test_loss",
        "01/a.test_loss <= 01/b.test_loss",
        "01/a < 01/b",
        "01/a.test_loss<01/b.test_loss",
        "01/a.test_loss < 0.5",
        "01/a.x - 01/b.x - 01/c.x < 01/d.x",
    ],
)
def test_refuses_what_has_another_form(text):
    with pytest.raises(ClaimError) as problem:
        comparisons.parse(text)
    assert str(problem.value) == (
        'comparison: expected two sides with <, > or = between them, each "experiment.metric" or '
        f'"experiment.metric - experiment.metric"; received {text!r}. Write it like '
        '"01/a.test_accuracy > 01/b.test_accuracy".'
    )
