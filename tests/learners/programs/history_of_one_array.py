import numpy as np


def compute_loss(y, tx, w):
    e = y - tx @ w
    return np.mean(e ** 2) / 2


def compute_gradient(y, tx, w):
    e = y - tx @ w
    return -tx.T @ e / len(y)


def gradient_descent(y, tx, initial_w, max_iters, gamma):
    ws = [initial_w]
    losses = []
    w = initial_w
    for n_iter in range(max_iters):
        grad = compute_gradient(y, tx, w)
        losses.append(compute_loss(y, tx, w))
        w -= gamma * grad
        ws.append(w)
    return losses, ws
