"""One self-contained HTML file: MathML, its font and the network's picture are in it, and it asks nothing of anybody.

How it looks is in `page/style.css`, what its buttons do in `page/page.js`; without either it reads from top to bottom.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from itertools import groupby

from chainrule.base.errors import InputError
from chainrule.base.frozen import FrozenValue
from chainrule.base.printing import Code
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
    Section,
    Subheading,
    TableBlock,
    Visual,
    inline_text,
    is_number,
)
from chainrule.document.words import Words
from chainrule.notation.formula import Equation, Formula, Matrix, Number
from chainrule.notation.latex import aligned_latex, formula_latex
from chainrule.notation.mathml import aligned_mathml, element, escape_xml, formula_mathml
from chainrule.notation.text import formula_text
from chainrule.pictures.diagram import network_diagram
from chainrule.pictures.shapes import Diagram
from chainrule.pictures.upright import narrow_diagram
from chainrule.render.breaking import letters_across, with_short_lines
from chainrule.render.palette import PALETTE
from chainrule.render.svg import pens, svg

PAGE = files("chainrule.render") / "page"

LONGEST_PROGRAMS = 30_000
"""Characters of NumPy in a page."""

VAST = 1000.0
"""A wider picture scrolls on a wide page: in one that fits, letters would be too small."""

CLOSING = (",", ".", ";", ":", ")", "?", "!")
"""Signs with which no line may begin."""

WIDEST = 76
"""Letters of a line of an equation; what is longer goes on in the next line."""

WIDE = 30
"""Letters of a formula that may be too many for a line on a telephone, or on paper: there its type is as small as it has to be."""


def html(document: Document) -> str:
    """The document as a page: contents, sections that fold, formulas with their LaTeX to copy, light and dark, print.

    Its Content-Security-Policy allows the style and the script that it carries, by their hashes, and nothing from anywhere else.
    """
    style, script = _style(), (PAGE / "page.js").read_text("utf-8")
    live = [] if document.live is None else [document.live.style, document.live.module]
    alignment = "style-src-attr 'unsafe-inline'"  # inside formulas: printers write it, never a person
    allowed = policy([style, *live[:1]], [script, *live[1:]], alignment)
    head = (
        '<meta charset="utf-8" />',
        element("title", escape_xml(document.title)),
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}" />',
        '<meta name="viewport" content="width=device-width, initial-scale=1" />',
        '<meta name="generator" content="chainrule" />',
        '<link rel="icon" href="data:," />',  # or a browser would ask the server for one
        f"<style>{style}</style>",
    )
    lines = ("<head>", *head, "</head>", "<body>", body(document), *_live(document), f"<script>{script}</script>", "</body>")
    return f'<!DOCTYPE html>\n<html lang="{escape_xml(document.language)}">\n' + "\n".join(lines) + "\n</html>\n"


def body(document: Document) -> str:
    """What stands in the page: its contents and its text, without style and script."""
    document, words = document.illustrated, Words(document.language)
    sources = short_programs(document)
    writer = _Writer(document.colours, words, "NumPy" if any("np." in source for source in sources) else "Python")
    numbered = enumerate(zip(document.sections, sources, strict=True), start=1)
    live = () if document.live is None else document.live.contents
    sections = [writer.section(number, section, program, live=section.key in live) for number, (section, program) in numbered]
    links = "".join(element("li", element("a", escape_xml(s.title), {"href": f"#{s.key}"})) for s in document.sections)
    contents = element("summary", escape_xml(words.plain("page.contents"))) + f"<ol>{links}</ol>"
    switches = "".join(
        element("button", escape_xml(words.plain(f"page.{name}")), {"type": "button", "data-switch": name, "aria-pressed": "false"})
        for name in ("dark", "large", "fold")
    )
    return "\n".join(
        (
            element("a", escape_xml(words.plain("page.skip")), {"class": "skip", "href": "#text"}),
            "<header>",
            element("h1", escape_xml(document.title), {"dir": "auto"}),
            element("div", switches, {"class": "switches", "role": "group", "aria-label": words.plain("page.settings")}),
            "</header>",
            element("nav", f'<details open="open">{contents}</details>', {"aria-label": words.plain("page.contents")}),
            '<main id="text" tabindex="-1">',
            *sections,
            "</main>",
            element("p", "", {"class": "status", "role": "status", "data-copied": words.plain("page.copied")}),
        )
    )


def _live(document: Document) -> Iterator[str]:
    """The pages of a document as data, which its script puts together when one of them is asked for; style and module once."""
    if document.live is None:
        return
    for kind, text in (("style", document.live.style), ("module", document.live.module)):
        yield f'<script type="text/plain" id="live-{kind}">{text}</script>'
    for key, content in document.live.contents.items():
        yield f'<script type="application/json" id="live-{key}">{content}</script>'


class _Writer(FrozenValue):
    """Blocks as markup, one symbol in one colour. language: of the programs."""

    colours: Mapping[str, int]
    words: Words
    language: str

    def section(self, number: int, section: Section, program: str, *, live: bool = False) -> str:
        heading = element("h2", f'<span class="number">{number}</span> {escape_xml(section.title)}', {"dir": "auto"})
        named = (f"{section.key}-{place}-" for place in range(len(section.blocks)))
        blocks = "\n".join(map(self.block, section.blocks, named)) + self.program(program)
        if live:
            given = {
                "type": "button",
                "data-live": section.key,
                "data-title": section.title,
                "data-close": self.words.plain("page.live.close"),
            }
            blocks = element("p", element("button", escape_xml(self.words.plain("page.live")), given)) + blocks
        folding = f"<summary>{heading}</summary>\n{blocks}\n"
        given = {} if section.folded else {"open": "open"}
        return element("section", element("details", folding, given), {"id": section.key})

    def block(self, block: Block, named: str = "") -> str:
        """named: what stands before the handles of a picture."""
        match block:
            case Paragraph(text):
                return element("p", self.inline(text))
            case Note(kind, text):
                label = element("strong", escape_xml(self.words.plain(f"note.{kind}")))
                return element("p", f"{label} {self.inline(text)}", {"class": f"note {kind}", "role": "note"})
            case Subheading(text):
                return element("h3", self.inline(text))
            case Equations(equations):
                return "\n".join(self.displayed(equations))
            case TableBlock():
                return self.table(block)
            case Picture() | BoxGraph() | Illustration():
                return picture_box(block, self.colours, named)

    def program(self, source: str) -> str:
        """NumPy that computes what the section says, folded away."""
        if not source:
            return ""
        label = self.words.plain("page.program", language=self.language)
        box = element("div", element("pre", escaped_lines(source)), {"class": "scroll", "role": "group", "aria-label": label})
        button = element(
            "button", escape_xml(self.words.plain("page.program.copy")), {"type": "button", "data-copy": ""}
        )  # what stands beside it
        return "\n" + element("details", element("summary", escape_xml(label)) + box + button, {"class": "program"})

    def displayed(self, equations: Iterable[Equation | Formula]) -> Iterator[str]:
        """Short equations below each other, aligned at their signs; long ones alone."""
        catalogue = self.words.catalogue
        for brief, group in groupby(equations, key=lambda equation: isinstance(equation, Equation) and len(equation.sides) == 2):
            together = list(group)
            for one in [together] if brief else [[equation] for equation in together]:
                lines = [equation for equation in one if isinstance(equation, Equation)]
                if lines:
                    short = [with_short_lines(line, WIDEST) if letters_across(line) > WIDEST else line for line in lines]
                    wide = round(max(map(letters_across, short)))
                    shown, source = aligned_mathml(short, attributes=self.attributes, words=catalogue), aligned_latex(lines, catalogue)
                else:
                    shown, source = self.formula(one[0], display=True), formula_latex(one[0], catalogue)
                    wide = round(letters_across(one[0]))
                tools = self.button("latex", self.words.plain("page.copy_latex"), source) + "".join(self.values(lines))
                given = {"class": "scroll", "role": "group", "aria-label": self.words.plain("page.formula")}
                box = element("div", shown, {**given, "style": f"--letters: {wide}"} if wide > WIDE else given)
                yield element(
                    "div", box + element("div", tools, {"class": "tools"}), {"class": "display wide" if wide > WIDEST else "display"}
                )

    def values(self, equations: Iterable[Equation]) -> Iterator[str]:
        """A button for each quantity that ends in a number or in a matrix of numbers."""
        found = [(formula_text(equation.sides[0]), value) for equation in equations if (value := plain_value(equation.sides[-1]))]
        for name, value in found:
            label = self.words.plain("page.copy_value", name=name)
            yield self.button("value", label, value, name if len(found) > 1 else "")

    def button(self, kind: str, label: str, copied: str, name: str = "") -> str:
        """A button that copies; it says shortly what, and tells those who listen in full."""
        attributes = {"type": "button", "data-copy": copied, "aria-label": label, "title": label}
        return element("button", escape_xml(name or self.words.plain(f"page.{kind}")), attributes)

    def table(self, block: TableBlock) -> str:
        """The head names its columns, the first cell its row; numbers stand right."""
        columns = "".join(
            element("th", self.head(cell), {"scope": "col", "dir": "auto", **right(number)}) if any(cell) else "<td></td>"
            for cell, number in zip(block.head, block.numbers, strict=True)
        )
        numbers = block.numbers
        lines = "".join(
            element("tr", "".join(self.cell(cell, first=i == 0, number=numbers[i]) for i, cell in enumerate(row))) for row in block.rows
        )
        table = element("table", element("thead", element("tr", columns)) + element("tbody", lines))
        return element("div", table, {"class": "scroll", "role": "group", "aria-label": self.words.plain("page.table")})

    def cell(self, cell: Inline, *, first: bool, number: bool = False) -> str:
        given = {"dir": "auto", **right(number or is_number(cell))}
        return element("th", self.head(cell), {"scope": "row", **given}) if first and any(cell) else element("td", self.inline(cell), given)

    def head(self, cell: Inline) -> str:
        """What names a column or a row. It is repeated with every cell of theirs, so it is read out as text, formulas too."""
        if all(isinstance(part, str) for part in cell):
            return self.inline(cell)
        heard = inline_text(cell)
        return element("span", escape_xml(heard), {"class": "heard"}) + element("span", self.inline(cell), {"aria-hidden": "true"})

    def inline(self, text: Inline) -> str:
        """Prose with formulas in it, of which none parts from the comma, the point or the bracket behind it."""
        written: list[str] = []
        after_formula = False
        for part in text:
            if isinstance(part, str) and after_formula and part.startswith(CLOSING):
                written[-1] = f'<span class="whole">{written[-1]}{part[0]}</span>'
                part = part[1:]  # the sign is written already
            written.append(prose(part) if isinstance(part, str) else self.formula(part))
            after_formula = not isinstance(part, str)
        return "".join(written)

    def formula(self, formula: Formula, *, display: bool = False) -> str:
        return formula_mathml(formula, display=display, attributes=self.attributes, words=self.words.catalogue)

    def attributes(self, key: str) -> Mapping[str, str]:
        """What the element of a symbol has: its colour."""
        return {"class": f"c{self.colours[key]}"} if key in self.colours else {}


def short_programs(document: Document) -> tuple[str, ...]:
    """The program of each section; none where they would be longer than a page should be, for its numbers are most of them."""
    try:
        written = document.programs()
    except InputError:  # more numbers than a program should hold
        written = ()
    return written if written and sum(map(len, written)) <= LONGEST_PROGRAMS else ("",) * len(document.sections)


def escaped_lines(source: str) -> str:
    """Several lines of text, as they are."""
    return "\n".join(map(escape_xml, source.splitlines()))


def picture_box(picture: Visual, colours: Mapping[str, int], named: str = "") -> str:
    """The network as SVG, and again for narrow pages, where one that is laid out for them can be read better."""

    def box(diagram: Diagram, kind: str, named: str) -> str:
        given = {"class": kind, "role": "group", "aria-label": picture.alt}
        return element("div", svg(diagram, colours, alone=False, named=named), given)

    whole, narrow = network_diagram(picture), narrow_diagram(picture)
    if narrow is None:
        return box(whole, "scroll", named)
    return box(whole, "scroll wide vast" if whole.width > VAST else "scroll wide", named) + box(narrow, "scroll narrow", f"{named}narrow-")


def right(number: bool) -> Mapping[str, str]:
    """The attribute of a cell that stands right, where its column is one of numbers."""
    return {"class": "number"} if number else {}


def prose(text: str) -> str:
    """Text, or code."""
    return element("code", command(text.typed)) if isinstance(text, Code) else escape_xml(text)


def command(typed: str) -> str:
    """What is typed, whose options are not broken after their hyphens where it goes on in the next line.

    >>> command("explain <b> --step 3")
    'explain &lt;b&gt; <span class="word">--step</span> 3'
    """
    first, *words = map(escape_xml, typed.split(" "))
    return " ".join([first, *(element("span", word, {"class": "word"}) if word.startswith("-") else word for word in words)])


def plain_value(formula: Formula) -> str:
    """A number, or rows of numbers, as programs and spreadsheets read it; "" for anything else.

    >>> plain_value(Number("−7.4", 3)), plain_value(Matrix(((Number("8.4"), Number("1.76")),)))
    ('-7.4e3', '[[8.4, 1.76]]')
    """
    match formula:
        case Number(digits, power):
            return digits.replace("−", "-").replace(",", ".") + (f"e{power}" if power is not None else "")
        case Matrix(rows):
            lines = [[plain_value(cell) for cell in row] for row in rows]
            return "[" + ", ".join(f"[{', '.join(line)}]" for line in lines) + "]" if all(map(all, lines)) else ""
    return ""


def _style() -> str:
    """The style sheet, with the colours of symbols and the font in it."""
    return "\n".join(((PAGE / "style.css").read_text("utf-8"), pens(), palette_rules(), font_face()))


def font_face() -> str:
    """The font of formulas, as a rule of CSS."""
    font = b64encode((PAGE / "stix-two-math.woff2").read_bytes()).decode()
    return f'@font-face {{ font-family: "STIX Two Math subset"; src: url("data:font/woff2;base64,{font}") format("woff2"); }}'


def palette_rules() -> str:
    """The colours of symbols, light and dark, as rules of CSS."""
    return "\n".join(f".c{i} {{ color: light-dark({colour.light}, {colour.dark}); }}" for i, colour in enumerate(PALETTE))


def policy(styles: Iterable[str], scripts: Iterable[str], *more: str) -> str:
    """The Content-Security-Policy of a page: these styles and scripts, by their hashes, and no request but what `more` says."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {' '.join(map(_hash, styles))}",
            *more,
            f"script-src {' '.join(map(_hash, scripts))}",
            "font-src data:",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
