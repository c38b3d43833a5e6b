# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,mystnb,-all
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["remove-cell"]
import importlib.util

if importlib.util.find_spec("labkit") is None:
    # %pip install -q "git+https://github.com/deep-learning-practicals/deep-learning-practicals@main"
    pass

# %% tags=["parameters"]
# None: LABKIT_BUDGET, LABKIT_SEED … if set, else the default
BUDGET = None  # "smoke", "lab" or "full"
SEED = None  # draws split, first weights and order alike
MODE = None  # "train", "replay" or "auto"
SOURCE = None  # "auto", "real", "sample" or "local"

# %%
from functools import partial

import labkit
from labkit import checks, claims, datasets, plots, tables

labkit.notebook.start(MODE)

# %%
TRAIN_IMAGES = 30_000  # half of MNIST's training images, as in the report
VALIDATION_IMAGES = 3_000  # from the half that the report leaves unused
EPOCHS = 5  # passes over the training images
BATCH_SIZE = 64  # images per weight update

# %%
digits = datasets.load(
    "mnist",
    train=TRAIN_IMAGES,
    validation=VALIDATION_IMAGES,
    seed=SEED,
    source=SOURCE,
    one_hot=True,
)

# %%
from keras import Input, Sequential, layers


def classifier(*body, units):
    top = [
        layers.Flatten(),
        layers.Dense(units, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
    return Sequential([Input((28, 28, 1)), *body, *top])


def conv(filters, size):
    return layers.Conv2D(filters, size, activation="relu")


pool = layers.MaxPooling2D


# %%
def conv_a():
    return classifier(
        conv(32, 2), pool(2), conv(32, 2), pool(2), conv(32, 2), units=32
    )


def conv_b():
    return classifier(
        conv(32, 2), pool(3), conv(64, 2), pool(3), conv(64, 2), units=64
    )


def conv_c():
    return classifier(
        conv(32, 4), pool(2), conv(128, 4), pool(2), conv(128, 4), units=128
    )


# %%
import numpy as np


def positions(layer):
    """Return at how many places a layer applies its kernel."""
    transposed = "Transpose" in type(layer).__name__
    tensor = layer.input if transposed else layer.output
    return int(np.prod(tensor.shape[1:-1]))


def multiply_adds(network):
    """Return the multiplications for one image, from kernels alone."""
    return sum(
        int(np.prod(layer.kernel.shape)) * positions(layer)
        for layer in network.layers
        if hasattr(layer, "kernel")
    )


# %%
recipe = labkit.Recipe(
    loss="categorical_crossentropy",
    optimizer="rmsprop",
    epochs=EPOCHS,
    batch_size=BATCH_SIZE,
)
train = partial(
    labkit.train,
    dataset=digits,
    recipe=recipe,
    budget=BUDGET,
    mode=MODE,
    measure={"multiply_adds": lambda model, data: multiply_adds(model)},
)

# %%
three = {
    "A": train(conv_a, experiment="02/conv-a"),
    "B": train(conv_b, experiment="02/conv-b"),
    "C": train(conv_c, experiment="02/conv-c"),
}


# %%
def conv_b_pool_2():
    return classifier(
        conv(32, 2), pool(2), conv(64, 2), pool(2), conv(64, 2), units=64
    )


def conv_b_padded():
    padded = partial(pool, 3, padding="same")
    return classifier(
        conv(32, 2), padded(), conv(64, 2), padded(), conv(64, 2), units=64
    )


def conv_c_32():
    return classifier(
        conv(32, 4), pool(2), conv(32, 4), pool(2), conv(32, 4), units=32
    )


# %%
one_change = {
    "B": three["B"],
    "B, padded": train(conv_b_padded, experiment="02/conv-b-padded"),
    "B, pools of 2": train(conv_b_pool_2, experiment="02/conv-b-pool-2"),
    "C": three["C"],
    "C, 32 filters": train(conv_c_32, experiment="02/conv-c-32"),
    "A": three["A"],
}


# %%
def transposed(filters, size):
    return layers.Conv2DTranspose(filters, size, activation="relu")


def conv_a1():
    pooled = partial(layers.MaxPooling2D, (1, 2))
    return classifier(
        transposed(32, 2),
        pooled(),
        transposed(32, 2),
        pooled(),
        transposed(32, 2),
        units=32,
    )


a1 = train(conv_a1, experiment="02/conv-a1-fixed")


# %%
def conv_a2():
    return classifier(
        transposed(32, 2),
        pool(2),
        transposed(32, 2),
        pool(2),
        transposed(32, 2),
        units=32,
    )


a2 = train(conv_a2, experiment="02/conv-a2")


# %%
def conv_a3():
    return classifier(
        transposed(32, 2),
        layers.AveragePooling2D(2),
        transposed(32, 2),
        layers.AveragePooling2D(2),
        transposed(32, 2),
        units=32,
    )


a3 = train(conv_a3, experiment="02/conv-a3")
a3_as_built = train(conv_a2, experiment="02/conv-a3-as-built")


# %%
def conv_a4():
    def grown(filters):
        return layers.Conv3DTranspose(filters, 2, activation="relu")

    return classifier(
        layers.Reshape((28, 28, 1, 1)),
        layers.Conv3D(32, (2, 2, 1), activation="relu"),
        layers.MaxPooling3D((2, 2, 1)),
        grown(32),
        layers.MaxPooling3D((2, 2, 1)),
        grown(32),
        units=32,
    )


a4 = train(conv_a4, experiment="02/conv-a4-fixed")


# %%
def conv_a5():
    return classifier(
        conv(32, 2),
        pool(2),
        conv(32, 2),
        pool(2),
        conv(32, 2),
        layers.GlobalMaxPooling2D(),
        units=32,
    )


a5 = train(conv_a5, experiment="02/conv-a5-fixed")
