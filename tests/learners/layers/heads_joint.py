import numpy as np


class CausalSelfAttention:
    def __init__(self, d_model, n_heads):
        self.c_attn = np.random.randn(d_model, 3 * d_model)
        self.c_proj = np.random.randn(d_model, d_model)
        self.h = n_heads

    def forward(self, x):
        B, T, D = x.shape
        d = D // self.h
        self.x = x
        qkv = x @ self.c_attn
        q, k, v = [a.reshape(B, T, self.h, d).transpose(0, 2, 1, 3) for a in np.split(qkv, 3, axis=-1)]
        s = q @ k.swapaxes(-1, -2) / np.sqrt(d)
        s = np.where(np.tril(np.ones((T, T))) == 0, -np.inf, s)
        e = np.exp(s - s.max(-1, keepdims=True))
        a = e / e.sum(-1, keepdims=True)
        self.q, self.k, self.v, self.a = q, k, v, a
        self.y = (a @ v).transpose(0, 2, 1, 3).reshape(B, T, D)
        return self.y @ self.c_proj

    def backward(self, dout):
        B, T, D = dout.shape
        d = D // self.h
        self.dc_proj = np.einsum("btd,bte->de", self.y, dout)
        dy = (dout @ self.c_proj.T).reshape(B, T, self.h, d).transpose(0, 2, 1, 3)
        da = dy @ self.v.swapaxes(-1, -2)
        dv = self.a.swapaxes(-1, -2) @ dy
        ds = self.a * (da - (da * self.a).sum(-1, keepdims=True)) / np.sqrt(d)
        dq, dk = ds @ self.k, ds.swapaxes(-1, -2) @ self.q
        dqkv = np.concatenate([t.transpose(0, 2, 1, 3).reshape(B, T, D) for t in (dq, dk, dv)], -1)
        self.dc_attn = np.einsum("btd,bte->de", self.x, dqkv)
        return dqkv @ self.c_attn.T
