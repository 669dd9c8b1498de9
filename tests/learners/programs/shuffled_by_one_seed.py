import numpy as np

np.random.seed(3)
X = np.random.randn(60, 4)
y = (X.sum(axis=1, keepdims=True) > 0) * 1.0

state = np.random.get_state()
np.random.shuffle(X)
np.random.set_state(state)
np.random.shuffle(y)

W = np.random.randn(4, 1) * 0.1
b = np.zeros(1)

for i in range(1000):
    p = 1 / (1 + np.exp(-(X @ W + b)))
    d = (p - y) / len(X)
    W -= 0.5 * X.T @ d
    b -= 0.5 * d.sum(axis=0)
