"""What stands around a table in a text: comments and titles above it, remarks below it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from itertools import chain, islice, takewhile

from chainrule.data.column_names import MOST_NAMES
from chainrule.data.encodings import open_binary
from chainrule.data.headers import are_years, reads_as_number
from chainrule.data.numbers import parsed
from chainrule.data.separators import SEPARATORS, cells_of, rows_of, trimmed, usual_width

COMMENT = "#"

REMARKS = ("%", "!", "//", "--", "*")
"""What lines above a table begin with in other programs, where no line below does."""

RULE = re.compile(r"[\s|+:=-]*-{3}[\s|+:=-]*")
"""A line below the header, as programs draw it that print tables for people."""

MOST_TITLES = 12
"""Lines above a table, at most."""

TAIL = 1 << 14
"""Bytes at the end of a file in which lines below its table are looked for."""

REMARK = re.compile(r"[(*†‡]|.*:(?:\s|$)|(?:\S+\s+){2,}\S*\.$")
"""What begins like a remark below a table: (60 rows), * provisional, Source: …, or is a sentence."""


def comments_above(text: str) -> tuple[str, list[str], str]:
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
        first, second, *others = ([*cells_of(line, separator)] for line in filled)
        if separator != " " and len(first) == len(second) > 1:
            return any(map(reads_as_number, second)) or not any(map(reads_as_number, chain(*others)))
    return False


def empty_lines(text: str) -> list[str]:
    """The lines at the beginning that hold nothing, or nothing but separators."""
    return list(takewhile(lambda line: not line.strip(" \t\r\n,;|"), io.StringIO(text, newline="")))


def titles_above(text: str, separator: str | None) -> list[str]:
    """The lines above a table: at most one cell is filled in each, or two, a key and its value, where the table has more columns; below
    them stand names, and rows as wide, with numbers among them.
    """
    lines = list(islice(io.StringIO(text, newline=""), MOST_TITLES + 200))
    signs = [sign for sign in SEPARATORS if sign != " "] if separator is None else [separator]
    for tried in signs:
        filled = [_filled(cells_of(line, tried)) for line in lines[: MOST_TITLES + 1]]
        for most in (1, 2):
            above = next((place for place, count in enumerate(filled[:MOST_TITLES]) if count > most), min(len(filled), MOST_TITLES))
            some_alone = any(count < 2 for count in filled[:above])
            if (
                "".join(lines[:above]).count('"') % 2 == 0  # else the last one ends within a name
                and not _are_parted(lines, above, tried)
                and some_alone
                and any(map(str.strip, lines[:above]))
                and _is_table(lines[above:], tried, least=most + 1)
            ):
                wide = len(cells_of(lines[above], tried))
                # Decimal commas part a line with names before semicolons do, too; but then it is the head of a wider table.
                return [] if any(_is_table(lines, sign, least=wide + 1) for sign in signs) else lines[:above]
    return next((lines[:1] for sign in signs if _is_titled(lines, sign)), [])


def _is_titled(lines: Sequence[str], separator: str | None) -> bool:
    """Is the first line no row, and are all others, none of them names, as wide as each other, with a number at the same place?"""
    rows = [row for row in rows_of("", lines[1:], separator, lenient=True) if row]
    widths = set(map(len, rows))
    if len(rows) < MOST_NAMES or len(widths) > 1 or len(rows[0]) < 3 or len(rows) < sum(bool(line.strip()) for line in lines[1:]):
        return False
    words = lines[0].split(), lines[1].split()
    named = len(words[0]) in (len(rows[0]), len(words[1]) if not any(word.endswith(separator or " ") for word in words[1]) else 0)
    alone = len(cells_of(lines[0], separator)) == 1 and not named
    return alone and not _are_parted(lines, 1, separator) and any(all(map(reads_as_number, cells)) for cells in zip(*rows, strict=True))


def _are_parted(lines: Sequence[str], place: int, separator: str | None) -> bool:
    """Does another sign than this separator part the first line, and all to the one at that place, into as many cells?"""
    widths = ({len(cells_of(line, sign)) for line in lines[: place + 1]} for sign in SEPARATORS if sign not in (" ", separator))
    return place > 0 and any(len(width) == 1 and width != {1} for width in widths)


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


def footer_of(path: str, encoding: str, text: str | None, separator: str | None, rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines below the table, to the end of the file: remarks, set off by an empty or ruled line, or by how they begin.

    text  the whole file, if that is known
    """
    if separator is None:
        return []
    end = _end_of(path, encoding) if text is None else text[-TAIL:]
    lines, width, found = list(io.StringIO(end, newline=""))[1:], usual_width(rows), list[str]()
    usual_remark = sum(REMARK.match(row[0]) is not None for row in rows) > 0.1 * len(rows)
    for line in reversed(lines):
        cells = cells_of(line.strip("\r\n"), separator)
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


def hidden_header(
    path: str, comment: str, comments: Sequence[str], separator: str | None, rows: Sequence[Sequence[str]]
) -> list[str] | None:
    """The last line of comments, where it names the columns, as NumPy writes it: # height width."""
    if not comments or not comments[-1].startswith(comment) or not any(map(reads_as_number, rows[0])):
        return None
    line = comments[-1].lstrip(comment).strip()
    names = next(rows_of(path, [line], separator, lenient=True), [])
    whole = len(names) == len(rows[0]) and (len(names) > 1 or " " not in line) and not any(map(reads_as_number, names))
    return names if whole and all(name.strip() for name in names) else None


def _filled(cells: Iterable[str]) -> int:
    """How many of the cells hold something."""
    return sum(bool(cell.strip()) for cell in cells)
