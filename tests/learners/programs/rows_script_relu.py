# -*- coding: utf-8 -*-
import numpy as np

samples, width_in, width, width_out = 40, 30, 50, 6
X = np.random.normal(size=(samples, width_in))
T = X[:, :width_out] ** 2 - 1

W1 = np.random.normal(size=(width_in, width)) * 0.2
W2 = np.random.normal(size=(width, width_out)) * 0.2
learning_rate = 2e-4
history = []

for n in range(400):
    # there
    Z = X @ W1
    H = Z.clip(min=0)
    Y = H @ W2
    history.append(((Y - T) ** 2).sum())

    # and back again
    dY = (Y - T) * 2
    dZ = (dY @ W2.T) * (Z > 0)
    W2 = W2 - learning_rate * (H.T @ dY)
    W1 = W1 - learning_rate * (X.T @ dZ)

print(history[::50])
