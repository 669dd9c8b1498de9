"""The engine `keep`: every value of a graph, kept. Slow and thorough; what explanations are made of.

>>> from chainrule.expression import Name, variable
>>> x = variable(Name("x"), ("batch", 2))
>>> evaluate([x * x], {x: [[1.0, 2.0]]})[x].tolist()
[[1.0, 2.0]]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.engines.arrays import Arrays
from chainrule.evaluation import values_of
from chainrule.expression import Expression

FLOATS = Arrays(np)


def evaluate(roots: Sequence[Expression], bindings: Mapping[Expression, Any], arrays: Arrays = FLOATS) -> dict[Expression, Any]:
    """The value of every node below `roots`.

    bindings  numbers for the variables (or for any other node, which is then not computed)
    arrays    the kind of number: floats of an Array-API namespace, or `Exact`

    Overflow gives infinities and NaNs as usual; nothing warns, the caller looks. Raises ShapeError, InputError, InexactError.
    """
    with np.errstate(all="ignore"):
        return values_of(roots, bindings, arrays)
