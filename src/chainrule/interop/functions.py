"""A JAX function as a network: what its jaxpr says, operation by operation, with the names that its parameters have in their pytree.

The function is a partial one, whose parameters are given: `functools.partial(f, params)`. Calls within it are written out, loops of a known
length step by step. An operation that takes a parameter belongs to the layer that the parameter's path names, and what a function of its
own computes without parameters, as `jax.nn.relu` does, is a layer by that function's name.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import ChainruleError, DescriptionError, InputError
from chainrule.base.frozen import Frozen
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, Name, Shape, variable
from chainrule.interop.agreement import Agreement, Compared, difference, parameter_origins
from chainrule.interop.jaxprs import CONSTANT, Atom, FlatEquation, FlatJaxpr
from chainrule.interop.operations.shapes import filled
from chainrule.interop.operations.table import JAX, JaxCall, UnreadableOperation
from chainrule.interop.reading import LayerReader, Origin, count_beside, input_name, input_size, symbol_of
from chainrule.network.derivation import BATCH
from chainrule.network.network import Network
from chainrule.network.spatial import LOWEST
from chainrule.network.wiring import INPUT, Wiring

if TYPE_CHECKING:
    from chainrule.steps.step import Step

ALIKE = 1e-6
"""Of the largest magnitude: what a function that was read gives may be so far from its layers, whose numbers are float64."""


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


class _FunctionReader(LayerReader):
    """Goes through a written-out jaxpr once."""

    def __init__(
        self, function: Any, closed: Any, parameters: Sequence[tuple[str, Any]], inputs: Sequence[Any], outputs: Sequence[str], count: int
    ) -> None:
        super().__init__()
        self.function, self.count = function, count
        self.whole = tuple(one.dtype.kind in "iu" for one in inputs)
        self.flat = FlatJaxpr(closed, [array for _, array in parameters], len(inputs))
        self.uses = Counter(id(operand) for one in self.flat.equations for operand in dict.fromkeys(one.operands))
        self.uses.update(id(one) for one in self.flat.results)
        self.users = {id(operand): one for one in self.flat.equations for operand in one.operands}
        self.last = {one.group: one for one in self.flat.equations if one.group is not None}
        self.values: dict[int, Any] = {}
        self.owners: dict[int, frozenset[str]] = {}
        self.constants: dict[int, tuple[Atom, Expression]] = {}
        self.output_names = outputs
        self.letters = _letters(parameters)
        for (name, array), held in zip(parameters, self.flat.parameters, strict=True):
            self._parameter(name, array, held)
        for one in self.flat.equations:  # what is made of parameters alone belongs to the layer that they belong to
            if all(id(result) in self.flat.learned for result in one.results):
                self.owners |= dict.fromkeys(map(id, one.results), self._owners(one.operands))
        names = _input_names(function, len(inputs))
        for name, held in zip(names, self.flat.inputs, strict=True):
            shape = self._shape(held.shape)
            self.inputs[name] = input_size(shape)
            self.values[id(held)] = signal = variable(Name(name), shape)
            self.signals[signal] = name

    def _parameter(self, name: str, array: Any, held: Atom) -> None:
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
            self.alone(name, made)

    def read(self) -> ReadFunction:
        """Every operation, in the order of the program."""
        for one in self.flat.equations:
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
        self.give_out(results, self.output_names)
        return ReadFunction(self.wiring(), self.origins, self.function, self.whole)

    def _shape(self, shape: Sequence[int]) -> Shape:
        """In which the number of examples is a symbol. Raises UnreadableOperation."""
        if any(extent > self.count and extent % self.count == 0 for extent in shape):
            raise UnreadableOperation("an axis along which the examples are counted together with something else")
        return tuple(BATCH if extent == self.count else int(extent) for extent in shape)

    def _value(self, held: Atom) -> Any:
        return held.array if held.array is not None else self.values[id(held)]

    def _operation(self, one: FlatEquation) -> None:
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
        entry = JAX.get(one.name)
        if entry is None:
            raise UnreadableOperation("there is no formula of it here")
        over = one.how["axes"] if one.name in ("reduce_sum", "reduce_max", "reduce_min") else ()
        if any(one.operands[0].shape[axis] == self.count for axis in over):
            raise UnreadableOperation("what is summed over the examples, or depends on their number in another way, is not read")
        shapes = [self._shape(result.shape) for result in one.results]
        constants = [self._operand(operand, held, one) for operand, held in zip(operands, one.operands, strict=True)]
        made = entry.formula(*constants, JaxCall(one.how, shapes[0], self.count))
        for result, given, shape in zip(one.results, made if isinstance(made, tuple) else (made,), shapes, strict=True):
            value = given if given.shape in (shape, ()) else filled(given, shape)
            owners = self._owners(one.operands)
            learned = BATCH not in shape and id(result) in self.flat.learned
            if not learned and self._ends(one, result, owners):
                value = self.cut(self._path(one, owners), value, one.group[0] if one.group else one.name.replace("_", " "))
                owners = frozenset()
            self.values[id(result)], self.owners[id(result)] = value, owners

    def _owners(self, operands: Sequence[Atom]) -> frozenset[str]:
        """The parameters in the formulas of some values, which belong to no layer yet."""
        return frozenset[str]().union(*(self.owners.get(id(operand), frozenset()) for operand in operands))

    def _operand(self, operand: Any, held: Atom, one: FlatEquation) -> Any:
        if isinstance(operand, Expression) or JAX[one.name].places:
            return operand
        constant = self._constant(held)
        return filled(constant, self._shape(held.shape)) if JAX[one.name].whole else constant

    def _ends(self, one: FlatEquation, result: Atom, owners: frozenset[str]) -> bool:
        """Is what it gives a quantity of its own?"""
        if one.group is not None:
            return one is self.last[one.group] and BATCH in self._shape(result.shape)
        if BATCH not in self._shape(result.shape):
            return False
        user = self.users.get(id(result))
        if self.uses[id(result)] == 1 and user is not None and owners and user.group is None:
            others = _layers_of(self._owners([operand for operand in user.operands if operand is not result]))
            if (others and others <= _layers_of(owners)) or (_quiet(user) and len(user.results) == 1):
                return False
        numbers = sum(operand.array is not None and np.size(operand.array) == 1 for operand in one.operands)
        return bool(owners) or not (_quiet(one) or (_quiet(one, "by a number") and numbers))

    def _path(self, one: FlatEquation, owners: frozenset[str]) -> str:
        if owners:
            first = min(owners)
            return first.rpartition(".")[0] or first
        return one.group[0] if one.group is not None else one.name

    def _constant_operation(self, one: FlatEquation, operands: list[Any]) -> None:
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

    def _constant(self, held: Atom) -> Any:
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
            self.alone("constant", made)
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


def _quiet(one: FlatEquation, how: str = "always") -> bool:
    return one.name in JAX and JAX[one.name].quiet == how


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
    return [*map(input_name, names)] if len(names) == count else [f"x{place}" for place in range(1, count + 1)]


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
