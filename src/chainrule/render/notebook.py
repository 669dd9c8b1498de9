"""A Jupyter notebook: the text of the explanation, and cells of plain NumPy that compute what it says and check it."""

from __future__ import annotations

import json
from typing import Any

from chainrule.document import Document
from chainrule.render.markdown import JUPYTER, heading, section

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook(document: Document) -> str:
    """The document as a notebook (nbformat 4.5): a cell of text for each section, and one of code where it computes something.

    Raises InputError where it would hold too many numbers.
    """
    programs = document.programs() or ("",) * len(document.sections)
    cells = [_cell("title", "markdown", heading(document, JUPYTER))]
    for number, source in enumerate(programs):
        cells.append(_cell(f"section-{number + 1}", "markdown", section(document, number, JUPYTER)))
        if source:
            cells.append(_cell(f"code-{number + 1}", "code", source))
    return json.dumps({"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}, indent=1, ensure_ascii=False) + "\n"


def _cell(name: str, kind: str, source: str) -> dict[str, Any]:
    run: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "metadata": {}, **run, "source": source.splitlines(keepends=True)}
