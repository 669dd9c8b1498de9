import numpy as np


class ScaledDotProductAttention:
    """One example: rows are positions."""

    def __init__(self, d_k):
        self.scale = 1.0 / np.sqrt(d_k)

    def forward(self, q, k, v):
        self.q, self.k, self.v = q, k, v
        s = np.dot(q, k.T) * self.scale
        s = np.exp(s - np.max(s, axis=1, keepdims=True))
        self.a = s / np.sum(s, axis=1, keepdims=True)
        return np.dot(self.a, v)

    def backward(self, grad_out):
        grad_v = np.dot(self.a.T, grad_out)
        grad_a = np.dot(grad_out, self.v.T)
        grad_s = np.zeros_like(grad_a)
        for r in range(len(grad_a)):
            a = self.a[r]
            grad_s[r] = (np.diag(a) - np.outer(a, a)) @ grad_a[r]
        grad_q = np.dot(grad_s, self.k) * self.scale
        grad_k = np.dot(grad_s.T, self.q) * self.scale
        return grad_q, grad_k, grad_v
