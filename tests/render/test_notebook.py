"""Notebooks: every cell runs with nothing but NumPy, every assertion holds, and a wrong number is noticed."""

import base64
import itertools
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from tests.golden.regenerate import DOCUMENTS, Case, document_of
from tests.random_graphs import case_of, description_of
from tests.samples import built_in, some

from chainrule.api.problems import problem
from chainrule.base.errors import InputError
from chainrule.document.document import Document, Illustration, Paragraph, Picture, Section
from chainrule.explanation import programs
from chainrule.explanation.explain import explain
from chainrule.network.description import network_of_description
from chainrule.pictures.diagram import network_diagram
from chainrule.render.markdown import JUPYTER, markdown
from chainrule.render.notebook import notebook
from chainrule.render.svg import svg


def sources(document: Document, kind: str = "code") -> list[str]:
    """The cells of one kind of its notebook, which is a valid one."""
    read = nbformat.reads(notebook(document), as_version=4)
    nbformat.validate(read)
    return [cell.source for cell in read.cells if cell.cell_type == kind]


def run(cells: list[str]) -> dict[str, object]:
    """What the cells define, run from top to bottom in an empty namespace."""
    space: dict[str, object] = {}
    with np.errstate():
        for cell in cells:
            exec(compile(cell, "<cell>", "exec"), space)  # noqa: S102  # our own text
    return space


def asked(name: str, **options):
    """An explanation; options of `explain` and of `problem` together."""
    own = {key: options.pop(key) for key in ("detail", "weight", "step", "steps", "exact") if key in options}
    return explain(problem(name, **options), **own)


NETWORKS = [name for name, document in DOCUMENTS.items() if isinstance(document, Case)]


@pytest.mark.parametrize("name", some(DOCUMENTS, 5))
def test_every_cell_runs_and_what_the_text_claims_holds(name):
    document = document_of(name)
    assert ("E" if name in NETWORKS else "b") in run(sources(document))


@pytest.mark.parametrize("name", some(NETWORKS, 9))
def test_a_wrong_number_is_noticed(name):
    cells = sources(document_of(name))
    claims = [(i, found) for i, cell in enumerate(cells) for found in re.finditer(r"assert_\w+\((?:E|y), .*?(\d[\d.]*)", cell)]
    assert claims
    for i, found in claims[:2]:
        wrong = cells[i][: found.start(1)] + f"1{found[1]}" + cells[i][found.end(1) :]
        with pytest.raises(AssertionError):
            run([*cells[:i], wrong])


@pytest.mark.parametrize(
    ("name", "detail"), some(itertools.product(["seed", "mazur", "xor", "iris", "vanishing"], ["overview", "matrix", "scalar"]), 4)
)
def test_every_quantity_is_computed_and_claimed_at_every_level(name, detail):
    found = problem(name)
    step = found.step()
    text = "\n".join(sources(found.explain(detail=detail)))
    trained = {part.parameter.key for part in step.update.parameters}
    computed = {*step.before.values, *(str(node.name) for node in step.network.derivation.backward), *trained}
    for key in computed:
        assert f"assert_allclose({key}, " in text or f"np.min({key})" in text, key
        assert re.search(rf"^{key} = ", text, re.MULTILINE), key


@pytest.mark.usefixtures("shorter_runs")
@pytest.mark.parametrize("name", some(built_in("activation"), 12))
def test_every_activation_runs(name):
    run(sources(asked("2-3-2", activation=name, seed=3, input="1 -2; 0.5 1; 0 -1", optimizer="adam", steps=3)))


@pytest.mark.usefixtures("shorter_runs")
@pytest.mark.parametrize("name", some(built_in("loss"), 12))
def test_every_loss_runs(name):
    run(sources(asked(f"2-3-{1 if 'binary' in name else 2}", loss=name, seed=3, regularizer="l2:rate=0.1", step=2)))


@pytest.mark.usefixtures("shorter_runs")
@pytest.mark.parametrize("name", some(built_in("optimizer"), lambda name: name == "adam"))
def test_every_optimizer_runs_from_any_step(name):
    optimizer = {"name": name, "clip_norm": 0.1, "clip_value": 0.5, "learning_rate": {"name": "cosine", "rate": 0.1, "steps": 50}}
    run(sources(asked("2-3-1", optimizer=optimizer, seed=3, step=4)))
    run(sources(asked("2-3-1", optimizer=name, seed=3, steps=3, weight="w1")))


def test_errors_that_rounding_decides_are_not_claimed():
    """Muon makes a step of the same length of the noise of a gradient near 0."""
    loops = re.compile(r"range\(4, (\d+)\):.*?shown = \[[\d, ]*?(\d+)\]", re.DOTALL)

    def claimed(**options):
        found = loops.findall("\n".join(sources(asked("2-2-1", seed=6, step=4, **options))))
        return [(int(end) - 4, int(shown) + 1) for end, shown in found]

    assert any(1 < shown < steps for steps, shown in claimed(optimizer="muon:learning_rate=0.01"))
    assert all(shown == steps for steps, shown in claimed())


def test_fractions_are_claimed_exactly():
    cells = sources(asked("seed", exact=True, steps=2))
    assert "np.testing.assert_array_equal(h1, [[Fraction(42, 5), Fraction(44, 25)]])" in "\n".join(cells)
    run(cells)
    assert "allclose" not in "\n".join(cells)


def test_a_weight_of_a_large_network_is_claimed_itself():
    text = "\n".join(sources(asked("300-4-2", seed=1, weight="W1[2,3]")))
    assert "np.testing.assert_allclose(dW1[1, 2], " in text
    assert "np.testing.assert_allclose(W1[1, 2], " in text


def test_too_many_numbers_are_refused_kindly(monkeypatch):
    monkeypatch.setattr(programs, "MOST_NUMBERS", 1000)
    with pytest.raises(InputError, match=r"Write a \.md file instead"):
        notebook(asked("40-25-1", detail="overview"))


def test_numbers_beyond_floats_run_too():
    document = asked("seed", learning_rate=1e6, steps=7)
    assert "np.inf" in notebook(document) or "np.nan" in notebook(document)
    with np.errstate(all="ignore"):
        run(["import warnings\nwarnings.simplefilter('ignore')", *sources(document)])


def test_a_notebook_runs_in_jupyter(tmp_path):
    nbclient = pytest.importorskip("nbclient")
    made = nbformat.reads(notebook(asked("mazur")), as_version=4)
    made.cells.append(nbformat.v4.new_code_cell("import chainrule\nchainrule.tanh"))
    nbclient.NotebookClient(made, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    first, *_, last = [cell.outputs for cell in made.cells if cell.cell_type == "code" and cell.outputs]
    assert first[0]["data"]["text/plain"] == "array([[0.75136507, 0.77292847]])"
    assert "$" in last[0]["data"]["text/markdown"]


def test_a_notebook_needs_nothing_but_numpy(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("\n".join([*sources(asked("mazur")), "import sys; assert 'chainrule' not in sys.modules"]))
    subprocess.run([sys.executable, "-I", str(program)], check=True, timeout=600)


def test_the_text_of_people_is_only_text():
    text = "costs $5 and $6 <script>alert(1)</script> [a](b) | `x` **b**"
    document = Document(text, (Section("one", text, (Paragraph((text,)),)),))
    (_, cell) = sources(document, "markdown")
    assert "<script>" not in cell.replace(r"\<script\>", "")
    assert re.sub(r"<span>\$</span>", "", cell).count("$") == 0
    assert r"\*\*b\*\*" in cell


def test_a_notebook_holds_its_picture():
    """As JupyterLab shows it: SVG in an `img`, for it shows none among attachments, and nothing from elsewhere."""
    document = document_of("mazur")
    (picture,) = (block for section in document.sections for block in section.blocks if isinstance(block, Picture))
    cells = "\n".join(sources(document, "markdown"))
    (alt, source), *others = re.findall(r'^<img alt="(.*)" src="(.*)" />$', cells, re.MULTILINE)
    assert len(others) == sum(isinstance(block, Illustration) for section in document.illustrated.sections for block in section.blocks)
    assert alt == picture.alt
    kind, data = source.split(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data).decode() == svg(network_diagram(picture), document.colours)
    assert "─▶" not in notebook(document)
    odd = Document("odd", (Section("one", "one", (replace(picture, alt='a "quoted" $x$ <b>'),)),))
    (_, cell) = sources(odd, "markdown")
    assert '<img alt="a &quot;quoted&quot; &#36;x&#36; &lt;b&gt;" src=' in cell


def test_jupyter_has_the_dollars_it_understands():
    text = markdown(document_of("mazur"), JUPYTER)
    assert "$`" not in text
    assert "```math" not in text
    assert "[!" not in text
    assert "$$\n\\begin{aligned}" in text
    assert json.loads(notebook(document_of("mazur")))["cells"][0]["source"][0].startswith("# ")


def test_the_command_writes_one(tmp_path):
    path = tmp_path / "x.ipynb"
    done = subprocess.run([sys.executable, "-m", "chainrule", "explain", "-o", str(path)], check=True, capture_output=True, text=True)
    assert done.stdout == f"wrote {path}\n"
    nbformat.validate(nbformat.read(path, as_version=4))


def test_the_page_on_notebooks_shows_a_cell():
    page = Path(__file__).parent.parent.parent / "docs" / "notebooks.md"
    (shown,) = re.findall(r"```text\n(.*?)\n```", page.read_text("utf-8"), re.DOTALL)
    assert shown in sources(asked("mazur"))


@pytest.mark.parametrize("seed", some([0, 3, 7, 11], 2))
def test_random_graphs_run_whatever_their_inputs_and_outputs_are_called(seed):
    description = description_of(seed)
    description["inputs"] = {f"{name}_given": size for name, size in description["inputs"].items()}
    for layer in description["layers"]:
        read = [layer["from"]] if isinstance(layer["from"], str) else layer["from"]
        layer["from"] = [f"{name}_given" if f"{name}_given" in description["inputs"] else name for name in read]
    network = network_of_description(description)
    given = case_of(seed)
    step = network.with_parameters(dict(given.network.parameters)).step(given.x, given.t)
    assert "E" in run(sources(explain(step)))
