"""Names of columns: out of several rows, completed where one lacks, no two alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from chainrule.base.errors import FileError, quoted
from chainrule.data.cells import is_missing
from chainrule.data.headers import reads_as_number
from chainrule.data.notes import Notice, notice
from chainrule.data.numbers import looks_like_number, parsed

UNSEEN = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202c\u2060\ufeff"))
"""Signs without width, which are no part of a name."""

THOUSANDS, HUNDREDS = re.compile(r"[$€£+-]*[1-9]\d{0,2}"), re.compile(r"\d{3}(?:\.\d+)?")
"""The parts of 5,612.40 that a comma is between."""

MOST_NAMES = 3
"""Rows below the header that go on with it, at most."""


def composed(name: object) -> str:
    """A name with é as one sign, also where the file has it as two, as those of macOS do: they look alike, and are asked for alike."""
    return unicodedata.normalize("NFC", str(name))


def further_names(rows: Sequence[Sequence[str]]) -> int:
    """How many rows below the header go on with it: units, or names, above two columns of numbers at least."""
    others = rows[1 + MOST_NAMES :]
    columns = [place for place in range(len(rows[0])) if _holds_numbers([row[place] for row in others if len(row) > place])]
    if len(others) < MOST_NAMES or len(columns) < 2:
        return 0
    for count, row in enumerate(rows[1 : 1 + MOST_NAMES]):
        known = [row[place] for place in columns if len(row) > place and not is_missing(row[place])]
        if len(known) < max(2, len(columns) / 2) or any(parsed(cell) is not None for cell in known):
            return count + (count > 0 and _names_the_rows(row))
    return MOST_NAMES


def _names_the_rows(row: Sequence[str]) -> bool:
    """Is nothing but the first cell filled, as where pandas writes what the names of rows are called below several rows of names?"""
    return bool(row[0].strip()) and not any(cell.strip() for cell in row[1:]) and parsed(row[0]) is None


def names_in_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """The names of columns out of several rows: the first cell that is filled; where that is not enough to tell them apart, all of them, of
    which one in an upper row counts for the empty ones on its right. A last row with nothing but the first cell names the first column.
    """
    index = rows[-1][0] if len(rows) > 2 and _names_the_rows(rows[-1]) else ""
    rows = rows[:-1] if index else rows
    names = [next(filter(None, map(str.strip, cells)), "") for cells in zip(*rows, strict=False)]
    if len(set(names)) < len(names):
        above = [list(accumulate(row, _carried)) for row in rows[:-1]]
        names = [" ".join(filter(None, map(str.strip, dict.fromkeys(cells)))) for cells in zip(*above, rows[-1], strict=False)]
    return [index, *names[1:]] if index else names


def _carried(left: str, cell: str) -> str:
    """What counts for a cell: itself, or the filled one on its left."""
    return cell if cell.strip() else left


def _holds_numbers(cells: Sequence[str]) -> bool:
    known = [cell for cell in cells[:200] if not is_missing(cell)]
    return len(known) > 1 and sum(map(looks_like_number, known)) > 0.9 * len(known)


def completed_header(
    path: str, first: Sequence[str], usual: int, has_header: bool, others: Sequence[Sequence[str]]
) -> tuple[Sequence[str], list[Notice]]:
    """The names, one more where all rows have one cell more than the header; and what that is.

    An empty last cell is a separator at the end of the line; else the first column has no name, as where R writes the names of rows.
    """
    if not has_header or usual == len(first):
        longer = sum(len(row) > len(first) for row in others) > len(others) / 2
        return first, [notice("found.ends.rows")] if longer else []
    if usual < len(first):
        return first[:usual], [notice("found.ends.header")]
    wide = [row for row in others if len(row) == usual]
    if not any(row[-1].strip() for row in wide):
        return first, [notice("found.ends.rows")]
    _check_not_parted(path, wide)
    name = next(name for name in ("row", "row_name", *(f"row{place}" for place in range(2, len(first) + 4))) if name not in first)
    return [name, *first], [notice("found.row_names", name=name)]


def _check_not_parted(path: str, rows: Sequence[Sequence[str]]) -> None:
    """Raises FileError where the one cell more than names may come from a comma inside of numbers: 5,612 that is not in quotes."""
    starts = [row[0].strip() for row in rows]
    counted = all(map(str.isdigit, starts)) and set(np.diff(list(map(int, starts)))) <= {1}
    if counted or (len(set(starts)) == len(starts) and not any(map(reads_as_number, starts))):
        return  # names of rows
    for place in range(len(rows[0]) - 1):
        if all(THOUSANDS.fullmatch(row[place].strip()) and HUNDREDS.fullmatch(row[place + 1].strip()) for row in rows):
            cells = ",".join(rows[0][place : place + 2])
            raise FileError(
                f"{path}: every row has one cell more than there are names, and {quoted(cells)} in row 1 may be one number with a "
                "thousands sign; put such numbers in quotes, or give the first column a name if it has none."
            )


def names_from(path: str, first: Sequence[str], has_header: bool) -> tuple[str, ...]:
    """The names in a header; column1, column2 … where there is none, or a cell is empty. Raises FileError where two are alike."""
    bare = (composed(cell.translate(UNSEEN).strip()) for cell in first)
    names = [(cell if has_header else "") or f"column{place}" for place, cell in enumerate(bare, start=1)]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise FileError(f"{path} has two columns called {quoted(twice)}; give each its own name, or say «--no-header» if these are values.")
    return tuple(names)
