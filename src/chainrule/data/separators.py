"""Rows and cells of a text: which sign is between them, and which is around them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from chainrule.base.errors import FileError
from chainrule.data.cells import is_missing
from chainrule.data.headers import reads_as_number

SEPARATORS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", " ": "blanks"}
"""Separators that are tried, the less ambiguous ones first."""

ODD_SEPARATOR = re.compile(r"""[^\w\s.,;|+\-/%'"()\[\]{}#$€£]""")
"""What separates cells where none of these signs does: a sign that is no part of words, numbers and dates."""

NO_SEPARATOR = "\x1f"
"""What stands in for the separator of a single column: ASCII's own, which nobody types."""

SEVERAL = 1000
"""Lines that tell whether an odd sign separates."""

csv.field_size_limit(max(csv.field_size_limit(), 1 << 20))  # Python's own limit is shorter than some texts


def rows_of(
    path: str, lines: Iterable[str], separator: str | None, lenient: bool = False, quote: str = '"', *, spaced: bool = False, above: int = 0
) -> Iterator[list[str]]:
    """The cells of every row. Raises FileError at what is no row, with its line, of which so many are above; with `lenient` the rows end
    there.
    """
    blanks = separator == " " or quote != '"' or spaced
    if separator == " ":
        lines = (line.strip().replace("\t", " ") for line in lines)
    reader = csv.reader(lines, delimiter=separator or NO_SEPARATOR, skipinitialspace=blanks, strict=True, quotechar=quote)
    try:
        yield from reader
    except csv.Error as error:
        if not lenient:
            long = f"a cell has more than {csv.field_size_limit():,} characters; is a quote left open?"
            why = "a quote is left open" if "unexpected end" in str(error) else long if "field limit" in str(error) else error
            raise FileError(f"{path} is not a table: {why} (line {above + reader.line_num:,}).") from None


def cells_of(line: str, separator: str | None) -> Sequence[str]:
    """The cells of a line by itself."""
    return line.split(separator) if separator and '"' not in line else next(rows_of("", [line], separator, lenient=True), [])


def trimmed(row: list[str], width: int) -> list[str]:
    """The row without the empty cells that separators at its end make."""
    return row[:width] if len(row) > width and not any(cell.strip() for cell in row[width:]) else row


def separator_of(text: str) -> str | None:
    """The separator at which most rows have as many cells as the first one, and most cells are numbers; None for a single column."""
    first = _first_row(text)
    tried = {separator: score_of(text, separator) for separator in SEPARATORS if separator in first.strip()}
    fitting = {separator: score for separator, score in tried.items() if score > (0, 0) and (separator != " " or score[0] == 1)}
    return max(fitting, key=lambda separator: fitting[separator]) if fitting else _odd_separator(text)


def _odd_separator(text: str) -> str | None:
    """The sign that stands equally often in every line, as ^ does in a^b^c; None where there is none, or more than one."""
    lines = [line for line in text.splitlines() if line.strip()][:SEVERAL]
    signs = set(ODD_SEPARATOR.findall(lines[0])) if len(lines) > 2 else set()
    fitting = [sign for sign in signs if len({line.count(sign) for line in lines}) == 1]
    return fitting[0] if len(fitting) == 1 else None


def _first_row(text: str) -> str:
    """The text of the first row; inside of quotes it may go over several lines."""
    first = ""
    for line in io.StringIO(text.lstrip("\r\n"), newline=""):
        first += line
        if first.count('"') % 2 == 0:
            break
    return first


def score_of(text: str, separator: str) -> tuple[float, float]:
    """The share of rows as wide as the first, or as most where these are wider by one, and the share of numbers among the cells."""
    lines = io.StringIO(text, newline="")
    rows = [row for row in rows_of("", lines, separator, lenient=True, spaced=is_spaced(text, separator)) if row]
    if not rows:
        return 0.5, 0  # a quote is left open; that is said later
    if len(rows[0]) < 2:
        return 0, 0
    cells = list(islice((cell for row in rows for cell in row), 5000))
    share = sum(is_missing(cell) or reads_as_number(cell) for cell in cells) / len(cells)
    usual = usual_width(rows)
    return (1 + sum(len(row) == usual for row in rows[1:])) / len(rows), share


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """How many cells most rows have: as many as the first one, or one more, or as many as are filled there before its empty end."""
    width = len(rows[0])
    filled = max((place for place, cell in enumerate(rows[0], start=1) if cell.strip()), default=width)
    counts = Counter(len(row) for row in rows[1:])
    return max((width, width + 1, filled), key=lambda tried: counts[tried])


def is_spaced(text: str, separator: str | None) -> bool:
    """Do blanks stand between separators and opening quotes, as in 1.5, "red, dark"?"""
    if separator in (None, " "):
        return False
    before = text.split('"')[:-1:2]  # what stands before each opening quote
    return any(piece.endswith(" ") and piece.rstrip(" ").endswith(separator) for piece in before)


def quote_around(text: str, separator: str | None) -> str:
    """The sign around cells: ' where it opens and closes cells, stands nowhere else, and the usual one does not."""
    if separator is None or '"' in text or "'" not in text:
        return '"'
    edge = re.escape(separator)
    around = re.findall(rf"(?:^|(?<={edge})) *'[^'\n]*' *(?={edge}|\r?$)", text, re.MULTILINE)
    return "'" if len(around) > 1 and 2 * len(around) == text.count("'") else '"'
