import dataclasses

import matplotlib as mpl
import pytest
from made_up_runs import made_up_run, replicated

from labkit.errors import ParameterError
from labkit.show import plots

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    mpl.pyplot.close("all")


def test_curves_draw_training_and_validation_over_epochs():
    ax = plots.curves(made_up_run(), metric="loss")
    training, validation = ax.get_lines()
    assert training.get_xdata().tolist() == [1, 2]
    assert training.get_ydata().tolist() == [0.5, 0.25]
    assert validation.get_ydata().tolist() == [0.6, 0.5]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")


def test_curves_shade_the_recorded_band_only_where_there_is_one():
    assert len(plots.curves(replicated(0.9, 0.9, 0.9)).collections) == 2
    assert not plots.curves(replicated(0.9, 0.9, 0.9), recorded=False).collections
    assert not plots.curves(made_up_run()).collections


def test_a_replayed_run_shows_the_mean_and_a_trained_one_itself():
    low, high = made_up_run(), made_up_run(seed=1)
    high = dataclasses.replace(high, history={"loss": (1.0, 0.75), "val_loss": (1.0, 0.75)})
    replayed = dataclasses.replace(low, replicates=(low, high), is_replayed=True)
    assert plots.curves(replayed, metric="loss").get_lines()[0].get_ydata().tolist() == [0.75, 0.5]
    mine = dataclasses.replace(replayed, is_replayed=False)
    assert plots.curves(mine, metric="loss").get_lines()[0].get_ydata().tolist() == [0.5, 0.25]


def test_compare_draws_the_mean_over_seeds():
    low, high = made_up_run(), made_up_run(seed=1)
    high = dataclasses.replace(high, history={"val_accuracy": (0.9, 0.95)})
    ax = plots.compare({"ours": dataclasses.replace(low, replicates=(low, high), is_replayed=True)})
    assert ax.get_lines()[0].get_ydata() == pytest.approx([0.8, 0.9])


def test_compare_draws_one_s_own_curve_over_the_recorded_band():
    replayed = replicated(0.9, 0.9, 0.9)
    history = {"val_accuracy": (0.1, 0.2)}
    mine = dataclasses.replace(replayed, history=history, is_replayed=False)
    ax = plots.compare({"ours": mine})
    assert ax.get_lines()[0].get_ydata().tolist() == [0.1, 0.2]
    assert len(ax.collections) == 1


def test_compare_stops_where_the_shortest_run_stopped():
    long, short = made_up_run(), made_up_run(seed=1)
    short = dataclasses.replace(short, history={"val_accuracy": (0.9,)})
    replayed = dataclasses.replace(long, replicates=(long, short), is_replayed=True)
    ax = plots.compare({"ours": replayed})
    assert ax.get_lines()[0].get_xdata().tolist() == [1]


def test_an_unknown_metric_lists_the_known_ones():
    with pytest.raises(ParameterError, match="expected one of loss, data_loss"):
        plots.curves(made_up_run(), metric="lost")


@pytest.mark.parametrize(("epochs", "marker"), [(40, "o"), (41, "None")])
def test_epochs_are_marked_as_long_as_one_can_tell_them_apart(epochs, marker):
    history = {"loss": tuple(range(epochs)), "val_loss": tuple(range(epochs))}
    run = made_up_run(history=history, seconds_per_epoch=(1.0,) * epochs)
    for one in (run, dataclasses.replace(run, replicates=(run,), is_replayed=True)):
        lines = plots.curves(one, metric="loss").get_lines()
        assert [line.get_marker() for line in lines] == [marker, marker]


def test_curve_panels_share_one_scale():
    figure = plots.curve_panels({"a": made_up_run(), "b": made_up_run()})
    left, right = figure.axes
    assert left.get_ylim() == right.get_ylim()
    assert (left.get_title(), right.get_title()) == ("a", "b")


def test_histograms_draw_shares_that_sum_to_one():
    figure = plots.histograms({"a": made_up_run()}, measure="weights", edges=[-1, -0.5, 0.5, 1])
    heights = figure.axes[0].patches[0].get_data().values
    assert heights.tolist() == [0.25, 0.5, 0.25]


def test_a_returned_figure_shows_once():
    plots.curve_panels({"a": made_up_run(), "b": made_up_run()})
    assert not mpl.pyplot.get_fignums(), "pyplot would show it a second time"


def test_a_long_legend_stands_beside_the_curves_and_not_on_them():
    few = plots.compare({str(n): made_up_run() for n in range(4)}, metric="loss")
    many = plots.compare({str(n): made_up_run() for n in range(5)}, metric="loss")
    for ax in (few, many):
        ax.figure.canvas.draw()
    left = [
        ax.get_legend().get_window_extent().x0 - ax.get_window_extent().x1 for ax in (few, many)
    ]
    assert left[0] < 0 <= left[1]


def test_curves_say_their_budget_where_budgets_differ():
    runs = {"short": made_up_run(budget="lab"), "long": made_up_run(budget="full")}
    panels = plots.curve_panels(runs, metric="loss").axes
    assert [panel.get_title() for panel in panels] == ["short (lab)", "long (full)"]
    legend = plots.compare(runs, metric="loss").get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["short (lab)", "long (full)"]


def test_a_curve_of_the_excerpt_over_a_band_of_the_real_data_says_so():
    stamp = dataclasses.replace(made_up_run().dataset, source="sample")
    mine = dataclasses.replace(replicated(0.9, 0.9, 0.9), dataset=stamp, is_replayed=False)
    for axes in (plots.curves(mine), plots.compare({"ours": mine})):
        assert axes.get_legend().get_title().get_text() == "line: excerpt, band: real data"
    for axes in (plots.curves(mine, recorded=False), plots.curves(replicated(0.9, 0.9))):
        assert axes.get_legend().get_title().get_text() == ""
