"""A real Dask cluster on this machine: a scheduler and two workers, processes of their own."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 60  # seconds, on a machine that has much else to do
ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join(map(str, (HERE.parent, HERE, HERE / "sweeps"))),
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "2",
    "DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "False",
}


def until(condition):
    """Wait for a condition, and no longer than is sensible."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


class Cluster:
    """A scheduler on a port of its own, and workers that are started anew when they die."""

    def __init__(self, folder, *, workers=2, memory="0"):
        self.folder, self.workers, self.memory = folder, workers, memory
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes = []
        self.start()

    def start(self):
        self.processes = [
            self._dask("scheduler", "--host", "127.0.0.1", "--port", self.port),
            self._dask(
                *("worker", self.address, "--nworkers", self.workers, "--nthreads", 1),
                *("--memory-limit", self.memory, "--local-directory", self.folder),
            ),
        ]

    def _dask(self, kind, *arguments):
        module = f"distributed.cli.dask_{kind}"
        with (self.folder / f"{kind}.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments), "--no-dashboard"],
                cwd=self.folder,
                env=os.environ | ENVIRONMENT,
                stdout=log,
                stderr=log,
            )

    def stop(self):
        """End it as a power cut does; what the nannies started ends with them."""
        for process in self.processes:
            process.kill()
            process.wait()
