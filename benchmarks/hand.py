"""One training step of a network with a tanh layer and softmax, as a careful student writes it by hand."""

import numpy as np


def step(x, t, W1, b1, W2, b2, learning_rate):
    """E before the step, and the new parameters."""
    E, dW1, db1, dW2, db2 = error_and_gradients(x, t, W1, b1, W2, b2)
    return E, W1 - learning_rate * dW1, b1 - learning_rate * db1, W2 - learning_rate * dW2, b2 - learning_rate * db2


def step_in_place(x, t, W1, b1, W2, b2, learning_rate):
    """The same, but the arrays given are changed: no copy of the weights is made."""
    E, dW1, db1, dW2, db2 = error_and_gradients(x, t, W1, b1, W2, b2)
    W1 -= learning_rate * dW1
    b1 -= learning_rate * db1
    W2 -= learning_rate * dW2
    b2 -= learning_rate * db2
    return E


def error_and_gradients(x, t, W1, b1, W2, b2):
    # forward
    h = np.tanh(x @ W1 + b1)
    z = h @ W2 + b2
    z = z - z.max(axis=1, keepdims=True)  # so that e^z cannot overflow
    sums = np.exp(z).sum(axis=1, keepdims=True)
    E = np.mean(np.sum(t * (np.log(sums) - z), axis=1))
    # backward
    dz2 = (np.exp(z) / sums - t) / len(x)
    dz1 = (dz2 @ W2.T) * (1 - h**2)
    return E, x.T @ dz1, dz1.sum(axis=0), h.T @ dz2, dz2.sum(axis=0)
