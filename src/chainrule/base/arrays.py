"""What arrays of numbers are, to type checkers, and single numbers of any kind: nothing here, nor on this wing alone, imports NumPy."""

from __future__ import annotations

from numbers import Rational
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"
"""Numbers of any shape and kind, as NumPy holds them."""


def python_value(value: Any) -> Any:
    """A number or a truth value, of whatever kind, as Python's own, also within a list or a table; everything else as it is.

    >>> from fractions import Fraction
    >>> import numpy as np
    >>> python_value([np.int64(3), np.float32(0.5), np.bool_(True), Fraction(1, 4), "relu"])
    [3, 0.5, True, 0.25, 'relu']
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if type(value) in (list, tuple):
        return type(value)(map(python_value, value))
    if type(value) is dict:
        return {name: python_value(one) for name, one in value.items()}
    if getattr(value, "ndim", 1) == 0 and hasattr(value, "item"):  # a single number of NumPy, PyTorch, JAX …
        return value.item()
    return float(value) if isinstance(value, Rational) else value
