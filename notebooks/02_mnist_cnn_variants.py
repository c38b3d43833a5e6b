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
# # 02 · Convolutional variants on half of MNIST
#
# | At a glance | |
# |---|---|
# | **Purpose** | Follow an image's shape through a convolutional network, see what a network is blind to, weigh cost against accuracy, and turn five error messages and mix-ups into networks that train |
# | **Before this** | [01 · Dense networks](01_mnist_dense.ipynb) |
# | **Time** | smoke: seconds · lab and full: the same work here, one lab session on 2 CPU cores |
# | **GPU needed?** | no |
#
# The second half of the report R1 trains three convolutional networks on half of MNIST, then rebuilds one of them with five
# combinations of layers. Three of the five cannot be built, and the other two were evaluated by mistake on another network.
# We build everything, look inside, and repair what breaks.

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

# %% [markdown]
# All the numbers one may want to turn stand here.

# %%
TRAIN_IMAGES = 30_000  # half of MNIST's training images, as in the report
VALIDATION_IMAGES = 3_000  # from the half that the report leaves unused
EPOCHS = 5  # passes over the training images
BATCH_SIZE = 64  # images per weight update

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

# %% [markdown]
# ## Three networks
#
# A dense layer gives every pixel a weight of its own. A *convolution* slides one small *kernel* of weights over the whole
# image, and keeps what it finds at each place in a *feature map*; a layer has many kernels, called *filters*, and makes as many maps. A *pooling* layer then
# shrinks each map: max pooling keeps the largest value of each small square.
#
# R1's three networks have the same plan, three convolutions with two poolings between them. They differ in the sizes of
# kernels and pools, and in the number of filters.

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


# %% [markdown]
# Predict before you run the next cell: a convolution without padding makes the map smaller by the kernel's size less one, and
# a pool divides it, rounding down. What is the shape of network A's last map? And of B's?

# %%
show.summary(conv_a())

# %%
for network, name in ((conv_a, "a"), (conv_b, "b"), (conv_c, "c")):
    claim = claims.quote(f"r1-conv-{name}-parameters")
    print(network.__name__, checks.parameters(network(), claim.value))

# %% [markdown]
# ### Where the image goes
#
# The sides are drawn to scale; of each stack of maps, three are shown.

# %% mystnb={"image": {"alt": "Three rows of squares that shrink from left to right, one row a network. All start from an image of 28 by 28 by 1. A passes 27, 13, 12 and 6 and ends in 32 maps of 5 by 5, flattened to 800 numbers. B passes 27, 9, 8 and 2 and ends in 64 maps of 1 by 1. C passes 25, 12, 9 and 4 and ends in 128 maps of 1 by 1."}}
show.shapes({"A": conv_a(), "B": conv_b(), "C": conv_c()})
# %% [markdown]
# A hands 800 numbers to its dense layer. B squeezes all it has seen through 64, C through 128, one number a map. It is
# tempting to conclude that a map of a single pixel is a bad sign. But C has one, too: hold that thought until both have been trained.

# %% [markdown]
# ### What a network is blind to
#
# "Rounding down" has a price: where a pool does not fit the map, the rest at the right and lower edge is *dropped*. Does the
# network still see every pixel? Ask it: set every kernel weight to one, light a single pixel, and see whether anything
# reaches the end. Do that for each of the 784 pixels.

# %%
import numpy as np
from keras import Model


def seen(network):
    flatten = network.layers[-3]
    body = Model(network.inputs, flatten.output)
    for weight in body.weights:
        weight.assign(np.full(weight.shape, float(len(weight.shape) > 1)))
    lit = np.eye(28 * 28).reshape(-1, 28, 28, 1)  # one pixel an image
    answers = body.predict(lit, verbose=0)
    return answers.any(axis=-1).reshape(28, 28)


# %%
views = {"A": seen(conv_a()), "B": seen(conv_b()), "C": seen(conv_c())}
for name, view in views.items():
    print(f"{name} never sees {(~view).sum()} of {view.size} pixels")

# %% mystnb={"image": {"alt": "The same handwritten digits three times, with the pixels that a network never sees painted orange. For A it is a line of one pixel at the right and lower edge. For B it is a band six pixels wide that cuts into the digits. For C it is a band of three pixels that touches the digits hardly at all."}}
ORANGE = np.array([0.87, 0.56, 0.02])


def painted(image, view):
    return np.where(view[..., None], image, ORANGE)


few = digits.train.images[:8]
paintings = [painted(one, view) for view in views.values() for one in few]
titles = [title for name in views for title in (f"{name} sees", *[""] * 7)]
show.images(np.array(paintings), titles)
# %% [markdown]
# MNIST's digits stand in the middle 20 by 20 pixels. A and C lose hardly more than empty border. B loses six rows and six columns, and with them the
# right and lower edge of the digits themselves: a pool of 3 on a map of 8 uses six rows of the eight, and drops a
# quarter of each side. No training can bring that back.

# %% [markdown]
# ## What a network costs
#
# Parameters say how much a network remembers, not how long it works: a convolution uses each of its weights once at *every
# place* of its map. Count the multiplications for one image, each with the addition that follows it.


# %%
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
for network in (conv_a, conv_b, conv_c):
    one = network()
    print(
        f"{network.__name__}: {one.count_params():9,} parameters,", end=""
    )
    print(f"{multiply_adds(one):11,} multiply-adds an image")

# %% [markdown]
# B has nearly as many parameters as A and needs fewer multiplications. C has ten times the parameters and seven times the
# work. *Is it worth it?*

# %% [markdown]
# ## Train the three
#
# As R1 does: RMSprop, five epochs, 64 images a batch. *Write down which will be best and which worst, and by how much you expect them to differ.*

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
    measure={"multiply_adds": lambda model, dataset: multiply_adds(model)},
)

# %%
three = {
    "A": train(conv_a, experiment="02/conv-a"),
    "B": train(conv_b, experiment="02/conv-b"),
    "C": train(conv_c, experiment="02/conv-c"),
}

# %% mystnb={"image": {"alt": "Three panels with training and validation loss over five epochs, one for each network. B starts highest and ends highest. C falls fastest, and its validation loss levels off after two epochs while its training loss still falls. A lies between. In all three validation ends a little above training."}}
show.curve_panels(three)
# %%
COST = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds an image",
    "seconds_per_epoch": "seconds per epoch",
    "train_accuracy": "train accuracy",
    "validation_accuracy": "validation accuracy",
}
show.results(three, COST)

# %% [markdown]
# B is the worst of the three, on the training images as well: it does not overfit, it cannot see. C is the dearest, and on average the best;
# but look at its ± beside its lead over A. From one run each, as R1 had them, either of the two can come out ahead.
#
# Look at the seconds beside the multiplications, too: the time grows less than the work, because larger layers keep the
# processor's arithmetic units busier.
#
# R1 has an explanation for each end of the list:

# %%
claims.quote("r1-conv-b-pools-do-not-suit")

# %%
claims.quote("r1-conv-c-has-more-filters")

# %% [markdown]
# Both are plausible. Neither was tested: from A to B and from A to C at least *two* things change at once. An explanation is a prediction
# about what happens when one thing is changed, so let us change one.

# %% [markdown]
# ## One change at a time
#
# If B suffers from what its pools drop, then padding them, so that nothing is dropped, must help, all else equal. If it is the
# size of the pools, A's pools must help more. And if C is good because of its filters, it must fall back to A's level with A's 32.


# %%
def conv_b_padded():
    padded = partial(pool, 3, padding="same")
    return classifier(
        conv(32, 2), padded(), conv(64, 2), padded(), conv(64, 2), units=64
    )


def conv_b_pool_2():
    return classifier(
        conv(32, 2), pool(2), conv(64, 2), pool(2), conv(64, 2), units=64
    )


def conv_c_32():
    return classifier(
        conv(32, 4), pool(2), conv(32, 4), pool(2), conv(32, 4), units=32
    )


# %%
for network in (conv_b_padded, conv_b_pool_2, conv_c_32):
    blind = (~seen(network())).sum()
    print(f"{network.__name__} never sees {blind} of 784 pixels")

# %% [markdown]
# *Which of the two repairs of B do you expect to gain more? And does C with 32 filters beat A, which has as many?*

# %%
one_change = {
    "A": three["A"],
    "B": three["B"],
    "B, padded": train(conv_b_padded, experiment="02/conv-b-padded"),
    "B, pools of 2": train(conv_b_pool_2, experiment="02/conv-b-pool-2"),
    "C": three["C"],
    "C, 32 filters": train(conv_c_32, experiment="02/conv-c-32"),
}
show.results(one_change, COST)

# %% mystnb={"image": {"alt": "Validation accuracy of six networks over five epochs. B is lowest throughout. Padded, it lies between B and the others. C and B with pools of 2 run on top, A and C with 32 filters a little below them, with bands that overlap at the end."}}
axes = show.compare(one_change, metric="val_accuracy")
axes.set_ylim(0.93, 0.99)
# %% [markdown]
# B first. Letting it see the whole image brings more than half of what it lacked; pools of 2 bring the rest, for a 3 by 3 pool throws away
# eight values of nine, border or not. R1 was right to suspect the pools.
#
# Then C. With 32 filters it has about as many parameters as A, and larger kernels, which R1 changed as well and did not mention. On their own they
# bring nothing that five seeds could tell from luck. With all its filters C is a little better than with 32, on most seeds: so
# if there is a lead to explain, the filters explain it, as R1 supposed.

# %%
show.differences(one_change, base="A", metric="validation_accuracy")

# %% [markdown]
# And the map of one pixel was no bad sign in itself: C with 32 filters squeezes each image through 32 numbers, half as many as B, and
# keeps up with A, which keeps 800. What matters is what those numbers have seen.

# %% [markdown]
# ## What a transposed convolution does
#
# R1's five combinations replace A's convolutions by *transposed* ones. A convolution gathers: each place of its output is a weighted sum of the
# inputs under the kernel. A transposed convolution scatters: each place of its *input* stamps the whole kernel, times its own value,
# onto the output, and stamps that overlap add up. So the map grows where a convolution's would shrink.

# %%
from keras import ops

KERNEL = np.array([[0.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 0.0]])


def applied(kind, image, kernel, **options):
    layer = kind(1, kernel.shape, use_bias=False, **options)
    layer.build((None, *image.shape, 1))
    layer.set_weights([kernel[..., None, None]])
    answer = layer(image[None, ..., None].astype("float32"))
    return ops.convert_to_numpy(answer)[0, ..., 0]


# %% mystnb={"image": {"alt": "Four small pictures. An image of 6 by 6 with three bright pixels; its convolution with a cross-shaped kernel, 4 by 4; its transposed convolution, 8 by 8, where each bright pixel has become a cross and two neighbouring crosses add up; and the transposed convolution with stride 2, 13 by 13, where the crosses stand apart."}}
import matplotlib.pyplot as plt


def side_by_side(pictures):
    figure, panels = plt.subplots(1, len(pictures), figsize=(9.6, 2.9))
    for panel, title in zip(panels, pictures, strict=True):
        picture = pictures[title]
        panel.imshow(picture)
        rows, columns = picture.shape
        panel.set_title(f"{title}\n{rows} × {columns}", fontsize=10)
        panel.axis("off")
    figure.tight_layout()


dots = np.zeros((6, 6))
dots[1, 1] = dots[4, 3] = dots[4, 4] = 1.0
scattered = partial(applied, layers.Conv2DTranspose, kernel=KERNEL)
side_by_side(
    {
        "image": dots,
        "convolution": applied(layers.Conv2D, dots, KERNEL),
        "transposed": scattered(image=dots),
        "transposed, stride 2": scattered(image=dots, strides=2),
    }
)
# %% [markdown]
# With stride 2 the stamps are set two pixels apart, which makes the map about twice as large: that is what the layer is for,
# in networks that *draw* images. At stride 1, as R1 uses it, it is hardly more than a convolution with a padded border. The
# same on a digit, with a kernel of your choice:

# %% mystnb={"image": {"alt": "Four pictures of one handwritten digit: the image; its convolution, a little smaller and smoother; its transposed convolution, a little larger and just as smooth; and the transposed convolution with stride 2, twice as large, with a regular grid pattern where the stamps overlap."}}
digit = digits.train.images[0, ..., 0]
side_by_side(
    {
        "image": digit,
        "convolution": applied(layers.Conv2D, digit, KERNEL),
        "transposed": scattered(image=digit),
        "transposed, stride 2": scattered(image=digit, strides=2),
    }
)
# %% [markdown]
# The grid in the last picture is no feature of the digit: neighbouring stamps overlap at some places more than at others.
# Such *checkerboard artefacts* are known from networks that generate images.

# %% [markdown]
# ## Five combinations
#
# ### A1: transposed convolutions and one-dimensional pooling
#
# *What is the shape of a batch after the first layer, and what shape does a `MaxPooling1D` layer work on?*


# %%
def transposed(filters, size):
    return layers.Conv2DTranspose(filters, size, activation="relu")


# %%
with checks.raises(ValueError, saying="is incompatible with the layer"):
    Sequential(
        [Input((28, 28, 1)), transposed(32, 2), layers.MaxPooling1D(2)]
    )

# %%
claims.quote("r1-conv-a1-fails")

# %% [markdown]
# The message says it in shapes. A one-dimensional pool walks along *one* axis: it wants (examples, steps, channels), three axes,
# as text or a time series has. A batch of feature maps has four: (examples, rows, columns, channels). Nothing tells the
# layer which of the two to walk along.
#
# So tell it. Pooling along the columns only is a two-dimensional pool with a window one row high:


# %%
def conv_a1():
    along_columns = partial(layers.MaxPooling2D, (1, 2))
    return classifier(
        transposed(32, 2),
        along_columns(),
        transposed(32, 2),
        along_columns(),
        transposed(32, 2),
        units=32,
    )


a1 = train(conv_a1, experiment="02/conv-a1-fixed")

# %% mystnb={"image": {"alt": "One row of stacked shapes: from the image of 28 by 28 by 1 the height grows from 29 to 31 while the width shrinks from 29 over 14 and 15 to 7 and 8; the last stack, 31 by 8 by 32, is flattened to 7936 numbers."}}
show.shapes({"A1, repaired": conv_a1()})
# %% [markdown]
# ### A2: transposed convolutions and max pooling
#
# This one can be built, and R1 builds it.


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


checks.parameters(conv_a2(), claims.quote("r1-conv-a2-parameters").value)

# %%
a2 = train(conv_a2, experiment="02/conv-a2")

# %% [markdown]
# ### A3: transposed convolutions and average pooling
#
# What R1 announces:

# %%
claims.quote("r1-conv-a3-has-average-pooling")

# %% [markdown]
# Its listing has max pooling: the block was copied from A2 and the word not changed. Here is what it meant.


# %%
def conv_a3():
    average = layers.AveragePooling2D
    return classifier(
        transposed(32, 2),
        average(2),
        transposed(32, 2),
        average(2),
        transposed(32, 2),
        units=32,
    )


checks.parameters(conv_a3(), claims.quote("r1-conv-a3-parameters").value)

# %% [markdown]
# Pooling has no weights, so the count cannot tell the two apart, and R1's check of the summary could not catch the slip. The network as R1
# built it is A2 under another name. Trained from the same seed it must give the same numbers, digit for digit:

# %%
a3 = train(conv_a3, experiment="02/conv-a3")
a3_as_built = train(conv_a2, experiment="02/conv-a3-as-built")

# %%
a2_and_a3 = {
    "A2": a2,
    "A3, as built": a3_as_built,
    "A3, as meant": a3,
}
show.results(a2_and_a3, {"validation_loss": "validation loss"})

# %% [markdown]
# ### A4: three-dimensional convolution on images
#
# *A `Conv3D` slides a cube of weights. Along which three axes?*

# %%
with checks.raises(ValueError, saying="is incompatible with the layer"):
    Sequential(
        [Input((28, 28, 1)), layers.Conv3D(32, 2, activation="relu")]
    )

# %%
claims.quote("r1-conv-a4-fails")

# %% [markdown]
# Nearly. What counts is not how large the data are but how many axes the layer wants to slide along: rows, columns and *depth*, which
# with examples and channels makes five axes. A scan of a body has a depth, and so has a film, in time. An image has
# none, but we can give it a depth of one.


# %%
def conv_a4():
    pool_3d = partial(layers.MaxPooling3D, (2, 2, 1))
    grow = partial(layers.Conv3DTranspose, 32, 2, activation="relu")
    return classifier(
        layers.Reshape((28, 28, 1, 1)),
        layers.Conv3D(32, (2, 2, 1), activation="relu"),
        pool_3d(),
        grow(),
        pool_3d(),
        grow(),
        units=32,
    )


a4 = train(conv_a4, experiment="02/conv-a4-fixed")

# %% [markdown]
# Through a depth of one a cube 2 deep does not fit, so the first kernel is 1 deep, which makes it an ordinary two-dimensional
# convolution. The transposed ones then *invent* a depth, from 1 to 2 to 3. It trains. Whether it was worth the trouble, the table at the
# end will say.

# %% [markdown]
# ### A5: global pooling before a convolution
#
# *Global max pooling keeps the largest value of each map. What is left of the rows and columns?*

# %%
with checks.raises(ValueError, saying="is incompatible with the layer"):
    Sequential(
        [
            Input((28, 28, 1)),
            conv(32, 2),
            layers.GlobalMaxPooling2D(),
            layers.Conv2D(32, 2, name="second_convolution"),
        ]
    )

# %%
claims.quote("r1-conv-a5-fails")

# %% [markdown]
# That is right. Global pooling turns (examples, rows, columns, channels) into (examples, channels): it says *whether* a feature is somewhere
# in the image and forgets *where*. After that there is nothing to slide a kernel over. It belongs where the "where" is no longer needed: at
# the end, in the place of flattening.


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

# %% mystnb={"image": {"alt": "One row of stacked shapes, as in network A: 27, 13, 12, 6 and 5 pixels a side. Global max pooling then turns the 32 maps of 5 by 5 into 32 numbers, which go to the dense layers."}}
show.shapes({"A5, repaired": conv_a5()})
# %% [markdown]
# ### Their curves
#
# *Which of the five do you expect to learn more slowly than the others?*

# %% mystnb={"image": {"alt": "Validation loss over five epochs of network A and the five repaired combinations. A5, with global pooling, starts far above the others and stays above them. A1 to A4 and A run close together."}}
combinations = {
    "A": three["A"],
    "A1, repaired": a1,
    "A2": a2,
    "A3, as meant": a3,
    "A4, repaired": a4,
    "A5, repaired": a5,
}
axes = show.compare(combinations, metric="val_loss")
# %% [markdown]
# ## The same number three times
#
# R1 prints these test losses for its second and third combination:

# %%
claims.quote("r1-conv-a2-loss")

# %%
claims.quote("r1-conv-a3-loss")

# %%
claims.quote("r1-conv-c-loss")

# %% [markdown]
# Two different networks, and a third with five times their parameters, agree in every digit. The lines that evaluate them were copied as well: each one evaluates
# network C. Here is the slip, with the three networks as they are before training:

# %%
networks = {"C": conv_c(), "A2": conv_a2(), "A3": conv_a3()}
some = digits.validation.take(200, seed=0)


def loss(network):
    network.compile(loss="categorical_crossentropy")
    return network.evaluate(some.inputs, some.targets, verbose=0)


# %%
from labkit.errors import CheckFailed

copied = {
    "C": loss(networks["C"]),
    "A2": loss(networks["C"]),
    "A3": loss(networks["C"]),
}
with checks.raises(CheckFailed, saying="agree in every digit"):
    checks.distinct(copied)

# %% [markdown]
# The check needs no knowledge of the networks: a loss has so many digits that two networks never share them all. And a loop leaves no
# line to copy:

# %%
checks.distinct({name: loss(one) for name, one in networks.items()})

# %% [markdown]
# Would it also have caught the copied A3? Yes, for once they are trained from one seed, A2 and "A3 as built" have the same loss, too:
# the check cannot say *why* two numbers agree, only that somebody should look.

# %% [markdown]
# ## The test set, opened once
#
# The observations above were made on validation images. Now the report's numbers have their turn.

# %%
FINAL = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds an image",
    "epochs": "epochs",
    "seconds": "seconds",
    "train_accuracy": "train accuracy",
    "validation_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
    "test_loss": "test loss",
}
everything = one_change | combinations | {"A3, as built": a3_as_built}
show.results(everything, FINAL)

# %%
names = ("a", "b", "c", "a2", "a3")
quotes = [claims.quote(f"r1-conv-{name}-accuracy") for name in names]
ledger.beside(everything, quotes)

# %% [markdown]
# The first three are R1's own, one run each; the last two are C's, printed under the names of A2 and A3. What A2 and A3 really reach
# stands beside them.

# %%
show.differences(combinations, base="A", metric="test_accuracy")

# %% [markdown]
# Transposed convolutions serve as well as plain ones here, whether or not that is what they are for, and A4's invented depth neither helps nor harms. Two
# rows are behind on every seed: average pooling by a little, and global pooling by far. Which digit it is depends on *where* its strokes are.
#
# ### Is C worth it?

# %% mystnb={"image": {"alt": "Test accuracy over multiply-adds an image, a point with an error bar a network. B stands alone at the lower left; padded, it comes up a good part of the way to A. C is highest, and far to the right. B with pools of 2 and C with 32 filters do about a third of its work, and their error bars overlap with its own."}}
from labkit.records import replicates

figure, axes = plt.subplots(figsize=(7.2, 4.2))
for title, run in one_change.items():
    accuracy = replicates.statistic(replicates.shown(run), "test_accuracy")
    work = run.value("multiply_adds") / 1e6
    point = (work, accuracy.mean, accuracy.sd)
    axes.errorbar(*point, marker="o", capsize=3, label=title)
axes.set(xlabel="million multiply-adds an image")
axes.set_ylabel("test accuracy")
axes.legend()
figure.tight_layout()
# %%
show.differences(one_change, base="A", metric="test_accuracy")

# %%
claims.quote("r1-conv-c-costs-more")

# %% [markdown]
# The cost is real; whether it is worth paying depends on what else there is. B with pools of 2, one change away from R1's worst network, comes
# as close to its best as the spread lets us tell, for less than a third of the work.

# %% [markdown]
# ### All that R1 says on these networks
#
# Every number and every conclusion of this half of the report, with what was recorded of it and how it came out. Each verdict leads to
# [the ledger](07_replication_ledger.ipynb).

# %% tags=["hide-output"]
ledger.read().of(practical="02_mnist_cnn_variants")

# %% mystnb={"image": {"alt": "Up to sixteen test digits that network C reads wrongly with high confidence, each with its true digit and the network's answer."}}
show.mistakes(three["C"], digits.class_names)
# %% [markdown]
# ## Exercises
#
# Each has checks that need no answer key. A solution is folded beneath it; the course's own tests run it.
#
# ### Exercise 1: count a convolution
#
# Write `conv_parameters(size, channels, filters)`, the number of parameters of a `Conv2D` with square kernels. Add up network C by
# hand with it: four numbers more are needed for its dense layers.

# %%
# your function


# %% tags=["hide-cell"]
def conv_parameters(size, channels, filters):
    return (size * size * channels + 1) * filters  # one bias a filter


counted = (
    conv_parameters(4, 1, 32)
    + conv_parameters(4, 32, 128)
    + conv_parameters(4, 128, 128)
    + (128 + 1) * 128
    + (128 + 1) * 10
)
checks.parameters(conv_c(), counted)

# %% [markdown]
# ### Exercise 2: let B see everything
#
# Change B so that it never drops a pixel and keeps its 3 by 3 pools. How many parameters does that add, and where? Check
# with `seen`. If you have a minute, train it at the lab budget: `checks.beats_baseline` takes B's validation accuracy as baseline, too.

# %%
# your network

# %% tags=["hide-cell"]
padded = conv_b_padded()
assert seen(padded).all(), "some pixel is still unseen"
added = padded.count_params() - conv_b().count_params()
assert added == 3 * 64 * 64, "2 x 2 maps instead of 1 x 1, to 64 units"
checks.shape(padded(digits.train.images[:2]), (2, 10))

# %% [markdown]
# ### Exercise 3: the other repair of A1
#
# `layers.TimeDistributed(layers.MaxPooling1D(2))` applies a one-dimensional pool to every row in turn. Show that on a random batch it gives
# what `MaxPooling2D((1, 2))` gives.

# %%
# your comparison

# %% tags=["hide-cell"]
batch = np.random.default_rng(0).normal(size=(2, 6, 8, 3))
by_rows = layers.TimeDistributed(layers.MaxPooling1D(2))(batch)
at_once = layers.MaxPooling2D((1, 2))(batch)
np.testing.assert_array_equal(
    ops.convert_to_numpy(by_rows), ops.convert_to_numpy(at_once)
)
checks.shape(by_rows, (2, 6, 4, 3))

# %% [markdown]
# ### Exercise 4: a transposed convolution by hand
#
# Write `stamped(image, kernel)` in NumPy: each pixel stamps the kernel, times its value. It must agree with Keras on `dots`.

# %%
# your function


# %% tags=["hide-cell"]
def stamped(image, kernel):
    size = len(kernel)
    out = np.zeros(np.array(image.shape) + size - 1)
    for row, column in np.ndindex(*image.shape):
        window = out[row : row + size, column : column + size]
        window += image[row, column] * kernel
    return out


np.testing.assert_allclose(
    stamped(dots, KERNEL), scattered(image=dots), rtol=1e-6
)
checks.shape(stamped(dots, KERNEL), (8, 8))

# %% [markdown]
# ### Exercise 5: small and good
#
# Build a network with fewer than 10,000 parameters that sees nearly the whole image. A smoke run shows that it trains; at the lab budget, in a
# minute or two, it should beat A5, which has 9,802: give `checks.beats_baseline` A5's validation accuracy as the baseline.

# %%
# your network


# %% tags=["hide-cell", "nbval-ignore-output"]
def small():
    return classifier(
        conv(12, 4),
        pool(2),
        conv(12, 4),
        pool(2),
        conv(12, 4),
        units=32,
    )


assert small().count_params() < 10_000
assert seen(small()).sum() > 600, "look at what it drops"
tried = labkit.train(
    small,
    digits,
    recipe,
    experiment="02/exercise-5",
    budget="smoke",
    mode="train",
)
assert np.isfinite(tried.value("test_loss"))
tried.epochs, tried.parameters

# %% [markdown]
# ## What to take with you
#
# - Follow the shapes. Most errors while building, and some blindness that raises no error at all, can be read off them.
# - A pool or stride that does not fit its map drops what is left over, without a word.
# - Parameters are memory, multiply-adds are work. A convolution has few of the first and many of the second.
# - An explanation predicts what happens when one thing is changed. Change one thing.
# - Two networks that agree in every digit are one network, evaluated twice.
#
# **Limits.** Five epochs on an easy problem: networks that tie here may part on harder images. Seconds belong to the machine they
# were measured on; multiply-adds do not, and are not seconds.
#
# **Next.** [03 · A tour of the layers](03_layers_tour.ipynb) takes each layer used here apart, one small experiment at a time.
