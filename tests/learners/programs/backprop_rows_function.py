import numpy as np

def tanh(x): return np.tanh(x)
def dtanh(y): return 1.0 - y * y

def forward(x, W1, b1, W2, b2):
    h = tanh(x @ W1 + b1)
    y_hat = h @ W2 + b2
    return h, y_hat

def mse(y_hat, y):
    return 0.5 * np.sum((y_hat - y) ** 2) / len(y)

def backward(x, y, h, y_hat, W2):
    n = len(x)
    dy = (y_hat - y) / n
    dW2 = h.T @ dy
    db2 = dy.sum(0)
    dz = (dy @ W2.T) * dtanh(h)
    dW1 = x.T @ dz
    db1 = dz.sum(0)
    return dW1, db1, dW2, db2
