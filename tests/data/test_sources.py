"""Finding, fetching and checking the real data, and everything that can go wrong on the way."""

import contextlib
import errno
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from labkit import folders
from labkit.data import catalogue, npz, sources
from labkit.errors import (
    CacheWriteError,
    DataFileError,
    DataUnavailableError,
    UnknownDatasetError,
)

BOSTON = "boston_housing"  # small, and here as a whole
MIRROR = os.environ.get("LABKIT_DATA")


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No mirror, an empty cache, no tables in the package, and no network."""
    monkeypatch.delenv("LABKIT_DATA", raising=False)
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path / "cache")
    whole = npz.read(
        catalogue.PACKAGE_FOLDER / f"{BOSTON}.npz", catalogue.entry(BOSTON).arrays, remedy=""
    )
    monkeypatch.setattr(catalogue, "PACKAGE_FOLDER", tmp_path / "package")

    def offline(name):
        raise DataUnavailableError(name, expected="a net", received="none", remedy="Connect.")

    monkeypatch.setattr(sources.origins, "download", offline)
    return whole


@pytest.fixture
def boston(bare_machine):
    return bare_machine


@pytest.fixture
def online(monkeypatch, boston):
    """An origin that serves Boston, and counts how often."""
    served = []

    def download(name):
        served.append(name)
        return dict(boston)

    monkeypatch.setattr(sources.origins, "download", download)
    return served


@pytest.fixture
def mirror(monkeypatch, tmp_path, boston):
    """A mirror folder with Boston; returns the file."""
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "mirror"))
    npz.write(tmp_path / "mirror" / f"{BOSTON}.npz", boston)
    return tmp_path / "mirror" / f"{BOSTON}.npz"


def cached() -> Path:
    return folders.cache_folder() / f"{BOSTON}.npz"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


# Where the data are


def test_status_prefers_the_package_then_the_mirror_then_the_cache(mirror, boston):
    npz.write(cached(), boston)
    packaged = catalogue.PACKAGE_FOLDER / f"{BOSTON}.npz"
    npz.write(packaged, boston)
    for source, path in (("package", packaged), ("mirror", mirror), ("cache", cached())):
        size = path.stat().st_size
        assert sources.status(BOSTON) == sources.Status(BOSTON, source, path, size)
        assert sources.read(BOSTON, download=False)[1] == source
        path.unlink()
    assert sources.status(BOSTON) == sources.Status(BOSTON, "download", None, 0)
    assert sources.read(BOSTON, download=False) is None


def test_status_of_an_excerpt_names_its_folder_and_size(monkeypatch):
    monkeypatch.undo()
    monkeypatch.delenv("LABKIT_DATA", raising=False)
    monkeypatch.setattr(folders, "cache_folder", lambda: Path("nowhere"))
    status = sources.status("mnist")
    assert (status.source, status.path) == ("sample", catalogue.PACKAGE_FOLDER / "mnist")
    assert status.bytes == sum(path.stat().st_size for path in status.path.iterdir())
    assert sources.verify("mnist") == status


def test_verify_reads_every_byte(mirror):
    assert sources.verify(BOSTON) == sources.status(BOSTON)
    assert sources.verify("mnist").source == "download"
    with mirror.open("r+b") as stream:
        stream.seek(5_000)
        stream.write(b"\0\1\2\3")
    with pytest.raises(DataFileError):
        sources.verify(BOSTON)


@pytest.mark.parametrize("ask", [sources.status, sources.fetch, sources.verify])
def test_an_unknown_name_gets_the_nearest_one(ask):
    with pytest.raises(UnknownDatasetError, match="Did you mean 'cifar10'"):
        ask("cifar1")


# Files that are not what they should be


def refused(path: Path) -> str:
    """Return the message with which a file is refused; it must still be there afterwards."""
    before = path.read_bytes()
    with pytest.raises(DataFileError) as caught:
        sources.read(BOSTON, download=True)
    assert path.read_bytes() == before
    return str(caught.value)


REMEDY = f"Delete it and run `labkit data fetch {BOSTON}`."


def test_rejects_a_truncated_file(mirror):
    mirror.write_bytes(mirror.read_bytes()[:-1000])
    assert refused(mirror) == (
        f"{mirror}: expected a whole, readable file; "
        f"received BadZipFile: File is not a zip file. {REMEDY}"
    )


def test_rejects_an_empty_file(mirror):
    mirror.write_bytes(b"")
    assert "received BadZipFile: File is not a zip file" in refused(mirror)


def test_rejects_other_values_of_the_right_shape(mirror, boston):
    expected = catalogue.entry(BOSTON).arrays["y"]["sha256"]
    other = boston["y"] + 1
    npz.write(mirror, {**boston, "y": other})
    assert refused(mirror) == (
        f"{mirror}: expected y with sha256 {expected}; "
        f"received sha256 {npz.describe(other)['sha256']}. {REMEDY}"
    )


def test_rejects_a_flipped_bit(mirror):
    content = bytearray(mirror.read_bytes())
    content[2_000] ^= 1
    mirror.write_bytes(content)
    assert "received BadZipFile: Bad CRC-32 for file 'x.npy'" in refused(mirror)


def test_rejects_another_shape(mirror, boston):
    npz.write(mirror, {**boston, "x": boston["x"][:100]})
    assert refused(mirror) == (
        f"{mirror}: expected x of shape (506, 13) and type float64; "
        f"received shape (100, 13) and type float64. {REMEDY}"
    )


def test_rejects_another_type(mirror, boston):
    npz.write(mirror, {**boston, "x": boston["x"].astype(np.float32)})
    assert "received shape (506, 13) and type float32" in refused(mirror)


def test_rejects_a_missing_array(mirror, boston):
    npz.write(mirror, {"x": boston["x"]})
    assert refused(mirror) == (
        f"{mirror}: expected y of shape (506,) and type float64; "
        f"received no array of the name y. {REMEDY}"
    )


class Trap:
    """An object whose unpickling leaves a trace."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def test_rejects_pickled_arrays_without_loading_them(mirror, tmp_path, boston):
    objects = np.empty(506, dtype=object)
    objects[:] = [Trap(tmp_path / "trace")] * 506
    np.savez(mirror, x=boston["x"], y=objects)
    assert refused(mirror) == (
        f"{mirror}: expected y of shape (506,) and type float64; "
        f"received pickled Python objects, which labkit never loads. {REMEDY}"
    )
    assert not (tmp_path / "trace").exists()


def test_rejects_a_bare_pickle_without_loading_it(mirror, tmp_path):
    mirror.write_bytes(pickle.dumps(Trap(tmp_path / "trace")))
    assert "received BadZipFile: File is not a zip file" in refused(mirror)
    assert not (tmp_path / "trace").exists()


def test_rejects_what_cannot_be_opened(mirror):
    mirror.unlink()
    mirror.mkdir()
    with pytest.raises(DataFileError) as caught:
        sources.read(BOSTON, download=True)
    assert str(caught.value) == (
        f"{mirror}: expected a whole, readable file; "
        f"received IsADirectoryError: {os.strerror(errno.EISDIR)}. {REMEDY}"
    )


def test_whatever_the_damage_the_error_is_a_data_file_error(mirror, boston):
    facts, whole = catalogue.entry(BOSTON).arrays, mirror.read_bytes()
    random, refusals = np.random.default_rng(0), 0
    places = [*range(200), *range(len(whole) - 200, len(whole))]  # headers and directory
    for place in random.choice(places, 300):
        damaged = bytearray(whole)
        damaged[place] = random.integers(256)
        mirror.write_bytes(damaged)
        try:
            arrays = npz.read(mirror, facts, remedy=REMEDY)
        except DataFileError:
            refusals += 1
        else:  # in a byte that means nothing, such as a date
            np.testing.assert_array_equal(arrays["x"], boston["x"])
    assert refusals > 100


def test_reads_a_table_stored_column_by_column(mirror, boston):
    npz.write(mirror, {**boston, "x": np.asfortranarray(boston["x"])})
    np.testing.assert_array_equal(sources.read(BOSTON, download=False)[0]["x"], boston["x"])


# Fetching


def test_a_download_is_checked_written_and_used(online, boston):
    arrays, source = sources.read(BOSTON, download=True)
    assert source == "download" and online == [BOSTON]
    assert names_in(cached().parent) == [f"{BOSTON}.npz"]
    np.testing.assert_array_equal(arrays["x"], boston["x"])
    assert sources.read(BOSTON, download=True)[1] == "cache" and online == [BOSTON]


def test_fetch_tells_its_progress(online, tmp_path):
    lines = []
    path = sources.fetch(BOSTON, to=tmp_path / "to", progress=lines.append)
    sources.fetch(BOSTON, to=tmp_path / "to", progress=lines.append)
    assert path == tmp_path / "to" / f"{BOSTON}.npz"
    assert lines == [
        f"{BOSTON}: downloading",
        f"{BOSTON}: writing {path}",
        f"{BOSTON}: checking {path}",
    ]


def test_fetch_to_a_folder_copies_what_is_here(mirror, tmp_path):
    path = sources.fetch(BOSTON, to=tmp_path / "stick")
    npz.read(path, catalogue.entry(BOSTON).arrays, remedy="")


def test_fetch_passes_over_a_damaged_mirror(mirror, online):
    mirror.write_bytes(b"damaged")
    assert sources.fetch(BOSTON) == cached()
    assert online == [BOSTON] and mirror.read_bytes() == b"damaged"


def test_fetch_leaves_a_damaged_file_for_its_owner_to_delete(online):
    cached().parent.mkdir()
    cached().write_bytes(b"damaged")
    with pytest.raises(DataFileError, match="Delete it and run `labkit data fetch boston_housing`"):
        sources.fetch(BOSTON)
    assert cached().read_bytes() == b"damaged"
    cached().unlink()
    assert sources.fetch(BOSTON) == cached()


def test_rejects_a_download_that_is_something_else(monkeypatch, boston):
    short = {"x": boston["x"][:-1], "y": boston["y"]}
    monkeypatch.setattr(sources.origins, "download", lambda name: short)
    with pytest.raises(DataFileError) as caught:
        sources.fetch(BOSTON)
    assert str(caught.value) == (
        "download of boston_housing: expected x of shape (506, 13) and type float64; "
        "received shape (505, 13) and type float64. Delete the copy under ~/.keras/datasets, if "
        "there is one, and try again; else copy the file from somebody's mirror folder and set "
        "LABKIT_DATA to it."
    )
    assert names_in(cached().parent) == []


def test_without_a_network_nothing_is_left_behind():
    with pytest.raises(DataUnavailableError):
        sources.fetch(BOSTON)
    assert names_in(cached().parent) == []


# Folders that cannot be written

WRITE_REMEDY = (
    "Free some space, or run `labkit data fetch boston_housing --to DIR` with a folder that can "
    "be written, and set LABKIT_DATA to it."
)


@pytest.mark.parametrize("problem", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fills_up_leaves_no_half_file(monkeypatch, online, problem):
    def savez(stream, **arrays):
        stream.write(b"half of it")
        raise OSError(problem, os.strerror(problem))

    monkeypatch.setattr(np, "savez", savez)
    with pytest.raises(CacheWriteError) as caught:
        sources.fetch(BOSTON)
    assert str(caught.value) == (
        f"{cached()}: expected a folder with room that can be written; "
        f"received {os.strerror(problem)}. {WRITE_REMEDY}"
    )
    assert names_in(cached().parent) == []


def test_a_disk_that_fills_up_keeps_the_old_file(monkeypatch, tmp_path, boston):
    target = tmp_path / "file.npz"
    npz.write(target, boston)
    before = target.read_bytes()

    def savez(stream, **arrays):
        stream.write(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez", savez)
    with pytest.raises(CacheWriteError):
        npz.write(target, boston)
    assert target.read_bytes() == before and names_in(tmp_path) == ["file.npz"]


@contextlib.contextmanager
def as_ordinary_user():
    """Permissions bind everybody but root: be somebody else for a moment."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="permissions of folders are POSIX")
def test_a_read_only_home_gets_a_remedy(monkeypatch, online, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o555)
    monkeypatch.setattr(folders, "cache_folder", lambda: home / ".cache" / "labkit")
    with as_ordinary_user(), pytest.raises(CacheWriteError) as caught:
        sources.fetch(BOSTON)
    assert str(caught.value) == (
        f"{cached().parent}: expected a folder that can be written; "
        f"received {os.strerror(errno.EACCES)}. {WRITE_REMEDY}"
    )
    assert online == []


def test_a_file_in_the_folders_place_gets_a_remedy(online, tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(CacheWriteError, match="set LABKIT_DATA to it"):
        sources.fetch(BOSTON)


# Several processes

FETCHING = """
    import sys
    from pathlib import Path
    import filelock
    import numpy as np
    from labkit.data import catalogue, npz, sources

    folder, whole = Path(sys.argv[1]), catalogue.PACKAGE_FOLDER / "boston_housing.npz"
    catalogue.PACKAGE_FOLDER = folder / "nothing"

    def tell(line):
        print(line, flush=True)

    def download(name):
        tell("downloading")
        sys.stdin.readline()
        return dict(np.load(whole, allow_pickle=False))

    def acquire(self, *arguments, **options):
        tell("waiting")
        return original(self, *arguments, **options)

    original, filelock.FileLock.acquire = filelock.FileLock.acquire, acquire
    sources.origins.download = download
    BEFORE
    sources.fetch("boston_housing", to=folder / "to")
    tell("fetched")
"""


@contextlib.contextmanager
def fetching(folder: Path, before: str = ""):
    """A process that fetches Boston: it says what it does, and downloads until told to go on."""
    script = textwrap.dedent(FETCHING).replace("BEFORE", before)
    command = [sys.executable, "-c", script, str(folder)]
    root = Path(sources.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "XDG_CACHE_HOME": str(folder)}
    environment.pop("LABKIT_DATA", None)
    with subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process) -> str:
    return process.stdout.readline().strip()


def test_of_two_processes_one_fetches_and_the_other_waits_for_it(tmp_path):
    with fetching(tmp_path) as one:
        assert [said(one), said(one)] == ["waiting", "downloading"]
        with fetching(tmp_path) as other:
            assert said(other) == "waiting"
            one.stdin.write("go on\n")
            one.stdin.flush()
            assert said(one) == "fetched"
            assert said(other) == "fetched"  # and not "downloading"
    assert names_in(tmp_path / "to") == [f"{BOSTON}.npz"]


def test_a_process_killed_while_downloading_holds_up_nobody(tmp_path):
    with fetching(tmp_path) as one:
        assert [said(one), said(one)] == ["waiting", "downloading"]
        one.kill()
        one.wait()
    assert names_in(tmp_path / "to") == []
    with fetching(tmp_path) as other:
        assert [said(other), said(other)] == ["waiting", "downloading"]
        other.stdin.write("go on\n")
        other.stdin.flush()
        assert said(other) == "fetched"


HALF_A_FILE = """
def savez(stream, **arrays):
    stream.write(b"half of it")
    stream.flush()
    tell("half written")
    sys.stdin.readline()

np.savez = savez
"""


def test_a_process_killed_while_writing_leaves_no_file_and_its_rest_is_cleared(tmp_path, online):
    with fetching(tmp_path, before=HALF_A_FILE) as one:
        assert [said(one), said(one)] == ["waiting", "downloading"]
        one.stdin.write("go on\n")
        one.stdin.flush()
        assert said(one) == "half written"
        one.kill()
        one.wait()
    assert len(names_in(tmp_path / "to")) == 1 and f"{BOSTON}.npz" not in names_in(tmp_path / "to")
    sources.fetch(BOSTON, to=tmp_path / "to")
    assert names_in(tmp_path / "to") == [f"{BOSTON}.npz"]


# The real data, where they are here


@pytest.mark.skipif(MIRROR is None, reason="needs the real data: LABKIT_DATA is not set")
@pytest.mark.parametrize("name", sources.NAMES)
def test_the_mirror_at_hand_is_whole(monkeypatch, name):
    if not (Path(MIRROR).expanduser() / f"{name}.npz").exists():
        pytest.skip(f"LABKIT_DATA has no {name}.npz")
    monkeypatch.setenv("LABKIT_DATA", MIRROR)
    assert sources.verify(name).source == "mirror"
