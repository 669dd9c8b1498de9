"""The front end's sources: the built files are theirs, its arithmetic is Python's."""

from __future__ import annotations

import json
import math
import operator
import re
import shutil
import subprocess
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from chainrule.api.problems import problem
from chainrule.base.errors import InputError
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import PRIMITIVES, Name, named, variable
from chainrule.notation.arithmetic import REALS, real, rounded_fraction
from chainrule.notation.conventions import Notation
from chainrule.notation.formula import Number
from chainrule.notation.numbers import printed
from chainrule.pages.content import page_content
from chainrule.pages.mistakes import TracedArray
from chainrule.pages.program import OPERATIONS, Tracer, traced_program

PAGE = Path(str(files("chainrule.pages")))
FRONT = Path(__file__).parents[2] / "src/chainrule/pages/front"  # which is not installed
TOOLS = FRONT / "node_modules/.bin"
needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (TOOLS / "esbuild").exists(), reason="needs Node: scripts/install test, where there is npm"
)
LARGEST = 122_000
"""Bytes of module and style together."""


@pytest.fixture(scope="module")
def built_anew(tmp_path_factory):
    """The files that the sources give, and the names of properties that are shortened in them."""
    folder = tmp_path_factory.mktemp("built")
    command = ["node", "build.mjs", folder, "--shortened"]
    said = subprocess.run(command, cwd=FRONT, check=True, capture_output=True, text=True).stdout
    return sorted(folder.iterdir()), set(said.split())


@needs_node
def test_the_built_files_are_what_their_sources_give(built_anew):
    built, _ = built_anew
    assert [file.name for file in built] == ["page.css", "page.js", "served.css", "served.js", "widget.js"]
    for file in built:
        assert file.read_bytes() == (PAGE / file.name).read_bytes(), "npm run build, in src/chainrule/pages/front, builds it anew"


def test_the_module_is_small_and_asks_nothing_of_anybody():
    module, style = ((PAGE / name).read_text("utf-8") for name in ("page.js", "page.css"))
    assert len(module.encode()) + len(style.encode()) < LARGEST
    assert (PAGE / "served.js").stat().st_size < LARGEST
    for reaching in ("fetch(", "XMLHttpRequest", "WebSocket", "eval(", "new Function", "import(", "http://", "https://"):
        assert reaching not in module.replace("http://www.w3.org/", "").replace("https://www.w3.org/", "")
    assert "url(" not in style


def test_a_page_is_given_only_what_it_computes():
    rows = (FRONT / "arrays.ts").read_text().partition("export const ROWS")[2]
    assert {*re.findall(r"^  (\w+): ", rows, re.MULTILINE), "leaf"} == OPERATIONS
    with pytest.raises(InputError, match="dropout draws other units for each step"):
        page_content(problem({"inputs": 2, "layers": [{"kind": "dropout", "rate": 0.5}, {"units": 1}]}))


def test_arrays_that_are_traced_do_what_every_primitive_asks_of_them():
    numbers = np.array([-2.0, -0.5, 0.25, 3.0])
    for primitive in PRIMITIVES.values():
        if not primitive.elementwise or "erf" in primitive.name:  # which NumPy has not
            continue
        count, tracer = primitive.value.__code__.co_argcount - 1, Tracer()
        letters = [variable(Name(f"a{place}"), (4,)) for place in range(count)]
        given = [
            TracedArray(tracer.write("leaf", (), key=letter.key), numbers[::sign])
            for letter, sign in zip(letters, (1, -1, 1), strict=False)
        ]
        node = primitive(*letters)
        with np.errstate(all="ignore"):
            found = evaluate([node], dict(zip(letters, given, strict=True)))[node]
            wanted = evaluate([node], {letter: one.value for letter, one in zip(letters, given, strict=True)})[node]
        assert found.value == pytest.approx(wanted, nan_ok=True), primitive.name


@needs_node
def test_names_of_what_comes_and_goes_are_never_shortened(built_anew):
    """That of a type in content.ts or messages.ts; the compiler lets nobody read another of what Python says."""
    _, shortened = built_anew
    types = "".join((FRONT / name).read_text() for name in ("content.ts", "messages.ts"))
    assert len(shortened) > 50
    assert shortened.isdisjoint({*re.findall(r"^  (?:readonly )?(\w+)\??: ", types, re.MULTILINE), *OPERATIONS})


def test_what_is_added_where_python_is_reaches_only_its_own_server_or_its_own_cell():
    served, widget, style = ((PAGE / name).read_text("utf-8") for name in ("served.js", "widget.js", "served.css"))
    for reaching in ("fetch(", "XMLHttpRequest", "eval(", "new Function", "import(", "https://"):
        assert reaching not in (served + widget).replace("https://www.w3.org/", "")
    assert served.count("new WebSocket(") == 1
    assert "new WebSocket(`ws://${location.host}/live" in served
    assert "WebSocket" not in widget
    assert "url(" not in style


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Asks the front end, many things at once."""
    built = tmp_path_factory.mktemp("front") / "check.mjs"
    source = Path(__file__).parent / "check.ts"
    subprocess.run(
        [TOOLS / "esbuild", source, "--bundle", "--platform=node", "--format=esm", f"--outfile={built}", "--log-level=error"], check=True
    )

    def asked(questions):
        lines = "\n".join(json.dumps(question) for question in questions)
        found = subprocess.run(["node", built], input=lines, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in found.stdout.splitlines()]

    return asked


CALLED = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide"}
RNG = np.random.default_rng(1)
DECIMALS = [f"{RNG.normal(0, scale):.{digits}g}" for scale in (1e-6, 0.1, 1, 8) for digits in (1, 3, 17) for _ in range(3)]
ABOVE = {"log": abs, "sqrt": abs}
ONE = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "erf", "abs", "sign", "floor")


@needs_node
def test_real_numbers_are_those_of_python_to_48_digits(ask):
    cases = [(name, str(float(text).__abs__()) if name in ABOVE else text) for name in ONE for text in DECIMALS]
    cases = [case for case in cases if case[0] != "log1p" or float(case[1]) > -1]
    for (name, text), (above, below, exact) in zip(cases, ask(["real", *case] for case in cases), strict=True):
        wanted = rounded_fraction(getattr(REALS, name)(real(Fraction(text))))
        assert exact == wanted.exact, (name, text)
        assert abs(Fraction(int(above), int(below)) - wanted.value) <= abs(wanted.value) / 10**48, (name, text)


@needs_node
def test_sums_products_and_powers_of_real_numbers_are_exact(ask):
    pairs = [(name, a, b) for name in ("add", "sub", "mul", "truediv") for a, b in zip(DECIMALS, DECIMALS[::-1], strict=True)]
    for (name, a, b), (above, below, exact) in zip(pairs, ask(["real", CALLED[pair[0]], *pair[1:]] for pair in pairs), strict=True):
        wanted = getattr(operator, name)(real(Fraction(a)), real(Fraction(b)))
        assert (Fraction(int(above), int(below)), exact) == (wanted.value, wanted.exact)


@needs_node
def test_doubles_are_those_of_numpy(ask):
    """+ − × ÷ √ bit for bit, other functions within 4 units in the last place; sums in NumPy's order."""
    xs = [float(text) for text in DECIMALS]
    exactly = [(name, a, b) for name in ("add", "subtract", "multiply", "divide") for a, b in zip(xs, xs[::-1], strict=True)]
    for (name, a, b), found in zip(exactly, ask(["double", *case] for case in exactly), strict=True):
        assert float(found) == getattr(np, name)(a, b)
    one = [(name, abs(x) if name in ABOVE else x) for name in (*ONE, "erfc") for x in xs if name != "log1p" or x > -1]
    for (name, x), found in zip(one, ask(["double", *case] for case in one), strict=True):
        wanted = float(getattr(math, name)(x)) if name in ("erf", "erfc") else float(getattr(np, name)(x))
        assert abs(float(found) - wanted) <= (0 if name == "sqrt" else 4) * math.ulp(wanted), (name, x)
    rows = [RNG.normal(size=count) for count in (1, 5, 8, 13, 127, 128, 129, 300, 1000)]
    assert [float(found) for found in ask(["sum", "", [repr(float(x)) for x in row]] for row in rows)] == [row.sum() for row in rows]


@needs_node
def test_every_elementwise_primitive_is_pythons_to_four_units_in_the_last_place(ask):
    """Of rows in which terms may cancel, as |e| + log(1 + e^(−2|e|)) − log 2, these are units of the largest of their terms."""
    cases, wanted = [], []
    for primitive in PRIMITIVES.values():
        if not primitive.elementwise:
            continue
        names = primitive.value.__code__.co_varnames[1 : primitive.value.__code__.co_argcount]
        letters = [variable(Name(name)) for name in names]
        program = traced_program([named(Name("result"), primitive(*letters))], {letter.key: letter for letter in letters})
        rows = zip(*(DECIMALS[shift:] + DECIMALS[:shift] for shift in range(len(names))), strict=True)
        for row in rows:
            with np.errstate(all="ignore"):
                node = primitive(*letters)
                value = float(evaluate([node], {letter: np.asarray(float(text)) for letter, text in zip(letters, row, strict=True)})[node])
            cases.append(["program", primitive.name, program, dict(zip(names, row, strict=True))])
            wanted.append(value)
    assert len({case[1] for case in cases}) > 20
    for case, value, found in zip(cases, wanted, ask(cases), strict=True):
        if np.isfinite(value):
            cancels = any(operation in ("add", "subtract") for operation, *_ in case[2]["instructions"])
            largest = max([abs(value), *(abs(float(text)) for text in case[3].values()), 1.0]) if cancels else value
            assert abs(float(found.replace("Infinity", "inf")) - value) <= 4 * math.ulp(largest), case[1:2] + case[3:]
        else:
            assert str(float(found.replace("Infinity", "inf"))) == str(value), case[1:2] + case[3:]


NUMBERS = [
    *DECIMALS,
    "0",
    "-0.0",
    "1e22",
    "1e-7",
    "8.399999999999999",
    "123456789",
    "1234567891",
    "999999.5",
    "0.1",
    "1e300",
    "-5e-324",
    "NaN",
]


@needs_node
@pytest.mark.parametrize(("digits", "comma"), [(6, False), (3, True), (12, False)])
def test_numbers_are_printed_as_python_prints_them(ask, digits, comma):
    notation = Notation(digits=digits, decimal="comma" if comma else "point")
    for text, (layout, above, below, exact) in zip(
        NUMBERS, ask(["printed", "", text, digits, comma, False] for text in NUMBERS), strict=True
    ):
        wanted = printed(float(text), notation)
        assert isinstance(wanted.formula, Number)
        assert (layout[1], layout[2] if len(layout) > 2 else None, exact) == (wanted.formula.digits, wanted.formula.power, wanted.exact), (
            text
        )
        if isinstance(wanted.value, Fraction):
            assert Fraction(int(above), int(below)) == wanted.value


@needs_node
def test_no_label_of_a_line_covers_another(ask):
    """Networks as they stand on a telephone: columns 146 apart, the units of a column 110 or 150."""
    questions = []
    for sizes in ((2, 3), (2, 4), (3, 3), (4, 2), (1, 5)):
        gap = min(150, 440 / max(sizes))
        spots = [[(146 * column, gap * (unit - (size - 1) / 2)) for unit in range(size)] for column, size in enumerate(sizes)]
        lines = [[*source, *target] for target in spots[1] for source in spots[0]]
        there = [{"x": x, "y": y, "wide": 54, "tall": 54} for column in spots for x, y in column]
        questions.append(["labels", "", lines, [77] * len(lines), there])
    for boxes in ask(questions):
        for place, one in enumerate(boxes):
            for other in boxes[:place]:
                assert abs(one["x"] - other["x"]) > 76 or abs(one["y"] - other["y"]) > 18, boxes  # letters are 14 high


def test_targets_of_a_page_keep_to_what_their_loss_takes():
    kinds = {}
    for loss, shape in (("cross_entropy", "2-3"), ("binary_cross_entropy", "2-1"), ("hinge", "2-1"), ("half_squared", "2-1")):
        kinds[loss] = list(page_content(problem(shape, loss=loss))["ranges"].values())
    assert kinds == {"cross_entropy": ["distribution"], "binary_cross_entropy": ["probabilities"], "hinge": ["signs"], "half_squared": []}
