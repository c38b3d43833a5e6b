"""Data: a dataset, found, checked, loaded and split. `load(name, …)` is the way in."""

from labkit.data import catalogue, sources
from labkit.data.dataset import Dataset
from labkit.data.loading import SampleDataWarning, load
from labkit.data.options import NAMES
from labkit.data.split import Split

__all__ = ["NAMES", "Dataset", "SampleDataWarning", "Split", "catalogue", "load", "sources"]
