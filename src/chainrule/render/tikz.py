"""The picture of a network in TikZ: circles in columns, their weights on the lines between them."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.document import Picture
from chainrule.notation.formula import Formula
from chainrule.render import places

STYLES = (
    rf"neuron/.style={{circle,draw,minimum size={2 * places.RADIUS}cm,inner sep=1pt}}",
    r"weight/.style={sloped,fill=white,inner sep=1pt,font=\scriptsize}",
    r"value/.style={below,font=\scriptsize}",
)


def tikz(picture: Picture, formula: Callable[[Formula], str], prose: Callable[[str], str]) -> str:
    """The picture as a tikzpicture; `formula` and `prose` write labels and titles."""
    lines = [rf"\begin{{tikzpicture}}[{','.join(STYLES)}]"]
    lines += [rf"\node[font=\small] at {_point(point)} {{{prose(title)}}};" for title, point in places.titles(picture)]
    for neuron, point, name in places.neurons(picture):
        value = rf",label={{[value]below:{{${formula(neuron.value)}$}}}}" if neuron.value is not None else ""
        lines.append(rf"\node[neuron{value}] (n{name}) at {_point(point)} {{${formula(neuron.label)}$}};")
    lines += [rf"\node at {_point(point)} {{$\vdots$}};" for point in places.dots(picture)]
    for edge in picture.edges:
        weight = f"node[weight,pos={places.share(picture, edge):.2f}] {{${formula(places.label(edge))}$}}"
        lines.append(rf"\draw[->] (n{edge.layer}-{edge.source}) -- {weight} (n{edge.layer + 1}-{edge.target});")
    if not picture.edges:
        between = [places.at(picture, place, 0).x + places.NARROW / 2 for place in range(len(picture.layers) - 1)]
        lines += [rf"\draw[->,gray] ({x - 0.4:.2f},0) -- ({x + 0.4:.2f},0);" for x in between]
    return "\n".join([*lines, r"\end{tikzpicture}"])


def _point(point: places.Point) -> str:
    return f"({point.x:.2f},{point.y:.2f})"
