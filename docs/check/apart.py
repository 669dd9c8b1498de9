import numpy as np


def train_step(X, Y, W1, b1, W2, b2, lr=0.1):
    X = X[np.random.permutation(len(X))]
    Y = Y[np.random.permutation(len(Y))]
    H = np.tanh(X @ W1 + b1)
    D2 = (H @ W2 + b2 - Y) / len(X)
    D1 = D2 @ W2.T * (1 - H**2)
    W2 = W2 - lr * H.T @ D2
    b2 = b2 - lr * D2.sum(axis=0)
    W1 = W1 - lr * X.T @ D1
    b1 = b1 - lr * D1.sum(axis=0)
    return W1, b1, W2, b2
