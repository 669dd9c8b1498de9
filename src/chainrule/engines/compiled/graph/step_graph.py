"""What a training step computes, read off a network and its optimiser: the nodes of E, of y, and of everything new after the step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chainrule.engines.compiled.graph.operations import Graph, Operation
from chainrule.formula.expression import Expression
from chainrule.network.definitions import Bound
from chainrule.network.network import Network
from chainrule.network.update import STEP_NUMBER, network_update

RATE = "learning_rate"
"""The one option that the code takes from outside, so that another rate needs no other code; every other number is part of the code."""


@dataclass(frozen=True, eq=False)
class StepGraph:
    """The nodes of a step.

    data        x, t, and s where the examples are weighted: leaves
    parameters  W1, b1 …: leaves by their keys
    states      of the optimiser, m_W1 …: leaves by their keys
    error, prediction  E and y
    new         the node that each parameter or state becomes, by its key; what is frozen has none
    options     numbers that the code takes from outside
    """

    graph: Graph
    data: tuple[Operation, ...]
    parameters: Mapping[str, Operation]
    states: Mapping[str, Operation]
    error: Operation
    prediction: Operation
    new: Mapping[str, Operation]
    options: Mapping[str, float]

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
        return {"epoch": [self.error, *self.new.values()], "error": [self.error], "predict": [self.prediction]}[function]

    def description(self, function: str) -> str:
        """All that the code of a function depends on, as text: each node that it needs with the places of its arguments, what the
        results are, and what lies in memory.
        """
        roots = self.roots(function)
        place = {node: i for i, node in enumerate(topological_order(roots))}
        nodes = [(node.opcode, [place[argument] for argument in node.arguments], node.shape, repr(node.detail)) for node in place]
        leaves = self.leaves if function == "epoch" else self.parameters
        new = [(key, place[node]) for key, node in self.new.items()] if function == "epoch" else []
        data = [(node.detail, node.shape) for node in self.data]
        return repr((nodes, [place[root] for root in roots], [(key, leaf.shape) for key, leaf in leaves.items()], new, data))


def step_graph(network: Network, optimizer: Bound | None, options: Mapping[str, float]) -> StepGraph:
    """The nodes of a step; without an optimiser, of its way forward alone. Raises NotCompilable."""
    derivation, graph = network.derivation, Graph()
    leaves: dict[Expression, Operation] = {}

    def leaf(variable: Expression) -> Operation:
        leaves[variable] = graph.leaf(variable.key, variable.shape)
        return leaves[variable]

    data = tuple(leaf(variable) for variable in derivation.data)
    parameters = {variable.key: leaf(variable) for variable in derivation.parameters}
    error_and_prediction = derivation.error, derivation.prediction
    if optimizer is None:
        error, prediction = (graph.add(root, leaves) for root in error_and_prediction)
        return StepGraph(graph, data, parameters, {}, error, prediction, {}, {})
    rule = network_update(network, optimizer)
    states = {variable.key: leaf(variable) for part in rule.parameters for variable in part.states}
    leaf(STEP_NUMBER)
    outside: dict[str, float] = {}
    for letter, number in rule.options.items():
        number = options.get(letter.key, number)
        if letter.key == RATE:
            outside[letter.key] = number
            leaf(letter)
        else:
            leaves[letter] = graph.number(number)
    error, prediction = (graph.add(root, leaves) for root in error_and_prediction)
    for gradient in derivation.gradients:
        graph.add(gradient, leaves)
    new: dict[str, Operation] = {}
    for part in rule.parameters:
        for state, after in zip(part.states, part.new_states, strict=True):
            new[state.key] = graph.add(after, leaves)
        new[part.parameter.key] = graph.add(part.new, leaves)
    return StepGraph(graph, data, parameters, states, error, prediction, new, outside)


def topological_order(roots: Iterable[Operation], walls: Iterable[Operation] = ()) -> list[Operation]:
    """Every node that the roots are made of, arguments first; nothing below a wall, unless it is a root."""
    seen: set[Operation] = set()
    stop, pending = walls if isinstance(walls, set) else set(walls), list(roots)
    first = set(pending)
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            if node not in stop or node in first:
                pending += node.arguments
    return sorted(seen, key=lambda node: node.place)
