import dataclasses

import matplotlib as mpl
import numpy as np
import pytest
from made_up_runs import made_up_run, replicated

from labkit.errors import ParameterError
from labkit.show import pictures

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    mpl.pyplot.close("all")


def test_images_need_a_channel_axis_and_a_title_each():
    with pytest.raises(ParameterError, match=r"received \(2, 8, 8\) and 2 titles"):
        pictures.images(np.zeros((2, 8, 8)), ["a", "b"])


def test_images_draw_colour_and_grey():
    assert len(pictures.images(np.zeros((2, 8, 8, 3)), ["a", "b"], columns=2).axes) == 2
    assert len(pictures.images(np.zeros((1, 8, 8, 1)), ["a"], columns=2).axes) == 2


def test_a_returned_figure_shows_once():
    pictures.images(np.zeros((1, 8, 8, 1)), ["a"])
    assert not mpl.pyplot.get_fignums(), "pyplot would show it a second time"


def test_mistakes_say_truth_answer_and_the_least_confidence():
    figure = pictures.mistakes(made_up_run(), ["cat", "dog", "owl"])
    assert figure.axes[0].get_title() == "cat → dog"
    assert figure.get_suptitle() == "confidence of each at least 70.0%"


def test_long_names_stand_one_below_the_other_in_taller_rows():
    short = pictures.mistakes(made_up_run(), ["cat", "dog", "owl"])
    figure = pictures.mistakes(made_up_run(), ["cat", "lizard", "owl"])
    titles = [panel.get_title() for panel in figure.axes[:3]]
    assert titles == ["cat\n→ lizard", "owl\n→ cat", "owl\n→ cat"]
    assert figure.get_figheight() > short.get_figheight()
    assert figure.get_figwidth() == short.get_figwidth()


@pytest.mark.parametrize("longest", ["Ankle boot", "T-shirt/top", "aquarium_fish", "pickup_truck"])
def test_the_longest_names_do_not_overlap(longest):
    kept = made_up_run().mistakes
    sixteen = dataclasses.replace(
        kept,
        images=np.zeros((16, 28, 28, 1), np.uint8),
        labels=np.array([0, 1] * 8),
        predictions=np.array([1, 0] * 8),
        confidences=np.full(16, 0.9),
    )
    figure = pictures.mistakes(made_up_run(mistakes=sixteen), [longest, longest])
    figure.draw_without_rendering()
    boxes = [panel.title.get_window_extent() for panel in figure.axes]
    images = [panel.get_window_extent() for panel in figure.axes]
    for place, box in enumerate(boxes):
        assert not [other for other in boxes[place + 1 :] if box.overlaps(other)]
        assert not [image for image in images if box.overlaps(image)]
    assert not [box for box in boxes if box.overlaps(figure._suptitle.get_window_extent())]


def test_mistakes_need_a_run_that_keeps_some():
    with pytest.raises(ParameterError) as caught:
        pictures.mistakes(made_up_run(mistakes=None), ["cat", "dog", "owl"])
    assert str(caught.value) == (
        "99/made-up: expected a run on images with mistakes kept; received none. "
        "Only runs on images with test=True that got something wrong keep mistakes."
    )


def test_confusion_sums_seeds_and_leaves_right_answers_out():
    ax = pictures.confusion(replicated(0.9, 0.9), ["cat", "dog", "owl"])
    written = [text.get_text() for text in ax.texts]
    assert sorted(written) == ["0", "0", "0", "0", "2", "4"]


def test_confusion_leaves_out_a_seed_that_diverged():
    run = replicated(0.9, 0.9)
    diverged = dataclasses.replace(run.replicates[1], confusion=None)
    run = dataclasses.replace(run, replicates=(run.replicates[0], diverged))
    ax = pictures.confusion(run, ["cat", "dog", "owl"])
    assert sorted(text.get_text() for text in ax.texts) == ["0", "0", "0", "0", "1", "2"]


def test_confusion_needs_a_run_that_has_one():
    with pytest.raises(ParameterError) as caught:
        pictures.confusion(made_up_run(confusion=None), ["cat", "dog", "owl"])
    assert str(caught.value) == (
        "99/made-up: expected a run of a classifier, evaluated on its test set; received a run "
        "without a confusion matrix. Train with test=True a network with one output for each class."
    )
