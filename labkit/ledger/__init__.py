"""The ledger: what the reports claim, and what became of it. `read()` is the way in."""

from labkit.ledger import claims, rows, verdicts
from labkit.ledger.interval_plot import plot
from labkit.ledger.ledger import Ledger, read
from labkit.ledger.measured import Records
from labkit.ledger.side_by_side import beside

__all__ = ["Ledger", "Records", "beside", "claims", "plot", "read", "rows", "verdicts"]
