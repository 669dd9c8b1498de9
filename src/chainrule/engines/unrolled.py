"""The engine `unrolled`: a small network's training loop with one Python variable a number, for thousands of steps in milliseconds.

The lines are the scalar level of the graph (h1 = x1·w1 + x2·w2 …), written by the same writer as the NumPy program. NumPy's cost per
call is more than a whole step of a network of a dozen weights; for wide networks `written` is the faster one.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.engines.full_batch import FullBatch
from chainrule.engines.source import COMPARISON, Fragment, Source, source_text
from chainrule.engines.writer import Writer
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, order
from chainrule.formula.scalar import Element, Index, Scalars
from chainrule.network.network import Network
from chainrule.network.update import network_update

MOST_OPERATIONS = 100
"""Parameters × samples up to which one variable a number is faster than arrays, the time to write the loop included (measured)."""

LAP = 240
"""Steps after which a run is asked whether it goes in circles: a multiple of the lengths that circles have, 2, 4, 8, 16, 3, 5 …"""

StepLoop = Callable[..., tuple[list[float], list[float]]]


class _ScalarSource(Source):
    """Functions of single numbers. Their names begin with _, which no variable's does."""

    def _call(self, name: str, *arguments: Any, options: str = "") -> Fragment:
        parts: list[str | Fragment] = [f"_{name}("]
        for position, argument in enumerate(arguments):
            parts += [", "] * (position > 0) + [argument if isinstance(argument, Fragment) else Fragment([repr(argument)])]
        return Fragment([*parts, ")"], word=name)

    def _special(self, name: str, x: Any) -> Fragment:
        """The error function."""
        return self._call(name, x)

    def where(self, condition: Fragment, a: Any, b: Any) -> Fragment:
        """Python's own choice, which computes only what it chooses."""
        chosen, other = (part if isinstance(part, Fragment) else Fragment([repr(part)]) for part in (a, b))
        return Fragment(["(", chosen, " if ", condition, " else ", other, ")"], COMPARISON, word="where")


class _Rows:
    """Functions of rows of expressions, for the values of softmax and logsumexp."""

    exp, log = np.frompyfunc(p.exp, 1, 1), p.log

    @staticmethod
    def max(row: Sequence[Expression], axis: int, keepdims: bool) -> Expression:
        """The largest as a formula."""
        return functools.reduce(p.maximum, row)

    @staticmethod
    def sum(row: Sequence[Expression], axis: int, keepdims: bool = False) -> Expression:
        """The sum as a formula."""
        return functools.reduce(p.add, row)

    @staticmethod
    def squeeze(largest: Expression, axis: int) -> Expression:
        """One number as it is."""
        return largest


class _SafeScalars(Scalars):
    """Elements as they are computed, not as they stand on paper: softmax and logsumexp in the safe way of the table."""

    def _write(self, expression: Expression, index: Index) -> Expression:
        if expression.primitive not in (p.softmax, p.logsumexp):
            return super()._write(expression, index)
        (z,), axis = expression.arguments, expression.parameters["axis"]
        rest = index if expression.primitive is p.logsumexp else (*index[:axis], *index[axis + 1 :])
        row = np.array([self(z, (*rest[:axis], i, *rest[axis:])) for i in range(self.shape(z)[axis])], dtype=object)
        value = expression.primitive.value(_Rows, row, axis=axis)
        return value if expression.primitive is p.logsumexp else value[index[axis]]  # type: ignore[no-any-return]  # of an array of objects


def _quiet(function: Callable[[float], float], beyond: Callable[[float], float]) -> Callable[[float], float]:
    """The function, with a value where Python's own raises an error: what NumPy gives there."""

    def quiet(x: float) -> float:
        try:
            return function(x)
        except (OverflowError, ValueError):
            return beyond(x)

    return quiet


BEYOND: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "_exp": (math.exp, lambda x: math.inf),
    "_expm1": (math.expm1, lambda x: math.inf),
    "_log": (math.log, lambda x: -math.inf if x == 0 else math.nan),
    "_log1p": (math.log1p, lambda x: -math.inf if x == -1 else math.nan),
    "_sqrt": (math.sqrt, lambda x: math.nan),
    "_sin": (math.sin, lambda x: math.nan),
    "_cos": (math.cos, lambda x: math.nan),
    "_floor": (math.floor, lambda x: x),
}
"""Functions that raise an error for some numbers, and what NumPy gives there."""

FUNCTIONS: dict[str, Any] = {
    "_tanh": math.tanh,
    "_erf": math.erf,
    "_erfc": math.erfc,
    "_abs": abs,
    "_sign": lambda x: math.nan if math.isnan(x) else (x > 0) - (x < 0),
    "_maximum": lambda a, b: a if a > b or math.isnan(a) else b,
    "_minimum": lambda a, b: a if a < b or math.isnan(a) else b,
    "_inf": math.inf,
}

ERRORS = (OverflowError, ValueError, ZeroDivisionError)

QUICK = {**FUNCTIONS, **{name: function for name, (function, _) in BEYOND.items()}, "_ends": ()}
"""With these a run is quickest, and ends with one of the errors where a number leaves all bounds …"""

QUIET = {**FUNCTIONS, **{name: _quiet(*pair) for name, pair in BEYOND.items()}, "_ends": (OverflowError, ZeroDivisionError)}
"""… and with these it goes on, as NumPy does."""


class Unrolled:
    """A training loop of lines for single numbers.

    run(rate, most, below, above) trains from the network's own parameters and returns E before every step and the last parameters.
    length   how many letters the lines of one step have, written one below the other, which says how long it takes
    repeats  whether a step follows from the parameters alone, so that a run that comes back to some goes in circles
    """

    def __init__(self, batch: FullBatch) -> None:
        self.batch, self.network = batch, batch.network
        self.rule = network_update(batch.network, batch.optimizer)
        self.scalars = _SafeScalars({"batch": len(batch.x)})
        derivation = batch.network.derivation
        self.fixed = [element for data in derivation.data for element in self._elements(data)]
        self.numbers = [float(value) for data in batch.data.values() for value in data.ravel()]
        self.trained = [element for part in self.rule.parameters for element in self._elements(part.parameter)]
        self.states = [element for part in self.rule.parameters for state in part.states for element in self._elements(state)]
        self.start = [self._number(element) for element in self.trained]
        self.taken = {str(node.name) for node in order(derivation.error, *derivation.gradients, *self.rule.roots) if node.name is not None}
        self.length, self.repeats = 0, False
        code = compile("\n".join(self._lines()), "<unrolled by chainrule>", "exec")
        self.quick, self.quiet = _loop(code, QUICK), _loop(code, QUIET)

    def run(self, rate: float | None, most: int, below: float = -math.inf, above: float = math.inf) -> tuple[list[float], list[float]]:
        """E before each of at most `most` steps, until |E| is out of (below, above), and the parameters then.

        rate  in place of the optimiser's own; None keeps its own

        Where Python's numbers overflow, the run ends with an error of infinity.
        """
        options = {str(letter.name): value for letter, value in self.rule.options.items()}
        if rate is not None:
            options["learning_rate"] = rate
        errors: list[float] = []
        numbers, going = self.start, True
        while going:
            left = most - len(errors)
            before, count = numbers, min(LAP, left) if self.repeats else left
            given = self.numbers, before, options, count, below, above
            try:
                lap, numbers = self.quick(*given)
            except ERRORS:
                lap, numbers = self.quiet(*given)
            if numbers == before and len(lap) == LAP < left:  # it came back to where it was, and so it will each time
                errors += lap * (left // LAP - 1)
            errors += lap
            going = len(errors) < most and (below < errors[-1] < above or below < -errors[-1] < above)
        return errors, numbers

    def arrays(self, numbers: Sequence[float]) -> dict[str, Array]:
        """The parameters that `run` gives, by their keys."""
        found = {str(part.parameter.name): np.empty(self.scalars.shape(part.parameter)) for part in self.rule.parameters}
        for element, number in zip(self.trained, numbers, strict=True):
            found[str(element.quantity.name)][element.index] = number
        return found

    def _elements(self, quantity: Expression) -> list[Element]:
        return [Element(quantity, index) for index in itertools.product(*map(range, self.scalars.shape(quantity)))]

    def _number(self, element: Element) -> float:
        return float(self.network.parameters[str(element.quantity.name)][element.index])

    def _lines(self) -> Iterator[str]:
        step = list(self._step())
        self.repeats = not self.states and not re.search(r"\bk\b", "\n".join(step))
        trained = set(self.trained)
        yield "def run(_numbers, _parameters, _options, _most, _below, _above):"
        yield f"    {_tuple(self.fixed)} = _numbers"
        if self.trained:
            yield f"    {_tuple(self.trained)} = _parameters"
        for element in (e for parameter in self.network.derivation.parameters for e in self._elements(parameter) if e not in trained):
            yield f"    {_identifier(element)} = {self._number(element)!r}"
        for element in self.states:
            start = self.batch.states.get(str(element.quantity.name))
            yield f"    {_identifier(element)} = {0.0 if start is None else float(start[element.index])!r}"
        for letter in self.rule.options:
            yield f"    {letter.name} = _options[{str(letter.name)!r}]"
        yield "    _errors = []"
        yield "    try:"
        yield f"        for k in range({self.batch.number}, _most + {self.batch.number}):"
        yield from (f"            {line}" for line in step)
        yield "    except _ends:"
        yield "        _errors.append(_inf)"
        yield f"    return _errors, [{_tuple(self.trained)}]"

    def _step(self) -> Iterator[str]:
        derivation = self.network.derivation
        forward = [line for quantity in (*derivation.quantities, derivation.error) for line in self._assignments(quantity)]
        forward += ["_errors.append(E)", "if not (_below < E < _above or _below < -E < _above):", "    break"]
        yield from forward
        lines = [line for quantity in (*derivation.backward, *self._updates()) for line in self._assignments(quantity)]
        new = [part.new for part in self.rule.parameters] + [state for part in self.rule.parameters for state in part.new_states]
        following = [_identifier(element) for node in new for element in self._elements(node)]
        known = list(map(_identifier, [*self.trained, *self.states]))
        self.length = sum(map(len, [*forward, *lines, *known, *following])) + 4 * len(known) + 1
        yield from _in_place(lines, dict(zip(following, known, strict=True)))

    def _updates(self) -> list[Expression]:
        """Everything that the update names and computes, in order."""
        known = set(self.network.derivation.backward)
        nodes = order(*self.rule.roots, wall=lambda node: node in known)
        return [node for node in nodes if node.primitive.name == "named" and node not in known]

    def _assignments(self, quantity: Expression) -> Iterator[str]:
        for element in self._elements(quantity):
            definition = self.scalars.definition(element)
            writer = Writer([definition], _ScalarSource(), self.taken)
            writer.pieces |= {node: Fragment([_identifier(self.scalars.element(node))]) for node in writer.nodes if self.scalars.has(node)}
            writer.write(definition)
            yield from writer.lines
            yield f"{_identifier(element)} = {source_text(writer.pieces[definition])}"


def _in_place(lines: Sequence[str], olds: Mapping[str, str]) -> list[str]:
    """The lines of a step, and then each old value takes the new one: at once, where nothing below asks for either."""
    done, asked, later = list[str](), set[str](), dict(olds)
    for line in reversed(lines):
        name, _, formula = line.partition(" = ")
        if name in later and name not in asked and later[name] not in asked:
            line = f"{later.pop(name)} = {formula}"
        asked |= set(re.findall(r"\w+", formula))
        done.append(line)
    return [*reversed(done), *([f"{', '.join(later.values())}, = {', '.join(later)},"] if later else [])]


def _loop(code: CodeType, functions: Mapping[str, Any]) -> StepLoop:
    space = dict(functions)
    exec(code, space)  # noqa: S102  # our own text: a person's words never enter it
    return space["run"]  # type: ignore[no-any-return]  # what was executed has no types


def _identifier(element: Element) -> str:
    assert element.quantity.name is not None
    return "_".join([element.quantity.name.key, *(str(i + 1) for i in element.index)])


def _tuple(elements: list[Element]) -> str:
    return "".join(f"{_identifier(element)}, " for element in elements).strip()


def operations(network: Network, batch: int) -> int:
    """Parameters × samples: what one step costs, roughly, in multiplications."""
    return batch * sum(int(np.prod(shape)) for shape in network.shapes.values())
