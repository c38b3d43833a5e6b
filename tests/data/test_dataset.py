"""What every dataset promises, whichever it is, and what `load` refuses."""

import dataclasses
import json
import re
import warnings

import numpy as np
import pytest

from labkit import data, folders
from labkit.data import catalogue, excerpts, sources
from labkit.data.npz import describe, write
from labkit.data.split import Split
from labkit.errors import DataUnavailableError, ParameterError, UnknownDatasetError

IMAGES = ("mnist", "fashion_mnist", "cifar10", "cifar100")
TABLES = ("boston_housing", "california_housing", "pima_indians_diabetes")
EXCERPTS = (*IMAGES, "imdb")
CLASSES = {
    "mnist": 10,
    "fashion_mnist": 10,
    "cifar10": 10,
    "cifar100": 100,
    "imdb": 2,
    "boston_housing": 0,
    "california_housing": 0,
    "pima_indians_diabetes": 2,
    "xor": 2,
    "logistic_map": 0,
}
SHAPES = {
    "mnist": (28, 28, 1),
    "fashion_mnist": (28, 28, 1),
    "cifar10": (32, 32, 3),
    "cifar100": (32, 32, 3),
    "imdb": (500,),
    "boston_housing": (13,),
    "california_housing": (8,),
    "pima_indians_diabetes": (8,),
    "xor": (2,),
    "logistic_map": (1,),
}

every = pytest.mark.parametrize("name", data.NAMES)


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No mirror, no cache, no settings, and nothing may reach for a network."""
    for variable in ("DATA", "SEED", "SOURCE", "BUDGET"):
        monkeypatch.delenv(f"LABKIT_{variable}", raising=False)
    monkeypatch.setenv("LABKIT_MODE", "replay")
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path / "cache")

    def offline(name):
        raise DataUnavailableError(name, expected="a net", received="none", remedy="Connect.")

    monkeypatch.setattr(sources.origins, "download", offline)


@pytest.fixture
def real_mnist(monkeypatch, tmp_path):
    """A mirror whose whole MNIST is 600 + 120 images, with facts to match."""
    excerpt = excerpts.read("mnist")
    sizes = {"train": 600, "test": 120}
    arrays = {key: excerpt[key][: sizes[key[2:]]] for key in excerpt}
    facts = {key: describe(array) for key, array in arrays.items()}
    known = dict(catalogue._fingerprints()) | {"mnist": facts}
    monkeypatch.setattr(catalogue, "_fingerprints", lambda: known)
    (tmp_path / "mirror").mkdir()
    write(tmp_path / "mirror" / "mnist.npz", arrays)
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "mirror"))
    return arrays


def load(name, **wanted):
    return data.load(name, **{"source": "sample", **wanted})


def rows(split):
    return [row.tobytes() for row in split.inputs]


# What holds for every dataset


@every
def test_inputs_have_their_shape_type_and_range(name):
    dataset = load(name, validation=1)
    for split in (dataset.train, dataset.validation, dataset.test):
        assert split.inputs.shape == (len(split), *SHAPES[name])
        assert split.inputs is getattr(split, dataset.kind)
        assert split.inputs.dtype == (np.int32 if name == "imdb" else np.float32)
        assert np.isfinite(split.inputs).all()
        if dataset.kind == "images":
            assert split.inputs.min() >= 0 and 0.9 < split.inputs.max() <= 1


@every
def test_labels_are_classes_or_numbers(name):
    dataset = load(name)
    assert len(dataset.class_names) == len(set(dataset.class_names)) == CLASSES[name]
    for split in (dataset.train, dataset.test):
        assert split.labels.shape == (len(split),)
        if CLASSES[name]:
            assert split.labels.dtype == np.int64
            assert set(split.labels) == set(range(CLASSES[name]))
        else:
            assert split.labels.dtype == np.float32


@every
def test_training_and_validation_share_no_example(name):
    everything = load(name)
    part = load(name, validation=2 if name == "xor" else len(everything.train) // 4)
    together = sorted(rows(part.train) + rows(part.validation))
    assert len(part.validation) > 0
    assert together == sorted(rows(everything.train))


@every
def test_the_same_seed_draws_the_same_split(name):
    one, two = (load(name, validation=1, seed=3) for _ in range(2))
    for split in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(one, split).inputs, getattr(two, split).inputs)
        np.testing.assert_array_equal(getattr(one, split).targets, getattr(two, split).targets)


@every
def test_another_seed_draws_another_split_and_leaves_the_test_set(name):
    one, two = (load(name, validation=1, seed=seed) for seed in (3, 4))
    assert rows(one.train) != rows(two.train)
    assert rows(one.test) == rows(two.test)
    assert one.fingerprint == two.fingerprint


@every
def test_the_request_is_plain_and_knows_neither_seed_nor_source(name):
    request = load(name, train=np.int64(2), validation=np.int64(1)).request
    assert json.loads(json.dumps(request)) == request
    assert request["name"] == name and request["train"] == 2 and request["validation"] == 1
    assert not {"seed", "source"} & request.keys()
    assert load(name).request["train"] is None


@every
def test_a_smaller_training_set_leaves_the_validation_set_as_it_is(name):
    few, all_left = load(name, train=1, validation=1), load(name, validation=1)
    assert rows(few.validation) == rows(all_left.validation)
    assert rows(few.train)[0] == rows(all_left.train)[0]


@every
def test_one_hot_targets_where_there_are_classes(name):
    if not CLASSES[name]:
        with pytest.raises(ParameterError) as caught:
            load(name, one_hot=True)
        assert str(caught.value) == (
            "one_hot: expected a dataset whose labels are classes; received "
            f"{name}, whose target is a number. "
            "Leave one_hot out: the loss compares with the numbers themselves."
        )
        return
    dataset = load(name, validation=1, one_hot=True)
    for split in (dataset.train, dataset.validation, dataset.test):
        assert split.targets.shape == (len(split), CLASSES[name])
        assert split.targets.dtype == np.float32
        np.testing.assert_array_equal(split.targets.sum(axis=1), 1)
        np.testing.assert_array_equal(split.targets.argmax(axis=1), split.labels)


@every
def test_targets_are_the_labels_unless_asked_otherwise(name):
    split = load(name).train
    if name == "xor":
        np.testing.assert_array_equal(split.targets, 2 * split.labels - 1)
    else:
        assert split.targets is split.labels


@every
def test_refuses_what_the_real_dataset_does_not_hold(name):
    real = load(name, source="sample")
    size = {"imdb": 25_000, "cifar10": 50_000, "cifar100": 50_000}.get(name, 60_000)
    size = size if name in EXCERPTS else len(real.train)
    with pytest.raises(ParameterError) as caught:
        load(name, train=size, validation=1)
    assert str(caught.value) == (
        f"train: expected a whole number from 1 to {size - 1:,}; received {size}. "
        f"{name} holds {size:,} training examples, and validation takes 1 of them."
    )
    load(name, train=size)


# Excerpts and counts


@pytest.mark.parametrize("name", EXCERPTS)
def test_an_excerpt_says_that_it_is_one(name):
    dataset = load(name)
    assert dataset.source == "sample" and dataset.is_sample
    assert dataset.fingerprint != catalogue.fingerprint(catalogue.entry(name).arrays)


@pytest.mark.parametrize("name", [*TABLES, "xor", "logistic_map"])
@pytest.mark.parametrize("source", ["auto", "real", "local", "sample"])
def test_what_travels_whole_is_real_at_every_source(name, source):
    dataset = load(name, source=source)
    assert dataset.source == "package" and not dataset.is_sample


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_of_the_package_are_the_real_ones(name):
    assert load(name).fingerprint == catalogue.fingerprint(catalogue.entry(name).arrays)


def test_counts_shrink_with_the_excerpt():
    dataset = load("mnist", train=30_000, validation=3_000)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (2_500, 250, 1_000)
    assert dataset.request == {
        "name": "mnist",
        "train": 30_000,
        "validation": 3_000,
        "one_hot": False,
    }


def test_counts_shrink_to_one_at_least():
    dataset = load("cifar10", train=1, validation=1)
    assert (len(dataset.train), len(dataset.validation)) == (1, 1)


def test_everything_left_is_what_validation_leaves():
    dataset = load("mnist", train=59_999, validation=1)
    assert (len(dataset.train), len(dataset.validation)) == (4_999, 1)


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "30000"])
def test_refuses_a_training_count_that_is_none(value):
    with pytest.raises(ParameterError) as caught:
        load("mnist", train=value)
    assert str(caught.value) == (
        f"train: expected a whole number from 1 to 60,000; received {value!r}. "
        "mnist holds 60,000 training examples."
    )


@pytest.mark.parametrize("value", [-1, 60_000, 0.1, None])
def test_refuses_a_validation_count_that_leaves_nothing(value):
    with pytest.raises(ParameterError) as caught:
        load("mnist", validation=value)
    assert str(caught.value) == (
        f"validation: expected a whole number from 0 to 59,999; received {value!r}. "
        "mnist holds 60,000 training examples."
    )


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(UnknownDatasetError) as caught:
        data.load("mnits")
    assert str(caught.value) == (
        "dataset: expected the name of a dataset; received 'mnits'. Did you mean 'mnist'? "
        "Allowed: mnist, fashion_mnist, cifar10, cifar100, imdb, boston_housing, "
        "california_housing, pima_indians_diabetes, xor, logistic_map."
    )


@pytest.mark.parametrize(
    ("name", "option"), [("mnist", "words"), ("xor", "length"), ("imdb", "test")]
)
def test_refuses_an_option_of_another_dataset(name, option):
    with pytest.raises(ParameterError) as caught:
        load(name, **{option: 10})
    assert str(caught.value) == (
        f"{option}: expected no such option for {name}; received 10. "
        "words and length belong to imdb, test to the tables."
    )


def test_the_environment_gives_seed_and_source(monkeypatch):
    monkeypatch.setenv("LABKIT_SEED", "7")
    monkeypatch.setenv("LABKIT_SOURCE", "sample")
    dataset = load("mnist", train=600)
    assert dataset.seed == 7 and dataset.source == "sample"
    assert rows(dataset.train) == rows(load("mnist", train=600, seed=7).train)


def test_an_unknown_source_is_refused():
    with pytest.raises(ParameterError, match="SOURCE: expected one of auto, real, sample, local"):
        data.load("mnist", source="smaple")


# Where the data come from


def test_the_mirror_is_preferred_and_its_pixels_come_through(real_mnist):
    dataset = load("mnist", train=100, validation=50, source="auto", seed=1)
    assert dataset.source == "mirror" and not dataset.is_sample
    assert dataset.fingerprint == catalogue.fingerprint(catalogue.entry("mnist").arrays)
    pixels = np.rint(dataset.test.images[..., 0] * 255).astype(np.uint8)
    np.testing.assert_array_equal(pixels, real_mnist["x_test"])
    np.testing.assert_array_equal(dataset.test.labels, real_mnist["y_test"])
    originals = {
        image.tobytes(): label
        for image, label in zip(real_mnist["x_train"], real_mnist["y_train"], strict=True)
    }
    for split in (dataset.train, dataset.validation):
        for image, label in zip(split.images, split.labels, strict=True):
            assert originals.pop(np.rint(image * 255).astype(np.uint8).tobytes()) == label


def test_the_cache_has_the_same_fingerprint_as_the_mirror(real_mnist, monkeypatch):
    from_mirror = data.load("mnist", source="real")
    sources.fetch("mnist")
    monkeypatch.delenv("LABKIT_DATA")
    from_cache = data.load("mnist", source="local")
    assert from_cache.source == "cache"
    assert from_cache.fingerprint == from_mirror.fingerprint
    assert rows(from_cache.train) == rows(from_mirror.train)


def test_a_mirror_without_the_file_falls_through_to_the_cache(real_mnist, monkeypatch, tmp_path):
    sources.fetch("mnist")
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    assert data.load("mnist", source="auto").source == "cache"


def test_a_download_is_used_and_kept(real_mnist, monkeypatch):
    monkeypatch.delenv("LABKIT_DATA")
    monkeypatch.setattr(sources.origins, "download", lambda name: real_mnist)
    first, second = (data.load("mnist", source="auto") for _ in range(2))
    assert (first.source, second.source) == ("download", "cache")
    assert first.fingerprint == second.fingerprint


def test_local_never_downloads(monkeypatch):
    def forbidden(name):
        raise AssertionError("a download was tried")

    monkeypatch.setattr(sources.origins, "download", forbidden)
    assert data.load("mnist", source="local").source == "sample"


def test_real_refuses_the_excerpt():
    with pytest.raises(DataUnavailableError):
        data.load("mnist", source="real")


@pytest.mark.parametrize("source", ["auto", "local"])
def test_in_mode_train_the_excerpt_warns_once_and_at_the_callers_line(monkeypatch, source):
    monkeypatch.setenv("LABKIT_MODE", "train")
    with pytest.warns(data.SampleDataWarning) as caught:
        data.load("fashion_mnist", source=source)
    reason = "received none" if source == "auto" else "it is not on this machine"
    assert [str(warning.message) for warning in caught] == [
        "fashion_mnist: this is the small excerpt that travels with labkit, and results on it "
        f"differ from recorded ones. The real data could not be had: {reason}. "
        "Run `labkit data fetch fashion_mnist`, or set LABKIT_DATA to a folder with "
        "fashion_mnist.npz."
    ]
    assert caught[0].filename == __file__


@pytest.mark.parametrize(("mode", "source"), [("replay", "auto"), ("train", "sample")])
def test_no_warning_in_replay_or_where_the_excerpt_was_asked_for(monkeypatch, mode, source):
    monkeypatch.setenv("LABKIT_MODE", mode)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert data.load("mnist", source=source).is_sample


# Splits


def test_take_depends_on_its_seed_alone():
    split = load("mnist").train
    one, two, other = split.take(20, 5), split.take(20, 5), split.take(20, 6)
    assert len(one) == 20 and rows(one) == rows(two) != rows(other)
    assert set(rows(one)) <= set(rows(split))
    assert one.targets is one.labels


def test_take_keeps_labels_and_targets_beside_their_images():
    split = load("mnist", one_hot=True).train
    label_of = dict(zip(rows(split), split.labels, strict=True))
    taken = split.take(50, 0)
    assert [label_of[row] for row in rows(taken)] == list(taken.labels)
    np.testing.assert_array_equal(taken.targets.argmax(axis=1), taken.labels)


def test_take_of_more_than_there_is_takes_all_without_a_copy():
    split = load("xor").train
    assert split.take(256, 0) is split


def test_take_of_nothing_is_refused():
    with pytest.raises(
        ParameterError, match="count: expected a whole number from 1 up; received 0"
    ):
        load("xor").train.take(0, 0)


@pytest.mark.parametrize(("name", "kind"), [("mnist", "images"), ("imdb", "tokens")])
def test_inputs_under_a_wrong_name_raise_the_right_one(name, kind):
    with pytest.raises(ParameterError) as caught:
        _ = load(name).train.features
    assert str(caught.value) == (
        f"split.features: expected split.{kind}; received split.features. "
        f"This dataset's inputs are {kind}."
    )


def test_baseline_answers_the_commonest_class():
    labels = np.array([0, 1, 1, 1])
    dataset = load("xor")
    split = Split(np.zeros((4, 1)), labels, labels, "features")
    object.__setattr__(dataset, "train", split)
    assert dataset.baseline == 0.75


def test_baseline_of_a_number_is_the_error_of_the_median():
    prices = load("boston_housing").train.targets
    expected = np.abs(prices - np.median(prices)).mean()
    assert load("boston_housing").baseline == pytest.approx(expected)
    assert load("xor").baseline == 1.0  # targets are −1 and 1


# Changes and folds


def as_autoencoder(split, dataset):
    return dataclasses.replace(split, targets=split.inputs)


def as_zero_and_one(split, dataset):
    return dataclasses.replace(split, targets=split.labels.astype(np.float32))


def standardised(split, dataset):
    mean, sd = dataset.train.inputs.mean(axis=0), dataset.train.inputs.std(axis=0)
    return dataclasses.replace(split, inputs=(split.inputs - mean) / sd)


def test_an_autoencoder_s_targets_are_its_inputs_in_every_split():
    digits = load("mnist", train=600, validation=60)
    made = digits.changed(as_autoencoder)
    for name in ("train", "validation", "test"):
        split, before = getattr(made, name), getattr(digits, name)
        assert split.targets is split.inputs is before.inputs
        assert split.labels is before.labels
        assert before.targets is before.labels, "what was loaded stays as it was"


def test_xor_s_targets_can_be_zero_and_one():
    made = load("xor").changed(as_zero_and_one)
    assert made.validation is None
    for split in (made.train, made.test):
        np.testing.assert_array_equal(split.targets, split.labels)


def test_a_change_sees_the_training_split_whichever_it_changes():
    made = load("boston_housing", validation=100).changed(standardised)
    np.testing.assert_allclose(made.train.features.mean(axis=0), 0, atol=1e-4)
    assert np.abs(made.test.features.mean(axis=0)).max() > 0.01


def test_changes_are_asked_for_in_their_order():
    plain = load("xor")
    one, other = (
        plain.changed(first).changed(second)
        for first, second in (
            (standardised, as_autoencoder),
            (as_autoencoder, standardised),
        )
    )
    names = [text.partition(" ")[0] for text in one.request["changed"]]
    assert names == ["standardised", "as_autoencoder"]
    assert other.request["changed"] == one.request["changed"][::-1]
    assert "changed" not in plain.request
    assert json.loads(json.dumps(one.request)) == one.request


def test_another_kind_of_inputs_is_the_dataset_s_too():
    def flat(split, dataset):
        inputs = split.inputs.reshape(len(split), -1)
        return dataclasses.replace(split, inputs=inputs, kind="features")

    made = load("mnist", train=600).changed(flat)
    assert made.kind == "features"
    assert made.test.features.shape == (1_000, 784)


LARGEST = 255


def halved(values):
    return values / 2


def test_a_change_is_asked_for_with_the_helpers_and_constants_it_uses(monkeypatch):
    def scaled(split, dataset):
        return dataclasses.replace(split, inputs=halved(split.inputs) * LARGEST)

    def asked():
        return load("xor").changed(scaled).request["changed"]

    before = asked()
    assert re.fullmatch(r"scaled \w{8} \(LARGEST=255, halved \w{8}\)", *before)
    monkeypatch.setitem(globals(), "LARGEST", 128)
    assert asked() == [before[0].replace("255", "128")]
    monkeypatch.setitem(globals(), "halved", np.negative)
    assert re.fullmatch(r"scaled \w{8} \(LARGEST=128, halved=negative\)", *asked())


def test_what_is_no_function_changes_nothing():
    with pytest.raises(ParameterError) as caught:
        load("xor").changed("as_autoencoder")
    assert str(caught.value) == (
        "change: expected a function, by which a record can tell it from others; received "
        "'as_autoencoder'. Define it: def change(split, dataset): return dataclasses.replace(…)."
    )


def without_labels(split, dataset):
    return dataclasses.replace(split, labels=split.labels[:0])


@pytest.mark.parametrize(
    ("change", "received"),
    [(lambda split, dataset: None, "None"), (without_labels, "4 inputs, 0 labels, 4 targets")],
)
def test_a_change_makes_a_split_of_each_split(change, received):
    with pytest.raises(ParameterError) as caught:
        load("xor").changed(change)
    assert str(caught.value) == (
        f"{change.__name__}(split, dataset): expected a Split with as many labels and targets as "
        f"inputs; received {received}. "
        "Return dataclasses.replace(split, inputs=…, labels=…, targets=…)."
    )


@pytest.mark.parametrize(("name", "of"), [("boston_housing", 4), ("xor", 4), ("mnist", 7)])
def test_folds_are_disjoint_and_complete(name, of):
    whole = load(name, one_hot=name == "mnist")
    folds = [whole.fold(number, of=of) for number in range(of)]
    for number, fold in enumerate(folds):
        assert not set(rows(fold.train)) & set(rows(fold.validation)) or name == "mnist"
        assert sorted(rows(fold.train) + rows(fold.validation)) == sorted(rows(whole.train))
        assert fold.request == {**whole.request, "folds": of} and fold.fold_number == number
        assert fold.test is whole.test
    held_out = [row for fold in folds for row in rows(fold.validation)]
    assert sorted(held_out) == sorted(rows(whole.train))
    sizes = {len(fold.validation) for fold in folds}
    assert max(sizes) - min(sizes) <= 1


def test_a_fold_keeps_targets_beside_their_inputs():
    whole = load("boston_housing")
    price_of = dict(zip(rows(whole.train), whole.train.targets, strict=True))
    fold = whole.fold(2, of=5)
    for split in (fold.train, fold.validation):
        assert [price_of[row] for row in rows(split)] == list(split.targets)


@pytest.mark.parametrize(
    ("number", "of", "message"),
    [
        (4, 4, "number: expected a whole number from 0 to 3; received 4."),
        (-1, 4, "number: expected a whole number from 0 to 3; received -1."),
        (0, 1, "of: expected a whole number from 2 to 4; received 1."),
        (0, 5, "of: expected a whole number from 2 to 4; received 5."),
    ],
)
def test_there_is_no_such_fold(number, of, message):
    with pytest.raises(ParameterError) as caught:
        load("xor").fold(number, of=of)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("made", "received"),
    [
        (lambda xor: xor.fold(0, of=2), "one with 2 validation examples"),
        (lambda xor: xor.changed(as_autoencoder), r"one changed by as_autoencoder \w{8}"),
    ],
    ids=["folded", "changed"],
)
def test_what_a_change_or_a_fold_has_seen_is_not_folded_again(made, received):
    with pytest.raises(ParameterError, match=f"received {received}. Load it with validation=0,"):
        made(load("xor")).fold(0, of=2)


def test_a_fold_can_be_changed_by_what_its_training_split_knows():
    fold = load("boston_housing").fold(0, of=4).changed(standardised)
    np.testing.assert_allclose(fold.train.features.mean(axis=0), 0, atol=1e-4)
    assert (fold.fold_number, fold.request["folds"]) == (0, 4)


# What is particular to one dataset


def test_reviews_are_numbered_by_rank_and_filled_in_front():
    dataset = load("imdb", words=1_000, length=60, seed=0)
    excerpt = excerpts.read("imdb")
    words = excerpt["vocabulary"].tobytes().decode("utf-8").split("\n")
    review = excerpt["tokens_test"][: excerpt["offsets_test"][1]][-60:]
    expected = [words[rank - 1] if rank + 1 < 1_000 else "?" for rank in review]
    tokens = dataset.test.tokens[0]
    assert [dataset.vocabulary[token] for token in tokens if token] == expected
    assert len(dataset.vocabulary) == 1_000 and dataset.test.tokens.max() == 999
    assert dataset.request["words"] == 1_000 and dataset.request["length"] == 60


def test_short_reviews_are_filled_with_zeros_in_front():
    lengths = np.diff(excerpts.read("imdb")["offsets_test"])
    tokens = load("imdb", length=400).test.tokens
    for row, length in zip(tokens, lengths, strict=True):
        kept = min(int(length), 400)
        assert (row[: 400 - kept] == 0).all() and (row[400 - kept :] > 0).all()


def test_the_test_part_of_a_table_is_a_fifth_or_what_is_asked_for():
    assert len(load("boston_housing").test) == 102
    dataset = load("pima_indians_diabetes", test=68, validation=100)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (600, 100, 68)
    with pytest.raises(ParameterError) as caught:
        load("boston_housing", test=506)
    assert str(caught.value) == (
        "test: expected a whole number from 1 to 505; received 506. "
        "Choose test within these bounds."
    )


@pytest.mark.parametrize("name", TABLES)
def test_a_table_names_its_columns(name):
    assert len(load(name).feature_names) == SHAPES[name][0]


def test_xor_is_four_points_and_their_signs():
    dataset = load("xor")
    for inputs, label in zip(dataset.test.features, dataset.test.labels, strict=True):
        assert label == (inputs[0] * inputs[1] < 0)
    assert sorted(rows(dataset.train)) == sorted(rows(dataset.test))


def test_the_logistic_map_maps():
    dataset = load("logistic_map")
    x, after = dataset.test.features[:, 0], dataset.test.targets
    np.testing.assert_allclose(after, 4 * x * (1 - x), atol=1e-6)
    np.testing.assert_array_equal(x[1:], after[:-1])
    assert not set(rows(dataset.train)) & set(rows(dataset.test))
