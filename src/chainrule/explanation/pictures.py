"""The network as pictures: named neurons, weights, a sample, the way of one weight to the error, and a whole step.

A network that is no chain of neurons is a graph of boxes, in each of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias

from chainrule.base.frozen import replace
from chainrule.document.document import Drawing, Edge, Neuron, Picture
from chainrule.explanation.context import Context
from chainrule.explanation.lettering import shortened_name
from chainrule.formula.expression import Expression
from chainrule.formula.scalar import Element
from chainrule.network.network import Network
from chainrule.notation.formula import Formula, Number, Prose, Row
from chainrule.notation.numbers import number_formula
from chainrule.notation.worked import value_equation

MOST_DRAWN = 6
"""A layer with more neurons is drawn with its first and last ones."""

MOST_WEIGHTS, MOST_IN_FIGURES = 40, 100
"""Networks with more weights are drawn without their names: in documents, where they are drawn in characters too, and in figures."""

MOST_TARGETS = 4
"""So many targets are written below the error."""

FEW_DIGITS = 3
"""Of weights where there are many."""

P = ParamSpec("P")
Draws: TypeAlias = Callable[Concatenate[Context, P], Drawing]

Below = Callable[[int, int], tuple[Formula, ...]]
"""What stands below a neuron, from its layer and its number, both from 0."""


def is_neurons(network: Network) -> bool:
    """Can it be drawn as layers of neurons: a chain in which each layer has one matrix, from the units before it to its own?"""
    if not network.wiring.is_chain or len(network.layers) != len(network.wiring.calls):
        return False
    wanted = [[pair] for pair in itertools.pairwise(network.sizes)]
    shapes = [
        [one.variable.shape for one in network.forward.parameters if one.layer is layer and len(one.variable.shape) > 1]
        for layer in network.layers
    ]
    return shapes == wanted


def _or_boxes(graph: str) -> Callable[[Draws[P]], Draws[P]]:
    """Networks that are no layers of neurons are drawn as boxes, by this function of `graphs`."""

    def decorated(draws: Draws[P]) -> Draws[P]:
        @wraps(draws)
        def picture(context: Context, /, *rest: P.args, **named: P.kwargs) -> Drawing:
            if is_neurons(context.step.network):
                return draws(context, *rest, **named)
            from chainrule.explanation import graphs

            boxes: Draws[P] = getattr(graphs, graph)
            return boxes(context, *rest, **named)

        return picture

    return decorated


@_or_boxes("network_graph")
def fitting_picture(context: Context) -> Drawing:
    """The network as circles and lines, with weights and inputs where they fit."""
    return _picture(context, _inputs(context), _weights(context, most=MOST_WEIGHTS))


@_or_boxes("network_graph")
def network_picture(context: Context) -> Drawing:
    """Named neurons in layers; columns of a table with their names."""
    inputs, columns, last = context.step.network.inputs, context.columns, context.layers

    def names(layer: int, unit: int) -> tuple[Formula, ...]:
        place = {0: unit, last: inputs + unit}.get(layer, len(columns))
        name = columns[place] if place < len(columns) else ""
        return (Prose(shortened_name(name)),) if name else ()

    return _picture(context, names)


@_or_boxes("weights_graph")
def weights_picture(context: Context) -> Drawing:
    """The weights on their lines: of large layers, those between the units that are drawn."""
    return _picture(context, _nothing, _weights(context) or tuple(_between_drawn(context)))


@_or_boxes("sample_graph")
def sample_picture(context: Context) -> Drawing:
    """The first sample on the inputs, its targets below the outputs."""
    last, inputs = context.layers, _inputs(context)

    def below(layer: int, unit: int) -> tuple[Formula, ...]:
        return tuple(_equal(context, t, unit) for t in context.derivation.targets) if layer == last else inputs(layer, unit)

    return _titled(context, _picture(context, below))


@_or_boxes("forward_graph")
def forward_picture(context: Context) -> Drawing:
    """What every unit hands on for the first sample, with the weights."""
    signals = _signals(context)

    def below(layer: int, unit: int) -> tuple[Formula, ...]:
        return (context.number(context.step.values[signals[layer].key][0, unit]),)

    return _titled(context, _picture(context, below, _weights(context)))


@_or_boxes("paths_graph")
def paths_picture(context: Context, weight: Element) -> Drawing:
    """Every path from the error to a weight is highlighted."""
    layer = _layer(weight)
    *source, unit = weight.index or (None,)  # a bias that a layer has once leads into all of its units
    wanted = {layer: unit, **({layer - 1: source[0]} if source else {})}
    units = [_drawn(size, wanted.get(i)) for i, size in enumerate(context.step.network.sizes)]
    whole = _with_error(context, _picture(context, _inputs(context), _weights(context), units))
    reached = [place for place, drawn in enumerate(whole.units[layer]) if unit in (None, drawn)]
    handles = [f"n{layer}-{place}" for place in reached]
    if source:
        handles += [f"e{layer - 1}-{whole.units[layer - 1].index(source[0])}-{place}" for place in reached]
    else:
        handles += [f"n{layer - 1}-{len(whole.units[layer - 1])}"]
        handles += [f"e{layer - 1}-{len(whole.units[layer - 1])}-{place}" for place in reached]
    for before, after in itertools.pairwise(range(layer, len(whole.layers))):
        every = range(len(whole.neurons(after)))
        handles += [f"e{before}-{i}-{j}" for i in reached for j in every] + [f"n{after}-{j}" for j in every]
        reached = list(every)
    return replace(whole, highlighted=tuple(handles))


@_or_boxes("whole_step_graph")
def step_picture(context: Context) -> Drawing:
    """Every number of a step: the forward pass, the error, the gradient of every unit, the weights before and after."""
    signals, gradients = _signals(context), [_gradient(context, layer) for layer in range(context.layers + 1)]

    def below(layer: int, unit: int) -> tuple[Formula, ...]:
        value = context.number(context.step.values[signals[layer].key][0, unit])
        gradient = gradients[layer]
        return (value,) if gradient is None else (value, _equal(context, gradient, unit))

    return _titled(context, _with_error(context, _picture(context, below, _weights(context, after=True)), targets=True))


def _nothing(layer: int, unit: int) -> tuple[Formula, ...]:
    return ()


def _inputs(context: Context) -> Below:
    """A single sample's inputs below their neurons; of several, none."""

    def below(layer: int, unit: int) -> tuple[Formula, ...]:
        return (context.number(context.step.x[0, unit]),) if layer == 0 and context.samples == 1 else ()

    return below


def _equal(context: Context, quantity: Expression, unit: int) -> Formula:
    """t = 4, of the first sample."""
    letter = context.one_sample.label(quantity.own_name.at(0, unit))
    return value_equation(letter, context.step.values[quantity.key][0, unit], context.labels)


def _signals(context: Context) -> list[Expression]:
    """What each layer hands on: x, h1 …, y."""
    return [context.derivation.x, *(quantity for quantity in context.derivation.quantities if quantity.symbol in "hy")]


def _gradient(context: Context, layer: int) -> Expression | None:
    """The gradient that back-propagation has for each unit of a layer: by its net input, or by what it hands on."""
    own = [q for q in context.derivation.quantities if q.symbol == "z" and q.name is not None and q.name.layer == layer]
    found = [context.derivation.gradient(quantity) for quantity in (*own, _signals(context)[layer])]
    return next((gradient for gradient in found if gradient is not None), None)


def _layer(weight: Element) -> int:
    name = weight.quantity.name
    assert name is not None
    return name.layer or 1


def _drawn(size: int, wanted: int | None = None) -> tuple[int, ...]:
    """Which units of a layer are drawn: all of a small one; of a large one some, and the one that is wanted."""
    if size <= MOST_DRAWN:
        return tuple(range(size))
    some = (0, 1, 2, size - 1)
    return some if wanted is None or wanted in some else (0, wanted, size - 1)


def _picture(context: Context, below: Below, edges: tuple[Edge, ...] = (), units: list[tuple[int, ...]] | None = None) -> Picture:
    sizes, labels = context.step.network.sizes, context.one_sample
    units = units or [_drawn(size) for size in sizes]
    biased = tuple(layer for layer in range(len(sizes)) if _biases(context, layer))
    layers = []
    for layer, (signal, own) in enumerate(zip(_signals(context), units, strict=True)):
        written = ((labels.label(signal.own_name.at(0, unit)), below(layer, unit)) for unit in own)
        neurons = (Neuron(letter, lines[0] if lines else None, lines[1:]) for letter, lines in written)
        layers.append((*neurons, *([Neuron(Number("1"))] if layer in biased else [])))
    titles = (context.plain("layer.input"), *(context.layer(number) for number in range(1, len(sizes))))
    alt = context.plain("network.alt", sizes="-".join(map(str, sizes)))
    return Picture(tuple(layers), edges, titles, sizes, alt, tuple(units), absent=tuple(_absent(context, units)), biased=biased)


def _absent(context: Context, units: list[tuple[int, ...]]) -> Iterator[tuple[int, int, int]]:
    """The weights that are absent, between units that are drawn."""
    for layer, W in enumerate(_matrices(context)):
        for source, target in sorted(context.step.network.absent.get(W.key, ())):
            if source in units[layer] and target in units[layer + 1]:
                yield layer, units[layer].index(source), units[layer + 1].index(target)


def _biases(context: Context, layer: int) -> list[Expression]:
    """What is added to the net inputs of the layer after this one: its vector of biases, or the one bias of all its units."""
    return [one for one in context.parameters_of_layers.get(layer + 1, ()) if len(one.shape) < 2]


def _weights(context: Context, after: bool = False, most: int = MOST_IN_FIGURES) -> tuple[Edge, ...]:
    """Every weight, while there are few enough to be read."""
    sizes = context.step.network.sizes
    if max(sizes) > MOST_DRAWN or sum(a * b for a, b in itertools.pairwise(sizes)) > most:
        return ()
    return tuple(_edges(context, after))


def _edges(context: Context, after: bool) -> Iterator[Edge]:
    sizes = context.step.network.sizes
    for layer, W in enumerate(_matrices(context)):
        leading = [(element, element.index[0], element.index[1]) for element in context.elements(W)]
        leading += [(one, sizes[layer], unit) for unit in range(sizes[layer + 1]) for one in _biases_of(context, layer, unit)]
        for element, source, target in leading:
            network = context.step.network
            moves = after and element.key not in network.frozen and element.index not in network.kept.get(element.key, ())
            sides = (context.step.parameters, context.step.new_parameters) if moves else (context.step.parameters,)
            numbers = [context.number(side[element.key][element.index]) for side in sides]
            yield Edge(layer, source, target, context.letter(element), *numbers)


def _matrices(context: Context) -> list[Expression]:
    return [parameter for parameter in context.derivation.parameters if parameter.symbol == "W"]


def _biases_of(context: Context, layer: int, unit: int) -> list[Element]:
    """The bias of a unit of the layer after this one."""
    found = [Element(one, (unit,) if one.shape else ()) for one in _biases(context, layer)]
    absent = context.step.network.absent
    return [element for element in found if element.index not in absent.get(element.key, ())]


def _between_drawn(context: Context) -> Iterator[Edge]:
    """The weights between units that are drawn, with few digits."""
    for layer, W in enumerate(_matrices(context)):
        sources, targets = (list(enumerate(_drawn(size))) for size in context.step.network.sizes[layer : layer + 2])
        for (i, source), (j, target) in itertools.product(sources, targets):
            if (source, target) in context.step.network.absent.get(W.key, ()):
                continue
            yield _brief(context, Edge(layer, i, j, Row(())), Element(W, (source, target)))
        for j, target in targets:
            for bias in _biases_of(context, layer, target):
                yield _brief(context, Edge(layer, len(sources), j, Row(())), bias)


def _brief(context: Context, edge: Edge, weight: Element) -> Edge:
    """With the weight's letter and few digits of its number."""
    number = number_formula(context.step.parameters[weight.key][weight.index], context.notation, FEW_DIGITS)
    return replace(edge, label=context.letter(weight), value=number)


def _with_error(context: Context, picture: Picture, targets: bool = False) -> Picture:
    """The picture with the error as a last layer of its own."""
    last = len(picture.layers) - 1
    below = context.columns_of(context.derivation.targets)[:MOST_TARGETS] if targets else []
    written: tuple[Formula, ...] = tuple(_equal(context, t, unit) for t, (unit,) in below)
    if targets and context.step.t.shape[1] > MOST_TARGETS:
        written = (*written, Prose("⋮"))
    value = context.number(context.step.error)
    edges = tuple(Edge(last, i, 0, Row(())) for i in range(len(picture.layers[last])))
    return replace(
        picture,
        layers=(*picture.layers, (Neuron(context.labels.error, value, written),)),
        edges=(*picture.edges, *edges),
        titles=(*picture.titles, context.plain("picture.error")),
        counts=(*picture.counts, 1),
        units=(*picture.units, (0,)),
    )


def _titled(context: Context, picture: Picture) -> Picture:
    """Of several samples, the first is shown, and the inputs' title says so."""
    if context.samples == 1:
        return picture
    which = context.plain("picture.sample", sample=1, samples=context.samples)
    return replace(picture, titles=(f"{picture.titles[0]}, {which}", *picture.titles[1:]))
