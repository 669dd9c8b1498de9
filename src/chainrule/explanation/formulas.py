"""A formula without a network, derived and explained like one: forward, backward, edge by edge, and over all paths."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from chainrule.base.errors import InputError, UnknownNameError
from chainrule.base.frozen import FrozenValue, replace
from chainrule.document.document import (
    Block,
    BoxGraph,
    Cell,
    Document,
    Equations,
    Inline,
    Note,
    Paragraph,
    Section,
    Subheading,
    TableBlock,
    Vertex,
    inline_text,
    table,
)
from chainrule.document.words import Words
from chainrule.explanation.brackets import with_brackets_told
from chainrule.formula.calculation import Calculation
from chainrule.formula.evaluation import value_of
from chainrule.formula.expression import Expression
from chainrule.formula.tidy import tidy
from chainrule.notation.arithmetic import REALS, real
from chainrule.notation.build import formula
from chainrule.notation.conventions import Notation
from chainrule.notation.formula import Derivative, Equation, Formula, Operator, Symbol, row
from chainrule.notation.labels import TypedLabels
from chainrule.notation.numbers import number_formula
from chainrule.notation.text import formula_text
from chainrule.notation.worked import chain, value_equation, worked
from chainrule.pictures.graph import graph_lines
from chainrule.pictures.shapes import FAMILIES

MOST_PATHS = 4
"""A derivative with more ways is not written out over all of them."""

MOST_BOXES = 40
"""A graph with more letters is not drawn."""

LONGEST = 40
"""A longer formula is not written in its box."""

NEAR = Fraction(1, 10**6)
"""How far inputs are moved to measure a derivative, and how near to it that must come."""

LEVELS = ("overview", "scalar")


class Worked(FrozenValue):
    """A calculation at a point, ready to be explained.

    values  of every letter and every gradient
    """

    calculation: Calculation
    values: Mapping[Expression, Any]
    notation: Notation

    @cached_property
    def letters(self) -> tuple[Expression, ...]:
        """Inputs and quantities."""
        return (*self.calculation.inputs, *self.calculation.quantities)

    @cached_property
    def labels(self) -> TypedLabels:
        """How letters are written."""
        return TypedLabels(notation=self.notation, letters=self.letters)

    @cached_property
    def words(self) -> Words:
        """The words of the notation's language."""
        return Words(self.notation.language)

    def symbol(self, letter: Expression) -> Symbol:
        """A letter on paper."""
        written = self.labels.label(letter.own_name)
        assert isinstance(written, Symbol)
        return written

    def slope(self, of: Expression, by: Expression) -> Derivative:
        """∂of/∂by along one edge; of the result it says so where there are other ways, and ∂result/∂by is more than this."""
        above = self.symbol(of)
        if of is self.calculation.result and self.calculation.ways[by] > 1:
            direct = ",".join(filter(None, (above.subscript, self.words.plain("formula.direct"))))
            above = replace(above, subscript=direct)
        return Derivative(above, self.symbol(by))

    def gradient(self, letter: Expression) -> Derivative:
        """∂result/∂letter, over all ways."""
        return Derivative(self.symbol(self.calculation.result), self.symbol(letter))

    def number(self, letter: Expression) -> Formula:
        """The value of a letter or a gradient."""
        return number_formula(self.values[letter], self.notation)

    # Lines

    def given(self, letter: Expression) -> Equation:
        """a = −4"""
        return value_equation(self.symbol(letter), self.values[letter], self.labels)

    def symbolic(self, quantity: Expression) -> Equation:
        """c = a + b"""
        return Equation((self.symbol(quantity), formula(tidy(quantity.arguments[0]), self.labels)), ("=",))

    def forward(self, quantity: Expression) -> Equation:
        """c = a + b = −4 + 2 = −2"""
        return worked(self.symbol(quantity), tidy(quantity.arguments[0]), self.values, self.labels, result=self.values[quantity])

    def local(self, of: Expression, by: Expression) -> Equation:
        """∂d/∂b = a + 3 · b² = −4 + 3 · 2² = 8"""
        slope = self.calculation.slopes[of, by]
        return worked(self.slope(of, by), slope, self.values, self.labels, result=self.values[slope])

    def backward(self, letter: Expression) -> Equation:
        """∂f/∂b = ∂f/∂c · ∂c/∂b + ∂f/∂d · ∂d/∂b = …"""
        gradients, result = self.calculation.gradients, self.calculation.result
        factors: list[list[tuple[Formula, Expression]]] = []
        for user in self.calculation.users[letter]:
            if self.calculation.ways[user]:
                local = (self.slope(user, letter), self.calculation.slopes[user, letter])
                factors.append([local] if user is result else [(self.gradient(user), gradients[user]), local])
        if letter is result or not factors:
            return value_equation(self.gradient(letter), self.values[gradients[letter]], self.labels)
        return chain(factors, self.gradient(letter), self.values, self.labels, self.values[gradients[letter]])

    def over_paths(self, letter: Expression) -> Equation:
        """∂f/∂a = ∂f/∂c · ∂c/∂a + … with nothing but local derivatives."""
        factors = [
            [(self.slope(of, by), self.calculation.slopes[of, by]) for of, by in itertools.pairwise(path)]
            for path in self.calculation.paths(letter)
        ]
        return chain(factors, self.gradient(letter), self.values, self.labels, self.values[self.calculation.gradients[letter]])


def explain_calculation(worked: Worked, *, detail: str | None = None, weight: str | None = None) -> Document:
    """The document. Options and errors as of `explain_formula`."""
    if detail == "matrix":
        raise InputError("a formula has single numbers and no matrices; write «--detail overview», or leave it out.")
    if detail is not None and detail not in LEVELS:
        raise UnknownNameError("level of detail", detail, LEVELS)
    letter = None if weight is None else _found(worked, weight)
    shown = _overview(worked) if detail == "overview" else _whole(worked) if letter is None else _one(worked, letter)
    sections = tuple(with_brackets_told(worked.words, shown))
    result = formula_text(worked.symbol(worked.calculation.result))
    name = worked.words.plain("formula.name", result=result)
    colours = {node.key: FAMILIES["x" if node in worked.calculation.inputs else "h"] for node in worked.letters}
    return Document(
        title=worked.words.plain("title", name=name),
        sections=sections,
        language=worked.notation.language,
        decimal=worked.notation.decimal,
        colours={**colours, worked.calculation.result.key: FAMILIES["y"]},
        programs=partial(_programs, worked, sections),  # which can be pickled
    )


def _found(worked: Worked, wanted: str) -> Expression:
    """The letter of that name; the last of its values, where it has several."""
    for node in reversed(worked.letters):
        if wanted.strip() in (node.symbol, formula_text(worked.symbol(node))):
            return node
    raise UnknownNameError("letter of the formula", wanted, {node.symbol for node in worked.letters})


def _whole(worked: Worked) -> Iterator[Section]:
    yield _understood(worked)
    yield _forward(worked)
    lines = tuple(worked.local(of, by) for of, by in worked.calculation.slopes)
    blocks: list[Block] = [Paragraph(worked.words("formula.local")), Equations(lines), *_direct(worked)]
    yield Section("local", worked.words.plain("formula.local.title"), tuple(blocks))
    yield _backward(worked)
    yield from _paths(worked)
    yield _check(worked, worked.calculation.inputs)


def _direct(worked: Worked) -> list[Block]:
    """What the mark of a direct derivative means, if there is one."""
    calculation = worked.calculation
    marked = [by for by in calculation.parents[calculation.result] if calculation.ways[by] > 1]
    if not marked:
        return []
    direct, whole = worked.slope(calculation.result, marked[0]), worked.gradient(marked[0])
    return [Paragraph(worked.words("formula.direct_means", direct=direct, whole=whole, result=whole.of, letter=whole.by))]


def _overview(worked: Worked) -> Iterator[Section]:
    yield _understood(worked)
    words, gradients = worked.words, worked.calculation.gradients
    head = (words.plain("overview.quantity"), words.plain("formula.value"), words.plain("formula.derivative"), "")
    rows = ([worked.symbol(node), worked.number(node), worked.gradient(node), worked.number(gradients[node])] for node in worked.letters)
    intro = Paragraph(words("formula.values", result=worked.symbol(worked.calculation.result)))
    yield Section("forward", words.plain("formula.values.title"), (intro, table(head, rows)))
    check = _check(worked, worked.calculation.inputs)
    left_out = Note("more", words("formula.left_out", letter=worked.calculation.inputs[0].symbol))
    yield replace(check, blocks=(*check.blocks, left_out))


def _one(worked: Worked, letter: Expression) -> Iterator[Section]:
    """What one letter takes part in, and the derivative by it."""
    yield _understood(worked, letter)
    calculation, words = worked.calculation, worked.words
    values = {"letter": worked.symbol(letter), "result": worked.symbol(calculation.result)}
    ways = calculation.ways[letter]
    between = [
        node for node in calculation.quantities if node is not letter and calculation.ways[node] and letter in _below(calculation, node)
    ]
    on_ways = {letter, *between}
    blocks: list[Block] = [Paragraph(words("formula.letter_intro", **values))] if ways else []
    if not ways:
        blocks.append(Note("insight", words("formula.independent", **values)))
    if between:
        blocks.append(Equations(tuple(map(worked.forward, between))))
        blocks.append(Paragraph(words("formula.letter" if ways <= MOST_PATHS else "formula.many", ways=ways, **values)))
        edges = [(of, by) for of, by in calculation.slopes if of in between and by in on_ways]
        if len(edges) > 1:
            blocks.append(Equations(tuple(worked.local(of, by) for of, by in edges)))
        if ways <= MOST_PATHS:
            blocks.append(Equations((worked.over_paths(letter),)))
        else:
            blocks.append(Equations(tuple(map(worked.backward, (*reversed(between), letter)))))
        blocks += _direct(worked) if letter in calculation.parents[calculation.result] else []
    elif ways:
        blocks.append(Equations((worked.backward(letter),)))
    yield Section("chain", words.plain("formula.letter.title", letter=formula_text(values["letter"])), tuple(blocks))
    if letter in calculation.inputs:
        yield _check(worked, (letter,))


def _below(calculation: Calculation, node: Expression) -> set[Expression]:
    """Every letter that a quantity depends on, itself included."""
    found = {node}
    for quantity in reversed(calculation.quantities):
        if quantity in found:
            found.update(calculation.parents[quantity])
    return found


# Sections


def _understood(worked: Worked, lit: Expression | None = None) -> Section:
    calculation, words = worked.calculation, worked.words
    inputs = ", ".join(formula_text(worked.symbol(node)) for node in calculation.inputs)
    blocks: list[Block] = [Paragraph(words("formula.intro", result=worked.symbol(calculation.result), inputs=inputs))]
    lines = tuple(worked.symbolic(node) for node in calculation.quantities)
    if len(worked.letters) > MOST_BOXES or any(len(formula_text(line.sides[1])) > LONGEST for line in lines):
        given = Equations(tuple(worked.given(node) for node in calculation.inputs))
        blocks += [Equations(lines), Paragraph(words("formula.numbers")), given]
    if len(worked.letters) <= MOST_BOXES:
        blocks.append(_drawn(worked, lit=lit))
    return Section("formula", words.plain("formula.title"), tuple(blocks))


def _drawn(worked: Worked, *, numbers: bool = False, lit: Expression | None = None) -> BoxGraph:
    """The graph: a box for each letter. numbers: with its value and its gradient; lit: all ways to this letter stand out."""
    calculation, places = worked.calculation, {node: place for place, node in enumerate(worked.letters)}
    arrows = tuple((places[by], places[of]) for of in calculation.quantities for by in calculation.parents[of])
    graph = BoxGraph(tuple(_box(worked, node, numbers) for node in worked.letters), arrows, "")
    told = "; ".join(map(inline_text, graph_lines(graph)))
    on_ways = {places[node] for node in worked.letters if lit is not None and calculation.ways[node] and lit in _below(calculation, node)}
    handles = [f"e{number}" for number, arrow in enumerate(arrows) if on_ways.issuperset(arrow)]
    return replace(
        graph, alt=worked.words.plain("formula.graph", told=told), highlighted=(*(f"n{place}" for place in sorted(on_ways)), *handles)
    )


def _box(worked: Worked, node: Expression, numbers: bool) -> Vertex:
    calculation = worked.calculation
    kind = "y" if node is calculation.result else "x" if node in calculation.inputs else "h"
    is_input = node in calculation.inputs
    line = () if is_input else worked.symbolic(node).sides[1:]
    about = tuple((side if len(formula_text(side)) <= LONGEST else "…",) for side in line)
    value: tuple[Inline, ...] = ((_equal(worked.given(node)),),) if numbers or is_input else ()
    gradient = value_equation(worked.gradient(node), worked.values[calculation.gradients[node]], worked.labels)
    return Vertex(worked.symbol(node), kind, about=about, values=value, gradients=((gradient,),) if numbers else ())


def _equal(line: Equation) -> Formula:
    """The number of a line, alone; with ≈ where it is rounded."""
    (relation,), (_, number) = line.relations, line.sides
    return number if relation == "=" else row(Operator(relation, prefix=True), number)


def _forward(worked: Worked) -> Section:
    lines = tuple(worked.forward(node) for node in worked.calculation.quantities)
    blocks = (Paragraph(worked.words("overview.forward")), Equations(lines))
    return Section("forward", worked.words.plain("forward.title"), blocks)


def _backward(worked: Worked) -> Section:
    calculation, words = worked.calculation, worked.words
    result = worked.symbol(calculation.result)
    blocks: list[Block] = [
        Paragraph(words("formula.backward", result=result)),
        Equations(tuple(worked.backward(node) for node in calculation.backwards)),
        Subheading(words("formula.edges")),
        Paragraph(words("formula.edges_intro")),
        _edges(worked),
    ]
    if len(worked.letters) <= MOST_BOXES:
        blocks.append(_drawn(worked, numbers=True))
    return Section("backward", words.plain("formula.backward.title"), tuple(blocks))


def _edges(worked: Worked) -> TableBlock:
    """One row an edge, from the result backwards: what arrives, the local derivative, and their product."""
    calculation, values = worked.calculation, worked.values
    rows: list[list[Cell]] = []
    for of in filter(calculation.ways.get, reversed(calculation.quantities)):
        for by in calculation.parents[of]:
            arrives, slope = values[calculation.gradients[of]], values[calculation.slopes[of, by]]
            numbers = (number_formula(number, worked.notation) for number in (arrives, slope, arrives * slope))
            rows.append([(worked.symbol(of), " → ", worked.symbol(by)), *numbers])
    return table(worked.words.heads("formula", "edge", "arrives", "slope", "passes"), rows)


def _paths(worked: Worked) -> Iterator[Section]:
    """Every derivative by an input without the ones between; nothing where back-propagation has written the same lines."""
    calculation, words = worked.calculation, worked.words
    result = worked.symbol(calculation.result)
    far = [node for node in calculation.inputs if any(_is_between(calculation, user) for user in calculation.users[node])]
    few = [node for node in far if calculation.ways[node] <= MOST_PATHS]
    blocks: list[Block] = []
    if few:
        blocks += [Paragraph(words("formula.paths", result=result)), Equations(tuple(map(worked.over_paths, few)))]
    for node in far:
        if node not in few:
            ways = calculation.ways[node]
            blocks.append(
                Note("insight", words("formula.many", result=result, letter=worked.symbol(node), ways=f"{ways:,}".replace(",", " ")))
            )
    if blocks:
        yield Section("paths", words.plain("formula.paths.title"), tuple(blocks))


def _is_between(calculation: Calculation, user: Expression) -> bool:
    """Does the derivative by this letter consist of more than one local derivative?"""
    further = [above for above in calculation.users[user] if calculation.ways[above]]
    return user is not calculation.result and further not in ([], [calculation.result])


def _check(worked: Worked, inputs: Sequence[Expression]) -> Section:
    """Differences in place of derivatives, to more digits than floats have."""
    calculation, words = worked.calculation, worked.words
    result = worked.symbol(calculation.result)
    rounding = replace(worked.notation, exact=False)
    rows: list[list[Formula]] = []
    kinks: list[str] = []
    for letter in inputs:
        up, down = (_moved(worked, letter, sign * NEAR) for sign in (1, -1))
        if up is None or down is None:
            continue
        quotient, derived = (up - down) / (2 * NEAR), worked.values[calculation.gradients[letter]]
        if abs(quotient - Fraction(derived)) > NEAR * (1 + abs(Fraction(derived))):
            kinks.append(formula_text(worked.symbol(letter)))
        far = [number_formula(value, rounding, min(17, rounding.digits + 7)) for value in (up, down)]
        near = [number_formula(value, rounding) for value in (quotient, derived)]
        rows.append([worked.symbol(letter), *far, *near])
    head = ("", *(words.plain(f"formula.{key}", result=formula_text(result)) for key in ("up", "down", "quotient", "derived")))
    blocks: list[Block] = [
        Paragraph(words("formula.check", h=number_formula(NEAR, rounding), result=result)),
        table(head, rows),
    ]
    if kinks:
        blocks.append(Note("warning", words("formula.kink", letters=", ".join(kinks))))
    return Section("check", words.plain("formula.check.title"), tuple(blocks))


def _moved(worked: Worked, letter: Expression, by: Fraction) -> Fraction | None:
    """The result where an input is moved; None where there is none."""
    calculation = worked.calculation
    numbers = {node: real(worked.values[node]) for node in calculation.inputs}
    value = value_of(calculation.result, {**numbers, letter: numbers[letter] + by}, REALS).value
    return value if isinstance(value, Fraction) else None


def _programs(worked: Worked, sections: Sequence[Section]) -> tuple[str, ...]:
    """The forward and the backward pass in plain Python, each with the claims of the text."""
    from chainrule.engines.plain import lines, names

    calculation, called = worked.calculation, names(worked.calculation)
    forward, backward = lines(calculation)
    given = [f"{called[node]} = {float(worked.values[node])!r}" for node in calculation.inputs]

    def claims(letters: Iterable[Expression]) -> list[str]:
        numbers = ((called[node], float(worked.values[node])) for node in letters)
        return [f"assert math.isclose({name}, {value!r}, rel_tol=1e-9, abs_tol=1e-12)" for name, value in numbers]

    cells = {
        "forward": ["import math", "", *given, "", *forward, "", *claims(calculation.quantities), "", called[calculation.result]],
        "backward": [*backward, "", *claims(calculation.gradients.values()), ""],
    }
    gradients = ", ".join(called[calculation.gradients[node]] for node in calculation.inputs)
    return tuple(
        "\n".join([*cells[section.key], *([gradients] if section.key == "backward" else [])]) if section.key in cells else ""
        for section in sections
    )
