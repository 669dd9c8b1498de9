"""Trainings of networks that are none of dense layers: the verdict agrees with differences of their own loss, taken here."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.api.check import check_program
from chainrule.learners.sandbox import Sandbox

LETTERS = """import numpy as np

text = "a bad cab"
letters = sorted(set(text))
V, H = len(letters), 4
Wxh, Whh, Why = np.random.randn(H, V) * 0.1, np.random.randn(H, H) * 0.1, np.random.randn(V, H) * 0.1
bh, by = np.zeros((H, 1)), np.zeros((V, 1))


def loss_of(inputs, targets, h_before):
    xs, hs, ps = {}, {-1: h_before}, {}
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((V, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        scores = Why @ hs[t] + by
        ps[t] = np.exp(scores) / np.sum(np.exp(scores))
        loss -= np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy, dbh, dby = (np.zeros_like(one) for one in (Wxh, Whh, Why, bh, by))
    later = np.zeros((H, 1))
    for t in reversed(range(len(inputs))):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dh = Why.T @ dy + later
        dz = (1 - hs[t] ** 2) * dh
        dbh += dz
        dWxh += dz @ xs[t].T
        dWhh += dz @ hs[t - 1].T
        later = Whh.T @ dz
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]


numbers = [letters.index(one) for one in text]
memory = [np.zeros_like(one) for one in (Wxh, Whh, Why, bh, by)]
h = np.zeros((H, 1))  # carried on, and no parameter, though there is a dh
# The training begins.
for turn in range(100):
    loss, *gradients, h = loss_of(numbers[:4], numbers[1:5], h)
    dWxh, dWhh, dWhy, dbh, dby = gradients
    for one, d, m in zip((Wxh, Whh, Why, bh, by), (dWxh, dWhh, dWhy, dbh, dby), memory):
        m += d * d
        one -= 0.1 * d / np.sqrt(m + 1e-8)
"""

MARGINS = """import numpy as np

X, y = np.random.randn(8, 4), np.random.randint(3, size=8)
W, b = 0.01 * np.random.randn(4, 3), np.zeros(3)


def loss_of(W, b):
    scores = X @ W + b
    margins = np.maximum(0, scores - scores[np.arange(8), y][:, None] + 1)
    margins[np.arange(8), y] = 0
    loss = margins.sum() / 8 + 0.3 * np.sum(W * W)
    active = (margins > 0) * 1.0
    active[np.arange(8), y] = -active.sum(axis=1)
    dW = X.T @ active / 8 + 2 * 0.3 * W
    db = active.sum(axis=0) / 8
    return loss, dW, db


# The training begins.
for turn in range(100):
    loss, dW, db = loss_of(W, b)
    W -= 0.1 * dW
    b -= 0.1 * db
"""

ASKED = {
    "letters": (LETTERS, "loss_of(numbers[:4], numbers[1:5], h)", ("Wxh", "Whh", "Why", "bh", "by")),
    "margins": (MARGINS, "loss_of(W, b)", ("W", "b")),
}

SLIPS = [
    ("letters", "", "", None),
    ("letters", "Why.T @ dy + later", "Why.T @ dy", 120),
    ("letters", "later = Whh.T @ dz", "later = Whh @ dz", 15),
    ("letters", "dz = (1 - hs[t] ** 2) * dh", "dz = dh", 2),
    ("letters", "dWxh += dz @ xs[t].T", "dWxh = dz @ xs[t].T", 36),
    ("margins", "", "", None),
    ("margins", "2 * 0.3 * W", "0.3 * W", 37),
    ("margins", "db = active.sum(axis=0) / 8", "db = active.sum(axis=0)", 12),
]


def wrong_by_differences(text: str, call: str, names: tuple[str, ...]) -> set[str]:
    """The parameters whose gradient is not how the loss changes: central differences, of the program run as it stands."""
    rng, there = np.random.default_rng(1), dict[str, Any]()
    exec(text.partition("# The training begins.")[0], there)  # noqa: S102  # a program of this file
    for name in names:
        there[name][...] = rng.normal(size=there[name].shape) / 2
    given, wrong = eval(call, there)[1:], set[str]()  # noqa: S307  # a call of this file
    for name, gradient in zip(names, given, strict=False):
        for place in np.ndindex(there[name].shape):
            kept, ends = there[name][place], []
            for step in (1e-5, -1e-5):
                there[name][place] = kept + step
                ends.append(float(eval(call, there)[0]))  # noqa: S307  # a call of this file
            there[name][place] = kept
            if abs((ends[0] - ends[1]) / 2e-5 - gradient[place]) > 1e-6:
                wrong.add(name)
    return wrong


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as one:
        yield one


@pytest.mark.parametrize(("program", "old", "new", "number"), SLIPS)
def test_verdict_is_that_of_differences_of_the_own_loss(
    program: str, old: str, new: str, number: int | None, tmp_path: Path, sandbox
) -> None:
    text, call, names = ASKED[program]
    assert old in text
    wrong = wrong_by_differences(text.replace(old, new, 1) if old else text, call, names)
    file = tmp_path / "training.py"
    file.write_text(text.replace(old, new, 1) if old else text)
    verdict = check_program(file, sandbox).verdict
    assert verdict.passed == (not wrong)
    if number is not None:
        (fault,) = verdict.faults
        assert fault.number == number
        assert fault.place is not None
        assert old in text.split("\n")[fault.place.line - 1]


GATED = """import numpy as np

rng = np.random.default_rng(3)
X, T = rng.normal(size=(24, 4)), np.eye(3)[rng.integers(0, 3, 24)]
A, G, C = rng.normal(size=(4, 6)), rng.normal(size=(4, 6)), rng.normal(size=(6, 3))
for turn in range(100):
    loss = 0.0
    for begin in range(0, 24, 8):
        x, t = X[begin : begin + 8], T[begin : begin + 8]
        a, g = x @ A, 1 / (1 + np.exp(-x @ G))
        scores = (a * g) @ C
        logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        loss = -(t * logs).sum() / 8
        ds = (np.exp(logs) - t) / 8
        dC = (a * g).T @ ds
        dh = ds @ C.T
        dA = x.T @ (dh * g)
        dG = x.T @ (dh * a * g * (1 - g))
        A, G, C = A - dA, G - dG, C - dC
"""

STEP = "A, G, C = A - dA, G - dG, C - dC"
LENGTH = "np.sqrt((dA**2).sum() + (dG**2).sum() + (dC**2).sum())"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("", "", "right"),
        (STEP, f"dA, dG, dC = dA + A / 8, dG + G / 8, dC + C / 8; {STEP}", "convention"),
        (STEP, f"dA = dA + A / 8; {STEP}", "mistakes"),
        (STEP, f"cut = min(1, 0.01 / {LENGTH}); dA, dG, dC = cut * dA, cut * dG, cut * dC; {STEP}", "convention"),
        ("loss = -(t * logs).sum() / 8", "loss -= (t * logs).sum() / 24", "convention"),
        (STEP, "A, G, C = A - dA, G + dG, C - dC", "mistakes"),
        ("(np.exp(logs) - t) / 8", "(np.exp(logs) - 0.9 * t - 0.1 / 3) / 8", "refused"),
    ],
)
def test_what_is_trained_beside_the_loss_that_is_printed_is_no_mistake(old: str, new: str, kind: str, tmp_path: Path, sandbox) -> None:
    assert old in GATED
    file = tmp_path / "gated.py"
    file.write_text(GATED.replace(old, new, 1) if old else GATED)
    assert check_program(file, sandbox).verdict.kind == kind
