"""The ledger: what the reports and the practicals say, with what became of it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from labkit.errors import ClaimError
from labkit.ledger import claims, families, rows, verdicts
from labkit.ledger.claim import GROUPS
from labkit.ledger.measured import Records
from labkit.ledger.verdicts import OUTCOMES, Verdict
from labkit.records import replicates
from labkit.show import Table

_KEYS = {
    "report": lambda verdict: verdict.claim.report,
    "practical": lambda verdict: verdict.claim.practical,
    "kind": lambda verdict: verdict.claim.group,
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
        self,
        *,
        report: str | None = None,
        practical: str | None = None,
        kind: str | None = None,
        outcome: str | None = None,
    ) -> Ledger:
        """Return the part of one report, of one practical, of one kind, or of one outcome.

        Args:
            report: its key, such as R1.
            practical: its name, such as 01_mnist_dense.
            kind: measurements, conclusions or counts.
            outcome: one of `verdicts.OUTCOMES`.

        Raises:
            ClaimError: there is no such verdict; the message lists what there is.
        """
        chosen = self.verdicts
        asked_for = {"report": report, "practical": practical, "kind": kind, "outcome": outcome}
        for key, asked in asked_for.items():
            there = dict.fromkeys(map(_KEYS[key], chosen))
            if asked is not None and asked not in there:
                raise ClaimError(
                    f"ledger.of {key}",
                    expected=f"one of {', '.join(there)}",
                    received=repr(asked),
                    remedy="Ask for one of these, or add a claim to book/claims.",
                )
            chosen = tuple(one for one in chosen if asked in (None, _KEYS[key](one)))
        return Ledger(chosen, practical)

    @property
    def reports(self) -> tuple[str, ...]:
        """The keys of the reports, R1 to R5, that it has verdicts on; findings have none."""
        return tuple(filter(None, dict.fromkeys(map(_KEYS["report"], self.verdicts))))

    @property
    def caption(self) -> str:
        """Where the numbers come from: budgets, seeds, devices, dates."""
        found = [run for one in self.verdicts if one.evidence for run in one.evidence.runs]
        return replicates.caption(tuple(dict.fromkeys(found))) if found else "no runs needed"

    def by_kind(self) -> dict[str, tuple[Verdict, ...]]:
        """Return the verdicts of each kind that occurs: measurements, conclusions, counts."""
        kinds = {one: [] for one in dict.fromkeys(GROUPS.values())}
        for verdict in self.verdicts:
            kinds[verdict.claim.group].append(verdict)
        return {kind: tuple(part) for kind, part in kinds.items() if part}

    def counts(self) -> Table:
        """Return how many came out how, measurements, conclusions and counts apart."""
        counts = {one: verdicts.counted(part) for one, part in self.by_kind().items()}
        counts["in all"] = verdicts.counted(self.verdicts)
        rows = {
            f"{outcome}: {meaning}": [one.get(outcome, 0) for one in counts.values()]
            for outcome, meaning in OUTCOMES.items()
        }
        rows["in all"] = [sum(one.values()) for one in counts.values()]
        return Table(pd.DataFrame.from_dict(rows, orient="index", columns=[*counts]), self.caption)

    def families(self) -> Table:
        """Return how many conclusions hold when all comparisons of a report are taken together.

        Among many comparisons some are decided by chance: see `rule.surviving`.
        """
        found = [families.of(self.of(report=one).verdicts) for one in self.reports]
        rows = {
            "comparisons that runs judge": [len(one.verdicts) for one in found],
            "decided, each by itself": [len(one.decided) for one in found],
            "decided, all of a report together": [len(one.surviving) for one in found],
        }
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(self.reports))
        return Table(frame, self.caption)

    def sentence(self) -> str:
        """Say in one sentence how many there are of each kind and how they came out."""
        parts = [
            f"{_several(len(part), kind)} ({_listed(_in_words(verdicts.at_a_glance(part)))})"
            for kind, part in self.by_kind().items()
        ]
        return f"{self._subject()}: {_listed(parts)}."

    def _subject(self) -> str:
        if not self.reports:
            return f"The course states {_several(len(self.verdicts), 'findings')} of its own"
        reports = "the reports" if len(self.reports) > 1 else "the report"
        entered = f"The ledger has {len(self.verdicts)} claims of {reports}"
        return f"{entered} {_listed(self.reports)}"

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


def findings(folder: Path | None = None) -> Ledger:
    """Return the verdicts on what the practicals say of their own runs, by the same rule.

    Args:
        folder: the store of recorded runs; None is `folders.store_folder()`.
    """
    return Ledger(verdicts.judge_all(claims.findings(), Records(folder)))


def tolerances() -> Table:
    """Return how far a number may lie from our mean and still be the same, with the reasons."""
    rows = {one.unit: [str(one), one.because] for one in claims.tolerances()}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["tolerance", "because"])
    return Table(frame, "A claim may have a tolerance of its own, which then counts.")


def _in_words(found: Mapping[str, int]) -> list[str]:
    """Return e.g. "2 agree" and "1 disagrees", of what occurs."""
    return [
        f"{count} {one}{'s' if count == 1 and one.endswith('agree') else ''}"
        for one, count in found.items()
        if count
    ]


def _several(count: int, what: str) -> str:
    return f"{count} {what.removesuffix('s') if count == 1 else what}"


def _listed(parts: Sequence[str]) -> str:
    """Return parts as a sentence lists them: "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
