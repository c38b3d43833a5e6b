"""How much memory trainings one after another need, against a single one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import around

TRAININGS = 10

# Trains small networks on all of CIFAR-10 and prints the process's peak after each, in bytes.
CODE = """
import json, pathlib, re, resource, sys
import labkit
from labkit import data

def peak():
    status = pathlib.Path("/proc/self/status")
    if status.is_file():
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

def network():
    from keras import Input, Sequential, layers
    return Sequential([
        Input((32, 32, 3)), layers.Conv2D(4, 5, strides=4, activation="relu"),
        layers.Flatten(), layers.Dense(10, activation="softmax"),
    ])

images = data.load("cifar10", train=40_000, validation=10_000, source="real")
recipe = labkit.Recipe(
    loss="sparse_categorical_crossentropy", optimizer="sgd", epochs=2, batch_size=512
)
peaks = []
for number in range(int(sys.argv[1])):
    labkit.train(network, images, recipe, experiment=f"99/n{number}", budget="lab", mode="train")
    peaks.append(peak())
print(json.dumps(peaks))
"""


def rows() -> Iterator[dict[str, Any]]:
    """Measure the peak after the first and after the last of some trainings."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(TRAININGS)],
            cwd=around.ROOT,
            env=os.environ | {"XDG_DATA_HOME": folder},
            check=True,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - started
    peaks = json.loads(done.stdout.splitlines()[-1])
    first, last = (round(peak / 1e6, 1) for peak in (peaks[0], peaks[-1]))
    what = f"{TRAININGS} trainings on CIFAR-10"
    yield around.row(what, seconds, first_megabytes=first, last_megabytes=last)
