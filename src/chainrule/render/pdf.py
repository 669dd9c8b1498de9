"""A document as PDF, by Typst: accessible (PDF/UA-1), with its fonts in it."""

from __future__ import annotations

import re
import unicodedata

from chainrule.document import Document
from chainrule.errors import InputError
from chainrule.render.typst import typst

MOST_ROUNDS = 12
"""Signs without a glyph are found one by one, a compilation each; after these, every sign beyond LETTERS is replaced."""

LETTERS = 0x3FF
"""The last of the Latin and Greek letters; beyond it stand the signs of mathematics, which Typst's own fonts have."""


def pdf(document: Document, layout: str = "article", paper: str = "a4") -> bytes:
    """The document as a PDF/UA-1 file. A sign that no font has is replaced by its number: [U+1F600].

    layout, paper  as of `chainrule.render.typst.typst`

    Raises InputError where the package typst is not installed.
    """
    try:
        import typst as compiler
    except ImportError:
        raise InputError('PDF is set by the package typst, which is not installed: pip install "chainrule[pdf]".') from None
    source = typst(document, layout, paper)
    for _ in range(MOST_ROUNDS):
        try:
            return bytes(compiler.compile(source.encode(), format="pdf", pdf_standards=["ua-1"]))
        except compiler.TypstError as error:
            missing = _missing(str(error))
            if not missing:
                raise
            source = _replaced(source, missing)
    unsure = {sign for sign in source if ord(sign) > LETTERS and not _mathematical(sign)}
    return bytes(compiler.compile(_replaced(source, unsure).encode(), format="pdf", pdf_standards=["ua-1"]))


def _missing(message: str) -> set[str]:
    """The signs which a message of Typst says no font has."""
    found = re.search(r"the text `\"(.+?)\"` could not be displayed", message, re.DOTALL)
    return set(re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), found[1])) if found else set()


def _mathematical(sign: str) -> bool:
    return 0x2010 <= ord(sign) <= 0x2BFF and unicodedata.category(sign) in ("Sm", "Pd", "Pf", "Pi", "Po", "No", "Lm", "So", "Lu", "Ll")


def _replaced(source: str, signs: set[str]) -> str:
    return source.translate({ord(sign): f"[U+{ord(sign):04X}]" for sign in signs})
