"""Updates, whatever the new weights are called, and whatever number is the rate in them; and a loss that nothing in the file says."""

import pytest

from chainrule.api.check import check_submission
from chainrule.learners.source import source_of
from chainrule.learners.submission import understood

STEP = """import numpy as np
def step(x, t, W1, W2, lr):
    h = 1 / (1 + np.exp(-(x @ W1)))
    y = h @ W2
    dy = (y - t) / len(x)
    dW2 = h.T @ dy
    dW1 = x.T @ (dy @ W2.T * h * (1 - h))
"""

XOR = """import numpy as np
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])
W1 = np.random.default_rng(0).normal(size=(2, 3))
W2 = np.random.default_rng(1).normal(size=(3, 1))
lr = 0.5
v2 = 0
for epoch in range(10):
    h = 1 / (1 + np.exp(-(X @ W1)))
    o = 1 / (1 + np.exp(-(h @ W2)))
    d_o = (o - y) * o * (1 - o)
    d_h = d_o @ W2.T * h * (1 - h)
"""

CROSS_ENTROPY = """import numpy as np
def backward(X, y, W1, W2):
    a1 = 1 / (1 + np.exp(-(X @ W1)))
    a2 = 1 / (1 + np.exp(-(a1 @ W2)))
    dz2 = a2 - y
    dW2 = a1.T @ dz2 / len(X)
    dz1 = dz2 @ W2.T * a1 * (1 - a1)
    dW1 = X.T @ dz1
    return dW1, dW2
"""


@pytest.fixture
def judged(sandbox):
    """The verdict on a text."""
    return lambda text: check_submission(understood(source_of(text, "own.py"), sandbox)).verdict


RETURNED = {
    "without names": "return W1 - lr * dW1, W2 - lr * dW2",
    "with other names": "W1_new = W1 - lr * dW1; W2_new = W2 - lr * dW2\n    return W1_new, W2_new",
    "beside the error": "return 0.5 * np.mean(np.sum((y - t) ** 2, axis=1)), W1 - lr * dW1, W2 - lr * dW2",
    "in a list": "return [W1 - lr * dW1, W2 - lr * dW2]",
    "the last first": "return W2 - lr * dW2, W1 - lr * dW1",
    "beside the gradients": "return dW1, dW2, W1 - lr * dW1, W2 - lr * dW2",
    "that decay": "return W1 * (1 - lr * lam) - lr * dW1, W2 * (1 - lr * lam) - lr * dW2",
    "by a rate that is written there": "return W1 - 0.25 * dW1, W2 - 0.25 * dW2",
}


@pytest.mark.parametrize("way", RETURNED)
def test_new_weights_are_known_by_their_numbers(way, judged):
    step = STEP.replace("lr)", "lr, lam)") if "lam" in RETURNED[way] else STEP
    assert judged(f"{step}    {RETURNED[way]}\n").passed


@pytest.mark.parametrize("way", ["without names", "with other names"])
def test_a_step_uphill_is_told_whatever_the_new_weights_are_called(way, judged):
    verdict = judged(f"{STEP}    {RETURNED[way].replace('- lr * d', '+ lr * d')}\n")
    assert [fault.number for fault in verdict.faults] == [9]


ELSEWHERE = {
    "attributes": """import numpy as np
class Net:
    def __init__(self):
        self.W1 = np.random.randn(5, 7); self.W2 = np.random.randn(7, 3)
    def step(self, x, t, lr):
        h = np.tanh(x @ self.W1)
        dy = (h @ self.W2 - t) / len(x)
        return self.W1 - lr * x.T @ (dy @ self.W2.T * (1 - h**2)), self.W2 - lr * h.T @ dy
""",
    "two lists": """import numpy as np
def step(x, t, weights, biases, lr):
    h = np.tanh(x @ weights[0] + biases[0])
    dy = (h @ weights[1] + biases[1] - t) / len(x)
    ds, hs = [dy @ weights[1].T * (1 - h**2), dy], [x, h]
    new_w = [W - lr * h.T @ d for W, h, d in zip(weights, hs, ds)]
    new_b = [b - lr * d.sum(0) for b, d in zip(biases, ds)]
    return new_w, new_b
""",
    "a dict": """import numpy as np
def step(p, x, t, lr):
    h = np.tanh(x @ p["W1"])
    dy = (h @ p["W2"] - t) / len(x)
    return p["W1"] - lr * x.T @ (dy @ p["W2"].T * (1 - h**2)), p["W2"] - lr * h.T @ dy
""",
}


@pytest.mark.parametrize("kept", ELSEWHERE)
def test_new_weights_are_known_wherever_the_old_ones_are_kept(kept, judged):
    assert judged(ELSEWHERE[kept]).passed
    uphill = judged(ELSEWHERE[kept].replace("- lr *", "+ lr *"))
    assert [fault.number for fault in uphill.faults] == [9]


COLUMNS = """import numpy as np
def step(x, t, W1, b1, W2, b2, lr):
    h = np.tanh(W1 @ x + b1)
    y = W2 @ h + b2
    dy = (y - t) / x.shape[1]
    dh = W2.T @ dy * (1 - h**2)
    return W1 - lr * dh @ x.T, b1 - lr * dh.sum(1, keepdims=True), W2 - lr * dy @ h.T, b2 - lr * dy
"""

ROWS = """import numpy as np
def step(x, t, W1, b1, W2, b2, lr):
    h = np.tanh(x @ W1 + b1)
    y = h @ W2 + b2
    dy = (y - t) / len(x)
    dh = dy @ W2.T * (1 - h**2)
    W1 = W1 - lr * x.T @ dh; b1 = b1 - lr * dh.sum(0); W2 = W2 - lr * h.T @ dy; b2 = b2 - lr * dy
    return W1, b1, W2, b2
"""


@pytest.mark.parametrize("text", [ROWS, COLUMNS], ids=["rows", "columns"])
def test_a_new_bias_with_one_for_each_sample_is_not_summed(text, judged):
    assert [(fault.number, fault.layers) for fault in judged(text).faults] == [(21, (2,))]


@pytest.mark.parametrize("first", ["", "y, "])
@pytest.mark.parametrize("sign", "-+")
def test_an_output_is_no_new_bias(first, sign, judged):
    new = ", ".join(f"{key} {sign} lr * d{key}" for key in ("W1", "b1", "W2", "b2"))
    lines = ROWS.splitlines()[:-2]
    text = "\n".join([*lines, "    dW1 = x.T @ dh; db1 = dh.sum(0); dW2 = h.T @ dy; db2 = dy.sum(0)", f"    return {first}{new}", ""])
    assert [fault.number for fault in judged(text).faults] == ([] if sign == "-" else [9])
    assert judged(text.replace(f"return {first}{new}", "return y, dW1, db1, dW2, db2")).passed


UPDATES = (
    "W2 -= 0.5 * h.T @ d_o; W1 -= 0.5 * X.T @ d_h",
    "W2 -= h.T.dot(d_o) * 2; W1 -= X.T.dot(d_h) * 2",
    "v2 = 0.9 * v2 + h.T @ d_o; W2 -= 0.125 * v2; W1 -= 0.125 * X.T @ d_h",
)


@pytest.mark.parametrize("update", UPDATES)
def test_a_number_in_an_update_is_its_rate(update, judged):
    verdict = judged(f"{XOR}    {update}\n")
    assert verdict.passed
    assert [saying.key for saying in verdict.conventions] == ["check.convention.sum"]


def test_a_factor_of_everything_belongs_to_a_rate_that_the_program_has_chosen(judged):
    verdict = judged(XOR.replace("d_o = (o - y)", "d_o = 0.5 * (o - y)") + f"    {UPDATES[0]}\n")
    assert verdict.passed
    assert [(saying.key, saying.values) for saying in verdict.conventions][1:] == [("check.convention.rate", {"factor": "0.5"})]


def test_a_factor_beside_a_number_that_is_the_rate_is_still_a_mistake(judged):
    text = XOR.replace("d_h = d_o", "d_h = 0.5 * d_o") + f"    {UPDATES[0]}\n"
    assert [fault.number for fault in judged(text).faults] == [11]


def test_an_output_of_cross_entropy_is_right_beside_a_mistake(judged):
    verdict = judged(CROSS_ENTROPY)
    assert [(fault.number, fault.layers) for fault in verdict.faults] == [(12, (1,))]
    assert judged(CROSS_ENTROPY.replace("X.T @ dz1", "X.T @ dz1 / len(X)")).passed


GIVES = """import numpy as np
def cost(x, t, W1, W2):
    return float(0.5 * np.sum((np.tanh(x @ W1) @ W2 - t) ** 2) / len(x))
def backward(x, t, W1, W2):
    h = np.tanh(x @ W1)
    d = (h @ W2 - t) / len(x)
    return {"W1": x.T @ ((d @ W2.T) * (1 - h**2)), "W2": h.T @ d}
x, t = np.random.randn(20, 4), np.random.randn(20, 2)
W = {"W1": np.random.randn(4, 6), "W2": np.random.randn(6, 2)}
for epoch in range(100):
    g = backward(x, t, **W)
    for k in W:
        W[k] -= 0.1 * g[k]
"""


def test_a_loop_beside_a_function_of_gradients_is_watched_for_steps_uphill(judged):
    assert judged(GIVES).passed
    (fault,) = judged(GIVES.replace("-= 0.1", "+= 0.1")).faults
    assert (fault.number, fault.place.line) == (9, 13)


def test_a_loss_that_gives_a_number_of_python_says_what_the_gradients_belong_to(judged):
    assert [fault.number for fault in judged(GIVES.replace("d = (h", "d = 2 * (h")).faults] == [11]


ADAM = """import numpy as np
X, Y = np.random.randn(20, 4), np.random.randn(20, 2)
params = [np.random.randn(4, 6) * 0.5, np.zeros(6), np.random.randn(6, 2) * 0.5, np.zeros(2)]
m, v = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
lr, b1, b2, eps = 0.01, 0.9, 0.999, 1e-8
def step(k, g, t):
    m[k] = b1 * m[k] + (1 - b1) * g
    v[k] = b2 * v[k] + (1 - b2) * g ** 2
    mh = m[k] / (1 - b1 ** t)
    vh = v[k] / (1 - b2 ** t)
    params[k] -= lr * mh / (np.sqrt(vh) + eps)
for t in range(1, 201):
    W1, c1, W2, c2 = params
    h = np.tanh(X @ W1 + c1)
    dy = (h @ W2 + c2 - Y) / len(X)
    dz = (dy @ W2.T) * (1 - h ** 2)
    for k, g in enumerate([X.T @ dz, dz.sum(axis=0), h.T @ dy, dy.sum(axis=0)]):
        step(k, g, t)
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("np.sqrt(vh)", "vh"), ("m[k] / (1 - b1 ** t)", "m[k] / (1 - b2 ** t)"), ("v[k] / (1 - b2 ** t)", "v[k] / (1 - b2)")],
)
def test_a_slip_in_adam_over_a_list_is_told_at_its_own_line(right, wrong, judged):
    assert judged(ADAM).passed
    text = ADAM.replace(right, wrong)
    (fault,) = judged(text).faults
    assert fault.number == 40
    assert wrong in text.splitlines()[fault.place.line - 1]


ADAGRAD = GIVES.replace("for epoch", "s = {k: np.zeros_like(w) for k, w in W.items()}\nfor epoch").replace(
    "W[k] -= 0.1 * g[k]", "s[k] += g[k] ** 2\n        W[k] -= 0.1 * g[k] / (np.sqrt(s[k]) + 1e-8)"
)


@pytest.mark.parametrize(
    ("right", "wrong"), [("s[k] += g[k] ** 2", "s[k] = g[k] ** 2"), ("(np.sqrt(s[k]) + 1e-8)", "(s[k] + 1e-8)  # adagrad")]
)
def test_a_slip_in_adagrad_is_named(right, wrong, judged):
    assert judged(ADAGRAD).passed
    assert [fault.number for fault in judged(ADAGRAD.replace(right, wrong)).faults] == [40]


SHARED_AND_FIXED = """import numpy as np
def sig(x):
    return 1 / (1 + np.exp(-x))
x, target = np.array([0.05, 0.10]), np.array([0.01, 0.99])
W1, W2 = np.array([[0.15, 0.25], [0.20, 0.30]]), np.array([[0.40, 0.50], [0.45, 0.55]])
b1, b2, eta = 0.35, 0.60, 0.5
for i in range(100):
    h = sig(x @ W1 + b1)
    o = sig(h @ W2 + b2)
    E = 0.5 * np.sum((target - o) ** 2)
    do = (o - target) * o * (1 - o)
    dh = (W2 @ do) * h * (1 - h)
    W2 = W2 - eta * np.outer(h, do)
    W1 = W1 - eta * np.outer(x, dh)
"""


def test_a_number_that_is_added_to_a_whole_layer_and_never_trained_is_read(judged):
    assert judged(SHARED_AND_FIXED).passed
    assert [fault.number for fault in judged(SHARED_AND_FIXED.replace("(W2 @ do)", "(W2.T @ do)")).faults] == [15]


def test_a_slope_that_is_called_alpha_is_no_rate(judged):
    text = """import numpy as np
class Net:
    def __init__(self, n_in, n_hidden, n_out, alpha=0.01):
        self.alpha = alpha
        self.W1, self.W2 = np.random.randn(n_in, n_hidden), np.random.randn(n_hidden, n_out)
    def forward(self, x):
        self.x, self.z = x, x @ self.W1
        self.h = np.where(self.z > 0, self.z, self.alpha * self.z)
        return self.h @ self.W2
    def backward(self, x, t):
        d = (self.forward(x) - t) / len(x)
        return {"W1": x.T @ ((d @ self.W2.T) * np.where(self.z > 0, 1.0, self.alpha)), "W2": self.h.T @ d}
"""
    assert judged(text).passed
