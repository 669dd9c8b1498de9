import numpy as np

def init_params(dims):
    p = {}
    for l in range(1, len(dims)):
        p["W" + str(l)] = np.random.randn(dims[l], dims[l - 1]) * 0.1
        p["b" + str(l)] = np.zeros((dims[l], 1))
    return p

def forward(X, p):
    c = {"A0": X}
    L = len(p) // 2
    A = X
    for l in range(1, L):
        c["Z%d" % l] = p["W" + str(l)] @ A + p["b" + str(l)]
        A = c["A%d" % l] = np.maximum(c["Z%d" % l], 0)
    Z = p["W" + str(L)] @ A + p["b" + str(L)]
    T = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    c["A%d" % L] = T / T.sum(axis=0, keepdims=True)
    return c["A%d" % L], c

def cost(AL, Y, p, lambd):
    m = Y.shape[1]
    ce = -np.sum(Y * np.log(AL)) / m
    return ce + lambd / 2 * sum(np.sum(np.square(p["W" + str(l)])) for l in range(1, len(p) // 2 + 1))

def backward(Y, c, p, lambd):
    m = Y.shape[1]
    L = len(p) // 2
    g = {}
    dZ = c["A%d" % L] - Y
    for l in range(L, 0, -1):
        g["dW%d" % l] = dZ @ c["A%d" % (l - 1)].T / m + lambd * p["W" + str(l)]
        g["db%d" % l] = dZ.sum(axis=1, keepdims=True) / m
        if l > 1:
            dZ = (p["W" + str(l)].T @ dZ) * (c["Z%d" % (l - 1)] > 0)
    return g
