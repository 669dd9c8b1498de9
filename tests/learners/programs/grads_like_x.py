import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(X, W1, b1, W2, b2):
    h = sigmoid(X @ W1 + b1)
    out = sigmoid(h @ W2 + b2)
    return h, out


def backward(X, y, W1, b1, W2, b2):
    h, out = forward(X, W1, b1, W2, b2)
    # same type and shape as the labels
    delta2 = np.zeros_like(y)
    for n in range(X.shape[0]):
        for k in range(y.shape[1]):
            delta2[n, k] = (out[n, k] - y[n, k]) * out[n, k] * (1 - out[n, k])
    dW2 = h.T @ delta2
    db2 = delta2.sum(axis=0)
    delta1 = (delta2 @ W2.T) * h * (1 - h)
    dW1 = X.T @ delta1
    db1 = delta1.sum(axis=0)
    return dW1, db1, dW2, db2
