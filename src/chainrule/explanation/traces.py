"""Equations that know what they were worked out from, so that they can be worked out again for other numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from chainrule.base.frozen import Frozen
from chainrule.formula.expression import Expression
from chainrule.formula.scalar import Element
from chainrule.notation.formula import Equation


class Trace(Frozen):
    """What an equation was worked out from.

    expression  what is printed in letters, then in numbers: of single numbers, or of arrays
    values      the numbers of its letters: `Context.before`, `Context.after`
    result      the letter of single numbers, or the quantity, whose number stands at the end; None where it follows from the letters
    paths       of a chain: the elements from the error to the weight, between which the derivatives stand that are multiplied
    stated      is there no side in numbers?
    """

    expression: Expression
    values: Mapping[Expression, Any]
    result: Expression | None = None
    paths: Sequence[Sequence[Element]] = ()
    stated: bool = False


class TracedEquation(Equation):
    """An equation with its trace."""

    trace: Trace | None = field(default=None, compare=False, repr=False)


def with_trace(equation: Equation, trace: Trace) -> TracedEquation:
    """The equation with its trace."""
    return TracedEquation(equation.sides, equation.relations, trace)
