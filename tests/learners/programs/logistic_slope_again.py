import numpy as np

# does a bulb fail in the first year? a bulb per column

def squash(z):
    return np.exp(z) / (1 + np.exp(z))

def cost_and_slopes(w, b, X, Y):
    n = Y.size
    A = squash(w.T @ X + b)
    cost = -(Y * np.log(A) + (1 - Y) * np.log(1 - A)).mean()
    dz = A - Y
    dw = X @ (dz * A * (1 - A)).T / n
    db = dz.mean()
    return cost, dw, db

def train(X, Y, learning_rate=0.05, rounds=500):
    w, b = np.zeros((len(X), 1)), 0.0
    for r in range(rounds):
        cost, dw, db = cost_and_slopes(w, b, X, Y)
        w, b = w - learning_rate * dw, b - learning_rate * db
    return w, b
