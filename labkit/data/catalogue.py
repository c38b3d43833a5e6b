"""What every real dataset is: its arrays and their checksums, its classes, its columns.

The checksums in ``fingerprints.json`` are the one truth about the data: a mirror, a download and
the table files of the package are all held against them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from labkit.errors import DataUnavailableError, UnknownDatasetError, nearest

Facts = Mapping[str, Mapping[str, Any]]  # array name -> its shape, dtype and sha256

PACKAGE_FOLDER = Path(__file__).resolve().parent.parent / "sample_data"
CHECKSUMS = "SHA256SUMS"  # of the files in PACKAGE_FOLDER, in the format of sha256sum


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_OBJECTS_10 = _names("airplane automobile bird cat deer dog frog horse ship truck")
_OBJECTS_100 = _names(
    """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
    butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab
    crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
    lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom
    oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
    possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake
    spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
    train trout tulip turtle wardrobe whale willow_tree wolf woman worm"""
)
_BOSTON = _names("CRIM ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT")
_CALIFORNIA = (
    "longitude",
    "latitude",
    "housing median age",
    "total rooms",
    "total bedrooms",
    "population",
    "households",
    "median income",
)
_PIMA = (
    "pregnancies",
    "glucose",
    "blood pressure",
    "skin thickness",
    "insulin",
    "body mass index",
    "diabetes pedigree",
    "age",
)


@dataclass(frozen=True)
class Entry:
    """What is known of a dataset before a file of it is opened.

    Attributes:
        kind: ``"images"``, ``"tokens"`` or ``"features"``.
        class_names: names of classes 0, 1, 2 …; empty where the target is a number.
        feature_names: names of a table's columns, in order; else empty.
        excerpt: training and test examples in the excerpt that travels with labkit; None where
            the whole dataset does.
    """

    name: str
    kind: str
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    excerpt: tuple[int, int] | None = None

    @property
    def arrays(self) -> Facts:
        """Shape, dtype and sha256 of every array in the dataset's file."""
        return _fingerprints()[self.name]

    @property
    def is_table(self) -> bool:
        """Whether the dataset is one table without a test part of its own."""
        return self.excerpt is None


_ENTRIES = {
    entry.name: entry
    for entry in (
        Entry("mnist", "images", _DIGITS, excerpt=(5_000, 1_000)),
        Entry("fashion_mnist", "images", _CLOTHES, excerpt=(3_000, 1_000)),
        Entry("cifar10", "images", _OBJECTS_10, excerpt=(1_000, 250)),
        Entry("cifar100", "images", _OBJECTS_100, excerpt=(1_000, 250)),
        Entry("imdb", "tokens", ("negative", "positive"), excerpt=(2_000, 500)),
        Entry("boston_housing", "features", feature_names=_BOSTON),
        Entry("california_housing", "features", feature_names=_CALIFORNIA),
        Entry("pima_indians_diabetes", "features", ("no diabetes", "diabetes"), _PIMA),
    )
}
NAMES = tuple(_ENTRIES)


@cache
def _fingerprints() -> dict[str, Facts]:
    return json.loads((Path(__file__).parent / "fingerprints.json").read_text("utf-8"))


def entry(name: str) -> Entry:
    """Return what is known of a dataset.

    Raises:
        UnknownDatasetError: no such dataset; the message proposes the nearest name.
    """
    if name not in _ENTRIES:
        raise unknown(name, NAMES)
    return _ENTRIES[name]


def unknown(name: str, allowed: Iterable[str]) -> UnknownDatasetError:
    """Return the error for a name that is not a dataset's."""
    return UnknownDatasetError(
        "dataset",
        expected="the name of a dataset",
        received=repr(name),
        remedy=nearest(name, allowed),
    )


def fingerprint(arrays: Facts) -> str:
    """Return one sha256 over the names, types, shapes and sha256s of arrays, in any order."""
    lines = (
        f"{key} {fact['dtype']} {tuple(fact['shape'])} {fact['sha256']}"
        for key, fact in sorted(arrays.items())
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def packaged_files(name: str) -> dict[Path, str]:
    """Return the files of a dataset that travel with labkit, and their sha256s.

    Empty where labkit was installed without them.
    """
    sums = PACKAGE_FOLDER / CHECKSUMS
    if not sums.is_file():
        return {}
    pairs = (line.split(maxsplit=1) for line in sums.read_text("utf-8").splitlines())
    listed = {Path(path): digest for digest, path in pairs}
    ours = (name, f"{name}.npz")
    files = {
        PACKAGE_FOLDER / path: digest for path, digest in listed.items() if path.parts[0] in ours
    }
    return files if any(path.is_file() for path in files) else {}


def left_out(name: str) -> DataUnavailableError:
    """Return the error for a dataset that is asked of the package, where it is not whole."""
    return DataUnavailableError(
        name,
        expected=f"its files in {PACKAGE_FOLDER}",
        received="no whole copy there",
        remedy=(
            f"Install labkit with its sample data, or set LABKIT_DATA to a folder with {name}.npz; "
            f"`labkit data fetch {name} --to DIR` fills one on a machine that has the data."
        ),
    )
