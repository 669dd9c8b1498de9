import numpy as np

def sgd(params, X, Y, lr):
    (W1, b1), (W2, b2) = params
    H = np.tanh(X @ W1 + b1)
    P = H @ W2 + b2
    dP = (P - Y) / len(X)
    dH = dP @ W2.T * (1 - H**2)
    return [(W1 - lr * (X.T @ dH), b1 - lr * dH.sum(0)), (W2 - lr * (H.T @ dP), b2 - lr * dP.sum(0))]

rng = np.random.default_rng(0)
params = [(rng.normal(size=(2, 3)), np.zeros(3)), (rng.normal(size=(3, 1)), np.zeros(1))]
