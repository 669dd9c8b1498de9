"""The frozen description of a network, and what follows from it: its parameters and its derivation."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import replace
from chainrule.base.pickling import WithoutCaches
from chainrule.formula.expression import Expression, order
from chainrule.network.arguments import (
    check_implied,
    check_letters,
    checked_seed,
    conventions_of,
    goals_of,
    losses_of,
    wired,
    with_activations,
)
from chainrule.network.definitions import Bound, DefinitionLike, find
from chainrule.network.derivation import BATCH, Derivation, Forward, derive, forward, quantity_called
from chainrule.network.elements import cells
from chainrule.network.given import (
    check_tokens,
    checked_batch,
    checked_numbers,
    in_one_row,
    joined_parts,
    oriented,
    read_column,
    turned_matrix,
)
from chainrule.network.layers import EVERY, Layer, checked_names
from chainrule.network.wiring import OUTPUT, Extent, Wiring
from chainrule.notation.conventions import Notation

if TYPE_CHECKING:
    from chainrule.steps.step import Step

MOST_PARAMETERS = 10**8
"""800 MB in float64; a description that asks for more is refused before memory is taken."""

MOST_NUMBERS = 10**8
"""As many of one quantity for each example."""


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
        loss: DefinitionLike = "half_squared",
        emphasis: Mapping[str, float] | None = None,
        regularizer: DefinitionLike | None = None,
        outputs: str = "sum",
        batch: str = "mean",
        weighted: bool = False,
        gradients: Sequence[str] = (),
        frozen: Sequence[str] = (),
        absent: Sequence[str] = (),
        seed: int = 0,
        notation: Notation | None = None,
    ) -> None:
        wiring = wired(inputs, layers)
        self.goals = goals_of(wiring, loss, emphasis or {})
        self.regularizer = None if regularizer is None else find("regularizer", regularizer)
        self.conventions = conventions_of(self.goals, outputs, batch, weighted)
        self.asked = checked_names(gradients, "gradients")
        self.seed = checked_seed(seed)
        self.notation = notation or Notation()
        check_letters(wiring, self.notation)
        self.legible = False
        self.understood: Mapping[str, Any] = {}
        self.wiring = with_activations(wiring, self.goals)
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
        return numbers_in(self.forward.results[self.wiring.calls_of(layer)[0].name])

    def parameters_of(self, layer: Layer) -> tuple[Expression, ...]:
        """The parameters in which a layer is computed: its own, and those that it takes from another."""
        call = self.wiring.calls_of(layer)[0]
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

    def understood_as(self, understood: Mapping[str, Any]) -> Network:
        """The same network, with what was understood of the numbers that it was given, as plain data for explanations."""
        return self._with(understood=understood)

    @property
    def summary(self) -> str:
        """The network in a word: 2-2-1; of a graph that is no chain, its inputs and outputs: x2+v3→y1."""
        if self.wiring.is_chain:
            return "-".join(_extents(result) for result in self.forward.results.values())
        sides = ({name: _extents(self.forward.results[name]) for name in self.wiring.inputs}, self.output_sizes)
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
            layers = [replace(one, given={key: turned_matrix(numbers) for key, numbers in one.given.items()}) for one in layers]
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
        for loss in (find("loss", one) for one in losses_of(settings["loss"], list(self.goals)).values()):
            check_implied(loss, changes)
        made = Network.of_wiring(wiring, **settings)
        made.legible, made.understood = self.legible, made.understood or self.understood
        return made

    @property
    def unpenalised(self) -> Network:
        """The same network without its regulariser; itself where it has none."""
        return self if self.regularizer is None else self.replaced(regularizer=None)

    @staticmethod
    def of_wiring(wiring: Wiring, **settings: Any) -> Network:
        """The network of connections that are there already. Settings as of `Network`."""
        return Network(wiring.inputs, cast(Any, wiring), **settings)

    def predict(self, x: Any) -> Array:
        """The prediction y (batch, outputs) for inputs x (batch, inputs), or a dict of inputs. Raises ShapeError, InputError."""
        from chainrule.formula.evaluation import evaluate

        predictions = self.inference.predictions
        values = evaluate(predictions, {**self.split(self.checked_x(x)), **self.bindings()})
        return in_one_row([np.asarray(values[y]) for y in predictions])

    def checked_x(self, x: Any, name: str = "x") -> Array:
        """Inputs as one array (batch, inputs); a dict has them by name. Raises ShapeError, InputError."""
        array = joined_parts(name, x, self.wiring.inputs, self.notation.vectors == "columns")
        start = 0
        for size in self.wiring.inputs.values():
            if isinstance(size, Extent) and size.vocabulary:
                check_tokens(name, array[:, start : start + size], size.vocabulary)
            start += size
        return array

    def checked_weights(self, weights: Any, rows: int) -> Array | None:
        """What each example counts: (rows,), not below 0; 1 each where a weighted network is given none. Raises InputError, ShapeError."""
        if not self.conventions.weighted:
            if weights is not None:
                raise InputError("weights of examples need a weighted network: Network(…, weighted=True).")
            return None
        array: Array = checked_batch("the weights of the examples", np.ones(rows) if weights is None else weights, rows)[0]
        if (array < 0).any() or not array.any():
            raise InputError("the weights of the examples must not be below 0, nor all 0.")
        return array

    def checked_t(self, t: Any, name: str = "t") -> Array:
        """Targets as one array (batch, outputs); a dict has them by the names of the outputs. Raises ShapeError, InputError."""
        return joined_parts(name, t, self.target_sizes, self.notation.vectors == "columns")

    def bindings(self) -> dict[Any, Array]:
        """The numbers of the parameters, by their expressions."""
        return {expression: self.parameters[str(expression.name)] for expression in self.derivation.parameters}

    def step(
        self, x: Any, t: Any = None, optimizer: DefinitionLike = "sgd", *, upstream: Any = None, weights: Any = None, exact: bool = False
    ) -> Step:
        """One training step on the batch (x, t), every number kept.

        x : (batch, inputs)    t : (batch, outputs), unless the outputs are their own errors
        weights : (batch,), for a weighted network only (1 each if none are given)
        upstream : (batch, outputs), a given ∂E/∂y in place of targets and losses: back-propagation starts from it

        Raises ShapeError, InputError; InexactError if `exact` fractions are asked for and there are none.
        """
        return next(self.steps(x, t, optimizer, upstream=upstream, weights=weights, exact=exact))

    def steps(
        self, x: Any, t: Any = None, optimizer: DefinitionLike = "sgd", *, upstream: Any = None, weights: Any = None, exact: bool = False
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

    def apply(self, flat: Any, optimizer: DefinitionLike = "sgd", state: Mapping[str, Any] | None = None) -> tuple[Network, dict[str, Any]]:
        """The network after a step with this flat gradient, as of `gradients`, and the state of the optimiser for the next step.

        state  what the step before gave; None for the first one

        Raises ShapeError, InputError; InputError where running means belong to the network, which no gradient says.
        """
        from chainrule.engines.distributed import applied

        return applied(self, flat, find("optimizer", optimizer), state)

    def with_upstream(self) -> Network:
        """The same network without a loss: ∂E/∂y of every output is given in place of targets.

        What it is a part of may go on before its inputs, so that ∂E/∂x is asked for, too; not of tokens, which are no numbers to move.
        """
        from chainrule.network.losses import upstream

        inputs = [name for name, size in self.wiring.inputs.items() if not (isinstance(size, Extent) and size.vocabulary)]
        return self.replaced(loss=upstream, emphasis={}, weighted=False, gradients=[*dict.fromkeys([*self.asked, *inputs])])

    def _given_of(self, layer: Layer) -> dict[str, Any]:
        own = {one.variable.key: one.variable.symbol for one in self.forward.parameters if one.layer is layer}
        return {own[key]: oriented(numbers, self.notation) for key, numbers in self.given.items() if key in own}

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
                given[key] = read_column(f"{key} of {where}", array, self.shapes[key]) if column else array
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


def numbers_in(node: Expression) -> int:
    """How many numbers of a quantity belong to each example; where it compares examples, to each pair of them."""
    return math.prod(extent for extent in node.shape[1:] if isinstance(extent, int))


def _extents(node: Expression) -> str:
    """The shape of each example: 8×8×1."""
    return "×".join(map(str, node.shape[1:]))
