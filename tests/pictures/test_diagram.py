"""Network pictures as diagrams and as SVG: nothing covers anything, everything is there, and a person's words stay words."""

from __future__ import annotations

import itertools
import re
from functools import cache
from xml.etree import ElementTree

import pytest
from tests.collisions import collisions
from tests.samples import some

from chainrule.api.figures import figure
from chainrule.api.problems import problem
from chainrule.document.document import Edge, Neuron, Picture
from chainrule.notation.formula import Number, Prose, Symbol
from chainrule.pictures.diagram import network_diagram
from chainrule.pictures.shapes import Circle, Label, Path, covered
from chainrule.pictures.upright import NARROW, narrow_diagram
from chainrule.render.palette import PALETTE
from chainrule.render.plain import plain
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


NETWORKS = ["seed", "article", "mazur", "xor", "iris", "vanishing", "784-128-10", "2-8-8-8-1", "4-5-3", "12-12-12", "1-1"]
FIGURES = ["network", "weights", "sample", "step"]
LONG = [-1234.56789, 0.000123456789, -0.98765432, 123456.789, -3.14159265e-07]


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_covers_anything(name):
    picture, diagram, _ = drawn(name)
    narrow = narrow_diagram(picture)
    assert collisions(diagram) == []
    assert (narrow is None) == (diagram.width <= NARROW)
    assert narrow is None or (narrow.width <= NARROW and collisions(narrow) == [])


@pytest.mark.parametrize("sizes", [pytest.param((12, 12, 12), marks=pytest.mark.proof), (12, 1), (1, 12), (5, 3, 7), (2, 2, 2, 2)])
def test_nothing_covers_anything_with_every_weight_labelled(sizes):
    picture = full(*sizes)
    diagram = network_diagram(picture)
    assert collisions(diagram) == []
    assert sum(isinstance(shape, Label) and shape.handle[:1] == "w" for shape in diagram.shapes) == len(picture.edges)


SIZES = ["-".join(map(str, sizes)) for sizes in itertools.product((1, 2, 3, 4, 6, 9, 12), repeat=3)]


@pytest.mark.parametrize("name", some(SIZES, lambda name: name in ("4-6-3", "1-9-2")))
def test_nothing_covers_anything_in_any_figure_with_long_numbers(name):
    """Of networks with biases, up to 12-12-12."""
    sizes = [int(size) for size in name.split("-")]
    count = sum(a * b + b for a, b in itertools.pairwise(sizes))
    asked = problem(
        name,
        weights=[LONG[place % 5] * 1e-4 for place in range(count)],
        input=[[LONG[place % 5] for place in range(sizes[0])]],
        target=[[LONG[place % 5] for place in range(sizes[-1])]],
        learning_rate=1e-9,
    )
    for kind in FIGURES:
        assert collisions(figure(asked, kind).content) == [], kind
    for weight in ("W2[1,1]", "b1[1]"):
        lit = figure(asked, "chain", weight=weight).content.sections[0].blocks[0]
        assert collisions(network_diagram(lit)) == [], weight


def test_biases_are_drawn():
    """As weights of a 1, in every picture of a network that has some, and nowhere else."""
    picture, diagram, document = drawn("xor")
    letters = ["".join(run.letters for run in shape.runs) for shape in diagram.shapes if isinstance(shape, Label)]
    assert letters.count("1") == 2
    assert {"b1(1) = 0.1", "b2(1) = −0.1", "b1(2) = 0"} <= set(letters)
    assert re.search(r" 1 ─+ b1⁽¹⁾ 0\.1 ─+┴▶ h1", plain(document))
    assert drawn("seed")[0].biased == ()
    assert picture.biased == (0, 1)


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
    assert len(handles) == len(set(handles)) == sum(bool(shape.handle) for shape in diagram.shapes if isinstance(shape, (Circle, Path)))
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
