"""matrix micrograd: Tensor with a tape"""
import numpy as np

class Tensor:
    def __init__(self, data, parents=(), grad_fn=None):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)
        self.parents = parents
        self.grad_fn = grad_fn

    def __matmul__(self, other):
        def grad_fn(g):
            self.grad += g @ other.data.T
            other.grad += self.data.T @ g
        return Tensor(self.data @ other.data, (self, other), grad_fn)

    def __add__(self, other):
        def grad_fn(g):
            self.grad += g
            gg = g
            if other.data.shape != g.shape:
                gg = g.sum(axis=0)
            other.grad += gg
        return Tensor(self.data + other.data, (self, other), grad_fn)

    def tanh(self):
        t = np.tanh(self.data)
        def grad_fn(g):
            self.grad += g * (1 - t ** 2)
        return Tensor(t, (self,), grad_fn)

    def mse(self, target):
        diff = self.data - target
        def grad_fn(g):
            self.grad += g * 2 * diff / diff.size
        return Tensor((diff ** 2).mean(), (self,), grad_fn)

    def backward(self):
        order, seen = [], set()
        def visit(t):
            if id(t) in seen: return
            seen.add(id(t))
            for p in t.parents: visit(p)
            order.append(t)
        visit(self)
        self.grad = np.ones_like(self.data)
        for t in reversed(order):
            if t.grad_fn: t.grad_fn(t.grad)

np.random.seed(3)
X = np.random.randn(30, 3)
Y = np.stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]], axis=1)
W1, b1 = Tensor(np.random.randn(3, 6) * .5), Tensor(np.zeros(6))
W2, b2 = Tensor(np.random.randn(6, 2) * .5), Tensor(np.zeros(2))
params = [W1, b1, W2, b2]
lr = 0.1
for step in range(300):
    x = Tensor(X)
    h = (x @ W1 + b1).tanh()
    out = h @ W2 + b2
    loss = out.mse(Y)
    for p in params: p.grad = np.zeros_like(p.data)
    loss.backward()
    for p in params:
        p.data = p.data - lr * p.grad
    if step % 50 == 0: print(step, loss.data)
