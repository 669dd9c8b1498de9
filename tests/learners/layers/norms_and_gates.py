import numpy as np


def rmsnorm_forward(x, gamma, eps=1e-5):
    r = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
    return gamma * x / r, (x, gamma, r)


def rmsnorm_backward(dout, cache):
    x, gamma, r = cache
    g = dout * gamma
    dgamma = (dout * x / r).reshape(-1, x.shape[-1]).sum(axis=0)
    dx = g / r - x * (g * x).mean(axis=-1, keepdims=True) / r**3
    return dx, dgamma


class InstanceNorm:
    def __init__(self, num_features, eps=1e-5):
        self.gamma, self.beta, self.eps = np.ones(num_features), np.zeros(num_features), eps

    def forward(self, x):
        mu = x.mean(axis=(2, 3), keepdims=True)
        self.std = np.sqrt(x.var(axis=(2, 3), keepdims=True) + self.eps)
        self.xhat = (x - mu) / self.std
        return self.gamma[None, :, None, None] * self.xhat + self.beta[None, :, None, None]

    def backward(self, dout):
        self.dgamma = (dout * self.xhat).sum(axis=(0, 2, 3))
        self.dbeta = dout.sum(axis=(0, 2, 3))
        dxhat = dout * self.gamma[None, :, None, None]
        mean = dxhat.mean(axis=(2, 3), keepdims=True)
        along = (dxhat * self.xhat).mean(axis=(2, 3), keepdims=True)
        return (dxhat - mean - self.xhat * along) / self.std


def glu_forward(x):
    a, b = np.split(x, 2, axis=-1)
    g = 1 / (1 + np.exp(-b))
    return a * g, (a, g)


def glu_backward(dout, cache):
    a, g = cache
    da = dout * g
    db = dout * a * g * (1 - g)
    return np.concatenate([da, db], axis=-1)


class GatedLinear:
    def __init__(self, W, V, b, c):
        self.W, self.V, self.b, self.c = W, V, b, c

    def forward(self, x):
        self.x = x
        self.linear = x @ self.W + self.b
        self.gate = 1 / (1 + np.exp(-(x @ self.V + self.c)))
        return self.linear * self.gate

    def backward(self, dout):
        dl = dout * self.gate
        dg = dout * self.linear * self.gate * (1 - self.gate)
        self.dW, self.db = self.x.T @ dl, dl.sum(axis=0)
        self.dV, self.dc = self.x.T @ dg, dg.sum(axis=0)
        return dl @ self.W.T + dg @ self.V.T
