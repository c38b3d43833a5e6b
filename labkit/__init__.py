"""labkit: data, training, records and plots for a course of deep-learning practicals.

Importing it is cheap: Keras is loaded when something is trained.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# What a notebook uses, and where it stands; the rooms are there by their own names.
_NAMES = {
    "BagOfWords": "labkit.training",
    "Recipe": "labkit.training",
    "Run": "labkit.records",
    "by_budget": "labkit.choices",
    "cross_validate": "labkit.training",
    "search": "labkit.sweeps",
    "train": "labkit.training",
    "train_path": "labkit.training",
}
_MODULES = {
    "checks": "labkit.course.checks",
    "claims": "labkit.ledger.claims",
    "notebook": "labkit.course.notebook",
}
__all__ = [
    "BagOfWords",
    "Recipe",
    "Run",
    "__version__",
    "by_budget",
    "checks",
    "claims",
    "course",
    "cross_validate",
    "data",
    "ledger",
    "notebook",
    "records",
    "search",
    "show",
    "sweeps",
    "train",
    "train_path",
    "training",
]

if TYPE_CHECKING:
    from labkit.choices import by_budget
    from labkit.records import Run
    from labkit.sweeps import search
    from labkit.training import BagOfWords, Recipe, cross_validate, train, train_path


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    if name in __all__:
        return importlib.import_module(_MODULES.get(name, f"labkit.{name}"))
    raise AttributeError(f"module 'labkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
