"""What all functions of a module have in common, and how they make sums over everything.

Whatever is gone through without a product (rows, columns, the elements of a parameter) is cut into `PARTS` parts, of which each thread
takes some. Where the parts begin does not depend on the number of threads. A sum is made part by part, and the sums of the parts are
then added up in their order: the same to the last bit however many threads make them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from typing import Any

from chainrule.engines.compiled.emission.abi import PARTS
from chainrule.engines.compiled.graph.layout import LINE, Panels, row_stride
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import DOUBLE, add_integers, at, element_type, multiply_integers
from chainrule.engines.compiled.llvm.target import Processor

SUM = PARTS * LINE
"""Bytes that the sums of all parts take."""


def sum_place(builder: Any, memory: Any, number: int, part: Any) -> Any:
    """Where the sum of a part lies, of the sum of this number: on a cache line of its own, as another thread may write the next."""
    return at(builder, memory, add_integers(builder, multiply_integers(builder, part, LINE), number * SUM))


def sum_of_parts(builder: Any, memory: Any, number: int, parts: int) -> Any:
    """The sum of the sums of so many parts, in their order."""
    return reduce(builder.fadd, [builder.load(sum_place(builder, memory, number, part), typ=DOUBLE) for part in range(parts)])


def counts(items: int, parts: int, threads: int) -> list[int]:
    """How many items a thread may have, if it has any, and there are at most so many threads."""
    bounds = {shares: [share * parts // shares * items // parts for share in range(shares + 1)] for shares in range(1, threads + 1)}
    return sorted({end - start for found in bounds.values() for start, end in pairwise(found)} - {0})


@dataclass
class ModuleContext:
    """What is emitted, for which processor, and for how many rows and threads.

    rows     a batch has room for so many
    threads  so many at most share the work
    scratch  numbers of memory that a thread needs while it computes a product: as many as the largest one needs
    """

    module: ir.Module
    dtype: str
    processor: Processor
    rows: int
    threads: int
    scratch: int = 0

    @cached_property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return self.processor.lanes(self.dtype)

    @property
    def element(self) -> Any:
        """The LLVM type of a number."""
        return element_type(self.dtype)

    @property
    def parts(self) -> int:
        """Into so many parts everything is cut that is no product."""
        return PARTS if self.threads > 1 else 1

    def layout(self, rows: int, columns: int) -> Panels:
        """How a weight matrix and its moments lie."""
        return Panels(rows, columns, self.dtype, self.processor)

    def stride(self, columns: int) -> int:
        """Numbers from one row of activations to the next."""
        return row_stride(columns, self.dtype, self.processor)
