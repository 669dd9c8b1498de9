import numpy as np

# layer numbers as keys
sizes = {0: 4, 1: 9, 2: 6, 3: 2}
np.random.seed(21)
W = {k: np.random.randn(sizes[k - 1], sizes[k]) * 0.4 for k in (1, 2, 3)}
b = {k: np.zeros(sizes[k]) for k in (1, 2, 3)}

X = np.random.randn(70, 4)
T = np.tanh(X[:, :2] + X[:, 2:])
mu = 0.1

for epoch in range(400):
    A, Z = {0: X}, {}
    for k in (1, 2, 3):
        Z[k] = A[k - 1] @ W[k] + b[k]
        A[k] = np.tanh(Z[k])
    cost = 0.5 * ((A[3] - T) ** 2).sum() / X.shape[0]

    D = {3: (A[3] - T) * (1 - A[3] ** 2) / X.shape[0]}
    for k in (2, 1):
        D[k] = (D[k + 1] @ W[k + 1].T) * (1 - A[k] ** 2)
    for k in (1, 2, 3):
        W[k] = W[k] - mu * A[k - 1].T @ D[k]
        b[k] = b[k] - mu * D[k].sum(axis=0)
    if not epoch % 100:
        print(epoch, cost)
