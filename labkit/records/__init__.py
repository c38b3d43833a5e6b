"""Records: what a run leaves behind, what it belongs to, where it is kept, and its statistics."""

from labkit.records import intervals, numbers, provenance, replicates, selection, store
from labkit.records.intervals import Interval
from labkit.records.replicates import shown, titled
from labkit.records.run import MEASURES_LIMIT, DataStamp, Metrics, Mistakes, Run
from labkit.records.signature import Signature, describe, quoted, signature_of

__all__ = [
    "MEASURES_LIMIT",
    "DataStamp",
    "Interval",
    "Metrics",
    "Mistakes",
    "Run",
    "Signature",
    "describe",
    "intervals",
    "numbers",
    "provenance",
    "quoted",
    "replicates",
    "selection",
    "shown",
    "signature_of",
    "store",
    "titled",
]
