"""Which format a file's suffix asks for, and its renderer; each is imported when a file asks for it."""

from __future__ import annotations

from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING

from chainrule.base.errors import FileError, UnknownNameError, quoted
from chainrule.base.frozen import replace
from chainrule.document.document import Document

if TYPE_CHECKING:
    from pathlib import Path

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
    from pathlib import Path

    suffix, known = Path(path).suffix.lower(), (*FORMATS, *others)
    if suffix not in known:
        raise FileError(f"{quoted(str(path))}: the suffix says the format; {suffix or 'none'} is unknown. Known: {', '.join(known)}.")
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


def save(document: Document, path: str | Path, *, layout: str = "article", paper: str = "a4") -> list[Path]:
    """Write a document to a file in the format of its suffix, whole or not at all.

    Markdown refers to its pictures: they are written as SVG beside it, step.md's as step-network.svg. Returns the files written, the
    document first. Raises FileError, UnknownNameError, InputError.
    """
    from pathlib import Path

    from chainrule.base.files import writing_whole

    path = Path(path)
    suffix = check_format(path)
    made = _with_pictures(document, path) if suffix == ".md" else {path: rendered(document, suffix, layout=layout, paper=paper)}
    with ExitStack() as all_or_none:
        for place, content in made.items():
            all_or_none.enter_context(writing_whole(place)).write(content.encode() if isinstance(content, str) else content)
    return list(made)


def _with_pictures(document: Document, path: Path) -> dict[Path, str | bytes]:
    """What stands in the file of a document in Markdown, and in those of its pictures."""
    from chainrule.pictures.diagram import network_diagram
    from chainrule.render.markdown import GITHUB, linked, markdown, picture_files
    from chainrule.render.svg import svg

    names = picture_files(document, path.stem)
    pictures = {path.with_name(name): svg(network_diagram(picture), document.colours) for picture, name in names.items()}
    links = {picture: linked(picture, name) for picture, name in names.items()}
    return {path: markdown(document, replace(GITHUB, pictures=links)), **pictures}
