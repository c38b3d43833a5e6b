"""Where labkit keeps things: data, records, claims, findings, a person's own runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs

from labkit.errors import CacheWriteError, ParameterError


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
    """Return the folder of recorded runs: ``LABKIT_STORE``, the checkout's, the package's.

    Raises:
        ParameterError: ``LABKIT_STORE`` names a file, or the home of an unknown user.
    """
    return _named_by("LABKIT_STORE") or _course_path("runs", "runs")


def claims_folder() -> Path:
    """Return the folder of the reports' claims: the checkout's, else the package's."""
    return _course_path("book/claims", "claims")


def findings_file() -> Path:
    """Return the file of the course's own findings: the checkout's, else the package's."""
    return _course_path("book/findings.toml", "findings.toml")


def mirror_folder() -> Path | None:
    """Return the data mirror named by ``LABKIT_DATA``, or None where it is not set.

    Raises:
        ParameterError: ``LABKIT_DATA`` names a file, or the home of an unknown user.
    """
    return _named_by("LABKIT_DATA")


def cache_folder() -> Path:
    """Return the user's cache folder for downloaded data. It may not exist yet."""
    return platformdirs.user_cache_path("labkit") / "data"


def user_folder() -> Path:
    """Return the folder of a person's own runs and unfinished trainings. It may not exist yet."""
    return platformdirs.user_data_path("labkit")


def require_there(folder: Path, *, subject: str) -> None:
    """Refuse a folder that is not there.

    Raises:
        ParameterError: it is not; the message starts with `subject`.
    """
    if not os.path.isdir(folder):  # noqa: PTH112  (Path.is_dir raises where it may not look)
        raise _no_folder(subject, f"{str(folder)!r}, which is not there")


def require_writable(folder: Path, *, remedy: str) -> None:
    """Make a folder where there is none, and try to write a file in it, which is then removed.

    Raises:
        CacheWriteError: either fails; the message ends with `remedy`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
    except OSError as problem:
        raise CacheWriteError(
            str(folder),
            expected="a folder with room that can be written",
            received=problem.strerror or str(problem),
            remedy=remedy,
        ) from problem


def _named_by(variable: str) -> Path | None:
    """Return the folder that an environment variable names; it may not exist yet."""
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        folder = Path(text).expanduser()
    except RuntimeError as problem:
        raise _no_folder(variable, f"{text!r}, the home of an unknown user") from problem
    if os.path.isfile(folder):  # noqa: PTH113  (Path.is_file raises where it may not look)
        raise _no_folder(variable, f"{text!r}, which is a file")
    return folder


def _no_folder(subject: str, received: str) -> ParameterError:
    remedy = "Name a folder that is there."
    return ParameterError(subject, expected="a folder", received=received, remedy=remedy)
