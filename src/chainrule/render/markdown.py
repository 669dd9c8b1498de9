"""Markdown with LaTeX formulas, as GitHub shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from chainrule.document import Block, Document, Equations, Inline, Note, Paragraph, Picture, Subheading, Table
from chainrule.notation.formula import Equation, Formula
from chainrule.notation.latex import aligned, latex
from chainrule.render.lines import picture_lines
from chainrule.words import Words

ALERTS = {"insight": "NOTE", "warning": "WARNING", "more": "TIP"}


def markdown(document: Document) -> str:
    """The document as GitHub's Markdown: formulas as LaTeX where Markdown does not touch them, the picture as text."""
    words = Words(document.language)
    parts = [f"# {escaped(document.title)}"]
    for number, section in enumerate(document.sections, start=1):
        parts.append(f"## {number}. {escaped(section.title)}")
        parts += [part for block in section.blocks for part in _block(block, words)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block, words: Words) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield _inline(text, words)
        case Note(kind, text):
            yield f"> [!{ALERTS[kind]}]\n> {_inline(text, words)}"
        case Subheading(text):
            yield f"### {_inline(text, words)}"
        case Equations(equations):
            yield from (f"```math\n{written}\n```" for written in _displayed(equations, words))
        case Table(head, rows):
            yield "\n".join([_row(head, words), "|" + " --- |" * len(head), *(_row(line, words) for line in rows)])
        case Picture():
            drawn = "\n".join(line.text for line in picture_lines(block, 100))
            yield f"```text\n{drawn}\n```"


def _displayed(equations: Iterable[Equation | Formula], words: Words) -> Iterator[str]:
    """Short equations below each other in one display, aligned at their signs; long ones alone."""
    for short, group in groupby(equations, key=lambda equation: isinstance(equation, Equation) and len(equation.sides) == 2):
        together = list(group)
        for one in [together] if short else [[equation] for equation in together]:
            lines = [equation for equation in one if isinstance(equation, Equation)]
            yield aligned(lines, words.catalogue) if lines else latex(one[0], words.catalogue)


def _row(cells: tuple[Inline, ...], words: Words) -> str:
    return "| " + " | ".join(_inline(cell, words).replace("|", "\\|") for cell in cells) + " |"


def _inline(text: Inline, words: Words) -> str:
    return "".join(escaped(part) if isinstance(part, str) else f"$`{latex(part, words.catalogue)}`$" for part in text)


def escaped(text: str) -> str:
    """Prose whose signs Markdown would take for its own; `code` stays code."""
    pieces = re.split(r"(`[^`]+`)", text)
    return "".join(piece if piece.startswith("`") else re.sub(r"([\\*_<>\[\]$#|])", r"\\\1", piece) for piece in pieces)
