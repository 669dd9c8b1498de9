"""The head of an ARFF file: the names of its columns, and what it says about them.

Source: the Attribute-Relation File Format of Weka, https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.base.errors import FileError, quoted
from chainrule.base.frozen import FrozenValue

if TYPE_CHECKING:
    from chainrule.data.columns import ColumnForm

ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s{]+)\s*(\{.*\}|\S+)(.*)""", re.IGNORECASE)

FORMS: dict[str, ColumnForm] = {"numeric": "number", "real": "number", "integer": "number", "string": "text", "date": "date"}


class ArffHead(FrozenValue):
    """How many lines the head has, the columns' names, their forms by name, and the sign that quotes text."""

    lines: int
    names: tuple[str, ...]
    forms: dict[str, ColumnForm]
    quote: str


def is_arff(path: str, text: str) -> bool:
    """Is it an ARFF file, by its name or its first line that is no comment?"""
    if any(suffix.lower() == ".arff" for suffix in Path(path).suffixes[-2:]):
        return True
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("%")), "")
    return first.lower().startswith("@relation")


def read_arff_head(path: str, text: str) -> ArffHead:
    """What stands before the rows. Raises FileError."""
    forms: dict[str, ColumnForm] = {}
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        said = line.strip()
        if said.lower().startswith("@data"):
            return ArffHead(number, _checked(path, forms), forms, _quote(path, lines[number:]))
        if said.lower().startswith("@attribute"):
            match = ATTRIBUTE.fullmatch(said)
            kind = match and ("{" if match[2].startswith("{") else match[2].lower())
            if match is None or (kind != "{" and kind not in FORMS):
                raise FileError(f"{path} is no ARFF file that can be read: line {number} is {quoted(said)}.")
            name = re.sub(r"\\(.)", r"\1", match[1][1:-1]) if match[1][0] in "'\"" else match[1]
            if name in forms:
                raise FileError(f"{path} has two columns called {quoted(name)}; give each its own name.")
            forms[name] = "text" if kind == "{" else FORMS[str(kind)]
    raise FileError(f"{path} is no complete ARFF file: it has no line @data.")


def _checked(path: str, forms: dict[str, ColumnForm]) -> tuple[str, ...]:
    if not forms:
        raise FileError(f"{path} is no complete ARFF file: no @attribute stands before @data.")
    return tuple(forms)


def _quote(path: str, rows: list[str]) -> str:
    """The sign in which text is quoted: the single quote, as Weka writes it, or the double one."""
    first = next((row.strip() for row in rows if row.strip() and not row.startswith("%")), "")
    if first.startswith("{"):
        raise FileError(f"{path} is a sparse ARFF file; save it as a dense one (weka.filters.unsupervised.instance.SparseToNonSparse).")
    return '"' if '"' in "".join(rows) and "'" not in "".join(rows) else "'"
