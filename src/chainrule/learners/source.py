"""The text of a learner's file: programs, notebooks, and documents with programs in them; and what its owner says about it in a header."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from chainrule.base.files import read_text
from chainrule.base.frozen import Frozen
from chainrule.learners.sandbox import Refusal

HEADER = re.compile(r"^\s*(?:#|//|%)\s*chainrule\s*:\s*(.*)$", re.IGNORECASE | re.MULTILINE)
_PROMPT = re.compile(r"^\s*In\s*\[\s*\d*\s*\]\s*:\s*(.*)$")
_PRINT = re.compile(r"^(\s*)print(?:\s*>>\s*\w+(?:\.\w+)*\s*,?)?(?:\s+(?![=(.,)\]])(.*)|\s*)$")
_MAGIC = re.compile(r"^(\s*)[%!?].*$|^(\s*)\w[\w.]*\?{1,2}\s*$")


class ProgramSource(Frozen):
    """A learner's program, as Python reads it.

    name    of the file
    code    Python, in which each line has the number that it has in the file, but for notebooks
    stated  what the header says, without "# chainrule:"
    cells   of a notebook, the first line of each cell of code, by its number in the notebook
    notes   keys of what was read otherwise than it is written: "learners.note.python2"
    """

    name: str
    code: str
    stated: str = ""
    cells: Mapping[int, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def place(self, line: int) -> tuple[int, str]:
        """The line within its cell and the file with its cell, of a notebook; otherwise the line itself and no file."""
        below = [(first, cell) for cell, first in self.cells.items() if first <= line]
        if not below:
            return line, ""
        first, cell = max(below)
        return line - first + 1, f"{self.name}[{cell}]"

    def line(self, line: int) -> str:
        """What stands in a line."""
        return self.code.split("\n")[line - 1].strip()


def read_source(path: str | Path) -> ProgramSource:
    """Read a learner's file. Raises FileError where it cannot be read, Refusal where it holds no program."""
    path = Path(path)
    return source_of(read_text(path), path.name)


def source_of(text: str, name: str) -> ProgramSource:
    """What a learner's text says. Raises Refusal where it holds no program that Python reads; its line is said."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").removeprefix("\ufeff")
    cells: dict[int, int] = {}
    left_out: tuple[str, ...] = ()
    if name.endswith(".ipynb") or (text.lstrip().startswith("{") and '"cells"' in text):
        text, cells, left_out = _notebook(text)
    elif _prompted(text):
        text = _document(text)
    elif re.search(r"^```", text, re.MULTILINE) and not _reads(text):
        text = _fenced(text)
    if not text.strip():
        raise Refusal("learners.refused.empty")
    stated = " ; ".join(found[1].strip() for found in HEADER.finditer(text))
    code, notes = _python(text)
    return ProgramSource(name, code, stated, cells, (*left_out, *notes))


def _python(text: str) -> tuple[str, tuple[str, ...]]:
    """The text, if need be without what Python 3 does not read: magics, statements of Python 2. Raises Refusal."""
    if _reads(text):
        return text, ()
    without = "\n".join(_MAGIC.sub(lambda found: f"{found[1] or found[2] or ''}pass", line) for line in text.split("\n"))
    if _reads(without):
        return without, ("learners.note.magics",)
    for attempt in (without.expandtabs(8), without.expandtabs(4)):
        if _reads(attempt):
            return attempt, ("learners.note.tabs",)
        newer = _python3(attempt)
        if _reads(newer):
            return newer, ("learners.note.python2",)
    try:
        ast.parse(_python3(without.expandtabs(8)))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        raise Refusal("learners.refused.syntax", line, problem=str(getattr(error, "msg", error))) from None
    raise AssertionError("one of the two readings failed")


def _python3(text: str) -> str:
    """Python 2 in Python 3: statements that print become calls; other left-overs are few."""
    lines: list[str] = []
    depth = 0  # of brackets that a print of several lines has opened
    for line in text.split("\n"):
        found = None if depth else _PRINT.match(line)
        if depth or found:
            content = line if found is None else (found[2] or "").rstrip().rstrip(",")
            depth += _opened(content)
            start = "" if found is None else f"{found[1]}print("
            lines.append(f"{start}{content}{')' if not depth else ''}")
            continue
        line = re.sub(r"^(\s*except\s+[\w.()]+(?:\s*,\s*[\w.]+)*)\s*,\s*(\w+)\s*:", r"\1 as \2:", line)
        line = re.sub(r"^(\s*raise\s+\w+)\s*,\s*(.+)$", r"\1(\2)", line)
        lines.append(line.replace("<>", "!="))
    return "\n".join(lines)


def _opened(text: str) -> int:
    """How many brackets are opened and not closed, strings left out."""
    bare = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "", text)
    return sum(bare.count(sign) for sign in "([{") - sum(bare.count(sign) for sign in ")]}")


def _reads(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _notebook(text: str) -> tuple[str, dict[int, int], tuple[str, ...]]:
    """The cells of code, one below the other, the first line of each, and notes. Raises Refusal."""
    try:
        notebook = json.loads(text)
        cells = notebook.get("cells") or [cell for sheet in notebook.get("worksheets", []) for cell in sheet["cells"]]
    except (ValueError, AttributeError, KeyError, RecursionError):
        raise Refusal("learners.refused.notebook") from None
    lines: list[str] = []
    firsts: dict[int, int] = {}
    notes: tuple[str, ...] = ()
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", ""))
        content = ("".join(source) if isinstance(source, list) else str(source)).split("\n")
        if content and content[0].startswith("%%"):
            content = [""] if not content[0].startswith(("%%time", "%%capture")) else ["", *content[1:]]
        content = [_MAGIC.sub(lambda found: f"{found[1] or found[2] or ''}pass", line) for line in content]
        if not _readable("\n".join(content)):  # a cell that somebody has begun, and would not run
            content, notes = [f"# {line}" for line in content], ("learners.note.cells",)
        firsts[number] = len(lines) + 1
        lines.extend(content)
        lines.append("")
    return "\n".join(lines), firsts, notes


def _readable(text: str) -> bool:
    """Does Python read it, perhaps once it is rewritten?"""
    try:
        _python(text)
    except Refusal:
        return False
    return True


def _prompted(text: str) -> bool:
    """Is it a notebook as it looks on paper, with In [1]: above each program?"""
    return not _reads(text) and sum(bool(_PROMPT.match(line)) for line in text.split("\n")) > 0


def _document(text: str) -> str:
    """The programs below In [1]: …, as far as each reads; every line keeps its number, others become empty."""
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if _PROMPT.match(line)]
    kept = [""] * len(lines)
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        found = _PROMPT.match(lines[start])
        block = [found[1] if found else "", *lines[start + 1 : end]]
        for length in range(len(block), 0, -1):
            part = textwrap.dedent("\n".join(block[:length]))
            if _reads(part):
                kept[start : start + length] = part.split("\n")
                break
    return "\n".join(kept)


def _fenced(text: str) -> str:
    """The programs between ``` and ```, each line at its number."""
    inside, kept = False, []
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            inside = not inside and not re.match(r"\s*```\s*(?!py|Python|$)", line)
            kept.append("")
        else:
            kept.append(line if inside else "")
    return "\n".join(kept)
