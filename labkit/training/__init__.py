"""Training: from a network, a dataset and a recipe to a `Run`. `train` is the way in."""

from typing import TYPE_CHECKING, Any

from labkit.training import bag_of_words
from labkit.training.cross_validation import cross_validate
from labkit.training.loop import Abandoned, order
from labkit.training.modes import train, train_path
from labkit.training.network import require_one_input_and_output
from labkit.training.recipe import Recipe

__all__ = [
    "Abandoned",
    "BagOfWords",
    "Recipe",
    "cross_validate",
    "order",
    "require_one_input_and_output",
    "train",
    "train_path",
]

if TYPE_CHECKING:
    BagOfWords = bag_of_words.layer_class()


def __getattr__(name: str) -> Any:
    if name == "BagOfWords":  # a layer: its class needs Keras, which importing labkit does not
        return bag_of_words.layer_class()
    raise AttributeError(f"module 'labkit.training' has no attribute {name!r}")
