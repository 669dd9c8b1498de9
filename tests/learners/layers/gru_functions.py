import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_step_forward(x, h_prev, Wx, Wh, b):
    H = h_prev.shape[1]
    a, u = x @ Wx + b, h_prev @ Wh
    r = sigmoid(a[:, :H] + u[:, :H])
    z = sigmoid(a[:, H : 2 * H] + u[:, H : 2 * H])
    n = np.tanh(a[:, 2 * H :] + r * u[:, 2 * H :])
    h = (1 - z) * n + z * h_prev
    return h, (x, h_prev, Wx, Wh, r, z, n, u)


def gru_step_backward(dh, cache):
    x, h_prev, Wx, Wh, r, z, n, u = cache
    H = h_prev.shape[1]
    dn = dh * (1 - z) * (1 - n**2)
    dz = dh * (h_prev - n) * z * (1 - z)
    dr = dn * u[:, 2 * H :] * r * (1 - r)
    da = np.hstack([dr, dz, dn])
    du = np.hstack([dr, dz, dn * r])
    dx = da @ Wx.T
    dprev_h = dh * z + du @ Wh.T
    return dx, dprev_h, x.T @ da, h_prev.T @ du, da.sum(axis=0)


def gru_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache, state = [], h0
    for t in range(T):
        state, kept = gru_step_forward(x[:, t], state, Wx, Wh, b)
        h[:, t] = state
        cache.append(kept)
    return h, cache


def gru_backward(dh, cache):
    N, T, H = dh.shape
    dx = np.zeros((N, T, cache[0][0].shape[1]))
    dWx, dWh, db = 0, 0, 0
    dprev = np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t], dprev, dWx_t, dWh_t, db_t = gru_step_backward(dh[:, t] + dprev, cache[t])
        dWx = dWx + dWx_t
        dWh = dWh + dWh_t
        db = db + db_t
    return dx, dprev, dWx, dWh, db
