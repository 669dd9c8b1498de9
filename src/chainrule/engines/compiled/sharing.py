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
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.pieces import whole

if TYPE_CHECKING:
    from chainrule.engines.compiled.buffers import Buffer
    from chainrule.engines.compiled.kernels import Outline
    from chainrule.engines.compiled.stages import Stage

PARTS = 8
"""So many parts; enough that two, three or four threads have about as much to do."""


def begins(builder: Any, part: Any, pieces: int, parts: int) -> Any:
    """The first of so many pieces that belongs to a part."""
    return builder.udiv(builder.mul(part, whole(pieces)), whole(parts))


def share_of(builder: Any, pieces: int, share: Any, shares: Any) -> tuple[Any, Any]:
    """The first of a thread's pieces, and the one behind its last."""
    first, end = (builder.udiv(builder.mul(each, whole(pieces)), shares) for each in (share, builder.add(share, whole(1))))
    return first, end


def counts(pieces: int, parts: int, threads: int) -> list[int]:
    """How many pieces a thread may have, if there are at most so many threads."""
    bounds = {shares: [share * parts // shares * pieces // parts for share in range(shares + 1)] for shares in range(1, threads + 1)}
    return sorted({end - start for found in bounds.values() for start, end in pairwise(found)})


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


def passage_access(outline: Outline, by_rows: bool) -> Access:
    """What a passage touches; `by_rows`: each thread goes through its own rows."""
    ways: dict[Buffer | Node, str] = {buffer: ROWS if by_rows and buffer.kind in ("rows", "numbers") else ALL for buffer in outline.buffers}
    ways.update(dict.fromkeys(outline.figures, OWN))
    ways.update(dict.fromkeys(outline.totals, ALL))
    kept = (outline.program.home[node] for node in outline.stage.nodes if outline.kept(node))
    return Access(ways, frozenset([*kept, *outline.totals]))


def figures_access(stage: Stage, near: Mapping[Node, Iterable[Node]]) -> Access:
    """What single numbers are made of: each thread computes them for itself."""
    read = {source for node in stage.nodes for source in near[node]}
    return Access(dict.fromkeys([*read, *stage.nodes], OWN), frozenset(stage.nodes))
