from typing import NamedTuple
import numpy as np


class Params(NamedTuple):
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray


def forward(p, x):
    z1 = x @ p.W1 + p.b1
    h1 = np.tanh(z1)
    z2 = h1 @ p.W2 + p.b2
    return z1, h1, z2


def backward(p, x, t):
    z1, h1, y = forward(p, x)
    d2 = (y - t) / len(x)
    d1 = d2 @ p.W2.T * (1 - h1 ** 2)
    return Params(W1=x.T @ d1, b1=d1.sum(0), W2=h1.T @ d2, b2=d2.sum(0))


def step(p, x, t, lr=0.1):
    g = backward(p, x, t)
    return Params(*(a - lr * b for a, b in zip(p, g)))
