import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    xn = (x - mu) / np.sqrt(var + eps)
    out = gamma.reshape(1, -1, 1, 1) * xn + beta.reshape(1, -1, 1, 1)
    return out, (xn, gamma, var, eps)


def spatial_batchnorm_backward(dout, cache):
    xn, gamma, var, eps = cache
    N, C, H, W = dout.shape
    m = N * H * W
    dbeta = np.sum(dout, axis=(0, 2, 3))
    dgamma = np.sum(dout * xn, axis=(0, 2, 3))
    dxn = dout * gamma[None, :, None, None]
    s1 = dxn.sum(axis=(0, 2, 3), keepdims=True)
    s2 = (dxn * xn).sum(axis=(0, 2, 3), keepdims=True)
    dx = (dxn - s1 / m - xn * s2 / m) / np.sqrt(var + eps)
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    mu = xg.mean(axis=(2, 3, 4), keepdims=True)
    var = xg.var(axis=(2, 3, 4), keepdims=True)
    xn = ((xg - mu) / np.sqrt(var + eps)).reshape(N, C, H, W)
    return gamma * xn + beta, (xn, var, gamma, G, eps)


def spatial_groupnorm_backward(dout, cache):
    xn, var, gamma, G, eps = cache
    N, C, H, W = dout.shape
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * xn).sum(axis=(0, 2, 3), keepdims=True)
    dn = (dout * gamma).reshape(N, G, C // G, H, W)
    n = xn.reshape(N, G, C // G, H, W)
    a = dn.mean(axis=(2, 3, 4), keepdims=True)
    b = (dn * n).mean(axis=(2, 3, 4), keepdims=True)
    dx = ((dn - a - n * b) / np.sqrt(var + eps)).reshape(N, C, H, W)
    return dx, dgamma, dbeta
