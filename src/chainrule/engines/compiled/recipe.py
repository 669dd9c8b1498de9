"""What a training step computes, read off a network and its optimiser: the nodes of E, of y, and of everything new after the step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from chainrule.engines.compiled.graph import Graph, Node
from chainrule.formula.expression import Expression
from chainrule.network.definitions import Bound
from chainrule.network.network import Network
from chainrule.network.update import STEP_NUMBER, network_update

RATE = "learning_rate"
"""The one option that the code takes from outside, so that another rate needs no other code; every other number is part of the code."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """The nodes of a step.

    data        x, t, and s where the examples are weighted: leaves
    parameters  W1, b1 …: leaves by their keys
    states      of the optimiser, m_W1 …: leaves by their keys
    error, prediction  E and y
    new         the node that each parameter or state becomes, by its key; what is frozen has none
    options     numbers that the code takes from outside
    """

    graph: Graph
    data: tuple[Node, ...]
    parameters: Mapping[str, Node]
    states: Mapping[str, Node]
    error: Node
    prediction: Node
    new: Mapping[str, Node]
    options: Mapping[str, float]

    @property
    def keys(self) -> tuple[str, ...]:
        """What the arrays of a state are called."""
        return (*self.parameters, *self.states)

    @property
    def leaves(self) -> dict[str, Node]:
        """Parameters and states by their keys."""
        return {**self.parameters, **self.states}

    @cached_property
    def description(self) -> str:
        """All that code depends on, as text: each node with the places of its arguments, and which of them are asked for."""
        nodes = [
            (node.operation, [argument.place for argument in node.arguments], node.shape, repr(node.detail)) for node in self.graph.nodes
        ]
        asked = [[(key, node.place) for key, node in part.items()] for part in (self.parameters, self.states, self.new)]
        return repr((nodes, [node.place for node in self.data], self.error.place, self.prediction.place, asked))


def recipe(network: Network, optimizer: Bound, options: Mapping[str, float]) -> Recipe:
    """The recipe of a step. Raises NotCompilable."""
    derivation, rule, graph = network.derivation, network_update(network, optimizer), Graph()
    leaves: dict[Expression, Node] = {}

    def leaf(variable: Expression) -> Node:
        leaves[variable] = graph.leaf(variable.key, variable.shape)
        return leaves[variable]

    data = tuple(leaf(variable) for variable in derivation.data)
    parameters = {variable.key: leaf(variable) for variable in derivation.parameters}
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
    error, prediction = graph.add(derivation.error, leaves), graph.add(derivation.prediction, leaves)
    for gradient in derivation.gradients:
        graph.add(gradient, leaves)
    new: dict[str, Node] = {}
    for part in rule.parameters:
        for state, after in zip(part.states, part.new_states, strict=True):
            new[state.key] = graph.add(after, leaves)
        new[part.parameter.key] = graph.add(part.new, leaves)
    return Recipe(graph, data, parameters, states, error, prediction, new, outside)


def below(roots: Iterable[Node], walls: Iterable[Node] = ()) -> list[Node]:
    """Every node that the roots are made of, arguments first; nothing below a wall, unless it is a root."""
    seen: set[Node] = set()
    stop, pending = walls if isinstance(walls, set) else set(walls), list(roots)
    first = set(pending)
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            if node not in stop or node in first:
                pending += node.arguments
    return sorted(seen, key=lambda node: node.place)
