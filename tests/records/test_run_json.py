"""What a record may say, and what is refused: the forms of its fields, one by one."""

import base64
import json
import math
import zlib

import numpy as np
import pytest
from made_up_runs import made_up_run

from labkit import folders
from labkit.errors import DamagedRecordError
from labkit.records import run_json, store
from labkit.records.run import MEASURES_LIMIT


@pytest.fixture
def plain():
    return json.loads(run_json.written(run_json.to_json(made_up_run())))


def read(plain):
    signature = made_up_run().signature
    return run_json.from_json(plain, {signature.sha256: signature})


def complaint(plain):
    with pytest.raises(DamagedRecordError) as caught:
        read(plain)
    return caught.value.received


def packed(array, **changes):
    content = base64.b64encode(zlib.compress(array.tobytes())).decode()
    return {"dtype": str(array.dtype), "shape": list(array.shape), "zlib": content} | changes


# --- the text -----------------------------------------------------------------------------


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_refuses_what_json_does_not_have(constant):
    with pytest.raises(ValueError, match=f"^{constant}, which JSON does not have$"):
        run_json.parsed(f'{{"seconds": {constant}}}')


def test_refuses_half_a_character():
    with pytest.raises(ValueError, match="surrogates not allowed"):
        run_json.parsed(r'{"device": "\ud83d"}')
    assert run_json.parsed(r'{"device": "\u0007 \ud83d\ude00"}') == {"device": "\a 😀"}


def test_refuses_what_is_nested_without_end():
    with pytest.raises(RecursionError):
        run_json.parsed("[" * 100_000)


def test_every_record_of_the_course_is_written_as_it_was_read():
    """The number of the schema apart, which is that of the file."""
    for experiment in store.experiments():
        text = store.path_of(experiment).read_text(encoding="utf-8")
        plain = run_json.parsed(text)
        signatures = {run.signature.sha256: run.signature for run in store.read(experiment)}
        runs = [run_json.from_json(one, signatures) for one in plain["runs"]]
        again = plain | {"runs": list(map(run_json.to_json, runs))}
        assert run_json.written(again) + "\n" == text, experiment


def test_there_are_records_of_the_course():
    assert len(store.experiments(folders.checkout() / "runs")) > 20


# --- fields -------------------------------------------------------------------------------

WRONG = {
    "seed": [-1, True, 0.0, None],
    "status": ["done", None, []],
    "budget": [None, 1],
    "parameters": [-1, 1.5, True],
    "seconds": [-1.0, 1e999, "1", True, None],
    "seconds_per_epoch": [[], [5.0], [5.0, -1.0], [5.0, 1e999], [5.0, None], 5.0, "56"],
    "history": [{"loss": [0.5]}, {"loss": []}, {"loss": [0.5, 1e999]}, {"loss": [0.5, True]}, []],
    "metrics": [{"holdout": {}}, {"test": {"loss": 1e999}}, {"test": {"loss": "0.5"}}, [], None],
    "confusion": [
        [], [[]], [[1, 2]], [[1], [2]], [[1, 2], [3]], [[1, -2], [3, 4]], [[1.5]], [["1"]],
        [[[1]]], {}, {"a": 1}, "1", 1, [[10**30]],
    ],
    "measures": [{"a": True}, {"a": "0.5"}, {"a": [0.5]}, {"a": 1e999}, []],
    "provenance": [{}, {"device": "here"}, {"device": 1, "finished": "2026-11-21"}, []],
    "fold": [-1, True, None, 0.5],
    "settings": [{"rate": [0.1]}, {"rate": 1e999}, {"Rate": 0.1}, {"a": "b=c"}, [["rate", 0.1]]],
    "definitions": [{"a": 1}, {"a": None}, []],
    "signature": [None, ["f"], "f" * 64],
    "trainable_parameters": [1235],
    "folds": [[]],
    "is_replayed": [True],
}  # fmt: skip
CASES = [(field, value) for field, values in WRONG.items() for value in values]


@pytest.mark.parametrize(
    ("field", "value"), CASES, ids=[f"{one}-{two!r}"[:40] for one, two in CASES]
)
def test_refuses_a_field_of_another_form(plain, field, value):
    assert complaint(plain | {field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None), ("source", 1), ("fingerprint", []), ("request", []), ("colour", "red"),
        ("request", {"train": 1e999}), ("sizes", {"train": -1}), ("sizes", {"train": "100"}),
        ("sizes", []),
    ],
)  # fmt: skip
def test_refuses_data_of_another_form(plain, field, value):
    plain["dataset"][field] = value
    assert complaint(plain).startswith("ValueError: dataset: ")


@pytest.mark.parametrize("whole", [None, [], "run", 5, [["seed", 0]]])
def test_refuses_what_is_no_run_at_all(whole):
    assert complaint(whole)


def test_says_what_is_wrong_and_where(plain):
    plain["metrics"]["test"]["loss"] = "low"
    assert complaint(plain) == "ValueError: metrics: test: loss: 'low' in place of a number"


def test_says_a_long_value_in_short(plain):
    assert len(complaint(plain | {"seed": ["x" * 10_000] * 10_000})) < 300


def test_null_in_numbers_is_read_as_one_that_is_none(plain):
    plain["history"]["loss"][1] = plain["metrics"]["test"]["loss"] = None
    run = read(plain | {"measures": {"norm": None}})
    assert math.isnan(run.history["loss"][1]) and math.isnan(run.test.loss)
    assert math.isnan(run.measures["norm"])


# --- arrays -------------------------------------------------------------------------------

ARRAY = np.arange(6, dtype=np.int64)


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"dtype": "object"}, "'object', which is no type of numbers"),
        ({"dtype": "V8"}, "'V8', which is no type of numbers"),
        ({"dtype": "<U2"}, "'<U2', which is no type of numbers"),
        ({"dtype": "i8,i8"}, "'i8,i8', which is no type of numbers"),
        ({"dtype": "datetime64[s]"}, "'datetime64[s]', which is no type of numbers"),
        ({"dtype": "i8"}, "'i8', which is no type of numbers"),
        ({"dtype": None}, "dtype: None in place of a text"),
        ({"shape": [7]}, "not the 56 bytes of the shape [7]"),
        ({"shape": [5]}, "not the 40 bytes of the shape [5]"),
        ({"shape": [-1, 6]}, "shape: -1 in place of a whole number"),
        ({"shape": [True, 6]}, "shape: True in place of a whole number"),
        ({"shape": [10**9, 10**9]}, f"{8 * 10**18} bytes, and {MEASURES_LIMIT} are the most"),
        ({"shape": 6}, "shape: 6 in place of a list"),
        ({"zlib": 6}, "zlib: 6 in place of a text"),
        ({"zlib": "é"}, "string argument should contain only ASCII characters"),
        ({"form": "C"}, "'form' is unknown"),
    ],
)
def test_refuses_an_array_that_is_not_what_it_says(plain, changes, received):
    plain["measures"] = {"array": packed(ARRAY, **changes)}
    assert complaint(plain) == f"ValueError: measures: array: {received}"


def test_refuses_bytes_behind_an_array(plain):
    two = base64.b64encode(zlib.compress(ARRAY.tobytes()) + b"more").decode()
    plain["measures"] = {"array": packed(ARRAY, zlib=two)}
    assert complaint(plain).endswith("not the 48 bytes of the shape [6]")


def test_refuses_an_array_that_is_cut_short(plain):
    short = base64.b64encode(zlib.compress(ARRAY.tobytes())[:-4]).decode()
    plain["measures"] = {"array": packed(ARRAY, zlib=short)}
    assert complaint(plain).endswith("not the 48 bytes of the shape [6]")


def test_unpacks_no_more_than_an_array_says_it_has(plain, monkeypatch):
    """A megabyte of text can hold a gigabyte of zeros."""
    lengths, unpacking = [], zlib.decompressobj

    class Watched:
        def __init__(self):
            self.unpacking = unpacking()

        def decompress(self, *arguments):
            content = self.unpacking.decompress(*arguments)
            lengths.append(len(content))
            return content

        def __getattr__(self, name):
            return getattr(self.unpacking, name)

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    bomb = base64.b64encode(zlib.compress(bytes(10_000_000), 9)).decode()
    plain["measures"] = {"array": packed(ARRAY, zlib=bomb)}
    plain["mistakes"] = None
    assert complaint(plain).endswith("not the 48 bytes of the shape [6]")
    assert lengths == [49]


def test_refuses_measures_that_are_too_large_together(plain):
    half = packed(np.zeros(MEASURES_LIMIT // 2 + 1, np.uint8))
    assert read(plain | {"measures": {"a": half}})
    assert (
        complaint(plain | {"measures": {"a": half, "b": half}}) == "ValueError: not small measures"
    )


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("images", np.zeros((3, 8, 8), np.uint8)),
        ("images", np.zeros((2, 8, 8, 1), np.uint8)),
        ("images", np.zeros((3, 8, 8, 1), np.float32)),
        ("labels", np.zeros(2, int)),
        ("labels", np.zeros(3, np.float32)),
        ("predictions", np.zeros((3, 1), int)),
        ("confidences", np.zeros(3, int)),
    ],
)
def test_refuses_mistakes_that_do_not_belong_together(plain, name, array):
    plain["mistakes"][name] = packed(array)
    assert complaint(plain) == (
        "ValueError: mistakes: no images with a label, a prediction and a confidence each"
    )


def test_refuses_images_of_mistakes_that_would_fill_the_memory(plain):
    plain["mistakes"]["images"]["shape"] = [16, 100_000, 100_000, 3]
    assert complaint(plain) == (
        f"ValueError: mistakes: images: {48 * 10**10} bytes, and {16 * 1024 * 1024} are the most"
    )
