import numpy as np

rng = np.random.default_rng(8)


def batches(X, Y, size):
    order = rng.permutation(len(X))
    for start in range(0, len(X), size):
        chosen = order[start:start + size]
        yield X[chosen], Y[chosen]


X_train = rng.normal(size=(120, 6))
Y_train = np.column_stack([X_train[:, 0] * X_train[:, 1], np.abs(X_train[:, 2])])

W1 = rng.normal(scale=0.5, size=(6, 16))
b1 = np.zeros(16)
W2 = rng.normal(scale=0.3, size=(16, 2))
b2 = np.zeros(2)
learning_rate = 0.02
batch_size = 20

for epoch in range(50):
    total = 0.0
    for xb, yb in batches(X_train, Y_train, batch_size):
        z1 = xb @ W1 + b1
        a1 = np.maximum(0, z1)
        out = a1 @ W2 + b2
        diff = out - yb
        total += (diff ** 2).sum()
        d_out = 2 * diff / len(xb)
        dW2 = a1.T @ d_out
        db2 = d_out.sum(axis=0)
        d1 = (d_out @ W2.T) * (z1 > 0)
        dW1 = xb.T @ d1
        db1 = d1.sum(axis=0)
        W1 -= learning_rate * dW1
        b1 -= learning_rate * db1
        W2 -= learning_rate * dW2
        b2 -= learning_rate * db2
    print(f"epoch {epoch}: {total / len(X_train):.3f}")
