"""Pictures as values: circles, lines, paths and labels at places. Formats print them, one `match` each.

Lengths are in units of which a letter of ordinary text is about 14 high; y grows downwards.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeAlias

from chainrule.base.frozen import FrozenValue, replace
from chainrule.notation.formula import Call, Derivative, Equation, Fenced, Formula, Number, Operator, Power, Row, Symbol, Transposed
from chainrule.notation.parts import before_power, in_a_row, letter_parts, parenthesised, raisable
from chainrule.notation.text import formula_text

SIZE = 14.0
"""Of ordinary letters; those on lines are `SMALL`, raised and lowered ones `SCRIPT` times as large."""

SMALL, SCRIPT = 12.0, 0.7
LINE = 1.3
"""The height of a line of text, in sizes of its letters."""

FAMILIES = {"x": 0, "W": 1, "b": 2, "z": 3, "h": 4, "y": 5, "t": 6, "E": 7, "learning_rate": 8, "gradient": 9}
"""The palette's colour of each kind of quantity: every input, every weight, every bias …; a gradient that has a letter of its own, as δ."""

Point: TypeAlias = tuple[float, float]


class Pen(FrozenValue):
    """How a kind of shape is drawn: stroke's width and opacity, the opacity of its colour inside, dashes; opaque: hides what is below."""

    stroke: float
    ink: float = 1.0
    fill: float = 0.0
    dashes: tuple[int, ...] = ()
    opaque: bool = False


PENS = {
    "neuron": Pen(1.5),
    "line": Pen(1, ink=0.55),
    "lit": Pen(3),
    "faint": Pen(1, ink=0.22),
    "axis": Pen(1, ink=0.7),
    "grid": Pen(1, ink=0.13),
    "curve": Pen(2),
    "dashed": Pen(1.3, dashes=(5, 4)),
    "area": Pen(0, fill=0.09),
    "shade": Pen(0, fill=0.2),
    "deep": Pen(0, fill=0.36),
    "bar": Pen(0, fill=0.8),
    "dot": Pen(1, fill=1),
    "ring": Pen(1.8, opaque=True),
    "signal": Pen(3, dashes=(8, 5)),
}
"""Every kind of shape there is."""


class TextRun(FrozenValue):
    """Letters of one kind. raised: 1 above, −1 below, 0 on the line; key: of the symbol that they write."""

    letters: str
    raised: int = 0
    italic: bool = False
    bold: bool = False
    key: str = ""


class Circle(FrozenValue):
    """A neuron, or a mark. handle: which one, as "n0-1" for the second of the first layer; colour: of the palette, None for ink."""

    x: float
    y: float
    radius: float
    handle: str = ""
    kind: str = "neuron"
    colour: int | None = None


class Line(FrozenValue):
    """A connection. handle: "e0-1-0" from the second neuron of layer 0 to the first of layer 1."""

    x1: float
    y1: float
    x2: float
    y2: float
    handle: str = ""
    kind: str = "line"
    colour: int | None = None


class Path(FrozenValue):
    """Points that lines join; closed: also the last with the first, and what an odd number of loops surrounds is inside.

    handle  which part of a graph: "n0" a box, "e1-0" the first arrow, which leads to column 2; "i1-0" if nothing leads to its source
    """

    loops: tuple[tuple[Point, ...], ...]
    kind: str = "curve"
    colour: int | None = None
    closed: bool = False
    handle: str = ""


class Label(FrozenValue):
    """Letters at a place: around it, or to its right (side 1) or left (−1).

    quiet     less important
    covering  on a ground of its own, over lines
    handle    what it tells of: "v0-1" a neuron's value, "g0-1" its gradient, "w0-1-0" and "u0-1-0" a weight before and after, "tick" where
              on an axis one is
    """

    runs: tuple[TextRun, ...]
    x: float
    y: float
    size: float = SIZE
    quiet: bool = False
    covering: bool = False
    side: int = 0
    handle: str = ""


class Scene(FrozenValue):
    """Shapes that appear in their turn, from 1, where a picture moves.

    passing  they are seen in their turn alone, and not at all where nothing moves
    back     and what is dashed runs backwards
    """

    shapes: tuple[DrawnShape, ...]
    number: int
    passing: bool = False
    back: bool = False


class Box(FrozenValue):
    """What a shape covers."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Do they overlap?"""
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom


DrawnShape: TypeAlias = Circle | Line | Path | Label | Scene


class Diagram(FrozenValue):
    """Shapes, the later ones over the earlier ones, within (0, 0) to (width, height); `alt` says in words what it is.

    about  what is to be read in it, for those who do not see it
    """

    width: float
    height: float
    shapes: tuple[DrawnShape, ...]
    alt: str
    about: str = ""


def still_shapes(shapes: Iterable[DrawnShape]) -> Iterator[Circle | Line | Path | Label]:
    """The shapes that are seen where nothing moves, without scenes."""
    for shape in shapes:
        if not isinstance(shape, Scene):
            yield shape
        elif not shape.passing:
            yield from still_shapes(shape.shapes)


def with_description(diagram: Diagram) -> Diagram:
    """The same with everything that is written in it as `about`, but for numbers at axes."""
    labels = (shape for shape in still_shapes(diagram.shapes) if isinstance(shape, Label) and shape.handle != "tick")
    about = "; ".join("".join(run.letters for run in label.runs) for label in labels)
    return replace(diagram, about=about)


def keys(shapes: Iterable[DrawnShape]) -> set[str]:
    """Of the symbols that are written on labels."""
    return {run.key for shape in shapes for label in _labels(shape) for run in label.runs if run.key}


def _labels(shape: DrawnShape) -> Iterator[Label]:
    match shape:
        case Label():
            yield shape
        case Scene(shapes):
            for inner in shapes:
                yield from _labels(inner)


def covered(label: Label) -> Box:
    """What a label covers, with a little room around it."""
    wide, height = width(label.runs, label.size), label.size * LINE / 2
    middle = label.x + label.side * wide / 2
    return Box(middle - wide / 2 - 2, label.y - height, middle + wide / 2 + 2, label.y + height)


def prose_runs(letters: str) -> tuple[TextRun, ...]:
    """Prose as runs."""
    return (TextRun(letters),) if letters else ()


def text_runs(formula: Formula) -> tuple[TextRun, ...]:
    """Symbols, derivatives, numbers and powers, in rows and between brackets, as runs of letters; anything else in one line of text."""
    match formula:
        case Symbol():
            return tuple(_symbol(formula))
        case Derivative(of, by):
            return (TextRun("∂"), *_symbol(of), TextRun("/∂"), *_symbol(by))
        case Row() | Equation():
            return tuple(run for item in in_a_row(formula) for run in text_runs(item))
        case Operator(sign, prefix):
            return (TextRun(sign if prefix else f" {sign} "),)
        case Number(digits, None):
            return (TextRun(digits),)
        case Number(power=power):
            sign, before = before_power(formula)
            return (TextRun(f"{sign}{before}{' · ' * bool(before)}10"), TextRun(str(power).replace("-", "−"), 1))
        case Power(base, exponent):
            return (*text_runs(raisable(base)), TextRun(formula_text(exponent), 1))
        case Transposed(inside):
            return (*text_runs(parenthesised(inside)), TextRun("⊤", 1))
        case Fenced(inside, left, right):
            return (TextRun(left), *text_runs(inside), TextRun(right))
        case Call(name, (argument,)):
            return (TextRun(f"{name}("), *text_runs(argument), TextRun(")"))
        case _:
            return (TextRun(formula_text(formula)),)


def _symbol(symbol: Symbol) -> Iterator[TextRun]:
    base, accent, digits = letter_parts(symbol.letter)
    whole = symbol.letter.rstrip("₀₁₂₃₄₅₆₇₈₉") if accent else base
    key, upright = symbol.key, (False, False)  # by their places, since there are very many of them
    yield TextRun(whole, 0, len(base) == 1 and not symbol.bold, symbol.bold, key)
    if below := digits + symbol.subscript:
        yield TextRun(below, -1, *upright, key)
    if symbol.superscript:
        yield TextRun(symbol.superscript, 1, *upright, key)


def width(written: Iterable[TextRun], size: float) -> float:
    """How wide letters of that size are at most, in common fonts."""
    return sum(sum(map(_advance, run.letters)) * size * (SCRIPT if run.raised else 1) for run in written)


@lru_cache(maxsize=1000)
def _advance(letter: str) -> float:
    """In sizes of the letters; generous, since nobody knows which font there will be."""
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF" or unicodedata.category(letter) == "So":
        return 1.2
    if letter in "ijlt.,;:|!'()[] ":
        return 0.34
    return 0.9 if letter in "mwMW@%" else 0.75 if letter.isupper() else 0.62 if letter in "−=+·" else 0.53
