"""One comparison of a proof: what was compared, how far apart it was, and where it is worst."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import FrozenValue
from chainrule.formula.expression import Shape

MEASURED, EXACT = 1e-7, 1e-10
"""How far a derivative may be from one measured with differences, and a value from an equal formula, in parts of the largest element."""


class Check(FrozenValue):
    """One comparison.

    what       what was compared, with the shapes
    error      how far apart the two were, in parts of the largest element
    tolerance  how far apart they may be
    detail     the worst place, or why there is nothing to compare
    by         the operand, where a derivative was compared
    """

    what: str
    error: float
    tolerance: float
    detail: str = ""
    by: str = ""

    @property
    def passed(self) -> bool:
        """True if the error is within the tolerance; NaN is not."""
        return self.error <= self.tolerance

    def __str__(self) -> str:
        if self.passed:
            return f"right   {self.what}{f': off by {self.error:.1e} at most' if self.tolerance else ''}"
        return f"wrong   {self.what}: {self.detail}"


def shape_text(shape: Shape) -> str:
    """A shape as people write it: batch × 3."""
    return " × ".join(str(dimension) for dimension in shape) or "one number"


def scale_of(array: Array, least: float = 1e-9) -> float:
    """The largest magnitude; 1 where all is as good as zero."""
    largest = float(np.max(np.abs(array), initial=0.0))
    return largest if largest > least else 1.0


def equal(what: str, got: Any, wanted: Any, ours: str, theirs: str) -> Check:
    """Two values that should be equal, with the rounding of numbers around 1 allowed for."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.shape != wanted.shape:
        return failure(what, f"{ours} gives the shape {got.shape}, {theirs} the shape {wanted.shape}.")
    return compared(what, got, wanted, EXACT, ours, theirs, scale=scale_of(wanted, least=1.0))


def compared(
    what: str,
    got: Array,
    wanted: Array,
    tolerance: float,
    ours: str,
    theirs: str,
    by: tuple[str, Array] | None = None,
    scale: float | None = None,
) -> Check:
    """Two arrays that should be equal; the detail names the worst element, counted from 1."""
    apart = np.abs(got - wanted) / (scale_of(wanted) if scale is None else scale)
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(apart), np.inf, apart))), apart.shape)
    index = f"[{','.join(str(int(i) + 1) for i in worst)}]" if worst else ""
    place = f"at {by[0]}{index} = {by[1][worst]:.6g} " if by else f"at {index} " if index else ""
    size = f"{100 * abs(got[worst] - wanted[worst]) / scale_of(wanted[worst]):.2g} %"
    detail = f"{place}{ours} says {got[worst]:.9g}, {theirs} {wanted[worst]:.9g}: off by {size}."
    return Check(what, float(apart[worst]), tolerance, detail, by[0] if by else "")


def truth(what: str, holds: Any, otherwise: str) -> Check:
    """Something that should hold."""
    return Check(what, 0.0, 0.0) if holds else failure(what, otherwise)


def failure(what: str, why: str, by: str = "") -> Check:
    """What could not even be compared."""
    return Check(what, float("inf"), 0.0, why, by)
