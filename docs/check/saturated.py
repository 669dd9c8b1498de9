import numpy as np


def forward(X, W, b):
    return 1 / (1 + np.exp(-(X @ W + b)))


def cost(Y, A):
    return -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))


def gradients(X, Y, W, b):
    A = forward(X, W, b)
    print(cost(Y, A))
    dZ = (A - Y) / len(X)
    dW = X.T @ dZ
    db = dZ.sum(axis=0)
    return dW, db
