"""Numbers of a step that no data changes: a rate by its schedule, 1 − β₁ᵏ, 1 / N. Always in float64, and once a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.pieces import applied
from chainrule.engines.machine import Machine, Value

OUTSIDE = ("k", "learning_rate")


def is_setting(node: Node, known: Mapping[Node, bool]) -> bool:
    """Does it depend on the number of the step, the rate, the size of the batch and constants alone?"""
    if node.shape:
        return False
    if node.operation == "leaf":
        return node.detail in OUTSIDE
    return node.operation in ("number", "size") or (node.elementwise and all(known[argument] for argument in node.arguments))


def setting_nodes(nodes: Sequence[Node]) -> list[Node]:
    """Those of the nodes that are settings, in their order."""
    known: dict[Node, bool] = {}
    for node in nodes:
        known[node] = is_setting(node, known)
    return [node for node in nodes if known[node]]


def settings(nodes: Sequence[Node], wide: Machine, outside: Mapping[str, Value]) -> dict[Node, Value]:
    """The values of those nodes that are settings.

    wide     a machine of float64
    outside  the values of k, learning_rate and N, as far as they are needed
    """
    values: dict[Node, Value] = {}
    for node in setting_nodes(nodes):
        if node.operation == "number":
            values[node] = wide.number(node.detail)
        elif node.operation in ("leaf", "size"):
            values[node] = outside["N" if node.operation == "size" else node.detail]
        else:
            values[node] = applied(wide, node, [values[argument] for argument in node.arguments])
    return values
