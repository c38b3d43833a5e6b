"""The rule at its borders, on made-up numbers."""

import math

import numpy as np
import pytest
from scipy import stats

from labkit.ledger import rule

T_95 = {2: 4.302653, 4: 2.776445}  # by degrees of freedom, from a printed table of Student's t
T_90 = {2: 2.919986}

# 0.90, 0.91, 0.92 have mean 0.91 and sd 0.01.
THREE = [0.90, 0.91, 0.92]
HALF = T_95[2] * 0.01 * math.sqrt(1 + 1 / 3)
# 1, 2, 3 have mean 2, sd 1, and these half-widths around the mean.
BORDER = T_95[2] / math.sqrt(3)
ONE_END = T_90[2] / math.sqrt(3)


def around(mean):
    return [mean - 1, mean, mean + 1]


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (0.005 - 1e-9, "reproduced"),
        (0.005 + 1e-9, "undecided"),
        (HALF - 1e-6, "undecided"),
        (HALF + 1e-6, "lower"),  # ours are
        (-0.005 + 1e-9, "reproduced"),
        (-0.005 - 1e-9, "undecided"),
        (-HALF + 1e-6, "undecided"),
        (-HALF - 1e-6, "higher"),
    ],
)
def test_a_number_is_told_by_its_tolerance_first_and_then_by_the_scatter(distance, expected):
    assert rule.on_number(0.91 + distance, THREE, tolerance=0.005)[0] == expected


@pytest.mark.parametrize(("tolerance", "expected"), [(0.0499, "lower"), (0.0501, "reproduced")])
def test_a_tolerance_wider_than_the_scatter_leaves_nothing_undecided(tolerance, expected):
    assert rule.on_number(0.96, [0.909, 0.91, 0.911], tolerance=tolerance)[0] == expected


def test_a_number_comes_with_where_another_run_would_fall():
    _, interval = rule.on_number(0.5, THREE, tolerance=0.2)
    assert (interval.low, interval.high) == pytest.approx((0.91 - HALF, 0.91 + HALF))


@pytest.mark.parametrize(
    ("mean", "sign", "expected"),
    [
        (BORDER + 1e-6, ">", "reproduced"),
        (BORDER - 1e-6, ">", "not distinguishable"),
        (-BORDER + 1e-6, ">", "not distinguishable"),
        (-BORDER - 1e-6, ">", "contradicted"),
        (BORDER + 1e-6, "<", "contradicted"),
        (BORDER - 1e-6, "<", "not distinguishable"),
        (-BORDER - 1e-6, "<", "reproduced"),
    ],
)
def test_a_difference_has_a_sign_where_zero_lies_outside(mean, sign, expected):
    assert rule.on_difference(sign, around(mean))[0] == expected


@pytest.mark.parametrize(
    ("mean", "tolerance", "expected"),
    [
        (0.0, BORDER + 1e-6, "reproduced"),
        (0.0, BORDER - 1e-6, "equality not shown"),
        (1.0, BORDER + 1 + 1e-6, "reproduced"),
        (1.0, BORDER + 1 - 1e-6, "equality not shown"),
        (BORDER + 1 + 1e-6, 1.0, "contradicted"),
        (BORDER + 1 - 1e-6, 1.0, "equality not shown"),
        (-BORDER - 1 - 1e-6, 1.0, "contradicted"),
    ],
)
def test_equal_is_what_lies_wholly_within_the_tolerance(mean, tolerance, expected):
    assert rule.on_difference("=", around(mean), tolerance=tolerance)[0] == expected


@pytest.mark.parametrize(
    ("mean", "expected"),
    [
        (50.0, "reproduced"),  # better is as good
        (ONE_END - 3 + 1e-5, "reproduced"),
        (ONE_END - 3 - 1e-5, "equality not shown"),
        (-3 - ONE_END + 1e-5, "equality not shown"),
        (-3 - ONE_END - 1e-5, "contradicted"),
    ],
)
def test_as_good_as_is_judged_on_the_worse_side_alone(mean, expected):
    assert rule.on_difference(">=", around(mean), tolerance=3)[0] == expected
    assert rule.on_difference("<=", around(-mean), tolerance=3)[0] == expected


def test_runs_without_any_difference_cannot_be_told_apart():
    assert rule.on_difference(">", [0.0, 0.0, 0.0])[0] == "not distinguishable"
    assert rule.on_difference("=", [0.0, 0.0, 0.0], tolerance=0.001)[0] == "reproduced"
    assert rule.p_value(">", [0.0, 0.0, 0.0]) == 1.0


def test_the_p_value_is_that_of_the_paired_t_test():
    better, worse = np.array([0.95, 0.97, 0.96, 0.99]), np.array([0.94, 0.95, 0.96, 0.95])
    expected = stats.ttest_rel(better, worse).pvalue
    for sign in "<>":
        assert rule.p_value(sign, list(better - worse)) == pytest.approx(expected)


def test_as_good_as_has_the_p_value_of_the_one_sided_test_against_its_margin():
    differences = [0.01, 0.02, 0.04]
    expected = stats.ttest_1samp(differences, -0.01, alternative="greater").pvalue
    assert rule.p_value(">=", differences, tolerance=0.01) == pytest.approx(expected)


@pytest.mark.parametrize("sign", ["<", ">", "=", ">=", "<="])
def test_a_comparison_is_decided_where_its_p_value_is_below_one_in_twenty(sign):
    draws = np.random.default_rng(0).normal(0.5, 1, size=(400, 4))
    open_words = ("not distinguishable", "equality not shown")
    decided = []
    for one in draws.tolist():
        outcome, _ = rule.on_difference(sign, one, tolerance=2.0)
        decided.append(outcome not in open_words)
        assert decided[-1] == (rule.p_value(sign, one, tolerance=2.0) < 0.05)
    assert {True, False} == set(decided)


def test_a_difference_that_does_not_scatter_is_certain():
    assert rule.p_value(">", [1.0, 1.0, 1.0]) == 0.0


@pytest.mark.parametrize(
    ("sign", "mean", "expected"),
    [("<", -0.2, 0.2), ("=", 0.5, 1.5), ("=", -3, 1), (">=", 0.5, 2.5), ("<=", 0.5, 1.5)],
)
def test_the_distance_is_that_to_where_the_verdict_turns(sign, mean, expected):
    assert rule.distance(sign, mean, 2.0) == pytest.approx(expected)


@pytest.mark.parametrize(("gap", "sd"), [(0.010, 0.002), (0.001, 0.002), (1.0, 0.9)])
def test_the_fewest_seeds_that_tell_a_difference_are_one_more_than_too_few(gap, sd):
    seeds = rule.seeds_for_difference(gap, sd)

    def half(n):
        return stats.t.ppf(0.975, n - 1) * sd / math.sqrt(n)

    assert half(seeds) < gap <= half(seeds - 1)


def test_as_good_as_needs_fewer_seeds_than_a_difference():
    assert rule.seeds_for_difference(0.5, 1.0, sign=">=") < rule.seeds_for_difference(0.5, 1.0)


def test_no_number_of_seeds_tells_what_is_no_difference():
    assert rule.seeds_for_difference(0.0, 1.0) is None


def test_a_single_number_within_its_own_scatter_is_never_told():
    assert rule.seeds_for_number(1.9, 1.0) is None  # beyond 1.96, some number of seeds does
    seeds = rule.seeds_for_number(2.2, 1.0)
    assert stats.t.ppf(0.975, seeds - 1) * math.sqrt(1 + 1 / seeds) < 2.2


def test_a_family_keeps_what_benjamini_and_hochberg_keep():
    """The example of their paper: of 15 comparisons the four smallest survive at 5 %."""
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p_values += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert rule.surviving(p_values) == [True] * 4 + [False] * 11
    assert rule.surviving([]) == []
