"""Diagrams in TikZ: the same shapes at the same places as in SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.notation.formula import Symbol
from chainrule.notation.latex import formula_latex
from chainrule.pictures.shapes import PENS, SCRIPT, Circle, Diagram, DrawnShape, Label, Line, Path, Point, TextRun, covered, still_shapes
from chainrule.render.canvas import UNIT, in_points
from chainrule.render.prose import escape_latex_prose, visible

ANCHORS = {-1: "base east", 0: "base", 1: "base west"}


def tikz(diagram: Diagram, paint: Callable[[str], str]) -> str:
    r"""The shapes that are seen where nothing moves, as a tikzpicture. It uses \raised and the colour `quiet` of latex.PREAMBLE.

    paint  the colour of a symbol with a key; "" for none
    """
    setting = rf"x={UNIT}pt,y=-{UNIT}pt,every node/.style={{inner sep=0pt,outer sep=0pt,font=\rmfamily}}"
    bounds = rf"\path (0,0) rectangle {_point((diagram.width, diagram.height))};"
    shapes = [line for shape in still_shapes(diagram.shapes) for line in _shape(shape, paint)]
    return "\n".join([rf"\begin{{tikzpicture}}[{setting}]", bounds, *shapes, r"\end{tikzpicture}"])


def _shape(shape: DrawnShape, paint: Callable[[str], str]) -> Iterator[str]:
    match shape:
        case Circle(x, y, radius):
            yield rf"\path[{_style(shape.kind, shape.colour)}] {_point((x, y))} circle[radius={in_points(radius)}];"
        case Line(x1, y1, x2, y2):
            yield rf"\path[{_style(shape.kind, shape.colour)}] {_point((x1, y1))} -- {_point((x2, y2))};"
        case Path(loops, kind, colour, closed):
            joined = (" -- ".join(map(_point, loop)) + " -- cycle" * closed for loop in loops)
            yield rf"\path[even odd rule,{_style(kind, colour)}] {' '.join(joined)};"
        case Label():
            if shape.covering:
                box = covered(shape)
                yield rf"\fill[white] {_point((box.left, box.top))} rectangle {_point((box.right, box.bottom))};"
            yield _label(shape, paint)


def _style(kind: str, colour: int | None) -> str:
    """Stroke and filling of a kind of shape."""
    pen, shade = PENS[kind], "black" if colour is None else f"c{colour}"
    parts = [f"draw={shade},line width={in_points(pen.stroke)}"] if pen.stroke else []
    parts += [f"draw opacity={pen.ink}"] * (pen.stroke > 0 and pen.ink < 1)
    parts += ["fill=white"] * pen.opaque + [f"fill={shade},fill opacity={pen.fill}"] * (pen.fill > 0)
    parts += [f"dash pattern=on {in_points(pen.dashes[0])} off {in_points(pen.dashes[1])}"] if pen.dashes else []
    return ",".join(parts)


def _label(label: Label, paint: Callable[[str], str]) -> str:
    """Letters on a line whose height is that of the middle of small letters, 0.33 of their size above it."""
    size = in_points(label.size)
    written = "".join(_run(run, label.size, paint) for run in label.runs)
    place = _point((label.x, label.y + 0.33 * label.size))
    quiet = ",text=quiet" if label.quiet else ""
    return rf"\node[anchor={ANCHORS[label.side]}{quiet}] at {place} {{\raised{{0pt}}{{{size}}}{{{written}}}}};"


def _run(run: TextRun, size: float, paint: Callable[[str], str]) -> str:
    """Single letters as formulas write them, other letters as prose."""
    is_symbol = run.italic or run.bold
    written = (
        f"${visible(formula_latex(Symbol(run.letters, bold=run.bold)))}$"
        if is_symbol
        else escape_latex_prose(run.letters.replace(" ", "\u00a0"))
    )
    if run.raised:
        up = size * (-0.22 if run.raised < 0 else 0.38)
        written = rf"\raised{{{in_points(up)}}}{{{in_points(size * SCRIPT)}}}{{{written}}}"
    colour = paint(run.key) if run.key else ""
    return rf"\textcolor{{{colour}}}{{{written}}}" if colour else written


def _point(point: Point) -> str:
    """In units of the picture."""
    return f"({point[0]:.1f},{point[1]:.1f})"
