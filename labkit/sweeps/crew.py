"""A crew: the workers of a Dask scheduler, each with one job at a time.

Workers report each epoch; a job that is not worth going on with is told so when it next reports.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.errors import SweepError
from labkit.records import provenance
from labkit.sweeps.outcome import Outcome, Task, attempted, stopped
from labkit.sweeps.packages import needed

if TYPE_CHECKING:
    import distributed

_CONNECTING = 20.0  # seconds that a scheduler may take to answer
_GATHERING = 60.0  # seconds that a result may take from its worker
_RENEWING = 60.0  # seconds that a worker may take to start anew
_FULL = 0.5  # of the memory that a worker may have: it is renewed before its next job
# One thread each: as many workers as cores are quicker than one that has them all, and sums do
# not depend on how many cores a machine has. What a machine sets for itself stays.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


class Lost(Exception):
    """The scheduler cannot be reached any more; what was under way has to be given again."""


class _Left(Exception):
    """Nobody waits for this job any more; it is resumed when it is given again."""


@dataclass(frozen=True)
class Reported:
    """A job's metric after an epoch, counted from 1."""

    number: int
    epoch: int
    value: float


@dataclass(frozen=True, eq=False)
class Done:
    """A job that ended."""

    number: int
    outcome: Outcome


@dataclass(frozen=True, eq=False)
class _Returned:
    """What a worker sends back: the outcome, who it is, and whether it has grown too large."""

    outcome: Outcome
    worker: str
    is_full: bool


@contextlib.contextmanager
def workplace(scheduler: str | None, workers: int | None) -> Iterator[str]:
    """Give the address of a scheduler: the one named, or one that is started here meanwhile.

    Args:
        scheduler: an address such as ``"tcp://10.0.0.1:8786"``; None starts one, with workers.
        workers: processes to start here; None is one a core.
    """
    if scheduler is not None:
        yield scheduler
        return
    with needed("distributed").LocalCluster(
        n_workers=workers or provenance.cores(),
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster.scheduler_address


class Crew:
    """The workers of a scheduler. Close it when done.

    Args:
        scheduler: its address.

    Raises:
        Lost: no scheduler answers there, or it has no workers.
        SweepError: this is no address.
    """

    def __init__(self, scheduler: str) -> None:
        distributed = needed("distributed")
        try:
            self._client = distributed.Client(
                scheduler, timeout=_CONNECTING, set_as_default=False, name="labkit"
            )
        except (OSError, TimeoutError) as problem:
            raise Lost(str(problem) or "no answer") from problem
        except ValueError as problem:
            raise _no_address(scheduler, problem) from problem
        self._topic = f"labkit-{uuid.uuid4().hex}"
        self._busy: dict[int, distributed.Future] = {}
        self._inbox: queue.SimpleQueue[Reported | int] = queue.SimpleQueue()
        self._client.subscribe_topic(self._topic, self._receive)
        try:
            self._client.wait_for_workers(1, timeout=_CONNECTING)
        except (OSError, TimeoutError) as problem:
            self.close()
            raise Lost("one without workers") from problem

    def close(self) -> None:
        """Leave; jobs that are under way end when they next report."""
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):  # it may be gone already
            if self._busy and self._client.status == "running":
                self._event("everybody").set()
        self._client.close(timeout=_CONNECTING)

    def free(self) -> int:
        """Return how many workers have nothing to do."""
        return max(0, len(self._asked(self._client.nthreads)) - len(self._busy))

    def start(self, number: int, task: Task) -> None:
        """Give a job to a free worker; should it die, another one gets it."""
        future = self._asked(
            self._client.submit,
            _carried_out,
            task,
            number,
            self._topic,
            key=f"{self._topic}-{number}",
            pure=False,
        )
        self._busy[number] = future
        future.add_done_callback(lambda _: self._inbox.put(number))

    def prune(self, number: int) -> None:
        """Tell a job that it is not worth going on with."""
        self._asked(self._event(number).set)

    def next(self, timeout: float) -> Reported | Done | None:
        """Return what happens next; None where nothing does within so many seconds.

        Raises:
            Lost: the scheduler cannot be reached any more.
        """
        if self._client.status not in ("running", "newly-created"):
            raise Lost("the connection broke")
        try:
            news = self._inbox.get(timeout=timeout)
        except queue.Empty:
            return None
        return news if isinstance(news, Reported) else self._done(news)

    def _done(self, number: int) -> Done:
        future = self._busy[number]
        if future.status in ("cancelled", "lost"):
            raise Lost("the connection broke")
        if future.status == "error":
            outcome = _broken(future.exception(timeout=_GATHERING))
        else:
            returned = self._asked(future.result, timeout=_GATHERING)
            outcome = returned.outcome
            if returned.is_full:
                self._renew(returned.worker)
        del self._busy[number]
        self._asked(self._event(number).clear)
        return Done(number, outcome)

    def _renew(self, worker: str) -> None:
        """Start a worker anew, if it is not gone by itself, before memory runs out."""
        self._asked(
            self._client.restart_workers, [worker], timeout=_RENEWING, raise_for_error=False
        )

    def _receive(self, event: tuple[float, dict[str, Any]]) -> None:
        message = event[1]
        self._inbox.put(Reported(message["number"], message["epoch"], message["value"]))

    def _event(self, name: int | str) -> distributed.Event:
        return needed("distributed").Event(f"{self._topic}-{name}", client=self._client)

    def _asked(self, call, *arguments, **options) -> Any:
        """Return what a call to the scheduler returns."""
        distributed = needed("distributed")
        try:
            return call(*arguments, **options)
        except (OSError, TimeoutError, distributed.client.FutureCancelledError) as problem:
            raise Lost(str(problem) or type(problem).__name__) from problem


def _carried_out(task: Task, number: int, topic: str) -> _Returned:
    """Do a job, on a worker."""
    distributed = needed("distributed")
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    worker = distributed.get_worker()
    pruned, left = (distributed.Event(f"{topic}-{name}") for name in (number, "everybody"))

    def report(epoch: int, value: float) -> None:
        worker.log_event(topic, {"number": number, "epoch": epoch, "value": value})
        if pruned.is_set():
            raise stopped(epoch)
        if left.is_set():
            raise _Left("nobody waits for it any more")

    outcome = attempted(task, report)
    return _Returned(outcome, worker.address, _is_full(worker))


def _is_full(worker: distributed.Worker) -> bool:
    """Say whether a worker, which somebody can start anew, has much of its memory in use."""
    limit = worker.memory_manager.memory_limit
    used = needed("psutil").Process().memory_info().rss
    return bool(worker.nanny and limit and used > _FULL * limit)


def _broken(problem: BaseException) -> Outcome:
    """Return the outcome of a job that could not be carried out to its end."""
    if isinstance(problem, needed("distributed").KilledWorker):
        reason = "each worker that tried it died; often there is too little memory"
    else:
        reason = f"{type(problem).__name__}: {problem}"
    return Outcome("failed", reason=reason)


def _no_address(scheduler: str, problem: Exception) -> SweepError:
    return SweepError(
        "scheduler",
        expected="an address such as tcp://10.0.0.1:8786",
        received=f"{scheduler!r}: {problem}".rstrip("."),
        remedy="`dask scheduler` prints its own.",
    )
