"""Tables in text files: separator, decimal sign, encoding and header are found out, then rows are read block by block."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from chainrule.base.errors import FileError, InputError, quoted
from chainrule.data.cells import Kind, converted, is_missing, parse_number, recognised
from chainrule.data.encodings import checked_encoding, encoding_error, marked_encoding, not_text_error, open_binary, unreadable_error
from chainrule.data.table import Column, Table

SEPARATORS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", " ": "blanks"}
"""Separators that are tried, the less ambiguous ones first."""

NO_SEPARATOR = "\x1f"
"""What stands in for the separator of a single column: ASCII's own, which nobody types."""

SAMPLE = 1 << 18
"""Bytes from which the form of a file is found out."""

LARGEST_SAMPLE = 1 << 26
"""Bytes; in this many a header and two rows must be found."""

DECIMAL = {sign: re.compile(rf"\s*[+-]?\d*{re.escape(sign)}\d+([eE][+-]?\d+)?\s*") for sign in ".,"}


@dataclass(frozen=True)
class TextFormat:
    """How a text file holds its table; the separator is None for a single column."""

    path: str
    encoding: str
    separator: str | None
    decimal: str
    names: tuple[str, ...]
    has_header: bool
    notes: tuple[str, ...]


def text_format(
    path: str, separator: str | None = None, decimal: str | None = None, encoding: str | None = None, header: bool | None = None
) -> TextFormat:
    """The form of a file, as far as it is not said. Raises FileError or InputError."""
    _check_options(separator, decimal)
    found, text, marked = _sample(path, encoding)
    if not text.strip():
        raise FileError(f"{path} is empty.")
    divider = _separator(text) if separator is None else separator
    rows = [row for row in _rows(path, io.StringIO(text, newline=""), divider, lenient=True) if any(cell.strip() for cell in row)]
    if not rows:
        raise FileError(f"{path} is not a table: its first row cannot be read; is a quote left open?")
    sign = _decimal(rows) if decimal is None else decimal
    has_header = _has_header(rows, sign) if header is None else header
    names = _names(path, rows[0], has_header)
    notes = _notes(divider, sign, found, marked, names, has_header, rows[0])
    return TextFormat(path, found, divider, sign, names, has_header, notes)


def _check_options(separator: str | None, decimal: str | None) -> None:
    if separator is not None and (len(separator) != 1 or separator in '\r\n"'):
        raise InputError(f"the separator is one character, as ; or a tab, not {quoted(separator)}.")
    if decimal is not None and decimal not in DECIMAL:
        raise InputError(f"the decimal sign is . or , not {quoted(decimal)}.")


def _sample(path: str, encoding: str | None) -> tuple[str, str, bool]:
    """The encoding, whole lines from the start of the file, and whether a byte-order mark was taken off."""
    try:
        with open_binary(path) as file:
            data = file.read(SAMPLE)
            while data.count(b"\n") < 3 and len(data) < LARGEST_SAMPLE and (more := file.read(SAMPLE)):
                data += more
            rest = file.read(1)
    except (OSError, EOFError) as error:
        raise unreadable_error(path, error) from None
    name = marked_encoding(data) if encoding is None else checked_encoding(encoding)
    try:
        text = codecs.getincrementaldecoder(name)().decode(data, final=not rest)
    except UnicodeDecodeError:
        raise encoding_error(path, name) from None
    if "\0" in text:
        raise not_text_error(path, name, data)
    return name, text[: text.rfind("\n") + 1] if rest else text, marked_encoding(data) != "utf-8"


def _rows(path: str, lines: Iterable[str], separator: str | None, lenient: bool = False) -> Iterator[list[str]]:
    """The cells of every row. Raises FileError at what is no row; with `lenient` the rows end there."""
    blanks = separator == " "
    if blanks:
        lines = (line.strip().replace("\t", " ") for line in lines)
    reader = csv.reader(lines, delimiter=separator or NO_SEPARATOR, skipinitialspace=blanks, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        if not lenient:
            why = "a quote is left open" if "unexpected end" in str(error) or "field limit" in str(error) else error
            raise FileError(f"{path} is not a table: {why} (line {reader.line_num:,}).") from None


def _separator(text: str) -> str | None:
    """The separator at which most rows have as many cells as the first one, and most cells are numbers; None for a single column."""
    first = _first_row(text)
    tried = {separator: _score(text, separator) for separator in SEPARATORS if separator in first.strip()}
    fitting = {separator: score for separator, score in tried.items() if score > (0, 0) and (separator != " " or score[0] == 1)}
    return max(fitting, key=lambda separator: fitting[separator]) if fitting else None


def _first_row(text: str) -> str:
    """The text of the first row; inside of quotes it may go over several lines."""
    first = ""
    for line in io.StringIO(text.lstrip("\r\n"), newline=""):
        first += line
        if first.count('"') % 2 == 0:
            break
    return first


def _score(text: str, separator: str) -> tuple[float, float]:
    """The share of rows as wide as the first, and the share of numbers among the cells."""
    rows = [row for row in _rows("", io.StringIO(text, newline=""), separator, lenient=True) if row]
    if not rows:
        return 0.5, 0  # a quote is left open; that is said later
    if len(rows[0]) < 2:
        return 0, 0
    cells = [cell for row in rows[:1000] for cell in row]
    share = sum(parse_number(cell) is not None or parse_number(cell, ",") is not None for cell in cells) / len(cells)
    return sum(len(row) == len(rows[0]) for row in rows) / len(rows), share


def _decimal(rows: Sequence[Sequence[str]]) -> str:
    """The sign that more numbers are written with."""
    counts = {sign: sum(pattern.fullmatch(cell) is not None for row in rows for cell in row) for sign, pattern in DECIMAL.items()}
    return "," if counts[","] > counts["."] else "."


def _has_header(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Is the first row a header? Not if it holds numbers only, nor if it holds numbers and its texts stand further down again."""
    first = rows[0]
    numeric = [parse_number(cell, decimal) is not None for cell in first]
    if not any(is_number and not is_missing(cell) for is_number, cell in zip(numeric, first, strict=True)):
        return True
    texts = [place for place, is_number in enumerate(numeric) if not is_number]
    below = [{row[place] for row in rows[1:] if len(row) > place} for place in texts]
    return not all(first[place] in cells for place, cells in zip(texts, below, strict=True))


def _names(path: str, first: Sequence[str], has_header: bool) -> tuple[str, ...]:
    names = [(cell.strip() if has_header else "") or f"column{place}" for place, cell in enumerate(first, start=1)]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise FileError(f"{path} has two columns called {quoted(twice)}; give each its own name.")
    return tuple(names)


def _notes(
    separator: str | None, decimal: str, encoding: str, marked: bool, names: Sequence[str], has_header: bool, first: Sequence[str]
) -> tuple[str, ...]:
    """What was detected, in words."""
    called = {"": "none (one column)"}.get(separator or "", SEPARATORS.get(separator or "", quoted(separator)))
    notes = [f"separator: {called}", f"decimal sign: {'comma' if decimal == ',' else 'point'}"]
    if encoding not in ("utf-8", "utf-8-sig") or marked:
        notes.append(f"encoding: {encoding.removesuffix('-sig')}{' with a byte-order mark' if marked else ''}")
    if not has_header:
        notes.append(f"no header: the columns are called {', '.join(names) if len(names) < 4 else f'{names[0]} … {names[-1]}'}")
    elif any(parse_number(cell) is not None and cell.strip() for cell in first):
        notes.append("the first row is taken for the header although it holds numbers")
    return tuple(notes)


# Rows


def text_tables(form: TextFormat, rows: int, kinds: Mapping[str, Kind]) -> Iterator[Table]:
    """The file as tables of at most `rows` rows; a column's kind is as `kinds` says, else recognised in each table anew.

    A column without any value in a table is one of numbers there. Raises FileError, which names the row or the cell.
    """
    first = 1
    with closing(_blocks(form, rows)) as blocks:
        for block in blocks:
            yield Table(form.path, _columns(form, first, block, kinds), first, form.notes, form.has_header)
            first += len(block)
    if first == 1:
        raise FileError(f"{form.path} has a header but no rows.")


def _blocks(form: TextFormat, rows: int) -> Generator[list[list[str]]]:
    try:
        with open_binary(form.path) as file, io.TextIOWrapper(file, encoding=form.encoding, newline="") as lines:
            wanted = _without_blank_rows(_rows(form.path, lines, form.separator), len(form.names))
            if form.has_header:
                next(wanted, None)
            first = 1
            while block := list(islice(wanted, rows)):
                _check_widths(form, first, block)
                yield block
                first += len(block)
    except UnicodeDecodeError:
        raise encoding_error(form.path, form.encoding) from None
    except (OSError, EOFError) as error:
        raise unreadable_error(form.path, error) from None


def _without_blank_rows(rows: Iterable[list[str]], width: int) -> Iterator[list[str]]:
    return (row for row in rows if row and (len(row) > 1 or width == 1 or row[0].strip()))


def _check_widths(form: TextFormat, first: int, block: Sequence[Sequence[str]]) -> None:
    """Raises FileError if a row is longer or shorter than the header."""
    width = len(form.names)
    if set(map(len, block)) != {width}:
        number, row = next((number, row) for number, row in enumerate(block, start=first) if len(row) != width)
        fix = "fill in what lacks, with nothing between its separators" if len(row) < width else "put text that holds a separator in quotes"
        raise FileError(f"{form.path}: row {number} has {len(row)} cell{'s' * (len(row) != 1)}, but there are {width} columns; {fix}.")


def _columns(form: TextFormat, first: int, block: Sequence[Sequence[str]], kinds: Mapping[str, Kind]) -> tuple[Column, ...]:
    cells = zip(*block, strict=True)
    return tuple(_column(form, first, name, column, kinds.get(name)) for name, column in zip(form.names, cells, strict=True))


def _column(form: TextFormat, first: int, name: str, cells: Sequence[str], kind: Kind | None) -> Column:
    if kind is None:
        values, found = recognised(cells, form.decimal)
        return Column(name, values, found or "number")
    known = converted(cells, kind, form.decimal)
    if known is None:
        raise FileError(_stray(form, first, name, cells, kind))
    return Column(name, known, kind)


def _stray(form: TextFormat, first: int, name: str, cells: Sequence[str], kind: Kind) -> str:
    """The complaint about the first cell that is not of the column's kind."""
    place = next(place for place, cell in enumerate(cells) if converted([cell], kind, form.decimal) is None)
    hint = ""
    if kind == "number" and DECIMAL["." if form.decimal == "," else ","].fullmatch(cells[place]):
        hint = f" with a decimal {'comma' if form.decimal == ',' else 'point'}"
    called = "number" + hint if kind == "number" else "truth value"
    return f"{form.path}: row {first + place}, column {quoted(name)} holds {quoted(cells[place])}, which is no {called}."
