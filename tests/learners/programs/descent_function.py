import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gradient_descent(X, y, n_hidden=6, alpha=0.3, n_iter=1500, verbose=True):
    """X: (n, d), y: (n, 1) of 0 and 1. Gives the weights and what the loss was."""
    n, d = X.shape
    rng = np.random.RandomState(0)
    Theta1 = rng.normal(0, 0.3, size=(d, n_hidden))
    theta01 = np.zeros(n_hidden)
    Theta2 = rng.normal(0, 0.3, size=(n_hidden, 1))
    theta02 = np.zeros(1)
    history = []
    for it in range(n_iter):
        hidden = sigmoid(X @ Theta1 + theta01)
        p = sigmoid(hidden @ Theta2 + theta02)
        J = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum() / n
        history.append(J)
        if verbose and it % 250 == 0:
            print("iter", it, "J =", J)
        d2 = p - y
        d1 = (d2 @ Theta2.T) * hidden * (1 - hidden)
        Theta2 -= alpha / n * (hidden.T @ d2)
        theta02 -= alpha / n * d2.sum(axis=0)
        Theta1 -= alpha / n * (X.T @ d1)
        theta01 -= alpha / n * d1.sum(axis=0)
    return Theta1, theta01, Theta2, theta02, history


if __name__ == "__main__":
    np.random.seed(1)
    X = np.random.randn(100, 2)
    y = (X[:, :1] * X[:, 1:] > 0).astype(float)
    gradient_descent(X, y)
