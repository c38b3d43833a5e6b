"""`BagOfWords`: which words a text has, found inside the network, a batch at a time."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from labkit.counts import checked_count

if TYPE_CHECKING:
    import keras

NO_WORD, UNKNOWN = 0, 1  # what fills a text up, and every word that is too rare


@functools.cache
def layer_class() -> type[keras.layers.Layer]:
    """Return the class; it is made when it is first asked for, because it needs Keras."""
    import keras
    from keras import ops

    @keras.saving.register_keras_serializable(package="labkit")
    class BagOfWords(keras.layers.Layer):
        """Turn tokens, int32 (n, length), into the words that occur, float32 (n, words).

        An entry is 1 where its word occurs at least once in the text, 0 elsewhere. Token 0 fills
        texts up and is no word; a token that is not below `words` counts as 1, a rare word, as
        `data.load(…, words=…)` has it. The layer has no weights. Only one batch of its output is
        in memory at a time: of 25,000 reviews with 10,000 words it would be a gigabyte.

        Args:
            words: the size of the vocabulary.

        Raises:
            ParameterError: `words` is not a whole number from 1.
        """

        def __init__(self, words: int, **options: Any) -> None:
            super().__init__(**options)
            self.words = checked_count("words", words)

        def call(self, tokens: Any) -> Any:
            tokens = ops.cast(tokens, "int32")
            tokens = ops.where(tokens < self.words, tokens, UNKNOWN)
            texts = ops.shape(tokens)[0]
            rows = ops.broadcast_to(ops.arange(texts)[:, None], ops.shape(tokens))
            places = ops.reshape(ops.stack([rows, tokens], axis=-1), (-1, 2))
            marks = ops.cast(ops.reshape(tokens, (-1,)) != NO_WORD, self.compute_dtype)
            counts = ops.scatter(places, marks, (texts, self.words))
            return ops.minimum(counts, 1)

        def compute_output_shape(self, input_shape: tuple[int | None, int]) -> tuple:
            return input_shape[0], self.words

        def get_config(self) -> dict[str, Any]:
            return super().get_config() | {"words": self.words}

    return BagOfWords
