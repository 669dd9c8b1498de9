"""The terminal: the plain lines in colour, one colour a symbol, and section by section with the arrow keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.document.document import Document
from chainrule.document.words import Words
from chainrule.render.lines import TextLine, document_lines, section_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console, Group

COLOURS = (
    "color(33)",  # x: blue
    "color(166)",  # weights: orange
    "color(136)",  # biases: gold
    "color(135)",  # z: purple
    "color(29)",  # h: green
    "color(31)",  # y: turquoise
    "color(100)",  # t: olive
    "color(196)",  # E: red
    "color(199)",  # the learning rate: pink
    "color(167)",  # gradients: coral
)
"""By the numbers of `Document.colours`: of the 256 that terminals have, such as can be read on white and on black, since no terminal says
which it is.
"""

STYLES = {
    "title": "bold underline",
    "heading": "bold reverse",
    "subheading": "bold",
    "head": "dim",
    "insight": "italic",
    "warning": "bold yellow",
    "more": "dim italic",
}


def renderable(document: Document, width: int = 80) -> Group:
    """What rich prints."""
    return group(document, document_lines(document, width))


def show(document: Document, console: Console | None = None) -> None:
    """Print in colour, as wide as the terminal, up to 120 columns."""
    console = console or _console()
    console.print(renderable(document, _width(console)), soft_wrap=True)


def step_through(document: Document, console: Console | None = None) -> None:
    """One screen at a time, each within a section: → ↓ space forwards, ← ↑ back, Home, End, q leaves."""
    import click

    console = console or _console()
    words = Words(document.language)
    screens = list(_screens(document, _width(console), max(console.height - 3, 10)))
    position, last = 0, len(screens) - 1
    while True:
        number, lines = screens[position]
        console.clear()
        console.print(group(document, lines), soft_wrap=True)
        console.print(f"\n[dim]{words.plain('stepping', number=number, count=len(document.sections))}[/dim]", soft_wrap=True)
        key = click.getchar()
        if key in ("q", "Q", "\x1b", "\x03", "\x04"):
            return
        if key in ("\x1b[C", "\x1b[B", "\x1bOC", "\x1bOB", "\xe0M", "\xe0P", "\x00M", "\x00P", " ", "\r", "n"):
            position = min(position + 1, last)
        elif key in ("\x1b[D", "\x1b[A", "\x1bOD", "\x1bOA", "\xe0K", "\xe0H", "\x00K", "\x00H", "p"):
            position = max(position - 1, 0)
        elif key in ("\x1b[H", "\x1bOH", "\x1b[1~", "\xe0G", "\x00G"):
            position = 0
        elif key in ("\x1b[F", "\x1bOF", "\x1b[4~", "\xe0O", "\x00O"):
            position = last


def _screens(document: Document, width: int, height: int) -> Iterator[tuple[int, list[TextLine]]]:
    """What fits on a screen, with the number of its section; a long section is cut, between blocks where that is possible."""
    for number, section in enumerate(document.sections, start=1):
        lines = list(section_lines(document, section, number, width))
        while len(lines) > height:
            blank = max((i for i in range(1, height + 1) if not lines[i].text), default=0)
            cut = blank if blank > height // 2 else height
            yield number, lines[:cut]
            lines = lines[cut + (cut == blank) :]
        yield number, lines


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _width(console: Console) -> int:
    return max(40, min(console.width, 120))


def group(document: Document, lines: Iterable[TextLine]) -> Group:
    """Lines of a document as what rich prints."""
    from rich.console import Group
    from rich.text import Text

    def coloured(line: TextLine) -> Text:
        text = Text(style=STYLES.get(line.kind, ""))
        for part, key in line.segments:
            colour = document.colours.get(key) if key is not None else None
            text.append(part, "" if colour is None else f"not dim {COLOURS[colour]}")
        text.rstrip()  # the space behind the last column of a table would wrap
        return text

    return Group(*(coloured(line) for line in lines))
