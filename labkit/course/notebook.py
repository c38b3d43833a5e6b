"""How a notebook starts: quietly, with short errors and readable figures."""

from __future__ import annotations

import sys
from typing import Any

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


def start(mode: str | None = None, budget: str | None = None) -> str:
    """Load Keras without its log lines, and set figures and tracebacks; return the mode.

    Args:
        mode: the notebook's ``MODE``; None leaves it to ``LABKIT_MODE``, then "train".
        budget: its ``BUDGET``, so that a wrong one is found before anything is loaded.

    Raises:
        ParameterError: an unknown mode or budget, or an unknown ``LABKIT_…`` in the environment;
            when recording, also a setting of Keras that the records do not have.
    """
    mode = choices.choice("mode", mode)
    choices.choice("budget", budget)
    choices.choice("source")
    quietly.import_keras()
    if choices.recording() is not None:
        keras_settings.require_recorded()
    _set_figures()
    _shorten_tracebacks(all_of_them=mode == "replay")
    return mode


def _set_figures() -> None:
    import matplotlib.pyplot as plt
    import seaborn

    seaborn.set_theme(style="ticks", palette="colorblind", rc=FIGURE_STYLE)
    plt.rcParams.update(FIGURE_STYLE)


def _shorten_tracebacks(*, all_of_them: bool) -> None:
    """Say in one line that a cell was interrupted; of all errors, show type and message only.

    Paths and line numbers, which the rest of a traceback has, differ between machines.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return
    shell.set_custom_exc((KeyboardInterrupt,), _say_interrupted)
    if all_of_them:
        shell.InteractiveTB.set_mode("Minimal")


def _say_interrupted(shell: Any, *raised: Any, **options: Any) -> None:
    print("Interrupted. Run the cell again, and an unfinished training goes on where it was.")
