"""Cells that fail on purpose: the error is shown, and the notebook goes on."""

from __future__ import annotations

import contextlib
import html
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from labkit.errors import CheckFailed

_BOLD_OR_COLOURED = re.compile(r"\x1b\[[\d;]*m")  # Keras sets parts of its messages in bold
# In the output itself: neither JupyterLab nor Colab has the site's style sheet.
_STYLE = (
    "border-left: 4px solid #c0392b; padding-left: 0.8em; "
    "white-space: pre-wrap; overflow-wrap: anywhere"
)


@dataclass(frozen=True)
class Failure:
    """An error as a notebook shows it, alike on every machine: no path and no line number.

    Attributes:
        kind: the name of its type.
        message: all that it says, without colours.
    """

    kind: str
    message: str

    def _repr_html_(self) -> str:
        said = f"<strong>{self.kind}</strong>: {html.escape(self.message)}"
        return f'<pre class="labkit-failure" style="{_STYLE}">{said}</pre>'

    def __repr__(self) -> str:
        return f"{self.kind}: {self.message}"


@contextlib.contextmanager
def raises(kind: type[Exception], *, saying: str = "") -> Iterator[None]:
    """Run a block that has to fail, and show its error instead of stopping there.

    >>> with raises(ZeroDivisionError, saying="division"):
    ...     1 // 0
    ZeroDivisionError: integer division or modulo by zero

    Args:
        kind: the type of the error, or one above it.
        saying: a part of its message, so that no other error of this type is taken for it.

    Raises:
        CheckFailed: the block raised nothing.
        Exception: whatever else the block raised.
    """
    try:
        yield
    except kind as error:
        if saying not in str(error):
            raise
        _show(Failure(type(error).__name__, _BOLD_OR_COLOURED.sub("", str(error))))
    else:
        raise CheckFailed(
            "checks.raises",
            expected=f"the lines below it to raise {kind.__name__}",
            received="no error",
            remedy="Hint: this cell is there to show the error. If you have mended its code, "
            "take the line with checks.raises away.",
        )


def _show(failure: Failure) -> None:
    if "IPython" in sys.modules:
        from IPython.display import display

        display(failure)
    else:
        print(failure)
