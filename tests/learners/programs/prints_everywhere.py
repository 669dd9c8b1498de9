import numpy as np
np.set_printoptions(precision=3, suppress=True)

x = np.array([[0.05, 0.10]])
t = np.array([[0.01, 0.99]])
W1 = np.array([[0.15, 0.25], [0.20, 0.30]])
b1 = np.array([[0.35, 0.35]])
W2 = np.array([[0.40, 0.50], [0.45, 0.55]])
b2 = np.array([[0.60, 0.60]])
print("x =", x)
print("t =", t)

lr = 0.5
for i in range(1, 4):
    print("======== step", i, "========")
    z1 = x @ W1 + b1
    print("z1 =", z1)
    h = 1 / (1 + np.exp(-z1))
    print("h =", h)
    z2 = h @ W2 + b2
    print("z2 =", z2)
    y = 1 / (1 + np.exp(-z2))
    print("y =", y)
    E = 0.5 * np.sum((t - y) ** 2)
    print("E =", E)

    dE_dy = y - t
    print("dE_dy =", dE_dy)
    dE_dz2 = dE_dy * y * (1 - y)
    print("dE_dz2 =", dE_dz2)
    dE_dW2 = h.T @ dE_dz2
    print("dE_dW2 =", dE_dW2)
    dE_dh = dE_dz2 @ W2.T
    print("dE_dh =", dE_dh)
    dE_dz1 = dE_dh * h * (1 - h)
    print("dE_dz1 =", dE_dz1)
    dE_dW1 = x.T @ dE_dz1
    print("dE_dW1 =", dE_dW1)

    W1 = W1 - lr * dE_dW1
    b1 = b1 - lr * dE_dz1
    W2 = W2 - lr * dE_dW2
    b2 = b2 - lr * dE_dz2
