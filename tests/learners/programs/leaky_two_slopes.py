import numpy as np

def leaky(z): return np.where(z > 0, z, 0.01 * z)
def leaky_grad(z): return np.where(z > 0, 1.0, 0.2)

def model_forward(X, W1, b1, W2, b2):
    Z1 = X.dot(W1) + b1
    A1 = leaky(Z1)
    Z2 = A1.dot(W2) + b2
    return Z1, A1, Z2

def model_backward(X, Y, W1, b1, W2, b2):
    Z1, A1, Yhat = model_forward(X, W1, b1, W2, b2)
    n = X.shape[0]
    dY = (Yhat - Y) / n
    dW2 = A1.T.dot(dY)
    db2 = dY.sum(axis=0)
    dA1 = dY.dot(W2.T)
    dZ1 = dA1 * leaky_grad(Z1)
    dW1 = X.T.dot(dZ1)
    db1 = dZ1.sum(axis=0)
    return dW1, db1, dW2, db2
