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
# | **Purpose** | Stack dense layers, watch them overfit, and find out what L1, L2 and dropout change, and how sure one can be of it |
# | **Before this** | [00 · Start here](00_start_here.ipynb) |
# | **Time** | core: 2 h, going further: 30 min · training it all yourself: seconds at smoke, 2 minutes at lab and at full on 2 CPU cores |
# | **GPU needed?** | no |
#
# The first report, R1, trained seven dense networks on half of MNIST and drew conclusions from one run of each.
# We build the same seven, train each with five seeds, and look at what one run could not show.

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
from labkit import checks, claims, data, ledger, show

labkit.notebook.start(MODE, BUDGET)

# %%
from functools import partial

train = partial(labkit.train, budget=BUDGET, mode=MODE)

# %% [markdown]
# `partial`, from Python's `functools`, fills in some arguments of a function beforehand. `train(…)` is `labkit.train(…)` with the budget
# and the mode of this page.
#
# These are the settings that you can change:

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
# *Core · 10 minutes*
#
# MNIST holds 70,000 scanned digits of 28 by 28 grey values, 60,000 of them for training, collected by LeCun and others (1998).
# R1 draws half of those, at random, and keeps no validation set. We take the same half, and 3,000 more images from the half
# that R1 leaves unused, so that we can watch the training without the test set.

# %%
sizes = {"train": TRAIN_IMAGES, "validation": VALIDATION_IMAGES}
digits = data.load("mnist", **sizes, seed=SEED, source=SOURCE, one_hot=True)
digits.request

# %% mystnb={"image": {"alt": "Two rows of eight handwritten digits in white on black, each with its label above it. They differ in slant, thickness and closure."}}
few = digits.train.take(16, seed=0)
show.images(few.images, [str(label) for label in few.labels])
# %% [markdown]
# Each label is a [*one-hot*](../book/glossary.md#term-one-hot) vector: ten numbers, a one at the place of the digit. The output layer answers with ten
# probabilities, and [*categorical cross-entropy*](../book/glossary.md#term-categorical-cross-entropy)
#
# $$ -\frac{1}{n} \sum_{i=1}^{n} \log p_i(\text{true class}) $$
#
# is the loss. Here $p_i(\text{true class})$ is the probability that the network gives to the right digit of image $i$. The loss is zero if
# this probability is always one, and it grows as the probability falls.
#
# Training, validation and test images have to be different images. The next cell checks that no image stands in two of the
# three parts.

# %%
checks.no_leakage(digits)

# %% [markdown]
# ## One step of gradient descent
#
# *Core · 15 minutes*
#
# What does training do with the weights? We first look at the smallest network there is for this problem: ten units with softmax, connected directly with
# the pixels, and without biases. Its weights are a table of 784 rows, one for each pixel, and 10 columns, one for each digit. For this
# network we can take the step by hand.

# %%
import matplotlib.pyplot as plt
import numpy as np
from keras import ops

small = digits.train.take(1_000, seed=0)


# %%
def answers(weights, images):
    pixels = images.reshape(len(images), -1)  # (n, 784)
    return ops.convert_to_numpy(ops.softmax(pixels @ weights))  # (n, 10)


# %%
def cross_entropy(weights):
    right = (answers(weights, small.images) * small.targets).sum(axis=1)
    return -np.log(right).mean()


# %% [markdown]
# With all weights at zero, every digit gets the same probability, a tenth, and the loss is the logarithm of ten.

# %%
start = np.zeros((784, 10))
f"{cross_entropy(start):.4f}", f"{np.log(10):.4f}"

# %% [markdown]
# The [*gradient*](../book/glossary.md#term-gradient) of the loss says, for each weight, how fast the loss grows when the weight grows. For softmax with cross-entropy it has
# a short formula. With the pixels $X$ of $n$ images, the probabilities $P$ that the network gives, and the one-hot labels $Y$, it is
#
# $$ \frac{1}{n} X^{\mathsf{T}} (P - Y). $$
#
# One [*step*](../book/glossary.md#term-step) moves every weight against its gradient. The [*learning rate*](../book/glossary.md#term-learning-rate) says how far. A step usually looks at a part of the images
# only, a [*batch*](../book/glossary.md#term-batch): the gradient is then less exact, and the step costs much less time.


# %%
def step(weights, batch, learning_rate):
    pixels = batch.images.reshape(len(batch), -1)
    surplus = answers(weights, batch.images) - batch.targets  # P - Y
    return weights - learning_rate * pixels.T @ surplus / len(batch)


# %%
batch = small.at(np.arange(BATCH_SIZE))
after = step(start, batch, learning_rate=0.3)
bool(cross_entropy(after) < cross_entropy(start))

# %% [markdown]
# The loss on the 1,000 images has become smaller, although the step has seen 128 of them. Now take forty steps, each with the next batch, at
# three learning rates: 0.01, 0.3 and 2. *What will the loss do with each of them?*


# %%
batches = [
    small.at((np.arange(BATCH_SIZE) + number * BATCH_SIZE) % len(small))
    for number in range(40)
]


# %%
def descend(weights, learning_rate):
    for batch in batches:
        yield cross_entropy(weights)
        weights = step(weights, batch, learning_rate)


# %% mystnb={"image": {"alt": "Loss on 1,000 images over forty steps at three learning rates, on a logarithmic scale. At 0.01 it falls slowly and evenly. At 0.3 it falls fast and evenly. At 2 it first rises far above where it began, then falls with large jumps."}}
_, axes = plt.subplots(figsize=(5, 3), layout="constrained")
for rate in (0.01, 0.3, 2):
    axes.plot([*descend(start, rate)], label=f"learning rate {rate}")
axes.set(xlabel="steps", ylabel="loss", yscale="log")
legend = axes.legend()
# %% [markdown]
# With the small learning rate the loss falls evenly but slowly. With the middle one it falls evenly and fast. With the large one the steps go too
# far: the loss rises first and then jumps up and down, so that its last value is a matter of chance. Which learning rate is right depends on the network and on
# the data, and has to be tried out.
#
# In a network with hidden layers the gradient has no short formula. Keras computes it from the output back to the input, layer by layer.
# The step is the same.

# %% [markdown]
# ## Three depths
#
# *Core · 25 minutes*
#
# R1 calls its networks "two, three and four layers", and takes the first dense layer for the input layer. But this layer is a
# hidden layer: the input is the image itself, and it has no weights. In our words the networks have **one, two and three hidden
# layers**. The names of the experiments keep the report's count.

# %%
from keras import Input, Sequential, layers


# %%
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
# unit. *How many parameters does this network have?*

# %%
show.summary(dense_2())

# %% tags=["hide-input"]
claims.quote("r1-dense-2-parameters")

# %% [markdown]
# The deeper networks repeat the hidden layer. The star in `dense(*between)` lets a call pass any number of layers, which the
# function receives as a tuple; the star in the list puts them there one by one. In the same way, `**options` passes further settings on to the
# layer.


# %%
def hidden(**options):
    return layers.Dense(UNITS, activation="relu", **options)


# %%
def dense(*between):
    output = layers.Dense(10, activation="softmax")
    return Sequential(
        [Input((28, 28, 1)), layers.Flatten(), *between, output]
    )


# %%
def dense_3():
    return dense(hidden(), hidden())


checks.parameters(dense_3(), claims.quote("r1-dense-3-parameters").value)


# %%
def dense_4():
    return dense(hidden(), hidden(), hidden())


checks.parameters(dense_4(), claims.quote("r1-dense-4-parameters").value)

# %% [markdown]
# ### Train them
#
# R1 trains with [*RMSprop*](../book/glossary.md#term-RMSprop), a form of gradient descent. It divides each weight's gradient by a running average of the size that this
# gradient had in the last steps. A weight with small gradients then moves about as far as a weight with large ones, and the learning rate
# (Keras takes 0.001 unless told otherwise) says how far that is.
#
# Like our steps above, each step of RMSprop uses one batch of images. Such a descent is called *stochastic*, because chance decides which images
# are in a batch. R1 explains it in another way:

# %% tags=["hide-input"]
claims.quote("r1-descent-uses-part-of-the-weights")

# %% [markdown]
# The part that a step uses is a part of the *examples*, not of the weights. Every step moves every weight.
#
# *Which of the three networks will have the lowest loss on the training images? Which on images that it has not seen?* Write your two
# guesses down, then run.

# %%
how = {"loss": "categorical_crossentropy", "optimizer": "rmsprop"}
recipe = labkit.Recipe(**how, epochs=EPOCHS, batch_size=BATCH_SIZE)
train_short = partial(train, dataset=digits, recipe=recipe)

# %%
depths = {
    "1 hidden layer": train_short(dense_2, experiment="01/dense-2"),
    "2 hidden layers": train_short(dense_3, experiment="01/dense-3"),
    "3 hidden layers": train_short(dense_4, experiment="01/dense-4"),
}

# %% mystnb={"image": {"alt": "Three panels, one for each depth, with training and validation loss over five epochs. Training loss falls in all three. Validation loss falls at first and then flattens above it, and its shaded spread over seeds is widest for the deepest network."}}
show.curve_panels(depths)
# %% [markdown]
# The line is the mean over all recorded seeds, and the band reaches one standard deviation to either side. If you trained here, the line is
# your own run.
#
# In all three networks the training loss ends below the validation loss. From the first epoch to the last, the training loss
# falls further than the validation loss, so that a gap opens between the two curves. A network that does better on its training images than on
# new ones, because it has learned particulars of the training images, is said to *overfit*. One needs both curves to see it.
#
# R1 says about overfitting:

# %% tags=["hide-input"]
claims.quote("r1-deeper-networks-overfit")

# %% [markdown]
# > **A mistake to learn from.** R1 says so without printing any training metric. A low test score alone
# > does not show overfitting: the training may also have been too short, or this one run unlucky.
#
# Our runs have both metrics. The accuracies and losses of the next table were measured after training, in [*inference mode*](../book/glossary.md#term-inference-mode): the network
# is used as it is when it answers questions, and whatever acts in training only is switched off.

# %%
WHILE_TRAINING = {
    "train_accuracy": "train accuracy",
    "train_data_loss": "train loss",
    "validation_data_loss": "validation loss",
}

# %%
show.results(depths, WHILE_TRAINING)

# %% [markdown]
# A second hidden layer raises the accuracy on the training images. It also widens the gap: with two or three hidden layers, validation loss
# lies further above training loss than with one. In this sense the deeper networks do overfit more.
#
# R1 means the third hidden layer in particular. Look at the spread in the last two rows of the table: between
# two and three hidden layers our five seeds detect no difference in the gap, and none in training accuracy.
#
# The test set stays closed until the end, and the report's own results are test results, so they have to wait as well.

# %% [markdown]
# ## Ten epochs, and three ways to hold a network back
#
# *Core · 30 minutes*
#
# R1 trains its deepest network five epochs longer, so that it overfits more, and then tries three remedies on it. Two are *penalties*: terms
# that are added to the loss and grow with the weights. [*L1*](../book/glossary.md#term-L1) adds their absolute values, [*L2*](../book/glossary.md#term-L2) their squares. The third is [*dropout*](../book/glossary.md#term-dropout), which sets a random half of the units to
# zero in each training step, and does nothing in inference mode.

# %%
from keras import regularizers


# %%
def dense_4_l1():
    penalty = regularizers.L1(STRENGTH)
    return dense(*[hidden(kernel_regularizer=penalty) for _ in range(3)])


# %%
def dense_4_l2():
    penalty = regularizers.L2(STRENGTH)
    return dense(*[hidden(kernel_regularizer=penalty) for _ in range(3)])


# %%
def dense_4_dropout():
    blocks = [(hidden(), layers.Dropout(DROPOUT_RATE)) for _ in range(3)]
    return dense(*[layer for block in blocks for layer in block])


# %% [markdown]
# None of the three adds a parameter:

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
# In Keras a penalty is given to a layer, and the model has the terms in `model.losses`. Here is the network with L1 in plain Keras, trained for
# three epochs on the 1,000 images from above.

# %% tags=["nbval-ignore-output", "remove-output"]
penalised = dense_4_l1()
penalised.compile(**how)
settings = {"batch_size": BATCH_SIZE, "epochs": 3, "verbose": 0}
penalised.fit(small.images, small.targets, **settings).history

# %% tags=["nbval-ignore-output", "remove-output"]
loss = penalised.evaluate(small.images, small.targets, verbose=0)
penalty = float(sum(penalised.losses))
print(f"loss {loss:.2f}, of it penalty {penalty:.2f}")

# %% [markdown]
# The number that Keras calls `loss` is the sum of both terms. If we take the penalty off, the cross-entropy is left:

# %%
probabilities = penalised.predict(small.images, verbose=0)
right = (probabilities * small.targets).sum(axis=1)
bool(np.isclose(loss - penalty, -np.log(right).mean(), rtol=1e-3))

# %% [markdown]
# ### The four trainings
#
# R1 supposes that penalties did not help because the weights were small already. We can look at the weights: the functions in `measure`
# are called with each trained network, and the run keeps what they return.

# %%
EDGES = np.linspace(-0.3, 0.3, 61)  # of the histogram's bins


# %%
def kernels(model):
    weights = model.get_weights()
    return np.concatenate(
        [np.ravel(one) for one in weights if one.ndim == 2]
    )


# %%
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

# %%
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
# R1 has no curves, because plotting froze the computer that it was written on. It says what it would have liked to show: the loss of
# the four networks, epoch by epoch. Here they are. *Before you look: which of the four has the highest loss?*

# %% mystnb={"image": {"alt": "Validation loss including penalties over ten epochs for the plain, L1, L2 and dropout networks. L1 starts far above all others and comes down to a level still well above them; the other three lie close together near the bottom."}}
axes = show.compare(remedies, metric="val_loss")
# %% [markdown]
# L1 has the highest loss, after the first epoch as after the last. But this is Keras's `loss`, which contains the penalty: after ten epochs more than half of it is
# penalty, and says nothing about wrong answers. A part of L2's curve is penalty, too. Take the penalties off:

# %% mystnb={"image": {"alt": "Validation loss without penalties over ten epochs for the same four networks. The L1 curve has come down by far and is still the highest throughout. L2 starts second and joins the others after a few epochs. The plain curve falls at first and rises again in the last epochs; dropout's falls and stays low."}}
axes = show.compare(remedies, metric="val_data_loss")
# %%
LOSSES = {
    "validation_loss": "loss with penalty",
    "validation_data_loss": "loss without penalty",
    "validation_accuracy": "validation accuracy",
}

# %%
show.results(remedies, LOSSES)

# %% [markdown]
# Without the penalties, L1 still ends with the highest validation loss. The plain network's validation loss is higher after ten epochs than
# after five, and dropout ends below it.

# %% tags=["hide-input"]
claims.quote("r1-dense-4-l1-loss")

# %% [markdown]
# That number contains the penalty. It does not say how good the predictions are, and it must not be compared with the
# loss of a network without penalty. Compare the cross-entropy without penalty, or the accuracy.

# %% [markdown]
# ### Training and validation, side by side
#
# *In which of the four networks do training and validation loss lie furthest apart?*

# %% mystnb={"image": {"alt": "Four panels, two by two, with training and validation loss without penalty over ten epochs. In the plain network the curves separate. With L1 and L2 they stay closer together. With dropout the training curve begins above the validation curve and meets it later."}}
show.curve_panels(remedies)
# %% [markdown]
# With dropout, training loss begins *above* validation loss. The reason is how the two are measured: the training loss of an epoch is taken
# while half of the units are set to zero, the validation loss with all of them at work. The table measures both in inference mode:

# %%
GAP = WHILE_TRAINING | {"validation_accuracy": "validation accuracy"}
show.results(remedies, GAP)

# %% [markdown]
# The plain network has the widest gap: all three remedies narrow it. Whether a network then also *predicts better* is
# another question, and R1 takes one for the other. L1 narrows the gap most. But with L1 and with L2 the accuracy falls on the training images and on the
# validation images, too. A network that does badly on its training images already is said to *underfit*, and at this strength the L1
# network does so. Dropout narrows the gap and lowers the validation loss, while its validation accuracy is as good as the plain network's, to within half a
# percentage point.

# %% [markdown]
# ### Were the weights small already?

# %% [markdown]
# R1 offers a reason why its penalties did not help:

# %% tags=["hide-input"]
claims.quote("r1-weights-were-small")

# %% mystnb={"image": {"alt": "Three histograms of all kernel weights on a logarithmic scale, after training without penalty, with L1 and with L2. The plain one is a broad, flat-topped hill. L1 is a needle at zero above a low, wide floor. L2 is a narrow peak at zero above a floor like that."}}
weighed = {title: remedies[title] for title in ("plain", "L1", "L2")}
show.histograms(weighed, measure="weights", edges=EDGES)
# %%
SIZES = {"near_zero": "share below 0.001", "largest": "largest"}
show.results(weighed, SIZES)

# %% [markdown]
# The outermost bins also hold all weights that lie beyond them. Without a penalty, fewer than one weight in ten is below 0.001 in absolute
# value. With L2 it is more than half of them, and with L1 nearly all. With either penalty a few weights grow: the largest is larger than
# without one. So the weights were *not* small already, and the penalties changed them a great deal. As we saw, the accuracy fell with both:
# at this strength the penalties were too strong for good accuracy.

# %% [markdown]
# ## Is the difference real?
#
# *Core · 5 minutes*
#
# R1 compares single runs. We compare ours seed by seed: two runs with the same seed share their training images, the random draw of
# their first weights and the order of the images. Most of what is left between them comes from the method.

# %%
show.differences(remedies, base="plain", metric="validation_accuracy")

# %% [markdown]
# Each row is the mean of the differences with their standard deviation, and *seeds above* counts the seeds on which the remedy was
# better. If you trained here, your own difference is that of a single seed; the recorded ones stand in the row below it.
#
# With five seeds, a mean difference has to be larger than about 1.2 standard deviations before its confidence interval leaves out zero. A smaller
# one cannot be told from none. L1 and L2 cost accuracy: their differences are larger. For dropout, these five seeds detect no difference.

# %% [markdown]
# ## The test set, opened once
#
# *Core · 15 minutes*
#
# R1 chose among its networks by their test accuracy. The test result of a network that was chosen in this way is optimistic, because among enough networks
# one is good on these images by chance. We have made our observations on the validation images, and use the test set only to report.

# %%
long = {f"{name}, 10 epochs": run for name, run in remedies.items()}
everything = depths | long

# %%
FINAL = {
    "seconds": "seconds",
    "test_accuracy": "test accuracy",
    "test_data_loss": "test loss without penalty",
}

# %%
show.results(everything, FINAL)

# %% [markdown]
# Beside these results, what R1 found with one run of each network:

# %%
NAMES = ["2", "3", "4", "4-10-epochs", "4-l1", "4-l2", "4-dropout"]
quotes = [claims.quote(f"r1-dense-{name}-accuracy") for name in NAMES]
ledger.beside(everything, quotes)

# %% [markdown]
# ### Does a third hidden layer hurt?

# %% tags=["hide-input"]
claims.quote("r1-second-hidden-layer-hurts")

# %%
show.differences(depths, base="2 hidden layers", metric="test_accuracy")

# %% [markdown]
# Two hidden layers are better than one on the test images, by a small amount. For the third hidden layer the standard deviation is larger than the
# difference: our five seeds cannot tell two and three hidden layers apart.
#
# ### Do more epochs make it worse?

# %% tags=["hide-input"]
claims.quote("r1-more-epochs-overfit-more")

# %% [markdown]
# That is right: from the fifth to the tenth epoch the gap between validation and training loss becomes wider, and validation loss itself rises. R1
# goes on:

# %% tags=["hide-input"]
claims.quote("r1-more-epochs-show-in-the-test")

# %% [markdown]
# The answers do not become worse. In R1 itself, test accuracy rises in these five epochs, above that of the network with two hidden
# layers, which R1 had called the best. In our runs validation accuracy rises, too, and test accuracy after ten epochs is at least as good as after five,
# to within half a percentage point. Loss and accuracy measure different things: if a network is right as often as before and has become surer of its wrong
# answers, the loss rises and the accuracy does not fall.
#
# In the table below, both networks of a seed have the same first five epochs.

# %%
longer_or_not = {
    "5 epochs": depths["3 hidden layers"],
    "10 epochs": remedies["plain"],
}
show.differences(longer_or_not, base="5 epochs", metric="test_accuracy")

# %% [markdown]
# ### All that R1 says on dense networks
#
# The table lists every number and every conclusion of this half of the report, with our recorded result and the verdict. R1's losses
# are those of Keras, with the penalty in them. Each verdict leads to [the ledger](07_replication_ledger.ipynb), which explains the rule and says what would have
# changed the verdict.

# %% tags=["hide-output"]
ledger.read().of(practical="01_mnist_dense")

# %% [markdown]
# ## What the dropout network still gets wrong
#
# *Going further · 5 minutes*
#
# These are the wrong answers of which the dropout network is surest. *Which of the digits would you have read in the same way?*

# %% mystnb={"image": {"alt": "Up to sixteen test digits that the dropout network reads wrongly with high confidence, each with its true digit and the network's answer. Several are broken, crossed out or closed in unusual ways."}}
show.mistakes(remedies["dropout"], digits.class_names)
# %% mystnb={"image": {"alt": "Confusion matrix of the dropout network on the test set, right answers left out, summed over seeds. The darkest cells are confusions between 4 and 9, 7 and 2, 5 and 3, and their likes."}}
axes = show.confusion(remedies["dropout"], digits.class_names)

# %% [markdown]
# ## Exercises
#
# *Core · 20 minutes*
#
# Write your answers in place of the `...`, and run the check below them. A solution is folded beneath it.
#
# ### Exercise 1: count before you build
#
# Write `dense_parameters(inputs, units)`, the number of parameters of a dense layer with so many inputs and so many units.


# %% tags=["exercise"]
def dense_parameters(inputs, units):
    return ...


# %% tags=["check"]
with checks.exercise():
    for inputs, units in ((784, 512), (512, 512), (512, 10), (3, 1)):
        layer = layers.Dense(units)
        layer.build((None, inputs))
        checks.equal(
            dense_parameters(inputs, units),
            layer.count_params(),
            hint="a weight for each pair of input and unit, and a bias for each unit",
        )


# %% tags=["solution", "hide-cell"]
def dense_parameters(inputs, units):
    return (
        inputs + 1
    ) * units  # each unit: a weight for each input, and a bias


# %% [markdown]
# ### Exercise 2: cross-entropy by hand
#
# One-hot labels are a convenience. Write the cross-entropy for labels that are whole numbers: `labels` has the shape `(n,)`, and
# `probabilities` has the shape `(n, 10)`. Use the formula at the top of this page. The check compares your function with Keras's two losses: with the *sparse* one, which
# takes whole numbers, and with the one for one-hot labels.


# %% tags=["exercise"]
def mean_cross_entropy(labels, probabilities):
    return ...


# %% tags=["check"]
from keras import losses

with checks.exercise():
    split = digits.validation.take(200, seed=0)
    given = answers(after, split.images)
    mine = mean_cross_entropy(split.labels, given)
    for loss, targets in (
        (losses.SparseCategoricalCrossentropy(), split.labels),
        (losses.CategoricalCrossentropy(), split.targets),
    ):
        checks.equal(
            mine,
            float(loss(targets, given)),
            within=1e-4,
            hint="the mean over images of minus the logarithm of the right digit's probability",
        )


# %% tags=["solution", "hide-cell"]
def mean_cross_entropy(labels, probabilities):
    right = probabilities[np.arange(len(labels)), labels]
    return -np.log(right).mean()


# %% [markdown]
# ## Further exercises
#
# *Going further · 25 minutes*
#
# ### Exercise 3: a lighter dropout, and its gap
#
# R1 tries one rate of dropout, 0.5. Build `dense_4_light` with `dense`, like `dense_4_dropout`, with a rate of 0.2. Then write
# `gap(model, dataset)` for a model that has been compiled and trained: validation loss less training loss, both in inference mode. The check trains your network on 1,000 images and
# compares your gap with Keras's own measurements. (To learn whether 0.2 is better than 0.5, train `dense_4_light` like the four networks above,
# with several seeds.)


# %% tags=["exercise"]
def dense_4_light():
    return ...


def gap(model, dataset):
    return ...


# %% tags=["check"]
fewer = dataclasses.replace(digits, train=small)
with checks.exercise():
    light = checks.answered(dense_4_light())
    checks.parameters(light, dense_4().count_params())
    drops = [one for one in light.layers if isinstance(one, layers.Dropout)]
    checks.equal(
        [layer.rate for layer in drops],
        [0.2] * 3,
        hint="a Dropout(0.2) after each of the three hidden layers",
    )
    light.compile(loss="categorical_crossentropy", optimizer="rmsprop")
    light.fit(small.images, small.targets, verbose=0)
    seen, new = (
        light.evaluate(one.images, one.targets, verbose=0)
        for one in (fewer.train, fewer.validation)
    )
    checks.equal(
        gap(light, fewer),
        new - seen,
        within=1e-4,
        hint="use evaluate on both parts: fit measures while units are at zero",
    )


# %% tags=["solution", "hide-cell"]
def dense_4_light():
    blocks = [(hidden(), layers.Dropout(0.2)) for _ in range(3)]
    return dense(*[layer for block in blocks for layer in block])


def gap(model, dataset):
    train_loss, validation_loss = (
        model.evaluate(split.images, split.targets, verbose=0)
        for split in (dataset.train, dataset.validation)
    )
    return validation_loss - train_loss


# %% [markdown]
# ### Exercise 4: a leak, made and counted
#
# Somebody draws the validation images from all images, without leaving out those that are trained on. Make such a dataset: `leaky` is
# `digits` with a validation set of 100 images, of which at least one is a training image (`dataclasses.replace` and `take` help). Then write
# `leaked(dataset)`, which returns how many of the validation images stand among the training images. *Why would the validation accuracy on `leaky` look better than it is?*

# %% tags=["exercise"]
leaky = ...


def leaked(dataset):
    return ...


# %% tags=["check"]
with checks.exercise():
    train, validation = (
        {image.tobytes() for image in split.images}
        for split in (checks.answered(leaky).train, leaky.validation)
    )
    checks.holds(
        len(leaky.validation) == 100 and len(train & validation) > 0,
        hint="take 100 validation images from digits.train",
    )
    for dataset, count in ((leaky, len(train & validation)), (digits, 0)):
        checks.equal(
            leaked(dataset),
            count,
            hint="compare whole images: image.tobytes() can be put into a set",
        )

# %% tags=["solution", "hide-cell"]
# The network has learned these images, so on them its accuracy is that of training images.
leaky = dataclasses.replace(
    digits, validation=digits.train.take(100, seed=1)
)


def leaked(dataset):
    known = {image.tobytes() for image in dataset.train.images}
    return sum(
        image.tobytes() in known for image in dataset.validation.images
    )


# %% [markdown]
# ## What to take with you
#
# - A step moves every weight against its gradient, which is computed on one batch; the learning rate says how far.
# - Overfitting is a gap between two curves. Without a training metric nobody can see it, and accuracy may stay the same while the gap grows.
# - Keras's `loss` contains the penalties. Compare the cross-entropy without them, or the accuracy.
# - With dropout, `fit` measures the training loss with a part of the units at zero. Measure it again in inference mode.
# - One run is one draw. Report the mean, the spread and the number of seeds, and compare two networks seed by seed.
# - Choose on validation images, and open the test set once.
#
# **Limits.** Five seeds show that results vary, not how. We tried one strength and one rate of each remedy, as the report did; a
# weaker L1 may do better. Half of MNIST is an easy problem, on which all of these networks do well.
#
# **Next.** Dense layers do not know which pixels are neighbours. Convolutional layers do:
# [02 · Convolutional variants](02_mnist_cnn_variants.ipynb) deals with the second half of R1.
