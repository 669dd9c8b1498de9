import numpy as np

W1 = np.random.randn(4, 2) * .1
b1 = 0.0
W2 = np.random.randn(3, 4) * .1
b2 = 0.0

def forward(X, W1, b1, W2, b2):
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    return Z1, A1, Z2

def backward(X, Y, Z1, A1, Z2, W2):
    m = X.shape[1]
    dZ2 = (Z2 - Y) / m
    dW2 = dZ2 @ A1.T
    db2 = np.sum(dZ2)
    dZ1 = (W2.T @ dZ2) * (1 - A1 ** 2)
    dW1 = dZ1 @ X.T
    db1 = np.sum(dZ1)
    return dW1, db1, dW2, db2
