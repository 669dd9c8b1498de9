import numpy as np
def backward(W1, b1, W2, b2, X, Y):
    H = np.tanh(X @ W1 + b1); O = H @ W2 + b2
    loss = np.abs(O - Y).mean()
    d2 = np.sign(O - Y) / O.size
    d1 = d2 @ W2.T * (1 - H**2)
    return loss, X.T @ d1, d1.sum(0), H.T @ d2, d2.sum(0)
