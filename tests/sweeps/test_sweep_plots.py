"""A search in figures, drawn from made-up runs."""

import itertools

import matplotlib.pyplot as plt
import pytest
from made_up_runs import made_up_run

from labkit.errors import ParameterError
from labkit.sweeps import Search, Trial, between, plots
from labkit.sweeps import space as spaces

SPACE = spaces.checked({"rate": between(0.001, 0.1, log=True), "units": [4, 8, 16]})


def search(count=12, *, metric="validation_accuracy"):
    """Return a search in which the rate decides everything, and two trials did not finish."""
    trials = [
        Trial(
            number,
            {"rate": 0.001 * 10 ** (2 * number / count), "units": (4, 8, 16)[number % 3]},
            "finished",
            value=(number * 7 % count) / count if count < 6 else number / count,
            run=made_up_run(),
        )
        for number in range(count)
    ]
    ended = [Trial(count, {}, "pruned", reason="…"), Trial(count + 1, {}, "failed", reason="…")]
    return Search("99/search", metric, SPACE, (*trials, *ended))


def test_the_history_has_each_value_and_the_best_so_far():
    axes = plots.history(search(4)).axes[0]
    points, best = axes.get_lines()
    assert points.get_ydata().tolist() == [0.0, 0.75, 0.5, 0.25]
    assert list(best.get_ydata()) == [0.0, 0.75, 0.75, 0.75]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("trial", "validation accuracy")


def test_of_a_loss_the_best_is_the_least():
    axes = plots.history(search(4, metric="validation_loss")).axes[0]
    assert list(axes.get_lines()[1].get_ydata()) == [0.0, 0.0, 0.0, 0.0]


def test_the_setting_that_decides_is_the_important_one():
    pytest.importorskip("optuna")
    axes = plots.importance(search(30)).axes[0]
    widths = [bar.get_width() for bar in axes.patches]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["units", "rate"]
    assert widths[1] > 0.8 and sum(widths) == pytest.approx(1)


def test_too_few_trials_say_nothing_of_importance():
    with pytest.raises(ParameterError) as problem:
        plots.importance(search(3))
    assert str(problem.value) == (
        "search: expected at least 4 trials that finished; received 3. "
        "Search on: labkit sweep … --trials 20."
    )


def test_a_trial_is_a_line_through_its_settings_to_its_value():
    axes = plots.parallel(search(5)).axes[0]
    lines = [line.get_ydata() for line in axes.get_lines() if len(line.get_ydata()) == 3]
    assert len(lines) == 5
    last = max(lines, key=lambda line: line[2])
    assert last[2] == 1 and 0 <= last[0] <= 1 and last[1] in (0, 0.5, 1)
    texts = [text.get_text() for text in axes.get_xticklabels()]
    assert texts == ["rate", "units", "validation accuracy"]
    assert {"0.001", "0.1", "4", "8", "16"} <= {text.get_text() for text in axes.texts}


def test_the_names_of_many_axes_do_not_overlap():
    names = ("batch_size", "dropout", "hidden", "learning_rate", "normalised", "optimizer")
    space = spaces.checked({name: [1, 2] for name in names})
    trials = [Trial(0, dict.fromkeys(names, 1), "finished", 0.5)]
    figure = plots.parallel(Search("99/search", "validation_accuracy", space, tuple(trials)))
    figure.canvas.draw()
    boxes = [one.get_window_extent() for one in figure.axes[0].get_xticklabels()]
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))


@pytest.mark.parametrize("draw", [plots.history, plots.importance, plots.parallel])
def test_a_figure_is_returned_and_left_to_its_cell(draw):
    pytest.importorskip("optuna")
    figure = draw(search())
    assert figure.number not in plt.get_fignums()
