"""The formulas of a document as plain data: what a page needs to write each of them anew for other numbers.

A `Formulas` collects what several formulas share: elements (one number each, with its letter and with what it is computed from), and
nodes (a primitive applied to nodes). A line of a document is then a handful of numbers of these.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from chainrule.explanation.colours import of_keys
from chainrule.explanation.context import PENALTY, Context
from chainrule.explanation.traces import TracedEquation
from chainrule.formula import forms
from chainrule.formula.expression import PRIMITIVES, Expression, Name, order, variable
from chainrule.formula.scalar import Element, Scalars
from chainrule.notation import formula as f
from chainrule.notation.build import constant_formula, formula
from chainrule.notation.mathml import formula_mathml
from chainrule.notation.parts import parenthesised, raisable
from chainrule.notation.text import formula_text
from chainrule.notation.worked import fits, with_sizes

Plain = list[Any]

LEAVES = ("letter", "argument", "constant")
"""Nodes without operands. Those of others are told by how far before it they stand."""

NEGATIVE, POSITIVE, POWER, RATIO = "−", "", "^", "/"
"""What a number that stands for a letter may be, as far as parentheses around it are concerned."""

_SAMPLES: dict[str, f.Formula] = {
    NEGATIVE: f.Number("−1"),
    POSITIVE: f.Number("1"),
    POWER: f.Number("1", 9),
    RATIO: f.Fraction(f.Number("1"), f.Number("2")),
}


class Formulas:
    """The formulas of one step. Every list grows as lines are written."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.elements: list[Plain] = []
        self.nodes: list[Plain] = []
        self.paper: dict[str, int] = {}
        self._elements: dict[tuple[str, tuple[int, ...]], int] = {}
        self._places: dict[Expression, int] = {}
        self._leaves: dict[str, int] = {}
        self._known = context.computed
        self._arrays = Scalars({"batch": context.samples})
        self._quantities = set(self._known.values())

    # Letters

    def markup(self, part: f.Formula) -> str:
        """MathML without its outermost element."""
        whole = formula_mathml(part, attributes=self._attributes, words=self.context.words.catalogue)
        return whole[whole.index(">") + 1 : whole.rindex("<")]

    def _attributes(self, key: str) -> Mapping[str, str]:
        colour = of_keys([key]).get(key)
        return {} if colour is None else {"class": f"c{colour}"}

    def element(self, letter: Expression) -> int:
        """The number of the element for which a letter of single numbers stands."""
        assert letter.name is not None
        if self.context.scalars.has(letter):
            return self.of(self.context.scalars.element(letter))
        known = self._known.get(letter.name.whole.key)
        if known is not None:
            return self.of(Element(known, letter.name.index or ()))
        return self._added(letter.name.key, (), letter.name, None)

    def of(self, element: Element) -> int:
        """The number of an element, which is added with what it is computed from."""
        quantity = self._known.get(element.key, element.quantity)
        key = (element.key, element.index)
        if key in self._elements:
            return self._elements[key]
        return self._added(element.key, element.index, quantity.name.at(*element.index) if quantity.shape else quantity.name, quantity)  # type: ignore[union-attr]  # a quantity has a name

    def _added(self, key: str, index: tuple[int, ...], name: Name | None, quantity: Expression | None) -> int:
        assert name is not None
        place = self._elements[key, index] = len(self.elements)
        letter = self.context.labels.label(name)
        flags = int(raisable(letter) != letter) + 2 * int(parenthesised(letter) != letter)
        alone = formula_text(self.context.one_sample.label(name))
        own: Plain = [key, 0, -1, self.markup(letter), flags, formula_text(letter), alone]
        self.elements.append(own)
        if quantity is None:
            return place
        shape = self.context.scalars.shape(quantity)
        own[1] = _flat(index, shape)
        written = self.context.scalars.variable(Element(quantity, index))
        if written.constant is not None:  # an absent weight is 0, without a letter
            own[2] = -2
        elif quantity.arguments:
            own[2] = self.node(self.context.scalars.definition(Element(quantity, index)))
        return place

    # Nodes

    def node(self, expression: Expression) -> int:
        """The number of a node of single numbers; what it is made of is added before it.

        As in graphs, two nodes that look alike are two nodes: of one, brackets are worked out where it stands, and not of the other.
        """
        for node in order(expression, wall=lambda node: node.name is not None or node in self._places):
            if node not in self._places:
                plain = self._plain(node, [self._places[argument] for argument in node.arguments])
                self._places[node] = self._leaf(plain) if plain[0] in LEAVES else self._added_node(plain)
        return self._places[expression]

    def _plain(self, node: Expression, arguments: list[int]) -> Plain:
        if node.name is not None:
            if node.name.symbol.startswith("argument "):
                return ["argument", int(node.name.symbol.removeprefix("argument "))]
            return ["letter", self.element(node)]
        if node.constant is not None:
            return ["constant", _exact(node.constant), self.layout(constant_formula(node.constant, self.context.notation.decimal))]
        self._spell(node)
        return [node.primitive.name, *arguments]

    def _spell(self, node: Expression) -> None:
        """What the name of a function stands for on paper."""
        primitive = node.primitive
        if primitive.paper is not None and primitive.name not in self.paper:
            letters = [variable(Name(f"argument {place}")) for place in range(len(node.arguments))]
            self.paper[primitive.name] = -1  # it may be written in itself
            self.paper[primitive.name] = self.node(primitive.paper(*letters))

    def _leaf(self, plain: Plain) -> int:
        """A letter or a constant is written once."""
        key = repr(plain)
        if key not in self._leaves:
            self._leaves[key] = self._added_node(plain)
        return self._leaves[key]

    def _added_node(self, plain: Plain) -> int:
        self.nodes.append(plain)
        return len(self.nodes) - 1

    # Layouts that do not depend on numbers

    def layout(self, part: f.Formula) -> Plain:
        """A layout as plain data. Letters are MathML already; a hole is a number that stands for the quantity of that key."""
        inside = self.layout
        match part:
            case f.Symbol(letter) if letter.startswith("hole "):
                return ["h", letter.removeprefix("hole ")]
            case f.Symbol() | f.Derivative():
                return ["s", self.markup(part), int(raisable(part) != part) + 2 * int(parenthesised(part) != part)]
            case f.Number(digits, power):
                return ["n", digits] if power is None else ["n", digits, power]
            case f.Operator(sign, prefix):
                return ["o", sign, 1] if prefix else ["o", sign]
            case f.Row(items):
                return ["r", *map(inside, items)]
            case f.Fraction(above, below):
                return ["f", inside(above), inside(below)]
            case f.Power(base, exponent):
                return ["p", inside(base), inside(exponent)]
            case f.Root(content):
                return ["q", inside(content)]
            case f.Fenced(content, left, right):
                return ["(", inside(content), left, right]
            case f.Call(name, arguments):
                return ["c", self.function(name), *map(inside, arguments)]
            case f.Cases(condition, first, second):
                return ["{", inside(condition), inside(first), inside(second)]
            case f.Sum(content, index):
                return ["Σ", inside(content), index]
            case f.Transposed(content):
                return ["T", inside(content)]
            case f.Matrix(rows):
                return ["m", [list(map(inside, row)) for row in rows]]
            case f.Ellipsis(direction):
                return ["…", direction]
            case f.Prose(prose):
                return ["t", prose]
            case f.Equation() | f.Lines():
                raise AssertionError("a formula holds no equation, and a page breaks no lines")

    def function(self, name: str) -> str:
        """A function's name as MathML."""
        return self.markup(f.Call(name, (f.Number("0"),))).removeprefix("<mrow>").partition("<mo>\u2061")[0]

    # Lines

    def line(self, equation: f.Equation) -> dict[str, Any]:
        """An equation. "kind": "fixed", "numbers" (of single numbers) or "arrays"."""
        trace = equation.trace if isinstance(equation, TracedEquation) else None
        if trace is None:
            sides = [self.layout(side) for side in equation.sides]
            return {"kind": "fixed", "left": sides[0], "sides": sides[1:], "relations": list(equation.relations)}
        context = self.context
        after = bool(getattr(trace.values, "replaced", None))
        plain: dict[str, Any] = {}
        if equation.relations[0] == "←":
            plain["first"] = equation.relations[0]
        if after:
            plain["source"] = "after"
        if trace.result is not None and trace.result in self._quantities:
            return {
                "kind": "arrays",
                **plain,
                "left": self.layout(equation.sides[0]),
                **self._arrays_line(trace.expression, trace.result, worked=not trace.stated),
            }
        if trace.result is not None:
            plain["result"] = self.element(trace.result)
        if trace.result is None or trace.result.name is None or equation.sides[0] != context.labels.label(trace.result.name):
            plain["left"] = self.layout(equation.sides[0])
        if trace.stated:
            return {"kind": "stated", **plain, "letters": self.layout(equation.sides[1])}
        if trace.paths:
            plain["paths"] = [self._path(path) for path in trace.paths]
        return {"kind": "numbers", **plain, "node": self.node(trace.expression)}

    def _path(self, path: Sequence[Element]) -> list[int]:
        """The elements of a path. One that leads straight from E to a weight leads through R, what large weights cost."""
        places = [self.of(element) for element in path]
        if path[0].quantity is self.context.derivation.error and path[1].quantity in self.context.derivation.parameters:
            places[0] = self._elements.get((PENALTY.key, ())) or self._added(PENALTY.key, (), PENALTY, None)
        return places

    def _arrays_line(self, expression: Expression, result: Expression, worked: bool) -> dict[str, Any]:
        """What stands in matrices: the sides with holes, the elements behind each hole, and each element of the result."""
        context = self.context
        shape = context.scalars.shape(result)
        letters = [node for node in order(expression, wall=lambda node: node.name is not None) if node.name is not None]
        shapes = {node: context.scalars.shape(self._known[node.key]) for node in (*letters, result) if node.key in self._known}
        drawn = [[self.markup(context.symbol(node)), *own] for node, own in dict.fromkeys(shapes.items()) if own]
        plain: dict[str, Any] = {"extents": list(shape), "result": self._all(result), "shapes": drawn}
        if result is expression:  # nothing but its numbers
            return plain
        plain["letters"] = self.layout(formula(expression, context.labels))
        if not worked or not all(fits(one, turned=context.notation.vectors == "columns") for one in (shape, *shapes.values())):
            return plain
        holes: dict[str, Any] = {}
        for node in letters:
            quantity = self._known[node.key]
            sideways = (context.notation.vectors == "columns") != (node.shape == ("batch",))
            holes[node.key] = {"extents": list(context.scalars.shape(quantity)), "elements": self._all(quantity), "sideways": sideways}
        numbers = [node for node in letters if not self.context.scalars.shape(self._known[node.key])]
        variants = {}
        for kinds in itertools.product(_SAMPLES if self.context.notation.exact else (NEGATIVE, POSITIVE, POWER), repeat=len(numbers)):
            variants["".join(kinds)] = self._with_holes(expression, dict(zip(numbers, kinds, strict=True)))
        scalars = [self.node_of_arrays(expression, index) for index in itertools.product(*map(range, shape))]
        return {**plain, "holes": holes, "numbers": [node.key for node in numbers], "variants": variants, "nodes": scalars}

    def _with_holes(self, expression: Expression, kinds: Mapping[Expression, str]) -> Plain:
        """The side in numbers: a hole for each letter. What is single is written as a number of its kind, to see where brackets stand."""
        marks: dict[str, str] = {}

        def write(node: Expression) -> f.Formula:
            if node not in kinds:
                return f.Symbol(f"hole {node.key}")
            sample = _SAMPLES[kinds[node]]
            return _marked(sample, len(marks), node.key, marks)

        sizes = {"batch": self.context.samples}
        side: Plain = _with_marks(self.layout(with_sizes(formula(expression, self.context.labels, write), sizes)), marks)
        return side

    def node_of_arrays(self, expression: Expression, index: tuple[int, ...]) -> int:
        """One element of an expression of arrays, read by index notation."""
        return self.node(self._arrays(expression, index))

    def _all(self, quantity: Expression) -> list[int]:
        shape = self.context.scalars.shape(quantity)
        return [self.of(Element(quantity, index)) for index in itertools.product(*map(range, shape))]

    def table(self) -> dict[str, Any]:
        """What the lines refer to."""
        used = {node[0] for node in self.nodes}
        operations = list(dict.fromkeys(node[0] for node in self.nodes))
        numbers = {operation: number for number, operation in enumerate(operations)}
        return {
            **_packed(self.elements),
            "operations": operations,
            "nodes": [
                [numbers[node[0]], *(node[1:] if node[0] in LEAVES else (place - operand for operand in node[1:]))]
                for place, node in enumerate(self.nodes)
            ],
            "paper": self.paper,
            "forms": {name: self._form(PRIMITIVES[name].form) for name in sorted(used & PRIMITIVES.keys())},
        }

    def _form(self, form: forms.Form) -> Plain:
        """How an operation is written: the name of its form, and what belongs to it."""
        match form:
            case forms.Infix(sign) | forms.Prefix(sign):
                return [type(form).__name__, sign]
            case forms.Raised(base):
                return ["Raised", self.layout(f.Symbol(base))] if base else ["Raised"]
            case forms.Named(name):
                return ["Named", self.function(name)]
            case forms.Fence(left, right):
                return ["Fence", left, right]
        return [type(form).__name__]


PLACE = "\u0002"
"""Stands in the texts of a kind of element for one of its numbers, which a letter tells: a, b, c …"""


def _packed(elements: Sequence[Plain]) -> dict[str, Any]:
    """Elements in few letters: what w1, w2, w3 … look like is said once.

    "keys"      of their arrays
    "kinds"     [flags, MathML, text, the same without the sample], with places for numbers
    "elements"  [key, place, node, kind, numbers …]
    """
    keys = list(dict.fromkeys(element[0] for element in elements))
    texts = ["\n".join((element[3], element[5], element[6])) for element in elements]
    shapes = [(element[0], element[4], _DIGITS.sub(PLACE, text)) for element, text in zip(elements, texts, strict=True)]
    numbers = [tuple(_DIGITS.findall(text)) for text in texts]
    columns: dict[Any, list[tuple[str, ...]]] = {}
    for shape, own in zip(shapes, numbers, strict=True):
        columns.setdefault(shape, []).append(own)
    kinds, places = list[Plain](), dict[Any, tuple[int, list[int]]]()
    for shape, rows in columns.items():
        turned = list(zip(*rows, strict=True))
        chosen = [place for place, column in enumerate(turned) if len({*column}) > 1 and turned.index(column) == place]
        parts = iter(range(len(turned)))

        def filled(_: Any, turned: Any = turned, chosen: Any = chosen, parts: Any = parts) -> str:
            column = turned[next(parts)]
            return f"{PLACE}{chr(97 + chosen.index(turned.index(column)))}" if turned.index(column) in chosen else str(column[0])

        places[shape] = len(kinds), chosen
        kinds.append([shape[1], *re.sub(PLACE, filled, shape[2]).split("\n")])
    packed = []
    for element, shape, own in zip(elements, shapes, numbers, strict=True):
        kind, chosen = places[shape]
        packed.append([keys.index(element[0]), element[1], element[2], kind, *(int(own[place]) for place in chosen)])
    return {"keys": keys, "kinds": kinds, "elements": packed}


_DIGITS = re.compile(r"(?<![\w#.])(?:0|[1-9]\d{0,8})(?![\w.])|(?<=[A-Za-zͰ-Ͽ])[1-9]\d{0,8}(?![0-9A-Za-z_.])")
"""Whole numbers by themselves, and those behind a letter: in w12, and in <mn>12</mn>."""


def _flat(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    return sum(i * math.prod(shape[place + 1 :]) for place, i in enumerate(index))


def _exact(number: Any) -> str:
    """A constant as a fraction of whole numbers; π as it is."""
    if number == math.pi:
        return "π"
    value = Fraction(repr(float(number))) if isinstance(number, float) else Fraction(number)
    return f"{value.numerator}/{value.denominator}" if value.denominator != 1 else str(value.numerator)


def _marked(sample: f.Formula, place: int, key: str, marks: dict[str, str]) -> f.Formula:
    """The sample with digits that are found again."""
    digits = f"{10**12 + place}"
    marks[digits] = key
    match sample:
        case f.Number(given, power):
            return f.Number(("−" if given.startswith("−") else "") + digits, power)
        case _:
            return f.Fraction(f.Number(digits), f.Number("2"))


def _with_marks(layout: Any, marks: Mapping[str, str]) -> Any:
    """A hole in place of each number that was marked."""
    if not isinstance(layout, list):
        return layout
    if layout and layout[0] == "n" and layout[1].removeprefix("−") in marks:
        return ["h", marks[layout[1].removeprefix("−")]]
    if layout and layout[0] == "f" and isinstance(layout[1], list) and layout[1][0] == "n" and layout[1][1] in marks:
        return ["h", marks[layout[1][1]]]
    return [_with_marks(part, marks) for part in layout]
