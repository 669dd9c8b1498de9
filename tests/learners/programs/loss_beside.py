"""Two layers; the cost is there to be plotted and nothing calls it here."""
import numpy as np


def predict(X, W1, b1, W2, b2):
    hidden = np.tanh(X @ W1 + b1)
    Y = 1.0 / (1.0 + np.exp(-(hidden @ W2 + b2)))
    return hidden, Y


def cost(T, Y):
    Y = np.clip(Y, 1e-12, 1 - 1e-12)
    return -np.mean(np.sum(T * np.log(Y) + (1 - T) * np.log(1 - Y), axis=1))


def accuracy_error(T, Y):
    return np.mean((Y > 0.5) != (T > 0.5))


def backward(X, T, W1, b1, W2, b2):
    hidden, Y = predict(X, W1, b1, W2, b2)
    d2 = (Y - T) * Y * (1 - Y) / len(X)
    dW2 = hidden.T @ d2
    db2 = d2.sum(axis=0)
    d1 = d2 @ W2.T * (1 - hidden ** 2)
    dW1 = X.T @ d1
    db1 = d1.sum(axis=0)
    return dW1, db1, dW2, db2
