"""A jaxpr written out: calls within it and loops of a known length are gone, and what people know as one function is one operation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.interop.operations.table import UnreadableOperation

LONGEST = 1000
"""Steps of a loop that is written out."""

BODIES = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Under which an operation that calls a function has it."""

CONSTANT: dict[str, Callable[..., Any]] = {
    "taken": lambda operands, how: np.asarray(operands[0])[how["place"]],
    "stacked": lambda operands, how: np.stack([np.asarray(one) for one in operands]),
    "copy": lambda operands, how: operands[0],
}
"""Operations of a written-out program that JAX does not have, of arrays."""


class FlatEquation(Frozen):
    """An operation of the written-out program.

    group    the function that it is within, where that is one layer: its name, and a number
    results  the variables that it gives
    """

    name: str
    operands: tuple[Any, ...]
    results: tuple[Any, ...]
    how: Mapping[str, Any]
    group: tuple[str, int] | None = None
    bind: Callable[..., Any] | None = None


class Atom:
    """A variable of the written-out program, or an array in it."""

    def __init__(self, shape: Sequence[int], dtype: Any, array: Any = None) -> None:
        self.shape, self.dtype, self.array = tuple(shape), np.dtype(dtype) if dtype is not None else None, array


class FlatJaxpr:
    """A jaxpr written out: no calls, no loops, and nothing that no result needs."""

    def __init__(self, closed: Any, arrays: Sequence[Any], inputs: int) -> None:
        self.equations: list[FlatEquation] = []
        self.groups = 0
        self.made: dict[int, FlatEquation] = {}
        self.inputs = [Atom(one.aval.shape, one.aval.dtype) for one in closed.jaxpr.invars[len(arrays) :]]
        self.parameters = [Atom(one.aval.shape, one.aval.dtype) for one in closed.jaxpr.invars[: len(arrays)]]
        self.learned = {id(one) for one in self.parameters}
        self.results = self._body(closed.jaxpr, closed.consts, [*self.parameters, *self.inputs], None)
        self._known_forms()
        self._without_unused()

    def _body(self, jaxpr: Any, consts: Sequence[Any], given: Sequence[Atom], group: Any) -> list[Atom]:
        env: dict[Any, Atom] = dict(zip(jaxpr.invars, given, strict=True))
        env |= {one: Atom(np.shape(array), None, array) for one, array in zip(jaxpr.constvars, consts, strict=True)}

        def value(atom: Any) -> Atom:
            return Atom(np.shape(atom.val), atom.aval.dtype, atom.val) if hasattr(atom, "val") else env[atom]

        for equation in jaxpr.eqns:
            operands = [value(atom) for atom in equation.invars]
            env |= dict(zip(equation.outvars, self._equation(equation, operands, group), strict=True))
        return [value(atom) for atom in jaxpr.outvars]

    def _equation(self, equation: Any, operands: list[Atom], group: Any) -> Sequence[Atom]:
        name, how = equation.primitive.name, equation.params
        if name == "scan":
            return self._scan(how, operands, group)
        body = next((how[key] for key in BODIES if key in how), None)
        if body is not None and name not in ("while", "cond"):
            inner = getattr(body, "jaxpr", body)
            called = str(how.get("name") or inner.debug_info.func_name).strip("_")
            if group is None and len(inner.outvars) == 1 and operands and not any(id(one) in self.learned for one in operands):
                self.groups += 1
                group = (called, self.groups)
            if called == "relu" and len(operands) == 1:
                return self._add("relu", operands, equation.outvars, {}, group)
            if called == "logaddexp" and number_of(operands[1]) == 0:
                return self._add("softplus", operands[:1], equation.outvars, {}, group)
            return self._body(inner, getattr(body, "consts", ()), operands, group)
        return self._add(name, operands, equation.outvars, how, group, partial(equation.primitive.bind, **how))

    def _add(self, name: str, operands: Sequence[Atom], outvars: Any, how: Any, group: Any, bind: Any = None) -> Sequence[Atom]:
        results = tuple(Atom(one.aval.shape, one.aval.dtype) for one in outvars)
        return self._write(FlatEquation(name, tuple(operands), results, how, group, bind))

    def _write(self, operation: FlatEquation) -> tuple[Atom, ...]:
        self.equations.append(operation)
        for one in operation.results:
            self.made[id(one)] = operation
            if any(id(operand) in self.learned for operand in operation.operands) and all(
                operand.array is not None or id(operand) in self.learned for operand in operation.operands
            ):
                self.learned.add(id(one))
        return operation.results

    def _scan(self, how: Any, operands: list[Atom], group: Any) -> Sequence[Atom]:
        """A loop of a known length, step by step."""
        length, consts, carried = how["length"], how["num_consts"], how["num_carry"]
        if length > LONGEST:
            raise UnreadableOperation(f"a loop of {length} steps; at most {LONGEST} are written out")
        fixed, state, xs = operands[:consts], operands[consts : consts + carried], operands[consts + carried :]
        ys: dict[int, list[Atom]] = {}
        for step in reversed(range(length)) if how["reverse"] else range(length):
            each = [self._write(FlatEquation("taken", (x,), (Atom(x.shape[1:], x.dtype),), {"place": step}, group))[0] for x in xs]
            out = self._body(how["jaxpr"].jaxpr, how["jaxpr"].consts, [*fixed, *state, *each], group)
            state, ys[step] = out[:carried], out[carried:]
        stacked = list[Atom]()
        for parts in zip(*(ys[step] for step in range(length)), strict=True):
            result = Atom((length, *parts[0].shape), parts[0].dtype)
            stacked += self._write(FlatEquation("stacked", tuple(parts), (result,), {}, group))
        return [*state, *stacked]

    def _by(self, one: Atom, *names: str) -> FlatEquation | None:
        """The operation that gives it, if it is one of these; what only repeats or holds it is passed through."""
        made = self.made.get(id(one))
        while made is not None and made.name not in names:
            if made.name == "max" and any(number_of(operand) == -math.inf for operand in made.operands):
                inner = next(operand for operand in made.operands if number_of(operand) != -math.inf)
            elif made.name in ("broadcast_in_dim", "reshape", "stop_gradient", "convert_element_type"):
                inner = made.operands[0]
            else:
                return None
            made = self.made.get(id(inner))
        return made

    def _known_forms(self) -> None:
        """Softmax and its logarithm, and whole numbers that count from behind where they are negative, as one operation each."""
        for place, one in enumerate(self.equations):
            found = self._softmax(one) or self._place(one)
            if found is not None:
                self.equations[place] = found
                self.made |= {id(result): found for result in found.results}

    def _centred(self, one: Atom) -> tuple[Atom, Any] | None:
        """x and the axes of x − max x."""
        made = self.made.get(id(one))
        if made is None or made.name != "sub":
            return None
        largest = self._by(made.operands[1], "reduce_max")
        return (made.operands[0], largest.how["axes"]) if largest is not None and largest.operands[0] is made.operands[0] else None

    def _softmax(self, one: FlatEquation) -> FlatEquation | None:
        if one.name not in ("div", "sub"):
            return None
        top, below = one.operands
        summed = self._by(below, "reduce_sum") if one.name == "div" else None
        if one.name == "sub" and (log := self._by(below, "log")) is not None:
            summed = self._by(log.operands[0], "reduce_sum")
        powers = self.made.get(id(summed.operands[0])) if summed is not None else None
        if summed is None or powers is None or powers.name != "exp":
            return None
        if (powers.results[0] if one.name == "div" else powers.operands[0]) is not top:
            return None
        centred = self._centred(powers.operands[0])
        if centred is None or tuple(centred[1]) != tuple(summed.how["axes"]) or len(centred[1]) != 1:
            return None
        name = "softmax" if one.name == "div" else "log_softmax"
        return FlatEquation(name, (centred[0],), one.results, {"axis": int(centred[1][0])}, one.group)

    def _place(self, one: FlatEquation) -> FlatEquation | None:
        """g, where g + n is taken for a negative g."""
        if one.name != "select_n" or len(one.operands) != 3:
            return None
        below, g, other = one.operands
        less, added = self.made.get(id(below)), self.made.get(id(other))
        if less is None or added is None or g.dtype is None or g.dtype.kind not in "iu" or (less.name, added.name) != ("lt", "add"):
            return None
        if less.operands[0] is not g or added.operands[0] is not g or number_of(less.operands[1]) != 0:
            return None
        return FlatEquation("copy", (g,), one.results, {}, one.group)

    def _without_unused(self) -> None:
        needed, kept = {id(one) for one in self.results}, []
        for one in reversed(self.equations):
            if any(id(result) in needed for result in one.results):
                kept.append(one)
                needed |= {id(operand) for operand in one.operands}
        self.equations = kept[::-1]


def number_of(one: Atom) -> float | None:
    """What it is, if that is one number that is known."""
    return float(one.array) if one.array is not None and np.ndim(one.array) == 0 else None
