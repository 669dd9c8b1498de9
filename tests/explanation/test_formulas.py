"""Documents about formulas: every equation in them is true, and they say what the formula says."""

import ast
import contextlib
import io
import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from tests import equations as reader
from tests.formula.test_grammar import NUMBERS, REASSIGNED, inputs_of, programs, reading_of, text_of
from tests.render.test_golden import assert_readable, contradictions, written
from tests.samples import examples

import chainrule as cr
from chainrule.api.formulas import formula_code, read_formula
from chainrule.base.errors import InputError, UnknownNameError
from chainrule.document.document import BoxGraph, Document, TableBlock
from chainrule.engines.plain import names
from chainrule.notation.labels import TypedLabels
from chainrule.notation.numbers import meant
from chainrule.notation.text import formula_text
from chainrule.render.plain import plain

ISSUE = "c = a + b; d = a*b + b^3; f = c*d"


def known(formula: str, numbers: dict[str, float]) -> dict[str, object]:
    """The number behind each printed letter and each printed ∂f/∂ of one, as Python's floats have them."""
    reading, given = read_formula(formula, numbers)
    calculation, values = reading.calculation, reading.at(given)
    letters = (*calculation.inputs, *calculation.quantities)
    labels = TypedLabels(letters=letters)
    found = {formula_text(labels.label(node.name)): meant(values[node]) for node in letters}
    return {**found, **{formula_text(labels.label(gradient.name)): meant(values[gradient]) for gradient in calculation.gradients.values()}}


def assert_true(document: Document, formula: str, numbers: dict[str, float]) -> None:
    values = known(formula, numbers)
    euler = {"e": values["e"]} if "e" in values else {}
    for _, equation in written(without_graphs(document)):
        assert reader.check(equation, euler).false == []
        assert contradictions(equation, values) == []
    for vertex in (vertex for graph in graphs(document) for vertex in graph.vertices):
        for (line,) in vertex.gradients:
            assert contradictions(formula_text(line), values) == []
        for (number,) in vertex.values:
            assert contradictions(f"{formula_text(vertex.label)} = {formula_text(number).removeprefix('≈')}", values) == []


def graphs(document: Document) -> list[BoxGraph]:
    return [block for section in document.sections for block in section.blocks if isinstance(block, BoxGraph)]


def without_graphs(document: Document) -> Document:
    """Their lines of text are no equations: c = a + b, −2, ∂f/∂c = 3."""
    sections = (
        replace(section, blocks=tuple(block for block in section.blocks if not isinstance(block, BoxGraph)))
        for section in document.sections
    )
    return replace(document, sections=tuple(section for section in sections if section.blocks))


FORMULAS = {
    "the issue's": (ISSUE, {"a": -4, "b": 2}),
    "somewhere else": (ISSUE, {"a": 0.3, "b": -1.7}),
    "reassigned": (REASSIGNED, {}),
    "a neuron": ("z = w*x + b; y = σ(z); E = (y - t)^2/2", {"w": 0.5, "x": 2, "b": -0.3, "t": 1}),
    "a direct way": ("c = a + b; f = c*a + ln(a)", {"a": 1.5, "b": 2}),
    "copies": ("c = a; d = c; f = d", {"a": 3}),
    "unused": ("c = a*2; f = b^2", {"a": 1, "b": 3}),
    "e is a letter": ("e = a - b; g = exp(e) + e^2", {"a": 1, "b": 0.25}),
    "digits in names": ("h1 = x1*w_1; h2 = tanh(h1)*x1; E = (h1 - h2)^2", {"x1": 0.5, "w_1": -2}),
    "functions": ("c = softplus(a) + max(a, b) + abs(b); f = sqrt(c)*cos(b) - erf(a)/tan(b)", {"a": 0.5, "b": -2}),
    "activations": ("f = leaky_relu(a) + gelu(b) + silu(a)*elu(a)", {"a": -0.5, "b": 1.25}),
    "letters in an exponent": ("f = a^b + 2^a", {"a": 2.5, "b": 1.5}),
    "many ways": ("; ".join(["c0 = a + 1", *(f"c{i} = c{i - 1}*0.5 + a" for i in range(1, 8))]), {"a": 2}),
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("asked", [{}, {"detail": "overview"}, {"digits": 3}, {"weight": "first"}, {"weight": "last"}], ids=str)
def test_every_equation_is_true(name, asked):
    formula, numbers = FORMULAS[name]
    calculation = read_formula(formula, numbers)[0].calculation
    letter = {"first": calculation.inputs[0], "last": calculation.result}.get(asked.get("weight", ""))
    document = cr.explain_formula(formula, numbers, **(asked if letter is None else {"weight": letter.symbol}))
    assert_readable(document)
    assert_true(document, formula, numbers)


@given(programs(["sin", "tanh", "sigmoid", "relu"]), NUMBERS, NUMBERS)
@examples(40)
def test_every_equation_about_a_random_formula_is_true(lines, a, b):
    reading = reading_of(lines)
    numbers = {name: number for name, number in {"a": a, "b": b}.items() if name in inputs_of(reading)}
    try:
        document = cr.explain_formula(text_of(lines), numbers)
    except InputError:  # a point without a number
        assume(False)
    assert_true(document, text_of(lines), numbers)


def test_the_example_of_the_issue():
    printed = plain(cr.explain_formula("c = a + b; d = a*b + b^3; f = c*d", "a=-4 b=3")).replace("\n", " ")
    printed = " ".join(printed.split())
    assert "c = a + b = −4 + 3 = −1" in printed
    assert "∂d/∂b = a + 3 · b^2 = −4 + 3 · 3^2 = 23" in printed
    assert "∂f/∂b = ∂f/∂d · ∂d/∂b + ∂f/∂c · ∂c/∂b" in printed
    assert "= −1 · 23 + 15 = −8" in printed


def sections(document: Document) -> list[str]:
    return [section.key for section in document.sections]


def test_what_is_told_fits_the_formula():
    assert sections(cr.explain_formula(ISSUE, "a=1 b=2")) == ["formula", "forward", "local", "backward", "check"]
    longer = cr.explain_formula("c = a*2; d = c + 1; f = d*c", "a=1")
    assert sections(longer) == ["formula", "forward", "local", "backward", "paths", "check"]
    assert "∂f/∂a = ∂f_direct/∂c · ∂c/∂a + ∂f/∂d · ∂d/∂c · ∂c/∂a" in plain(longer).replace("\n          ", " ")
    many = plain(cr.explain_formula(REASSIGNED)).replace("\n", " ")
    assert "there are 10 ways" in many


def test_the_graph_has_a_box_for_each_letter_and_an_arrow_for_each_use():
    document = cr.explain_formula(ISSUE, "a=1 b=2")
    graph = next(block for block in document.section("formula").blocks if isinstance(block, BoxGraph))
    assert [formula_text(vertex.label) for vertex in graph.vertices] == ["a", "b", "c", "d", "f"]
    assert set(graph.arrows) == {(0, 2), (1, 2), (0, 3), (1, 3), (2, 4), (3, 4)}
    assert "c = a + b" in graph.alt


def test_one_letter_alone_lights_its_ways():
    document = cr.explain_formula("c = a + b; f = c*a", "a=1 b=2", weight="b")
    graph = next(block for block in document.section("formula").blocks if isinstance(block, BoxGraph))
    assert graph.highlighted == ("n1", "n2", "n3", "e1", "e2")
    assert sections(document) == ["formula", "chain", "check"]
    assert "does not depend on a" in plain(cr.explain_formula("c = a*2; f = b", "a=1 b=1", weight="a"))
    with pytest.raises(UnknownNameError, match=r"no letter of the formula is called 'q'\. Known: a, b, c, f\."):
        cr.explain_formula("c = a + b; f = c*a", "a=1 b=2", weight="q")


def test_what_flows_along_the_edges_adds_up():
    for formula, numbers in FORMULAS.values():
        document = cr.explain_formula(formula, numbers, exact=False, digits=17)
        (table,) = (block for block in document.section("backward").blocks if isinstance(block, TableBlock))
        flows: dict[str, float] = {}
        for edge, _, _, (passes,) in table.rows:
            letter = formula_text(edge[-1])
            flows[letter] = flows.get(letter, 0) + float(passes.value)
        values = known(formula, numbers)
        (result,) = {name.partition("/")[0] for name in values if name.startswith("∂")}
        for letter, total in flows.items():
            assert total == pytest.approx(float(values[f"{result}/∂{letter}"]), rel=1e-9, abs=1e-9)


def test_a_kink_is_said_and_a_smooth_point_is_not_called_one():
    assert "has a kink" in plain(cr.explain_formula("relu(a)*2", "a=0"))
    for formula, numbers in FORMULAS.values():
        assert "has a kink" not in plain(cr.explain_formula(formula, numbers))


def test_fractions_are_fractions():
    printed = plain(cr.explain_formula(ISSUE + "/3", "a=-1/2 b=1/3", exact=True))
    assert "c = a + b = −1/2 + 1/3 = −1/6" in printed
    assert "0.1666" not in printed.partition("Check by")[0]


def test_letters_are_those_that_were_typed_in_every_notation():
    formula, numbers = "y = W*x + t; E = (y - h)^2", {"W": 2, "x": 3, "t": 1, "h": 4}
    for notation in ("nielsen", "ng", "bishop", "german"):
        printed = plain(cr.explain_formula(formula, numbers, notation=notation))
        assert "y = W · x + t = 2 · 3 + 1 = 7" in printed
        assert "∂E/∂y = 2 · (y − h) = 2 · (7 − 4) = 2 · 3 = 6" in printed


def test_words_and_commas_of_another_language():
    printed = plain(cr.explain_formula("a*b", "a=0.5 b=3", notation="german"))
    assert "Kettenregel" in printed
    assert "f = a · b = 0,5 · 3 = 1,5" in printed


POINTS = [
    (None, 'a and b have no number; give at="a=… b=…".'),
    ("a=1", "b has no number"),
    ("a=1 b=2 q=3", "no letter of the formula is called 'q'."),
    ("a=1 b=2 c=3", "the formula says itself what c is"),
    ("a=1 b=2 a=3", "a is given twice"),
    ("a=-5,612 b=2", "write -5.612 if it is a decimal one, -5612 if it separates thousands."),
    ("a 1, b 2", 'numbers are given as "a=-4 b=2".'),
    ("a=1b=2", "a space, a comma or ; is missing"),
    ("a=x b=2", "a takes a number"),
    ("a=1/0 b=2", "no number to compute with"),
    ("a=1e999 b=2", "no number to compute with"),
    ({"a": True, "b": 1}, "a must be a number, not True."),
    ({"a": math.nan, "b": 1}, "a must be a number, not nan."),
    ({"a": "one", "b": 1}, "a must be a number, not 'one'."),
]


@pytest.mark.parametrize(("at", "message"), POINTS)
def test_numbers_that_cannot_be_used(at, message):
    with pytest.raises(InputError) as error:
        cr.explain_formula("c = a + b; f = c*a", at)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "at", ["a=-4 b=0.5", "a = -4, b = .5", "b=1/2;a=−4", "a=-4e0\nb=5e-1", {"a": -4, "b": Fraction(1, 2)}, {"a": "-4", "b": "1/2"}]
)
def test_numbers_as_people_write_them(at):
    assert "c = a + b = −4 + 0.5 = −3.5" in plain(cr.explain_formula("c = a + b; f = c*a", at))


def test_letters_side_by_side_are_asked_about():
    with pytest.raises(InputError, match=r"ab has no number.*If the letters are multiplied, write a\*b."):
        cr.explain_formula("f = a*b + ab", "a=1 b=2")
    with pytest.raises(InputError, match=r"Euler's number is written exp\(1\)"):
        cr.explain_formula("f = a + e", "a=1")


def test_a_formula_that_is_too_large_is_drawn_no_more_but_explained():
    lines = "; ".join(["c0 = a*2", *(f"c{i} = c{i - 1} + a" for i in range(1, 60))])
    document = cr.explain_formula(lines, "a=1")
    assert not any(isinstance(block, BoxGraph) for section in document.sections for block in section.blocks)
    assert "c59 = c58 + a = 60 + 1 = 61" in plain(document)


def run(source: str) -> dict[str, float]:
    """What a printed program computes, which takes nothing but `math`."""
    imported = {alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= {"math"}
    space: dict[str, float] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(source, "a formula", "exec"), space)  # noqa: S102  # our own text
    return space


@pytest.mark.parametrize("name", FORMULAS)
def test_the_printed_program_computes_the_same(name):
    formula, numbers = FORMULAS[name]
    space = run(formula_code(formula, numbers))
    reading, given = read_formula(formula, numbers)
    values = reading.at(given)
    for node, variable in names(reading.calculation).items():
        assert space[variable] == pytest.approx(values[node], rel=1e-12, abs=1e-12)


def test_no_variable_of_a_program_hides_another():
    source = formula_code("lambda = math*2; grad_math = lambda + max; f = grad_math*print", "math=2 max=3 print=4")
    assert run(source)["f"] == 28


def test_the_cells_of_a_notebook_check_themselves():
    for formula, numbers in (FORMULAS["reassigned"], FORMULAS["functions"]):
        run("\n".join(cr.explain_formula(formula, numbers).programs()))
