# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,mystnb,-all
#     formats: ipynb,py:percent
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · Dense networks on half of MNIST
#
# | At a glance | |
# |---|---|
# | **Purpose** | Stack dense layers, watch them overfit, and find out which of L1, L2 and dropout helps, and how one would know |
# | **Before this** | [00 · Start here](00_start_here.ipynb) |
# | **Time** | smoke: seconds · lab and full: the same work here, one lab session on 2 CPU cores |
# | **GPU needed?** | no |
#
# A first report, R1, trained seven dense networks on half of MNIST and drew conclusions from one run of each.
# We build the same seven, train each from five seeds, and look at what one run could not show.

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
from labkit import checks, claims, data, ledger, show

labkit.notebook.start(MODE, BUDGET)
train = partial(labkit.train, budget=BUDGET, mode=MODE)

# %% [markdown]
# All the numbers one may want to turn stand here.

# %%
TRAIN_IMAGES = 30_000  # half of MNIST's training images, as in the report
VALIDATION_IMAGES = 3_000  # from the half that the report leaves unused
UNITS = 512  # of every hidden layer
EPOCHS = 5  # passes over the training images
LONG_EPOCHS = 10  # for the regularised networks
BATCH_SIZE = 128  # images per weight update
STRENGTH = 0.001  # of the L1 and L2 penalties
DROPOUT_RATE = 0.5  # share of units silenced in each training step

# %% [markdown]
# ## The data
#
# MNIST holds 70,000 scanned digits of 28 by 28 grey values, 60,000 of them for training, collected by LeCun and others (1998).
# R1 draws half of those, at random, and keeps no validation set. We take the same half, and 3,000 more images from the half
# that R1 leaves unused: they let us watch the training without touching the test set.

# %%
digits = data.load(
    "mnist",
    train=TRAIN_IMAGES,
    validation=VALIDATION_IMAGES,
    seed=SEED,
    source=SOURCE,
    one_hot=True,
)
digits.request

# %% mystnb={"image": {"alt": "Two rows of eight handwritten digits in white on black, each with its label above it. They differ in slant, thickness and closure."}}
few = digits.train.take(16, seed=0)
show.images(few.images, [str(label) for label in few.labels])
# %% [markdown]
# Each label is a *one-hot* vector: ten numbers, a one at the place of the digit. The output layer answers with ten
# probabilities, and *categorical cross-entropy*
#
# $$ -\frac{1}{n} \sum_{i=1}^{n} \log p_i(\text{true class}) $$
#
# measures how little probability it gave to the truth.
# Before anything else, one check that costs nothing: does any image stand in two of the three parts?

# %%
checks.no_leakage(digits)

# %% [markdown]
# ## Three depths
#
# The report calls its networks "two, three and four layers" and takes the first dense layer for the input layer. It is a
# hidden layer: the input is the image itself and has no weights. In our words these networks have **one, two and three hidden
# layers**; the names of the experiments keep the report's count.

# %%
from keras import Input, Sequential, layers


def dense_2():
    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Flatten(),  # (n, 28, 28, 1) -> (n, 784)
            layers.Dense(UNITS, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


# %% [markdown]
# Predict before you run the next cell: a dense layer has a weight for every pair of input and unit, and a bias for every
# unit. How many parameters does this network have?

# %%
show.summary(dense_2())

# %%
claims.quote("r1-dense-2-parameters")

# %% [markdown]
# The deeper ones repeat the hidden layer.


# %%
def hidden(**options):
    return layers.Dense(UNITS, activation="relu", **options)


def dense(*between):
    output = layers.Dense(10, activation="softmax")
    return Sequential(
        [Input((28, 28, 1)), layers.Flatten(), *between, output]
    )


def dense_3():
    return dense(hidden(), hidden())


def dense_4():
    return dense(hidden(), hidden(), hidden())


# %%
checks.parameters(dense_3(), claims.quote("r1-dense-3-parameters").value)

# %%
checks.parameters(dense_4(), claims.quote("r1-dense-4-parameters").value)

# %% [markdown]
# ### Train them
#
# RMSprop is a form of *stochastic* gradient descent. R1 explains the word:

# %%
claims.quote("r1-descent-uses-part-of-the-weights")

# %% [markdown]
# It is a part of the *examples*: each step looks at one batch of images and moves every weight.
#
# *Which of the three will know the training images best? Which will do best on images it has not seen?* Write your two guesses
# down, then run.

# %%
recipe = labkit.Recipe(
    loss="categorical_crossentropy",
    optimizer="rmsprop",
    epochs=EPOCHS,
    batch_size=BATCH_SIZE,
)

# %%
train_short = partial(train, dataset=digits, recipe=recipe)
depths = {
    "1 hidden layer": train_short(dense_2, experiment="01/dense-2"),
    "2 hidden layers": train_short(dense_3, experiment="01/dense-3"),
    "3 hidden layers": train_short(dense_4, experiment="01/dense-4"),
}

# %% mystnb={"image": {"alt": "Three panels, one for each depth, with training and validation loss over five epochs. Training loss falls in all three. Validation loss falls at first and then flattens above it, and its shaded spread over seeds is widest for the deepest network."}}
show.curve_panels(depths)
# %% [markdown]
# The line is the mean over all recorded seeds, the band one standard deviation to either side; if you trained here, the line is your
# own run. Training loss keeps falling while validation loss stops following it: that widening gap is what *overfitting* means,
# and it takes both curves to see it.
#
# R1 has an opinion on it:

# %%
claims.quote("r1-deeper-networks-overfit")

# %% [markdown]
# > **A mistake to learn from.** R1 says so without printing one training metric. A low test score alone
# > cannot tell overfitting from training that is too short, or from one unlucky run.

# %%
WHILE_TRAINING = {
    "parameters": "parameters",
    "seconds_per_epoch": "seconds per epoch",
    "train_accuracy": "train accuracy",
    "validation_accuracy": "validation accuracy",
}
show.results(depths, WHILE_TRAINING)

# %% [markdown]
# Look at the spread before you look at the order: is the distance between two rows larger than the ± of either? Then look at the
# deepest network's *training* accuracy. A network that overfits knows its training images better than the others do. This one
# knows them less well than its shallower neighbour, and from seed to seed it varies most: after five epochs it is not
# overfitted, it is not finished.
#
# The test set stays closed until the end, so the report's own numbers have to wait too.

# %% [markdown]
# ## Ten epochs, and three ways to hold a network back
#
# R1 trains its deepest network five epochs longer, "to force overfitting", and then tries three remedies on it.

# %%
from keras import regularizers


def dense_4_l1():
    penalty = regularizers.L1(STRENGTH)
    return dense(*[hidden(kernel_regularizer=penalty) for _ in range(3)])


def dense_4_l2():
    penalty = regularizers.L2(STRENGTH)
    return dense(*[hidden(kernel_regularizer=penalty) for _ in range(3)])


def dense_4_dropout():
    blocks = [(hidden(), layers.Dropout(DROPOUT_RATE)) for _ in range(3)]
    return dense(*[layer for block in blocks for layer in block])


# %% [markdown]
# None of the three adds a parameter: a penalty is a term of the loss, and dropout only silences units while training.

# %%
plain = dense_4().count_params()
for network in (dense_4_l1, dense_4_l2, dense_4_dropout):
    print(network.__name__, checks.parameters(network(), plain))

# %% [markdown]
# With a penalty, training minimises
#
# $$ \text{loss} = \underbrace{\text{cross-entropy}}_{\text{data loss}} + \lambda \sum_w |w| \quad\text{(L1)}
# \qquad\text{or}\qquad + \lambda \sum_w w^2 \quad\text{(L2).} $$
#
# R1 supposes that penalties did not help because the weights were small already. Weights can be looked at, so each run
# keeps a histogram of them.

# %%
import numpy as np

EDGES = np.linspace(-0.3, 0.3, 61)  # of the histogram's bins


def kernels(model):
    weights = model.get_weights()
    return np.concatenate(
        [np.ravel(one) for one in weights if one.ndim == 2]
    )


def histogram(model, dataset):
    return np.histogram(
        np.clip(kernels(model), EDGES[0], EDGES[-1]), EDGES
    )[0]


# %%
measure = {
    "weights": histogram,
    "near_zero": lambda model, dataset: np.mean(
        np.abs(kernels(model)) < 0.001
    ),
    "largest": lambda model, dataset: np.abs(kernels(model)).max(),
}

# %%
import dataclasses

longer = dataclasses.replace(recipe, epochs=LONG_EPOCHS)
train_longer = partial(
    train, dataset=digits, recipe=longer, measure=measure
)

# %%
remedies = {
    "plain": train_longer(dense_4, experiment="01/dense-4-10-epochs"),
    "L1": train_longer(dense_4_l1, experiment="01/dense-4-l1"),
    "L2": train_longer(dense_4_l2, experiment="01/dense-4-l2"),
    "dropout": train_longer(
        dense_4_dropout, experiment="01/dense-4-dropout"
    ),
}

# %% [markdown]
# ### The curves R1 wished for
#
# R1 has no curves, because plotting froze the machine it was written on, and says what it would have liked to show: the loss of
# the four networks, epoch by epoch. Here it is. *Before you look: which network has the lowest loss in the first epoch?*

# %% mystnb={"image": {"alt": "Validation loss including penalties over ten epochs for the plain, L1, L2 and dropout networks. L1 starts far above all others and comes down to a level still well above them; the other three lie close together near the bottom."}}
axes = show.compare(remedies, metric="val_loss")
# %% [markdown]
# L1 looks hopeless. But this is Keras's `loss`, which contains the penalty: most of the height of that curve is the sum of
# absolute weights, not wrong answers. The curve of L2 is part penalty, too. Take the penalties off:

# %% mystnb={"image": {"alt": "Validation loss without penalties over ten epochs for the same four networks. The L1 curve has come down by far and is still the highest throughout. L2 starts second and joins the others after a few epochs. The plain curve is lowest at first and rises again in the last epochs; dropout's stays low and flat."}}
axes = show.compare(remedies, metric="val_data_loss")
# %%
LOSSES = {
    "validation_loss": "loss with penalty",
    "validation_data_loss": "loss without penalty",
    "validation_accuracy": "validation accuracy",
}
show.results(remedies, LOSSES)

# %%
claims.quote("r1-dense-4-l1-loss")

# %% [markdown]
# That number is of the first kind. It says nothing about how good the predictions are, and it must not be compared with the
# loss of a network without penalty. Compare cross-entropy without penalty, or accuracy.

# %% [markdown]
# ### Training and validation, side by side
#
# *Which of the four shows the widest gap between what it knows and what it can do?*

# %% mystnb={"image": {"alt": "Four panels, two by two, with training and validation loss without penalty over ten epochs. In the plain network the curves separate. With L1 and L2 they stay closer together. With dropout the training curve begins above the validation curve and meets it later."}}
show.curve_panels(remedies)
# %% [markdown]
# With dropout, training loss begins *above* validation loss. That is no miracle: training metrics are taken while half of
# the units are silent, validation metrics with all of them at work. The table measures both in inference mode:

# %%
GAP = {
    "train_data_loss": "train loss",
    "validation_data_loss": "validation loss",
    "train_accuracy": "train accuracy",
    "validation_accuracy": "validation accuracy",
}
show.results(remedies, GAP)

# %% [markdown]
# All three remedies narrow the gap; that is what they are for. Whether the network that is held back also *predicts better* is
# another question, and R1 takes one for the other. L1 narrows the gap most, and does so by knowing the training images less: at this
# strength it *underfits*. Dropout alone narrows the gap and loses nothing.

# %% [markdown]
# ### Were the weights small already?

# %%
claims.quote("r1-weights-were-small")

# %% mystnb={"image": {"alt": "Three histograms of all kernel weights on a logarithmic scale, after training without penalty, with L1 and with L2. The plain one is a broad, flat-topped hill. L1 is a needle at zero above a low, wide floor. L2 is a narrow peak at zero above a floor like that."}}
weighed = {title: remedies[title] for title in ("plain", "L1", "L2")}
show.histograms(weighed, measure="weights", edges=EDGES)
# %%
SIZES = {"near_zero": "share below 0.001", "largest": "largest"}
show.results(weighed, SIZES)

# %% [markdown]
# The outermost bins hold all that lies beyond them. Without a penalty the weights are spread broadly; L1 sets nearly all of them
# to almost zero and lets a few grow, L2 does the same more gently. So the weights were *not* small already: the penalties changed them
# more than anything else on this page did. They did not fail for lack of work. They worked so hard that there was too little
# network left.

# %% [markdown]
# ## Is the difference real?
#
# R1 compares single runs. The table pairs ours by seed: runs of one seed share their images, first weights' draw and order, so
# what is left between them is the method.

# %%
show.differences(remedies, base="plain", metric="validation_accuracy")

# %% [markdown]
# A difference whose ± is as large as itself is one that another draw may reverse. The column *seeds above* counts how often the
# remedy won.

# %% [markdown]
# ## The test set, opened once
#
# R1 chose among its networks by their test accuracy. The winner of such a choice is flattered: with enough networks, one
# looks good by luck. We have made our observations on the validation images; the test set now only reports.

# %%
long = {f"{name}, 10 epochs": run for name, run in remedies.items()}
everything = depths | long
FINAL = {
    "seconds": "seconds",
    "train_accuracy": "train accuracy",
    "validation_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
    "test_data_loss": "test loss without penalty",
}
show.results(everything, FINAL)

# %% [markdown]
# And what did the report see, with one run of each?

# %%
NAMES = ["2", "3", "4", "4-10-epochs", "4-l1", "4-l2", "4-dropout"]
quotes = [claims.quote(f"r1-dense-{name}-accuracy") for name in NAMES]
ledger.beside(everything, quotes)

# %% [markdown]
# Two of its conclusions rest on these numbers:

# %%
claims.quote("r1-second-hidden-layer-hurts")

# %%
show.differences(depths, base="2 hidden layers", metric="test_accuracy")

# %% [markdown]
# For the deepest network the ± is larger than the difference itself: after five epochs, these runs cannot tell the two apart.

# %%
claims.quote("r1-more-epochs-overfit-more")

# %% [markdown]
# Its own numbers undo this one: after five *more* epochs, meant to force overfitting, the four-layer network of the
# report scores above its three-layer one, which was to be the best. What looked like the cost of depth was an
# early stop: a deeper network needed longer, and was judged halfway.

# %%
# one seed, one start: the first five epochs of both are the same
longer_or_not = {
    "5 epochs": depths["3 hidden layers"],
    "10 epochs": remedies["plain"],
}
show.differences(longer_or_not, base="5 epochs", metric="test_accuracy")

# %% [markdown]
# ### All that R1 says on dense networks
#
# Every number and every conclusion of this half of the report, with what was recorded of it and how it came out. Its losses are Keras's, penalty
# included. Each verdict leads to [the ledger](07_replication_ledger.ipynb), where the rule stands and what would have changed it.

# %% tags=["hide-output"]
ledger.read().of(practical="01_mnist_dense")

# %% [markdown]
# ### What it still gets wrong
#
# These are the mistakes the dropout network is surest of. *Which would you have read as the network did?*

# %% mystnb={"image": {"alt": "Up to sixteen test digits that the dropout network reads wrongly with high confidence, each with its true digit and the network's answer. Several are broken, crossed out or closed in unusual ways."}}
show.mistakes(remedies["dropout"], digits.class_names)
# %% mystnb={"image": {"alt": "Confusion matrix of the dropout network on the test set, right answers left out, summed over seeds. The darkest cells are confusions between 4 and 9, 7 and 2, 5 and 3, and their likes."}}
axes = show.confusion(remedies["dropout"], digits.class_names)

# %% [markdown]
# ## Exercises
#
# Each has checks that need no answer key. A solution is folded beneath it; the course's own tests run it.
#
# ### Exercise 1: count before you build
#
# Write `dense_parameters(inputs, units)`, the number of parameters of a dense layer. It must agree with Keras for the layers
# of this page: try `dense_parameters(784, 512)` and `dense_parameters(512, 10)`.

# %%
# your function


# %% tags=["hide-cell"]
def dense_parameters(inputs, units):
    return (inputs + 1) * units  # a weight an input, and a bias


counted = (
    dense_parameters(784, 512)
    + 2 * dense_parameters(512, 512)
    + dense_parameters(512, 10)
)
checks.parameters(dense_4(), counted)

# %% [markdown]
# ### Exercise 2: labels as numbers
#
# One-hot labels are a convenience, not a need. Load the digits with `one_hot=False`, train `dense_2` with the loss
# `sparse_categorical_crossentropy`, and compare the loss of the first epoch with that of one-hot labels: same seed, same order.

# %%
# your networks

# %% tags=["hide-cell", "nbval-ignore-output"]
as_numbers = data.load(
    "mnist",
    train=TRAIN_IMAGES,
    validation=VALIDATION_IMAGES,
    seed=SEED,
    source=SOURCE,
)
sparse = labkit.Recipe(
    loss="sparse_categorical_crossentropy",
    optimizer="rmsprop",
    epochs=EPOCHS,
)
one_hot = labkit.Recipe(
    loss="categorical_crossentropy", optimizer="rmsprop", epochs=EPOCHS
)
tiny = {"experiment": "01/exercise-2", "budget": "smoke", "mode": "train"}
losses = [
    labkit.train(dense_2, dataset, how, **tiny).history["loss"][0]
    for dataset, how in ((as_numbers, sparse), (digits, one_hot))
]
assert np.isclose(*losses, rtol=1e-3), "two losses, one number"

# %% [markdown]
# ### Exercise 3: half the dropout
#
# R1 tries one rate, 0.5, on layers of 512 units. Build `dense_4_light` with a rate of 0.2 and train it at the smoke budget. The
# checks want the same number of parameters, and a network that beats answering the commonest digit every time.

# %%
# your network


# %% tags=["hide-cell", "nbval-ignore-output"]
def dense_4_light():
    return dense(
        *[
            part
            for _ in range(3)
            for part in (hidden(), layers.Dropout(0.2))
        ]
    )


light = labkit.train(
    dense_4_light,
    digits,
    longer,
    experiment="01/exercise-3",
    budget="smoke",
    mode="train",
)
checks.parameters(dense_4_light(), dense_4().count_params())
checks.beats_baseline(light, digits.baseline)

# %% [markdown]
# ### Exercise 4: a leak, made and found
#
# Somebody shuffles all images once for training and once more for validation. Build such a `leaky` dataset from
# `digits` with `dataclasses.replace`, and let `checks.no_leakage` find it. Why would its validation accuracy look better than it is?

# %%
# your leak

# %% tags=["hide-cell", "nbval-ignore-output"]
from labkit.errors import CheckFailed

leaky = dataclasses.replace(
    digits, validation=digits.train.take(100, seed=1)
)
with checks.raises(CheckFailed, saying="share no example"):
    checks.no_leakage(leaky)

# %% [markdown]
# ## What to take with you
#
# - Overfitting is a gap between two curves. Without the training curve nobody can claim it.
# - Keras's `loss` contains the penalties. Compare cross-entropy without them, or accuracy.
# - Training metrics under dropout are taken with units silent; measure them again in inference mode.
# - One run is one draw. Report the mean, the spread and the number of seeds, and pair comparisons by seed.
# - Choose on validation images; open the test set once.
#
# **Limits.** Five seeds show a spread, not its tails. One strength and one rate of each remedy were tried, as in the report; a
# weaker L1 may do better. Half of MNIST is an easy problem, on which all of these networks do well.
#
# **Next.** Dense layers do not know that pixels have neighbours. Convolutional layers do: that is the second half of R1.
