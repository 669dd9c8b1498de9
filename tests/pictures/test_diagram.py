"""Network pictures as diagrams and as SVG: nothing covers anything, everything is there, and a person's words stay words."""

from __future__ import annotations

import itertools
from functools import cache
from xml.etree import ElementTree

import pytest

from chainrule.api.problems import problem
from chainrule.document.document import Edge, Neuron, Picture
from chainrule.notation.formula import Number, Prose, Symbol
from chainrule.pictures.diagram import network_diagram
from chainrule.pictures.shapes import Box, Circle, Diagram, Label, Line, covered
from chainrule.render.palette import PALETTE
from chainrule.render.svg import svg

HOSTILE = "<script>alert('$x')</script> \"\\input{x}\" \u202eabc שלום 🙂"


@cache
def drawn(source):
    document = problem(source).explain(weight="w1")
    picture = next(block for section in document.sections for block in section.blocks if isinstance(block, Picture))
    return picture, network_diagram(picture), document


def full(*sizes, label="w"):
    """A picture with every weight labelled."""
    layers = tuple(tuple(Neuron(Symbol("a", str(i + 1)), Number("0.12")) for i in range(size)) for size in sizes)
    edges = tuple(
        Edge(k, i, j, Symbol(label, f"{i + 1},{j + 1}"), Number("−0.123456"))
        for k, (a, b) in enumerate(itertools.pairwise(sizes))
        for i in range(a)
        for j in range(b)
    )
    return Picture(layers, edges, tuple(f"layer {k}" for k in range(len(sizes))), sizes, "a network")


def boxes(diagram: Diagram) -> list[Box]:
    """What is to be read: labels outside neurons, and neurons with the letters in them."""
    circles = [shape for shape in diagram.shapes if isinstance(shape, Circle)]
    middles = {(circle.x, circle.y) for circle in circles}
    labels = [shape for shape in diagram.shapes if isinstance(shape, Label) and (shape.x, shape.y) not in middles]
    return [*(covered(label) for label in labels), *(Box(c.x - c.radius, c.y - c.radius, c.x + c.radius, c.y + c.radius) for c in circles)]


def collisions(diagram: Diagram) -> int:
    return sum(a.meets(b) for a, b in itertools.combinations(boxes(diagram), 2))


NETWORKS = ["seed", "article", "mazur", "xor", "iris", "vanishing", "784-128-10", "2-8-8-8-1", "4-5-3", "12-12-12", "1-1"]


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_covers_anything(name):
    _, diagram, _ = drawn(name)
    assert collisions(diagram) == 0
    for box in boxes(diagram):
        assert box.left >= 0
        assert box.right <= diagram.width
        assert box.top >= 0
        assert box.bottom <= diagram.height


@pytest.mark.parametrize("sizes", [(12, 12, 12), (12, 1), (1, 12), (5, 3, 7), (2, 2, 2, 2)])
def test_nothing_covers_anything_with_every_weight_labelled(sizes):
    picture = full(*sizes)
    diagram = network_diagram(picture)
    assert collisions(diagram) == 0
    assert sum(isinstance(shape, Label) and shape.handle[:1] == "w" for shape in diagram.shapes) == len(picture.edges)


def test_the_test_of_collisions_sees_one():
    moved = Diagram(100, 100, (Label((), 10, 10), Label((), 11, 11)), "")
    assert collisions(moved) == 1


def test_letters_fit_into_their_neurons():
    picture = Picture(((Neuron(Prose("a very long name")),), (Neuron(Symbol("y")),)), (), ("", ""), (1, 1), "")
    diagram = network_diagram(picture)
    circle, label = (
        next(s for s in diagram.shapes if isinstance(s, Circle)),
        next(s for s in diagram.shapes if isinstance(s, Label) and s.runs[0].letters),
    )
    box = covered(label)
    assert circle.x - circle.radius <= box.left
    assert box.right <= circle.x + circle.radius


@pytest.mark.parametrize("name", NETWORKS)
def test_svg_is_well_formed_and_has_every_part(name):
    picture, diagram, document = drawn(name)
    root = ElementTree.fromstring(svg(diagram, document.colours))
    handles = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(handles) == len(set(handles)) == sum(isinstance(shape, (Circle, Line)) for shape in diagram.shapes)
    assert root.get("aria-label") == picture.alt
    text = "".join(root.itertext())
    for edge in picture.edges:
        assert edge.value is None or getattr(edge.value, "digits", "") in text


def test_a_persons_words_stay_words():
    picture = Picture(((Neuron(Prose(HOSTILE)),), (Neuron(Symbol(HOSTILE)),)), (), (HOSTILE, ""), (1, 1), HOSTILE)
    root = ElementTree.fromstring(svg(network_diagram(picture)))
    assert not [element for element in root.iter() if element.tag.endswith("script")]
    assert "<script>alert('$x')</script>" in "".join(root.itertext()).replace("\u00a0", " ")
    assert "\u202e" not in "".join(root.itertext())


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", PALETTE, ids=str)
def test_colours_can_be_read(colour):
    assert contrast(colour.light, "#ffffff") >= 4.5
    assert contrast(colour.dark, "#15181d") >= 4.5
