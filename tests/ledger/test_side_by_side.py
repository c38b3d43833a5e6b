"""What a report says beside what was recorded."""

import dataclasses

import pytest
from made_up_runs import made_up_run, replicated

from labkit.errors import ParameterError
from labkit.ledger import beside, claims


def test_sets_a_report_beside_what_was_recorded():
    claim = claims.quote("r1-dense-2-accuracy")
    run = replicated(0.90, 0.92, 0.94, experiment="01/dense-2")
    table = beside({"one hidden layer": run}, [claim])
    assert table.frame.loc["one hidden layer"].tolist() == ["0.9672", "0.9200 ± 0.0200"]


def test_beside_needs_the_run_that_answers():
    with pytest.raises(ParameterError, match="Pass the run that answers this claim too"):
        beside({"other": made_up_run()}, [claims.quote("r1-dense-2-accuracy")])


@pytest.mark.parametrize(
    "ids",
    [
        ("r1-dense-2-accuracy", "r1-dense-2-loss"),  # two metrics
        ("r1-dense-2-accuracy", "r2-perceptron-accuracy"),  # two reports
        ("r1-dense-2-accuracy", "r1-dense-2-accuracy"),  # one network twice
        (),
    ],
)
def test_beside_shows_one_metric_of_one_report(ids):
    with pytest.raises(ParameterError, match="expected claims of one report on one metric"):
        beside({"a": made_up_run(experiment="01/dense-2")}, [*map(claims.quote, ids)])


def test_a_run_of_ones_own_is_not_headed_recorded():
    claim = claims.quote("r1-dense-2-accuracy")
    stamp = dataclasses.replace(made_up_run().dataset, source="sample")
    mine = made_up_run(0.5, experiment="01/dense-2", dataset=stamp)
    table = beside({"one hidden layer": mine}, [claim])
    assert table.frame.columns.tolist() == ["R1 says", "test accuracy"]
    assert table.frame.index.tolist() == ["one hidden layer (sample data)"]
