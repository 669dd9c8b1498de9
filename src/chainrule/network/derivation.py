"""A network as expressions: its forward pass, its error, and the back-propagation that follows from them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from chainrule.base.errors import DescriptionError, quoted
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.expression import Expression, Name, named, order, substitute, variable
from chainrule.formula.theorems import Application, applications, shortened
from chainrule.formula.tidy import shared, tidy
from chainrule.network.definitions import Bound
from chainrule.network.layers import Dense, net_input

BATCH = "batch"


@dataclass(frozen=True)
class Conventions:
    """How the error is counted: over the outputs of one example, and over the examples of a batch; in loss and gradient alike.

    weighted  whether each example's loss is multiplied by a weight of its own before the batch is averaged
    """

    outputs: str = "sum"
    batch: str = "mean"
    weighted: bool = False


@dataclass(frozen=True, eq=False)
class Derivation:
    """A graph and its gradients.

    x, t         the inputs (batch, inputs) and the targets (batch, outputs)
    parameters   W1, b1, W2 … in the order of the layers
    quantities   every named quantity of the forward pass, in order; the last one is the prediction y
    error        E as engines compute it (theorems applied)
    paper_error  E as it is written on paper
    gradients    ∂E/∂ each parameter, in the order of the parameters
    weights      s (batch,), what each example counts, where the conventions say so; otherwise None
    """

    x: Expression
    t: Expression
    parameters: tuple[Expression, ...]
    quantities: tuple[Expression, ...]
    error: Expression
    paper_error: Expression
    gradients: tuple[Expression, ...]
    weights: Expression | None = None

    @property
    def data(self) -> tuple[Expression, ...]:
        """What comes from outside for each batch: x, t, and s where examples are weighted."""
        return (self.x, self.t) if self.weights is None else (self.x, self.t, self.weights)

    @property
    def prediction(self) -> Expression:
        """The output y."""
        return self.quantities[-1]

    @cached_property
    def backward(self) -> tuple[Expression, ...]:
        """Every named gradient, the error's side first."""
        return tuple(node for node in order(*self.gradients) if node.primitive.name == "named" and node.name and node.name.gradient)

    @cached_property
    def named(self) -> dict[str, Expression]:
        """Every named quantity and variable by its key: x, t, W1, z1, h1, y, E, delta1, dW1 …"""
        forward = (*self.data, *self.parameters, *self.quantities, self.error)
        return {str(node.name): node for node in (*forward, *self.backward)}

    @cached_property
    def theorems(self) -> tuple[Application, ...]:
        """The theorems that made E short."""
        return tuple(applications(self.paper_error))

    def gradient(self, quantity: Expression) -> Expression | None:
        """∂E/∂ a named quantity, where back-propagation passes it."""
        return self.named.get(quantity.name.of_gradient.key) if quantity.name else None


def derive(
    inputs: int,
    layers: Sequence[Dense],
    loss: Bound,
    regularizer: Bound | None = None,
    conventions: Conventions = Conventions(),
) -> Derivation:
    """Forward pass, error and gradients of a chain of layers. Every activation must be decided. Raises ShapeError."""
    x = variable(Name("x"), (BATCH, inputs))
    t = variable(Name("t"), (BATCH, layers[-1].units))
    parameters: list[Expression] = []
    quantities: list[Expression] = []
    signal = x
    for number, layer in enumerate(layers, start=1):
        own = {kind: variable(Name(kind, number), shape) for kind, shape in layer.shapes(int(signal.shape[-1])).items()}
        parameters += own.values()
        z = named(Name("z", number), net_input(signal, own["W"], own.get("b")))
        output = Name("y") if number == len(layers) else Name("h", number)
        assert layer.activation is not None
        h = layer.activation.apply(z)
        if h is z:  # nothing happens to z, which then needs no name beside h
            h = z = z.arguments[0]
        else:
            quantities.append(z)
        h = _numbered(h, z, number)
        quantities += [node for node in order(h, wall=partial(operator.is_, z)) if node.primitive.name == "named" and node is not z]
        signal = named(output, h)
        quantities.append(signal)
    return _with_error(x, t, parameters, quantities, loss, regularizer, conventions)


def _numbered(formula: Expression, operand: Expression, layer: int | None) -> Expression:
    """The formula of a definition for one layer: what it names for itself (q) belongs to this layer (q1), as every layer has its own."""
    renamed = {operand: operand}
    for node in order(formula, wall=partial(operator.is_, operand)):
        if node.primitive.name == "named" and node.name is not None and node is not operand:
            renamed[node] = named(replace(node.name, layer=layer), substitute(node.arguments[0], renamed))
    return substitute(formula, renamed)


def _with_error(
    x: Expression,
    t: Expression,
    parameters: list[Expression],
    quantities: list[Expression],
    loss: Bound,
    regularizer: Bound | None,
    conventions: Conventions,
) -> Derivation:
    weights = variable(Name("s"), (BATCH,)) if conventions.weighted else None
    paper = reduced(loss.apply(quantities[-1], t), conventions, weights)
    for W in parameters:
        if regularizer is not None and W.name is not None and W.name.symbol == "W":
            paper = paper + tidy(_numbered(regularizer.apply(W), W, W.name.layer))
    # Tidying s ⊙ (−Σ t ln y) would draw the minus out of the loss, where theorems look for it.
    paper = named(Name("E"), paper if conventions.weighted else tidy(paper))
    error = named(Name("E"), tidy(shortened(paper.arguments[0])))
    raw = gradients(error, parameters)
    *known, error = shared([*quantities, error])
    carried = shared([raw[parameter] for parameter in parameters], known=[*known, error])
    check_names(x, t, *parameters, *known, error, *carried)
    return Derivation(
        x=x,
        t=t,
        parameters=tuple(parameters),
        quantities=tuple(dict.fromkeys(known)),
        error=error,
        paper_error=paper,
        gradients=tuple(carried),
        weights=weights,
    )


def check_names(*roots: Expression) -> None:
    """Raises DescriptionError where two quantities have one name: in programs and records one would take the other's place."""
    found: dict[str, Expression] = {}
    for node in order(*roots):
        if node.name is not None and (namesake := found.setdefault(node.key, node)) is not node:
            one, other = shared([namesake, node])
            if one is not other:
                formulas = " and ".join(quoted(each.arguments[0]) if each.arguments else "a variable" for each in (one, other))
                raise DescriptionError(f"two quantities are called {node.key}: {formulas}; give the one that is yours another name.")


def reduced(loss: Expression, conventions: Conventions, weights: Expression | None = None) -> Expression:
    """One number for a batch: over the outputs of each example first, times its weight if there is one, then over the examples."""
    reduce_batch = p.mean if conventions.batch == "mean" else p.total
    if len(loss.shape) > 1:
        reduce_outputs = p.mean if conventions.outputs == "mean" else p.total
        loss = reduce_outputs(loss, axes=tuple(range(1, len(loss.shape))))
    if weights is not None:
        loss = weights * tidy(loss)
    return reduce_batch(loss, axes=(0,))
