"""What every section of an explanation needs: the step, its letters, its numbers and its words."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import field
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from chainrule.base.frozen import FrozenValue, replace
from chainrule.base.pickling import WithoutCaches
from chainrule.diagnosis.rates import Advice, advice_at
from chainrule.diagnosis.simulation import Runner
from chainrule.document.document import Block, Equations, Inline, Note, Paragraph, Section, Subheading, joined_inline
from chainrule.document.words import Words
from chainrule.explanation.rounding import without_dust
from chainrule.explanation.traces import Trace, TracedEquation, with_trace
from chainrule.explanation.values import Values
from chainrule.formula.expression import Expression, Name, as_expression, definition, order, variable, written_nodes
from chainrule.formula.scalar import Element, Scalars
from chainrule.formula.tidy import tidy
from chainrule.network.definitions import Bound, EachUnit
from chainrule.network.derivation import BATCH, Derivation
from chainrule.network.elements import typed_name
from chainrule.network.layers import Layer
from chainrule.network.update import ParameterUpdate
from chainrule.network.wiring import OUTPUT
from chainrule.notation.build import formula
from chainrule.notation.conventions import Notation
from chainrule.notation.formula import Derivative, Ellipsis, Equation, Formula, Matrix, Operator, Symbol, row
from chainrule.notation.labels import Labels
from chainrule.notation.numbers import number_formula, printed
from chainrule.notation.text import formula_text
from chainrule.notation.worked import MOST_CELLS, chain, matrices, summed_products, worked
from chainrule.steps.order import order_of
from chainrule.steps.step import Step

PENALTY = Name("R")
"""What large weights cost, a part of E; the only one in which a weight stands itself."""

MOST_NAMED = 16
"""Weights that a sentence names; of more it says …"""

LEVELS = ("overview", "matrix", "scalar")

MOST_LETTERS = 120
"""A longer formula of a derivative is written once, and has a letter in every chain."""

MOST_WRITTEN = 5_000
"""Weights, each for every sample, that are worked out one by one where nothing is to be left out …"""

MOST_PRINTED = 20_000
"""… and numbers of the network and the samples that are printed in matrices."""

Thing = TypeVar("Thing")
ChainFactors: TypeAlias = list[list[tuple[Formula, Expression]]]
"""The derivatives along each path: as they are written, and what they are."""


class Context(WithoutCaches, FrozenValue):
    """One step, ready to be explained.

    step      the record
    detail    "overview", "matrix" or "scalar"
    notation  the course's letters and numbers
    extent    "shortened": of what goes alike, one is worked out and the others stand in a table; "brief": what follows from other sections
              is left out, too; "all": nothing is left out; or "usual"
    """

    step: Step
    detail: str
    notation: Notation
    extent: str = "usual"
    scalars: Scalars = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self,
            "scalars",
            Scalars({"batch": len(self.step.x)}, (*self.derivation.quantities, *self.derivation.errors), absent=self.step.network.absent),
        )

    @cached_property
    def labels(self) -> Labels:
        """How quantities are called."""
        return self.derivation.labels(self.notation, len(self.step.x))

    @cached_property
    def one_sample(self) -> Labels:
        """How quantities are called where there is no telling samples apart."""
        return self.derivation.labels(self.notation)

    @cached_property
    def words(self) -> Words:
        """The words of the notation's language."""
        return Words(self.notation.language)

    @cached_property
    def before(self) -> Values:
        """Numbers of the step itself."""
        return self._of_arrays(Values(self.scalars, self.step.values, given=self.step.number == 1), "settled")

    @cached_property
    def after(self) -> Values:
        """Numbers of the forward pass with the new parameters."""
        new = {part.parameter.key: (self.before, part.new) for part in self.step.update.parameters}
        return self._of_arrays(Values(self.scalars, self.after_arrays, self.step.number == 1, new), "settled_after")

    def _of_arrays(self, values: Values, settled: str) -> Values:
        """The numbers; where floats are all that is known of them, without what rounding left of 0."""
        return values if values.precise else replace(values, arrays=getattr(self, settled))

    def _without_dust(self, arrays: Mapping[str, Any], more: Iterable[Expression] = ()) -> dict[str, Any]:
        derivation = self.derivation
        return without_dust(arrays, derivation.inputs, [*derivation.quantities, derivation.error, *more])

    @cached_property
    def settled(self) -> dict[str, Any]:
        """The arrays of the step by key, with 0 for what is 0 but for rounding."""
        return self._without_dust(self.step.values, self.derivation.backward)

    @cached_property
    def settled_after(self) -> dict[str, Any]:
        """The same of the forward pass with the new parameters."""
        return self._without_dust(self.after_arrays)

    @cached_property
    def after_arrays(self) -> dict[str, Any]:
        """The arrays of the forward pass with the new parameters, by key."""
        return {**self.step.values, **self.step.new_parameters, **self.step.after.values}

    @cached_property
    def computed(self) -> dict[str, Expression]:
        """Every named quantity of the step with what it is computed from, by key: of the derivation, and of the rule."""
        return {node.key: node for node in (*self.derivation.named.values(), *order(*self.step.update.roots)) if node.name is not None}

    @cached_property
    def run(self) -> Runner:
        """Trains from where the step stands, parameters and states, on its batch, with any rate."""
        return Runner.of(self.step)

    @cached_property
    def _numbers(self) -> dict[Expression, int]:
        forward = self.step.network.forward
        return {one.variable: forward.numbers[one.layer] for one in forward.parameters}

    def number_of_layer(self, parameter: Expression) -> int:
        """Which layer a parameter belongs to, from 1; a parameter that several layers use is a layer of its own."""
        return self._numbers[parameter]

    @cached_property
    def parameters_of_layers(self) -> dict[int | None, list[Expression]]:
        """The parameters by the number of their layer."""
        found: dict[int | None, list[Expression]] = {}
        for one in self.derivation.parameters:
            found.setdefault(None if one.name is None else one.name.layer, []).append(one)
        return found

    @cached_property
    def in_order(self) -> bool:
        """Is it a step of a run whose steps learn from other samples each?"""
        return order_of(self.step.origin) is not None

    @cached_property
    def advice(self) -> Advice | None:
        """What simulation says about rates; None where nothing is left to learn, nothing was simulated, 0 is not aimed at, or other samples
        come next.
        """
        return advice_at(self.step, self.run)

    @property
    def without_target(self) -> bool:
        """Are these rows of a model of which nobody knows the targets? Then there is a forward pass and no more."""
        return self.step.origin.get("without_target") is True

    @property
    def columns(self) -> tuple[str, ...]:
        """What the inputs and then the targets are called; "" where one has no name."""
        origin = self.step.origin
        features, targets = origin.get("features") or ("",) * self.step.network.inputs, origin.get("targets") or ()
        return (*map(str, features), *map(str, targets))

    @cached_property
    def running(self) -> frozenset[str]:
        """The parameters that follow the batches without a gradient, as running means do."""
        return frozenset(parameter.key for parameter in self.derivation.moving)

    @cached_property
    def left_alone(self) -> str:
        """What the update leaves as it is, in letters: whole parameters, and single weights."""
        network = self.step.network
        single = [
            formula_text(self.letter(element))
            for parameter in self.derivation.parameters
            if parameter.key not in network.frozen and parameter.key in network.kept
            for element in self.elements(parameter)
            if element.index in network.kept[parameter.key]
        ]
        shown = self.shown(single, MOST_NAMED)
        return ", ".join([*sorted(network.frozen - self.running), *shown, *["…"] * (len(single) > len(shown))])

    def columns_of(self, side: Sequence[Expression]) -> list[tuple[Expression, tuple[int, ...]]]:
        """The columns of inputs, or of targets, in their order: each with its place in an example of what it is a column of."""
        return [(node, place) for node in side for place in itertools.product(*(range(int(size)) for size in node.shape[1:]))]

    def column_letters(self, side: Sequence[Expression]) -> list[Formula]:
        """How the columns of inputs, of targets or of outputs are written, for a sample that is none in particular."""
        return [self.one_sample.label(node.name.at(0, *place)) for node, place in self.columns_of(side) if node.name is not None]

    @property
    def derivation(self) -> Derivation:
        """The network as expressions."""
        return self.step.network.derivation

    @property
    def layers(self) -> int:
        """How many layers have weights."""
        return len(self.step.network.layers)

    @property
    def samples(self) -> int:
        """How many samples the batch has."""
        return len(self.step.x)

    @property
    def brief(self) -> bool:
        """Is one of each kind enough?"""
        return self.extent in ("brief", "shortened")

    @property
    def short(self) -> bool:
        """Is what follows from other sections left out, too?"""
        return self.extent == "brief" and self.detail == "scalar"

    def shown(self, things: Sequence[Thing], most: int) -> Sequence[Thing]:
        """The first ones; all of them where nothing is to be left out."""
        return things if self.extent == "all" else things[:most]

    def shortened(self) -> Context:
        """The same, with one of each kind; what was simulated for it is taken along."""
        other = copy(self)
        object.__setattr__(other, "extent", "shortened")
        return other

    def shown_samples(self, most: int) -> Sequence[int]:
        """The samples of a table, counted from 0."""
        return self.shown(range(self.samples), most)

    @property
    def worked_samples(self) -> Sequence[int]:
        """The samples that are worked out in single numbers."""
        return self.shown_samples(1)

    @property
    def everything(self) -> str:
        """The options of a command with which nothing is left out; "" where that would be more than anybody reads."""
        if can_be_written(self.step, "scalar"):
            return "«--all»"
        return f"«--detail {self.detail} --all»" if can_be_written(self.step, self.detail) else ""

    def more(self, key: str, weight: str = "", options: str | None = None, **values: str | int | Formula) -> Note:
        """That something was left out, and how to get it.

        weight   one of the weights that were, as it is typed
        options  with which nothing is left out, "" if there are none; `everything` where nothing is said
        """
        options = self.everything if options is None else options
        ways = [self.text("more.weight", weight=weight)] if weight else []
        if options:
            ways.append(self.text("more.all", options=options))
        elif not weight:
            ways.append(self.text("more.record"))
        return Note("more", (*self.text(key, **values), "; ", *joined_inline(ways), "."))

    def left_out(self, key: str, left: int, weight: str = "") -> list[Block]:
        """The same where something was left out at all: so many things."""
        return [self.more(key, weight, left=left)] if left > 0 else []

    def section(self, key: str, blocks: Iterable[Block]) -> Section:
        """The section of a key, with its title."""
        return Section(key, self.plain(f"{key}.title"), tuple(blocks))

    def says(self, key: str, **values: str | int | Formula) -> Paragraph:
        """A text of the catalogue as a paragraph."""
        return Paragraph(self.text(key, **values))

    def heading(self, key: str, **values: str | int | Formula) -> Subheading:
        """A text of the catalogue as a heading."""
        return Subheading(self.text(key, **values))

    def number(self, value: Any) -> Formula:
        """A number as the notation writes it."""
        return number_formula(value, self.notation)

    def text(self, key: str, **values: str | int | Formula) -> Inline:
        """A text of the catalogue with formulas in it."""
        return self.words(key, **values)

    def plain(self, key: str, **values: object) -> str:
        """A text of the catalogue as a string."""
        return self.words.plain(key, **values)

    def called(self, bound: Bound) -> str:
        """What a definition is called, with its options: leaky ReLU (slope 0.2). One without an entry keeps its own name."""
        if isinstance(bound, EachUnit):
            runs = ((name, len(list(units))) for name, units in itertools.groupby(map(self.called, bound.units)))
            return ", ".join(f"{count} × {name}" if count > 1 else name for name, count in runs)
        name = self.words.called(bound.definition.kind, bound.name)
        options = (f"{self.words.called('option', key)} {self.plain_number(value)}" for key, value in bound.given.items())
        return f"{name} ({', '.join(options)})" if bound.given else name

    def kind_of(self, layer: Layer) -> str:
        """What kind of layer it is: dense, LSTM, max pool."""
        return self.words.catalogue.get(f"name.layer.{layer.kind.name}", layer.called)

    def plain_number(self, value: object) -> str:
        """A number in words, as it was written, with the notation's decimal sign."""
        text = f"{value:g}" if isinstance(value, float) else str(value)
        return text.replace(".", ",").replace("-", "−") if self.notation.decimal == "comma" else text.replace("-", "−")

    @cached_property
    def rounding(self) -> Notation:
        """The notation for numbers that are never fractions: simulated ones, and those in prose."""
        return replace(self.notation, exact=False)

    def rounded(self, value: Any, digits: int | None = None) -> Formula:
        """A number in prose; one that is rounded says so: ≈49.2473."""
        number = printed(value, self.rounding, digits)
        return number.formula if number.exact else row(Operator("≈", prefix=True), number.formula)

    def layer(self, number: int) -> str:
        """What a layer is called: by its own name, or hidden layer, hidden layer 2, output layer."""
        network = self.step.network
        layer = network.layers[number - 1]
        if layer.name:
            return self.plain("layer.named", name=layer.name) if layer.kind.scoped else layer.name
        if output := network.output_of(layer):
            return self.plain("layer.output") if output == OUTPUT else self.plain("layer.output_named", name=output)
        return self.plain("layer.hidden") if self.layers == 2 else self.plain("layer.hidden_number", number=number)

    def elements(self, quantity: Expression, sample: int | None = None) -> list[Element]:
        """Every element of a quantity, unit by unit as weights are numbered; of one sample if that is asked for."""
        return list(self.each_element(quantity, sample))

    def each_element(self, quantity: Expression, sample: int | None = None) -> Iterator[Element]:
        """The same, one after the other: a large quantity has a million."""
        ranges = [range(size) for size in self.scalars.shape(quantity)]
        if quantity.name is not None and quantity in self.parameters_of_layers.get(quantity.name.layer, ()):
            absent = self.step.network.absent.get(quantity.key, ())
            yield from (Element(quantity, index[::-1]) for index in itertools.product(*ranges[::-1]) if index[::-1] not in absent)
            return
        if sample is not None and quantity.shape and quantity.shape[0] == "batch":
            ranges[0] = ranges[0][sample : sample + 1]
        yield from (Element(quantity, index) for index in itertools.product(*ranges))

    def letter(self, element: Element) -> Formula:
        """How an element is written."""
        return formula(self.scalars.variable(element), self.labels)

    def typed(self, weight: Element) -> str:
        """What is typed for a weight: its letter, where a keyboard has it."""
        written = formula_text(self.letter(weight))
        return written if written.isascii() else typed_name(weight)

    def symbol(self, quantity: Expression) -> Formula:
        """How a whole quantity is written."""
        return self.labels.label(quantity.own_name)

    def element_line(self, element: Element, values: Values | None = None) -> Equation:
        """h1 = x1 · w1 + x2 · w2 = 8 · 0.21 + 12 · 0.56 = 8.4"""
        return self.worked_line(self.letter(element), self.scalars.definition(element), self.scalars.variable(element), values)

    def worked_line(self, left: Formula, expression: Expression, result: Expression, values: Values | None = None) -> Equation:
        """An expression of single numbers, worked out; it is worth what the letter `result` is."""
        values = self.before if values is None else values
        line = worked(left, expression, values, self.labels, result=values[result])
        return with_trace(line, Trace(expression, values, result))

    def matrix_line(self, quantity: Expression, values: Values | None = None) -> Equation:
        """h = x · W1 = [8 12] · [[0.21 0.19] [0.56 0.02]] = [8.4 1.76]"""
        values = self.before if values is None else values
        inner = self.of_batch(definition(quantity))
        leaves = {node: values.array(self.computed.get(node.key, node)) for node in written_nodes(inner) if node.name is not None}
        left, result, shown = self.symbol(quantity), values.array(quantity), not self._without_numbers
        line = matrices(left, inner, leaves, result, self.labels, most=self._most_cells, worked=shown)
        return with_trace(line, Trace(inner, values, quantity, stated=not shown))

    def array_line(self, quantity: Expression, values: Values) -> Equation:
        """W1 = [[0.21 0.19] [0.56 0.02]]"""
        numbers = values.array(quantity)
        line = matrices(self.symbol(quantity), quantity, {quantity: numbers}, numbers, self.labels, most=self._most_cells, worked=False)
        return with_trace(line, Trace(quantity, values, quantity))

    @property
    def _most_cells(self) -> tuple[int, int]:
        """Rows and columns up to which a matrix is printed whole."""
        return (sys.maxsize, sys.maxsize) if self.extent == "all" else MOST_CELLS

    @property
    def _without_numbers(self) -> bool:
        """Are the sides in numbers left out, as where matrices are most of what there is, and it is to be brief?"""
        return self.brief and self.detail == "matrix"

    def matrix_blocks(self, lines: Iterable[Equation], *, worked: bool = True) -> list[Block]:
        """Lines of `matrix_line`, or of `array_line` (which have no side in numbers: not worked), and what was left out of them."""
        equations = tuple(lines)
        blocks: list[Block] = [Equations(equations)]
        if any(isinstance(cell, Ellipsis) for line in equations for side in line.sides for cell in _cells(side)):
            blocks.append(self.more("matrices.folded"))
        elif worked and self._without_numbers:
            blocks.append(self.more("matrices.brief"))
        return blocks

    def symbolic_line(self, quantity: Expression, inner: Expression | None = None) -> Equation:
        """h = x · W1"""
        inner = definition(quantity) if inner is None else inner
        return Equation((self.symbol(quantity), formula(self.of_batch(inner), self.labels)), ("=",))

    def of_batch(self, expression: Expression) -> Expression:
        """A formula of arrays for this batch: with a single sample there is no N to divide by and no sum over samples."""
        return for_one_sample(expression) if self.samples == 1 else expression

    def symbolic_update(self, part: ParameterUpdate) -> Equation:
        """W1 ← W1 − η · ∂E/∂W1"""
        return Equation((self.symbol(part.parameter), formula(part.new.arguments[0], self.labels)), ("←",))

    def chain_line(self, weight: Element, paths: Sequence[Sequence[Element]], share: Any = None, sample: int = 0) -> Equation:
        """∂E/∂w1 = ∂E/∂y · ∂y/∂h1 · ∂h1/∂w1 = … through every path from E (first) to the weight (last).

        share  what the paths bring where they are those of one `sample` alone; the left side says so
        """
        factors = self._factors(paths)
        left, trace = self._begun(factors, weight, paths, None if share is None else sample)
        result = share if trace.result is None else self.before[trace.result]
        return with_trace(chain(factors, left, self.before, self.labels, result=result), trace)

    def chain_begun(self, weight: Element, paths: Sequence[Sequence[Element]], sample: int | None = None) -> TracedEquation:
        """The left side of the same and its trace, for those who write the others themselves. sample  as there; None where all count."""
        left, trace = self._begun(self._factors(paths), weight, paths, sample)
        return TracedEquation((left,), ("=",), trace)

    def _factors(self, paths: Sequence[Sequence[Element]]) -> ChainFactors:
        return [
            [
                (self._derivative(of, by), self._written_once(of, by) if by != path[-1] else self.scalars.derivative(of, by))
                for of, by in itertools.pairwise(path)
            ]
            for path in paths
        ]

    def _begun(
        self, factors: ChainFactors, weight: Element, paths: Sequence[Sequence[Element]], sample: int | None
    ) -> tuple[Formula, Trace]:
        gradient = self.scalars.variable(self.gradient_of(weight))
        left = formula(gradient, self.labels) if sample is None else self.share_letter(weight, sample)
        return left, Trace(summed_products(factors), self.before, gradient if sample is None else None, paths)

    def _written_once(self, of: Element, by: Element) -> Expression:
        """∂of/∂by: of E and by what reaches it in no other way the letter δ, where the formula is too long to stand in every chain."""
        slope = self.scalars.derivative(of, by)
        if of.quantity is not self.derivation.error or len(formula_text(formula(slope, self.labels))) <= MOST_LETTERS:
            return slope
        alone = paths(self.scalars, of, by, 1) is not None and self.derivation.gradient(by.quantity) is not None
        return self.scalars.variable(self.gradient_of(by)) if alone else slope

    def written_once(self, path: Sequence[Element]) -> Element | None:
        """The derivative with which a way from E begins, if chains have its letter in place of its formula."""
        letter = self._written_once(path[0], path[1]) if len(path) > 2 else None
        return self.scalars.element(letter) if letter is not None and letter.name is not None and self.scalars.has(letter) else None

    def share_letter(self, weight: Element, sample: int) -> Formula:
        """How what one sample brings to ∂E/∂w is written."""
        copy = self.letter(weight)
        assert isinstance(copy, Symbol)
        return Derivative(self.labels.error, replace(copy, superscript=f"{copy.superscript}[{sample + 1}]"))

    def gradient_of(self, element: Element) -> Element:
        """∂E/∂ an element, an element of the gradient."""
        gradient = self.derivation.gradient(element.quantity)
        assert gradient is not None
        return Element(gradient, element.index)

    def _derivative(self, of: Element, by: Element) -> Formula:
        direct = of.quantity is self.derivation.error and by.quantity in self.derivation.parameters
        above, below = self.labels.label(PENALTY) if direct else self.letter(of), self.letter(by)
        assert isinstance(above, Symbol)
        assert isinstance(below, Symbol)
        return Derivative(above, below)


def can_be_written(step: Step, detail: str) -> bool:
    """Is everything, at this level of detail, still something that a person could read?"""
    if detail == "scalar":
        return step.network.size * len(step.x) <= MOST_WRITTEN
    return detail == "overview" or step.network.size + sum(value.size for value in step.before.values.values()) <= MOST_PRINTED


def for_one_sample(expression: Expression) -> Expression:
    """The formula where the batch has one sample: N is 1, and a sum over the samples has one term."""
    made: dict[Expression, Expression] = {}
    for node in written_nodes(expression):
        if node.name is not None:
            made[node] = variable(node.name, _single(node.shape))
        elif node.primitive.name == "size":
            made[node] = as_expression(1)
        else:
            parameters = {key: _single(value) if key == "sizes" else value for key, value in node.parameters.items()}
            made[node] = node.primitive(*(made[argument] for argument in node.arguments), **parameters) if node.arguments else node
    return tidy(made[expression])


def _single(shape: Any) -> Any:
    return tuple(1 if dimension == BATCH else dimension for dimension in shape)


def _cells(side: Formula) -> Iterator[Formula]:
    """Those of a matrix."""
    if isinstance(side, Matrix):
        yield from itertools.chain.from_iterable(side.rows)


def paths(scalars: Scalars, top: Element, bottom: Element, most: int, sample: int | None = None) -> list[list[Element]] | None:
    """Every chain of neighbours from `top` down to `bottom`, of one sample if that is asked for; None if there are more than `most`."""
    found: list[list[Element]] = []
    leads: dict[Element, bool] = {}

    def reaches(element: Element) -> bool:
        if element not in leads:
            own = sample is None or element.quantity.shape[:1] != ("batch",) or element.index[0] == sample
            leads[element] = own and (element == bottom or any(reaches(parent) for parent in scalars.parents(element)))
        return leads[element]

    def walk(element: Element, path: list[Element]) -> bool:
        if element == bottom:
            found.append([*path, element])
            return len(found) <= most
        return all(walk(parent, [*path, element]) for parent in scalars.parents(element) if reaches(parent))

    return found if walk(top, []) else None
