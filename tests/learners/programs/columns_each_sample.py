import numpy as np

rng = np.random.default_rng(0)
xs = [rng.normal(size=(3, 1)) for _ in range(20)]
ts = [np.array([[np.sin(x.sum())], [np.cos(x.sum())]]) for x in xs]

W = rng.normal(size=(5, 3)) / 2
b = np.zeros((5, 1))
V = rng.normal(size=(2, 5)) / 2
c = np.zeros((2, 1))
eta = 0.05

for epoch in range(200):
    gW, gb, gV, gc = 0, 0, 0, 0
    for x, t in zip(xs, ts):
        u = W @ x + b
        h = np.tanh(u)
        y = V @ h + c
        e = y - t
        gV = gV + e @ h.T
        gc = gc + e
        dh = V.T @ e
        du = dh * (1 - h * h)
        gW = gW + du @ x.T
        gb = gb + du
    n = len(xs)
    W -= eta * gW / n
    b -= eta * gb / n
    V -= eta * gV / n
    c -= eta * gc / n
