"""The frozen description of a network, and what follows from it: its parameters and its derivation."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, InputError, ShapeError, UnknownNameError, quoted
from chainrule.network.definitions import Bound, Wanted, find
from chainrule.network.derivation import Conventions, Derivation, derive
from chainrule.network.layers import Dense, checked_size
from chainrule.notation.conventions import Notation

if TYPE_CHECKING:
    from chainrule.steps.step import Step

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

MOST_PARAMETERS = 10**8
"""800 MB in float64; a description that asks for more is refused before memory is taken."""

MOST_LAYERS = 1000
"""More layers than this are refused."""


class Network(Displayed):
    """Layers, a loss and their conventions.

        network = Network(2, dense(2, bias=False), dense(1, bias=False), loss=half_squared())
        network = network.with_weights([0.21, 0.56, 0.19, 0.02, 0.23, 0.16])

    inputs       how many numbers go in
    layers       `dense(…)`, one or more; the last one, if it says no activation, gets the one that fits the loss
    loss         from y and t; ½(y − t)² if none is said
    regularizer  a penalty on every W, added to E
    outputs      "sum" or "mean": how the loss of one example is counted over its outputs
    batch        "mean" or "sum": how E is counted over the examples
    weighted     True where each example comes with a weight s, by which its loss is multiplied before the batch is averaged
    seed         draws the parameters for which no numbers are given
    notation     letters, rows or columns, decimal sign, language

    A network never changes; `with_weights`, `with_parameters` and `replaced` return others.
    Raises DescriptionError, UnknownNameError, ShapeError.
    """

    def __init__(
        self,
        inputs: int,
        *layers: Dense,
        loss: Wanted = "half_squared",
        regularizer: Wanted | None = None,
        outputs: str = "sum",
        batch: str = "mean",
        weighted: bool = False,
        seed: int = 0,
        notation: Notation | None = None,
    ) -> None:
        if not layers or not all(isinstance(layer, Dense) for layer in layers):
            raise DescriptionError("a network is made of layers: Network(2, dense(2), dense(1)).")
        if len(layers) > MOST_LAYERS:
            raise DescriptionError(f"{len(layers):,} layers are more than this can hold; the limit is {MOST_LAYERS:,}.")
        self.inputs = checked_size(inputs, "inputs")
        self.loss = find("loss", loss)
        self.regularizer = None if regularizer is None else find("regularizer", regularizer)
        self.layers = (*(_decided(layer, find("activation", "identity")) for layer in layers[:-1]), _decided(layers[-1], self.loss.output))
        self.conventions = Conventions(
            _one_of("outputs", outputs, "sum", "mean"), _one_of("batch", batch, "mean", "sum"), _checked_flag("weighted", weighted)
        )
        self.seed = _checked_seed(seed)
        self.notation = notation or Notation()
        self.shapes = self._checked_shapes()
        self.given = self._checked_given()

    @cached_property
    def derivation(self) -> Derivation:
        """The network as expressions, with its back-propagation."""
        return derive(self.inputs, self.layers, self.loss, self.regularizer, self.conventions)

    @cached_property
    def parameters(self) -> dict[str, Array]:
        """W1, b1, W2 …: the numbers given, and those drawn from the seed for the others (b: zeros). Not to be written to."""
        values = {**self._drawn(), **self.given}
        for array in values.values():
            array.flags.writeable = False
        return {key: values[key] for key in self.shapes}

    @property
    def outputs(self) -> int:
        """How many numbers come out."""
        return self.layers[-1].units

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs and units of every layer: (2, 2, 1) for the seed's network."""
        return (self.inputs, *(layer.units for layer in self.layers))

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def frozen(self) -> set[str]:
        """The parameters that the update leaves alone."""
        return {f"{kind}{number}" for number, layer in enumerate(self.layers, start=1) for kind in layer.frozen}

    @property
    def weights(self) -> list[float]:
        """w1, w2 … in their numbering: layer by layer, unit by unit, in the order of the inputs; then b1, b2 …"""
        flat = [self.parameters[key].T.ravel() for key in sorted(self.shapes, key=lambda key: key[0] != "W")]
        return [float(value) for array in flat for value in array]

    @property
    def initializers(self) -> dict[str, Bound]:
        """What draws each W that has no numbers of its own."""
        return {
            f"W{number}": layer.initializer or find("initializer", layer.activation.definition.start)
            for number, layer in enumerate(self.layers, start=1)
            if f"W{number}" not in self.given and layer.activation is not None
        }

    def with_weights(self, weights: Sequence[float]) -> Network:
        """The same network with these numbers: every w in its numbering, then, if given, every b. Raises ShapeError."""
        numbers = _checked_numbers("the weights", weights, None).ravel()
        in_matrices = {key: shape for key, shape in self.shapes.items() if key[0] == "W"}
        in_biases = {key: shape for key, shape in self.shapes.items() if key[0] == "b"}
        wanted, most = (sum(math.prod(shape) for shape in part.values()) for part in (in_matrices, self.shapes))
        if len(numbers) not in (wanted, most):
            also = f" ({most} with its biases)" if most > wanted else ""
            raise ShapeError(
                f"a {'-'.join(map(str, self.sizes))} network has {wanted} weights{also}, but {len(numbers)} numbers were given."
            )
        values: dict[str, Array] = {}
        start = 0
        for key, shape in {**in_matrices, **(in_biases if len(numbers) == most else {})}.items():
            values[key] = numbers[start : start + math.prod(shape)].reshape(shape[::-1]).T
            start += math.prod(shape)
        return self.with_parameters(values)

    def with_parameters(self, parameters: Mapping[str, Any]) -> Network:
        """The same network with other numbers for some of W1, b1, … Raises UnknownNameError, ShapeError."""
        for key in parameters:
            if key not in self.shapes:
                raise UnknownNameError("parameter of this network", key, self.shapes)
        changed = copy.copy(self)
        changed.__dict__.pop("parameters", None)
        changed.given = {**self.given, **{key: _checked_numbers(key, numbers, self.shapes[key]) for key, numbers in parameters.items()}}
        return changed

    def continued(self, parameters: Mapping[str, Array]) -> Network:
        """The same network after an update, with all its parameters; the derivation, which they do not change, is kept."""
        network = copy.copy(self)
        network.__dict__.update(derivation=self.derivation, given=dict(parameters), parameters=dict(parameters))
        return network

    def replaced(self, **changes: Any) -> Network:
        """The same network with other settings: any argument of Network by name, and `layers`."""
        settings = {
            "inputs": self.inputs,
            "layers": [replace(layer, given=self._given_of(number)) for number, layer in enumerate(self.layers, start=1)],
            "loss": self.loss,
            "regularizer": self.regularizer,
            "outputs": self.conventions.outputs,
            "batch": self.conventions.batch,
            "weighted": self.conventions.weighted,
            "seed": self.seed,
            "notation": self.notation,
            **changes,
        }
        inputs, layers = settings.pop("inputs"), settings.pop("layers")
        return Network(inputs, *layers, **settings)

    def predict(self, x: Any) -> Array:
        """The prediction y for inputs x of the shape (batch, inputs). Raises ShapeError, InputError."""
        from chainrule.formula.evaluation import evaluate

        derivation = self.derivation
        bindings = {derivation.x: checked_batch("x", x, self.inputs), **self.bindings()}
        return np.asarray(evaluate([derivation.prediction], bindings)[derivation.prediction])

    def bindings(self) -> dict[Any, Array]:
        """The numbers of the parameters, by their expressions."""
        return {expression: self.parameters[str(expression.name)] for expression in self.derivation.parameters}

    def step(self, x: Any, t: Any, optimizer: Wanted = "sgd", *, weights: Any = None, exact: bool = False) -> Step:
        """One training step on the batch (x, t), every number kept.

        x : (batch, inputs)    t : (batch, outputs)    weights : (batch,), for a weighted network only (1 each if none are given)

        Raises ShapeError, InputError; InexactError if `exact` fractions are asked for and there are none.
        """
        return next(self.steps(x, t, optimizer, weights=weights, exact=exact))

    def steps(self, x: Any, t: Any, optimizer: Wanted = "sgd", *, weights: Any = None, exact: bool = False) -> Iterator[Step]:
        """Training steps on the same batch, one after the other, without end."""
        from chainrule.steps.step import steps

        return steps(self, x, t, find("optimizer", optimizer), weights=weights, exact=exact)

    def _given_of(self, layer: int) -> dict[str, Any]:
        return {key[0]: numbers for key, numbers in self.given.items() if key[1:] == str(layer)}

    def _drawn(self) -> dict[str, Array]:
        """Zeros for every b, and a draw from the seed for every W without numbers; random numbers are imported for these alone."""
        values = {key: np.zeros(shape) for key, shape in self.shapes.items() if key[0] == "b" and key not in self.given}
        from chainrule.network.initializers import distribution

        initializers = self.initializers
        random: Any = np.random.default_rng(self.seed) if initializers else None
        for key, initializer in initializers.items():
            values[key] = distribution(initializer).sample(random, *self.shapes[key])
        return values

    def _checked_shapes(self) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        inputs = self.inputs
        for number, layer in enumerate(self.layers, start=1):
            shapes.update({f"{kind}{number}": shape for kind, shape in layer.shapes(inputs).items()})
            inputs = layer.units
        count = sum(math.prod(shape) for shape in shapes.values())
        if count > MOST_PARAMETERS:
            raise DescriptionError(f"this network would have {count:,} parameters; the limit is {MOST_PARAMETERS:,}. Make a layer smaller.")
        return shapes

    def _checked_given(self) -> dict[str, Array]:
        given: dict[str, Array] = {}
        for number, layer in enumerate(self.layers, start=1):
            for kind, numbers in layer.given.items():
                key = f"{kind}{number}"
                where = f"layer {number} ({layer_name(number, len(self.layers))})"
                given[key] = _checked_numbers(f"{key} of {where}", numbers, self.shapes[key])
        return given

    def __repr__(self) -> str:
        inner = ", ".join(f"dense({layer.units}, {layer.activation!r}{'' if layer.bias else ', bias=False'})" for layer in self.layers)
        return f"Network({self.inputs}, {inner}, loss={self.loss!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        from chainrule.network.description import described

        return described(self) == described(other)

    __hash__ = None  # type: ignore[assignment]  # networks are compared by their numbers, too many to hash


def layer_name(number: int, layers: int) -> str:
    """hidden1, hidden2 … output: what people call the layer of W1, W2 …"""
    return "output" if number == layers else f"hidden{number}"


def checked_batch(name: str, values: Any, columns: int) -> Array:
    """Numbers of the shape (batch, columns), finite; one row may come as a plain list. Raises ShapeError, InputError."""
    array = _checked_numbers(name, values, None)
    if array.ndim == 1:
        array = array.reshape(1, -1)
    if array.ndim != 2 or array.shape[1] != columns or array.shape[0] == 0:
        raise ShapeError(f"{name} needs rows of {columns} number{'s' * (columns != 1)}, but was given the shape {array.shape}.")
    return array


def _checked_numbers(what: str, values: Any, shape: tuple[int, ...] | None) -> Array:
    try:
        array = np.array(values)
        if array.dtype.kind not in "iufO":  # NumPy would take "1" and True for numbers
            raise TypeError
        array = array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what} must be numbers in rows of one length; {_culprit(values)} is not.") from None
    if shape is not None and array.shape != shape:
        raise ShapeError(f"{what} has the shape {array.shape}, but {shape} is needed{_hint(array.shape, shape)}.")
    if not np.isfinite(array).all():
        position = tuple(int(i) + 1 for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{what} holds {array[tuple(i - 1 for i in position)]} at position {position}; every number must be finite.")
    return array


def _hint(given: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if len(wanted) == 2 and given == wanted[::-1]:
        return ": it is transposed (rows are inputs, columns are units)"
    return " (inputs, units)" if len(wanted) == 2 else ""


def _culprit(values: Any) -> str:
    for value in values if isinstance(values, (list, tuple)) else [values]:
        if isinstance(value, (list, tuple)):
            for inner in value:
                if isinstance(inner, bool) or not isinstance(inner, (int, float)):
                    return quoted(inner)
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            return quoted(value)
    return quoted(values)


def _decided(layer: Dense, activation: Bound) -> Dense:
    return layer if layer.activation is not None else replace(layer, activation=activation)


def _one_of(what: str, value: str, *allowed: str) -> str:
    if value not in allowed:
        raise UnknownNameError(f"way of counting {what}", str(value)[:60], allowed)
    return value


def _checked_flag(what: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise DescriptionError(f"{what} must be true or false, not {quoted(value)}.")
    return value


def _checked_seed(seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise DescriptionError(f"seed must be a whole number from 0, not {quoted(seed)}.")
    return seed
