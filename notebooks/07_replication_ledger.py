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
# # 07 · The replication ledger
#
# | At a glance | |
# |---|---|
# | **Purpose** | Hold every number and every conclusion of the reports against the recorded runs, and learn how one decides what "the same" means |
# | **Before this** | [01 · Dense networks](01_mnist_dense.ipynb); the tables here lead to the other practicals |
# | **Time** | smoke, lab and full: the same few seconds, for nothing is trained here |
# | **GPU needed?** | no |
#
# A report says 0.9672, and our runs say something a little different. Is that the same result? Where a practical looks at one
# question closely, this page keeps the books: each claim of the reports, what was recorded of it, and the verdict of one rule.

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
from labkit import claims, ledger
from labkit.ledger import verdicts
from labkit.records import intervals

labkit.notebook.start(MODE, BUDGET)

# %% [markdown]
# This page judges what has been recorded, whatever the four parameters say. Recording is done by the practicals.

# %% [markdown]
# ## The books
#
# R1 is the report behind practicals 01 and 02, R2 the one behind 03 and 04. The other three reports get their lines here when their practicals
# are there.

# %%
entries = ledger.read()
entries.counts()

# %% [markdown]
# Most of these words come from the rule below; four of them do not, since no training could decide. *Shown* and *in part* are said of
# sentences that a cell of a page puts to the test: how a layer works, which network cannot be built. *Mistaken* is a claim that the
# report's own procedure or its own tables cannot support, whatever our runs say, and each one says why. *Not tested* is
# what nobody here has tried.

# %% [markdown]
# ## The rule
#
# ### A number that was measured once
#
# A report trains a network once and prints one accuracy. We train it from three or five seeds and get several. The report's number is
# *one more run*, of the same recipe, we hope. So the question is: where would one more run of ours fall?
# For $n$ runs with mean $m$ and standard deviation $s$, the *prediction interval*
#
# $$ m \pm t_{n-1} \, s \sqrt{1 + \tfrac{1}{n}} $$
#
# holds it 19 times in 20, $t$ being Student's quantile for so few runs. *Predict: five runs lie a thousandth apart; how wide is it?*

# %%
runs = [0.970, 0.971, 0.972, 0.973, 0.974]
interval = intervals.for_another_run(runs)
print(f"{interval.low:.4f} to {interval.high:.4f}")

# %% [markdown]
# Wider than most people guess, and wider than the runs themselves: five runs know little of their own scatter. The first three of them lie closer
# together, and still the interval gets wider:

# %%
interval = intervals.for_another_run(runs[:3])
print(f"{interval.low:.4f} to {interval.high:.4f}")

# %% [markdown]
# Inside it, the number is *reproduced*; outside, ours came out *higher* or *lower*. Seeds may also scatter so little that a difference
# which matters to nobody falls outside: then a *tolerance*, written beside the claim, widens the interval to what would still be called the
# same.

# %%
for reported in (0.9650, 0.9690, 0.9785):
    print(reported, verdicts.rule_on_number(reported, runs)[0])

# %% [markdown]
# Seconds belong to a machine, so they are never compared across machines. What can be compared is how many times as long one network
# takes as another, each on its own machine; a quarter of that ratio is its tolerance, because a report that prints "2 seconds" may mean
# anything from 1.5 to 2.5.
#
# ### A comparison
#
# "Dropout helps" is about the method, and one run more is not what it asks. It asks whether the *mean* difference has a sign. Runs of one seed
# share their images and their order, so the differences are taken within a seed, and their mean has the *confidence interval*
# $m \pm t_{n-1} \, s / \sqrt{n}$. If zero lies outside, the claim is *reproduced* or *contradicted*; if it lies inside, the two are *not
# distinguishable* by these seeds.

# %%
for differences in ([2, 3, 4], [-4, 1, 6], [-2, -3, -4]):
    outcome, interval = verdicts.rule_on_difference(">", differences)
    print(
        differences, outcome, f"{interval.low:.1f} to {interval.high:.1f}"
    )

# %% [markdown]
# A claim that two things are *equal* has to say how equal: its whole interval must lie within a tolerance. Not to find a difference is not
# enough, since with few seeds nobody finds any.
#
# Why 19 in 20? Because it is the custom, and a fixed threshold is better than one that is chosen when the result is known. It has a price: among a
# hundred true claims about five will fall outside by chance. A verdict is a line in a book, not a judgement of a person.
#
# Numbers need three seeds at the full budget, comparisons may use the lab budget where full is missing, and say so.

# %% [markdown]
# ## Reported and recorded
#
# In each row the dark stroke is the mean of our runs, the grey line the interval in which a report's number counts as reproduced, and the other
# mark that number. Read the length of the line first: a long one is easily hit.
#
# ### Practical 01: dense networks

# %%
ACCURACY_AND_LOSS = {
    "test_accuracy": "test accuracy",
    "test_loss": "test loss",
}

# %% mystnb={"image": {"alt": "Two panels, test accuracy and test loss, with a row for each of the seven dense networks. Nearly all of the report's marks lie on the grey interval of our runs, most of them on the worse side of our mean; dropout's reported loss lies just outside."}}
dense = entries.of(practical="01_mnist_dense")
ledger.plot(dense.verdicts, ACCURACY_AND_LOSS)
# %% [markdown]
# Nearly all of R1's numbers lie inside, but look at which side: nearly always the worse one. It trained on the same number of images with the same recipe;
# one systematic difference, in the version of the library or in the draw, would do that. The rule judges row by row and cannot see it. A reader can.
#
# ### Practical 02: convolutional variants

# %% mystnb={"image": {"alt": "Two panels with a row for each of five convolutional networks. A and C lie within wide intervals. B's mark lies outside, on the better side. The marks of A2 and A3 are crosses, mistaken: all three, with C, stand at one and the same value."}}
variants = entries.of(practical="02_mnist_cnn_variants")
ledger.plot(variants.verdicts, ACCURACY_AND_LOSS)
# %% [markdown]
# The crosses are numbers of network C, printed under other names.
#
# ### Practical 04: a progression

# %%
TRAIN_AND_TEST = {
    "train_accuracy": "train accuracy",
    "test_accuracy": "test accuracy",
}
LOSSES = {"train_loss": "train loss", "test_loss": "test loss"}
RATIOS = {
    "seconds_per_epoch": "seconds an epoch, × perceptron",
    "seconds": "seconds in all, × perceptron",
}

# %% mystnb={"image": {"alt": "Train and test accuracy, a row for each network of the progression that is recorded at full. Most of the report's marks lie within the intervals of our runs."}}
progression = entries.of(practical="04_mnist_progression")
ledger.plot(progression.verdicts, TRAIN_AND_TEST)
# %% mystnb={"image": {"alt": "Train and test loss for the same networks. The first model's reported test loss lies far below our interval, and the second version's reported training loss is a cross, mistaken."}}
ledger.plot(progression.verdicts, LOSSES)
# %% mystnb={"image": {"alt": "Seconds as multiples of the perceptron's, per epoch and in all, on long grey lines. The first model and both versions of the second, the small ones, lie to the right of our means; the network with two convolutions and the third model lie to the left of them."}}
ledger.plot(progression.verdicts, RATIOS)
# %% [markdown]
# Even as ratios, seconds do not travel well. In R2 the small networks take longer, measured in perceptrons, than they do here, and the large ones
# less long. A likely reason is its graphics card: there each step costs something however small the network, and a convolution hardly more than a
# dense layer; on a processor the work decides. Ours were measured while the machine had other work as well, which makes the lines so long.

# %% [markdown]
# ## R1, line by line
#
# On the website the tables can be sorted by their heads and filtered. Under *why* stands what decided a verdict, what would have changed it, the
# records, and the command that records them anew.

# %%
entries.of(report="R1")

# %% [markdown]
# ## R2, line by line

# %%
entries.of(report="R2")

# %% [markdown]
# ## How to challenge a verdict
#
# Record the runs yourself and judge by yours alone. For R1's accuracy with one hidden layer that is, in a terminal:

# %%
command = verdicts.judge(claims.quote("r1-dense-2-accuracy")).commands()[0]
print(command, "--store mine")
print("labkit ledger r1-dense-2-accuracy --store mine")

# %% [markdown]
# The first line trains and writes its records into the folder `mine`; the second prints the verdict with all that it rests on. If it
# differs from the one here, your machine, your library versions or your seeds have told you something: open an issue and attach the records.
# A claim that is misquoted, or a reason that is wrong, is a line of `book/claims.toml`.

# %% [markdown]
# ## Exercises
#
# Each has checks that need no answer key. A solution is folded beneath it; the course's own tests run it.
#
# ### Exercise 1: judge a claim by hand
#
# Take the five recorded test accuracies of `01/dense-2`, and compute the prediction interval with NumPy and SciPy's `stats.t`. It must agree with
# `intervals.for_another_run`. Is R1's number inside?

# %%
claim = claims.quote("r1-dense-2-accuracy")
measured = verdicts.judge(claim).evidence.values
# your interval

# %% tags=["hide-cell"]
import numpy as np
from scipy import stats

values = np.array(list(measured.values()))
n = len(values)
half = stats.t.ppf(0.975, n - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / n)
ours = intervals.for_another_run(list(values))
assert np.allclose(
    (ours.low, ours.high), values.mean() + half * np.array([-1, 1])
)
print(f"{ours.low:.4f} to {ours.high:.4f}: {claim.value in ours}")

# %% [markdown]
# ### Exercise 2: how many seeds?
#
# A difference of one thousandth, seeds that scatter by two thousandths: how many seeds does the rule on comparisons need, on average, before it can tell?
# Write `seeds_needed(difference, scatter)`: the smallest $n$ for which the confidence interval's half-width is less than the difference.

# %%
# your function


# %% tags=["hide-cell"]
def seeds_needed(difference, scatter):
    n = 2
    while stats.t.ppf(0.975, n - 1) * scatter / np.sqrt(n) >= difference:
        n += 1
    return n


assert seeds_needed(0.010, 0.002) == 3
assert seeds_needed(0.001, 0.002) > 15
seeds_needed(0.001, 0.002)

# %% [markdown]
# ### Exercise 3: is the rule honest?
#
# Draw many sets of six normal numbers; give five of each to `rule_on_number`, and report the sixth. How often is it *reproduced*? It must be about 19 in
# 20, whatever the mean and the scatter.

# %%
# your simulation

# %% tags=["hide-cell"]
draws = np.random.default_rng(0).normal(0.97, 0.002, size=(2000, 6))
outcomes = [
    verdicts.rule_on_number(one[5], one[:5].tolist())[0] for one in draws
]
share = outcomes.count("reproduced") / len(outcomes)
assert 0.93 < share < 0.97, share

# %% [markdown]
# ## What to take with you
#
# - A number without its spread cannot be reproduced, and cannot fail to be.
# - One run is compared with where another run would fall, a method with where the mean may lie: two intervals, not one.
# - *Not distinguishable* is a result; so is the number of seeds that would change it.
# - Equal needs a tolerance. Absence of a difference is not equality.
# - Some claims fall before anything is trained, by a report's own tables. Check those first.
#
# **Limits.** Three to five seeds, and an interval that takes them for normal. Versions of libraries differ between the reports and
# ours by years. A claim that several networks share is counted once for each sentence that makes it.
#
# **Next.** The reports still to come, on clothes and photographs and ten exercises more, will be entered here line by line.
