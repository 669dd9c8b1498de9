"""A document as Typst's source: an article, slides or a hand-out. What it looks like stands in typst.typ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from chainrule.document import Block, Document, Equations, Inline, Note, Paragraph, Picture, Subheading, Table
from chainrule.notation import typst as mathematics
from chainrule.notation.formula import Equation, Formula, Row
from chainrule.notation.parts import clean
from chainrule.notation.text import text
from chainrule.render import places
from chainrule.render.palette import PALETTE
from chainrule.render.slides import joined, lines_of, slides
from chainrule.words import Words

PAPERS = {"a4": "a4", "letter": "us-letter"}
MARGIN = 1.4
"""Centimetres around the neurons of a picture."""

NOTES = {"insight": "#116b3c", "warning": "#b0202c", "more": "#005ea8"}

LAYOUTS = {
    "article": """#set page(paper: "{paper}", margin: (x: 24mm, y: 22mm), numbering: "1")
#set text(size: 10.5pt)
#let (equation-height, picture-height, part-equations) = (600pt, 300pt, false)""",
    "handout": """#set page(paper: "{paper}", margin: (x: 14mm, y: 15mm), numbering: "1", columns: 2)
#set columns(gutter: 8mm)
#set text(size: 8.5pt)
#let (equation-height, picture-height, part-equations) = (600pt, 200pt, false)""",
    "slides": """#set page(width: 254mm, height: 142.875mm, margin: (x: 16mm, top: 13mm, bottom: 13mm), numbering: "1")
#set text(size: 19pt)
#show heading.where(level: 1): set text(size: 1.2em)
#let (equation-height, picture-height, part-equations) = (220pt, 200pt, true)""",
}
"""Page and type. equation-height and picture-height are the most that a line of an equation, or a picture, may take;
part-equations: may a page end within a short equation?"""


def typst(document: Document, layout: str = "article", paper: str = "a4") -> str:
    """The document as Typst's source, which needs no other file.

    layout  "article"; "slides", 16:9, one idea a page; "handout", compact, in two columns
    paper   "a4" or "letter"; slides have a size of their own
    """
    writer = _Writer(document, Words(document.language))
    pages = writer.slides() if layout == "slides" else writer.pages()
    return "\n\n".join([_preamble(document, layout, paper), *pages]) + "\n"


def _preamble(document: Document, layout: str, paper: str) -> str:
    title = mathematics.string(document.title)
    paints = (f'#let c{number}(body) = text(fill: rgb("{colour.light}"), body)' for number, colour in enumerate(PALETTE))
    return "\n".join(
        [
            f"#set document(title: {title})",
            LAYOUTS[layout].format(paper=PAPERS[paper]),
            # The font's ligatures are TeX's: -- would become a dash, ?` a Spanish question mark.
            f'#set text(font: "New Computer Modern", lang: "{document.language}", hyphenate: true, ligatures: false)',
            f"#set par(justify: {'false' if layout == 'slides' else 'true'})",
            "#show heading: set block(above: 1.5em, below: 0.8em)",
            "#show heading: set par(justify: false)",
            "#show heading: set text(hyphenate: false)",
            "#show math.equation: set text(weight: 450)",
            "",
            *paints,
            "",
            files("chainrule.render").joinpath("typst.typ").read_text("utf-8").rstrip(),
        ]
    )


@dataclass(frozen=True)
class _Writer:
    """What the parts of one document have in common: its words and its colours."""

    document: Document
    words: Words

    def pages(self) -> Iterator[str]:
        """Title and sections, one after the other."""
        yield self._title("1em")
        for number, section in enumerate(self.document.sections, start=1):
            yield f"= {number}. {escaped(section.title)}"
            yield from map(self.block, section.blocks)

    def slides(self) -> Iterator[str]:
        """A title page and a page for each idea; the heading of a section is repeated as plain text."""
        yield f"#align(horizon, [{self._title('1.2em')}])"
        for slide in slides(self.document):
            title = f"{slide.number}. {escaped(slide.section.title)}"
            yield "#pagebreak(weak: true)"
            yield f"= {title}" if slide.part == 1 else f"#block(below: 1em, text(size: 0.8em, fill: luma(35%))[{title}])"
            yield from map(self.block, slide.blocks)

    def _title(self, size: str) -> str:
        return f"#[\n  #show title: set text(size: {size}, hyphenate: false)\n  #show title: set par(justify: false)\n  #title()\n]"

    def block(self, block: Block) -> str:
        """A block in Typst's markup."""
        match block:
            case Paragraph(text):
                return self.inline(text)
            case Note(kind, text):
                title = mathematics.string(f"{self.words.plain(f'note.{kind}')}:")
                return f'#note(rgb("{NOTES[kind]}"), {title})[{self.inline(text)}]'
            case Subheading(text):
                return f"== {self.inline(text)}"
            case Equations(equations):
                return "\n".join(["#equations(", *(f"  {self._equation(equation)}," for equation in equations), ")"])
            case Table(head, rows):
                return "\n".join([f"#data({len(head)}, ({self._cells(head)},),", *(f"  {self._cells(cells)}," for cells in rows), ")"])
            case Picture():
                return self._picture(block)

    def _cells(self, cells: Iterable[Inline]) -> str:
        return ", ".join(f"[{self.inline(cell)}]" for cell in cells)

    def inline(self, parts: Inline) -> str:
        """Prose with formulas in it."""
        return "".join(escaped(part) if isinstance(part, str) else f"#{self._formula(part)};" for part in joined(parts))

    def _formula(self, formula: Formula) -> str:
        return f"formula(${self._typst(formula)}$, {self._alt(formula)})"

    def _typst(self, formula: Formula) -> str:
        return mathematics.typst(formula, self.words.catalogue, self._paint)

    def _alt(self, formula: Formula) -> str:
        """The formula in words, for screen readers."""
        return mathematics.string(text(formula, self.words.catalogue))

    def _paint(self, key: str) -> str:
        colour = self.document.colours.get(key)
        return "" if colour is None else f"c{colour}"

    def _equation(self, equation: Equation | Formula) -> str:
        left, several = (equation.sides[0], lines_of(equation)) if isinstance(equation, Equation) else (Row(()), [equation])
        lines = "".join(f"(${self._typst(line)}$, {self._alt(line)}), " for line in several)
        return f"(${self._typst(left)}$, ({lines}))"

    def _picture(self, picture: Picture) -> str:
        """The network, drawn on a canvas: (0, 0) of `places` is MARGIN to the right and half the height down."""
        wide, high = places.at(picture, len(picture.layers) - 1, 0).x + 2 * MARGIN, 2 * places.top(picture) + 2 * MARGIN

        def spot(point: places.Point, below: float = 0) -> str:
            return f"{point.x + MARGIN:.2f}, {high / 2 - point.y + below:.2f}"

        items = [f"drawn-at({spot(point)}, [{escaped(title)}])" for title, point in places.titles(picture)]
        for edge in picture.edges:
            start, end = places.at(picture, edge.layer, edge.source), places.at(picture, edge.layer + 1, edge.target)
            share, label = places.share(picture, edge), self._formula(places.label(edge))
            items.append(f"edge({spot(start)}, {spot(end)}, {share:.2f}, {label})")
        for neuron, point, _ in places.neurons(picture):
            items.append(f"neuron({spot(point)}, {places.RADIUS}, {self._formula(neuron.label)})")
            if neuron.value is not None:
                items.append(f"drawn-at({spot(point, places.RADIUS + 0.25)}, small({self._formula(neuron.value)}))")
        items += [f'drawn-at({spot(point)}, formula($dots.v$, "⋮"))' for point in places.dots(picture)]
        return "\n".join([f"#network({wide:.2f}, {high:.2f}, {mathematics.string(picture.alt)},", *(f"  {item}," for item in items), ")"])


def escaped(prose: str) -> str:
    r"""Prose in which no sign has a meaning to Typst; `code` is code.

    >>> print(escaped("#x *y* `--step N` a_b"))
    \#x \*y\* #raw("--step N"); a\_b
    """
    pieces = re.split(r"(`[^`]+`)", clean(prose))
    return "".join(
        f"#raw({mathematics.string(piece[1:-1])});" if len(piece) > 2 and piece[0] == piece[-1] == "`" else _marked(piece)
        for piece in pieces
    )


def _marked(piece: str) -> str:
    r"""Typst takes a backslash before any sign but a letter or digit; a number or a sign at a line's begin could start a list."""
    return re.sub(r"([\\#$*_`<>@=~\[\]\"'/+\-.:])", r"\\\1", piece)
