"""The parts of a worked example as plain NumPy that runs, each with the claims of the text as assertions.

The lines are those of the program of `chainrule code`; the numbers are those of the recorded step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.base.errors import InputError
from chainrule.base.frozen import FrozenValue
from chainrule.document.document import Section
from chainrule.engines.source import Fragment, Source
from chainrule.engines.writer import identifier
from chainrule.engines.written import StepLines, literal, step_lines
from chainrule.explanation.context import Context
from chainrule.explanation.outcome import attempted_runs, milestones, reproducible_errors, run_errors
from chainrule.explanation.weight import find_weight
from chainrule.formula.arrays import fraction
from chainrule.formula.scalar import Element
from chainrule.network.definitions import Bound
from chainrule.network.update import STEP_NUMBER, network_update

MOST_PRINTED = 200
"""A larger array is held in base64, and its smallest, mean and largest number and its norm are claimed."""

MOST_NUMBERS = 2_000_000
"""A notebook with more numbers (21 MB) is refused."""

WIDTH = 100
DIGITS = 10
"""Significant digits of a claimed number."""

FLOATING = re.compile(r"np\.(exp|expm1|log|log1p|sqrt|sin|cos|tanh|floor|vectorize)\b")
"""What NumPy does not compute of fractions."""

LARGE = 'np.seterr(all="ignore")  # the numbers grow beyond all bounds, as the text says'
QUIET = 'np.seterr(over="ignore")  # where e^z is too large, it is infinity, and 1 / (1 + infinity) is 0, as it should be'


def section_programs(contexts: Sequence[Context], groups: Sequence[Sequence[Section]], weight: str | None = None) -> tuple[str, ...]:
    """One program a section, to be run in their order; "" where a section computes nothing.

    contexts  the steps that are explained, one after the other
    groups    the sections of each of them
    weight    the weight that alone is explained

    Raises InputError where there are too many numbers to hold.
    """
    sources: list[str] = []
    repeated = not contexts[0].step.exact and any(section.key == "repeat" for section in groups[0])
    for number, (context, sections) in enumerate(zip(contexts, groups, strict=True)):
        keys, place = [section.key for section in sections], 0
        cells = Cells(context, None if weight is None else find_weight(context, weight), repeated)
        own: list[list[str]] = [[] for _ in sections]
        for wanted, lines in cells.of_step(first=number == 0):
            key = "chain" if wanted == "matrix" and wanted not in keys else wanted
            if key == "data" and f"step{context.step.number}" in keys:  # where the data are those of other steps, too
                key = f"step{context.step.number}"
            place = keys.index(key) if key in keys else place
            own[place].append("\n".join(lines).strip())
        sources += ["\n\n".join(filter(None, parts)) for parts in own]
    return tuple(sources)


class Cells(FrozenValue):
    """The cells of one step. They leave the new parameters under the names of the old ones, where the next step finds them.

    weight    the one that alone is explained
    repeated  whether the first step's text goes on to train, so that later steps have to begin anew
    """

    context: Context
    weight: Element | None = None
    repeated: bool = False

    @cached_property
    def exact(self) -> bool:
        """Are the cells to count in fractions? Only where NumPy can."""
        return self.context.step.exact and not FLOATING.search(self._text)

    @cached_property
    def lines(self) -> StepLines:
        """The lines of the step."""
        step = self.context.step
        return step_lines(step.network.derivation, step.update, _ExactSource()) if self.exact else self._rounded

    @cached_property
    def _rounded(self) -> StepLines:
        return step_lines(self.context.step.network.derivation, self.context.step.update)

    @cached_property
    def _text(self) -> str:
        return "\n".join(line for part in self._rounded.parts.values() for line in part)

    def of_step(self, *, first: bool) -> Iterator[tuple[str, list[str]]]:
        """Each cell with the key of the section that it stands in, or after."""
        step, parts = self.context.step, self.lines.parts
        derivation, known = step.network.derivation, not self.context.without_target
        nodes = derivation.data if known else derivation.inputs
        data = [*self._given({node.key: step.values[node.key] for node in nodes}), *self._size()]
        if first:
            yield "network", [*self._header(), *self._given({**step.parameters, **step.states})]
            yield "data", data
        options = self._options(first)
        if not first and self.context.in_order:
            yield f"step{step.number}", data
        if not first:
            again = self._given({**step.parameters, **step.states}) if self.repeated else []
            yield f"step{step.number}", [*again, *options]
        yield "forward", self._cell(parts["forward pass"], step.before.values, *map(identifier, derivation.predictions))
        if not known:
            return
        yield "error", self._cell(parts["error"], step.before.values, "E")
        if first and options:
            yield "descent", options
        yield "matrix", self._cell(parts["backward pass"], step.values, *map(identifier, self.context.derivation.gradients))
        renewed = {**step.updates, **step.new_states, **step.new_parameters}
        update = [*parts["update"], *self._renamed()]
        if update:
            yield "weights", self._cell(update, renewed, *(identifier(part.parameter) for part in step.update.parameters))
        yield "second", self._cell([*parts["forward pass"], *parts["error"]], step.after.values, "E")
        if first and self.repeated:
            yield from (("repeat", self._loop(optimizer, most)) for optimizer, most in attempted_runs(self.context))

    def _loop(self, optimizer: Bound, most: int) -> list[str]:
        """The step again and again from the first parameters, and the errors in the table of the text."""
        step = self.context.step
        rule = network_update(step.network, optimizer)
        lines = step_lines(step.network.derivation, rule)
        errors = run_errors(self.context, optimizer, most)
        certain = reproducible_errors(self.context, optimizer, errors)
        marks = [mark for mark in milestones(len(errors)) if mark <= max(certain, 1)]
        claimed = _nested([float(errors[mark - 1]) for mark in marks], _claimed)
        parts = lines.parts
        body = [*parts["forward pass"], *parts["error"], "errors.append(E)", *parts["backward pass"], *parts["update"], *self._renamed()]
        return [
            *([LARGE] if not np.isfinite(errors[-1]) else []),
            *self._given({**step.parameters, **step.states}),
            *(f"{identifier(letter)} = {value!r}" for letter, value in rule.options.items() if letter in lines.options),
            "errors = []",
            f"for k in range({step.number}, {step.number + len(errors)}):",
            *(f"    {line}" for line in body),
            "",
            f"shown = {[mark - 1 for mark in marks]}",
            f"np.testing.assert_allclose(np.array(errors)[shown], {claimed}, rtol=1e-5, atol=1e-12)",
            "",
            "errors[-1]",
        ]

    def _header(self) -> list[str]:
        """Imports. Raises InputError where the numbers are too many."""
        step = self.context.step
        numbers = [*step.parameters.values(), *step.states.values(), step.x, step.t]
        count = sum(array.size for array in numbers)
        if count > MOST_NUMBERS:
            raise InputError(
                f"a notebook holds the numbers that it computes with, and {count:,} would make its file too large "
                f"(at most {MOST_NUMBERS:,}). Write a .md file instead, or the functions alone with chainrule code."
            )
        needed = {
            "import base64": any(array.size > MOST_PRINTED for array in numbers),
            "import math": "math." in self._text,
            "from fractions import Fraction": self.exact,
        }
        quiet = ["", QUIET] if "np.exp(" in self._text else []
        imports = [line for line, asked in needed.items() if asked]
        return [*imports, *[""] * bool(imports), "import numpy as np", *quiet, ""]

    def _size(self) -> list[str]:
        first = identifier(self.context.step.network.derivation.x)
        return [f"N = len({first})"] if re.search(r"\bN\b", self._text) else []

    def _given(self, arrays: Mapping[str, Any]) -> list[str]:
        """x = np.array([[8.0, 12.0]])"""
        return [f"{name} = {self._array(values)}" for name, values in arrays.items()]

    def _array(self, values: Any) -> str:
        if self.exact:
            return f"np.array({self._fractions(values)}, dtype=object)"
        numbers = np.asarray(values, dtype="<f8")
        if numbers.size <= MOST_PRINTED:
            return f"np.array({_broken(literal(numbers))})"
        import base64

        held = base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode("ascii")
        return f'np.frombuffer(base64.b64decode("{held}"), dtype="<f8").reshape({numbers.shape})'

    def _fractions(self, values: Any) -> str:
        return _broken(_nested(np.asarray(values).tolist(), _as_fraction))

    def _options(self, first: bool) -> list[str]:
        """The numbers of the rule's letters, and of the step."""
        step = self.context.step
        numbers = {STEP_NUMBER: step.number, **(step.update.options if first or self.repeated else {})}
        return [f"{identifier(letter)} = {self._number(numbers[letter])}" for letter in self.lines.options if letter in numbers]

    def _number(self, value: Any) -> str:
        return _as_fraction(fraction(value)) if self.exact else repr(value)

    def _renamed(self) -> list[str]:
        """New states that had to wait take the place of the old ones."""
        parts = self.context.step.update.parameters
        pairs = [(old, self.lines.targets[new]) for part in parts for old, new in zip(part.states, part.new_states, strict=True)]
        return [f"{identifier(old)} = {name}" for old, name in pairs if name != identifier(old)]

    def _cell(self, lines: list[str], claimed: Mapping[str, Any], *results: str) -> list[str]:
        """The lines, what the text says of each quantity that they compute, and the results, which a notebook shows."""
        names = dict.fromkeys(line.partition(" = ")[0] for line in lines)
        claims = [claim for name in names if name in claimed for claim in self._claims(name, claimed[name])]
        return [*lines, "", *claims, "", ", ".join(results)]

    def _claims(self, name: str, values: Any) -> Iterator[str]:
        if self.exact:
            yield f"np.testing.assert_array_equal({name}, {self._fractions(values)})"
            return
        numbers = np.asarray(values, dtype=float)
        if numbers.size <= MOST_PRINTED:
            yield _close(name, numbers)
            return
        measures: dict[str, Callable[[Any], Any]] = {
            "np.min": np.min,
            "np.mean": np.mean,
            "np.max": np.max,
            "np.linalg.norm": np.linalg.norm,
        }
        with np.errstate(all="ignore"):
            measured = np.array([measure(numbers) for measure in measures.values()])
        yield _close(f"[{', '.join(f'{measure}({name})' for measure in measures)}]", measured)
        if self.weight is not None and name in (self.weight.key, self.context.gradient_of(self.weight).key):
            index = self.weight.index
            yield _close(f"{name}[{', '.join(map(str, index))}]", numbers[index])


class _ExactSource(Source):
    """Constants as fractions."""

    def number(self, number: Any) -> Fragment:
        """A constant of the graph."""
        exact = fraction(number)
        return Fragment([_as_fraction(exact) if exact.denominator > 1 else f"({exact})" if exact < 0 else str(exact)])


def _as_fraction(value: Any) -> str:
    exact = Fraction(value)
    return f"Fraction({exact.numerator})" if exact.denominator == 1 else f"Fraction({exact.numerator}, {exact.denominator})"


def _close(name: str, values: Any) -> str:
    """An assertion to ten digits. Beside large numbers, small ones are what rounding leaves, and are claimed to the digits of those."""
    finite = np.abs(values[np.isfinite(values)]) if np.ndim(values) else np.abs(values)
    largest = float(np.max(finite, initial=0.0))
    cancelled = largest == 0 or np.any(finite < 1e-4 * largest)
    parenthesized = f", atol={max(1e-12 * largest, 1e-20):.0e}" * bool(cancelled)
    claimed = _broken(_nested(np.asarray(values).tolist(), _claimed))
    return f"np.testing.assert_allclose({name}, {claimed}, rtol={10.0 ** (2 - DIGITS):.0e}{parenthesized})"


def _claimed(value: float) -> str:
    if np.isnan(value):
        return "np.nan"
    return repr(float(f"{value:.{DIGITS}g}")).replace("inf", "np.inf")


def _nested(value: Any, written: Callable[[Any], str]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_nested(inner, written) for inner in value)}]"
    return written(value)


def _broken(numbers: str) -> str:
    """A long matrix, a row a line."""
    return numbers if len(numbers) <= WIDTH else numbers.replace("], [", "],\n    [")
