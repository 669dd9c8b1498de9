r"""A document as LaTeX that pdflatex and lualatex compile: an article, a hand-out, or slides by beamer.

Prose is escaped sign by sign; a sign beyond what the engine's fonts have is \sign{1F600}: itself where the font has it, else its
number in a box.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chainrule.document import Block, Document, Equations, Inline, Note, Paragraph, Picture, Subheading, Table
from chainrule.notation.blocks import block as drawn
from chainrule.notation.formula import Equation, Fenced, Formula, Operator, Row
from chainrule.notation.latex import GREEK, OPERATORS
from chainrule.notation.latex import latex as mathematics
from chainrule.notation.parts import PRODUCTS, SUMS, clean
from chainrule.render.palette import PALETTE
from chainrule.render.slides import joined, lines_of, slides
from chainrule.render.tikz import tikz
from chainrule.words import Words

ARTICLE = r"""
\usepackage[margin={}]{{geometry}}
\setlength{{\parindent}}{{0pt}}\setlength{{\parskip}}{{0.5em plus 0.2em}}
\newcommand{{\subheading}}[1]{{\subsection*{{#1}}}}"""

CLASSES = {
    "article": r"\documentclass[11pt,PAPER]{article}" + ARTICLE.format("25mm"),
    "handout": r"\documentclass[10pt,PAPER,twocolumn]{article}" + ARTICLE.format("15mm"),
    "slides": r"""\documentclass[11pt,aspectratio=169,t]{beamer}
\setbeamertemplate{navigation symbols}{}\setbeamertemplate{footline}[frame number]\setbeamertemplate{frametitle continuation}{}
\usefonttheme[onlymath]{serif}
\newcommand{\subheading}[1]{\par\medskip\textbf{#1}\par}""",
}
PAPERS = {"a4": "a4paper", "letter": "letterpaper"}
LANGUAGES = {"en": "english", "de": "german"}
COLUMNS = {"article": 75, "handout": 46, "slides": 62}
"""Letters of an equation on one line, about; what is wider is made smaller."""

PREAMBLE = r"""\usepackage{iftex,amsmath,amssymb,graphicx,array,tikz}
\ifPDFTeX\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\usepackage{textcomp,lmodern}\fi
\usepackage[shorthands=off]{babel}
\babelprovide[import,main]{LANGUAGE}

% A formula, smaller where it is wider than the line or higher than the page.
\newsavebox{\formulabox}
\newcommand{\fitted}[1]{\sbox{\formulabox}{#1}%
  \ifdim\wd\formulabox>\linewidth\sbox{\formulabox}{\resizebox{\linewidth}{!}{\usebox{\formulabox}}}\fi
  \ifdim\dimexpr\ht\formulabox+\dp\formulabox>0.8\textheight\sbox{\formulabox}{\resizebox*{!}{0.8\textheight}{\usebox{\formulabox}}}\fi
  \usebox{\formulabox}}
\newcommand{\equations}[1]{\par\medskip\noindent\fitted{$\displaystyle #1$}\par\medskip}
\newcommand{\datatable}[2]{\par\medskip\noindent\fitted{\begin{tabular}{#1}#2\end{tabular}}\par\medskip}
\newcommand{\remark}[3]{\par\medskip\noindent\textcolor{#1}{\textbf{#2}} #3\par\medskip}

% A sign by its number: itself where the font has it, else the number in a box.
\DeclareRobustCommand{\signbox}[1]{\text{\fbox{\scriptsize U+#1}}}
\ifLuaTeX\DeclareRobustCommand{\sign}[1]{\iffontchar\font"#1 \text{\char"#1}\else\signbox{#1}\fi}
\else\DeclareRobustCommand{\sign}[1]{\signbox{#1}}\fi
\ifdefined\pdfstringdefDisableCommands\pdfstringdefDisableCommands{\def\sign#1{[U+#1]}}\fi
"""

SIGNS = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",  # so that no two become a dash
    **{sign: "\\" + sign for sign in "{}$%#&_"},
    **{sign: rf"\ensuremath{{\{name}}}" for sign, name in GREEK.items()},
    **{sign: rf"\ensuremath{{{command}}}" for sign, command in OPERATORS.items() if sign not in "−…"},
    **{sign: rf"\textsuperscript{{{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{sign: rf"\textsubscript{{{digit}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    "÷": r"\ensuremath{\div}",
    "¬": r"\ensuremath{\neg}",
    "⁻": r"\textsuperscript{\ensuremath{-}}",
    "⁺": r"\textsuperscript{+}",
    "⁽": r"\textsuperscript{(}",
    "⁾": r"\textsuperscript{)}",
    "ˢ": r"\textsuperscript{s}",
    "ⁿ": r"\textsuperscript{n}",
    "ᵀ": r"\textsuperscript{T}",
    "−": r"\ensuremath{-}",
    "…": r"\dots{}",
    "√": r"\ensuremath{\surd}",
    "∂": r"\ensuremath{\partial}",
    "∞": r"\ensuremath{\infty}",
    "′": r"\ensuremath{'}",
    "‖": r"\ensuremath{\Vert}",
    "\u00a0": "~",
    "–": "--",
    "—": "---",
    **dict.fromkeys("„“”‚‘’", ""),
}
"""Signs with a meaning in TeX, and signs of mathematics in prose; "" stays as it is."""

UNLETTERED = frozenset("\u00ad¦¨¯´¸·×÷¬±µ¹²³")
"""Signs of Latin-1 that are written another way, or are no letters."""

LATIN = frozenset("ĀāĂăĄąĆćČčĎďĐđĒēĘęĚěĞğĢģĪīİıĶķĹĺĻļĽľŁłŃńŅņŇňŌōŐőŒœŔŕŘřŚśŞşŠšŢţŤťŪūŮůŰűŹźŻżŽž")
"""Letters beyond Latin-1 that the font encoding of pdflatex has."""


def latex(document: Document, layout: str = "article", paper: str = "a4") -> str:
    """The document as LaTeX's source.

    layout  "article"; "slides", by beamer, 16:9, one idea a frame; "handout", compact, in two columns
    paper   "a4" or "letter"; slides have a size of their own
    """
    writer = _Writer(document, Words(document.language), COLUMNS[layout])
    body = writer.frames() if layout == "slides" else writer.sections()
    head = [CLASSES[layout].replace("PAPER", PAPERS[paper]), PREAMBLE.replace("LANGUAGE", LANGUAGES[document.language]).rstrip()]
    head += [rf"\definecolor{{c{number}}}{{HTML}}{{{colour.light[1:].upper()}}}" for number, colour in enumerate(PALETTE)]
    head += [*NOTE_COLOURS, rf"\title{{{escaped(document.title)}}}", r"\author{}\date{}"]
    return "\n".join(head) + "\n\n\\begin{document}\n\n" + "\n\n".join(body) + "\n\n\\end{document}\n"


NOTE_COLOURS = (r"\definecolor{insight}{HTML}{116B3C}", r"\definecolor{warning}{HTML}{B0202C}", r"\definecolor{more}{HTML}{005EA8}")


@dataclass(frozen=True)
class _Writer:
    """What the parts of one document have in common: its words, its colours and the width of a line."""

    document: Document
    words: Words
    columns: int

    def sections(self) -> Iterator[str]:
        """Title and sections, one after the other."""
        yield r"\maketitle"
        for section in self.document.sections:
            yield rf"\section{{{escaped(section.title)}}}"
            yield from map(self.block, section.blocks)

    def frames(self) -> Iterator[str]:
        """A title frame and a frame for each idea."""
        yield r"\frame{\titlepage}"
        for slide in slides(self.document):
            if slide.part == 1:
                yield rf"\section{{{escaped(slide.section.title)}}}"
            yield rf"\begin{{frame}}[allowframebreaks]{{{slide.number}. {escaped(slide.section.title)}}}"
            yield from map(self.block, slide.blocks)
            yield r"\end{frame}"

    def block(self, block: Block) -> str:
        """A block in LaTeX's markup."""
        match block:
            case Paragraph(prose):
                return self.inline(prose)
            case Note(kind, prose):
                return rf"\remark{{{kind}}}{{{escaped(self.words.plain(f'note.{kind}'))}:}}{{{self.inline(prose)}}}"
            case Subheading(prose):
                return rf"\subheading{{{self.inline(prose)}}}"
            case Equations(equations):
                return "\n".join(rf"\equations{{{self._equation(equation)}}}" for equation in equations)
            case Table(head, rows):
                lines = [self._cells(head) + r" \\ \hline", *(self._cells(cells) + r" \\" for cells in rows)]
                return "\n".join([rf"\datatable{{{'l' * len(head)}}}{{\hline", *lines, r"\hline}"])
            case Picture():
                return rf"\begin{{center}}\fitted{{{tikz(block, self._formula, escaped)}}}\end{{center}}"

    def _cells(self, cells: Iterable[Inline]) -> str:
        return " & ".join(self.inline(cell) for cell in cells)

    def inline(self, parts: Inline) -> str:
        """Prose with formulas in it."""
        return "".join(escaped(part) if isinstance(part, str) else f"${self._formula(part)}$" for part in joined(parts))

    def _formula(self, formula: Formula) -> str:
        return visible(mathematics(formula, self.words.catalogue, self._paint))

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
            head, *rest = broken(items, self.columns - _width((equation.sides[0],)))
            rows.append(f"{self._formula(left)} &{self._formula(relation)} {self._formula(Row(head))}")
            rows += [rf"&\qquad {{}}{self._formula(Row(part))}" for part in rest]
        return "\\begin{aligned}\n  " + " \\\\\n  ".join(rows) + "\n\\end{aligned}"


def broken(items: Sequence[Formula], columns: int) -> list[tuple[Formula, ...]]:
    """A side in lines of about so many letters: before + and −, then before products, then inside brackets."""
    if _width(items) <= columns:
        return [tuple(items)]
    for signs in (SUMS, PRODUCTS):
        chunks = _chunks(items, signs)
        if len(chunks) > 1:
            return _filled([line for chunk in chunks for line in broken(chunk, columns)], columns)
    opened = [part for item in items for part in _opened(item, columns)]
    return broken(opened, columns) if len(opened) > len(items) else [tuple(items)]


def _width(items: Iterable[Formula]) -> int:
    """Letters that formulas side by side take, matrices drawn in rows and columns."""
    return drawn(Row(tuple(items))).width


def _chunks(items: Sequence[Formula], signs: frozenset[str]) -> list[list[Formula]]:
    """What stands between signs outside of brackets; each sign begins its chunk."""
    chunks: list[list[Formula]] = [[]]
    for item in items:
        if isinstance(item, Operator) and item.sign in signs and not item.prefix and chunks[-1]:
            chunks.append([])
        chunks[-1].append(item)
    return chunks


def _filled(chunks: Iterable[Sequence[Formula]], columns: int) -> list[tuple[Formula, ...]]:
    lines: list[tuple[Formula, ...]] = []
    for chunk in chunks:
        if lines and _width((*lines[-1], *chunk)) <= columns:
            lines[-1] = (*lines[-1], *chunk)
        else:
            lines.append(tuple(chunk))
    return lines


def _opened(item: Formula, columns: int) -> tuple[Formula, ...]:
    """Brackets as signs, where what they hold is too long for a line."""
    if (
        isinstance(item, Fenced)
        and isinstance(item.inside, Row)
        and item.left + item.right in ("()", "[]")
        and _width((item,)) > columns // 2
    ):
        return (Operator(item.left), *item.inside.items, Operator(item.right))
    return (item,)


def escaped(prose: str) -> str:
    r"""Prose in which no sign has a meaning to TeX; `code` is code.

    >>> print(escaped(r"50 % of `a_b` \input{x}"))
    50 \% of \texttt{a\_b} \textbackslash{}input\{x\}
    """
    pieces = re.split(r"(`[^`]+`)", clean(prose))
    return "".join(
        rf"\texttt{{{_signs(piece[1:-1])}}}" if len(piece) > 2 and piece[0] == piece[-1] == "`" else _signs(piece) for piece in pieces
    )


def _signs(piece: str) -> str:
    return visible("".join(SIGNS.get(sign) or sign for sign in piece))


def visible(source: str) -> str:
    """Every sign that not every engine has a glyph for, by its number."""
    return "".join(sign if _is_letter(sign) else SIGNS.get(sign) or rf"\sign{{{ord(sign):04X}}}" for sign in source)


def _is_letter(sign: str) -> bool:
    """ASCII, the letters of the languages of Western and Central Europe, quotation marks and dashes."""
    return sign.isascii() or ("\u00a1" <= sign <= "\u00ff" and sign not in UNLETTERED) or sign in LATIN or sign in "„“”‚‘’–—"
