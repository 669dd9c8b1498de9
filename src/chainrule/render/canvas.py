"""Diagrams in Typst's markup: the same shapes at the same places as in SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.notation.typst import string
from chainrule.pictures.shapes import PENS, SCRIPT, Circle, Diagram, DrawnShape, Label, Line, Path, TextRun, covered, still_shapes, width
from chainrule.render.palette import GROUND, INK, PALETTE, QUIET

UNIT = 0.75
"""Points: what is one unit in a diagram, and one pixel in SVG."""


def canvas(diagram: Diagram, paint: Callable[[str], str], named: str = "") -> str:
    """A call of `canvas` (typst.typ) with the shapes that are seen where nothing moves.

    paint  the Typst function around the letters of a symbol with a key; "" for none
    named  arguments of the call by their names
    """
    alt = string(f"{diagram.alt} {diagram.about}".strip())
    shapes = (f"  {line}," for shape in still_shapes(diagram.shapes) for line in _shape(shape, paint))
    return "\n".join([f"#canvas({named}{in_points(diagram.width)}, {in_points(diagram.height)}, {alt},", *shapes, ")"])


def _shape(shape: DrawnShape, paint: Callable[[str], str]) -> Iterator[str]:
    match shape:
        case Circle(x, y, radius):
            style = _style(shape.kind, shape.colour)
            corner = f"dx: {in_points(x - radius)}, dy: {in_points(y - radius)}"
            yield f"place(top + left, {corner}, circle(radius: {in_points(radius)}, {style}))"
        case Line(x1, y1, x2, y2):
            yield f"drawn({_style(shape.kind, shape.colour)}, false, {_loop(((x1, y1), (x2, y2)))})"
        case Path(loops, kind, colour, closed):
            yield f"drawn({_style(kind, colour)}, {'true' if closed else 'false'}, {', '.join(map(_loop, loops))})"
        case Label():
            if shape.covering:
                box = covered(shape)
                corner = f"dx: {in_points(box.left)}, dy: {in_points(box.top)}"
                size = f"width: {in_points(box.right - box.left)}, height: {in_points(box.bottom - box.top)}"
                yield f'place(top + left, {corner}, rect({size}, fill: rgb("{GROUND[0]}")))'
            yield _label(shape, paint)


def _style(kind: str, colour: int | None) -> str:
    """fill and stroke of a kind of shape."""
    pen, shade = PENS[kind], f'rgb("{INK[0] if colour is None else PALETTE[colour].light}")'
    inside = f'rgb("{GROUND[0]}")' if pen.opaque else f"{shade}.transparentize({_percent(pen.fill)})" if pen.fill else "none"
    if not pen.stroke:
        return f"fill: {inside}, stroke: none"
    dash = f"({', '.join(f'{in_points(part)}' for part in pen.dashes)})" if pen.dashes else "none"
    paint = f"{shade}.transparentize({_percent(pen.ink)})" if pen.ink < 1 else shade
    return f'fill: {inside}, stroke: (paint: {paint}, thickness: {in_points(pen.stroke)}, dash: {dash}, join: "round")'


def _percent(opacity: float) -> str:
    return f"{100 * (1 - opacity):g}%"


def _loop(points: tuple[tuple[float, float], ...]) -> str:
    return f"({', '.join(f'({in_points(x)}, {in_points(y)})' for x, y in points)})"


def _label(label: Label, paint: Callable[[str], str]) -> str:
    """Letters on a line whose height is that of the middle of small letters, 0.33 of their size above it."""
    shade = f', fill: rgb("{QUIET[0]}")' if label.quiet else ""
    share = {-1: 1, 0: 0.5, 1: 0}[label.side]
    written = " + ".join(_run(run, label.size, paint) for run in label.runs) or "[]"
    place = f"{in_points(label.x)}, {in_points(label.y + 0.33 * label.size)}, {share}"
    room = in_points(width(label.runs, label.size))
    return f"lettering({place}, {room}, text(size: {in_points(label.size)}{shade}, {written}))"


def _run(run: TextRun, size: float, paint: Callable[[str], str]) -> str:
    style = [f"size: {in_points(size * SCRIPT)}, baseline: {in_points(size * (0.22 if run.raised < 0 else -0.38))}"] if run.raised else []
    style += ['style: "italic"'] * run.italic + ['weight: "bold"'] * run.bold
    letters = string(run.letters.replace(" ", "\u00a0"))
    written = f"text({', '.join([*style, letters])})"
    colour = paint(run.key) if run.key else ""
    return f"{colour}({written})" if colour else written


def in_points(value: float) -> str:
    """A length in a diagram as Typst and TeX read it: 1.5pt."""
    return f"{UNIT * value:.2f}".rstrip("0").rstrip(".") + "pt"
