"""The comparisons of one report, taken together: which of their verdicts many questions leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from labkit.ledger import rule
from labkit.ledger.verdicts import Verdict


@dataclass(frozen=True, eq=False)
class Family:
    """Comparisons that were asked together.

    Attributes:
        verdicts: those that runs judged. What holds by construction was never open.
        decided: those that the rule decided, each by itself.
        surviving: those that are decided when all are taken together, see `rule.surviving`.
    """

    verdicts: tuple[Verdict, ...]
    decided: tuple[Verdict, ...]
    surviving: tuple[Verdict, ...]


def of(verdicts: Iterable[Verdict]) -> Family:
    """Return the family of the comparisons among verdicts, such as those of one report."""
    asked = tuple(
        one for one in verdicts if one.p_value is not None and one.outcome != "by construction"
    )
    survives = rule.surviving([one.p_value for one in asked])
    return Family(
        asked,
        tuple(one for one in asked if one.by_rule in ("reproduced", "contradicted")),
        tuple(one for one, stays in zip(asked, survives, strict=True) if stays),
    )
