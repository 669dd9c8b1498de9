"""The three ways out of the command line: what is said to a person, what is complained about, and data, which nobody changes."""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import suppress
from itertools import zip_longest

from chainrule.base.printing import clean_lines

OTHER_SIGNS = str.maketrans(
    {
        "−": "-", "≈": "~", "≤": "<=", "≥": ">=", "≠": "!=", "→": "->", "←": "<-", "▶": ">", "′": "'", "√": "sqrt", "…": "...", "⟨": "<",
        "∂": "d", "Σ": "sum", "∑": "sum", "∞": "inf", "ᵀ": "^T", "\u202f": " ", "⟩": ">", "⊙": "(*)", "∈": "in", "·": "*", "×": "x",
    }
    | dict.fromkeys("═━─╌", "=") | dict.fromkeys("│┃", "|") | dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯", "+")
    | dict.fromkeys("⎡⎢⎣", "[") | dict.fromkeys("⎤⎥⎦", "]") | dict.fromkeys("⎛⎜⎝", "(") | dict.fromkeys("⎞⎟⎠", ")")
)  # fmt: skip
"""What stands for signs that an encoding lacks: a number never loses its minus."""

POWER = re.compile("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|⁻")


def in_other_signs(error: UnicodeError) -> tuple[str, int]:
    """What is written in place of the signs that an encoding lacks, and where to go on: for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_plain(error.object[error.start : error.end])), error.end


def _plain(signs: str) -> list[str]:
    """What stands for each of the signs, of a Greek letter its name."""
    from chainrule.document.words import RAISED

    powers = {place: "^" * (place == found.start()) for found in POWER.finditer(signs) for place in range(*found.span())}
    known = [powers.get(place, "") + sign.translate(RAISED if place in powers else OTHER_SIGNS) for place, sign in enumerate(signs)]
    return [one if one.isascii() else _spelled(one) for one in known]


def _spelled(sign: str) -> str:
    from unicodedata import name, normalize

    greek = re.fullmatch(r"GREEK (?:SMALL|CAPITAL) LETTER (\w+)", name(sign, ""))
    bare = normalize("NFKD", sign)[0]
    return greek[1].lower() if greek else bare if bare.isascii() else "?"


def in_signs_of(encoding: str | None, text: str) -> str:
    """The text in signs that the encoding has. What stands in columns, in a drawing, a table or a matrix, stays in them, though some signs
    become longer.
    """
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "\n\n".join(_in_columns(block.split("\n"), encoding) for block in text.split("\n\n"))
    return text


def _in_columns(lines: list[str], encoding: str | None) -> str:
    """Lines below each other: where a sign of one becomes longer, blanks of the others do."""
    written = [[_fitting(sign, plain, encoding) for sign, plain in zip(line, _plain(line), strict=True)] for line in lines]
    widths = [max(map(len, column)) for column in zip_longest(*written, fillvalue=" ")]
    found = []
    for line, signs in zip(lines, written, strict=True):
        owed, row = 0, ""
        for place, (sign, width) in enumerate(zip(signs, widths, strict=False)):
            row, owed = row + sign, owed + width - len(sign)
            if sign == " " and " " in (line[place - 1 : place], line[place + 1 : place + 2]):  # one blank alone stands between words
                row, owed = row + " " * owed, 0
        found.append(row)
    return "\n".join(found)


def _fitting(sign: str, plain: str, encoding: str | None) -> str:
    try:
        sign.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return plain
    return sign


def say(text: str = "", *, aside: bool = False) -> None:
    """Lines on standard output; where nobody reads on, as behind `head` or in a window that was closed, the work goes on without.

    aside  on standard error, beside data that go to standard output
    """
    try:
        stream = sys.stderr if aside else sys.stdout
        print(in_signs_of(stream.encoding, clean_lines(text)), flush=True, file=stream)
    except OSError as error:
        if not _unread(error):
            raise
        discard_output()


def coloured() -> bool:
    """May there be colours on a terminal? Whoever has said NO_COLOR wants none."""
    return not os.environ.get("NO_COLOR")


def prose_width() -> int:
    """How wide prose is: as the terminal, and no wider than 80."""
    return min(80, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 80


def in_columns(line: str) -> str:
    """A line of prose as wide as the terminal; what stands in columns stays as it is."""
    import textwrap

    words = line.lstrip()
    if len(line) <= prose_width() or "  " in words:
        return line
    margin = " " * (len(line) - len(words))
    return textwrap.fill(line, prose_width(), subsequent_indent=margin, break_on_hyphens=False, break_long_words=False)


def complain(text: str) -> None:
    """Lines on standard error, if anybody can read them; a terminal's are cut between words."""
    with suppress(OSError, ValueError):
        said = f"chainrule: {clean_lines(text)}"
        print("\n".join(map(in_columns, said.split("\n"))) if sys.stderr.isatty() else said, file=sys.stderr, flush=True)


def give(data: str) -> None:
    """Data on standard output: to a pipe or a file byte for byte what `-o` writes; to a terminal, which it could steer, as text is."""
    if sys.stdout.isatty():
        print(clean_lines(data), end="")
    elif binary := getattr(sys.stdout, "buffer", None):
        sys.stdout.flush()
        binary.write(data.encode())
    else:  # something that takes text alone, as io.StringIO
        sys.stdout.write(data)


def discard_output() -> None:
    """From now on, what is printed goes nowhere; nor does the interpreter's own last flush fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unread(error: OSError) -> bool:
    """Has the reader gone? A pipe says so by EPIPE, a terminal by EIO."""
    import errno

    return error.errno in (errno.EPIPE, errno.EIO)
