r"""A document as LaTeX that pdflatex and lualatex compile: an article, a hand-out, or slides by beamer.

Prose is escaped sign by sign (`render.prose`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chainrule.base.frozen import FrozenValue, replace
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
)
from chainrule.document.words import Words
from chainrule.notation.formula import Derivative, Equation, Formula, Fraction, Operator, Row
from chainrule.notation.latex import formula_latex
from chainrule.notation.parts import everything_in
from chainrule.pictures.diagram import network_diagram
from chainrule.render.breaking import broken, letters_across
from chainrule.render.palette import NOTES, PALETTE, QUIET
from chainrule.render.prose import escape_latex_prose, visible
from chainrule.render.slides import SlidePiece, slide_pieces
from chainrule.render.tikz import tikz

ARTICLE = r"""
\usepackage[margin={}]{{geometry}}
\setlength{{\parindent}}{{0pt}}\setlength{{\parskip}}{{0.5em plus 0.2em}}
\newcommand{{\subheading}}[1]{{\subsection*{{#1}}}}
\makeatletter\renewcommand{{\section}}{{\@startsection{{section}}{{1}}{{0pt}}{{-3.5ex plus -1ex minus -0.2ex}}{{2.3ex plus 0.2ex}}%
  {{\normalfont\Large\bfseries\raggedright\hyphenpenalty=10000 }}}}\makeatother"""

CLASSES = {
    "article": r"\documentclass[11pt,PAPER]{article}" + ARTICLE.format("25mm"),
    "handout": r"\documentclass[10pt,PAPER,twocolumn]{article}" + ARTICLE.format("15mm"),
    "slides": r"""\documentclass[11pt,aspectratio=169,t]{beamer}
\setbeamertemplate{navigation symbols}{}\setbeamertemplate{footline}[frame number]
\usefonttheme[onlymath]{serif}
\newcommand{\subheading}[1]{\par\medskip\textbf{#1}\par\nobreak}
\setbeamertemplate{frametitle continuation}{\hskip 0pt plus 1filll%
  {\usebeamercolor[fg]{normal text}\scriptsize\ifnum\insertcontinuationcount>1 \insertcontinuationcount\fi}}""",
}
PAPERS = {"a4": "a4paper", "letter": "letterpaper"}
LANGUAGES = {"en": "[import,main]{english}", "de": "[import,main,hyphenrules=ngerman]{german}"}
COLUMNS = {"article": 80, "handout": 49, "slides": 70}
"""Letters of an equation on one line, about; what is wider all the same is made smaller."""

ROWS = {"article": 20, "handout": 20, "slides": 8}
"""Of a table; a longer one is in parts, between which a page may end."""

SHARE = 0.62
"""Of a slide's width, what an equation takes that has a picture beside it."""

GUTTER, LONG = 2.0, 28.0
"""Letters between columns of a table; a column of more goes on in the next line where the table would be too wide."""

HANG = 4
"""Letters by which the line after another begins further right."""

PREAMBLE = r"""\usepackage{iftex,amsmath,amssymb,graphicx,array,tikz}
\ifPDFTeX\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\usepackage{textcomp,lmodern}\fi
\usepackage[shorthands=off]{babel}
\babelprovideLANGUAGE

% A formula, or a picture, smaller where it is wider than the line or higher than a part of the page.
\newsavebox{\formulabox}
\newcommand{\fitted}[2][0.8]{\sbox{\formulabox}{#2}%
  \ifdim\wd\formulabox>\linewidth\sbox{\formulabox}{\resizebox{\linewidth}{!}{\usebox{\formulabox}}}\fi
  \ifdim\dimexpr\ht\formulabox+\dp\formulabox>#1\textheight\sbox{\formulabox}{\resizebox*{!}{#1\textheight}{\usebox{\formulabox}}}\fi
  \raisebox{\depth}{\usebox{\formulabox}}} % nothing below the line: pages count no depth
\newcommand{\equations}[1]{\par\medskip\noindent\fitted{$\displaystyle #1$}\par\medskip}
\newcommand{\datatable}[2]{\par\medskip\noindent\fitted{\begin{tabular}{#1}#2\end{tabular}}\par\medskip}
\newcommand{\tall}{\rule[-1.4ex]{0pt}{4.2ex}} % room for a fraction in a row
\newcommand{\raised}[3]{\raisebox{#1}{\fontsize{#2}{#2}\selectfont #3}} % by a height, in a size
\newcommand{\remark}[3]{\par\medskip\noindent\textcolor{#1}{\textbf{#2}} #3\par\medskip}

% A sign by its number: itself where the font has it, else the number in a box.
\DeclareRobustCommand{\signbox}[1]{\text{\fbox{\scriptsize U+#1}}}
\ifLuaTeX\DeclareRobustCommand{\sign}[1]{\iffontchar\font"#1 \text{\char"#1}\else\signbox{#1}\fi}
\else\DeclareRobustCommand{\sign}[1]{\signbox{#1}}\fi
\ifdefined\pdfstringdefDisableCommands\pdfstringdefDisableCommands{\def\sign#1{[U+#1]}}\fi
"""


def latex(document: Document, layout: str = "article", paper: str = "a4") -> str:
    """The document as LaTeX's source.

    layout  "article"; "slides", by beamer, 16:9, one idea a frame; "handout", compact, in two columns
    paper   "a4" or "letter"; slides have a size of their own
    """
    writer = _Writer(
        document.staged if layout == "slides" else document.illustrated, Words(document.language), COLUMNS[layout], ROWS[layout]
    )
    body = writer.frames() if layout == "slides" else writer.sections()
    head = [CLASSES[layout].replace("PAPER", PAPERS[paper]), PREAMBLE.replace("LANGUAGE", LANGUAGES[document.language]).rstrip()]
    colours = {**{f"c{number}": colour.light for number, colour in enumerate(PALETTE)}, "quiet": QUIET[0], **NOTES}
    head += [rf"\definecolor{{{name}}}{{HTML}}{{{colour[1:].upper()}}}" for name, colour in colours.items()]
    head += [rf"\title{{{escape_latex_prose(document.title)}}}", r"\author{}\date{}"]
    return "\n".join(head) + "\n\n\\begin{document}\n\n" + "\n\n".join(body) + "\n\n\\end{document}\n"


class _Writer(FrozenValue):
    """What the parts of one document have in common: its words, its colours, the width of a line and the rows of a table."""

    document: Document
    words: Words
    columns: int
    rows: int

    def sections(self) -> Iterator[str]:
        """Title and sections, one after the other."""
        yield r"\maketitle"
        for section in self.document.sections:
            yield rf"\section{{{escape_latex_prose(section.title)}}}"
            yield from map(self.block, section.blocks)

    def frames(self) -> Iterator[str]:
        """A title frame, and for each section one, which beamer breaks into as many as are full."""
        yield r"\frame{\titlepage}"
        for number, section in enumerate(self.document.sections, start=1):
            title = escape_latex_prose(section.title)
            body = "\n\n".join(map(self._piece, slide_pieces(section)))  # a brace at its begin would be a subtitle
            yield rf"\section{{{title}}}" + f"\n\\begin{{frame}}[allowframebreaks]{{{number}. {title}}}\\relax\n{body}\n\\end{{frame}}"

    def _piece(self, piece: SlidePiece) -> str:
        """A block, and the picture beside it where both have room."""
        equations = piece.block.equations if isinstance(piece.block, Equations) else ()
        share = SHARE if equations else 1 - SHARE
        wide = max(map(letters_across, equations), default=0.0)
        if isinstance(piece.block, TableBlock):
            columns = zip(piece.block.head, *piece.block.rows, strict=True)
            wide = sum(max(map(_letters_in, column)) + GUTTER for column in columns) / share
        if piece.picture is None or wide > self.columns:
            return self.block(piece.block)
        beside = replace(self, columns=round(share * self.columns)).block(piece.block)
        picture = self.block(piece.picture)
        return f"\\par\\medskip\\noindent\\fitted{{{_boxed(beside, share)}\n{_boxed(picture, 0.98 - share)}}}\\par"

    def block(self, block: Block) -> str:
        """A block in LaTeX's markup."""
        match block:
            case Paragraph(prose):
                return self.inline(prose)
            case Note(kind, prose):
                return rf"\remark{{{kind}}}{{{escape_latex_prose(self.words.plain(f'note.{kind}'))}:}}{{{self.inline(prose)}}}"
            case Subheading(prose):
                return rf"\subheading{{{self.inline(prose)}}}"
            case Equations(equations):
                return "\n".join(rf"\equations{{{self._equation(equation)}}}" for equation in equations)
            case TableBlock(head, rows):
                count = max(1, -(-len(rows) // self.rows))
                parts = [rows[len(rows) * part // count : len(rows) * (part + 1) // count] for part in range(count)]
                start = rf"\datatable{{{self._sides(block)}}}{{\hline"
                first = self._cells(head) + r" \\ \hline"
                return "\n".join("\n".join([start, first, *map(self._line, part), r"\hline}"]) for part in parts)
            case Picture() | BoxGraph() | Illustration():
                return rf"\begin{{center}}\fitted[0.6]{{{tikz(network_diagram(block), self._paint)}}}\end{{center}}"

    def _sides(self, table: TableBlock) -> str:
        """How each column is set: numbers to the right, words to the left; of a table that is too wide, those that are long in lines."""
        wide = [max(map(_letters_in, column)) + GUTTER for column in zip(table.head, *table.rows, strict=True)]
        rest, sides = self.columns - sum(one for one in wide if one <= LONG), list[str]()
        for one, number in zip(wide, table.numbers, strict=True):
            share = rest / sum(other for other in wide if other > LONG) * one / self.columns if one > LONG else 1
            broken_up = sum(wide) > self.columns and not number and 0 < share < 1
            sides.append(rf">{{\raggedright\arraybackslash}}p{{{0.95 * share:.2f}\linewidth}}" if broken_up else "r" if number else "l")
        return "".join(sides)

    def _line(self, cells: Sequence[Inline]) -> str:
        """A row of a table, as high as the fractions in it."""
        tall = any(isinstance(part, Derivative | Fraction) for part in everything_in(tuple(cells)))
        return r"\tall " * tall + self._cells(cells) + r" \\"

    def _cells(self, cells: Iterable[Inline]) -> str:
        return " & ".join(self.inline(cell) for cell in cells)

    def inline(self, parts: Inline) -> str:
        """Prose with formulas in it."""
        return "".join(escape_latex_prose(part) if isinstance(part, str) else f"${self._formula(part)}$" for part in parts)

    def _formula(self, formula: Formula) -> str:
        return visible(formula_latex(formula, self.words.catalogue, self._paint))

    def _paint(self, key: str) -> str:
        colour = self.document.colours.get(key)
        return "" if colour is None else f"c{colour}"

    def _equation(self, equation: Equation | Formula) -> str:
        """An equation with its relations below each other."""
        if not isinstance(equation, Equation) or not equation.relations:
            return self._formula(equation)
        left, *sides = equation.sides
        rows: list[str] = []
        for relation, side in zip(equation.relations, sides, strict=True):
            items = side.items if isinstance(side, Row) else (side,)
            head, *rest = broken(items, self.columns - HANG - letters_across(Row((left, Operator(relation)))))
            start = "" if rows else self._formula(left)
            rows.append(f"{start} &{self._formula(Operator(relation))} {self._formula(Row(head))}")
            for part in rest:  # {} is what a sign at the end of a line stands before
                rows[-1] += " {}"
                rows.append(rf"&\qquad {self._formula(Row(part))}")
        return "\\begin{aligned}\n  " + " \\\\\n  ".join(rows) + "\n\\end{aligned}"


def _letters_in(cell: Inline) -> float:
    """How wide a cell of a table is."""
    return sum(len(part) if isinstance(part, str) else letters_across(part) for part in cell)


def _boxed(content: str, share: float) -> str:
    """What takes a share of a slide's width, its middle on the line."""
    return f"\\begin{{minipage}}{{{share:.2f}\\textwidth}}\n{content}\n\\end{{minipage}}"
