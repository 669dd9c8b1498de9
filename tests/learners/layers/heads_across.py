import numpy as np


def cross_attention_forward(x, context, Wq, Wk, Wv, Wo, n_heads=2):
    B, T, D = x.shape
    d = D // n_heads

    def split(a):
        return a.reshape(B, -1, n_heads, d).transpose(0, 2, 1, 3)

    q, k, v = split(x @ Wq), split(context @ Wk), split(context @ Wv)
    s = q @ k.transpose(0, 1, 3, 2) / np.sqrt(d)
    e = np.exp(s - s.max(-1, keepdims=True))
    a = e / e.sum(-1, keepdims=True)
    o = (a @ v).transpose(0, 2, 1, 3).reshape(B, T, D)
    return o @ Wo, (x, context, Wq, Wk, Wv, Wo, q, k, v, a, o)


def cross_attention_backward(dout, cache):
    x, context, Wq, Wk, Wv, Wo, q, k, v, a, o = cache
    B, T, D = x.shape
    h, d = q.shape[1], q.shape[3]
    dWo = np.einsum("btd,bte->de", o, dout)
    do = (dout @ Wo.T).reshape(B, T, h, d).transpose(0, 2, 1, 3)
    da = do @ v.transpose(0, 1, 3, 2)
    dv = a.transpose(0, 1, 3, 2) @ do
    ds = a * (da - (da * a).sum(-1, keepdims=True)) / np.sqrt(d)
    dq = ds @ k
    dk = ds.transpose(0, 1, 3, 2) @ q
    m = lambda t: t.transpose(0, 2, 1, 3).reshape(B, -1, D)
    dq, dk, dv = m(dq), m(dk), m(dv)
    dx = dq @ Wq.T
    dcontext = dk @ Wk.T + dv @ Wv.T
    f = lambda a, b: np.einsum("btd,bte->de", a, b)
    return dx, dcontext, f(x, dq), f(context, dk), f(context, dv), dWo
