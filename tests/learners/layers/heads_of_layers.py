import numpy as np


class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * 0.1
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.reshape(-1, self.x.shape[-1]).T @ dout.reshape(-1, dout.shape[-1])
        self.db = dout.reshape(-1, dout.shape[-1]).sum(axis=0)
        return dout @ self.W.T


class MultiHeadAttention:
    def __init__(self, d_model, n_heads):
        self.h, self.d = n_heads, d_model // n_heads
        self.q_proj = Linear(d_model, d_model)
        self.k_proj = Linear(d_model, d_model)
        self.v_proj = Linear(d_model, d_model)
        self.out_proj = Linear(d_model, d_model)

    def split(self, x):
        N, T, D = x.shape
        return x.reshape(N, T, self.h, self.d).transpose(0, 2, 1, 3)

    def merge(self, x):
        N, h, T, d = x.shape
        return x.transpose(0, 2, 1, 3).reshape(N, T, h * d)

    def forward(self, x):
        self.q, self.k, self.v = (self.split(p.forward(x)) for p in (self.q_proj, self.k_proj, self.v_proj))
        s = self.q @ self.k.swapaxes(-1, -2) / np.sqrt(self.d)
        e = np.exp(s - s.max(-1, keepdims=True))
        self.a = e / e.sum(-1, keepdims=True)
        return self.out_proj.forward(self.merge(self.a @ self.v))

    def backward(self, dout):
        dc = self.split(self.out_proj.backward(dout))
        da = dc @ self.v.swapaxes(-1, -2)
        dv = self.a.swapaxes(-1, -2) @ dc
        ds = self.a * (da - (da * self.a).sum(-1, keepdims=True)) / np.sqrt(self.d)
        dq, dk = ds @ self.k, ds.swapaxes(-1, -2) @ self.q
        return self.q_proj.backward(self.merge(dq)) + self.k_proj.backward(self.merge(dk)) + self.v_proj.backward(self.merge(dv))
