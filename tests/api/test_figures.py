"""Figures: parts of explanations as pictures."""

from __future__ import annotations

import io
import re
import sys
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pypdf
import pytest
from tests.collisions import collisions
from tests.samples import some

import chainrule as cr
from chainrule.api.figures import FIGURES, Figure, figure
from chainrule.api.problems import problem
from chainrule.base.errors import ChainruleError, FileError, InputError, UnknownNameError
from chainrule.cli import main
from chainrule.document.document import GridBlock
from chainrule.explanation.explain import contexts
from chainrule.explanation.figures import without_prose
from chainrule.explanation.predictions import boundary_plot
from chainrule.notation.numbers import number_formula
from chainrule.notation.text import formula_text
from chainrule.pictures.shapes import Diagram, Label
from chainrule.render.pdf import compile_typst

LAYERS = {"windows": "4x4x1:c1k2-1", "gates": "3x1:lstm1-1", "attention": "v3x2:e2-attn1-1"}
"""What is drawn of networks with layers of its kind only."""

OF_EVERY_NETWORK = [name for name in FIGURES if name not in LAYERS]

DRAWN = ("network", "weights", "sample", "step", "descent", "rates", "curve", "gradients", "boundary", *LAYERS)
"""What we draw ourselves; everything else is set by Typst."""

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('$x')</script> \\input{x} \"a\" שלום 🙂 #x"


@cache
def made(source: str, name: str) -> Figure:
    return figure(problem(source), name)


def words(diagram: Diagram) -> str:
    """Every letter of a diagram, in the order in which it is drawn."""
    root = ElementTree.fromstring(Figure("", diagram).rendered("svg"))
    return " ".join("".join(label.itertext()) for label in root.iter(f"{SVG}text")).replace("\u00a0", " ")


@pytest.mark.parametrize("name", some(FIGURES, 2))
def test_every_figure_is_drawn_in_every_format(name, tmp_path):
    for suffix in (".svg", ".png", ".pdf"):
        made(LAYERS.get(name, "seed"), name).save(tmp_path / f"x{suffix}")
    root = ElementTree.fromstring((tmp_path / "x.svg").read_text("utf-8"))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text
    assert "prefers-color-scheme: dark" in root.find(f"{SVG}style").text
    assert not [node for node in root.iter() if node.tag.endswith("script") or node.get("href", "#")[0] != "#"]
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    (page,) = pypdf.PdfReader(io.BytesIO((tmp_path / "x.pdf").read_bytes())).pages  # Typst refuses what is not PDF/UA-1
    assert float(page.mediabox.width) < (
        660 if name in ("step", "attention") else 560
    )  # a step has each weight before and after it, attention four planes


def test_what_we_draw_ourselves_needs_no_typst(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    for name in FIGURES:
        if name in DRAWN:
            assert made(LAYERS.get(name, "seed"), name).rendered("svg").startswith("<svg")
        else:
            with pytest.raises(
                InputError, match=r'SVG is set by the package typst, which is not installed: pip install "chainrule\[pdf\]"'
            ):
                made("seed", name).rendered("svg")
    with pytest.raises(InputError, match="PNG is set by the package typst"):
        made("seed", "network").rendered("png")


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_inside_a_layer_is_drawn_where_there_is_such_a_layer(name):
    diagram = made(LAYERS[name], name).content
    section = problem(LAYERS[name]).explain().section("inside")
    planes = [block for block in section.blocks if isinstance(block, GridBlock)]
    cells = [formula_text(part) if not isinstance(part, str) else part for plane in planes for row in plane.rows for (part,) in row]
    assert not Counter(word for cell in cells for word in cell.split()) - Counter(words(diagram).split())
    with pytest.raises(InputError, match="this network has no"):
        made("seed", name)


def test_a_figure_is_no_wider_than_what_it_holds():
    widths = {}
    for name in ("error", "closed-forms", "expanded", "forward"):
        page = pypdf.PdfReader(io.BytesIO(made("seed", name).rendered("pdf"))).pages[0]
        places = []
        page.extract_text(
            visitor_text=lambda sign, cm, tm, *_, places=places: places.append(tm[4] * cm[0] + cm[4]) if sign.strip() else None
        )
        widths[name] = float(page.mediabox.width)
        assert max(places) > 0.6 * widths[name]
    assert widths["error"] < widths["closed-forms"] < widths["expanded"]


def test_a_figure_has_no_prose():
    section = problem("seed").explain().section("forward")
    kept = without_prose(section)
    assert {type(block).__name__ for block in kept.blocks} == {"Equations", "Subheading"}
    assert [block for block in kept.blocks if block in section.blocks] == list(kept.blocks)
    with pytest.raises(InputError, match="there is nothing to be drawn: Every gradient"):
        without_prose(replace(section, blocks=problem("seed").explain().section("weights").blocks[:1]))


def test_what_was_left_out_is_dots():
    said = figure(problem("2-4-4-1"), "new-weights", detail="scalar").rendered("svg").decode()
    assert "; …; " in ElementTree.fromstring(said).find(f"{SVG}desc").text


# The numbers.


def test_the_numbers_are_those_of_the_step(tmp_path):
    page = pypdf.PdfReader(io.BytesIO(made("seed", "new-weights").rendered("pdf"))).pages[0]
    printed = re.sub(r"\s", "", page.extract_text())
    for number in ("0.3743488", "0.8065232", "0.3043296", "0.1914944", "0.980288", "0.3172032"):
        assert number in printed


@pytest.mark.parametrize("source", ["seed", "mazur", "xor"])
def test_a_whole_step_shows_every_number_of_its_first_sample(source):
    step, printed = problem(source).step(), words(made(source, "step").content)

    def check(values):
        for value in np.ravel(values):
            assert formula_text(number_formula(value, step.network.notation)) in printed

    check(step.x[0])
    check(step.t[0])
    check(step.error)
    for key in ("W1", "W2"):
        check(step.parameters[key])
        check(step.new_parameters[key])
    for key in ("h1", "y"):
        check(step.values[key][0])
    for key in ("delta1", "delta2") if source != "seed" else ("dh1", "dy"):
        check(step.values[key][0])


def test_descent_shows_the_weight_its_slope_and_where_it_goes():
    printed = words(figure(problem("seed"), "descent", weight="w6").content)
    for part in ("w6 = 0.16, E = 1.59561248", "w6 ← 0.3172032, E ≈", "∂E/∂w6 = −3.144064", "this step: +0.1572032"):
        assert part in printed


def test_the_error_along_a_weight_is_that_of_the_network_with_it():
    network = problem("seed").network
    moved = network.with_weights([0.21, 0.56, 0.19, 0.02, 0.23, 0.3172032])
    error = moved.step(x=[[8, 12]], t=[[4]]).error
    assert f"E ≈ {error:.6g}"[:10] in words(figure(problem("seed"), "descent", weight="w6").content)


def test_the_curve_of_so_many_steps_begins_as_they_do():
    errors = [float(step.error) for step, _ in zip(problem("seed", learning_rate=0.01).steps(), range(4), strict=False)]
    said = figure(problem("seed", learning_rate=0.01), "curve", steps=4)
    marks = list(ElementTree.fromstring(said.rendered("svg")).iter(f"{SVG}circle"))
    assert len(marks) == len(errors)
    heights = [-float(mark.get("cy")) for mark in marks]
    assert np.argsort(heights).tolist() == np.argsort(errors).tolist()


def test_later_steps():
    first, third = (words(figure(problem("seed", learning_rate=0.01), "sample", step=k).content) for k in (1, 3))
    assert first == third
    assert words(figure(problem("seed", learning_rate=0.01), "weights", step=3).content) != words(made("seed", "weights").content)


# What lies where.


def test_the_ways_of_a_weight_are_lit():
    first = figure(problem("mazur"), "chain", weight="w1").content.sections[0].blocks[0]
    assert set(first.highlighted) == {"e0-0-0", "n1-0", "e1-0-0", "e1-0-1", "n2-0", "n2-1", "e2-0-0", "e2-1-0", "n3-0"}
    last = figure(problem("2-2-2"), "chain", weight="b4").content.sections[0].blocks[0]
    assert set(last.highlighted) == {"n1-2", "e1-2-1", "n2-1", "e2-1-0", "n3-0"}
    of_all_units = figure(problem("mazur"), "chain", weight="b2").content.sections[0].blocks[0]
    assert set(of_all_units.highlighted) == {"n1-2", "e1-2-0", "e1-2-1", "n2-0", "n2-1", "e2-0-0", "e2-1-0", "n3-0"}


def test_a_unit_that_is_left_out_is_drawn_for_its_weight():
    picture = figure(problem("12-12-12"), "chain", weight="hidden1.W[5,7]").content.sections[0].blocks[0]
    assert picture.units[:2] == ((0, 4, 11), (0, 6, 11))
    assert "e0-1-1" in picture.highlighted


def test_a_step_moves_for_those_who_want_it_to():
    style = ElementTree.fromstring(made("seed", "step").rendered("svg")).find(f"{SVG}style").text
    still, moving = style.split("@media (prefers-reduced-motion: no-preference)")
    assert "animation" not in still
    assert ".passing { opacity: 0; }" in still
    assert ".t1" in moving
    groups = [node.get("class") for node in ElementTree.fromstring(made("seed", "step").rendered("svg")).iter(f"{SVG}g")]
    turns = {int(kind.split()[-1][1:]) for kind in groups if kind.startswith("turn")}
    assert turns == {1, 2, 3, 4, 5, 6, 7, 8}  # inputs, two layers, error, two layers back, weights, the whole


# Others than the seed.


@pytest.mark.parametrize("source", some(["vanishing", "784-128-10", "12-12-12", "1-1"], lambda name: name == "1-1"))
def test_other_networks_have_the_figures_that_make_sense(source, tmp_path):
    refused = {}
    for name in OF_EVERY_NETWORK:
        try:
            figure(problem(source), name).save(tmp_path / "x.svg")
        except ChainruleError as error:
            refused[name] = str(error)
        else:
            ElementTree.parse(tmp_path / "x.svg")
    assert refused == {}


def test_a_map_of_more_inputs_shows_the_first_two_where_the_others_are_as_in_the_first_sample():
    x = [[0, 1, 5, 2], [1, 0, 5, 2], [1, 1, 4, 2]]
    (context,) = contexts(problem("4-2-1", input=x, target="1; 0; 1"))
    plot = boundary_plot(context)
    assert [(mark.x, mark.y) for mark in plot.marks if mark.form != ""] == [(0, 1), (1, 0)]
    assert "those of the first sample" in str(plot.notes)


def test_classes_have_forms_and_names():
    asked = problem("2-4-3", loss="cross_entropy", input="0 0; 1 1; 2 0", target="1 0 0; 0 1 0; 0 0 1")
    root = ElementTree.fromstring(figure(asked, "boundary").rendered("svg"))
    kinds = [node.get("class").split()[0] for node in root.iter() if node.get("class")]
    assert {"dot", "ring"} <= set(kinds)
    assert "area" in kinds
    assert "● y1, ∘ y2, ■ y3" in words(figure(asked, "boundary").content)


@pytest.mark.parametrize(("loss", "target", "decision"), [("binary_cross_entropy", "0; 1", "0.5"), ("hinge", "-1; 1", "0")])
def test_two_classes_have_a_line_between(loss, target, decision):
    printed = words(figure(problem("2-3-1", loss=loss, input="0 1; 1 0", target=target), "boundary").content)
    assert f"Line: y = {decision}, where the decision changes." in printed


def test_gradients_that_vanish_are_named():
    printed = words(made("vanishing", "gradients").content)
    assert "3.6 · 10−6" in printed
    printed = words(figure(problem("2-2-1", weights="0 0 0 0 0 0", target="0", bias=False), "gradients").content)
    assert "0: every gradient of these weights is 0." in printed
    assert "Rings" not in printed


def test_numbers_that_left_all_bounds_are_no_curve():
    with pytest.raises(InputError, match="no curve to be drawn"):
        figure(problem("seed", weights="1e200 1 1 1 1e200 1"), "descent")


@pytest.mark.parametrize(
    "asked",
    [
        {"source": "1-1", "weights": "2", "bias": False, "input": "1", "target": "2"},  # no error
        {"source": "2-2-1", "input": "1e-300 1e-300", "target": "1e-300"},
        {"source": "2-2-1", "input": "1e15 -1e15", "target": "1e12"},
        {"source": "1-1", "learning_rate": 5000.0},
        {"source": "seed", "learning_rate": 1e-30},
        {"source": "2-2-1", "weights": "0 0 0 0 0 0", "bias": False},
        {"source": "2-3-1", "input": "1e9 1; 1.0000000001e9 1", "target": "0; 1", "loss": "binary_cross_entropy"},
    ],
    ids=str,
)
def test_curves_of_odd_numbers_are_drawn(asked):
    for name in ("descent", "rates", "curve", "gradients", "boundary"):
        diagram = figure(problem(**asked), name).content
        assert collisions(diagram) == []
        assert sum(isinstance(shape, Label) and shape.handle == "tick" for shape in diagram.shapes) >= 4


def test_a_step_that_is_too_small_to_be_seen_is_said_and_the_curve_is_drawn_where_it_bends():
    printed = words(figure(problem("seed", learning_rate=1e-12), "descent").content)
    assert "This step, ≈ +3.28698 · 10−12, is too small to be seen here." in printed
    assert "w1 ←" not in printed
    assert "w1 ←" in words(figure(problem("seed", learning_rate=1e-4), "descent").content)


def test_rates_are_drawn_where_no_simulation_says_which_lower_the_error():
    learned = problem("1-1", weights="2", bias=False, input="1", target="2")
    printed = words(figure(learned, "rates").content)
    assert "Which rates lower it is not known here." in printed
    assert "used: η = 0.05" in printed
    assert "not known" not in words(made("seed", "rates").content)


def test_biases_have_figures_and_frozen_ones_no_update():
    assert "b1 = 0.35" in words(figure(problem("mazur"), "descent", weight="b1").content)
    with pytest.raises(InputError, match="nothing to be drawn: Left as they are"):
        figure(problem("mazur"), "update", weight="b1")


def test_a_persons_words_are_data_in_every_figure(tmp_path):
    asked = replace(problem("seed"), features=(HOSTILE, "b"), targets=(HOSTILE,), title=HOSTILE)
    for name in OF_EVERY_NETWORK:
        for format in ("svg", "pdf"):
            written = figure(asked, name).rendered(format)
            if format == "svg":
                root = ElementTree.fromstring(written)
                assert not [node for node in root.iter() if node.tag.endswith("script")]
    assert "<script>alert('$x')" in words(figure(asked, "network").content)


@pytest.mark.parametrize("format", ["svg", "png"])
def test_signs_without_a_glyph_are_shown_by_their_numbers(format):
    page = '#set document(title: "x")\n#set page(width: auto, height: auto)\n'
    unknown, numbered = (compile_typst(f"{page}a {sign} b", "x", format) for sign in ("\U0010fffd", "[U+10FFFD]"))
    assert unknown == numbered


def test_german_figures_have_german_words():
    said = words(figure(problem("seed", notation="german"), "step").content)
    assert "Eingabeschicht" in said
    assert "1,59561248" in said


def test_exact_numbers():
    assert "28123/8750" not in words(figure(problem("seed"), "step", exact=True).content)
    assert "2767/1250" in words(figure(problem("seed"), "step", exact=True).content)


def test_a_figure_shows_itself_in_a_notebook():
    assert made("seed", "network")._repr_svg_().startswith("<svg")
    assert made("seed", "error")._repr_svg_().startswith("<svg")


def test_a_notebook_that_is_not_trusted_shows_the_picture_too():
    """There is no SVG there, but a picture in HTML; its data come from nowhere else."""
    shown = made("seed", "network")._repr_html_()
    assert re.fullmatch(r'<img alt="[^"<>]+" src="data:image/svg\+xml;base64,[\w+/=]+" />', shown)
    assert b64decode(re.search('base64,([^"]+)', shown)[1]).startswith(b"<svg")
    assert repr(made("seed", "network")) == f"<Figure: {made('seed', 'network').title}>"


def test_the_curve_of_a_trained_model(tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    assert main(["train", "data:iris", "--target", "species", "--hidden", "4", "--epochs", "5", "--quiet", "-o", str(path)]) == 0
    assert main(["figure", "curve", str(path), "-o", str(tmp_path / "x.svg")]) == 0
    printed = "".join(ElementTree.parse(tmp_path / "x.svg").getroot().itertext())
    assert "epoch" in printed
    assert "validation" in printed
    with pytest.raises(InputError, match="network needs a step"):
        figure(cr.Model.load(path), "network")


# The command.


def test_one_weight(tmp_path, capsys):
    path = tmp_path / "chain.svg"
    assert main(["figure", "chain", "mazur", "--weight", "w5", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    assert "The weight w5" in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["figure", "netwrok", "-o", "x.svg"], "no figure is called 'netwrok'. Did you mean 'network'?"),
        (["figure", "network"], "say where to draw it, as chainrule figure network -o network.svg."),
        (["figure", "network", "-o", "x.gif"], ".gif is unknown. Known: .svg, .png, .pdf"),
        (["figure", "network", "-o", "missing/x.svg"], "missing/x.svg cannot be written"),
        (["figure", "chain", "--weight", "w9", "-o", "x.svg"], "there is no w9"),
        (["figure", "curve", "none.safetensors", "-o", "x.svg"], "none.safetensors"),
    ],
)
def test_bad_input(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_list_of_figures(capsys):
    assert main(["figure"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FIGURES)


def test_errors_have_their_kinds():
    with pytest.raises(UnknownNameError):
        figure(problem("seed"), "nothing")
    with pytest.raises(FileError):
        made("seed", "network").save("x.doc")


@cache
def step_with_a_skip():
    def network(x):
        h = cr.dense(3, "tanh")(x)
        return cr.dense(1)(h + cr.dense(3, "tanh")(h))

    return cr.Network(2, network).step([[0.5, -1]], [[1]])


@pytest.mark.parametrize("name", OF_EVERY_NETWORK)
def test_every_figure_of_a_network_with_a_skip_is_drawn_or_says_what_it_needs(name):
    made = figure(step_with_a_skip(), name)
    assert made.title
    if name in ("network", "weights", "sample", "step"):
        assert "dense, tanh" in words(made.content)


def test_a_map_is_that_of_the_first_output_and_says_which():
    def two(x):
        h = cr.dense(3, "tanh")(x)
        return {"price": cr.dense(1)(h), "age": cr.dense(1)(h)}

    assert "yprice" in words(figure(cr.Network(2, two).step([[1, 2]], [[0, 1]]), "boundary").content)
    assert "yprice" in words(figure(cr.Network(1, two).step([[1]], [[0, 1]]), "boundary").content)


def test_a_map_calls_each_axis_by_its_own_input():
    network = cr.Network({"x": 1, "v": 1}, lambda x, v: cr.dense(1)(cr.dense(2, "tanh")(x) + cr.dense(2, "tanh")(v)))
    said = words(figure(network.step([[0.5, 1]], [[1]]), "boundary").content)
    assert {"x1", "v1"} <= set(said.split())


@pytest.mark.parametrize(("name", "weight"), [("4-6-3", "w1"), ("mazur", "w1"), ("seed", "w1")])
def test_a_step_on_an_error_that_is_as_good_as_straight_is_wide(name, weight):
    from chainrule.explanation.context import Context
    from chainrule.explanation.plots import descent_plot
    from chainrule.network.elements import find_element

    step = problem(name).step()
    plot = descent_plot(Context(step, "scalar", step.network.notation), find_element(step.network, weight))
    old, new = (mark.x for mark in plot.marks)
    share = abs(new - old) / (plot.x.high - plot.x.low)
    (first, *_, last), tangent = plot.series[0].points, plot.series[1].points
    slope = (tangent[1][1] - tangent[0][1]) / (tangent[1][0] - tangent[0][0])
    bends = abs((last[1] - first[1]) / (last[0] - first[0]) - slope) > 0.1 * abs(slope)
    assert share > (0.04 if bends else 0.2)
    assert bends == (name == "seed")
