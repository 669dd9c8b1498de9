import numpy as np
def backward(params, X, Y):
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    H = np.tanh(X @ W1 + b1); O = H @ W2 + b2
    d2 = (O - Y) / len(X)
    d1 = d2 @ W2.T * (1 - H**2)
    out = {"W1": X.T @ d1, "b1": d1.sum(0), "W2": H.T @ d2, "b2": d2.sum(0)}
    return out
