import numpy as np


def conv1d_forward(x, w, b, stride=1, pad=0):
    """x is (N, C, L), w is (F, C, K)."""
    N, C, L = x.shape
    F, _, K = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    length = (L + 2 * pad - K) // stride + 1
    out = np.zeros((N, F, length))
    for t in range(length):
        window = padded[:, :, t * stride : t * stride + K]
        out[:, :, t] = np.tensordot(window, w, axes=([1, 2], [1, 2])) + b
    return out, (padded, w, stride, pad)


def conv1d_backward(dout, cache):
    padded, w, stride, pad = cache
    K = w.shape[2]
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    db = dout.sum(axis=(0, 2))
    for t in range(dout.shape[2]):
        window = padded[:, :, t * stride : t * stride + K]
        dw += np.tensordot(dout[:, :, t], window, axes=(0, 0))
        dpadded[:, :, t * stride : t * stride + K] += np.tensordot(dout[:, :, t], w, axes=(1, 0))
    dx = dpadded[:, :, pad : dpadded.shape[2] - pad]
    return dx, dw, db


class Conv1D:
    """Channels last, as (batch, length, channels); no bias."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.W = np.random.randn(kernel_size, in_channels, out_channels) * 0.1
        self.stride, self.padding = stride, padding

    def forward(self, x):
        k = self.W.shape[0]
        self.shape = x.shape
        self.xp = np.pad(x, ((0, 0), (self.padding, self.padding), (0, 0)))
        length = (self.xp.shape[1] - k) // self.stride + 1
        return np.stack(
            [np.einsum("nkc,kcf->nf", self.xp[:, t * self.stride : t * self.stride + k], self.W) for t in range(length)], axis=1
        )

    def backward(self, grad):
        k = self.W.shape[0]
        dxp = np.zeros_like(self.xp)
        self.dW = np.zeros_like(self.W)
        for t in range(grad.shape[1]):
            here = slice(t * self.stride, t * self.stride + k)
            self.dW += np.einsum("nkc,nf->kcf", self.xp[:, here], grad[:, t])
            dxp[:, here] += np.einsum("nf,kcf->nkc", grad[:, t], self.W)
        return dxp[:, self.padding : self.padding + self.shape[1]]


def correlate_forward(x, w):
    """One sequence, one filter."""
    out = np.array([np.dot(x[i : i + len(w)], w) for i in range(len(x) - len(w) + 1)])
    return out, (x, w)


def correlate_backward(dout, cache):
    x, w = cache
    dx = np.zeros(len(x))
    dw = np.zeros(len(w))
    for i in range(len(dout)):
        dx[i : i + len(w)] += dout[i] * w
        dw += dout[i] * x[i : i + len(w)]
    return dx, dw
