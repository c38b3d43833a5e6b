import dataclasses
import re
from xml.etree import ElementTree

import pytest
from made_up_runs import made_up_run

import labkit
from labkit.errors import ClaimError, ParameterError
from labkit.ledger import interval_plot, ledger, verdicts
from labkit.ledger.claims import Claim
from labkit.ledger.ledger import Ledger
from labkit.ledger.measured import Records
from labkit.records import store

THREE = [0.90, 0.91, 0.92]


def claim(id="r8-x", **fields):
    common = {"report": id[:2].upper(), "section": "Results", "says": "the value is {value}."}
    page = "01_mnist_dense#train-them"
    return Claim(id=id, **common | {"kind": "number", "page": page} | fields)


def number(value, id="r8-x", **fields):
    common = {"experiment": "99/a", "metric": "test_accuracy", "tolerance": 0.005}
    return claim(id, value=value, **common | fields)


@pytest.fixture
def records(tmp_path):
    for seed, accuracy in enumerate(THREE):
        store.add(made_up_run(accuracy, experiment="99/a", seed=seed), tmp_path)
        store.add(made_up_run(accuracy - 0.1, experiment="99/b", seed=seed), tmp_path)
    return Records(tmp_path)


@pytest.fixture
def books(records):
    page = "02_mnist_cnn_variants#five-combinations"
    entered = [
        number(0.91),
        number(0.99, "r8-y", answer="mistaken", because="a < b was copied."),
        claim("r9-x", kind="comparison", comparison="99/a.test_accuracy > 99/b.test_accuracy"),
        claim("r9-y", kind="statement", answer="shown", says="so it is.", page=page),
    ]
    return Ledger(verdicts.judge_all(entered, records))


def rows(table):
    """Return the rows of a table as elements; it must be well-formed, as a browser reads it."""
    markup = re.sub(r"<br>", "<br/>", table._repr_html_())
    return list(ElementTree.fromstring(f"<div>{markup}</div>").iter("tr"))


def words(element):
    return " ".join("".join(element.itertext()).split())


@pytest.fixture
def own(records):
    """Return findings of the course itself."""
    better = claim("one", kind="comparison", comparison="99/a.test_accuracy > 99/b.test_accuracy")
    found = [dataclasses.replace(better, report="", section="", says="one is better.")]
    return Ledger(verdicts.judge_all(found, records))


def test_says_in_one_sentence_how_each_kind_of_claim_came_out(books):
    assert books.sentence() == (
        "The ledger has 4 claims of the reports R8 and R9: 2 measurements (1 agrees and "
        "1 mistaken) and 2 conclusions (2 agree)."
    )


def test_says_in_one_sentence_how_the_course_s_own_findings_came_out(own):
    assert own.sentence() == ("The course states 1 finding of its own: 1 conclusion (1 agrees).")


def test_counts_every_outcome_of_each_kind_and_says_what_it_means(books):
    frame = books.counts().frame
    assert list(frame.columns) == ["measurements", "conclusions", "in all"]
    assert [row.partition(":")[0] for row in frame.index] == [*verdicts.OUTCOMES, "in all"]
    assert frame.loc["in all"].tolist() == [2, 2, 4]
    mistaken = "mistaken: the report's procedure, or its own tables, cannot support it"
    assert frame.loc[mistaken].tolist() == [1, 0, 1]


def test_counts_what_survives_of_each_report_s_comparisons(records):
    base = "99/a.test_accuracy > 99/b.test_accuracy"
    entered = [
        claim("r8-x", kind="comparison", comparison=base),
        claim("r8-y", kind="comparison", comparison="99/a.test_accuracy > 0.9"),
        claim("r8-z", kind="comparison", comparison="99/a.test_accuracy > 0.88"),
        claim("r9-x", kind="comparison", comparison="99/a.test_accuracy > 0.88"),
        number(0.91, "r9-y"),
    ]
    table = Ledger(verdicts.judge_all(entered, records)).families()
    assert table.frame.to_dict("list") == {"R8": [3, 2, 1], "R9": [1, 1, 1]}


def test_has_parts(books):
    assert [one.claim.id for one in books.of(report="R9").verdicts] == ["r9-x", "r9-y"]
    assert [one.claim.id for one in books.of(outcome="mistaken").verdicts] == ["r8-y"]
    part = books.of(practical="02_mnist_cnn_variants")
    assert [one.claim.id for one in part.verdicts] == ["r9-y"]
    assert [one.claim.id for one in books.of(kind="conclusions").verdicts] == ["r9-x", "r9-y"]


def test_a_part_that_is_not_there_is_an_error(books):
    with pytest.raises(ClaimError) as problem:
        books.of(report="R7")
    assert str(problem.value) == (
        "ledger.of report: expected one of R8, R9; received 'R7'. "
        "Ask for one of these, or add a claim to book/claims."
    )


def test_a_row_leads_to_its_section_its_records_and_its_command(books):
    row = rows(books)[1]
    assert row.get("id") == "r8-x"
    links = {words(one): one.get("href") for one in row.iter("a")}
    assert links == {
        "01: train them": "01_mnist_dense.ipynb#train-them",
        "99/a": "../runs/99/a.json",
    }
    (command,) = row.iter("code")
    assert words(command) == (
        "labkit record notebooks/99_*.py --budget full --seeds 0-2 --only '99/a'"
    )


def test_a_row_says_what_was_reported_recorded_and_decided(books):
    said, verdict, reported, recorded = list(rows(books)[1])
    assert words(said).startswith("the value is 0.91.")
    assert (words(reported), reported.get("data-value")) == ("0.91", "0.91")
    assert words(recorded) == "0.9100 ± 0.0100full, 3 seeds"
    assert float(recorded.get("data-value")) == pytest.approx(0.91)
    assert words(verdict).startswith("reproduced")
    assert "Why: it lies within the tolerance of our mean, ± 0.005." in words(verdict)
    assert "Another run of ours: 0.8603 to 0.9597." in words(verdict)
    assert "Would change it: a report outside 0.9050 to 0.9150." in words(verdict)


def test_a_mistake_says_its_reason_and_what_the_rule_alone_would_say(books):
    row = words(rows(books)[2])
    assert "mistaken" in row and "Why: a < b was copied." in row
    assert "By the rule alone: lower." in row


def test_a_comparison_shows_its_difference(books):
    assert "+0.1000 ± 0.0000difference, full, 3 seeds" in words(rows(books)[3])


def test_an_open_verdict_says_what_would_decide_it(records):
    undecided = number(0.94)
    row = words(rows(Ledger(verdicts.judge_all([undecided], records)))[1])
    assert "Would decide it: 6 seeds, if mean and scatter stay as they are." in row


def test_a_row_says_where_our_conditions_differ(records):
    other = number(0.91, differs="54,000 images where R8 had 60,000")
    row = words(rows(Ledger(verdicts.judge_all([other], records)))[1])
    assert "Our conditions differ: 54,000 images where R8 had 60,000." in row


def test_a_comparison_of_seconds_shows_its_ratio(records):
    asked = claim(kind="comparison", comparison="99/a.seconds > 0.5 * 99/b.seconds")
    row = words(rows(Ledger(verdicts.judge_all([asked], records)))[1])
    assert "× 2.00ratio, full, 3 seeds" in row and "Judged by: × 2.00 to 2.00." in row


def test_on_a_practical_s_page_the_verdict_leads_to_the_ledger(books):
    row = rows(books.of(practical="02_mnist_cnn_variants"))[1]
    (link,) = row.iter("a")
    assert (words(link), link.get("href")) == ("shown", "07_replication_ledger.ipynb#r9-y")
    assert words(row).startswith("so it is.")
    assert row.get("id") is None  # the same id must not stand twice on the site's ledger


def test_on_a_practical_s_page_a_given_answer_says_its_reason(books):
    assert "mistakena < b was copied." in words(rows(books.of(practical="01_mnist_dense"))[2])


def test_from_a_folder_below_links_lead_up(records):
    deeper = claim(kind="statement", answer="shown", says="so.", page="tp4/01_boston#x")
    part = Ledger(verdicts.judge_all([deeper], records)).of(practical="tp4/01_boston")
    (link,) = rows(part)[1].iter("a")
    assert link.get("href") == "../07_replication_ledger.ipynb#r8-x"


MARKUP = "<b>&'\""


def test_markup_in_a_claim_shows_as_it_is_written(records):
    odd = claim(
        f"r8-{MARKUP}", kind="statement", answer="shown", says=f"{MARKUP} so.", because=MARKUP,
        page=f"01_mnist_dense{MARKUP}#train-{MARKUP}",
    )  # fmt: skip
    judged = verdicts.judge_all([odd], records)
    row, brief = rows(Ledger(judged))[1], rows(Ledger(judged, practical=odd.practical))[1]
    assert row.get("id") == f"r8-{MARKUP}"
    assert [one.get("href") for one in row.iter("a")] == [
        f"01_mnist_dense{MARKUP}.ipynb#train-{MARKUP}"
    ]
    assert f"{MARKUP} so." in words(row) and f"Why: {MARKUP}." in words(row)
    (link,) = brief.iter("a")
    assert link.get("href") == f"07_replication_ledger.ipynb#r8-{MARKUP}"
    assert f"{MARKUP} so." in words(brief)


def test_a_count_that_a_page_shows_needs_no_runs(records):
    shown = claim(kind="count", value=3, answer="shown", because="the cell prints it.")
    verdict = verdicts.judge(shown, records)
    assert (verdict.outcome, verdict.found) == ("shown", None)


def test_a_verdict_in_full_for_a_terminal(records):
    unit = number(0.5, "r8-unit", answer="not tested", because="the unit.")
    ratio = number(1.0, relative_to=unit)
    text = labkit.ledger.rows.text(verdicts.judge(ratio, records))
    assert text.splitlines()[0] == "r8-x"
    assert "Reported              1.0 (× 2.00)" in text
    assert "Recorded              × 1.00 ± 0.00" in text
    assert "full, 3 seeds, 2 CPU cores (Made-up), 2026-11-21" in text


def test_names_where_its_numbers_come_from(books):
    assert books.caption == "full, 3 seeds, 2 CPU cores (Made-up), 2026-11-21"
    assert words(rows(books)[0]) == "what it saysverdictreportedrecorded"
    assert "2 CPU cores (Made-up)" in books._repr_html_()
    assert repr(books).splitlines()[0] == "reproduced           the value is 0.91."


def test_the_course_s_ledger_has_every_claim():
    from labkit.ledger import claims

    assert [one.claim for one in ledger.read().verdicts] == list(claims.read())


def test_the_findings_are_a_ledger_of_their_own(own):
    row = rows(own)[1]
    assert own.reports == ()
    assert words(row).startswith("one is better.")
    assert labkit.ledger.rows.text(own.verdicts[0]).splitlines()[:2] == [
        "one",
        "  This course says      one is better.",
    ]


def test_the_tolerances_have_a_row_a_unit_with_the_reason():
    frame = ledger.tolerances().frame
    assert frame.loc["accuracy", "tolerance"] == "± 0.005"
    assert all(reason.endswith(".") for reason in frame["because"])


def test_draws_reported_against_recorded(books):
    (panel,) = interval_plot.plot(books.verdicts, {"test_accuracy": "test accuracy"}).axes
    another, same, reported, mean = (list(line.get_xdata()) for line in panel.lines[:4])
    assert another == pytest.approx([0.8603, 0.9597], abs=1e-4)
    assert same == pytest.approx([0.905, 0.915])
    assert (reported, mean) == ([0.91], [pytest.approx(0.91)])
    assert [text.get_text() for text in panel.get_yticklabels()] == ["a"]
    assert panel.get_xlabel() == "test accuracy"


def named(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


OF_OURS = ["mean of our runs", "where another run of ours may fall", "tolerance around our mean"]


def test_each_kind_of_mark_is_named_once(books):
    figure = interval_plot.plot(books.verdicts, {"test_accuracy": "test accuracy"})
    assert named(figure) == [*OF_OURS, "reported: reproduced", "reported: mistaken"]


def test_undecided_has_a_mark_of_its_own_and_what_no_rule_judges_has_none(records):
    given = {"answer": "by construction", "because": "so it is."}
    entered = [number(0.94), number(0.91, "r8-y", **given)]
    figure = interval_plot.plot(verdicts.judge_all(entered, records), {"test_accuracy": "accuracy"})
    assert named(figure) == [*OF_OURS, "reported: undecided"]
    assert len(figure.axes[0].lines) == 4


def test_a_metric_without_numbers_cannot_be_drawn(books):
    with pytest.raises(ParameterError, match="expected one that a number among the verdicts"):
        interval_plot.plot(books.verdicts, {"test_f1": "F1"})
