"""Notation: how formulas are written, in the letters of a course, as text, LaTeX and MathML."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.formula.expression import Expression


def one_line(expression: Expression) -> str:
    """One line of plain text, with the default letters; a named quantity is written by its name."""
    from chainrule.notation.build import formula
    from chainrule.notation.text import text

    return text(formula(expression))
