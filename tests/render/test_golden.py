"""Documents: the kept ones are as they were, and whatever equation stands in any document is true."""

import itertools
import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
from _pytest.mark import ParameterSet
from hypothesis import given
from hypothesis import strategies as st
from tests import equations as reader
from tests.golden.regenerate import DOCUMENTS, DRAWN, FORMATS, HERE, document_of, is_kept
from tests.samples import built_in, examples, some

from chainrule.api.problems import problem
from chainrule.diagnosis import rates
from chainrule.document.document import Document, Section
from chainrule.explanation.explain import explain
from chainrule.notation.blocks import line_width
from chainrule.notation.conventions import PRESETS
from chainrule.notation.labels import Labels
from chainrule.notation.numbers import meant
from chainrule.notation.text import formula_text
from chainrule.render.lines import section_lines
from chainrule.render.markdown import markdown
from chainrule.render.plain import plain
from chainrule.steps.problem import Problem

WIDTH = 80


# What is kept.


@pytest.mark.parametrize(("name", "suffix"), [case for case in itertools.product(DOCUMENTS, FORMATS) if is_kept(*case)])
def test_a_document_is_as_it_was(name, suffix):
    made, stored = FORMATS[suffix](document_of(name)), (HERE / f"{name}{suffix}").read_text("utf-8")
    if suffix == ".ipynb":
        (made, numbers), (stored, expected) = without_computed(made), without_computed(stored)
        np.testing.assert_allclose(numbers, expected, **TOLERANCE)
    assert made == stored, "if this is meant to be, run: python tests/golden/regenerate.py"


TOLERANCE = {"rtol": 1e-9, "atol": 1e-15}
"""The code of a notebook holds numbers to their last digit, and differences that are zero but for rounding: processors multiply matrices
and compute exponentials in different orders, so that these digits are not the same everywhere. Whatever is printed as text is."""

COMPUTED = re.compile(r"-?\b(?:\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+)\b")
"""A floating-point number as Python writes it."""


def without_computed(notebook: str) -> tuple[str, list[float]]:
    """A notebook with a sign for every floating-point number of its code, and these numbers in order."""
    made, numbers = json.loads(notebook), []
    for cell in made["cells"]:
        if cell["cell_type"] == "code":
            code = re.sub(r"\],\n +\[", "], [", "".join(cell["source"]))  # where a matrix is broken depends on how many digits it has
            numbers += map(float, COMPUTED.findall(code))
            cell["source"] = COMPUTED.sub("#", code)
    return json.dumps(made, indent=1, ensure_ascii=False), numbers


def test_what_differs_in_a_notebook_is_noticed():
    document = document_of("seed")
    made, numbers = without_computed(FORMATS[".ipynb"](document))
    assert "8.4" in made  # in its text
    assert numbers.count(8.4) > 0
    other, _ = without_computed(FORMATS[".ipynb"](document).replace("h1 = x @ W1", "h1 = x @ W2"))
    assert made != other
    _, others = without_computed(FORMATS[".ipynb"](document).replace("0.3743488", "0.3743489"))
    with pytest.raises(AssertionError, match="Mismatched"):
        np.testing.assert_allclose(others, numbers, **TOLERANCE)


def test_nothing_is_kept_that_is_not_made():
    names = {f"{name}{suffix}" for name in DOCUMENTS for suffix in FORMATS if is_kept(name, suffix)}
    assert {path.name for path in HERE.iterdir() if path.suffix in FORMATS} == names


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_as_it_was(name):
    path = HERE / "figures" / f"{name}.svg"
    assert DRAWN[name]() == path.read_text("utf-8"), "if this is meant to be, run: python tests/golden/regenerate.py"


def test_no_figure_is_kept_that_is_not_made():
    assert {path.stem for path in (HERE / "figures").iterdir()} == set(DRAWN)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_equation_of_a_kept_document_is_true(name):
    document = document_of(name)
    assert_readable(document)
    is_overview = any(section.key == "left_out" for section in document.sections)
    assert assert_true(document) >= (0 if is_overview else 5)


# What is printed.


def assert_readable(document: Document) -> None:
    """No line is too long, no blank is left at an end or doubled in prose, nothing of Python shines through."""
    printed = plain(document, WIDTH)
    assert [line for line in printed.splitlines() if line_width([(line, None)]) > WIDTH] == []
    assert [line for line in printed.splitlines() if line != line.rstrip()] == []
    assert [line for line in printed.splitlines() if re.match(r"\w.*\w  \w", line)] == []
    assert "\n\n\n" not in printed
    assert re.findall(r"\bNone\b|np\.|<\w+ object|\{\w+\}(?!\^)", printed) == []
    assert re.search(r"e[+-]\d\d", printed) is None
    assert all(section.blocks and section.title for section in document.sections)
    assert len({section.key for section in document.sections}) == len(document.sections)


def written(document: Document) -> Iterator[tuple[Section, str]]:
    """Every equation of a document, in plain text and from its LaTeX, with its section."""
    for number, section in enumerate(document.sections, start=1):
        lines = "\n".join(line.text for line in section_lines(document, section, number, 10_000))
        one = Document(document.title, (section,), document.language, document.decimal)
        on_lines = [equation for equation in reader.equations_in_text(lines) if not re.search("[⎡⎢⎣]", equation)]  # matrices: from LaTeX
        for equation in (*on_lines, *reader.equations_in_latex(dollars(markdown(one)))):
            yield section, equation


def dollars(source: str) -> str:
    """GitHub's ways of writing mathematics as the common one, an equation a line."""
    blocks = re.sub(r"```math\n(.*?)\n```", lambda found: f"$${in_one_line(found[1])}$$", source, flags=re.DOTALL)
    return blocks.replace("$`", "$").replace("`$", "$")


def in_one_line(mathematics: str) -> str:
    """An equation without the lines of its alignment, each of several by itself; the rows of matrices stay."""
    around, kept = list[str](), []
    for part in re.split(r"(\\begin\{\w+\}|\\end\{\w+\}|\\\\ &(?:\\qquad)?|\\\\)", mathematics):
        if part.startswith(r"\end"):
            around.pop()
        is_break = around[-1:] == ["aligned"] and part.startswith(r"\\")
        if part.startswith(r"\begin"):
            around.append(part[7:-1])
        if is_break and len(around) == 1 and "&" not in part:
            kept.append("$$ $$")  # another equation
        elif is_break or part.endswith("{aligned}"):
            kept.append(" ")
        else:
            kept.append(part.replace("&", "") if around[-1:] == ["aligned"] else part)
    return "".join(kept)


def assert_true(document: Document) -> int:
    """No equation is false by the numbers printed in it; how many relations were computed."""
    verdicts = [reader.check(equation) for _, equation in written(document)]
    assert [false for verdict in verdicts for false in verdict.false] == []
    return sum(verdict.checked for verdict in verdicts)


def numbers(labels: Labels, arrays) -> list[dict[str, object]]:
    """The numbers behind the printed symbols: elements, and whole arrays (y alone may mean either)."""
    elements, wholes = {}, {}
    for name, array in arrays:
        array = np.asarray(array)
        wholes[formula_text(labels.label(name))] = laid_out(array, labels.notation.vectors == "columns")
        for index in itertools.product(*map(range, array.shape)):
            elements[formula_text(labels.label(name.at(*index) if array.shape else name))] = meant(array[index])
    return [elements, {**elements, **wholes}]


def laid_out(array, turned: bool) -> object:
    """As it is printed: one row, or one column, where there is one axis."""
    if not array.shape:
        return meant(array[()])
    grid = np.atleast_2d(array)
    return [[meant(cell) for cell in line] for line in (grid.T if turned else grid)]


def contradictions(equation: str, values: dict[str, object]) -> list[str]:
    """Sides in letters that are worth something else in the step than the number or the matrix at the end of the equation.

    What stands between them, in numbers, is looked at by `assert_true`.
    """
    sides, relations = reader.split(equation)
    if "←" in relations:  # the name on the left has a new number
        sides = sides[1:]
    wrong = []
    try:
        result = reader.beginning(sides[-1])
        if not list(letters(result)):
            for side in sides[:-1]:
                tree = reader.ending(side)
                if list(letters(tree)) and not same(tree, result, values):
                    wrong.append(f"{side.strip()} … {sides[-1].strip()}")
        elif not same(reader.ending(sides[0]), result, values):
            wrong.append(equation)
    except (reader.NotRead, reader.Unknown, reader.Misfit):
        pass
    return wrong


def letters(tree) -> Iterator[str]:
    """The symbols of a formula."""
    if isinstance(tree, tuple):
        if tree and tree[0] == "symbol":
            yield tree[1]
        else:
            yield from (letter for part in tree for letter in letters(part))


def same(left, right, values: dict[str, object]) -> bool:
    """Are two sides worth the same, as far as the right one is printed?"""
    results = []
    for sideways in (False, True):
        evaluation = reader.Evaluation(values, sideways=sideways)
        a, b = reader.cells(evaluation(left)), reader.cells(evaluation(right))
        if len(a) == len(b):
            margins = [0] * len(b) if list(letters(right)) else reader.tolerances(right, evaluation, len(b))
            pairs = [(reader.near(x), reader.near(y), reader.near(margin)) for x, y, margin in zip(a, b, margins, strict=True)]
            results.append(all(abs(x - y) <= margin + 1e-9 * max(abs(x), abs(y)) + 1e-12 for x, y, margin in pairs))
    return not results or any(results)


def known(step) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The numbers behind the printed symbols, before the step and after it."""
    labels = step.network.derivation.labels(step.network.notation, len(step.x))
    names = {node.key: node.name for node in named_nodes(step)}
    renewed = {**step.values, **step.new_parameters, **step.after.values}
    before, after = (
        numbers(labels, [(names[key], value) for key, value in values.items() if key in names]) for values in (step.values, renewed)
    )
    return before, after


def assert_agrees(document: Document, step) -> int:
    """Every statement about a symbol is true of the step; how many relations of sections that state such were looked at."""
    before, after = known(step)
    looked = 0
    for section, equation in written(document):
        if section.key in ("functions", "outcome", "repeat", "descent"):
            continue
        tables = after if section.key == "second" or is_new(equation, section) else before
        wrong = [contradictions(equation, values) for values in tables]
        assert not min(wrong, key=len), (section.key, equation)
        looked += 1
    return looked


def is_new(equation: str, section: Section) -> bool:
    """A line such as W1 = … among the new weights."""
    return section.key == "weights" and "←" not in equation and re.match(r"[Wwb]\S* [=≈] \[", equation) is not None


def named_nodes(step) -> Iterator:
    """Everything in the step that has a name."""
    from chainrule.formula.expression import order

    derivation = step.network.derivation
    roots = [derivation.error, derivation.paper_error, *derivation.gradients, *step.update.roots]
    return (node for node in order(*roots) if node.name is not None)


def test_a_document_of_another_step_is_noticed():
    document = document_of("seed")
    seed, article = (next(iter(problem(name).steps())) for name in ("seed", "article"))
    assert assert_agrees(document, seed) > 50
    with pytest.raises(AssertionError):
        assert_agrees(document, article)


def test_a_false_equation_is_noticed():
    true = "h1 = x1 · w1 + x2 · w2 = 8 · 0.21 + 12 · 0.56 = 8.4"
    assert contradictions(true, {"x1": 8, "x2": 12, "w1": 0.21, "w2": 0.56, "h1": 8.4}) == []
    assert contradictions(true, {"x1": 8, "x2": 12, "w1": 0.21, "w2": 0.57, "h1": 8.4}) == ["x1 · w1 + x2 · w2 … 8.4"]
    assert contradictions("y ≈ 2.21", {"y": 2.2136}) == []
    assert contradictions("y ≈ 2.22", {"y": 2.2136}) == ["y … 2.22"]


# Networks of all kinds.


def seen(problem: Problem, **options) -> Document:
    """A document that is readable and true, and agrees with its step. The runs that it tells of are shorter than elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "MOST_STEPS", 100)
        document = explain(problem, **options)
    assert_readable(document)
    assert_true(document)
    if "weight" not in options and not options.get("exact"):
        assert_agrees(document, next(itertools.islice(problem.steps(), options.get("step", 1) - 1, None)))
    return document


DETAILS = ("scalar", "matrix", "overview")


def looked_at(kind: str) -> list[ParameterSet]:
    """Every definition with a level of detail; the levels take turns, and so they do in the sample."""
    return some(zip(built_in(kind), itertools.cycle(DETAILS), strict=False), 4)


@pytest.mark.parametrize(("notation", "detail"), some(itertools.product(PRESETS, DETAILS), 5))
def test_every_notation_at_every_level(notation, detail):
    seen(problem("2-2-2", notation=notation, seed=4, optimizer="momentum"), detail=detail)


@pytest.mark.parametrize(("activation", "detail"), looked_at("activation"))
def test_every_activation(activation, detail):
    seen(problem("2-2-1", activation=activation, seed=7), detail=detail, step=2)


@pytest.mark.parametrize(("loss", "detail"), looked_at("loss"))
def test_every_loss(loss, detail):
    outputs = 1 if loss.startswith("binary") else 2
    seen(problem(f"2-2-{outputs}", loss=loss, seed=8, notation="german"), detail=detail, step=2)


@pytest.mark.parametrize(("optimizer", "detail"), looked_at("optimizer"))
def test_every_optimizer(optimizer, detail):
    seen(problem("1-2-1", optimizer=optimizer, seed=9), detail=detail, step=3)


@pytest.mark.parametrize("optimizer", some(built_in("optimizer"), 7))
def test_every_optimizer_that_clips(optimizer):
    seen(problem("1-2-1", optimizer={"name": optimizer, "clip_norm": 0.01, "clip_value": 0.1}, seed=9, notation="nielsen"), step=2)


@pytest.mark.parametrize("schedule", some(built_in("schedule"), 3))
def test_every_schedule(schedule):
    seen(problem("1-2-1", learning_rate=f"{schedule}:rate=0.1", seed=10), step=2)


@pytest.mark.parametrize(("regularizer", "samples"), some(itertools.product(list(built_in("regularizer")), [1, 3]), 3))
def test_every_regularizer(regularizer, samples):
    rows = "; ".join(["0.5 -1", "1 2", "-0.3 0.8"][:samples])
    seen(problem("2-2-1", regularizer=regularizer, seed=11, input=rows), detail="scalar", step=2)


@pytest.mark.parametrize("initializer", some(built_in("initializer"), 4))
def test_every_initializer(initializer):
    seen(problem("2-2-1", initializer=initializer, seed=12, notation="german"), detail="matrix")


@st.composite
def problems(draw) -> tuple[Problem, dict[str, object]]:
    """Any small network with a batch, in any notation, and how closely it is looked at."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    loss = draw(st.sampled_from(list(built_in("loss"))))
    if "binary" in loss:
        sizes[-1] = 1
    samples = draw(st.integers(1, 3))
    rows = draw(
        st.lists(
            st.lists(st.integers(-20, 20).map(lambda n: n / 10), min_size=sizes[0], max_size=sizes[0]), min_size=samples, max_size=samples
        )
    )
    found = problem(
        "-".join(map(str, sizes)),
        activation=draw(st.sampled_from(list(built_in("activation")))),
        loss=loss,
        bias=draw(st.booleans()),
        seed=draw(st.integers(0, 99)),
        regularizer=draw(st.sampled_from([None, *list(built_in("regularizer"))])),
        outputs=draw(st.sampled_from(["sum", "mean"])),
        batch=draw(st.sampled_from(["sum", "mean"])),
        notation=draw(st.sampled_from([*PRESETS, "layers=subscript", "ng,decimal=comma,language=de"])),
        optimizer=draw(st.sampled_from(list(built_in("optimizer")))),
        learning_rate=draw(st.sampled_from([0.05, 0.5, *(f"{name}:rate=0.1" for name in list(built_in("schedule")))])),
        input=rows,
    )
    extent = draw(st.sampled_from([{}, {"brief": True}, {"all": True}]))
    asked = {"detail": draw(st.sampled_from(DETAILS)), "step": draw(st.integers(2, 3)), "digits": draw(st.sampled_from([None, 3, 9]))}
    return found, {**asked, **extent}


@examples(8)
@given(problems())
def test_every_equation_of_any_network_is_true(case):
    found, options = case
    seen(found, **options)
