"""What a report says beside what was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from labkit.errors import ParameterError
from labkit.ledger.claims import Claim
from labkit.records import Run, numbers, replicates
from labkit.show import Table, tables


def beside(runs: Mapping[str, Run], quotes: Sequence[Claim]) -> Table:
    """Return what a report says beside what we recorded, a row a claim.

    Where one of the runs was trained just now, the column is not headed "recorded".

    Args:
        runs: title → run; each claim is answered by the run of its experiment.
        quotes: claims with a number, from `claims.quote`.

    Raises:
        ParameterError: no run answers one of the claims; claims of several reports or metrics,
            or two on one experiment.
    """
    _require_one_column(quotes)
    runs = replicates.titled(runs)
    titles = {run.experiment: title for title, run in runs.items()}
    rows = {}
    for claim in quotes:
        if claim.experiment not in titles:
            raise ParameterError(
                claim.id,
                expected=f"one of the runs {', '.join(titles)}",
                received=str(claim.experiment),
                remedy="Pass the run that answers this claim too.",
            )
        title = titles[claim.experiment]
        ours = tables.cell(replicates.shown(runs[title]), claim.metric)
        rows[tables.marked(title, runs[title])] = [claim.number, ours]
    recorded = "recorded " if all(run.is_replayed for run in runs.values()) else ""
    columns = [f"{quotes[0].report} says", recorded + numbers.title(quotes[0].metric)]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return Table(frame, tables.caption(runs))


def _require_one_column(quotes: Sequence[Claim]) -> None:
    columns = {(claim.report, claim.metric) for claim in quotes}
    experiments = {claim.experiment for claim in quotes}
    if len(columns) != 1 or len(experiments) < len(quotes):
        raise ParameterError(
            "quotes",
            expected="claims of one report on one metric, each of another experiment",
            received=", ".join(claim.id for claim in quotes) or "none",
            remedy="Make a table for each metric.",
        )
