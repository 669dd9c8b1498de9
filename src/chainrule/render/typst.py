"""A document as Typst's source: an article, slides or a hand-out. What it looks like stands in typst.typ and slides.typ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files

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
from chainrule.notation import typst as mathematics
from chainrule.notation.formula import Equation, Formula, Row
from chainrule.notation.text import formula_text
from chainrule.pictures.diagram import network_diagram
from chainrule.pictures.graph import WIDE
from chainrule.pictures.shapes import Diagram
from chainrule.render.breaking import lines_of
from chainrule.render.canvas import UNIT, canvas
from chainrule.render.palette import FRAME, NOTES, PALETTE, QUIET
from chainrule.render.slides import SlidePiece, slide_pieces

COLUMNS = {"article": 84, "handout": 56, "slides": 74, "figure": 94}
"""Letters of an equation that stand on one line, about. Typst ends lines after signs, where it measures that it has to."""

ROWS = {"article": 680.0, "handout": 440.0}
"""Units of a picture: a wider graph goes on in rows, one below the other, since its letters would else be too small."""

MOST_IN_LINES = 1
"""Equations of a figure whose sides stand below each other; more have a line each, where there is room."""

PAPERS = {"a4": "a4", "letter": "us-letter"}

LAYOUTS = {
    "article": """#set page(paper: "{paper}", margin: (x: 24mm, y: 22mm), numbering: "1")
#set text(size: 10.5pt)
#let (equation-height, picture-height, tight) = (600pt, 300pt, none)""",
    "handout": """#set page(paper: "{paper}", margin: (x: 14mm, y: 15mm), numbering: "1", columns: 2)
#set columns(gutter: 8mm)
#set text(size: 8.5pt)
#let (equation-height, picture-height, tight) = (600pt, 200pt, none)""",
    "slides": """#let (slide-width, slide-height, slide-margins) = (254mm, 142.875mm, (x: 15mm, y: 11mm))
#set page(width: slide-width, height: slide-height, margin: slide-margins, numbering: "1", footer-descent: 1mm)
#set text(size: 16pt)
#let (equation-height, picture-height, tight) = (220pt, 220pt, none)""",
    "figure": """#set page(width: auto, height: auto, margin: 3mm, fill: white)
#set text(size: 10.5pt)
#let (equation-height, picture-height, tight) = (600pt, 100cm, 180mm)""",
}
"""Page and type. equation-height and picture-height are the most that a line of an equation, or a picture, may take;
tight: what stands there is as wide as itself, up to this; none: as the page."""


def typst(document: Document, layout: str = "article", paper: str = "a4") -> str:
    """The document as Typst's source, which needs no other file.

    layout  "article"; "slides", 16:9, one idea a page; "handout", compact, in two columns; "figure", a single page around the blocks
    paper   "a4" or "letter"; slides and figures have a size of their own
    """
    writer = _Writer(document.staged if layout == "slides" else document.illustrated, Words(document.language), layout)
    pages = {"slides": writer.slides, "figure": writer.figure}.get(layout, writer.pages)()
    return "\n\n".join([_preamble(document, layout, paper), *pages]) + "\n"


def drawing(diagram: Diagram, title: str, language: str, colours: Mapping[str, int]) -> str:
    """A diagram as Typst's source, on a page of its own size."""
    document = Document(title, (), language, colours=dict(colours))
    return f"{_preamble(document, 'figure', 'a4')}\n\n{canvas(diagram, _Writer(document, Words(language), 'figure').paint)}\n"


def _preamble(document: Document, layout: str, paper: str) -> str:
    title = mathematics.string(document.title)
    sheets = ("typst.typ", "slides.typ") if layout == "slides" else ("typst.typ",)
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
            f'#let (quiet, frame) = (rgb("{QUIET[0]}"), rgb("{FRAME[0]}"))',
            *paints,
            "",
            *(files("chainrule.render").joinpath(name).read_text("utf-8").rstrip() for name in sheets),
        ]
    )


class _Writer(FrozenValue):
    """What the parts of one document have in common: its words and its colours."""

    document: Document
    words: Words
    layout: str

    def pages(self) -> Iterator[str]:
        """Title and sections, one after the other."""
        yield self._title("1em")
        for number, section in enumerate(self.document.sections, start=1):
            yield f"= {number}. {escape_typst(section.title)}"
            for block, following in zip(section.blocks, (*section.blocks[1:], None), strict=True):
                leads = isinstance(block, Paragraph) and isinstance(following, TableBlock | Equations)
                yield f"#block(sticky: true)[{self.block(block)}]" if leads else self.block(block)  # on the page of what it leads to

    def figure(self) -> Iterator[str]:
        """The blocks alone, each subheading with what follows it in a frame of its own; the first frame has the section's title."""
        for section in self.document.sections:
            titles: list[str] = [escape_typst(section.title)]
            frames: list[list[str]] = [[]]
            for block in section.blocks:
                if not isinstance(block, Subheading):
                    frames[-1].append(self.block(block))
                    continue
                if frames[-1]:
                    titles.append("")
                    frames.append([])
                titles[-1] = self.inline(block.text)
            yield "\n".join(["#frames(", *(self._frame(title, blocks) for title, blocks in zip(titles, frames, strict=True)), ")"])

    def _frame(self, title: str, blocks: list[str]) -> str:
        body = "\n\n".join(blocks)
        return f"([{title}], [\n{body}\n]),"

    def slides(self) -> Iterator[str]:
        """A title page, and the pieces of all sections, of which Typst makes slides once it has measured them."""
        yield f"#align(horizon, [{self._title('1.2em')}])"
        lines = [
            line
            for number, section in enumerate(self.document.sections, start=1)
            for line in (
                self._piece("topic", body=f"[{number}. {escape_typst(section.title)}]"),
                *(self._placed(piece) for piece in slide_pieces(section)),
            )
        ]
        yield "\n".join(["#deck(", *lines, ")"])

    def _placed(self, piece: SlidePiece) -> str:
        """A piece of a slide as Typst's data: what can be cut is not yet laid out, and pictures are as high as there is room."""
        beside = {} if piece.picture is None else {"picture": self._drawn(piece.picture)}
        match piece.block:
            case Equations(equations):
                return self._piece("equation", given=self._equation(equations[0]), **beside)
            case TableBlock(head, rows):
                lines = "".join(f"({self._cells(cells)},), " for cells in rows)
                return self._piece("table", sides=self._sides(piece.block), head=f"({self._cells(head)},)", rows=f"({lines})", **beside)
            case Picture() | BoxGraph() | Illustration():
                drawn = network_diagram(piece.block)
                return self._piece("picture", size=f"({UNIT * drawn.width:g}pt, {UNIT * drawn.height:g}pt)", draw=self._drawn(piece.block))
            case Subheading():
                return self._piece("heading", body=f"[\n{self.block(piece.block)}\n]")
        return self._piece("prose", body=f"[{self.block(piece.block)}]", **beside)

    def _piece(self, kind: str, **given: str) -> str:
        return f'  (kind: "{kind}", {", ".join(f"{name}: {value}" for name, value in given.items())}),'

    def _drawn(self, picture: Visual) -> str:
        return f"high => [{canvas(network_diagram(picture), self.paint, 'high: high, ')}]"

    def _sides(self, table: TableBlock) -> str:
        """Of each column, on which its cells stand."""
        return f"({', '.join('right' if number else 'left' for number in table.numbers)},)"

    def _title(self, size: str) -> str:
        words = '#show regex("\\d\\S{2,24}"): box'  # the name of a network, 2-3-1, is one
        return (
            f"#[\n  #show title: set text(size: {size}, hyphenate: false)\n  #show title: set par(justify: false)\n  {words}\n  #title()\n]"
        )

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
                together = self.layout == "figure" and len(equations) > MOST_IN_LINES
                start = "#equations(together: true," if together else "#equations("
                return "\n".join([start, *(f"  {self._equation(equation)}," for equation in equations), ")"])
            case TableBlock(head, rows):
                lines = (f"  {self._cells(cells)}," for cells in rows)
                return "\n".join([f"#data({self._sides(block)}, ({self._cells(head)},),", *lines, ")"])
            case Picture() | BoxGraph() | Illustration():
                return canvas(network_diagram(block, ROWS.get(self.layout, WIDE)), self.paint)

    def _cells(self, cells: Iterable[Inline]) -> str:
        return ", ".join(f"[{self.inline(cell)}]" for cell in cells)

    def inline(self, parts: Inline) -> str:
        """Prose with formulas in it."""
        return "".join(escape_typst(part) if isinstance(part, str) else f"#{self._formula(part)};" for part in parts)

    def _formula(self, formula: Formula) -> str:
        return f"formula(${self._typst(formula)}$, {self._alt(formula)})"

    def _typst(self, formula: Formula) -> str:
        return mathematics.formula_typst(formula, self.words.catalogue, self.paint)

    def _alt(self, formula: Formula) -> str:
        """The formula in words, for screen readers."""
        return mathematics.string(formula_text(formula, self.words.catalogue))

    def paint(self, key: str) -> str:
        """The function that gives a symbol its colour; "" for none."""
        colour = self.document.colours.get(key)
        return "" if colour is None else f"c{colour}"

    def _equation(self, equation: Equation | Formula) -> str:
        left: Formula = Row(())
        several: Sequence[Formula] = (equation,)
        if isinstance(equation, Equation):
            left, several = equation.sides[0], lines_of(equation, COLUMNS[self.layout])
        lines = "".join(f"(${self._typst(line)}$, {self._alt(line)}), " for line in several)
        return f"(${self._typst(left)}$, ({lines}))"


def escape_typst(prose: str) -> str:
    r"""Prose in which no sign has a meaning to Typst; code is code.

    >>> print(escape_typst("#x *y* a_b"), escape_typst(Code("`--step N`")))
    \#x \*y\* a\_b #raw("--step N");
    """
    return f"#raw({mathematics.string(clean(prose.typed))});" if isinstance(prose, Code) else _marked(clean(prose))


def _marked(piece: str) -> str:
    r"""Typst takes a backslash before any sign but a letter or digit; a number or a sign at a line's begin could start a list."""
    return re.sub(r"([\\#$*_`<>@=~\[\]\"'/+\-.:])", r"\\\1", piece)
