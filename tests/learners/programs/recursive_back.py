import numpy as np


class Node:
    """A layer that knows the next one; the error comes back by recursion."""

    def __init__(self, n_in, rest):
        self.W = np.random.standard_normal((rest[0], n_in)) / np.sqrt(n_in)
        self.b = np.zeros((rest[0], 1))
        self.next = Node(rest[0], rest[1:]) if len(rest) > 1 else None

    def learn(self, a, target, rate):
        """Gives dE/da."""
        out = 1 / (1 + np.exp(-(self.W @ a + self.b)))
        if self.next is None:
            de_dout = out - target
        else:
            de_dout = self.next.learn(out, target, rate)
        delta = de_dout * out * (1 - out)
        de_da = self.W.T @ delta
        self.W -= rate * delta @ a.T
        self.b -= rate * delta.sum(axis=1, keepdims=True)
        return de_da


net = Node(3, [6, 2])
A = np.random.rand(3, 20)
B = np.vstack([A.max(axis=0), A.min(axis=0)])
for i in range(2000):
    net.learn(A, B, 0.05)
