"""Layers in functions; a cache has its own W in it, beside the parameters W1, W2."""
import numpy as np

def linear(A, W, b):
    return W @ A + b, {"A": A, "W": W}

def forward(X, params):
    Z1, cache1 = linear(X, params["W1"], params["b1"])
    A1 = np.tanh(Z1)
    Z2, cache2 = linear(A1, params["W2"], params["b2"])
    A2 = 1 / (1 + np.exp(-Z2))
    return A2, {"lin1": cache1, "lin2": cache2, "A1": A1}

def linear_back(dZ, cache):
    m = dZ.shape[1]
    dW = dZ @ cache["A"].T / m
    db = dZ.sum(axis=1, keepdims=True) / m
    return cache["W"].T @ dZ, dW, db

def backward(AL, Y, cache):
    dZ2 = AL - Y
    dA1, dW2, db2 = linear_back(dZ2, cache["lin2"])
    dZ1 = dA1 * (1 - cache["A1"] ** 2)
    _, dW1, db1 = linear_back(dZ1, cache["lin1"])
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
