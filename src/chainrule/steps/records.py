"""The numbers of a record as JSON has them, and back: at full precision; fractions, infinities and NaN as strings."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, quoted
from chainrule.formula.arrays import Arrays, Exact, exact_array
from chainrule.formula.expression import PlainNumber


def json_numbers(values: Array) -> Any:
    """Nested lists of JSON numbers; what JSON has no number for becomes a string. Raises InputError for absurdly long fractions."""
    if values.dtype == object:
        try:
            return _nested(values.tolist())
        except ValueError:
            raise InputError(
                "this exact step holds fractions of thousands of digits, which no record can hold; record an earlier one."
            ) from None
    return values.tolist() if np.isfinite(values).all() else _nested(values.tolist())


def _nested(value: Any) -> Any:
    if isinstance(value, list):
        return [_nested(inner) for inner in value]
    if isinstance(value, Fraction):
        text = str(value)  # refused for too many digits, which JSON would refuse later
        return text if value.denominator > 1 else int(value)
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


NOT_FINITE = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


def array_from(values: Any, arrays: Arrays) -> Array:
    """Numbers read back: floats, or fractions. Raises InputError."""
    try:
        numbers = np.frompyfunc(_number, 1, 1)(np.array(values, dtype=object))
        return exact_array(numbers) if isinstance(arrays, Exact) else np.asarray(numbers, dtype=float)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError, RecursionError):
        raise InputError(f"the recorded step holds {quoted(values)}, which is no array of numbers.") from None


def _number(value: Any) -> PlainNumber:
    if isinstance(value, str):
        return NOT_FINITE[value] if value in NOT_FINITE else Fraction(*map(int, value.split("/")))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return value


def arrays_from(record: Mapping[str, Any], arrays: Arrays) -> dict[str, Array]:
    """Arrays read back, by key. Raises InputError."""
    return {key: array_from(values, arrays) for key, values in record.items()}
