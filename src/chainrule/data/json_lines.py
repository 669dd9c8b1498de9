"""Rows in JSON: an object a line, a list of objects or of lists, or an object of columns. Objects within rows are columns: user.age."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, quoted
from chainrule.base.files import LARGEST_TEXT, parse_json, read_stream
from chainrule.data.encodings import UNREADABLE, marked_encoding, open_binary, unreadable_error
from chainrule.data.files import suffix_of

FIRST = 1000
"""So many rows say which columns there are."""


def of_json(path: Path, rows: int) -> Iterator[tuple[dict[str, Array], int]]:
    """Columns of consecutive parts of a file of JSON, and the number of each part's first row. Raises FileError."""
    if suffix_of(path) == ".json" and (whole := _whole(path)) is not None:
        yield {str(name): values for name, values in whole.items()}, 1
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


def _whole(path: Path) -> Mapping[str, Array] | None:
    """The columns of a .json file that is a list of objects, or an object of lists; None where a line has an object. Raises FileError."""
    try:
        with open_binary(path) as file:
            content = file.read(LARGEST_TEXT + 1)
    except UNREADABLE as error:
        raise unreadable_error(path, error) from None
    if len(content) > LARGEST_TEXT:
        raise FileError(f"{path} is larger than {LARGEST_TEXT:,} bytes; write one object a line (.jsonl), which is read part by part.")
    text = read_stream(io.BytesIO(content), str(path), _encoding_of(path))
    lines = text.strip().splitlines()
    if len(lines) > 1 and lines[0].strip().startswith("{") and lines[0].strip().endswith("}"):
        return None
    data = _unwrapped(parse_json(text, str(path)))
    if isinstance(data, Mapping) and data and all(isinstance(values, list) for values in data.values()):
        return {name: _column(values) for name, values in data.items()}
    if isinstance(data, Mapping):
        inner = [place for place, held in _lists(data) if len(held) > 1]
        if inner:
            what = f"the list {inner[0]}" if len(inner) == 1 else f"one of its lists ({', '.join(inner[:4])})"
            raise FileError(f"{path} is no table, but one object; write {what} into a file of its own, as a list of objects, one a row.")
        data = [data]
    data = _named(data) if _are_lists(data) else data
    if not isinstance(data, list) or not data or not all(isinstance(row, Mapping) for row in data):
        raise FileError(f"{path} is no table: it should hold a list of objects, one a row, or an object of columns.")
    return columns_of(data)


def _are_lists(data: Any) -> bool:
    """Are these rows of one length, without names?"""
    lists = isinstance(data, list) and bool(data) and all(isinstance(row, list) and row for row in data)
    return lists and len(set(map(len, data))) == 1


def _named(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows with names: those of the first row, where it holds texts alone above something else; else column1, column2 …"""
    first, others = rows[0], rows[1:]
    texts = all(isinstance(name, str) for name in first) and len(set(first)) == len(first)
    has_header = texts and any(not isinstance(cell, str) for row in others for cell in row)
    names = first if has_header else [f"column{place}" for place in range(1, len(first) + 1)]
    return [dict(zip(names, row, strict=True)) for row in (others if has_header else rows)]


def _lists(data: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """The lists of objects, or of lists, that objects within objects hold, each by its place, as hits.hits."""
    for name, held in data.items():
        if isinstance(held, Mapping):
            yield from ((f"{name}.{place}", inner) for place, inner in _lists(held))
        elif isinstance(held, list) and held and all(isinstance(row, (Mapping, list)) for row in held):
            yield str(name), held


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
    """Rows as columns; what a row lacks is None.

    >>> columns_of([{"user": {"age": 41}, "y": 1}, {"y": 2}])
    {'user.age': array([41, None], dtype=object), 'y': array([1, 2], dtype=object)}
    """
    flat = [*map(_unnested, rows)]
    names = dict.fromkeys(name for row in flat for name in row)
    return {name: _column([row.get(name) for row in flat]) for name in names}


def _unnested(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with what objects in it hold in their place, by the names of both."""
    if not any(isinstance(value, Mapping) for value in row.values()):
        return row
    flat: dict[str, Any] = {}
    for name, value in row.items():
        flat |= {f"{name}.{part}": held for part, held in _unnested(value).items()} if isinstance(value, Mapping) else {name: value}
    return flat


def _unwrapped(data: Any) -> Any:
    """The table in what stands around it: {"data": [{…}, …]}; or in one of the other forms that pandas writes.

    These are {"columns": […], "data": [[…], …]}, and an object of columns, each an object by the names of its rows, or of rows by number.
    """
    if not isinstance(data, Mapping):
        return data
    if len(data) > 1 and all(isinstance(column, Mapping) for column in data.values()):
        if all(map(str.isdigit, map(str, data))) and not any(str(name).isdigit() for row in data.values() for name in row):
            return _with_keys(data)
        columns = {name: list(column.values()) for name, column in data.items()}
        return columns if len(set(map(tuple, data.values()))) == 1 else data
    lists = [value for value in data.values() if isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value)]
    if len(lists) == 1 and not any(isinstance(value, list) for value in data.values() if value is not lists[0]):
        return lists[0]
    names, rows = data.get("columns"), data.get("data")
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return [dict(zip(map(str, names), row, strict=True)) for row in rows]
    return data


def _with_keys(rows: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows under numbers, which are a column of their own, called row as that of a file, unless they count the rows: {"2019": {…}, …}."""
    numbers = [int(number) for number in rows]
    if numbers == [*range(len(rows))] or numbers == [*range(1, len(rows) + 1)]:
        return [*rows.values()]
    name = next(name for name in ("row", "row_name", "row_number") if not any(name in row for row in rows.values()))
    return [{name: number, **row} for number, row in zip(numbers, rows.values(), strict=True)]


def _objects(path: Path) -> Iterator[Mapping[str, Any]]:
    number = 0
    try:
        encoding = _encoding_of(path)
        with open_binary(path) as file, io.TextIOWrapper(file, encoding, newline="\n", errors="surrogateescape") as lines:
            for line in lines:
                if not line.strip():
                    continue
                number += 1
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    held = quoted(line[:40])
                    raise FileError(f"{path}: row {number} is no complete JSON: {held} ({error}).") from None
                if not isinstance(row, dict):
                    raise FileError(f'{path}: row {number} is no object; each line holds one row, as {{"height": 1.7, "colour": "red"}}.')
                yield _unnested(row)
    except UNREADABLE as error:
        raise unreadable_error(path, error) from None


def _encoding_of(path: Path) -> str:
    with open_binary(path) as file:
        found = marked_encoding(file.read(4))
    return "utf-8-sig" if found == "utf-8" else found


def _check(path: Path, number: int, row: Mapping[str, Any], names: Collection[str]) -> None:
    """Raises FileError for a column that comes late."""
    for name in row:
        if name not in names:
            late = f"{path}: row {number} has {quoted(name)}, which no row of the first {FIRST:,} has"
            raise FileError(f"{late}; give it to the first one, as null.")


def _column(values: list[Any]) -> Array:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
