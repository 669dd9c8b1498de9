"""A Jupyter notebook: the text of the explanation, and cells of plain NumPy that compute what it says and check it.

Its pictures are in it, as SVG in `img` elements: JupyterLab shows no SVG among a cell's attachments, and other readers none in Markdown's
own links to data.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

from chainrule.base.files import json_text
from chainrule.document.document import Document, Drawing
from chainrule.notation.mathml import escape_xml
from chainrule.pictures.diagram import network_diagram
from chainrule.render.markdown import JUPYTER, heading, section
from chainrule.render.svg import svg

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook(document: Document) -> str:
    """The document as a notebook (nbformat 4.5): a cell of text for each section, and one of code where it computes something.

    Raises InputError where it would hold too many numbers.
    """
    drawn = {block: _drawn(block, document) for part in document.sections for block in part.blocks if isinstance(block, Drawing)}
    dialect = replace(JUPYTER, pictures=drawn)
    programs = document.programs() or ("",) * len(document.sections)
    cells = [_cell("title", "markdown", heading(document, JUPYTER))]
    for number, source in enumerate(programs):
        cells.append(_cell(f"section-{number + 1}", "markdown", section(document, number, dialect)))
        if source:
            cells.append(_cell(f"code-{number + 1}", "code", source))
    return json_text({"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def _drawn(picture: Drawing, document: Document) -> str:
    """The picture itself, in place of a link to it."""
    data = b64encode(svg(network_diagram(picture), document.colours).encode()).decode()
    alt = escape_xml(picture.alt).replace("$", "&#36;")  # which would begin a formula, even here
    return f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}" />'


def _cell(name: str, kind: str, source: str) -> dict[str, Any]:
    run: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "metadata": {}, **run, "source": source.splitlines(keepends=True)}
