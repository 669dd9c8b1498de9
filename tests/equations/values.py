"""The value of a tree: fractions, mpmath numbers where they end, lists of lists for matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath
from tests.equations.trees import Literal, Tree

DIGITS = 100
SLACK = mpmath.mpf("1e-12")


class Unknown(Exception):
    """A formula with a letter whose number is not known, or with something left out."""


class Misfit(Exception):
    """Matrices whose sizes do not go together."""


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
    if not isinstance(x, Fraction) and abs(x - 1) < mpmath.mpf(10) ** (20 - DIGITS):
        raise Unknown("ln of what a hundred digits cannot tell from 1")
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


def transposed(value: Any) -> Any:
    return [list(column) for column in zip(*value, strict=True)]


def softmaxed(z: Any) -> Any:
    powers = [[mpmath.exp(near(cell)) for cell in line] for line in z]
    return [[cell / sum(line) for cell in line] for line in powers]


@dataclass
class Evaluation:
    """Computes trees.

    values    the numbers of letters
    nudged    literals by their place that are read as another number
    sideways  True where samples stand side by side: Σ_n sums each row, softmax is taken of each column,
              and parts of a vector stand below each other
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
                return transposed(value) if isinstance(value, list) else value
            case "part":
                value, first, last = self(parts[0]), parts[1] - 1, parts[2]
                return value[first:last] if self.sideways else [line[first:last] for line in value]
            case "joined":
                values = list(map(self, parts))
                if self.sideways:
                    return [line for value in values for line in value]
                if len({len(value) for value in values}) > 1:
                    raise Misfit(str([*map(shape, values)]))
                return [[cell for line in lines for cell in line] for lines in zip(*values, strict=True)]
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
            case "^" if parts[0] == ("symbol", "e") and "e" not in self.values:
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
        by_lines = self.sideways if sign == "Σ_n" else not self.sideways  # Σ_j runs over the outputs of each sample
        return [[summed(line)] for line in value] if by_lines else [[summed(column) for column in zip(*value, strict=True)]]

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name == "softmax" and isinstance(arguments[0], list):
            return transposed(softmaxed(transposed(arguments[0]))) if self.sideways else softmaxed(arguments[0])
        if name not in FUNCTIONS:
            raise Unknown(name)
        function = FUNCTIONS[name]
        return elementwise(function, *arguments)


def number(value: Any) -> Any:
    """A number from outside: floats as the decimals that they are written as, lists as matrices."""
    if isinstance(value, list | tuple):
        return [[number(cell) for cell in line] for line in (value if isinstance(value[0], list | tuple) else [value])]
    if isinstance(value, float):
        if not math.isfinite(value):  # ∞ is printed where a step went beyond all bounds; nothing is computed with it
            raise Unknown(repr(value))
        return Fraction(repr(value))
    return value if isinstance(value, mpmath.mpf) else Fraction(value)
