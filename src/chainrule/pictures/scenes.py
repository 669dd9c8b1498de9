"""A whole step as a picture that moves: forwards to the error, backwards from it, and then the new weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chainrule.base.frozen import FrozenValue, replace
from chainrule.pictures.shapes import FAMILIES, SIZE, Diagram, DrawnShape, Label, Line, Path, Scene, prose_runs, width

FORWARD, BACKWARD = FAMILIES["h"], FAMILIES["gradient"]
"""The colours of what runs forwards and backwards."""

CAPTION = 30.0
"""The height of the line below the picture that says what is going on."""


class Captions(FrozenValue):
    """What is said in each turn: `forward`, a layer each from the inputs on; `backward`, a layer each from the last back to the first."""

    forward: tuple[str, ...]
    error: str
    backward: tuple[str, ...]
    update: str


def animated(diagram: Diagram, captions: Captions) -> Diagram:
    """The picture of a network whose last layer is the error, its parts in scenes: the values layer by layer, the error, the gradients
    layer by layer backwards, the new weights.
    """
    turns = _turns(len(captions.forward))
    shapes: list[DrawnShape] = []
    for shape in diagram.shapes:
        shapes += _in_turn(shape, turns)
    said = [*captions.forward, captions.error, *captions.backward, captions.update]
    wide = max(diagram.width, *(width(prose_runs(text), SIZE) + 24 for text in (*said, diagram.alt)))
    for turn, text in enumerate(said, start=1):
        label = Label(prose_runs(text), wide / 2, diagram.height + CAPTION / 2 - 4, SIZE)
        shapes.append(Scene((label,), turn, passing=True))
    whole = Label(prose_runs(diagram.alt), wide / 2, diagram.height + CAPTION / 2 - 4, SIZE)
    shapes.append(Scene((whole,), len(said) + 1))
    return Diagram(wide, diagram.height + CAPTION, tuple(shapes), diagram.alt, diagram.about)


def _turns(layers: int) -> dict[str, int]:
    """The turn of each kind of part: "v1" the values of layer 1, "g1" its gradients, "u" the new weights; "g" of the error are targets."""
    forward = {f"v{layer}": layer + 1 for layer in range(layers + 1)}
    backward = {f"g{layer}": 2 * layers + 1 - layer for layer in range(1, layers)}
    return {**forward, f"g{layers}": layers + 1, **backward, "u": 2 * layers + 1}


def _in_turn(shape: DrawnShape, turns: Mapping[str, int]) -> Iterator[DrawnShape]:
    """The shape, in its scene if it has one; a line carries a signal forwards and, but from what is given, one backwards."""
    if isinstance(shape, Label):
        kind, layer = re.match(r"([a-z]?)(\d*)", shape.handle).groups()  # type: ignore[union-attr]  # it matches everything
        turn = turns.get("u" if kind == "u" else f"{kind}{layer}")
        yield shape if turn is None else Scene((shape,), turn)
        return
    yield shape
    if isinstance(shape, Line | Path) and shape.handle[:1] in ("e", "i"):
        layer = int(shape.handle[1:].partition("-")[0])
        yield Scene((_signal(shape, FORWARD),), turns[f"v{layer + 1}"], passing=True)
        if layer and shape.handle[0] == "e":
            yield Scene((_signal(shape, BACKWARD),), turns[f"g{layer}"], passing=True, back=True)


def _signal(line: Line | Path, colour: int) -> Line | Path:
    return replace(line, handle="", kind="signal", colour=colour)
