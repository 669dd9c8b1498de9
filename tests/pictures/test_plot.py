"""Plots as diagrams, contours, and what pictures are drawn with."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collisions import collisions, said
from tests.pictures.test_diagram import contrast, luminance
from tests.samples import examples, some

from chainrule.api.figures import figure
from chainrule.api.problems import problem
from chainrule.notation.conventions import PRESETS
from chainrule.pictures.clipping import clipped
from chainrule.pictures.contours import inner_pieces, loops
from chainrule.pictures.plot import AREA, Mark, Plot, Scale, Series, plot_diagram, share, ticks
from chainrule.pictures.shapes import PENS, Box, Circle, Label, Path, covered, prose_runs
from chainrule.pictures.ticks import multiples, on_log_scale
from chainrule.render.palette import PALETTE

SEED = PRESETS["seed"]


PLOTTED = ("descent", "rates", "curve", "gradients", "boundary")
NETWORKS = ("seed", "article", "mazur", "xor", "vanishing", "12-12-12", "1-1", "2-8-8-3", "784-16-10")


@pytest.mark.parametrize(("name", "source"), some(itertools.product([*PLOTTED, "network", "weights", "sample", "step"], NETWORKS), 7))
def test_labels_never_cover_each_other(source, name):
    diagram = figure(problem(source), name).content
    assert collisions(diagram) == []


@examples(25)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=14))
def test_labels_of_points_anywhere_never_cover_each_other(points):
    marks = tuple(Mark(x, y, "dot", 1, prose_runs(f"point {i} = 0.12345")) for i, (x, y) in enumerate(points))
    diagram = plot_diagram(Plot(Scale(prose_runs("x"), 0, 1), Scale(prose_runs("y"), 0, 1), "points", marks=marks), SEED)
    assert collisions(diagram) == []
    assert sum("point" in said(shape) for shape in diagram.shapes if isinstance(shape, Label)) == len(points)


def test_points_lie_where_the_axes_say():
    plot = Plot(Scale((), -1, 3), Scale((), 0.01, 100, log=True), "", marks=(Mark(1, 1), Mark(3, 100), Mark(-1, 0.01)))
    middle, top, bottom = [shape for shape in plot_diagram(plot, SEED).shapes if isinstance(shape, Circle)]
    assert top.x - bottom.x == pytest.approx(AREA[0])
    assert bottom.y - top.y == pytest.approx(AREA[1])
    assert (middle.x - bottom.x, bottom.y - middle.y) == pytest.approx((AREA[0] / 2, AREA[1] / 2))


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_numbers_at_an_axis_are_round_and_on_it(low, length):
    found = multiples(low, low + length)
    assert 2 <= len(found) <= 9
    assert all(low - 1e-6 * length <= value <= low + length * (1 + 1e-6) for value in found)
    gaps = np.diff(found)
    assert np.allclose(gaps, gaps[0])
    assert f"{gaps[0]:.3g}".strip("-0.").replace("0", "").replace(".", "")[:1] in "125"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.5, 200, ["1", "10", "100"]),
        (0.3, 4, ["0.5", "1", "2"]),
        (1e-9, 1e3, ["10−9", "10−7", "10−5", "10−3", "10−1", "101", "103"]),
    ],
)
def test_powers_at_a_log_axis(low, high, expected):
    assert ["".join(run.letters for run in label) for _, label in ticks(Scale((), low, high, log=True), SEED)] == expected


def test_numbers_at_an_axis_are_in_the_notation():
    assert "0,2" in ["".join(run.letters for run in label) for _, label in ticks(Scale((), 0, 1), PRESETS["german"])]


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=2, max_size=8))
def test_what_is_cut_stays_inside_and_on_its_line(points):
    box = Box(-1, -1, 1, 1)
    pieces = clipped(points, box)
    for x, y in itertools.chain(*pieces):
        assert -1 - 1e-9 <= x <= 1 + 1e-9
        assert -1 - 1e-9 <= y <= 1 + 1e-9
    inside = [point for point in points if max(map(abs, point)) < 1]
    drawn = set(itertools.chain(*pieces))
    assert all(any(math.dist(point, other) < 1e-9 for other in drawn) for point in inside)


def test_a_share_is_between_the_ends():
    assert share(Scale((), 2, 4), 3) == 0.5
    assert share(Scale((), 1, 100, log=True), 10) == pytest.approx(0.5)


# Contours.


def area(loop) -> float:
    """Of what a loop surrounds, with a sign: holes count below 0."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise((*loop, loop[0]))) / 2


AT = np.linspace(-2, 2, 81).tolist()


def values(function):
    return [[function(x, y) for x in AT] for y in AT]


def test_a_circle_is_surrounded():
    (loop,) = loops(values(lambda x, y: 1 - x * x - y * y), 0.0, AT, AT)
    assert abs(area(loop)) == pytest.approx(math.pi, rel=2e-3)
    assert all(math.hypot(x, y) == pytest.approx(1, abs=2e-3) for x, y in loop)
    assert inner_pieces(loop, AT, AT) == [(*loop, loop[0])]


def test_a_ring_has_a_hole():
    found = loops(values(lambda x, y: 0.5 - abs(math.hypot(x, y) - 1)), 0.0, AT, AT)
    assert len(found) == 2
    assert abs(sum(map(area, found))) == pytest.approx(math.pi * (1.5**2 - 0.5**2), rel=5e-3)


def test_what_is_all_inside_is_the_whole_and_has_no_line():
    (loop,) = loops(values(lambda x, y: 1.0), 0.0, AT, AT)
    assert abs(area(loop)) == pytest.approx(16)
    assert inner_pieces(loop, AT, AT) == []
    assert loops(values(lambda x, y: -1.0), 0.0, AT, AT) == []


@given(st.lists(st.lists(st.sampled_from([-1.0, 1.0, 3.0]), min_size=4, max_size=4), min_size=4, max_size=4))
def test_loops_close_and_divide(grid):
    side = [0.0, 1.0, 2.0, 3.0]
    found = loops(grid, 0.0, side, side)
    assert bool(found) == any(value >= 0 for line in grid for value in line)
    for i, j in itertools.product(range(4), repeat=2):
        x, y = min(max(j, 0.001), 2.999), min(max(i, 0.002), 2.998)  # a little off the corners
        crossings = sum(
            (a[1] > y) != (b[1] > y) and x < a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1])
            for loop in found
            for a, b in itertools.pairwise((*loop, loop[0]))
        )
        if 0 < i < 3 and 0 < j < 3:
            assert crossings % 2 == (grid[i][j] >= 0)


# Colours.


def test_forms_tell_what_colours_tell():
    """In grey, what is lit is more than twice as wide as what is not, and shades of areas are apart."""
    assert PENS["lit"].stroke > 2 * PENS["faint"].stroke
    shades = [0.0, *sorted(pen.fill for kind, pen in PENS.items() if kind in ("area", "shade", "deep"))]
    ground, colour = luminance("#ffffff"), luminance(PALETTE[5].light)
    mixed = [ground + (colour - ground) * fill for fill in shades]
    assert all(a - b > 0.06 for a, b in itertools.pairwise(mixed))


DEFECTS = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}
"""Machado, Oliveira and Fernandes (2009), of severity 1, on linear light."""


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize("pair", [(0, 1), (1, 4), (5, 7), (4, 9), (1, 7)])
def test_colours_that_stand_beside_each_other_differ_for_everybody(defect, pair):
    def seen(number: int) -> np.ndarray:
        colour = PALETTE[number].light
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        return np.clip(np.array(DEFECTS[defect]) @ np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4), 0, 1)

    assert np.abs(np.cbrt(seen(pair[0])) - np.cbrt(seen(pair[1]))).max() > 0.05


def test_marks_are_seen_on_the_darkest_shade():
    ground, shade, mark = (luminance(c) for c in ("#ffffff", PALETTE[5].light, PALETTE[6].light))
    below = ground + (shade - ground) * PENS["deep"].fill
    assert (below + 0.05) / (mark + 0.05) > 3
    assert contrast("#ffffff", PALETTE[9].light) > 4.5


def test_a_label_without_room_stands_below_the_axes():
    """And a number stands for it at its point, where there is room for that."""
    marks = tuple(Mark(0.5, 0.5, "", 1, prose_runs("x" * 60 + str(i))) for i in range(60))
    diagram = plot_diagram(Plot(Scale((), 0, 1), Scale((), 0, 1), "", marks=marks), SEED)
    assert collisions(diagram) == []
    written = [said(shape) for shape in diagram.shapes if isinstance(shape, Label)]
    below = [text for text in written if text.startswith("(") and "x" in text]
    assert below
    assert all(sum(text.endswith("x" + str(i)) for text in written) == 1 for i in range(60))
    references = [text.split()[0] for text in below]
    assert references == [f"({k})" for k in range(1, len(below) + 1)]
    assert references[0] in written


def test_a_label_hides_no_point():
    marks = tuple(Mark(0.5 + 0.02 * i, 0.5, "dot", 1, prose_runs(f"a rather long label of point {i}")) for i in range(24))
    shapes = plot_diagram(Plot(Scale((), 0, 1), Scale((), 0, 1), "", marks=marks), SEED).shapes
    points = [Box(s.x - s.radius, s.y - s.radius, s.x + s.radius, s.y + s.radius) for s in shapes if isinstance(s, Circle)]
    labels = [s for s in shapes if isinstance(s, Label) and "label" in said(s)]
    assert len(labels) == len(points) == 24
    assert [said(label) for label in labels if any(covered(label).overlaps(point) for point in points)] == []


def test_epochs_are_whole_numbers():
    assert ticks(Scale((), 0.98, 3.02, whole=True), SEED) == [(1.0, prose_runs("1")), (2.0, prose_runs("2")), (3.0, prose_runs("3"))]
    assert ticks(Scale((), 0.98, 1.02, whole=True), SEED) == [(1.0, prose_runs("1"))]


@given(st.floats(1e-9, 1e6), st.floats(1.01, 1e12))
def test_numbers_at_a_log_axis_are_on_it(low, factor):
    found = on_log_scale(low, low * factor)
    assert 1 < len(found) <= 13
    assert all(low * (1 - 1e-6) <= value <= low * factor * (1 + 1e-6) for value in found)
    assert sorted(set(found)) == found


def test_a_curve_that_leaves_the_picture_is_cut():
    series = Series(tuple((x / 50, 1e3 * (x / 50) ** 2) for x in range(51)), "curve", 7, prose_runs("E"))
    diagram = plot_diagram(Plot(Scale((), 0, 1), Scale((), 0, 1), "", series=(series,)), SEED)
    assert any(said(shape) == "E" for shape in diagram.shapes if isinstance(shape, Label))
    (path,) = [shape for shape in diagram.shapes if isinstance(shape, Path)]
    assert min(y for loop in path.loops for _, y in loop) >= 0
