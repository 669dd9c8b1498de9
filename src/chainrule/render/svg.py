"""Diagrams as SVG: scalable, self-contained, light and dark, read out by screen readers; its parts have handles.

A diagram with scenes moves, by its style alone; for readers who want less motion, and where no style is read, it stands still and whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chainrule.notation.mathml import element, escape_xml
from chainrule.pictures.shapes import PENS, SCRIPT, Circle, Diagram, DrawnShape, Label, Line, Path, Pen, Scene, TextRun, covered
from chainrule.render.palette import GROUND, INK, PALETTE, QUIET

FONT = "'STIX Two Math subset','STIX Two Text','STIX Two Math',Cambria,'Times New Roman','Liberation Serif',serif"

TURN, FADE, REST = 1.8, 0.35, 4.0
"""Seconds that a scene takes, that it takes to appear, and that the whole stands at the end besides."""

X_HEIGHT = 0.44
"""Of the letters, in sizes: that of Times. Fonts with larger letters are shrunk to it, since the layout has room for no wider ones."""

ANCHORS = {-1: "end", 0: "middle", 1: "start"}


def svg(diagram: Diagram, colours: Mapping[str, int] | None = None, *, alone: bool = True, named: str = "") -> str:
    """The diagram as an SVG element.

    colours  which colour of the palette the symbols of each key have
    alone    in a file of its own, with its own style; False inside a page, whose style has the classes
             c0 … (colours), ink, ground and quiet
    named    what stands before every handle, where a page has several diagrams

    >>> svg(Diagram(10, 20, (Line(1, 2, 3, 4, "e0-0-0"),), "a < b"), alone=False).partition(">")[2]
    '<line class="line" id="e0-0-0" x1="1" y1="2" x2="3" y2="4"></line></svg>'
    """
    box = {"viewBox": f"0 0 {_number(diagram.width)} {_number(diagram.height)}"}
    size = {name: _number(side) if alone else f"{side / 16:.2f}em" for name, side in (("width", diagram.width), ("height", diagram.height))}
    given = {"xmlns": "http://www.w3.org/2000/svg", **box, **size, "role": "img", "aria-label": diagram.alt, "class": "diagram"}
    before = _before(diagram) if alone else ""
    return element("svg", before + "".join(_shape(shape, colours or {}, named) for shape in diagram.shapes), given)


def _before(diagram: Diagram) -> str:
    """What a file of its own has before its shapes: name and description, style, ground."""
    about = element("desc", escape_xml(diagram.about)) if diagram.about else ""
    scenes = [shape for shape in diagram.shapes if isinstance(shape, Scene)]
    turns = max((scene.number for scene in scenes), default=0)
    moving = "path" if any(isinstance(shape, Path) for scene in scenes for shape in scene.shapes) else "line"
    ground = element("rect", "", {"class": "ground", "width": "100%", "height": "100%"})
    return element("title", escape_xml(diagram.alt)) + about + element("style", _style() + _motion(turns, moving)) + ground


def _shape(shape: DrawnShape, colours: Mapping[str, int], named: str) -> str:
    match shape:
        case Circle(x, y, radius):
            return element("circle", "", {**_given(shape, named), "cx": _number(x), "cy": _number(y), "r": _number(radius)})
        case Line(x1, y1, x2, y2):
            ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
            return element("line", "", {**_given(shape, named), **{name: _number(at) for name, at in ends.items()}})
        case Path(loops, closed=closed):
            return element("path", "", {**_given(shape, named), "d": "".join(_loop(loop, closed) for loop in loops)})
        case Label():
            return _label(shape, colours)
        case Scene(shapes, number, passing, back):
            kind = f"passing p{number}{' back' if back else ''}" if passing else f"turn t{number}"
            return element("g", "".join(_shape(inner, colours, named) for inner in shapes), {"class": kind})


def _given(shape: Circle | Line | Path, named: str) -> dict[str, str]:
    """The class, and the handle of what has one."""
    kind = shape.kind if shape.colour is None else f"{shape.kind} c{shape.colour}"
    return {"class": kind, "id": f"{named}{shape.handle}"} if shape.handle else {"class": kind}


def _loop(points: tuple[tuple[float, float], ...], closed: bool) -> str:
    """M0 0L1 2… with Z where it is closed."""
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points) + ("Z" if closed else "")


def _label(label: Label, colours: Mapping[str, int]) -> str:
    """The letters in one line, at the place; those that are raised or lowered smaller."""
    marks, at = [], 0.0
    for run in label.runs:
        wanted = {1: -0.38, 0: 0.0, -1: 0.22}[run.raised] * label.size
        marks.append(_run(run, label.size, wanted - at, colours))
        at = wanted
    place = {"x": _number(label.x), "y": _number(label.y + 0.33 * label.size), "font-size": _number(label.size)}
    side = {"style": f"text-anchor: {ANCHORS[label.side]}"} if label.side else {}
    written = element("text", "".join(marks), {"class": "quiet" if label.quiet else "ink", "direction": "ltr", **place, **side})
    if not label.covering:
        return written
    box = covered(label)
    sides = {"x": box.left, "y": box.top, "width": box.right - box.left, "height": box.bottom - box.top}
    return element("rect", "", {"class": "ground", **{name: _number(side) for name, side in sides.items()}}) + written


def _run(run: TextRun, size: float, down: float, colours: Mapping[str, int]) -> str:
    given = {"class": f"c{colours[run.key]}"} if run.key in colours else {}
    if down:
        given["dy"] = _number(down)
    if run.raised:
        given["font-size"] = _number(size * SCRIPT)
    if run.italic:
        given["font-style"] = "italic"
    if run.bold:
        given["font-weight"] = "bold"
    letters = escape_xml(run.letters.replace(" ", "\u00a0"))
    return element("tspan", letters, given) if given else letters


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _style() -> str:
    """The classes on light ground, and on dark where the reader's system is dark."""
    light, dark = (_classes(i) for i in (0, 1))
    font = f".diagram {{ font-family: {FONT}; font-size-adjust: {X_HEIGHT}; }}"
    letters = f"{font} .diagram text {{ text-anchor: middle; }} .diagram tspan {{ fill: currentColor; }}"
    return f"{letters} {pens()} {light} @media (prefers-color-scheme: dark) {{ {dark} }}"


def pens() -> str:
    """How each kind of shape is drawn, as rules of CSS."""
    return " ".join(f".diagram .{kind} {{ {'; '.join(_pen(pen))}; }}" for kind, pen in PENS.items())


def _pen(pen: Pen) -> Iterator[str]:
    """How a kind of shape is drawn, as declarations of CSS."""
    if pen.fill:
        yield f"fill: currentColor; fill-opacity: {pen.fill}; fill-rule: evenodd"
    elif not pen.opaque:  # else it has the ground's colour, which is another one in the dark
        yield "fill: none"
    if pen.stroke:
        yield f"stroke: currentColor; stroke-width: {pen.stroke}; stroke-linejoin: round"
    if pen.ink < 1:
        yield f"stroke-opacity: {pen.ink}"
    if pen.dashes:
        yield f"stroke-dasharray: {' '.join(map(str, pen.dashes))}"


def _classes(mode: int) -> str:
    """What differs between light (0) and dark (1)."""
    colours = " ".join(f".c{i} {{ color: {(colour.light, colour.dark)[mode]}; }}" for i, colour in enumerate(PALETTE))
    opaque = ", ".join([".ground", *(f".diagram .{kind}" for kind, pen in PENS.items() if pen.opaque)])
    return (
        f".diagram {{ color: {INK[mode]}; }} {opaque} {{ fill: {GROUND[mode]}; }} .ink {{ color: {INK[mode]}; fill: currentColor; }} "
        f".quiet {{ color: {QUIET[mode]}; fill: currentColor; }} {colours}"
    )


def _motion(turns: int, moving: str) -> str:
    """The style of scenes: one after the other, then the whole, then from the beginning; nothing where there are none.

    moving  the element of what runs along lines
    """
    if not turns:
        return ""
    whole = turns * TURN + REST

    def at(seconds: float) -> str:
        return f"{100 * seconds / whole:.2f}%"

    rules = [f".turn, .passing {{ animation-duration: {whole:g}s; animation-iteration-count: infinite; }}"]
    rules += [f".passing {moving} {{ animation: run 0.7s linear infinite; }} .back {moving} {{ animation-direction: reverse; }}"]
    for number in range(1, turns + 1):
        start, end = (number - 1) * TURN, number * TURN
        rules.append(f".t{number} {{ animation-name: t{number}; }} .p{number} {{ animation-name: p{number}; }}")
        rules.append(f"@keyframes t{number} {{ 0%, {at(start)} {{ opacity: 0; }} {at(start + FADE)}, 100% {{ opacity: 1; }} }}")
        rules.append(
            f"@keyframes p{number} {{ 0%, {at(start)}, {at(end)}, 100% {{ opacity: 0; }} "
            f"{at(start + FADE)}, {at(end - FADE)} {{ opacity: 1; }} }}"
        )
    rules.append("@keyframes run { to { stroke-dashoffset: -13; } }")
    return f" .passing {{ opacity: 0; }} @media (prefers-reduced-motion: no-preference) {{ {' '.join(rules)} }}"
