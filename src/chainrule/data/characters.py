"""A text as rows of characters: so many one after the other, and the one that follows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, InputError, quoted
from chainrule.base.printing import counted
from chainrule.data.encodings import (
    UNREADABLE,
    check_is_table,
    checked_encoding,
    encoding_error,
    marked_encoding,
    not_text_error,
    open_binary,
    unreadable_error,
)
from chainrule.data.notes import Notice, notice

NEXT = "next"
"""The column of the character that follows."""

SHOWN = {" ": "␣", "\n": "↵", "\t": "⇥"}
"""What stands for characters that leave no trace, so that they can be classes with a name."""

LONGEST = 10_000


def checked_length(length: int) -> int:
    """How many characters a row has. Raises InputError."""
    if isinstance(length, bool) or not isinstance(length, int) or not 1 <= length <= LONGEST:
        raise InputError(f"characters says how many of them a row has, a whole number from 1 to {LONGEST:,}, not {quoted(length)}.")
    return length


def of_characters(paths: Sequence[Path], length: int, encoding: str | None) -> tuple[dict[str, Array], tuple[Notice, ...]]:
    """Columns character1, character2 … and next: a row for each character that has so many before it; and what they are, in words.

    A text of exactly that length is one row, whose next is not known. Lines end in ↵, however the file ends them. No row goes from one
    file into another. Raises FileError where a file is no text, or too short.
    """
    texts = [_text(path, encoding) for path in paths]
    short = next((place for place, text in enumerate(texts) if len(text) < length), None)
    if short is not None:
        fix = "give a longer text, or train with fewer («--characters»)"
        raise FileError(f"{paths[short]} has {counted(len(texts[short]), 'character')}, but a row has {length}: {fix}.")
    foretold = any(len(text) > length for text in texts)
    columns = [np.concatenate([text[start : len(text) - length + start] for text in texts if len(text) > length]) if foretold
               else np.concatenate([text[start : start + 1] for text in texts]) for start in range(length + foretold)]  # fmt: skip
    names = [*(f"character{place}" for place in range(1, length + 1)), NEXT]
    distinct = len(set().union(*(set(text.tolist()) for text in texts)))
    notes = notice("found.characters", count=sum(map(len, texts)), different=distinct), notice("found.characters_of_row", length=length)
    return dict(zip(names, columns, strict=False)), notes


def _text(path: Path, encoding: str | None) -> Array:
    """(characters,) objects, each as it is shown. Raises FileError."""
    try:
        with open_binary(path) as file:
            data = file.read()
    except UNREADABLE as error:
        raise unreadable_error(path, error) from None
    check_is_table(path, data)
    name = marked_encoding(data) if encoding is None else checked_encoding(encoding)
    try:
        text = data.decode(name).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise encoding_error(path, name) from None
    if "\0" in text:
        raise not_text_error(path, name, data)
    used = next((mark for mark in SHOWN.values() if mark in text), None)
    if used:
        raise FileError(f"{path} holds {used}, which stands for a blank, a tab or the end of a line here; take it out of the text.")
    characters = np.empty(len(text), dtype=object)
    characters[:] = [SHOWN.get(sign, sign) for sign in text]
    return characters
