"""The order in which nodes are computed."""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.engines.compiled.graph.operations import Operation


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
