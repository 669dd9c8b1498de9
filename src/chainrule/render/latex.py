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
from chainrule.notation.formula import Equation, Formula, Row
from chainrule.notation.latex import formula_latex
from chainrule.pictures.diagram import network_diagram
from chainrule.render.breaking import broken, formulas_width, lines_of
from chainrule.render.palette import NOTES, PALETTE, QUIET
from chainrule.render.prose import escape_latex_prose, visible
from chainrule.render.slides import BESIDE, is_beside, share_beside, slides
from chainrule.render.tikz import tikz

ARTICLE = r"""
\usepackage[margin={}]{{geometry}}
\setlength{{\parindent}}{{0pt}}\setlength{{\parskip}}{{0.5em plus 0.2em}}
\newcommand{{\subheading}}[1]{{\subsection*{{#1}}}}"""

CLASSES = {
    "article": r"\documentclass[11pt,PAPER]{article}" + ARTICLE.format("25mm"),
    "handout": r"\documentclass[10pt,PAPER,twocolumn]{article}" + ARTICLE.format("15mm"),
    "slides": r"""\documentclass[11pt,aspectratio=169,t]{beamer}
\setbeamertemplate{navigation symbols}{}\setbeamertemplate{footline}[frame number]
\usefonttheme[onlymath]{serif}
\newcommand{\subheading}[1]{\par\medskip\textbf{#1}\par}
\renewcommand{\part}[1]{\hskip 0pt plus 1filll{\usebeamercolor[fg]{normal text}\scriptsize #1}}""",
}
PAPERS = {"a4": "a4paper", "letter": "letterpaper"}
LANGUAGES = {"en": "[import,main]{english}", "de": "[import,main,hyphenrules=ngerman]{german}"}
COLUMNS = {"article": 75, "handout": 46, "slides": 62}
"""Letters of an equation on one line, about; what is wider is made smaller."""

HELD = 1.25
"""A bracket that is as wide as so many lines stays whole, and is made smaller."""

PREAMBLE = r"""\usepackage{iftex,amsmath,amssymb,graphicx,array,tikz}
\ifPDFTeX\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\usepackage{textcomp,lmodern}\fi
\usepackage[shorthands=off]{babel}
\babelprovideLANGUAGE

% A formula, smaller where it is wider than the line or higher than the page.
\newsavebox{\formulabox}
\newcommand{\fitted}[1]{\sbox{\formulabox}{#1}%
  \ifdim\wd\formulabox>\linewidth\sbox{\formulabox}{\resizebox{\linewidth}{!}{\usebox{\formulabox}}}\fi
  \ifdim\dimexpr\ht\formulabox+\dp\formulabox>0.8\textheight\sbox{\formulabox}{\resizebox*{!}{0.8\textheight}{\usebox{\formulabox}}}\fi
  \usebox{\formulabox}}
\newcommand{\equations}[1]{\par\medskip\noindent\fitted{$\displaystyle #1$}\par\medskip}
\newcommand{\datatable}[2]{\par\medskip\noindent\fitted{\begin{tabular}{#1}#2\end{tabular}}\par\medskip}
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
    writer = _Writer(document.staged if layout == "slides" else document.illustrated, Words(document.language), COLUMNS[layout])
    body = writer.frames() if layout == "slides" else writer.sections()
    head = [CLASSES[layout].replace("PAPER", PAPERS[paper]), PREAMBLE.replace("LANGUAGE", LANGUAGES[document.language]).rstrip()]
    colours = {**{f"c{number}": colour.light for number, colour in enumerate(PALETTE)}, "quiet": QUIET[0], **NOTES}
    head += [rf"\definecolor{{{name}}}{{HTML}}{{{colour[1:].upper()}}}" for name, colour in colours.items()]
    head += [rf"\title{{{escape_latex_prose(document.title)}}}", r"\author{}\date{}"]
    return "\n".join(head) + "\n\n\\begin{document}\n\n" + "\n\n".join(body) + "\n\n\\end{document}\n"


class _Writer(FrozenValue):
    """What the parts of one document have in common: its words, its colours and the width of a line."""

    document: Document
    words: Words
    columns: int

    def sections(self) -> Iterator[str]:
        """Title and sections, one after the other."""
        yield r"\maketitle"
        for section in self.document.sections:
            yield rf"\section{{{escape_latex_prose(section.title)}}}"
            yield from map(self.block, section.blocks)

    def frames(self) -> Iterator[str]:
        """A title frame and a frame for each idea."""
        yield r"\frame{\titlepage}"
        for slide in slides(self.document):
            if slide.part == 1:
                yield rf"\section{{{escape_latex_prose(slide.section.title)}}}"
            part = rf"\part{{{slide.part} / {slide.parts}}}" if slide.parts > 1 else ""
            yield rf"\begin{{frame}}[shrink]{{{slide.number}. {escape_latex_prose(slide.section.title)}{part}}}"
            yield from self._beside(slide.blocks)
            yield r"\end{frame}"

    def _beside(self, blocks: Sequence[Block]) -> Iterator[str]:
        """The blocks of a slide; pictures that stand beside derivations are there."""
        for block, following in zip(blocks, (*blocks[1:], None), strict=True):
            if following is not None and is_beside(following):
                share = share_beside(block)
                yield rf"\begin{{columns}}[T,onlytextwidth]\begin{{column}}{{{share:.2f}\textwidth}}"
                yield replace(self, columns=BESIDE).block(block)
                yield rf"\end{{column}}\begin{{column}}{{{0.98 - share:.2f}\textwidth}}"
                yield self.block(following)
                yield r"\end{column}\end{columns}"
            elif not is_beside(block):
                yield self.block(block)

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
                lines = [self._cells(head) + r" \\ \hline", *(self._cells(cells) + r" \\" for cells in rows)]
                sides = "".join("r" if number else "l" for number in block.numbers)
                return "\n".join([rf"\datatable{{{sides}}}{{\hline", *lines, r"\hline}"])
            case Picture() | BoxGraph() | Illustration():
                return rf"\begin{{center}}\fitted{{{tikz(network_diagram(block), self._paint)}}}\end{{center}}"

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
        rows = []
        for place, line in enumerate(lines_of(equation)):
            left, relation, *items = line.items if place == 0 else (Row(()), *line.items)
            head, *rest = broken(items, self.columns - formulas_width((equation.sides[0],)), round(HELD * self.columns))
            rows.append(f"{self._formula(left)} &{self._formula(relation)} {self._formula(Row(head))}")
            for part in rest:  # {} is what a sign at the end of a line stands before
                rows[-1] += " {}"
                rows.append(rf"&\qquad {self._formula(Row(part))}")
        return "\\begin{aligned}\n  " + " \\\\\n  ".join(rows) + "\n\\end{aligned}"
