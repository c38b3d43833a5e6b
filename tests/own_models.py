"""Networks with layers, steps and classes of their own, as notebooks define them."""

from __future__ import annotations

import keras
import tiny
from keras import layers, ops


class Sparse(layers.Layer):
    """Passes on what it receives, and costs its size."""

    def call(self, inputs):
        self.add_loss(0.5 * ops.mean(ops.abs(inputs)))
        return inputs


class SparseInTraining(layers.Layer):
    """Costs something while training alone."""

    def call(self, inputs, training=False):
        if training:
            self.add_loss(ops.mean(ops.square(inputs)))
        return inputs


class Block(layers.Layer):
    """A layer of layers, one of which punishes its activity."""

    def __init__(self):
        super().__init__()
        self.inside = layers.Dense(4, activity_regularizer=keras.regularizers.L2(0.1))

    def build(self, shape):
        self.inside.build(shape)

    def call(self, inputs):
        return self.inside(inputs)


class Subclassed(keras.Model):
    """Two layers of a class of its own."""

    def __init__(self):
        super().__init__()
        self.flat, self.hidden = layers.Flatten(), layers.Dense(8, activation="relu")
        self.drop, self.end = layers.Dropout(0.3), layers.Dense(2, activation="softmax")

    def call(self, images):
        return self.end(self.drop(self.hidden(self.flat(images))))


class OwnLoss(keras.Sequential):
    """Adds a constant to the loss, and leaves the rest to Keras."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, y_pred, sample_weight, training) + 7.0


class OwnStep(keras.Sequential):
    """Trains as Keras does and logs all metrics as one, as Keras's own guide has it."""

    def train_step(self, *data):
        super().train_step(*data)
        return {one.name: one.result() for one in self.metrics}


class OwnStepWithoutLoss(keras.Sequential):
    """Logs everything but the loss."""

    def train_step(self, *data):
        logs = super().train_step(*data)
        return {name: value for name, value in logs.items() if name != "loss"}


def of(kind, *inside):
    """Return a function that builds a stack of this class on images of 8 × 8."""

    def build():
        end = layers.Dense(2, activation="softmax")
        middle = [one() for one in inside] or [layers.Dropout(0.3)]
        return kind([keras.Input((8, 8, 1)), layers.Flatten(), *middle, end])

    return build


def called():
    """Return a model of its own class that knows its output."""
    model = Subclassed()
    model(keras.Input((8, 8, 1)))
    return model


def called_on_images():
    """Return one that knows what it was built on, and no more."""
    model = Subclassed()
    model(tiny.split(2, draw=0).images)
    return model


def autoencoder():
    """Return a network that gives images back through eight numbers."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.Dense(64, activation="sigmoid"),
            layers.Reshape((8, 8, 1)),
        ]
    )
