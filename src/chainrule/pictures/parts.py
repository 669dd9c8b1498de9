"""Parts of the picture of a network, where there is little room and letters are to be read from afar."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.base.frozen import replace
from chainrule.document.document import Edge, Picture
from chainrule.notation.formula import Row
from chainrule.pictures.diagram import units_of

MOST = 3
"""Neurons of a layer."""


def part_of(picture: Picture, most: int = MOST) -> Picture:
    """The picture with so many neurons a layer at most: what is lit, the first ones, and the last one. What is left out is shown as ⋮."""
    kept = [_kept(picture, layer, most) for layer in range(len(picture.layers))]
    new = [{place: number for number, place in enumerate(places)} for places in kept]

    def renamed() -> Iterator[str]:
        for handle in picture.highlighted:
            layer, *places = map(int, handle[1:].split("-"))
            if all(place in new[layer + further] for further, place in enumerate(places)):
                yield f"{handle[0]}{'-'.join(map(str, (layer, *(new[layer + further][place] for further, place in enumerate(places)))))}"

    units = picture.units or tuple(tuple(range(units_of(picture, layer))) for layer in range(len(picture.layers)))
    edges = (edge for edge in picture.edges if edge.source in new[edge.layer] and edge.target in new[edge.layer + 1])
    absent = ((layer, a, b) for layer, a, b in picture.absent if a in new[layer] and b in new[layer + 1])
    return replace(
        picture,
        layers=tuple(tuple(neurons[place] for place in places) for neurons, places in zip(picture.layers, kept, strict=True)),
        edges=tuple(replace(edge, source=new[edge.layer][edge.source], target=new[edge.layer + 1][edge.target]) for edge in edges),
        units=tuple(tuple(own[place] for place in places if place < len(own)) for own, places in zip(units, kept, strict=True)),
        highlighted=tuple(renamed()),
        absent=tuple((layer, new[layer][a], new[layer + 1][b]) for layer, a, b in absent),
    )


def _kept(picture: Picture, layer: int, most: int) -> list[int]:
    """The places of a layer that stay; the 1 of biases always does."""
    count = units_of(picture, layer)
    if count <= most:
        return list(range(len(picture.layers[layer])))
    lit = [unit for unit in range(count) if _is_lit(picture, layer, unit)]
    order = (*(lit[:1] if len(lit) < count else ()), 0, count - 1, *range(count))
    return [*sorted(tuple(dict.fromkeys(order))[:most]), *range(count, len(picture.layers[layer]))]


def _is_lit(picture: Picture, layer: int, unit: int) -> bool:
    """Is it on the way that is highlighted, or does that begin at it?"""
    return any(handle == f"n{layer}-{unit}" or handle.startswith(f"e{layer}-{unit}-") for handle in picture.highlighted)


def only_lit(picture: Picture) -> Picture:
    """Of a way that is highlighted, the letter of the weight at which it begins, and no numbers but the inputs'."""
    if not picture.highlighted:
        return picture
    begin = min((int(handle[1:].split("-")[0]) for handle in picture.highlighted if handle[0] == "e"), default=-1)

    def bare(edge: Edge) -> Edge:
        shown = edge.layer == begin and f"e{edge.layer}-{edge.source}-{edge.target}" in picture.highlighted
        return replace(edge, label=edge.label if shown else Row(()), value=None, after=None)

    first, *others = picture.layers
    layers = (first, *(tuple(replace(neuron, value=None, more=()) for neuron in neurons) for neurons in others))
    return replace(picture, layers=layers, edges=tuple(map(bare, picture.edges)))
