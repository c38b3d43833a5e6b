"""The ledger at a glance: the parts of each bar are the numbers of its verdicts."""

from labkit.ledger.claim import Claim
from labkit.ledger.ledger import Ledger
from labkit.ledger.outcomes_plot import plot_outcomes
from labkit.ledger.verdicts import GLANCE, OUTCOMES, Verdict


def verdict(outcome, kind="statement", report="R9"):
    text = {"id": "x", "section": "Results", "says": "It is so.", "page": "01#a"}
    return Verdict(claim=Claim(**text, report=report, kind=kind, answer="shown"), outcome=outcome)


def widths(axes, row):
    return [one.get_width() for one in axes.patches if round(one.get_y() + 0.37) == row]


def test_a_bar_has_a_part_for_each_group_of_outcomes_that_occurs():
    found = ["reproduced", "shown", "undecided", "lower", "mistaken", "mistaken"]
    axes = plot_outcomes(Ledger(tuple(map(verdict, found)))).axes[0]
    assert widths(axes, 0) == [2, 1, 1, 2]
    assert [one.get_text() for one in axes.texts] == ["2", "1", "1", "2"]
    named = [one.get_text() for one in axes.get_legend().get_texts()]
    assert named == ["agree", "left open", "disagree", "mistaken"]


def test_kinds_stand_apart_in_one_order_and_the_course_comes_last():
    reports = Ledger((verdict("reproduced", "count"), verdict("lower", "number")))
    ours = Ledger((verdict("reproduced", "comparison", report=""),))
    axes = plot_outcomes(reports, ours).axes[0]
    assert [one.get_text() for one in axes.get_yticklabels()] == [
        "R9: measurements",
        "R9: counts",
        "Ours: conclusions",
    ]


def test_a_part_too_narrow_for_its_number_has_none():
    many = [verdict("reproduced")] * 99 + [verdict("mistaken")]
    axes = plot_outcomes(Ledger(tuple(many))).axes[0]
    assert [one.get_text() for one in axes.texts] == ["99"]


def test_every_outcome_is_in_one_group():
    assert sorted(name for part in GLANCE.values() for name in part) == sorted(OUTCOMES)
