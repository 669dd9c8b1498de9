"""Text for a person: what another wrote steers no terminal, reorders no line and breaks no format, and what is typed is known as that."""

from __future__ import annotations

import os
import re

_BARE = r"[\w+\-./:\\=@]+"
"""A word that needs no quotes in the shells of Windows."""

_STEERING = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"


def clean(text: str) -> str:
    r"""A person's text for one line: blanks are spaces; characters that steer terminals, reorder lines or break XML are written as codes.

    >>> print(clean("size\x1b[31m\u202e of\nit"))
    size\x1b[31m\u202e of it
    """
    return text if text.isprintable() else re.sub(_STEERING, _code, re.sub(r"[\t\n\v\f\r]+", " ", text))


def clean_lines(text: str) -> str:
    """The same of a text of several lines, which stay lines."""
    return "\n".join(map(clean, text.split("\n")))


def listed(name: str) -> str:
    """A name as it stands among others with commas between: in quotes where it would not be told from these.

    >>> print(", ".join(map(listed, ["rose", ",", "Doe, J.", "?"])))
    rose, ',', 'Doe, J.', '?'
    """
    told = any(map(str.isalnum, name)) and ", " not in name and name == name.strip(" ,")
    return name if told else repr(name)


def counted(count: int, one: str, several: str = "") -> str:
    """A number with the word that agrees with it; `several` where that is not `one` with an s.

    >>> print(counted(1, "row"), counted(1200, "row"), counted(2, "axis", "axes"), sep=", ")
    1 row, 1,200 rows, 2 axes
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def command_line(*words: str) -> str:
    """The words as a line that can be typed into the shell at hand: in single quotes where they need some, on Windows in double ones.

    >>> print(command_line("chainrule", "info", "my model.safetensors"))
    chainrule info 'my model.safetensors'
    """
    if os.name != "nt":
        from shlex import join

        return join(words)
    return " ".join(word if re.fullmatch(_BARE, word) else '"' + word.replace('"', '\\"') + '"' for word in words)


def _code(found: re.Match[str]) -> str:
    """The sign as Python writes it in its strings."""
    return ascii(found[0])[1:-1]


class Code(str):
    """What is typed, in prose: `--step N`, with its backticks. In any other text a backtick is a sign like another."""

    __slots__ = ()

    @property
    def typed(self) -> str:
        """The letters between the backticks."""
        return self[1:-1]
