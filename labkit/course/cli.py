"""The command `labkit`. Each command reads its options and calls one function."""

from __future__ import annotations

import ast
import fnmatch
from pathlib import Path
from typing import Any

import click

from labkit import __version__, folders
from labkit.errors import DataError, LabkitError

FOLDER = click.Path(file_okay=False, path_type=Path)
NOTEBOOK = click.Path(dir_okay=False, path_type=Path)
INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended


class _Commands(click.Group):
    """A group whose errors end as one message and exit code 1, and Ctrl-C as one and 130."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except LabkitError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            _say("Interrupted. Finished work is kept; the same command goes on from there.")
            context.exit(INTERRUPTED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="labkit")
def main() -> None:
    """Data, runs and records of the deep-learning practicals."""


@main.command()
@click.pass_context
def doctor(context: click.Context) -> None:
    """Say what this machine has, and what to do about the rest.

    The exit code is 0 where everything that the course needs is there, else 1.
    """
    from rich.console import Console

    from labkit.course import doctor as examination

    console = Console()
    with console.status("Looking around; loading Keras takes a while"):
        findings = list(examination.examine())
    console.print(examination.table(findings))
    context.exit(0 if examination.healthy(findings) else 1)


@main.group()
def data() -> None:
    """List, fetch and verify the datasets."""


@data.command("list")
def list_datasets() -> None:
    """Say of each dataset where it would be loaded from now."""
    from labkit.data import sources

    for status in map(sources.status, sources.NAMES):
        size = f"{status.bytes / 1e6:.1f} MB" if status.path else ""
        click.echo(f"{status.name:22} {status.source:8} {size:>9}  {status.path or ''}".rstrip())


@data.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--to", "folder", type=FOLDER, help="This folder instead of the cache.")
def fetch(names: tuple[str, ...], folder: Path | None) -> None:
    """Bring the real data here: of the datasets named, or of all.

    A folder filled with --to serves a whole classroom: set LABKIT_DATA to it.
    """
    from labkit.data import sources

    problems = []
    for name in names or sources.NAMES:
        try:
            click.echo(sources.fetch(name, to=folder, progress=_say))
        except DataError as problem:  # the others may be within reach
            problems.append(str(problem))
    if problems:
        raise click.ClickException("\n".join(problems))


@data.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
def verify(names: tuple[str, ...]) -> None:
    """Check the data on this machine against their known checksums."""
    from labkit.data import sources

    for name in names or sources.NAMES:
        status = sources.verify(name)
        where = "not on this machine" if status.path is None else f"OK, {status.path}"
        click.echo(f"{name}: {where}")


@main.command()
@click.argument("notebook", type=NOTEBOOK)
@click.option(
    "-p",
    "parameters",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help="Set a parameter, like -p BUDGET smoke; as often as there are some to set.",
)
@click.option("-o", "--output", type=NOTEBOOK, help="The executed copy.")
def run(notebook: Path, parameters: tuple[tuple[str, str], ...], output: Path | None) -> None:
    """Execute a notebook; its executed copy goes under _build/executed/."""
    from labkit.course import executing

    values = {name: _value(text) for name, text in parameters}
    click.echo(executing.run_notebook(notebook, values, output=output))


@main.command()
@click.argument("notebooks", type=NOTEBOOK, nargs=-1, required=True, metavar="NOTEBOOK...")
@click.option("-o", "--output", type=FOLDER, required=True, help="The folder of the copies.")
@click.option("--force", is_flag=True, help="Replace copies that are there already.")
def handout(notebooks: tuple[Path, ...], output: Path, force: bool) -> None:
    """Copy practicals for a class: student/ without solutions, key/ with them.

    Both have nbgrader's metadata, and key/ is what nbgrader's folder source expects.
    """
    from labkit.course import handout

    for path in handout.hand_out(notebooks, output, overwrite=force):
        click.echo(path)


@main.command()
@click.argument("notebook", type=NOTEBOOK, required=False)
@click.option("--budget", default="full", show_default=True, help="lab or full.")
@click.option("--seeds", default="0-4", show_default=True, help="Like 0-4 or 0,3,7.")
@click.option("--only", default="*", show_default=True, help="A pattern of experiment names.")
@click.option("--store", type=FOLDER, help="Record into this folder instead of runs/.")
@click.option("--merge", type=FOLDER, help="Bring the records of this folder into the store.")
@click.option("--scheduler", help="Run seeds on the workers of this Dask scheduler.")
@click.option("--prune", is_flag=True, help="Drop sets of runs that a newer set has every seed of.")
def record(
    notebook: Path | None,
    budget: str,
    seeds: str,
    only: str,
    store: Path | None,
    merge: Path | None,
    scheduler: str | None,
    prune: bool,
) -> None:
    """Train a notebook's experiments and record their runs.

    Or look after the records: bring others home with --merge, drop superseded ones with --prune.
    """
    if sum((notebook is not None, merge is not None, prune)) != 1:
        raise click.UsageError("Give one of NOTEBOOK, --merge DIR and --prune.")
    if merge is not None:
        _merge(merge, store)
    elif prune:
        _prune(only, store)
    else:
        from labkit.course import recording

        recording.record_notebook(
            notebook,
            budget=budget,
            seeds=recording.seeds(seeds),
            only=only,
            store=store,
            scheduler=scheduler,
        )


@main.command()
@click.argument("notebook", type=NOTEBOOK)
@click.option("--trials", type=int, help="So many each search, with those before; else its own.")
@click.option("--budget", default="full", show_default=True, help="lab or full.")
@click.option("--seed", type=int, default=0, show_default=True, help="Draws data and proposals.")
@click.option("--workers", type=int, help="Processes on this machine; else one a core.")
@click.option("--scheduler", help="Use the workers of this Dask scheduler, like tcp://HOST:8786.")
@click.option("--storage", help="The trials' journal file or database; else one of the user's.")
@click.option("--store", type=FOLDER, help="Record into this folder instead of runs/.")
def sweep(
    notebook: Path,
    trials: int | None,
    budget: str,
    seed: int,
    workers: int | None,
    scheduler: str | None,
    storage: str | None,
    store: Path | None,
) -> None:
    """Carry out a notebook's searches on many processes, and record the trials that finish.

    Several machines may work on one search: give each the same database as --storage.
    """
    from labkit.course import sweeping

    found = sweeping.sweep_notebook(
        notebook,
        budget=budget,
        seed=seed,
        trials=trials,
        scheduler=scheduler,
        workers=workers,
        trials_in=storage,
        store=store,
    )
    sweeping.say(found)


def _merge(source: Path, folder: Path | None) -> None:
    from labkit.records import store

    folders.require_there(source, subject="--merge")
    found = store.merge(source, folder)
    for experiment in found:
        click.echo(experiment)
    click.echo(f"Experiments with records in {source}: {len(found)}")


def _prune(only: str, folder: Path | None) -> None:
    from labkit.records import store

    _require_store(folder)
    for experiment in fnmatch.filter(store.experiments(folder), only):
        dropped = store.prune(experiment, folder)
        if dropped:
            click.echo(f"{experiment}: dropped {len(dropped)} runs that newer ones replace")


@main.command()
@click.argument("ids", nargs=-1, metavar="[CLAIM]...")
@click.option("--report", help="Only the claims of this report, such as R1.")
@click.option("--findings", "own", is_flag=True, help="What the course says of its own runs.")
@click.option("--store", type=FOLDER, help="Judge by the records of this folder.")
def ledger(ids: tuple[str, ...], report: str | None, own: bool, store: Path | None) -> None:
    """Say how the reports' claims came out: all in short, or those named, with their evidence.

    With --findings, what the course says of its own runs; a finding may be named as well.
    """
    from labkit.ledger import Records, claims, findings, read, rows, verdicts

    _require_store(store)
    if ids:
        named = [claim for id in ids for claim in claims.find(id)]
        for verdict in verdicts.judge_all(named, Records(store)):
            click.echo(rows.text(verdict))
        return
    found = (findings if own else read)(store).of(report=report)
    for verdict in found.verdicts:
        click.echo(f"{verdict.outcome:20} {verdict.claim.id}")
    click.echo(found.sentence())


def _require_store(folder: Path | None) -> None:
    if folder is not None:
        folders.require_there(folder, subject="--store")


def _say(line: str) -> None:
    click.echo(line, err=True)


def _value(text: str) -> Any:
    """Return a parameter's value: a Python literal where it is one, else the text itself."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
