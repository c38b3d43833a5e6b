"""Archives of arrays, `.npz`: what one says is in it, found out before anything is read."""

from __future__ import annotations

import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from labkit.files import require_file

Header = tuple[tuple[int, ...], np.dtype]

# What zipfile, its decompressors and numpy raise on a file that is not what it should be.
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,  # and NotImplementedError, for an unknown compression; RecursionError
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,  # numpy, on an array's header
    zipfile.BadZipFile,
    zlib.error,
)

_HEADER_BYTES = 1000  # ours have 128; Python would parse a long one at any cost


def headers(path: Path) -> dict[str, Header]:
    """Return name → shape and dtype of the arrays in a file, without reading them.

    Raises:
        One of `UNREADABLE`: it is no such file, has an array twice or something else inside, or an
            array's size is not that of its shape. (What is pickled has no such size.)
    """
    require_file(path)
    with zipfile.ZipFile(path) as archive:
        found = {one.filename: _header(archive, one) for one in archive.infolist()}
        if len(found) < len(archive.infolist()):
            raise ValueError("an array twice")
    if others := sorted(name for name in found if not name.endswith(".npy")):
        raise ValueError(f"{others[0]!r} among the arrays")
    return {name.removesuffix(".npy"): header for name, header in found.items()}


def size(header: Header) -> int:
    """Return how many bytes an array of this shape and dtype has."""
    shape, dtype = header
    return math.prod(shape) * dtype.itemsize


def _header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Header:
    with archive.open(entry) as stream:
        version = npy.read_magic(stream)
        if version != (1, 0):  # a later one's header may be gigabytes
            raise ValueError(f"an array in version {version} of its format")
        shape, _, dtype = npy.read_array_header_1_0(stream, max_header_size=_HEADER_BYTES)
        there = entry.file_size - stream.tell()
        if not dtype.hasobject and (size((shape, dtype)) != there or min(shape, default=0) < 0):
            raise ValueError(f"{entry.filename} of another size than that of its shape, {shape}")
    return shape, dtype
