"""The form of a text file: its encoding, separator and header, and what stands around its table."""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import IO

from chainrule.base.errors import FileError, InputError, quoted
from chainrule.base.frozen import FrozenValue, replace
from chainrule.data.arff import is_arff, read_arff_head
from chainrule.data.column_names import completed_header, further_names, names_from, names_in_rows
from chainrule.data.columns import ColumnForm
from chainrule.data.encodings import (
    END_SIGN,
    MOST_END_SIGNS,
    PIECE,
    UNREADABLE,
    BeforeEndSign,
    FilePart,
    check_is_table,
    checked_encoding,
    encoding_error,
    marked_encoding,
    not_text_error,
    open_binary,
    unreadable_error,
)
from chainrule.data.files import PACKED
from chainrule.data.headers import has_header_row, reads_as_number
from chainrule.data.notes import Notice, notice
from chainrule.data.separators import SEPARATORS, SEVERAL, is_spaced, quote_around, rows_of, score_of, separator_of, usual_width
from chainrule.data.surroundings import COMMENT, RULE, comments_above, empty_lines, footer_of, hidden_header, titles_above

SAMPLE = 1 << 18
"""Bytes from which the form of a file is found out."""

LARGEST_SAMPLE = 1 << 26
"""Bytes; in this many a header and two rows must be found."""

ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
"""A quote within a cell as MySQL writes it: \\" in place of two quotes."""

RULED_SIGNS = str.maketrans(
    dict.fromkeys("│┃║", "|") | dict.fromkeys("─━═", "-") | dict.fromkeys("┌┬┐├┼┤└┴┘╭╮╰╯┏┳┓┡╇┩┣╋┫┗┻┛╞╪╡╔╦╗╠╬╣╚╩╝", "+")
)
"""Lines of tables that programs draw in a terminal, in ASCII."""

SPARSE = re.compile(r"[-+]?[\d.]+(?:\s+\d+:[-+]?[\d.]+(?:[eE][-+]?\d+)?)+\s*(?:#.*)?")
"""A row of LIBSVM: a label, and pairs of a column's number and its value."""

MARK = "\ufeff"
"""A byte-order mark, which stands between the lines where files were put one behind the other, each with its own."""

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
    folders    what the folders on the way to the file say, as year=2024: columns of one value
    part       only these bytes of the file, which are whole lines; all of it where there is none
    before     how many rows of the file stand before them
    """

    path: str
    encoding: str
    separator: str | None
    names: tuple[str, ...]
    has_header: bool
    notes: tuple[Notice, ...]
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
    folders: Mapping[str, str] = field(default_factory=dict)
    part: range | None = None
    before: int = 0

    def open(self) -> IO[bytes]:
        """The file, or the part of it, for reading. Raises FileError."""
        if self.part is not None:
            return io.BufferedReader(FilePart(self.path, self.part))
        file = open_binary(self.path)
        return file if _is_as_it_is(self.path, self.encoding) else io.BufferedReader(BeforeEndSign(file, self.encoding), PIECE)

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
    encoded = [notice("found.encoding.marked" if marked else "found.encoding", name=found.removesuffix("-sig"))]
    notes = encoded if found not in ("utf-8", "utf-8-sig") or marked else []
    if is_arff(path, text):
        head = read_arff_head(path, text)
        return TextLayout(path, found, ",", head.names, True, (*notes, notice("found.arff")), head.quote, head.lines, "%", forms=head.forms)
    layout = replace(_found_layout(path, found, text, separator, header, notes, whole=whole), part=_before_end_sign(path, found))
    called = next((tuple(order) for order in names if len(order) == len(layout.names)), None)
    return layout if layout.has_header or called is None else replace(layout, names=called)


def _found_layout(
    path: str, encoding: str, text: str, separator: str | None, header: bool | None, notes: list[Notice], *, whole: bool
) -> TextLayout:
    """whole  whether the text is the whole file"""
    skipped, asked = 0, SEP_LINE.match(text)
    if asked:
        text, skipped, separator = text[asked.end() :], 1, separator or asked[1]
    mending = _mending(path, text, separator)
    text = "".join(mended(path, io.StringIO(text, newline=""), mending))
    _check_no_rows_of_pairs(path, text)
    comment, comments, text = comments_above(text)
    titles = [] if header is False else titles_above(text, separator)
    text = text[sum(map(len, titles)) :]
    empty = [] if header is False else empty_lines(text)
    text = text[sum(map(len, empty)) :] or text
    divider = separator_of(text) if separator is None else separator
    spaced, quote = is_spaced(text, divider), quote_around(text, divider)
    lines = io.StringIO(text, newline="")
    rows = [row for row in rows_of(path, lines, divider, lenient=True, quote=quote, spaced=spaced) if any(cell.strip() for cell in row)]
    if not rows:
        why = "is not a table: its first row cannot be read; is a quote left open?" if '"' in text else "holds no rows."
        raise FileError(f"{path} {why}")
    if divider is None:
        _check_no_fixed_widths(path, text)
    hidden = hidden_header(path, comment, comments, divider, rows) if header is not False else None
    rows = [hidden, *rows] if hidden else rows
    has_header = bool(hidden) or (has_header_row(rows) if header is None else header)
    footer = footer_of(path, encoding, text if whole else None, divider, rows) if whole or not mending else []
    gone = sum(bool(line.strip()) for line in footer)
    rows = rows[:-gone] if whole and gone else rows
    ruled = has_header and len(rows) > 1 and RULE.fullmatch("".join(rows[1])) is not None
    further = rows[1 : 1 + further_names(rows)] if has_header and not ruled else []
    rows = [rows[0], *rows[1 + ruled + len(further) :]]
    repeated = has_header and len(rows[0]) > 1 and rows[0] in rows[1:]
    rows = [rows[0], *(row for row in rows[1:] if row != rows[0])] if repeated else rows
    usual = usual_width(rows)
    first, extra = completed_header(path, rows[0], usual, has_header, rows[1:])
    named = names_in_rows([first, *further]) if further else first
    names = names_from(path, [*named, *first[len(named) :]], has_header)
    unnamed = frozenset(name for name, cell in zip(names, named, strict=False) if has_header and not cell.strip())
    notes = [_about_separator(divider), *notes, *extra]
    notes += [notice("found.sep_line")] if asked else []
    notes += [notice(f"found.mended.{mending}")] if mending else []
    notes += [notice("found.quotes", sign=quote)] if quote == "'" else []
    notes += [notice("found.comments", count=len(comments))] if comment == COMMENT else []
    notes += _passed_over("found.above", [*(comments if comment != COMMENT else []), *titles])
    notes += [notice("found.ruled")] if ruled else []
    notes += _passed_over("found.below_header", [" ".join(filter(None, row)) for row in further])
    notes += _passed_over("found.below", list(filter(str.strip, footer)))
    notes += [notice("found.repeated")] if repeated else []
    notes += [notice("found.empty_rows")] if whole and divider and _ends_empty(text, divider) else []
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
    return name, text[: text.rfind("\n") + 1] if rest else text.rstrip(END_SIGN), marked_encoding(data) != "utf-8", not rest


def _is_as_it_is(path: str, encoding: str) -> bool:
    """Is it a file whose bytes, one for each sign of ASCII, are read as they are?"""
    return not encoding.startswith(("utf-16", "utf-32")) and Path(path).suffix.lower() not in PACKED and os.path.isfile(path)


def _before_end_sign(path: str, encoding: str) -> range | None:
    """The bytes before the sign of its end, where a file has one that is read as it is; else None."""
    if not _is_as_it_is(path, encoding):
        return None
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(-min(size, MOST_END_SIGNS), os.SEEK_END)
        end = file.read()
    without = end.rstrip(END_SIGN.encode())
    return range(size - len(end) + len(without)) if without != end else None


def _passed_over(where: str, lines: Sequence[str]) -> list[Notice]:
    return [notice(where, count=len(lines), first=quoted(lines[0].strip()))] if lines else []


def _about_separator(separator: str | None) -> Notice:
    called = "none" if separator is None else SEPARATORS.get(separator)
    return notice(f"found.separator.{called}") if called else notice("found.separator", sign=quoted(separator))


def _about_header(first: Sequence[str], names: Sequence[str], *, has_header: bool) -> list[Notice]:
    if not has_header:
        return [notice("found.no_header", names=", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]}")]
    return [notice("found.header_of_numbers")] if any(map(reads_as_number, first)) else []


def mended(path: str, lines: Iterable[str], how: str) -> Iterator[str]:
    r"""The lines of a file as usual ones: "escapes", which are quotes within cells as \"; "wrapped", each row in quotes as a whole;
    "drawn" with lines; "marked" by byte-order marks; "" leaves them as they are. Raises FileError.
    """
    if how == "escapes":
        return (ESCAPED.sub(r'\1""', line) for line in lines)
    if how == "wrapped":
        return (f"{row[0] if row else ''}\n" for row in rows_of(path, lines, None))
    if how == "marked":
        return (line.removeprefix(MARK) for line in lines)
    return (line.translate(RULED_SIGNS) for line in lines) if how == "drawn" else iter(lines)


def _mending(path: str, text: str, separator: str | None) -> str:
    """The way of `mended` that makes a table of what is none without it; "" where none is needed."""
    if f"\n{MARK}" in text or text.startswith(MARK):
        return "marked"
    if text.lstrip()[:1].translate(RULED_SIGNS) != text.lstrip()[:1] and text.translate(RULED_SIGNS).count("|") > text.count("\n"):
        return "drawn"
    if '\\"' in text:
        usual = ESCAPED.sub(r'\1""', text)
        divider = separator_of(usual) if separator is None else separator
        as_it_is, without = (list(rows_of(path, io.StringIO(some, newline=""), divider, lenient=True)) for some in (text, usual))
        return "escapes" if len(without) > len(as_it_is) else ""
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and all(line.startswith('"') and line.endswith('"') for line in lines[:SEVERAL]):
        rows = list(rows_of(path, lines, None, lenient=True))
        if len(rows) == len(lines):
            inner = "".join(f"{row[0]}\n" for row in rows)
            divider = separator_of(inner) if separator is None else separator
            return "wrapped" if divider not in (None, " ") and score_of(inner, divider)[1] > 0 else ""
    return ""


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


def _ends_empty(text: str, separator: str) -> bool:
    """Is the last row one of separators alone?"""
    last = text.rstrip("\r\n").rpartition("\n")[2].strip("\r")
    return bool(last) and not last.replace(separator, "")
