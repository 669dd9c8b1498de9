"""Which format a file's suffix asks for, and its renderer; each is imported when a file asks for it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from chainrule.document import Document
from chainrule.errors import FileError, UnknownNameError, shown

FORMATS = {
    ".txt": "plain",
    ".md": "markdown",
    ".html": "html",
    ".ipynb": "notebook",
    ".pdf": "pdf",
    ".typ": "typst",
    ".tex": "latex",
}
"""The suffix, and the module and function that turn a document into text or bytes."""

LAID_OUT = frozenset((".pdf", ".typ", ".tex"))
"""Suffixes whose renderer takes a layout and a paper."""

LAYOUTS, PAPERS = ("article", "slides", "handout"), ("a4", "letter")


def check_format(path: str | Path, *others: str) -> str:
    """The suffix of a file, if a renderer, or one of `others`, knows it. Raises FileError."""
    suffix, known = Path(path).suffix.lower(), (*FORMATS, *others)
    if suffix not in known:
        raise FileError(f"{shown(str(path))}: the suffix says the format; {suffix or 'none'} is unknown. Known: {', '.join(known)}.")
    return suffix


def rendered(document: Document, suffix: str, *, layout: str = "article", paper: str = "a4") -> str | bytes:
    """A document in the format of a suffix.

    layout  "article", "slides" (16:9, one idea a page) or "handout" (slides' contents, with every detail), where the format has pages
    paper   "a4" or "letter"

    Raises UnknownNameError; InputError where what the format needs is not installed.
    """
    for kind, asked, known in (("layout", layout, LAYOUTS), ("paper", paper, PAPERS)):
        if asked not in known:
            raise UnknownNameError(kind, asked, known)
    name = FORMATS[suffix]
    render = getattr(import_module(f"chainrule.render.{name}"), name)
    result: str | bytes = render(document, layout=layout, paper=paper) if suffix in LAID_OUT else render(document)
    return result


def save(document: Document, path: str | Path, *, layout: str = "article", paper: str = "a4") -> None:
    """Write a document to a file in the format of its suffix, whole or not at all. Raises FileError, UnknownNameError, InputError."""
    from chainrule.files import write_whole

    write_whole(path, rendered(document, check_format(path), layout=layout, paper=paper))
