import numpy as np
def backward(W1, b1, W2, b2, X, Y):
    H = np.tanh(X @ W1 + b1); O = H @ W2 + b2
    d2 = (O - Y)
    d1 = d2 @ W2 * (1 - H**2)
    return X.T @ d1, d1.sum(0), H.T @ d2, d2.sum(0)
