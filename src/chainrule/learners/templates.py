"""Files to be filled in, one for each style: what is the learner's to write is `...` and marked "yours"."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chainrule.base.errors import UnknownNameError

YOURS = "# yours"

_FUNCTIONS = '''"""Two layers, in functions. X has a sample in each row; W1 is (inputs, units)."""

import numpy as np


def forward(X, W1, b1, W2, b2):
    Z1 = X @ W1 + b1  # yours
    A1 = np.tanh(Z1)  # yours
    Z2 = A1 @ W2 + b2  # yours
    A2 = 1 / (1 + np.exp(-Z2))  # yours
    return Z1, A1, Z2, A2


def cost(A2, Y):
    return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / len(Y)  # yours


def backward(X, Y, Z1, A1, Z2, A2, W1, W2):
    dZ2 = (A2 - Y) / len(Y)  # yours
    dW2 = A1.T @ dZ2  # yours
    db2 = dZ2.sum(axis=0)  # yours
    dZ1 = (dZ2 @ W2.T) * (1 - A1**2)  # yours
    dW1 = X.T @ dZ1  # yours
    db1 = dZ1.sum(axis=0)  # yours
    return dW1, db1, dW2, db2
'''

_DICTIONARIES = '''"""Two layers, parameters in a dict. X has a sample in each column; W1 is (units, inputs)."""

import numpy as np


def forward(X, parameters):
    W1, b1, W2, b2 = parameters["W1"], parameters["b1"], parameters["W2"], parameters["b2"]
    Z1 = W1 @ X + b1  # yours
    A1 = np.tanh(Z1)  # yours
    Z2 = W2 @ A1 + b2  # yours
    A2 = 1 / (1 + np.exp(-Z2))  # yours
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def cost(A2, Y):
    return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1]  # yours


def backward(X, Y, parameters, cache):
    m = X.shape[1]
    W2, A1, A2 = parameters["W2"], cache["A1"], cache["A2"]
    dZ2 = A2 - Y  # yours
    dW2 = dZ2 @ A1.T / m  # yours
    db2 = dZ2.sum(axis=1, keepdims=True) / m  # yours
    dZ1 = (W2.T @ dZ2) * (1 - A1**2)  # yours
    dW1 = dZ1 @ X.T / m  # yours
    db1 = dZ1.sum(axis=1, keepdims=True) / m  # yours
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
'''

_CLASS = '''"""Two layers in a class. x has a sample in each row; W1 is (inputs, units)."""

import numpy as np


class Network:
    def __init__(self, n_inputs, n_hidden, n_outputs, learning_rate=0.1):
        rng = np.random.default_rng(0)
        self.W1 = rng.normal(size=(n_inputs, n_hidden))
        self.b1 = np.zeros(n_hidden)
        self.W2 = rng.normal(size=(n_hidden, n_outputs))
        self.b2 = np.zeros(n_outputs)
        self.learning_rate = learning_rate

    def forward(self, x):
        self.h = np.tanh(x @ self.W1 + self.b1)  # yours
        self.y = self.h @ self.W2 + self.b2  # yours
        return self.y

    def train(self, x, t):
        y = self.forward(x)
        delta2 = (y - t) / len(x)  # yours
        delta1 = (delta2 @ self.W2.T) * (1 - self.h**2)  # yours
        self.W2 -= self.learning_rate * (self.h.T @ delta2)  # yours
        self.b2 -= self.learning_rate * delta2.sum(axis=0)  # yours
        self.W1 -= self.learning_rate * (x.T @ delta1)  # yours
        self.b1 -= self.learning_rate * delta1.sum(axis=0)  # yours
'''

_SCRIPT = '''"""Two layers in a script that trains."""

import numpy as np

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
Y = np.array([[0], [1], [1], [0]], dtype=float)

rng = np.random.default_rng(0)
W1 = rng.normal(size=(2, 4))
W2 = rng.normal(size=(4, 1))
learning_rate = 0.5

for epoch in range(5000):
    h = 1 / (1 + np.exp(-(X @ W1)))  # yours
    y = 1 / (1 + np.exp(-(h @ W2)))  # yours
    delta2 = (y - Y) * y * (1 - y)  # yours
    delta1 = (delta2 @ W2.T) * h * (1 - h)  # yours
    W2 -= learning_rate * (h.T @ delta2)  # yours
    W1 -= learning_rate * (X.T @ delta1)  # yours
'''

_LAYERS = '''"""Layers, each with a forward and a backward pass, and a loop that trains them."""

import numpy as np


class Dense:
    def __init__(self, inputs, units):
        self.W = np.random.default_rng(0).normal(size=(inputs, units))
        self.b = np.zeros((1, units))

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b  # yours

    def backward(self, gradient, learning_rate):
        back = gradient @ self.W.T  # yours
        self.W -= learning_rate * (self.x.T @ gradient)  # yours
        self.b -= learning_rate * gradient.sum(axis=0, keepdims=True)  # yours
        return back


class Tanh:
    def forward(self, z):
        self.h = np.tanh(z)  # yours
        return self.h

    def backward(self, gradient, learning_rate):
        return gradient * (1 - self.h**2)  # yours


X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
Y = np.array([[0], [1], [1], [0]], dtype=float)
network = [Dense(2, 3), Tanh(), Dense(3, 1)]
learning_rate = 0.1

for epoch in range(1000):
    output = X
    for layer in network:
        output = layer.forward(output)
    gradient = (output - Y) / len(X)  # yours
    for layer in reversed(network):
        gradient = layer.backward(gradient, learning_rate)
'''

SOLUTIONS: Mapping[str, str] = {
    "functions": _FUNCTIONS,
    "dictionaries": _DICTIONARIES,
    "class": _CLASS,
    "script": _SCRIPT,
    "layers": _LAYERS,
}
"""Each style, filled in rightly."""


def template(style: str) -> str:
    """The file of a style, to be filled in. Raises UnknownNameError."""
    if style not in SOLUTIONS:
        raise UnknownNameError("style", style, SOLUTIONS)
    return "".join(_opened(line) for line in SOLUTIONS[style].splitlines(keepends=True))


def _opened(line: str) -> str:
    """A line of the learner's: what is to be computed stays, how is theirs."""
    if not line.rstrip().endswith(YOURS):
        return line
    found = re.match(r"^(\s*)(return|[\w.]+ (?:-=|=)) ", line)
    assert found is not None
    return f"{found[1]}{found[2]} ...  {YOURS}\n"
