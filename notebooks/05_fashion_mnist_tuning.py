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
# # 05 · Tuning two networks on Fashion-MNIST
#
# | At a glance | |
# |---|---|
# | **Purpose** | Turn the settings of a convolutional network one at a time, and find out which of the differences are larger than chance; see what it costs to choose on the test set; compare two networks on equal terms; let a search turn all settings at once, and see whether it beats tuning by hand |
# | **Before this** | [02 · Convolutional variants](02_mnist_cnn_variants.ipynb), [04 · A progression of networks](04_mnist_progression.ipynb) |
# | **Time** | core: 2 h, going further: 2 h · training it all yourself: a few minutes at smoke, half an hour at lab, nearly five hours for each seed at full, on 2 CPU cores |
# | **GPU needed?** | no; at the full budget it saves much time |
#
# The report R5 takes two convolutional networks and turns their settings by hand: the activations, the epochs, the batch size, the optimizer and its
# learning rate, batch normalisation and dropout. It trains once for each setting and keeps what comes out best. We repeat both networks as R5 trained them, and we repeat
# the tuning with several seeds. Then we let a program choose the settings, and compare the two at the same cost.

# %% tags=["remove-cell"]
import importlib.util

if importlib.util.find_spec("labkit") is None:
    # %pip install -q "git+https://github.com/deep-learning-practicals/deep-learning-practicals@main"
    pass

if importlib.util.find_spec("optuna") is None:
    # %pip install -q optuna
    pass

# %% tags=["parameters"]
# None: LABKIT_BUDGET, LABKIT_SEED … if set, else the default
BUDGET = None  # "smoke", "lab" or "full"
SEED = None  # draws split, first weights and order alike
MODE = None  # "train", "replay" or "auto"
SOURCE = None  # "auto", "real", "sample" or "local"

# %%
import labkit
from labkit import by_budget, checks, claims, data, ledger, show

labkit.notebook.start(MODE, BUDGET)

# %% [markdown]
# Settings you can change:

# %%
TRAIN_IMAGES = 54_000
VALIDATION_IMAGES = (
    6_000  # a tenth of the training file, as for R5's model 1
)
EXAMPLES = by_budget(lab=10_000, full=None)  # of the models; None: all
SMALL_EXAMPLES = 10_000  # of the trainings that try out settings
SMALL_EPOCHS = 5  # of the same
TRIALS = 22  # of a search: as many trainings as by hand
DROPOUT_RATE = 0.1  # of the dropout that R5 adds to model 1
SLOPE = 0.1  # of the leaky ReLU of model 2, below zero

# %% [markdown]
# ## The data
#
# *Core · 10 minutes*
#
# Fashion-MNIST has the form of MNIST, with clothes in place of digits: grey images of 28 by 28 pixels, 60,000 for training and 10,000 for testing, in ten classes of
# equal size (Xiao and others, 2017). It was made because MNIST had become too easy.

# %%
sizes = {"train": TRAIN_IMAGES, "validation": VALIDATION_IMAGES}
clothes = data.load(
    "fashion_mnist", **sizes, seed=SEED, source=SOURCE, one_hot=True
)
checks.no_leakage(clothes)

# %% [markdown]
# Four of the ten classes are worn on the same part of the body. *Cover the titles of the next figure with your hand. How many of its images would you name rightly?*

# %%
import numpy as np

UPPER = ("T-shirt/top", "Pullover", "Coat", "Shirt")

# %% tags=["hide-input"]
rows, titles = [], []
for name in UPPER:
    of_class = clothes.class_names.index(name)
    rows.append(clothes.train.images[clothes.train.labels == of_class][:8])
    titles += [name] * 8

# %% mystnb={"image": {"alt": "Four rows of eight small grey photographs: T-shirts, pullovers, coats and shirts. Several shirts look like pullovers or coats, and the rows are hard to tell apart without their titles."}}
show.images(np.concatenate(rows), titles)
# %% [markdown]
# At this size much of what tells a shirt from a coat is lost: buttons, collars, the cloth. We come back to these four classes when the networks are trained.
#
# R5 uses the same 60,000 and 10,000 images, but it holds them apart in two different ways:

# %% tags=["hide-input"]
claims.quote("r5-model-1-validation-share", "r5-model-2-validates-on-test")

# %% [markdown]
# So the accuracies that R5 reads while it tunes model 1 come from training images that were held out, and those of model 2 come from the test images. At the end it compares
# one with the other. On this page both models are trained on the same 54,000 images, are watched on the same 6,000, and meet the test images once, at the end.

# %% [markdown]
# ## Model 1
#
# *Core · 20 minutes*
#
# The first model is an example that comes with Keras. It has two convolutions, each followed by a max pooling, and dropout before the output. *How many numbers reach
# the dense layer, and how many parameters does the network have?*

# %%
from keras import Input, Sequential, layers


# %%
def model_1():
    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


# %%
show.summary(model_1())

# %% [markdown]
# ### Compile and fit, as R5 writes them
#
# R5 trains the model with the lines below. `validation_split=0.1` keeps the last tenth of the images out of the training. The page leaves out what these lines print, because we run
# them on 2,000 images only, once, on whatever machine builds the page. *The log that `fit` returns has an accuracy for training and one for validation. Which of the two do you
# expect to be higher after the first epochs, with half of the inputs of the last layer silenced?*

# %%
import keras

few = clothes.train.take(2_000, seed=0)

# %% tags=["nbval-ignore-output", "remove-output"]
keras.utils.set_random_seed(0)
quick = model_1()
quick.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
how = {"batch_size": 128, "epochs": 4, "validation_split": 0.1}
log = quick.fit(few.images, few.targets, **how, verbose=0)

# %% tags=["nbval-ignore-output", "remove-output"]
for name in ("accuracy", "val_accuracy"):
    print(f"{name:13}", [f"{value:.3f}" for value in log.history[name]])

# %% [markdown]
# The two are measured in different ways: the first one is a mean over the epoch, while the weights change and dropout is on; the second one is taken after the epoch, with all units
# at work. In networks with much dropout, a validation accuracy above the training accuracy is therefore usual, and it does not prove that the network cannot overfit. Practical 04 measures both
# ways.
#
# ### Fifteen epochs, recorded
#
# `labkit.train` does the same on all 54,000 images, and there is a record of it for several seeds. R5 trains for 15 epochs first, and then for 30, 45 and 60. With the same seed, the training for 30 epochs
# begins with the training for 15. So one training of 120 epochs contains all the others, and `train_path` returns what the network was at each of these ends. At the lab budget all of them are a tenth as long, on 10,000 images. The tables have a column with the epochs, and the next cell says which budget this page shows.


# %%
def recipe(epochs, batch_size=128, optimizer="adam", examples=EXAMPLES):
    how = {"optimizer": optimizer, "batch_size": batch_size}
    loss = "categorical_crossentropy"
    return labkit.Recipe(loss=loss, epochs=epochs, examples=examples, **how)


# %%
def tenth_at_lab(epochs):
    return by_budget(lab=round(epochs / 10), full=epochs)


# %% [markdown]
# A *multiply-add* is one multiplication with the addition that follows it. Practical 02 counts them for one image; the folded cell does so again, and we keep the count with each run.


# %% tags=["hide-cell"]
def multiply_adds(network):
    """Return the multiplications for one image, from kernels alone."""
    return sum(
        int(np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:-1]))
        for layer in network.layers
        if hasattr(layer, "kernel")
    )


# %%
counted = {"multiply_adds": lambda model, dataset: multiply_adds(model)}
options = {"budget": BUDGET, "mode": MODE, "measure": counted}


# %%
def trained(build, ends, batch_size=128):
    """Train once; return what the network was at each of the ends."""
    steps = {one: tenth_at_lab(epochs) for one, epochs in ends.items()}
    recipes = {one: recipe(steps[one], batch_size) for one in ends}
    return labkit.train_path(build, clothes, recipes, **options)


# %%
ENDS = {"05/model-1": 15, "05/model-1-30": 30, "05/model-1-45": 45}
ENDS |= {"05/model-1-60": 60, "05/model-1-120": 120}
longer = trained(model_1, ENDS)

# %%
model_1_run = longer["05/model-1"]
epochs = f"{model_1_run.epochs} of 15 and {longer['05/model-1-120'].epochs} of 120"
print(f"shown on this page: {model_1_run.budget}, {epochs} epochs")

# %%
ledger.beside(
    {"model 1": model_1_run}, [claims.quote("r5-model-1-accuracy")]
)

# %% mystnb={"image": {"alt": "Training and validation accuracy of model 1 over the epochs of R5's first training, means over seeds with a band of one standard deviation. Both rise."}}
axes = show.curves(model_1_run, metric="accuracy")
# %% [markdown]
# R5 prints the accuracy of its last epoch, and so does the table. *Look at the validation curve and its band. By how much does it go up and down from one epoch to the next? Would the epoch before the last one have given
# the same number?*

# %% [markdown]
# ## More epochs
#
# *Core · 15 minutes*
#
# R5 then trains for longer, because more epochs give the network "more opportunities to improve":

# %% tags=["hide-input"]
claims.quote("r5-model-1-more-epochs-help", "r5-model-1-60-is-best")

# %%
lengths = {
    f"{epochs} epochs": run
    for epochs, run in zip(ENDS.values(), longer.values(), strict=True)
}

# %% mystnb={"image": {"alt": "Training and validation loss of model 1 over the epochs of its longest training, means over seeds with a band of one standard deviation. The training loss falls to the end."}}
axes = show.curves(lengths["120 epochs"])
# %% tags=["hide-cell"]
WATCHED = {
    "epochs": "epochs",
    "seconds": "seconds",
    "train_accuracy": "train accuracy",
    "validation_accuracy": "validation accuracy",
    "train_loss": "train loss",
    "validation_loss": "validation loss",
}

# %%
show.results(lengths, WATCHED)

# %% [markdown]
# *From which row on does the validation accuracy change by less than its own spread? And what does the validation loss do in the meantime?*
#
# The longest training has a lower training loss than the one that is half as long. Where the training loss goes on falling and the validation loss does not, the network
# overfits, whatever its accuracy does.
#
# ### How much does one epoch decide?
#
# R5 compares settings by the accuracy of the last epoch. Its log of the improved model 1 shows the last five epochs of one training:

# %%
LAST_FIVE = [f"epoch-{epoch}" for epoch in range(116, 120)] + ["accuracy"]
printed = [
    claims.quote(f"r5-model-1-final-{one}").value for one in LAST_FIVE
]
print(printed)
print(f"highest less lowest: {max(printed) - min(printed):.4f}")

# %% [markdown]
# Nothing was changed between these epochs. Now compare the steps that R5 takes for improvements or for losses when it turns a setting of this model:


# %%
def printed_of(name):
    return claims.quote(f"r5-model-1-{name}-accuracy").value


# %%
for name in ("batch-256", "batch-64", "batch-norm", "final"):
    print(f"{name:10} {printed_of(name) - printed_of('60'):+.4f}")

# %% [markdown]
# Each of these steps is smaller than what the accuracy does by itself within five epochs. A single run cannot tell whether they are due to the setting. Our runs say how large the two kinds of chance are here: from one epoch to the next in the last quarter of the longest training, and from one seed to another. (In a training of few epochs the first of these contains some progress as well.)


# %%
def restless(run):
    """Return the mean change from one epoch to the next, late on."""
    accuracy = np.array(run.history["val_accuracy"])
    late = accuracy[-max(2, len(accuracy) // 4) :]
    return np.abs(np.diff(late)).mean() if len(late) > 1 else np.nan


# %%
runs = labkit.records.shown(lengths["120 epochs"])
between_epochs = np.mean([restless(run) for run in runs])
print(f"from epoch to epoch: {between_epochs:.4f}")

# %%
last = [run.value("validation_accuracy") for run in runs]
between_seeds = np.std(last, ddof=1) if len(last) > 1 else np.nan
print(f"standard deviation over seeds: {between_seeds:.4f}")

# %% [markdown]
# ## Activations
#
# *Core · 20 minutes*
#
# From here on we turn one setting at a time. To train every setting with several seeds, we make the trainings small: 10,000 images for five epochs. A small training can rank settings differently from a long one on
# all images; where we think that it does, we say so. These trainings are as small at the full budget, and they never see the test images: what we choose by is the validation accuracy.


# %%
def right(model, dataset):
    """Return a bit for each of 2,000 validation images: read rightly?"""
    some = dataset.validation.take(2_000, seed=0)
    answers = model.predict(some.images, verbose=0).argmax(axis=-1)
    return np.packbits(answers == some.labels)


# %%
def outputs(model, dataset):
    return model.predict(dataset.validation.images[:500], verbose=0)


# %%
measured = {
    "right": right,
    "below_zero": lambda *of: (outputs(*of) < 0).mean(),
    "row_sum": lambda *of: outputs(*of).sum(axis=1).mean(),
}


# %%
def tune(build, recipe, sweep, **settings):
    """Train one point of a sweep; `settings` tells it from the others."""
    how = {"measure": measured, "budget": BUDGET, "mode": MODE}
    how |= {"test": False, "experiment": sweep, "settings": settings}
    return labkit.train(build, clothes, recipe, **how)


# %%
from functools import partial

small = partial(recipe, SMALL_EPOCHS, examples=SMALL_EXAMPLES)
base = tune(
    model_1, small(), "05/tune-base", batch_size=128, learning_rate=0.001
)

# %% [markdown]
# `base` is model 1 as it is, with which everything is compared. Each run keeps two numbers on the outputs of the network, which we need soon, and the bits of `right`, which we need near the end of the page.
#
# R5 first tries other activations: tanh and sigmoid in place of ReLU, and in place of softmax.

# %% tags=["hide-input"]
claims.quote(
    "r5-model-1-tanh-for-relu-is-worse",
    "r5-model-1-tanh-for-softmax-is-worse",
)

# %% [markdown]
# It says the same of sigmoid. The folded cell builds model 1 with any two activations.


# %% tags=["hide-cell"]
def activated(hidden, output):
    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation=hidden),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation=hidden),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation=output),
        ]
    )


# %% [markdown]
# Tanh goes from −1 to 1 and sigmoid from 0 to 1; softmax gives numbers between 0 and 1 that add up to one. *Which of the four changes can be repaired by more training, and which one breaks something?*


# %%
def with_activations(hidden, output):
    build = partial(activated, hidden, output)
    settings = {"hidden": hidden, "output": output}
    return tune(build, small(), "05/tune-activation", **settings)


# %%
other_pairs = {
    "tanh, softmax": with_activations("tanh", "softmax"),
    "sigmoid, softmax": with_activations("sigmoid", "softmax"),
    "relu, tanh": with_activations("relu", "tanh"),
    "relu, sigmoid": with_activations("relu", "sigmoid"),
}

# %%
activations_tried = {"relu, softmax": base} | other_pairs

# %% tags=["hide-cell"]
OUTPUTS = {
    "below_zero": "share of outputs below zero",
    "row_sum": "mean sum of the ten outputs",
    "validation_accuracy": "validation accuracy",
    "validation_loss": "validation loss",
}

# %%
show.results(activations_tried, OUTPUTS)

# %% mystnb={"image": {"alt": "Validation accuracy over five epochs for five pairs of activations of model 1. ReLU with softmax, ReLU with sigmoid and tanh with softmax rise together; sigmoid in the hidden layers lies below them; tanh at the output stays near a tenth. Means over seeds with bands of one standard deviation."}}
axes = show.compare(activations_tried, metric="val_accuracy")
# %% [markdown]
# The first two columns are about the last layer. Where they show outputs below zero, or ten outputs that do not add up to one, the outputs are no probabilities. An accuracy can still be computed from them, because it asks only which of the ten is the largest.
#
# With tanh at the output, the network learns nothing: its accuracy is no better than guessing. With sigmoid in the hidden layers it learns, but more slowly than with ReLU. Tanh in the hidden layers does about as well as ReLU.
#
# ### What the loss makes of outputs that are no probabilities
#
# Cross-entropy is minus the logarithm of the probability of the true class. There is no logarithm of a negative number. Keras gives no error, because its loss does two things first: it divides the outputs by their sum, and it *clips* what comes out to the range from $10^{-7}$ to
# $1 - 10^{-7}$. Three outputs are enough to see what that does. The true class is the first one. *Which row do you expect to have the highest loss?*

# %%
from keras import losses, ops

ROWS = {
    "softmax": [0.2, 0.7, 0.1],
    "sigmoid": [0.2, 0.9, 0.9],
    "tanh, sum above zero": [-0.2, 0.9, -0.1],
    "tanh, sum below zero": [-0.9, 0.2, -0.1],
}


# %%
def keras_loss(row):
    truth = ops.one_hot(ops.zeros((1,), "int32"), len(row))
    loss = losses.categorical_crossentropy(truth, ops.array([row]))
    return float(ops.convert_to_numpy(loss)[0])


# %%
for name, row in ROWS.items():
    share = row[0] / sum(row)
    print(
        f"{name:21} first ÷ sum {share:6.2f}, loss {keras_loss(row):6.3f}"
    )

# %% [markdown]
# The sigmoid row is divided by its sum and then treated as probabilities. In the third row the share of the true class is negative, is clipped to $10^{-7}$, and costs the same whether the output is `-0.2` or `-0.9`. Where the loss does not change, its gradient is zero, and the
# network learns nothing from that image. The last row is worse. The network says *no* to the true class as strongly as it can, but the sum is negative too, so that their quotient is above one; it is clipped, and the loss is almost zero. The wrong answer is rewarded.
#
# So the fault is in the pair of activation and loss, and no optimizer and no number of epochs can repair it. With tanh at the output, cross-entropy does not measure what it is meant to measure.

# %% tags=["hide-input"]
claims.quote("r5-activations-should-stay")

# %% [markdown]
# ### A sigmoid that changes nothing
#
# R5 says that sigmoid at the output makes the results worse, too:

# %% tags=["hide-input"]
claims.quote("r5-model-1-sigmoid-for-softmax-is-worse")

# %% [markdown]
# *Compare the loss of that training with the loss of the base, epoch by epoch. In which digit do they differ first?*

# %%
with_sigmoid = other_pairs["relu, sigmoid"]
for one in (base, with_sigmoid):
    print([round(loss, 6) for loss in one.history["loss"]])

# %%
print(base.history["loss"] == with_sigmoid.history["loss"])

# %% [markdown]
# They are the same training, digit for digit. The numbers that go into the last activation are called *logits*. Where Keras can, it remembers the logits of a sigmoid or a softmax, and computes the cross-entropy from them, because that is safer than to take the logarithm of a number that was rounded to zero. It
# does so as if softmax stood there in both cases. So this network is trained with softmax, and only its answers are written with sigmoid. (All our records were made so. With another backend of Keras the loss may be computed from the outputs, as in the table of three outputs above.)
#
# If R5 saw another accuracy here, it was the chance of another run: two trainings without a fixed seed differ. In practical 02 two results that agreed in every digit showed that one network had been evaluated twice. Here they show that a change did not reach the training.
#
# ### Which differences survive the spread?
#
# The seeds are *paired*: with the same seed, all settings have the same images, the same order, and first weights from the same draw. So we take the difference from the base within each seed, and ask where the mean of these differences may lie. If the interval contains zero, these seeds cannot tell the setting
# from the base. The folded cell draws these intervals.

# %% tags=["hide-cell"]
import matplotlib.pyplot as plt

from labkit.records import intervals, replicates, shown


def differences_by_seed(run, other, metric="validation_accuracy"):
    ours, theirs = (
        replicates.by_seed(shown(one), metric) for one in (run, other)
    )
    return [ours[seed] - theirs[seed] for seed in ours.keys() & theirs]


def draw_differences(runs, other):
    _, axes = plt.subplots(figsize=(6, 0.5 + 0.32 * len(runs)))
    for title, run in runs.items():
        gaps = differences_by_seed(run, other)
        reach = intervals.for_the_mean(gaps).half_width if gaps[1:] else 0
        style = {"fmt": "o", "capsize": 3, "color": "C0"}
        axes.errorbar(np.mean(gaps), title, xerr=reach, **style)
    axes.axvline(0, color="0.5", linewidth=1)
    axes.set_xlabel("validation accuracy, difference from the base")
    axes.set_ylim(len(runs) - 0.5, -0.5)


# %% mystnb={"image": {"alt": "Four points with horizontal intervals, one for each change of an activation: the mean difference in validation accuracy from model 1 with ReLU and softmax, and where it may lie. Tanh at the output lies far to the left of zero, sigmoid in the hidden layers to the left, and sigmoid at the output exactly at zero, which a vertical line marks."}}
draw_differences(other_pairs, base)
# %% [markdown]
# *Which intervals lie on one side of zero altogether?* The two large losses do, and no number of seeds will change that. Sigmoid at the output has no interval, because the difference is zero on every seed.

# %% [markdown]
# ## Batch size
#
# *Core · 10 minutes*
#
# R5 keeps the number of epochs and tries batches of 16 to 256 images:

# %% tags=["hide-input"]
claims.quote(
    "r5-model-1-batch-64-accuracy",
    "r5-model-1-batch-16-is-worse",
    "r5-model-1-small-batches-take-longer",
)

# %% [markdown]
# With the same number of epochs, a smaller batch makes more weight updates: each epoch has as many as there are batches in it. *Does the smallest batch have the advantage or the disadvantage in a short training?*


# %%
def with_batches(size, build=model_1, sweep="05/tune-batch-size"):
    return tune(build, small(size), sweep, batch_size=size)


# %%
batches = {size: with_batches(size) for size in (16, 32, 64, 256)}

# %% mystnb={"image": {"alt": "Validation accuracy of model 1 against the batch size, from 16 to 256 on a logarithmic axis, means over seeds with bars of one standard deviation. It is higher for the small batches."}}
by_batch = [*batches.values(), base]
axes = show.against(by_batch, "batch_size", metric="validation_accuracy")
axes.set_xscale("log", base=2)
# %% mystnb={"image": {"alt": "Four points with horizontal intervals, for batches of 16, 32, 64 and 256 images: the mean difference in validation accuracy from batches of 128, and where it may lie. A vertical line marks zero."}}
named = {f"batch {size}": run for size, run in batches.items()}
draw_differences(named, base)
# %% tags=["hide-cell"]
TIMES = {
    "seconds_per_epoch": "seconds per epoch",
    "validation_accuracy": "validation accuracy",
    "validation_loss": "validation loss",
}

# %%
show.results({"batch 128": base} | named, TIMES)

# %% [markdown]
# In this short training, batches of 16 and of 32 are ahead of batches of 128. Read this with care. After five epochs on 10,000 images, batches of 16 have made 3,125 updates and batches of 256 have made 200, so the figure shows how fast a network gets ahead, and not where a long training ends. R5 trained for 60 epochs on 54,000 images, where even batches of 256 make more than 12,000 updates.
# Its order of batch sizes is therefore neither confirmed nor refuted here. What R5 says about time can be compared: *how much longer does an epoch with the smallest batches take?* It does take longer, because each update has a cost that does not depend on the number of images.

# %% [markdown]
# ## Optimizers and learning rates
#
# *Core · 15 minutes*
#
# R5 tries five other optimizers, and sorts them:

# %% tags=["hide-input"]
claims.quote(
    "r5-model-1-adadelta-is-worse",
    "r5-model-1-sgd-is-worse",
    "r5-model-1-adam-is-best",
)

# %% [markdown]
# It gives no learning rates, so it took the defaults. These are not the same for all, and for some of them 0.001 is very small, as Adadelta in practical 04 shows:

# %%
from keras import optimizers

# %%
DEFAULTS = ("Adam", "Adamax", "RMSprop", "SGD", "Adagrad", "Adadelta")
for name in DEFAULTS:
    one = getattr(optimizers, name)()
    print(f"{name:8} {one.get_config()['learning_rate']:g}")

# %% [markdown]
# So we train each of them at its default, and the last three a second time, at a rate that we found better in a few trials. *Which of the three will catch up with Adam?*


# %%
def optimized(name, rate):
    recipe = small(optimizer=getattr(optimizers, name)(rate))
    settings = {"optimizer": name.lower(), "learning_rate": rate}
    return tune(model_1, recipe, "05/tune-optimizer", **settings)


# %%
thousandth = ("Adamax", "RMSprop", "Adagrad", "Adadelta")
at_default = {name: optimized(name, 0.001) for name in thousandth}
at_default["SGD"] = optimized("SGD", 0.01)

# %%
at_own_rate = {
    "SGD, rate 0.1": optimized("SGD", 0.1),
    "Adagrad, rate 0.03": optimized("Adagrad", 0.03),
    "Adadelta, rate 1": optimized("Adadelta", 1.0),
}

# %% mystnb={"image": {"alt": "Validation accuracy over five epochs with six optimizers at their default learning rates. Adam, RMSprop and Adamax are far above SGD, which is above Adagrad; Adadelta stays near a tenth. Means over seeds with bands of one standard deviation."}}
axes = show.compare({"Adam": base} | at_default, metric="val_accuracy")
# %% mystnb={"image": {"alt": "Validation accuracy over five epochs with Adam at its default rate, and with SGD, Adagrad and Adadelta at rates chosen for them: all four rise, and the gaps are much smaller than in the figure before. Means over seeds with bands of one standard deviation."}}
axes = show.compare({"Adam": base} | at_own_rate, metric="val_accuracy")
# %% mystnb={"image": {"alt": "Five points with horizontal intervals, for Adamax and RMSprop at their default rates and for SGD, Adagrad and Adadelta at rates chosen for them: the mean difference in validation accuracy from Adam, and where it may lie. A vertical line marks zero."}}
close = {name: at_default[name] for name in ("Adamax", "RMSprop")}
draw_differences(close | at_own_rate, base)
# %% [markdown]
# Compare each of the three with itself. Adadelta, Adagrad and SGD are all far better at the rate that was chosen for them than at their default. What R5 calls a bad optimizer is an optimizer *together with a learning rate*, and only one of the two was tried out.
#
# ### The learning rate of Adam

# %% tags=["hide-input"]
claims.quote(
    "r5-model-1-higher-rate-is-worse", "r5-model-1-lower-rate-is-worse"
)


# %%
def at_rate(rate):
    recipe = small(optimizer=optimizers.Adam(rate))
    sweep = "05/tune-learning-rate"
    return tune(model_1, recipe, sweep, learning_rate=rate)


# %%
rates = {rate: at_rate(rate) for rate in (0.0001, 0.0003, 0.003, 0.01)}

# %% mystnb={"image": {"alt": "Validation accuracy of model 1 against the learning rate of Adam, from a ten-thousandth to a hundredth on a logarithmic axis, means over seeds with bars of one standard deviation."}}
by_rate = [*rates.values(), base]
axes = show.against(by_rate, "learning_rate", metric="validation_accuracy")
# %% mystnb={"image": {"alt": "Four points with horizontal intervals, for four learning rates of Adam: the mean difference in validation accuracy from the rate of a thousandth, and where it may lie. The two smaller rates lie to the left of zero, which a vertical line marks, and the two larger ones to the right."}}
draw_differences({f"rate {one:g}": run for one, run in rates.items()}, base)
# %% [markdown]
# The two smaller rates are behind. In a short training a small rate has no time to arrive, so a low place here says little about a long one. *Is there a rate whose interval lies above zero?* Both larger rates are ahead of the default in these small trainings.

# %% [markdown]
# ## Batch normalisation and dropout
#
# *Going further · 20 minutes*
#
# R5's last changes to model 1 are in its layers. First it puts batch normalisation after each convolution, and then dropout after each of these, and with the dropout it doubles the epochs:

# %% tags=["hide-input"]
claims.quote(
    "r5-model-1-batch-norm-helps",
    "r5-model-1-dropout-helps",
    "r5-dropout-needs-more-epochs",
)


# %%
def model_1_with(*between):
    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            *(make() for make in between),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            *(make() for make in between),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


# %%
normalise = layers.BatchNormalization
drop = partial(layers.Dropout, DROPOUT_RATE)
model_1_normalised = partial(model_1_with, normalise)
model_1_final = partial(model_1_with, normalise, drop)

# %%
for network in (model_1, model_1_normalised, model_1_final):
    print(f"{network().count_params():,} parameters")

# %% [markdown]
# Two things change in R5's last step, the dropout and the epochs. To tell them apart, we keep the runs after 60 and after 120 epochs of both networks.

# %%
two_ends = {"05/model-1-batch-norm": 60, "05/model-1-batch-norm-120": 120}
normalised = trained(model_1_normalised, two_ends)

# %%
two_ends = {"05/model-1-final-60": 60, "05/model-1-final": 120}
final = trained(model_1_final, two_ends)

# %% tags=["hide-cell"]
in_layers = {
    "plain, 60 epochs": lengths["60 epochs"],
    "plain, 120 epochs": lengths["120 epochs"],
    "normalised, 60 epochs": normalised["05/model-1-batch-norm"],
    "normalised, 120 epochs": normalised["05/model-1-batch-norm-120"],
    "with dropout, 60 epochs": final["05/model-1-final-60"],
    "with dropout, 120 epochs": final["05/model-1-final"],
}

# %%
show.results(in_layers, WATCHED)

# %% mystnb={"image": {"alt": "Three panels with training and validation loss over all epochs: model 1 plain, with batch normalisation, and with batch normalisation and dropout. Means over seeds with bands of one standard deviation."}}
at_120 = {name: one for name, one in in_layers.items() if "120" in name}
show.curve_panels(at_120)
# %% mystnb={"image": {"alt": "Five points with horizontal intervals, for model 1 with other layers or more epochs: the mean difference in validation accuracy from plain model 1 after 60 epochs, and where it may lie. A vertical line marks zero."}}
plain_60 = in_layers["plain, 60 epochs"]
others = {name: one for name, one in in_layers.items() if one != plain_60}
draw_differences(others, plain_60)
# %% [markdown]
# *How much of R5's last step is due to the dropout, and how much to the epochs?* The small trainings ask the same question once more, with every combination of the two layers:


# %%
def with_layers(name, *between):
    build = partial(model_1_with, *between)
    return tune(build, small(), "05/tune-layers", layers=name)


# %%
in_small = {
    "normalised": with_layers("normalised", normalise),
    "dropout": with_layers("dropout", drop),
    "both": with_layers("both", normalise, drop),
}

# %% mystnb={"image": {"alt": "Three points with horizontal intervals, for small trainings of model 1 with batch normalisation, with dropout, and with both: the mean difference in validation accuracy from the plain network, and where it may lie. A vertical line marks zero; both trainings with batch normalisation lie far to the left of it."}}
draw_differences(in_small, base)
# %% [markdown]
# The normalised networks are far behind. *Batch normalisation is said to make training faster. Is it slow here, or is something else wrong?*
#
# ### Why batch normalisation looks so bad here

# %% tags=["hide-cell"]
WAYS = {
    "running_accuracy": "train accuracy, while training",
    "train_accuracy": "train accuracy, afterwards",
    "validation_accuracy": "validation accuracy",
}

# %%
show.results({"plain": base} | in_small, WAYS)

# %% mystnb={"image": {"alt": "Two panels of accuracies over five epochs. Left, while training: the normalised network is above the plain one. Right, on validation images: the plain network rises at once, and the normalised one stays far below it and only begins to catch up. Means over seeds with bands of one standard deviation."}}
pair = {"plain": base, "normalised": in_small["normalised"]}
_, (left, right_panel) = plt.subplots(
    1, 2, figsize=(9, 3.2), layout="constrained"
)
axes = show.compare(pair, metric="accuracy", ax=left)
axes = show.compare(pair, metric="val_accuracy", ax=right_panel)
# %% [markdown]
# While it trains, the normalised network is ahead of the plain one. Measured afterwards, on the same training images, it is behind it. The weights are the same in both measurements, and the layer is what differs. While training, batch normalisation uses the mean and the variance of the batch. Afterwards it uses moving averages of
# them, which begin at 0 and 1; each batch replaces a hundredth of the old value. How much of the beginning is left?

# %%
for name, size in {"small training": 10_000, "R5's": 54_000}.items():
    batches_an_epoch = -(-size // 128)
    kept = [0.99 ** (batches_an_epoch * epoch) for epoch in (1, 5)]
    print(f"{name:15} after 1 and 5 epochs: {kept[0]:.3f}, {kept[1]:.6f}")

# %% [markdown]
# In a small training, the averages still contain a part of their first values when it ends, and they lag behind weights that change quickly. With R5's 422 updates in each epoch this is over before the second epoch ends. So these small trainings say nothing about what batch normalisation does in R5's long ones. They do say that the training
# was too short for the layer. With smaller batches there would have been enough updates: two knobs that act together.
#
# ### Does it overfit?

# %% tags=["hide-input"]
claims.quote("r5-model-1-final-does-not-overfit")

# %% [markdown]
# R5 looks at the accuracy while training, which dropout lowers. Measured afterwards, with all units at work, the training accuracy is another one:

# %% tags=["hide-cell"]
GAP = {
    "running_accuracy": "train accuracy, while training",
    "train_accuracy": "train accuracy, afterwards",
    "validation_accuracy": "validation accuracy",
    "train_loss": "train loss, afterwards",
    "validation_loss": "validation loss",
}

# %%
show.results({"model 1, final": final["05/model-1-final"]}, GAP)

# %% [markdown]
# *Compare the second column with the third, and the fourth with the fifth. Would you say that there is no overfitting?*

# %% [markdown]
# ## Model 2
#
# *Core · 10 minutes*
#
# R5 found its second model on Kaggle. It has three convolutions, dropout in several places, and a *leaky* ReLU, which has a small slope below zero in place of none. R5's listing no longer runs:

# %%
from keras import activations

with checks.raises(TypeError, saying="alpha"):
    activations.relu(-1.0, alpha=SLOPE)

# %% [markdown]
# Keras 3 calls the same argument `negative_slope`. This time the change of a name ends in an error, and an error is easy to repair. The change of a *default* in practical 04 gave none.


# %%
def leaky(values):
    return activations.relu(values, negative_slope=SLOPE)


# %%
def model_2(*after, hidden=leaky):
    conv = partial(layers.Conv2D, kernel_size=3, activation=hidden)
    return Sequential(
        [
            Input((28, 28, 1)),
            conv(32, padding="same"),
            *(make() for make in after),
            layers.MaxPooling2D(2),
            layers.Dropout(0.3),
            conv(64, padding="same"),
            *(make() for make in after),
            layers.MaxPooling2D(2),
            layers.Dropout(0.5),
            conv(128),
            *(make() for make in after),
            layers.Flatten(),
            layers.Dense(128, activation=hidden),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


# %% [markdown]
# `model_2()` is R5's model as it found it. Its final version has batch normalisation after each convolution, `model_2(normalise)`. *Where are most of its parameters, and where most of its multiply-adds?*

# %%
model_2_final = partial(model_2, normalise)
for network in (model_1, model_1_final, model_2, model_2_final):
    built = network()
    work = f"{multiply_adds(built):9,} multiply-adds"
    print(f"{built.count_params():7,} parameters, {work}")

# %% mystnb={"image": {"alt": "Two rows of stacked shapes. Model 1 goes from 28 by 28 over 26, 13 and 11 to 5 by 5 by 64, flattened to 1,600 numbers. Model 2 goes from 28 over 28, 14, 14 and 7 to 5 by 5 by 128, flattened to 3,200 numbers, then 128 and 10."}}
show.shapes({"model 1": model_1(), "model 2": model_2()})
# %% [markdown]
# R5 takes this model with batches of 70 for 50 epochs, then for 120, then with batches of 128, and then with batch normalisation:

# %% tags=["hide-input"]
claims.quote(
    "r5-model-2-more-epochs-help",
    "r5-model-2-batch-128-is-best",
    "r5-model-2-batch-norm-helps",
)

# %%
two_ends = {"05/model-2": 50, "05/model-2-120": 120}
model_2_runs = trained(model_2, two_ends, batch_size=70)

# %%
model_2_runs |= trained(model_2, {"05/model-2-batch-128": 120})
model_2_runs |= trained(model_2_final, {"05/model-2-final": 120})

# %%
names = ("50 epochs", "120 epochs", "batch 128", "normalised")
tuned = dict(zip(names, model_2_runs.values(), strict=True))
show.results(tuned, WATCHED)

# %% mystnb={"image": {"alt": "Two panels with training and validation loss over all epochs: model 2 with batches of 128, and the same with batch normalisation. Means over seeds with bands of one standard deviation."}}
show.curve_panels({name: tuned[name] for name in names[2:]})
# %% tags=["hide-input"]
claims.quote("r5-model-2-gap-is-small")

# %% [markdown]
# *Is the gap small?* Compare the two losses in the table, not the distance on a scale that somebody chose.
#
# ### The same images twice
#
# During the training of model 2, R5 validates on the test images. Then it evaluates the model, to make sure that it is good:

# %% tags=["hide-input"]
claims.quote("r5-model-2-evaluate-confirms")

# %% [markdown]
# What can this confirm? We do the same with a small training: `fit` validates on some images, and `evaluate` looks at the same images afterwards. *Will the two numbers differ?*

# %%
held_out = clothes.validation.take(500, seed=0)
watched = (held_out.images, held_out.targets)

# %%
log = quick.fit(few.images, few.targets, validation_data=watched, verbose=0)
_, evaluated = quick.evaluate(*watched, verbose=0)
bool(np.isclose(log.history["val_accuracy"][-1], evaluated))

# %% [markdown]
# They are the same number by construction: the same weights answer the same images. An evaluation confirms something only on images that had no part in training *or choosing*.

# %% [markdown]
# ## The settings of model 2
#
# *Going further · 10 minutes*
#
# R5 turns the same settings of model 2, and one of its sentences does not fit to another. Its model with batches of 70 has this accuracy after 120 epochs, and with batches of 64 it has that one:

# %% tags=["hide-input"]
claims.quote("r5-model-2-120-accuracy", "r5-model-2-batch-64-is-worse")

# %% [markdown]
# *Is it likely that six images less in a batch cost so much?* Here are small trainings of model 2 with six batch sizes, R5's 70 among them:

# %%
base_2 = with_batches(70, model_2, "05/tune-base-2")
batches_2 = {
    size: with_batches(size, model_2, "05/tune-batch-size-2")
    for size in (16, 32, 64, 128, 256)
}

# %% mystnb={"image": {"alt": "Validation accuracy of model 2 against the batch size, from 16 to 256 on a logarithmic axis, means over seeds with bars of one standard deviation."}}
by_batch = [*batches_2.values(), base_2]
axes = show.against(by_batch, "batch_size", metric="validation_accuracy")
axes.set_xscale("log", base=2)
# %% [markdown]
# Batches of 64 and of 70 give nearly the same accuracy, and what difference there may be is far smaller than R5's.
#
# Then the activations of its hidden layers, and the optimizers at their default rates:


# %%
def with_hidden(hidden):
    build = partial(model_2, hidden=hidden)
    return tune(build, small(70), "05/tune-activation-2", hidden=hidden)


# %%
activations_2 = {
    hidden: with_hidden(hidden) for hidden in ("tanh", "sigmoid")
}


# %%
def optimized_2(name):
    recipe = small(70, optimizer=getattr(optimizers, name)())
    sweep = "05/tune-optimizer-2"
    return tune(model_2, recipe, sweep, optimizer=name.lower())


# %%
optimizers_2 = {name: optimized_2(name) for name in DEFAULTS[1:]}

# %% mystnb={"image": {"alt": "Five points with horizontal intervals, for model 2 with five other batch sizes: the mean difference in validation accuracy from batches of 70, and where it may lie. A vertical line marks zero."}}
named = {f"batch {size}": run for size, run in batches_2.items()}
draw_differences(named, base_2)
# %% mystnb={"image": {"alt": "Seven points with horizontal intervals, for model 2 with two other activations and five other optimizers: the mean difference in validation accuracy from the model as it was found, and where it may lie. A vertical line marks zero."}}
draw_differences(activations_2 | optimizers_2, base_2)
# %% [markdown]
# With sigmoid in its hidden layers, model 2 is no better than guessing after these five epochs, while model 1 had learned something: with each layer, sigmoid makes the gradient smaller, and model 2 has four of them in a row.
#
# The intervals answer each question by itself. With so many of them, one in twenty would leave zero out by chance alone, even if no setting made any difference; [the ledger](07_replication_ledger.ipynb) corrects for that.

# %% [markdown]
# ## What choosing on the test set costs
#
# *Going further · 20 minutes*
#
# R5 chose the epochs, the batch size and the layers of model 2 by their accuracy on the test images, and then printed the accuracy of the best one on the same images. The best of many is best partly by luck, and luck does not come back on new images. How much luck is it?
#
# We can play that through with the small trainings of model 1, without touching the test images. We leave out the settings that nobody would have chosen. Each run has kept, for 2,000 validation images, which ones it read rightly. The function in the folded cell takes some of these images for "the test set", chooses the setting that reads most of them, and returns the difference of two
# accuracies: on the images that we chose by, and on all the others, which are new to the choice. *Which one will be higher, and what makes the difference larger: more settings, or more images?*

# %%
candidates = [base, *batches.values(), *rates.values(), *close.values()]
candidates += [*at_own_rate.values(), in_small["dropout"]]
candidates.append(other_pairs["tanh, softmax"])
len(candidates)

# %%
by_seed = {}
for one in candidates:
    for run in shown(one):
        bits = np.unpackbits(run.measures["right"])
        by_seed.setdefault(run.seed, []).append(bits)


# %% tags=["hide-cell"]
def luck(table, settings, images, draws=300):
    """Return how far the best of some settings is flattered."""
    random = np.random.default_rng(0)
    gaps = []
    for _ in range(draws):
        tried = random.permutation(len(table))[:settings]
        order = random.permutation(table.shape[1])
        seen = table[np.ix_(tried, order[:images])].mean(axis=1)
        new = table[np.ix_(tried, order[images:])].mean(axis=1)
        gaps.append(seen.max() - new[seen.argmax()])
    return np.mean(gaps)


# %%
tables = [np.array(table) for table in by_seed.values()]
settings_tried = (1, 2, 4, 8, 16)
images_used = [one for one in (100, 300, 1_000) if one < tables[0].shape[1]]


# %%
def mean_luck(count, images):
    return np.mean([luck(table, count, images) for table in tables])


# %% mystnb={"image": {"alt": "How much higher the accuracy of the chosen setting is on the images that it was chosen by than on new ones, against the number of settings tried, from 1 to 16. Three lines for choosing on 100, 300 and 1,000 images."}}
_, axes = plt.subplots(figsize=(5, 3), layout="constrained")
for images in images_used:
    surplus = [mean_luck(count, images) for count in settings_tried]
    label = f"{images:,} images"
    axes.plot(settings_tried, surplus, marker="o", label=label)
axes.set(xlabel="settings tried", xticks=settings_tried)
axes.set_ylabel("accuracy, chosen less new")
legend = axes.legend()
# %% [markdown]
# With one setting there is nothing to choose, and on average nothing is gained. The more settings one tries, the more the best of them is flattered, and the fewer images decide, the more. Among settings that are equally good, luck shrinks with the square root of the number of images: on 10,000 images it is about a third of what it is on
# 1,000. That is little, but so are the steps that R5 reads: compare them with the list in [How much does one epoch decide?](#how-much-does-one-epoch-decide). R5 also chose the epoch at which it stopped, and each epoch that one looks at is one more setting.

# %% [markdown]
# ## By search
#
# *Going further · 25 minutes*
#
# R5 turned one knob after another and looked at what came out. A program can do that too. A *search* is given a space of settings and a number of trainings, which are called *trials*. It proposes a point of the space, looks at what came of it,
# and proposes the next one. The first points are drawn at random. After that, most programs propose points that resemble the better ones they have seen, and try something else now and then.
#
# ### A search in a dozen lines
#
# The library Optuna (Akiba and others, 2019) proposes with an estimator of where the better points are (Bergstra and others, 2011). What is trained, and what counts as good, is ours to write. Here is a search for the learning rate of a network with no hidden layer, on 2,000 images. After each epoch the trial reports its validation accuracy. If that is below the median of the earlier trials after as many epochs, the trial is *pruned*: it is
# stopped, and the next one begins. *For which learning rates will that happen?*

# %%
import optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)


# %%
def objective(trial):
    rate = trial.suggest_float("rate", 0.0001, 10, log=True)
    output = layers.Dense(10, activation="softmax")
    network = Sequential([Input((28, 28, 1)), layers.Flatten(), output])
    how = {"loss": "categorical_crossentropy", "metrics": ["accuracy"]}
    network.compile(optimizers.SGD(rate), **how)
    for epoch in range(3):
        part = {"validation_data": watched, "verbose": 0}
        log = network.fit(few.images, few.targets, **part)
        accuracy = log.history["val_accuracy"][-1]
        trial.report(accuracy, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return accuracy


# %% tags=["nbval-ignore-output", "remove-output"]
rule = optuna.pruners.MedianPruner(n_startup_trials=3)
study = optuna.create_study(direction="maximize", pruner=rule)
study.optimize(objective, n_trials=6)

# %% tags=["nbval-ignore-output", "remove-output"]
for trial in study.trials:
    print(f"{trial.params['rate']:8.4f}", trial.state.name, trial.value)

# %% [markdown]
# As above, the page leaves out what these cells print. A trial that was pruned shows the accuracy at which it was stopped.
#
# ### A search over our settings
#
# Now the settings of model 1, over recipe and architecture together. The space holds every setting that we turned by hand, but for the activation of the output, which has to be softmax. Where we tried a few values of a rate, the search may choose any value between two ends; `log=True` draws as many rates between 0.001 and 0.01 as between 0.01 and 0.1.

# %%
from labkit.sweeps import between

SPACE = {
    "hidden": ["relu", "tanh", "sigmoid"],
    "normalised": [False, True],
    "dropout": between(0.0, 0.4),  # after each convolution
    "optimizer": [name.lower() for name in DEFAULTS],
    "learning_rate": between(0.0001, 1.0, log=True),
    "batch_size": [16, 32, 64, 128, 256],
}


# %% [markdown]
# A *candidate* is a function that turns a point of the space into a network and a recipe. This is the whole of what `labkit.search` has to be told, beside the space, the data and the number of trials. The folded cell builds model 1 with any of these layers.


# %% tags=["hide-cell"]
def model_1_at(settings):
    after = [layers.BatchNormalization] * settings["normalised"]
    if settings["dropout"]:
        after.append(partial(layers.Dropout, settings["dropout"]))
    stack = [Input((28, 28, 1))]
    for filters in (32, 64):
        conv = layers.Conv2D(filters, 3, activation=settings["hidden"])
        stack += [conv, *(make() for make in after), layers.MaxPooling2D(2)]
    end = [layers.Dropout(0.5), layers.Dense(10, activation="softmax")]
    return Sequential([*stack, layers.Flatten(), *end])


# %%
CLASSES = {name.lower(): getattr(optimizers, name) for name in DEFAULTS}


def candidate(settings):
    optimizer = CLASSES[settings["optimizer"]](settings["learning_rate"])
    how = small(settings["batch_size"], optimizer=optimizer)
    return partial(model_1_at, settings), how


# %% [markdown]
# Each trial is a small training like those above, on 10,000 images for five epochs, and is judged by the validation accuracy. The search never sees the test images.
#
# The search of each of our seeds was carried out by `labkit sweep`, which gives the trials to as many processes as the machine has cores, and can give them to a cluster. In replay, `labkit.search` finds its trials in the records.


# %% tags=["hide-cell"]
def clothes_of(seed):
    """Return the dataset with the split that another seed draws."""
    if seed == clothes.seed:
        return clothes
    source = {"source": SOURCE, "one_hot": True}
    return data.load("fashion_mnist", **sizes, seed=seed, **source)


# %%
def search(seed):
    how = {"trials": TRIALS, "budget": BUDGET, "mode": MODE}
    images, name = clothes_of(seed), "05/search"
    return labkit.search(candidate, SPACE, images, experiment=name, **how)


# %%
found = search(clothes.seed)
print(f"{TRIALS} trials, of which {len(found.finished)} ran to their end")
print(f"best: {found.best.value:.4f}", dict(found.best.settings))

# %% [markdown]
# Only the trials that ran to their end are recorded; the others were pruned, or their loss was no longer a number. Here are the recorded ones. *How long does it take until a good trial can be told from a bad one?*

# %% mystnb={"image": {"alt": "Validation accuracy after each of five epochs, one thin line for each trial of the search that ran to its end."}}
_, axes = plt.subplots(figsize=(5, 3), layout="constrained")
for run in found.runs:
    reached = run.history["val_accuracy"]
    axes.plot(range(1, len(reached) + 1), reached, color="C0", alpha=0.5)
axes.set_xticks(range(1, SMALL_EPOCHS + 1))
axes.set_xlabel("epoch")
label = axes.set_ylabel("validation accuracy")
# %% [markdown]
# The pruner compares a trial with the others from the third epoch on. *In which order were the good trials found?*

# %% mystnb={"image": {"alt": "Validation accuracy of each trial that ran to its end, in the order in which they ended, and as steps the best accuracy so far."}}
from labkit.sweeps import plots

plots.history(found)
# %% [markdown]
# The points show each trial and the steps the best one so far. A step upwards needs a point that is better than all before it, so steps tend to become rare the longer a search goes on.
#
# The next figure has a line for each trial, through its settings to its accuracy on the right. The darker a line, the better the trial. *Through which values do the dark lines go, and on which axes do they go everywhere?*

# %% mystnb={"image": {"alt": "Seven upright axes, for batch size, dropout, hidden activation, learning rate, batch normalisation, optimizer and validation accuracy. Each trial is a line across all of them, the better the darker."}}
plots.parallel(found)
# %% [markdown]
# Where the dark lines spread over a whole axis, the setting mattered little among the good trials, or the search has too few trials to tell. The last figure puts this into numbers:

# %% mystnb={"image": {"alt": "Bars with each setting's share of importance for being among the better trials of the search, the largest at the top."}}
# Fewer than four trials say nothing.
plots.importance(found) if len(found.finished) > 3 else None
# %% [markdown]
# The shares say which settings the better trials have in common. They come from one search, with few trials, so that another seed may order the bars differently. They also depend on the space: a setting whose values are all reasonable looks unimportant, and a rate that may go from far too small to far too large looks important.

# %% [markdown]
# ## By hand or by search?
#
# *Going further · 15 minutes*
#
# Which of the two finds the better settings, at the same cost? One search and one round of tuning by hand would say as little as one training does. We have a round of each for every seed: the small trainings of the sections above, and a search with as many trials.
#
# By hand we do as R5 did, and choose by the validation accuracy within one seed. Each knob is turned by itself, and the best value of each is kept. The folded cell lists the knobs. The optimizer and its rate are one knob, because each rate was tried with one optimizer only.

# %% tags=["hide-cell"]
START = {"hidden": "relu", "normalised": False, "dropout": 0.0}
START |= {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 128}
both = {"normalised": True, "dropout": DROPOUT_RATE}
rate_of = [*at_default.values(), *at_own_rate.values(), *rates.values()]
knobs = {
    "activation": [
        ({"hidden": name}, other_pairs[f"{name}, softmax"])
        for name in ("tanh", "sigmoid")
    ],
    "optimizer and rate": [(dict(run.settings), run) for run in rate_of],
    "batch size": [(dict(run.settings), run) for run in batches.values()],
    "layers": [
        ({"normalised": True}, in_small["normalised"]),
        ({"dropout": DROPOUT_RATE}, in_small["dropout"]),
        (both, in_small["both"]),
    ],
}


# %%
def seen(run, seed):
    return replicates.by_seed(shown(run), "validation_accuracy")[seed]


def best_of(knob, seed):
    """Return the changes with the best training; none if it is the base."""
    tried = [({}, base), *knob]
    return max(tried, key=lambda pair: seen(pair[1], seed))[0]


# %%
def by_hand(seed):
    kept = [best_of(knob, seed) for knob in knobs.values()]
    return START | {name: one[name] for one in kept for name in one}


# %% [markdown]
# What comes out this way was never trained as a whole: the best batch size was found with the old learning rate, and the best learning rate with the old batch size. *Do two changes that help by themselves help together?* To find out, we also take the best training that was *seen*, with one knob turned and all others as they were.


# %%
def best_seen(seed):
    everything = [one for knob in knobs.values() for one in knob]
    return START | best_of(everything, seed)


# %%
cost = 1 + sum(len(knob) for knob in knobs.values())
print(f"by hand: {cost} trainings; by search: {TRIALS}")

# %% [markdown]
# The cost is the number of trainings that each of them looked at. For the search it is a little too high, because a trial that is pruned counts as a whole training although it was stopped early. Seconds would not be a fair measure here: the trials of a search ran two at a time, with one core each. The number of trainings also leaves out a cost on the other side: somebody had
# to write the space down, and had to know for it which rates are worth trying.

# %%
tuned_seeds = [run.seed for run in shown(base)]
others = [seed for seed in tuned_seeds if seed != clothes.seed]
searches = {clothes.seed: found} | {seed: search(seed) for seed in others}

# %%
ways = {"hand": by_hand, "seen": best_seen}
ways["search"] = lambda seed: dict(searches[seed].best.settings)
winners = {
    (seed, way): settings(seed)
    for seed in tuned_seeds
    for way, settings in ways.items()
}

# %%
import pandas as pd

pd.DataFrame(winners).T.rename_axis(["seed", "way"])[list(SPACE)]

# %% [markdown]
# *Do the searches agree with each other? In which settings do they agree, and is it these that the figure of importances puts at the top?*
#
# ### The winners are trained anew
#
# The validation accuracy of the best trial of a search is the best of many, and the same holds for the best training seen by hand. The section before the search showed that such a number is flattered. So all winners are trained anew, with seeds that took no part in choosing them: what was chosen with seed 0 is trained with the other seeds, and so on.


# %%
def anew(seed, way):
    other = clothes.seed if clothes.seed != seed else int(seed == 0)
    how = {"budget": BUDGET, "mode": MODE, "experiment": "05/winner"}
    how["settings"] = {"search": seed, "way": way}
    network, training = candidate(winners[seed, way])
    return labkit.train(network, clothes_of(other), training, **how)


# %%
trained_anew = {one: anew(*one) for one in winners}

# %% [markdown]
# Here is what the search promised, with the validation accuracy of the same settings after they were trained anew. Their test accuracies wait for the closing section.

# %%
promised = {seed: one.best.value for seed, one in searches.items()}
fresh = {
    seed: replicates.statistic(
        shown(trained_anew[seed, "search"]), "validation_accuracy"
    ).mean
    for seed in searches
}
pd.DataFrame({"best trial": promised, "trained anew": fresh}).round(4)

# %% mystnb={"image": {"alt": "Three panels with training and validation loss over five epochs: the winners of the round with seed 0, trained anew with other seeds, the best of each knob by hand, the best training seen, and the best trial of the search. Means over seeds with bands of one standard deviation."}}
panels = {way: trained_anew[clothes.seed, way] for way in ways}
show.curve_panels(panels)
# %% [markdown]
# ## The test set, opened once
#
# *Core · 10 minutes*
#
# First R5's own numbers. Those of model 1 come from validation images and those of model 2 from the test images, and in each table ours come from the same kind of images.

# %%
everything = {f"model 1, {name}": run for name, run in lengths.items()}
everything["model 1, normalised"] = normalised["05/model-1-batch-norm"]
everything["model 1, final"] = final["05/model-1-final"]
everything |= {f"model 2, {name}": run for name, run in tuned.items()}

# %%
of_model_1 = ("", "-60", "-batch-norm", "-final")
quotes = [claims.quote(f"r5-model-1{name}-accuracy") for name in of_model_1]
ledger.beside(everything, quotes)

# %%
of_model_2 = ("", "-120", "-batch-128", "-final")
quotes = [claims.quote(f"r5-model-2{name}-accuracy") for name in of_model_2]
ledger.beside(everything, quotes)

# %% [markdown]
# ### The two models on equal terms

# %% tags=["hide-input"]
claims.quote("r5-model-2-is-better", "r5-three-convolutions-learn-better")

# %% [markdown]
# R5 compares model 1 on 6,000 validation images with model 2 on 10,000 test images. *On the same test images, trained on the same 54,000 images, with batches of 128, for 120 epochs: how much of the difference is left, and what does it cost?*

# %% tags=["hide-cell"]
COST = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds an image",
    "seconds_per_epoch": "seconds per epoch",
    "validation_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
    "test_loss": "test loss",
}

# %%
equal = {
    "model 1": lengths["120 epochs"],
    "model 1, normalised": normalised["05/model-1-batch-norm-120"],
    "model 1, final": final["05/model-1-final"],
    "model 2": tuned["batch 128"],
    "model 2, final": tuned["normalised"],
}
show.results(equal, COST)

# %%
show.differences(equal, base="model 1, final", metric="test_accuracy")

# %% [markdown]
# On these equal terms model 2 is the more accurate one, plain against plain and final against final. It makes more than twice as many multiply-adds for an image. Even so, the two models differ in more than a convolution: in padding, activations, dropout, filters, and a dense layer with most of the parameters. So this table can say which model is more accurate. It cannot say that the third convolution is the reason.
#
# ### What R5's way of choosing gave
#
# Of the four trainings of model 2, R5 kept the one with the best *test* accuracy. Here is that choice for each of our seeds, and beside it the choice by validation accuracy:


# %% tags=["hide-cell"]
def best(metric):
    """Return which training of model 2 is the best one, seed by seed."""
    columns = {
        name: replicates.by_seed(shown(run), metric)
        for name, run in tuned.items()
    }
    return pd.DataFrame(columns).idxmax(axis=1)


# %%

choices = {
    f"chosen on {part}": best(f"{part}_accuracy")
    for part in ("validation", "test")
}
pd.DataFrame(choices).rename_axis("seed")

# %% [markdown]
# Where both choices agree, choosing on the test set changed nothing except that nobody could know it. The number that R5 prints is then optimistic by no more than luck, but without images that were kept apart there is no way to tell.
#
# ### By hand or by search, on the test images
#
# Each winner was trained with the seeds that took no part in choosing it. The table has a row for each round of tuning, and the mean test accuracy of its winners.


# %% tags=["hide-cell"]
def test_accuracy(seed, way):
    runs = shown(trained_anew[seed, way])
    return np.mean([run.test.accuracy for run in runs])


# %%
opened = {one: test_accuracy(*one) for one in trained_anew}
by_way = pd.Series(opened).unstack()[list(ways)]
by_way.rename_axis("seed").round(4)

# %% [markdown]
# The rounds are the sample now: we take the difference between two ways within each round, and ask where the mean of these differences may lie. *Does the search win in every round? And does it help to put the best values of all knobs together?*


# %%
def compared(one, other):
    gaps = (by_way[one] - by_way[other]).tolist()
    reach = intervals.for_the_mean(gaps).half_width if gaps[1:] else np.nan
    print(f"{one:6} less {other:4}: {np.mean(gaps):+.4f} ± {reach:.4f}")


# %%
compared("search", "hand")
compared("search", "seen")
compared("hand", "seen")

# %% [markdown]
# Where the interval contains zero, these rounds cannot tell the two ways apart. Whatever came out here, the ways differ in what they rest on. To put the best values of all knobs together is a guess, because each of them was the best beside the old values of the others. The best training that was seen, and the best trial of a search, were
# trained as they are.
#
# ### Which clothes are confused

# %% mystnb={"image": {"alt": "Confusion matrix of the final model 2 on the test set, right answers left out, summed over seeds: true classes in rows, the network's answers in columns. The darkest cells lie among T-shirt, pullover, coat, dress and shirt."}}
best_run = tuned["normalised"]
axes = show.confusion(best_run, clothes.class_names)
# %% mystnb={"image": {"alt": "Up to sixteen test images that the final model 2 reads wrongly with the most confidence, each with its true class and the network's answer."}}
show.mistakes(best_run, clothes.class_names)
# %% [markdown]
# *Which pair of classes is confused most, and in which direction more often? Which of the images would you have named rightly?* How much of all the confusion lies among the four classes of the first figure?


# %% tags=["hide-cell"]
def share_among(run, names):
    """Return which part of all mistakes lies among these classes."""
    counts = np.sum([one.confusion for one in shown(run)], axis=0)
    places = [clothes.class_names.index(name) for name in names]
    wrong = counts - np.diag(np.diag(counts))
    return wrong[np.ix_(places, places)].sum() / wrong.sum()


# %%
for name in ("model 1, final", "model 2, normalised"):
    print(f"{name}: {share_among(everything[name], UPPER):.2f}")

# %% [markdown]
# More than half of all mistakes of both models lie among these four classes.
#
# ### Every claim of R5 and its verdict
#
# The table has every number and every conclusion of the report, what we recorded, and how it came out. Each verdict leads to [the ledger](07_replication_ledger.ipynb).

# %% tags=["hide-output"]
ledger.read().of(practical="05_fashion_mnist_tuning")

# %% [markdown]
# ## Exercises
#
# *Core · 10 minutes*
#
# Put your answer in the place of the `...` and run the two cells.
#
# ### Exercise 1: weight updates
#
# R5's logs begin with `422/422`, `858/858` and `469/469`: the number of weight updates in an epoch. Write `updates(images, batch_size, epochs)`, the number of updates of a whole training. The last batch of an epoch may be smaller than the others. Then write into `log_of_model_2` the
# number of training images with which batches of 70 give 858 updates, if it is one of 54,000 and 60,000.


# %% tags=["exercise"]
def updates(images, batch_size, epochs):
    return ...


log_of_model_2 = ...  # images: 54_000 or 60_000

# %% tags=["check"]
with checks.exercise():
    hint = "the last, smaller batch of an epoch is an update too."
    for images, size in ((54_000, 128), (60_000, 128), (100, 33), (96, 32)):
        expected = len(range(0, images, size)) * 7
        checks.equal(updates(images, size, 7), expected, hint=hint)
    hint = "how many updates does an epoch have with each of the two?"
    checks.equal(log_of_model_2, 60_000, hint=hint)


# %% tags=["solution", "hide-cell"]
def updates(images, batch_size, epochs):
    return epochs * -(-images // batch_size)  # rounded up


# 858 batches of 70 hold 60,060 images: R5 trained model 2 on the whole training file.
log_of_model_2 = 60_000

# %% [markdown]
# ### Exercise 2: the pair that is confused most
#
# Write `most_confused(counts)`. It gets a confusion matrix, with the true classes in rows and the answers in columns, and returns the two places of the classes that are confused most, the smaller one first. Count both directions: a shirt that is taken for a coat and a coat that is taken for a shirt.


# %% tags=["exercise"]
def most_confused(counts):
    return ...


# %% tags=["check"]
with checks.exercise():
    hint = "leave out the right answers, which stand on the diagonal."
    clear = np.diag([50, 50, 50]) + np.array(
        [[0, 1, 2], [0, 0, 9], [1, 3, 0]]
    )
    answer = checks.answered(most_confused(clear.copy()))
    checks.equal(tuple(answer), (1, 2), hint=hint)
    hint = "add the two directions of a pair before you compare."
    both = np.array([[9, 6, 5], [0, 9, 0], [5, 0, 9]])
    checks.equal(tuple(most_confused(both.copy())), (0, 2), hint=hint)


# %% tags=["solution", "hide-cell"]
def most_confused(counts):
    pairs = np.triu(counts + counts.T, k=1)  # above the diagonal only
    return np.unravel_index(pairs.argmax(), pairs.shape)


# %% [markdown]
# ## More exercises
#
# *Going further · 30 minutes*
#
# ### Exercise 3: does the difference survive?
#
# Write `survives(differences)`. It gets the differences between two settings, one a seed, and returns True if the $95\,\%$ confidence interval of their mean leaves zero out. The interval is the mean ± $t \cdot s / \sqrt{n}$, with the standard deviation $s$ for $n - 1$ and Student's quantile $t$
# for $n - 1$ degrees of freedom. `scipy.stats.t.ppf` has the quantile.


# %% tags=["exercise"]
def survives(differences):
    return ...


# %% tags=["check"]
with checks.exercise():
    hints = {
        (0.003, 0.0032, 0.0031): "all three are alike and far from zero.",
        (
            -0.003,
            -0.0032,
            -0.0031,
        ): "a difference below zero counts as well.",
        (0.001, 0.009, 0.005, -0.001, 0.003): "their mean is above its own "
        "spread, but with so few seeds Student's quantile is larger than 1.96.",
        (0.002, 0.008, 0.005, 0.001, 0.004): "the spread of the mean is "
        "smaller than the spread of the seeds, by the square root of n.",
    }
    for differences, hint in hints.items():
        expected = 0 not in intervals.for_the_mean(differences)
        answer = checks.answered(survives(list(differences)))
        checks.equal(bool(answer), expected, hint=hint)


# %% tags=["solution", "hide-cell"]
def survives(differences):
    from scipy import stats

    count = len(differences)
    quantile = stats.t.ppf(0.975, count - 1)
    reach = quantile * np.std(differences, ddof=1) / np.sqrt(count)
    return abs(np.mean(differences)) > reach


# %% [markdown]
# ### Exercise 4: cross-entropy as Keras computes it
#
# Write `keras_cross_entropy(outputs, true_class)` in NumPy, for the outputs of one image: divide them by their sum, clip them to the range from $10^{-7}$ to $1 - 10^{-7}$, and take minus the logarithm at the true class. Your result has to agree with Keras's for all kinds of outputs. Then find `rewarded`: three outputs
# between −1 and 1 for which the *first* class has the smallest output of the three and still a loss below `0.001`.


# %% tags=["exercise"]
def keras_cross_entropy(outputs, true_class):
    return ...


rewarded = ...  # three outputs, such as [-0.5, 0.1, 0.2]

# %% tags=["check"]
with checks.exercise():
    hint = "first the sum, then the clip, then the logarithm."
    for row in ROWS.values():
        answer = keras_cross_entropy(np.array(row), 0)
        checks.equal(answer, keras_loss(row), within=1e-3, hint=hint)
    checks.shape(rewarded, (3,))
    hint = "all three lie between -1 and 1, and the first is the smallest."
    fits = max(np.abs(rewarded)) <= 1 and rewarded[0] < min(rewarded[1:])
    checks.holds(fits, hint=hint)
    hint = "what must the sum be, so that a negative output divided by it is one or more?"
    checks.holds(keras_loss(rewarded) < 0.001, hint=hint)


# %% tags=["solution", "hide-cell"]
def keras_cross_entropy(outputs, true_class):
    shares = np.clip(outputs / outputs.sum(), 1e-7, 1 - 1e-7)
    return -np.log(shares[true_class])


# The sum is negative, and the first output is the most negative one.
rewarded = [-0.9, 0.2, 0.1]

# %% [markdown]
# The last exercise needs networks with made-up accuracies. The folded cell has them.


# %% tags=["hide-cell"]
class Pretended:
    """A network with made-up accuracies, which notes what it is shown."""

    def __init__(self, **accuracies):
        self.accuracies, self.looks = accuracies, []

    def accuracy(self, images):
        self.looks.append(images)
        return self.accuracies[images]


# %% [markdown]
# ### Exercise 5: choose, and open the test set once
#
# Write `chosen(candidates, validation, test)`. `candidates` is a dictionary of trained networks; each has a method `accuracy(images)`. Return the name of the one that you choose and an honest test accuracy for it. The check counts how often you look at the test images.


# %% tags=["exercise"]
def chosen(candidates, validation, test):
    return ...


# %% tags=["check"]
with checks.exercise():
    three = {
        "plain": Pretended(validation=0.90, test=0.93),
        "wide": Pretended(validation=0.92, test=0.91),
        "deep": Pretended(validation=0.91, test=0.92),
    }
    answer = checks.answered(chosen(three, "validation", "test"))
    looks = sum(one.looks.count("test") for one in three.values())
    hint = "choose by validation accuracy, whatever the test images say."
    checks.equal(answer[0], "wide", hint=hint)
    hint = "the accuracy of the chosen one on validation images is optimistic too."
    checks.equal(answer[1], 0.91, hint=hint)
    hint = "one look at the test images is enough, after the choice."
    checks.equal(looks, 1, hint=hint)


# %% tags=["solution", "hide-cell"]
def chosen(candidates, validation, test):
    name = max(
        candidates, key=lambda one: candidates[one].accuracy(validation)
    )
    return name, candidates[name].accuracy(test)


# %% [markdown]
# ## What to take with you
#
# - A setting is better only if the difference is larger than what seeds and epochs do by themselves. Pair the seeds, and look at the interval.
# - An optimizer is judged together with a learning rate, and a batch size together with the number of updates.
# - Cross-entropy needs probabilities. Where the outputs are none, Keras divides and clips, and gives no error.
# - Settings act together. The best value of one depends on the others, and a search that changes several at once can find what turning one knob at a time cannot see.
# - Whoever writes the space of a search puts knowledge into it. Count that, and the trainings, as its cost.
# - The best of many settings is flattered on the images that it was chosen by. Keep images apart that take no part in any choice.
# - Evaluating again on the same images confirms nothing.
# - Compare two networks on the same images, trained on the same images, for as long, and say what each of them costs.
#
# **Limits.** The small trainings show which settings get ahead quickly on 10,000 images; a long training on all images may rank them differently. A few seeds show that results vary, not how. Seconds hold for the machine they were measured on.
#
# **Next.** The next report leaves grey images behind and turns to colour photographs.
