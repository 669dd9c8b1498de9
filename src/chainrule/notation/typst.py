"""Formulas as Typst's mathematics: attach(h, b: "1", t: "(2)"), frac(∂ E, ∂ attach(w, b: "1")).

Everything that a person gave stands in a string, where Typst gives no sign a meaning. Brackets grow only where what they hold
is tall.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from chainrule.base.printing import clean
from chainrule.notation import formula as f
from chainrule.notation import parts

OPERATORS = {",": r"\,", ";": r"\;", ":": r"\:", "/": r"\/", "·": "dot.op", "…": "dots.c", "-": "−", "*": "ast.op"}
"""Signs that Typst would read as its own; every other one of SIGNS is itself."""

SIGNS = frozenset("+−=<>⊙⋆∗×±≤≥≠≈≔←→⇒∈∝")
FUNCTIONS = frozenset(("arctan", "cos", "cosh", "exp", "ln", "log", "max", "min", "sin", "sinh", "tan", "tanh"))
ACCENTS = {"hat": "hat", "tilde": "tilde", "bar": "macron", "dot": "dot", "ddot": "dot.double", "vec": "arrow"}
FENCES = frozenset("()[]{}|‖⌊⌋⌈⌉⟨⟩")
TALL = ("frac(", "mat(", "cases(", "sum", "sqrt(")
"""What makes the brackets around it grow."""

_BRACKETS = frozenset("()[]{}|")
"""Brackets which Typst would pair by itself: escaped, they stay as they are."""


def formula_typst(formula: f.Formula, words: Mapping[str, str] = parts.ENGLISH, paint: parts.Paint = lambda key: "") -> str:
    """The formula in Typst's mathematics, without $ around it.

    paint  the function around each symbol with a key, for colours

    >>> print(formula_typst(f.Fraction(f.Row((f.Symbol("y"), f.Operator("−"), f.Symbol("t"))), f.Symbol("β₁"))))
    frac(y − t, attach(β, b: "1"))
    """

    def inside(part: f.Formula) -> str:
        return formula_typst(part, words, paint)

    match formula:
        case f.Symbol():
            return _symbol(formula, paint)
        case f.Number(digits, None):
            return _digits(digits)
        case f.Number(power=power):
            sign, before = parts.before_power(formula)
            ten = f'attach(10, t: "{clean(str(power)).replace("-", "−")}")'
            return f"{_digits(before)} dot.op {ten}" if before else f"{sign}{ten}"
        case f.Operator(sign):
            return OPERATORS.get(sign) or (sign if sign in SIGNS else string(sign))
        case f.Prose(prose):
            return string(prose)
        case f.Row() | f.Equation():
            return _row(parts.in_a_row(formula), inside)
        case f.Lines(several):
            return f"mat(delim: #none, align: #left, row-gap: #0.45em, {'; '.join(f'display({inside(line)})' for line in several)})"
        case f.Fraction(above, below):
            return f"frac({_whole(inside(above))}, {_whole(inside(below))})"
        case f.Power(base, exponent):
            return f"attach({inside(parts.raisable(base))}, t: {inside(parts.unfenced(exponent))})"
        case f.Root(content):
            return f"sqrt({inside(parts.unfenced(content))})"
        case f.Fenced(content, left, right):
            return _fenced(inside(content), left, right)
        case f.Call(name, arguments):
            given = f"{chr(92)}{parts.separator(arguments)} ".join(map(inside, arguments))
            return f"{_function(name)} {_fenced(given)}"
        case f.Cases(condition, first, second):
            lines = (
                f"{inside(first)} & {string(words['if'] + ' ')} {inside(condition)}",
                f"{inside(second)} & {string(words['otherwise'])}",
            )
            return f"cases({', '.join(lines)})"
        case f.Sum(content, index):
            return (f"attach(sum, b: {_script(index)}) " if index else "sum ") + inside(content)
        case f.Transposed(f.Symbol() as array):
            return _symbol(array, paint, raised="⊤")
        case f.Transposed(content):
            return f"attach({inside(parts.parenthesised(content))}, t: ⊤)"
        case f.Derivative(of, by):
            return f"frac(∂ {_symbol(of, paint)}, ∂ {_symbol(by, paint)})"
        case f.Matrix(rows):
            return f'mat(delim: "[", {"; ".join(", ".join(map(inside, cells)) for cells in rows)})'
        case f.Ellipsis(direction):
            return {"vertical": "dots.v", "diagonal": "dots.down"}.get(direction, "dots.c")


def string(text: str) -> str:
    r"""A person's text, so that it comes out as itself.

    >>> print(string('5 % of "x" \\ $y$'))
    "5 % of \"x\" \\ $y$"
    """
    return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _function(name: str) -> str:
    """A function's name: tanh, σ, op("ReLU"), ln cosh, f'."""
    if name.endswith("′"):
        return f"attach({_function(name.removesuffix('′'))}, t: prime)"
    words = (word if word in FUNCTIONS else _base(word) if len(word) == 1 else f"op({string(word)})" for word in name.split())
    return " ".join(words) or string(name)


def _symbol(symbol: f.Symbol, paint: parts.Paint, raised: str = "") -> str:
    """A symbol with what hangs on it, painted; `raised` stands behind its superscript."""
    above = " ".join(part for part in (_script(symbol.superscript) if symbol.superscript else "", raised) if part)
    below = _script(symbol.subscript) if symbol.subscript else ""
    scripts = (f", b: {below}" if below else "") + (f", t: {above}" if above else "")
    letter = _letter(symbol.letter, symbol.bold)
    written = f"attach({letter}{scripts})" if scripts else letter
    name = paint(symbol.key) if symbol.key else ""
    return f"{name}({written})" if name else written


def _letter(letter: str, bold: bool) -> str:
    """One letter, with an accent or digits below it; ‖g‖ between bars."""
    base, accent, digits = parts.letter_parts(letter)
    if len(base) > 2 and base.startswith("‖") and base.endswith("‖"):
        return f"norm({_letter(base[1:-1], bold)})"
    written = f"bold(upright({_base(base)}))" if bold else _base(base)
    accented = f"{ACCENTS[accent]}({written})" if accent else written
    return f'attach({accented}, b: "{digits}")' if digits else accented


def _base(base: str) -> str:
    """A single letter is in italics by itself; a name is upright."""
    return base if len(base) == 1 and (base.isalpha() or base == "∇") else string(base)


def _script(script: str) -> str:
    """What is raised or lowered: letters in italics, digits and brackets, or the symbol it belongs to."""
    if inner := parts.owner(script):
        return _symbol(inner, lambda key: "")
    runs = re.findall(r"[^\W\d_]+|′|[^′a-zA-Zα-ωΑ-Ω]+", clean(script))
    return " ".join("prime" if run == "′" else _base(run) for run in runs) or '""'


def _digits(digits: str) -> str:
    """−3,5 as "−3,5", in which no comma separates; the minus of a negative number is a sign by itself."""
    sign, rest = ("−", digits[1:]) if digits[:1] in ("−", "-") else ("", digits)
    return sign + (rest if re.fullmatch(r"[0-9]+(\.[0-9]+)?|∞", rest) else string(rest))


def _fenced(inside: str, left: str = "(", right: str = ")") -> str:
    """Between fences, which grow where what they hold is tall. No line ends in them: what they hold has no signs for Typst, which would
    part lines after these.
    """
    opening, closing = (("\\" + sign if sign in _BRACKETS else sign) if sign in FENCES else string(sign) for sign in (left, right))
    held = f'class("normal", {inside})' if " " in inside else inside
    if any(command in inside for command in TALL):
        return f"lr({opening} {held} {closing})"
    if left == right:  # the same sign opens and closes
        return f'class("opening", {opening}) {held} class("closing", {closing})'
    return f"{opening} {held} {closing}"


def _whole(inside: str) -> str:
    """What stands above or below a bar, whose matrices would be set in smaller type there."""
    return f"display({inside})" if "mat(" in inside else inside


def _row(items: Sequence[f.Formula], inside: Callable[[f.Formula], str]) -> str:
    """Side by side; prose and numbers need room before them, unless a sign stands between."""
    pieces = [inside(items[0])] if items else ['""']
    for before, item in pairwise(items):
        signs = isinstance(before, f.Operator | f.Ellipsis) or isinstance(item, f.Operator)
        wide = not signs and (isinstance(before, f.Prose) or isinstance(item, f.Prose | f.Number))
        pieces += ["med", inside(item)] if wide else [inside(item)]
    return " ".join(pieces)
