import numpy as np


def sig(x):
    return 1 / (1 + np.exp(-x))


class GRUCell:
    """PyTorch's layout."""

    def __init__(self, input_size, hidden_size):
        self.weight_ih = np.random.randn(3 * hidden_size, input_size)
        self.weight_hh = np.random.randn(3 * hidden_size, hidden_size)
        self.bias_ih = np.zeros(3 * hidden_size)
        self.bias_hh = np.zeros(3 * hidden_size)
        self.H = hidden_size

    def forward(self, x, h):
        H = self.H
        gi = x @ self.weight_ih.T + self.bias_ih
        gh = h @ self.weight_hh.T + self.bias_hh
        r = sig(gi[:, :H] + gh[:, :H])
        z = sig(gi[:, H : 2 * H] + gh[:, H : 2 * H])
        n = np.tanh(gi[:, 2 * H :] + r * gh[:, 2 * H :])
        self.saved = (x, h, r, z, n, gh[:, 2 * H :])
        return (1 - z) * n + z * h

    def backward(self, grad):
        x, h, r, z, n, ghn = self.saved
        dn = grad * (1 - z) * (1 - n * n)
        dz = grad * (h - n) * z * (1 - z)
        dr = dn * ghn * r * (1 - r)
        di = np.concatenate([dr, dz, dn], 1)
        dh_ = np.concatenate([dr, dz, dn * r], 1)
        self.grad_weight_ih = di.T @ x
        self.grad_weight_hh = dh_.T @ h
        self.grad_bias_ih = di.sum(0)
        self.grad_bias_hh = dh_.sum(0)
        return di @ self.weight_ih, grad * z + dh_ @ self.weight_hh
