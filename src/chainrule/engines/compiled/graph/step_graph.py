"""What a training step computes, read off a network and its optimiser: the nodes of E, of y, and of everything new after the step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from chainrule.base.frozen import Frozen, replace
from chainrule.engines.brief import brief
from chainrule.engines.compiled.graph.arrangement import example_length
from chainrule.engines.compiled.graph.in_rows import InRows, parameters_in_order
from chainrule.engines.compiled.graph.operations import ALONE, MOVES, PRODUCTS, Graph, Operation, over_batch, rows_each
from chainrule.engines.compiled.graph.order import topological_order
from chainrule.engines.compiled.graph.steps import together
from chainrule.formula.expression import Expression
from chainrule.network.definitions import Bound
from chainrule.network.network import Network
from chainrule.network.update import STEP_NUMBER, network_update

RATE = "learning_rate"
"""The one option that the code takes from outside, so that another rate needs no other code; every other number is part of the code."""


class Columns(NamedTuple):
    """Where the rows of a variable lie: in "x", "t", "s" or "drawn", whose rows are `stride` numbers long, from the column `start` on."""

    array: str
    start: int
    stride: int


class StepGraph(Frozen):
    """The nodes of a step.

    data        where the inputs, the targets, s where the examples are weighted, and what is drawn for every step, lie: leaves with their
                columns
    parameters  W1, b1 …: leaves by their keys
    states      of the optimiser, m_W1 …: leaves by their keys
    error, predictions  E of what is trained, and y of each output
    measured    E of what predicts, in which statistics of a batch are running ones; mostly the same node
    new         the node that each parameter or state becomes, by its key; what is frozen has none
    options     numbers that the code takes from outside
    parcels     keys of `new`: what is handed out while the step goes on, one after the other, each as soon as all of it is there
    """

    graph: Graph
    data: Mapping[Operation, Columns]
    parameters: Mapping[str, Operation]
    states: Mapping[str, Operation]
    error: Operation
    measured: Operation
    predictions: tuple[Operation, ...]
    new: Mapping[str, Operation]
    options: Mapping[str, float]
    parcels: tuple[tuple[str, ...], ...] = ()

    @cached_property
    def products(self) -> tuple[int, ...]:
        """Multiplications for an example, of each matrix product on the way forward."""
        nodes = [node for node in topological_order(self.predictions) if node.opcode in PRODUCTS and over_batch(node.shape)]
        return tuple(rows_each(node.shape) * int(node.shape[1]) * _terms(node) for node in nodes)

    @cached_property
    def kept_forward(self) -> int:
        """About so many numbers of an example lie in memory at a time on the way forward."""
        nodes = topological_order([self.measured, *self.predictions])
        return sum(
            example_length(node.shape) for node in nodes if node.opcode in PRODUCTS | MOVES | ALONE | {"leaf"} and over_batch(node.shape)
        )

    @cached_property
    def multiplied(self) -> int:
        """Multiplications of all of them."""
        return sum(self.products)

    @cached_property
    def has_places(self) -> bool:
        """Has an example more than one row anywhere, does anything stand elsewhere than where it is computed, or is anything drawn?"""
        nodes = topological_order([self.error, self.measured, *self.predictions, *self.new.values()])
        drawn = any(columns.array == "drawn" for columns in self.data.values())
        return drawn or any(rows_each(node.shape) > 1 or node.opcode in ELSEWHERE for node in nodes)

    @property
    def keys(self) -> tuple[str, ...]:
        """What the arrays of a state are called."""
        return (*self.parameters, *self.states)

    @property
    def leaves(self) -> dict[str, Operation]:
        """Parameters and states by their keys."""
        return {**self.parameters, **self.states}

    def roots(self, function: str) -> list[Operation]:
        """What a function computes: "epoch", "error" or "predict"."""
        return {"epoch": [self.error, *self.new.values()], "error": [self.measured], "predict": [*self.predictions]}[function]

    def description(self, function: str) -> str:
        """All that the code of a function depends on, as text: each node that it needs with the places of its arguments, what the
        results are, and what lies in memory.
        """
        roots = self.roots(function)
        place = {node: i for i, node in enumerate(topological_order(roots))}
        nodes = [(node.opcode, [place[argument] for argument in node.arguments], node.shape, repr(node.detail)) for node in place]
        leaves = self.leaves if function == "epoch" else self.parameters
        new = [(key, place[node]) for key, node in self.new.items()] if function == "epoch" else []
        data = [(node.detail, node.shape, tuple(columns)) for node, columns in self.data.items()]
        parcels = self.parcels if function == "epoch" else ()
        return repr((nodes, [place[root] for root in roots], [(key, leaf.shape) for key, leaf in leaves.items()], new, data, parcels))


def _terms(product: Operation) -> int:
    """Of how many terms each number of it is the sum."""
    return int(product.arguments[0].shape[1]) if product.opcode == "matmul" else int(product.detail.terms)


ELSEWHERE = MOVES - {"join", "part"} | ALONE | {"array", "each"}
"""What straight-line code does not know."""


def step_graph(network: Network, optimizer: Bound | None, options: Mapping[str, float], graph: Graph | None = None) -> StepGraph:
    """The nodes of a step, in that graph or a new one; without an optimiser, of its way forward alone. Raises NotCompilable."""
    derivation, graph = brief(network).derivation, graph or Graph()
    in_rows = InRows(graph)
    inference = derivation if network.inference is network.derivation else network.inference
    leaves: dict[Expression, Operation] = {}
    flat = {variable.key for variable in parameters_in_order([derivation.error, inference.error])}

    def leaf(variable: Expression, of: Expression | None = None) -> Operation:
        leaves[variable] = graph.leaf(variable.key, variable.shape, (variable if of is None else of).key in flat)
        return leaves[variable]

    widths = {"x": network.inputs, "t": network.targets, "s": 1}
    numbered = network.split(*(np.arange(width)[None, :] for width in widths.values()))
    arrays: dict[Expression | None, str] = {
        **dict.fromkeys(derivation.inputs, "x"),
        **dict.fromkeys(derivation.targets, "t"),
        derivation.weights: "s",
    }
    data = {
        leaf(variable): Columns(arrays[variable], int(numbered[variable].flat[0]), widths[arrays[variable]])
        for variable in derivation.data
        if variable in arrays
    }
    masks = [mask.variable for mask in derivation.masks]
    ends = list(accumulate((math.prod(map(int, mask.shape[1:])) for mask in masks), initial=0))
    data |= {leaf(mask): Columns("drawn", start, ends[-1]) for mask, start in zip(masks, ends, strict=False)}
    parameters = {variable.key: leaf(variable) for variable in derivation.parameters}
    for variable in (*inference.data, *inference.parameters):
        leaf(variable)
    forward = inference.error, *inference.predictions
    if optimizer is None:
        error, *predictions = (in_rows.add(root, leaves) for root in forward)
        return _whole(StepGraph(graph, data, parameters, {}, error, error, tuple(predictions), {}, {}))
    rule = network_update(network, optimizer, derivation)
    states = {variable.key: leaf(variable, part.parameter) for part in rule.parameters for variable in part.states}
    leaf(STEP_NUMBER)
    outside: dict[str, float] = {}
    for letter, number in rule.options.items():
        number = options.get(letter.key, number)
        if letter.key == RATE:
            outside[letter.key] = number
            leaf(letter)
        else:
            leaves[letter] = graph.number(number)
    error = in_rows.add(derivation.error, leaves)
    measured, *predictions = (in_rows.add(root, leaves) for root in forward)
    for gradient in derivation.gradients:
        in_rows.add(gradient, leaves)
    new: dict[str, Operation] = {}
    for part in rule.parameters:
        for state, after in zip(part.states, part.new_states, strict=True):
            new[state.key] = in_rows.add(after, leaves)
        new[part.parameter.key] = in_rows.add(part.new, leaves)
    for variable, after in derivation.moving.items():
        new[variable.key] = in_rows.add(after, leaves)
    return _whole(StepGraph(graph, data, parameters, states, error, measured, tuple(predictions), new, outside))


def _whole(step: StepGraph) -> StepGraph:
    """The step with sums over all steps of a sequence in one piece."""
    roots = [step.error, step.measured, *step.predictions, *step.new.values()]
    error, measured, *others = together(step.graph, roots)
    count = len(step.predictions)
    new = dict(zip(step.new, others[count:], strict=True))
    return replace(step, error=error, measured=measured, predictions=tuple(others[:count]), new=new)
