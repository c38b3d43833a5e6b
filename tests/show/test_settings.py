"""How a number depends on the settings of a sweep."""

import matplotlib.pyplot as plt
import pytest
from made_up_runs import made_up_run, replicated

from labkit import show
from labkit.errors import ParameterError


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def points(**settings):
    """Return runs of two seeds with the mean accuracies 0.51, 0.52, 0.53 …"""
    return [
        replicated(
            0.5 + place / 100,
            0.52 + place / 100,
            settings=dict(zip(settings, one, strict=True)),
        )
        for place, one in enumerate(zip(*settings.values(), strict=True))
    ]


def test_points_stand_to_scale_in_the_order_of_the_setting():
    axes = show.against(points(batch_size=(64, 16, 32)), "batch_size", metric="test_accuracy")
    (line,) = (one for one in axes.get_lines() if one.get_marker() == "o")
    assert line.get_xdata().tolist() == [16, 32, 64]
    assert line.get_ydata() == pytest.approx([0.52, 0.53, 0.51])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("batch size", "test accuracy")
    assert axes.get_xscale() == "linear"


def test_a_wide_range_has_a_logarithmic_axis():
    axes = show.against(points(rate=(0.001, 0.1)), "rate", metric="test_accuracy")
    assert axes.get_xscale() == "log"


def test_words_stand_one_beside_another():
    runs = points(optimizer=("adam", "sgd", "adam"), batch_size=(16, 16, 32))
    axes = show.against(runs, "optimizer", metric="test_accuracy", by="batch_size")
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["adam", "sgd"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["16", "32"]


def test_points_that_differ_in_more_are_not_joined():
    axes = show.against(points(rate=(1, 1, 2), units=(8, 16, 8)), "rate", metric="test_accuracy")
    assert axes.get_lines()[0].get_linestyle() == "None"


def test_refuses_a_run_without_the_setting():
    runs = [*points(rate=(1,)), made_up_run(settings={"units": 8})]
    with pytest.raises(ParameterError) as caught:
        show.against(runs, "rate", metric="test_accuracy")
    assert str(caught.value) == (
        "setting: expected runs of a sweep, trained with settings={…}; received 'rate', and the "
        "settings units. Name one of the settings that every run was trained with."
    )
    with pytest.raises(ParameterError, match="received no runs"):
        show.against([], "rate", metric="test_accuracy")
