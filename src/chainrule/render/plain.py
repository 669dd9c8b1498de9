"""Plain text: what a pipe or a file gets."""

from __future__ import annotations

from chainrule.document import Document
from chainrule.render.lines import document_lines

UNDERLINES = {"title": "═", "heading": "─"}


def plain(document: Document, width: int = 80) -> str:
    """The document in lines of at most `width` characters, headings underlined."""
    lines: list[str] = []
    for line in document_lines(document, width):
        lines.append(line.text)
        if line.kind in UNDERLINES:
            lines.append(UNDERLINES[line.kind] * len(line.text))
    return "\n".join(lines) + "\n"
