r"""Formulas as LaTeX mathematics: h_{1}^{(2)}, \frac{\partial E}{\partial w_{1}}.

Nothing but what KaTeX and MathJax know without packages. GitHub forbids \operatorname, so a function's name is \mathrm.
What a person gave is escaped: letters and digits stand in \text, every sign with a meaning in TeX is its own command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from chainrule.base.printing import clean
from chainrule.notation import formula as f
from chainrule.notation import parts

OPERATORS = {
    "−": "-", "·": r"\cdot", "⊙": r"\odot", "⋆": r"\star", "∗": r"\ast", "×": r"\times", "±": r"\pm", "≤": r"\le", "≥": r"\ge",
    "≠": r"\ne", "≈": r"\approx", "≔": r":=", "←": r"\leftarrow", "→": r"\to", "⇒": r"\Rightarrow", "∈": r"\in", "∝": r"\propto",
    "…": r"\cdots",
}  # fmt: skip
PLAIN_OPERATORS = frozenset("+-=<>,;:/()[]")
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ϵ": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ϑ": "vartheta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho",
    "σ": "sigma", "ς": "varsigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi",
    "Ω": "Omega", "∇": "nabla", "ℓ": "ell",
}  # fmt: skip
FUNCTIONS = frozenset(("arctan", "cos", "cosh", "exp", "ln", "log", "max", "min", "sin", "sinh", "tan", "tanh"))
FENCES = {
    "|": (r"\lvert", r"\rvert"),
    "‖": (r"\lVert", r"\rVert"),
    "⌊": (r"\lfloor", r"\lfloor"),
    "⌋": (r"\rfloor", r"\rfloor"),
    "⌈": (r"\lceil", r"\lceil"),
    "⌉": (r"\rceil", r"\rceil"),
    "{": (r"\lbrace", r"\lbrace"),
    "}": (r"\rbrace", r"\rbrace"),
    "⟨": (r"\langle", r"\langle"),
    "⟩": (r"\rangle", r"\rangle"),
    **{sign: (sign, sign) for sign in "()[]"},
}
"""A fence as it opens and as it closes."""

DOTS = {"vertical": r"\vdots", "diagonal": r"\ddots"}
TALL = (r"\frac", r"\begin", r"\sum", r"\sqrt")
"""What makes the parentheses around it grow."""

_ESCAPED = {
    "\\": r"{\backslash}",
    "^": r"{\wedge}",
    "~": r"{\sim}",
    "<": "{<}",
    ">": "{>}",
    **{sign: "\\" + sign for sign in "{}$%#&_"},
}


def formula_latex(formula: f.Formula, words: Mapping[str, str] = parts.ENGLISH, paint: parts.Paint = lambda key: "") -> str:
    r"""The formula in LaTeX's mathematics, without $ around it.

    paint  the colour of each symbol with a key, as \textcolor names it

    >>> print(formula_latex(f.Fraction(f.Row((f.Symbol("y"), f.Operator("−"), f.Symbol("t"))), f.Symbol("β₁"))))
    \frac{y - t}{\beta_{1}}
    """

    def inside(part: f.Formula) -> str:
        return formula_latex(part, words, paint)

    def painted(part: f.Symbol, raised: str = "") -> str:
        colour = paint(part.key) if part.key else ""
        return rf"\textcolor{{{colour}}}{{{symbol(part, raised)}}}" if colour else symbol(part, raised)

    match formula:
        case f.Symbol():
            return painted(formula)
        case f.Number(digits, None):
            return _digits(digits)
        case f.Number(power=power):
            sign, before = parts.before_power(formula)
            return (rf"{_digits(before)} \cdot " if before else sign.replace("−", "-")) + f"10^{{{power}}}"
        case f.Operator(sign):
            return OPERATORS.get(sign) or (sign if sign in PLAIN_OPERATORS else escape_latex(sign))
        case f.Prose(prose):
            return escape_latex(prose)
        case f.Row() | f.Equation():
            return _row(parts.in_a_row(formula), inside)
        case f.Lines(several):
            *further, end = map(inside, several)  # {} is what a sign at the end of a line stands before
            return rf"\begin{{aligned}} {_stacked([*(f'&{line} {{}}' for line in further), f'&{end}'])} \end{{aligned}}"
        case f.Fraction(above, below):
            return rf"\frac{{{inside(above)}}}{{{inside(below)}}}"
        case f.Power(base, exponent):
            return f"{inside(parts.raisable(base))}^{{{inside(parts.unfenced(exponent))}}}"
        case f.Root(content):
            return rf"\sqrt{{{inside(parts.unfenced(content))}}}"
        case f.Fenced(content, left, right):
            return _fenced(inside(content), left, right)
        case f.Call(name, arguments):
            return _function(name) + _fenced(f"{parts.separator(arguments)} ".join(map(inside, arguments)))
        case f.Cases(condition, first, second):
            given, otherwise = escape_latex(words["if"] + " "), escape_latex(words["otherwise"])
            lines = [f"{inside(first)} & {given}{inside(condition)}", f"{inside(second)} & {otherwise}"]
            return rf"\begin{{cases}} {_stacked(lines)} \end{{cases}}"
        case f.Sum(content, index):
            return (rf"\sum_{{{_small(index)}}} " if index else r"\sum ") + inside(content)
        case f.Transposed(f.Symbol() as array):
            return painted(array, raised=r"\top")
        case f.Transposed(content):
            return rf"{inside(parts.parenthesised(content))}^{{\top}}"
        case f.Derivative(of, by):
            return rf"\frac{{\partial {painted(of)}}}{{\partial {painted(by)}}}"
        case f.Matrix(rows):
            return rf"\begin{{bmatrix}} {_stacked(' & '.join(map(inside, cells)) for cells in rows)} \end{{bmatrix}}"
        case f.Ellipsis(direction):
            return DOTS.get(direction, r"\cdots")


def aligned_latex(equations: f.Equation | Sequence[f.Equation], words: Mapping[str, str] = parts.ENGLISH) -> str:
    r"""An equation, or several, with the relations below each other.

    >>> print(aligned_latex(f.Equation((f.Symbol("a"), f.Symbol("b"), f.Number("2")), ("=", "≈"))))
    \begin{aligned} a &= b \\ &\approx 2 \end{aligned}
    """
    several = [equations] if isinstance(equations, f.Equation) else equations
    return rf"\begin{{aligned}} {_stacked([line for equation in several for line in _aligned_lines(equation, words)])} \end{{aligned}}"


def _aligned_lines(equation: f.Equation, words: Mapping[str, str]) -> list[str]:
    first, *others = (formula_latex(side, words) for side in equation.sides)
    lines: list[str] = []
    for relation, side in zip(equation.relations, others, strict=True):
        if not relation:  # a side goes on; {} is what a sign at the end of a line stands before
            lines[-1] += " {}"
        lines.append(f"&{formula_latex(f.Operator(relation))} {side}" if relation else rf"&\qquad {side}")
    return [f"{first} {lines[0]}", *lines[1:]]


def symbol(symbol: f.Symbol, raised: str = "") -> str:
    r"""A symbol with what hangs on it; `raised` stands behind its superscript.

    >>> symbol(f.Symbol("W", "2,3", "(1)")), symbol(f.Symbol("W", "1", bold=True), r"\top")
    ('W_{2,3}^{(1)}', '\\mathbf{W}_{1}^{\\top}')
    """
    above = _small(symbol.superscript) + raised
    base, _, digits = parts.letter_parts(symbol.letter)
    hangs = symbol.subscript or above
    letter = f"{{{_letter(symbol)}}}" if hangs and (digits or base.startswith("‖")) else _letter(symbol)
    return letter + (f"_{{{_small(symbol.subscript)}}}" if symbol.subscript else "") + (f"^{{{above}}}" if above else "")


def escape_latex(text: str) -> str:
    r"""A person's text, so that it comes out as itself.

    >>> print(escape_latex("5 % of $x$"))
    \text{5 }\%\text{ of }\$\text{x}\$
    """
    runs = re.findall(r"[\\^~<>{}$%#&_]|[^\\^~<>{}$%#&_]+", clean(text))
    return "".join(_ESCAPED.get(run) or rf"\text{{{run}}}" for run in runs) or "{}"


def _function(name: str) -> str:
    r"""A function's name: \tanh, \sigma, \mathrm{ReLU}, \ln \cosh, f'."""
    if name.endswith("′"):
        return f"{_function(name.removesuffix('′'))}'"
    return " ".join(rf"\{word}" if word in FUNCTIONS else _letter(f.Symbol(word)) for word in name.split()) or escape_latex(name)


def _letter(symbol: f.Symbol) -> str:
    base, accent, digits = parts.letter_parts(symbol.letter)
    if len(base) > 2 and base.startswith("‖") and base.endswith("‖"):
        return rf"\lVert {_letter(f.Symbol(base[1:-1], bold=symbol.bold))} \rVert"
    letter = _base(base, symbol.bold)
    accented = rf"\{accent}{{{letter}}}" if accent else letter
    return f"{accented}_{{{digits}}}" if digits else accented


def _base(base: str, bold: bool) -> str:
    if base in GREEK:
        return rf"\boldsymbol{{\{GREEK[base]}}}" if bold else rf"\{GREEK[base]}"
    if len(base) > 1 and base.endswith("′"):
        return f"{{{_base(base[:-1], bold)}'}}"  # in braces, since more may be raised
    if base.isascii() and base.isalnum():
        return rf"\mathbf{{{base}}}" if bold else base if len(base) == 1 else rf"\mathrm{{{base}}}"
    return escape_latex(base)


def _small(script: str) -> str:
    """What is raised or lowered: digits, brackets, a + or ′, or the symbol it belongs to."""
    if inner := parts.owner(script):
        return symbol(inner)
    runs = re.findall(r"[\w,()\[\]+=*|.-]+|.", clean(script))
    return "".join(_run(run) for run in runs)


def _run(run: str) -> str:
    if run in GREEK or run == "′":
        return r"\prime" if run == "′" else rf"\{GREEK[run]} "
    return run if run.isascii() and "_" not in run and run not in _ESCAPED else escape_latex(run)


def _digits(digits: str) -> str:
    """−3,5 as -3{,}5; NaN and ∞ as themselves."""
    sign, rest = ("-", digits[1:]) if digits[:1] in ("−", "-") else ("", digits)
    if rest == "∞":
        return rf"{sign}\infty"
    return sign + (rest.replace(",", "{,}") if re.fullmatch(r"[\d.,]+", rest) and rest.isascii() else escape_latex(rest))


def _fenced(inside: str, left: str = "(", right: str = ")") -> str:
    """Between fences, which grow where what they hold is tall."""
    if left not in FENCES or right not in FENCES:
        return f"{escape_latex(left)} {inside} {escape_latex(right)}"
    opening, closing = FENCES[left][0], FENCES[right][1]
    if any(command in inside for command in TALL):
        return rf"\left{opening} {inside} \right{closing}"
    return f"{opening}{inside}{closing}" if len(opening + closing) == 2 else f"{opening} {inside} {closing}"


def _stacked(lines: Iterable[str]) -> str:
    r"""Lines of an environment; a [ at the beginning of one would be read as the length that may follow \\."""
    return r" \\ ".join("{}" + line if line.startswith("[") else line for line in lines)


def _row(items: Sequence[f.Formula], inside: Callable[[f.Formula], str]) -> str:
    pieces = [inside(items[0])] if items else []
    for before, item in pairwise(items):
        pieces += [_gap(before, item), inside(item)]
    return "".join(pieces)


def _gap(before: f.Formula, item: f.Formula) -> str:
    """Prose and numbers need room before them, a sign of its own none behind it."""
    if isinstance(before, f.Operator) or isinstance(item, f.Operator):
        tight = (isinstance(before, f.Operator) and before.prefix and before.sign in "−+") or (
            isinstance(item, f.Operator) and item.sign in ",;"
        )
        return "" if tight else " "
    number = isinstance(item, f.Number) and not isinstance(before, f.Ellipsis)
    return r" \; " if isinstance(before, f.Prose) or isinstance(item, f.Prose) or number else " "
