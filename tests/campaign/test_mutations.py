"""Files with damages of all kinds: reading them ends in labkit's errors or in a right result.

The right result of a damaged archive or checkpoint is what was written. A record and the claims
have no checksum: theirs is one that could have been written, and that can be shown.
"""

import contextlib
import functools
import io
import json
import math
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace

import mutations
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import folders
from labkit.data import npz
from labkit.errors import ClaimError, DamagedRecordError, DataFileError, LabkitError, RecordError
from labkit.ledger import Records, claims, rows, verdicts
from labkit.records import replicates, run_json, store
from labkit.training import checkpoints
from labkit.training.checkpoints import Progress

RECORD = folders.checkout() / "runs" / "01" / "dense-2.json"
CLAIMS = "".join(
    (folders.claims_folder() / name).read_text(encoding="utf-8")
    for name in ("tolerances.toml", "r1.toml", "r2.toml")
)


# --- records ------------------------------------------------------------------------------


@functools.cache
def record() -> bytes:
    """Return the record with two of its runs, the first with pictures of mistakes."""
    plain = json.loads(RECORD.read_text(encoding="utf-8"))
    return json.dumps({**plain, "runs": plain["runs"][:2]}).encode()


def check_record(folder: Path, content: bytes) -> None:
    path = folder / "01" / "dense-2.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    store._read.cache_clear()
    try:
        with mutations.bounded():
            runs = store.read("01/dense-2", folder)
    except RecordError:
        return
    for run in runs:
        plain = run_json.to_json(run)
        again = run_json.from_json(
            json.loads(run_json.written(plain)), {run.signature.sha256: run.signature}
        )
        assert run_json.to_json(again) == plain
        assert repr(run) and not any(map(math.isinf, run.values().values()))
    assert not runs or (replicates.caption(runs) and store.finished(runs))


@given(content=mutations.damaged(record()))
def test_a_record_with_damaged_bytes(tmp_path, content):
    check_record(tmp_path, content)


@given(plain=mutations.altered(json.loads(record())))
def test_a_record_with_altered_values(tmp_path, plain):
    check_record(tmp_path, mutations.as_json(plain).encode())


# --- claims -------------------------------------------------------------------------------


@functools.cache
def whole() -> frozenset[claims.Claim]:
    return frozenset(claims.read())


def check_claims(folder: Path, content: bytes) -> None:
    path = folder / "claims.toml"
    path.write_bytes(content)
    claims._read.cache_clear()
    try:
        with mutations.bounded():
            read = claims.read(path)
    except ClaimError:
        return
    assert all(repr(claim) and claim._repr_markdown_() for claim in read)
    for claim in [one for one in read if one not in whole()]:
        try:
            verdict = verdicts.judge(claim, Records())
        except LabkitError:
            continue
        assert rows.row(verdict) and rows.brief_row(verdict) and rows.text(verdict)


@given(content=mutations.damaged(CLAIMS.encode()))
def test_claims_with_damaged_bytes(tmp_path, content):
    check_claims(tmp_path, content)


@given(text=mutations.altered_toml(CLAIMS))
def test_claims_with_altered_values(tmp_path, text):
    check_claims(tmp_path, text.encode())


# --- archives -----------------------------------------------------------------------------

ARRAYS = {"x": np.arange(24, dtype=np.float32).reshape(4, 6), "y": np.arange(4, dtype=np.int64)}
FACTS = {name: npz.describe(array) for name, array in ARRAYS.items()}


@functools.cache
def archive(*, compressed: bool) -> bytes:
    content = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(content, **ARRAYS)
    return content.getvalue()


def check_archive(folder: Path, content: bytes) -> None:
    path = folder / "small.npz"
    path.write_bytes(content)
    try:
        with mutations.bounded(), warnings.catch_warnings(action="ignore"):
            read = npz.read(path, FACTS, remedy="Copy it again.")
    except DataFileError:
        return
    assert read.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array)


@given(content=st.booleans().flatmap(lambda one: mutations.damaged(archive(compressed=one))))
def test_an_archive_with_damaged_bytes(tmp_path, content):
    check_archive(tmp_path, content)


@st.composite
def rebuilt(draw, whole: bytes) -> bytes:
    """Return an archive of whole checksums whose members are damaged, missing, or too many."""
    content = io.BytesIO()
    method = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]))
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(content, "w", method) as new:
        names = draw(st.lists(st.sampled_from(old.namelist()), min_size=1, max_size=4))
        for name in names:
            inside = old.read(name)
            what = draw(st.sampled_from(["whole", "damaged", "header", "longer"]))
            if what == "damaged":
                inside = draw(mutations.damaged(inside))
            elif what == "header":
                inside = inside[:10] + draw(mutations.damaged(inside[10:128])) + inside[128:]
            elif what == "longer":
                inside += bytes(1_000_000)
            with warnings.catch_warnings(action="ignore"):  # the same name twice
                new.writestr(draw(st.sampled_from([name, name, name, "z.npy", "z.txt"])), inside)
    return content.getvalue()


@given(content=rebuilt(archive(compressed=False)))
def test_an_archive_put_together_wrongly(tmp_path, content):
    check_archive(tmp_path, content)


# --- unfinished trainings -----------------------------------------------------------------


class Variable:
    """As much of a variable as checkpoints ask for."""

    def __init__(self, value):
        self.value, self.shape, self.dtype = value, value.shape, value.dtype.name

    def assign(self, value):
        assert (value.shape, value.dtype.name) == (self.shape, self.dtype)
        self.value = value

    def __array__(self, dtype=None, copy=None):
        return self.value


def model(fill):
    """Two weights, and an optimizer that counts."""
    weights = [Variable(np.full((3, 2), fill, np.float32)), Variable(np.full(2, float(fill)))]
    counter = Variable(np.full((), fill, np.int64))
    return SimpleNamespace(variables=weights, optimizer=SimpleNamespace(variables=[counter]))


class Callback:
    """Remembers a number and two arrays."""

    def __init__(self):
        self.best, self.weights = 0.5, [np.ones(3), np.zeros((2, 2))]


PROGRESS = Progress({"loss": [0.75, float("nan")], "accuracy": [0.5, 0.75]}, [1.5, 2.5])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "whole.npz"
    checkpoints.save(path, model(1), {"": [Callback()], "own": []}, PROGRESS)
    return path.read_bytes()


def check_checkpoint(folder: Path, content: bytes) -> Progress | None:
    path, fresh, callback = folder / "run.npz", model(0), Callback()
    path.write_bytes(content)
    try:
        with mutations.bounded(), warnings.catch_warnings(action="ignore"):
            owners = checkpoints.owners(path)
            progress = checkpoints.load(path, fresh)
    except DamagedRecordError:
        assert all(not np.any(one) for one in checkpoints.variables(fresh))
        return None
    assert owners == progress.callbacks.keys()
    assert {progress.epochs} >= {len(values) for values in progress.history.values()}
    assert progress.seconds_before == sum(progress.seconds_per_epoch)
    with contextlib.suppress(DamagedRecordError):  # it was saved with other callbacks
        checkpoints.restore({"": [callback], "own": []}, progress)
    return progress


@given(data=st.data())
def test_an_unfinished_training_with_damaged_bytes(tmp_path, checkpoint, data):
    progress = check_checkpoint(tmp_path, data.draw(mutations.damaged(checkpoint)))
    if progress is not None:
        assert repr(progress.history) == repr(PROGRESS.history)
        assert progress.seconds_per_epoch == PROGRESS.seconds_per_epoch


@given(data=st.data())
def test_an_unfinished_training_put_together_wrongly(tmp_path, checkpoint, data):
    check_checkpoint(tmp_path, data.draw(rebuilt(checkpoint)))


@given(data=st.data())
def test_an_unfinished_training_with_altered_values(tmp_path, checkpoint, data):
    arrays = dict(np.load(io.BytesIO(checkpoint)))
    plain = data.draw(mutations.altered(json.loads(arrays["progress"].tobytes())))
    arrays["progress"] = np.frombuffer(mutations.as_json(plain).encode(), np.uint8)
    for name in data.draw(st.lists(st.sampled_from([*arrays]), max_size=2)):
        arrays[name] = arrays[name][..., None]
    content = io.BytesIO()
    np.savez(content, **arrays)
    check_checkpoint(tmp_path, content.getvalue())
