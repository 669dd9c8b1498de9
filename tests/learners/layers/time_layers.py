import numpy as np


class TimeRNN:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.layers = None
        self.h, self.dh = None, None
        self.stateful = stateful

    def forward(self, xs):
        Wx, Wh, b = self.params
        N, T, D = xs.shape
        H = Wh.shape[0]
        hs = np.empty((N, T, H))
        self.h = np.zeros((N, H))
        self.cache = []
        for t in range(T):
            prev = self.h
            self.h = np.tanh(xs[:, t] @ Wx + prev @ Wh + b)
            self.cache.append((xs[:, t], prev, self.h))
            hs[:, t] = self.h
        return hs

    def backward(self, dhs):
        Wx, Wh, b = self.params
        N, T, H = dhs.shape
        dxs = np.empty((N, T, Wx.shape[0]))
        dh = 0
        g = [0, 0, 0]
        for t in reversed(range(T)):
            x, prev, h = self.cache[t]
            dt = (dhs[:, t] + dh) * (1 - h**2)
            g[0] = g[0] + x.T @ dt
            g[1] = g[1] + prev.T @ dt
            g[2] = g[2] + dt.sum(0)
            dxs[:, t] = dt @ Wx.T
            dh = dt @ Wh.T
        for i in range(3):
            self.grads[i][...] = g[i]
        self.dh = dh
        return dxs


class Softmax:
    def __init__(self):
        self.params, self.grads = [], []
        self.out = None

    def forward(self, x):
        self.out = np.exp(x - x.max(1, keepdims=True))
        self.out /= self.out.sum(1, keepdims=True)
        return self.out

    def backward(self, dout):
        dx = self.out * dout
        sumdx = np.sum(dx, axis=1, keepdims=True)
        dx -= self.out * sumdx
        return dx
