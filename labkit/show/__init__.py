"""Show: tables, curves and pictures of runs, data and networks. Nothing here trains."""

from labkit.show import style, tables
from labkit.show.networks import shapes
from labkit.show.pictures import confusion, images, mistakes
from labkit.show.plots import compare, curve_panels, curves, histograms
from labkit.show.settings import against
from labkit.show.tables import Table, differences, results, summary

__all__ = [
    "Table",
    "against",
    "compare",
    "confusion",
    "curve_panels",
    "curves",
    "differences",
    "histograms",
    "images",
    "mistakes",
    "results",
    "shapes",
    "style",
    "summary",
    "tables",
]
