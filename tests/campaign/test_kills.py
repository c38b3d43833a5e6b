"""A recording that is killed anywhere, again and again: nothing is lost, and no digit changes.

Each kill costs a start of Keras, so none is made but by `scripts/campaign.py --kills`.
"""

import os
import random
import subprocess

import processes
import pytest
import tiny

from labkit import choices
from labkit.records import store

KILLS = int(os.environ.get("CAMPAIGN_KILLS", "0"))
LATEST = 6.0  # seconds from the start of the training; it takes about as long

RECORDING = """
import sys
import tiny
from labkit.training import loop, train

loop.CHECKPOINT_SECONDS = 0.0
print("ready", flush=True)
for seed in map(int, sys.argv[1:]):
    train(tiny.eventful, tiny.dataset(seed=seed), tiny.eventful_recipe(),
          experiment=tiny.EXPERIMENT)
"""


def recording(folder, *seeds):
    asked = choices.recording_environment(choices.Recording(folder, "*", "full"), seed=0)
    return processes.start(RECORDING, *seeds, **asked)


def killed_somewhere(folder, *seeds):
    """Kill a recording at some moment, unless it has ended by then."""
    process = recording(folder, *seeds)
    assert process.stdout.readline() == "ready\n"
    try:
        process.wait(timeout=random.uniform(0, LATEST))
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()


@pytest.mark.skipif(not KILLS, reason="kills take long: scripts/campaign.py --kills 50 makes them")
def test_a_recording_that_is_killed_anywhere_comes_to_the_same_end(isolated, eventful):
    folder = isolated / "store"
    for seed in range(KILLS):
        killed_somewhere(folder, 0, seed)
        store.read(tiny.EXPERIMENT, folder)  # whole, or not there
    processes.finished(recording(folder, *range(KILLS)))
    runs = store.read(tiny.EXPERIMENT, folder)
    assert [run.seed for run in runs] == list(range(KILLS))
    for name, values in eventful.history.items():
        assert runs[0].history[name] == pytest.approx(values, rel=1e-6), name
    assert runs[0].test.loss == pytest.approx(eventful.test.loss, rel=1e-6)
