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


HIDDEN = """import numpy as np
def gradients(X, Y, W1, b1, W2, b2):
    A1 = np.tanh(X @ W1 + b1)
    dZ2 = A1 @ W2 + b2 - Y
    m = len(X)
    dW2 = A1.T @ dZ2 / m; db2 = dZ2.sum(axis=0) / m
    dZ1 = dZ2 @ W2.T * (1 - A1**2)
    dW1 = X.T @ dZ1 / m; db1 = dZ1.sum(axis=0) / m
    return dW1, db1, dW2, db2
"""
FITTED = """import numpy as np
def fit(X, y, lr=0.01, epochs=100):
    w = np.zeros(X.shape[1]); b = 0.0
    for _ in range(epochs):
        e = X @ w + b - y
        w = w - lr * X.T @ e / len(y)
        b = b - lr * e.mean()
    return w, b
"""
SIZED = """import numpy as np
def train(X, y, lr=0.1, n=10):
    W1 = np.random.randn(3, 4) * 0.1; W2 = np.random.randn(4, 2) * 0.1
    for i in range(n):
        A1 = np.tanh(X @ W1)
        d2 = (A1 @ W2 - y) / len(X)
        d1 = d2 @ W2.T
        W1 -= lr * (X.T @ d1); W2 -= lr * (A1.T @ d2)
    return W1, W2
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "found"),
    [
        (HIDDEN, "X.T @ dZ1 / m; db1 = dZ1.sum(axis=0) / m", "X.T @ dZ1; db1 = dZ1.sum(axis=0)", [(12, "dW1", 8), (12, "db1", 8)]),
        (HIDDEN, "X.T @ dZ1 / m", "X.T @ dZ1", [(23, "dW1", 8)]),
        (HIDDEN, "dZ2 @ W2.T", "dZ2.sum(axis=1, keepdims=True)", [(19, "dh1", 7)]),
        (HIDDEN, "dZ2 @ W2.T", "dZ2 @ W2.T", []),
        (FITTED, "e.mean()", "e.mean()", []),
        (FITTED, "e.mean()", "e.sum()", [(23, "db1", 7)]),
        (SIZED, "d2 @ W2.T", "d2 @ W2.T * (1 - A1**2)", []),
        (SIZED, "d2 @ W2.T", "d2 @ W2.T", [(2, "delta1", 7)]),
    ],
)
def test_what_a_newcomer_writes_is_read_and_its_line_told(text, old, new, found, sandbox):
    assert old in text
    verdict = check_submission(understood(source_of(text.replace(old, new), "newcomer.py"), sandbox)).verdict
    assert [(fault.number, fault.quantity, fault.place.line) for fault in verdict.faults] == found
    assert verdict.passed == (not found)
    for fault in verdict.faults:
        assert not fault.missing or "= 1/N · " in fault.formula


def test_biases_that_nobody_trains_are_a_mistake_unless_the_program_means_it(sandbox):
    """Numbers that somebody chose, and words, say that a bias stays; zeros and random numbers wait to be learned."""
    plain = (
        SIZED.replace("d2 @ W2.T", "d2 @ W2.T * (1 - A1**2)").replace("X @ W1)", "X @ W1 + b)").replace("W1 = ", "b = np.ones(4); W1 = ", 1)
    )
    zeros = plain.replace("np.ones(4)", "np.zeros(4)")
    for text, kind in (
        (plain, "right"),
        (plain.replace("W1 -=", "db = d1.sum(axis=0); W1 -="), "mistakes"),
        (zeros, "mistakes"),
        (f"# the bias is not trained\n{zeros}", "right"),
    ):
        verdict = check_submission(understood(source_of(text, "constant.py"), sandbox)).verdict
        assert verdict.kind == kind
        assert [one.key for one in verdict.remarks] == ["check.remark.constant"] * (kind == "right")
        assert [fault.number for fault in verdict.faults] == [25] * (kind != "right")


def test_the_first_steps_of_adam_are_no_gradients_where_units_are_off_either():
    moved = {"dW1": np.array([[0.01, 0, -0.01]]), "db1": np.array([0.01])}
    answer = SimpleNamespace(gradients=moved, from_update=True)
    reading = SimpleNamespace(answer=answer, program=SimpleNamespace(loaded=SimpleNamespace(adaptive=True)))
    assert _only_signs(reading)
    answer.gradients["db1"] = np.array([0.02])
    assert not _only_signs(reading)
    answer.gradients = {"dW1": np.zeros((2, 2))}
    assert not _only_signs(reading)
