import numpy as np


class LogisticRegression:
    """Ein Neuron, mit Verlauf der Gewichte."""

    def __init__(self, n_features):
        self.w = np.zeros((n_features, 1))
        self.b = np.zeros((1, 1))
        self.verlauf = []

    def sigmoid(self, z):
        return 1 / (1 + np.exp(-z))

    def forward(self, X):
        self.z = X @ self.w + self.b
        self.a = self.sigmoid(self.z)
        return self.a

    def fit_step(self, X, y, lr=0.1):
        a = self.forward(X)
        n = len(X)
        loss = -np.mean(y * np.log(a + 1e-12) + (1 - y) * np.log(1 - a + 1e-12))
        dz = (a - y) / n
        self.w -= lr * X.T @ dz
        self.b -= lr * dz.sum(axis=0, keepdims=True)
        self.verlauf.append(self.w)     # für die Animation
        return loss
