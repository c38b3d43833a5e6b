"""A verdict's interval as a small drawing in its row: what was said beside what was recorded."""

from __future__ import annotations

import html
from collections.abc import Sequence

from labkit.ledger import verdicts
from labkit.ledger.verdicts import Verdict

_WIDTH, _HEIGHT, _LINE, _TEXT = 210, 46, 15, 42  # in pixels; the last two from the top
_EDGE, _HALF_TEXT = 10, 70  # left free at both ends, so that no mark and no text is cut
_TEXT_STYLE = 'fill="currentColor" stroke="none" font-size="13" text-anchor="middle"'
_ASKED = {"=": "a difference of at most", ">=": "at most lower by", "<=": "at most higher by"}


def sketch(verdict: Verdict) -> str:
    """Return an SVG of the interval that a verdict rests on, or nothing where it has none.

    A line is the interval, a stroke across it the mean, each dot a seed, a diamond the reported
    number, and a band the tolerance around our mean. Of a comparison, a dashed stroke stands where
    both sides are equal, and the band is the margin, where there is one.
    """
    if verdict.interval is None:
        return ""
    seeds = [verdicts.scaled(one, verdict.claim) for one in verdict.evidence.values.values()]
    low, high = verdict.interval.low, verdict.interval.high
    numbers = [low, high, verdict.mean, _asked(verdict), *_band(verdict), *seeds]
    left, right, mean, asked, begin, end, *dots = _places(numbers)
    span = verdicts.span(verdict.interval, verdict.claim)
    text = min(max(mean, _HALF_TEXT), _WIDTH - _HALF_TEXT)
    marks = [
        _line(begin, end, 'stroke="#0173b2" stroke-opacity=".25" stroke-width="20"'),
        _line(left, right, 'stroke-opacity=".45" stroke-width="3"'),
        f'<path d="M{mean} {_LINE - 8}v16" stroke-width="2"/>',
        *(f'<circle cx="{one}" cy="{_LINE}" r="2" fill="currentColor"/>' for one in dots),
        _reported(asked) if verdict.reported is not None else _equal(asked),
        f'<text x="{text}" y="{_TEXT}" {_TEXT_STYLE}>{span}</text>',
    ]
    return (
        f'<svg class="ledger-interval" role="img" aria-label="{html.escape(in_words(verdict))}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}">'
        f'<g fill="none" stroke="currentColor">{"".join(marks)}</g></svg>'
    )


def in_words(verdict: Verdict) -> str:
    """Return what the drawing shows as a sentence."""
    claim = verdict.claim
    mean = verdicts.written(verdict.evidence.statistic.mean, claim)
    span = verdicts.span(verdict.interval, claim)
    if verdict.reported is not None:
        reported = f"{verdict.reported:,.{verdicts.digits(claim)}f}"
        return f"Our mean {mean}; another run of ours {span}; reported {reported}."
    sign = claim.compared.sign
    margin = f", asked for: {_ASKED[sign]} {claim.tolerance:g}" if sign in _ASKED else ""
    kind = "ratio" if verdicts.is_ratio(claim) else "difference"
    return f"Mean {kind} {mean}, within {span}{margin}."


def _asked(verdict: Verdict) -> float:
    """Return what the interval is held against: the reported number, or that of equal sides."""
    return verdicts.scaled(0, verdict.claim) if verdict.reported is None else verdict.reported


def _band(verdict: Verdict) -> tuple[float, float]:
    """Return from where to where a number, or a mean difference, counts as the same."""
    claim, mean = verdict.claim, verdict.mean
    if verdict.reported is not None:
        return mean - claim.tolerance, mean + claim.tolerance
    margin = claim.compared.margin(claim.tolerance)
    low, high = verdicts.scaled(-margin, claim), verdicts.scaled(margin, claim)
    if claim.compared.sign == ">=":
        return low, max(high, verdict.interval.high)
    return (min(low, verdict.interval.low) if claim.compared.sign == "<=" else low), high


def _places(numbers: Sequence[float]) -> list[float]:
    """Return where numbers stand from left to right, in pixels; alone, in the middle."""
    low, high = min(numbers), max(numbers)
    if low == high:
        return [_WIDTH / 2 for _ in numbers]
    scale = (_WIDTH - 2 * _EDGE) / (high - low)
    return [round(_EDGE + (one - low) * scale, 1) for one in numbers]


def _line(begin: float, end: float, look: str) -> str:
    return f'<path d="M{begin} {_LINE}H{end}" {look}/>' if end > begin else ""


def _reported(place: float) -> str:
    return f'<path d="M{place} {_LINE - 6}l6 6-6 6-6-6z" fill="#c4500a" stroke="white"/>'


def _equal(place: float) -> str:
    return f'<path d="M{place} 2V{2 * _LINE - 2}" stroke-dasharray="3 3"/>'
