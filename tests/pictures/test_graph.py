"""Networks that are no chain of neurons, as graphs of boxes: nothing covers anything, every connection is drawn, and words say the same."""

from __future__ import annotations

import itertools
import random
import re
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.graphs import GRAPHS
from tests.random_graphs import case_of

import chainrule as cr
from chainrule.document.document import BoxGraph, Document, Picture, Section, Vertex
from chainrule.document.languages import de, en
from chainrule.explanation import pictures
from chainrule.explanation.context import Context
from chainrule.explanation.explain import contexts
from chainrule.formula.scalar import Element
from chainrule.network.layers import join, layer, tied
from chainrule.notation.formula import Operator, Prose, Symbol
from chainrule.notation.text import formula_text
from chainrule.pictures.diagram import network_diagram
from chainrule.pictures.graph import WIDE, column_captions, graph_lines
from chainrule.pictures.shapes import Box, Circle, Diagram, Label, Path, Scene, covered
from chainrule.render.formats import rendered
from chainrule.render.plain import plain
from chainrule.render.sketch import sketch
from chainrule.render.svg import svg


@layer
def half_open(own, x, *, activation="tanh"):
    n = x.shape[-1]
    T = own.activated("sigmoid", own.linear(x, n, "U", "c"), "T")
    return T * own.activated(activation, own.linear(x, n)) + (1 - T) * x


def residual(blocks):
    def function(x):
        h = cr.dense(4, "tanh")(x)
        for _ in range(blocks):
            h = h + cr.dense(4, "tanh")(cr.dense(4, "relu")(h))
        return cr.dense(1)(h)

    return cr.Network(3, function)


def shared():
    encoder = cr.dense(3, "tanh")
    return cr.Network({"x": 2, "v": 2}, lambda x, v: cr.dense(1)(encoder(x) + encoder(v)))


def autoencoder(x):
    encoder = cr.dense(2, "tanh")
    return tied(to=encoder)(encoder(x))


def two_outputs(x):
    h = cr.dense(4, "tanh")(x)
    return {"price": cr.dense(1)(h), "kind": cr.dense(3)(h)}


def dense_blocks(x):
    found = [cr.dense(3, "relu")(x)]
    for _ in range(3):
        found.append(cr.dense(3, "relu")(found[-1] if len(found) == 1 else join()(*found)))
    return cr.dense(2)(join()(*found))


def gates(x, v):
    return cr.dense(1)(cr.dense(3, "sigmoid")(v) * cr.dense(3, "tanh", name="encoder")(x) + cr.dense(3, bias=False)(v))


def doubled(x):
    h = cr.dense(2)(x)
    return cr.dense(1)(h + h)


NETWORKS = {
    "two inputs": lambda: cr.Network({"x": 2, "v": 3}, lambda x, v: cr.dense(1)(join()(cr.dense(3, "tanh")(x), cr.dense(2, "tanh")(v)))),
    "residual": lambda: residual(1),
    "deep residual": lambda: residual(5),
    "half_open": lambda: cr.Network(4, half_open(), cr.dense(1)),
    "shared": shared,
    "tied": lambda: cr.Network(3, autoencoder),
    "two outputs": lambda: cr.Network(2, two_outputs, loss={"price": "huber", "kind": "cross_entropy"}, emphasis={"price": 0.5}),
    "dense blocks": lambda: cr.Network(2, dense_blocks),
    "gates": lambda: cr.Network({"x": 5, "v": 2}, gates, regularizer="l2"),
    "twice the same": lambda: cr.Network(2, doubled),
    "recurrent": lambda: cr.Network(cr.sequence(3, 2), cr.lstm(2, states=True), cr.gru(3), cr.dense(1)),
}
KINDS = ("network", "weights", "sample", "step")


@cache
def context(name: str, language: str = "en") -> Context:
    net = NETWORKS[name]()
    net = net.replaced(notation=cr.Notation(language=language)) if language != "en" else net
    t = [0.5, 0, 1, 0] if name == "two outputs" else [0.25] * net.outputs
    (found,) = contexts(net.step([np.linspace(-1, 1, net.inputs)], [t]))
    return found


def drawn(name: str, kind: str) -> BoxGraph:
    found = getattr(pictures, f"{kind}_picture")(context(name))
    assert isinstance(found, BoxGraph)
    return found


def frames(graph: BoxGraph, diagram: Diagram) -> dict[int, Box]:
    """What each box covers, by its number."""
    found = {}
    for shape in diagram.shapes:
        if isinstance(shape, Circle):
            found[int(shape.handle[1:])] = Box(
                shape.x - shape.radius, shape.y - shape.radius, shape.x + shape.radius, shape.y + shape.radius
            )
        elif isinstance(shape, Path) and shape.handle[:1] == "n":
            xs, ys = zip(*shape.loops[0], strict=True)
            found[int(shape.handle[1:])] = Box(min(xs), min(ys), max(xs), max(ys))
    assert set(found) == set(range(len(graph.vertices)))
    return found


def arrows(diagram: Diagram) -> dict[int, Path]:
    found = [shape for shape in diagram.shapes if isinstance(shape, Path) and shape.handle[:1] in ("e", "i")]
    return {int(shape.handle.partition("-")[2]): shape for shape in found}


def heads(diagram: Diagram) -> list[Box]:
    triangles = [shape.loops[0] for shape in diagram.shapes if isinstance(shape, Path) and shape.closed and len(shape.loops[0]) == 3]
    return [Box(min(x for x, _ in one), min(y for _, y in one), max(x for x, _ in one), max(y for _, y in one)) for one in triangles]


def check(graph: BoxGraph, diagram: Diagram) -> None:
    """Nothing covers anything, nothing leaves the picture, and each arrow leads from its source to its target and through no box."""
    labels = [covered(shape) for shape in diagram.shapes if isinstance(shape, Label)]
    boxes, tips, ways = frames(graph, diagram), heads(diagram), arrows(diagram)
    assert not [1 for a, b in itertools.combinations(boxes.values(), 2) if a.overlaps(b)]
    inner = [Box(one.left, one.top + 2.5, one.right, one.bottom - 2.5) for one in labels]  # their lines are as close as those of a page
    assert not [1 for a, b in itertools.combinations(inner, 2) if a.overlaps(b)]
    assert not [1 for a in inner for b in tips if a.overlaps(b)]
    for box in (*labels, *boxes.values(), *tips):
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= diagram.width
        assert box.bottom <= diagram.height
    for label in inner:
        for box in boxes.values():
            assert not label.overlaps(box) or (box.left <= label.left and label.right <= box.right and label.bottom <= box.bottom)
    assert set(ways) == set(range(len(graph.arrows)))
    starts = {(source, *ways[number].loops[0][0]) for number, (source, _) in enumerate(graph.arrows)}
    for number, (source, target) in enumerate(graph.arrows):
        (x, y), box = ways[number].loops[-1][-1], boxes[target]
        assert box.left - 10 <= x <= box.right
        assert box.top < y < box.bottom
        from_its_rim = [start for start in starts if start[0] == source and abs(start[1] - boxes[source].right) < 0.1]
        assert any(boxes[source].top < height < boxes[source].bottom for _, _, height in from_its_rim)
        points = [point for loop in ways[number].loops for a, b in itertools.pairwise(loop) for point in between(a, b)]
        for other, within in boxes.items():
            inside = [p for p in points if within.left + 0.5 < p[0] < within.right - 0.5 and within.top + 0.5 < p[1] < within.bottom - 0.5]
            assert not inside or (other == target and graph.vertices[other].round)

    loops = [shape for shape in diagram.shapes if isinstance(shape, Path) and not shape.handle and not shape.closed]
    assert len(loops) == sum(vertex.recurrent for vertex in graph.vertices)
    for x, y in (point for loop in loops for point in loop.loops[0][1:]):
        assert y > 0
        assert not any(box.left < x < box.right and box.top < y < box.bottom for box in boxes.values())


def between(a, b):
    return [(a[0] + (b[0] - a[0]) * i / 20, a[1] + (b[1] - a[1]) * i / 20) for i in range(21)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_covers_anything_and_every_connection_is_drawn(name, kind):
    graph = drawn(name, kind)
    diagram = network_diagram(graph)
    check(graph, diagram)
    assert network_diagram(graph) == diagram
    if kind == "network":
        assert diagram.width < 1.5 * WIDE


@pytest.mark.parametrize("seed", range(30))
def test_graphs_of_any_kind_are_laid_out(seed):
    """Up to 16 boxes, with arrows from any to any later one."""
    choose = random.Random(seed)
    count = choose.randint(2, 16)
    vertices = []
    for number in range(count):
        about = ("units" * choose.randint(0, 3),)
        vertices.append(Vertex(Symbol("x", str(number)), "h" if number else "x", about=(about,), recurrent=choose.random() < 0.3))
    led = {}
    for target in range(1, count):
        led[target] = choose.sample(range(target), min(target, choose.choice((1, 1, 1, 2, 3))))
        if len(led[target]) > 1 and choose.random() < 0.5:
            vertices[target] = Vertex(Operator("+", prefix=True), round=True)
    graph = BoxGraph(tuple(vertices), tuple((source, target) for target, sources in led.items() for source in sources), "")
    check(graph, network_diagram(graph))


def test_the_check_sees_what_covers_something():
    graph = drawn("residual", "network")
    diagram = network_diagram(graph)
    moved = tuple(Label(shape.runs, shape.x + 60, shape.y, shape.size) if isinstance(shape, Label) else shape for shape in diagram.shapes)
    with pytest.raises(AssertionError):
        check(graph, Diagram(diagram.width, diagram.height, moved, ""))


def test_chains_of_neurons_stay_pictures_of_neurons():
    (found,) = contexts(cr.Network(2, cr.dense(2, "tanh"), cr.dense(1)).step([[1, 2]], [[1]]))
    assert isinstance(pictures.fitting_picture(found), Picture)


def test_boxes_say_what_they_are():
    graph = drawn("two outputs", "network")
    assert list(map(spoken, graph_lines(graph))) == [
        "x: 2 inputs",
        "h⁽¹⁾ = dense(x), tanh, 4 units, W1 2 × 4, b1 4",
        "y_price = dense(h⁽¹⁾), identity, 1 unit, W2 4 × 1, b2 1",
        "y_kind = dense(h⁽¹⁾), softmax, 3 units, W3 4 × 3, b3 3",
        "t_price: target",
        "E_price = Huber loss(y_price, t_price)",
        "t_kind: target",
        "E_kind = cross-entropy(y_kind, t_kind)",
        "E = 0.5 · E_price + E_kind",
    ]
    assert column_captions(graph) == ("x", "h⁽¹⁾", "y_price, y_kind", "E_price, E_kind")


def test_operations_stand_in_formulas():
    wanted = {"gates": "(h⁽¹⁾ ⊙ h⁽²⁾) + h⁽³⁾", "two inputs": "join(h⁽¹⁾, h⁽²⁾)", "shared": "hᵗ¹ + hᵗ²"}
    for name, formula in wanted.items():
        assert any(line.startswith(f"y = dense({formula}), ") for line in map(spoken, graph_lines(drawn(name, "network"))))


def spoken(line):
    return "".join(part if isinstance(part, str) else formula_text(part) for part in line)


def test_a_shared_layer_is_two_boxes_of_one_colour():
    graph = drawn("shared", "network")
    assert [formula_text(vertex.label) for vertex in graph.vertices if vertex.shared] == ["hᵗ¹", "hᵗ²"]
    colours = {shape.colour for shape in network_diagram(graph).shapes if isinstance(shape, Path) and shape.kind == "area"}
    assert len(colours) == 1


def test_every_way_from_the_error_to_a_weight_is_lit():
    (W, *_) = context("residual").derivation.parameters
    graph = pictures.paths_picture(context("residual"), Element(W, (0, 0)))
    lit = [formula_text(vertex.label) for number, vertex in enumerate(graph.vertices) if f"n{number}" in graph.highlighted]
    assert lit == ["h⁽¹⁾", "h⁽²⁾", "h⁽³⁾", "+", "y", "E"]
    assert len([handle for handle in graph.highlighted if handle[0] == "e"]) == 6


def test_a_tied_weight_is_lit_in_both_its_layers():
    (W, *_) = context("tied").derivation.parameters
    graph = pictures.paths_picture(context("tied"), Element(W, (0, 0)))
    assert {"n1", "n2"} <= set(graph.highlighted)


def test_a_large_network_is_folded():
    (found,) = contexts(residual(40).step([[1, 2, 3]], [[1]]))
    graph = pictures.network_picture(found)
    assert any(vertex.label == Prose("⋯") for vertex in graph.vertices)
    check(graph, network_diagram(graph))


def test_a_skip_is_drawn_in_characters():
    section = Section("network", "Net", (drawn("residual", "network"),))
    above, arrow, line = plain(Document("", (section,))).rstrip().split("\n\n")[-2].split("\n")
    assert line.strip() == "x ─▶ h⁽¹⁾ ─┴─▶ h⁽²⁾ ─▶ h⁽³⁾ ─▶ + ─▶ y ─▶ E"
    assert arrow.index("│") == above.index("╭") == line.index("┴")
    assert arrow.index("▼") == above.index("╮") == line.index("+")


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("two inputs", ["x ─▶ h⁽¹⁾ ─╮", "           ├─▶ join ─▶ y ─▶ E", "v ─▶ h⁽²⁾ ─╯"]),
        (
            "two outputs",
            ["           ╭─▶ y_price ─▶ E_price ─╮", "x ─▶ h⁽¹⁾ ─┤                       ├─▶ E", "           ╰─▶ y_kind ──▶ E_kind ──╯"],
        ),
        ("tied", ["x ─▶ h ─▶ y ─▶ E"]),
        ("wide and deep", ["wide ─────────────────╮", "deep ─▶ h⁽¹⁾ ─▶ h⁽²⁾ ─┴─▶ join ─▶ y ─▶ E"]),
    ],
)
def test_what_is_joined_is_drawn_in_characters(name, lines):
    """And what goes from step to step has a turn behind its letter."""
    assert "".join(part for part, _ in sketch(drawn("recurrent", "network"), 78)[0]).startswith("x ─▶ h⁽¹⁾ ↺ ─▶ h⁽²⁾ ↺ ─▶ y")
    step = GRAPHS[name].case.step()
    picture = pictures.network_picture(Context(step, "scalar", step.network.notation))
    assert ["".join(part for part, _ in line).rstrip() for line in sketch(picture, 78)] == lines
    assert sketch(picture, 10) == []  # too narrow


@pytest.mark.parametrize("source", [*GRAPHS, *range(30)])
def test_lines_in_characters_never_cross(source):
    """From any box, the lines lead to the boxes that its arrows lead to, and to no others."""
    step = (GRAPHS[source].case if isinstance(source, str) else case_of(source)).step()
    graph = pictures.network_picture(Context(step, "scalar", step.network.notation))
    lines = ["".join(part for part, _ in line) for line in sketch(graph, 100)] if isinstance(graph, BoxGraph) else []
    if not lines or "▼" in "".join(lines):
        return
    labels = [formula_text(vertex.label) for vertex in graph.vertices]
    at: dict[str, tuple[int, int]] = {}
    for row, line in enumerate(lines):
        for found in re.finditer(r"[^ ─│╭╮╰╯├┤┬┴┼▶]+", line):
            at[found[0]] = (row, found.start())
    assert sorted(at) == sorted(label for label, vertex in zip(labels, graph.vertices, strict=True) if vertex.family != "t")
    if len(set(labels)) < len(labels):
        return
    for number, label in enumerate(labels):
        if label in at:
            wanted = {labels[target] for source, target in graph.arrows if source == number}
            assert _reached(lines, at, label) == wanted, label


SIDES = {"─": "lr", "│": "ud", "╭": "rd", "╮": "ld", "╰": "ru", "╯": "lu", "├": "rud", "┤": "lud", "┬": "lrd", "┴": "lru", "┼": "lrud"}


def _reached(lines: list[str], at: dict[str, tuple[int, int]], label: str) -> set[str]:
    """The boxes to whose heads the lines lead that begin right of a box; no line leads back to the left."""
    row, start = at[label]
    found, seen, left = set(), set(), [(row, start + len(label) + 1)]
    while left:
        row, x = left.pop()
        sign = lines[row][x] if 0 <= row < len(lines) and x < len(lines[row]) else " "
        if sign == "▶":
            found.add(next(name for name, place in at.items() if place == (row, x + 2)))
        elif (row, x) not in seen and sign in SIDES:
            seen.add((row, x))
            steps = {"r": (row, x + 1), "u": (row - 1, x), "d": (row + 1, x)}
            left += [steps[side] for side in SIDES[sign] if side in steps]
    return found


@pytest.mark.parametrize("name", ["two outputs", "deep residual", "shared"])
@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".ipynb", ".typ", ".tex"])
def test_every_format_has_it(name, suffix):
    graph = drawn(name, "network")
    made = rendered(Document("t", (Section("network", "Net", (graph,)),)), suffix)
    assert "dense" in made or suffix == ".ipynb"


def test_alt_text_is_in_the_language_of_the_notation():
    assert pictures.network_picture(context("two inputs", "de")).alt.startswith("Das Netz x2+v3→y1 als Graph: x: 2 Eingänge; ")
    assert {key for key in en.WORDS if key.startswith("graph.")} == {key for key in de.WORDS if key.startswith("graph.")}


def test_a_step_moves_forwards_and_back():
    from chainrule.api.figures import figure

    moving = figure(NETWORKS["residual"]().step([[1, 2, 3]], [[1]]), "step").content
    scenes = [shape for shape in moving.shapes if isinstance(shape, Scene)]
    assert {scene.number for scene in scenes} == set(range(1, 15))
    assert {scene.back for scene in scenes if any(isinstance(shape, Path) for shape in scene.shapes)} == {True, False}
    drawn_as = svg(moving)
    assert ".passing path { animation: run" in drawn_as
    handles = [element.get("id") for element in ElementTree.fromstring(drawn_as).iter() if element.get("id")]
    assert len(handles) == len(set(handles))
