"""What the prose of the ledger says in words, held against the verdicts."""

import statistics

import pytest

from labkit.ledger import ledger, rule
from labkit.records import intervals

R1 = ("01_mnist_dense", "02_mnist_cnn_variants")


@pytest.fixture(scope="module")
def books():
    return ledger.read()


def numbers(books, practical, *metrics):
    """Return experiment and metric → verdict on a number that stands as the report has it."""
    return {
        (one.claim.experiment, one.claim.metric): one
        for one in books.of(practical=practical).verdicts
        if one.claim.kind == "number" and one.interval and one.outcome != "mistaken"
        if not metrics or one.claim.metric in metrics
    }


def test_most_of_r1_s_dense_numbers_lie_on_the_worse_side(books):
    found = numbers(books, "01_mnist_dense")
    worse = [
        (one.reported < one.mean) == metric.endswith("accuracy")
        for (_, metric), one in found.items()
    ]
    assert len(worse) == 14 and sum(worse) >= 12


def test_most_of_them_lie_inside_all_the_same(books):
    outside = [
        one for one in numbers(books, "01_mnist_dense").values() if one.reported not in one.interval
    ]
    assert [one.claim.id for one in outside] == ["r1-dense-4-dropout-loss"]


def test_network_b_is_outside_and_three_names_share_one_number(books):
    found = numbers(books, "02_mnist_cnn_variants")
    assert found["02/conv-b", "test_accuracy"].outcome == "lower"
    assert found["02/conv-b", "test_loss"].outcome == "higher"
    inside = {found[f"02/conv-{one}", "test_accuracy"].outcome for one in "ac"}
    assert inside <= {"reproduced", "undecided"}


def test_small_networks_took_r2_longer_and_large_ones_did_not(books):
    found = numbers(books, "04_mnist_progression", "seconds")
    small = [found[f"04/{name}", "seconds"].outcome for name in ("first", "second-v1", "second-v2")]
    large = [found[f"04/{name}", "seconds"].outcome for name in ("two-conv", "third")]
    assert small == ["lower"] * 3 and "lower" not in large


def test_the_first_model_s_loss_is_far_higher_here(books):
    one = numbers(books, "04_mnist_progression")["04/first", "test_loss"]
    assert one.outcome == "higher" and one.reported < 0.75 * one.interval.low


def test_five_verdicts_do_not_come_from_the_rule(books):
    by_hand = {one.outcome for one in books.verdicts if one.claim.answer}
    by_hand |= {one.outcome for one in books.verdicts if one.claim.kind == "failure"}
    assert by_hand == {"shown", "in part", "by construction", "mistaken", "not tested"}


def test_three_runs_that_lie_closer_together_leave_a_wider_interval():
    five = [0.970, 0.971, 0.972, 0.973, 0.974]
    assert statistics.stdev(five[:3]) < statistics.stdev(five)
    wide, wider = intervals.for_another_run(five), intervals.for_another_run(five[:3])
    assert wider.half_width > wide.half_width > max(five) - statistics.fmean(five)


def test_the_examples_of_the_rule_come_out_differently():
    five = [0.970, 0.971, 0.972, 0.973, 0.974]
    reported = (0.9720, 0.9690, 0.9665, 0.9785)
    assert [rule.on_number(one, five, tolerance=0.002)[0] for one in reported] == [
        "reproduced",
        "undecided",
        "higher",
        "lower",
    ]
    examples = ([2, 3, 4], [-4, 1, 6], [-2, -3, -4])
    assert [rule.on_difference(">", one)[0] for one in examples] == [
        "reproduced",
        "not distinguishable",
        "contradicted",
    ]


def test_equal_and_as_good_come_apart_in_the_examples():
    examples = ([-1, 0, 1], [-4, 1, 6], [5, 6, 7])
    found = [
        [rule.on_difference(sign, one, tolerance=3)[0] for sign in ("=", ">=")] for one in examples
    ]
    assert found == [
        ["reproduced", "reproduced"],
        ["equality not shown", "equality not shown"],
        ["contradicted", "reproduced"],
    ]
