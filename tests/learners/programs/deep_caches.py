# any number of layers: relu everywhere, sigmoid at the end. One sample = one column
import numpy as np
import h5py
from my_helpers import *

def begin(layer_sizes):
    rng = np.random.default_rng(11)
    params = {}
    for l, (n_in, n_out) in enumerate(zip(layer_sizes[:-1], layer_sizes[1:]), start=1):
        params[f"W{l}"] = rng.normal(0, 0.1, (n_out, n_in))
        params[f"b{l}"] = np.zeros((n_out, 1))
    return params

def squash(Z, kind):
    return np.where(Z > 0, Z, 0.0) if kind == "relu" else 1 / (1 + np.exp(-Z))

def squash_slope(Z, kind):
    if kind == "relu":
        return (Z > 0) * 1.0
    s = squash(Z, kind)
    return s - s * s

def one_layer(A, W, b, kind):
    Z = W @ A + b
    return squash(Z, kind), (A, W, Z, kind)

def forward(X, params):
    depth = len(params) // 2
    AL, caches = X, []
    for l in range(1, depth + 1):
        AL, cache = one_layer(AL, params[f"W{l}"], params[f"b{l}"], "sigmoid" if l == depth else "relu")
        caches.append(cache)
    return AL, caches

def cost(AL, Y):
    return -(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)).sum() / Y.shape[1]

def one_layer_back(dA, cache):
    A, W, Z, kind = cache
    m = dA.shape[1]
    dZ = dA * squash_slope(Z, kind)
    dA = W.T @ dZ
    return dA, dZ @ A.T / m, dZ.sum(axis=1, keepdims=True) / m

def backward(AL, Y, caches):
    grads = {}
    dA = (1 - Y) / (1 - AL) - Y / AL
    for l in range(len(caches), 0, -1):
        dA, grads[f"dW{l}"], grads[f"db{l}"] = one_layer_back(dA, caches[l - 1])
    return grads

def step(params, grads, learning_rate):
    return {name: value - learning_rate * grads["d" + name] for name, value in params.items()}
