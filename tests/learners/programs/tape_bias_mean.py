"""A tape of closures over arrays."""
import numpy as np

class Var:
    def __init__(self, data, parents=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.parents = parents
        self.pull = lambda g: None

    def backward(self):
        order, seen = [], set()
        def visit(v):
            if id(v) in seen:
                return
            seen.add(id(v))
            for p in v.parents:
                visit(p)
            order.append(v)
        visit(self)
        self.grad = np.ones_like(self.data)
        for v in reversed(order):
            v.pull(v.grad)

def affine(x, w, b):
    out = Var(x.data @ w.data + b.data, (x, w, b))
    def pull(g):
        x.grad = x.grad + g @ w.data.T
        w.grad = w.grad + x.data.T @ g
        b.grad = b.grad + g.mean(axis=0)
    out.pull = pull
    return out

def tanh(x):
    out = Var(np.tanh(x.data), (x,))
    def pull(g):
        x.grad = x.grad + g * (1 - out.data ** 2)
    out.pull = pull
    return out

def half_mse(y, t):
    out = Var(0.5 * ((y.data - t) ** 2).sum() / len(t), (y,))
    def pull(g):
        y.grad = y.grad + g * (y.data - t) / len(t)
    out.pull = pull
    return out

def loss_and_grads(x, t, W1, b1, W2, b2):
    p = [Var(a) for a in (W1, b1, W2, b2)]
    h = tanh(affine(Var(x), p[0], p[1]))
    y = affine(h, p[2], p[3])
    L = half_mse(y, t)
    L.backward()
    dW1, db1, dW2, db2 = [v.grad for v in p]
    return L.data, dW1, db1, dW2, db2
