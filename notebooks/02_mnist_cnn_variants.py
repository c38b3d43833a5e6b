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
# | **Purpose** | Follow an image's shape through a convolutional network, find the pixels it never sees, weigh cost against accuracy, and repair five networks that fail or were mixed up |
# | **Before this** | [01 · Dense networks](01_mnist_dense.ipynb) |
# | **Time** | core: 2 h, going further: 1 h · training it all yourself: seconds at smoke, about 7 minutes at lab or full on 2 CPU cores |
# | **GPU needed?** | no |
#
# The second half of the report R1 trains three convolutional networks on half of MNIST, then rebuilds one of them with five
# combinations of layers. Three of the five cannot be built, and for the other two the report prints the results of another
# network by mistake. We build everything, look inside, and repair what breaks. Sections marked *Core* fill one lab session;
# those marked *Going further* can wait.

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

# %% [markdown]
# Settings you can change:

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
# *Core · 25 minutes*
#
# A dense layer gives every pixel a weight of its own. A [*convolution*](../book/glossary.md#term-convolution) slides one small [*kernel*](../book/glossary.md#term-kernel) of weights over the whole
# image and writes down its result for each place in a [*feature map*](../book/glossary.md#term-feature-map). A layer has many kernels, also called [*filters*](../book/glossary.md#term-filter), and
# makes one map with each. A [*pooling*](../book/glossary.md#term-pooling) layer then shrinks each map: max pooling keeps the largest value of each small
# square.
#
# R1's three networks have the same plan: three convolutions with a pooling after each of the first two, then two dense
# layers. They differ in the sizes of kernels and pools, in the number of filters, and in the units of the first dense
# layer.

# %%
from keras import Input, Sequential, layers


def classifier(*body, units):
    top = [
        layers.Flatten(),
        layers.Dense(units, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
    return Sequential([Input((28, 28, 1)), *body, *top])


# %%
def conv(filters, size):
    return layers.Conv2D(filters, size, activation="relu")


pool = layers.MaxPooling2D


# %%
def conv_a():
    body = conv(32, 2), pool(2), conv(32, 2), pool(2), conv(32, 2)
    return classifier(*body, units=32)


# %%
def conv_b():
    body = conv(32, 2), pool(3), conv(64, 2), pool(3), conv(64, 2)
    return classifier(*body, units=64)


# %%
def conv_c():
    body = conv(32, 4), pool(2), conv(128, 4), pool(2), conv(128, 4)
    return classifier(*body, units=128)


# %% [markdown]
# Predict before you run the next cell: a convolution without padding makes each side of the map smaller by the kernel's
# size less one, and a pool divides the side by its own size, rounding down. *What is the shape of network A's last map? And
# of B's?*

# %%
show.summary(conv_a())

# %%
for network, name in ((conv_a, "a"), (conv_b, "b"), (conv_c, "c")):
    claim = claims.quote(f"r1-conv-{name}-parameters")
    print(network.__name__, checks.parameters(network(), claim.value))

# %% [markdown]
# ### The shape of the maps, layer by layer
#
# The sides are drawn to scale; of each stack of maps, three are shown.

# %% mystnb={"image": {"alt": "Three rows of squares that shrink from left to right, one row a network. All start from an image of 28 by 28 by 1. A passes 27, 13, 12 and 6 and ends in 32 maps of 5 by 5, flattened to 800 numbers. B passes 27, 9, 8 and 2 and ends in 64 maps of 1 by 1. C passes 25, 12, 9 and 4 and ends in 128 maps of 1 by 1."}}
show.shapes({"A": conv_a(), "B": conv_b(), "C": conv_c()})
# %% [markdown]
# A's last maps are 5 by 5, so that its dense layer receives 800 numbers. The last maps of B and C are a single pixel: B's
# dense layer receives 64 numbers and C's 128, one a map. Is a map of a single pixel a bad sign? We come back to this when
# the networks have been trained.

# %% [markdown]
# ### Pixels that a network never sees
#
# Rounding down has a consequence: where a pool does not fit the map, the rest at the right and lower edge is *dropped*.
# Does the network still see every pixel? To find out, we set every kernel weight to one, light a single pixel, and look
# whether anything reaches the end, and we do this for each of the 784 pixels. *Which of the three networks sees least?*

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

# %%
ORANGE = np.array([0.87, 0.56, 0.02])


def painted(image, view):
    return np.where(view[..., None], image, ORANGE)


# %% mystnb={"image": {"alt": "The same handwritten digits three times, with the pixels that a network never sees painted orange. For A it is a line of one pixel at the right and lower edge. For B it is a band six pixels wide that cuts into the digits. For C it is a band of three pixels that touches the digits hardly at all."}}
few = digits.train.images[:8]
paintings = [painted(one, view) for view in views.values() for one in few]
titles = [title for name in views for title in (f"{name} sees", *[""] * 7)]
show.images(np.array(paintings), titles)
# %% [markdown]
# MNIST's digits stand in the middle 20 by 20 pixels. A and C lose hardly more than the empty border. B never sees six rows
# and six columns, and with them the right and lower edge of the digits themselves: a pool of 3 on a map of 8 uses six of
# the eight rows and drops the last two. No training can bring these pixels back.

# %% [markdown]
# ## What a network costs
#
# *Core · 10 minutes*
#
# The number of parameters says how much a network stores, not how long it computes: a convolution uses each of its weights
# once at *every place* of its map. So we count the multiplications for one image. An addition follows each, which is why
# they are called [*multiply-adds*](../book/glossary.md#term-multiply-add). *How many times A's work does C do?*


# %%
def positions(layer):
    """Return at how many places a layer applies its kernel."""
    transposed = "Transpose" in type(layer).__name__
    tensor = layer.input if transposed else layer.output
    return int(np.prod(tensor.shape[1:-1]))


# %%
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
    sizes = f"{one.count_params():9,} parameters,"
    print(network.__name__, sizes, f"{multiply_adds(one):9,} multiply-adds")

# %% [markdown]
# B has nearly as many parameters as A and needs fewer multiplications. C has about ten times A's parameters and does about
# seven times A's work for each image. Whether its results are worth that is asked at the end of the page.

# %% [markdown]
# ## Train the three networks
#
# *Core · 20 minutes*
#
# In plain Keras, training one of them on a thousand images takes the lines below; practical 00 explains each of them. *How
# many of ten digits do you expect A to read after that?*

# %%
import keras

thousand = digits.train.take(1_000, seed=0)


def quick_accuracy(build):
    """Return the validation accuracy after EPOCHS on 1,000 images."""
    keras.utils.set_random_seed(0)
    network = build()
    loss = "categorical_crossentropy"
    network.compile("rmsprop", loss, metrics=["accuracy"])
    settings = {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "verbose": 0}
    network.fit(thousand.inputs, thousand.targets, **settings)
    unseen = digits.validation
    return network.evaluate(unseen.inputs, unseen.targets, verbose=0)[1]


# %% tags=["nbval-ignore-output", "remove-output"]
print(f"{10 * quick_accuracy(conv_a):.1f} of ten digits")

# %% [markdown]
# The website leaves this answer out, because it comes from one short run on whatever machine runs the page. `labkit.train`
# does the same with all 30,000 images; it also measures the trained network on all parts of the data, and there is a record
# of it for each of five seeds. As R1 does, we train with RMSprop for five epochs, 64 images a batch. *Write down which
# network will be best and which worst, and by how much you expect them to differ.*

# %%
recipe = labkit.Recipe(
    loss="categorical_crossentropy",
    optimizer="rmsprop",
    epochs=EPOCHS,
    batch_size=BATCH_SIZE,
)

# %%
from functools import partial

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
# %% tags=["hide-input"]
COST = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds an image",
    "seconds_per_epoch": "seconds per epoch",
    "train_accuracy": "train accuracy",
    "validation_accuracy": "validation accuracy",
}

# %%
show.results(three, COST)

# %% [markdown]
# B has the lowest accuracy of the three, on the training images as well. It learns even the images it trains on less well
# than the others do, so overfitting alone cannot explain its place. C has the highest mean of the three, but compare its
# lead over A with the spread behind the ±: five seeds do not detect a difference between the two, and from one run of each,
# as R1 had them, either can come out ahead.
#
# C also takes the most time. But the time grows less than the work: C does seven times A's multiplications in less than
# seven times A's time. A likely reason is that larger layers keep more of the processor's arithmetic units busy at once.
#
# R1 has an explanation for B's place and one for C's:

# %% tags=["hide-input"]
claims.quote("r1-conv-b-pools-do-not-suit")

# %% tags=["hide-input"]
claims.quote("r1-conv-c-has-more-filters")

# %% [markdown]
# ## Testing the two explanations
#
# *Core · 20 minutes*
#
# Both explanations are plausible, and neither was tested: from A to B and from A to C several things change at once. An
# explanation predicts what happens when one thing is changed and the rest is kept. So we change B and C, each by as little
# as we can.
#
# - If B suffers from the pixels that its pools drop, then padding the pools, so that nothing is dropped, must help.
# - If B suffers from the size of its pools, then pools of 2, as A has them, must help.
# - If C is good because of its filters, then it must lose accuracy with 32 filters in every layer, as A has them.


# %%
def conv_b_padded():
    wide = partial(pool, 3, padding="same")
    body = conv(32, 2), wide(), conv(64, 2), wide(), conv(64, 2)
    return classifier(*body, units=64)


# %%
def conv_b_pool_2():
    body = conv(32, 2), pool(2), conv(64, 2), pool(2), conv(64, 2)
    return classifier(*body, units=64)


# %%
def conv_c_32():
    body = conv(32, 4), pool(2), conv(32, 4), pool(2), conv(32, 4)
    return classifier(*body, units=32)


# %%
for network in (conv_b_padded, conv_b_pool_2, conv_c_32):
    blind = (~seen(network())).sum()
    print(f"{network.__name__} never sees {blind} of 784 pixels")

# %% [markdown]
# None of the three changes comes quite alone. Padded or smaller pools leave larger maps, so that B's dense layer receives
# more numbers and has more weights than before. And C's first dense layer has as many units as its last convolution has
# filters, so that it shrinks with them. The table shows the parameters.
#
# *Which of the two changes to B do you expect to gain more? And does C with 32 filters beat A, which has as many?*

# %%
changed = {
    "B, padded": train(conv_b_padded, experiment="02/conv-b-padded"),
    "B, pools of 2": train(conv_b_pool_2, experiment="02/conv-b-pool-2"),
    "C, 32 filters": train(conv_c_32, experiment="02/conv-c-32"),
}

# %%
one_change = three | changed
show.results(one_change, COST)

# %% mystnb={"image": {"alt": "Validation accuracy of six networks over five epochs. B is lowest throughout. Padded, it lies between B and the others. C and B with pools of 2 run on top, A and C with 32 filters a little below them, with bands that overlap at the end."}}
axes = show.compare(one_change, metric="val_accuracy")
limits = axes.set_ylim(0.93, 0.99)
# %%
show.differences(one_change, base="A", metric="validation_accuracy")

# %%
two = {name: one_change[name] for name in ("C, 32 filters", "C")}
show.differences(two, base="C, 32 filters", metric="validation_accuracy")

# %% [markdown]
# B first. Padding its pools helps, and pools of 2 help more; padded, B stays below A. R1 was right to suspect the pools.
# Why large pools do harm is a further question, which these networks leave open: a pool of 3 drops pixels at the edge,
# keeps one value of nine everywhere else, and leaves fewer numbers for the dense layer.
#
# Then C. With 32 filters it has about as many parameters as A, and larger kernels, which R1 changed as well and did not
# mention. Five seeds detect no difference between it and A. With all its filters, C fits its *training* images better than
# with 32; on the validation images five seeds detect no difference. So R1's explanation may be right, but it is not shown.
#
# And a map of a single pixel is no bad sign in itself. C with 32 filters passes only 32 numbers to its dense layer, half as
# many as B, and still has a higher accuracy than B; it comes within one percentage point of A, which passes on 800.

# %% [markdown]
# ## What a transposed convolution does
#
# *Going further · 15 minutes*
#
# In the first three of R1's five combinations, *transposed* convolutions take the place of A's convolutions. A convolution
# gathers: each place of its output is a weighted sum of the inputs under the kernel. A transposed convolution scatters: it
# takes each place of its *input*, multiplies the whole kernel by the value there, and adds the result to the output around
# that place. Where such copies of the kernel overlap, they add up. So the map grows where a convolution's would shrink.
# *What will the image of three bright pixels become?*

# %%
from keras import ops


def applied(kind, image, kernel, **options):
    layer = kind(1, kernel.shape, use_bias=False, **options)
    layer.build((None, *image.shape, 1))
    layer.set_weights([kernel[..., None, None]])
    answer = layer(image[None, ..., None].astype("float32"))
    return ops.convert_to_numpy(answer)[0, ..., 0]


# %%
KERNEL = np.array([[0.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 0.0]])
scattered = partial(applied, layers.Conv2DTranspose, kernel=KERNEL)


def pictures_of(image):
    return {
        "image": image,
        "convolution": applied(layers.Conv2D, image, KERNEL),
        "transposed": scattered(image=image),
        "transposed, stride 2": scattered(image=image, strides=2),
    }


# %% tags=["hide-input"]
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


# %% mystnb={"image": {"alt": "Four small pictures. An image of 6 by 6 with three bright pixels; its convolution with a cross-shaped kernel, 4 by 4; its transposed convolution, 8 by 8, where each bright pixel has become a cross and two neighbouring crosses add up; and the transposed convolution with stride 2, 13 by 13, where the crosses stand apart."}}
dots = np.zeros((6, 6))
dots[1, 1] = dots[4, 3] = dots[4, 4] = 1.0
side_by_side(pictures_of(dots))
# %% [markdown]
# Each bright pixel has become a cross, which is the kernel, and the crosses of two neighbours add up. With stride 2 the
# copies of the kernel are set two pixels apart, which makes the map about twice as large. This is what the layer is used
# for, in networks that *draw* images. At stride 1, as R1 uses it, it is hardly more than a convolution of an image with a
# border of zeros. Here is the same for a digit:

# %% mystnb={"image": {"alt": "Four pictures of one handwritten digit: the image; its convolution, a little smaller and smoother; its transposed convolution, a little larger and just as smooth; and the transposed convolution with stride 2, twice as large, with a regular grid pattern where the copies of the kernel overlap."}}
side_by_side(pictures_of(digits.train.images[0, ..., 0]))
# %% [markdown]
# The grid in the last picture is no feature of the digit: neighbouring copies of the kernel overlap at some places more
# than at others. Such [*checkerboard artefacts*](../book/glossary.md#term-checkerboard-artefacts) are known from networks that generate images.

# %% [markdown]
# ## Five combinations
#
# *Going further · 30 minutes*
#
# R1 starts from A and calls its combinations A1 to A5. Three of them raise an error when they are built. We read each
# error, and then build the nearest network that works.
#
# ### A1: transposed convolutions and one-dimensional pooling
#
# *What is the shape of a batch after the first layer, and how many axes does a `MaxPooling1D` layer expect?*


# %%
def transposed(filters, size):
    return layers.Conv2DTranspose(filters, size, activation="relu")


# %%
with checks.raises(ValueError, saying="is incompatible with the layer"):
    Sequential(
        [Input((28, 28, 1)), transposed(32, 2), layers.MaxPooling1D(2)]
    )

# %% tags=["hide-input"]
claims.quote("r1-conv-a1-fails")

# %% [markdown]
# The message answers both questions. The first layer gives a batch of the shape (examples, 29, 29, 32), which has four
# axes: examples, rows, columns, channels. A one-dimensional pool moves along *one* axis and expects three: examples, steps,
# channels, as text or a time series has them. So the layer cannot know whether to move along the rows or along the columns.
#
# We have to decide it. Pooling along the columns only is a two-dimensional pool with a window that is one row high:


# %%
def conv_a1():
    slim = partial(layers.MaxPooling2D, (1, 2))
    grow = partial(transposed, 32, 2)
    return classifier(grow(), slim(), grow(), slim(), grow(), units=32)


# %%
a1 = train(conv_a1, experiment="02/conv-a1-fixed")

# %% mystnb={"image": {"alt": "One row of stacked shapes: from the image of 28 by 28 by 1 the height grows from 29 to 31 while the width shrinks from 29 over 14 and 15 to 7 and 8; the last stack, 31 by 8 by 32, is flattened to 7936 numbers."}}
show.shapes({"A1, repaired": conv_a1()})
# %% [markdown]
# ### A2: transposed convolutions and max pooling
#
# This one can be built, and R1 builds it.


# %%
def conv_a2():
    grow = partial(transposed, 32, 2)
    return classifier(grow(), pool(2), grow(), pool(2), grow(), units=32)


# %%
checks.parameters(conv_a2(), claims.quote("r1-conv-a2-parameters").value)

# %%
a2 = train(conv_a2, experiment="02/conv-a2")

# %% [markdown]
# ### A3: transposed convolutions and average pooling
#
# What R1 announces:

# %% tags=["hide-input"]
claims.quote("r1-conv-a3-has-average-pooling")

# %% [markdown]
# Its listing, however, has max pooling: the block was copied from A2, and this one word was not changed. Here is what R1
# meant to build.


# %%
def conv_a3():
    mean = partial(layers.AveragePooling2D, 2)
    grow = partial(transposed, 32, 2)
    return classifier(grow(), mean(), grow(), mean(), grow(), units=32)


# %%
checks.parameters(conv_a3(), claims.quote("r1-conv-a3-parameters").value)

# %% [markdown]
# Pooling has no weights, so that both networks have the same number of parameters, and the slip does not show in it. The
# network as R1 built it is A2 under another name. Trained from the same seed, it must give the same numbers as A2, digit
# for digit. *Does the network as it was meant give other ones?*

# %%
a3 = train(conv_a3, experiment="02/conv-a3")
a3_as_built = train(conv_a2, experiment="02/conv-a3-as-built")

# %%
a2_and_a3 = {"A2": a2, "A3, as built": a3_as_built, "A3, as meant": a3}
show.results(a2_and_a3, {"validation_loss": "validation loss"})

# %% [markdown]
# The first two rows agree in every digit, and average pooling gives a higher loss than max pooling.

# %% [markdown]
# ### A4: three-dimensional convolution on images
#
# *A `Conv3D` layer slides a cube of weights. Along which three axes?*

# %%
with checks.raises(ValueError, saying="is incompatible with the layer"):
    Sequential([Input((28, 28, 1)), layers.Conv3D(32, 2)])

# %% tags=["hide-input"]
claims.quote("r1-conv-a4-fails")

# %% [markdown]
# This is right in part. What counts is how many axes the layer slides along: rows, columns and *depth*, which makes five
# axes with examples and channels. A scan of a body has a depth, and in a film time takes its place. An image has none, but
# we can give it a depth of one.


# %%
def conv_a4():
    pool_3d = partial(layers.MaxPooling3D, (2, 2, 1))
    grow = partial(layers.Conv3DTranspose, 32, 2, activation="relu")
    return classifier(
        layers.Reshape((28, 28, 1, 1)),
        layers.Conv3D(32, (2, 2, 1), activation="relu"),
        *(pool_3d(), grow(), pool_3d(), grow()),
        units=32,
    )


# %%
a4 = train(conv_a4, experiment="02/conv-a4-fixed")

# %% [markdown]
# A cube that is 2 deep does not fit into a depth of one, so the first kernel is 1 deep, which makes it an ordinary
# two-dimensional convolution. The transposed convolutions then let the depth grow from 1 to 2 to 3, although the image has
# nothing to put there. The network trains; the table near the end of the page shows how well, and how long it takes.

# %% [markdown]
# ### A5: global pooling before a convolution
#
# *Global max pooling keeps the largest value of each map. What is left of the rows and columns?*

# %%
with checks.raises(ValueError, saying="is incompatible with the layer"):
    second = layers.Conv2D(32, 2, name="second_convolution")
    body = conv(32, 2), layers.GlobalMaxPooling2D(), second
    Sequential([Input((28, 28, 1)), *body])

# %% tags=["hide-input"]
claims.quote("r1-conv-a5-fails")

# %% [markdown]
# That is right. Global pooling turns (examples, rows, columns, channels) into (examples, channels): nothing is left of rows
# and columns. It says *whether* a feature is somewhere in the image and forgets *where*, and after it there is nothing to
# slide a kernel over. So its place is at the end, where flattening would stand.


# %%
def conv_a5():
    body = conv(32, 2), pool(2), conv(32, 2), pool(2), conv(32, 2)
    return classifier(*body, layers.GlobalMaxPooling2D(), units=32)


# %%
a5 = train(conv_a5, experiment="02/conv-a5-fixed")

# %% mystnb={"image": {"alt": "One row of stacked shapes, as in network A: 27, 13, 12, 6 and 5 pixels a side. Global max pooling then turns the 32 maps of 5 by 5 into 32 numbers, which go to the dense layers."}}
show.shapes({"A5, repaired": conv_a5()})
# %% [markdown]
# ### The validation loss of the five
#
# *Which of the five do you expect to learn more slowly than the others?*

# %% mystnb={"image": {"alt": "Validation loss over five epochs of network A and the five repaired combinations. A5, with global pooling, starts far above the others and stays above them. A1 to A4 and A run close together."}}
combinations = {"A": three["A"], "A1, repaired": a1, "A2": a2}
combinations["A3, as meant"] = a3
combinations["A4, repaired"] = a4
combinations["A5, repaired"] = a5
axes = show.compare(combinations, metric="val_loss")
# %% [markdown]
# It is A5, with global pooling: its validation loss is the highest after the first epoch, and still the highest after the
# fifth.

# %% [markdown]
# ## The same number three times
#
# *Core · 10 minutes*
#
# R1 prints these test losses for A2 and A3, two of its five combinations of layers, and for C:

# %% tags=["hide-input"]
claims.quote("r1-conv-a2-loss")

# %% tags=["hide-input"]
claims.quote("r1-conv-a3-loss")

# %% tags=["hide-input"]
claims.quote("r1-conv-c-loss")

# %% [markdown]
# Two networks, and a third with nearly five times their parameters, agree in every digit. Here, too, lines were copied:
# each of the lines that evaluate a network evaluates C. Here is the slip, with the three networks as they are before
# training:

# %%
networks = {"C": conv_c(), "A2": conv_a2(), "A3": conv_a3()}
some = digits.validation.take(200, seed=0)


# %%
def loss(network):
    network.compile(loss="categorical_crossentropy")
    return network.evaluate(some.inputs, some.targets, verbose=0)


# %%
from labkit.errors import CheckFailed

# %%
copied = {"C": loss(networks["C"]), "A2": loss(networks["C"])}
copied["A3"] = loss(networks["C"])
with checks.raises(CheckFailed, saying="agree in every digit"):
    checks.distinct(copied)

# %% [markdown]
# The check knows nothing of the networks. It relies on the number of digits: a loss has so many that two networks
# practically never share them all. A loop avoids the slip, because it leaves no line to copy:

# %%
checks.distinct({name: loss(one) for name, one in networks.items()})

# %% [markdown]
# Would the check also have caught the copied A3? Yes: trained from the same seed, A2 and "A3, as built" have the same loss,
# too. The check cannot say *why* two numbers agree, only that somebody should look.

# %% [markdown]
# ## The test set, opened once
#
# *Core · 15 minutes*
#
# All observations so far were made on training and validation images. R1's numbers come from the test images, so we look at
# those now.

# %% tags=["hide-input"]
FINAL = COST | {
    "epochs": "epochs",
    "seconds": "seconds",
    "test_accuracy": "test accuracy",
    "test_loss": "test loss",
}

# %%
everything = one_change | combinations | {"A3, as built": a3_as_built}
show.results(everything, FINAL)

# %%
names = ("a", "b", "c", "a2", "a3")
quotes = [claims.quote(f"r1-conv-{name}-accuracy") for name in names]
ledger.beside(everything, quotes)

# %% [markdown]
# R1's first three numbers are one run of each network. Its last two are C's, printed under the names of A2 and A3; what A2
# and A3 really reach stands beside them. As on the validation images, B comes out worst of the three, and five seeds detect
# no difference between A and C.
#
# The combinations, compared with A:

# %%
show.differences(combinations, base="A", metric="test_accuracy")

# %% [markdown]
# A1, A2 and A4 are as good as A, within half a percentage point: here, transposed convolutions serve as well as plain ones.
# A4 needs more than twice A's time for it. A3, with average pooling, is behind A and behind A2. A5, with global pooling, is
# more than two percentage points behind A3. A likely reason is that it matters *where* the strokes of a digit are, which
# global pooling forgets.
#
# ### Is C worth it?
#
# *Look for networks that are as high as C and further to the left.*

# %% mystnb={"image": {"alt": "Test accuracy over multiply-adds an image, a point with an error bar a network. B stands alone at the lower left; padded, it comes up a good part of the way to A. C is highest, and far to the right. B with pools of 2 and C with 32 filters do about a third of its work, and their error bars overlap with its own."}} tags=["hide-input"]
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

# %% tags=["hide-input"]
claims.quote("r1-conv-c-costs-more")

# %% [markdown]
# The cost is real: an epoch of C takes more than twice the time of A's. Whether it is worth paying depends on the
# alternatives. B with pools of 2, one change away from R1's worst network, is as good as C within half a percentage point,
# with less than a third of the multiplications and in less time.

# %% [markdown]
# ### All that R1 says on these networks
#
# The table has every number and every conclusion of this half of the report, with what we recorded and how the comparison
# came out. Each verdict leads to [the ledger](07_replication_ledger.ipynb).

# %% tags=["hide-output"]
ledger.read().of(practical="02_mnist_cnn_variants")

# %% mystnb={"image": {"alt": "Up to sixteen test digits that network C reads wrongly with high confidence, each with its true digit and the network's answer."}}
show.mistakes(three["C"], digits.class_names)
# %% [markdown]
# ## Exercises
#
# *Core · 20 minutes*
#
# Put your answer in the place of the `...` and run the two cells. The check tells you whether it is right; a solution is
# folded beneath it.
#
# ### Exercise 1: the parameters of a convolution
#
# Write `conv_parameters(size, channels, filters)`, which returns the number of parameters of a `Conv2D` layer with square
# kernels of `size` by `size` pixels, on maps with `channels` channels. The summary of network A above has three examples.


# %% tags=["exercise"]
def conv_parameters(size, channels, filters):
    return ...


# %% tags=["check"]
with checks.exercise():
    layer = layers.Conv2D(7, 3)
    layer.build((None, 28, 28, 5))
    hint = "a window has weights in every channel; a filter has one bias."
    checks.equal(conv_parameters(3, 5, 7), layer.count_params(), hint=hint)


# %% tags=["solution", "hide-cell"]
def conv_parameters(size, channels, filters):
    return (size * size * channels + 1) * filters  # one bias a filter


# %% [markdown]
# ### Exercise 2: another way to let B see every pixel
#
# We padded B's pools. Find another change to B after which it sees all 784 pixels: the two pools stay 3 by 3 and have no
# padding. Return your network from `conv_b_sees_all`, with `classifier` as above, and work out on paper how many parameters
# it has more than B.


# %% tags=["exercise"]
def conv_b_sees_all():
    return ...


more_than_b = ...  # parameters, worked out on paper

# %% tags=["check"]
with checks.exercise():
    answer = checks.answered(conv_b_sees_all())
    pools = [one for one in answer.layers if isinstance(one, pool)]
    found = [(one.pool_size, one.padding) for one in pools]
    kept = found == [((3, 3), "valid")] * 2
    checks.holds(kept, hint="B keeps its two pools of 3, without padding.")
    hint = "some pixel is still dropped: follow the shapes to each pool."
    checks.holds(seen(answer).all(), hint=hint)
    hint = "compare the two summaries: which layer has grown?"
    more = answer.count_params() - conv_b().count_params()
    checks.equal(more_than_b, more, hint=hint)


# %% tags=["solution", "hide-cell"]
def conv_b_sees_all():
    same = partial(
        layers.Conv2D, kernel_size=2, padding="same", activation="relu"
    )
    body = same(32), pool(3), same(64), pool(3), same(64)
    return classifier(*body, units=64)


# The last map is 3 x 3 instead of 1 x 1: 8 more places, 64 maps, 64 units.
more_than_b = 8 * 64 * 64

# %% [markdown]
# ### Exercise 3: a small network
#
# Build a network with fewer than 10,000 parameters that beats A5. A5 is A with global max pooling before its dense layers,
# and has 9,802 parameters. Both are trained with `quick_accuracy`, which takes a few seconds.


# %% tags=["exercise"]
def small():
    return ...


# %% tags=["check"]
with checks.exercise():
    count = checks.answered(small()).count_params()
    hint = "it has 10,000 parameters or more: which layer has most of them?"
    checks.holds(count < 10_000, hint=hint)
    better = quick_accuracy(small) > quick_accuracy(conv_a5)
    hint = (
        "it is no better than A5: does it keep where a feature was found?"
    )
    checks.holds(better, hint=hint)


# %% tags=["solution", "hide-cell"]
def small():
    body = conv(12, 4), pool(2), conv(12, 4), pool(2), conv(12, 4)
    return classifier(*body, units=32)


# %% [markdown]
# ## More exercises
#
# *Going further · 15 minutes*
#
# ### Exercise 4: another repair of A1
#
# A1 failed because a one-dimensional pool expects three axes. Write `pooled_by_rows(maps, pool_1d)`, which sends every row
# of every map through the layer `pool_1d` and gives back the shape (examples, rows, columns, channels), with fewer columns.
# `maps` is a NumPy array; `reshape` is one way to do it, Keras's `TimeDistributed` another.


# %% tags=["exercise"]
def pooled_by_rows(maps, pool_1d):
    return ...


# %% tags=["check"]
with checks.exercise():
    maps = np.random.default_rng(0).normal(size=(2, 6, 7, 3))
    hint = (
        "each row is one example for the pool; its steps are the columns."
    )
    for kind in ("MaxPooling", "AveragePooling"):
        pool_1d = getattr(layers, f"{kind}1D")(2)
        answer = checks.answered(pooled_by_rows(maps, pool_1d))
        expected = getattr(layers, f"{kind}2D")((1, 2))(maps)
        answer, expected = map(ops.convert_to_numpy, (answer, expected))
        checks.equal(answer, expected, within=1e-5, hint=hint)


# %% tags=["solution", "hide-cell"]
def pooled_by_rows(maps, pool_1d):
    return layers.TimeDistributed(pool_1d)(maps)


# %% [markdown]
# ### Exercise 5: a transposed convolution by hand
#
# Write `transposed_by_hand(image, kernel)` in NumPy, for an image and a kernel with two axes each, at stride 1: every pixel
# adds the kernel, times its own value, to the output. Your result has to agree with Keras's.


# %% tags=["exercise"]
def transposed_by_hand(image, kernel):
    return ...


# %% tags=["check"]
with checks.exercise():
    kernel = np.random.default_rng(0).normal(size=(2, 3))
    answer = checks.answered(transposed_by_hand(dots, kernel))
    expected = applied(layers.Conv2DTranspose, dots, kernel)
    hint = "the output is larger than the image, and overlaps add up."
    checks.equal(answer, expected, within=1e-5, hint=hint)


# %% tags=["solution", "hide-cell"]
def transposed_by_hand(image, kernel):
    rows, columns = kernel.shape
    out = np.zeros(np.array(image.shape) + kernel.shape - 1)
    for row, column in np.ndindex(*image.shape):
        window = out[row : row + rows, column : column + columns]
        window += image[row, column] * kernel
    return out


# %% [markdown]
# ## What to take with you
#
# - Follow the shapes. They explain most errors while a network is built, and they show which pixels a network never sees.
# - A pool or stride that does not fit its map drops what is left over, and Keras gives no warning.
# - Parameters take memory, multiply-adds take time. A convolution has few parameters and many multiply-adds.
# - An explanation predicts what happens when one thing is changed. Test it by changing as little as you can.
# - If two networks agree in every digit, look for a network that was evaluated twice.
#
# **Limits.** We trained for five epochs on an easy problem: networks that are equally good here may differ on harder
# images. Seconds hold for the machine they were measured on. Multiply-adds are the same everywhere, but they are not
# proportional to time.
#
# **Next.** [03 · A tour of the layers](03_layers_tour.ipynb) examines the layers used here one by one, in small
# experiments.
