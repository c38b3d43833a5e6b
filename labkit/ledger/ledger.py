"""The ledger: what the reports say, line by line, with what became of it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from labkit.errors import ClaimError
from labkit.ledger import claims, rows, verdicts
from labkit.ledger.measured import Records
from labkit.ledger.verdicts import OUTCOMES, Verdict
from labkit.records import replicates
from labkit.show import Table

_IN_WORDS = {
    "higher": "higher than reported",
    "lower": "lower than reported",
    "shown": "shown on a page",
    "in part": "true in part",
}
_KEYS = {
    "report": lambda verdict: verdict.claim.report,
    "practical": lambda verdict: verdict.claim.practical,
    "outcome": lambda verdict: verdict.outcome,
}


@dataclass(frozen=True, eq=False)
class Ledger:
    """Verdicts in the order of the reports; it shows itself in a notebook and on the site.

    Attributes:
        verdicts: one a claim.
        practical: the practical on whose page it stands, in brief and with links to the ledger's
            own page; None on that page, where each verdict has its evidence.
    """

    verdicts: tuple[Verdict, ...]
    practical: str | None = None

    def of(
        self, *, report: str | None = None, practical: str | None = None, outcome: str | None = None
    ) -> Ledger:
        """Return the part of one report, of one practical, or of one outcome.

        Raises:
            ClaimError: there is no such verdict; the message lists what there is.
        """
        chosen = self.verdicts
        for key, asked in {"report": report, "practical": practical, "outcome": outcome}.items():
            there = dict.fromkeys(map(_KEYS[key], chosen))
            if asked is not None and asked not in there:
                raise ClaimError(
                    f"ledger.of {key}",
                    expected=f"one of {', '.join(there)}",
                    received=repr(asked),
                    remedy="Ask for one of these, or add a claim to book/claims.toml.",
                )
            chosen = tuple(one for one in chosen if asked in (None, _KEYS[key](one)))
        return Ledger(chosen, practical)

    @property
    def reports(self) -> tuple[str, ...]:
        """The keys of the reports, R1 to R5, that it has verdicts on."""
        return tuple(dict.fromkeys(map(_KEYS["report"], self.verdicts)))

    @property
    def caption(self) -> str:
        """Where the numbers come from: budgets, seeds, devices, dates."""
        found = [run for one in self.verdicts if one.evidence for run in one.evidence.runs]
        return replicates.caption(tuple(dict.fromkeys(found))) if found else "no runs needed"

    def counts(self) -> Table:
        """Return how many claims of each report came out how, and what that means."""
        counts = [verdicts.counted(self.of(report=one).verdicts) for one in self.reports]
        rows = {
            f"{outcome}: {meaning}": [one.get(outcome, 0) for one in counts]
            for outcome, meaning in OUTCOMES.items()
        }
        rows["in all"] = [sum(one.values()) for one in counts]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(self.reports))
        return Table(frame, self.caption)

    def sentence(self) -> str:
        """Say in one sentence how many claims there are and how they came out."""
        found = verdicts.counted(self.verdicts)
        parts = [f"{count} {_IN_WORDS.get(one, one)}" for one, count in found.items()]
        reports = "the reports" if len(self.reports) > 1 else "the report"
        entered = f"The ledger has {len(self.verdicts)} claims of {reports} {_listed(self.reports)}"
        return f"{entered}: {_listed(parts)}."

    def _repr_html_(self) -> str:
        row = rows.row if self.practical is None else rows.brief_row
        heads = "".join(f'<th scope="col">{name}</th>' for name in rows.COLUMNS)
        return "\n".join(
            [
                '<table border="0" class="dataframe labkit-table labkit-ledger">',
                f"<thead><tr>{heads}</tr></thead>",
                "<tbody>",
                *map(row, self.verdicts),
                "</tbody>",
                "</table>",
                f'<p class="run-caption">recorded: {html.escape(self.caption)}</p>',
            ]
        )

    def __repr__(self) -> str:
        lines = [f"{one.outcome:20} {one.claim.text}" for one in self.verdicts]
        return "\n".join([*lines, self.caption])


def read(folder: Path | None = None) -> Ledger:
    """Return the verdicts on all claims of the reports.

    Args:
        folder: the store of recorded runs; None is `folders.store_folder()`.
    """
    return Ledger(verdicts.judge_all(claims.read(), Records(folder)))


def _listed(parts: Sequence[str]) -> str:
    """Return parts as a sentence lists them: "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
