from dataclasses import dataclass
import numpy as np


@dataclass
class P:
    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray


@dataclass
class Grad:
    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def loss_and_grad(p: P, x, y):
    n = x.shape[0]
    a = x @ p.w1 + p.b1
    h = np.maximum(a, 0)
    s = h @ p.w2 + p.b2
    prob = softmax(s)
    loss = -np.log(prob[np.arange(n), y]).mean()
    ds = prob.copy()
    ds[np.arange(n), y] -= 1
    ds /= n
    dh = ds @ p.w2.T
    dh[a <= 0] = 0
    return loss, Grad(x.T @ dh, dh.sum(0), h.T @ ds, ds.sum(0))
