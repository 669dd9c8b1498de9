"""Habits of learners, each right once and once with a mistake: what a rule keeps to itself, where a 1/m stands, lists of pairs, fit()."""

import ast

import pytest

from chainrule.api.check import check_submission
from chainrule.learners.reporting import ReportedProgram
from chainrule.learners.sandbox import Refusal
from chainrule.learners.source import source_of
from chainrule.learners.submission import understood

ADAM_OF_LISTS = """import numpy as np
class Model:
    def __init__(self, inputs, hidden, outputs, seed):
        r = np.random.RandomState(seed)
        self.W1 = r.randn(inputs, hidden); self.b1 = np.zeros(hidden)
        self.W2 = r.randn(hidden, outputs); self.b2 = np.zeros(outputs)
        self.m, self.v, self.n = [0, 0, 0, 0], [0, 0, 0, 0], 0
    def forward(self, X):
        self.h = 1 / (1 + np.exp(-(X @ self.W1 + self.b1)))
        return self.h @ self.W2 + self.b2
    def train_step(self, X, y, lr):
        e = (self.forward(X) - y) / len(X)
        d = (e @ self.W2.T) * self.h * (1 - self.h)
        self.n += 1
        for i, (p, g) in enumerate(zip([self.W1, self.b1, self.W2, self.b2], [X.T @ d, d.sum(0), self.h.T @ e, e.sum(0)])):
            self.m[i] = 0.9 * self.m[i] + (1 - 0.9) * g
            self.v[i] = 0.99 * self.v[i] + (1 - 0.99) * g * g
            p -= lr * self.m[i] / (1 - 0.9**self.n) / (np.sqrt(self.v[i] / (1 - 0.99**self.n)) + 1e-8)
"""
RMSPROP_OF_NAMES = """import numpy as np
def train(X, y, W1, W2, lr=0.01, steps=50):
    s1 = s2 = 0
    for _ in range(steps):
        h = np.tanh(X @ W1)
        e = (h @ W2 - y) / len(X)
        dW2 = h.T @ e
        dW1 = X.T @ (e @ W2.T * (1 - h**2))
        s1 = 0.9 * s1 + 0.1 * np.square(dW1); s2 = 0.9 * s2 + 0.1 * np.square(dW2)
        W1 -= lr * dW1 / (np.sqrt(s1) + 1e-8); W2 -= lr * dW2 / (np.sqrt(s2) + 1e-8)
    return W1, W2
"""
COLUMNS = """import numpy as np
def forward(X, p):
    A1 = 1 / (1 + np.exp(-(p["W1"] @ X + p["b1"])))
    return A1, p["W2"] @ A1 + p["b2"]
def cost(A2, Y):
    return np.sum((A2 - Y) ** 2) / (2 * Y.shape[1])
def backward(X, Y, p):
    k = X.shape[1]
    A1, A2 = forward(X, p)
    E2 = A2 - Y
    dW2 = 1 / k * E2 @ A1.T
    db2 = 1 / k * E2.sum(axis=1, keepdims=True)
    E1 = p["W2"].T @ E2 * A1 * (1 - A1)
    dW1 = 1 / k * E1 @ X.T
    db1 = 1 / k * E1.sum(axis=1, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
PAIRS = """import numpy as np
def init(layer_sizes, key):
    r = np.random.default_rng(key)
    return [(r.normal(size=(i, o)), np.zeros(o)) for i, o in zip(layer_sizes[:-1], layer_sizes[1:])]
def gradients(params, batch):
    x, y = batch
    hs = [x]
    for w, b in params[:-1]:
        hs.append(np.maximum(hs[-1] @ w + b, 0))
    w, b = params[-1]
    g = (hs[-1] @ w + b - y) / len(x)
    found = []
    for (w, b), h in zip(params[::-1], hs[::-1]):
        found.append((h.T @ g, g.sum(axis=0)))
        g = (g @ w.T) * (h > 0)
    return found[::-1]
"""
FIT = """import numpy as np
class Regression:
    def __init__(self, learning_rate=0.01, n_iterations=100):
        self.learning_rate, self.n_iterations = learning_rate, n_iterations
    def fit(self, X, y):
        self.theta = np.zeros(X.shape[1]); self.bias = 0.0
        for _ in range(self.n_iterations):
            error = X @ self.theta + self.bias - y
            self.theta -= self.learning_rate * X.T @ error / len(X)
            self.bias -= self.learning_rate * error.mean()
        return self
"""
CASES = [
    (ADAM_OF_LISTS, "* self.h * (1 - self.h)", 2),
    (RMSPROP_OF_NAMES, "@ W2.T * (1 - h**2)", (6, "@ W2.T * (1 + h**2)")),
    (COLUMNS, "dW1 = 1 / k * E1 @ X.T", (23, "dW1 = E1 @ X.T")),
    (PAIRS, "g.sum(axis=0)))", (21, "g))")),
    (FIT, "error.mean()", (23, "error.sum()")),
]


def judged(text, sandbox):
    return check_submission(understood(source_of(text, "habit.py"), sandbox)).verdict


@pytest.mark.parametrize(("text", "old", "slip"), CASES)
def test_a_habit_is_read_and_its_mistake_is_named(text, old, slip, sandbox):
    number, new = slip if isinstance(slip, tuple) else (slip, "")
    assert old in text
    right = judged(text, sandbox)
    assert right.passed, right
    wrong = judged(text.replace(old, new), sandbox)
    assert number in {one for fault in wrong.faults for one in (fault.number, *fault.others)}


def test_a_division_by_m_is_told_where_it_stands(sandbox):
    """In one layer alone it is missing or too much there; δ, which has none, is not what is wrong."""
    lines = COLUMNS.split("\n")
    hidden = judged(COLUMNS.replace("2 = 1 / k * ", "2 = "), sandbox)
    assert {(fault.number, lines[fault.place.line - 1].split()[0]) for fault in hidden.faults} == {(12, "dW2"), (12, "db2")}
    start = COLUMNS.index("def cost")
    silent = COLUMNS[:start] + COLUMNS[COLUMNS.index("def backward") :]
    (once,) = judged(silent.replace("2 = 1 / k * ", "2 = "), sandbox).faults
    assert (once.number, once.quantity) == (13, "dW1")
    assert silent.replace("2 = 1 / k * ", "2 = ").split("\n")[once.place.line - 1].split()[0] == "dW1"


def test_a_rule_that_shows_signs_alone_is_said_with_what_to_do(sandbox):
    hidden = ADAM_OF_LISTS.replace("(1 - 0.99) * g * g", "(1 - 0.99) * abs(g) ** 2.0000001")
    with pytest.raises(Refusal, match=r"learners\.refused\.signs"):
        understood(source_of(hidden, "habit.py"), sandbox)


def test_what_is_squared_reports_itself_and_no_sum_of_squares():
    text = "v = 0.9 * v + 0.1 * g * g\nE = np.mean((y - t) ** 2)\ns = np.square(d)\nq = a.pow(3)\nn = np.power(c, 2)"
    rewriting = ReportedProgram()
    rewriting.rewritten(ast.parse(text).body)
    assert [spot.text(text) for spot in rewriting.spots if spot.squared] == ["g", "d", "c"]
