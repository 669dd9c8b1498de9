"""A step cut in two where rows are added up: its sums over the rows of a batch, and what follows from them.

The halves are steps of their own, over one memory: parameters, states, the sums, and the number of rows of all processes. The first one
replaces the sums, and the second one the parameters and states. So nothing else is emitted than for one process, and the sums lie side by
side where they are reduced: the first half writes them there, and the second half reads them, once each. They lie in the order in which
back-propagation comes to them, from the last layer to the first, in parcels that are handed out while it goes on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chainrule.base.errors import NotCompilable
from chainrule.base.frozen import Frozen
from chainrule.engines.compiled.graph.operations import Graph, Operation, over_batch
from chainrule.engines.compiled.graph.order import topological_order
from chainrule.engines.compiled.graph.step_graph import StepGraph, step_graph
from chainrule.engines.compiled.graph.steps import rebuilt
from chainrule.formula.expression import Shape
from chainrule.network.definitions import Bound
from chainrule.network.network import Network

ROWS, STOPPING, SUM = "rows", "stopping", "sum"
"""What is called in memory: the number of rows of all processes; a number that is reduced with the sums; the sums, sum1, sum2 …"""


PARCEL = 2**18
"""Numbers of which a parcel has at least so many: to begin a reduction takes as long as to compute the gradients of some ten thousand."""


class _OfAll(Graph):
    """Nodes of a step in which N is the number of rows of all processes: a number in memory."""

    def node(self, opcode: str, *arguments: Operation, shape: Shape = (), detail: Any = None) -> Operation:
        """The node of an operation."""
        return super().node("leaf", detail=ROWS) if opcode == "size" else super().node(opcode, *arguments, shape=shape, detail=detail)


class CutStep(Frozen):
    """The two halves of a step, each a step of its own.

    sums     what the sums are called in memory, where they lie side by side
    parcels  the same in parcels; the last one is there when the first half ends
    """

    before: StepGraph
    after: StepGraph
    sums: tuple[str, ...]
    parcels: tuple[tuple[str, ...], ...]


def cut_step(network: Network, optimizer: Bound) -> CutStep:
    """The step of an optimiser, cut in two. Raises NotCompilable."""
    if network.derivation.masks:
        raise NotCompilable("numbers that are drawn for every step, as those of a dropout, have no machine code for several processes")
    graph = _OfAll()
    whole = step_graph(network, optimizer, {}, graph)
    roots = [whole.error, *whole.new.values()]
    found = [
        node for node in topological_order(roots) if not over_batch(node.shape) and any(over_batch(one.shape) for one in node.arguments)
    ]
    if any(below in found for node in found for below in topological_order([node]) if below is not node):
        raise NotCompilable("sums over the rows that are made of other sums over the rows have no machine code for several processes")
    if any(node.opcode == "reduce" and node.detail[0] != "sum" for node in found):
        raise NotCompilable("what is largest among the rows has no machine code for several processes")
    # In the graph the gradients stand in the order of the parameters; single numbers reach memory only when the half ends.
    found = sorted(found, key=lambda node: (not node.shape, -node.place))
    sums = {f"{SUM}{place}": node for place, node in enumerate(found, start=1)}
    parcels = _parcels(sums)
    leaves = {key: graph.leaf(key, node.shape) for key, node in sums.items()}
    states = {**whole.states, **leaves, STOPPING: graph.leaf(STOPPING, ()), ROWS: graph.leaf(ROWS, ())}
    error, *new = rebuilt(graph, roots, {node: leaves[key] for key, node in sums.items()})
    local = next((node for node in found if not node.shape), graph.number(0))
    known: dict[str, Any] = {"graph": graph, "parameters": whole.parameters, "states": states, "predictions": (), "options": whole.options}
    before = StepGraph(data=whole.data, error=local, measured=local, new=sums, parcels=parcels[:-1], **known)
    after = StepGraph(data={}, error=error, measured=error, new=dict(zip(whole.new, new, strict=True)), **known)
    return CutStep(before, after, tuple(sums), parcels)


def _parcels(sums: Mapping[str, Operation]) -> tuple[tuple[str, ...], ...]:
    """A parcel ends where there are enough numbers; the last array, behind which there is nothing to compute, is always in the last one."""
    parcels: list[list[str]] = [[]]
    numbers, last = 0, max((place for place, node in enumerate(sums.values()) if node.shape), default=0)
    for place, (key, node) in enumerate(sums.items()):
        if numbers >= PARCEL and place <= last:
            parcels.append([])
            numbers = 0
        parcels[-1].append(key)
        numbers += math.prod(map(int, node.shape))
    return tuple(map(tuple, parcels))
