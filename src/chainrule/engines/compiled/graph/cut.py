"""A step cut in two where rows are added up: its sums over the rows of a batch, and what follows from them.

The halves are steps of their own, over one memory: parameters, states, the sums, and the number of rows of all processes. The first one
replaces the sums, and the second one the parameters and states. So nothing else is emitted than for one process, and the sums lie side by
side where they are reduced: the first half writes them there, and the second half reads them, once each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.base.errors import NotCompilable
from chainrule.base.frozen import Frozen
from chainrule.engines.compiled.graph.operations import Graph, Operation
from chainrule.engines.compiled.graph.step_graph import StepGraph, step_graph, topological_order
from chainrule.formula.expression import Shape
from chainrule.network.definitions import Bound
from chainrule.network.derivation import BATCH
from chainrule.network.network import Network

ROWS, STOPPING, SUM = "rows", "stopping", "sum"
"""What is called in memory: the number of rows of all processes; a number that is reduced with the sums; the sums, sum1, sum2 …"""


class _OfAll(Graph):
    """Nodes of a step in which N is the number of rows of all processes: a number in memory."""

    def node(self, opcode: str, *arguments: Operation, shape: Shape = (), detail: Any = None) -> Operation:
        """The node of an operation."""
        return super().node("leaf", detail=ROWS) if opcode == "size" else super().node(opcode, *arguments, shape=shape, detail=detail)


class CutStep(Frozen):
    """The two halves of a step, each a step of its own; and what the sums are called in memory, where they lie side by side."""

    before: StepGraph
    after: StepGraph
    sums: tuple[str, ...]


def cut_step(network: Network, optimizer: Bound) -> CutStep:
    """The step of an optimiser, cut in two. Raises NotCompilable."""
    graph = _OfAll()
    whole = step_graph(network, optimizer, {}, graph)
    roots = [whole.error, *whole.new.values()]
    found = [node for node in topological_order(roots) if BATCH not in node.shape and any(BATCH in one.shape for one in node.arguments)]
    if any(below in found for node in found for below in topological_order([node]) if below is not node):
        raise NotCompilable("sums over the rows that are made of other sums over the rows have no machine code for several processes")
    if any(node.opcode == "reduce" and node.detail[0] != "sum" for node in found):
        raise NotCompilable("what is largest among the rows has no machine code for several processes")
    sums = {f"{SUM}{place}": node for place, node in enumerate(found, start=1)}
    leaves = {key: graph.leaf(key, node.shape) for key, node in sums.items()}
    states = {**whole.states, **leaves, STOPPING: graph.leaf(STOPPING, ()), ROWS: graph.leaf(ROWS, ())}
    error, *new = _rebuilt(graph, roots, {node: leaves[key] for key, node in sums.items()})
    local = next((node for node in found if not node.shape), graph.number(0))
    known: dict[str, Any] = {"graph": graph, "parameters": whole.parameters, "states": states, "predictions": (), "options": whole.options}
    before = StepGraph(data=whole.data, error=local, new=sums, **known)
    after = StepGraph(data={}, error=error, new=dict(zip(whole.new, new, strict=True)), **known)
    return CutStep(before, after, tuple(sums))


def _rebuilt(graph: Graph, roots: list[Operation], replaced: Mapping[Operation, Operation]) -> list[Operation]:
    """The roots with some nodes replaced."""
    known = dict(replaced)
    for node in topological_order(roots, set(replaced)):
        if node not in known:
            arguments = [known[argument] for argument in node.arguments]
            known[node] = graph.node(node.opcode, *arguments, shape=node.shape, detail=node.detail) if arguments else node
    return [known[root] for root in roots]
