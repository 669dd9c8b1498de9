"""Sums over the steps of a sequence in one piece: Σₜ h⟨t⟩ᵀ δ⟨t⟩ is one product of the rows of all steps.

The states of all steps stand in one array, a place of each example for each step, and so do their gradients; back-propagation has mostly
put one of both together already, for the product with the inputs. Where it has more places than there are products (h⟨0⟩ is 0, and
its product is not there), the other one has rows of zeros at these. An array in which one of the states stands twice cannot be taken: its
product would count twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce

from chainrule.engines.compiled.graph.operations import Graph, Operation, rows_each
from chainrule.engines.compiled.graph.order import topological_order
from chainrule.network.derivation import BATCH


def together(graph: Graph, roots: Sequence[Operation]) -> list[Operation]:
    """The roots, with one product in place of many."""
    nodes = topological_order(roots)
    sums = [node for node in nodes if node.opcode == "products"]
    if not sums:
        return list(roots)
    joins = [node for node in nodes if node.opcode == "join" and node.detail == "places"]
    return rebuilt(graph, roots, {node: _product(graph, node, joins) if joins else _sum(graph, node) for node in sums})


def _sum(graph: Graph, node: Operation) -> Operation:
    """Product after product, where nothing has places."""
    pairs = zip(node.arguments[::2], node.arguments[1::2], strict=True)
    terms = [graph.matmul(graph.permute_dims(a, (1, 0)), b) for a, b in pairs]
    return reduce(lambda one, other: graph.node("add", one, other, shape=node.shape), terms)


def _product(graph: Graph, node: Operation, joins: Sequence[Operation]) -> Operation:
    left, right = node.arguments[::2], node.arguments[1::2]
    for join in joins:
        if any(rows_each(one.shape) > 1 for one in join.arguments):
            continue
        times = Counter(join.arguments)
        for own, other, swapped in ((right, left, False), (left, right, True)):
            if len(set(own)) == len(own) and all(times[one] == 1 for one in own):
                beside = dict(zip(own, other, strict=True))
                zeros = graph.node("spread", graph.number(0), shape=(BATCH, other[0].shape[1]), detail=(0, 1))
                matched = graph.join([beside.get(one, zeros) for one in join.arguments], "places")
                a, b = (join, matched) if swapped else (matched, join)
                return graph.matmul(graph.permute_dims(a, (1, 0)), b)
    a, b = (graph.join(one, "places") for one in (left, right))
    return graph.matmul(graph.permute_dims(a, (1, 0)), b)


def rebuilt(graph: Graph, roots: Sequence[Operation], replaced: Mapping[Operation, Operation]) -> list[Operation]:
    """The roots with some nodes replaced."""
    known = dict(replaced)
    for node in topological_order(roots, set(replaced)):
        if node not in known:
            arguments = [known[argument] for argument in node.arguments]
            changed = any(one is not other for one, other in zip(arguments, node.arguments, strict=True))
            known[node] = graph.node(node.opcode, *arguments, shape=node.shape, detail=node.detail) if changed else node
            if changed and node in graph.names:
                graph.names.setdefault(known[node], graph.names[node])
    return [known[root] for root in roots]
