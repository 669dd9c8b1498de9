"""A calculation and its derivatives as plain Python, of the kind that runs anywhere: no arrays, nothing to install.

>>> from chainrule.formula.grammar import parse_formula
>>> print(program(parse_formula("c = a + b; f = tanh(c)*a").calculation, {"a": 0.5, "b": 2.0}))
import math
<BLANKLINE>
a = 0.5
b = 2.0
<BLANKLINE>
# forward
c = a + b
tanh = math.tanh(c)
f = tanh * a
<BLANKLINE>
# backward: grad_a is ∂f/∂a
grad_f = 1
grad_c = grad_f * (a * (1 - tanh**2))
grad_b = grad_c
grad_a = grad_f * tanh + grad_c
<BLANKLINE>
print("f =", f)
print("∂f/∂a =", grad_a)
print("∂f/∂b =", grad_b)
<BLANKLINE>
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from typing import Any

from chainrule.engines.source import SUM, Fragment, Source, parenthesized
from chainrule.engines.writer import Writer
from chainrule.formula.calculation import Calculation
from chainrule.formula.expression import Expression

BUILT_IN = {"maximum": "max", "minimum": "min", "abs": "abs"}
"""What Python has without `math`."""


class PlainSource(Source):
    """Functions of one number, by Python's own names."""

    def _call(self, name: str, *arguments: Any, options: str = "") -> Fragment:
        code = super()._call(name, *arguments, options=options)
        return Fragment([f"{BUILT_IN.get(name, f'math.{name}')}(", *code.parts[1:]], word=name)

    def _special(self, name: str, x: Any) -> Fragment:
        """The error function, which Python has."""
        return self._call(name, x)

    def sign(self, x: Any) -> Fragment:
        """1, 0 or −1."""
        return (x > 0) - (x < 0)  # type: ignore[no-any-return]  # a fragment of source

    def where(self, condition: Fragment, a: Any, b: Any) -> Fragment:
        """A choice."""
        first, second = (part if isinstance(part, Fragment) else Fragment([repr(part)]) for part in (a, b))
        return Fragment(["(", parenthesized(first, SUM), " if ", condition, " else ", parenthesized(second, SUM), ")"])


def names(calculation: Calculation) -> dict[Expression, str]:
    """The variable of each letter and of each gradient; a further value of c is c_2, and the gradient of c grad_c."""
    found: dict[Expression, str] = {}
    taken = {"math", "print", "max", "min", "abs"}
    letters = (*calculation.inputs, *calculation.quantities)
    wanted = {node: f"{node.symbol}_{node.name.time}" if node.name and node.name.time else node.symbol for node in letters}
    wanted.update({calculation.gradients[node]: f"grad_{wanted[node]}" for node in letters})
    for node, name in wanted.items():
        while name in taken or keyword.iskeyword(name):
            name += "_"
        taken.add(name)
        found[node] = name
    return found


def lines(calculation: Calculation) -> tuple[list[str], list[str]]:
    """The lines of the forward and of the backward pass."""
    called = names(calculation)
    gradients = [calculation.gradients[node] for node in calculation.backwards]
    writer = Writer([*calculation.quantities, *gradients], PlainSource(), taken=called.values())
    writer.pieces.update({node: Fragment([called[node]]) for node in calculation.inputs})
    for quantity in calculation.quantities:
        writer.write(quantity, called[quantity])
    forward = writer.lines[:]
    for gradient in gradients:
        writer.write(gradient, called[gradient])
    return forward, writer.lines[len(forward) :]


def header(written: Iterable[str]) -> list[str]:
    """The import, if it is needed."""
    return ["import math", ""] if any("math." in line for line in written) else []


def program(calculation: Calculation, numbers: Mapping[str, float]) -> str:
    """The whole program. numbers: of the inputs, by their keys."""
    forward, backward = lines(calculation)
    called = names(calculation)
    first, result = calculation.inputs[0], called[calculation.result]
    return "\n".join(
        [
            *header([*forward, *backward]),
            *(f"{called[node]} = {numbers[node.key]!r}" for node in calculation.inputs),
            "",
            "# forward",
            *forward,
            "",
            f"# backward: {called[calculation.gradients[first]]} is ∂{result}/∂{called[first]}",
            *backward,
            "",
            f'print("{result} =", {result})',
            *(f'print("∂{result}/∂{called[node]} =", {called[calculation.gradients[node]]})' for node in calculation.inputs),
            "",
        ]
    )
