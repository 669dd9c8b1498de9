"""Every object that people hold shows itself in a notebook and at Python's prompt, and what people wrote in it is only text."""

import inspect
import re

import numpy as np
import pytest

import chainrule
from chainrule.diagnosis.criteria import Finding
from chainrule.engines.written import written_program
from chainrule.render.objects import object_markdown
from chainrule.training.trials import Trial

ODD = "<script>alert('$1')</script> $x$ | **b**"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    random = np.random.default_rng(1)
    data = {"a": random.normal(size=60), ODD: random.normal(size=60)}
    data["kind"] = [["left", "<b>right</b>"][int(value > 0)] for value in data["a"]]
    return chainrule.train(data, target="kind", hidden=2, epochs=3, seed=1)


@pytest.fixture(scope="module")
def objects(trained) -> dict[str, object]:
    """One of each class."""
    problem = chainrule.problem("mazur")
    plan = chainrule.Plan(epochs=2, batch_size=1)
    training = chainrule.Training(problem.network, problem.x, problem.t, plan)
    training.run()
    z = problem.network.derivation.quantities[0]
    return {
        "Network": problem.network,
        "Problem": problem,
        "Step": problem.step(),
        "Model": trained,
        "Plan": plan,
        "Training": training,
        "Preparation": trained.preparation,
        "Scores": next(iter(trained.scores.values())),
        "Notation": chainrule.Notation(),
        "Expression": z,
        "Constant": chainrule.Constant(0.5),
        "Uniform": chainrule.Uniform(-1, 1),
        "Normal": chainrule.Normal(0, 1),
        "Orthogonal": chainrule.Orthogonal(1),
        "Diverged": chainrule.Diverged(3, "z1", "inf", [Finding("rate_too_large", {"how": "run", "rate": 0.2, "step": 3})], 0.1),
        "Watch": None,
        "Live": None,  # a notebook shows it, as a page
        "ChainruleClassifier": None,  # scikit-learn shows its estimators
        "ChainruleRegressor": None,
        "Diagnosis": chainrule.doctor("seed"),
        "Sweep": chainrule.Sweep("r2", 2, (Trial(2, {"hidden": [2, 2]}, 0.5, 0.1, 9, 1.2), Trial(1, {"hidden": 4}, failure="diverged"))),
    }


def definitions():
    return [name for name in chainrule.__all__ if type(getattr(chainrule, name)).__name__ == "Definition"]


def test_every_public_class_that_people_hold_is_here(objects):
    classes = {name for name in chainrule.__all__ if inspect.isclass(getattr(chainrule, name))}
    errors = {name for name in classes if issubclass(getattr(chainrule, name), chainrule.ChainruleError)}
    assert classes - (errors - {"Diverged"}) - {"Processes"} == set(objects)  # processes are no object to look at


def assert_shown(value: object) -> str:
    text = value._repr_markdown_()
    assert text.strip()
    assert text.replace("<span>$</span>", "").count("$") % 2 == 0
    assert not re.search(r"\$`|(?<!\\)<script|object at 0x|None\b", text)
    return text


def test_every_object_shows_itself(objects):
    for value in objects.values():
        if value is not None:
            assert_shown(value)
            assert len(repr(value)) < 1000
            assert "array(" not in repr(value)
            assert "object at 0x" not in repr(value)


def test_what_is_inside_says_what_it_is_in_a_few_lines():
    found = chainrule.problem("mazur")
    document, step = found.explain(), found.step()
    inside = [step.network.derivation, step.update, step.before, document.sections[0], document.sections[3].blocks[1]]
    for value in (*inside, chainrule.figure(found, "network"), chainrule.figure(found, "network").content, written_program(found.network)):
        assert len(repr(value)) < 500, type(value)


@pytest.mark.parametrize("name", definitions())
def test_every_definition_shows_its_formula(name):
    definition = getattr(chainrule, name)
    assert "$" in assert_shown(definition) or definition.kind == "initializer"
    needed = [key for key, value in definition.options.items() if value is inspect.Parameter.empty]
    if not needed:
        assert_shown(definition.bind())


def test_an_activation_shows_its_derivative():
    assert r"f′" in chainrule.tanh._repr_markdown_() or r"f'" in chainrule.tanh._repr_markdown_()


def test_a_training_that_has_not_begun_and_an_outcome(objects):
    problem = chainrule.problem("mazur")
    training = chainrule.Training(problem.network, problem.x, problem.t, chainrule.Plan(epochs=1))
    assert_shown(training)
    outcome = training.run()
    assert_shown(outcome)
    assert_shown(outcome.last)
    assert "0 of" not in repr(training)


def test_what_people_wrote_is_only_text(trained):
    for value in (trained, trained.preparation, *trained.scores.values()):
        text = value._repr_markdown_()
        assert "<script>" not in text.replace(r"&lt;script\>", "")
        assert "$x$" not in text
        assert "<b>" not in text
    assert r"&lt;script\>" in trained.preparation._repr_markdown_()


def test_a_document_and_a_problem_show_their_network_drawn():
    for shown in (chainrule.problem("seed").explain(), chainrule.problem("residual")):
        text = shown._repr_markdown_()
        assert text.count('src="data:image/svg+xml;base64,') == 1
        assert "╮" not in text
        assert "│" not in text


def test_a_document_shows_formulas_as_jupyter_wants_them():
    document = chainrule.problem("seed").explain()
    assert "$`" not in document._repr_markdown_()
    assert object_markdown(chainrule.problem("seed").network).count("$$") >= 4


def test_objects_in_the_language_of_their_network():
    assert "Schritt" in chainrule.problem("seed", notation="german").step()._repr_markdown_()


SHOWN = {
    "network": lambda: chainrule.problem("seed").network,
    "step": lambda: chainrule.problem("mazur").step(),
    "document": lambda: chainrule.problem("xor").explain(),
    "definition": lambda: chainrule.tanh,
    "model": lambda: chainrule.train("data:iris", target="species", hidden=2, epochs=2, seed=1),
}


@pytest.mark.parametrize("name", SHOWN)
def test_jupyter_and_marimo_find_formulas(name):
    """As their formatter asks objects; that a kernel asks it, `test_a_notebook_runs_in_jupyter` shows."""
    shown = SHOWN[name]()
    data, _ = pytest.importorskip("IPython").core.formatters.DisplayFormatter().format(shown)
    assert "$" in data["text/markdown"]
    assert data["text/markdown"] == shown._repr_markdown_()
    assert data["text/plain"]
