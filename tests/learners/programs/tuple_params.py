"""Parameters as a list of (W, b), one pair a layer."""
import numpy as np
import numpy.random as npr


def init_params(sizes, scale=0.3, rng=npr.RandomState(0)):
    return [(scale * rng.randn(m, n), scale * rng.randn(n)) for m, n in zip(sizes[:-1], sizes[1:])]


def predict(params, inputs):
    activations = [inputs]
    for W, b in params[:-1]:
        activations.append(np.tanh(activations[-1] @ W + b))
    W, b = params[-1]
    return activations, activations[-1] @ W + b


def grad(params, inputs, targets):
    activations, outputs = predict(params, inputs)
    delta = (outputs - targets) / inputs.shape[0]
    grads = []
    for (W, b), a in zip(reversed(params), reversed(activations)):
        grads.insert(0, (a.T @ delta, delta.sum(axis=0)))
        delta = (delta @ W.T) * (1 - a**2)
    return grads


def update(params, grads, step_size=0.05):
    return [(W - step_size * dW, b - step_size * db) for (W, b), (dW, db) in zip(params, grads)]


if __name__ == "__main__":
    inputs = npr.RandomState(1).randn(32, 4)
    targets = np.sin(inputs[:, :2])
    params = init_params([4, 10, 2])
    for i in range(500):
        params = update(params, grad(params, inputs, targets))
