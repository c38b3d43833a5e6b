"""Jobs on a real scheduler with two workers: what is done, and what goes wrong."""

import threading

import plain_trials
import pytest
from local_cluster import Cluster, until
from plain_trials import PlainJobs, begun

from labkit.errors import SweepError
from labkit.sweeps import carry_out
from labkit.sweeps import jobs as engine

distributed = pytest.importorskip("distributed")


def carried_out(cluster, task, count, folder, **options):
    jobs = PlainJobs(task, count, folder, **options)
    carry_out(jobs, scheduler=cluster.address)
    return jobs


def states(jobs):
    return {number: outcome.state for number, outcome in sorted(jobs.outcomes.items())}


def test_every_job_is_done_once(cluster, tmp_path):
    jobs = carried_out(cluster, plain_trials.squared, 8, tmp_path)
    assert {number: one.value for number, one in jobs.outcomes.items()} == {
        number: number**2 for number in range(8)
    }
    assert [begun(tmp_path, number) for number in range(8)] == [1] * 8
    workers = {(tmp_path / f"begun-{number}").read_text() for number in range(8)}
    assert len(workers) == 2
    assert jobs.signs >= 8


def test_no_jobs_need_no_scheduler(tmp_path):
    carry_out(PlainJobs(plain_trials.squared, 0, tmp_path), scheduler="tcp://127.0.0.1:1")


def test_a_job_whose_worker_is_killed_is_done_again_and_counted_once(cluster, tmp_path):
    jobs = carried_out(cluster, plain_trials.killed_once, 3, tmp_path)
    assert states(jobs) == dict.fromkeys(range(3), "finished")
    assert [begun(tmp_path, number) for number in range(3)] == [1, 2, 1]
    assert (1, 1, 0.5) in jobs.reports


def test_a_job_that_kills_every_worker_fails_with_its_reason_and_the_others_go_on(
    cluster, tmp_path
):
    jobs = carried_out(cluster, plain_trials.always_killed, 3, tmp_path)
    assert states(jobs) == {0: "finished", 1: "failed", 2: "finished"}
    assert jobs.outcomes[1].reason == (
        "each worker that tried it died; often there is too little memory"
    )


def test_a_job_that_runs_out_of_memory_fails_with_its_reason_and_the_others_go_on(
    cluster, tmp_path
):
    jobs = carried_out(cluster, plain_trials.raising, 3, tmp_path)
    assert states(jobs) == {0: "finished", 1: "failed", 2: "finished"}
    assert jobs.outcomes[1].reason == "MemoryError: no room for 8 GB"


def test_a_job_that_is_not_worth_it_is_stopped_while_it_runs(cluster, tmp_path):
    jobs = carried_out(cluster, plain_trials.endless, 2, tmp_path, prune=True)
    assert states(jobs) == {0: "pruned", 1: "pruned"}
    assert jobs.outcomes[0].reason.startswith("stopped after epoch ")


def test_a_worker_that_has_grown_is_started_anew_before_its_next_job(tmp_path):
    small = Cluster(tmp_path, workers=1, memory="500MB")
    try:
        jobs = carried_out(small, plain_trials.growing, 2, tmp_path)
    finally:
        small.stop()
    assert states(jobs) == dict.fromkeys(range(2), "finished")
    assert len({one.value for one in jobs.outcomes.values()}) == 2


def test_a_scheduler_that_is_lost_and_comes_back_goes_on_with_what_was_under_way(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(engine.crews, "_CONNECTING", 2.0)
    lost = Cluster(tmp_path)
    try:
        jobs = PlainJobs(plain_trials.waiting, 3, tmp_path)
        at_work = threading.Thread(
            target=carry_out, args=(jobs,), kwargs={"scheduler": lost.address}
        )
        at_work.start()
        until(lambda: begun(tmp_path, 0) and begun(tmp_path, 1))
        lost.stop()
        lost.start()
        until(lambda: begun(tmp_path, 0) + begun(tmp_path, 1) >= 3)
        (tmp_path / "go").touch()
        at_work.join(60)
    finally:
        (tmp_path / "go").touch()
        lost.stop()
    assert states(jobs) == dict.fromkeys(range(3), "finished")
    assert f"The scheduler at {lost.address} is lost: " in capsys.readouterr().err


def test_a_scheduler_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setattr(engine.crews, "_CONNECTING", 0.5)
    with pytest.raises(SweepError) as problem:
        carry_out(PlainJobs(plain_trials.squared, 1, tmp_path), scheduler="tcp://127.0.0.1:1")
    message = str(problem.value)
    assert message.startswith(
        "scheduler: expected a Dask scheduler at tcp://127.0.0.1:1; received "
    )
    assert message.endswith(
        " Start it with `dask scheduler`, and workers with `dask worker tcp://127.0.0.1:1 "
        "--nthreads 1`. What was finished is kept."
    )


def test_a_scheduler_without_workers(monkeypatch, tmp_path):
    monkeypatch.setattr(engine.crews, "_CONNECTING", 5.0)
    empty = {"n_workers": 0, "processes": False, "protocol": "tcp", "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(**empty) as cluster,
        pytest.raises(SweepError, match="; received one without workers. Start it with "),
    ):
        carry_out(PlainJobs(plain_trials.squared, 1, tmp_path), scheduler=cluster.scheduler_address)


def test_an_address_that_is_none(tmp_path):
    with pytest.raises(SweepError, match="^scheduler: expected an address such as tcp://10"):
        carry_out(PlainJobs(plain_trials.squared, 1, tmp_path), scheduler="nonsense://x")


def test_without_an_address_workers_are_started_here(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    jobs = PlainJobs(plain_trials.squared, 3, tmp_path)
    carry_out(jobs, workers=1)
    assert states(jobs) == dict.fromkeys(range(3), "finished")
