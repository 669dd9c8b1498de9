# parts that can be put together in any order (columns!)
import numpy as np

class Part:
    def forward(self, x):
        raise NotImplementedError

    def backward(self, dy, rate):
        raise NotImplementedError

class Linear(Part):
    def __init__(self, n_in, n_out):
        self.W = np.random.standard_normal((n_out, n_in)) / np.sqrt(n_in)
        self.b = np.zeros((n_out, 1))

    def forward(self, x):
        self.x = x
        return self.W @ x + self.b

    def backward(self, dy, rate):
        dx = self.W.T @ dy
        self.W -= rate * dy @ self.x.T
        self.b -= rate * dy
        return dx

class Elementwise(Part):
    def forward(self, x):
        self.x = x
        return self.f(x)

    def backward(self, dy, rate):
        return self.df(self.x) * dy

class Tanh(Elementwise):
    f = staticmethod(np.tanh)

    @staticmethod
    def df(x):
        return (1 + np.tanh(x)) * (1 - np.tanh(x))

def loss(y, t):
    return ((y - t) ** 2).mean()

def loss_slope(y, t):
    return (y - t) * (2 / t.size)

X = np.random.default_rng(3).uniform(-1, 1, (25, 3, 1))
T = X[:, :1] * X[:, 1:2] - 0.3 * X[:, 2:]
parts = [Linear(3, 5), Tanh(), Linear(5, 1), Tanh()]
rate = 0.05

for turn in range(400):
    total = 0
    for x, t in zip(X, T):
        y = x
        for part in parts:
            y = part.forward(y)
        total += loss(y, t)
        dy = loss_slope(y, t)
        for part in parts[::-1]:
            dy = part.backward(dy, rate)
    if turn % 50 == 0:
        print("turn", turn, "loss", total / len(X))
