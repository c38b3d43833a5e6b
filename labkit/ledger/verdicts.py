"""The claims against the recorded runs: one rule, `labkit.ledger.rule`, applied to each."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from labkit.commands import record_command
from labkit.ledger import claims, rule
from labkit.ledger.claim import Claim
from labkit.ledger.comparisons import Quantity
from labkit.ledger.measured import Evidence, Records, value_of
from labkit.records import Interval, intervals, numbers, selection

# Each verdict, and what it says. From the rule, then from a page, then none.
OUTCOMES = {
    "reproduced": "our runs agree with what is said",
    "undecided": "our runs differ from the number, by no more than another run of ours might",
    "higher": "our runs come out higher than the report's number",
    "lower": "our runs come out lower than the report's number",
    "contradicted": "our runs say the opposite",
    "not distinguishable": "the difference is smaller than what the seeds leave open",
    "equality not shown": "the seeds leave open whether the difference is small enough",
    "shown": "no training is needed: a page shows that it holds",
    "in part": "a page shows that a part of it holds",
    "by construction": "it holds whatever the runs say",
    "mistaken": "the report's procedure, or its own tables, cannot support it",
    "not tested": "nothing here decides it",
    "not yet recorded": "the runs that would decide it are missing",
}
# What becomes of a sentence, at a glance: each outcome is in one of these.
GLANCE = {
    "agree": ("reproduced", "shown", "by construction"),
    "left open": ("in part", "undecided", "not distinguishable", "equality not shown"),
    "disagree": ("higher", "lower", "contradicted"),
    "mistaken": ("mistaken",),
    "not judged": ("not tested", "not yet recorded"),
}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a claim.

    Attributes:
        claim: what the report says.
        outcome: one of `OUTCOMES`.
        by_rule: what the rule alone says of the runs; None where it had nothing to judge. It
            differs from the outcome where the claim is mistaken whatever the runs say.
        evidence: the values it was judged by; None where no runs were.
        reported: the report's number as it was judged, a ratio for seconds; None for the rest.
        found: of a count, what the recorded runs have.
        interval: around our mean: where another run of ours would fall, or where the mean
            difference may lie (of seconds, the mean ratio); None without evidence.
        p_value: of a comparison, see `rule.p_value`; None of the rest.
        reason: why, in one sentence.
        otherwise: what would have changed it; empty where runs decide nothing.
    """

    claim: Claim
    outcome: str
    by_rule: str | None = None
    evidence: Evidence | None = None
    reported: float | None = None
    found: int | None = None
    interval: Interval | None = None
    p_value: float | None = None
    reason: str = ""
    otherwise: str = ""

    @property
    def mean(self) -> float | None:
        """The mean of what it was judged by, over seeds; None where no runs decide."""
        if self.evidence is None:
            return self.found
        return scaled(self.evidence.statistic.mean, self.claim)

    @property
    def experiments(self) -> tuple[str, ...]:
        """The experiments whose records decide it, or will once they are there."""
        decided_by_runs = self.evidence or self.by_rule or self.outcome == "not yet recorded"
        return self.claim.experiments if decided_by_runs else ()

    def commands(self) -> tuple[str, ...]:
        """Return the command lines that record anew what it was judged by."""
        comparison = self.claim.kind == "comparison" and self.evidence
        budget = self.evidence.budget if comparison else "full"
        last = max(self.evidence.values) if self.evidence else selection.ENOUGH_SEEDS - 1
        return tuple(record_command(one, budget, f"0-{last}") for one in self.experiments)


def judge(claim: Claim, records: Records | None = None) -> Verdict:
    """Return the verdict on a claim.

    Args:
        claim: from `claims.quote` or `claims.read`.
        records: the recorded runs; None reads the store.

    Raises:
        ClaimError: the claim asks the runs for a metric that they do not have.
    """
    return judge_all([claim], records)[0]


def judge_all(
    chosen: Iterable[Claim] | None = None, records: Records | None = None
) -> tuple[Verdict, ...]:
    """Return the verdicts on claims, in their order; None judges every claim of the reports."""
    records = records or Records()
    chosen = claims.read() if chosen is None else chosen
    return tuple(_judged(claim, records) for claim in chosen)


def counted(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Return how many verdicts there are of each outcome that occurs, as `OUTCOMES` orders them."""
    outcomes = [verdict.outcome for verdict in verdicts]
    return {one: outcomes.count(one) for one in OUTCOMES if one in outcomes}


def at_a_glance(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Return how many verdicts each part of `GLANCE` has, those with none included."""
    found = counted(verdicts)
    return {name: sum(found.get(one, 0) for one in part) for name, part in GLANCE.items()}


def _judged(claim: Claim, records: Records) -> Verdict:
    by_kind = {
        "number": _judged_number,
        "comparison": _judged_comparison,
        "count": _judged_count,
    }
    if claim.kind not in by_kind or claim.answer == "not tested":
        return Verdict(claim=claim, outcome=claim.answer or "shown", reason=claim.because or "")
    verdict = by_kind[claim.kind](claim, records)
    if claim.answer is None:
        return verdict
    return replace(verdict, outcome=claim.answer, reason=claim.because or "", otherwise="")


def _judged_number(claim: Claim, records: Records) -> Verdict:
    evidence = records.number(claim) if claim.metric else None
    if evidence is None or evidence.budget != "full" or not evidence.suffices:
        return _missing(claim, evidence, "a number needs three seeds at full")
    values = list(evidence.values.values())
    outcome, interval = rule.on_number(claim.reported, values, tolerance=claim.tolerance)
    return Verdict(
        claim=claim,
        outcome=outcome,
        by_rule=outcome,
        evidence=evidence,
        reported=claim.reported,
        interval=_possible(interval, claim),
        reason=_IN_PLACE[outcome].format(f"± {claim.tolerance:.2g}"),
        otherwise=_another_report(claim, outcome, evidence, interval),
    )


# Where a reported number lies, by what became of it.
_IN_PLACE = dict.fromkeys(
    ("higher", "lower"), "it lies outside the tolerance, {}, and where another run of ours would"
)
_IN_PLACE |= {
    "reproduced": "it lies within the tolerance of our mean, {}",
    "undecided": "it lies outside the tolerance, {}, but another run of ours might lie there too",
}


def _possible(interval: Interval, claim: Claim) -> Interval:
    """Return an interval within the bounds of its metric, which a gain does not have."""
    known = numbers.known(claim.metric)
    return interval if claim.gain_over else interval.clipped(known.low, known.high)


def _another_report(claim: Claim, outcome: str, evidence: Evidence, interval: Interval) -> str:
    """Say what would have changed the verdict on a number."""
    statistic = evidence.statistic
    if outcome == "undecided":
        seeds = rule.seeds_for_number(abs(claim.reported - statistic.mean), statistic.sd)
        if seeds is None:
            return "more runs of the report: one run alone scatters by as much"
        return f"{seeds:,} seeds, if mean and scatter stay as they are"
    agreeing = intervals.around(statistic.mean, claim.tolerance)
    if outcome == "reproduced":
        return f"a report outside {span(_possible(agreeing, claim), claim)}"
    wider = max(agreeing, interval, key=lambda one: one.half_width)
    return f"a report inside {span(_possible(wider, claim), claim)}"


def _judged_comparison(claim: Claim, records: Records) -> Verdict:
    evidence = records.difference(claim) if claim.comparison else None
    if evidence is None or not evidence.suffices:
        return _missing(claim, evidence, "a comparison needs three seeds that both sides have")
    if claim.only_at not in (None, evidence.budget):
        return _missing(claim, evidence, f"this is judged at {claim.only_at} alone")
    compared, values = claim.compared, list(evidence.values.values())
    margin = compared.margin(claim.tolerance)
    outcome, interval = rule.on_difference(compared.sign, values, tolerance=margin)
    above = sum(value > 0 for value in values)
    return Verdict(
        claim=claim,
        outcome=outcome,
        by_rule=outcome,
        evidence=evidence,
        interval=Interval(scaled(interval.low, claim), scaled(interval.high, claim)),
        p_value=rule.p_value(compared.sign, values, tolerance=margin),
        reason=f"{compared.left} is above {compared.right} on {above} of {len(values)} seeds",
        otherwise=_other_runs(claim, outcome, evidence, interval),
    )


def _other_runs(claim: Claim, outcome: str, evidence: Evidence, interval: Interval) -> str:
    """Say what would have changed the verdict on a comparison."""
    sign, margin = claim.compared.sign, claim.compared.margin(claim.tolerance)
    statistic, half_width = evidence.statistic, interval.half_width
    gap = rule.distance(sign, statistic.mean, margin)
    if outcome in ("not distinguishable", "equality not shown"):
        seeds = rule.seeds_for_difference(gap, statistic.sd, sign=sign)
        many = "more than 10,000" if seeds is None else f"{seeds:,}"
        return f"{many} seeds, if mean and scatter stay as they are"
    if half_width == 0:
        return "another mean: these seeds do not scatter"
    most, sd = written(statistic.sd * gap / half_width, claim), written(statistic.sd, claim)
    return f"seeds that scatter by more than {most} in place of {sd}"


# Lines of a signature that a recipe may have otherwise at a smaller budget than at the report's.
_BY_BUDGET = ("epochs:", "batch_size:", "examples:")


def _judged_count(claim: Claim, records: Records) -> Verdict:
    if claim.line is None and claim.metric is None:
        return Verdict(claim=claim, outcome=claim.answer)
    run = records.any_run(claim.experiment)
    if run is None:
        return _missing(claim, None, "a count is read off a recorded run")
    if claim.metric:
        found = int(value_of(run, claim, Quantity(claim.experiment, claim.metric)))
        reason = f"the recorded runs have {found:,}"
    else:
        pattern = claim.line.replace("{value}", str(claim.value))
        lines = [one for one in run.signature.lines if fnmatch.fnmatchcase(one, pattern)]
        found = claim.value if lines else None
        reason = f"the recorded network has {lines[0] if lines else 'no such layer'}"
    outcome = "reproduced" if found == claim.value else "contradicted"
    by_budget = claim.line and claim.line.startswith(_BY_BUDGET)
    if outcome == "contradicted" and by_budget and run.budget != "full":
        return _missing(claim, None, "what a smaller budget changes is read off a run at full")
    return Verdict(claim=claim, outcome=outcome, by_rule=outcome, found=found, reason=reason)


def _missing(claim: Claim, evidence: Evidence | None, needed: str) -> Verdict:
    there = "none is there"
    if evidence is not None:
        there = f"there are {len(evidence.values)} at {evidence.budget}"
    return Verdict(
        claim=claim,
        outcome="not yet recorded",
        evidence=evidence,
        reason=f"{needed}, and {there}",
        otherwise="the missing runs",
    )


def is_ratio(claim: Claim) -> bool:
    """Say whether a claim is answered by a ratio, as those about seconds are."""
    compared = claim.compared
    return claim.relative_to is not None or (compared is not None and compared.is_of_seconds)


def scaled(value: float, claim: Claim) -> float:
    """Return a value as it is shown: where logarithms of ratios were compared, the ratio."""
    return math.exp(value) if claim.compared is not None and is_ratio(claim) else value


def digits(claim: Claim) -> int:
    """Return how many digits after the point what answers a claim is written with."""
    if is_ratio(claim):
        return 2
    if claim.compared is not None:
        return numbers.known(claim.compared.quantities[0].metric).digits
    return numbers.known(claim.metric).digits + (claim.metric in ("epochs", "best_epoch"))


def written(value: float, claim: Claim) -> str:
    """Return what answers a claim as one writes it."""
    times = "× " if is_ratio(claim) else ""
    return f"{times}{scaled(value, claim):,.{digits(claim)}f}"


def span(interval: Interval, claim: Claim) -> str:
    """Return an interval as one writes it, e.g. "0.9632 to 0.9735"."""
    low, high = (f"{one:,.{digits(claim)}f}" for one in (interval.low, interval.high))
    return f"{'× ' if is_ratio(claim) else ''}{low} to {high}"
