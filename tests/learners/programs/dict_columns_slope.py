# rings: is a point in the inner or in the outer one?
import numpy as np
import matplotlib.pyplot as plt
from ring_data import sigmoid, load_rings, show_border

X, Y = load_rings()
n_hidden = 6


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def start(n_x, n_h, n_y):
    rng = np.random.default_rng(4)
    params = {"b1": np.zeros((n_h, 1)), "b2": np.zeros((n_y, 1))}
    params["W1"] = 0.05 * rng.standard_normal((n_h, n_x))
    params["W2"] = 0.05 * rng.standard_normal((n_y, n_h))
    return params


def forward(X, params):
    cache = {}
    cache["A1"] = np.tanh(params["W1"] @ X + params["b1"])
    cache["A2"] = sigmoid(params["W2"] @ cache["A1"] + params["b2"])
    return cache["A2"], cache


def cross_entropy(A2, Y):
    right = Y * np.log(A2) + (1 - Y) * np.log(1 - A2)
    return float(-right.mean(axis=1).sum())


def backward(params, cache, X, Y):
    A1, A2, W2 = cache["A1"], cache["A2"], params["W2"]
    N = X.shape[1]
    grads = {}
    dZ2 = A2 - Y
    grads["dW2"] = dZ2 @ A1.T / N
    grads["db2"] = dZ2.mean(axis=1, keepdims=True)
    dZ1 = W2.T @ dZ2 * (1 - A1)
    grads["dW1"] = dZ1 @ X.T / N
    grads["db1"] = dZ1.mean(axis=1, keepdims=True)
    return grads


def descend(params, grads, learning_rate=0.8):
    for name in params:
        params[name] = params[name] - learning_rate * grads["d" + name]
    return params


def fit(X, Y, rounds=4000):
    params = start(len(X), n_hidden, len(Y))
    history = []
    for r in range(rounds):
        A2, cache = forward(X, params)
        history.append(cross_entropy(A2, Y))
        params = descend(params, backward(params, cache, X, Y))
    plt.plot(history)
    return params


params = fit(X, Y)
show_border(lambda points: forward(points, params)[0] > 0.5)
