"""Jobs that share one path: the same training epoch by epoch, which each leaves at its own end."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from labkit import folders
from labkit.errors import ParameterError
from labkit.records import Run, Signature, quoted, signature_of
from labkit.training import checkpoints, loop, speed
from labkit.training.one_training import Job, built
from labkit.training.stopping import is_own


def require_shared(jobs: Sequence[Job]) -> None:
    """Refuse what is no path.

    Raises:
        ParameterError: no job, or recipes that differ in more than when they stop; the message
            says in what.
        ModelError: there is no network to train.
    """
    if not jobs:
        raise ParameterError(
            "train_path",
            expected="at least one recipe",
            received="none",
            remedy='Give each by the name of its experiment: {"01/dense-4": recipe, …}.',
        )
    for job in jobs:
        if difference := _difference(jobs[0], job):
            raise ParameterError(
                "train_path",
                expected="recipes that differ only in epochs and EarlyStopping callbacks",
                received=difference,
                remedy="Train by itself, with labkit.train, what differs in more.",
            )


def _difference(one: Job, other: Job) -> str:
    """Say in which lines of their signatures two jobs differ; nothing where they do not."""
    code, other_code = _common(one).lines, _common(other).lines
    if code == other_code:
        return ""
    lines, other_lines = Counter(code), Counter(other_code)
    if lines == other_lines:
        return f"{one.experiment} and {other.experiment} with the same parts in another order"
    return (
        f"{one.experiment} has {quoted((lines - other_lines).elements())}, "
        f"{other.experiment} has {quoted((other_lines - lines).elements())}"
    )


def _common(job: Job) -> Signature:
    """Return the signature without what may differ along a path, and with the metrics."""
    shared = tuple(one for one in job.resolved.callbacks if not is_own(one))
    recipe = dataclasses.replace(job.resolved, epochs=1, callbacks=shared)
    code = signature_of(job.network, recipe, job.dataset.request)
    return Signature((*code.lines, f"metrics: {', '.join(recipe.metrics)}"))


def checkpoint_of(jobs: Sequence[Job]) -> Path:
    """Return the file of an unfinished training; a path's is found by what its jobs share."""
    first = jobs[0]
    name, code = "path", _common(first)
    if len(jobs) == 1:
        name, code = first.experiment.replace("/", "."), first.code()
    file = f"{name}-{first.budget}-{first.seed}-{code.sha256[:12]}.npz"
    return folders.user_folder() / "unfinished" / file


def under_way(jobs: Sequence[Job], checkpoint: Path) -> list[Job]:
    """Return those that a checkpoint can go on with; the others had ended, or were not there.

    Raises:
        DamagedRecordError: the checkpoint is not what labkit wrote.
    """
    owners = checkpoints.owners(checkpoint)
    return [job for job in jobs if job.key in owners]


def trained(
    jobs: Sequence[Job],
    *,
    until: Sequence[Job] | None = None,
    checkpoint: Path | None = None,
    fast: bool = False,
) -> Iterator[tuple[Job, Run]]:
    """Train jobs along their path, and yield each with its run once it has ended.

    Args:
        jobs: of one path, as `require_shared` has it.
        until: those that have to end; the path goes no further. None is all of them.
        checkpoint: where an unfinished training is kept. If it cannot go on with all of `until`,
            the path starts afresh; if it can, those of `jobs` that it does not know are left out.
            None keeps nothing.
        fast: as `execution.chosen` has it, where that pays.
    """
    import keras

    wanted = jobs if until is None else until
    if not wanted:
        return
    started, first = time.perf_counter(), jobs[0]
    followed = _followed(jobs, wanted, checkpoint)
    keras.utils.set_random_seed(first.seed)
    model = built(first.build)
    splits = first.splits()
    updates = max(job.updates(splits) for job in wanted)
    how = speed.chosen(model, updates) if fast else speed.PLAIN
    compiled = loop.compiled(model, first.resolved, execution=how)
    ends = loop.fit(
        compiled,
        {key: job.resolved for key, job in followed.items()},
        splits,
        seed=first.seed,
        checkpoint=checkpoint,
        until=[job.key for job in wanted],
        execution=how,
        title=title(wanted),
    )
    for key, progress in ends:
        job = followed[key]
        run = job.run(model, compiled, splits, progress, started)
        yield job, dataclasses.replace(run, provenance={**run.provenance, **how.described()})


def _followed(
    jobs: Sequence[Job], wanted: Sequence[Job], checkpoint: Path | None
) -> dict[str, Job]:
    """Return by their keys the jobs that go along; a checkpoint that is of no use is deleted."""
    if checkpoint and checkpoint.is_file():
        known = under_way(jobs, checkpoint)
        if len(under_way(wanted, checkpoint)) == len(wanted):
            jobs = known
        else:
            checkpoint.unlink()
    return {job.key: job for job in jobs}


def title(jobs: Sequence[Job]) -> str:
    """Return what a person is shown of a path, e.g. "04/third and 3 more"."""
    others = f" and {len(jobs) - 1} more" if len(jobs) > 1 else ""
    return f"{jobs[0].experiment}{others}"
