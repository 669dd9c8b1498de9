"""Equations in documents: plain text, and LaTeX read as plain text."""

from __future__ import annotations

import re

from tests.equations.latex import LAYOUT, MATHEMATICS, plain_text
from tests.equations.trees import RELATIONS


def equations_in_text(document: str) -> list[str]:
    """The lines, and cells of tables, with a relation; a line that begins with one continues the line before."""
    found: list[str] = []
    before = ""
    for part in (cell for line in document.splitlines() for cell in table_cells(line)):
        plain = re.sub(r"^[\s>*#│]+(?=\S)|[\s│]+$|`", "", part)
        if plain[:1] in RELATIONS and plain and before:
            plain = f"{found.pop() if found and found[-1] == before else before} {plain}"
        if any(sign in plain for sign in RELATIONS):
            found.append(plain)
        before = plain
    return found


def table_cells(line: str) -> list[str]:
    """The cells of a row of a Markdown table; any other line as it is."""
    row = re.fullmatch(r"\s*\|\s(.*)\s\|\s*", line)
    return re.split(r"\s\|\s", row[1]) if row else [line]


def equations_in_latex(document: str) -> list[str]:
    """Every formula of a LaTeX or Markdown document with a relation, as plain text."""
    found = []
    for match in MATHEMATICS.finditer(document):
        content = re.sub(LAYOUT, "", next(group for group in match.groups() if group is not None))
        lines = content.split(r"\\") if not re.search(r"\\begin\{(?:[bpv]?matrix|cases|array)\}", content) else [content]
        joined: list[str] = []
        for line in lines:
            plain = plain_text(line)
            if plain[:1] in RELATIONS and joined:
                joined[-1] += f" {plain}"
            else:
                joined.append(plain)
        found += [line for line in joined if any(sign in line for sign in RELATIONS)]
    return found
