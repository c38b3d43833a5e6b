"""The rules of test_notebooks.py, on text made up to keep or to break them."""

import pytest
from test_notebooks import LOCAL_PATH, typed_results


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
