import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
T = np.sin(X[:, :1]) + X[:, 1:2] * 0.3
W1 = rng.normal(size=(3, 8)) * 0.5
b1 = np.zeros(8)
W2 = rng.normal(size=(8, 1)) * 0.5
b2 = np.zeros(1)
vW1, vb1, vW2, vb2 = np.zeros_like(W1), np.zeros_like(b1), np.zeros_like(W2), np.zeros_like(b2)
lr, mu = 0.05, 0.9
for epoch in range(200):
    H = np.tanh(X @ W1 + b1)
    Y = H @ W2 + b2
    dY = (Y - T) / len(X)
    gW2 = H.T @ dY
    gb2 = dY.sum(axis=0)
    dH = dY @ W2.T
    dZ = dH * (1 - H * H)
    gW1 = X.T @ dZ
    gb1 = dZ.sum(axis=0)
    vW1 = mu * vW1 - lr * gW1
    vb1 = mu * vb1 - lr * gb1
    vW2 = mu * vW2 - lr * gW2
    vb2 = mu * vb2 - lr * gb2
    W1 += vW1
    b1 += vb1
    W2 += vW2
    b2 += vb2
