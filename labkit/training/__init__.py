"""Training: from a network, a dataset and a recipe to a `Run`. `train` is the way in."""

from labkit.training.modes import train, train_path
from labkit.training.recipe import Recipe

__all__ = ["Recipe", "train", "train_path"]
