import numpy as np
def backprop(W1, b1, W2, b2, X, Y, lr=0.1):
    H = np.tanh(X @ W1 + b1); O = H @ W2 + b2
    d2 = (O - Y) / len(X)
    d1 = d2 @ W2.T * (1 - H**2)
    return {"W1": W1 - lr * X.T @ d1, "b1": b1 - lr * d1.sum(0), "W2": W2 - lr * H.T @ d2, "b2": b2 - lr * d2.sum(0)}
