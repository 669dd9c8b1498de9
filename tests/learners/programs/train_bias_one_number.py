import numpy as np

def train(X, y, hidden=8, lr=0.1, epochs=5000):
    n, d = X.shape
    k = y.shape[1]
    W1 = np.random.randn(d, hidden) * 0.1
    b1 = np.zeros(hidden)
    W2 = np.random.randn(hidden, k) * 0.1
    b2 = np.zeros(k)
    for epoch in range(epochs):
        # forward
        z1 = X @ W1 + b1
        a1 = np.tanh(z1)
        yhat = a1 @ W2 + b2
        loss = ((yhat - y) ** 2).mean()
        # backward
        dyhat = 2 * (yhat - y) / y.size
        dW2 = a1.T @ dyhat
        db2 = dyhat.sum()
        dz1 = dyhat @ W2.T * (1 - a1 ** 2)
        dW1 = X.T @ dz1
        db1 = dz1.sum()
        W1 -= lr * dW1; b1 -= lr * db1
        W2 -= lr * dW2; b2 -= lr * db2
        if epoch % 500 == 0:
            print(epoch, loss)
    return W1, b1, W2, b2
