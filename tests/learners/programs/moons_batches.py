"""Trains on two moons in mini-batches; nothing is a function."""
import numpy as np
from sklearn.datasets import make_moons
import matplotlib.pyplot as plt

X, y = make_moons(200, noise=0.2, random_state=0)
y = y.reshape(-1, 1)
rng = np.random.RandomState(1)
W1 = rng.randn(2, 8) * 0.5
b1 = np.zeros((1, 8))
W2 = rng.randn(8, 1) * 0.5
b2 = np.zeros((1, 1))
lr = 0.5
batch_size = 20
losses = []
for epoch in range(100):
    idx = rng.permutation(len(X))
    for s in range(0, len(X), batch_size):
        xb, yb = X[idx[s:s + batch_size]], y[idx[s:s + batch_size]]
        h = np.tanh(xb @ W1 + b1)
        p = 1 / (1 + np.exp(-(h @ W2 + b2)))
        d2 = (p - yb) / len(xb)
        d1 = d2 @ W2.T * (1 - h ** 2)
        W2 -= lr * h.T @ d2
        b2 -= lr * d2.sum(axis=0, keepdims=True)
        W1 -= lr * xb.T @ d1
        b1 -= lr * d1.sum(axis=0, keepdims=True)
    losses.append(-np.mean(yb * np.log(p) + (1 - yb) * np.log(1 - p)))
plt.plot(losses)
plt.show()
