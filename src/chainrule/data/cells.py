"""What cells of text mean: numbers, booleans, dates, missing values, or plain text. Whole columns at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"
Kind: TypeAlias = Literal["number", "text", "boolean", "date"]

KINDS: tuple[Kind, ...] = ("number", "text", "boolean", "date")

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "?", "-"})
"""How people write that there is no value, in small letters."""

TRUTH = {"true": 1.0, "false": 0.0}

TIME = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?"
DATE = re.compile(rf"(\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](\d{{4}}|\d{{2}}))([T ]\s*{TIME})?|{TIME}")


def is_missing(cell: str) -> bool:
    """Does the cell say that there is no value?"""
    return cell.strip().lower() in MISSING


def parse_number(cell: str, decimal: str = ".") -> float | None:
    """The number that one cell holds; None if it holds none. A missing value is NaN.

    >>> parse_number("1,5", decimal=","), parse_number("1e3"), parse_number("1_000")
    (1.5, 1000.0, None)
    """
    values = numbers([cell], decimal)
    return None if values is None else float(values[0])


def numbers(cells: Sequence[str], decimal: str = ".") -> Array | None:
    """(cells,) float64, NaN where a value is missing; None if any cell is no number."""
    text = "\n".join(cells)
    if "_" in text or not text.isascii():  # Python's float would take 1_000 and ١٢
        return None
    if decimal != ".":
        if "." in text:
            return None
        cells = text.replace(decimal, ".").split("\n") if text.count("\n") == len(cells) - 1 else [c.replace(decimal, ".") for c in cells]
    values = _plain_floats(cells)  # the quicker way, for columns without missing values
    return _plain_floats(["nan" if is_missing(cell) else cell for cell in cells]) if values is None else values


def _plain_floats(cells: Sequence[str]) -> Array | None:
    try:
        return np.array(list(map(float, cells)), dtype=np.float64)
    except ValueError:
        return None


def truths(cells: Sequence[str]) -> Array | None:
    """(cells,) 0 for false, 1 for true, NaN where missing; None if any cell is neither."""
    values = [TRUTH.get(cell.strip().lower()) for cell in cells]
    if any(value is None and not is_missing(cell) for value, cell in zip(values, cells, strict=True)):
        return None
    return np.array(values, dtype=np.float64)


def texts(cells: Sequence[str]) -> Array:
    """(cells,) objects: the text without the blanks around it, None where missing."""
    values = np.empty(len(cells), dtype=object)
    values[:] = [None if is_missing(cell) else cell.strip() for cell in cells]
    return values


def recognised(cells: Sequence[str], decimal: str = ".") -> tuple[Array, Kind | None]:
    """The values and what kind they are; the kind is None (and the values are NaN) where all are missing."""
    if (values := numbers(cells, decimal)) is not None:
        return values, None if np.isnan(values).all() else "number"
    first = next((cell for cell in cells if not is_missing(cell)), "")
    if first.strip().lower() in TRUTH and (values := truths(cells)) is not None:
        return values, "boolean"
    values = texts(cells)
    dates = DATE.fullmatch(first.strip()) and all(cell is None or DATE.fullmatch(cell) for cell in values)
    return values, "date" if dates else "text"


def converted(cells: Sequence[str], kind: Kind, decimal: str = ".") -> Array | None:
    """The values as this kind; None if any cell cannot be one."""
    if kind == "number":
        return numbers(cells, decimal)
    if kind == "boolean":
        values = truths(cells)
        return numbers(cells, decimal) if values is None else values  # 0 and 1
    return texts(cells)


def common_kind(first: Kind | None, second: Kind | None) -> Kind | None:
    """The kind of a column whose two parts are of these kinds."""
    return second if first is None or first == second else first if second is None else "text"
