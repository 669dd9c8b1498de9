r"""A person's prose, and any sign at all, for LaTeX: no sign has a meaning, and none is beyond what the engine's fonts have.

Such a sign is \sign{1F600}, of latex.PREAMBLE: itself where the font has it, else its number in a box.
"""

from __future__ import annotations

from chainrule.base.printing import Code, clean
from chainrule.notation.latex import GREEK, OPERATORS

SIGNS = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",  # so that no two become a dash
    **{sign: "\\" + sign for sign in "{}$%#&_"},
    **{sign: rf"\ensuremath{{\{name}}}" for sign, name in GREEK.items()},
    **{sign: rf"\ensuremath{{{command}}}" for sign, command in OPERATORS.items() if sign not in "−…"},
    **{sign: rf"\textsuperscript{{{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{sign: rf"\textsubscript{{{digit}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    "÷": r"\ensuremath{\div}",
    "¬": r"\ensuremath{\neg}",
    **{sign: rf"\textsuperscript{{{letter}}}" for sign, letter in zip("⁺⁽⁾ˢⁿᵀ", "+()snT", strict=True)},
    "⁻": r"\textsuperscript{\ensuremath{-}}",
    "−": r"\ensuremath{-}",
    "…": r"\dots{}",
    "⋮": r"\ensuremath{\vdots}",
    "√": r"\ensuremath{\surd}",
    "∂": r"\ensuremath{\partial}",
    "∞": r"\ensuremath{\infty}",
    "′": r"\ensuremath{'}",
    "‖": r"\ensuremath{\Vert}",
    "\u00a0": "~",
    "–": "--",
    "—": "---",
    **dict.fromkeys("„“”‚‘’", ""),
}
"""Signs with a meaning in TeX, and signs of mathematics in prose; "" stays as it is."""

UNLETTERED = frozenset("\u00ad¦¨¯´¸·×÷¬±µ¹²³")
"""Signs of Latin-1 that are written another way, or are no letters."""

LATIN = frozenset("ĀāĂăĄąĆćČčĎďĐđĒēĘęĚěĞğĢģĪīİıĶķĹĺĻļĽľŁłŃńŅņŇňŌōŐőŒœŔŕŘřŚśŞşŠšŢţŤťŪūŮůŰűŹźŻżŽž")
"""Letters beyond Latin-1 that the font encoding of pdflatex has."""


def escape_latex_prose(prose: str) -> str:
    r"""Prose in which no sign has a meaning to TeX; code is code.

    >>> print(escape_latex_prose(r"50 % of a_b \input{x}"), escape_latex_prose(Code("`--step N`")))
    50 \% of a\_b \textbackslash{}input\{x\} \texttt{{-}{-}step N}
    """
    return rf"\texttt{{{_signs(clean(prose.typed))}}}" if isinstance(prose, Code) else _signs(clean(prose))


def _signs(piece: str) -> str:
    return visible("".join(SIGNS.get(sign) or sign for sign in piece))


def visible(source: str) -> str:
    """Every sign that not every engine has a glyph for, by its number."""
    return "".join(sign if _is_letter(sign) else SIGNS.get(sign) or rf"\sign{{{ord(sign):04X}}}" for sign in source)


def _is_letter(sign: str) -> bool:
    """ASCII, the letters of the languages of Western and Central Europe, quotation marks and dashes."""
    return sign.isascii() or ("\u00a1" <= sign <= "\u00ff" and sign not in UNLETTERED) or sign in LATIN or sign in "„“”‚‘’–—"
