import numpy as np


def conv_transpose_forward(x, w, b, conv_param):
    """x is (N, C, H, W), w is (C, F, K, K)."""
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    _, F, K, _ = w.shape
    full = np.zeros((N, F, (H - 1) * s + K, (W - 1) * s + K))
    for i in range(H):
        for j in range(W):
            full[:, :, i * s : i * s + K, j * s : j * s + K] += np.tensordot(x[:, :, i, j], w, axes=(1, 0))
    out = full[:, :, p : full.shape[2] - p, p : full.shape[3] - p] + b[None, :, None, None]
    return out, (x, w, s, p)


def conv_transpose_backward(dout, cache):
    x, w, s, p = cache
    K = w.shape[2]
    dfull = np.pad(dout, ((0, 0), (0, 0), (p, p), (p, p)))
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    db = dout.sum(axis=(0, 2, 3))
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            window = dfull[:, :, i * s : i * s + K, j * s : j * s + K]
            dx[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3]))
            dw += np.tensordot(x[:, :, i, j], window, axes=(0, 0))
    return dx, dw, db


class GlobalAveragePool:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        N, C, H, W = self.shape
        return np.ones(self.shape) * dout[:, :, None, None] / (H * W)


def gap_forward(x):
    return x.mean(axis=(2, 3), keepdims=True), x.shape


def gap_backward(dout, cache):
    return np.broadcast_to(dout, cache) / (cache[2] * cache[3])
