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
# # 00 · Start here
#
# | At a glance | |
# |---|---|
# | **Purpose** | Check your machine, train a first network in plain Keras, and see how this course measures and records such a training |
# | **Before this** | nothing: you have seen a drawing of a neural network once, and you read Python |
# | **Time** | core: 45 min · training it all yourself: seconds at every budget on 2 CPU cores |
# | **GPU needed?** | no |
#
# Every practical is a notebook that you can run from top to bottom. It trains small networks, shows what happened, and asks
# you to guess before you look. You cannot break anything: restart the kernel and begin again whenever you like.
# Words that are new to you stand in the [glossary](../book/glossary.md).

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
import labkit
from labkit import checks, data, show

labkit.notebook.start(MODE, BUDGET)

# %% [markdown]
# ## Is the machine ready?
#
# *Core · 5 minutes*
#
# The command in the next cell looks at Python, Keras, the data and the disk. Each line of its report says OK, or what you can do. The
# report is about *your* machine, so this page shows none. In a terminal, `labkit doctor` prints the same.

# %% tags=["nbval-ignore-output", "remove-output"]
from labkit.course import doctor

doctor.table(list(doctor.examine()))

# %% [markdown]
# ## A first network in plain Keras
#
# *Core · 15 minutes*
#
# The images are handwritten digits from the dataset MNIST, 28 by 28 pixels each. A pixel is a number between 0 (black) and 1
# (white). We train a network to say which digit an image shows.

# %%
TRAIN_IMAGES = 10_000  # of MNIST's 60,000
VALIDATION_IMAGES = 2_000  # other images of the training file
EPOCHS = 5  # passes over the training images
UNITS = 32  # of the one hidden layer

# %%
sizes = {"train": TRAIN_IMAGES, "validation": VALIDATION_IMAGES}
digits = data.load("mnist", **sizes, seed=SEED, source=SOURCE)

# %% mystnb={"image": {"alt": "Eight handwritten digits in white on black, each with its label above it."}}
few = digits.train.take(8, seed=0)
show.images(few.images, [str(label) for label in few.labels])
# %% [markdown]
# The data come in three parts. The network learns from the *training* images. The *validation* images are not learned from; on them we
# see how well it reads digits that are new to it. The *test* images stay aside until the end of the page.
#
# ### The layers
#
# The network has one [*hidden layer*](../book/glossary.md#term-hidden-layer) of 32 [*units*](../book/glossary.md#term-unit). Each unit multiplies every pixel by a weight, adds the products and a bias, and
# passes the sum through an [*activation*](../book/glossary.md#term-activation). Here that is [*ReLU*](../book/glossary.md#term-ReLU), which keeps a positive number and replaces a negative one by zero.
# The *output layer* has ten units, one for each digit. Its activation is [*softmax*](../book/glossary.md#term-softmax), which turns the ten sums into probabilities:
# positive numbers that add up to one. The weights and biases are what the network learns; together they are called its
# [*parameters*](../book/glossary.md#term-parameter).

# %%
from keras import Input, Sequential, layers


# %%
def first_network():
    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Flatten(),  # (n, 28, 28, 1) -> (n, 784)
            layers.Dense(UNITS, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


# %%
show.summary(first_network())

# %% [markdown]
# ### Compile and fit
#
# `compile` says how the network is trained. The [*loss*](../book/glossary.md#term-loss) is the number that training makes small: the cross-entropy, which is large when
# the right digit gets a small probability. It is called *sparse* because the labels are whole numbers from 0 to 9. The [*optimizer*](../book/glossary.md#term-optimizer) is the
# rule that changes the weights: [*Adam*](../book/glossary.md#term-Adam) takes small steps that lower the loss, and adapts the size of the step to each weight. A
# *metric*, here the accuracy, is measured and not trained on.
#
# The seed of the first line fixes everything that is drawn at random, so that you get the same numbers when you run the cell again.

# %% tags=["nbval-ignore-output", "remove-output"]
import keras

keras.utils.set_random_seed(digits.seed)
network = first_network()

# %% tags=["nbval-ignore-output", "remove-output"]
LOSS = "sparse_categorical_crossentropy"
network.compile(loss=LOSS, optimizer="adam", metrics=["accuracy"])

# %% [markdown]
# `fit` goes over the training images several times. Each pass is an [*epoch*](../book/glossary.md#term-epoch). It takes the images in *batches*, here of 128, and changes the
# weights a little after each batch. After every epoch Keras measures loss and accuracy
# on the validation images, too. *How many of ten new digits will the network read correctly after five epochs: three, six or nine?*

# %% tags=["nbval-ignore-output", "remove-output"]
images, labels = digits.train.images, digits.train.labels
new = digits.validation.images, digits.validation.labels
settings = {"batch_size": 128, "epochs": EPOCHS, "verbose": 0}
fitted = network.fit(images, labels, validation_data=new, **settings)

# %% [markdown]
# What was measured is in `history`, a dictionary of lists with one number for each epoch. The names that begin with `val_` belong to the
# validation images.

# %% tags=["nbval-ignore-output", "remove-output"]
fitted.history

# %% [markdown]
# `evaluate` measures a network as it is now. On the validation images it gives the last numbers of the history once more.

# %% tags=["nbval-ignore-output", "remove-output"]
network.evaluate(*new, verbose=0, return_dict=True)

# %% [markdown]
# This website leaves the output of these cells out. It is one training on one machine, and yours may differ a little. The
# numbers that the course reports come from recorded trainings with several seeds, and the next section shows one.

# %% [markdown]
# ## The same training, measured and recorded
#
# *Core · 10 minutes*
#
# A practical compares many trainings. Each of them needs its seed set, has to be measured in the same way, and should not be repeated
# whenever the page is opened. `labkit.train` does this around Keras's `compile`, `fit` and `evaluate`. What you gave to
# `compile` and `fit` above goes into a *recipe*.

# %%
recipe = labkit.Recipe(
    loss=LOSS, optimizer="adam", epochs=EPOCHS, batch_size=128
)

# %% [markdown]
# The smallest budget, `"smoke"`, trains for one epoch on 256 images. It shows that everything runs, and little more.

# %%
EXPERIMENT = "00/first-network"  # the name under which it is recorded
smoke = {"budget": "smoke", "mode": "train"}
tried = labkit.train(
    first_network, digits, recipe, experiment=EXPERIMENT, **smoke
)

# %% [markdown]
# ### The same digits in plain Keras
#
# `train` adds nothing to the training itself. When plain Keras starts from the same seed and is given the same images in the same order,
# its loss is the same. labkit draws both the 256 images and their order from the seed:

# %%
from labkit.training import order

drawn = digits.train.take(256, seed=digits.seed)
drawn = drawn.at(order(256, seed=digits.seed, epoch=0))

# %%
keras.utils.set_random_seed(digits.seed)
plain = first_network()
plain.compile(loss=LOSS, optimizer="adam")

# %%
by_hand = plain.fit(
    drawn.images, drawn.labels, batch_size=128, shuffle=False, verbose=0
)

# %%
import numpy as np

np.isclose(by_hand.history["loss"], tried.history["loss"])

# %% [markdown]
# The two losses agree. `shuffle=False` leaves the images in the order that they are given in; by itself `fit` draws another order for
# every epoch, and then the loss would differ a little.
#
# ### The recorded training
#
# The next cell asks for the same network with all of its images and epochs. On this website, in `replay` mode, it trains nothing: labkit
# looks up what was recorded for exactly this code with several seeds. When you open the notebook yourself, the default mode is
# `train`, and the network is trained on your machine.

# %%
here = {"budget": BUDGET, "mode": MODE}
first = labkit.train(
    first_network, digits, recipe, experiment=EXPERIMENT, **here
)

# %% mystnb={"image": {"alt": "Training and validation accuracy of the first network over five epochs. Both climb steeply at first and then more slowly; training accuracy ends above validation accuracy."}}
axes = show.curves(first, metric="accuracy")
# %% [markdown]
# After five epochs the accuracy on the training images is higher than on the validation images, and validation accuracy is still rising
# from the fourth epoch to the fifth.

# %%
COLUMNS = {
    "seconds": "seconds",
    "train_accuracy": "train accuracy",
    "validation_accuracy": "validation accuracy",
}

# %%
show.results({"first network": first}, COLUMNS)

# %% [markdown]
# Read the line below the table first. It says at which budget the network was trained, with how many seeds, on what machine, and when. A
# number written 0.9 ± 0.01 is a mean over seeds with its standard deviation. The [*seed*](../book/glossary.md#term-seed) draws the images, the first weights and the
# order of the images. Another seed gives another result, and the number after the ± says how far apart the results typically lie.

# %%
(
    first.provenance["keras"],
    first.provenance["device"],
    [run.seed for run in first.replicates],
)

# %% [markdown]
# ### The test set is opened once, at the end
#
# If we compare networks by their validation accuracy and choose the best, its validation accuracy is an optimistic number: the choice was made
# by it. The test images are for a last measurement on which no choice depends. `train` makes it after the last epoch, and a practical
# shows it at its end.

# %%
show.results({"first network": first}, {"test_accuracy": "test accuracy"})

# %% [markdown]
# The answer to the question above: the network reads more than nine of ten new digits.

# %% [markdown]
# ## Budgets, modes and sources
#
# *Core · 5 minutes*
#
# The cell with `BUDGET`, `SEED`, `MODE` and `SOURCE` near the top is the same in every practical.
#
# | Setting | Value | What it does |
# |---|---|---|
# | `BUDGET` | `"smoke"` | at most 256 training images, one epoch: does everything run? |
# | | `"lab"` | for a lab session: a whole practical trains in a quarter of an hour at most on 2 CPU cores |
# | | `"full"` | the report's own data and epochs |
# | `MODE` | `"train"` | train here; your curve is drawn over the recorded ones |
# | | `"replay"` | show what is recorded, train nothing |
# | | `"auto"` | replay what is recorded, train the rest |
# | `SOURCE` | `"auto"` | your data folder, else a download, else the excerpt that comes with labkit |
# | | `"real"` | the whole data or an error, never the excerpt |
# | | `"local"` | as auto, without a download |
# | | `"sample"` | the excerpt |
#
# Results on the excerpt are marked as sample data wherever they are shown, and are never recorded. A record belongs to the code that it was
# made with: [How this course works](../book/how_this_course_works.md) shows what happens when the two differ.

# %% [markdown]
# ## Exercises
#
# *Core · 10 minutes*
#
# Each exercise has three cells. The first is yours: replace the `...` by your answer. The second checks it and gives a hint
# where it is wrong. The third is folded and holds a solution.
#
# ### Exercise 1: what a seed fixes
#
# Load the digits twice more, with the `sizes` from above and with a seed other than `digits.seed`, the same seed both times. Call the
# two datasets `other` and `again`. Before you run the check: will their labels agree with each other? Will they agree with those of `digits`?

# %% tags=["exercise"]
other, again = ..., ...

# %% tags=["check"]
with checks.exercise():
    labels = checks.answered(other).train.labels
    checks.equal(
        checks.answered(again).train.labels,
        labels,
        hint="load both with one and the same seed",
    )
    checks.holds(
        labels.shape == digits.train.labels.shape
        and (labels != digits.train.labels).any(),
        hint="take the sizes from above, and a seed that is not digits.seed",
    )

# %% tags=["solution", "hide-cell"]
# The same seed draws the same images again; another seed draws others.
other, again = (
    data.load("mnist", **sizes, seed=digits.seed + 1, source=SOURCE)
    for _ in range(2)
)

# %% [markdown]
# ### Exercise 2: is the network better than a guess?
#
# Someone who answers with the most frequent digit every time, without looking at the image, is right now and then. Write a function that returns
# how often: the share of the most frequent label among `labels`, an array of whole numbers. The check then compares the recorded network
# with such a guess.


# %% tags=["exercise"]
def share_of_the_commonest(labels):
    return ...


# %% tags=["check"]
with checks.exercise():
    for labels in ([7, 7, 7, 2], [0, 1, 1, 2, 3], digits.train.labels):
        checks.equal(
            share_of_the_commonest(np.array(labels)),
            np.bincount(labels).max() / len(labels),
            within=1e-6,
            hint="count each label, and divide the largest count by how many labels there are",
        )
    checks.beats_baseline(first, share_of_the_commonest(digits.test.labels))


# %% tags=["solution", "hide-cell"]
def share_of_the_commonest(labels):
    return np.bincount(labels).max() / len(labels)


# %% [markdown]
# ### Exercise 3: a second hidden layer
#
# Write `deeper_network`: the first network with a second hidden layer of 16 units between the hidden layer and the output. Before
# you build it, work out by hand how many parameters it has: a dense layer has (inputs + 1) × units, a weight for each input and a bias.

# %% tags=["exercise"]
number_of_parameters = ...


def deeper_network():
    return ...


# %% tags=["check"]
with checks.exercise():
    model = checks.answered(deeper_network())
    checks.parameters(model, number_of_parameters)
    sums = model.predict(few.images, verbose=0).sum(axis=1)
    checks.equal(
        sums,
        np.ones(8),
        within=1e-4,
        hint="the output is ten probabilities, so the last layer needs its softmax",
    )
    checks.equal(
        [layer.units for layer in model.layers if hasattr(layer, "units")],
        [UNITS, 16, 10],
        hint="the order of the dense layers is 32, 16 and 10 units",
    )

# %% tags=["solution", "hide-cell"]
number_of_parameters = (784 + 1) * 32 + (32 + 1) * 16 + (16 + 1) * 10


def deeper_network():
    hidden = [
        layers.Dense(units, activation="relu") for units in (UNITS, 16)
    ]
    output = layers.Dense(10, activation="softmax")
    return Sequential(
        [Input((28, 28, 1)), layers.Flatten(), *hidden, output]
    )


# %% [markdown]
# ## What to take with you
#
# - `compile` says how to train, `fit` trains, `history` holds what was measured after each epoch, and `evaluate` measures a network as it is.
# - `labkit.train` does the same, with the seed set, and records the result.
# - A figure teaches you more when you have made a guess before you look.
# - A result needs its spread over seeds, its machine and its date beside it, so that others can judge it.
#
# **Limits.** The network is small and has seen 10,000 images for five epochs. This page does not say how good such a network can
# become.
#
# **Next.** [01 · Dense networks on half of MNIST](01_mnist_dense.ipynb): deeper networks, overfitting, and what helps against it.
