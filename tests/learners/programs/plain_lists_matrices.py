# no numpy allowed in this exercise
import math
import random


def matmul(a, b):
    return [[sum(a[i][k] * b[k][j] for k in range(len(b))) for j in range(len(b[0]))] for i in range(len(a))]


def transpose(a):
    return [list(column) for column in zip(*a)]


def elementwise(f, *ms):
    return [[f(*cells) for cells in zip(*rows)] for rows in zip(*ms)]


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


def forward(X, W1, W2):
    hidden = elementwise(sigmoid, matmul(X, W1))
    out = elementwise(sigmoid, matmul(hidden, W2))
    return hidden, out


def backward(X, Y, hidden, out, W2):
    delta_out = elementwise(lambda o, y: (o - y) * o * (1 - o), out, Y)
    delta_hidden = elementwise(lambda e, h: e * h * (1 - h), matmul(delta_out, transpose(W2)), hidden)
    grad_W1 = matmul(transpose(X), delta_hidden)
    grad_W2 = matmul(transpose(hidden), delta_out)
    return grad_W1, grad_W2


if __name__ == '__main__':
    random.seed(2)
    X = [[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
    Y = [[0.0], [1.0], [1.0], [0.0]]
    W1 = [[random.uniform(-1, 1) for _ in range(4)] for _ in range(3)]
    W2 = [[random.uniform(-1, 1)] for _ in range(4)]
    for epoch in range(3000):
        hidden, out = forward(X, W1, W2)
        g1, g2 = backward(X, Y, hidden, out, W2)
        W1 = elementwise(lambda w, g: w - 0.5 * g, W1, g1)
        W2 = elementwise(lambda w, g: w - 0.5 * g, W2, g2)
    print([round(row[0], 3) for row in out])
