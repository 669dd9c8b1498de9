"""A reader of printed equations that knows nothing of chainrule: what stands there, is it true?

It reads plain text and LaTeX, evaluates both sides of every relation with fractions (beyond them with a hundred digits), and holds
them to the rule of the documents: `=` joins equal numbers; the right side of `≈` is right to half a unit of its last digit; what
stands before `←` is a name.

    >>> check("h1 = x1 · w1 + x2 · w2 = 8 · 0.21 + 12 · 0.56 = 8.4").false
    []
    >>> check("8 · 0.21 + 12 · 0.56 = 8.5").false
    ['8 · 0.21 + 12 · 0.56 = 8.5']
"""

from tests.equations.documents import equations_in_latex, equations_in_text
from tests.equations.relations import Verdict, beginning, cells, check, ending, split, tolerances
from tests.equations.trees import NotRead
from tests.equations.values import Evaluation, Misfit, Unknown, near

__all__ = [
    "Evaluation",
    "Misfit",
    "NotRead",
    "Unknown",
    "Verdict",
    "beginning",
    "cells",
    "check",
    "ending",
    "equations_in_latex",
    "equations_in_text",
    "near",
    "split",
    "tolerances",
]
