"""The network as a graph of boxes, for networks whose layers are no chain of neurons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen, replace
from chainrule.document.document import BoxGraph, Inline, Vertex, inline_text, joined_inline
from chainrule.explanation.context import PENALTY, Context
from chainrule.explanation.lettering import shortened_name
from chainrule.formula.expression import Expression, order
from chainrule.formula.forms import Infix, Times
from chainrule.formula.scalar import Element
from chainrule.network.network import numbers_in
from chainrule.network.wiring import LayerCall
from chainrule.notation.formula import Ellipsis, Formula, Matrix, Operator, Prose
from chainrule.notation.numbers import number_formula, printed
from chainrule.pictures.graph import graph_lines

MOST_BOXES = 48
"""Of a network with more, the middle is one box."""

MOST_NAMED = 3
"""Columns of an input, or of a target, whose names stand in its box."""

MOST_TOLD = 16
"""So many boxes are told in words, for those who do not see them."""

FEW_DIGITS, MOST_NUMBERS, MOST_ROWS = 3, 4, 6
"""Of numbers in a box: their digits, how many stand in a row, and how many rows of a parameter."""


def network_graph(context: Context) -> BoxGraph:
    """The boxes with what they are."""
    return _Drawing(context).graph()


def weights_graph(context: Context) -> BoxGraph:
    """The numbers of the parameters in the boxes."""
    drawing = _Drawing(context)
    return drawing.graph(parameters=drawing.rows)


def sample_graph(context: Context) -> BoxGraph:
    """The first sample in the inputs and the targets."""
    drawing = _Drawing(context, which=context.samples > 1)
    return drawing.graph(values=lambda node: (drawing.first(node),) if node in context.derivation.data else ())


def forward_graph(context: Context) -> BoxGraph:
    """The values of every box, of the first sample."""
    drawing = _Drawing(context, which=context.samples > 1)
    return drawing.graph(values=lambda node: (drawing.first(node),))


def paths_graph(context: Context, weight: Element) -> BoxGraph:
    """Every way from the error to a parameter stands out."""
    drawing = _Drawing(context)
    graph = drawing.graph()
    reached = {number for number, box in enumerate(drawing.boxes) if weight.quantity in box.parameters}
    for source, target in sorted(graph.arrows, key=lambda arrow: arrow[1]):
        if source in reached:
            reached.add(target)
    arrows = (number for number, (source, _) in enumerate(graph.arrows) if source in reached)
    return replace(graph, highlighted=(*(f"n{number}" for number in sorted(reached)), *(f"e{number}" for number in arrows)))


def whole_step_graph(context: Context) -> BoxGraph:
    """The forward pass, the error, the gradient of every box, and how far its parameters move."""
    drawing = _Drawing(context, which=context.samples > 1)
    return drawing.graph(values=lambda node: (drawing.first(node),), gradients=drawing.gradient, changes=drawing.change)


class _Box(Frozen):
    """A box before it is drawn.

    sources     what leads to it
    quantity    what it stands for
    parameters  those of its formula
    inner       the quantities of its formula, its own included: z1, h1
    """

    vertex: Vertex
    sources: tuple[int, ...] = ()
    quantity: Expression | None = None
    parameters: tuple[Expression, ...] = ()
    inner: tuple[Expression, ...] = ()


LinesOf = Callable[[Expression], tuple[Inline, ...]]


def _nothing(_: object) -> tuple[Inline, ...]:
    return ()


class _Drawing:
    """The boxes of a network, in the order in which they are computed. which: do the inputs say which sample is shown?"""

    def __init__(self, context: Context, which: bool = False) -> None:
        self.context = context
        self.which = (context.plain("picture.sample", sample=1, samples=context.samples),) if which else ()
        self.network = context.step.network
        self.boxes = list[_Box]()
        self._collect()

    def graph(
        self,
        parameters: LinesOf | None = None,
        values: LinesOf = _nothing,
        gradients: Callable[[_Box], tuple[Inline, ...]] = _nothing,
        changes: LinesOf = _nothing,
    ) -> BoxGraph:
        """The picture, with these lines for each parameter and each quantity; the shapes of parameters where nothing is said."""
        vertices = []
        for box in self.boxes:
            own = box.parameters
            lines = () if parameters else (self.shapes(own[place : place + 2]) for place in range(0, len(own), 2))
            numbers = [line for node in own for line in parameters(node)] if parameters else []
            node = box.quantity
            vertices.append(
                replace(
                    box.vertex,
                    about=(*box.vertex.about, *lines),
                    values=(*numbers, *(values(node) if node is not None else ())),
                    gradients=gradients(box),
                    changes=tuple(line for one in own for line in changes(one)),
                )
            )
        arrows = tuple((source, number) for number, box in enumerate(self.boxes) for source in box.sources)
        graph = _folded(BoxGraph(tuple(vertices), arrows, ""), self.context)
        if len(vertices) > MOST_TOLD:
            return replace(graph, alt=self.context.plain("graph.alt", sizes=self.network.summary))
        short = (replace(box.vertex, about=() if box.vertex.kind else box.vertex.about) for box in self.boxes)
        told = "; ".join(map(inline_text, graph_lines(replace(graph, vertices=tuple(short)))))
        return replace(graph, alt=self.context.plain("graph.alt_told", sizes=self.network.summary, told=told))

    # What there is

    def _collect(self) -> None:
        derivation = self.context.derivation
        wiring = self.network.wiring
        numbers: dict[str, int] = {}
        for node, name in zip(derivation.inputs, wiring.inputs, strict=True):
            about = (self.counted("inputs", node), *self.columns(node), *((self.which,) if self.which else ()))
            numbers[name] = self._add(_Box(Vertex(self.letter(node), "x", about=about), quantity=node))
        for call in wiring.calls:
            shared = wiring.shared.index(call.layer) + 1 if call.layer in wiring.shared else 0
            numbers[call.name] = self._add(self._call(call, tuple(numbers[source] for source in call.sources), shared))
        self._errors({name: numbers[call] for name, call in wiring.outputs.items()})

    def _add(self, box: _Box) -> int:
        self.boxes.append(box)
        return len(self.boxes) - 1

    def _call(self, call: LayerCall, sources: tuple[int, ...], shared: int) -> _Box:
        """What a layer gives: a box with its letter, or a sign where it only adds or multiplies."""
        results, layer = self.network.forward.results, call.layer
        result, before = results[call.name], {results[source] for source in call.sources}
        inner = [node for node in order(result, wall=lambda node: node in before) if node not in before]
        sign = _sign(inner) if len(sources) > 1 else ""
        if sign:
            return _Box(Vertex(Operator(sign, prefix=True), round=True), sources)
        parameters = self.network.parameters_of(layer)
        kind = self.context.kind_of(layer)
        known = result.primitive.name == "named"
        about = () if layer.activation is None else ((self.context.called(layer.activation),),)
        units = (self.counted("units", result),)
        named = f"{layer.name}: {kind}" if layer.name and parameters and layer.name != result.symbol else kind
        quantities = [self.context.derivation.named[str(node.name)] for node in inner if node.primitive.name == "named"]
        label = Prose(kind) if result.name is None else self.letter(result)
        family = "y" if call.name in self.network.wiring.outputs.values() else "h" if known else ""
        letters = dict.fromkeys(replace(one.own_name, time=None) for one in self.context.derivation.recurrent_states if one in quantities)
        if shared:  # its calls are boxes of their own
            letters = {}
        going = joined_inline((self.context.one_sample.label(name),) for name in letters)
        recurrent = ((f"{self.context.plain('graph.recurrent')} ", *going),) if letters else ()
        vertex = Vertex(label, family, named if known else "", (*about, *units, *recurrent), recurrent=bool(letters), shared=shared)
        return _Box(vertex, sources, quantities[-1] if known else None, parameters, tuple(quantities))

    def _errors(self, outputs: dict[str, int]) -> None:
        """Each output beside its target, the error of each, and E of them all."""
        context, derivation = self.context, self.context.derivation
        penalty = [self.context.labels.label(PENALTY)] if self.network.regularizer is not None else []
        parts: list[tuple[Inline, int]] = []
        for (name, goal), error in zip(self.network.goals.items(), derivation.errors or (derivation.error,), strict=True):
            sources = [outputs[name]]
            if (target := derivation.compared.get(name)) is not None:
                about = ((context.plain("graph.target" if goal.loss.definition.measures else "graph.given"),), *self.columns(target))
                sources.append(self._add(_Box(Vertex(self.letter(target), "t", about=about), quantity=target)))
            weight = () if goal.weight == 1 else (context.number(goal.weight), " · ")
            said = "" if not weight or derivation.errors else f"{context.plain_number(goal.weight)} · "
            also = () if not penalty or derivation.errors else (("+ ", *penalty),)
            box = Vertex(self.letter(error), "E", f"{said}{context.called(goal.loss)}", also)
            parts.append(((*weight, self.letter(error)), self._add(_Box(box, tuple(sources), error))))
        if derivation.errors:
            whole = joined_inline([*(part for part, _ in parts), *((letter,) for letter in penalty)], (" + ",))
            box = Vertex(self.letter(derivation.error), "E", about=(whole,))
            self._add(_Box(box, tuple(number for _, number in parts), derivation.error))

    # How it is written

    def letter(self, node: Expression) -> Formula:
        """A quantity's letter."""
        return self.context.one_sample.label(node.own_name)

    def counted(self, what: str, node: Expression) -> Inline:
        """How many numbers there are of each example: 3 units; 8 × 8 × 1."""
        own = tuple(map(int, node.shape[1:]))
        return (self.context.plain(f"graph.{what}", count=own[0]) if len(own) == 1 else " × ".join(map(str, own)),)

    def columns(self, node: Expression) -> tuple[Inline, ...]:
        """What the columns of an input or a target are called, as far as there is room."""
        start, derivation = 0, self.context.derivation
        for one in (*derivation.inputs, *derivation.targets):
            stop = start + numbers_in(one)
            if one is node:
                break
            start = stop
        names = [name for name in self.context.columns[start:stop] if name]
        shortened = [shortened_name(name) for name in names[: MOST_NAMED - (len(names) > MOST_NAMED)]]
        return tuple((name,) for name in (*shortened, *(["…"] if len(names) > MOST_NAMED else [])))

    def shapes(self, parameters: Sequence[Expression]) -> Inline:
        """W1 2 × 3, b1 3."""
        return joined_inline((self.letter(node), f" {' × '.join(map(str, self.shape(node))) or '1'}") for node in parameters)

    def shape(self, node: Expression) -> tuple[int, ...]:
        """Of a parameter, as the notation writes it."""
        shape = self.network.shapes[node.key]
        return shape[::-1] if self.context.notation.vectors == "columns" else shape

    def numbers(self, values: Any, most: int = MOST_NUMBERS) -> Inline:
        """[0.2, −0.5, …]"""
        values = np.ravel(values)
        some = [number_formula(value, self.context.notation, FEW_DIGITS) for value in values[:most]]
        if len(values) > most:
            some[-1] = Ellipsis()
        return (some[0] if len(values) == 1 else Matrix((tuple(some),)),)

    def first(self, node: Expression) -> Inline:
        """The numbers of a quantity, of the first sample."""
        values = np.asarray(self.context.step.values[node.key])
        return self.numbers((values[0] if values.ndim > 1 else values).reshape(-1))

    def gradient(self, box: _Box) -> tuple[Inline, ...]:
        """δ = […]: the first gradient in it, which is that by the net input of a layer; those of its parameters follow from it."""
        found = (self.context.derivation.gradient(one) for one in box.inner)
        gradient = next((one for one in found if one is not None), None)
        return () if gradient is None else ((self.letter(gradient), " = ", *self.first(gradient)),)

    def rows(self, node: Expression) -> tuple[Inline, ...]:
        """The numbers of a parameter, a line a row; of a large one, its shape."""
        values = np.asarray(self.context.step.parameters[node.key])
        if values.ndim > 2:
            return (self.shapes((node,)),)
        values = np.atleast_2d(values.T if self.context.notation.vectors == "columns" else values)
        if len(values) > MOST_ROWS or values.shape[1] > MOST_NUMBERS:
            return (self.shapes((node,)),)
        if len(values) == 1:
            return ((self.letter(node), " = ", *self.numbers(values[0])),)
        if values.shape[1] == 1:
            return ((self.letter(node), "ᵀ = ", *self.numbers(values[:, 0], MOST_ROWS)),)
        return ((self.letter(node), " ="), *(self.numbers(line) for line in values))

    def change(self, node: Expression) -> tuple[Inline, ...]:
        """‖ΔW1‖ = 0.0123, how far a step moves a parameter."""
        step = self.context.step
        before, after = (np.asarray(side[node.key], dtype=float) for side in (step.parameters, step.new_parameters))
        number = printed(float(np.linalg.norm(after - before)), self.context.rounding, FEW_DIGITS)
        return (("‖Δ", self.letter(node), "‖ = " if number.exact else "‖ ≈ ", number.formula),)


def _sign(inner: Iterable[Expression]) -> str:
    """+ or ⊙, where one operation between signals is all there is."""
    signs = set()
    for node in inner:
        match node.primitive.form:
            case Infix(sign):
                signs.add(sign)
            case Times():
                signs.add("⊙")
            case _:
                return ""
    return signs.pop() if len(signs) == 1 else ""


def _folded(graph: BoxGraph, context: Context) -> BoxGraph:
    """The graph; of a large one, the boxes in the middle as one."""
    count = len(graph.vertices)
    if count <= MOST_BOXES:
        return graph
    first, last = MOST_BOXES // 2, count - MOST_BOXES // 2
    left_out = Vertex(Prose("⋯"), "h", about=((context.plain("graph.left_out", count=last - first),),))
    place = [min(number, first) if number < last else number - last + first + 1 for number in range(count)]
    arrows = dict.fromkeys((place[a], place[b]) for a, b in graph.arrows if place[a] != place[b])
    return replace(graph, vertices=(*graph.vertices[:first], left_out, *graph.vertices[last:]), arrows=tuple(arrows))
