"""Rows in JSON: an object a line, or a list of objects, or an object of columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.base.errors import FileError, quoted
from chainrule.base.files import parse_json, read_text
from chainrule.data.cells import Array
from chainrule.data.encodings import UNREADABLE, open_binary, unreadable_error
from chainrule.data.files import suffix_of

FIRST = 1000
"""So many rows say which columns there are."""


def of_json(path: Path, rows: int) -> Iterator[tuple[dict[str, Array], int]]:
    """Columns of consecutive parts of a file of JSON, and the number of each part's first row. Raises FileError."""
    if suffix_of(path) == ".json" and (whole := _whole(path)) is not None:
        yield {str(name): _column(values) for name, values in whole.items()}, 1
        return
    lines = _objects(path)
    start = list(islice(lines, FIRST))
    if not start:
        raise FileError(f"{path} holds no rows.")
    names = list(dict.fromkeys(name for row in start for name in row))
    first, waiting = 1, start
    while waiting:
        block = [*waiting, *islice(lines, max(0, rows - len(waiting)))]
        block, waiting = block[:rows], block[rows:]
        for number, row in enumerate(block, start=first):
            if not names and not row:
                continue
            _check(path, number, row, names)
        yield {name: _column([row.get(name) for row in block]) for name in names}, first
        first += len(block)
        waiting = waiting or list(islice(lines, rows))


def _whole(path: Path) -> Mapping[str, list[Any]] | None:
    """The columns of a .json file that is a list of objects, or an object of lists; None where a line has an object. Raises FileError."""
    text = read_text(path) if path.suffix.lower() == ".json" else open_binary(path).read().decode("utf-8-sig", "replace")
    lines = text.strip().splitlines()
    if len(lines) > 1 and lines[0].strip().startswith("{") and lines[0].strip().endswith("}"):
        return None
    data = parse_json(text, str(path))
    if isinstance(data, Mapping) and data and all(isinstance(values, list) for values in data.values()):
        return data
    if isinstance(data, Mapping):
        data = [data]
    if not isinstance(data, list) or not data or not all(isinstance(row, Mapping) for row in data):
        raise FileError(f"{path} is no table: it should hold a list of objects, one a row, or an object of columns.")
    names = list(dict.fromkeys(name for row in data for name in row))
    for number, row in enumerate(data, start=1):
        _check(path, number, row, names)
    return {name: [row.get(name) for row in data] for name in names}


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    number = 0
    try:
        with open_binary(path) as file:
            for line in _lines(file):
                if not line.strip():
                    continue
                number += 1
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    held = quoted(line[:40].decode("utf-8", "replace"))
                    raise FileError(f"{path}: row {number} is no complete JSON: {held} ({error}).") from None
                if not isinstance(row, dict):
                    raise FileError(f'{path}: row {number} is no object; each line holds one row, as {{"height": 1.7, "colour": "red"}}.')
                yield row
    except UNREADABLE as error:
        raise unreadable_error(path, error) from None


def _lines(file: Iterable[bytes]) -> Iterator[bytes]:
    for place, line in enumerate(file):
        yield line.removeprefix(b"\xef\xbb\xbf") if place == 0 else line


def _check(path: Path, number: int, row: Mapping[str, Any], names: list[str]) -> None:
    """Raises FileError for a column that comes late, and for what is no single value."""
    for name, value in row.items():
        if name not in names:
            late = f"{path}: row {number} has {quoted(name)}, which no row of the first {FIRST:,} has"
            raise FileError(f"{late}; give it to the first one, as null.")
        if isinstance(value, (dict, list)):
            where = f"{path}: row {number}, column {quoted(name)}"
            raise FileError(f"{where} holds {quoted(value)}; a cell is a number, text, a truth value or null.")


def _column(values: list[Any]) -> Array:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
