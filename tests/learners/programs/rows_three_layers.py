import numpy as np

def relu(z): return z * (z > 0)

def relu_grad(z): return (z > 0).astype(float)

def softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)

def forward_pass(X, W1, b1, W2, b2, W3, b3):
    z1 = X @ W1 + b1
    a1 = relu(z1)
    z2 = a1 @ W2 + b2
    a2 = relu(z2)
    z3 = a2 @ W3 + b3
    probs = softmax(z3)
    return z1, a1, z2, a2, z3, probs

def cross_entropy(probs, Y):
    return -np.sum(Y * np.log(probs)) / Y.shape[0]

def backward_pass(X, Y, z1, a1, z2, a2, probs, W2, W3):
    m = X.shape[0]
    dz3 = (probs - Y) / m
    dW3 = a2.T @ dz3
    db3 = dz3.sum(axis=0)
    dz2 = (dz3 @ W3.T) * relu_grad(z2)
    dW2 = a1.T @ dz2
    db2 = dz2.sum(axis=0)
    dz1 = (dz2 @ W2.T) * relu_grad(z1)
    dW1 = X.T @ dz1
    db1 = dz1.sum(axis=0)
    return dW1, db1, dW2, db2, dW3, db3
