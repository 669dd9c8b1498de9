"""A network as expressions: its forward pass, its error, and the back-propagation that follows from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from functools import cached_property, reduce
from operator import add

from chainrule.base.errors import DescriptionError, ShapeError, UnknownNameError, quoted
from chainrule.base.frozen import Frozen, FrozenValue, replace
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.closed_forms import FormPlace
from chainrule.formula.expression import Expression, Name, named, neighbours, order, variable
from chainrule.formula.theorems import Application, applications, shortened
from chainrule.formula.tidy import shared, tidy
from chainrule.network.definitions import Bound, checked_name
from chainrule.network.layers import Layer
from chainrule.network.owner import Mask, Owner, Parameter, numbered
from chainrule.network.wiring import OUTPUT, Extent, LayerCall, Wiring
from chainrule.notation.conventions import Notation
from chainrule.notation.labels import Labels

BATCH = "batch"

MOST_QUANTITIES = 20_000
"""Named ones: a recurrence has some for each step. Nobody waits for the derivation of more."""

PRESENT = "M"
"""The letter of what is 1 where a weight is, and 0 where one is absent."""


class Conventions(FrozenValue):
    """How the error is counted: over the outputs of one example, and over the examples of a batch; in loss and gradient alike.

    weighted  whether each example's loss is multiplied by a weight of its own before the batch is averaged
    """

    outputs: str = "sum"
    batch: str = "mean"
    weighted: bool = False


AS_USUAL = Conventions()


class Goal(Frozen):
    """What an output is measured by.

    loss    from y and t
    weight  by which its error is multiplied in E
    """

    loss: Bound
    weight: float = 1.0

    @property
    def given(self) -> bool:
        """Is ∂E/∂y given in place of targets?"""
        return self.loss.definition.targets == "gradient"


class Forward(Frozen):
    """What layers compute, without an error.

    inputs      x (batch, inputs), one for each input of the network
    parameters  what the layers learn, in their order: W1, b1, W2 …
    quantities  every named quantity, in the order of computation
    outputs     the predictions, by the name of the output: y
    numbers     which layer has which number, from 1; only those that declare something have one
    results     what each call gives, by its name
    masks       what is drawn anew for every step
    two_faced   does a layer compute something else when it predicts?
    """

    inputs: tuple[Expression, ...]
    parameters: tuple[Parameter, ...]
    quantities: tuple[Expression, ...]
    outputs: Mapping[str, Expression]
    numbers: Mapping[Layer, int]
    results: Mapping[str, Expression]
    masks: tuple[Mask, ...] = ()
    two_faced: bool = False


def forward(wiring: Wiring, trained: Forward | None = None) -> Forward:
    """The forward pass of a wiring whose activations are decided: what is trained; or, with that, what predicts with its parameters.

    Raises ShapeError, DescriptionError.
    """
    results = {name: variable(Name(name), (BATCH, *example_shape(size))) for name, size in wiring.inputs.items()}
    if trained is not None:
        results = dict(zip(results, trained.inputs, strict=True))
    inputs = tuple(results.values())
    named_outputs = {call: output_name("y", name, wiring.outputs) for name, call in wiring.outputs.items()}
    declared: dict[Layer, dict[str, Parameter]] = {}
    for known_parameter in trained.parameters if trained is not None else ():
        declared.setdefault(known_parameter.layer, {})[known_parameter.variable.symbol] = known_parameter
    masks: list[Mask] = []
    two_faced = False
    numbers = {} if trained is None else dict(trained.numbers)  # a layer that drops nothing is counted all the same
    times: dict[Layer, int] = {}
    quantities: list[Expression] = []
    known = set(inputs)
    for call in wiring.calls:
        layer = call.layer
        _check_vocabulary(call, wiring)
        times[layer] = times.get(layer, 0) + 1
        number, time = numbers.get(layer, len(numbers) + 1), times[layer] if layer in wiring.shared else None
        owner = Owner(layer, number, time, declared, training=trained is None, alone=not call.sources)
        sources = [results[source] for source in call.sources]
        try:
            result = layer.kind.apply(owner, *sources, **layer.options)
        except ShapeError as error:
            raise ShapeError(f"{layer!r} is called on {_signals(call, wiring, results)}: {error}") from None
        masks += owner.masks
        two_faced = two_faced or owner.asked
        if owner.declares:
            numbers.setdefault(layer, owner.number)
        if call.name in named_outputs:
            result = named(named_outputs[call.name], result)
        elif result.primitive.name == "variable":  # a parameter that several layers use
            known.add(result)
        elif owner.declares:
            result = named(Name("h", owner.number, time=owner.time, scope=owner.scope), result)
        elif layer.name:
            result = named(Name(checked_name(layer.name)), result)
        used = set(order(result, wall=known.__contains__))
        nodes = order(*filter(used.__contains__, owner.made), result, wall=known.__contains__)
        made = [node for node in nodes if node.primitive.name == "named" and node not in known]
        quantities += made
        if len(quantities) > MOST_QUANTITIES:
            raise DescriptionError(
                f"{layer!r} brings the network to more than {MOST_QUANTITIES:,} quantities; take shorter sequences or fewer of these."
            )
        known |= {*made, result}
        results[call.name] = result
    parameters = tuple(parameter for layer in numbers for parameter in declared.get(layer, {}).values())
    outputs = {name: results[call] for name, call in wiring.outputs.items()}
    return Forward(inputs, parameters, tuple(quantities), outputs, numbers, results, tuple(masks), two_faced)


def _check_vocabulary(call: LayerCall, wiring: Wiring) -> None:
    """Raises DescriptionError where an input has more tokens than the layer that reads it."""
    for source in call.sources:
        size = wiring.inputs.get(source)
        if isinstance(size, Extent) and size.vocabulary > call.layer.options.get("vocabulary", size.vocabulary):
            said = f"{call.layer!r} has fewer tokens than the input {source}, which has {size.vocabulary}"
            raise DescriptionError(f"{said}: say vocabulary={size.vocabulary}.")


def _signals(call: LayerCall, wiring: Wiring, results: Mapping[str, Expression]) -> str:
    """What a layer is called on, with sizes: the input x (2 numbers) and the layer 'one' (3 numbers)."""
    kinds = [f"the input {name}" if name in wiring.inputs else f"the layer {quoted(name)}" for name in call.sources]
    sizes = [" × ".join(map(str, results[name].shape[1:])) for name in call.sources]
    return " and ".join(f"{kind} ({size} numbers)" for kind, size in zip(kinds, sizes, strict=True))


def example_shape(size: int) -> tuple[int, ...]:
    """The shape of one example of an input."""
    return size.shape if isinstance(size, Extent) else (size,)


def output_name(symbol: str, output: str, outputs: Mapping[str, object]) -> Name:
    """What y, t or E of an output is called: by its letter alone where the network has one output."""
    return Name(symbol) if list(outputs) == [OUTPUT] else Name(symbol, scope=output)


class Derivation(Frozen):
    """A graph and its gradients.

    inputs       x (batch, inputs), or what the inputs are called
    compared     what each output is compared with, by its name: t (batch, outputs), or u where ∂E/∂y is given; a loss of y alone has none
    parameters   W1, b1, W2 … in the order of the layers
    quantities   every named quantity of the forward pass, in order; the last one is a prediction
    predictions  y, one for each output
    error        E as engines compute it (theorems applied)
    paper_error  E as it is written on paper
    gradients    ∂E/∂ each parameter, in the order of the parameters
    errors       E of each output, where there are several
    paper_errors the same as they are written on paper
    asked        ∂E/∂ what was asked for beside: inputs, or other quantities
    weights      s (batch,), what each example counts, where the conventions say so; otherwise None
    masks        what is drawn anew for every step
    moving       what parameters that no gradient moves are after a step, as a running mean
    """

    inputs: tuple[Expression, ...]
    compared: Mapping[str, Expression]
    parameters: tuple[Expression, ...]
    quantities: tuple[Expression, ...]
    predictions: tuple[Expression, ...]
    error: Expression
    paper_error: Expression
    gradients: tuple[Expression, ...]
    errors: tuple[Expression, ...] = ()
    paper_errors: tuple[Expression, ...] = ()
    asked: tuple[Expression, ...] = ()
    weights: Expression | None = None
    masks: tuple[Mask, ...] = ()
    moving: Mapping[Expression, Expression] = field(default_factory=dict)

    @property
    def data(self) -> tuple[Expression, ...]:
        """What comes from outside for each batch: x, t or u, s where examples are weighted, and masks."""
        drawn = (mask.variable for mask in self.masks)
        return (*self.inputs, *self.targets, *(() if self.weights is None else (self.weights,)), *drawn)

    @property
    def x(self) -> Expression:
        """The first input."""
        return self.inputs[0]

    @property
    def targets(self) -> tuple[Expression, ...]:
        """What the outputs are compared with, in their order."""
        return tuple(self.compared.values())

    @property
    def prediction(self) -> Expression:
        """The first prediction."""
        return self.predictions[0]

    @property
    def wanted(self) -> tuple[Expression, ...]:
        """The quantities whose gradients were asked for."""
        return tuple(self.named[replace(gradient.name, gradient=False).key] for gradient in self.asked if gradient.name)

    @cached_property
    def backward(self) -> tuple[Expression, ...]:
        """Every named gradient, the error's side first."""
        nodes = order(*self.gradients, *self.asked)
        return tuple(node for node in nodes if node.primitive.name == "named" and node.name and node.name.gradient)

    @property
    def passed(self) -> tuple[Expression, ...]:
        """Every named quantity of the forward pass up to E, in order."""
        return (*self.quantities, *self.errors, self.error)

    @cached_property
    def recurrent_states(self) -> tuple[Expression, ...]:
        """What goes from one step of a sequence to the next: h⟨1⟩, h⟨2⟩ …, and the c of an LSTM. So do calls of one layer in a row."""
        times = {node: node.own_name for node in self.passed if node.own_name.time is not None}
        read = ((name, times[one]) for node, name in times.items() for one in neighbours(node) if one in times)
        handed = {replace(before, time=None) for now, before in read if before.time != now.time}
        return tuple(node for node, name in times.items() if replace(name, time=None) in handed)

    @cached_property
    def named(self) -> dict[str, Expression]:
        """Every named quantity and variable by its key: x, t, W1, z1, h1, y, E, delta1, dW1 …"""
        nodes = (*self.data, *self.parameters, *self.passed, *self.backward)
        return {str(node.name): node for node in nodes}

    @cached_property
    def behind(self) -> dict[str, Expression]:
        """The quantity of the forward pass that each gradient is of, by the key of the gradient."""
        pairs = ((self.gradient(quantity), quantity) for quantity in self.passed)
        return {gradient.key: quantity for gradient, quantity in pairs if gradient is not None}

    @cached_property
    def theorems(self) -> tuple[Application, ...]:
        """The theorems that made E short."""
        return tuple(applications(self.paper_error))

    def labels(self, notation: Notation, batch: int = 1) -> Labels:
        """What the quantities are called on paper. batch: how many samples; with more than one, an element says whose it is."""
        return Labels(self.parameters, (*self.data, *self.quantities, *self.errors), notation, batch)

    def gradient(self, quantity: Expression) -> Expression | None:
        """∂E/∂ a named quantity, where back-propagation passes it."""
        return self.named.get(quantity.name.of_gradient.key) if quantity.name else None


def derive(
    passed: Forward,
    goals: Mapping[str, Goal],
    regularizer: Bound | None = None,
    conventions: Conventions = AS_USUAL,
    asked: Sequence[str] = (),
    absent: Mapping[str, Collection[tuple[int, ...]]] = {},
) -> Derivation:
    """Error and gradients of a forward pass.

    goals  what each output is measured by
    asked  keys of inputs or named quantities whose gradients are wanted, too
    absent elements of parameters on which nothing depends, by the key of the parameter

    Raises ShapeError, UnknownNameError.
    """
    weights = variable(Name("s"), (BATCH,)) if conventions.weighted else None
    parameters = [parameter.variable for parameter in passed.parameters]
    targets = {
        name: variable(output_name("u" if goal.given else "t", name, goals), passed.outputs[name].shape)
        for name, goal in goals.items()
        if goal.loss.definition.has_target
    }
    losses = {name: _error_of(passed.outputs[name], targets.get(name), goal, conventions, weights) for name, goal in goals.items()}
    errors = [named(output_name("E", name, goals), part) for name, part in losses.items()] if len(goals) > 1 else []
    paper = reduce(add, (part if goals[name].weight == 1 else goals[name].weight * part for name, part in losses.items()))
    for W in parameters:
        if regularizer is not None and len(W.shape) > 1 and W.name is not None:
            paper = paper + tidy(numbered(regularizer.apply(W), W, W.name.layer))
    paper = named(Name("E"), paper if conventions.weighted else tidy(paper))
    error = named(Name("E"), tidy(shortened(paper.arguments[0])))
    wanted = [quantity_called(key, passed) for key in asked]
    raw = _gradients(error, [*parameters, *wanted], absent)
    brief = [named(part.name, tidy(shortened(part.arguments[0]))) for part in errors if part.name is not None]
    nodes = shared([*passed.quantities, error, *brief])
    known, error = nodes[: len(passed.quantities)], nodes[len(passed.quantities)]
    running = {one.variable: one.moving for one in passed.parameters if one.moving is not None}
    found = shared([*raw, *running.values()], known=[*known, error])
    found, moved = found[: len(parameters) + len(wanted)], found[len(parameters) + len(wanted) :]
    check_names(*passed.inputs, *targets.values(), *parameters, *known, error, *found)
    return Derivation(
        inputs=passed.inputs,
        compared=targets,
        parameters=tuple(parameters),
        quantities=tuple(dict.fromkeys(known)),
        predictions=tuple(known[passed.quantities.index(output)] for output in passed.outputs.values()),
        error=error,
        paper_error=paper,
        gradients=tuple(found[: len(parameters)]),
        errors=tuple(nodes[len(passed.quantities) + 1 :]),
        paper_errors=tuple(errors),
        asked=tuple(found[len(parameters) :]),
        weights=weights,
        masks=passed.masks,
        moving=dict(zip(running, moved, strict=True)),
    )


def _error_of(y: Expression, t: Expression | None, goal: Goal, conventions: Conventions, weights: Expression | None) -> Expression:
    """What one output adds to E, but for its weight among the outputs: one number for the batch. Raises ShapeError."""
    loss = goal.loss.apply(*([y] if t is None else [y, t]))
    if loss.shape not in (y.shape, y.shape[:-1], y.shape[:1], ()):
        raise ShapeError(
            f"the loss {goal.loss.name} gives the shape {loss.shape} for predictions of the shape {y.shape}; it must give a number for "
            f"each of them, or one for each example, {y.shape[:-1]}."
        )
    part = _whole(loss, weights) if goal.given else reduced(loss, conventions, weights)
    # Tidying s ⊙ (−Σ t ln y) would draw the minus out of the loss, where theorems look for it.
    return part if conventions.weighted else tidy(part)


def with_closed_forms(derivation: Derivation, closed: Sequence[FormPlace], absent: Mapping[str, Collection[tuple[int, ...]]]) -> Derivation:
    """The same derivation with closed forms in place of what the rules derive; what lies inside them has no gradient in it.

    absent  as of `derive`
    """
    raw = _gradients(derivation.error, [*derivation.parameters, *derivation.wanted], absent, closed)
    # From the last parameter on, so that gradients of a layer's own parameters have names before what is below the layer reads them.
    found = shared(raw[::-1], known=[*derivation.quantities, derivation.error])[::-1]
    count = len(derivation.parameters)
    return replace(derivation, gradients=tuple(found[:count]), asked=tuple(found[count:]))


def _gradients(
    error: Expression, wrt: Sequence[Expression], absent: Mapping[str, Collection[tuple[int, ...]]], closed: Sequence[FormPlace] = ()
) -> list[Expression]:
    """∂E/∂ each, without what is absent."""
    found = gradients(error, wrt, closed=closed)
    return [_without(found[one], one, absent[one.key]) if one.key in absent else found[one] for one in wrt]


def _without(gradient: Expression, parameter: Expression, gaps: Collection[tuple[int, ...]]) -> Expression:
    """The gradient of a parameter of which some elements are not there: 0 at those."""
    return named(gradient.own_name, named_pattern(PRESENT, parameter, gaps) * gradient.arguments[0])


def named_pattern(letter: str, parameter: Expression, gaps: Collection[tuple[int, ...]]) -> Expression:
    """1 for each element of a parameter, 0 at the gaps; called by the letter and the parameter, as M_W1."""
    return named(Name(letter, mark=parameter.key), p.pattern(sizes=parameter.shape, gaps=tuple(sorted(gaps))))


def check_names(*roots: Expression) -> None:
    """Raises DescriptionError where two quantities have one name: in programs and records one would take the other's place."""
    found: dict[str, Expression] = {}
    for node in order(*roots):
        if node.name is not None and (namesake := found.setdefault(node.key, node)) is not node:
            one, other = shared([namesake, node])
            if one is not other:
                formulas = " and ".join(quoted(each.arguments[0]) if each.arguments else "a variable" for each in (one, other))
                raise DescriptionError(f"two quantities are called {node.key}: {formulas}; give the one that is yours another name.")


def quantity_called(key: str, passed: Forward) -> Expression:
    """The input or the named quantity of that key. Raises UnknownNameError."""
    known = {str(node.name): node for node in (*passed.inputs, *passed.quantities)}
    if key not in known:
        raise UnknownNameError("quantity of this network", key, known)
    return known[key]


def _whole(loss: Expression, weights: Expression | None) -> Expression:
    """Σ u y, which is one number for a batch already, whatever the conventions say. Raises DescriptionError for weighted examples."""
    if weights is not None:
        raise DescriptionError("where ∂E/∂y is given, examples cannot be weighted: it says already what each of them counts.")
    return loss


def reduced(loss: Expression, conventions: Conventions, weights: Expression | None = None) -> Expression:
    """One number for a batch: over the outputs of each example first, times its weight if there is one, then over the examples."""
    if not loss.shape:
        raise DescriptionError("a loss is one number per output or per example; the network counts them over the batch.")
    reduce_batch = p.mean if conventions.batch == "mean" else p.total
    if len(loss.shape) > 1:
        reduce_outputs = p.mean if conventions.outputs == "mean" else p.total
        loss = reduce_outputs(loss, axes=tuple(range(1, len(loss.shape))))
    if weights is not None:
        loss = weights * tidy(loss)
    return reduce_batch(loss, axes=(0,))
