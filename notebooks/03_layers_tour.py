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
# # 03 · A tour of the layers
#
# | At a glance | |
# |---|---|
# | **Purpose** | Take every layer of R2 apart: what goes in, what comes out, what it learns, and what it does differently in training |
# | **Before this** | [01 · Dense networks](01_mnist_dense.ipynb), [02 · Convolutional variants](02_mnist_cnn_variants.ipynb) |
# | **Time** | smoke, lab and full: the same few seconds, for nothing is trained here |
# | **GPU needed?** | no |
#
# Before it builds networks, the report R2 explains the layers it builds them from. We follow its second section with small arrays
# whose numbers one can check by hand. Most of what it says holds, some of it in part, and a few things do not hold at all: those
# are quoted, and a cell shows why.
#
# Nothing on this page takes longer than a second or two. Change a number, run the cell again, and see whether what you expected
# is what you get.

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
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import labkit
from labkit import checks, claims, data, ledger, show

labkit.notebook.start(MODE, BUDGET)

# %%
import keras
from keras import Input, Sequential, layers, ops

# %% [markdown]
# All the numbers one may want to turn stand here; some cells have one more of their own.

# %%
DIGIT = 4  # the class whose pictures we look at
RATE = 0.5  # dropout: the chance of a unit to be silenced
SPECKS = 0.1  # share of the pixels that noise falls on
DEPTH = 10  # layers, where first weights are compared
STRENGTH = 0.01  # of the L2 penalty
MOMENTUM = 0.99  # of batch normalisation's moving averages

# %% [markdown]
# This is our picture. It is meant to be redrawn.

# %%
SKETCH = """
............
......##....
.....##.....
....##......
...##..##...
..##...##...
..########..
..########..
.......##...
.......##...
.......##...
............
"""
lines = SKETCH.split()
sketch = 1.0 * np.array([[dot == "#" for dot in row] for row in lines])

# %% [markdown]
# Two functions serve the whole page. `through` sends an array through a layer and gives the answer as a NumPy array; `panels`
# draws pictures side by side, in grey, or in red and blue where numbers may be negative.


# %%
def through(layer, inputs, **mode):
    return ops.convert_to_numpy(layer(inputs, **mode))


# %% tags=["hide-input"]
def write_numbers(panel, drawn, picture):
    for (row, column), value in np.ndenumerate(picture):
        bright = drawn.to_rgba(value)[:3] @ np.array([0.3, 0.6, 0.1])
        color = "black" if bright > 0.5 else "white"
        style = {"ha": "center", "va": "center", "fontsize": 8}
        panel.text(column, row, f"{value:.3g}", color=color, **style)


# %% tags=["hide-input"]
def panels(pictures, *, signed=False, numbers=False, top=None, side=2.1):
    """Draw title → (height, width) pictures in one row."""
    size = (side * len(pictures), side + 0.4)
    figure, axes = plt.subplots(1, len(pictures), figsize=size)
    color_map = "RdBu_r" if signed else "gray"
    for panel, (title, picture) in zip(
        np.ravel(axes), pictures.items(), strict=True
    ):
        most = top or np.abs(picture).max()
        least = -most if signed else 0
        drawn = panel.imshow(picture, color_map, vmin=least, vmax=most)
        panel.set_title(title, fontsize=10)
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set(visible=True, color="0.7")
        if numbers:
            write_numbers(panel, drawn, picture)
    figure.tight_layout()
    plt.close(figure)
    return figure


# %% mystnb={"image": {"alt": "The sketch: a figure four of two-pixel strokes, white on black, on a grid of twelve by twelve pixels, with a zero or a one written in every pixel."}}
panels({"the sketch": sketch}, numbers=True, side=3.8)
# %% [markdown]
# And here are real ones, from MNIST.

# %%
digits = data.load(
    "mnist", train=50_000, validation=10_000, seed=SEED, source=SOURCE
)
digits.request

# %% [markdown]
# ## What all layers have in common
#
# A layer is a function from arrays to arrays, and that is nearly all that layers share.

# %%
claims.quote("r2-layers-have-weights")

# %% [markdown]
# *Here are the eight layers of this page. Which of them have nothing to learn?* Guess before you run the cell.

# %%
tour = [
    layers.Flatten(),
    layers.Dense(10),
    layers.Dropout(RATE),
    layers.Activation("relu"),
    layers.Conv2D(16, 3),
    layers.MaxPooling2D(2),
    layers.AveragePooling2D(2),
    layers.BatchNormalization(),
]


# %%
def count(weights):
    return sum(int(np.prod(one.shape)) for one in weights)


image = np.zeros((1, 28, 28, 3))  # a batch of one colour image
rows = {
    type(layer).__name__: {
        "output shape": tuple(layer(image).shape),
        "learned": count(layer.trainable_weights),
        "kept": count(layer.non_trainable_weights),
    }
    for layer in tour
}
pd.DataFrame.from_dict(rows, orient="index")

# %% [markdown]
# Three layers of eight learn anything. Flatten, dropout and pooling have no weights, no bias and no activation of their own;
# batch normalisation learns two numbers a channel and keeps two more that no gradient ever touches. And the activation, which R2
# counts among the parts of a layer, can be a layer itself.
#
# One row is worth a second look: without a `Flatten` before it, the dense layer raised no error. It took the last axis for its
# input, the three colours of one pixel, and gave ten numbers for every pixel.

# %% [markdown]
# ## Dense
#
# Every unit of a dense layer has a weight for every input. It multiplies, adds up, adds its bias, and applies the activation:
#
# $$ y = f(x W + b) $$
#
# *Three inputs, two units: what are the two outputs below?* One of them can be told without a calculation.

# %%
x = np.array([[1.0, 2.0, 3.0]])  # a batch of one example
W = np.array([[1, -1], [0, -1], [2, -1]])  # inputs × units
b = np.array([0.5, 1.0])  # one a unit

dense = layers.Dense(2, activation="relu")
dense.build(x.shape)
dense.set_weights([W, b])
through(dense, x)

# %%
by_hand = np.maximum(x @ W + b, 0)  # max(…, 0) is the activation "relu"
np.testing.assert_allclose(by_hand, through(dense, x), rtol=1e-6)

# %% [markdown]
# The second unit's sum is negative, and ReLU answers that with zero. (`assert_allclose` is silent where two arrays agree, and
# raises an error where they do not; it appears a few times on this page.)
#
# ### A unit is a picture
#
# A unit that looks at 784 pixels has 784 weights, and these can be drawn as an image. To ask such a unit is to lay its weights
# over the image and add up what shines through. Let us make weights without any training: the mean image of one digit minus the
# mean of all the others.

# %%
images, labels = digits.train.images[..., 0], digits.train.labels
mine = images[labels == DIGIT].mean(axis=0)
template = mine - images[labels != DIGIT].mean(axis=0)
digit = images[labels == DIGIT][0]

# %% mystnb={"image": {"alt": "Three panels. A handwritten four in red on white; a red and blue template, red where fours are usually bright and blue where other digits are; and their product, which lies along the strokes of the digit and is mostly red."}}
panels(
    {
        "image": digit,
        "weights of a unit": template,
        "their product": digit * template,
    },
    signed=True,
)
# %% [markdown]
# The unit's answer is the sum over the right panel: red counts for it, blue against it. Ten such units, one a digit, make a dense
# layer that has never seen a training step. With the mean image $m_k$ as weights and $-\tfrac{1}{2} \lVert m_k \rVert^2$ as bias,
# the largest output belongs to the nearest mean. *How many digits will it read correctly: one in ten, half, more?*

# %%
means = np.stack([images[labels == k].mean(axis=0) for k in range(10)])
kernel = means.reshape(10, 784).T
templates = layers.Dense(10)
templates.build((None, 784))
templates.set_weights([kernel, -(kernel**2).sum(axis=0) / 2])

# %%
unseen = digits.validation
answers = through(templates, unseen.images.reshape(-1, 784)).argmax(axis=1)
right = np.mean(answers == unseen.labels)
print(f"read correctly: about {10 * right:.0f} in ten")

# %% mystnb={"image": {"alt": "The ten mean images, zero to nine, in two rows. Each is a blurred but recognisable digit."}}
show.images(means[..., None], digits.class_names, columns=5)
# %% [markdown]
# So the layer itself is able; what training adds are better templates, and more layers.

# %% [markdown]
# ## Activations
#
# Without activations, depth is an illusion. *Two dense layers, 8 inputs to 16 units to 3: how few weights could do the same?*

# %%
random = np.random.default_rng(0)
first, second = layers.Dense(16), layers.Dense(3)
x = random.normal(size=(5, 8))
twice = through(second, first(x))

# %%
(W1, b1), (W2, b2) = first.get_weights(), second.get_weights()
once = x @ (W1 @ W2) + (b1 @ W2 + b2)  # one layer: 8 inputs, 3 units
np.testing.assert_allclose(twice, once, atol=1e-5)

# %% [markdown]
# One layer with 24 weights says the same as two with 176. A bend between them ends this, and almost any bend does. What matters
# then is the *slope*: training multiplies the slopes of all layers on its way back.

# %% mystnb={"image": {"alt": "Four activation functions from minus four to four, each with its slope as a dashed line. ReLU: zero, then a straight line, slope zero or one. Leaky ReLU: the same with a small slope on the left. Sigmoid: an s from zero to one whose slope is a low hill. Tanh: a steeper s from minus one to one whose slope is a hill of height one."}}
BENDS = ["relu", "leaky_relu", "sigmoid", "tanh"]
z = np.linspace(-4, 4, 801)
figure, axes = plt.subplots(1, 4, figsize=(9.6, 2.4), sharey=True)
for panel, name in zip(axes, BENDS, strict=True):
    values = through(keras.activations.get(name), z)
    panel.plot(z, values)
    panel.plot(z, np.gradient(values, z), "--")
    panel.set(title=name, ylim=(-1.2, 1.6))
legend = axes[0].legend(["value", "slope"], fontsize=9)

# %% [markdown]
# *Which of the four passes a signal back through ten layers undamaged?*

# %%
steepest = {
    name: np.gradient(through(keras.activations.get(name), z), z).max()
    for name in BENDS
}
slopes = pd.DataFrame({"steepest slope": steepest})
slopes["through 10 layers"] = slopes["steepest slope"] ** 10
slopes.map("{:.2g}".format)

# %% [markdown]
# The sigmoid takes away three quarters of the signal in every layer, and that is at its best point. Tanh takes nothing at zero,
# and much elsewhere. Wherever a ReLU answers at all its slope is 1. This is why hidden layers use ReLU today, and why the sigmoid
# is kept for outputs that are to be read as a probability.
#
# ReLU pays for it: a unit can die. *Lower its bias, and how many of 10,000 random inputs still get an answer out of it?*

# %%
z = random.normal(size=10_000)
pd.DataFrame(
    {
        f"bias {bias}": {"still answered": np.sum(z + bias > 0)}
        for bias in (0, -1, -3, -6)
    }
)

# %% [markdown]
# With the lowest bias the answer is zero for every input, and so is the slope: no gradient comes through, and training cannot
# bring the unit back. A leaky ReLU keeps a small slope there.
#
# ### Softmax
#
# Ten outputs become ten probabilities by
#
# $$ p_k = \frac{e^{z_k / T}}{\sum_j e^{z_j / T}}, $$
#
# where the temperature $T$ is 1 in Keras. *What happens to the bars below if all logits grow by 100? And if they are multiplied
# by 4?*

# %% mystnb={"image": {"alt": "Four bar charts of softmax over the same four logits. As they are, the largest takes about two thirds. With 100 added to each, exactly the same picture. Multiplied by four, the largest takes almost everything. Divided by four, the bars are nearly equal."}}
logits = np.array([[1.0, 3.0, 2.0, 0.0]])
cases = {
    "logits": logits,
    "logits + 100": logits + 100,
    "logits × 4": logits * 4,
    "logits ÷ 4": logits / 4,
}
figure, axes = plt.subplots(1, 4, figsize=(9.6, 2.2), sharey=True)
for panel, (title, values) in zip(axes, cases.items(), strict=True):
    panel.bar(range(4), through(keras.activations.softmax, values)[0])
    panel.set(title=title, xticks=range(4), ylim=(0, 1))
label = axes[0].set_ylabel("probability")

# %% [markdown]
# Adding changes nothing: only differences count. Multiplying by 4 is the same as a temperature of a quarter: the same answer,
# given more surely. How sure a softmax sounds is a matter of scale. It is also the one activation here whose outputs depend on
# each other.

# %% [markdown]
# ## Flatten
#
# It lays the rows of an image one behind the other.

# %%
claims.quote("r2-flatten-leaves-the-batch")

# %%
two = np.arange(12).reshape(2, 2, 3, 1)  # 2 images of 2 × 3 pixels
through(layers.Flatten(), two)

# %% [markdown]
# *Two pixels that touch in the image: how far apart are they afterwards?* Side by side they stay neighbours; one above the other
# they end up a whole row apart. To a dense layer that makes no difference: it has no notion of a neighbour, and would learn as
# well if all images were scrambled in the same way. The next layers would not.

# %%
places = np.arange(28 * 28).reshape(28, 28)
print("beside:", places[10, 11] - places[10, 10])
print("below: ", places[11, 10] - places[10, 10])

# %% [markdown]
# ## Dropout

# %%
claims.quote("r2-dropout-prevents-overfitting")

# %% [markdown]
# That is half of it. Here are 64 ones, three times in training and once in inference mode. *Look for two things the sentence does
# not say.*

# %%
dropout = layers.Dropout(RATE, seed=0)
ones = np.ones((1, 8, 8))
draws = {
    f"training, draw {n}": through(dropout, ones, training=True)[0]
    for n in (1, 2, 3)
}
draws["inference"] = through(dropout, ones, training=False)[0]

# %% mystnb={"image": {"alt": "Four grids of eight by eight numbers. Three random patterns of zeros and twos, for training; and a grid of nothing but ones, for inference."}}
panels(draws, numbers=True, top=1 / (1 - RATE))
# %% [markdown]
# The survivors are no longer 1: they are multiplied by
#
# $$ \frac{1}{1 - \text{rate}}, $$
#
# so that the *mean* of what arrives stays the same and inference, where nothing is dropped, need not change anything. And the
# number of zeros differs from draw to draw: the rate is a chance that each unit takes for itself, not a share that is always met.
# Whether it avoids overfitting is what practical 01 measures.

# %%
many = through(dropout, np.ones((10_000, 64)), training=True)
print(f"mean of 10,000 draws: {many.mean():.2f}")
print(f"survivors are worth:  {many.max():.2f}")

# %% mystnb={"image": {"alt": "A bell-shaped histogram of the number of silenced units out of 64, centred at 32 and reaching from about 20 to about 45."}}
silenced = (many == 0).sum(axis=1)
figure, ax = plt.subplots(figsize=(7, 2.4))
ax.set(xlabel="silenced units of 64", ylabel="draws")
bars = ax.hist(silenced, bins=np.arange(65) - 0.5)

# %% [markdown]
# The draws are made anew for every example of every batch, and only while training. So metrics that are taken while training are
# those of a handicapped network; practical 01 shows what comes of comparing them with validation.

# %% [markdown]
# ## Convolution
#
# A small window of weights, the *filter* or *kernel*, is laid over every place of the image in turn. At each it answers as a
# dense unit would: multiply, add up. The answers, in their places, are a new image, the *feature map*.
#
# In Python that is two loops.


# %%
def convolve(picture, kernel):
    """Return the feature map of a 2-D picture: no frame, steps of one."""
    height, width = kernel.shape
    down = picture.shape[0] - height + 1
    across = picture.shape[1] - width + 1
    answers = np.zeros((down, across))
    for row in range(down):
        for column in range(across):
            window = picture[row : row + height, column : column + width]
            answers[row, column] = np.sum(window * kernel)
    return answers


# %% [markdown]
# The kernel below asks every place: is it brighter on your right than on your left? *Where in the four will the answer be yes,
# where no, and where nothing?*

# %%
rightwards = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
answers = convolve(sketch, rightwards)

# %% mystnb={"image": {"alt": "Two panels with a number in every pixel: the kernel, minus ones on the left, zeros, ones on the right; and the feature map of ten by ten, positive and red along the left sides of the strokes of the four, negative and blue along their right sides, zero where both sides are alike."}}
panels(
    {"kernel": rightwards, "feature map": answers},
    signed=True,
    numbers=True,
    top=3,
    side=3.6,
)

# %% [markdown]
# Red where a stroke begins, blue where it ends, white where left and right are alike: this kernel finds vertical edges. Twelve
# pixels have become ten, because a window of three fits into twelve in ten places.
#
# Does Keras compute the same? `fixed` makes a convolution layer with weights of our choice.


# %%
def fixed(kernel, **options):
    """Return a Conv2D layer with this (height, width) kernel."""
    layer = layers.Conv2D(1, kernel.shape, use_bias=False, **options)
    layer.build((None, None, None, 1))
    layer.set_weights([kernel[:, :, None, None]])
    return layer


def mapped(layer, picture):
    """Send one 2-D picture through a layer for images."""
    return through(layer, picture[None, :, :, None])[0, :, :, 0]


# %%
keras_says = mapped(fixed(rightwards), sketch)
np.testing.assert_allclose(keras_says, convolve(sketch, rightwards))

noise = random.normal(size=(20, 30))
any_kernel = random.normal(size=(4, 5))
np.testing.assert_allclose(
    mapped(fixed(any_kernel), noise),
    convolve(noise, any_kernel),
    atol=1e-4,
)

# %% [markdown]
# It does, up to rounding, and for any picture and kernel.
#
# A remark on the name. A mathematician's convolution turns the kernel round by half a turn first; what all deep-learning
# libraries call convolution is a *cross-correlation*. As the weights are learned, it makes no difference: a network would learn
# the turned ones.

# %%
half_turn = rightwards[::-1, ::-1]
print("turned round, the answers change sign:", end=" ")
print(np.array_equal(convolve(sketch, half_turn), -answers))

# %%
claims.quote("r2-convolution-is-a-learning-algorithm")

# %% [markdown]
# Nothing on this page has been trained, and the kernel found its edges. Convolution itself is arithmetic, far older than deep
# learning; it gives no importance and tells nothing apart. What is learned are the nine weights. Telling digits from each other
# is the work of a whole network.
#
# ### Filters
#
# One layer has many kernels, and gives one feature map for each. Here are four that were made by hand.

# %%
FILTERS = {
    "vertical edges": rightwards,
    "horizontal edges": rightwards.T,
    "mean": np.full((3, 3), 1 / 9),
    "outline": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
}
four = layers.Conv2D(len(FILTERS), 3, use_bias=False)
four.build((None, 28, 28, 1))
four.set_weights([np.stack(list(FILTERS.values()), axis=-1)[:, :, None]])
tuple(four.kernel.shape)  # height, width, channels in, filters

# %% mystnb={"image": {"alt": "A handwritten four and its four feature maps. Vertical edges: steep strokes have a red left and a blue right side. Horizontal edges: the bar has a side of each colour. Mean: the digit, blurred. Outline: a thin line around the strokes."}}
maps = through(four, digit[None, :, :, None])[0]  # 26 × 26 × 4
shown = {"image": digit} | {
    name: maps[..., place] for place, name in enumerate(FILTERS)
}
panels(shown, signed=True)
# %% [markdown]
# Exchange a kernel for one of your own, and look what it finds. A trained network makes up its own; those of R2's third model are
# drawn in practical 04. And how many should there be?

# %%
claims.quote("r2-deeper-layers-need-more-filters")

# %% [markdown]
# That is a habit, and a good one: the maps shrink on their way, and more of them keep the work even. No single layer can tell
# whether it is right for a given problem; trainings can.
#
# ### What it costs
#
# *The image grows from 8 to 224 pixels a side. How do the parameters of a convolution with 32 filters grow, and how those of a
# dense layer with 32 units?*

# %%
sides = (8, 28, 224)
costs = {}
for side in sides:
    convolution, flat = layers.Conv2D(32, 3), layers.Dense(32)
    convolution.build((None, side, side, 1))
    flat.build((None, side * side))
    costs[f"{side} × {side}"] = {
        "Conv2D(32, 3)": f"{convolution.count_params():,}",
        "Flatten, Dense(32)": f"{flat.count_params():,}",
    }
pd.DataFrame.from_dict(costs, orient="index")

# %% [markdown]
# The convolution uses the same few weights at every place, so it does not know how large the image is: its parameters are
#
# $$ (\text{height} \times \text{width} \times \text{channels in} + 1) \times \text{filters}. $$
#
# What does grow with the image is the *work*, and the feature maps that have to be kept.
#
# ### How far it sees

# %%
claims.quote("r2-kernel-size-follows-image-size")

# %% [markdown]
# It is one way to see further. Here is another: one lit pixel is sent through layer after layer of 3 by 3 kernels; wherever
# something arrives, a pixel can be seen from.

# %%
DOT = np.zeros((15, 15))
DOT[7, 7] = 1
look = fixed(np.ones((3, 3)), padding="same")
seen = {"one pixel": DOT}
picture = DOT
for times in (1, 2, 3):
    picture = mapped(look, picture)
    seen[f"{times} × Conv2D(1, 3)"] = picture
{title: int((one > 0).any(axis=0).sum()) for title, one in seen.items()}

# %% mystnb={"image": {"alt": "Four panels. A single white pixel in the middle, then a white square of three by three, of five by five and of seven by seven pixels."}}
panels({title: one > 0 for title, one in seen.items()})
# %% [markdown]
# The side of that square is the *receptive field*. Three kernels of 3 see as far as one of 7, with 27 weights in place of 49 for
# each pair of channels, and with room for an activation after each. That is why most networks since 2014 pile up small kernels.
# Strides and pooling, further down, make the receptive field grow faster still.
#
# ### Padding

# %%
claims.quote("r2-padding-shrinks-less")

# %% [markdown]
# A frame of what? *A kernel that takes the mean of nine pixels runs over an image where every pixel is 1. What comes out in the
# middle, at the edge, in the corner?*

# %%
flat_field = np.ones((6, 6))
average = FILTERS["mean"]
frames = {
    "valid": mapped(fixed(average, padding="valid"), flat_field),
    "same": mapped(fixed(average, padding="same"), flat_field),
    "same, 2 × 2": mapped(
        fixed(np.full((2, 2), 0.25), padding="same"), flat_field
    ),
}

# %% mystnb={"image": {"alt": "Three panels with numbers. Valid: four by four ones. Same: six by six, ones inside, two thirds along the edges and 0.44 in the corners. Same with a kernel of two by two: six by six ones, except the last row and the last column, which are one half, and their corner, a quarter."}}
panels(frames, numbers=True, side=2.6)
# %% [markdown]
# The frame is made of **zeros**, so the edge of the map speaks partly of pixels that do not exist: with `same`, a uniform image
# no longer looks uniform. With a stride of 1 the image does not shrink *less*, it does not shrink at all. And the frame need not
# go all the way round: a kernel of 2 by 2 needs one more row and column, and Keras adds them below and on the right.
#
# ### Strides

# %%
claims.quote("r2-strides-x-then-y")

# %% [markdown]
# An image is stored as rows, then columns. *Which side is halved by strides of `(1, 2)`: the height or the width?*

# %%
mapped(layers.Conv2D(1, 3, strides=(1, 2), padding="same"), sketch).shape

# %% [markdown]
# Rows first, so the first number is the step *downwards*, along y. The kernel's size is given in the same order, as R2 itself
# says, and so is a pool's. With equal numbers nobody notices.

# %%
claims.quote("r2-strides-replace-pooling")

# %% [markdown]
# They can replace pooling, but it is not the same thing. *A convolution with stride 2 against the same one with stride 1: what
# has been computed, and what has not?*

# %%
every = mapped(fixed(rightwards), sketch)
second_only = mapped(fixed(rightwards, strides=2), sketch)
np.testing.assert_allclose(second_only, every[::2, ::2])
print(f"{every.size} answers with stride 1, {second_only.size} with 2")

# %% [markdown]
# A stride takes every second answer and never computes the others; max pooling computes all and keeps the largest of four. So a
# stride matters for the work to be done, for the size of all that follows and for how far the next layers see, whether or not
# there was a pool to replace.
#
# ### The size of what comes out
#
# A window of $k$ pixels, moved in steps of $s$ over $n$ pixels to which $p$ zeros have been added on each side, fits in
#
# $$ \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1 $$
#
# places. `valid` is $p = 0$. `same` adds as many zeros as it takes to arrive at $\lceil n / s \rceil$; if their number is odd,
# one side gets one more.


# %%
def output_size(size, *, kernel, stride=1, padding="valid"):
    if padding == "same":
        return -(-size // stride)  # division rounded up
    return (size - kernel) // stride + 1


# %%
from itertools import product

table = []
for kernel_size, stride, frame in product(
    (2, 3, 5), (1, 2), ("valid", "same")
):
    layer = layers.Conv2D(1, kernel_size, strides=stride, padding=frame)
    ours = output_size(28, kernel=kernel_size, stride=stride, padding=frame)
    found = layer.compute_output_shape((None, 28, 28, 1))[1]
    table.append([kernel_size, stride, frame, ours, found])
names = ["kernel", "stride", "padding", "formula", "Keras"]
pd.DataFrame(table, columns=names).set_index(names[:3])

# %% [markdown]
# ### Too small to go on
#
# A block of a 3 by 3 convolution and a 2 by 2 pool is what many networks repeat. *How many such blocks does an image of 28 by 28
# survive without padding?* Work it out with `output_size`, then build four.


# %%
def blocks(padding):
    stack = [Input((28, 28, 1))]
    for filters in (8, 16, 32, 64):
        stack.append(layers.Conv2D(filters, 3, padding=padding))
        stack.append(layers.MaxPooling2D(2))
    return Sequential(stack)


# %%
with checks.raises(ValueError, saying="zero or negative"):
    blocks("valid")

# %% [markdown]
# Keras names the layer's input: three blocks have left a single pixel, and a window of three does not fit into one. A frame mends
# it:

# %%
show.summary(blocks("same"))

# %% [markdown]
# It ends at a single pixel now, one that has seen everything. Whether so little is *enough* to tell digits apart is another
# question, which R2's second model will ask.
#
# ### A window of one pixel
#
# R2 counts kernels of 1 by 1 among the usual ones, and uses one in its last model. Such a window has no neighbours in it. What it
# can do is *mix channels*: each pixel of the new map is a sum of the colours of one old pixel.

# %%
ramp = np.tile(np.linspace(0, 1, 12), (12, 1))
colour = np.stack([sketch, sketch.T, ramp], axis=-1)  # red, green, blue
mixer = layers.Conv2D(1, 1, use_bias=False)
mixer.build(colour[None].shape)
mixer.set_weights([np.reshape([0.30, 0.59, 0.11], (1, 1, 3, 1))])
grey = through(mixer, colour[None])[0, ..., 0]

# %% mystnb={"image": {"alt": "Left, a colour picture: a red four, a green four mirrored at the diagonal, and blue growing to the right. Right, the same in grey, as the kernel of one pixel mixes it."}}
panels({"three channels": colour, "mixed by a 1 × 1 kernel": grey})
# %% [markdown]
# If it sees no neighbours, it must not matter where the pixels are. *So what happens if we scramble all pixels: for a kernel of
# 1, and for one of 3?*

# %%
order = random.permutation(144)


def scrambled(picture):
    return picture.reshape(144, -1)[order].reshape(12, 12, -1)


for size in (1, 3):
    layer = layers.Conv2D(4, size, padding="same")
    before = through(layer, scrambled(colour)[None])[0]
    after = scrambled(through(layer, colour[None])[0])
    same = np.allclose(before, after, atol=1e-5)
    print(f"{size} × {size}: the same before or after? {same}")

# %% [markdown]
# A 1 by 1 convolution is one dense layer, applied to every pixel alike. It recombines what earlier layers have found, and can do
# so in fewer channels; it cannot find a shape.

# %% [markdown]
# ## First weights
#
# Before training, weights are drawn at random; the *initialiser* says how large they are. All layers with a kernel have one.

# %%
claims.quote("r2-he-normal-suits-convolutions")

# %% [markdown]
# Send random numbers through ten dense layers with ReLU, none of them trained, and measure how strong the signal is after each
# (its root mean square). *Which of the four below keeps the signal as it is? What do the others do to it?*

# %%
from functools import partial

from keras import initializers

INITIALISERS = {
    "normal, sd 0.01": partial(initializers.RandomNormal, stddev=0.01),
    "glorot_uniform": initializers.GlorotUniform,
    "he_normal": initializers.HeNormal,
    "normal, sd 0.3": partial(initializers.RandomNormal, stddev=0.3),
}


# %%
def strengths(initialiser, *between):
    """Return the signal's root mean square after each of DEPTH layers."""
    keras.utils.set_random_seed(0)
    signal, found = np.random.normal(size=(256, 512)), []
    for _ in range(DEPTH):
        steps = [layers.Dense(512, kernel_initializer=initialiser())]
        steps += [make() for make in between] + [layers.ReLU()]
        for step in steps:
            signal = through(step, signal, training=True)
        found.append(np.sqrt(np.mean(signal**2)))
    return found


def draw_strengths(curves, title):
    ax = plt.subplots()[1]
    for name, found in curves.items():
        ax.plot(range(1, DEPTH + 1), found, marker="o", label=name)
    ax.set(yscale="log", ylim=(1e-10, 1e10), title=title)
    ax.set(xlabel="after layer", ylabel="strength of the signal")
    ax.legend(ncols=2, fontsize=9, loc="upper left")


# %% mystnb={"image": {"alt": "Strength of the signal after each of ten layers, on a logarithmic scale. With weights of standard deviation 0.01 it falls by many powers of ten. With glorot_uniform it falls slowly. With he_normal it stays at one. With standard deviation 0.3 it grows by many powers of ten."}}
plain = {
    name: strengths(initialiser)
    for name, initialiser in INITIALISERS.items()
}
draw_strengths(plain, "ten dense layers, untrained")
# %% [markdown]
# A little too small or too large, ten times over, is a great deal. `he_normal` draws with variance $2/n$ for $n$ inputs, and the
# 2 makes up for the half that ReLU cuts away (He and others, 2015); `glorot_uniform` was made for tanh (Glorot and Bengio, 2010)
# and loses a little with ReLU. So this recommendation is sound. Another sentence on it is not:

# %%
claims.quote("r2-third-regulariser-helps")

# %% [markdown]
# An initialiser decides where training starts and whether it gets going. Overfitting is what happens later, and that is the
# regulariser's business.
#
# ### A penalty on the kernel
#
# With `kernel_regularizer`, a layer adds to the loss a number that grows with its weights. *Which of our four kernels costs most
# under L2, the sum of squares?*

# %%
regulariser = keras.regularizers.L2(STRENGTH)
paying = layers.Conv2D(len(FILTERS), 3, kernel_regularizer=regulariser)
paying.build((None, 28, 28, 1))
paying.set_weights([*four.get_weights(), np.full(4, 100.0)])  # and biases

# %%
bill = {name: STRENGTH * np.sum(one**2) for name, one in FILTERS.items()}
total = float(sum(paying.losses))
np.testing.assert_allclose(total, sum(bill.values()), rtol=1e-5)
bill["the layer, all four"] = total
pd.Series(bill, name="penalty").round(3).to_frame()

# %% [markdown]
# The biases were set to 100 and cost nothing: a kernel regulariser looks at the kernel only. Nor does the penalty change what the
# layer answers. It acts through training alone, where large weights now have to be worth their price; practical 01 shows what
# that does.

# %% [markdown]
# ## Pooling
#
# Cut the image into windows and keep one number of each: the largest, or the mean. There is nothing to learn in that.

# %%
numbers = 1.0 * random.integers(0, 10, size=(4, 4))
windows = numbers.reshape(2, 2, 2, 2).swapaxes(1, 2)  # [down, across]
pooled = {
    "image": numbers,
    "max": mapped(layers.MaxPooling2D(2), numbers),
    "mean": mapped(layers.AveragePooling2D(2), numbers),
}
np.testing.assert_array_equal(pooled["max"], windows.max(axis=(2, 3)))
np.testing.assert_array_equal(pooled["mean"], windows.mean(axis=(2, 3)))

# %% mystnb={"image": {"alt": "Three panels with numbers: an image of four by four random digits, and the two by two maxima and two by two means of its four quarters."}}
panels(pooled, numbers=True, top=10)
# %% [markdown]
# Its sizes follow the formula above, with a stride equal to the window unless you say otherwise.
#
# ### And noise?

# %%
claims.quote("r2-max-pooling-removes-noise")

# %% [markdown]
# Which noise? *Three kinds fall on a clean picture: white specks, black specks, and a fine grain that makes every pixel a little
# brighter or darker. Against which of them would you choose the maximum, against which the mean?*


# %%
def noisy(pictures, kind):
    hit = random.random(pictures.shape) < SPECKS
    grain = random.normal(scale=0.2, size=pictures.shape)
    spoiled = {
        "white specks": np.where(hit, 1, pictures),
        "black specks": np.where(hit, 0, pictures),
        "grain": pictures + grain,
    }
    return spoiled[kind]


NOISES = ["white specks", "black specks", "grain"]

# %% mystnb={"image": {"alt": "A handwritten four in three versions, one a row: with white specks, with black specks, with grain. Beside each its max-pooled and its average-pooled version. Under the maximum white specks grow, black specks vanish and grain brightens the background. Under the mean all three become fainter."}}
figure, axes = plt.subplots(3, 3, figsize=(6, 6.2))
for kind, row in zip(NOISES, axes, strict=True):
    spoiled = noisy(digit, kind)
    shown = {
        kind: spoiled,
        "max pooling": mapped(layers.MaxPooling2D(2), spoiled),
        "average pooling": mapped(layers.AveragePooling2D(2), spoiled),
    }
    for panel, (title, picture) in zip(row, shown.items(), strict=True):
        panel.imshow(picture, vmin=0, vmax=1)
        panel.set_title(title, fontsize=10)
        panel.axis("off")
figure.tight_layout()

# %% [markdown]
# Now by numbers, on 1,000 spoiled copies of the sketch: how far is the spoiled picture from the clean one (root mean square),
# before and after both are pooled?

# %%
copies = np.repeat(sketch[None, :, :, None], 1000, axis=0)
pools = {
    "not pooled": layers.Identity(),
    "max pooling": layers.MaxPooling2D(2),
    "average pooling": layers.AveragePooling2D(2),
}


def distance(pool, kind):
    gap = through(pool, noisy(copies, kind)) - through(pool, copies)
    return np.sqrt(np.mean(gap**2)).round(2)


pd.DataFrame(
    {
        title: {kind: distance(pool, kind) for kind in NOISES}
        for title, pool in pools.items()
    }
)

# %% [markdown]
# By this measure the mean weakens all three, as means do. The maximum weakens the black specks alone, which it paints over, and
# makes the two others worse: one white pixel is enough to win its window. On white ink over black paper, R2's sentence is nearly
# the wrong way round. In a network the maximum sees feature maps, where "bright" means that a filter has found its pattern, and
# there keeping the strongest answer can be a good idea.
#
# ### A pixel to the right
#
# A better reason for pooling: it should not matter much where exactly a stroke is. Shift the sketch by a few pixels and measure
# how much the pooled picture changes, as a share of its own size. *Global* pooling takes the whole image for its window. *What
# will its line look like?*

# %%
POOLS = {
    "not pooled": layers.Identity(),
    "max 2 × 2": layers.MaxPooling2D(2),
    "max 4 × 4": layers.MaxPooling2D(4),
    "mean 4 × 4": layers.AveragePooling2D(4),
    "global mean": layers.GlobalAveragePooling2D(keepdims=True),
}
wide = np.pad(sketch, 4)  # room for the shift
# from four places, because windows begin at every second or fourth pixel
starts = np.stack([np.roll(wide, start, axis=1) for start in range(4)])


def change(pool, shift):
    before = through(pool, starts[..., None])
    after = through(pool, np.roll(starts, shift, axis=2)[..., None])
    return np.linalg.norm(after - before) / np.linalg.norm(before)


# %% mystnb={"image": {"alt": "Relative change of the picture against the shift, from zero to three pixels. Without pooling the line climbs fastest. Max pooling by two lies below it, max pooling by four below that, average pooling by four lowest of these. Global mean stays at zero."}}
figure, ax = plt.subplots()
for title, pool in POOLS.items():
    ax.plot([change(pool, shift) for shift in range(4)], "o-", label=title)
ax.set(xlabel="shift in pixels", ylabel="relative change", xticks=range(4))
legend = ax.legend(fontsize=9)

# %% [markdown]
# Small shifts matter less after pooling, and the larger the window the less; global pooling does not notice them at all, but it
# has forgotten where anything is. Pooling forgets places, and that is its use and its price.
#
# And its frame? With `padding="same"` pooling leaves out the pixels that do not exist, so here nothing darkens: unlike in a
# convolution, it is no frame of zeros.

# %%
edge = mapped(layers.AveragePooling2D(3, padding="same"), flat_field[:5])
edge.round(2)

# %% [markdown]
# ## Batch normalisation
#
# For each channel, take the mean $\mu$ and the variance $\sigma^2$ over the batch (and over all places of an image), and
#
# $$ y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta. $$
#
# $\gamma$ and $\beta$ are learned, and begin at 1 and 0. *Three channels enter, with means of 5, 0 and −3 and very different
# widths. How do they leave? Between 0 and 1?*

# %%
centres, widths = np.array([5.0, 0.0, -3.0]), np.array([2.0, 0.2, 1.0])
batch = random.normal(centres, widths, size=(256, 3))
normalise = layers.BatchNormalization(momentum=MOMENTUM)
after = through(normalise, batch, training=True)

# %% mystnb={"image": {"alt": "Two panels of histograms of three channels. Before: a broad hill at five, a needle at zero and a hill at minus three. After: all three lie on top of each other around zero, between about minus three and three."}}
BINS = np.arange(-8, 12, 0.4)
figure, axes = plt.subplots(1, 2, figsize=(9, 2.6))
for panel, values, title in zip(
    axes, (batch, after), ("before", "after"), strict=True
):
    for channel in range(3):
        name = f"channel {channel}"
        panel.hist(values[:, channel], bins=BINS, alpha=0.6, label=name)
    panel.set(title=title, yticks=[])
legend = axes[1].legend()

# %%
mean, variance = batch.mean(axis=0), batch.var(axis=0)
by_hand = (batch - mean) / np.sqrt(variance + normalise.epsilon)
np.testing.assert_allclose(after, by_hand, atol=1e-4)

# %% [markdown]
# Each channel has mean 0 and standard deviation 1 (the narrow one a little less: that is $\varepsilon$). They are not confined to
# any interval: values beyond −2 and 2 are ordinary.
#
# ### Why training and inference differ
#
# The same layer, the same batch, in inference mode. *What do you expect?*

# %%
asked = through(normalise, batch, training=False)
compared = pd.DataFrame(
    {
        "mean in": batch.mean(axis=0),
        "mean out, training": after.mean(axis=0),
        "mean out, inference": asked.mean(axis=0),
    }
)
compared.round(1) + 0.0  # no minus before a zero

# %% [markdown]
# In inference mode the batch comes out almost as it went in. Somebody may want an answer for one image, and it should not depend
# on which others are asked about at the same time. So the layer does not look at the batch then; it uses two averages that it has
# *kept* while training:
#
# $$ \text{kept} \leftarrow m \cdot \text{kept} + (1 - m) \cdot \text{this batch}, $$
#
# beginning with mean 0 and variance 1. The momentum $m$ is 0.99 unless you choose another, and so far there has been one batch.
# *How many does it take?*


# %%
def kept_means(momentum, *, batches=500):
    layer = layers.BatchNormalization(momentum=momentum)
    found = []
    for _ in range(batches):
        layer(random.normal(5, 2, size=(32, 1)), training=True)
        found.append(float(layer.moving_mean[0]))
    return found


# %% mystnb={"image": {"alt": "The kept mean over 500 batches. With momentum 0.9 it is at five after some forty batches and then trembles around it. With the momentum of the knob cell, 0.99, it approaches five smoothly and takes more than 300 batches."}}
averages = {one: kept_means(one) for one in (0.9, MOMENTUM)}
figure, ax = plt.subplots(figsize=(7, 2.8))
for momentum, found in averages.items():
    ax.plot(found, label=f"momentum {momentum}")
ax.axhline(5, color="gray", linestyle="--", label="true mean")
ax.set(xlabel="batches", ylabel="kept mean")
legend = ax.legend()

# %% [markdown]
# After 100 batches, $0.99^{100}$, more than a third, is still missing. A network with batch normalisation that is trained briefly
# can therefore look good in training and bad in validation without any overfitting: its averages are not there yet.
#
# ### You and your batch
#
# One and the same example, the number 1, first among low numbers, then among high ones. *What does it become?*

# %%
COMPANIONS = {
    "among low ones": [[1], [0], [-1]],
    "among high ones": [[1], [5], [6]],
    "alone": [[1]],
}


def becomes(group, *, training):
    fresh = layers.BatchNormalization()
    return through(fresh, 1.0 * np.array(group), training=training)[0, 0]


fates = {
    name: {
        "training": becomes(group, training=True),
        "inference": becomes(group, training=False),
    }
    for name, group in COMPANIONS.items()
}
pd.DataFrame.from_dict(fates, orient="index").round(1) + 0.0

# %% [markdown]
# In training an example is judged by its company. Alone it becomes zero, as anything would: minus its own mean, nothing is left.
# (The pixels of a single *image* still have each other for company.) In inference mode it stays what it is.

# %%
claims.quote("r2-batch-normalisation-helps")

# %% [markdown]
# Not in general: it depends on the batch. Let a 1 stand among random companions, a thousand times over, and see how much its
# output is thrown about. *From which batch size on would you rely on it?*

# %% mystnb={"image": {"alt": "Standard deviation of the output for one and the same example, against batch sizes from 2 to 256 on a logarithmic scale. It is large for the smallest batches, falls steeply, and is less than a tenth at 256."}}
SIZES = [2, 4, 8, 16, 32, 64, 128, 256]


def thrown_about(size):
    group = random.normal(size=(size, 1000))
    group[0] = 1  # a thousand columns: a 1 and its companions each
    layer = layers.BatchNormalization()
    return through(layer, group, training=True)[0].std()


figure, ax = plt.subplots(figsize=(7, 3))
ax.plot(SIZES, [thrown_about(size) for size in SIZES], "o-")
ax.set(xlabel="batch size", ylabel="sd of the output", ylim=(0, None))
ax.set_xscale("log", base=2)
ticks = ax.set_xticks(SIZES, SIZES)

# %%
for companion in (1.7, 90, -90):
    answer = becomes([[1], [companion]], training=True)
    print(f"1 beside {companion}: {answer:.1f}")

# %% [markdown]
# In a batch of two an output can only be about 1 or −1: who is larger is all that is left. With the batches of 32 to 128 that R2
# trains with, the noise is mild, and may even keep a network from learning its examples by heart; with tiny batches it drowns
# them. Whether a *trained* network is better for it is a question for runs with and without, from several seeds; R2 has none, and
# its third model changes several things at once.
#
# One part of the sentence can be tested without training: does it make weights easier to initialise? *The ten layers from above,
# the same four initialisers, and batch normalisation before each ReLU: what becomes of the four lines?*

# %% mystnb={"image": {"alt": "The same figure as before with batch normalisation in every layer: all four lines now lie on top of one another, flat, a little below one."}}
eased = {
    name: strengths(initialiser, layers.BatchNormalization)
    for name, initialiser in INITIALISERS.items()
}
draw_strengths(eased, "the same, with batch normalisation")
# %% [markdown]
# This part holds, and is perhaps the best reason for the layer. However small or large the first weights are, every layer hands
# on a signal of the same strength (Ioffe and Szegedy, 2015).

# %% [markdown]
# ## Exercises
#
# Each has checks that need no answer key. A solution is folded beneath it; the course's own tests run it.
#
# ### Exercise 1: a kernel of your own
#
# Make a 3 by 3 kernel `falling` that answers strongly to strokes that fall to the right, like `\`, and not to those that rise,
# like `/`. Predict its two feature maps. The check: its largest answer to the first picture is at least twice that to the second.

# %%
falls = np.eye(8)  # a stroke like a backslash
rises = np.fliplr(falls)
# your kernel

# %% tags=["hide-cell"]
falling = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]])

best = convolve(falls, falling).max()
assert best > 0, "it should answer to its own stroke"
assert best >= 2 * convolve(rises, falling).max(), "and to no other"

# %% mystnb={"image": {"alt": "Two feature maps. On the falling stroke a strong red diagonal; on the rising stroke only weak colours."}} tags=["hide-cell"]
panels(
    {
        "falls": convolve(falls, falling),
        "rises": convolve(rises, falling),
    },
    signed=True,
    top=6,
)
# %% [markdown]
# ### Exercise 2: strides and channels by hand
#
# Write `convolve_all(image, kernel, stride)`, for an image (height, width, channels), a kernel (height, width, channels,
# filters), no frame. Keras is the judge.

# %%
# your function


# %% tags=["hide-cell"]
def convolve_all(image, kernel, stride):
    size = kernel.shape[0]
    rows = range(0, image.shape[0] - size + 1, stride)
    columns = range(0, image.shape[1] - size + 1, stride)
    return np.array(
        [
            [
                np.tensordot(image[r : r + size, c : c + size], kernel, 3)
                for c in columns
            ]
            for r in rows
        ]
    )


judge = layers.Conv2D(5, 3, strides=2, use_bias=False)
expected = through(judge, colour[None])[0]
ours = convolve_all(colour, judge.get_weights()[0], 2)
np.testing.assert_allclose(ours, expected, atol=1e-5)
checks.shape(ours, (5, 5, 5))

# %% [markdown]
# ### Exercise 3: dropout by hand
#
# Write `dropped(values, rate, training)` in NumPy. Its mean has to stay, the right share of zeros has to appear, and in inference
# mode nothing may happen.

# %%
# your function


# %% tags=["hide-cell"]
def dropped(values, rate, training):
    if not training:
        return values
    survives = random.random(values.shape) >= rate
    return values * survives / (1 - rate)


values = np.ones(100_000)
silenced = dropped(values, 0.2, training=True)
assert np.isclose(silenced.mean(), 1, atol=0.02), "the mean has moved"
assert np.isclose((silenced == 0).mean(), 0.2, atol=0.02), "the rate is off"
assert np.array_equal(dropped(values, 0.2, training=False), values)

# %% [markdown]
# ### Exercise 4: to order
#
# A customer wants a network that turns (28, 28, 1) into (7, 7, 16), with exactly 1,248 parameters and without any pooling. Find
# it on paper first, with the formulas for size and parameters.

# %%
# your network


# %% tags=["hide-cell"]
def to_order():
    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, padding="same"),  # 80
            layers.Conv2D(16, 3, strides=2, padding="same"),  # 1,168
        ]
    )


found = through(to_order(), digit[None, ..., None])
print(checks.shape(found, (1, 7, 7, 16)))
print(checks.parameters(to_order(), 1_248))

# %% [markdown]
# ### Exercise 5: batch normalisation for nothing
#
# In inference mode batch normalisation multiplies and adds, as a dense layer does. So it can be *folded* into the dense layer
# before it: find weights and bias of one dense layer that says the same as the two. It has to hold for any inputs.

# %%
inner, norm = layers.Dense(6), layers.BatchNormalization()
for _ in range(50):  # so that it keeps something worth folding
    norm(inner(random.normal(2, 3, size=(32, 4))), training=True)
inputs = random.normal(size=(10, 4))
both = through(norm, inner(inputs), training=False)
# your layer

# %% tags=["hide-cell"]
kernel, bias = inner.get_weights()
gamma, beta, mean, variance = norm.get_weights()
scale = gamma / np.sqrt(variance + norm.epsilon)

folded = layers.Dense(6)
folded.build((None, 4))
folded.set_weights([kernel * scale, (bias - mean) * scale + beta])
np.testing.assert_allclose(through(folded, inputs), both, atol=1e-4)
checks.parameters(Sequential([Input((4,)), folded]), (4 + 1) * 6)

# %% [markdown]
# Programs that run trained networks on telephones do exactly this.
#
# ## What the reports say of layers
#
# Each sentence that a cell of this page puts to the test, and how it came out. The verdicts lead to [the ledger](07_replication_ledger.ipynb).

# %%
ledger.read().of(practical="03_layers_tour")

# %% [markdown]
# ## What to take with you
#
# - Two layers behave differently in training and in inference: dropout and batch normalisation. Always know which mode you are
#   looking at.
# - A convolution has as many weights on a stamp as on a poster. A dense layer has not.
# - Sizes can be worked out before anything is built, and an error about a size can be read.
#
# **Limits.** What a layer does to an array says little about what it does for a trained network. This page cannot tell which
# kernel size, initialiser or rate is best; only trainings can.
#
# **Next.** [04 · A progression of networks on MNIST](04_mnist_progression.ipynb), where these layers are put together and
# trained.
