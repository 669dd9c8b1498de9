import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

table = pd.read_csv('../input/small-letters/letters.csv').values
np.random.shuffle(table)
held_back = len(table) // 10
test, rest = table[:held_back], table[held_back:]
labels, pictures = rest[:, 0], rest[:, 1:].T / 255    # every picture is a column

def start():
    W1 = np.random.uniform(-0.3, 0.3, (20, 256))
    b1 = np.random.uniform(-0.3, 0.3, (20, 1))
    W2 = np.random.uniform(-0.3, 0.3, (26, 20))
    b2 = np.random.uniform(-0.3, 0.3, (26, 1))
    return W1, b1, W2, b2

def softmax(Z):
    return np.exp(Z) / np.exp(Z).sum(0)

def forward(W1, b1, W2, b2, X):
    Z1 = W1.dot(X) + b1
    A1 = Z1.clip(0)
    Z2 = W2.dot(A1) + b2
    A2 = softmax(Z2)
    return Z1, A1, Z2, A2

def wanted(Y):
    columns = np.zeros((Y.max() + 1, Y.size))
    columns[Y, range(Y.size)] = 1
    return columns

def backward(Z1, A1, A2, W2, X, Y):
    n = Y.size
    d2 = A2 - wanted(Y)
    d1 = W2.T.dot(d2)
    d1[Z1 < 0] = 0
    dW2 = d2.dot(A1.T) / n
    db2 = np.sum(d2, 1, keepdims=True) / n
    dW1 = d1.dot(X.T) / n
    db1 = np.sum(d1, 1, keepdims=True) / n
    return dW1, db1, dW2, db2

def learn(X, Y, alpha, rounds):
    W1, b1, W2, b2 = start()
    for r in range(rounds):
        Z1, A1, Z2, A2 = forward(W1, b1, W2, b2, X)
        dW1, db1, dW2, db2 = backward(Z1, A1, A2, W2, X, Y)
        W1, W2 = W1 - alpha * dW1, W2 - alpha * dW2
        b1, b2 = b1 - alpha * db1, b2 - alpha * db2
        if r % 25 == 0:
            hits = (A2.argmax(0) == Y).mean()
            print(r, "%.1f %% right" % (100 * hits))
    return W1, b1, W2, b2

trained = learn(pictures, labels, 0.2, 300)
