"""The form of a text file: its encoding, separator and header, and what stands around its table."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import accumulate, chain, islice, takewhile
from typing import IO

import numpy as np

from chainrule.base.errors import FileError, InputError, quoted
from chainrule.base.frozen import FrozenValue, replace
from chainrule.data.arff import is_arff, read_arff_head
from chainrule.data.cells import is_missing
from chainrule.data.columns import ColumnForm
from chainrule.data.encodings import (
    UNREADABLE,
    FilePart,
    check_is_table,
    checked_encoding,
    encoding_error,
    marked_encoding,
    not_text_error,
    open_binary,
    unreadable_error,
)
from chainrule.data.headers import are_years, has_header_row, reads_as_number
from chainrule.data.numbers import looks_like_number, parsed

SEPARATORS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", " ": "blanks"}
"""Separators that are tried, the less ambiguous ones first."""

ODD_SEPARATOR = re.compile(r"""[^\w\s.,;|+\-/%'"()\[\]{}#$€£]""")
"""What separates cells where none of these signs does: a sign that is no part of words, numbers and dates."""

NO_SEPARATOR = "\x1f"
"""What stands in for the separator of a single column: ASCII's own, which nobody types."""

SAMPLE = 1 << 18
"""Bytes from which the form of a file is found out."""

LARGEST_SAMPLE = 1 << 26
"""Bytes; in this many a header and two rows must be found."""

COMMENT = "#"

UNSEEN = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202c\u2060\ufeff"))
"""Signs without width, which are no part of a name."""

REMARKS = ("%", "!", "//", "--", "*")
"""What lines above a table begin with in other programs, where no line below does."""

ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
"""A quote within a cell as MySQL writes it: \\" in place of two quotes."""

RULED_SIGNS = str.maketrans(
    dict.fromkeys("│┃║", "|") | dict.fromkeys("─━═", "-") | dict.fromkeys("┌┬┐├┼┤└┴┘╭╮╰╯┏┳┓┡╇┩┣╋┫┗┻┛╞╪╡╔╦╗╠╬╣╚╩╝", "+")
)
"""Lines of tables that programs draw in a terminal, in ASCII."""

SPARSE = re.compile(r"[-+]?[\d.]+(?:\s+\d+:[-+]?[\d.]+(?:[eE][-+]?\d+)?)+\s*(?:#.*)?")
"""A row of LIBSVM: a label, and pairs of a column's number and its value."""

RULE = re.compile(r"[\s|+:=-]*-{3}[\s|+:=-]*")
"""A line below the header, as programs draw it that print tables for people."""

THOUSANDS, HUNDREDS = re.compile(r"[$€£+-]*[1-9]\d{0,2}"), re.compile(r"\d{3}(?:\.\d+)?")
"""The parts of 5,612.40 that a comma is between."""

MOST_TITLES = 12
"""Lines above a table, at most."""

MOST_NAMES = 3
"""Rows below the header that go on with it, at most."""

SEVERAL = 1000
"""Lines that tell whether an odd sign separates."""

TAIL = 1 << 14
"""Bytes at the end of a file in which lines below its table are looked for."""

REMARK = re.compile(r"[(*†‡]|.*:(?:\s|$)|(?:\S+\s+){2,}\S*\.$")
"""What begins like a remark below a table: (60 rows), * provisional, Source: …, or is a sentence."""

SEP_LINE = re.compile(r'"?sep=(.)"?[\r\n]+', re.IGNORECASE)
"""What Excel takes for an instruction where it stands in the first line."""


class TextLayout(FrozenValue):
    """How a text file holds its table.

    separator  None for a single column
    skipped    how many lines stand before the table
    comment    lines that begin so are no rows; "" where there are no such lines
    mending    what makes usual lines of those of the file, as of `mended`
    unnamed    the columns whose place in the header is empty; where they hold nothing either, they are left out
    spaced     whether blanks may stand between a separator and a quote
    below      how many rows below the header are none: a ruled line, units, further names
    footer     how many lines stand below the table
    repeated   whether the header stands between the rows again, as where files were put one behind the other
    forms      what the file itself says about its columns (ARFF)
    part       only these bytes of the file, which are whole lines; all of it where there is none
    before     how many rows of the file stand before them
    """

    path: str
    encoding: str
    separator: str | None
    names: tuple[str, ...]
    has_header: bool
    notes: tuple[str, ...]
    quote: str = '"'
    skipped: int = 0
    comment: str = ""
    mending: str = ""
    unnamed: frozenset[str] = frozenset()
    spaced: bool = False
    below: int = 0
    footer: int = 0
    repeated: bool = False
    forms: Mapping[str, ColumnForm] = field(default_factory=dict)
    part: range | None = None
    before: int = 0

    def open(self) -> IO[bytes]:
        """The file, or the part of it, for reading. Raises FileError."""
        return open_binary(self.path) if self.part is None else io.BufferedReader(FilePart(self.path, self.part))

    @property
    def own_header(self) -> bool:
        """Is the first row that is read a header?"""
        return self.has_header and not self.forms and not (self.part and self.part.start)

    @property
    def is_plain(self) -> bool:
        """Is there nothing but a header and rows, of several cells in usual quotes, with one sign between them?"""
        return self.is_usual and not self.comment and self.separator != " "

    @property
    def is_usual(self) -> bool:
        """The same, but that lines of comments may stand above and between rows, and any number of blanks between cells."""
        odd = self.spaced or self.below or self.footer or self.repeated or self.forms or self.mending
        return not odd and self.quote == '"' and self.separator is not None and len(self.names) > 1


def text_layout(
    path: str,
    separator: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    names: Sequence[Sequence[str]] = (),
) -> TextLayout:
    """The layout of a file, as far as it is not said. Raises FileError or InputError.

    names  what the columns of a file without header may be called: of these, those of the right number
    """
    if separator is not None and (len(separator) != 1 or separator in '\r\n"'):
        raise InputError(f"the separator is one character, as ; or a tab, not {quoted(separator)}.")
    found, text, marked, whole = _sample(path, encoding)
    if not text.strip():
        raise FileError(f"{path} is empty.")
    encoded = [f"encoding: {found.removesuffix('-sig')}{' with a byte-order mark' if marked else ''}"]
    notes = encoded if found not in ("utf-8", "utf-8-sig") or marked else []
    if is_arff(path, text):
        head = read_arff_head(path, text)
        return TextLayout(path, found, ",", head.names, True, (*notes, "ARFF"), head.quote, head.lines, "%", forms=head.forms)
    layout = _found_layout(path, found, text, separator, header, notes, whole=whole)
    called = next((tuple(order) for order in names if len(order) == len(layout.names)), None)
    return layout if layout.has_header or called is None else replace(layout, names=called)


def _found_layout(
    path: str, encoding: str, text: str, separator: str | None, header: bool | None, notes: list[str], *, whole: bool
) -> TextLayout:
    """whole  whether the text is the whole file"""
    skipped, asked = 0, SEP_LINE.match(text)
    if asked:
        text, skipped, separator = text[asked.end() :], 1, separator or asked[1]
    mending = _mending(path, text, separator)
    text = "".join(mended(path, io.StringIO(text, newline=""), mending))
    _check_no_rows_of_pairs(path, text)
    comment, comments, text = _comments(text)
    titles = [] if header is False else _titles(text, separator)
    text = text[sum(map(len, titles)) :]
    empty = [] if header is False else _empty_lines(text)
    text = text[sum(map(len, empty)) :] or text
    divider = _separator(text) if separator is None else separator
    spaced, quote = _is_spaced(text, divider), _quote_around(text, divider)
    lines = io.StringIO(text, newline="")
    rows = [row for row in rows_of(path, lines, divider, lenient=True, quote=quote, spaced=spaced) if any(cell.strip() for cell in row)]
    if not rows:
        why = "is not a table: its first row cannot be read; is a quote left open?" if '"' in text else "holds no rows."
        raise FileError(f"{path} {why}")
    if divider is None:
        _check_no_fixed_widths(path, text)
    hidden = _hidden_header(path, comment, comments, divider, rows) if header is not False else None
    rows = [hidden, *rows] if hidden else rows
    has_header = bool(hidden) or (has_header_row(rows) if header is None else header)
    footer = _footer(path, encoding, text if whole else None, divider, rows) if whole or not mending else []
    gone = sum(bool(line.strip()) for line in footer)
    rows = rows[:-gone] if whole and gone else rows
    ruled = has_header and len(rows) > 1 and RULE.fullmatch("".join(rows[1])) is not None
    further = rows[1 : 1 + _further_names(rows)] if has_header and not ruled else []
    rows = [rows[0], *rows[1 + ruled + len(further) :]]
    repeated = has_header and len(rows[0]) > 1 and rows[0] in rows[1:]
    rows = [rows[0], *(row for row in rows[1:] if row != rows[0])] if repeated else rows
    usual = _usual_width(rows)
    first, extra = _completed_header(path, rows[0], usual, has_header, rows[1:])
    named = _names_of([first, *further]) if further else first
    names = _names(path, [*named, *first[len(named) :]], has_header)
    unnamed = frozenset(name for name, cell in zip(names, named, strict=False) if has_header and not cell.strip())
    notes = [f"separator: {_called(divider)}", *notes, *extra]
    notes += ["the line sep= before it passed over"] if asked else []
    notes += [MENDED[mending]] if mending else []
    notes += ["quotes: '"] if quote == "'" else []
    notes += [f"{len(comments)} line{'s' * (len(comments) != 1)} of comments"] if comment == COMMENT else []
    notes += _passed_over([*(comments if comment != COMMENT else []), *titles], "line", "above the table")
    notes += ["a ruled line below the header passed over"] if ruled else []
    notes += _passed_over([" ".join(filter(None, row)) for row in further], "row", "below the header")
    notes += _passed_over(list(filter(str.strip, footer)), "line", "below the table")
    notes += ["the header between the rows passed over"] if repeated else []
    notes += ["empty rows at the end left out"] if whole and divider and _ends_empty(text, divider) else []
    notes += _about_header(rows[0], names, has_header=has_header)
    return TextLayout(
        path, encoding, divider, names, has_header, tuple(notes), quote,
        skipped=skipped + len(comments) + len(titles) + (-1 if hidden else len(empty)),
        comment=comment if comment == COMMENT or hidden else "", mending=mending, unnamed=unnamed, spaced=spaced,
        below=ruled + len(further), footer=len(footer), repeated=repeated,
    )  # fmt: skip


def _sample(path: str, encoding: str | None) -> tuple[str, str, bool, bool]:
    """The encoding, whole lines from the start of the file, whether a byte-order mark was taken off, and whether that is all."""
    try:
        with open_binary(path) as file:
            data = file.read(SAMPLE)
            while data.count(b"\n") < 3 and len(data) < LARGEST_SAMPLE and (more := file.read(SAMPLE)):
                data += more
            rest = file.read(1)
    except UNREADABLE as error:
        raise unreadable_error(path, error) from None
    check_is_table(path, data)
    name = marked_encoding(data) if encoding is None else checked_encoding(encoding)
    try:
        text = codecs.getincrementaldecoder(name)().decode(data, final=not rest)
    except UnicodeDecodeError:
        raise encoding_error(path, name) from None
    if "\0" in text:
        raise not_text_error(path, name, data)
    return name, text[: text.rfind("\n") + 1] if rest else text, marked_encoding(data) != "utf-8", not rest


def _passed_over(lines: Sequence[str], what: str, where: str) -> list[str]:
    plural = "s" * (len(lines) != 1)
    return [f"{len(lines)} {what}{plural} {where} passed over: {quoted(lines[0].strip())}"] if lines else []


def _called(separator: str | None) -> str:
    return "none (one column)" if separator is None else SEPARATORS.get(separator, quoted(separator))


def _about_header(first: Sequence[str], names: Sequence[str], *, has_header: bool) -> list[str]:
    if not has_header:
        return [f"no header: the columns are called {', '.join(names) if len(names) < 4 else f'{names[0]} … {names[-1]}'}"]
    return ["the first row is taken for the header although it holds numbers"] if any(map(reads_as_number, first)) else []


MENDED = {
    "escapes": 'quotes within cells: \\"',
    "wrapped": "each row is in quotes as a whole",
    "drawn": "drawn with lines",
}
"""What makes usual lines of those of a file, each with what is said about it."""


def mended(path: str, lines: Iterable[str], how: str) -> Iterator[str]:
    """The lines of a file as usual ones, in one of the ways of `MENDED`; "" leaves them as they are. Raises FileError."""
    if how == "escapes":
        return (ESCAPED.sub(r'\1""', line) for line in lines)
    if how == "wrapped":
        return (f"{row[0] if row else ''}\n" for row in rows_of(path, lines, None))
    return (line.translate(RULED_SIGNS) for line in lines) if how == "drawn" else iter(lines)


def _mending(path: str, text: str, separator: str | None) -> str:
    """The way of `MENDED` that makes a table of what is none without it; "" where none is needed."""
    if text.lstrip()[:1].translate(RULED_SIGNS) != text.lstrip()[:1] and text.translate(RULED_SIGNS).count("|") > text.count("\n"):
        return "drawn"
    if '\\"' in text:
        usual = ESCAPED.sub(r'\1""', text)
        divider = _separator(usual) if separator is None else separator
        as_it_is, without = (list(rows_of(path, io.StringIO(some, newline=""), divider, lenient=True)) for some in (text, usual))
        return "escapes" if len(without) > len(as_it_is) else ""
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and all(line.startswith('"') and line.endswith('"') for line in lines[:SEVERAL]):
        rows = list(rows_of(path, lines, None, lenient=True))
        if len(rows) == len(lines):
            inner = "".join(f"{row[0]}\n" for row in rows)
            divider = _separator(inner) if separator is None else separator
            return "wrapped" if divider not in (None, " ") and _score(inner, divider)[1] > 0 else ""
    return ""


def _quote_around(text: str, separator: str | None) -> str:
    """The sign around cells: ' where it opens and closes cells, stands nowhere else, and the usual one does not."""
    if separator is None or '"' in text or "'" not in text:
        return '"'
    edge = re.escape(separator)
    around = re.findall(rf"(?:^|(?<={edge})) *'[^'\n]*' *(?={edge}|\r?$)", text, re.MULTILINE)
    return "'" if len(around) > 1 and 2 * len(around) == text.count("'") else '"'


def _check_no_rows_of_pairs(path: str, text: str) -> None:
    """Raises FileError where each row is a label, and pairs of a column's number and its value."""
    lines = [line.strip() for line in text.splitlines()[:20] if line.strip()]
    pairs = re.findall(r"(\d+):(\S+)", " ".join(lines))
    if lines and all(map(SPARSE.fullmatch, lines)) and any(int(number) > 23 or not value.isdigit() for number, value in pairs):
        raise FileError(f"{path} is a sparse file of LIBSVM, which holds pairs as {quoted(':'.join(pairs[0]))}; write it as CSV.")


def _check_no_fixed_widths(path: str, text: str) -> None:
    """Raises FileError where several columns are told apart by their places in the line alone, and hold blanks."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()][:SEVERAL]
    parts = [re.split(r" {2,}", line.strip()) for line in lines]
    if (
        len(lines) > 2
        and all(len(part) > 1 for part in parts)
        and sum(reads_as_number(part[-1]) for part in parts[1:]) > 0.9 * len(lines[1:])
    ):
        raise FileError(
            f"{path} holds columns at fixed places of a line, with blanks within cells, as {quoted(lines[1].strip()[:40])}; write it with "
            "a separator between cells, as , or a tab."
        )


def _comments(text: str) -> tuple[str, list[str], str]:
    """The sign, and the lines before the table that begin with it, blank ones between them included; and the text after them."""
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), "")
    sign = next((sign for sign in (COMMENT, *REMARKS) if first.startswith(sign)), COMMENT)
    comments: list[str] = []
    for number, line in enumerate(lines, start=1):
        if line.startswith(sign):
            comments += ["", *lines][len(comments) + 1 : number + 1]
        elif line.strip():
            break
    rest = lines[len(comments) :]
    if sign != COMMENT and (
        not rest or any(line.startswith(sign) for line in rest) or _begins_a_row(comments, sign) or _is_glued(lines, sign)
    ):
        return "", [], text
    return sign if comments else "", comments, "".join(rest)


def _begins_a_row(lines: Sequence[str], sign: str) -> bool:
    """Is the sign the whole first cell of one of these lines: a name as %, or no value?"""
    return any(line.removeprefix(sign).strip(" ")[:1] in SEPARATORS for line in lines if line.startswith(sign))


def _is_glued(lines: Sequence[str], sign: str) -> bool:
    """Is the first line a header whose first name begins with the sign, as %change or *name? So it is where the next one has as many cells,
    and is no header itself, above numbers.
    """
    filled = [*(line for line in lines if line.strip()), ""][:3]
    if filled[0].removeprefix(sign)[:1].isspace():
        return False
    for separator in SEPARATORS:
        first, second, *others = ([*_cells_of(line, separator)] for line in filled)
        if separator != " " and len(first) == len(second) > 1:
            return any(map(reads_as_number, second)) or not any(map(reads_as_number, chain(*others)))
    return False


def _empty_lines(text: str) -> list[str]:
    """The lines at the beginning that hold nothing, or nothing but separators."""
    return list(takewhile(lambda line: not line.strip(" \t\r\n,;|"), io.StringIO(text, newline="")))


def _titles(text: str, separator: str | None) -> list[str]:
    """The lines above a table: at most one cell is filled in each, or two, a key and its value, where the table has more columns; below
    them stand names, and rows as wide, with numbers among them.
    """
    lines = list(islice(io.StringIO(text, newline=""), MOST_TITLES + 200))
    signs = [sign for sign in SEPARATORS if sign != " "] if separator is None else [separator]
    for tried in signs:
        filled = [_filled(_cells_of(line, tried)) for line in lines[: MOST_TITLES + 1]]
        for most in (1, 2):
            above = next((place for place, count in enumerate(filled[:MOST_TITLES]) if count > most), min(len(filled), MOST_TITLES))
            some_alone = any(count < 2 for count in filled[:above])
            if (
                not _are_parted(lines, above, tried)
                and some_alone
                and any(map(str.strip, lines[:above]))
                and _is_table(lines[above:], tried, least=most + 1)
            ):
                wide = len(_cells_of(lines[above], tried))
                # Decimal commas part a line with names before semicolons do, too; but then it is the head of a wider table.
                return [] if any(_is_table(lines, sign, least=wide + 1) for sign in signs) else lines[:above]
    return next((lines[:1] for sign in signs if _is_titled(lines, sign)), [])


def _is_titled(lines: Sequence[str], separator: str | None) -> bool:
    """Is the first line no row, and are all others, none of them names, as wide as each other, with a number at the same place?"""
    rows = [row for row in rows_of("", lines[1:], separator, lenient=True) if row]
    widths = set(map(len, rows))
    if len(rows) < MOST_NAMES or len(widths) > 1 or len(rows[0]) < 3 or len(rows) < sum(bool(line.strip()) for line in lines[1:]):
        return False
    alone = len(_cells_of(lines[0], separator)) == 1 and len(lines[0].split()) != len(rows[0])
    return alone and not _are_parted(lines, 1, separator) and any(all(map(reads_as_number, cells)) for cells in zip(*rows, strict=True))


def _are_parted(lines: Sequence[str], place: int, separator: str | None) -> bool:
    """Does another sign than this separator part the first line, and all to the one at that place, into as many cells?"""
    widths = ({len(_cells_of(line, sign)) for line in lines[: place + 1]} for sign in SEPARATORS if sign not in (" ", separator))
    return place > 0 and any(len(width) == 1 and width != {1} for width in widths)


def _cells_of(line: str, separator: str | None) -> Sequence[str]:
    """The cells of a line by itself."""
    return line.split(separator) if separator and '"' not in line else next(rows_of("", [line], separator, lenient=True), [])


def _is_table(lines: Sequence[str], separator: str | None, least: int) -> bool:
    """Do these lines begin with names, at least so many, and go on with rows as wide, with numbers among them?"""
    rows = [row for row in rows_of("", lines, separator, lenient=True) if row]
    if len(rows) < 3 or len(rows[0]) < least:
        return False
    names, others = rows[0], [row for row in rows[1:] if not RULE.fullmatch("".join(row))]
    alike = sum(len(row) == len(names) for row in others) > 0.9 * len(others)
    named = names[not names[0].strip() : len(names) - (not names[-1].strip())]  # before and behind which a separator may stand
    numbers = [cell for cell in named if reads_as_number(cell)]
    return (
        alike
        and len(named) >= least
        and all(map(str.strip, named))
        and (any(map(str.isalpha, "".join(named))) or not any(map(_is_part_of_a_number, named)))
        and (not numbers or (len(numbers) < len(named) and are_years(numbers)))
        and any(reads_as_number(cell) for row in others[:20] for cell in row)
    )


def _is_part_of_a_number(cell: str) -> bool:
    """Does it hold digits, but is no number: (810 of (810,48)?"""
    return any(map(str.isdigit, cell)) and not reads_as_number(cell)


def _footer(path: str, encoding: str, text: str | None, separator: str | None, rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines below the table, to the end of the file: remarks, set off by an empty or ruled line, or by how they begin.

    text  the whole file, if that is known
    """
    if separator is None:
        return []
    end = _end_of(path, encoding) if text is None else text[-TAIL:]
    lines, width, found = list(io.StringIO(end, newline=""))[1:], _usual_width(rows), list[str]()
    usual_remark = sum(REMARK.match(row[0]) is not None for row in rows) > 0.1 * len(rows)
    for line in reversed(lines):
        cells = _cells_of(line.strip("\r\n"), separator)
        is_row = len(trimmed([*cells], width)) == width and not RULE.fullmatch(line)
        if line.count('"') % 2 or (is_row and (usual_remark or not _is_remark(cells[0]) or parsed(cells[0]) is not None)):
            break
        found.insert(0, line)
    else:
        return []  # there is no row
    remarks = [line.strip() for line in found if line.strip()]
    if line.count('"') % 2 or not all(RULE.fullmatch(line) or any(map(str.isalpha, line)) for line in remarks):
        return []
    set_off = bool(remarks) and (not found[0].strip() or RULE.fullmatch(found[0]) is not None)
    return found if set_off or (remarks and all(map(_is_remark, remarks))) else []


def _is_remark(text: str) -> bool:
    return REMARK.match(text.strip('" ')) is not None or RULE.fullmatch(text) is not None


def _end_of(path: str, encoding: str) -> str:
    """The end of a file, if it can be gone to: not of a packed one, nor where a character may begin in the middle of another."""
    with open_binary(path) as file:
        if not isinstance(file, (io.BufferedReader, io.BytesIO)) or encoding.startswith(("utf-16", "utf-32")):
            return ""
        file.seek(-TAIL, io.SEEK_END)
        return file.read().decode(encoding.removesuffix("-sig"), errors="ignore")


def _further_names(rows: Sequence[Sequence[str]]) -> int:
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


def _names_of(rows: Sequence[Sequence[str]]) -> list[str]:
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


def _filled(cells: Iterable[str]) -> int:
    """How many of the cells hold something."""
    return sum(bool(cell.strip()) for cell in cells)


def _is_spaced(text: str, separator: str | None) -> bool:
    """Do blanks stand between separators and opening quotes, as in 1.5, "red, dark"?"""
    if separator in (None, " "):
        return False
    before = text.split('"')[:-1:2]  # what stands before each opening quote
    return any(piece.endswith(" ") and piece.rstrip(" ").endswith(separator) for piece in before)


def _ends_empty(text: str, separator: str) -> bool:
    """Is the last row one of separators alone?"""
    last = text.rstrip("\r\n").rpartition("\n")[2].strip("\r")
    return bool(last) and not last.replace(separator, "")


def _hidden_header(
    path: str, comment: str, comments: Sequence[str], separator: str | None, rows: Sequence[Sequence[str]]
) -> list[str] | None:
    """The last line of comments, where it names the columns, as NumPy writes it: # height width."""
    if not comments or not comments[-1].startswith(comment) or not any(map(reads_as_number, rows[0])):
        return None
    line = comments[-1].lstrip(comment).strip()
    names = next(rows_of(path, [line], separator, lenient=True), [])
    whole = len(names) == len(rows[0]) and (len(names) > 1 or " " not in line) and not any(map(reads_as_number, names))
    return names if whole and all(name.strip() for name in names) else None


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
            why = "a quote is left open" if "unexpected end" in str(error) or "field limit" in str(error) else error
            raise FileError(f"{path} is not a table: {why} (line {above + reader.line_num:,}).") from None


def _separator(text: str) -> str | None:
    """The separator at which most rows have as many cells as the first one, and most cells are numbers; None for a single column."""
    first = _first_row(text)
    tried = {separator: _score(text, separator) for separator in SEPARATORS if separator in first.strip()}
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


def _score(text: str, separator: str) -> tuple[float, float]:
    """The share of rows as wide as the first, or as most where these are wider by one, and the share of numbers among the cells."""
    lines = io.StringIO(text, newline="")
    rows = [row for row in rows_of("", lines, separator, lenient=True, spaced=_is_spaced(text, separator)) if row]
    if not rows:
        return 0.5, 0  # a quote is left open; that is said later
    if len(rows[0]) < 2:
        return 0, 0
    cells = list(islice((cell for row in rows for cell in row), 5000))
    share = sum(is_missing(cell) or reads_as_number(cell) for cell in cells) / len(cells)
    usual = _usual_width(rows)
    return (1 + sum(len(row) == usual for row in rows[1:])) / len(rows), share


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    """How many cells most rows have: as many as the first one, or one more, or as many as are filled there before its empty end."""
    width = len(rows[0])
    filled = max((place for place, cell in enumerate(rows[0], start=1) if cell.strip()), default=width)
    counts = Counter(len(row) for row in rows[1:])
    return max((width, width + 1, filled), key=lambda tried: counts[tried])


def _completed_header(
    path: str, first: Sequence[str], usual: int, has_header: bool, others: Sequence[Sequence[str]]
) -> tuple[Sequence[str], list[str]]:
    """The names, one more where all rows have one cell more than the header; in words what that is.

    An empty last cell is a separator at the end of the line; else the first column has no name, as where R writes the names of rows.
    """
    if not has_header or usual == len(first):
        longer = sum(len(row) > len(first) for row in others) > len(others) / 2
        return first, ["separators at the end of rows are ignored"] if longer else []
    if usual < len(first):
        return first[:usual], ["the separator at the end of the header is ignored"]
    wide = [row for row in others if len(row) == usual]
    if not any(row[-1].strip() for row in wide):
        return first, ["the separator at the end of rows is ignored"]
    _check_not_parted(path, wide)
    name = next(name for name in ("row", "row_name", *(f"row{place}" for place in range(2, len(first) + 4))) if name not in first)
    return [name, *first], [f"the first column has no name in the header, and is called {name}"]


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


def _names(path: str, first: Sequence[str], has_header: bool) -> tuple[str, ...]:
    bare = (cell.translate(UNSEEN).strip() for cell in first)
    names = [(cell if has_header else "") or f"column{place}" for place, cell in enumerate(bare, start=1)]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise FileError(f"{path} has two columns called {quoted(twice)}; give each its own name, or say --no-header if these are values.")
    return tuple(names)


def trimmed(row: list[str], width: int) -> list[str]:
    """The row without the empty cells that separators at its end make."""
    return row[:width] if len(row) > width and not any(cell.strip() for cell in row[width:]) else row
