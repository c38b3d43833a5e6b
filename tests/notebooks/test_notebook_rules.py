"""The rules of test_notebooks.py, on text made up to keep or to break them."""

import nbformat
import pytest
from test_notebooks import LOCAL_PATH, in_card, sections, typed_results


@pytest.mark.parametrize(
    "text",
    [
        "It reads 97 % of the digits.",
        "It reads 97.8% of the digits.",
        "Nine in ten, or 90 per cent, are right.",
        "The test accuracy is 0.978.",
        "Dropout reached .981 after ten epochs.",
        "Here the loss ends at 0.07, which is low.",
        "- its score: the accuracy was\n  0.98 in the end",
        "```{admonition} Look\nThe accuracy is 0.98.\n```",
        ":::{note}\nThe accuracy is 0.98.\n:::",
        "| Accuracy 0.98 |",
    ],
)
def test_typed_results_are_found(text):
    assert typed_results(text)


@pytest.mark.parametrize(
    "text",
    [
        "Dropout with a rate of 0.5 silences half of the units.",
        "The learning rate is 0.001, Keras's default.",
        "The loss has a penalty of strength `0.001`.",
        "Guessing has an accuracy of $10\\,\\%$.",
        "Accuracy above $0.9$ is common.",
        "$$\n0.5 \\cdot \\text{loss} = 50\\%\n$$",
        "```python\naccuracy = 0.98  # 98 %\n```",
        "See section 3.2. The accuracy is in the table.",
        "Keras 3.15 came out. The loss is the same.",
        "[the loss](https://example.org/0.98/accuracy)",
        "The training error falls for 5 epochs over 30,000 images.",
        "R1's section 2.1.3 speaks of errors.",
    ],
)
def test_settings_formulas_and_code_are_allowed(text):
    assert typed_results(text) == []


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("/home/jovyan/labkit/models.py", True),
        ("File C:\\Users\\somebody", True),
        ("'/tmp/x.npz'", True),
        ("runs/01/dense-4.json", False),
        ("https://example.org/home/page", False),
        ("labkit record notebooks/01_mnist_dense.py", False),
    ],
)
def test_local_paths_are_told_from_others(text, local):
    assert bool(LOCAL_PATH.search(text)) is local


def test_a_section_s_time_stands_directly_below_its_heading():
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    cells = [
        code("setup = 1"),
        markdown("# 99\n\n## Depth\n\n*Core · 25 minutes*\n\nWe look."),
        code("depth = 3"),
        markdown("## Width\n\nWe look.\n\n*Core · 5 minutes*"),
        markdown("### One more\n\n```python\n## a comment\n```"),
        code("width = 3"),
        markdown("## Noise\n\n*Going further · 15 minutes*"),
        markdown("## Take away\n\nThree things."),
    ]
    assert sections(nbformat.v4.new_notebook(cells=cells)) == [
        ["## Depth", ("core", 25), True],
        ["## Width", None, True],
        ["## Noise", ("going further", 15), False],
        ["## Take away", None, False],
    ]


@pytest.mark.parametrize(
    ("time", "core", "going_further"),
    [
        ("core: 1 h 50 min, going further: 40 min · training it all yourself: 3 h", 110, 40),
        ("core: 2 h, going further: 1 h 5 min · training: core: 9 min", 120, 65),
        ("core: 45 min · training: seconds", 45, 0),
        ("smoke: seconds · lab: ten minutes", 0, 0),
    ],
)
def test_the_card_s_times_are_read(time, core, going_further):
    card = f"| **Purpose** | Look |\n| **Time** | {time} |\n| **GPU needed?** | no |"
    assert in_card(card) == {"core": core, "going further": going_further}
