"""Where labkit keeps things: data, records, claims, a person's own runs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def checkout() -> Path | None:
    """Return the repository's root when labkit runs from a checkout, else None."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir() else None


def _course_path(inside_checkout: str, inside_package: str) -> Path:
    root = checkout()
    if root is not None:
        return root / inside_checkout
    return Path(__file__).resolve().parent / "_course" / inside_package


def store_folder() -> Path:
    """Return the folder of recorded runs: ``LABKIT_STORE``, the checkout's, the package's."""
    chosen = os.environ.get("LABKIT_STORE")
    return Path(chosen).expanduser() if chosen else _course_path("runs", "runs")


def claims_file() -> Path:
    """Return the file of the reports' claims: the checkout's, else the package's."""
    return _course_path("book/claims.toml", "claims.toml")


def mirror_folder() -> Path | None:
    """Return the data mirror named by ``LABKIT_DATA``, or None where it is not set."""
    chosen = os.environ.get("LABKIT_DATA")
    return Path(chosen).expanduser() if chosen else None


def cache_folder() -> Path:
    """Return the user's cache folder for downloaded data. It may not exist yet."""
    return platformdirs.user_cache_path("labkit") / "data"


def user_folder() -> Path:
    """Return the folder of a person's own runs and unfinished trainings. It may not exist yet."""
    return platformdirs.user_data_path("labkit")
