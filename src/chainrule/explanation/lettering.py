"""Formulas and texts as letters of a picture."""

from __future__ import annotations

from typing import Any

from chainrule.base.frozen import replace
from chainrule.explanation.context import Context
from chainrule.notation.formula import Equation, Formula, Operator, row
from chainrule.notation.numbers import printed
from chainrule.pictures.plot import Runs
from chainrule.pictures.shapes import prose_runs, text_runs

LONGEST_NAME = 24
"""Letters of a column's name; a longer one is cut."""


def shortened_name(name: str) -> str:
    """The name of a column, shortened where it is long."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def equation(context: Context, letter: Formula, value: Any, digits: int | None = None) -> Equation:
    """h1 = 8.4, y ≈ 0.751365, in decimals."""
    number = printed(value, context.rounding, digits)
    return Equation((letter, number.formula), ("=" if number.exact else "≈",))


def value_runs(context: Context, letter: Formula, value: Any) -> Runs:
    """The same in letters."""
    return text_runs(equation(context, letter, value))


def signed(context: Context, change: float) -> Formula:
    """+0.157 or −0.157, with ≈ where it is rounded."""
    number = printed(change, context.rounding)
    sign = Operator(("" if number.exact else "≈ ") + ("+" if change > 0 else ""), prefix=True)
    return row(sign, number.formula)


def message_runs(context: Context, key: str, **values: Formula) -> Runs:
    """A text of the catalogue with formulas in it."""
    return tuple(run for part in context.text(key, **values) for run in (prose_runs(part) if isinstance(part, str) else text_runs(part)))


def in_ink(runs: Runs) -> Runs:
    """The same without the colours of symbols, which could not be read on an area of the same colour."""
    return tuple(replace(run, key="") for run in runs)
