import dataclasses

import keras
import pytest
from made_up_runs import made_up_run, replicated

from labkit import ledger
from labkit.errors import ParameterError
from labkit.ledger import claims
from labkit.show import tables


def test_writes_mean_and_spread_over_the_recorded_seeds():
    table = tables.results({"ours": replicated(0.90, 0.92, 0.94)})
    assert table.frame.loc["ours", "test accuracy"] == "0.9200 ± 0.0200"


def test_says_beneath_where_the_numbers_come_from():
    table = tables.results({"ours": replicated(0.90, 0.92, 0.94)})
    assert table.caption == "full, 3 seeds, 2 CPU cores (Made-up), 2026-11-21"
    assert table.caption in table._repr_html_()


def test_a_constant_is_written_without_a_spread():
    table = tables.results({"ours": replicated(0.90, 0.92, 0.94)})
    assert table.frame.loc["ours", "parameters"] == "1,234"
    assert table.frame.loc["ours", "epochs"] == "2"


def test_one_run_is_marked_as_one():
    table = tables.results({"mine": made_up_run(0.9)})
    assert table.frame.loc["mine", "test accuracy"] == "0.9000 (n = 1)"


def test_a_lone_run_of_a_higher_budget_is_a_row_of_its_own():
    run = dataclasses.replace(
        replicated(0.8, 0.8, 0.8, budget="lab"), extra=(made_up_run(0.95, budget="full"),)
    )
    table = tables.results({"ours": run})
    assert list(table.frame.index) == ["ours", "ours (full, n = 1)"]
    assert table.frame.loc["ours (full, n = 1)", "test accuracy"] == "0.9500 (n = 1)"


def test_a_run_of_one_s_own_stands_above_the_recorded_ones():
    recorded = replicated(0.90, 0.92, 0.94)
    here = {"device": "8 CPU cores (Mine)", "finished": "2027-01-02T12:00:00+00:00"}
    mine = dataclasses.replace(
        recorded, provenance=here, metrics={"test": {"accuracy": 0.5}}, is_replayed=False
    )
    table = tables.results({"ours": mine}, {"test_accuracy": "test accuracy"})
    assert table.frame["test accuracy"].to_dict() == {
        "ours": "0.5000 (n = 1)",
        "ours, recorded": "0.9200 ± 0.0200",
    }
    assert table.caption == (
        "yours: full, 1 seed, 8 CPU cores (Mine), 2027-01-02; "
        "recorded: full, 3 seeds, 2 CPU cores (Made-up), 2026-11-21"
    )


def test_sample_data_are_marked_in_row_and_caption():
    run = made_up_run()
    sample = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, source="sample"))
    table = tables.results({"mine": sample})
    assert list(table.frame.index) == ["mine (sample data)"]
    assert "SAMPLE DATA" in table.caption


def test_a_number_the_run_lacks_is_left_empty():
    table = tables.results({"ours": made_up_run()}, {"test_recall": "recall"})
    assert table.frame.loc["ours", "recall"] == ""


def columns(*names):
    """Return the columns of runs that measured these metrics on every split."""
    values = dict.fromkeys(("loss", "data_loss", *names), 0.5)
    splits = dict.fromkeys(("train", "validation", "test"), values)
    return tables.results({"ours": made_up_run(metrics=splits)}).frame.columns.tolist()


@pytest.mark.parametrize(
    ("measured", "shown"),
    [
        (["accuracy"], ["train accuracy", "validation accuracy", "test accuracy"]),
        (
            ["accuracy", "top_5_accuracy"],
            ["train accuracy", "validation accuracy", "test accuracy", "test top-5 accuracy"],
        ),
        (
            ["mae", "mse", "r2"],
            [
                "train mean absolute error",
                "validation mean absolute error",
                "test mean absolute error",
                "test mean squared error",
                "test R²",
            ],
        ),
        (
            ["mse", "psnr"],
            [
                "train mean squared error",
                "validation mean squared error",
                "test mean squared error",
                "test PSNR in dB",
            ],
        ),
        (["recall"], ["train recall", "validation recall", "test recall"]),
        ([], ["train loss", "validation loss", "test loss"]),
    ],
)
def test_columns_follow_what_was_measured(measured, shown):
    assert columns(*measured) == ["parameters", "epochs", "seconds", *shown]


def test_a_diverged_seed_is_counted_and_not_averaged():
    table = tables.results({"ours": replicated(0.90, float("nan"), 0.94)})
    assert table.frame.loc["ours", "test accuracy"] == "0.9200 ± 0.0283 (1 diverged)"


def test_differences_are_paired_by_seed():
    ours = replicated(0.91, 0.95, 0.90, experiment="99/ours")
    base = replicated(0.90, 0.93, 0.87, experiment="99/base")
    row = tables.differences({"ours": ours, "base": base}, base="base", metric="test_accuracy")
    assert row.frame.loc["ours"].tolist() == ["+0.0200 ± 0.0100", "3", "3"]


def test_a_difference_of_zero_counts_for_neither_side():
    ours = replicated(0.91, 0.93, 0.90, experiment="99/ours")
    base = replicated(0.90, 0.93, 0.91, experiment="99/base")
    row = tables.differences({"ours": ours, "base": base}, base="base", metric="test_accuracy")
    assert row.frame.loc["ours"].tolist() == ["+0.0000 ± 0.0100", "1", "3"]


def test_differences_of_one_s_own_have_no_spread_and_stand_above_the_recorded_ones():
    def own(recorded, accuracy):
        metrics = {"test": {"accuracy": accuracy}}
        return dataclasses.replace(recorded, metrics=metrics, is_replayed=False)

    ours = own(replicated(0.91, 0.95, 0.90, experiment="99/ours"), 0.95)
    base = own(replicated(0.90, 0.93, 0.87, experiment="99/base"), 0.90)
    table = tables.differences({"ours": ours, "base": base}, base="base", metric="test_accuracy")
    assert table.frame.T.to_dict("list") == {
        "ours": ["+0.0500 (n = 1)", "1", "1"],
        "ours, recorded": ["+0.0200 ± 0.0100", "3", "3"],
    }
    assert table.caption.startswith("yours: full, 1 seed, ")
    assert "; recorded: full, 3 seeds, " in table.caption


def test_differences_need_a_common_seed():
    ours, base = made_up_run(seed=1), made_up_run(seed=2, experiment="99/base")
    with pytest.raises(
        ParameterError, match=r"expected a seed that 99/base has too; received \[1\]"
    ):
        tables.differences({"ours": ours, "base": base}, base="base", metric="test_accuracy")


def test_differences_name_an_unknown_base():
    with pytest.raises(ParameterError, match="base: expected one of ours; received 'bass'"):
        tables.differences({"ours": made_up_run()}, base="bass", metric="test_accuracy")


def test_no_runs_is_an_error_that_says_what_to_pass():
    with pytest.raises(ParameterError, match="expected at least one run with its title"):
        tables.results({})


def mixed():
    return {
        "short": replicated(0.90, 0.92, 0.94, budget="lab", experiment="01/dense-2"),
        "long": replicated(0.95, 0.96, 0.97, budget="full", experiment="01/dense-3"),
    }


def test_rows_say_their_budget_where_budgets_differ():
    assert tables.results(mixed()).frame.index.tolist() == ["short (lab)", "long (full)"]
    quotes = [claims.quote(f"r1-dense-{n}-accuracy") for n in (2, 3)]
    assert ledger.beside(mixed(), quotes).frame.index.tolist() == ["short (lab)", "long (full)"]


def test_a_lone_run_of_a_higher_budget_says_so_once():
    runs = mixed()
    lone = (made_up_run(0.99, budget="full", experiment="01/dense-2"),)
    runs["short"] = dataclasses.replace(runs["short"], extra=lone)
    assert tables.results(runs).frame.index.tolist() == [
        "short (lab)",
        "short (full, n = 1)",
        "long (full)",
    ]


def test_runs_of_different_budgets_are_not_compared():
    frame = tables.differences(mixed(), base="long", metric="test_accuracy").frame
    assert frame.loc["short"].tolist() == ["not comparable: lab, not full", "", ""]


def test_summary_has_keras_s_own_counts():
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.Flatten()]
    )
    table = tables.summary(model)
    assert table.frame.values.tolist() == [
        ["Conv2D", "(n, 2, 2, 2)", "20"],
        ["BatchNormalization", "(n, 2, 2, 2)", "8"],
        ["Flatten", "(n, 8)", "0"],
    ]
    assert table.caption == f"{model.count_params():,} parameters, 4 of them not trainable"


def test_the_html_escapes_titles():
    assert "<script>" not in tables.results({"<script>": made_up_run()})._repr_html_()


def test_each_header_says_what_it_heads():
    table = tables.results({"a": made_up_run()}, {"epochs": "epochs"})._repr_html_()
    assert '<th scope="col">epochs</th>' in table and '<th scope="row">a</th>' in table
    assert "<th>" not in table and "<td></td>" in table
