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
# | **Purpose** | Examine every kind of layer that R2 uses: what goes in, what comes out, what it learns, and what it does differently in training |
# | **Before this** | [01 · Dense networks](01_mnist_dense.ipynb), [02 · Convolutional variants](02_mnist_cnn_variants.ipynb) |
# | **Time** | core: 2 h, going further: 1 h 45 min · training it all yourself: nothing is trained here, so that every budget takes the same few seconds |
# | **GPU needed?** | no |
#
# Before it builds networks, the report R2 explains the layers it builds them from. We follow its second section with small
# arrays whose numbers can be checked by hand. Where R2 makes a statement that a small experiment can test, we quote it and
# run the experiment. Some of its statements hold, some hold in part, and some are wrong.
#
# No cell on this page takes longer than a second or two. Change a number, run the cell again, and compare the result with
# what you expected. The page is long. Its first part, marked *Core*, fills one lab session; the part that begins with
# *Sizes, receptive fields and kernels of one pixel* goes further and can wait.

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
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import Input, Sequential, layers, ops

# %% [markdown]
# Settings you can change:

# %%
DIGIT = 4  # the class whose pictures we look at
RATE = 0.5  # dropout: the chance that a unit is set to zero
SPECKS = 0.1  # share of the pixels that noise falls on
DEPTH = 10  # layers, where initial weights are compared
STRENGTH = 0.01  # of the L2 penalty
MOMENTUM = 0.99  # of batch normalisation's moving averages

# %% [markdown]
# This is the picture for our experiments. Draw another if you like.

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

# %%
lines = SKETCH.split()
sketch = 1.0 * np.array([[dot == "#" for dot in row] for row in lines])

# %% [markdown]
# Two functions are used on the whole page. `through` sends an array through a layer and returns the output as a NumPy
# array; `panels` draws pictures side by side, in grey, or in red and blue where numbers may be negative.


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
# We also use images of MNIST.

# %%
digits = data.load(
    "mnist", train=50_000, validation=10_000, seed=SEED, source=SOURCE
)
digits.request

# %% [markdown]
# ## What all layers have in common
#
# *Core · 15 minutes*
#
# A layer is a function that takes an array and returns an array. R2 says that layers have more in common:

# %% tags=["hide-input"]
claims.quote("r2-layers-have-weights")

# %% [markdown]
# *Here are the eight layers of this page. Which of them have nothing to learn?* Guess before you run the cells.

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


# %%
image = np.zeros((1, 28, 28, 3))  # a batch of one colour image
rows = {}
for layer in tour:
    rows[type(layer).__name__] = {
        "output shape": tuple(layer(image).shape),
        "learned": count(layer.trainable_weights),
        "kept": count(layer.non_trainable_weights),
    }

# %%
pd.DataFrame.from_dict(rows, orient="index")

# %% [markdown]
# Only three of the eight layers learn: dense, convolution and batch normalisation. Flatten, dropout and the two poolings
# have no weights, no bias and no activation of their own. Batch normalisation learns two numbers for each channel, and
# *keeps* two more, which are not learned by gradients. And the activation, which R2 counts among the parts of a layer, can
# be a layer itself.
#
# ### A dense layer on an image without `Flatten`
#
# One row of the table is worth a second look. The dense layer received an image with four axes and raised no error: it took
# the last axis for its input, the three colours of one pixel, and returned ten numbers *for every pixel*. *What happens if
# such a network is trained with one label per image?*

# %%
unflattened = Sequential(
    [Input((28, 28, 1)), layers.Dense(10, activation="softmax")]
)
unflattened.output_shape

# %%
few = digits.train.take(8, seed=0)
with checks.raises(ValueError, saying="must have rank"):
    unflattened.compile("sgd", "sparse_categorical_crossentropy")
    unflattened.fit(few.images, few.labels, verbose=0)

# %% [markdown]
# The error comes only now, when the loss compares the outputs with the labels: there is one label for each image, and ten
# probabilities for each of its 784 pixels. With a `Flatten` before the dense layer, all pixels of an image are one input,
# and the shapes agree.

# %%
flattened = Sequential([Input((28, 28, 1)), layers.Flatten()])
flattened.add(layers.Dense(10, activation="softmax"))
flattened.compile("sgd", "sparse_categorical_crossentropy")
flattened.fit(few.images, few.labels, verbose=0)
flattened.output_shape

# %% [markdown]
# ## Dense
#
# *Core · 10 minutes*
#
# Every unit of a dense layer has a weight for every input. It multiplies each input by its weight, adds the products and
# its bias, and applies the activation $f$:
#
# $$ y = f(x W + b) $$
#
# *Three inputs, two units: what are the two outputs below?* One of them can be seen without a calculation.

# %%
x = np.array([[1.0, 2.0, 3.0]])  # a batch of one example
W = np.array([[1, -1], [0, -1], [2, -1]])  # inputs × units
b = np.array([0.5, 1.0])  # one a unit

# %%
dense = layers.Dense(2, activation="relu")
dense.build(x.shape)
dense.set_weights([W, b])
through(dense, x)

# %%
by_hand = np.maximum(x @ W + b, 0)  # max(…, 0) is the activation "relu"
np.testing.assert_allclose(by_hand, through(dense, x), rtol=1e-6)

# %% [markdown]
# The second unit's sum is negative, and ReLU turns every negative number into zero. (`assert_allclose` prints nothing where
# two arrays agree, and raises an error where they do not; it appears a few times on this page.)
#
# ### The weights of a unit, drawn as a picture
#
# A unit with 784 pixels as inputs has 784 weights, and these can be drawn as an image, too. The unit multiplies each pixel
# by the weight at its place, and adds the products. Let us make such weights without any training: the mean image of one
# digit minus the mean of all the others.

# %%
images, labels = digits.train.images[..., 0], digits.train.labels
mine = images[labels == DIGIT].mean(axis=0)
template = mine - images[labels != DIGIT].mean(axis=0)
digit = images[labels == DIGIT][0]

# %% mystnb={"image": {"alt": "Three panels. A handwritten four in red on white; a red and blue template, red where fours are usually bright and blue where other digits are; and their product, which lies along the strokes of the digit and is mostly red."}}
pictures = {"image": digit, "weights of a unit": template}
pictures["their product"] = digit * template
panels(pictures, signed=True)
# %% [markdown]
# The unit's output is the sum over the right panel: red pixels raise it, blue pixels lower it. Ten such units, one for each
# digit, make a dense layer that was never trained. With the mean image $m_k$ of digit $k$ as weights and
# $-\tfrac{1}{2} \lVert m_k \rVert^2$ as bias, the largest output belongs to the mean image that is nearest to the input.
# *How many digits will it read correctly: one in ten, half, more?*

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
# So a single dense layer reads most digits when its weights are suitable. Training finds better weights than these, and
# makes it possible to use more layers.

# %% [markdown]
# ## Activations
#
# *Core · 15 minutes*
#
# Without activations, two layers can do no more than one. *Here are two dense layers, from 8 inputs to 16 units to 3. How
# many weights would a single layer need to give the same outputs?*

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
# One layer with 24 weights gives the same outputs as two with 176. A nonlinearity between them prevents this, and almost
# any nonlinear function does. Which one to choose depends on its *slope*: training sends a signal back through the layers,
# and multiplies it by the slope of each activation on the way.

# %%
ACTIVATIONS = ["relu", "leaky_relu", "sigmoid", "tanh"]
z = np.linspace(-4, 4, 801)


# %%
def slope(name):
    return np.gradient(through(keras.activations.get(name), z), z)


# %% mystnb={"image": {"alt": "Four activation functions from minus four to four, each with its slope as a dashed line. ReLU: zero, then a straight line, slope zero or one. Leaky ReLU: the same with a small slope on the left. Sigmoid: an s from zero to one whose slope is a low hill. Tanh: a steeper s from minus one to one whose slope is a hill of height one."}} tags=["hide-input"]
figure, axes = plt.subplots(1, 4, figsize=(9.6, 2.4), sharey=True)
for panel, name in zip(axes, ACTIVATIONS, strict=True):
    panel.plot(z, through(keras.activations.get(name), z))
    panel.plot(z, slope(name), "--")
    panel.set(title=name, ylim=(-1.2, 1.6))
legend = axes[0].legend(["value", "slope"], fontsize=9)

# %% [markdown]
# *Which of the four can pass a signal back through ten layers without making it weaker?*

# %%
steepest = {name: slope(name).max() for name in ACTIVATIONS}
slopes = pd.DataFrame({"steepest slope": steepest})
slopes["through 10 layers"] = slopes["steepest slope"] ** 10
slopes.map("{:.2g}".format)

# %% [markdown]
# The sigmoid takes away three quarters of the signal in every layer, and this is where its slope is steepest. Tanh takes
# nothing away at zero and much elsewhere. ReLU has a slope of 1 wherever its output is above zero. This is one reason why
# hidden layers use ReLU today, and why the sigmoid is kept for outputs that are read as a probability.
#
# ReLU has a drawback: a unit can stop learning for good. *If its bias is lowered, for how many of 10,000 random inputs is
# its output still above zero?*

# %%
sums = random.normal(size=10_000)  # of a unit, without its bias
biases = (0, -1, -3, -6)
active = {f"bias {bias}": [np.sum(sums + bias > 0)] for bias in biases}
pd.DataFrame(active, index=["inputs with an output above zero"])

# %% [markdown]
# With the lowest bias the output is zero for every input, and so is the slope. No gradient comes through, and training
# cannot bring the unit back. A leaky ReLU avoids this, because it keeps a small slope below zero.
#
# ### Softmax
#
# Ten outputs become ten probabilities by
#
# $$ p_k = \frac{e^{z_k / T}}{\sum_j e^{z_j / T}}, $$
#
# where $z_k$ are the ten outputs before softmax, the [*logits*](../book/glossary.md#term-logits), and $T$ is the [*temperature*](../book/glossary.md#term-temperature), which is 1 in Keras. *What
# happens to the probabilities if all logits grow by 100? And if they are multiplied by 4?*

# %%
logits = np.array([[1.0, 3.0, 2.0, 0.0]])
cases = {"logits": logits, "logits + 100": logits + 100}
cases |= {"logits × 4": logits * 4, "logits ÷ 4": logits / 4}

# %% mystnb={"image": {"alt": "Four bar charts of softmax over the same four logits. As they are, the largest takes about two thirds. With 100 added to each, exactly the same picture. Multiplied by four, the largest takes almost everything. Divided by four, the bars are nearly equal."}} tags=["hide-input"]
figure, axes = plt.subplots(1, 4, figsize=(9.6, 2.2), sharey=True)
for panel, (title, values) in zip(axes, cases.items(), strict=True):
    panel.bar(range(4), through(keras.activations.softmax, values)[0])
    panel.set(title=title, xticks=range(4), ylim=(0, 1))
label = axes[0].set_ylabel("probability")

# %% [markdown]
# Adding the same number to all logits changes nothing, because only their differences count. Multiplying by 4 is the same
# as a temperature of a quarter: the most probable class stays the same, and its probability grows. So how certain a softmax
# appears depends on the scale of its logits. It is also the only activation on this page whose outputs depend on each
# other.

# %% [markdown]
# ## Flatten
#
# *Core · 5 minutes*
#
# Flatten puts the rows of an image one behind the other.

# %% tags=["hide-input"]
claims.quote("r2-flatten-leaves-the-batch")

# %%
two = np.arange(12).reshape(2, 2, 3, 1)  # 2 images of 2 × 3 pixels
through(layers.Flatten(), two)

# %% [markdown]
# *Two pixels touch in an image of 28 by 28. How far apart are they afterwards?*

# %%
places = np.arange(28 * 28).reshape(28, 28)
print("beside:", places[10, 11] - places[10, 10])
print("below: ", places[11, 10] - places[10, 10])

# %% [markdown]
# Two pixels side by side stay neighbours; two pixels one above the other end up a whole row apart. To a dense layer this
# makes no difference. It does not use which pixels are neighbours, and would learn as well if the pixels of all images were
# scrambled in the same way. Convolution and pooling do use it.

# %% [markdown]
# ## Dropout
#
# *Core · 10 minutes*

# %% tags=["hide-input"]
claims.quote("r2-dropout-prevents-overfitting")

# %% [markdown]
# This describes half of what the layer does. Below, 64 ones go through it, three times as in training and once as in
# *inference*, when a trained network is used. *Find two things that the sentence does not say.*

# %%
dropout = layers.Dropout(RATE, seed=0)
ones = np.ones((1, 8, 8))

# %%
draws = {
    f"training, draw {n}": through(dropout, ones, training=True)[0]
    for n in (1, 2, 3)
}
draws["inference"] = through(dropout, ones, training=False)[0]

# %% mystnb={"image": {"alt": "Four grids of eight by eight numbers. Three random patterns of zeros and twos, for training; and a grid of nothing but ones, for inference."}}
panels(draws, numbers=True, top=1 / (1 - RATE))
# %% [markdown]
# First, the values that are not set to zero are no longer 1. The layer multiplies them by
#
# $$ \frac{1}{1 - \text{rate}}, $$
#
# so that the *mean* stays the same, and nothing needs to change in inference, where nothing is dropped. Second, the number
# of zeros differs from draw to draw: each unit is dropped by chance, independently of the others, and the rate is the
# probability of it. Whether dropout helps against overfitting, practical 01 measures.

# %%
many = through(dropout, np.ones((10_000, 64)), training=True)
print(f"mean of 10,000 draws: {many.mean():.2f}")
print(f"largest value:        {many.max():.2f}")

# %% mystnb={"image": {"alt": "A bell-shaped histogram of the number of units set to zero out of 64, centred at 32 and reaching from about 20 to about 45."}} tags=["hide-input"]
silenced = (many == 0).sum(axis=1)
figure, ax = plt.subplots(figsize=(7, 2.4))
ax.set(xlabel="units set to zero, of 64", ylabel="draws")
bars = ax.hist(silenced, bins=np.arange(65) - 0.5)

# %% [markdown]
# The units are drawn anew for every example of every batch, and only during training. So metrics that are measured during
# training are those of a network with a part of its units missing; practical 01 shows what happens if they are compared
# with those of the validation images.

# %% [markdown]
# ## Convolution
#
# *Core · 20 minutes*
#
# A small window of weights, the [*filter*](../book/glossary.md#term-filter) or [*kernel*](../book/glossary.md#term-kernel), is put over every place of the image in turn. The values under the
# window, each multiplied by its weight, are added, as in a dense unit. The sums, each at its place, make a new image, the
# [*feature map*](../book/glossary.md#term-feature-map).
#
# In Python this takes two loops.


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
# The kernel below compares the pixels on the right of a place with those on its left. *Where in the four will the result be
# positive, where negative, and where zero?*

# %%
rightwards = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
answers = convolve(sketch, rightwards)

# %% mystnb={"image": {"alt": "Two panels with a number in every pixel: the kernel, minus ones on the left, zeros, ones on the right; and the feature map of ten by ten, positive and red along the left sides of the strokes of the four, negative and blue along their right sides, zero where both sides are alike."}}
pictures = {"kernel": rightwards, "feature map": answers}
panels(pictures, signed=True, numbers=True, top=3, side=3.6)

# %% [markdown]
# The map is red at the left edge of a stroke, blue at its right edge, and white where both sides are alike: this kernel
# finds vertical edges. Twelve pixels have become ten, because a window of three fits into twelve pixels at ten places.
#
# Does Keras compute the same? `fixed` makes a convolution layer with weights of our choice.


# %%
def fixed(kernel, **options):
    """Return a Conv2D layer with this (height, width) kernel."""
    layer = layers.Conv2D(1, kernel.shape, use_bias=False, **options)
    layer.build((None, None, None, 1))
    layer.set_weights([kernel[:, :, None, None]])
    return layer


# %%
def mapped(layer, picture):
    """Send one 2-D picture through a layer for images."""
    return through(layer, picture[None, :, :, None])[0, :, :, 0]


# %%
in_keras = mapped(fixed(rightwards), sketch)
np.testing.assert_allclose(in_keras, convolve(sketch, rightwards))

# %%
noise = random.normal(size=(20, 30))
any_kernel = random.normal(size=(4, 5))
in_keras = mapped(fixed(any_kernel), noise)
by_hand = convolve(noise, any_kernel)
np.testing.assert_allclose(in_keras, by_hand, atol=1e-4)

# %% [markdown]
# It does, up to rounding, also for a random picture and a random kernel.
#
# A remark on the name: in mathematics, a convolution first rotates the kernel by half a turn. What deep-learning libraries
# call convolution does not, and is a [*cross-correlation*](../book/glossary.md#term-cross-correlation) in the language of mathematics. As the weights are learned, this
# makes no difference: the network would learn the rotated ones. *What does the rotated kernel make of the sketch?*

# %%
half_turn = rightwards[::-1, ::-1]
same = np.array_equal(convolve(sketch, half_turn), -answers)
print(f"the same feature map with the opposite sign: {same}")

# %% [markdown]
# R2 gives convolution a larger part:

# %% tags=["hide-input"]
claims.quote("r2-convolution-is-a-learning-algorithm")

# %% [markdown]
# Nothing on this page has been trained, and still the kernel found the edges. Convolution itself is arithmetic, and far
# older than deep learning. What is learned are the weights of its kernels, and telling digits from each other takes a whole
# network.
#
# ### Filters
#
# One layer has many kernels, and makes one feature map with each. Here are four kernels made by hand. *What will each of
# them find in a digit?*

# %%
FILTERS = {
    "vertical edges": rightwards,
    "horizontal edges": rightwards.T,
    "mean": np.full((3, 3), 1 / 9),
    "outline": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
}

# %%
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
# The two edge kernels find the sides of steep and of flat strokes, the mean blurs the digit, and the last kernel keeps its
# outline. Exchange a kernel for one of your own, and look at what it finds. A trained network has learned its kernels;
# those of R2's third model are drawn in practical 04. How many kernels should a layer have?

# %% tags=["hide-input"]
claims.quote("r2-deeper-layers-need-more-filters")

# %% [markdown]
# This is a habit with a good reason: the maps become smaller from layer to layer, so that a layer can have more of them for
# the same work. Whether it is right for a given problem, only trainings can tell, and no two networks of ours differ in
# this alone.
#
# ### Parameters and the size of the image
#
# *The sides of an image grow from 8 to 224 pixels. How do the parameters of a convolution with 32 filters grow, and how do
# those of a dense layer with 32 units?*

# %%
costs = {}
for side in (8, 28, 224):
    convolution, flat = layers.Conv2D(32, 3), layers.Dense(32)
    convolution.build((None, side, side, 1))
    flat.build((None, side * side))
    costs[f"{side} × {side}"] = {
        "Conv2D(32, 3)": f"{convolution.count_params():,}",
        "Flatten, Dense(32)": f"{flat.count_params():,}",
    }

# %%
pd.DataFrame.from_dict(costs, orient="index")

# %% [markdown]
# A convolution has the same weights whatever the size of the image, because it uses them again at every place. The number
# of its parameters is
#
# $$ (\text{height} \times \text{width} \times \text{channels in} + 1) \times \text{filters}, $$
#
# with the height and width of the window. What grows with the image is the *work*, and the feature maps that have to be
# stored.
#
# ### Padding

# %% tags=["hide-input"]
claims.quote("r2-padding-shrinks-less")

# %% [markdown]
# What does the frame consist of? *A kernel that takes the mean of nine pixels runs over an image where every pixel is 1.
# What comes out in the middle, at the edge, and in the corner?*

# %%
flat_field = np.ones((6, 6))
average = FILTERS["mean"]
frames = {"valid": mapped(fixed(average, padding="valid"), flat_field)}
frames["same"] = mapped(fixed(average, padding="same"), flat_field)

# %%
average_of_4 = fixed(np.full((2, 2), 0.25), padding="same")
frames["same, 2 × 2"] = mapped(average_of_4, flat_field)

# %% mystnb={"image": {"alt": "Three panels with numbers. Valid: four by four ones. Same: six by six, ones inside, two thirds along the edges and 0.44 in the corners. Same with a kernel of two by two: six by six ones, except the last row and the last column, which are one half, and their corner, a quarter."}}
panels(frames, numbers=True, side=2.6)
# %% [markdown]
# The frame consists of **zeros**, so that the edge of the map depends in part on pixels that do not exist: with `same`, the
# map of a uniform image is not uniform. With a stride of 1 the image does not shrink *less*: it does not shrink at all. And
# the frame need not go all the way round: a kernel of 2 by 2 needs one more row and column, and Keras adds them below and
# on the right.
#
# ### Strides

# %% tags=["hide-input"]
claims.quote("r2-strides-x-then-y")

# %% [markdown]
# The stride is the step from one place of the window to the next. An image is stored as rows, then columns. *Which side is
# halved by strides of `(1, 2)`: the height or the width?*

# %%
mapped(layers.Conv2D(1, 3, strides=(1, 2), padding="same"), sketch).shape

# %% [markdown]
# The width is halved: rows come first, so the first number is the step *downwards*, along y. The size of a kernel is given
# in the same order, as R2 itself says, and so is that of a pool. With two equal numbers the order makes no difference.

# %% tags=["hide-input"]
claims.quote("r2-strides-replace-pooling")

# %% [markdown]
# Strides can replace pooling, but they do something else. *Compare a convolution with stride 2 with the same one at stride
# 1: which values has it computed, and which not?*

# %%
every = mapped(fixed(rightwards), sketch)
second_only = mapped(fixed(rightwards, strides=2), sketch)
np.testing.assert_allclose(second_only, every[::2, ::2])
print(f"{every.size} values with stride 1, {second_only.size} with 2")

# %% [markdown]
# A stride of 2 computes every second value in each row and column, and never the others; max pooling computes all of them
# and keeps the largest of four. So a stride changes the work, the size of all maps that follow, and how far the next layers
# see, whether or not it replaces a pool.

# %% [markdown]
# ## Pooling
#
# *Core · 10 minutes*
#
# Pooling divides the image into windows and keeps one number of each: the largest, or the mean. It has nothing to learn.

# %%
numbers = 1.0 * random.integers(0, 10, size=(4, 4))
windows = numbers.reshape(2, 2, 2, 2).swapaxes(1, 2)  # [down, across]
pooled = {"image": numbers}
pooled["max"] = mapped(layers.MaxPooling2D(2), numbers)
pooled["mean"] = mapped(layers.AveragePooling2D(2), numbers)

# %%
np.testing.assert_array_equal(pooled["max"], windows.max(axis=(2, 3)))
np.testing.assert_array_equal(pooled["mean"], windows.mean(axis=(2, 3)))

# %% mystnb={"image": {"alt": "Three panels with numbers: an image of four by four random digits, and the two by two maxima and two by two means of its four quarters."}}
panels(pooled, numbers=True, top=10)
# %% [markdown]
# The windows do not overlap: the stride of a pool equals the size of its window unless you choose another.
#
# ### Does pooling remove noise?

# %% tags=["hide-input"]
claims.quote("r2-max-pooling-removes-noise")

# %% [markdown]
# The answer depends on the noise. We add three kinds to a clean picture: white specks, black specks, and a fine grain that
# makes every pixel a little brighter or darker. *Against which of them would you choose the maximum, and against which the
# mean?*


# %%
NOISES = ["white specks", "black specks", "grain"]


# %%
def noisy(pictures, kind):
    if kind == "grain":
        return pictures + random.normal(scale=0.2, size=pictures.shape)
    hit = random.random(pictures.shape) < SPECKS
    return np.where(hit, 1 if kind == "white specks" else 0, pictures)


# %% mystnb={"image": {"alt": "A handwritten four in three versions, one a row: with white specks, with black specks, with grain. Beside each its max-pooled and its average-pooled version. Under the maximum white specks grow, black specks vanish and grain brightens the background. Under the mean all three become fainter."}} tags=["hide-input"]
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
# To measure it, we take 1,000 noisy copies of the sketch: how far is the noisy picture from the clean one (root mean
# square), before and after both are pooled?

# %%
pools = {
    "not pooled": layers.Identity(),
    "max pooling": layers.MaxPooling2D(2),
    "average pooling": layers.AveragePooling2D(2),
}


# %%
copies = np.repeat(sketch[None, :, :, None], 1000, axis=0)


def distance(pool, kind):
    gap = through(pool, noisy(copies, kind)) - through(pool, copies)
    return np.sqrt(np.mean(gap**2)).round(2)


# %%
distances = {
    title: {kind: distance(pool, kind) for kind in NOISES}
    for title, pool in pools.items()
}
pd.DataFrame(distances)

# %% [markdown]
# By this measure, the mean weakens all three kinds of noise. The maximum weakens only the black specks, because a brighter
# pixel in the same window replaces them, and makes the two others worse, because a single white pixel becomes the value of
# its window. So for white strokes on a black background, R2's sentence is mostly wrong. In a network, the maximum is taken
# over feature maps, where a large value means that a filter has found its pattern, and keeping the largest can be useful
# there.
#
# ### Pooling and small shifts
#
# A better reason for pooling is that the exact place of a stroke should not matter much. We shift the sketch by a few
# pixels and measure how much the pooled picture changes, as a share of its own root mean square. *Global* pooling takes the
# whole image as its window. *What will its line in the figure look like?*

# %%
POOLS = {
    "not pooled": layers.Identity(),
    "max 2 × 2": layers.MaxPooling2D(2),
    "max 4 × 4": layers.MaxPooling2D(4),
    "mean 4 × 4": layers.AveragePooling2D(4),
    "global mean": layers.GlobalAveragePooling2D(keepdims=True),
}

# %%
wide = np.pad(sketch, 4)  # room for the shift
# from four places, because windows begin at every second or fourth pixel
starts = np.stack([np.roll(wide, start, axis=1) for start in range(4)])


# %%
def change(pool, shift):
    before = through(pool, starts[..., None])
    after = through(pool, np.roll(starts, shift, axis=2)[..., None])
    return np.linalg.norm(after - before) / np.linalg.norm(before)


# %% mystnb={"image": {"alt": "Relative change of the picture against the shift, from zero to three pixels. Without pooling the line climbs fastest. Max pooling by two lies below it, max pooling by four below that, average pooling by four lowest of these. Global mean stays at zero."}} tags=["hide-input"]
figure, ax = plt.subplots()
for title, pool in POOLS.items():
    ax.plot([change(pool, shift) for shift in range(4)], "o-", label=title)
ax.set(xlabel="shift in pixels", ylabel="relative change", xticks=range(4))
legend = ax.legend(fontsize=9)

# %% [markdown]
# After pooling, small shifts change the picture less, and the larger the window the smaller the change. The result of
# global pooling does not change at all, but nothing is left of where anything was. This is what pooling is good for, and it
# is also what is lost.
#
# Pools can be padded, too. *Does the edge become darker, as in a convolution?*

# %%
edge = mapped(layers.AveragePooling2D(3, padding="same"), flat_field[:5])
edge.round(2)

# %% [markdown]
# It does not: with `padding="same"`, pooling leaves out the pixels that do not exist, where a convolution takes them for
# zeros.

# %% [markdown]
# ## Batch normalisation
#
# *Core · 15 minutes*
#
# Batch normalisation takes, for each channel, the mean $\mu$ and the variance $\sigma^2$ over the batch (and over all
# places of an image), and computes
#
# $$ y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta. $$
#
# $\gamma$ and $\beta$ are learned, and begin at 1 and 0; $\varepsilon$ is a small constant that prevents a division by
# zero. *Three channels go in, with means of 5, 0 and −3 and very different standard deviations. What are their means and
# standard deviations afterwards? Do all values lie between 0 and 1?*

# %%
centres, widths = np.array([5.0, 0.0, -3.0]), np.array([2.0, 0.2, 1.0])
batch = random.normal(centres, widths, size=(256, 3))
normalise = layers.BatchNormalization(momentum=MOMENTUM)
after = through(normalise, batch, training=True)

# %% mystnb={"image": {"alt": "Two panels of histograms of three channels. Before: a broad hill at five, a needle at zero and a hill at minus three. After: all three lie on top of each other around zero, between about minus three and three."}} tags=["hide-input"]
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
# Each channel has mean 0 and standard deviation 1. (The narrowest has a little less, because its variance is so small that
# $\varepsilon$ counts.) The values are not limited to an interval: many lie beyond −2 and 2.
#
# ### Why training and inference differ
#
# Now the same layer receives the same batch in inference mode. *What do you expect the means to be?*

# %%
asked = through(normalise, batch, training=False)
compared = pd.DataFrame({"mean in": batch.mean(axis=0)})
compared["mean out, training"] = after.mean(axis=0)
compared["mean out, inference"] = asked.mean(axis=0)
compared.round(1) + 0.0  # no minus before a zero

# %% [markdown]
# In inference mode the batch comes out almost as it went in. When a trained network is used, its answer for one image
# should not depend on which other images are in the same batch. So in inference the layer does not use the mean and
# variance of the batch; it uses two averages that it has *kept* during training:
#
# $$ \text{kept} \leftarrow m \cdot \text{kept} + (1 - m) \cdot \text{this batch}, $$
#
# beginning with mean 0 and variance 1. The momentum $m$ is 0.99 unless you choose another, and so far the layer has seen a
# single batch in training. *How many batches does it take until the kept mean is right?*


# %%
def kept_means(momentum, *, batches=500):
    layer = layers.BatchNormalization(momentum=momentum)
    found = []
    for _ in range(batches):
        layer(random.normal(5, 2, size=(32, 1)), training=True)
        found.append(float(layer.moving_mean[0]))
    return found


# %%
averages = {one: kept_means(one) for one in (0.9, MOMENTUM)}

# %% mystnb={"image": {"alt": "The kept mean over 500 batches. With momentum 0.9 it is at five after some forty batches and then trembles around it. With the momentum of the knob cell, 0.99, it approaches five smoothly and takes more than 300 batches."}} tags=["hide-input"]
figure, ax = plt.subplots(figsize=(7, 2.8))
for momentum, found in averages.items():
    ax.plot(found, label=f"momentum {momentum}")
ax.axhline(5, color="gray", linestyle="--", label="true mean")
ax.set(xlabel="batches", ylabel="kept mean")
legend = ax.legend()

# %% [markdown]
# With a momentum of 0.9 the kept mean is right after some forty batches; with 0.99 it takes more than 300. After 100
# batches, $0.99^{100}$ of the way is still missing, which is more than a third. Therefore a network with batch
# normalisation that is trained for a short time can look good in training and bad in validation without any overfitting:
# its kept averages are not yet right.
#
# ### An example and the rest of its batch
#
# We put the same example, the number 1, into a batch of low numbers, into a batch of high ones, and into a batch of its
# own. *What does it become in each?*

# %%
COMPANIONS = {
    "among low ones": [[1], [0], [-1]],
    "among high ones": [[1], [5], [6]],
    "alone": [[1]],
}


# %%
def becomes(group, *, training):
    fresh = layers.BatchNormalization()
    return through(fresh, 1.0 * np.array(group), training=training)[0, 0]


# %%
fates = {}
for name, group in COMPANIONS.items():
    in_training = becomes(group, training=True)
    in_inference = becomes(group, training=False)
    fates[name] = {"training": in_training, "inference": in_inference}

# %%
pd.DataFrame.from_dict(fates, orient="index").round(1) + 0.0

# %% [markdown]
# In training, the result for an example depends on the rest of its batch. Alone it becomes zero, as any number would,
# because it is its own mean. (In a batch of a single *image*, mean and variance are still taken over its pixels.) In
# inference mode it stays 1, whatever else is in the batch.

# %% [markdown]
# ## Exercises
#
# *Core · 15 minutes*
#
# Put your answer in the place of the `...` and run the two cells. The check tells you whether it is right; a solution is
# folded beneath it. Exercise 1 is about these two pictures, one stroke each:

# %% mystnb={"image": {"alt": "Two pictures of eight by eight pixels. In the first a white stroke falls from the upper left to the lower right, in the second a stroke rises from the lower left to the upper right."}}
falls = np.eye(8)
rises = np.fliplr(falls)
panels({"falls": falls, "rises": rises})
# %% [markdown]
# ### Exercise 1: a kernel that finds falling strokes
#
# Make a kernel of 3 by 3, as a NumPy array, whose feature map has large positive values for the falling stroke and not for
# the rising one. The largest value for the falling stroke has to be at least twice the largest value for the rising stroke.
# Predict both feature maps before you run the check.

# %% tags=["exercise"]
falling = ...

# %% tags=["check"]
with checks.exercise():
    checks.shape(falling, (3, 3))
    found, other = (convolve(one, falling).max() for one in (falls, rises))
    hint = "its own stroke should give a positive value: put weights on it."
    checks.holds(found > 0, hint=hint)
    hint = "the rising stroke gives too much: what do the two share?"
    checks.holds(found >= 2 * other, hint=hint)

# %% tags=["solution", "hide-cell"]
falling = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]])

# %% [markdown]
# ### Exercise 2: dropout by hand
#
# Write `dropped(values, rate, training)` in NumPy, which does what Keras's `Dropout` does: in training it sets each value
# to zero with probability `rate` and keeps the mean, and in inference it changes nothing.


# %% tags=["exercise"]
def dropped(values, rate, training):
    return ...


# %% tags=["check"]
with checks.exercise():
    values = np.ones(100_000)
    draws = [checks.answered(dropped(values, 0.2, True)) for _ in "ab"]
    zeros = np.mean(draws[0] == 0)
    checks.equal(zeros, 0.2, within=0.02, hint="a share of rate is zero.")
    hint = "the mean has moved: the values that are left have to grow."
    checks.equal(np.mean(draws[0]), 1, within=0.02, hint=hint)
    hint = "every call draws other units."
    checks.holds(np.any(draws[0] != draws[1]), hint=hint)
    hint = "in inference nothing is dropped and nothing grows."
    checks.equal(dropped(values, 0.2, False), values, hint=hint)


# %% tags=["solution", "hide-cell"]
def dropped(values, rate, training):
    if not training:
        return values
    survives = random.random(values.shape) >= rate
    return values * survives / (1 - rate)


# %% [markdown]
# ## Sizes, receptive fields and kernels of one pixel
#
# *Going further · 35 minutes*
#
# ### The size of the output
#
# A window of $k$ pixels, moved in steps of $s$ over $n$ pixels to which $p$ zeros have been added on each side, fits in
#
# $$ \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1 $$
#
# places. `valid` means $p = 0$. `same` adds as many zeros as are needed for a result of $\lceil n / s \rceil$; if their
# number is odd, one side gets one more. Here is the formula for both, beside what Keras computes. *Where do you expect them
# to differ?*


# %%
def output_size(size, *, kernel, stride=1, padding="valid"):
    if padding == "same":
        return -(-size // stride)  # division rounded up
    return (size - kernel) // stride + 1


# %% tags=["hide-input"]
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
# The formula and Keras agree in every row.
#
# ### When a map becomes too small
#
# Many networks repeat a block that consists of a 3 by 3 convolution and a 2 by 2 pool. *How many such blocks can follow
# each other on an image of 28 by 28, without padding?* Work it out with `output_size`, then build four.


# %%
def blocks(padding):
    stack = [Input((28, 28, 1))]
    for filters in (8, 16, 32, 64):
        stack.append(layers.Conv2D(filters, 3, padding=padding))
        stack.append(layers.MaxPooling2D(2))
    return Sequential(stack)


# %%
with checks.raises(ValueError, saying="negative"):
    blocks("valid")

# %% [markdown]
# Three blocks are possible. The error message contains the shape of the fourth block's input: a single pixel is left, and a
# window of three does not fit into it. Padding repairs the network:

# %%
show.summary(blocks("same"))

# %% [markdown]
# It ends at a single pixel now, which depends on every pixel of the image. Whether 64 maps of one pixel are *enough* to
# tell digits apart is another question, to which practical 04 returns with R2's second model.
#
# ### The receptive field

# %% tags=["hide-input"]
claims.quote("r2-kernel-size-follows-image-size")

# %% [markdown]
# Larger kernels are one way to let a layer see further. Several small kernels are another. To see how far they reach, we
# send an image with one bright pixel through one layer after another, each with a kernel of 3 by 3. Wherever the output is
# not zero, it depends on the bright pixel. *How many pixels wide is this area after one layer, after two, and after three?*

# %%
DOT = np.zeros((15, 15))
DOT[7, 7] = 1
look = fixed(np.ones((3, 3)), padding="same")

# %%
seen = {"one pixel": DOT}
picture = DOT
for times in (1, 2, 3):
    picture = mapped(look, picture)
    seen[f"{times} × Conv2D(1, 3)"] = picture

# %%
{title: int((one > 0).any(axis=0).sum()) for title, one in seen.items()}

# %% mystnb={"image": {"alt": "Four panels. A single white pixel in the middle, then a white square of three by three, of five by five and of seven by seven pixels."}}
panels({title: one > 0 for title, one in seen.items()})
# %% [markdown]
# Seen from the other side, each output after three layers depends on a square of 7 by 7 pixels, which is called its
# [*receptive field*](../book/glossary.md#term-receptive-field). Three kernels of 3 see as far as one kernel of 7, with 27 weights instead of 49 for each pair of
# channels, and an activation can follow each of them. This is why most networks since 2014 use several layers of small
# kernels. Strides and pooling make the receptive field grow faster still.
#
# ### Kernels of one pixel
#
# R2 counts kernels of 1 by 1 among the usual ones, and uses one in its last model. Such a window contains no neighbours.
# What it can do is *mix channels*: each pixel of the new map is a weighted sum of the colours of one old pixel.

# %%
ramp = np.tile(np.linspace(0, 1, 12), (12, 1))
colour = np.stack([sketch, sketch.T, ramp], axis=-1)  # red, green, blue

# %%
mixer = layers.Conv2D(1, 1, use_bias=False)
mixer.build(colour[None].shape)
mixer.set_weights([np.reshape([0.30, 0.59, 0.11], (1, 1, 3, 1))])
grey = through(mixer, colour[None])[0, ..., 0]

# %% mystnb={"image": {"alt": "Left, a colour picture: a red four, a green four mirrored at the diagonal, and blue growing to the right. Right, the same in grey, as the kernel of one pixel mixes it."}}
panels({"three channels": colour, "mixed by a 1 × 1 kernel": grey})
# %% [markdown]
# If it sees no neighbours, it should not matter where the pixels are. *Does it make a difference whether we scramble the
# pixels before or after the layer: for a kernel of 1, and for one of 3?*

# %%
order = random.permutation(144)


def scrambled(picture):
    return picture.reshape(144, -1)[order].reshape(12, 12, -1)


# %%
def order_is_irrelevant(layer):
    before = through(layer, scrambled(colour)[None])[0]
    after = scrambled(through(layer, colour[None])[0])
    return np.allclose(before, after, atol=1e-5)


# %%
for size in (1, 3):
    same = order_is_irrelevant(layers.Conv2D(4, size, padding="same"))
    print(f"{size} × {size}: the same before or after? {same}")

# %% [markdown]
# It makes no difference for a kernel of 1. A 1 by 1 convolution is a dense layer that is applied to every pixel alike. It
# combines what earlier layers have found, and can do so in fewer channels; it cannot find a shape, because a shape consists
# of neighbouring pixels.

# %% [markdown]
# ## Initial weights
#
# *Going further · 15 minutes*
#
# Before training, weights are drawn at random, and the [*initialiser*](../book/glossary.md#term-initialiser) decides how large they are. All layers with a kernel
# have one.

# %% tags=["hide-input"]
claims.quote("r2-he-normal-suits-convolutions")

# %% [markdown]
# We send random numbers through ten dense layers with ReLU, none of them trained, and measure how strong the signal is
# after each (its root mean square). *Which of the four initialisers below keeps the strength of the signal? What do the
# others do to it?*

# %%
from functools import partial

from keras import initializers

# %%
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


# %% tags=["hide-input"]
def draw_strengths(curves, title):
    ax = plt.subplots()[1]
    for name, found in curves.items():
        ax.plot(range(1, DEPTH + 1), found, "o-", label=name)
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
# `he_normal` keeps the signal. Weights that are somewhat too small or too large change it in every layer, and after ten
# layers it has nearly vanished or become very large. `he_normal` draws with variance $2/n$ for $n$ inputs, and the 2 makes
# up for the half that ReLU sets to zero (He and others, 2015). `glorot_uniform` was made for tanh (Glorot and Bengio, 2010)
# and loses some of the signal with ReLU. So R2's recommendation has a good reason. Another of its sentences on initialisers
# does not hold in full:

# %% tags=["hide-input"]
claims.quote("r2-third-regulariser-helps")

# %% [markdown]
# An initialiser decides where training starts, and whether it makes progress at all. It is not made to reduce overfitting,
# which appears later in training; a regulariser is.
#
# ### A penalty on the kernel
#
# With `kernel_regularizer`, a layer adds a [*penalty*](../book/glossary.md#term-penalty) to the loss, a number that grows with its weights. *Which of our four
# kernels has the largest penalty under L2, the sum of squares?*

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
# It is the outline, with its weight of 8. The biases were set to 100 and add nothing, because a kernel regulariser looks at
# the kernel only. The penalty does not change the output of the layer either. It acts through training alone, where a large
# weight now has to lower the rest of the loss by more than its penalty; practical 01 shows the effect.

# %% [markdown]
# ## Does batch normalisation always help?
#
# *Going further · 20 minutes*

# %% tags=["hide-input"]
claims.quote("r2-batch-normalisation-helps")

# %% [markdown]
# This is not true in general; it depends on the batch. We put the number 1 into a thousand random batches of each size, and
# measure how much its output varies. *From which batch size on would you rely on it?*

# %%
SIZES = [2, 4, 8, 16, 32, 64, 128, 256]


# %%
def spread_of_output(size):
    group = random.normal(size=(size, 1000))
    group[0] = 1  # a thousand columns: a 1 and the rest of its batch each
    layer = layers.BatchNormalization()
    return through(layer, group, training=True)[0].std()


# %% mystnb={"image": {"alt": "Standard deviation of the output for one and the same example, against batch sizes from 2 to 256 on a logarithmic scale. It is large for the smallest batches, falls steeply, and is less than a tenth at 256."}} tags=["hide-input"]
figure, ax = plt.subplots(figsize=(7, 3))
ax.plot(SIZES, [spread_of_output(size) for size in SIZES], "o-")
ax.set(xlabel="batch size", ylabel="sd of the output", ylim=(0, None))
ax.set_xscale("log", base=2)
ticks = ax.set_xticks(SIZES, SIZES)

# %%
for companion in (1.7, 90, -90):
    answer = becomes([[1], [companion]], training=True)
    print(f"1 beside {companion}: {answer:.1f}")

# %% [markdown]
# In a batch of two, an output can only be about 1 or −1: the only information left is which of the two numbers is larger.
# With the batches of 32 to 128 that R2 trains with, the outputs vary little, and this small noise may even make overfitting
# less likely; with very small batches it hides much of the difference between examples. Whether a *trained* network gets
# better with batch normalisation can only be decided by trainings with and without it, from several seeds. R2 has none, and
# its third model changes several things at once.
#
# One part of R2's sentence can be tested without training: does batch normalisation make weights easier to initialise? We
# take the ten layers of *Initial weights* again, with the same four initialisers, and put batch normalisation before each
# ReLU. *What becomes of the four lines?*

# %% mystnb={"image": {"alt": "The same figure as before with batch normalisation in every layer: all four lines now lie on top of one another, flat, a little below one."}}
eased = {
    name: strengths(initialiser, layers.BatchNormalization)
    for name, initialiser in INITIALISERS.items()
}
draw_strengths(eased, "the same, with batch normalisation")
# %% [markdown]
# This part of the sentence holds. However small or large the initial weights are, every layer passes on a signal of the
# same strength (Ioffe and Szegedy, 2015).

# %% [markdown]
# ## More exercises
#
# *Going further · 35 minutes*
#
# ### Exercise 3: strides and channels by hand
#
# Write `convolve_all(image, kernel, stride)` for an image of shape (height, width, channels) and a square kernel of shape
# (size, size, channels, filters), without padding. Your result has to agree with Keras's. `np.tensordot(window, kernel, 3)`
# multiplies and adds over three axes at once.


# %% tags=["exercise"]
def convolve_all(image, kernel, stride):
    return ...


# %% tags=["check"]
with checks.exercise():
    image = np.random.default_rng(0).normal(size=(9, 12, 2))
    for stride in (1, 2):
        layer = layers.Conv2D(4, 3, strides=stride, use_bias=False)
        expected = through(layer, image[None])[0]
        answer = convolve_all(image, layer.get_weights()[0], stride)
        checks.shape(answer, expected.shape)
        hint = "every filter adds over its window and over all channels."
        checks.equal(answer, expected, within=1e-4, hint=hint)


# %% tags=["solution", "hide-cell"]
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


# %% [markdown]
# ### Exercise 4: a network with a given shape and size
#
# Build a network that turns images of (28, 28, 1) into maps of (7, 7, 16), has exactly 1,248 parameters, and contains no
# pooling layer. Find it on paper first, with the formulas for the size of the output and for the number of parameters.


# %% tags=["exercise"]
def to_order():
    return ...


# %% tags=["check"]
with checks.exercise():
    answer = checks.answered(to_order())
    hint = "which strides and padding turn 28 into 7?"
    checks.equal(answer.output_shape[1:], (7, 7, 16), hint=hint)
    checks.parameters(answer, 1_248)
    hint = "strides can make maps smaller, too."
    checks.holds("Pooling" not in str(answer.layers), hint=hint)


# %% tags=["solution", "hide-cell"]
def to_order():
    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, padding="same"),  # 80
            layers.Conv2D(16, 3, strides=2, padding="same"),  # 1,168
        ]
    )


# %% [markdown]
# ### Exercise 5: a dense layer that includes its batch normalisation
#
# In inference mode batch normalisation multiplies and adds, as a dense layer does. So a dense layer and the batch
# normalisation behind it can be replaced by one dense layer. Write `folded(dense, normalisation)`, which returns that
# layer. Both arguments are built, and `normalisation.get_weights()` gives $\gamma$, $\beta$, the kept mean and the kept
# variance, in this order.


# %% tags=["exercise"]
def folded(dense, normalisation):
    return ...


# %% tags=["check"]
with checks.exercise():
    draw = np.random.default_rng(0).uniform
    dense, normalisation = layers.Dense(6), layers.BatchNormalization()
    dense.build((None, 4))
    normalisation.build((None, 6))
    dense.set_weights([draw(-1, 1, (4, 6)), draw(-1, 1, 6)])
    normalisation.set_weights(list(draw(0.1, 1, (4, 6))))
    answer = checks.answered(folded(dense, normalisation))
    is_dense = isinstance(answer, layers.Dense)
    checks.holds(is_dense, hint="return one layer of the kind Dense.")
    inputs = draw(-3, 3, (10, 4))
    both = through(normalisation, dense(inputs), training=False)
    hint = "write the formula with dense(x) in the place of x and sort it."
    checks.equal(through(answer, inputs), both, within=1e-3, hint=hint)


# %% tags=["solution", "hide-cell"]
def folded(dense, normalisation):
    kernel, bias = dense.get_weights()
    gamma, beta, mean, variance = normalisation.get_weights()
    scale = gamma / np.sqrt(variance + normalisation.epsilon)
    layer = layers.Dense(len(bias))
    layer.build((None, len(kernel)))
    layer.set_weights([kernel * scale, (bias - mean) * scale + beta])
    return layer


# %% [markdown]
# Programs that run trained networks on telephones do exactly this, because one layer takes less time than two.

# %% [markdown]
# ## What the reports say of layers
#
# *Core · 5 minutes*
#
# The table has each statement of the reports that this page is about, and how it came out. The verdicts lead to [the
# ledger](07_replication_ledger.ipynb).

# %%
ledger.read().of(practical="03_layers_tour")

# %% [markdown]
# ## What to take with you
#
# - Two layers behave differently in training and in inference: dropout and batch normalisation. Always know in which mode a
#   number was measured.
# - A convolution has the same number of weights whatever the size of the image; a dense layer has not.
# - The sizes of all maps can be worked out before a network is built, and an error about a size says where they do not fit.
#
# **Limits.** What a layer does to an array says little about what it contributes to a trained network. This page cannot
# tell which kernel size, initialiser or rate is best; only trainings can.
#
# **Next.** In [04 · A progression of networks on MNIST](04_mnist_progression.ipynb), these layers are put together and
# trained.
