"""Tables of runs, as mean ± sd over seeds, with where the numbers come from beneath."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from labkit.errors import ParameterError
from labkit.records import Run, numbers, replicates
from labkit.training import require_one_input_and_output

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Table:
    """A table and the line beneath it; it shows itself in a notebook and on the site.

    Attributes:
        frame: what is written in the cells, as text.
        caption: the provenance of its numbers.
    """

    frame: pd.DataFrame
    caption: str

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):  # a sentence is not cut short
            table = self.frame.to_html(border=0, classes="labkit-table", justify="left")
        return f'{_with_scopes(table)}\n<p class="run-caption">{html.escape(self.caption)}</p>'

    def __repr__(self) -> str:
        return f"{self.frame.to_string()}\n{self.caption}"


def _with_scopes(table: str) -> str:
    """Say of each header what it heads, which a screen reader then says with every cell."""
    head, body = table.split("</thead>")
    head = head.replace("<th></th>", "<td></td>").replace("<th>", '<th scope="col">')
    body = body.replace("<th>", '<th scope="row">')
    return f"{head}</thead>{body}"


def results(runs: Mapping[str, Run], columns: Mapping[str, str] | None = None) -> Table:
    """Return one row an experiment, mean ± sd over its recorded seeds.

    A run trained just now is a row of its own, above what is recorded of the same code. Recorded
    runs of a higher budget with fewer than three seeds are a row of their own, marked with n.

    Args:
        runs: title of the row → run, as `train` returned it. Where they are not all of one
            budget, each row says which is its own.
        columns: name of the number (see `Run.value`) → title of the column. A number that a
            run does not have is left empty. None is parameters, epochs, seconds, the principal
            metric of each split, such as the accuracy, and the other metrics of the test set.

    Raises:
        ParameterError: no runs.
    """
    _require_runs(runs)
    columns = _following(runs.values()) if columns is None else columns
    rows = {}
    for (title, run), row in zip(runs.items(), replicates.titled(runs), strict=True):
        rows[marked(row, run)] = _row(replicates.shown(run), columns)
        if run.replicates and not run.is_replayed:
            rows[f"{title}, recorded"] = _row(run.replicates, columns)
        if run.extra:
            rows[f"{title} ({run.extra[0].budget}, n = {len(run.extra)})"] = _row(
                run.extra, columns
            )
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(columns.values()))
    return Table(frame, _captions(runs))


def _following(runs: Iterable[Run]) -> dict[str, str]:
    """Return the columns that fit what the runs measured."""
    measured = [name for run in runs for values in run.metrics.values() for name in values]
    metrics = [name for name in dict.fromkeys(measured) if name not in ("loss", "data_loss")]
    principal = next((one for one in (*numbers.PRINCIPAL, *metrics) if one in metrics), "loss")
    splits = [f"{split}_{principal}" for split in ("train", "validation", "test")]
    others = [f"test_{name}" for name in metrics if name != principal]
    names = ["parameters", "epochs", "seconds", *splits, *others]
    return {name: numbers.title(name) for name in names}


def differences(runs: Mapping[str, Run], *, base: str, metric: str) -> Table:
    """Return each experiment's difference from a base, paired by seed.

    Runs of one seed share their split and order, so the difference within a seed is steadier
    than the difference of two means. A run of another budget than the base's is not compared.
    Runs trained just now are one seed, without a spread: what is recorded of the same code is a
    row of its own beneath them.

    Args:
        runs: title of the row → run; `base` is one of the titles.
        base: the experiment the others are compared with.
        metric: see `Run.value`.

    Raises:
        ParameterError: no runs, an unknown base, or no seed that both have.
    """
    _require_runs(runs)
    if base not in runs:
        raise ParameterError(
            "base",
            expected=f"one of {', '.join(runs)}",
            received=repr(base),
            remedy="Name the row that the others are compared with.",
        )
    rows = {}
    for title, run in runs.items():
        if title == base:
            continue
        pair = run, runs[base]
        rows[title] = _paired(*map(replicates.shown, pair), metric)
        recorded = [one.replicates for one in pair]
        if all(recorded) and not all(one.is_replayed for one in pair):
            rows[f"{title}, recorded"] = _paired(*recorded, metric)
    columns = [
        f"{numbers.title(metric)}: difference from {base}",
        "seeds above",
        "seeds",
    ]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return Table(frame, _captions(runs))


def summary(model: keras.Model) -> Table:
    """Return a network's layers with output shape and parameters, as `model.summary()` has them.

    It is a table of its own because a screen reader can walk it.

    Raises:
        ModelError: the network has several inputs or outputs.
    """
    require_one_input_and_output(model)
    rows = [
        (type(layer).__name__, _shape(layer.output.shape), f"{layer.count_params():,}")
        for layer in model.layers
        if type(layer).__name__ != "InputLayer"
    ]
    frame = pd.DataFrame(rows, columns=["layer", "output shape", "parameters"])
    fixed = sum(math.prod(weight.shape) for weight in model.non_trainable_weights)
    note = f", {fixed:,} of them not trainable" if fixed else ""
    return Table(frame, f"{model.count_params():,} parameters{note}")


def _shape(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("n" if size is None else str(size) for size in shape) + ")"


def _paired(runs: Sequence[Run], bases: Sequence[Run], metric: str) -> list[str]:
    run, base = runs[0], bases[0]
    if run.budget != base.budget:
        return [f"not comparable: {run.budget}, not {base.budget}", "", ""]
    ours, theirs = (replicates.by_seed(ones, metric) for ones in (runs, bases))
    common = sorted(ours.keys() & theirs.keys())
    if not common:
        raise ParameterError(
            run.experiment,
            expected=f"a seed that {base.experiment} has too",
            received=f"{sorted(ours)} and {sorted(theirs)}",
            remedy="Train or record both with the same seeds.",
        )
    gaps = pd.Series([ours[seed] - theirs[seed] for seed in common])
    spread = f" ± {gaps.std():.4f}" if len(gaps) > 1 else " (n = 1)"
    return [f"{gaps.mean():+.4f}{spread}", str(int((gaps > 0).sum())), str(len(gaps))]


def caption(runs: Mapping[str, Run]) -> str:
    """Return where the numbers of a table of these runs come from."""
    return replicates.caption([one for run in runs.values() for one in replicates.shown(run)])


def _captions(runs: Mapping[str, Run]) -> str:
    """Say where the numbers come from, what was trained here apart from what is recorded."""
    trained = [run for run in runs.values() if not run.is_replayed]
    recorded = [one for run in runs.values() for one in run.replicates]
    if not trained or not recorded:
        return replicates.caption(trained or recorded)
    return f"yours: {replicates.caption(trained)}; recorded: {replicates.caption(recorded)}"


def _row(runs: Sequence[Run], columns: Mapping[str, str]) -> list[str]:
    return [cell(runs, name) for name in columns]


def cell(runs: Sequence[Run], name: str) -> str:
    """Return a number over runs as a table has it; nothing where they have no such number."""
    if not all(name in run.values() for run in runs):
        return ""
    number = replicates.statistic(runs, name)
    digits = numbers.known(name).digits
    is_constant = number.sd == 0 or (digits == 0 and math.isnan(number.sd))
    if is_constant:
        return f"{number.mean:,.{digits}f}"
    return number.text(digits)


def marked(title: str, run: Run) -> str:
    """Return a row's title, with a note where the run saw the excerpt only."""
    return f"{title} (sample data)" if run.is_sample else title


def _require_runs(runs: Mapping[str, Run]) -> None:
    if not runs:
        raise ParameterError(
            "runs",
            expected="at least one run with its title",
            received="none",
            remedy='Pass {"two layers": run}.',
        )
