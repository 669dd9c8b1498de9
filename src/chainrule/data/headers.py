"""Is the first row of a table a header, or a row of values?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice

import numpy as np

from chainrule.data.cells import is_missing, parse_number, plain_floats, shape_of
from chainrule.data.dates import is_date
from chainrule.data.numbers import parsed

YEAR = re.compile(r"(?:1[89]|20)\d{2}")


def reads_as_number(cell: str) -> bool:
    """Does the cell hold a number without a unit?"""
    if cell[-1:].isdigit() and cell.isascii() and "_" not in cell and plain_floats([cell]) is not None:
        return True
    found = parsed(shape_of(cell))
    return (found is not None and not found.unit) or (not is_missing(cell) and parse_number(cell) is not None)


def has_header_row(rows: Sequence[Sequence[str]]) -> bool:
    """Is the first row a header? Not if it holds numbers only, nor if it holds numbers and a text twice, texts that stand further down
    again, or numbers as those below them.
    """
    first = rows[0]
    numeric = [is_missing(cell) or reads_as_number(cell) for cell in first]
    if not any(is_number and not is_missing(cell) for is_number, cell in zip(numeric, first, strict=True)):
        return True
    texts = [place for place, is_number in enumerate(numeric) if not is_number]
    others = [cell.strip() for cell in first[1:]]
    if not texts and not first[0].strip() and (_run_evenly(others) or _rise(others)):
        return not any(is_missing(row[0]) for row in rows[1:])  # a table of two ways, with names of rows
    if not texts:
        return (are_years(first) and not any(are_years(row) for row in rows[1:])) or _counts_columns(first, rows[1:])
    if len({first[place].strip() for place in texts}) < len(texts):
        return False
    below = [[row[place] for row in rows[1:] if len(row) > place and not is_missing(row[place])] for place in range(len(first))]
    if all(first[place] in below[place] for place in texts):
        return False
    numbers = [place for place, is_number in enumerate(numeric) if is_number and not is_missing(first[place])]
    return _are_names(first, numbers, texts, [cells[:200] for cells in below])


def _are_names(first: Sequence[str], numbers: Sequence[int], texts: Sequence[int], below: Sequence[Sequence[str]]) -> bool:
    """Are the numbers in the first row names of columns, as the texts in it would be? Those of a row of values, which may begin with a text
    or a date, are written as those below.

    numbers, texts  their places
    """
    if any(_stands_above_values(first[place], below[place]) for place in texts):
        return True
    if all(first[place] not in below[place] for place in texts) and any(_is_unlike(first[place], below[place]) for place in texts):
        return True
    if any(is_date(first[place]) and _are_days(below[place]) for place in texts):
        return False
    others = [first[place].strip() for place in numbers]
    if _run_evenly(others) or (_rise(others) and not all(map(_rise, islice(zip(*(below[place] for place in numbers), strict=False), 20)))):
        return True
    return not any(
        _decimal_digits(first[place]) in set(map(_decimal_digits, below[place])) and not _is_year(first, below, place) for place in numbers
    )


def _stands_above_values(cell: str, below: Sequence[str]) -> bool:
    """Is this text above numbers, or above dates of which it is none?"""
    return bool(below) and (sum(map(reads_as_number, below)) > 0.9 * len(below) or (_are_days(below) and not is_date(cell)))


def _is_unlike(cell: str, below: Sequence[str]) -> bool:
    """Is this a text without digits above texts that all have some, or one that comes once above the same few again and again?"""
    numbered = len(below) > 2 and not any(map(str.isdigit, cell)) and all(any(map(str.isdigit, text)) for text in below)
    return numbered or (len(below) >= 10 and min(Counter(below).values()) > 1)


def _are_days(cells: Sequence[str]) -> bool:
    return bool(cells) and all(map(is_date, cells[:20]))


def _run_evenly(cells: Sequence[str]) -> bool:
    """Are these numbers in equal steps, or years in order, as columns are called by places, wavelengths or years?"""
    values = plain_floats(cells)
    if values is None or len(values) < 2:
        return False
    steps = np.diff(values)
    in_order = bool((steps > 0).all() or (steps < 0).all())
    counted = values[0] in (0, 1) and bool((steps == 1).all())
    return in_order and (all(map(YEAR.fullmatch, cells)) or counted or (len(values) > 2 and np.allclose(steps, steps[0])))


def _rise(cells: Sequence[str]) -> bool:
    """Are these so many numbers, each larger than the one before, that this is no chance?"""
    values = plain_floats(cells)
    return values is not None and len(values) > 4 and bool((np.diff(values) > 0).all())


def _is_year(first: Sequence[str], below: Sequence[Sequence[str]], place: int) -> bool:
    """Is it a year above numbers that are none?"""
    return YEAR.fullmatch(first[place].strip()) is not None and not all(YEAR.fullmatch(cell.strip()) for cell in below[place])


def _decimal_digits(cell: str) -> int:
    """How many digits stand behind the decimal sign of a number."""
    return len(re.split(r"[.,]", cell.strip())[-1]) if re.search(r"[.,]", cell) else 0


def are_years(row: Sequence[str]) -> bool:
    """Are these years, each the next one's predecessor: 2019, 2020 …?"""
    cells = [cell.strip() for cell in row]
    if len(cells) < 2 or not all(len(cell) == 4 and cell.isascii() and cell.isdigit() for cell in cells):
        return False
    years = list(map(int, cells))
    return years == list(range(years[0], years[0] + len(years))) and 1000 <= years[0] < 3000


def _counts_columns(row: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Are these the numbers from 0 on, as pandas calls columns without a name, above rows that are no whole numbers?"""
    cells = [cell.strip() for cell in (row if row[0].strip() else row[1:])]
    if len(cells) < 3 or cells != list(map(str, range(len(cells)))):
        return False
    return any(not cell.strip().isdigit() for other in others[:1] for cell in other[len(row) - len(cells) :])
