"""The network as units in columns, the lines between them with their weights, targets and the error: what the page draws.

A recurrence stands unrolled, as its formulas do: the states of each step are units, from which lines lead to those of the next.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from chainrule.base.frozen import replace
from chainrule.explanation.context import Context
from chainrule.formula.expression import Expression, neighbours
from chainrule.formula.scalar import Element
from chainrule.pages.formulas import Formulas

Arrow = tuple["Element | None", "Element | None"]
"""What leads into a unit: a signal with the weight that it is multiplied by, a signal alone, or a bias alone."""


class StagePicture:
    """Collects what is drawn of one step."""

    def __init__(self, context: Context, formulas: Formulas) -> None:
        self.formulas, self.scalars, self.context, self.derivation = formulas, context.scalars, context, context.derivation
        self.parameters = {parameter.key for parameter in self.derivation.parameters}
        self.network = context.step.network
        self.states = set(self.derivation.recurrent_states)
        self.copies = dict(self._copies())
        self.signals = {one.key: one for one in self._signals() if one.key not in self.copies}
        self.arrows = {one: list(self._arrows(one)) for signal in self.signals.values() for one in self._every(signal)}

    def plain(self) -> dict[str, Any]:
        """All of it, as plain data."""
        of, derivation = self.formulas.of, self.derivation
        groups: dict[tuple[str, int], list[Element]] = {}
        for one, column in self._columns().items():
            groups.setdefault((one.key, column), []).append(one)
        first = dict(reversed(groups))
        edges = {
            (of(source), of(one), -1 if weight is None else of(weight)): None
            for one, arrows in self.arrows.items()
            for source, weight in arrows
            if source is not None
        }
        return {
            "groups": [
                {
                    "key": key,
                    "column": column,
                    "title": self._called(self.signals[key]) if first[key] == column else "",
                    "units": [self._unit(one) for one in units],
                }
                for (key, column), units in groups.items()
            ],
            "edges": [list(edge) for edge in edges],
            "targets": [[of(one) for one in self._every(t)] for t in derivation.targets],
            "outputs": [[of(one) for one in self._every(y)] for y in derivation.predictions],
            "inputs": [node.key for node in derivation.inputs],
            "error": of(Element(derivation.error, ())),
        }

    # What is drawn as units

    def _copies(self) -> Iterator[tuple[str, list[Element]]]:
        """Results whose numbers are those of states, by key: they are drawn as these."""
        kept = {*self.derivation.predictions, *self.states}
        for node in self.derivation.passed:
            letters = [] if node in kept or not node.arguments else [self.scalars.definition(one) for one in self._every(node)]
            if letters and all(self.scalars.has(letter) for letter in letters):
                elements = [self.scalars.element(letter) for letter in letters]
                if all(one.quantity in self.states for one in elements):
                    yield node.key, elements

    def _signals(self) -> Iterator[Expression]:
        """Inputs, states, and what layers give."""
        results = {result.key for result in self.network.forward.results.values() if result.name is not None}
        yield from self.derivation.inputs
        yield from (node for node in self.derivation.passed if node in self.states or node.key in results)

    def _every(self, quantity: Expression) -> list[Element]:
        """Its elements, of all samples."""
        return [Element(quantity, index) for index in itertools.product(*map(range, self.scalars.shape(quantity)))]

    def _unit(self, element: Element) -> dict[str, Any]:
        """A unit for one sample."""
        biases = {self.formulas.of(weight): None for source, weight in self.arrows[element] if source is None and weight is not None}
        return {"element": self.formulas.of(element), "sample": element.index[0], "biases": list(biases), "parts": self._parts(element)}

    def _parts(self, element: Element) -> list[int]:
        """What a unit is computed in: its net input, itself, and its copies."""
        found, pending = dict[Element, None](), [element]
        while pending:
            one = pending.pop()
            if one.quantity.arguments:
                found.pop(one, None)
                found[one] = None
                pending += [p for p in self.scalars.parents(one) if p.key not in self.signals and p.key not in self.parameters]
        copied = [one for key, own in self.copies.items() for one in self._every(self.derivation.named[key]) if element in own]
        copied = [one for one in copied if self.scalars.definition(one) is self.scalars.variable(element)]
        return [self.formulas.of(one) for one in (*reversed(found), *copied)]

    def _called(self, signal: Expression) -> str:
        """What stands above a column."""
        if signal in self.derivation.inputs:
            return self.context.plain("live.inputs")
        network, name = self.network, signal.own_name
        number = name.layer
        if number is None:
            calls = (call for call in network.wiring.calls if network.forward.results[call.name].name == name)
            number = next((network.forward.numbers.get(call.layer) for call in calls), None)
        title = self.context.layer(number) if number else signal.key
        return f"{title} ⟨{name.time}⟩" if signal in self.states else title

    # Where it stands

    def _columns(self) -> Mapping[Element, int]:
        """The column of each unit: behind all that leads into it; states of one step side by side; inputs before what needs them."""
        columns: dict[Element, int] = {}
        for signal in self.signals.values():
            if signal not in self.derivation.inputs:
                own = self._every(signal)
                arrows = [source for one in own for source, _ in self.arrows[one] if source is not None]
                steps = (columns.get(one, 0) + (not self._is_beside(one, signal)) for one in arrows)
                columns |= dict.fromkeys(own, max(steps, default=1))
        last = max(columns.values(), default=1)
        columns |= dict.fromkeys((one for y in self.derivation.predictions for one in self._every(y)), last)
        needed: dict[Element, int] = {}
        for one, column in columns.items():
            for source, _ in self.arrows[one]:
                if source is not None and source.quantity in self.derivation.inputs:
                    needed[source] = min(needed.get(source, column), column)
        inputs = [one for node in self.derivation.inputs for one in self._every(node)]
        placed = {one: max(needed.get(one, 1) - 1, 0) for one in inputs}
        return {one: 0 for one in inputs if not placed[one]} | columns | {one: column for one, column in placed.items() if column}

    def _is_beside(self, one: Element, signal: Expression) -> bool:
        """Are both states of one step, as c⟨1⟩ and h⟨1⟩ of an LSTM?"""
        if not {one.quantity, signal} <= self.states:
            return False
        return replace(one.quantity.own_name, symbol="") == replace(signal.own_name, symbol="")

    # What leads to it

    def _arrows(self, element: Element) -> Iterator[Arrow]:
        pending: list[tuple[Expression, Element | None]] = []
        if element.quantity.arguments:
            pending = [(self.scalars.definition(element), None)]
        seen = set[tuple[Expression, Element | None]]()
        while pending:
            node, weight = pending.pop()
            if (node, weight) in seen:
                continue
            seen.add((node, weight))
            if self.scalars.has(node):
                one = self.scalars.element(node)
                if one.key in self.signals and one != element:
                    yield one, weight
                elif one.key in self.parameters:
                    yield None, one
                elif one.quantity.arguments and (one.index == element.index or not self._is_of_another(one, element)):
                    inner = self.scalars.definition(one)
                    pending.append((inner, weight if self.scalars.has(inner) else None))
                continue
            weights = [self.scalars.element(a) for a in node.arguments if self._is_parameter(a)]
            others = [argument for argument in node.arguments if not self._is_parameter(argument)]
            if node.primitive.name == "multiply" and len(weights) == 1 and self._carries(others[0]):
                pending.append((others[0], weights[0]))
            else:
                pending += [(argument, weight) for argument in reversed(node.arguments)]

    def _is_parameter(self, node: Expression) -> bool:
        return self.scalars.has(node) and self.scalars.element(node).key in self.parameters

    def _carries(self, node: Expression) -> bool:
        """Are its letters all signals, or copies of them? Then the weight before it is that of each: w · (h1 + h2)."""
        letters = [self.scalars.element(one) for one in ([node] if self.scalars.has(node) else neighbours(node))]
        return bool(letters) and all(one.key in self.signals or one.key in self.copies for one in letters)

    def _is_of_another(self, one: Element, element: Element) -> bool:
        """Is it the net input of another unit, as a softmax has all of them and nothing else? What leads there leads into that unit."""
        letters = {self.scalars.element(letter).quantity for letter in neighbours(self.scalars.definition(element))}
        return letters == {one.quantity} and self.scalars.shape(one.quantity) == self.scalars.shape(element.quantity)
