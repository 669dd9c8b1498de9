"""No text covers text, a circle or a line in any figure, of any network, with long numbers, in either language."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from tests.collisions import collisions
from tests.pictures.test_graph import NETWORKS as GRAPHS
from tests.samples import some

import chainrule as cr
from chainrule.api.figures import figure
from chainrule.api.problems import problem
from chainrule.explanation import pictures
from chainrule.explanation.explain import contexts
from chainrule.explanation.weight import find_weight
from chainrule.pictures.diagram import network_diagram
from chainrule.pictures.shapes import Circle, Diagram, Label, Line, Path, Scene, prose_runs
from chainrule.steps.step import Step

FIGURES = ("network", "weights", "sample", "step", "descent", "rates", "curve", "gradients", "boundary")
"""Those that we draw ourselves; the others are formulas, below the picture of a lit chain."""

LONG = [-1234567.891, 1.234e-12, -0.98765432, 123456.789, -3.14159265e-07]
SIZES = (1, 2, 3, 4, 6, 9, 12)


def chain_of(seed: int) -> dict[str, Any]:
    """What is asked: one to three layers of up to 12 units; numbers that are long, small, mixed or drawn."""
    choose = random.Random(seed)
    sizes = [choose.choice(SIZES) for _ in range(choose.randint(2, 4))]
    asked: dict[str, Any] = {"source": "-".join(map(str, sizes)), "activation": choose.choice(("tanh", "relu", "sigmoid", "identity"))}
    asked |= {"bias": bias} if (bias := choose.random() < 0.6) is False else {}
    asked |= {"notation": "german"} if choose.random() < 0.4 else {}
    pool = choose.choice(([], LONG, [number * 1e-6 for number in LONG], [0.21, -0.5, *LONG[1:3]]))
    if pool:
        numbers, rows = itertools.cycle(pool), range(choose.choice((1, 1, 3)))
        asked["weights"] = [next(numbers) for _ in range(sum(a * b + b * bias for a, b in itertools.pairwise(sizes)))]
        asked["input"], asked["target"] = ([[next(numbers) for _ in range(size)] for _ in rows] for size in (sizes[0], sizes[-1]))
        asked["learning_rate"] = choose.choice((1e-9, 0.05, 0.5))
    return asked


def of_every_figure(subject: Any, weights: tuple[str, ...]) -> dict[str, list[str]]:
    """What collides in each figure, and in the pictures of documents."""
    found = {name: collisions(figure(subject, name).content) for name in FIGURES}
    (context,) = contexts(subject)
    for draws in (pictures.fitting_picture, pictures.forward_picture):
        found[draws.__name__] = collisions(network_diagram(draws(context)))
    for weight in weights:
        found[weight] = collisions(network_diagram(pictures.paths_picture(context, find_weight(context, weight))))
    return {name: each for name, each in found.items() if each}


@pytest.mark.parametrize("seed", some(range(300), lambda seed: seed in (12, 37, 49)))
def test_nothing_covers_anything_in_a_chain_of_layers(seed):
    asked = chain_of(seed)
    assert of_every_figure(problem(**asked), ("w1", "b1") if asked.get("bias", True) else ("w1",)) == {}


def graph_step(name: str, language: str, long: bool) -> Step:
    """A step of a graph of layers, from one sample, or from two with long numbers."""
    network, numbers = GRAPHS[name]().replaced(notation=cr.Notation(language=language)), itertools.cycle(LONG)
    if long:
        sizes = network.shapes.items()
        given = {key: np.array([next(numbers) * 1e-3 for _ in range(int(np.prod(shape)))]).reshape(shape) for key, shape in sizes}
        network = network.with_parameters(given)
    x = np.resize(LONG, (2, network.inputs)) if long else np.linspace(-1, 1, network.inputs)[None]
    t = [[0.5, 0, 1, 0] if name == "two outputs" else [0.25] * network.outputs] * len(x)
    return network.step(x, t)


WAYS = itertools.product(GRAPHS, ("en", "de"), (False, True))
CHOSEN = (("two outputs", "de", True), ("shared", "en", True), ("gates", "de", False))


@pytest.mark.parametrize(("name", "language", "long"), some(WAYS, lambda way: way in CHOSEN))
def test_nothing_covers_anything_in_a_graph_of_layers(name, language, long):
    assert of_every_figure(graph_step(name, language, long), ()) == {}


TEXT = prose_runs("some text")


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ((Label(TEXT, 50, 50), Label(TEXT, 60, 55)), "some text on some text"),
        ((Label(TEXT, 50, 50), Circle(50, 70, 16, "n0-0")), "some text on circle n0-0"),
        ((Label(TEXT, 50, 50), Circle(50, 50, 16, "n0-0")), "some text on circle n0-0"),  # wider than its own circle
        ((Label(TEXT, 50, 50), Line(0, 40, 100, 60)), "some text on a line (line)"),
        ((Label(TEXT, 50, 50, covering=True), Line(0, 40, 100, 60)), "some text on a line (line)"),
        ((Label(TEXT, 50, 50), Path((((40, 52), (50, 45), (60, 52)),), "dot", closed=True)), "some text on a line (dot)"),
        ((Label(TEXT, 10, 50),), "some text off the picture"),
        ((Circle(50, 50, 16, "n0-0"), Line(0, 40, 100, 60)), "a line (line) through circle n0-0"),
        ((Circle(50, 50, 16, "n0-0"), Circle(60, 50, 16, "n0-1")), "circle n0-0 on circle n0-1"),
        ((Label(TEXT, 50, 50), Scene((Label(TEXT, 50, 50),), 2, passing=True)), "some text on some text"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_the_test_of_collisions_sees_each_kind(shapes, expected):
    assert collisions(Diagram(100, 100, shapes, "")) == [expected]


@pytest.mark.parametrize(
    "shapes",
    [
        (Label(TEXT, 50, 50), Label(TEXT, 50, 66)),
        (Label(prose_runs("h"), 50, 50), Circle(50, 50, 16, "n0-0")),
        (Label(TEXT, 50, 50, covering=True), Line(0, 40, 100, 60, kind="grid")),
        (Label(TEXT, 50, 50), Path((((0, 0), (100, 0), (100, 100), (0, 100)),), "area", closed=True)),
        (Scene((Label(TEXT, 50, 50),), 1, passing=True), Scene((Label(TEXT, 50, 50),), 2, passing=True)),
    ],
)
def test_what_stands_well_does_not_collide(shapes):
    assert collisions(Diagram(100, 100, shapes, "")) == []
