"""The exceptions labkit raises. Each says what was expected, what was received, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LabkitError(Exception):
    """Base of all labkit errors.

    Args:
        subject: what the error is about, e.g. ``"budget"`` or a file's path.
        expected: what would have been right, as the end of "expected …".
        received: what was there instead, as the end of "received …".
        remedy: what to do about it, one or two whole sentences.
    """

    def __init__(self, subject: str, *, expected: str, received: str, remedy: str) -> None:
        self.subject, self.expected = subject, expected
        self.received, self.remedy = received, remedy
        super().__init__(f"{subject}: expected {expected}; received {received}. {remedy}")

    def __reduce__(self):
        """Keep the error whole when it travels between processes."""
        return _rebuild, (type(self), self.subject, self.expected, self.received, self.remedy)


def _rebuild(kind, subject, expected, received, remedy):
    return kind(subject, expected=expected, received=received, remedy=remedy)


class ParameterError(LabkitError, ValueError):
    """A budget, mode, source, seed, count or option that is not one of those allowed."""


class UnknownDatasetError(ParameterError):
    """A dataset name that labkit does not know."""


class DataError(LabkitError):
    """Something is wrong with the data on disk or on its way there."""


class DataFileError(DataError):
    """A data file is truncated, altered, pickled, unreadable, or of the wrong shape."""


class DataUnavailableError(DataError):
    """The real data are needed and cannot be reached: no mirror, no cache, no network."""


class CacheWriteError(DataError, OSError):
    """Data or a record could not be written: a full disk, a read-only folder."""


class RecordError(LabkitError):
    """Something is wrong with a run record."""


class DamagedRecordError(RecordError):
    """A record file that is not what labkit wrote: cut short, edited, not JSON."""


class RecordVersionError(RecordError):
    """A record written under another version of the schema."""


class MissingRecordError(RecordError, LookupError):
    """Replay was asked for a run that nobody has recorded."""


class StaleRecordError(RecordError):
    """The record belongs to another network or recipe than the code at hand."""


class ModelError(LabkitError, ValueError):
    """A model that `train` cannot train: compiled already, without weights, not a model."""


class NotebookError(LabkitError):
    """A notebook that is not there, or a cell of it that failed."""


class SweepError(LabkitError):
    """Runs on several processes that cannot start or go on: no scheduler, no storage, no trial."""


class ClaimError(LabkitError):
    """A claim that is not in the claims' files, or one that is not well formed."""


class CheckFailed(LabkitError, AssertionError):
    """A self-check of an exercise did not pass. The message is a hint, not the answer."""


class NotAnswered(LabkitError):
    """An exercise in which the ``...`` still stands where the answer belongs."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return a sentence that proposes the nearest allowed name, or lists them all.

    >>> nearest("mnits", ["mnist", "imdb"])
    "Did you mean 'mnist'? Allowed: mnist, imdb."
    """
    spelled = {one.lower(): one for one in allowed}
    close = difflib.get_close_matches(str(name).lower(), spelled, n=1, cutoff=0.5)
    hint = f"Did you mean {spelled[close[0]]!r}? " if close else ""
    return f"{hint}Allowed: {', '.join(spelled.values())}."
