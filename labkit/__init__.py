"""labkit: data, training, records and plots for a course of deep-learning practicals.

Importing it is cheap: Keras is loaded when something is trained.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "Recipe": "labkit.recipes",
    "Run": "labkit.records",
    "by_budget": "labkit.workspace",
    "train": "labkit.training",
    "train_path": "labkit.training",
}
__all__ = [
    "Recipe",
    "Run",
    "__version__",
    "by_budget",
    "checks",
    "claims",
    "datasets",
    "diagrams",
    "errors",
    "forest",
    "intervals",
    "ledger",
    "notebook",
    "pictures",
    "plots",
    "records",
    "replicates",
    "store",
    "tables",
    "train",
    "train_path",
    "verdicts",
    "workspace",
]

if TYPE_CHECKING:
    from labkit.recipes import Recipe
    from labkit.records import Run
    from labkit.training import train, train_path
    from labkit.workspace import by_budget


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    if name in __all__:
        return importlib.import_module(f"labkit.{name}")
    raise AttributeError(f"module 'labkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
