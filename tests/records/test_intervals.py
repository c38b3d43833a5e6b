import numpy as np
import pytest

from labkit.records import intervals
from labkit.records.intervals import Interval

FIVE = [0.970, 0.971, 0.972, 0.973, 0.974]
T_4 = 2.776445  # Student's quantile for 95 % and 4 degrees of freedom, from a printed table
T_2 = 4.302653


def test_another_run_is_expected_within_the_prediction_interval():
    half = T_4 * np.std(FIVE, ddof=1) * np.sqrt(1 + 1 / 5)
    found = intervals.for_another_run(FIVE)
    assert (found.low, found.high) == pytest.approx((0.972 - half, 0.972 + half), abs=1e-8)


def test_the_mean_is_expected_within_the_confidence_interval():
    half = T_2 * np.std(FIVE[:3], ddof=1) / np.sqrt(3)
    found = intervals.for_the_mean(FIVE[:3])
    assert (found.low, found.high) == pytest.approx((0.971 - half, 0.971 + half), abs=1e-8)


def test_runs_that_agree_in_every_digit_leave_no_room():
    assert intervals.for_the_mean([2.0, 2.0, 2.0]) == Interval(2.0, 2.0)


def test_of_many_runs_19_in_20_fall_inside():
    draws = np.random.default_rng(1).normal(3.0, 0.5, size=(4000, 4))
    inside = [one[3] in intervals.for_another_run(one[:3].tolist()) for one in draws]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)


def test_of_many_means_19_in_20_are_found():
    draws = np.random.default_rng(2).normal(3.0, 0.5, size=(4000, 3))
    inside = [3.0 in intervals.for_the_mean(one.tolist()) for one in draws]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)


def test_the_ends_belong_to_an_interval():
    interval = Interval(1.0, 3.0)
    assert 1.0 in interval and 3.0 in interval and 3.1 not in interval
    assert (interval.center, interval.half_width) == (2.0, 1.0)
    assert interval.clipped(0, 2) == Interval(1.0, 2)
