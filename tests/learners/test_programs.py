"""Programs as people write them are read without a word from them; what is wrong in them is named, and what is right is passed."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from tests.learners.expected import CAUTIONS, EDITED, RIGHT, SECOND, UNKNOWN, WRONG
from tests.learners.variants import PROGRAMS, VARIANTS, program
from tests.samples import some

from chainrule.api.check import check_program, check_submission
from chainrule.checking.evidence import Architecture
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Name, variable
from chainrule.learners.reading import _only_signs
from chainrule.learners.recognition import ACTIVATIONS
from chainrule.learners.source import source_of
from chainrule.learners.submission import understood

QUICK = {
    "right": {"seed.md", "layer_objects.py", "german_free.py", "engine.py", "adam_object.py", "x_goes_on.py"},
    "wrong": {
        "dict_columns_slope.py",
        "eight_scalars_one_path.py",
        "column_class_raw_error.py",
        "shuffled_apart.py",
        "history_in_class.py",
        "integer_weights.py",
        "shared_scalars_last.py",
        "adam_forgets_correction.py",
        "engine_not_reset.py",
        "loss_beside.py",
    },
    "edited": {"namedtuple_unbegun.py", "adam_arguments.py", "momentum_added.py", "closures.py", "gradient_check.py", "unrolled_matlab.py"},
    "cautions": {"layer_objects.py", "grads_like_x.py"},
    "unknown": {"leaky_two_slopes.py"},
}
"""What the ordinary tests look at: each style once, and each kind of place where a mistake is."""


@pytest.fixture
def judged(sandbox, tmp_path):
    """The verdict on a program."""
    return lambda name: check_program(program(name, tmp_path), sandbox).verdict


def needs_jax(name):
    if name.startswith("jax"):
        pytest.importorskip("jax")


def edited(name):
    """A right program with the mistake that `EDITED` makes in it."""
    old, new, _ = EDITED[name]
    text = (PROGRAMS / name).read_text("utf-8")
    if name.endswith(".ipynb"):
        old, new = (json.dumps(part)[1:-1] for part in (old, new))
    assert old in text
    return source_of(text.replace(old, new), name)


def test_every_program_is_in_one_of_the_lists():
    assert sorted([*RIGHT, *WRONG, *UNKNOWN]) == sorted([*(path.name for path in PROGRAMS.iterdir()), *VARIANTS])
    assert len(RIGHT) >= 40


@pytest.mark.parametrize("name", some(RIGHT, QUICK["right"].__contains__))
def test_right_work_is_passed(name, judged):
    needs_jax(name)
    assert judged(name).passed


@pytest.mark.parametrize("name", some(WRONG, QUICK["wrong"].__contains__))
def test_the_mistake_is_named_and_found(name, judged, tmp_path):
    needs_jax(name)
    number, expression = WRONG[name]
    verdict = judged(name)
    fault = verdict.faults[0]
    assert number in (fault.number, *fault.others)
    if expression:
        place = fault.place
        assert place.expression == expression
        if name.endswith(".py"):
            assert expression in program(name, tmp_path).read_text("utf-8").splitlines()[place.line - 1]


@pytest.mark.parametrize("name", some(EDITED, QUICK["edited"].__contains__))
def test_a_mistake_in_a_right_program_is_named(name, sandbox):
    needs_jax(name)
    number = EDITED[name][2]
    fault = check_submission(understood(edited(name), sandbox)).verdict.faults[0]
    assert number in (fault.number, *fault.others) or (number == 0 and fault.number is None)


@pytest.mark.parametrize("name", some(CAUTIONS, QUICK["cautions"].__contains__))
def test_what_fails_on_other_numbers_only_is_a_caution(name, judged):
    number, expression = CAUTIONS[name]
    verdict = judged(name)
    assert verdict.passed
    assert [fault.number for fault in verdict.cautions] == [number]
    assert ("" if verdict.cautions[0].place is None else verdict.cautions[0].place.expression) == expression


@pytest.mark.proof
@pytest.mark.parametrize("name", SECOND)
def test_the_other_of_two_mistakes_is_named_and_found(name, judged):
    number, expression = SECOND[name]
    _, fault = judged(name).faults
    assert number in (fault.number, *fault.others)
    assert fault.place.expression == expression


@pytest.mark.parametrize("name", some(UNKNOWN, QUICK["unknown"].__contains__))
def test_what_is_no_mistake_of_the_table_is_called_so_and_found(name, judged):
    quantity, expression = UNKNOWN[name]
    verdict = judged(name)
    assert verdict.kind == "unknown"
    (fault,) = verdict.faults
    assert (fault.number, fault.quantity) == (None, quantity)
    assert fault.place.expression == expression


def test_what_activations_are_looked_for_as_is_what_they_are():
    z = np.linspace(-3, 3, 12).reshape(3, 4)
    for name, f in ACTIVATIONS.items():
        (own,) = Architecture((name,), "half_squared").functions
        letter = variable(Name("z"), ("batch", 4))
        h = own.apply(letter)
        assert f(z) == pytest.approx(evaluate([h], {letter: z})[h], abs=1e-14)


def test_a_line_of_a_notebook_is_told_with_its_cell(judged):
    verdict = judged("notebook_slope.ipynb")
    place = verdict.faults[0].place
    assert (place.file, place.line) == ("notebook_slope.ipynb[4]", 22)


def test_the_first_steps_of_adam_are_no_gradients_where_units_are_off_either():
    moved = {"dW1": np.array([[0.01, 0, -0.01]]), "db1": np.array([0.01])}
    answer = SimpleNamespace(gradients=moved, from_update=True)
    reading = SimpleNamespace(answer=answer, program=SimpleNamespace(loaded=SimpleNamespace(adaptive=True)))
    assert _only_signs(reading)
    answer.gradients["db1"] = np.array([0.02])
    assert not _only_signs(reading)
    answer.gradients = {"dW1": np.zeros((2, 2))}
    assert not _only_signs(reading)
