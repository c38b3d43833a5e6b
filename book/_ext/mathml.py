"""Formulas as MathML, written while the site is built: no script, no request to another host.

JupyterLab and Colab show the same ``$…$`` in a notebook with their own renderer.
"""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

APPLY_FUNCTION = "\u2061"  # the invisible operator between "log" and what it is taken of
BARS = {"|", "‖"}
BRACES = {"⏟": "munder", "⏞": "mover"}
THIN_SPACE = {"width": "0.1667em"}
# Neighbours from which LaTeX sets a function apart; operators bring their own space.
OPERANDS = {"mi", "mn", "msub", "msup", "msubsup", "mfrac", "mrow", "msqrt"}

# Commands that docutils lacks, and one that does the same.
SAME_AS = {r"\dots": r"\ldots"}


def mathml(formula: nodes.Node, *, as_block: bool) -> str:
    """Return a formula as MathML; where it cannot be, warn and return its source as code.

    Args:
        formula: the node whose text is LaTeX, without dollar signs.
        as_block: whether it stands on its own line.
    """
    source = formula.astext()
    for command, same in SAME_AS.items():
        source = re.sub(re.escape(command) + r"(?![A-Za-z])", lambda _, same=same: same, source)
    try:
        return refine(tex2mathml(source, as_block=as_block))
    except (MathError, AttributeError) as error:  # the latter for an "&" outside a table
        logger.warning("the formula %r cannot be shown: %s", source, error, location=formula)
        return f"<code>{html.escape(source)}</code>"


def refine(markup: str) -> str:
    """Return docutils's MathML with the brackets and spaces that LaTeX would set."""
    markup = re.sub(r">\n\s*<", "><", markup).replace("&ApplyFunction;", APPLY_FUNCTION)
    markup = markup.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1)
    tree = ElementTree.fromstring(markup)
    for parent in list(tree.iter()):
        close_bars(parent)
        set_apart_functions(parent)
        label_braces(parent)
    tree.set("xmlns", "http://www.w3.org/1998/Math/MathML")
    return ElementTree.tostring(tree, encoding="unicode", short_empty_elements=False)


def close_bars(parent: Element) -> None:
    r"""Keep bars as high as one line and close to what they enclose, unless \left made them."""
    made_by_left = parent.tag == "mrow" and len(parent) > 1 and is_bar(parent[0])
    for child in parent:
        if is_bar(child) and not (made_by_left and "stretchy" not in child.attrib):
            opens = child.attrib.pop("class", None) == "mathopen"
            child.attrib.update(form="prefix" if opens else "postfix", stretchy="false")


def is_bar(element: Element) -> bool:
    """Say whether an element is a vertical bar, single or double."""
    return element.tag == "mo" and element.text in BARS


def set_apart_functions(parent: Element) -> None:
    """Put a thin space around a function such as log, but none before its bracket."""
    for place in range(len(parent) - 1, 0, -1):
        if parent[place].text != APPLY_FUNCTION:
            continue
        after = parent[place + 1] if place + 1 < len(parent) else None
        if after is not None and after.text not in ("(", "["):
            parent.insert(place + 1, Element("mspace", THIN_SPACE))
        if place > 1 and parent[place - 2].tag in OPERANDS:
            parent.insert(place - 1, Element("mspace", THIN_SPACE))


def label_braces(element: Element) -> None:
    """Set the label of a horizontal brace below or above it, not beside it."""
    if element.tag in ("msub", "msup") and len(element[0]) == 2:
        element.tag = BRACES.get(element[0][1].text, element.tag)


def visit_inline(translator, node: nodes.math) -> None:
    """Write a formula that stands in a sentence."""
    translator.body.append(mathml(node, as_block=False))
    raise nodes.SkipNode


def visit_display(translator, node: nodes.math_block) -> None:
    """Write a formula that stands alone, with its number where it has one."""
    # The tab stop lets a keyboard scroll a formula that is wider than a phone.
    translator.body.append(translator.starttag(node, "div", "", CLASS="math-display", tabindex="0"))
    translator.body.append(mathml(node, as_block=True))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this formula")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app) -> dict:
    """Register the renderer, which `html_math_renderer: mathml` chooses."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_display, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
