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
# | **Purpose** | Hold every number and every conclusion of the reports, and our own, against the recorded runs, and learn how one decides what "the same" means |
# | **Before this** | [01 · Dense networks](01_mnist_dense.ipynb); the tables here lead to the other practicals |
# | **Time** | core: 1 h 25 min, going further: 25 min · smoke, lab and full: the same few seconds, for nothing is trained here |
# | **GPU needed?** | no |
#
# A report says 0.9672, and our runs say something a little different. Is that the same result? Each practical looks closely at a few
# such questions. This page lists all of them: each claim of the reports, what was recorded of it, and the verdict of one rule.

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
import numpy as np
from scipy import stats

import labkit
from labkit import checks, claims, ledger
from labkit.ledger import rule, verdicts
from labkit.records import intervals

labkit.notebook.start(MODE, BUDGET)

# %% [markdown]
# This page judges what has been recorded, whatever the four parameters say. The practicals do the recording.

# %% [markdown]
# ## How the claims came out
#
# *Core · 10 minutes*
#
# R1 is the report behind practicals 01 and 02, R2 the one behind 03 and 04, and R5 the one behind 05. The other two reports will be entered when their
# practicals are finished. Three kinds of sentences are counted apart, because they are not equally hard to reproduce: *measurements* are
# numbers that a training produced, *conclusions* are what the report says they mean, and *counts* are parameters and shapes, which are
# either right or wrong. The last bar is about us: every sentence in which a practical of this course states a result of our own runs is judged in the same way.

# %% mystnb={"image": {"alt": "A horizontal bar for the measurements, the conclusions and the counts of each report, and one for our own findings. Each bar is divided into what agrees with our runs, what is left open, what disagrees, what is mistaken and what was not judged. Nearly all counts agree. Of the measurements and the conclusions a large part is left open and a smaller part disagrees or is mistaken. All of our own findings agree."}}
entries = ledger.read()
findings = ledger.findings()
ledger.plot_outcomes(entries, findings)

# %% [markdown]
# The same numbers by verdict, with the meaning of each verdict:

# %%
entries.counts()

# %% [markdown]
# Most of these verdicts come from the rule below. Five do not, because no training could decide. *Shown* and *in part* are said of
# sentences that a cell of a page puts to the test, for example how a layer works or which network cannot be built. *By construction* means that the
# sentence holds whatever the runs say. *Mistaken* is a claim that the report's own procedure or its own tables cannot support,
# and each one says why. *Not tested* is what nobody here has tried.

# %% [markdown]
# ## The rule for a number
#
# *Core · 20 minutes*
#
# A report trains a network once and prints one accuracy. We train it from three or five seeds and get several. The first question is
# whether the report's number is close enough to the mean of ours that the difference does not matter. How close that is has to be
# written down before one looks. This distance is the *tolerance*, and there is one for every unit, with its reason:

# %%
ledger.tolerances()

# %% [markdown]
# Within the tolerance of our mean, a number is *reproduced*. If it lies outside, there is a second question. The report's number is
# *one more run*, we hope of the same recipe. Where would one more run of ours fall? For $n$ runs with mean $m$ and standard deviation $s$,
# the *prediction interval*
#
# $$ m \pm t_{n-1} \, s \sqrt{1 + \tfrac{1}{n}} $$
#
# holds it 19 times in 20, where $t$ is Student's quantile for $n - 1$ degrees of freedom. *Predict: five runs lie a thousandth apart. How wide is the interval?*

# %%
runs = [0.970, 0.971, 0.972, 0.973, 0.974]
interval = intervals.for_another_run(runs)
print(f"{interval.low:.4f} to {interval.high:.4f}")

# %% [markdown]
# It is wider than most people guess, and wider than the runs themselves, because five runs say little about their own scatter. The first three of them lie closer
# together, and the interval becomes wider all the same:

# %%
interval = intervals.for_another_run(runs[:3])
print(f"{interval.low:.4f} to {interval.high:.4f}")

# %% [markdown]
# A number outside both the tolerance and the prediction interval is not reproduced: ours came out *higher* or *lower*. A number outside the tolerance, but
# inside the interval, is *undecided*. Our runs differ from it by more than we would call the same, and by no more than another run of ours might. With
# few seeds the interval is so wide that nearly every report would fall into it. That would be ignorance, and ignorance is not agreement.

# %%
for reported in (0.9720, 0.9690, 0.9665, 0.9785):
    print(reported, rule.on_number(reported, runs, tolerance=0.002)[0])

# %% [markdown]
# Seconds depend on the machine, so they are never compared across machines. What can be compared is how many times as long one network
# takes as another, each on its own machine.

# %% [markdown]
# ## The rule for a comparison
#
# *Core · 20 minutes*
#
# "Dropout helps" is a sentence about the method, so one more run is not what matters. The question is whether the *mean* difference has a sign.
# Runs of one seed share their images and their order, so the differences are taken within a seed, and their mean has the *confidence interval*
# $m \pm t_{n-1} \, s / \sqrt{n}$. If zero lies outside, the claim is *reproduced* or *contradicted*. If zero lies inside, the two are *not
# distinguishable* by these seeds.

# %%
for differences in ([2, 3, 4], [-4, 1, 6], [-2, -3, -4]):
    print(differences, rule.on_difference(">", differences)[0])

# %% [markdown]
# Some claims say that two things are *equal*, or that the simpler of two is *as good as* the other. Finding no difference proves little, since with few
# seeds nobody finds any. Such a claim has to say how large a difference is still none, which is its *margin*. For "equal" the whole interval has to lie within the
# margin on both sides. For "as good as" only the worse side counts. If the seeds leave that open, the verdict is *equality not shown*.

# %%
for differences in ([-1, 0, 1], [-4, 1, 6], [5, 6, 7]):
    equal, as_good = (
        rule.on_difference(sign, differences, tolerance=3)[0]
        for sign in ("=", ">=")
    )
    print(differences, "equal:", equal, "| as good:", as_good)

# %% [markdown]
# Where a verdict is left open, the ledger says how many seeds would decide it if mean and scatter stayed as they are.
#
# Numbers need three seeds at the full budget. Comparisons may use the lab budget where the full one is missing, and say so.

# %% [markdown]
# ### Nineteen in twenty, many times
#
# Why 19 in 20? It is the custom, and a fixed threshold is better than one that is chosen when the result is known. But it has a price: among a
# hundred comparisons of networks that do not differ at all, about five will be decided by chance. The more a report compares, the more of its
# verdicts are such accidents. Benjamini and Hochberg (1995) gave a correction: take all comparisons of a report together, and decide
# only as many that no more than one in twenty of the *decided* ones is expected to be an accident.

# %%
entries.families()

# %% [markdown]
# The verdicts in the tables below are those of each comparison by itself. The last row says how many of them would remain.

# %% [markdown]
# ### When our conditions are not the report's
#
# A report sometimes leaves out what it did, or did what we would not repeat: R2 trains its first networks on all 60,000 images and chooses by the test
# set, where we hold 6,000 images out for validation. Such a claim says in what our runs differ, in its row here and beside its number
# in the practical. A verdict on it is weaker for that, in both directions.

# %% [markdown]
# ## Reported and recorded numbers
#
# *Core · 15 minutes*
#
# In each row the upright stroke is the mean of our runs, the thick bar is the tolerance around it, the thin line is where another run of ours may fall, and
# the other mark is the report's number. Look at the length of the thin line first: a long one says that our own seeds scatter widely.
#
# ### Practical 01: dense networks

# %%
ACCURACY_AND_LOSS = {
    "test_accuracy": "test accuracy",
    "test_loss": "test loss",
}

# %% mystnb={"image": {"alt": "Two panels, test accuracy and test loss, with a row for each of the seven dense networks. Nearly all of the report's marks lie on the thin line of our runs, most of them on the worse side of our mean; dropout's reported loss lies just outside."}}
dense = entries.of(practical="01_mnist_dense")
ledger.plot(dense.verdicts, ACCURACY_AND_LOSS)
# %% [markdown]
# Nearly all of R1's numbers lie inside, but look at which side: nearly always the worse one. R1 trained on the same number of images with the same recipe.
# One systematic difference, in the version of the library or in the choice of the images, would have this effect. The rule judges row by row and cannot see it. A reader can.
#
# ### Practical 02: convolutional variants

# %% mystnb={"image": {"alt": "Two panels with a row for each of five convolutional networks. A and C lie within wide intervals. B's mark lies outside, on the better side. The marks of A2 and A3 are crosses, mistaken: all three, with C, stand at one and the same value."}}
variants = entries.of(practical="02_mnist_cnn_variants")
ledger.plot(variants.verdicts, ACCURACY_AND_LOSS)
# %% [markdown]
# The crosses are numbers of network C that R1 printed under other names.
#
# ### Practical 04: a progression

# %%
TRAIN_AND_TEST = {
    "train_accuracy": "train accuracy",
    "test_accuracy": "test accuracy",
}
LOSSES = {"train_loss": "train loss", "test_loss": "test loss"}

# %%
RATIOS = {
    "seconds_per_epoch": "seconds an epoch, × perceptron",
    "seconds": "seconds in all, × perceptron",
}

# %% mystnb={"image": {"alt": "Train and test accuracy, a row for each network of the progression that is recorded at full. Most of the report's marks lie on the thin lines of our runs."}}
progression = entries.of(practical="04_mnist_progression")
ledger.plot(progression.verdicts, TRAIN_AND_TEST)
# %% mystnb={"image": {"alt": "Train and test loss for the same networks. The first model's reported test loss lies far below our interval, and the second version's reported training loss is a cross, mistaken."}}
ledger.plot(progression.verdicts, LOSSES)
# %% mystnb={"image": {"alt": "Seconds as multiples of the perceptron's, per epoch and in all, on long lines. In all, the first model and both versions of the second, the small ones, lie to the right of the lines; the network with two convolutions and the third model lie on theirs."}}
ledger.plot(progression.verdicts, RATIOS)
# %% [markdown]
# Even as ratios, seconds are hard to compare between machines. In R2 the small networks of its own take longer than they do here, measured in perceptrons, and the large ones
# do not. A likely reason is its graphics card: there each step has a fixed cost however small the network is, and a convolution costs hardly more than a
# dense layer. On a processor the amount of work decides. Ours were measured while the machine had other work as well, which makes the lines so long.

# %% [markdown]
# ## Claim by claim
#
# *Going further · 15 minutes*
#
# On the website the rows can be sorted by their heads, and filtered by words, report, practical, kind and verdict. Under *why* stands what decided a verdict: the
# interval with each seed as a dot, our conditions where they differ, what would have changed the verdict, the
# records, and the command that records them anew. A blue band is the tolerance around our mean, or the margin of a comparison, and a diamond is the report's number.
#
# ### R1, claim by claim

# %%
entries.of(report="R1")

# %% [markdown]
# ### R2, claim by claim

# %%
entries.of(report="R2")

# %% [markdown]
# ### R5, claim by claim

# %%
entries.of(report="R5")

# %% [markdown]
# ### What this course says, by the same rule
#
# Every sentence of a practical that states a result of our runs stands here too. It has to come out *reproduced*. A sentence that the runs do not
# carry is rewritten before it is published, and the tests of this repository hold that.

# %%
findings

# %% [markdown]
# ## How to challenge a verdict
#
# *Going further · 10 minutes*
#
# Record the runs yourself and judge by yours alone. For R1's accuracy with one hidden layer, give these commands in a terminal:

# %%
command = verdicts.judge(claims.quote("r1-dense-2-accuracy")).commands()[0]
print(command, "--store mine")
print("labkit ledger r1-dense-2-accuracy --store mine")

# %% [markdown]
# The first line trains and writes its records into the folder `mine`. The second prints the verdict with all that it rests on. If it
# differs from the one here, your machine, your library versions or your seeds have told you something: open an issue and attach the records.
# If a claim is misquoted, or a reason is wrong, the line to correct is in the report's file in `book/claims`, and for our own sentences in `book/findings.toml`.

# %% [markdown]
# ## Exercises
#
# *Core · 20 minutes*
#
# Each check tells you what is wrong, and needs no answer key. A solution is folded beneath it.
# The first one needs the five recorded test accuracies of R1's network with one hidden layer, `01/dense-2`.

# %%
claim = claims.quote("r1-dense-2-accuracy")
accuracies = list(verdicts.judge(claim).evidence.values.values())
accuracies

# %% [markdown]
# ### Exercise 1: judge a claim by hand
#
# With `accuracies` from the cell above, compute the two ends of the prediction interval with NumPy and SciPy's `stats.t`. Is R1's number inside?

# %% tags=["exercise"]
low, high = ..., ...
is_inside = ...  # True or False

# %% tags=["check"]
with checks.exercise():
    ours = intervals.for_another_run(accuracies)
    checks.answered(high)
    checks.equal(
        (low, high),
        (ours.low, ours.high),
        within=1e-6,
        hint="use n - 1 degrees of freedom, the 0.975 quantile, ddof=1 "
        "for the standard deviation, and √(1 + 1/n)",
    )
    checks.equal(
        is_inside,
        claim.value in ours,
        hint="compare claim.value with both ends",
    )

# %% tags=["solution", "hide-cell"]
low, high = stats.t.interval(
    0.95,
    len(accuracies) - 1,
    loc=np.mean(accuracies),
    scale=np.std(accuracies, ddof=1) * np.sqrt(1 + 1 / len(accuracies)),
)
is_inside = bool(low <= claim.value <= high)

# %% [markdown]
# ### Exercise 2: how many seeds are enough?
#
# Suppose that two networks differ by one thousandth, and that the differences scatter by two thousandths from seed to seed. How many seeds does the rule on comparisons need before
# it can tell them apart? Write `seeds_needed(difference, scatter)`: the smallest $n$, from 2 up, for which the half-width of the confidence interval is less than the difference.


# %% tags=["exercise"]
def seeds_needed(difference, scatter):
    return ...


# %% tags=["check"]
with checks.exercise():
    for asked in ((0.010, 0.002), (0.001, 0.002), (0.5, 0.3)):
        checks.equal(
            checks.answered(seeds_needed(*asked)),
            rule.seeds_for_difference(*asked),
            hint="start from n = 2, take n - 1 degrees of freedom for "
            "every n anew, and divide the scatter by √n",
        )


# %% tags=["solution", "hide-cell"]
def seeds_needed(difference, scatter):
    n = 2
    while stats.t.ppf(0.975, n - 1) * scatter / np.sqrt(n) >= difference:
        n += 1
    return n


# %% [markdown]
# ### Exercise 3: how often is the prediction interval right?
#
# Draw many sets of six normal numbers with NumPy's `default_rng`. Compute the prediction interval of the first five of each set, and look whether the sixth lies inside. Write
# `coverage(mean, scatter)`, which returns the share of at least 1,000 sets in which it does. *Predict it first.* Does it depend on the mean, or on the scatter?


# %% tags=["exercise"]
def coverage(mean, scatter):
    return ...


# %% tags=["check"]
with checks.exercise():
    for normal in ((0.97, 0.002), (50.0, 8.0)):
        share = checks.answered(coverage(*normal))
        checks.holds(
            0.92 < share < 0.98,
            hint="it is near 0.95 whatever the mean and the scatter: judge "
            "the sixth number by the interval of the other five, of each "
            "set anew",
        )


# %% tags=["solution", "hide-cell"]
def coverage(mean, scatter):
    draws = np.random.default_rng(0).normal(mean, scatter, size=(1000, 6))
    inside = [
        one[5] in intervals.for_another_run(one[:5].tolist())
        for one in draws
    ]
    return np.mean(inside)


# %% [markdown]
# ### Exercise 4: equal, or not told apart?
#
# Write down five differences, one a seed, for which the rule says *not distinguishable* of "better than", and *equality not shown* of "equal" with a
# margin of one. Then five others, also *not distinguishable*, for which "equal" comes out as *reproduced* with the same margin.

# %% tags=["exercise"]
left_open = ...  # a list of five numbers
equal = ...  # another

# %% tags=["check"]
with checks.exercise():
    expected = {"equality not shown": left_open, "reproduced": equal}
    for outcome, differences in expected.items():
        checks.shape(checks.answered(differences), (5,))
        checks.equal(
            rule.on_difference(">", differences)[0],
            "not distinguishable",
            hint="their mean has to be small beside their scatter / √5",
        )
        checks.equal(
            rule.on_difference("=", differences, tolerance=1)[0],
            outcome,
            hint="how wide is the interval, compared with -1 to 1?",
        )

# %% tags=["solution", "hide-cell"]
left_open = [-3, -1, 0, 1, 3]  # they scatter: the interval reaches beyond
equal = [-0.3, -0.1, 0, 0.1, 0.3]  # the same, ten times as close together

# %% [markdown]
# ## What to take with you
#
# - A number without its spread can neither be reproduced nor fail to be.
# - One run is compared with where another run would fall, a method with where the mean may lie: these are two different intervals.
# - What counts as the same is written down before one looks, with a reason.
# - *Undecided* and *not distinguishable* are results too. So is the number of seeds that would change them.
# - Equality needs a margin. Finding no difference is not equality.
# - Many comparisons together make accidents likely. Count them.
# - Some claims fail before anything is trained, by a report's own tables. Check those first.
#
# **Limits.** There are three to five seeds, and the intervals assume normal scatter. Versions of libraries differ between the reports and
# ours by years. A claim that several networks share is counted once for each sentence that makes it.
#
# **Next.** The reports that are still to come, on clothes, on photographs, and with ten exercises more, will be entered here claim by claim.
