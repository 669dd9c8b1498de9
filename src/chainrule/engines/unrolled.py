"""The engine `unrolled`: a small network's training loop with one Python variable a number, for thousands of steps in milliseconds.

The lines are the scalar level of the graph (h1 = x1·w1 + x2·w2 …), written by the same writer as the NumPy program. NumPy's cost per
call is more than a whole step of a network of a dozen weights; for wide networks `written` is the faster one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.definitions import Bound
from chainrule.engines.written import Code, Source, Writer, text
from chainrule.expression import Expression, Name, substitute, variable
from chainrule.network import Array, Network
from chainrule.scalar import Element, Scalars
from chainrule.update import Update, network_update

MOST_OPERATIONS = 400
"""Parameters × samples up to which one variable a number is faster than arrays (measured; see benchmarks)."""

Loop = Callable[..., tuple[list[float], list[float]]]


class _ScalarSource(Source):
    """Functions of single numbers; overflow gives infinity as it does in NumPy."""

    def _call(self, name: str, *arguments: Any, options: str = "") -> Code:
        parts: list[str | Code] = [f"{name}("]
        for position, argument in enumerate(arguments):
            parts += [", "] * (position > 0) + [argument if isinstance(argument, Code) else Code([repr(argument)])]
        return Code([*parts, ")"], word=name)

    def erf(self, x: Any) -> Code:
        return self._call("erf", x)


def _quiet(function: Callable[[float], float], beyond: float) -> Callable[[float], float]:
    def quiet(x: float) -> float:
        try:
            return function(x)
        except (OverflowError, ValueError):
            return beyond if x == x else x

    return quiet


FUNCTIONS: dict[str, Any] = {
    "exp": _quiet(math.exp, math.inf),
    "log": _quiet(math.log, -math.inf),
    "log1p": _quiet(math.log1p, -math.inf),
    "sqrt": _quiet(math.sqrt, math.nan),
    "sin": _quiet(math.sin, math.nan),
    "cos": _quiet(math.cos, math.nan),
    "floor": _quiet(math.floor, math.inf),
    "tanh": math.tanh,
    "erf": math.erf,
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "maximum": lambda a, b: a if a > b else b,
    "minimum": lambda a, b: a if a < b else b,
    "where": lambda condition, a, b: a if condition else b,
    "inf": math.inf,
}


class Unrolled:
    """A network's training loop on one batch.

    run(rate, most, below, above) trains from the network's own parameters and returns E before every step and the last parameters.
    """

    def __init__(self, network: Network, x: Array, t: Array, optimizer: Bound) -> None:
        self.network = network
        self.rule = network_update(network, optimizer)
        self.scalars = Scalars({"batch": len(x)})
        derivation = network.derivation
        self.fixed = [*_elements(self.scalars, derivation.x), *_elements(self.scalars, derivation.t)]
        self.numbers = [float(value) for value in (*x.ravel(), *t.ravel())]
        self.trained = [element for part in self.rule.parameters for element in _elements(self.scalars, part.parameter)]
        self.states = [element for part in self.rule.parameters for state in part.states for element in _elements(self.scalars, state)]
        self.start = [float(network.parameters[element.quantity.name.key][element.index]) for element in self.trained if element.quantity.name]
        self.loop = self._compiled()

    def run(self, rate: float | None, most: int, below: float = 0.0, above: float = math.inf) -> tuple[list[float], list[float]]:
        """E before each of at most `most` steps, until it leaves (below, above), and the parameters then.

        rate  in place of the optimiser's own; None keeps its own
        """
        options = {str(letter.name): value for letter, value in self.rule.options.items()}
        if rate is not None:
            options["learning_rate"] = rate
        return self.loop(self.numbers, self.start, options, most, below, above)

    def _compiled(self) -> Loop:
        source = "\n".join(self._lines())
        space = dict(FUNCTIONS)
        exec(compile(source, "<unrolled by chainrule>", "exec"), space)  # our own text: a person's names never enter it
        return space["run"]  # type: ignore[no-any-return]

    def _lines(self) -> Iterator[str]:
        frozen = [e for e in self._parameters() if e not in set(self.trained)]
        yield "def run(numbers, parameters, options, most, below, above):"
        yield f"    {_tuple(map(_identifier, self.fixed))} = numbers"
        yield f"    {_tuple(map(_identifier, self.trained))} = parameters"
        for element in frozen:
            assert element.quantity.name is not None
            yield f"    {_identifier(element)} = {float(self.network.parameters[element.quantity.name.key][element.index])!r}"
        for element in self.states:
            yield f"    {_identifier(element)} = 0.0"
        for letter in self.rule.options:
            yield f"    {letter.name} = options[{str(letter.name)!r}]"
        yield "    errors = []"
        yield "    try:"
        yield "        for k in range(1, most + 1):"
        yield from (f"            {line}" for line in self._step())
        yield "    except (OverflowError, ZeroDivisionError):"
        yield "        errors.append(inf)"
        yield f"    return errors, [{', '.join(map(_identifier, self.trained))}]"

    def _parameters(self) -> list[Element]:
        return [element for parameter in self.network.derivation.parameters for element in _elements(self.scalars, parameter)]

    def _step(self) -> Iterator[str]:
        derivation = self.network.derivation
        for quantity in (*derivation.quantities, derivation.error):
            yield from self._assignments(quantity)
        yield "errors.append(E)"
        yield "if not below < E < above:"
        yield "    break"
        for quantity in derivation.backward:
            yield from self._assignments(quantity)
        for root in _named_below(self.rule):
            yield from self._assignments(root)
        new = [_identifier(e) for part in self.rule.parameters for e in _elements(self.scalars, part.new)]
        new += [_identifier(e) for part in self.rule.parameters for s in part.new_states for e in _elements(self.scalars, s)]
        yield f"{_tuple(map(_identifier, [*self.trained, *self.states]))} = {', '.join(new)}"

    def _assignments(self, quantity: Expression) -> Iterator[str]:
        for element in _elements(self.scalars, quantity):
            definition = self.scalars.definition(element)
            letters = {letter: variable(Name(_identifier(self.scalars.element(letter)))) for letter in _letters(self.scalars, definition)}
            root = substitute(definition, letters)
            writer = Writer([root], _ScalarSource())
            writer.taken |= FUNCTIONS.keys()  # a local named like a function would hide it
            writer.write(root)
            yield from writer.lines
            yield f"{_identifier(element)} = {text(writer.pieces[root])}"


def _letters(scalars: Scalars, definition: Expression) -> list[Expression]:
    from chainrule.expression import order

    return [node for node in order(definition) if node.name is not None and scalars.has(node)]


def _named_below(rule: Update) -> list[Expression]:
    """Everything that the update names and computes, in order."""
    from chainrule.expression import order

    gradients = {part.gradient for part in rule.parameters}
    nodes = order(*rule.roots, wall=lambda node: node.name is not None and node.name.gradient and not node.name.mark)
    return [node for node in nodes if node.primitive.name == "named" and (node not in gradients or (node.name and node.name.mark))]


def _elements(scalars: Scalars, quantity: Expression) -> list[Element]:
    return [Element(quantity, index) for index in itertools.product(*(range(extent) for extent in scalars.shape(quantity)))]


def _identifier(element: Element) -> str:
    assert element.quantity.name is not None
    return "_".join([element.quantity.name.key, *(str(i + 1) for i in element.index)])


def _tuple(names: Any) -> str:
    return "".join(f"{name}, " for name in names).strip()


def operations(network: Network, batch: int) -> int:
    """Parameters × samples: what one step costs, roughly, in multiplications."""
    return batch * sum(int(np.prod(shape)) for shape in network.shapes.values())


__all__ = ["MOST_OPERATIONS", "Sequence", "Unrolled", "operations"]
