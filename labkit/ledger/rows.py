"""A verdict as one entry of the ledger: what stands in its row, and its full text."""

from __future__ import annotations

import html

from labkit import names
from labkit.ledger import verdicts
from labkit.ledger.claims import LEDGER
from labkit.ledger.verdicts import Verdict

COLUMNS = ("what it says", "verdict", "reported", "recorded")


def reported(verdict: Verdict) -> str:
    """Return the report's number, for seconds with the ratio it was judged by, or nothing."""
    claim = verdict.claim
    if claim.value is None:
        return ""
    ratio = f" (× {claim.value / claim.relative_to.value:.2f})" if claim.relative_to else ""
    return claim.number + ratio


def recorded(verdict: Verdict) -> str:
    """Return what was measured: a number, a ratio or a difference, as mean ± sd over seeds."""
    claim = verdict.claim
    if verdict.evidence is None:
        return "" if verdict.found is None else f"{verdict.found:,}"
    text = verdict.evidence.statistic.text(verdicts.digits(claim))
    if claim.relative_to:
        return f"× {text}"
    return f"+{text}" if _is_difference(verdict) and not text.startswith("-") else text


def interval(verdict: Verdict) -> str:
    """Return the bounds it was judged by, e.g. "0.9632 to 0.9735", or nothing."""
    if verdict.interval is None:
        return ""
    digits = verdicts.digits(verdict.claim)
    return f"{verdict.interval.low:,.{digits}f} to {verdict.interval.high:,.{digits}f}"


def runs(verdict: Verdict) -> str:
    """Return budget and seeds, e.g. "full, 5 seeds" or "difference, lab, 3 seeds", or nothing."""
    evidence = verdict.evidence
    if evidence is None:
        return ""
    kind = "difference, " if _is_difference(verdict) else ""
    return f"{kind}{evidence.budget}, {len(evidence.values)} seeds"


def facts(verdict: Verdict) -> dict[str, str]:
    """Return why it is so and what would change it, what is not there left out."""
    outcome, rule = verdict.outcome, verdict.by_rule
    all_facts = {
        "Why": verdict.reason.removesuffix("."),
        "By the rule alone": rule if rule not in (None, outcome) else "",
        "Judged by": interval(verdict),
        "Would change it": verdict.otherwise,
    }
    return {name: text for name, text in all_facts.items() if text}


def text(verdict: Verdict) -> str:
    """Return all of it for a terminal, one fact a line."""
    claim = verdict.claim
    lines = {
        f"{claim.report} says": f"{claim.text} ({claim.section})",
        "Verdict": verdict.outcome,
        "Reported": reported(verdict),
        "Recorded": recorded(verdict),
        "Runs": verdict.evidence.caption if verdict.evidence else "",
        **facts(verdict),
        "Shown in": claim.page,
    }
    written = [f"  {name:18} {one}" for name, one in lines.items() if one]
    written += [f"  {'Record it anew':18} {one}" for one in verdict.commands()]
    return "\n".join([claim.id, *written])


def row(verdict: Verdict) -> str:
    """Return its row on the ledger's page: with its reason, its records and how to repeat them."""
    claim, said = verdict.claim, html.escape
    small = f"<br><small>{runs(verdict)}</small>" if verdict.evidence else ""
    told = [f"<p>{name}: {said(one)}.</p>" for name, one in facts(verdict).items()]
    links = [f'<a href="../runs/{_file(one)}">{said(one)}</a>' for one in verdict.experiments]
    told += [f"<p>Records: {', '.join(links)}.</p>"] if links else []
    told += [f"<p>Record it anew: <code>{said(one)}</code></p>" for one in verdict.commands()]
    why = f"<details><summary>why</summary>{''.join(told)}</details>" if told else ""
    return (
        f'<tr id="{said(claim.id)}"><th scope="row">{said(claim.text)}<br>{_section(verdict)}</th>'
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
        f'<tr><th scope="row">{html.escape(claim.text)}</th>'
        f'<td class="verdict">{link}{because}</td>'
        f"<td>{reported(verdict)}</td><td>{recorded(verdict)}</td></tr>"
    )


def _is_difference(verdict: Verdict) -> bool:
    return verdict.claim.kind == "comparison" or verdict.claim.gain_over is not None


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
