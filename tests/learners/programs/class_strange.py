import numpy as np


class MLP:
    """Mini MLP for the ML lab (group 7)."""

    def __init__(self, n_in, n_hidden, n_out):
        rng = np.random.default_rng(0)
        self.W1 = rng.normal(0, 0.1, (n_in, n_hidden))
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = rng.normal(0, 0.1, (n_hidden, n_out))
        self.b2 = np.zeros((1, n_out))

    def forward(self, X):
        self.X = X
        self.z1 = X @ self.W1 + self.b1
        self.a1 = np.maximum(0, self.z1)
        self.z2 = self.a1 @ self.W2 + self.b2
        ez = np.exp(self.z2 - np.max(self.z2, axis=1, keepdims=True))
        self.p = ez / np.sum(ez, axis=1, keepdims=True)
        return self.p

    def loss(self, y):
        n = y.shape[0]
        return -np.mean(np.log(self.p[np.arange(n), y] + 1e-12))

    def backward(self, y):
        n = y.shape[0]
        d2 = self.p.copy()
        d2[np.arange(n), y] -= 1.0
        d2 /= n
        self.dW2 = self.a1.T @ d2
        self.db2 = np.sum(d2, axis=0, keepdims=True)
        d1 = d2 @ self.W2.T * self.p.max()
        d1[self.z1 <= 0] = 0
        self.dW1 = self.X.T @ d1
        self.db1 = np.sum(d1, axis=0, keepdims=True)

    def step(self, lr):
        for name in ("W1", "b1", "W2", "b2"):
            setattr(self, name, getattr(self, name) - lr * getattr(self, "d" + name))


def main():
    X = np.random.randn(200, 10)
    y = np.random.randint(0, 3, size=200)
    net = MLP(10, 32, 3)
    for epoch in range(300):
        net.forward(X)
        net.backward(y)
        net.step(0.5)
        if epoch % 50 == 0:
            print(epoch, net.loss(y))


if __name__ == "__main__":
    main()
