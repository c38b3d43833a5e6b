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
# | **Purpose** | Check your machine, train a first network, and learn how this course comes by its numbers |
# | **Before this** | nothing: you have seen a neural network drawn once, and you read Python |
# | **Time** | a few minutes of reading; every cell takes seconds |
# | **GPU needed?** | no |
#
# Every practical is a notebook you can run from top to bottom. It trains small networks, draws what happened, and asks
# you to guess before you look. Nothing here can break anything: restart the kernel and begin again whenever you like.

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

mode = labkit.notebook.start(MODE, BUDGET)

# %% [markdown]
# ## Is the machine ready?
#
# The doctor looks at Python, Keras, the data and the disk. Each line says OK, or exactly what to do. Its report is about *your*
# machine, so this page shows none. In a terminal, `labkit doctor` says the same.

# %% tags=["nbval-ignore-output", "remove-output"]
import sys

# !{sys.executable} -m labkit doctor

# %% [markdown]
# ## A first network
#
# These are handwritten digits, 28 by 28 grey values each. A network shall learn to read them.

# %%
TRAIN_IMAGES = 10_000  # of MNIST's 60,000
VALIDATION_IMAGES = 2_000  # other images of the training file
EPOCHS = 5  # passes over the training images
UNITS = 32  # of the one hidden layer

# %%
digits = data.load(
    "mnist",
    train=TRAIN_IMAGES,
    validation=VALIDATION_IMAGES,
    seed=SEED,
    source=SOURCE,
)

# %% mystnb={"image": {"alt": "Eight handwritten digits in white on black, each with its label above it."}}
few = digits.train.take(8, seed=0)
show.images(few.images, [str(label) for label in few.labels])
# %% [markdown]
# The network has one *hidden layer* of 32 units, and an output layer of ten, a probability for each digit.

# %%
from keras import Input, Sequential, layers


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
# A *recipe* says how to train it: what to minimise, how to change the weights, how often to go over the images.

# %%
recipe = labkit.Recipe(
    loss="sparse_categorical_crossentropy",
    optimizer="adam",
    epochs=EPOCHS,
    batch_size=128,
)

# %% [markdown]
# Train it at the smallest budget, *smoke*: one epoch on 256 images, enough to see that everything works.
# *How many of ten digits will it read after that: one, five, nine?*

# %% tags=["nbval-ignore-output", "remove-output"]
tried = labkit.train(
    first_network,
    digits,
    recipe,
    experiment="00/first-network",
    budget="smoke",
    mode="train",
)
print(f"{tried.test.accuracy:.0%} of the test images read correctly")

# %% [markdown]
# On this website the answer is left out, on purpose: it is one run of a few images, and another machine says something a
# little different. Numbers like that never stand on a page of this course. What does, comes next.

# %% [markdown]
# ## The same network, recorded
#
# The next cell asks for the same network at its full size. On the website, in `replay` mode, nothing is trained: labkit looks up
# what was recorded for exactly this code, from several seeds. In `train` mode, the default when you open the notebook yourself,
# it trains here.

# %%
first = labkit.train(
    first_network,
    digits,
    recipe,
    experiment="00/first-network",
    budget=BUDGET,
    mode=MODE,
)

# %% mystnb={"image": {"alt": "Training and validation accuracy of the first network over five epochs. Both climb steeply in the first epoch and then level off; training accuracy ends above validation accuracy."}}
axes = show.curves(first, metric="accuracy")
# %%
show.results({"first network": first})

# %% [markdown]
# Read the last line of the table first: it says how much work was done, from how many seeds, on what machine, and when. A
# number written 0.9 ± 0.01 is a mean over seeds with its standard deviation. A *seed* draws the images, the first weights and the
# order of the images; another seed gives another number, and the ± says how far apart they lie.

# %%
(
    first.provenance["keras"],
    first.provenance["device"],
    [run.seed for run in first.replicates],
)

# %% [markdown]
# ## What a record belongs to
#
# A record carries a *signature*: the layers, the recipe, the data. It is what the result depends on.

# %%
print("\n".join(first.signature.lines))

# %% [markdown]
# So what happens if somebody changes the code, and keeps the record? Let us fail on purpose, once. The line with `checks.raises`
# announces the error: it is shown, and the notebook goes on. Without that line the run would stop there.


# %%
def wider_network():
    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(2 * UNITS, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


# %%
from labkit.errors import StaleRecordError

with checks.raises(StaleRecordError):
    labkit.train(
        wider_network,
        digits,
        recipe,
        experiment="00/first-network",
        mode="replay",
    )

# %% [markdown]
# labkit refuses, names the difference, and says what to do. No page can show a result that its code does not produce.
# The remedy here is to give the wider network a name of its own, and to train it:

# %%
wider = labkit.train(
    wider_network,
    digits,
    recipe,
    experiment="00/wider-network",
    budget="smoke",
    mode="train",
)
wider.signature.lines[2]

# %% [markdown]
# ## Budgets, modes, sources
#
# The cell with `BUDGET`, `SEED`, `MODE` and `SOURCE` near the top is the same in every practical.
#
# | Setting | Value | What it does |
# |---|---|---|
# | `BUDGET` | `"smoke"` | 256 examples, one epoch: does everything run? |
# | | `"lab"` | one lab session: a whole practical in ten minutes on 2 CPU cores |
# | | `"full"` | the report's own data and epochs |
# | `MODE` | `"train"` | train here; your curve is drawn over the recorded band |
# | | `"replay"` | show what is recorded, train nothing |
# | | `"auto"` | replay what is recorded, train the rest |
# | `SOURCE` | `"auto"` | your data folder, else a download, else the excerpt that travels with labkit |
# | | `"real"` | the whole data or an error, never the excerpt |
# | | `"local"` | as auto, without a download |
# | | `"sample"` | the excerpt |
#
# Results on the excerpt are marked as sample data wherever they are shown, and are never recorded.

# %% [markdown]
# ## Exercises
#
# ### Exercise 1: another seed
#
# Load the digits with another seed and compare the first ten labels with those above. Then load them with that seed again. What does
# a seed fix, and what does it change?

# %%
# your cell

# %% tags=["hide-cell", "nbval-ignore-output"]
size = {
    "train": TRAIN_IMAGES,
    "validation": VALIDATION_IMAGES,
    "source": SOURCE,
}
other, again = (
    data.load("mnist", seed=digits.seed + 1, **size) for _ in range(2)
)
assert (other.train.labels == again.train.labels).all(), (
    "one seed, one split"
)
assert (other.train.labels != digits.train.labels).any(), (
    "another seed, another split"
)
other.train.labels[:10]

# %% [markdown]
# ### Exercise 2: is it better than a guess?
#
# Someone who answers with the commonest digit every time is right now and then. `digits.baseline` says how often. Does
# the network you trained at the smoke budget beat that? Ask `checks.beats_baseline`.

# %%
# your cell

# %% tags=["hide-cell", "nbval-ignore-output"]
checks.beats_baseline(tried, digits.baseline)

# %% [markdown]
# ### Exercise 3: a third layer
#
# Write `deeper_network` with a second hidden layer of 16 units. Before you run the check, work out by hand how many
# parameters it has: a dense layer has (inputs + 1) × units.

# %%
# your network


# %% tags=["hide-cell"]
def deeper_network():
    hidden = [
        layers.Dense(units, activation="relu") for units in (UNITS, 16)
    ]
    output = layers.Dense(10, activation="softmax")
    return Sequential(
        [Input((28, 28, 1)), layers.Flatten(), *hidden, output]
    )


checks.parameters(
    deeper_network(), (784 + 1) * 32 + (32 + 1) * 16 + (16 + 1) * 10
)

# %% [markdown]
# ## What to take with you
#
# - Guess, run, read: a figure teaches more when you expected another.
# - A number without its spread, its machine and its date is an anecdote.
# - A record belongs to its code; change the code, and the record no longer speaks for it.
#
# **Limits.** Five minutes and 10,000 images; nothing here says how good such a network can become.
#
# **Next.** [01 · Dense networks on half of MNIST](01_mnist_dense.ipynb): deeper networks, overfitting, and what helps against it.
