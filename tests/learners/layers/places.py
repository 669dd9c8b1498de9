import numpy as np


class Conv1d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.weight = np.random.randn(out_channels, in_channels, kernel_size)
        self.bias = np.zeros((out_channels, 1))
        self.k, self.s, self.p = kernel_size, stride, padding

    def forward(self, x):
        xp = np.pad(x, ((0, 0), (0, 0), (self.p, self.p)))
        self.xp = xp
        L = (xp.shape[2] - self.k) // self.s + 1
        self.cols = np.stack([xp[:, :, i * self.s : i * self.s + self.k].reshape(len(x), -1) for i in range(L)], axis=2)
        return np.einsum("fk,nkl->nfl", self.weight.reshape(len(self.weight), -1), self.cols) + self.bias

    def backward(self, dout):
        self.dweight = np.einsum("nfl,nkl->fk", dout, self.cols).reshape(self.weight.shape)
        self.dbias = dout.sum(axis=(0, 2))[:, None]
        dcols = np.einsum("fk,nfl->nkl", self.weight.reshape(len(self.weight), -1), dout)
        dxp = np.zeros_like(self.xp)
        N, C, _ = dxp.shape
        for i in range(dout.shape[2]):
            dxp[:, :, i * self.s : i * self.s + self.k] += dcols[:, :, i].reshape(N, C, self.k)
        return dxp[:, :, self.p : dxp.shape[2] - self.p]


class RMSNorm:
    def __init__(self, dim, eps=1e-6):
        self.weight = np.ones(dim)
        self.eps = eps

    def forward(self, x):
        self.x = x
        self.rms = np.sqrt((x * x).mean(-1, keepdims=True) + self.eps)
        return x / self.rms * self.weight

    def backward(self, dout):
        xn = self.x / self.rms
        self.dweight = (dout * xn).sum(axis=(0, 1))
        g = dout * self.weight
        return (g - xn * (g * xn).mean(-1, keepdims=True)) / self.rms


class LayerNorm:
    def __init__(self, dim, eps=1e-5):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)
        self.eps = eps

    def forward(self, x):
        self.mu = x.mean(-1, keepdims=True)
        self.v = x.var(-1, keepdims=True)
        self.xh = (x - self.mu) / np.sqrt(self.v + self.eps)
        return self.xh * self.gamma + self.beta

    def backward(self, dout):
        D = dout.shape[-1]
        self.dgamma = (dout * self.xh).reshape(-1, D).sum(0)
        self.dbeta = dout.reshape(-1, D).sum(0)
        g = dout * self.gamma
        return (g - g.mean(-1, keepdims=True) - self.xh * (g * self.xh).mean(-1, keepdims=True)) / np.sqrt(self.v + self.eps)
