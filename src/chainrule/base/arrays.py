"""What arrays of numbers are, to type checkers: nothing here imports NumPy, nor does what stands on this wing alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"
"""Numbers of any shape and kind, as NumPy holds them."""
