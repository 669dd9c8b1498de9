"""Functions that give a loss with its gradients, and steps beside no loop: the verdict agrees with differences of that loss, taken here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.api.check import check_program
from chainrule.learners.sandbox import Sandbox

MARGINS = """import numpy as np


def svm_loss_naive(W, X, y, reg):
    dW = np.zeros(W.shape)
    loss = 0.0
    for i in range(len(X)):
        scores = X[i].dot(W)
        for j in range(W.shape[1]):
            margin = scores[j] - scores[y[i]] + 1
            if j != y[i] and margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss = loss / len(X) + reg * np.sum(W * W)
    dW /= len(X)
    dW += 2 * reg * W
    return loss, dW


def softmax_loss(W, X, y, reg):
    p = np.exp(X.dot(W))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(X)), y]).mean() + reg * np.sum(W * W)
    p[np.arange(len(X)), y] -= 1
    return loss, X.T.dot(p) / len(X) + 2 * reg * W
"""

LOGISTIC = """import numpy as np


def cost(theta, X, y):
    h = 1 / (1 + np.exp(-X @ theta))
    J = -(y @ np.log(h) + (1 - y) @ np.log(1 - h)) / len(y)
    return J, X.T @ (h - y) / len(y)
"""

NET = """import numpy as np


class Net:
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, reg=0.0, dtype=np.float32):
        self.reg, self.dtype = reg, dtype
        shapes = {"W": (input_dim, hidden_dim), "gate": (input_dim, hidden_dim), "V": (hidden_dim, num_classes)}
        self.params = {key: 0.1 * np.random.randn(*shape).astype(dtype) for key, shape in shapes.items()}

    def loss(self, X, y=None):
        W, gate, V = (self.params[key] for key in ("W", "gate", "V"))
        a, g = X @ W, 1 / (1 + np.exp(-X @ gate))
        scores = (a * g) @ V
        if y is None:
            return scores
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        loss = -np.log(p[range(len(X)), y]).mean()
        p[range(len(X)), y] -= 1
        dscores = p / len(X)
        loss += self.reg * np.sum(W * W)
        dh = dscores @ V.T
        return loss, {"V": (a * g).T @ dscores, "W": X.T @ (dh * g) + 2 * self.reg * W, "gate": X.T @ (dh * a * g * (1 - g))}
"""

PROGRAMS = {"margins": MARGINS, "logistic": LOGISTIC, "net": NET}

SLIPS = [
    ("margins", "", "", None, True),
    ("margins", "dW[:, y[i]] -= X[i]", "dW[:, y[i]] += X[i]", None, False),
    ("margins", "X.T.dot(p) / len(X)", "X.T.dot(p)", 12, False),
    ("logistic", "", "", None, True),
    ("logistic", "X.T @ (h - y) / len(y)", "X.T @ (h - y)", 12, False),
    ("logistic", "X.T @ (h - y) / len(y)", "X.T @ (y - h) / len(y)", 9, False),
    ("net", "", "", None, True),
    ("net", " + 2 * self.reg * W", "", 37, False),
    ("net", "dh * a * g * (1 - g)", "dh * a * g", None, False),
]


def right_by_differences(text: str) -> bool:
    """Is every gradient of a program how its loss changes: central differences, of the program run as it stands?"""
    there, rng = dict[str, Any](), np.random.default_rng(1)
    exec(text, there)  # noqa: S102  # a program of this file
    x, classes = rng.normal(size=(7, 4)), np.arange(7) % 3
    if "Net" in there:
        net = there["Net"](4, 5, 3, reg=0.2, dtype=float)
        return _right(lambda: net.loss(x, classes), net.params)
    if "cost" in there:
        theta = rng.normal(size=4)
        return _right(lambda: _named(there["cost"](theta, x, classes > 0), "theta"), {"theta": theta})
    w = rng.normal(size=(4, 3))
    both = [there[name] for name in ("svm_loss_naive", "softmax_loss")]
    return all(_right(lambda one=one: _named(one(w, x, classes, 0.2), "w"), {"w": w}) for one in both)


def _named(given: tuple[float, Any], name: str) -> tuple[float, dict[str, Any]]:
    return given[0], {name: given[1]}


def _right(call: Any, parameters: Mapping[str, Any]) -> bool:
    gradients, off = call()[1], 0.0
    for name, value in parameters.items():
        for place in np.ndindex(value.shape):
            kept, ends = value[place], []
            for step in (1e-5, -1e-5):
                value[place] = kept + step
                ends.append(float(call()[0]))
            value[place] = kept
            off = max(off, abs((ends[0] - ends[1]) / 2e-5 - gradients[name][place]))
    return off < 1e-6


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as one:
        yield one


@pytest.mark.parametrize(("program", "old", "new", "number", "right"), SLIPS)
def test_verdict_on_a_loss_function_is_that_of_differences(
    program: str, old: str, new: str, number: int | None, right: bool, tmp_path: Path, sandbox
) -> None:
    text = PROGRAMS[program]
    assert old in text
    text = text.replace(old, new, 1) if old else text
    assert right_by_differences(text) == right
    file = tmp_path / "assignment.py"
    file.write_text(text)
    verdict = check_program(file, sandbox).verdict
    assert verdict.passed == right
    assert verdict.faults or right
    if number is not None:
        assert [one.number for one in verdict.faults] == [number]


def test_what_no_arguments_fit_is_said(tmp_path: Path, sandbox) -> None:
    file = tmp_path / "flat.py"
    file.write_text(
        "def cost(theta, sizes, table):\n    loss = theta[sizes['units']] * table.total()\n    return loss, table.slopes(theta)\n"
    )
    found = check_program(file, sandbox)
    assert found.kind == "refused"
    assert "check.measured.unread" in [one.key for one in found.verdict.remarks]


AFTER = """import numpy as np


def loss_after(W, X, y):
    error = X @ W - y
    loss = np.mean(np.log(np.cosh(error)))
    W = W - 0.1 * X.T @ np.tanh(error) / y.size
    params = {"W": W}
    return loss, W
"""


@pytest.mark.parametrize("given", ["W", "params"])
def test_new_parameters_beside_a_loss_are_no_gradients(given: str, tmp_path: Path, sandbox) -> None:
    file = tmp_path / "step.py"
    file.write_text(AFTER.replace("return loss, W", f"return loss, {given}"))
    assert check_program(file, sandbox).passed


def test_a_loss_that_is_known_nowhere_decides_against_one_that_fits(tmp_path: Path, sandbox) -> None:
    file = tmp_path / "gradient.py"
    file.write_text(
        AFTER.replace("W = W - 0.1 * X.T @ np.tanh(error) / y.size", "dW = X.T @ error / y.size").replace("loss, W", "loss, dW")
    )
    assert not check_program(file, sandbox).passed
