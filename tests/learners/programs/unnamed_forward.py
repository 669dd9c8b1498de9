import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def hidden_layer(X, W1, b1):
    return np.tanh(X @ W1 + b1)

def forward(X, W1, b1, W2, b2):
    return sigmoid(hidden_layer(X, W1, b1) @ W2 + b2)

def cost(A2, Y):
    return -np.mean(np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2), axis=1))

def backward(X, Y, A2, W1, b1, W2):
    m = len(X)
    A1 = hidden_layer(X, W1, b1)
    dZ2 = A2 - Y
    dW2 = A1.T @ dZ2 / m
    db2 = dZ2.sum(axis=0) / m
    dZ1 = dZ2 @ W2.T * (1 - A1**2)
    dW1 = X.T @ dZ1 / m
    db1 = dZ1.sum(axis=0) / m
    return dW1, db1, dW2, db2
