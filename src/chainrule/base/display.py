"""How objects show themselves: the one door through which they reach the printers and formats above them, when they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Displayed:
    """Shows itself as Markdown with formulas, which both Jupyter and marimo understand; at Python's prompt its `repr` stands for it."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        from chainrule.render.objects import object_markdown

        return object_markdown(self)


class Reported:
    """A trained model, which tells of its training in a file."""

    __slots__ = ()

    def report(self: Any, path: str | Path, *, data: Any = None, language: str = "en") -> None:
        """Write the report of its training to a file, .html, .pdf, .md …: as `chainrule.report`. Raises InputError."""
        from chainrule.api.report import report

        report(self, path, data=data, language=language)


class Worded:
    """What is said in the words of every language, as text in English."""

    __slots__ = ()

    def __str__(self: Any) -> str:
        from chainrule.document.words import Words

        return Words().plain(self.key, **self.values)

    def __repr__(self) -> str:
        return repr(str(self))


class OneLine:
    """A formula, which is written in one line of plain text with the default letters; a named quantity by its name."""

    __slots__ = ()

    def __repr__(self: Any) -> str:
        from chainrule.notation.build import formula
        from chainrule.notation.text import formula_text

        return formula_text(formula(self))


class Rendered:
    """A document, which shows itself in a terminal and in a notebook, and is written to files."""

    def save(self: Any, path: str | Path, *, layout: str = "article", paper: str = "a4") -> None:
        """Write it to a file, in the format that the suffix says. Raises FileError, UnknownNameError, InputError.

        layout  "article", "slides" or "handout", and paper: "a4" or "letter", where the format has pages

        Pictures of Markdown are files of their own: step-network.svg beside step.md.
        """
        from chainrule.render.formats import save

        save(self, path, layout=layout, paper=paper)

    def _repr_markdown_(self: Any) -> str:
        from chainrule.render.notebook import document_markdown

        return document_markdown(self)

    def __str__(self: Any) -> str:
        from chainrule.render.plain import plain

        return plain(self)

    def __repr__(self) -> str:
        return str(self)

    def __rich__(self: Any) -> object:
        from chainrule.render.terminal import renderable

        return renderable(self)
