import numpy as np
np.random.seed(0)

X = np.random.randn(50, 3)
true_w = np.array([[1.0], [-2.0], [0.5]])
y = X.dot(true_w) + 0.3

W = np.zeros((3, 1))
b = np.zeros((1, 1))
lr = 0.1
prev_W = W

while True:
    pred = X.dot(W) + b
    err = pred - y
    dW = X.T.dot(err) / len(X)
    db = err.mean(axis=0, keepdims=True)
    prev_W = W
    W -= lr * dW
    b -= lr * db
    if np.abs(W - prev_W).max() < 1e-6:
        print("converged", W.ravel(), b)
        break
