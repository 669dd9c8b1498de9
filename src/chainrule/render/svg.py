"""Diagrams as SVG: scalable, self-contained, light and dark, read out by screen readers; its parts have handles."""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.diagram import SCRIPT, Circle, Diagram, Label, Line, Run, Shape, covered
from chainrule.notation.mathml import element, escaped
from chainrule.render.palette import PALETTE

INK, GROUND, QUIET = ("#1d2126", "#e4e7eb"), ("#ffffff", "#15181d"), ("#565e69", "#a3adb9")
"""Light and dark: of lines and letters, of what lies below them, of what is less important."""

FONT = "'STIX Two Math subset','STIX Two Text','STIX Two Math',Cambria,'Times New Roman','Liberation Serif',serif"


def svg(diagram: Diagram, colours: Mapping[str, int] | None = None, *, alone: bool = True) -> str:
    """The diagram as an SVG element.

    colours  which colour of the palette the symbols of each key have
    alone    in a file of its own, with its own style; False inside a page, whose style has the classes
             c0 … (colours), ink, ground and quiet

    >>> svg(Diagram(10, 20, (Line(1, 2, 3, 4, "e0-0-0"),), "a < b"), alone=False).partition(">")[2]
    '<line class="line" id="e0-0-0" x1="1" y1="2" x2="3" y2="4"></line></svg>'
    """
    box = {"viewBox": f"0 0 {_number(diagram.width)} {_number(diagram.height)}"}
    size = {"width": _number(diagram.width), "height": _number(diagram.height)}
    given = {"xmlns": "http://www.w3.org/2000/svg", **box, **size, "role": "img", "aria-label": diagram.alt, "class": "diagram"}
    ground = element("rect", "", {"class": "ground", "width": "100%", "height": "100%"})
    before = element("title", escaped(diagram.alt)) + element("style", _style()) + ground if alone else ""
    return element("svg", before + "".join(_shape(shape, colours or {}) for shape in diagram.shapes), given)


def _shape(shape: Shape, colours: Mapping[str, int]) -> str:
    match shape:
        case Circle(x, y, radius, handle):
            return element("circle", "", {"class": "neuron", "id": handle, "cx": _number(x), "cy": _number(y), "r": _number(radius)})
        case Line(x1, y1, x2, y2, handle):
            ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
            return element("line", "", {"class": "line", "id": handle, **{name: _number(at) for name, at in ends.items()}})
        case Label():
            return _label(shape, colours)


def _label(label: Label, colours: Mapping[str, int]) -> str:
    """The letters in one line, around the place; those that are raised or lowered smaller."""
    marks, at = [], 0.0
    for run in label.runs:
        wanted = {1: -0.38, 0: 0.0, -1: 0.22}[run.raised] * label.size
        marks.append(_run(run, label.size, wanted - at, colours))
        at = wanted
    place = {"x": _number(label.x), "y": _number(label.y + 0.33 * label.size), "font-size": _number(label.size)}
    written = element("text", "".join(marks), {"class": "quiet" if label.quiet else "ink", "direction": "ltr", **place})
    if not label.covering:
        return written
    box = covered(label)
    sides = {"x": box.left, "y": box.top, "width": box.right - box.left, "height": box.bottom - box.top}
    return element("rect", "", {"class": "ground", **{name: _number(side) for name, side in sides.items()}}) + written


def _run(run: Run, size: float, down: float, colours: Mapping[str, int]) -> str:
    given = {"class": f"c{colours[run.key]}"} if run.key in colours else {}
    if down:
        given["dy"] = _number(down)
    if run.raised:
        given["font-size"] = _number(size * SCRIPT)
    if run.italic:
        given["font-style"] = "italic"
    if run.bold:
        given["font-weight"] = "bold"
    letters = escaped(run.letters.replace(" ", "\u00a0"))
    return element("tspan", letters, given) if given else letters


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _style() -> str:
    """The classes on light ground, and on dark where the reader's system is dark."""
    light, dark = (_classes(i) for i in (0, 1))
    shapes = (
        f".diagram {{ font-family: {FONT}; }} .diagram text {{ text-anchor: middle; }} "
        ".diagram .neuron { fill: none; stroke: currentColor; stroke-width: 1.5; } "
        ".diagram .line { stroke: currentColor; stroke-opacity: 0.55; } .diagram tspan { fill: currentColor; }"
    )
    return f"{shapes} {light} @media (prefers-color-scheme: dark) {{ {dark} }}"


def _classes(mode: int) -> str:
    colours = " ".join(f".c{i} {{ color: {(colour.light, colour.dark)[mode]}; }}" for i, colour in enumerate(PALETTE))
    return (
        f".diagram {{ color: {INK[mode]}; }} .ground {{ fill: {GROUND[mode]}; }} .ink {{ color: {INK[mode]}; fill: currentColor; }} "
        f".quiet {{ color: {QUIET[mode]}; fill: currentColor; }} {colours}"
    )
