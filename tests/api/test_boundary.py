"""Maps and lines of what a network predicts: in the units of the user's columns, every contour with a label that is its own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.collisions import collisions, said

import chainrule as cr
from chainrule.api.figures import figure
from chainrule.api.problems import problem
from chainrule.cli import main
from chainrule.explanation.explain import contexts
from chainrule.explanation.predictions import boundary_plot, column_units
from chainrule.pictures.plot import AREA, share
from chainrule.pictures.shapes import Circle, Diagram, Label, Line, covered

XOR = {"source": "xor", "weights": "4 4 4 4 5 -5 -2 -6 -2.5"}


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """A model of prices, and the file it was trained on."""
    folder = tmp_path_factory.mktemp("houses")
    random = np.random.default_rng(1)
    area, distance = random.uniform(40, 200, 120).round(1), random.uniform(0, 30, 120).round(1)
    price = (1000 * area * np.exp(-distance / 15)).round()
    table = "area,distance,price\n" + "".join(f"{a},{d},{p:.0f}\n" for a, d, p in zip(area, distance, price, strict=True))
    (folder / "houses.csv").write_text(table)
    (folder / "line.csv").write_text("area,price\n" + "".join(f"{a},{1000 * a:.0f}\n" for a in area))
    for name in ("houses", "line"):
        cr.train(str(folder / f"{name}.csv"), target="price", epochs=150, output=str(folder / f"{name}.safetensors"))
    return folder


def of_model(folder, name="houses"):
    return problem(str(folder / f"{name}.safetensors"), data=str(folder / f"{name}.csv"))


def value(label: Label) -> float:
    """The number at the end of a label: 0.2, y = 0.5."""
    return float(said(label).split()[-1].replace("−", "-"))


def contours(diagram: Diagram) -> list[tuple[Label, tuple[float, float]]]:
    """Each label of a contour, and the place on a line that it tells of: its own middle, or the end of the line to it."""
    labels = [s for s in diagram.shapes if isinstance(s, Label) and s.handle != "tick" and said(s).split()[-1:] and _is_number(s)]
    dots = [s for s in diagram.shapes if isinstance(s, Circle) and s.radius < 2]
    leaders = [line for line in diagram.shapes if isinstance(line, Line) for dot in dots if (line.x1, line.y1) == (dot.x, dot.y)]
    found = []
    for label in labels:
        box = covered(label)
        ends = [(line.x1, line.y1) for line in leaders if box.left <= line.x2 <= box.right and box.top <= line.y2 <= box.bottom]
        found.append((label, ends[0] if ends else (label.x + label.side * (box.right - box.left) / 2, label.y)))
    return found


def _is_number(label: Label) -> bool:
    try:
        value(label)
    except ValueError:
        return False
    return True


def predicted_at(asked, diagram: Diagram, place: tuple[float, float]) -> float:
    """What the network predicts at a place of the picture, in the units of its axes."""
    (context,) = contexts(asked)
    plot = boundary_plot(context)
    axis = next(s for s in diagram.shapes if isinstance(s, Line) and s.kind == "axis" and s.y1 == s.y2)
    x = plot.x.low + (plot.x.high - plot.x.low) * (place[0] - axis.x1) / AREA[0]
    y = plot.y.low + (plot.y.high - plot.y.low) * (axis.y1 - place[1]) / AREA[1]
    inputs, outputs = column_units(context, "x"), column_units(context, "t")
    at = np.array([[x, y]])
    found = context.step.network.predict(at if inputs is None else inputs.numbers(at))
    return float((found if outputs is None else outputs.of(found))[0, 0])


@pytest.mark.parametrize("seed", range(6))
def test_a_contours_label_stands_on_its_own_line_or_is_joined_with_it(seed):
    asked = problem("2-6-1", seed=seed, input="0 0; 1 1; 2 0; -1 2", target="0.3; 0.5; 1; 2")
    diagram = figure(asked, "boundary").content
    (context,) = contexts(asked)
    levels = {said_of(series.label) for series in boundary_plot(context).series if series.label}
    found = contours(diagram)
    assert {said(label) for label, _ in found} == levels
    gap = np.diff(sorted(value(label) for label, _ in found)).min()
    for label, place in found:
        assert predicted_at(asked, diagram, place) == pytest.approx(value(label), abs=gap / 4)


def said_of(runs) -> str:
    return "".join(run.letters for run in runs)


def test_where_contours_are_close_every_label_is_joined_with_its_line():
    asked = problem(**XOR)
    diagram = figure(asked, "boundary").content
    assert collisions(diagram) == []
    found = contours(diagram)
    assert sorted(value(label) for label, _ in found) == [0.2, 0.4, 0.5, 0.6, 0.8]
    for label, place in found:
        assert predicted_at(asked, diagram, place) == pytest.approx(value(label), abs=0.05)


def test_a_model_is_drawn_in_the_units_of_its_columns(houses):
    asked = of_model(houses)
    diagram = figure(asked, "boundary").content
    labels = [said(s) for s in diagram.shapes if isinstance(s, Label)]
    assert {"area", "distance", "50", "100", "150", "200", "10", "20"} <= set(labels)
    assert "The stronger the colour, the larger price. Points: samples." in labels
    found = contours(diagram)
    assert {50000.0, 100000.0} <= {value(label) for label, _ in found}
    for label, place in found:
        assert predicted_at(asked, diagram, place) == pytest.approx(value(label), abs=12000)
    (context,) = contexts(asked)
    table = cr.read(str(houses / "houses.csv"))
    drawn = np.array([(mark.x, mark.y) for mark in boundary_plot(context).marks])
    assert drawn == pytest.approx(np.column_stack([table.column(name).values for name in ("area", "distance")]))


def test_a_line_is_drawn_in_the_units_of_its_columns(houses):
    (context,) = contexts(of_model(houses, "line"))
    plot = boundary_plot(context)
    assert (said_of(plot.x.title), said_of(plot.y.title)) == ("area", "price")
    assert all(mark.y == pytest.approx(1000 * mark.x) for mark in plot.marks)
    assert plot.x.low < 40
    assert plot.x.high > 190


def test_a_model_by_itself_is_drawn_among_its_own_rows(houses, monkeypatch, capsys):
    monkeypatch.chdir(houses)
    own, given = ["figure", "boundary", "own.safetensors"], ["--data", "houses.csv"]
    cr.train("houses.csv", target="price", epochs=3, output="own.safetensors")
    assert main([*own, "-o", "a.svg"]) == main([*own, *given, "-o", "b.svg"]) == 0
    assert (houses / "a.svg").read_text("utf-8") == (houses / "b.svg").read_text("utf-8")
    (houses / "houses.csv").rename("elsewhere.csv")
    try:
        assert main([*own, "-o", "c.svg"]) == 2
        assert "houses.csv) is not here; give it with --data FILE" in capsys.readouterr().err
    finally:
        (houses / "elsewhere.csv").rename("houses.csv")


def test_a_model_without_rows_has_the_units_of_its_columns(houses):
    (context,) = contexts(problem(str(houses / "houses.safetensors"), input="0 0", target="0"))
    assert said_of(boundary_plot(context).x.title) == "area"


def test_numbers_that_nobody_standardised_keep_their_letters():
    (context,) = contexts(problem(**XOR))
    assert said_of(boundary_plot(context).x.title) == "x1"
    assert column_units(context, "x") is None


SCALES = [None, 3, {"x": 3}, {"x": [[0, 0], [0, 0]]}, {"x": [[1, 2]]}, {"x": [["a", 1], [0, 1]]}, {"x": [[math.nan, 1]] * 2}]


@pytest.mark.parametrize("scales", SCALES, ids=str)
def test_scales_of_a_record_from_anywhere_are_not_believed(scales, houses):
    (context,) = contexts(of_model(houses))
    context.step.origin["scales"] = scales
    assert column_units(context, "x") is None
    assert share(boundary_plot(context).x, 0) < 1


@pytest.mark.parametrize(("shape", "steps"), [("v5x1:e3-f-1", 5), ("v5x2:e3-f-1", None), ("v5x3:e4-attn2-2", None)])
def test_tokens_are_stripes(shape, steps):
    plot = boundary_plot(next(iter(contexts(problem(shape, seed=1)))))
    assert (plot.x.low, plot.x.high) == (-0.5, 4.5)
    assert steps is None or len({y for _, y in plot.series[0].points}) == steps
