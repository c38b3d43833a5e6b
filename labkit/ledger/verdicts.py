"""The reports' claims against the recorded runs: one rule, applied to each.

A number that a report measured once is one more run: it is *reproduced* inside the prediction
interval of ours, or inside its tolerance where that is wider; outside, ours came out *higher* or
*lower*. A comparison is decided by the confidence interval of the mean difference, paired by seed:
*reproduced* or *contradicted* where it leaves zero out, else *not distinguishable*.
"""

from __future__ import annotations

import fnmatch
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from labkit.commands import record_command
from labkit.ledger import claims, comparisons
from labkit.ledger.claims import Claim
from labkit.ledger.measured import Evidence, Records, value_of
from labkit.records import Interval, intervals, numbers, selection

# Each verdict, and what it says. From the rule, then from a page, then none.
OUTCOMES = {
    "reproduced": "our runs agree with the report",
    "higher": "our runs come out higher than the report's number",
    "lower": "our runs come out lower than the report's number",
    "contradicted": "our runs say the opposite",
    "not distinguishable": "the difference is smaller than what the seeds leave open",
    "shown": "no training is needed: a page shows that it holds",
    "in part": "a page shows that a part of it holds",
    "mistaken": "the report's procedure, or its own tables, cannot support it",
    "not tested": "nothing here decides it",
    "not yet recorded": "the runs that would decide it are missing",
}
RATIO_TOLERANCE = 0.25  # of a ratio of seconds: the reports round 2 from 1.5 to 2.5


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
        interval: around our mean: where the reported number must lie, or where the mean
            difference may; None without evidence.
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
    reason: str = ""
    otherwise: str = ""

    @property
    def mean(self) -> float | None:
        """The mean of what it was judged by, over seeds; None where no runs decide."""
        return self.evidence.statistic.mean if self.evidence else self.found

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


def rule_on_number(
    reported: float, values: Sequence[float], tolerance: float = 0.0
) -> tuple[str, Interval]:
    """Judge a number that a report measured once.

    Args:
        reported: the report's number.
        values: ours, one a seed, at least two.
        tolerance: how far from our mean is still the same, however little the seeds scatter.

    Returns:
        ``"reproduced"``, ``"higher"`` or ``"lower"`` (ours, than the report's), and the interval
        around our mean in which the report's number is reproduced.
    """
    mean = statistics.fmean(values)
    half = max(intervals.for_another_run(values).half_width, tolerance)
    interval = intervals.around(mean, half)
    if reported in interval:
        return "reproduced", interval
    return ("higher" if mean > reported else "lower"), interval


def rule_on_difference(
    sign: str, differences: Sequence[float], tolerance: float = 0.0
) -> tuple[str, Interval]:
    """Judge a comparison.

    Args:
        sign: ``">"``, ``"<"`` or ``"="`` between the sides.
        differences: left less right, one a seed, at least two.
        tolerance: for ``"="``: how large a difference is still none.

    Returns:
        ``"reproduced"``, ``"contradicted"`` or ``"not distinguishable"``, and the confidence
        interval of the mean difference.
    """
    interval = intervals.for_the_mean(differences)
    within, beyond = Interval(-tolerance, tolerance), interval.low > tolerance
    below = interval.high < -tolerance
    if sign == "=":
        if interval.low in within and interval.high in within:
            return "reproduced", interval
        return ("contradicted" if beyond or below else "not distinguishable"), interval
    if not (beyond or below):
        return "not distinguishable", interval
    return ("reproduced" if beyond == (sign == ">") else "contradicted"), interval


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
    reported, tolerance = float(claim.value), claim.tolerance or 0.0
    if claim.relative_to:
        reported /= claim.relative_to.value
        tolerance = max(tolerance, RATIO_TOLERANCE * reported)
    if evidence is None or evidence.budget != "full" or not evidence.suffices:
        return _missing(claim, evidence, "a number needs three seeds at full")
    values = list(evidence.values.values())
    outcome, interval = rule_on_number(reported, values, tolerance)
    if not claim.gain_over:  # the metric's own bounds are not those of a gain
        known = numbers.known(claim.metric)
        interval = interval.clipped(known.low, known.high)
    return Verdict(
        claim=claim,
        outcome=outcome,
        by_rule=outcome,
        evidence=evidence,
        reported=reported,
        interval=interval,
        reason=_what_sets_the_bounds(values, tolerance),
        otherwise=_another_report(claim, outcome, interval),
    )


def _what_sets_the_bounds(values: Sequence[float], tolerance: float) -> str:
    if tolerance > intervals.for_another_run(values).half_width:
        return f"the tolerance, ± {tolerance:.2g}, sets the bounds: our seeds scatter less"
    return "the scatter of our seeds sets the bounds"


def _another_report(claim: Claim, outcome: str, interval: Interval) -> str:
    """Say what would have changed the verdict on a number."""
    side = "outside" if outcome == "reproduced" else "inside"
    return f"a report {side} {_written(interval.low, claim)} to {_written(interval.high, claim)}"


def _judged_comparison(claim: Claim, records: Records) -> Verdict:
    evidence = records.difference(claim) if claim.comparison else None
    if evidence is None or not evidence.suffices:
        return _missing(claim, evidence, "a comparison needs three seeds that both sides have")
    comparison, tolerance = comparisons.parse(claim.comparison), claim.tolerance or 0.0
    left, right = comparison.in_words
    values = list(evidence.values.values())
    outcome, interval = rule_on_difference(comparison.sign, values, tolerance)
    above = sum(value > 0 for value in values)
    return Verdict(
        claim=claim,
        outcome=outcome,
        by_rule=outcome,
        evidence=evidence,
        interval=interval,
        reason=f"{left} is above {right} on {above} of {len(values)} seeds",
        otherwise=_other_runs(claim, comparison.sign, outcome, interval, evidence.statistic.sd),
    )


def _other_runs(claim: Claim, sign: str, outcome: str, interval: Interval, sd: float) -> str:
    """Say what would have changed the verdict on a comparison."""
    if sign == "=":
        within = "reaches outside" if outcome == "reproduced" else "stays within"
        return f"an interval that {within} ± {_written(claim.tolerance, claim)}"
    if outcome == "not distinguishable":
        return f"a mean difference beyond ± {_written(interval.half_width, claim)}"
    if interval.half_width == 0:
        return "a difference of the other sign"
    more = sd * abs(interval.center) / interval.half_width
    return (
        f"seeds that scatter by more than {_written(more, claim)} in place of {_written(sd, claim)}"
    )


def _judged_count(claim: Claim, records: Records) -> Verdict:
    if claim.line is None and claim.metric is None:
        return Verdict(claim=claim, outcome=claim.answer)
    run = records.any_run(claim.experiment)
    if run is None:
        return _missing(claim, None, "a count is read off a recorded run")
    if claim.metric:
        found = int(value_of(run, claim, claim.metric))
        reason = f"the recorded runs have {found:,}"
    else:
        pattern = claim.line.replace("{value}", str(claim.value))
        lines = [one for one in run.signature.lines if fnmatch.fnmatchcase(one, pattern)]
        found = claim.value if lines else None
        reason = f"the recorded network has {lines[0] if lines else 'no such layer'}"
    outcome = "reproduced" if found == claim.value else "contradicted"
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


def digits(claim: Claim) -> int:
    """Return how many digits after the point what answers a claim is written with."""
    if claim.relative_to:
        return 2
    if claim.kind == "comparison" and claim.comparison:
        return numbers.known(comparisons.parse(claim.comparison).left[0].metric).digits
    return numbers.known(claim.metric).digits + (claim.metric in ("epochs", "best_epoch"))


def _written(value: float, claim: Claim) -> str:
    return f"{value:,.{digits(claim)}f}"
