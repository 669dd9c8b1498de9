import numpy as np
alpha = 0.01
def lrelu(z): return np.where(z > 0, z, alpha * z)
def dlrelu(z): return np.where(z > 0, 1.0, alpha)
class Net:
    def __init__(self, layer_sizes):
        self.L = len(layer_sizes)
        self.w = {}
        self.c = {}
        for l in range(1, self.L):
            self.w[l] = np.random.randn(layer_sizes[l], layer_sizes[l-1])
            self.c[l] = np.zeros((layer_sizes[l], 1))
    def fp(self, X):
        self.a = {0: X}; self.z = {}
        for l in range(1, self.L):
            self.z[l] = self.w[l] @ self.a[l-1] + self.c[l]
            self.a[l] = lrelu(self.z[l]) if l < self.L - 1 else self.z[l]
        return self.a[self.L-1]
    def bp(self, Y):
        m = Y.shape[1]
        self.gw, self.gc = {}, {}
        d = (self.a[self.L-1] - Y) / m
        for l in range(self.L-1, 0, -1):
            self.gw[l] = d @ self.a[l-1].T
            self.gc[l] = d.sum(axis=1, keepdims=True)
            if l > 1:
                d = (self.w[l].T @ d) * dlrelu(self.z[l-1])
