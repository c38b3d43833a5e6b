import io
import os
import zipfile

import numpy as np
import processes
import pytest

from labkit import archives
from labkit.data import npz
from labkit.errors import DataFileError

ARRAYS = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "y": np.arange(2)}
FACTS = {name: npz.describe(array) for name, array in ARRAYS.items()}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "small.npz"
    npz.write(path, ARRAYS)
    return path


def member(shape=(2, 3), *, version=(1, 0), content=bytes(24), descr="<f4"):
    """Return an array's file that says it has this shape."""
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    write = np.lib.format.write_array_header_1_0
    (write if version == (1, 0) else np.lib.format.write_array_header_2_0)(stream, header)
    return stream.getvalue() + content


def put(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)


def test_shapes_and_dtypes_are_known_before_anything_is_read(path):
    assert archives.headers(path) == {
        "x": ((2, 3), np.dtype(np.float32)),
        "y": ((2,), np.dtype(np.int64)),
    }
    assert archives.size(((2, 3), np.dtype(np.float32))) == 24


@pytest.mark.parametrize(
    ("members", "received"),
    [
        ([("x.npy", member((10**9, 10**9)))], "ValueError: x.npy of another size than that of its"),
        ([("x.npy", member((-2, -3)))], "ValueError: x.npy of another size than that of its shape"),
        ([("x.npy", member((0, 10**18)))], "ValueError: x.npy of another size than that of its"),
        ([("x.npy", member(content=bytes(1000)))], "ValueError: x.npy of another size than that"),
        ([("x.npy", member(version=(2, 0)))], "ValueError: an array in version (2, 0) of its"),
        ([("x.npy", b"\x93NUMPY\x01\x00\xff\xff" + b"-" * 65535)], "ValueError: Header info"),
        ([("x.npy", b"so")], "ValueError: EOF: reading magic string, expected 8 bytes got 2"),
        ([("x.npy", member())] * 2, "ValueError: an array twice"),
        ([("x.npy", member()), ("z", member())], "ValueError: 'z' among the arrays"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_an_archive_says_of_itself_is_not_believed(path, members, received):
    put(path, *members)
    with pytest.raises(DataFileError) as caught:
        npz.read(path, FACTS, remedy="Copy it again.")
    problem = caught.value
    assert problem.expected == "a whole, readable file" and problem.remedy == "Copy it again."
    assert problem.received.startswith(received)


def test_an_archive_with_an_array_too_many_is_refused(path):
    npz.write(path, ARRAYS | {"z": np.ones(1), "a": np.ones(1)})
    with pytest.raises(DataFileError) as caught:
        npz.read(path, FACTS, remedy="Copy it again.")
    assert str(caught.value) == (
        f"{path}: expected the arrays x, y; received a, z as well. Copy it again."
    )


def test_every_flipped_bit_ends_in_an_error_or_in_the_same_arrays(path):
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        try:
            read = npz.read(path, FACTS, remedy="Copy it again.")
        except DataFileError:
            continue
        assert all(np.array_equal(read[name], ARRAYS[name]) for name in ARRAYS)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_a_pipe_in_place_of_a_file_holds_up_nobody(tmp_path):
    pipe = tmp_path / "small.npz"
    os.mkfifo(pipe)
    for reading in (
        lambda: npz.read(pipe, FACTS, remedy="Copy it again."),
        lambda: npz.check_file(pipe, "0" * 64, remedy="Copy it again."),
    ):
        with pytest.raises(DataFileError) as caught:
            reading()
        assert str(caught.value) == (
            f"{pipe}: expected a whole, readable file; received ValueError: a pipe or a device in "
            "place of a file. Copy it again."
        )


BOMB = """
import resource, sys, zipfile
from pathlib import Path
from labkit.data import npz
from labkit.errors import DataFileError

path = Path(sys.argv[1])
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
    with archive.open("x.npy", "w", force_zip64=True) as member:
        member.write(b"\\x93NUMPY\\x02\\x00\\xff\\xff\\xff\\x7f")
        for _ in range(300):
            member.write(bytes(1024 * 1024))
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 100 * 1024 * 1024,) * 2)
try:
    npz.read(path, {"x": {"shape": [1], "dtype": "uint8", "sha256": ""}}, remedy="")
except DataFileError as problem:
    print(problem.received)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux")  # noqa: PTH110
def test_a_header_of_gigabytes_is_not_unpacked(tmp_path):
    said = processes.finished(processes.start(BOMB, tmp_path / "bomb.npz"))
    assert said == "ValueError: an array in version (2, 0) of its format\n"
