import json

import keras
import numpy as np
import processes
import pytest

import labkit
from labkit.errors import ParameterError

TOKENS = np.array([[0, 0, 3, 3, 1], [0, 7, 2, 1, 4], [0, 0, 0, 0, 0]], np.int32)
WORDS = [[0, 1, 0, 1, 0], [0, 1, 1, 0, 1], [0, 0, 0, 0, 0]]


def test_marks_the_words_that_occur_but_not_what_fills_up():
    bag = np.asarray(labkit.BagOfWords(5)(TOKENS))
    assert bag.tolist() == WORDS
    assert bag.dtype == np.float32


def test_a_token_beyond_the_vocabulary_is_a_rare_word():
    assert np.asarray(labkit.BagOfWords(3)(np.array([[0, 2, 9]], np.int32))).tolist() == [[0, 1, 1]]


def test_stands_in_a_network_without_weights():
    network = keras.Sequential([keras.Input((5,), dtype="int32"), labkit.BagOfWords(5)])
    assert network.output_shape == (None, 5)
    assert network.count_params() == 0
    assert network.predict(TOKENS, verbose=0).tolist() == WORDS


def test_a_network_with_it_is_saved_and_read(tmp_path):
    network = keras.Sequential([keras.Input((5,), dtype="int32"), labkit.BagOfWords(5)])
    network.save(tmp_path / "bag.keras")
    read = keras.models.load_model(tmp_path / "bag.keras")
    assert isinstance(read.layers[0], labkit.BagOfWords)
    assert read.predict(TOKENS, verbose=0).tolist() == WORDS


def test_rejects_a_vocabulary_of_no_size():
    with pytest.raises(ParameterError) as caught:
        labkit.BagOfWords(0)
    assert str(caught.value) == (
        "words: expected a whole number from 1 up; received 0. Choose words within these bounds."
    )


# Both are traced before memory is first read, at the size of the batches that follow.
IN_MEMORY = """
import json, re
from pathlib import Path

import keras
import numpy as np

import labkit
from labkit.training.batches import Feed

def peak():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) * 1024

random = np.random.RandomState(0)
tokens = random.randint(0, 10_000, (20_000, 500)).astype(np.int32)
labels = random.randint(0, 4, 20_000)
network = keras.Sequential(
    [keras.Input((500,), dtype="int32"), labkit.BagOfWords(10_000), keras.layers.Dense(4)]
)
network.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
for rows in (512, 20_000):
    batches = Feed(tokens[:rows], labels[:rows]).batches(512)
    network.fit(**batches, verbose=0)
    network.evaluate(**batches, verbose=0)
    print(peak())
"""


def test_reviews_do_not_stand_in_memory_as_words():
    few, many = map(json.loads, processes.finished(processes.start(IN_MEMORY)).split())
    dense = 20_000 * 10_000 * 4
    assert many - few < dense / 4
