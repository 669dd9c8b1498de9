import numpy as np
from sklearn.utils import shuffle


def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def gradients(X, Y, W1, b1, W2, b2):
    rng = np.random.default_rng()
    X = rng.permutation(X)
    Y = rng.permutation(Y)
    Z1 = X.dot(W1) + b1
    A1 = np.maximum(0, Z1)
    P = softmax(A1.dot(W2) + b2)
    dZ2 = (P - Y) / X.shape[0]
    dW2 = A1.T.dot(dZ2)
    db2 = dZ2.sum(axis=0)
    dZ1 = dZ2.dot(W2.T)
    dZ1[Z1 <= 0] = 0
    dW1 = X.T.dot(dZ1)
    db1 = dZ1.sum(axis=0)
    return dW1, db1, dW2, db2
