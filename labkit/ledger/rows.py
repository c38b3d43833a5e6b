"""A verdict as one entry of the ledger: what stands in its row, and its full text."""

from __future__ import annotations

import html

from labkit import names
from labkit.ledger import verdicts
from labkit.ledger.claim import LEDGER, Claim
from labkit.ledger.interval_sketch import sketch
from labkit.ledger.verdicts import Verdict

_OPEN = ("undecided", "not distinguishable", "equality not shown", "not yet recorded")
COLUMNS = ("what it says", "verdict", "reported", "recorded")


def reported(verdict: Verdict) -> str:
    """Return the report's number, for seconds with the ratio it was judged by, or nothing."""
    claim = verdict.claim
    if claim.value is None:
        return ""
    ratio = f" (× {claim.reported:.2f})" if claim.relative_to else ""
    return claim.number + ratio


def recorded(verdict: Verdict) -> str:
    """Return what was measured: a number, a ratio or a difference, as mean ± sd over seeds.

    A comparison of seconds has the mean ratio alone; how far it reaches is in its interval.
    """
    claim = verdict.claim
    if verdict.evidence is None:
        return "" if verdict.found is None else f"{verdict.found:,}"
    statistic = verdict.evidence.statistic
    if verdicts.is_ratio(claim):
        return (
            verdicts.written(statistic.mean, claim) if claim.compared else f"× {statistic.text(2)}"
        )
    text = statistic.text(verdicts.digits(claim))
    return f"+{text}" if _is_difference(verdict) and not text.startswith("-") else text


def interval(verdict: Verdict) -> str:
    """Return where another run would fall, or the mean difference lies, or nothing."""
    if verdict.interval is None:
        return ""
    return verdicts.span(verdict.interval, verdict.claim)


def runs(verdict: Verdict) -> str:
    """Return budget and seeds, e.g. "full, 5 seeds" or "difference, lab, 3 seeds", or nothing."""
    evidence = verdict.evidence
    if evidence is None:
        return ""
    ratio = verdicts.is_ratio(verdict.claim)
    kind = "ratio, " if ratio else "difference, " if _is_difference(verdict) else ""
    return f"{kind}{evidence.budget}, {len(evidence.values)} seeds"


def facts(verdict: Verdict) -> dict[str, str]:
    """Return why it is so and what would change it, what is not there left out."""
    outcome, by_rule = verdict.outcome, verdict.by_rule
    of_a_number = verdict.claim.kind == "number"
    all_facts = {
        "Why": verdict.reason.removesuffix("."),
        "By the rule alone": by_rule if by_rule not in (None, outcome) else "",
        "Our conditions differ": (verdict.claim.differs or "").removesuffix("."),
        "Another run of ours" if of_a_number else "Judged by": interval(verdict),
        "Would decide it" if outcome in _OPEN else "Would change it": verdict.otherwise,
    }
    return {name: text for name, text in all_facts.items() if text}


def text(verdict: Verdict) -> str:
    """Return all of it for a terminal, one fact a line."""
    claim = verdict.claim
    lines = {
        f"{claim.speaker} says": f"{claim.text}{claim.place}",
        "Verdict": verdict.outcome,
        "Reported": reported(verdict),
        "Recorded": recorded(verdict),
        "Runs": verdict.evidence.caption if verdict.evidence else "",
        **facts(verdict),
        "Shown in": claim.page,
    }
    written = [f"  {name:21} {one}" for name, one in lines.items() if one]
    written += [f"  {'Record it anew':21} {one}" for one in verdict.commands()]
    return "\n".join([claim.id, *written])


def row(verdict: Verdict) -> str:
    """Return its row on the ledger's page: with its reason, its records and how to repeat them."""
    claim, said = verdict.claim, html.escape
    small = f"<br><small>{runs(verdict)}</small>" if verdict.evidence else ""
    told = [sketch(verdict)]
    told += [f"<p>{name}: {said(one)}.</p>" for name, one in facts(verdict).items()]
    links = [f'<a href="../runs/{_file(one)}">{said(one)}</a>' for one in verdict.experiments]
    told += [f"<p>Records: {', '.join(links)}.</p>"] if links else []
    told += [f"<p>Record it anew: <code>{said(one)}</code></p>" for one in verdict.commands()]
    why = f"<details><summary>why</summary>{''.join(told)}</details>" if any(told) else ""
    return (
        f'<tr id="{said(claim.id)}" {_filtered_by(claim)}>'
        f'<th scope="row">{said(claim.text)}<br>{_section(verdict)}</th>'
        f'<td class="verdict"><strong>{verdict.outcome}</strong>{why}</td>'
        f'<td data-value="{_number(claim.value)}">{reported(verdict)}</td>'
        f'<td data-value="{_number(verdict.mean)}">{recorded(verdict)}{small}</td></tr>'
    )


def brief_row(verdict: Verdict) -> str:
    """Return its row on the page of its practical, from where the verdict leads to the ledger."""
    claim = verdict.claim
    up = "../" * claim.practical.count("/")
    link = f'<a href="{up}{LEDGER}.ipynb#{html.escape(claim.id)}">{verdict.outcome}</a>'
    because = f"<br><small>{html.escape(claim.because)}</small>" if claim.because else ""
    return (
        f'<tr {_filtered_by(claim)}><th scope="row">{html.escape(claim.text)}</th>'
        f'<td class="verdict">{link}{because}</td>'
        f"<td>{reported(verdict)}</td><td>{recorded(verdict)}</td></tr>"
    )


def _is_difference(verdict: Verdict) -> bool:
    return verdict.claim.kind == "comparison" or verdict.claim.gain_over is not None


def _filtered_by(claim: Claim) -> str:
    """Return what a reader of the site chooses rows by."""
    chosen = {
        "report": claim.report or "this course",
        "practical": claim.practical.partition("_")[0],
        "kind": claim.group,
    }
    return " ".join(f'data-{name}="{html.escape(one)}"' for name, one in chosen.items())


def _section(verdict: Verdict) -> str:
    practical, anchor = (html.escape(one) for one in verdict.claim.page.split("#", 1))
    number = practical.partition("_")[0]
    words = anchor.replace("-", " ")
    return f'<small><a href="{practical}.ipynb#{anchor}">{number}: {words}</a></small>'


def _file(point: str) -> str:
    """Return the record's file, in which all points of a sweep are."""
    return f"{names.split(point)[0]}.json"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
