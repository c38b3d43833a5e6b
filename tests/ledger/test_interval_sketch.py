"""The drawing of a verdict's interval: each mark in its place, and the same in words."""

import re
from types import SimpleNamespace

import pytest

from labkit.ledger.claim import Claim
from labkit.ledger.interval_sketch import in_words, sketch
from labkit.ledger.verdicts import Verdict
from labkit.records import Interval, replicates

COMMON = {"id": "r9-x", "report": "R9", "section": "Results", "says": "{value}.", "page": "01#a"}


def evidence(*values):
    seeds = dict(enumerate(values))
    return SimpleNamespace(values=seeds, statistic=replicates.over(list(values)))


def number(reported, *values, low, high):
    fields = {"kind": "number", "value": reported, "unit": "accuracy", "tolerance": 0.005}
    claim = Claim(**COMMON, **fields, experiment="99/a", metric="test_accuracy")
    verdict = {"outcome": "reproduced", "evidence": evidence(*values), "reported": reported}
    return Verdict(claim=claim, interval=Interval(low, high), **verdict)


def comparison(text, *values, low, high, tolerance=None):
    claim = Claim(**COMMON, kind="comparison", comparison=text, tolerance=tolerance)
    interval = Interval(low, high)
    return Verdict(claim=claim, outcome="reproduced", evidence=evidence(*values), interval=interval)


def dots(drawing):
    return [float(one) for one in re.findall(r'<circle cx="([\d.]+)"', drawing)]


def test_marks_stand_in_the_order_of_their_numbers():
    drawing = sketch(number(0.96, 0.90, 0.91, 0.92, low=0.86, high=0.97))
    mean = float(re.search(r'<path d="M([\d.]+) 7v16"', drawing)[1])
    reported = float(re.search(r'<path d="M([\d.]+) 9l6', drawing)[1])
    first, second, third = dots(drawing)
    assert 10 < first < second < third < reported < 200
    assert mean == second


def test_a_number_says_mean_interval_and_report_in_words():
    verdict = number(0.96, 0.90, 0.91, 0.92, low=0.86, high=0.97)
    words = "Our mean 0.9100; another run of ours 0.8600 to 0.9700; reported 0.9600."
    assert in_words(verdict) == words
    assert f'role="img" aria-label="{words}"' in sketch(verdict)


def test_a_comparison_has_its_margin_as_a_band():
    text = "99/a.test_accuracy = 99/b.test_accuracy"
    verdict = comparison(text, -0.001, 0.0, 0.001, low=-0.002, high=0.002, tolerance=0.005)
    assert in_words(verdict) == (
        "Mean difference 0.0000, within -0.0020 to 0.0020, "
        "asked for: a difference of at most 0.005."
    )
    begin, end = re.search(
        r'<path d="M([\d.]+) 15H([\d.]+)" stroke="#0173b2"', sketch(verdict)
    ).groups()
    assert (float(begin), float(end)) == (10, 200)


@pytest.mark.parametrize(("sign", "begin", "end"), [(">=", 10, 200), ("<=", 10, 200)])
def test_as_good_as_leaves_the_better_side_open(sign, begin, end):
    text = f"99/a.test_accuracy {sign} 99/b.test_accuracy"
    far = {">=": (0.0, 0.03), "<=": (-0.03, 0.0)}[sign]
    verdict = comparison(text, *far, sum(far) / 2, low=far[0], high=far[1], tolerance=0.005)
    found = re.search(r'<path d="M([\d.]+) 15H([\d.]+)" stroke="#0173b2"', sketch(verdict)).groups()
    assert tuple(map(float, found)) == (begin, end)


def test_without_a_margin_there_is_no_band():
    text = "99/a.test_accuracy > 99/b.test_accuracy"
    drawing = sketch(comparison(text, 0.01, 0.02, 0.03, low=0.005, high=0.035))
    assert "#0173b2" not in drawing and "stroke-dasharray" in drawing


def test_seconds_are_drawn_as_ratios():
    text = "99/a.seconds > 99/b.seconds"
    verdict = comparison(text, 0.6, 0.7, 0.8, low=1.5, high=2.7)
    assert in_words(verdict) == "Mean ratio × 2.01, within × 1.50 to 2.70."


def test_a_verdict_without_runs_has_no_drawing():
    claim = Claim(**COMMON, kind="statement", answer="shown")
    assert sketch(Verdict(claim=claim, outcome="shown")) == ""
