from collections import namedtuple

import numpy as np

Params = namedtuple("Params", "W1 b1 W2 b2")
Grads = namedtuple("Grads", "W1 b1 W2 b2")


def init(d, h, k, rng):
    return Params(rng.normal(size=(d, h)) * 0.1, np.zeros(h), rng.normal(size=(h, k)) * 0.1, np.zeros(k))


def loss_and_grads(params, X, y):
    """y: one-hot."""
    n = len(X)
    z = X @ params.W1 + params.b1
    h = np.maximum(z, 0.0)
    scores = h @ params.W2 + params.b2
    scores = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.sum(y * np.log(probs)) / n

    dscores = (probs - y) / n
    dh = dscores @ params.W2.T
    dz = np.where(z > 0, dh, 0.0)
    return loss, Grads(W1=X.T @ dz, b1=dz.sum(0), W2=h.T @ dscores, b2=dscores.sum(0))


def sgd(params, grads, lr):
    return Params(*(p - lr * g for p, g in zip(params, grads)))


def main():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 4))
    y = np.eye(3)[rng.integers(0, 3, 150)]
    params = init(4, 12, 3, rng)
    for step in range(100):
        loss, grads = loss_and_grads(params, X, y)
        params = sgd(params, grads, 0.3)
    print(loss)


if __name__ == "__main__":
    main()
