import pickle

import pytest

from labkit import errors

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.LabkitError)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_says_what_was_expected_what_was_received_and_what_to_do(kind):
    problem = kind("batch_size", expected="1 or more", received="0", remedy="Write 32.")
    assert str(problem) == "batch_size: expected 1 or more; received 0. Write 32."
    assert problem.subject == "batch_size"
    assert problem.expected == "1 or more"
    assert problem.received == "0"
    assert problem.remedy == "Write 32."


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_arrives_whole_from_another_process(kind):
    sent = kind("images", expected="a", received="b", remedy="C.")
    arrived = pickle.loads(pickle.dumps(sent))
    assert type(arrived) is kind
    assert str(arrived) == str(sent)
    assert arrived.remedy == "C."


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ParameterError, ValueError),
        (errors.UnknownDatasetError, ValueError),
        (errors.CacheWriteError, OSError),
        (errors.MissingRecordError, LookupError),
        (errors.ModelError, ValueError),
        (errors.CheckFailed, AssertionError),
    ],
)
def test_an_error_is_also_the_builtin_that_python_would_raise(kind, builtin):
    with pytest.raises(builtin, match="expected b; received c"):
        raise kind("a", expected="b", received="c", remedy="D.")


def test_proposes_the_nearest_name():
    hint = errors.nearest("Fashion-MNIST", ["mnist", "fashion_mnist", "imdb"])
    assert hint == "Did you mean 'fashion_mnist'? Allowed: mnist, fashion_mnist, imdb."


def test_proposes_nothing_where_no_name_is_near():
    assert errors.nearest("q", ["mnist", "imdb"]) == "Allowed: mnist, imdb."


def test_proposes_for_what_is_not_even_a_text():
    assert errors.nearest(3, ["lab", "full"]) == "Allowed: lab, full."
