"""What a link to a page holds behind its #: the network as a description, and the numbers that the page has."""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.api.problems import problem
from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.formula.expression import Expression
from chainrule.live.architecture import with_numbers
from chainrule.network.description import network_of_description
from chainrule.steps.problem import Problem


def fragment_of(link: str) -> str:
    """What stands behind the #; nothing where there is none."""
    return link.partition("#")[2]


def problem_of_link(link: str) -> Problem:
    """The network, batch and optimiser of a page that a link was copied from. Raises InputError."""
    fragment = fragment_of(link)
    try:
        state = json.loads(urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4)))
        description, numbers = state.get("d"), dict(state["a"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError("this is no link of a page, or only a part of one: copy it whole, from # to its end.") from None
    if not isinstance(description, Mapping):
        raise InputError("this link holds numbers alone, since its network is too large for it; open the page that it was copied from.")
    network = network_of_description(description)
    nodes = network.derivation
    try:
        data = {"x": _rows(nodes.inputs, numbers).tolist(), "t": _rows(nodes.targets, numbers).tolist()}
    except (KeyError, ValueError, TypeError):
        raise InputError("the numbers of this link are not those of its network: copy it whole.") from None
    found = problem({**description, "data": data})
    options = found.optimizer.options if found.optimizer else {}
    return with_numbers(found, {key: row for key, row in numbers.items() if key in network.shapes or key in options})


def _rows(nodes: Sequence[Expression], numbers: Mapping[str, Any]) -> Array:
    """The arrays of a batch side by side. Raises KeyError or ValueError where one is missing or has another size."""
    widths = [math.prod(map(int, node.shape[1:])) for node in nodes]
    parts = [np.array(numbers[node.key], dtype=float).reshape(-1, width) for node, width in zip(nodes, widths, strict=True)]
    return np.concatenate(parts, axis=1)
