"""Trainings one after another need no more memory than one."""

import json

import processes
import pytest

TRAINING = """
import dataclasses, json, pathlib, re, sys
import numpy as np
import tiny
import labkit
from labkit.data import Split

def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) // 1024

def build():
    from keras import Input, Sequential, layers
    return Sequential([Input((64, 64, 3)), layers.AveragePooling2D(16), layers.Flatten(),
                       layers.Dense(2, activation="softmax")])

images = np.random.default_rng(0).random((2_000, 64, 64, 3), np.float32)  # 98 MB
labels = np.arange(2_000) % 2
large = Split(images, labels, labels, "images")
dataset = tiny.dataset(train=large, validation=large, test=tiny.split(96, draw=2))
recipe = tiny.recipe(loss="sparse_categorical_crossentropy", batch_size=512)
peaks = []
for number in range(5):
    labkit.train(build, dataset, recipe, experiment=f"99/large-{number}", budget="lab",
                 mode="train", test=False)
    peaks.append(peak())
print(json.dumps(peaks))
"""


@pytest.mark.usefixtures("isolated")
def test_five_trainings_stay_within_a_third_more_than_one():
    printed = processes.finished(processes.start(TRAINING))
    first, *_, last = json.loads(printed.splitlines()[-1])
    assert last < 1.3 * first
