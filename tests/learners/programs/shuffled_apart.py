import numpy as np


class Network:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1 = np.random.randn(n_in, n_hidden) * 0.1
        self.b1 = np.zeros(n_hidden)
        self.W2 = np.random.randn(n_hidden, n_out) * 0.1
        self.b2 = np.zeros(n_out)

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = np.tanh(self.z1)
        self.z2 = self.a1 @ self.W2 + self.b2
        return self.z2

    def train(self, X, y, lr=0.01):
        # a new order in every epoch
        X = X[np.random.permutation(len(X))]
        y = y[np.random.permutation(len(y))]
        y_hat = self.forward(X)
        d2 = (y_hat - y) / len(X)
        d1 = (d2 @ self.W2.T) * (1 - self.a1 ** 2)
        self.W2 -= lr * self.a1.T @ d2
        self.b2 -= lr * d2.sum(axis=0)
        self.W1 -= lr * X.T @ d1
        self.b1 -= lr * d1.sum(axis=0)
        return np.mean((y_hat - y) ** 2)
