import numpy as np


def causal_attention_forward(q, k, v):
    B, T, d = q.shape
    s = q @ k.swapaxes(1, 2) / d**0.5
    s = np.where(np.tril(np.ones((T, T))) == 0, -1e9, s)
    p = np.exp(s - s.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    return p @ v, (q, k, v, p)


def causal_attention_backward(dout, cache):
    q, k, v, p = cache
    dv = p.swapaxes(1, 2) @ dout
    dp = dout @ v.swapaxes(1, 2)
    ds = p * (dp - (dp * p).sum(-1, keepdims=True)) / q.shape[-1] ** 0.5
    return ds @ k, ds.swapaxes(1, 2) @ q, dv


def avgpool_fwd(x, size, stride):
    N, C, H, W = x.shape
    out = np.zeros((N, C, (H - size) // stride + 1, (W - size) // stride + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i * stride : i * stride + size, j * stride : j * stride + size].mean((2, 3))
    return out, (x.shape, size, stride)


def avgpool_bwd(dout, cache):
    shape, size, stride = cache
    dx = np.zeros(shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dx[:, :, i * stride : i * stride + size, j * stride : j * stride + size] += dout[:, :, i : i + 1, j : j + 1] / size**2
    return dx
