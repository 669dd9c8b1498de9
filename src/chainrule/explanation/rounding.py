"""What of a step is 0 but for rounding: sums whose terms cancel, judged by how large the terms are and how finely floats hold them.

The gradient of a bias before a batch normalisation is 0, and a float says 5.6 · 10⁻¹⁷. No bound tells that from a gradient that small:
its terms do, which are about 0.1 here, and of which a float holds 16 digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.formula import primitives as p
from chainrule.formula.evaluation import value_of
from chainrule.formula.expression import Expression, definition, folded, written_nodes

UNITS = 4
"""A sum of so many units in the last place of its terms, taken together, or of fewer, is what rounding left of them."""

SUMS = frozenset([p.add, p.subtract, p.total, p.mean, p.matmul, p.overlap, p.added_at])
"""Rows of the table whose terms may cancel."""

MOVED = frozenset([p.named, p.negative, p.absolute, p.transpose, p.reshape, p.spread, p.part, p.place, p.join, p.window])
"""Rows that leave every number as large as it is, and put it elsewhere."""

Sized: TypeAlias = "tuple[Array, Array]"
"""Numbers, and how large the terms are of which they were made."""


def without_dust(arrays: Mapping[str, Array], given: Iterable[Expression], quantities: Iterable[Expression]) -> dict[str, Array]:
    """The arrays, by key, with 0 where a number of these quantities, in the order in which they are computed, is what rounding left.

    given  inputs, of which the number of samples is read
    """
    settled = dict(arrays)
    inputs = {node: settled[node.key] for node in given if node.key in settled}
    for quantity in quantities:
        recorded = settled.get(quantity.key)
        if recorded is None or not quantity.arguments or recorded.dtype.kind != "f":
            continue
        formula = definition(quantity)
        letters = inputs | {node: settled[node.key] for node in written_nodes(formula) if node.name is not None and node.key in settled}
        precision = UNITS * float(np.finfo(recorded.dtype).eps)
        known: dict[Expression, Sized] = {node: (value, np.abs(value)) for node, value in letters.items()}
        with np.errstate(all="ignore"):
            value, _ = folded([formula], known, partial(_sized, letters=letters, precision=precision))[formula]
        if not np.all(value) and value.shape == recorded.shape:
            settled[quantity.key] = np.where(value == 0, 0.0, recorded)
    return settled


def _sized(node: Expression, arguments: list[Sized], letters: Mapping[Expression, Array], precision: float) -> Sized:
    """The value of a node, 0 where it is less than rounding makes of its terms, and the size of these."""
    values, sizes = ([one[part] for one in arguments] for part in (0, 1))

    def computed(given: list[Array]) -> Array:
        return np.asarray(value_of(node, {**letters, **dict(zip(node.arguments, given, strict=True))}))

    value, row = computed(values), node.primitive
    if row is p.subtract:
        size = sizes[0] + sizes[1]
    elif row is p.divide:
        size = sizes[0] / np.abs(values[1])
    elif row in (p.lookup, p.added_at):  # the other argument says where
        size = np.abs(computed([sizes[0], values[1]]))
    elif row in SUMS or row in MOVED or row is p.multiply:
        size = np.abs(computed(sizes))
    else:
        size = np.abs(value)
    left = (np.abs(value) <= precision * size) & np.isfinite(size)
    return (np.where(left, 0, value) if row in SUMS else value), size
