"""The excerpts that travel with labkit."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from labkit import folders
from labkit.data import catalogue, excerpts, npz, sources
from labkit.errors import DataFileError, DataUnavailableError

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import build_excerpts

EXCERPTS = [name for name in catalogue.NAMES if catalogue.entry(name).excerpt]
MIRROR = os.environ.get("LABKIT_DATA")


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A copy of the sample data, to be damaged, on a machine that has nothing else."""
    monkeypatch.delenv("LABKIT_DATA", raising=False)
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path / "cache")
    folder = tmp_path / "sample_data"
    shutil.copytree(catalogue.PACKAGE_FOLDER, folder)
    monkeypatch.setattr(catalogue, "PACKAGE_FOLDER", folder)
    return folder


@pytest.mark.parametrize("name", EXCERPTS)
def test_an_excerpt_has_the_arrays_of_the_whole_dataset(name):
    arrays, facts = excerpts.read(name), catalogue.entry(name).arrays
    sizes = dict(zip(("train", "test"), catalogue.entry(name).excerpt, strict=True))
    assert arrays.keys() == facts.keys()
    for key, array in arrays.items():
        assert array.dtype.name == facts[key]["dtype"]
        assert array.shape[1:] == tuple(facts[key]["shape"][1:])
    for part, size in sizes.items():
        assert len(arrays[f"y_{part}"]) == size


@pytest.mark.parametrize("name", EXCERPTS)
def test_an_excerpt_is_balanced(name):
    classes = len(catalogue.entry(name).class_names)
    for part, size in zip(("train", "test"), catalogue.entry(name).excerpt, strict=True):
        counts = np.bincount(excerpts.read(name)[f"y_{part}"], minlength=classes)
        assert counts.min() == size // classes
        assert counts.max() == -(-size // classes)


def test_reviews_are_cut_where_their_offsets_say():
    arrays = excerpts.read("imdb")
    for part in ("train", "test"):
        offsets = arrays[f"offsets_{part}"]
        assert offsets[0] == 0 and offsets[-1] == len(arrays[f"tokens_{part}"])
        assert (np.diff(offsets) > 0).all()


def test_every_word_of_an_excerpts_reviews_is_in_its_vocabulary():
    arrays = excerpts.read("imdb")
    words = arrays["vocabulary"].tobytes().decode("utf-8").split("\n")
    ranks = np.unique(np.concatenate([arrays["tokens_train"], arrays["tokens_test"]]))
    assert all(words[rank - 1] for rank in ranks)
    assert words[:5] == ["the", "and", "a", "of", "to"]


def test_examples_are_spread_over_classes_and_over_the_file():
    labels = np.array([0, 1] * 50)
    np.testing.assert_array_equal(build_excerpts.balanced(labels, 4), [0, 1, 50, 51])
    assert list(np.bincount(labels[build_excerpts.balanced(labels, 5)])) == [2, 3]


def test_the_sample_data_stay_under_eight_megabytes():
    files = [path for path in catalogue.PACKAGE_FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 8_000_000


def test_the_checksums_list_every_data_file_and_are_right():
    listed = {}
    for name in catalogue.NAMES:
        listed |= catalogue.packaged_files(name)
    on_disk = {
        path for path in catalogue.PACKAGE_FOLDER.rglob("*") if path.suffix in (".npz", ".webp")
    }
    assert listed.keys() == on_disk
    for path, digest in listed.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


def test_a_damaged_strip_is_named(package):
    strip = package / "mnist" / "x_train-03.webp"
    whole = hashlib.sha256(strip.read_bytes()).hexdigest()
    strip.write_bytes(strip.read_bytes()[:-10])
    found = hashlib.sha256(strip.read_bytes()).hexdigest()
    for read in (excerpts.read, sources.verify):
        with pytest.raises(DataFileError) as caught:
            read("mnist")
        assert str(caught.value) == (
            f"{strip}: expected the file with sha256 {whole}; received sha256 {found}. "
            "Install labkit again."
        )


def test_a_missing_strip_is_named(package):
    strip = package / "cifar10" / "x_test-00.webp"
    strip.unlink()
    with pytest.raises(DataFileError) as caught:
        excerpts.read("cifar10")
    assert str(caught.value) == (
        f"{strip}: expected a whole, readable file; received FileNotFoundError: "
        f"{os.strerror(2)}. Install labkit again."
    )


def test_an_excerpt_that_was_left_out_says_so(package):
    shutil.rmtree(package / "mnist")
    with pytest.raises(DataUnavailableError) as caught:
        excerpts.read("mnist")
    assert str(caught.value) == (
        f"mnist: expected its files in {package}; received no whole copy there. "
        "Install labkit with its sample data, or set LABKIT_DATA to a folder with mnist.npz; "
        "`labkit data fetch mnist --to DIR` fills one on a machine that has the data."
    )
    assert excerpts.read("fashion_mnist")


def test_building_from_a_mirror_gives_these_excerpts(monkeypatch, tmp_path):
    """The builder on made-up data of the real layout: write, read back, compare."""
    random = np.random.default_rng(0)
    whole = {
        "x_train": random.integers(0, 256, (40, 32, 32, 3), np.uint8),
        "y_train": np.repeat(np.arange(10, dtype=np.uint8), 4),
        "x_test": random.integers(0, 256, (20, 32, 32, 3), np.uint8),
        "y_test": np.tile(np.arange(10, dtype=np.uint8), 2),
    }
    facts = {key: npz.describe(array) for key, array in whole.items()}
    entry = catalogue.Entry("cifar10", "images", tuple("abcdefghij"), excerpt=(20, 10))
    monkeypatch.setattr(catalogue, "_fingerprints", lambda: {"cifar10": facts})
    monkeypatch.setattr(catalogue, "_ENTRIES", {"cifar10": entry})
    monkeypatch.setattr(catalogue, "NAMES", ("cifar10",))
    monkeypatch.setattr(build_excerpts, "STRIP", 7)
    npz.write(tmp_path / "cifar10.npz", whole)
    build_excerpts.build(tmp_path, tmp_path / "built")
    monkeypatch.setattr(catalogue, "PACKAGE_FOLDER", tmp_path / "built")
    built, expected = excerpts.read("cifar10"), build_excerpts.excerpt("cifar10", whole)
    assert built.keys() == expected.keys()
    for key, array in expected.items():
        np.testing.assert_array_equal(built[key], array)


@pytest.mark.skipif(MIRROR is None, reason="needs the real data: LABKIT_DATA is not set")
@pytest.mark.parametrize("name", EXCERPTS)
def test_the_committed_excerpt_is_the_real_datas_array_for_array(name):
    path = Path(MIRROR).expanduser() / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"LABKIT_DATA has no {path.name}")
    whole = npz.read(path, catalogue.entry(name).arrays, remedy="Copy it again.")
    committed = excerpts.read(name)
    for key, array in build_excerpts.excerpt(name, whole).items():
        np.testing.assert_array_equal(committed[key], array)
