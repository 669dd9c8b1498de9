"""A JAX function as a network: what its jaxpr says, operation by operation, with the names that its parameters have in their pytree.

The function is a partial one, whose parameters are given: `functools.partial(f, params)`. Calls within it are written out, loops of a known
length step by step. An operation that takes a parameter belongs to the layer that the parameter's path names, and what a function of its
own computes without parameters, as `jax.nn.relu` does, is a layer by that function's name.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.errors import ChainruleError, DescriptionError, InputError
from chainrule.base.frozen import Frozen
from chainrule.formula import primitives as p
from chainrule.formula.expression import Dimension, Expression, Name, Shape, variable
from chainrule.interop.agreement import Agreement, Compared, difference, parameter_origins
from chainrule.interop.operations import (
    OPERATIONS,
    UnreadableOperation,
    applied,
    broadcast_together,
    permuted,
    product,
    reshaped,
    stretched,
)
from chainrule.interop.reading import LayerReader, Origin, count_beside, input_size, symbol_of
from chainrule.network.derivation import BATCH
from chainrule.network.network import Array, Network
from chainrule.network.spatial import LOWEST, padded
from chainrule.network.wiring import INPUT, OUTPUT, Wiring

if TYPE_CHECKING:
    from chainrule.steps.step import Step

ALIKE = 1e-6
"""Of the largest magnitude: what a function that was read gives may be so far from its layers, whose numbers are float64."""

LONGEST = 1000
"""Steps of a loop that is written out."""

BODIES = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Under which an operation that calls a function has it."""

NEVER_NAMED = {"convert_element_type", "copy", "copy_p", "neg", "squeeze", "expand_dims"}
MOVING = {"reshape", "broadcast_in_dim", "transpose", "slice", "concatenate", "split", "pad", "rev", "dynamic_slice", "stacked", "taken"}
QUIET = NEVER_NAMED | MOVING
"""Operations that only move elements: what they give has no name of its own."""

OF_WHOLE_ARRAYS = {"dot_general", "conv_general_dilated", "concatenate", "stacked"}
"""Operations for which an array of equal numbers is not that number."""

BY_ONE_NUMBER = {"add", "sub", "mul", "div"}


class ReadFunction(Frozen):
    """A JAX function as layers.

    wiring    the layers and how they are connected
    origins   which array of the pytree each parameter is, by (layer, symbol)
    function  the partial one
    whole     whether each input is of whole numbers
    """

    wiring: Wiring
    origins: Mapping[tuple[str, str], Origin]
    function: Any = field(repr=False)
    whole: tuple[bool, ...] = ()
    library = "JAX"

    def agreement(self, step: Step) -> Agreement:
        """Every output and every parameter's gradient of a step of it beside JAX's."""
        return function_agreement(self, step)

    def check(self, network: Network, inputs: Sequence[Array]) -> None:
        """Does the network give what the function gives for these inputs? Raises DescriptionError, as where it depends on their number."""
        import jax

        columns = np.concatenate([one.reshape(len(one), -1) for one in inputs], axis=1)
        with precise():
            results = jax.tree_util.tree_leaves(self.function(*inputs))
        theirs = np.concatenate([np.asarray(one, dtype=float).reshape(len(columns), -1) for one in results], axis=1)
        if difference(network.predict(columns), theirs)[0] > ALIKE:
            raise DescriptionError("this function gives other numbers for another number of examples, or needs float32; it cannot be read.")


class Operation(Frozen):
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


class Held:
    """A variable of the written-out program, or an array in it."""

    def __init__(self, shape: Sequence[int], dtype: Any, array: Any = None) -> None:
        self.shape, self.dtype, self.array = tuple(shape), np.dtype(dtype) if dtype is not None else None, array


def is_jax_function(model: object) -> bool:
    """Is it a function with its parameters, and is JAX there? It is not imported to know it."""
    return isinstance(model, partial) and "jax" in sys.modules


def precise() -> Any:
    """Inside, JAX computes in float64."""
    import jax

    return jax.enable_x64(True)


def inputs_of_function(x: Any) -> tuple[Array, ...]:
    """What a function is called on beside its parameters: numbers in float64; whole numbers stay whole. Raises InputError."""
    several = list(x.values()) if isinstance(x, Mapping) else list(x) if isinstance(x, tuple) else [x]
    try:
        arrays = [np.asarray(one) for one in several]
        made = tuple(one if one.dtype.kind in "iu" else one.astype(float) for one in arrays)
    except (TypeError, ValueError) as error:
        raise InputError(f"the inputs of a model are arrays of numbers: {error}.") from None
    if not all(one.ndim for one in made) or len({len(one) for one in made}) > 1:
        raise InputError("every input of the model needs as many examples along its first axis.")
    return made


def read_function(function: Any, inputs: Sequence[Array]) -> ReadFunction:
    """The layers of a partial function on inputs like these. Raises DescriptionError, InputError."""
    import jax

    parameters, tree = jax.tree_util.tree_flatten_with_path(function.args)
    if not parameters or not all(hasattr(leaf, "dtype") or isinstance(leaf, (int, float)) for _, leaf in parameters):
        raise InputError("a JAX function is given with its parameters, arrays in a pytree: functools.partial(f, params).")
    arrays = [np.asarray(leaf) for _, leaf in parameters]
    arrays = [one.astype(float) if one.dtype.kind == "f" or one.dtype.name == "bfloat16" else one for one in arrays]
    names = names_of_parameters(function)
    sizes = [extent for array in (*arrays, *inputs) for extent in array.shape]
    count = count_beside(sizes)
    outputs: list[Any] = []

    def called(leaves: Any, *given: Any) -> Any:
        result = function.func(*jax.tree_util.tree_unflatten(tree, leaves), *given, **function.keywords)
        results, _ = jax.tree_util.tree_flatten_with_path(result)
        outputs.extend(_path_of(path) for path, _ in results)
        return [result for _, result in results]

    with precise():
        shapes = [jax.ShapeDtypeStruct((count, *one.shape[1:]), one.dtype) for one in inputs]
        try:
            closed = jax.make_jaxpr(called)(arrays, *shapes)
        except ChainruleError:
            raise
        except Exception as error:  # noqa: BLE001  # JAX raises what it wants, and says the rest in many lines
            line = (str(error).splitlines() or [type(error).__name__])[0][:300].rstrip(".")
            raise DescriptionError(f"JAX cannot trace this function: {line}.") from None
        try:
            return _FunctionReader(function, closed, list(zip(names, arrays, strict=True)), inputs, outputs, count).read()
        except UnreadableOperation as error:
            raise DescriptionError(f"this function has {error}.") from None


def names_of_parameters(function: Any) -> list[str]:
    """Of each array of a pytree its path; where the function has several arguments for parameters, it begins with the argument's name."""
    import jax

    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(function.args)[0]]
    arguments = _argument_names(function.func)
    names = []
    for path in paths:
        argument = arguments[path[0].idx] if path[0].idx < len(arguments) else str(path[0].idx)
        names.append(_path_of(path[1:]) if len(function.args) == 1 and path[1:] else ".".join(filter(None, (argument, _path_of(path[1:])))))
    return names


def _argument_names(function: Any) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _path_of(path: Sequence[Any]) -> str:
    """The keys to a leaf of a pytree, as "layers.0.w"."""
    return ".".join(str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", key)))) for key in path)


class _Flat:
    """A jaxpr written out: no calls, no loops, and nothing that no result needs."""

    def __init__(self, closed: Any, arrays: Sequence[Any], inputs: int) -> None:
        self.operations: list[Operation] = []
        self.groups = 0
        self.made: dict[int, Operation] = {}
        self.inputs = [Held(one.aval.shape, one.aval.dtype) for one in closed.jaxpr.invars[len(arrays) :]]
        self.parameters = [Held(one.aval.shape, one.aval.dtype) for one in closed.jaxpr.invars[: len(arrays)]]
        self.learned = {id(one) for one in self.parameters}
        self.results = self._body(closed.jaxpr, closed.consts, [*self.parameters, *self.inputs], None)
        self._known_forms()
        self._without_unused()

    def _body(self, jaxpr: Any, consts: Sequence[Any], given: Sequence[Held], group: Any) -> list[Held]:
        env: dict[Any, Held] = dict(zip(jaxpr.invars, given, strict=True))
        env |= {one: Held(np.shape(array), None, array) for one, array in zip(jaxpr.constvars, consts, strict=True)}

        def value(atom: Any) -> Held:
            return Held(np.shape(atom.val), atom.aval.dtype, atom.val) if hasattr(atom, "val") else env[atom]

        for equation in jaxpr.eqns:
            operands = [value(atom) for atom in equation.invars]
            env |= dict(zip(equation.outvars, self._equation(equation, operands, group), strict=True))
        return [value(atom) for atom in jaxpr.outvars]

    def _equation(self, equation: Any, operands: list[Held], group: Any) -> Sequence[Held]:
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
            if called == "logaddexp" and _number_of(operands[1]) == 0:
                return self._add("softplus", operands[:1], equation.outvars, {}, group)
            return self._body(inner, getattr(body, "consts", ()), operands, group)
        return self._add(name, operands, equation.outvars, how, group, partial(equation.primitive.bind, **how))

    def _add(self, name: str, operands: Sequence[Held], outvars: Any, how: Any, group: Any, bind: Any = None) -> Sequence[Held]:
        results = tuple(Held(one.aval.shape, one.aval.dtype) for one in outvars)
        return self._write(Operation(name, tuple(operands), results, how, group, bind))

    def _write(self, operation: Operation) -> tuple[Held, ...]:
        self.operations.append(operation)
        for one in operation.results:
            self.made[id(one)] = operation
            if any(id(operand) in self.learned for operand in operation.operands) and all(
                operand.array is not None or id(operand) in self.learned for operand in operation.operands
            ):
                self.learned.add(id(one))
        return operation.results

    def _scan(self, how: Any, operands: list[Held], group: Any) -> Sequence[Held]:
        """A loop of a known length, step by step."""
        length, consts, carried = how["length"], how["num_consts"], how["num_carry"]
        if length > LONGEST:
            raise UnreadableOperation(f"a loop of {length} steps; at most {LONGEST} are written out")
        fixed, state, xs = operands[:consts], operands[consts : consts + carried], operands[consts + carried :]
        ys: dict[int, list[Held]] = {}
        for step in reversed(range(length)) if how["reverse"] else range(length):
            each = [self._write(Operation("taken", (x,), (Held(x.shape[1:], x.dtype),), {"place": step}, group))[0] for x in xs]
            out = self._body(how["jaxpr"].jaxpr, how["jaxpr"].consts, [*fixed, *state, *each], group)
            state, ys[step] = out[:carried], out[carried:]
        stacked = list[Held]()
        for parts in zip(*(ys[step] for step in range(length)), strict=True):
            result = Held((length, *parts[0].shape), parts[0].dtype)
            stacked += self._write(Operation("stacked", tuple(parts), (result,), {}, group))
        return [*state, *stacked]

    def _by(self, one: Held, *names: str) -> Operation | None:
        """The operation that gives it, if it is one of these; what only repeats or holds it is passed through."""
        made = self.made.get(id(one))
        while made is not None and made.name not in names:
            if made.name == "max" and any(_number_of(operand) == -math.inf for operand in made.operands):
                inner = next(operand for operand in made.operands if _number_of(operand) != -math.inf)
            elif made.name in ("broadcast_in_dim", "reshape", "stop_gradient", "convert_element_type"):
                inner = made.operands[0]
            else:
                return None
            made = self.made.get(id(inner))
        return made

    def _known_forms(self) -> None:
        """Softmax and its logarithm, and whole numbers that count from behind where they are negative, as one operation each."""
        for place, one in enumerate(self.operations):
            found = self._softmax(one) or self._place(one)
            if found is not None:
                self.operations[place] = found
                self.made |= {id(result): found for result in found.results}

    def _centred(self, one: Held) -> tuple[Held, Any] | None:
        """x and the axes of x − max x."""
        made = self.made.get(id(one))
        if made is None or made.name != "sub":
            return None
        largest = self._by(made.operands[1], "reduce_max")
        return (made.operands[0], largest.how["axes"]) if largest is not None and largest.operands[0] is made.operands[0] else None

    def _softmax(self, one: Operation) -> Operation | None:
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
        return Operation(name, (centred[0],), one.results, {"axis": int(centred[1][0]), "function": name}, one.group)

    def _place(self, one: Operation) -> Operation | None:
        """g, where g + n is taken for a negative g."""
        if one.name != "select_n" or len(one.operands) != 3:
            return None
        below, g, other = one.operands
        less, added = self.made.get(id(below)), self.made.get(id(other))
        if less is None or added is None or g.dtype is None or g.dtype.kind not in "iu" or (less.name, added.name) != ("lt", "add"):
            return None
        if less.operands[0] is not g or added.operands[0] is not g or _number_of(less.operands[1]) != 0:
            return None
        return Operation("copy", (g,), one.results, {}, one.group)

    def _without_unused(self) -> None:
        needed, kept = {id(one) for one in self.results}, []
        for one in reversed(self.operations):
            if any(id(result) in needed for result in one.results):
                kept.append(one)
                needed |= {id(operand) for operand in one.operands}
        self.operations = kept[::-1]


def _number_of(one: Held) -> float | None:
    return float(one.array) if one.array is not None and np.ndim(one.array) == 0 else None


class _FunctionReader(LayerReader):
    """Goes through a written-out jaxpr once."""

    def __init__(
        self, function: Any, closed: Any, parameters: Sequence[tuple[str, Any]], inputs: Sequence[Any], outputs: Sequence[str], count: int
    ) -> None:
        super().__init__()
        self.function, self.count = function, count
        self.whole = tuple(one.dtype.kind in "iu" for one in inputs)
        self.flat = _Flat(closed, [array for _, array in parameters], len(inputs))
        self.uses = Counter(id(operand) for one in self.flat.operations for operand in dict.fromkeys(one.operands))
        self.uses.update(id(one) for one in self.flat.results)
        self.users = {id(operand): one for one in self.flat.operations for operand in one.operands}
        self.last = {one.group: one for one in self.flat.operations if one.group is not None}
        self.values: dict[int, Any] = {}
        self.owners: dict[int, frozenset[str]] = {}
        self.constants: dict[int, tuple[Held, Expression]] = {}
        self.output_names = outputs
        self.letters = _letters(parameters)
        for (name, array), held in zip(parameters, self.flat.parameters, strict=True):
            self._parameter(name, array, held)
        for one in self.flat.operations:  # what is made of parameters alone belongs to the layer that they belong to
            if all(id(result) in self.flat.learned for result in one.results):
                self.owners |= dict.fromkeys(map(id, one.results), self._owners(one.operands))
        names = _input_names(function, len(inputs))
        for name, held in zip(names, self.flat.inputs, strict=True):
            shape = self._shape(held.shape)
            self.inputs[name] = input_size(shape)
            self.values[id(held)] = signal = variable(Name(name), shape)
            self.signals[signal] = name

    def _parameter(self, name: str, array: Any, held: Held) -> None:
        if array.dtype.kind != "f":
            self.values[id(held)] = held.array = array
            return
        owner, symbol = self.letters[name]
        made = variable(Name(symbol, scope=owner), array.shape)
        self.given[made] = (Origin(name, tuple(range(array.ndim))), array, True)
        self.values[id(held)] = made
        if self.uses[id(held)] == 1:
            self.owners[id(held)] = frozenset([name])
        elif self.uses[id(held)]:
            called = self.free(name)
            self.call(called, self.layer(called, made, ()), ())
            self.signals[made] = called

    def read(self) -> ReadFunction:
        """Every operation, in the order of the program."""
        for one in self.flat.operations:
            try:
                self._operation(one)
            except UnreadableOperation as error:
                raise DescriptionError(f"the function's operation {one.name}: {error}.") from None
            except (ChainruleError, TypeError, ValueError, LookupError) as error:
                if isinstance(error, DescriptionError):
                    raise
                raise DescriptionError(f"the function's operation {one.name} cannot be read in this form: {error}") from None
        results = [self._value(one) for one in self.flat.results]
        if not results or not all(isinstance(one, Expression) and BATCH in one.shape for one in results):
            raise DescriptionError("this function returns numbers that do not depend on its inputs.")
        names = [OUTPUT] if len(results) == 1 else [
            name if name.isidentifier() else f"output{place}" for place, name in enumerate(self.output_names, start=1)
        ]  # fmt: skip
        for name, result in zip(names, results, strict=True):
            self.outputs[name] = self.given_out(result, "output" if len(results) == 1 else name)
        return ReadFunction(self.wiring(), self.origins, self.function, self.whole)

    def _shape(self, shape: Sequence[int]) -> Shape:
        """In which the number of examples is a symbol. Raises UnreadableOperation."""
        if any(extent > self.count and extent % self.count == 0 for extent in shape):
            raise UnreadableOperation("an axis along which the examples are counted together with something else")
        return tuple(BATCH if extent == self.count else int(extent) for extent in shape)

    def _value(self, held: Held) -> Any:
        return held.array if held.array is not None else self.values[id(held)]

    def _operation(self, one: Operation) -> None:
        operands = [self._value(operand) for operand in one.operands]
        if not any(isinstance(operand, Expression) for operand in operands):
            self._constant_operation(one, operands)
            return
        if one.name == "select_n" and (chosen := _chosen(operands[0])) is not None:
            (result,) = one.results
            operand = one.operands[1 + chosen]
            self.values[id(result)], self.owners[id(result)] = operands[1 + chosen], self._owners([operand])
            result.array = operand.array
            return
        if one.name == "is_finite" or (one.name == "ne" and one.operands[0] is one.operands[1]):  # a step has no other numbers
            (result,) = one.results
            self.values[id(result)] = result.array = np.full(result.shape, one.name == "is_finite")
            return
        if one.name not in ROWS:
            raise UnreadableOperation("there is no formula of it here")
        over = one.how["axes"] if one.name in ("reduce_sum", "reduce_max", "reduce_min") else ()
        if any(one.operands[0].shape[axis] == self.count for axis in over):
            raise UnreadableOperation("what is summed over the examples, or depends on their number in another way, is not read")
        shapes = [self._shape(result.shape) for result in one.results]
        constants = [self._operand(operand, held, one) for operand, held in zip(operands, one.operands, strict=True)]
        made = ROWS[one.name](*constants, how=one.how, shape=shapes[0], count=self.count)
        for result, given, shape in zip(one.results, made if isinstance(made, tuple) else (made,), shapes, strict=True):
            value = given if given.shape in (shape, ()) else _spread(given, shape)
            owners = self._owners(one.operands)
            learned = BATCH not in shape and id(result) in self.flat.learned
            if not learned and self._ends(one, result, owners):
                value = self.cut(self._path(one, owners), value, one.group[0] if one.group else one.name.replace("_", " "))
                owners = frozenset()
            self.values[id(result)], self.owners[id(result)] = value, owners

    def _owners(self, operands: Sequence[Held]) -> frozenset[str]:
        """The parameters in the formulas of some values, which belong to no layer yet."""
        return frozenset[str]().union(*(self.owners.get(id(operand), frozenset()) for operand in operands))

    def _operand(self, operand: Any, held: Held, one: Operation) -> Any:
        if isinstance(operand, Expression) or one.name == "gather":  # which takes rows of a table at places that are the same for all
            return operand
        constant = self._constant(held)
        if one.name in OF_WHOLE_ARRAYS and not constant.shape and held.shape:
            return p.spread(constant, axes=tuple(range(len(held.shape))), sizes=self._shape(held.shape))
        return constant

    def _ends(self, one: Operation, result: Held, owners: frozenset[str]) -> bool:
        """Is what it gives a quantity of its own?"""
        if one.group is not None:
            return one is self.last[one.group] and BATCH in self._shape(result.shape)
        if BATCH not in self._shape(result.shape):
            return False
        user = self.users.get(id(result))
        if self.uses[id(result)] == 1 and user is not None and owners and user.group is None:
            others = _layers_of(self._owners([operand for operand in user.operands if operand is not result]))
            if (others and others <= _layers_of(owners)) or (user.name in QUIET and len(user.results) == 1):
                return False
        numbers = sum(operand.array is not None and np.size(operand.array) == 1 for operand in one.operands)
        return bool(owners) or not (one.name in QUIET or (one.name in BY_ONE_NUMBER and numbers))

    def _path(self, one: Operation, owners: frozenset[str]) -> str:
        if owners:
            first = min(owners)
            return first.rpartition(".")[0] or first
        return one.group[0] if one.group is not None else one.name

    def _constant_operation(self, one: Operation, operands: list[Any]) -> None:
        """What depends on nothing that is learned or given is computed now."""
        if one.name in CONSTANT:
            results = [CONSTANT[one.name](operands, one.how)]
        elif one.bind is None:
            raise UnreadableOperation("an array that depends on nothing, of which this is not read")
        else:
            made = one.bind(*operands)
            results = list(made) if isinstance(made, (list, tuple)) else [made]
        for result, array in zip(one.results, results, strict=True):
            self.values[id(result)] = result.array = array

    def _constant(self, held: Held) -> Any:
        """A number where all of it is one, else a parameter that is not trained."""
        array = np.asarray(self._value(held)).astype(float)
        for axis, extent in enumerate(array.shape):
            if extent == self.count:
                if not (array == array.take([0], axis)).all():
                    raise UnreadableOperation("an array that is different for every example although it does not depend on the inputs")
                array = array.take([0], axis)
        array = np.clip(array, LOWEST, -LOWEST)
        if array.size and (array == array.flat[0]).all():
            return p.constant(number=float(array.flat[0]))
        if id(held) not in self.constants:
            made = variable(Name("C"), array.shape)
            self.given[made] = (Origin("", tuple(range(array.ndim))), array, False)
            called = self.free("constant")
            self.call(called, self.layer(called, made, ()), ())
            self.signals[made] = called
            self.constants[id(held)] = (held, made)
        return self.constants[id(held)][1]


def _chosen(which: Any) -> int | None:
    """Of which case everything is taken, if that is known."""
    if isinstance(which, Expression):
        return None
    places = np.unique(np.asarray(which).astype(int))
    return int(places[0]) if len(places) == 1 else None


def _layers_of(names: frozenset[str]) -> set[str]:
    return {name.rpartition(".")[0] for name in names}


def _spread(x: Expression, shape: Shape) -> Expression:
    return stretched(x, shape) if x.shape else p.spread(x, axes=tuple(range(len(shape))), sizes=shape)


def _letters(parameters: Sequence[tuple[str, Any]]) -> dict[str, tuple[str, str]]:
    """The layer and the letter of each parameter; of a place in a tuple, W where it is a matrix, and b where it is a row."""
    found: dict[str, tuple[str, str]] = {}
    for name, array in parameters:
        owner, _, last = name.rpartition(".")
        letter = symbol_of(last)
        if last.isdecimal():
            own = [one for path, one in parameters if path.rpartition(".")[0] == owner]
            alone = sum((one.ndim > 1) == (array.ndim > 1) for one in own) == 1
            letter = ("W" if array.ndim > 1 else "b") if alone else f"p_{last}"
        found[name] = (owner, letter)
    return found


def _input_names(function: Any, count: int) -> list[str]:
    if count == 1:
        return [INPUT]
    names = _argument_names(function)[:count]
    return names if len(names) == count else [f"x{place}" for place in range(1, count + 1)]


# Operations

ROWS: dict[str, Callable[..., Any]] = {}
"""JAX's operations as formulas: of the operands, how they are applied, the shape of the result and the number of examples."""


def row(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares a function as JAX's operation of these names."""

    def declared(function: Callable[..., Any]) -> Callable[..., Any]:
        ROWS.update(dict.fromkeys(names, function))
        return function

    return declared


PLAIN = {
    "add": "add", "add_any": "add", "sub": "sub", "mul": "mul", "div": "div", "max": "maximum", "min": "minimum",
    "neg": "neg", "exp": "exp", "log": "log", "log1p": "log1p", "expm1": "expm1", "tanh": "tanh", "logistic": "sigmoid",
    "sqrt": "sqrt", "rsqrt": "rsqrt", "square": "square", "sin": "sin", "cos": "cos", "abs": "abs", "sign": "sign",
    "floor": "floor", "erf": "erf", "gt": "gt", "lt": "lt", "ge": "ge", "le": "le", "stop_gradient": "detach", "relu": "relu",
    "softplus": "softplus",
}  # fmt: skip
"""Operations that are the same in PyTorch, by its name."""

ROWS |= {name: partial(lambda formula, *x, **_: formula(*x), OPERATIONS[theirs]) for name, theirs in PLAIN.items()}

CONSTANT: dict[str, Callable[..., Any]] = {
    "taken": lambda operands, how: np.asarray(operands[0])[how["place"]],
    "stacked": lambda operands, how: np.stack([np.asarray(one) for one in operands]),
    "copy": lambda operands, how: operands[0],
}
"""Operations of a written-out program that JAX does not have, of arrays."""


@row("softmax", "log_softmax")
def _softmax(x: Expression, *, how: Any, **_: Any) -> Expression:
    return applied(how["function"], x, how["axis"])


@row("convert_element_type", "copy", "copy_p", "reduce_precision", "optimization_barrier")
def _same(x: Expression, *, how: Any, **_: Any) -> Expression:
    return x


@row("erfc")
def _erfc(x: Expression, **_: Any) -> Expression:
    return p.erf1p(-x)


@row("integer_pow")
def _integer_pow(x: Expression, *, how: Any, **_: Any) -> Expression:
    power: int = how["y"]
    return x**power


@row("pow")
def _pow(a: Expression, b: Expression, **_: Any) -> Expression:
    exponent, base = b.constant, a.constant
    return applied("pow", a if base is None else float(base), b if exponent is None else float(exponent))


@row("clamp")
def _clamp(low: Expression, x: Expression, high: Expression, **_: Any) -> Expression:
    return p.minimum(*broadcast_together(p.maximum(*broadcast_together(x, low)), high))


@row("select_n")
def _select_n(which: Expression, *cases: Expression, **_: Any) -> Expression:
    if len(cases) != 2:
        raise UnreadableOperation("a choice between more than two")
    return p.select(*broadcast_together(which, cases[1], cases[0]))


@row("reshape", "squeeze", "expand_dims")
def _reshape(x: Expression, *, shape: Shape, **_: Any) -> Expression:
    return reshaped(x, shape) if x.shape else _spread(x, shape)


@row("broadcast_in_dim")
def _broadcast(x: Expression, *_given: Any, how: Any, shape: Shape, **_: Any) -> Expression:
    if not x.shape:
        return x
    laid = [x.shape[how["broadcast_dimensions"].index(axis)] if axis in how["broadcast_dimensions"] else 1 for axis in range(len(shape))]
    made = reshaped(x, laid)
    return made if made.shape == shape else _spread(made, shape)


@row("transpose")
def _transpose(x: Expression, *, how: Any, **_: Any) -> Expression:
    return permuted(x, how["permutation"])


@row("concatenate")
def _concatenate(*parts: Expression, how: Any, shape: Shape, **_: Any) -> Expression:
    if not all(part.shape for part in parts):
        raise UnreadableOperation("equal numbers side by side with what is computed")
    return applied("cat", list(parts), how["dimension"])


@row("stacked")
def _stacked(*parts: Expression, **_: Any) -> Expression:
    return applied("stack", list(parts), 0)


@row("taken")
def _taken_at(x: Expression, *, how: Any, **_: Any) -> Expression:
    return applied("select", x, 0, how["place"])


@row("slice")
def _slice(x: Expression, *, how: Any, count: int, **_: Any) -> Expression:
    steps = how["strides"] or (1,) * len(x.shape)
    for axis, (start, stop, step) in enumerate(zip(how["start_indices"], how["limit_indices"], steps, strict=True)):
        if isinstance(x.shape[axis], str):
            if (start, stop, step) != (0, count, 1):
                raise UnreadableOperation("a part of the examples")
            continue
        x = applied("slice", x, axis, start, stop, step)
    return x


@row("split")
def _split(x: Expression, *, how: Any, **_: Any) -> tuple[Expression, ...]:
    parts, start = list[Expression](), 0
    for size in how["sizes"]:
        parts.append(p.part(x, axis=how["axis"], start=start, stop=start + size))
        start += size
    return tuple(parts)


@row("rev")
def _rev(x: Expression, *, how: Any, **_: Any) -> Expression:
    for axis in how["dimensions"]:
        extent = _extent(x.shape[axis])
        x = applied("cat", [p.part(x, axis=axis, start=i, stop=i + 1) for i in reversed(range(extent))], axis)
    return x


@row("dynamic_slice")
def _dynamic_slice(x: Expression, *starts: Expression, how: Any, **_: Any) -> Expression:
    for axis, (start, size) in enumerate(zip(starts, how["slice_sizes"], strict=True)):
        if isinstance(x.shape[axis], str):
            continue
        if start.constant is None:
            raise UnreadableOperation("a part at a place that is computed")
        first = min(max(0, int(start.constant)), _extent(x.shape[axis]) - size)
        x = applied("slice", x, axis, first, first + size)
    return x


@row("pad")
def _pad(x: Expression, fill: Expression, *, how: Any, **_: Any) -> Expression:
    config = how["padding_config"]
    if any(inner for _, _, inner in config) or fill.constant is None:
        raise UnreadableOperation("padding between elements, or with what is computed")
    margins = [margin for before, after, _ in reversed(config) for margin in (before, after)]
    while margins[-2:] == [0, 0]:
        margins = margins[:-2]
    return applied("pad", x, margins, "constant", float(fill.constant))


@row("reduce_sum")
def _reduce_sum(x: Expression, *, how: Any, **_: Any) -> Expression:
    return p.total(x, axes=tuple(how["axes"]))


@row("reduce_max")
def _reduce_max(x: Expression, *, how: Any, **_: Any) -> Expression:
    return applied("amax", x, list(how["axes"]))


@row("reduce_min")
def _reduce_min(x: Expression, *, how: Any, **_: Any) -> Expression:
    return -applied("amax", -x, list(how["axes"]))


@row("cumsum")
def _cumsum(x: Expression, *, how: Any, **_: Any) -> Expression:
    if how["reverse"]:
        raise UnreadableOperation("a running sum from behind")
    return applied("cumsum", x, how["axis"])


@row("dot_general")
def _dot_general(a: Expression, b: Expression, *, how: Any, shape: Shape, **_: Any) -> Expression:
    """Σ over some axes, others side by side: as a product of matrices."""
    (over_a, over_b), (along_a, along_b) = how["dimension_numbers"]
    if not a.shape or not b.shape:
        raise UnreadableOperation("a product with equal numbers")
    free_a = [axis for axis in range(len(a.shape)) if axis not in (*over_a, *along_a)]
    free_b = [axis for axis in range(len(b.shape)) if axis not in (*over_b, *along_b)]
    if any(isinstance(a.shape[axis], str) for axis in over_a):
        raise UnreadableOperation("a sum over the examples")
    inner = math.prod(_extent(a.shape[axis]) for axis in over_a)
    if not along_a:
        several = [any(isinstance(one.shape[axis], str) for axis in free) for one, free in ((a, free_a), (b, free_b))]
        if all(several):
            raise UnreadableOperation("a product of examples with examples")
        first, second = ((b, free_b, over_b), (a, free_a, over_a)) if several[1] else ((a, free_a, over_a), (b, free_b, over_b))
        x, free_x, over_x = first
        W, free_W, over_W = second
        lead, tail = [x.shape[axis] for axis in free_x], [W.shape[axis] for axis in free_W]
        left = reshaped(permuted(x, (*free_x, *over_x)), (*lead, inner))
        right = reshaped(permuted(W, (*over_W, *free_W)), (inner, math.prod(map(_extent, tail))))
        z = reshaped(product(left, right), (*lead, *tail))
        return permuted(z, (*range(len(lead), len(lead) + len(tail)), *range(len(lead)))) if several[1] else z
    if any(isinstance(one.shape[axis], str) for one, free in ((a, free_a), (b, free_b)) for axis in free):
        raise UnreadableOperation("a product along examples of one operand alone")
    along, rows, columns = ([one.shape[axis] for axis in axes] for one, axes in ((a, along_a), (a, free_a), (b, free_b)))
    left = reshaped(permuted(a, (*along_a, *free_a, *over_a)), (*along, math.prod(map(_extent, rows)), inner))
    right = reshaped(permuted(b, (*along_b, *over_b, *free_b)), (*along, inner, math.prod(map(_extent, columns))))
    return reshaped(product(left, right), (*along, *rows, *columns))


def _extent(extent: Dimension) -> int:
    if not isinstance(extent, int):
        raise UnreadableOperation("a place along the axis of the examples")
    return extent


@row("conv_general_dilated")
def _conv(x: Expression, W: Expression, *, how: Any, **_: Any) -> Expression:
    numbers = how["dimension_numbers"]
    if any(one != 1 for one in how["lhs_dilation"]) or how["batch_group_count"] != 1:
        raise UnreadableOperation("a transposed convolution")
    places = padded(permuted(x, numbers.lhs_spec), how["padding"], first=2)
    options = (None, list(how["window_strides"]), 0, list(how["rhs_dilation"]), how["feature_group_count"])
    z = applied("conv2d", places, permuted(W, numbers.rhs_spec), *options)
    return permuted(z, [numbers.out_spec.index(axis) for axis in range(len(numbers.out_spec))])


def _windows(x: Expression, how: Any, fill: float) -> tuple[Expression, list[int]]:
    """Every window as a further axis, the last one, of x with the axes that it goes along behind the others; and their order."""
    if any(one != 1 for one in how["base_dilation"]):
        raise UnreadableOperation("windows between whose elements there are places")
    along = [axis for axis, length in enumerate(how["window_dimensions"]) if length > 1 or how["window_strides"][axis] > 1]
    order = [*(axis for axis in range(len(x.shape)) if axis not in along), *along]
    first = len(order) - len(along)
    each = padded(permuted(x, order), [how["padding"][axis] for axis in along], fill, first=first)
    lengths, steps, gaps = (tuple(how[key][axis] for axis in along) for key in ("window_dimensions", "window_strides", "window_dilation"))
    windows = p.window(each, axis=first, lengths=lengths, steps=steps, gaps=gaps)
    return reshaped(windows, (*windows.shape[: len(order)], math.prod(lengths))), order


@row("reduce_window_max")
def _largest_of_windows(x: Expression, *, how: Any, **_: Any) -> Expression:
    windows, order = _windows(x, how, LOWEST)
    return permuted(p.largest(windows, axis=len(order)), [order.index(axis) for axis in range(len(order))])


@row("reduce_window_sum")
def _total_of_windows(x: Expression, *, how: Any, **_: Any) -> Expression:
    windows, order = _windows(x, how, 0)
    return permuted(p.total(windows, axes=(len(order),)), [order.index(axis) for axis in range(len(order))])


@row("gather")
def _gather(table: Expression, index: Any, *, how: Any, shape: Shape, **_: Any) -> Expression:
    """Rows of a table, looked up by whole numbers."""
    numbers = how["dimension_numbers"]
    rows = tuple(numbers.collapsed_slice_dims) == (0,) and tuple(numbers.start_index_map) == (0,)
    whole = tuple(how["slice_sizes"][1:]) == tuple(table.shape[1:]) and not numbers.operand_batching_dims
    last = tuple(numbers.offset_dims) == tuple(range(len(shape) - len(table.shape) + 1, len(shape)))
    if not (rows and whole and last):
        raise UnreadableOperation("elements at places that are computed, other than rows of a table")
    if not isinstance(index, Expression):
        return applied("embedding", table, np.asarray(index)[..., 0])
    return p.lookup(table, reshaped(index, index.shape[:-1]))


# Beside JAX


def function_agreement(read: ReadFunction, step: Step) -> Agreement:
    """Every output, and every parameter's gradient beside jax.vjp's, which starts from ∂E/∂y of the step."""
    import jax

    inputs = [np.asarray(one) for one in step.network.split(step.x, None).values()]
    inputs = [one.astype(np.int64) if whole else one for one, whole in zip(inputs, read.whole, strict=True)]
    leaves, tree = jax.tree_util.tree_flatten_with_path(read.function.args)
    names = names_of_parameters(read.function)

    def outputs(arrays: Sequence[Any]) -> Any:
        result = read.function.func(*jax.tree_util.tree_unflatten(tree, arrays), *inputs, **read.function.keywords)
        return jax.tree_util.tree_leaves(result)

    with precise():
        arrays = [np.asarray(leaf) for _, leaf in leaves]
        learned = [place for place, one in enumerate(arrays) if one.dtype.kind == "f" or one.dtype.name == "bfloat16"]

        def of_learned(given: Sequence[Any]) -> Any:
            whole = list(arrays)
            for place, one in zip(learned, given, strict=True):
                whole[place] = one
            return outputs(whole)

        ys, pullback = jax.vjp(of_learned, [jax.numpy.asarray(arrays[place], dtype="float64") for place in learned])
        predictions = step.network.derivation.predictions
        compared = [
            Compared(prediction.name.scope or name, False, *difference(step.values[prediction.name.key], y))
            for name, prediction, y in zip(read.wiring.outputs.values(), predictions, ys, strict=True)
            if prediction.name is not None
        ]
        upstream = [
            jax.numpy.asarray(step.values[prediction.name.of_gradient.key]).reshape(y.shape)
            for prediction, y in zip(predictions, ys, strict=True)
            if prediction.name is not None
        ]
        (gradients,) = pullback(upstream)
    found = {names[place]: gradient for place, gradient in zip(learned, gradients, strict=True)}
    for key, origin in parameter_origins(read, step.network).items():
        if key in step.gradients:
            compared.append(Compared(origin.name, True, *difference(step.gradients[key], np.asarray(found[origin.name]))))
    return Agreement(tuple(compared))
