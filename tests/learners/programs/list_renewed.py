import numpy as np

def sgd(params, X, Y, lr):
    W1, b1, W2, b2 = params
    H = np.tanh(X @ W1 + b1)
    P = H @ W2 + b2
    n = len(X)
    dP = (P - Y) / n
    dW2 = H.T @ dP
    db2 = dP.sum(0)
    dH = dP @ W2.T * (1 - H**2)
    dW1 = X.T @ dH
    db1 = dH.sum(0)
    return [W1 - lr * dW1, b1 - lr * db1, W2 - lr * dW2, b2 - lr * db2]

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    params = [rng.normal(size=(2, 3)), np.zeros(3), rng.normal(size=(3, 1)), np.zeros(1)]
    X = rng.normal(size=(8, 2)); Y = X[:, :1] * X[:, 1:]
    for i in range(100):
        params = sgd(params, X, Y, 0.1)
