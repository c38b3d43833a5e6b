"""The ledger: what is claimed, and what became of it. `read()` is the way in.

`read` has the claims of the reports, `findings` those of the course itself.
"""

from labkit.ledger import claims, rows, rule, verdicts
from labkit.ledger.interval_plot import plot
from labkit.ledger.ledger import Ledger, findings, read, tolerances
from labkit.ledger.measured import Records
from labkit.ledger.outcomes_plot import plot_outcomes
from labkit.ledger.side_by_side import beside

__all__ = [
    "Ledger",
    "Records",
    "beside",
    "claims",
    "findings",
    "plot",
    "plot_outcomes",
    "read",
    "rows",
    "rule",
    "tolerances",
    "verdicts",
]
