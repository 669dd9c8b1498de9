"""A reader of printed equations that knows nothing of chainrule: what stands there, is it true?

It reads plain text and LaTeX, evaluates both sides of every relation with fractions (beyond them with a hundred digits), and holds
them to the rule of the documents: `=` joins equal numbers; the right side of `≈` is right to half a unit of its last digit; what
stands before `←` is a name.

    >>> check("h1 = x1 · w1 + x2 · w2 = 8 · 0.21 + 12 · 0.56 = 8.4").false
    []
    >>> check("8 · 0.21 + 12 · 0.56 = 8.5").false
    ['8 · 0.21 + 12 · 0.56 = 8.5']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath

DIGITS = 100
SLACK = mpmath.mpf("1e-12")


class NotRead(Exception):
    """This is no formula of the kind that is read here."""


class Unknown(Exception):
    """A formula with a letter whose number is not known, or with something left out."""


class Misfit(Exception):
    """Matrices whose sizes do not go together."""


@dataclass
class Verdict:
    """What became of the relations of an equation.

    false    those that do not hold, as they are printed
    checked  how many were computed
    skipped  how many had letters without numbers, "…", NaN or infinities
    """

    false: list[str] = field(default_factory=list)
    checked: int = 0
    skipped: int = 0


# Tokens and trees.

SYMBOL = r"(?:(?!ᵀ)[^\W\d_]|‖(?:(?!‖).)+‖)(?:(?!ᵀ)\w|[⁽⁾⁺′\u0300-\u036f\u20d7])*(?:\[\d+(?:,\d+)*\])?"
TOKEN = re.compile(
    rf"""\s*(?:
    (?P<number>\d+(?:[.,]\d+)?)
  | (?P<derivative>∂{SYMBOL}/∂{SYMBOL})
  | (?P<function>ln\ cosh|(?:(?!ᵀ)[^\W\d_])+\w*)(?=\()
  | (?P<symbol>Σ_\w+|Σ|{SYMBOL})
  | (?P<sign>[-−+·⊙/^()\[\]{{}}|,;>√⌊⌋ᵀ…⋮⋱∞])
)""",
    re.VERBOSE,
)
RELATIONS = "=≈←"


@dataclass(frozen=True)
class Literal:
    """A number as it is printed; the unit is the weight of its last digit."""

    value: Fraction
    unit: Fraction
    place: int


Tree = Any
"""A Literal, or a tuple of a kind and parts."""


def tokens(text: str) -> list[tuple[str, str]]:
    """The tokens up to the first thing that is none."""
    found, position = [], 0
    while position < len(text.rstrip()) and (match := TOKEN.match(text, position)):
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        position = match.end()
    if position < len(text.rstrip()):
        found.append(("end", text[position:]))
    return found


class Parser:
    """Recursive descent: sums of products of powers."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        self.found, self.position = found, 0

    def peek(self, ahead: int = 0) -> str:
        place = self.position + ahead
        return self.found[place][1] if place < len(self.found) else ""

    def take(self, *wanted: str) -> str:
        if wanted and self.peek() not in wanted:
            raise NotRead(f"{wanted} expected, not {self.peek()!r}")
        self.position += 1
        return self.found[self.position - 1][1]

    def whole(self) -> Tree:
        tree = self.sum()
        if self.position < len(self.found):
            raise NotRead(self.peek())
        return tree

    def sum(self) -> Tree:
        tree = self.product()
        while self.peek() in ("+", "−", "-"):
            sign = self.take()
            tree = ("+" if sign == "+" else "−", tree, self.product())
        return tree

    def product(self) -> Tree:
        tree = self.signed()
        while True:
            if self.peek() in ("·", "⊙", "/"):
                tree = (self.take(), tree, self.signed())
            elif self.peek().startswith("Σ"):  # (1/N) Σ …
                tree = ("·", tree, self.signed())
            else:
                return tree

    def signed(self) -> Tree:
        if self.peek() in ("−", "-"):
            self.take()
            return ("negative", self.signed())
        if self.peek().startswith("Σ"):
            return ("total", self.take(), self.product())
        return self.power()

    def power(self) -> Tree:
        tree = self.atom()
        while self.peek() in ("^", "ᵀ"):
            tree = ("transposed", tree) if self.take() == "ᵀ" else ("^", tree, self.exponent())
        return tree

    def exponent(self) -> Tree:
        if self.peek() in ("−", "-"):
            self.take()
            return ("negative", self.atom())
        return self.atom()

    def atom(self) -> Tree:
        if self.position >= len(self.found):
            raise NotRead("nothing")
        kind, token = self.found[self.position]
        self.position += 1
        if kind == "number":
            return literal(token, self.position)
        if kind in ("symbol", "derivative"):
            return ("symbol", token)
        if kind == "function":
            return ("call", token, *self.arguments())
        closing = {"(": ")", "|": "|", "⌊": "⌋"}.get(token)
        if closing:
            tree = self.sum()
            self.take(closing)
            return {"(": tree, "|": ("call", "abs", tree), "⌊": ("call", "floor", tree)}[token]
        if token == "√":
            return ("call", "√", *self.arguments())
        if token == "[":
            return self.bracket()
        if token == "{":
            return self.cases()
        if token in "…⋮⋱∞":
            return ("unknown", token)
        raise NotRead(token)

    def arguments(self) -> list[Tree]:
        self.take("(")
        found = [self.sum()]
        while self.peek() in (",", ";"):
            self.take()
            found.append(self.sum())
        self.take(")")
        return found

    def bracket(self) -> Tree:
        """[a > b], [8, 12] or [[1, 2], [3, 4]]."""
        first = self.sum()
        if self.peek() == ">":
            self.take()
            tree = (">", first, self.sum())
            self.take("]")
            return tree
        cells = [first]
        while self.peek() in (",", ";"):
            self.take()
            cells.append(self.sum())
        self.take("]")
        if all(isinstance(cell, tuple) and cell[0] == "matrix" for cell in cells):
            return ("matrix", *(row for cell in cells for row in cell[1:]))
        return ("matrix", tuple(cells))

    def cases(self) -> Tree:
        first = self.sum()
        self.take("if", "wenn")
        left = self.sum()
        condition = (">", left, self.sum()) if self.peek() == ">" and self.take() else left
        self.take(",")
        self.take("otherwise", "sonst")
        second = self.sum()
        self.take("}")
        return ("cases", condition, first, second)


def literal(token: str, place: int) -> Literal:
    whole, _, decimals = token.replace(",", ".").partition(".")
    return Literal(Fraction(f"{whole}.{decimals or 0}"), Fraction(1, 10 ** len(decimals)), place)


def parsed(text: str) -> Tree:
    """The tree of a formula. Raises NotRead."""
    return Parser(tokens(text)).whole()


# Values: fractions, mpmath numbers where they end, lists of lists for matrices.


def near(value: Any) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def on_numbers(exact: Callable[..., Any], rough: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """A function of fractions, or of mpmath numbers where one operand is none."""

    def function(*operands: Any) -> Any:
        if all(isinstance(operand, Fraction) for operand in operands):
            return exact(*operands)
        return (rough or exact)(*map(near, operands))

    return function


def at_point(point: int, value: int, function: Callable[[Any], Any]) -> Callable[..., Any]:
    """A function that is a fraction at one point only."""
    return lambda x: Fraction(value) if x == point else function(near(x))


def root(x: Any) -> Any:
    if isinstance(x, Fraction) and x >= 0:
        above, below = (int(mpmath.libmp.isqrt(part)) for part in (x.numerator, x.denominator))
        if above**2 == x.numerator and below**2 == x.denominator:
            return Fraction(above, below)
    if x < 0:
        raise Unknown("√ of a negative number")
    return mpmath.sqrt(near(x))


def raised(base: Any, exponent: Any) -> Any:
    if isinstance(exponent, Fraction) and exponent.denominator == 1 and abs(exponent) < 5000:
        return base ** int(exponent) if base or exponent >= 0 else divided(Fraction(1), Fraction(0))
    if base <= 0:
        raise Unknown("a power of a negative number")
    return mpmath.power(near(base), near(exponent))


def divided(a: Any, b: Any) -> Any:
    if b == 0:
        raise Unknown("a division by zero")
    return on_numbers(lambda a, b: a / b)(a, b)


def logarithm(x: Any) -> Any:
    if x <= 0:
        raise Unknown("ln of nothing")
    return at_point(1, 0, mpmath.log)(x)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": on_numbers(lambda a, b: a + b),
    "−": on_numbers(lambda a, b: a - b),
    "⊙": on_numbers(lambda a, b: a * b),
    "/": divided,
    "^": raised,
    ">": lambda a, b: Fraction(int(near(a) > near(b))),
    "negative": lambda a: -a,
    "abs": abs,
    "floor": lambda a: Fraction(int(mpmath.floor(near(a)))),
    "√": root,
    "exp": at_point(0, 1, mpmath.exp),
    "ln": logarithm,
    "sin": at_point(0, 0, mpmath.sin),
    "cos": at_point(0, 1, mpmath.cos),
    "tanh": at_point(0, 0, mpmath.tanh),
    "erf": at_point(0, 0, mpmath.erf),
    "sign": lambda a: Fraction((a > 0) - (a < 0)),
    "max": on_numbers(max),
    "min": on_numbers(min),
    "σ": lambda z: Fraction(1, 2) if z == 0 else 1 / (1 + mpmath.exp(-near(z))),
    "ReLU": lambda z: z if z > 0 else Fraction(0),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(near(z))),
    "ln cosh": at_point(0, 0, lambda e: abs(e) + mpmath.log1p(mpmath.exp(-2 * abs(e))) - mpmath.log(2)),
}


def shape(value: Any) -> tuple[int, ...]:
    return (len(value), len(value[0])) if isinstance(value, list) else ()


def elementwise(function: Callable[..., Any], *operands: Any) -> Any:
    """On every element; numbers and single rows or columns stretch."""
    shapes = [shape(operand) for operand in operands if shape(operand)]
    if not shapes:
        return function(*operands)
    rows, columns = (max(s[axis] for s in shapes) for axis in (0, 1))
    if any(s[0] not in (1, rows) or s[1] not in (1, columns) for s in shapes):
        raise Misfit(str(shapes))

    def at(operand: Any, i: int, j: int) -> Any:
        if not isinstance(operand, list):
            return operand
        line = operand[i if len(operand) > 1 else 0]
        return line[j if len(line) > 1 else 0]

    return [[function(*(at(operand, i, j) for operand in operands)) for j in range(columns)] for i in range(rows)]


def times(a: Any, b: Any) -> Any:
    """A matrix product; with a number, every element by it."""
    if not (isinstance(a, list) and isinstance(b, list)):
        return elementwise(FUNCTIONS["⊙"], a, b)
    if len(a[0]) != len(b):
        raise Misfit(f"{shape(a)} · {shape(b)}")
    return [[summed(FUNCTIONS["⊙"](x, y) for x, y in zip(line, column, strict=True)) for column in zip(*b, strict=True)] for line in a]


def summed(terms: Any) -> Any:
    result: Any = Fraction(0)
    for term in terms:
        result = FUNCTIONS["+"](result, term)
    return result


def softmaxed(z: Any) -> Any:
    powers = [[mpmath.exp(near(cell)) for cell in line] for line in z]
    return [[cell / sum(line) for cell in line] for line in powers]


@dataclass
class Evaluation:
    """Computes trees.

    values    the numbers of letters
    nudged    literals by their place that are read as another number
    sideways  True where samples stand side by side: Σ_n sums each row
    """

    values: Mapping[str, Any]
    nudged: Mapping[int, Fraction] = field(default_factory=dict)
    sideways: bool = False

    def __call__(self, tree: Tree) -> Any:
        if isinstance(tree, Literal):
            return self.nudged.get(tree.place, tree.value)
        kind, *parts = tree
        match kind:
            case "symbol":
                return self.letter(parts[0])
            case "unknown":
                raise Unknown(parts[0])
            case "matrix":
                return [[self(cell) for cell in line] for line in parts]
            case "transposed":
                value = self(parts[0])
                return [list(column) for column in zip(*value, strict=True)] if isinstance(value, list) else value
            case "cases":
                condition, first, second = parts
                chosen = self(condition)
                if isinstance(chosen, list):
                    return elementwise(lambda c, a, b: a if c else b, chosen, self(first), self(second))
                return self(first) if chosen else self(second)
            case "total":
                return self.total(parts[0], self(parts[1]))
            case "·":
                return times(*map(self, parts))
            case "^" if parts[0] == ("symbol", "e"):
                return elementwise(FUNCTIONS["exp"], self(parts[1]))
            case "call":
                return self.call(parts[0], [self(part) for part in parts[1:]])
        return elementwise(FUNCTIONS[kind], *map(self, parts))

    def letter(self, name: str) -> Any:
        if name == "π":
            return mpmath.pi()
        if name not in self.values:
            raise Unknown(name)
        return number(self.values[name])

    def total(self, sign: str, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        if sign == "Σ":
            return summed(cell for line in value for cell in line)
        return [[summed(line)] for line in value] if self.sideways else [[summed(column) for column in zip(*value, strict=True)]]

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name == "softmax" and isinstance(arguments[0], list):
            return softmaxed(arguments[0])
        if name not in FUNCTIONS:
            raise Unknown(name)
        function = FUNCTIONS[name]
        return elementwise(function, *arguments)


def number(value: Any) -> Any:
    """A number from outside: floats as the decimals that they are written as, lists as matrices."""
    if isinstance(value, list | tuple):
        return [[number(cell) for cell in line] for line in (value if isinstance(value[0], list | tuple) else [value])]
    if isinstance(value, float):
        return Fraction(repr(value))
    return value if isinstance(value, mpmath.mpf) else Fraction(value)


# Relations.


def unit(tree: Tree) -> Fraction | None:
    """The weight of the last digit of a single printed number; None for a formula."""
    if isinstance(tree, Literal):
        return tree.unit
    match tree:
        case ("negative", inner):
            return unit(inner)
        case ("·", inner, ("^", Literal(value=base), exponent)) if base == 10 and unit(inner) is not None:
            return unit(inner) * Fraction(10) ** int(Evaluation({})(exponent))
    return None


def literals(tree: Tree) -> Iterator[Literal]:
    if isinstance(tree, Literal):
        yield tree
    elif isinstance(tree, tuple):
        for part in tree:
            yield from literals(part)


def cells(value: Any) -> list[Any]:
    return [cell for line in value for cell in line] if isinstance(value, list) else [value]


def tolerances(tree: Tree, evaluation: Evaluation, count: int) -> list[Any]:
    """How far each element of a right side may be off: half a unit of a number, what half a unit of each number makes in a formula."""
    trees = [cell for line in tree[1:] for cell in line] if isinstance(tree, tuple) and tree[0] == "matrix" else [tree]
    if len(trees) == count and all(unit(cell) is not None for cell in trees):
        return [unit(cell) / 2 for cell in trees]
    middle = cells(evaluation(tree))
    allowed: list[Any] = [mpmath.mpf(0)] * len(middle)
    for part in literals(tree):
        moved = []
        for sign in (1, -1):
            nudged = Evaluation(evaluation.values, {part.place: part.value + sign * part.unit / 2}, evaluation.sideways)
            try:
                moved.append([abs(near(a) - near(b)) for a, b in zip(cells(nudged(tree)), middle, strict=True)])
            except Unknown:  # beyond the end of a domain
                continue
        if moved:
            allowed = [a + max(steps) * mpmath.mpf("1.001") for a, steps in zip(allowed, zip(*moved, strict=True), strict=True)]
    return allowed


def holds(left: Tree, relation: str, right: Tree, values: Mapping[str, Any]) -> bool:
    """Is the relation true? Raises Unknown where it cannot be said."""
    misfit: Misfit | None = None
    for sideways in (False, True):
        evaluation = Evaluation(values, sideways=sideways)
        try:
            a, b = evaluation(left), evaluation(right)
            if len(cells(a)) == len(cells(b)) and (shape(a) == shape(b) or len(cells(a)) == 1):
                return _holds(a, relation, right, b, evaluation)
        except Misfit as error:
            misfit = error
    return False if misfit is None else _refuse(misfit)


def _refuse(error: Misfit) -> bool:
    raise error


def _holds(a: Any, relation: str, right: Tree, b: Any, evaluation: Evaluation) -> bool:
    pairs = list(zip(cells(a), cells(b), strict=True))
    if relation == "=":
        return all(_equal(x, y) for x, y in pairs)
    allowed = tolerances(right, evaluation, len(pairs))
    return all(_within(x, y, margin) for (x, y), margin in zip(pairs, allowed, strict=True))


def _equal(x: Any, y: Any) -> bool:
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x == y
    return abs(near(x) - near(y)) <= mpmath.mpf(10) ** (10 - DIGITS) * max(abs(near(x)), abs(near(y)))


def _within(x: Any, y: Any, margin: Any) -> bool:
    if all(isinstance(part, Fraction) for part in (x, y, margin)):
        return abs(x - y) <= margin
    return abs(near(x) - near(y)) <= near(margin) * (1 + SLACK) + abs(near(x)) * mpmath.mpf(10) ** (10 - DIGITS)


def split(text: str) -> tuple[list[str], list[str]]:
    """Sides and relations; a relation inside brackets is none."""
    sides, relations, depth = [""], list[str](), 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign in RELATIONS and depth <= 0:
            relations.append(sign)
            sides.append("")
            depth = 0
        else:
            sides[-1] += sign
    return sides, relations


def beginning(text: str) -> Tree:
    """The longest formula at the beginning of a text, prose after it or not."""
    found = tokens(text)
    for length in range(len(found), 0, -1):
        try:
            return Parser(found[:length]).whole()
        except NotRead:
            continue
    raise NotRead(text)


def ending(text: str) -> Tree:
    """The longest formula at the end of a text."""
    starts = [0, *(match.end() for match in re.finditer(r"[\s:]+", text))]
    for start in starts:
        try:
            return parsed(text[start:])
        except NotRead:
            continue
    raise NotRead(text)


def check(equation: str, values: Mapping[str, Any] | None = None) -> Verdict:
    """Every relation of an equation: which are false, how many were checked, how many could not be."""
    verdict = Verdict()
    sides, relations = split(equation)
    for left, relation, right in zip(sides, relations, sides[1:], strict=False):
        _judge(verdict, left, relation, right, values or {})
    return verdict


def _judge(verdict: Verdict, left: str, relation: str, right: str, values: Mapping[str, Any]) -> None:
    try:
        if relation == "←":
            raise Unknown("an update is no equation")
        true = any(_computed(digits, ending(left), relation, beginning(right), values) for digits in (DIGITS, 8 * DIGITS))
    except (NotRead, Unknown):
        verdict.skipped += 1
        return
    except Misfit:
        true = False
    verdict.checked += 1
    if not true:
        verdict.false.append(f"{left.strip()} {relation} {right.strip()}")


def _computed(digits: int, left: Tree, relation: str, right: Tree, values: Mapping[str, Any]) -> bool:
    """Is the relation true, computed with so many digits? 1 + e^−300 needs many."""
    with mpmath.workdps(digits):
        return holds(left, relation, right, values)


# Documents.


def equations_in_text(document: str) -> list[str]:
    """The lines, and cells of tables, with a relation; a line that begins with one continues the line before."""
    found: list[str] = []
    before = ""
    for part in (cell for line in document.splitlines() for cell in table_cells(line)):
        plain = re.sub(r"^[\s>*#│]+(?=\S)|[\s│]+$|`", "", part)
        if plain[:1] in RELATIONS and plain and before:
            plain = f"{found.pop() if found and found[-1] == before else before} {plain}"
        if any(sign in plain for sign in RELATIONS):
            found.append(plain)
        before = plain
    return found


def table_cells(line: str) -> list[str]:
    """The cells of a row of a Markdown table; any other line as it is."""
    row = re.fullmatch(r"\s*\|\s(.*)\s\|\s*", line)
    return re.split(r"\s\|\s", row[1]) if row else [line]


def equations_in_latex(document: str) -> list[str]:
    """Every formula of a LaTeX or Markdown document with a relation, as plain text."""
    found = []
    for match in MATHEMATICS.finditer(document):
        content = re.sub(LAYOUT, "", next(group for group in match.groups() if group is not None))
        lines = content.split(r"\\") if not re.search(r"\\begin\{(?:[bpv]?matrix|cases|array)\}", content) else [content]
        joined: list[str] = []
        for line in lines:
            plain = plain_text(line)
            if plain[:1] in RELATIONS and joined:
                joined[-1] += f" {plain}"
            else:
                joined.append(plain)
        found += [line for line in joined if any(sign in line for sign in RELATIONS)]
    return found


DISPLAYED = r"equation\*?|align\*?|aligned|gather\*?|gathered|multline\*?|displaymath"
LAYOUT = rf"\\(?:begin|end)\{{(?:{DISPLAYED}|split)\}}"
MATHEMATICS = re.compile(
    rf"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|\\begin\{{(?:{DISPLAYED})\}}(.+?)\\end\{{(?:{DISPLAYED})\}}|(?<!\\)\$([^$]+?)(?<!\\)\$",
    re.DOTALL,
)
LATEX = re.compile(r"\\begin\{\w+\*?\}|\\end\{\w+\*?\}|\\[A-Za-z]+\*?|\\.|\{,\}|[{}^_&]|\d+|\s+|.", re.DOTALL)
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η", "lambda": "λ", "mu": "μ",
    "rho": "ρ", "sigma": "σ", "pi": "π", "theta": "θ", "partial": "∂", "tau": "τ", "omega": "ω", "phi": "φ", "kappa": "κ",
}  # fmt: skip
SIGNS = {
    "cdot": "·", "times": "·", "odot": "⊙", "approx": "≈", "gets": "←", "leftarrow": "←", "infty": "∞", "lfloor": "⌊", "rfloor": "⌋",
    "lvert": "|", "rvert": "|", "vert": "|", "lVert": "‖", "rVert": "‖", "Vert": "‖", "dots": "…", "ldots": "…", "cdots": "…",
    "vdots": "⋮",
    "ddots": "⋱", "tanh": "tanh", "ln": "ln", "max": "max", "min": "min", "exp": "exp", "sin": "sin", "cos": "cos", "lbrack": "[",
    "rbrack": "]",
    "top": "ᵀ", "prime": "′", "sum": "Σ", "le": "≤", "ge": "≥", "gt": ">", "lt": "<", "|": "‖", "intercal": "ᵀ", "cosh": "cosh",
}  # fmt: skip
SILENT = {
    "left", "right", "bigl", "bigr", "Bigl", "Bigr", "big", "Big", "quad", "qquad", ",", ";", ":", "!", " ", "displaystyle", "textstyle",
    "limits", "nolimits", "middle", "mathopen", "mathclose", "mathbin", "mathrel", "mathord", "allowbreak",
}  # fmt: skip
STYLES = {
    "mathbf", "mathrm", "mathit", "mathsf", "boldsymbol", "bm", "text", "textbf", "textrm", "textit", "operatorname", "mathop", "symbf",
}  # fmt: skip
ACCENTS = {"hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7"}
SPACED = {",": ", ", ";": "; ", "-": " − "} | {sign: f" {sign} " for sign in "=+>−≈·"}
RAISED = str.maketrans("0123456789()+′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺′")


class Latex:
    """LaTeX of formulas in the plain text that is read above."""

    def __init__(self, source: str) -> None:
        self.found, self.position = LATEX.findall(source), 0

    def peek(self) -> str:
        while self.position < len(self.found) and self.found[self.position].isspace():
            self.position += 1
        return self.found[self.position] if self.position < len(self.found) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def until(self, *ends: str) -> str:
        parts = []
        while self.peek() and self.peek() not in ends:
            parts.append(self.item())
        return "".join(parts)

    def group(self) -> str:
        """What stands between braces, or the next token."""
        if self.peek() != "{":
            return self.item().strip()
        self.take()
        content = self.until("}")
        self.take()
        return content.strip()

    def words(self) -> str:
        """What stands between braces, with its spaces."""
        if self.peek() != "{":
            return self.item()
        self.take()
        depth, words = 1, ""
        while self.position < len(self.found):
            token = self.found[self.position]
            self.position += 1
            depth += (token == "{") - (token == "}")
            if not depth:
                break
            words += {"\\_": "_", "\\ ": " "}.get(token, token)
        return words

    def item(self) -> str:
        token = self.take()
        if token == "{":
            content = self.until("}")
            self.take()
            return self.marked(content)
        if token == "{,}":
            return ","
        if token.startswith("\\"):
            return self.command(token[1:])
        if token in "&":
            return " "
        if token.isdigit():
            return self.numeral(token)
        if token.isalpha():
            return self.marked(token)
        if token in ")]|":
            return self.script(token)
        return SPACED.get(token, token)

    def numeral(self, digits: str) -> str:
        if self.peek() == "^":
            return self.script(digits)
        return digits

    def script(self, base: str) -> str:
        """A base with a power or a transpose."""
        if self.peek() != "^":
            return base
        self.take()
        above = self.group()
        return f"{base}ᵀ" if above in ("ᵀ", "T") else f"{base}^({above})"

    def marked(self, letter: str) -> str:
        """A letter with what hangs on it; what is raised and no mark is a power."""
        below, above, power = "", "", ""
        while self.peek() in ("_", "^", "′", "'"):
            mark = self.take()
            if mark in "′'":
                above += "′"
            elif mark == "_":
                below = self.group().replace(" ", "")
            else:
                content = self.group()
                if content in ("ᵀ", "T"):
                    power += "ᵀ"
                elif re.fullmatch(r"(?:\(\d+\)|\[\d+\]|\+|′|\s)+", content):
                    above += re.sub(r"\[(\d+)\]", r"ˢ\1", content.replace(" ", "")).translate(RAISED)
                else:
                    power += f"^({content})"
        if letter == "Σ":
            return f"Σ_{below} " if below else "Σ "
        return f"{named(letter, below, above)}{power}"

    def command(self, name: str) -> str:
        if name.startswith("begin"):
            return self.environment(name[6:-1])
        if name in SILENT:
            if name in ("left", "right") and self.peek() == ".":
                self.take()
            return " " if name in ("quad", "qquad") else ""
        if name in ("frac", "tfrac", "dfrac"):
            return self.fraction()
        if name == "sqrt":
            return self.script(f"√({self.group()})")
        if name in ("textcolor", "colorbox"):
            self.words()
            return self.marked(self.group())
        if name == "color":
            self.words()
            return ""
        if name in STYLES:
            return self.marked(self.words() if name in ("text", "textrm", "operatorname", "mathrm") else self.group())
        if name in ACCENTS:
            return self.marked(f"{self.group()}{ACCENTS[name]}")
        if name in GREEK:
            return GREEK[name] if name == "partial" else self.marked(GREEK[name])
        if name in ("{", "}", "&", "_", "%", "$", "#"):
            return name
        if name == "sum":
            return self.marked("Σ")
        sign = SIGNS.get(name, f" \\{name} ")
        if name in ("rvert", "rfloor", "vert", "rbrack"):
            return self.script(sign)
        return f" {sign} " if sign in "·⊙≈←>" else sign

    def fraction(self) -> str:
        above, below = self.group(), self.group()
        return f"{above}/{below}" if above.startswith("∂") and below.startswith("∂") else f"(({above})/({below}))"

    def environment(self, name: str) -> str:
        if name == "array":
            self.words()
        rows = [[""]]
        while self.peek() and not self.peek().startswith("\\end"):
            token = self.peek()
            if token == "&":
                self.take()
                rows[-1].append("")
            elif token == "\\\\":
                self.take()
                rows.append([""])
            else:
                rows[-1][-1] += self.item()
        self.take()
        table = [[cell.strip() for cell in line] for line in rows if any(cell.strip() for cell in line)]
        if name == "cases":
            (first, condition), (second, _) = table
            words = re.sub(r"^\s*(?:if|wenn)\s*", "", condition)
            return f"{{{first.rstrip(' ,')} if {words.rstrip(' ,')}, otherwise {second.rstrip(' ,')}}}"
        return self.script(f"[{'; '.join('[' + '; '.join(line) + ']' for line in table)}]")


def named(letter: str, below: str, above: str) -> str:
    """A symbol as the plain text writes it."""
    if not below:
        return f"{letter}{above}"
    if "," in below:
        return f"{letter}{above}[{below}]"
    joint = "_" if letter[-1:].isdigit() or not below[:1].isdigit() else ""
    return f"{letter}{joint}{below}{above}"


def plain_text(latex: str) -> str:
    """A formula of LaTeX as plain text."""
    return re.sub(r" {2,}", " ", Latex(latex).until().replace("lncosh", "ln cosh")).strip()
