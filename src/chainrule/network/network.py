"""The frozen description of a network, and what follows from it: its parameters and its derivation."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, InputError, ShapeError, UnknownNameError, quoted
from chainrule.base.frozen import replace
from chainrule.base.pickling import WithoutCaches
from chainrule.formula.expression import Expression, order
from chainrule.network.definitions import Bound, Wanted, find
from chainrule.network.derivation import BATCH, Conventions, Derivation, Forward, Goal, derive, forward, quantity_called
from chainrule.network.elements import cells
from chainrule.network.layers import EVERY, Kind, Layer, checked_names
from chainrule.network.wiring import INPUT, OUTPUT, Extent, Wiring, chain_wiring, traced
from chainrule.notation.conventions import Notation

if TYPE_CHECKING:
    from chainrule.steps.step import Step

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

MOST_PARAMETERS = 10**8
"""800 MB in float64; a description that asks for more is refused before memory is taken."""

MOST_NUMBERS = 10**8
"""As many of one quantity for each example."""

MOST_LAYERS = 1000
"""More layers than this are refused."""


class Network(WithoutCaches, Displayed):
    """Layers, how they are connected, a loss and their conventions.

        network = Network(2, dense(2, bias=False), dense(1, bias=False), loss=half_squared())
        network = network.with_weights([0.21, 0.56, 0.19, 0.02, 0.23, 0.16])

    A chain of layers, as here, or any graph of them: named inputs and a function that calls layers on them.

        Network({"x": 8, "v": 2}, lambda x, v: dense(1)(join(dense(3)(x), dense(2)(v))))

    inputs       how many numbers go in; or how many for each input, by name
    layers       `dense(…)` and other kinds, one or more; or one function of the inputs, which returns what a layer gives, or a dict of
                 such, the outputs by name. A layer that leads to an output, if it says no activation, gets the one that fits its loss;
                 a layer that is called twice has the same parameters in both places
    loss         from y and t; ½(y − t)² if none is said; of several outputs a dict, by their names
    emphasis     by what the error of each output is multiplied in E, by its name; 1 where nothing is said
    regularizer  a penalty on every matrix of weights, added to E
    outputs      "sum" or "mean": how the loss of one example is counted over its outputs
    batch        "mean" or "sum": how E is counted over the examples; the name of a loss may say both otherwise, as mse and sse do
    weighted     True where each example comes with a weight s, by which its loss is multiplied before the batch is averaged
    gradients    keys of inputs and quantities whose gradients are wanted beside those on the way to the parameters: ["x"]
    frozen       weights that the update leaves alone: ["w3", "b1[2]", "hidden1.W[2,3]"], or a whole parameter, ["W1"]
    absent       weights that are not there: they are 0, stay 0, and stand in no formula
    seed         draws the parameters for which no numbers are given
    notation     letters, rows or columns, decimal sign, language

    A network never changes; `with_weights`, `with_parameters` and `replaced` return others.
    Raises DescriptionError, UnknownNameError, ShapeError.
    """

    def __init__(
        self,
        inputs: int | Mapping[str, int],
        *layers: Layer | Callable[..., Any],
        loss: Wanted = "half_squared",
        emphasis: Mapping[str, float] | None = None,
        regularizer: Wanted | None = None,
        outputs: str = "sum",
        batch: str = "mean",
        weighted: bool = False,
        gradients: Sequence[str] = (),
        frozen: Sequence[str] = (),
        absent: Sequence[str] = (),
        seed: int = 0,
        notation: Notation | None = None,
    ) -> None:
        wiring = _wired(inputs, layers)
        self.goals = _goals(wiring, loss, emphasis or {})
        self.regularizer = None if regularizer is None else find("regularizer", regularizer)
        self.conventions = _conventions(self.goals, outputs, batch, weighted)
        self.asked = tuple(gradients)
        self.seed = _checked_seed(seed)
        self.notation = notation or Notation()
        _check_letters(wiring, self.notation)
        self.legible = False
        self.understood: Mapping[str, Any] = {}
        self.wiring = _decided(wiring, self.goals)
        self.shapes = self._checked_shapes()
        self.frozen_names, self.absent_names = checked_names(frozen, "frozen"), checked_names(absent, "absent")
        self.frozen_elements, self.absent = cells(self, self.frozen_names, "frozen"), cells(self, self.absent_names, "absent")
        self.given = self._checked_given()
        for key in self.asked:
            quantity_called(key, self.forward)

    @cached_property
    def forward(self) -> Forward:
        """What the layers compute, as expressions."""
        return forward(self.wiring)

    @cached_property
    def derivation(self) -> Derivation:
        """The network as expressions, with its back-propagation."""
        return derive(self.forward, self.goals, self.regularizer, self.conventions, self.asked, self.absent)

    @cached_property
    def inference(self) -> Derivation:
        """The same of what predicts, in which nothing is dropped and statistics of a batch are running ones; most networks are one and the
        same. Errors are measured with it.
        """
        if not self.forward.two_faced:
            return self.derivation
        return derive(forward(self.wiring, self.forward), self.goals, self.regularizer, self.conventions, (), self.absent)

    @cached_property
    def parameters(self) -> dict[str, Array]:
        """W1, b1, W2 …: the numbers given, and those drawn from the seed for the others (b: zeros). Not to be written to."""
        values = {**self._drawn(), **self.given}
        for key, gone in self.absent.items():
            values[key] = values[key].copy()
            values[key][tuple(zip(*gone, strict=True))] = 0
        for array in values.values():
            array.flags.writeable = False
        return {key: values[key] for key in self.shapes}

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that have a number, W1's first: those that declare parameters or quantities."""
        return tuple(self.forward.numbers)

    @property
    def numbered_layers(self) -> list[Layer]:
        """The layers with the numbers that their parameters were given."""
        return [replace(layer, given=self._given_of(layer)) for layer in self.layers]

    def units(self, layer: Layer) -> int:
        """How many numbers a layer gives for each example."""
        call = next(call for call in self.wiring.calls if call.layer is layer)
        return numbers_in(self.forward.results[call.name])

    @cached_property
    def unit_count(self) -> int:
        """How many numbers all calls of layers give for each example."""
        return sum(numbers_in(result) for name, result in self.forward.results.items() if name not in self.wiring.inputs)

    def parameters_of(self, layer: Layer) -> tuple[Expression, ...]:
        """The parameters in which a layer is computed: its own, and those that it takes from another."""
        call = next(call for call in self.wiring.calls if call.layer is layer)
        before = {self.forward.results[source] for source in call.sources}
        inside = set(order(self.forward.results[call.name], wall=lambda node: node in before))
        return tuple(one.variable for one in self.forward.parameters if one.variable in inside)

    @property
    def last_layers(self) -> set[Layer]:
        """The layers that lead to outputs."""
        return {call.layer for call in self.wiring.calls if call.name in self.wiring.outputs.values()}

    @property
    def layer_names(self) -> list[str]:
        """What people call the layers that have a number: their own names, those of outputs, or hidden1, hidden2 … output."""
        names = [layer.name or self.output_of(layer) or f"hidden{number}" for layer, number in self.forward.numbers.items()]
        return ["output" if name == OUTPUT else name for name in names]

    def output_of(self, layer: Layer) -> str:
        """The output that is what a layer gives; nothing if there is none."""
        return self._output_layers.get(layer, "")

    @cached_property
    def _output_layers(self) -> dict[Layer, str]:
        layers = {call.name: call.layer for call in self.wiring.calls}
        return {layers[call]: name for name, call in [*self.wiring.outputs.items()][::-1] if call in layers}  # of two, the first

    @property
    def loss(self) -> Bound:
        """The loss of the first output."""
        return next(iter(self.goals.values())).loss

    @property
    def inputs(self) -> int:
        """How many numbers go in, over all inputs."""
        return sum(self.wiring.inputs.values())

    @property
    def outputs(self) -> int:
        """How many numbers come out, over all outputs."""
        return sum(self.output_sizes.values())

    @property
    def output_sizes(self) -> dict[str, int]:
        """How many numbers each output has."""
        return {name: numbers_in(output) for name, output in self.forward.outputs.items()}

    @property
    def target_sizes(self) -> dict[str, int]:
        """How many numbers each output is compared with; an output that is its own error is left out."""
        return {name: numbers_in(target) for name, target in self.derivation.compared.items()}

    @property
    def targets(self) -> int:
        """How many numbers the outputs are compared with, over all outputs."""
        return sum(self.target_sizes.values())

    @property
    def measures(self) -> bool:
        """Does every output have a loss that is least where the output is right? Only then is an error of 0 what training aims at."""
        return all(goal.loss.definition.measures for goal in self.goals.values())

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs and units of every layer: (2, 2, 1) for the seed's network. Of a graph that is no chain, inputs and outputs."""
        if not self.wiring.is_chain:
            return (self.inputs, self.outputs)
        return (self.inputs, *(numbers_in(result) for name, result in self.forward.results.items() if name not in self.wiring.inputs))

    @property
    def size(self) -> int:
        """How many numbers are learned; those that are absent are not."""
        return sum(math.prod(shape) for shape in self.shapes.values()) - sum(map(len, self.absent.values()))

    @cached_property
    def frozen(self) -> frozenset[str]:
        """The parameters that the update leaves alone as a whole."""
        of_layers = {
            one.variable.key
            for one in self.forward.parameters
            if one.moving is not None or {one.variable.symbol, EVERY} & {*one.layer.frozen}
        }
        return frozenset(of_layers | {key for key, kept in self.kept.items() if len(kept) == math.prod(self.shapes[key])})

    @cached_property
    def kept(self) -> dict[str, frozenset[tuple[int, ...]]]:
        """The elements that an update leaves alone, frozen or absent, by the key of their parameter."""
        parts = (self.frozen_elements, self.absent)
        return {key: frozenset().union(*(part.get(key, ()) for part in parts)) for key in self.shapes if any(key in part for part in parts)}

    @property
    def weights(self) -> list[float]:
        """w1, w2 … in their numbering: layer by layer, unit by unit, in the order of the inputs; then b1, b2 …"""
        flat = [self.parameters[key].T.ravel() for key in sorted(self.shapes, key=lambda key: len(self.shapes[key]) < 2)]
        return [float(value) for array in flat for value in array]

    @cached_property
    def initializers(self) -> dict[str, Bound]:
        """What draws each W that has no numbers of its own."""
        drawn = {one.variable.key: one.start for one in self.forward.parameters}
        there = {key for key, shape in self.shapes.items() if len(self.absent.get(key, ())) < math.prod(shape)}
        return {key: start for key, start in drawn.items() if start is not None and key not in self.given and key in there}

    def split(self, x: Any, t: Any = None, s: Any = None, *, number: int = 1) -> dict[Expression, Array]:
        """A batch by what its columns are called in the derivation: x (batch, inputs) and t (batch, outputs) hold those of all inputs
        and of all outputs side by side, in their order.

        number  of the step for which masks are drawn, where there are any: they follow from it and from the seed
        """
        derivation, parts = self.derivation, dict[Expression, Array]()
        for side, nodes in ((x, derivation.inputs), (t, derivation.targets)):
            start = 0
            for node in nodes if side is not None else ():
                stop = start + numbers_in(node)
                own = side if side.shape[1:] == node.shape[1:] else side[:, start:stop]
                parts[node] = own if len(node.shape) == 2 else own.reshape(len(own), *map(int, node.shape[1:]))
                start = stop
        if derivation.weights is not None and s is not None:
            parts[derivation.weights] = s
        return {**parts, **self.masks(len(x), number)} if derivation.masks and x is not None and t is not None else parts

    def masks(self, rows: int, number: int) -> dict[Expression, Array]:
        """The masks of a step, drawn from the seed and the number of the step: 1 / share where a unit stays, 0 where it is dropped."""
        random = np.random.default_rng((self.seed, number))
        shares = {one.variable: one.share for one in self.derivation.masks}
        return {node: (random.random((rows, *map(int, node.shape[1:]))) < share) / share for node, share in shares.items()}

    def with_weights(self, weights: Any, weights_as: str | Sequence[str] = ()) -> Network:
        """The same network with these numbers: in one list, every w in its numbering, then, if given, every b; or a dict of matrices, or of
        single weights, by their names: {"W1": [[0.3, -0.1], [0.2, 0.4]], "w1,4": 0.2}.

        weights_as  how they are written, where a course writes them otherwise, as a list of
                    "units-inputs", "inputs-units"   what the rows and the columns of matrices are; (inputs × units) is usual where vectors
                                                     are rows, (units × inputs) where they are columns
                    "by-target", "by-source"         the same, said of one list: unit by unit, or source by source
                    "bias-first", "bias-last"        each bias stands among the weights of its unit
                    "thresholds"                     units have thresholds θ in place of biases: z = x W − θ

        Raises ShapeError, UnknownNameError; InputError where the numbers can be read in two ways.
        """
        from chainrule.network.weights import with_weights

        return with_weights(self, weights, weights_as)

    def told(self, understood: Mapping[str, Any]) -> Network:
        """The same network, with what was understood of the numbers that it was given, as plain data for explanations."""
        return self._with(understood=understood)

    @property
    def summary(self) -> str:
        """The network in a word: 2-2-1; of a graph that is no chain, its inputs and outputs: x2+v3→y1."""
        if self.wiring.is_chain:
            return "-".join("×".join(map(str, result.shape[1:])) for result in self.forward.results.values())
        sides = (self.wiring.inputs, self.output_sizes)
        return "→".join("+".join(f"{name}{size}" for name, size in side.items()) for side in sides)

    def with_parameters(self, parameters: Mapping[str, Any]) -> Network:
        """The same network with other numbers for some of W1, b1, … Raises UnknownNameError, ShapeError."""
        for key in parameters:
            if key not in self.shapes:
                raise UnknownNameError("parameter of this network", key, self.shapes)
        given = {key: checked_numbers(key, numbers, self.shapes[key]) for key, numbers in parameters.items()}
        return self._with(given={**self.given, **self._without_absent(given)})

    def made_legible(self) -> Network:
        """The same network, whose drawn numbers are round, so that a person can compute along: two decimals, more where they are small."""
        return self._with(legible=True)

    def continued(self, parameters: Mapping[str, Array]) -> Network:
        """The same network after an update, with all its parameters."""
        return self._with(forward=self.forward, derivation=self.derivation, given=dict(parameters), parameters=dict(parameters))

    def _with(self, **attributes: Any) -> Network:
        """The same network but for these, which change none of its expressions: those that were worked out are kept."""
        network = copy.copy(self)
        vars(network).update({name: vars(self)[name] for name in ("forward", "derivation") if name in vars(self)}, **attributes)
        return network

    def replaced(self, **changes: Any) -> Network:
        """The same network with other settings: any argument of Network by name, and `layers`, as many as `Network.layers` has."""
        layers = changes.pop("layers", None) or self.numbered_layers
        if changes.get("notation", self.notation).vectors != self.notation.vectors:  # layers hold matrices as they are written
            layers = [replace(one, given={key: _turned(numbers) for key, numbers in one.given.items()}) for one in layers]
        wiring = self.wiring.replaced(dict(zip(self.layers, layers, strict=True)))
        settings = {
            "loss": {name: goal.loss for name, goal in self.goals.items()},
            "emphasis": {name: goal.weight for name, goal in self.goals.items()},
            "regularizer": self.regularizer,
            "outputs": self.conventions.outputs,
            "batch": self.conventions.batch,
            "weighted": self.conventions.weighted,
            "gradients": self.asked,
            "frozen": self.frozen_names,
            "absent": self.absent_names,
            "seed": self.seed,
            "notation": self.notation,
            **changes,
        }
        for loss in (find("loss", one) for one in _losses(settings["loss"], list(self.goals)).values()):
            check_implied(loss, changes)
        made = Network.of_wiring(wiring, **settings)
        made.legible, made.understood = self.legible, made.understood or self.understood
        return made

    @staticmethod
    def of_wiring(wiring: Wiring, **settings: Any) -> Network:
        """The network of connections that are there already. Settings as of `Network`."""
        return Network(wiring.inputs, cast(Any, wiring), **settings)

    def predict(self, x: Any) -> Array:
        """The prediction y (batch, outputs) for inputs x (batch, inputs), or a dict of inputs. Raises ShapeError, InputError."""
        from chainrule.formula.evaluation import evaluate

        predictions = self.inference.predictions
        values = evaluate(predictions, {**self.split(self.checked_x(x)), **self.bindings()})
        return side_by_side([np.asarray(values[y]) for y in predictions])

    def checked_x(self, x: Any, name: str = "x") -> Array:
        """Inputs as one array (batch, inputs); a dict has them by name. Raises ShapeError, InputError."""
        array = _side_by_side(name, x, self.wiring.inputs, self.notation.vectors == "columns")
        start = 0
        for size in self.wiring.inputs.values():
            if isinstance(size, Extent) and size.vocabulary:
                _check_tokens(name, array[:, start : start + size], size.vocabulary)
            start += size
        return array

    def checked_t(self, t: Any, name: str = "t") -> Array:
        """Targets as one array (batch, outputs); a dict has them by the names of the outputs. Raises ShapeError, InputError."""
        return _side_by_side(name, t, self.target_sizes, self.notation.vectors == "columns")

    def bindings(self) -> dict[Any, Array]:
        """The numbers of the parameters, by their expressions."""
        return {expression: self.parameters[str(expression.name)] for expression in self.derivation.parameters}

    def step(
        self, x: Any, t: Any = None, optimizer: Wanted = "sgd", *, upstream: Any = None, weights: Any = None, exact: bool = False
    ) -> Step:
        """One training step on the batch (x, t), every number kept.

        x : (batch, inputs)    t : (batch, outputs), unless the outputs are their own errors
        weights : (batch,), for a weighted network only (1 each if none are given)
        upstream : (batch, outputs), a given ∂E/∂y in place of targets and losses: back-propagation starts from it

        Raises ShapeError, InputError; InexactError if `exact` fractions are asked for and there are none.
        """
        return next(self.steps(x, t, optimizer, upstream=upstream, weights=weights, exact=exact))

    def steps(
        self, x: Any, t: Any = None, optimizer: Wanted = "sgd", *, upstream: Any = None, weights: Any = None, exact: bool = False
    ) -> Iterator[Step]:
        """Training steps on the same batch, one after the other, without end. As of `step`."""
        from chainrule.steps.step import steps

        if upstream is None:
            return steps(self, x, t, find("optimizer", optimizer), weights=weights, exact=exact)
        if t is not None or weights is not None:
            raise InputError("upstream is ∂E/∂y in place of targets and their losses; leave out t and weights.")
        return self.with_upstream().steps(x, upstream, optimizer, exact=exact)

    def gradients(
        self,
        x: Any,
        t: Any = None,
        *,
        weights: Any = None,
        rows: int | None = None,
        number: int = 1,
        reduce: Callable[[Array], Array] | None = None,
    ) -> Array:
        """∂E/∂ every parameter, end to end in one flat array: W1, b1, W2 …, each row by row.

        x, t, weights  a batch, as of `step`; where several processes share it, the rows of this one
        reduce   adds a flat array up over all processes, element by element, and gives each the sum: then E is of the rows of all
        rows     how many rows the batch has in all processes; if it is not said, that is reduced first
        number   of the step, for which masks are drawn

        Raises ShapeError, InputError.
        """
        from chainrule.engines.distributed import flat_gradient

        return flat_gradient(self, x, t, weights, rows=rows, number=number, reduce=reduce)

    def apply(self, flat: Any, optimizer: Wanted = "sgd", state: Mapping[str, Any] | None = None) -> tuple[Network, dict[str, Any]]:
        """The network after a step with this flat gradient, as of `gradients`, and the state of the optimiser for the next step.

        state  what the step before gave; None for the first one

        Raises ShapeError, InputError; InputError where running means belong to the network, which no gradient says.
        """
        from chainrule.engines.distributed import applied

        return applied(self, flat, find("optimizer", optimizer), state)

    def with_upstream(self) -> Network:
        """The same network without a loss: ∂E/∂y of every output is given in place of targets."""
        from chainrule.network.losses import upstream

        return self.replaced(loss=upstream, emphasis={}, weighted=False)

    def _given_of(self, layer: Layer) -> dict[str, Any]:
        own = {one.variable.key: one.variable.symbol for one in self.forward.parameters if one.layer is layer}
        return {own[key]: _oriented(numbers, self.notation) for key, numbers in self.given.items() if key in own}

    def _drawn(self) -> dict[str, Array]:
        """Zeros for every b, and a draw from the seed for every W without numbers; random numbers are imported for these alone."""
        from chainrule.network.initializers import distribution

        initializers = self.initializers
        values = {key: np.zeros(shape) for key, shape in self.shapes.items() if key not in self.given and key not in initializers}
        random: Any = np.random.default_rng(self.seed) if initializers else None
        for key, initializer in initializers.items():
            shape = self.shapes[key]
            drawn, size = distribution(initializer), (math.prod(shape[:-1]), shape[-1])
            values[key] = drawn.sample(random, *size).reshape(shape)
            if self.legible:
                values[key] = np.round(values[key], drawn.decimals(*size)) + 0.0  # no −0
        return values

    def _checked_shapes(self) -> dict[str, tuple[int, ...]]:
        shapes = {one.variable.key: tuple(map(int, one.variable.shape)) for one in self.forward.parameters}
        count = sum(math.prod(shape) for shape in shapes.values())
        if count > MOST_PARAMETERS:
            raise DescriptionError(f"this network would have {count:,} parameters; the limit is {MOST_PARAMETERS:,}. Make a layer smaller.")
        for node in order(*self.forward.outputs.values()):
            if node.shape[:1] == (BATCH,) and (numbers := numbers_in(node)) > MOST_NUMBERS:
                raise DescriptionError(
                    f"this network would compute {numbers:,} numbers at one place for each example; the limit is {MOST_NUMBERS:,}. Make an "
                    "image, a window or a layer smaller."
                )
        return shapes

    def _checked_given(self) -> dict[str, Array]:
        """The numbers of the layers. Where vectors are columns, their matrices are (units, inputs), unless all are (inputs, units)."""
        given: dict[str, Array] = {}
        turned = self.notation.vectors == "columns"
        if turned and (keys := self._given_as_rows()):
            turned, self.understood = False, {"form": "matrices", "rows": "source", "bias": "apart", "keys": keys}
        for layer in self.wiring.layers:
            own = {one.variable.symbol: one.variable.key for one in self.forward.parameters if one.layer is layer}
            for symbol, numbers in layer.given.items():
                if symbol not in own:
                    raise UnknownNameError(f"parameter of {layer!r}", symbol, own or {"(it has none)": None})
                key = own[symbol]
                number = self.forward.numbers[layer]
                where = f"layer {number} ({self.layer_names[number - 1]})"
                column = turned and len(self.shapes[key]) == 2
                array = checked_numbers(f"{key} of {where}", numbers, None if column else self.shapes[key])
                given[key] = _read_column(f"{key} of {where}", array, self.shapes[key]) if column else array
            for symbol in layer.frozen:
                if symbol not in own and symbol != EVERY:
                    names = ", " + " or ".join(own) if own else "; it has none"
                    raise DescriptionError(f"frozen names parameters of its layer{names}, not {quoted(symbol)}.")
        return self._without_absent(given)

    def _without_absent(self, given: dict[str, Array]) -> dict[str, Array]:
        """The numbers, if they are 0 where a weight is absent. Raises DescriptionError."""
        for key, gone in self.absent.items():
            for index in sorted(gone):
                if key in given and given[key][index]:
                    name = f"{key}[{','.join(str(i + 1) for i in index)}]" if index else key
                    raise DescriptionError(f"{name} is absent, so its number is 0, not {given[key][index]:g}.")
        return given

    def _given_as_rows(self) -> list[str]:
        """The matrices that layers were given, if all of them fit as (inputs, units) and not all as (units, inputs); otherwise none."""
        shapes: dict[str, tuple[int, ...]] = {}
        for one in self.forward.parameters:
            numbers = one.layer.given.get(one.variable.symbol)
            if numbers is not None and len(one.variable.shape) == 2:
                shapes[one.variable.key] = checked_numbers(one.variable.key, numbers, None).shape
        fit, turned = (all(shape == self.shapes[key][::way] for key, shape in shapes.items()) for way in (1, -1))
        return list(shapes) if fit and not turned else []

    def __repr__(self) -> str:
        losses = self.loss if len(self.goals) == 1 else {name: goal.loss for name, goal in self.goals.items()}
        return f"Network({self.wiring!r}, loss={losses!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        from chainrule.network.description import described

        return described(self) == described(other)

    __hash__ = None  # type: ignore[assignment]  # networks are compared by their numbers, too many to hash


def _wired(inputs: int | Mapping[str, int], layers: Sequence[Any]) -> Wiring:
    if not layers:
        raise DescriptionError("a network is made of layers: Network(2, dense(2), dense(1)).")
    if len(layers) > MOST_LAYERS:
        raise DescriptionError(f"{len(layers):,} layers are more than this can hold; the limit is {MOST_LAYERS:,}.")
    first = layers[0]
    if len(layers) == 1 and isinstance(first, Wiring):
        return first
    for kind in layers:
        if isinstance(kind, Kind):
            options = "3" if "units" in kind.options else ""
            raise DescriptionError(f"{kind.name} is a kind of layer; a layer is made from it: {kind.name}({options}).")
    if len(layers) == 1 and not isinstance(first, Layer) and callable(first):
        return traced(inputs if isinstance(inputs, Mapping) else {INPUT: inputs}, first)
    if not all(isinstance(layer, Layer) for layer in layers):
        raise DescriptionError("a network is made of layers: Network(2, dense(2), dense(1)).")
    if isinstance(inputs, Mapping):
        raise DescriptionError('several inputs need a function that says where they go: Network({"x": 2, "v": 3}, lambda x, v: …).')
    return chain_wiring(inputs, layers)


def _goals(wiring: Wiring, loss: Any, emphasis: Mapping[str, float]) -> dict[str, Goal]:
    """What each output is measured by. Raises DescriptionError, UnknownNameError."""
    names = list(wiring.outputs)
    each = _losses(loss, names)
    for name in (*each, *emphasis):
        if name not in names:
            raise UnknownNameError("output of this network", name, names)
    for name in names:
        if name not in each:
            raise DescriptionError(f"the output {name} has no loss; say one for each of {', '.join(names)}.")
        weight = emphasis.get(name, 1.0)
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
            raise DescriptionError(f"the error of {name} is multiplied by a number greater than 0, not {quoted(weight)}.")
    return {name: Goal(find("loss", each[name]), emphasis.get(name, 1.0)) for name in names}


def _losses(loss: Any, outputs: Collection[str]) -> dict[str, Any]:
    """The loss of each output: one for all of them, or a dict with one for each."""
    several = isinstance(loss, Mapping) and ("name" not in loss or set(loss) <= set(outputs))
    return dict(loss) if several else dict.fromkeys(outputs, loss)


def _conventions(goals: Mapping[str, Goal], outputs: str, batch: str, weighted: bool) -> Conventions:
    """How errors are counted: as the names of the losses imply, or else as is said. Raises DescriptionError where losses disagree."""
    implied: dict[str, str] = {}
    for goal in goals.values():
        check_implied(goal.loss, implied)
        implied.update(goal.loss.implied)
    counted = {"outputs": outputs, "batch": batch, **implied}
    return Conventions(
        _one_of("outputs", counted["outputs"], "sum", "mean"),
        _one_of("batch", counted["batch"], "mean", "sum"),
        _checked_flag("weighted", weighted),
    )


def check_implied(loss: Bound, said: Mapping[str, Any]) -> None:
    """Raises DescriptionError where the name of a loss implies another way of counting errors than is said."""
    for what, how in loss.implied.items():
        if said.get(what, how) != how:
            raise DescriptionError(
                f'the loss that was asked for is {loss.name} with {what} = "{how}", but {what} = "{said[what]}" is said, too; '
                f"say one of them, or call the loss {loss.name}."
            )


def _decided(wiring: Wiring, goals: Mapping[str, Goal]) -> Wiring:
    """Every layer with an activation: where none is said, identity inside, and what fits the loss where a layer leads to an output."""
    last = {call: goals[name].loss for name, call in wiring.outputs.items()}
    decided: dict[Layer, Layer] = {}
    for call in wiring.calls:
        if call.layer.undecided and (call.layer not in decided or call.name in last):
            fitting = last[call.name].output if call.name in last else find("activation", "identity")
            decided[call.layer] = call.layer.with_options(activation=fitting)
    return wiring.replaced(decided)


def _side_by_side(name: str, values: Any, sizes: Mapping[str, int], turned: bool) -> Array:
    """The columns of every part in their order: (batch, sum of the sizes). turned: samples that fit as columns alone may be columns."""
    if not isinstance(values, Mapping):
        return checked_batch(name, values, sum(sizes.values()), turned=turned)
    for part in values:
        if part not in sizes:
            raise UnknownNameError(f"part of {name}", str(part), sizes)
    for part in sizes:
        if part not in values:
            raise InputError(f"{name} lacks {part}: it needs {', '.join(sizes)}.")
    parts = [checked_batch(part, values[part], size, turned=turned) for part, size in sizes.items()]
    if len({len(part) for part in parts}) > 1:
        counts = ", ".join(f"{key}: {len(part)}" for key, part in zip(sizes, parts, strict=True))
        raise ShapeError(f"every part of {name} needs as many rows, but they have {counts}.")
    return np.concatenate(parts, axis=1)


def _check_tokens(name: str, array: Array, vocabulary: int) -> None:
    """Are they whole numbers below the size of the vocabulary? Raises InputError, which names the row."""
    for row, column in np.argwhere((array < 0) | (array >= vocabulary) | (array != np.floor(array)))[:1]:
        raise InputError(f"{name} holds {array[row, column]:g} in row {row + 1}; its tokens are whole numbers from 0 to {vocabulary - 1}.")


def numbers_in(node: Expression) -> int:
    """How many numbers of a quantity belong to each example; where it compares examples, to each pair of them."""
    return math.prod(extent for extent in node.shape[1:] if isinstance(extent, int))


def side_by_side(parts: Sequence[Array]) -> Array:
    """What belongs to one example in one row: (batch, all the numbers of all parts)."""
    flat = [part if part.ndim == 2 else part.reshape(len(part), -1) for part in parts]
    return np.concatenate(flat, axis=1) if len(flat) > 1 else flat[0]


def checked_batch(name: str, values: Any, columns: int, *, turned: bool = False) -> Array:
    """Numbers of the shape (batch, columns), finite; one row may come as a plain list.

    turned  numbers that fit as (columns, batch) alone are taken so, as where vectors are columns

    Raises ShapeError, InputError.
    """
    array = checked_numbers(name, values, None)
    if array.ndim == 1:
        array = array.reshape(1, -1)
    if array.ndim > 2 and math.prod(array.shape[1:]) == columns:  # images, say, whose rows lie one after the other
        array = array.reshape(len(array), columns)
    if turned and array.ndim == 2 and array.shape[1] != columns and array.shape[0] == columns:
        array = array.T
    if array.ndim != 2 or array.shape[1] != columns or array.shape[0] == 0:
        raise ShapeError(f"{name} needs rows of {columns} number{'s' * (columns != 1)}, but was given the shape {array.shape}.")
    return array


def checked_weights(network: Network, weights: Any, rows: int) -> Array | None:
    """What each example counts: (rows,), not below 0; 1 each where a weighted network is given none. Raises InputError, ShapeError."""
    if not network.conventions.weighted:
        if weights is not None:
            raise InputError("weights of examples need a weighted network: Network(…, weighted=True).")
        return None
    array: Array = checked_batch("the weights of the examples", np.ones(rows) if weights is None else weights, rows)[0]
    if (array < 0).any() or not array.any():
        raise InputError("the weights of the examples must not be below 0, nor all 0.")
    return array


def checked_numbers(what: str, values: Any, shape: tuple[int, ...] | None) -> Array:
    """Finite numbers as an array, of this shape if one is asked for. Raises InputError, ShapeError."""
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


def _read_column(what: str, array: Array, shape: tuple[int, ...]) -> Array:
    """A matrix of a layer where vectors are columns. Raises ShapeError."""
    if array.shape != shape[::-1]:
        raise ShapeError(f"{what} has the shape {array.shape}, but {shape[::-1]} is needed (units, inputs).")
    return array.T


def _oriented(numbers: Array, notation: Notation) -> Array:
    """The numbers of a parameter as a layer holds them: where vectors are columns, a matrix is (units, inputs)."""
    return numbers if notation.vectors == "rows" else _turned(numbers)


def _turned(numbers: Any) -> Any:
    return np.transpose(numbers) if np.ndim(numbers) == 2 else numbers


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


def _one_of(what: str, value: str, *allowed: str) -> str:
    if value not in allowed:
        raise UnknownNameError(f"way of counting {what}", str(value)[:60], allowed)
    return value


def _checked_flag(what: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise DescriptionError(f"{what} must be true or false, not {quoted(value)}.")
    return value


def _check_letters(wiring: Wiring, notation: Notation) -> None:
    """Raises DescriptionError where the notation gives an input's letter to something else. What has a layer is told apart by it."""
    alike = notation.letter("y") == notation.letter("h")  # then y says its layer
    for quantity in ("x", "t", *(() if alike else ("y",)), "E", "delta", "learning_rate", "batch"):
        letter = notation.letter(quantity)
        if letter in wiring.inputs and letter != quantity and (quantity != INPUT or quantity in wiring.inputs):
            raise DescriptionError(f"notation writes {quantity} as {letter}, which an input is called; choose another letter or name.")


def _checked_seed(seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise DescriptionError(f"seed must be a whole number from 0, not {quoted(seed)}.")
    return seed
