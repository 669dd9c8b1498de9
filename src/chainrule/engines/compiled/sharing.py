"""How threads divide a step among them, and where they wait for each other.

Whatever is gone through without a product (rows, columns, the elements of a parameter) is cut into `PARTS` parts, of which each thread
takes some. Where the parts begin does not depend on the number of threads, and a sum over everything is made part by part; the sums of
the parts are then added up in their order. So no digit depends on the number of threads either.

A wait costs as much as some thousand operations, and more where one thread has to wait for another that was held up. Two stages need
one between them only if one writes what the other touches, and not each thread for itself: a thread that goes through its own rows
stage after stage waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chainrule.engines.compiled.buffers import LINE, Buffer
from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.instructions import add, at, multiply, whole
from chainrule.engines.compiled.pieces import DOUBLE

if TYPE_CHECKING:
    from chainrule.engines.compiled.kernels import Outline
    from chainrule.engines.compiled.stages import Stage

PARTS = 8
"""So many parts; enough that two, three or four threads have about as much to do."""


def share_of(builder: Any, pieces: Any, share: Any, shares: Any) -> tuple[Any, Any]:
    """Of so many pieces, the first of a thread's, or of a part's, and the one behind its last."""
    first, end = (begins(builder, each, pieces, shares) for each in (share, builder.add(share, whole(1))))
    return first, end


def begins(builder: Any, share: Any, pieces: Any, shares: Any) -> Any:
    """The first of a share's pieces."""
    return builder.udiv(builder.mul(share, whole(pieces)), whole(shares))


def sum_place(builder: Any, memory: Any, number: int, part: Any) -> Any:
    """Where the sum of a part lies, of the sum of this number: on a cache line of its own, as another thread may write the next."""
    return at(builder, memory, add(builder, multiply(builder, part, LINE), number * SUM))


def total(builder: Any, memory: Any, number: int, parts: int) -> Any:
    """The sum of the sums of so many parts, in their order."""
    return reduce(builder.fadd, [builder.load(sum_place(builder, memory, number, part), typ=DOUBLE) for part in range(parts)])


def counts(pieces: int, parts: int, threads: int) -> list[int]:
    """How many pieces a thread may have, if it has any, and there are at most so many threads."""
    bounds = {shares: [share * parts // shares * pieces // parts for share in range(shares + 1)] for shares in range(1, threads + 1)}
    return sorted({end - start for found in bounds.values() for start, end in pairwise(found)} - {0})


SUM = PARTS * LINE
"""Bytes that the sums of all parts take."""

ROWS, OWN, ALL = "rows", "own", "all"
"""How threads touch an array or a single number: each its own rows; each one of its own; each any of it."""


@dataclass(frozen=True)
class Access:
    """What a stage touches.

    ways     how it touches each array and each single number
    written  which of them it writes
    """

    ways: Mapping[Buffer | Node, str]
    written: frozenset[Buffer | Node]

    def clashes(self, other: Access) -> frozenset[Buffer | Node]:
        """What one of both writes and the other touches: they have to come one after the other."""
        return (self.written & other.ways.keys()) | (other.written & self.ways.keys())

    def waits(self, other: Access) -> bool:
        """Must all threads be done with one of both before any begins with the other?"""
        return any(ALL in (self.ways[each], other.ways[each]) or self.ways[each] != other.ways[each] for each in self.clashes(other))


def way(buffer: Buffer, by_rows: bool) -> str:
    """How a stage touches an array; `by_rows`: each thread goes through its own rows."""
    if buffer.region == "apart":
        return OWN
    return ROWS if by_rows and buffer.kind in ("rows", "numbers") else ALL


def passage_access(outline: Outline, by_rows: bool) -> Access:
    """What a passage touches."""
    ways: dict[Buffer | Node, str] = {buffer: way(buffer, by_rows) for buffer in outline.buffers}
    ways.update(dict.fromkeys(outline.figures, OWN))
    ways.update(dict.fromkeys(outline.totals, ALL))
    kept = (outline.program.home[node] for node in outline.stage.nodes if outline.kept(node))
    return Access(ways, frozenset([*kept, *outline.totals]))


def figures_access(stage: Stage, near: Mapping[Node, Iterable[Node]]) -> Access:
    """What single numbers are made of: each thread computes them for itself."""
    read = {source for node in stage.nodes for source in near[node]}
    return Access(dict.fromkeys([*read, *stage.nodes], OWN), frozenset(stage.nodes))
