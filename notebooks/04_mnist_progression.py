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
from labkit import by_budget, checks, claims, datasets, plots, tables

labkit.notebook.start(MODE)

# %%
TRAIN_IMAGES = 54_000
VALIDATION_IMAGES = 6_000
EXAMPLES = by_budget(lab=12_000, full=None)  # None: all of them
PERCEPTRON_EPOCHS = 20
TWO_CONV_EPOCHS = 5
AUGMENTED_EPOCHS = by_budget(lab=8, full=20)
OWN_EPOCHS = by_budget(lab=10, full=20)  # of the first and second models

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
recipe = partial(
    labkit.Recipe, loss="categorical_crossentropy", examples=EXAMPLES
)
train = partial(labkit.train, dataset=digits, budget=BUDGET, mode=MODE)

# %%
from keras import Input, Sequential, layers


def classifier(*body):
    output = layers.Dense(10, activation="softmax")
    return Sequential([Input((28, 28, 1)), *body, output])


def conv(filters, size, **options):
    return layers.Conv2D(filters, size, activation="relu", **options)


def dense(units):
    return layers.Dense(units, activation="relu")


# %%
def perceptron():
    return classifier(
        layers.Flatten(),
        dense(512),
        layers.Dropout(0.2),
        dense(512),
        layers.Dropout(0.2),
    )


# %%
perceptron_run = train(
    perceptron,
    recipe=recipe(
        optimizer="rmsprop", batch_size=128, epochs=PERCEPTRON_EPOCHS
    ),
    experiment="04/perceptron",
)


# %%
def two_conv():
    return classifier(
        conv(32, 3),
        conv(64, 3),
        layers.MaxPooling2D(2),
        layers.Dropout(0.25),
        layers.Flatten(),
        dense(128),
        layers.Dropout(0.5),
    )


# %%
from keras import optimizers

two_conv_recipe = partial(recipe, batch_size=128, epochs=TWO_CONV_EPOCHS)
rate_of_2019 = optimizers.Adadelta(learning_rate=1.0)
two_conv_run = train(
    two_conv,
    recipe=two_conv_recipe(optimizer=rate_of_2019),
    experiment="04/two-conv",
)
two_conv_today = train(
    two_conv,
    recipe=two_conv_recipe(optimizer=optimizers.Adadelta()),
    experiment="04/two-conv-today",
)

# %%
turned_and_zoomed = (
    layers.RandomRotation(10 / 360, fill_mode="constant"),
    layers.RandomZoom(0.1, fill_mode="constant"),
)
two_conv_augmented = train(
    two_conv,
    recipe=recipe(
        optimizer=rate_of_2019,
        batch_size=128,
        epochs=AUGMENTED_EPOCHS,
        augmentation=turned_and_zoomed,
    ),
    experiment="04/two-conv-augmented",
)


# %%
def first():
    return classifier(conv(32, 3), layers.MaxPooling2D(2), layers.Flatten())


first_run = train(
    first,
    recipe=recipe(
        optimizer=optimizers.SGD(learning_rate=0.1, momentum=0.9),
        batch_size=32,
        epochs=OWN_EPOCHS,
    ),
    experiment="04/first",
)


# %%
def second_v1():
    pool = partial(layers.MaxPooling2D, 2, padding="same")
    return classifier(
        conv(32, 3),
        pool(),
        conv(32, 3),
        pool(),
        conv(64, 3),
        pool(),
        layers.Flatten(),
        dense(128),
    )


def second_v2():
    framed = partial(conv, padding="same")
    return classifier(
        framed(16, 3),
        layers.MaxPooling2D(2),
        framed(32, 2),
        layers.MaxPooling2D(2),
        framed(64, 1),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        dense(128),
        layers.Dropout(0.5),
    )


# %%
second_recipe = recipe(
    optimizer="rmsprop", batch_size=32, epochs=OWN_EPOCHS
)
second_v1_run = train(
    second_v1, recipe=second_recipe, experiment="04/second-v1"
)
second_v2_run = train(
    second_v2, recipe=second_recipe, experiment="04/second-v2"
)
