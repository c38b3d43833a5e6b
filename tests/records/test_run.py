import copy
import dataclasses
import json
import math

import numpy as np
import pytest
from made_up_runs import made_up_run

from labkit.errors import DamagedRecordError, RecordError
from labkit.records.run import Metrics
from labkit.records.run_json import from_json, to_json


def written_and_read(run):
    text = json.dumps(to_json(run), allow_nan=False)
    return from_json(json.loads(text), {run.signature.sha256: run.signature})


def equal(one, other) -> bool:
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and np.array_equal(one, other)
    if dataclasses.is_dataclass(one):
        pairs = ((getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
        return all(equal(*pair) for pair in pairs)
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[name], other[name]) for name in one)
    return one == other


def test_a_run_reads_back_as_it_was_written():
    run = made_up_run()
    assert equal(written_and_read(run), run)


def test_what_is_compared_here_would_show_a_difference():
    run = made_up_run()
    assert not equal(dataclasses.replace(run, confusion=run.confusion + 1), run)
    assert not equal(dataclasses.replace(run, measures={"near_zero": 0.5}), run)
    assert not equal(made_up_run(0.91), run)


def test_a_trained_run_reads_back_as_it_was_written(trained):
    once = written_and_read(trained)
    assert equal(written_and_read(once), once)
    assert to_json(once) == to_json(trained)
    assert once.test.accuracy == pytest.approx(trained.test.accuracy, rel=1e-6)
    assert once.measures["kernel"].dtype == np.float32
    assert np.array_equal(once.measures["kernel"], trained.measures["kernel"])
    assert np.array_equal(once.confusion, trained.confusion)


def test_optional_parts_may_be_missing():
    run = made_up_run(confusion=None, mistakes=None, measures={})
    read = written_and_read(run)
    assert (read.confusion, read.mistakes, read.measures) == (None, None, {})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_becomes_null_and_reads_back_as_nan(value):
    run = made_up_run(
        history={"loss": (0.5, value)},
        metrics={"test": {"loss": value}},
        measures={"norm": value},
    )
    plain = to_json(run)
    assert plain["history"] == {"loss": [0.5, None]}
    assert plain["metrics"] == {"test": {"loss": None}}
    assert plain["measures"] == {"norm": None}
    read = written_and_read(run)
    assert math.isnan(read.history["loss"][1])
    assert math.isnan(read.test.loss)
    assert math.isnan(read.value("norm"))


@pytest.mark.parametrize(
    "array",
    [
        np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4),
        np.arange(6, dtype=np.int64)[::2],
        np.array([[True, False]]),
        np.zeros((0, 3), np.float32),
        np.array([np.nan, np.inf]),
    ],
)
def test_an_array_keeps_values_shape_and_dtype(array):
    read = written_and_read(made_up_run(measures={"array": array})).measures["array"]
    assert read.dtype == array.dtype
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)


def test_replicates_are_not_written_twice():
    run = made_up_run(replicates=(made_up_run(),), extra=(made_up_run(),))
    assert not {"replicates", "extra"} & set(to_json(run))
    assert written_and_read(run).replicates == ()


def test_numbers_are_written_with_the_digits_of_a_float32():
    plain = to_json(made_up_run(0.1234567891234))
    assert plain["metrics"]["test"]["accuracy"] == 0.1234568


DAMAGES = {
    "missing": lambda plain: plain.pop("budget"),
    "unknown": lambda plain: plain.update(colour="red"),
    "seed": lambda plain: plain.update(seed="0"),
    "seconds": lambda plain: plain.update(seconds=None),
    "parameters": lambda plain: plain.update(parameters=[1]),
    "provenance": lambda plain: plain.update(provenance="here"),
    "signature": lambda plain: plain.update(signature="f" * 64),
    "signature's form": lambda plain: plain.update(signature=[1]),
    "history": lambda plain: plain.update(history=[1, 2]),
    "history's values": lambda plain: plain.update(history={"loss": ["low"]}),
    "history's form": lambda plain: plain.update(history={"loss": 0.5}),
    "metrics": lambda plain: plain.update(metrics={"test": 0.5}),
    "confusion": lambda plain: plain.update(confusion=[[1, "many"]]),
    "confusion's form": lambda plain: plain.update(confusion=[[1, 2], [3]]),
    "confusion's size": lambda plain: plain.update(confusion=[[10**30]]),
    "dataset": lambda plain: plain["dataset"].pop("fingerprint"),
    "mistakes": lambda plain: plain["mistakes"].pop("labels"),
    "an array's bytes": lambda plain: plain["mistakes"]["labels"].update(zlib="AAAA"),
    "an array's text": lambda plain: plain["mistakes"]["labels"].update(zlib="no base64"),
    "an array's shape": lambda plain: plain["mistakes"]["labels"].update(shape=[7]),
    "an array's dtype": lambda plain: plain["mistakes"]["labels"].update(dtype="O"),
    "an array's dtype's name": lambda plain: plain["mistakes"]["labels"].update(dtype="float33"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_rejects_a_damaged_run(damage):
    run = made_up_run()
    plain = json.loads(json.dumps(to_json(run)))
    damage(plain)
    with pytest.raises(DamagedRecordError, match="a run record: expected every field that"):
        from_json(plain, {run.signature.sha256: run.signature})


def test_says_what_is_damaged():
    run = made_up_run()
    plain = to_json(run) | {"seed": "0"}
    with pytest.raises(DamagedRecordError) as caught:
        from_json(plain, {run.signature.sha256: run.signature})
    assert str(caught.value) == (
        "a run record: expected every field that labkit writes; received ValueError: seed: '0' in "
        "place of a whole number. Take the file from version control again, or record the "
        "experiment anew."
    )


# --- what a run knows ---------------------------------------------------------------------


def test_metrics_are_attributes_and_items():
    run = made_up_run(0.9)
    assert run.test.accuracy == run.test["accuracy"] == 0.9
    assert run.train.data_loss == 0.2
    assert run.validation.loss == 0.5
    assert dict(run.test) == run.metrics["test"]
    assert len(run.test) == 3


def test_metrics_can_be_copied():
    assert dict(copy.deepcopy(Metrics("test", {"loss": 1.0}))) == {"loss": 1.0}


def test_says_which_metrics_there_are():
    with pytest.raises(RecordError) as caught:
        made_up_run().test.precision  # noqa: B018
    assert str(caught.value) == (
        "test metrics: expected one of accuracy, data_loss, loss; received 'precision'. "
        "Ask for one of these, or train with a recipe that measures it."
    )


def test_says_which_splits_were_measured():
    with pytest.raises(RecordError) as caught:
        made_up_run(metrics={"train": {"loss": 1.0}}).test  # noqa: B018
    assert str(caught.value) == (
        "99/made-up: expected one of train; received 'test'. "
        "Ask for one of these, or train with a recipe that measures it."
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("test_accuracy", 0.9),
        ("train_data_loss", 0.2),
        ("parameters", 1234),
        ("trainable_parameters", 1200),
        ("epochs", 2),
        ("seconds", 12.5),
        ("seconds_per_epoch", 5.5),
        ("near_zero", 0.25),
        ("running_loss", 0.25),
    ],
)
def test_every_number_has_a_name(name, value):
    assert made_up_run(0.9).value(name) == value


def test_an_array_is_no_number():
    with pytest.raises(RecordError, match="received 'weights'"):
        made_up_run().value("weights")


def test_a_run_is_known_by_budget_seed_fold_settings_and_signature():
    run = made_up_run(seed=3, budget="lab", fold=1, settings={"rate": 0.1})
    assert run.key == ("lab", 3, 1, "rate=0.1", run.signature.sha256)


def test_knows_whether_it_saw_the_excerpt():
    stamp = made_up_run().dataset
    assert not made_up_run().is_sample
    assert made_up_run(dataset=dataclasses.replace(stamp, source="sample")).is_sample


def test_a_run_shows_itself_in_one_line():
    run = made_up_run(replicates=(made_up_run(),))
    assert repr(run) == "Run('99/made-up', full, seed 0, 2 epochs, finished)"
    short = made_up_run(seed=3, budget="lab", status="diverged", seconds_per_epoch=(5.0,))
    assert repr(short) == "Run('99/made-up', lab, seed 3, 1 epoch, diverged)"


def test_a_run_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        made_up_run().seed = 1
