"""Catalogues of words: one module a language in `chainrule.document.languages`, the same keys in each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chainrule.base.frozen import FrozenValue
from chainrule.base.options import asked_for
from chainrule.base.printing import Code, clean
from chainrule.document.document import Inline
from chainrule.notation.formula import Formula, Number

RAISED = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")

NUMBERS = re.compile(r"[0-9.,^−·… \u00a0]+")
"""Numbers in words, as 2.4 · 10^−13."""

TYPED = re.compile("(`[^`]+`|«[^»]+»)")
"""What is typed: code, or options without its look."""

COUNTED = re.compile(r"{(\w+):([^|{}]+)\|([^{}]+)}")
"""A number with the words that agree with it, as {rows:row|rows}: 1 row, 2 rows."""


class Words(FrozenValue):
    """The words of one language."""

    language: str = "en"

    @property
    def catalogue(self) -> dict[str, str]:
        """Every text by its key."""
        from importlib import import_module

        return import_module(f"chainrule.document.languages.{self.language}").WORDS  # type: ignore[no-any-return]  # a module found by its name

    def decimal(self, text: str) -> str:
        """Digits with the decimal sign of the language: a comma in German."""
        return text.replace(".", ",") if self.language == "de" else text

    def called(self, kind: str, name: str) -> str:
        """What something of a kind is called; one without an entry keeps its own name."""
        return self.catalogue.get(f"name.{kind}.{name}", name.replace("_", " "))

    def _text(self, key: str, values: Mapping[str, object]) -> str:
        """The text of a key, with the words that agree with its numbers; before it, one for 0 or 1 of them, as "repeat.reached.steps=1"."""
        catalogue = self.catalogue
        counted = (f"{key}.{place}={value:d}" for place, value in values.items() if isinstance(value, int) and value in (0, 1))
        text = catalogue[next((one for one in counted if one in catalogue), key)]
        return COUNTED.sub(lambda found: f"{{{found[1]}}} {found[2 if str(values[found[1]]) == '1' else 3]}", text)

    def plain(self, key: str, **values: object) -> str:
        """A text with plain values in its places; what people wrote is cleaned."""
        cleaned = {name: clean(value) if isinstance(value, str) else value for name, value in values.items()}
        return asked_for(self._text(key, values).format(**cleaned))

    def heads(self, family: str, *columns: str) -> list[str]:
        """The heads of a table: the texts of a family's columns."""
        return [self.plain(f"{family}.{column}") for column in columns]

    def __call__(self, key: str, **values: str | int | Formula) -> Inline:
        """A text with formulas or plain values in its places; what it has in backticks is `Code`, but nothing that a value has."""
        parts: list[str | Formula] = []
        text = self._text(key, values)
        for piece in TYPED.split(text):
            if piece.startswith(("`", "«")):
                said = asked_for(piece.format(**values))
                parts.append(Code(said) if piece.startswith("`") else said)
                continue
            before, *others = re.split(r"{(\w+)}", piece)
            parts += with_powers(before)
            for place, after in zip(others[::2], others[1::2], strict=True):
                value = values[place]
                several = with_powers(value) if isinstance(value, str) and NUMBERS.fullmatch(value) else None
                parts += several or [str(value) if isinstance(value, (str, int)) else value]
                parts += with_powers(after)
        return tuple(part for part in parts if part != "")


def with_powers(text: str) -> list[str | Formula]:
    """Powers of ten, 10⁻¹² or 10^−12, as formulas, so that they look like those in the formulas around them."""
    pieces = re.split(r"\b10\^?((?<=\^)−?\d+|(?<!\^)⁻?[⁰¹²³⁴-⁹]+)", text) if "10" in text else [text]
    return [Number("1", int(piece.translate(RAISED))) if place % 2 else piece for place, piece in enumerate(pieces)]
