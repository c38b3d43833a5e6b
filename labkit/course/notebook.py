"""How a notebook starts: quietly, with short errors and readable figures."""

from __future__ import annotations

import sys

from labkit import choices, quietly
from labkit.course import keras_settings

FIGURE_STYLE = {
    "figure.figsize": (7.0, 3.6),  # inches: fits the page's column
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "figure.facecolor": "white",  # readable on a dark page too
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 11,
    "image.cmap": "gray",
    "legend.frameon": False,
}


def start(mode: str | None = None) -> str:
    """Load Keras without its log lines, and set figures and tracebacks; return the mode.

    Args:
        mode: the notebook's ``MODE``; None leaves it to ``LABKIT_MODE``, then "train".

    Raises:
        ParameterError: an unknown mode, or an unknown ``LABKIT_…`` in the environment; when
            recording, also a setting of Keras that the records do not have.
    """
    mode = choices.choice("mode", mode)
    for name in ("budget", "source"):
        choices.choice(name)
    quietly.import_keras()
    if choices.recording() is not None:
        keras_settings.require_recorded()
    _set_figures()
    if mode == "replay":
        _shorten_tracebacks()
    return mode


def _set_figures() -> None:
    import matplotlib.pyplot as plt
    import seaborn

    seaborn.set_theme(style="ticks", palette="colorblind", rc=FIGURE_STYLE)
    plt.rcParams.update(FIGURE_STYLE)


def _shorten_tracebacks() -> None:
    """Show an error's type and message only: paths and line numbers differ between machines."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        shell.InteractiveTB.set_mode("Minimal")
