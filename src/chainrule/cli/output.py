"""The three ways out of the command line: what is said to a person, what is complained about, and data, which nobody changes."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress

from chainrule.base.printing import clean_lines

OTHER_SIGNS = str.maketrans(
    {"−": "-", "≈": "~", "≤": "<=", "≥": ">=", "≠": "!=", "→": "->", "←": "<-", "′": "'", "√": "sqrt", "…": "...", "\u202f": " "}
    | dict.fromkeys("═━─╌", "=") | dict.fromkeys("│┃", "|") | dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯", "+")
)  # fmt: skip
"""What stands for signs that an encoding lacks: a number never loses its minus."""

POWER = re.compile("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|⁻")


def in_other_signs(error: UnicodeError) -> tuple[str, int]:
    """What is written in place of the signs that an encoding lacks, and where to go on: for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    from chainrule.document.words import RAISED

    plain = POWER.sub(lambda found: "^" + found[0].translate(RAISED), error.object[error.start : error.end]).translate(OTHER_SIGNS)
    return "".join(sign if sign.isascii() else "?" for sign in plain), error.end


def say(text: str = "", *, aside: bool = False) -> None:
    """Lines on standard output; where nobody reads on, as behind `head` or in a window that was closed, the work goes on without.

    aside  on standard error, beside data that go to standard output
    """
    try:
        print(clean_lines(text), flush=True, file=sys.stderr if aside else sys.stdout)
    except OSError as error:
        if not _unread(error):
            raise
        discard_output()


def complain(text: str) -> None:
    """Lines on standard error, if anybody can read them."""
    with suppress(OSError, ValueError):
        print(f"chainrule: {clean_lines(text)}", file=sys.stderr, flush=True)


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
