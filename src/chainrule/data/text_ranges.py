"""Parts of text files, of which each of several processes reads its own: whole lines, where every row is one.

A part begins behind the first end of a line at its place. That a row begins there as well, whoever has the part before sees: no quote is
open at the end of any of its lines. Where a cell goes over several lines, or a line may be no row, the files are not shared.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from chainrule.base.errors import FileError
from chainrule.base.frozen import replace
from chainrule.data.arrow_text import AT_ONCE, Unfit, checked_signs
from chainrule.data.files import PACKED
from chainrule.data.layout import TextLayout
from chainrule.data.ranges import OfEach
from chainrule.data.surroundings import COMMENT
from chainrule.data.text import TextFiles


def own_files(files: TextFiles, rank: int, count: int, of_each: OfEach) -> tuple[TextFiles, range] | None:
    """What one of so many processes reads of text files, and which rows that are, counted from 0; None where they are not shared.

    All processes call it alike. Raises FileError.
    """
    counts = of_each(lambda: _rows_by_file(files, _pieces(files, rank, count)))
    if any(own is None or sum(own.values()) < 1 for own in counts):
        return None
    before = [{place: sum(own.get(place, 0) for own in counts[:some]) for place in range(len(files.layouts))} for some in range(count + 1)]
    here, own = before[rank], _pieces(files, rank, count)
    layouts = [replace(_piece(files.layouts[place], part), before=here[place]) for place, part in own.items()]
    earlier = sum(rows for place, rows in before[-1].items() if place < next(iter(own)))
    first, end = sum(here.values()), sum(before[rank + 1].values())
    return replace(files, layouts=tuple(layouts), before=earlier), range(first, end)


def _pieces(files: TextFiles, rank: int, count: int) -> dict[int, range]:
    """By place of a file, the bytes of it that this process reads: about as many as any other."""
    sizes = [os.path.getsize(layout.path) for layout in files.layouts]
    wanted = [sum(sizes) * end // count for end in (rank, rank + 1)]
    pieces, start = {}, 0
    for place, (layout, size) in enumerate(zip(files.layouts, sizes, strict=True)):
        first, end = (_line_start(layout.path, min(max(at - start, 0), size)) for at in wanted)
        if first < end:
            pieces[place] = range(first, end)
        start += size
    return pieces


def _line_start(path: str, place: int) -> int:
    """Where the first line begins that does so at this byte or behind it."""
    if place == 0:
        return 0
    with open(path, "rb") as file:
        file.seek(place - 1)
        while (more := file.readline(AT_ONCE)) and not more.endswith(b"\n"):
            pass
        return file.tell()


def _piece(layout: TextLayout, part: range) -> TextLayout:
    return replace(layout, part=part, skipped=0 if part.start else layout.skipped)


def _rows_by_file(files: TextFiles, pieces: dict[int, range]) -> dict[int, int] | None:
    """By place of a file, how many rows there are in a part of it; None where its lines may be none."""
    if not all(map(_has_lines, files.layouts)):
        return None
    try:
        return {place: _rows_of(_piece(files.layouts[place], part)) for place, part in pieces.items()}
    except Unfit:
        return None


def _has_lines(layout: TextLayout) -> bool:
    """Can a part of the file be read by itself?"""
    whole = layout.part is None and Path(layout.path).suffix.lower() not in PACKED
    return whole and layout.is_plain and str(layout.separator).isascii() and not layout.encoding.startswith(("utf-16", "utf-32"))


def _rows_of(layout: TextLayout) -> int:
    """The rows of a part of a file. Raises Unfit where a line of it is none, or may be none, as an empty one."""
    if checked_signs(layout):
        raise Unfit
    odd = re.compile(rb'\n(?:[\s"%s]*\n|%s)' % (re.escape(str(layout.separator).encode()), COMMENT.encode()))
    lines, rest = 0, b""
    with layout.open() as file:
        while more := file.read(AT_ONCE):
            data, newline, rest = (rest + more).rpartition(b"\n")
            if newline and odd.search(b"\n" + data + newline):
                raise Unfit
            lines += data.count(b"\n") + len(newline)
    if rest and odd.search(b"\n" + rest + b"\n"):
        raise Unfit
    rows = lines + bool(rest) - layout.skipped - layout.own_header
    if rows < 0:
        raise FileError(f"{layout.path} has a header but no rows.")
    return rows
