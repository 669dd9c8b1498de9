"""No numpy at all; samples in rows, lists of lists."""
import math

def matmul(a, b):
    return [[sum(p * q for p, q in zip(row, col)) for col in zip(*b)] for row in a]

def transpose(a):
    return [list(c) for c in zip(*a)]

def forward(X, W1, b1, W2, b2):
    Z1 = [[z + b for z, b in zip(row, b1)] for row in matmul(X, W1)]
    A1 = [[math.tanh(z) for z in row] for row in Z1]
    A2 = [[z + b for z, b in zip(row, b2)] for row in matmul(A1, W2)]
    return A1, A2

def backward(X, T, W1, b1, W2, b2):
    A1, A2 = forward(X, W1, b1, W2, b2)
    n = len(X)
    d2 = [[(a - t) / n for a, t in zip(ra, rt)] for ra, rt in zip(A2, T)]
    dW2 = matmul(transpose(A1), d2)
    db2 = [sum(c) for c in zip(*d2)]
    back = matmul(d2, transpose(W2))
    d1 = [[g * (1 - a * a) for g, a in zip(rg, ra)] for rg, ra in zip(back, A1)]
    dW1 = matmul(transpose(X), d1)
    db1 = [sum(c) for c in zip(*d1)]
    return dW1, db1, dW2, db2
