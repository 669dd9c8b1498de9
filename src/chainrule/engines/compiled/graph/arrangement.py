"""Where the numbers of an arrangement lie in rows: how far each of its loops goes on in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from chainrule.engines.compiled.graph.operations import CopyOrder, rows_each
from chainrule.formula.expression import Shape

CopyLoop: TypeAlias = "tuple[int, tuple[int, int], tuple[int, int]]"
"""How many turns, and by how many rows and columns a turn goes on in both arrays."""


def row_length(shape: Shape) -> int:
    """Numbers of a row."""
    return int(shape[1]) if len(shape) > 1 else 1


def example_length(shape: Shape) -> int:
    """Numbers of an example."""
    return rows_each(shape) * row_length(shape)


def copy_loops(arranged: CopyOrder, source: Shape, target: Shape) -> list[CopyLoop] | None:
    """Its loops; None where one of them would go across the end of a row, which cannot be where a row holds all of an example."""
    across = row_length(source), row_length(target)
    found: list[CopyLoop] = []
    for axis in arranged.axes:
        parts = _split(*axis, across)
        if parts is None:
            return None
        found += parts
    reach = [arranged.start % across[0], arranged.target % across[1]]
    for count, (_, read), (_, written) in found:
        reach = [reach[0] + (count - 1) * read, reach[1] + (count - 1) * written]
    return found if reach[0] < across[0] and reach[1] < across[1] else None


def _split(extent: int, read: int, written: int, across: Sequence[int]) -> list[CopyLoop] | None:
    """One loop; two where it goes through several rows and their columns."""
    steps: list[tuple[int, int]] = []
    for stride, columns in zip((read, written), across, strict=True):
        if stride % columns == 0:
            steps.append((stride // columns, 0))
        elif (extent - 1) * stride < columns:
            steps.append((0, stride))
        else:
            inner, rest = divmod(columns, stride)
            if rest or extent % inner:
                return None
            outer, within = _split(extent // inner, read * inner, written * inner, across), _split(inner, read, written, across)
            return None if outer is None or within is None else outer + within
    return [(extent, steps[0], steps[1])]
