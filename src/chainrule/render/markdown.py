"""Markdown with LaTeX formulas, as GitHub and as Jupyter show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from itertools import groupby
from urllib.parse import quote

from chainrule.base.frozen import FrozenValue
from chainrule.base.printing import Code, clean
from chainrule.document.document import (
    Block,
    BoxGraph,
    Document,
    Equations,
    Illustration,
    Inline,
    Note,
    Paragraph,
    Picture,
    Subheading,
    TableBlock,
    Visual,
)
from chainrule.document.words import Words
from chainrule.notation.formula import Equation, Formula
from chainrule.notation.latex import aligned_latex, formula_latex
from chainrule.render.breaking import with_short_lines
from chainrule.render.lines import picture_lines

ALERTS = {"insight": "NOTE", "warning": "WARNING", "more": "TIP"}


class Dialect(FrozenValue):
    """Where Markdowns differ.

    inline, display  what stands around a formula in a line, and around one of its own
    alerts           whether a quotation may be an alert: [!NOTE]
    dollar, less     a dollar sign that begins no formula, and a < that begins no tag
    in_cells         whether a formula's | would end the cell of a table
    pictures         the markup that shows each of them; one without any is drawn as text
    """

    inline: tuple[str, str]
    display: tuple[str, str]
    alerts: bool
    dollar: str
    less: str
    in_cells: bool
    pictures: Mapping[Visual, str] = field(default_factory=dict)


GITHUB = Dialect(("$`", "`$"), ("```math\n", "\n```"), alerts=True, dollar=r"\$", less=r"\<", in_cells=True)
JUPYTER = Dialect(("$", "$"), ("$$\n", "\n$$"), alerts=False, dollar="<span>$</span>", less="&lt;", in_cells=False)
"""In Jupyter, formulas are cut out before Markdown is read, and \\$ would be read as mathematics after it."""


COLUMNS = 72
"""Letters of a displayed line, about what GitHub and Jupyter show beside a list of files."""


def markdown(document: Document, dialect: Dialect = GITHUB) -> str:
    """The document as Markdown: formulas as LaTeX where Markdown does not touch them, pictures as the dialect has them, or as text."""
    parts = [heading(document, dialect), *(section(document, number, dialect) for number in range(len(document.sections)))]
    return "\n\n".join(parts) + "\n"


def picture_files(document: Document, stem: str) -> dict[Visual, str]:
    """A name for the file of each picture: step-network.svg of the one in the section `network`, step-network-2.svg of the next there."""
    names: dict[Visual, str] = {}
    for section in document.sections:
        new = dict.fromkeys(block for block in section.blocks if isinstance(block, Picture | BoxGraph) and block not in names)
        names |= {picture: f"{stem}-{section.key}{f'-{number}' if number > 1 else ''}.svg" for number, picture in enumerate(new, start=1)}
    return names


def linked(picture: Visual, name: str) -> str:
    """What shows a picture that stands in a file beside the text."""
    return f"![{escape_markdown(picture.alt)}]({quote(name)})"


def heading(document: Document, dialect: Dialect) -> str:
    """The title."""
    return f"# {escape_markdown(document.title, dialect)}"


def section(document: Document, number: int, dialect: Dialect) -> str:
    """One section, counted from 0."""
    found = document.sections[number]
    return "\n\n".join([f"## {number + 1}. {escape_markdown(found.title, dialect)}", *blocks(found.blocks, document.language, dialect)])


def blocks(shown: Iterable[Block], language: str, dialect: Dialect) -> Iterator[str]:
    """Blocks, in pieces between which a blank line belongs."""
    words = Words(language)
    return (part for block in shown for part in _block(block, words, dialect))


def _block(block: Block, words: Words, dialect: Dialect) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield _inline(text, words, dialect)
        case Note(kind, text):
            title = f"[!{ALERTS[kind]}]\n> " if dialect.alerts else f"**{words.plain(f'note.{kind}')}:** "
            yield f"> {title}{_inline(text, words, dialect)}"
        case Subheading(text):
            yield f"### {_inline(text, words, dialect)}"
        case Equations(equations):
            yield from (written.join(dialect.display) for written in _displayed(equations, words))
        case TableBlock(head, rows):
            sides = "".join(" ---: |" if number else " :--- |" for number in block.numbers)
            yield "\n".join([_row(head, words, dialect), f"|{sides}", *(_row(line, words, dialect) for line in rows)])
        case Picture() | BoxGraph() | Illustration() if block in dialect.pictures:
            yield dialect.pictures[block]
        case Picture() | BoxGraph():
            drawn = "\n".join(line.text for line in picture_lines(block, 100))
            yield f"```text\n{drawn}\n```"


def _displayed(equations: Iterable[Equation | Formula], words: Words) -> Iterator[str]:
    """Short equations below each other in one display, aligned at their signs; long ones alone."""
    for short, group in groupby(equations, key=lambda equation: isinstance(equation, Equation) and len(equation.sides) == 2):
        together = list(group)
        for one in [together] if short else [[equation] for equation in together]:
            lines = [with_short_lines(equation, COLUMNS) for equation in one if isinstance(equation, Equation)]
            yield aligned_latex(lines, words.catalogue) if lines else formula_latex(one[0], words.catalogue)


def _row(cells: tuple[Inline, ...], words: Words, dialect: Dialect) -> str:
    return "| " + " | ".join("".join(_cell(part, words, dialect) for part in cell) for cell in cells) + " |"


def _cell(part: str | Formula, words: Words, dialect: Dialect) -> str:
    written = _inline((part,), words, dialect)
    return written.replace("|", "\\|") if isinstance(part, str) or dialect.in_cells else written


def _inline(text: Inline, words: Words, dialect: Dialect) -> str:
    return "".join(
        escape_markdown(part, dialect) if isinstance(part, str) else formula_latex(part, words.catalogue).join(dialect.inline)
        for part in text
    )


def escape_markdown(text: str, dialect: Dialect = GITHUB) -> str:
    """Prose whose signs Markdown would take for its own; code stays code."""
    if isinstance(text, Code):
        return text
    own = {"$": dialect.dollar, "<": dialect.less}
    return re.sub(r"[\\*_<>\[\]#|`$]", lambda sign: own.get(sign[0], f"\\{sign[0]}"), clean(text))
