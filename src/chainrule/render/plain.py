"""Plain text: what a pipe or a file gets."""

from __future__ import annotations

from itertools import groupby

from chainrule.document.document import Document
from chainrule.render.lines import document_lines

UNDERLINES = {"title": "═", "heading": "─"}


def plain(document: Document, width: int = 80) -> str:
    """The document in lines of at most `width` characters, headings underlined."""
    printed: list[str] = []
    for kind, lines in groupby(document_lines(document, width), key=lambda line: line.kind):
        text = [line.text for line in lines]
        printed += text
        if kind in UNDERLINES:
            printed.append(UNDERLINES[kind] * max(map(len, text)))
    return "\n".join(printed) + "\n"
