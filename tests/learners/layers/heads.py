import numpy as np


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class MultiHeadAttention:
    def __init__(self, d_model, num_heads):
        self.h, self.d = num_heads, d_model // num_heads
        self.W_q = np.random.randn(d_model, d_model)
        self.W_k = np.random.randn(d_model, d_model)
        self.W_v = np.random.randn(d_model, d_model)
        self.W_o = np.random.randn(d_model, d_model)

    def split(self, x):
        N, T, D = x.shape
        return x.reshape(N, T, self.h, self.d).transpose(0, 2, 1, 3)

    def merge(self, x):
        N, h, T, d = x.shape
        return x.transpose(0, 2, 1, 3).reshape(N, T, h * d)

    def forward(self, x, mask=None):
        self.x = x
        self.Q, self.K, self.V = self.split(x @ self.W_q), self.split(x @ self.W_k), self.split(x @ self.W_v)
        s = self.Q @ self.K.transpose(0, 1, 3, 2) / np.sqrt(self.d)
        if mask is not None:
            s = np.where(mask == 0, -1e9, s)
        self.A = softmax(s)
        self.C = self.merge(self.A @ self.V)
        return self.C @ self.W_o

    def backward(self, dout):
        self.dW_o = np.einsum("ntd,nte->de", self.C, dout)
        dC = self.split(dout @ self.W_o.T)
        dA = dC @ self.V.transpose(0, 1, 3, 2)
        dV = self.A.transpose(0, 1, 3, 2) @ dC
        dS = self.A * (dA - (dA * self.A).sum(axis=-1, keepdims=True)) / np.sqrt(self.d)
        dQ = self.merge(dS @ self.K)
        dK = self.merge(dS.transpose(0, 1, 3, 2) @ self.Q)
        dV = self.merge(dV)
        self.dW_q = np.einsum("ntd,nte->de", self.x, dQ)
        self.dW_k = np.einsum("ntd,nte->de", self.x, dK)
        self.dW_v = np.einsum("ntd,nte->de", self.x, dV)
        dx = dQ @ self.W_q.T
        dx += dK @ self.W_k.T
        dx += dV @ self.W_v.T
        return dx


def mha_forward(query, key, value, Wq, bq, Wk, bk, Wv, bv, Wo, bo, num_heads):
    N, T, D = query.shape
    S = key.shape[1]
    d = D // num_heads
    Q = (query @ Wq + bq).reshape(N, T, num_heads, d).transpose(0, 2, 1, 3)
    K = (key @ Wk + bk).reshape(N, S, num_heads, d).transpose(0, 2, 1, 3)
    V = (value @ Wv + bv).reshape(N, S, num_heads, d).transpose(0, 2, 1, 3)
    A = softmax(Q @ K.swapaxes(-1, -2) * d**-0.5)
    C = (A @ V).transpose(0, 2, 1, 3).reshape(N, T, D)
    return C @ Wo + bo, (query, key, value, Wq, Wk, Wv, Wo, Q, K, V, A, C)


def mha_backward(dout, cache):
    query, key, value, Wq, Wk, Wv, Wo, Q, K, V, A, C = cache
    N, h, T, d = Q.shape
    S = K.shape[2]
    D = h * d
    dWo = C.reshape(-1, D).T @ dout.reshape(-1, D)
    dbo = dout.sum(axis=(0, 1))
    dC = (dout @ Wo.T).reshape(N, T, h, d).transpose(0, 2, 1, 3)
    dA = dC @ V.swapaxes(-1, -2)
    dV = A.swapaxes(-1, -2) @ dC
    dS = A * (dA - np.sum(dA * A, axis=-1, keepdims=True)) * d**-0.5
    dQ, dK = dS @ K, dS.swapaxes(-1, -2) @ Q
    dQ = dQ.transpose(0, 2, 1, 3).reshape(N, T, D)
    dK = dK.transpose(0, 2, 1, 3).reshape(N, S, D)
    dV = dV.transpose(0, 2, 1, 3).reshape(N, S, D)
    dWq, dWk, dWv = (a.reshape(-1, D).T @ g.reshape(-1, D) for a, g in ((query, dQ), (key, dK), (value, dV)))
    dbq, dbk, dbv = (g.sum(axis=(0, 1)) for g in (dQ, dK, dV))
    dquery, dkey, dvalue = dQ @ Wq.T, dK @ Wk.T, dV @ Wv.T
    return dquery, dkey, dvalue, dWq, dbq, dWk, dbk, dWv, dbv, dWo, dbo


class SelfAttention:
    """One example, looking back alone."""

    def __init__(self, Wq, Wk, Wv):
        self.Wq, self.Wk, self.Wv = Wq, Wk, Wv

    def forward(self, x):
        self.x = x
        self.q, self.k, self.v = x @ self.Wq, x @ self.Wk, x @ self.Wv
        s = self.q @ self.k.T / np.sqrt(self.k.shape[1])
        s[np.triu_indices(len(x), 1)] = -np.inf
        self.a = softmax(s)
        return self.a @ self.v

    def backward(self, dout):
        da, dv = dout @ self.v.T, self.a.T @ dout
        ds = self.a * (da - (da * self.a).sum(1, keepdims=True)) / np.sqrt(self.k.shape[1])
        dq, dk = ds @ self.k, ds.T @ self.q
        self.dWq, self.dWk, self.dWv = self.x.T @ dq, self.x.T @ dk, self.x.T @ dv
        return dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T
