"""A document as PDF, by Typst: accessible (PDF/UA-1), with its fonts in it."""

from __future__ import annotations

import re
import unicodedata
from importlib.util import find_spec
from typing import Any, Literal

from chainrule.base.errors import InputError
from chainrule.document.document import Document
from chainrule.notation.mathml import element, escape_xml
from chainrule.render.palette import FRAME, GROUND, INK, PALETTE, QUIET
from chainrule.render.typst import typst

MOST_ROUNDS = 12
"""Signs without a glyph are found one by one, a compilation each; after these, every sign beyond LETTERS is replaced."""

LETTERS = 0x3FF
"""The last of the Latin and Greek letters; beyond it stand the signs of mathematics, which Typst's own fonts have."""


def pdf(document: Document, layout: str = "article", paper: str = "a4") -> bytes:
    """The document as a PDF/UA-1 file. A sign that Typst's fonts lack is replaced by its number: [U+1F600].

    layout, paper  as of `chainrule.render.typst.formula_typst`

    Raises InputError where the package typst is not installed.
    """
    return compile_typst(typst(document, layout, paper), document.title)


def check_typst(format: str) -> None:
    """Can it be asked for this format? Raises InputError where the package typst is not installed."""
    if find_spec("typst") is None:
        raise InputError(f'{format.upper()} is set by the package typst, which is not installed: pip install "chainrule[pdf]".')


def compile_typst(source: str, title: str, format: Literal["pdf", "svg", "png"] = "pdf", about: str = "") -> bytes:
    """Typst's source as a file: "pdf", or, of a single page, "png" with 192 dots an inch, or "svg" for light and dark.

    title, about   what an SVG says to screen readers

    Raises InputError where the package typst is not installed.
    """
    check_typst(format)
    import typst as compiler

    def written(source: str, format: Literal["pdf", "svg", "png"], **more: Any) -> bytes:
        """By the fonts that Typst brings alone, so that a document looks the same wherever it is made."""
        return bytes(compiler.compile(source.encode(), format=format, ignore_system_fonts=True, **more))

    def pdf(source: str) -> bytes:
        return written(source, "pdf", pdf_standards=["ua-1"])

    def complete(source: str) -> tuple[str, bytes]:
        """The source with numbers for signs that no font has, and its PDF: only of PDF/UA does Typst say which they are."""
        for _ in range(MOST_ROUNDS):
            try:
                return source, pdf(source)
            except compiler.TypstError as error:
                missing = _missing(str(error))
                if not missing:
                    raise
                source = _replaced(source, missing)
        source = _replaced(source, _unsure(source))
        return source, pdf(source)

    if format == "pdf":
        return complete(source)[1]
    if _unsure(source):
        source, _ = complete(source)
    if format == "png":
        return written(source, "png", ppi=192.0)
    return _told(written(source, "svg"), title, about)


def _unsure(source: str) -> set[str]:
    """The signs that fonts may lack."""
    return {sign for sign in source if ord(sign) > LETTERS and not _mathematical(sign)}


def _told(svg: bytes, title: str, about: str) -> bytes:
    """An SVG with its words for screen readers, since Typst draws letters as shapes, and with other colours in the dark."""
    drawn = re.sub(r"(\.\d{3})\d+", r"\1", svg.decode())  # a thousandth of a point is less than anybody sees
    before = element("title", escape_xml(title)) + element("desc", escape_xml(about)) + element("style", _dark(drawn))
    return re.sub(r"<svg\b[^>]*>", lambda start: f'{start[0][:-1]} role="img">{before}', drawn, count=1).encode()


def _dark(svg: str) -> str:
    """Every colour that stands in an SVG for white paper, as it is on black."""
    pairs = dict([("#000000", INK[1]), ("#ffffff", GROUND[1]), INK, QUIET, FRAME, *((colour.light, colour.dark) for colour in PALETTE)])
    found = sorted(set(re.findall(r'(fill|stroke)="(#[0-9a-f]{6})((?:[0-9a-f]{2})?)"', svg)))
    rules = (f'[{part}="{light}{clear}"] {{ {part}: {pairs[light]}{clear}; }}' for part, light, clear in found if light in pairs)
    return f"@media (prefers-color-scheme: dark) {{ {' '.join(rules)} }}"


def _missing(message: str) -> set[str]:
    """The signs which a message of Typst says no font has."""
    found = re.search(r"the text `\"(.+?)\"` could not be displayed", message, re.DOTALL)
    return set(re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), found[1])) if found else set()


def _mathematical(sign: str) -> bool:
    return 0x2010 <= ord(sign) <= 0x2BFF and unicodedata.category(sign) in ("Sm", "Pd", "Pf", "Pi", "Po", "No", "Lm", "So", "Lu", "Ll")


def _replaced(source: str, signs: set[str]) -> str:
    return source.translate({ord(sign): f"[U+{ord(sign):04X}]" for sign in signs})
