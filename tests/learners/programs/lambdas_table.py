import numpy as np

ACT = {
    'relu': (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    'tanh': (lambda z: np.tanh(z), lambda z: 1 - np.tanh(z) ** 2),
    'linear': (lambda z: z, lambda z: np.ones_like(z)),
}


class MLP(object):

    def __init__(self, sizes, acts):
        assert len(acts) == len(sizes) - 1
        self.f = [ACT[a][0] for a in acts]
        self.df = [ACT[a][1] for a in acts]
        self.W = [None] + [np.random.randn(n, m) * np.sqrt(1.0 / n) for n, m in zip(sizes, sizes[1:])]
        self.b = [None] + [np.zeros(m) for m in sizes[1:]]
        self.L = len(acts)

    def forward(self, x):
        a, z = [x], [None]
        for l in range(1, self.L + 1):
            z.append(a[-1].dot(self.W[l]) + self.b[l])
            a.append(self.f[l - 1](z[-1]))
        return z, a

    def backprop(self, x, y):
        z, a = self.forward(x)
        gW, gb = [None] * (self.L + 1), [None] * (self.L + 1)
        d = (a[-1] - y) * self.df[-1](z[-1]) / len(x)
        for l in range(self.L, 0, -1):
            gW[l] = a[l - 1].T.dot(d)
            gb[l] = d.sum(axis=0)
            if l > 1:
                d = d.dot(self.W[l].T) * self.df[l - 2](z[l - 1])
        return gW, gb

    def train(self, x, y, lr=0.01, n=100):
        for i in range(n):
            gW, gb = self.backprop(x, y)
            for l in range(1, self.L + 1):
                self.W[l] -= lr * gW[l]
                self.b[l] -= lr * gb[l]


if __name__ == '__main__':
    net = MLP([2, 16, 1], ['relu', 'linear'])
    x = np.random.randn(64, 2)
    net.train(x, (x ** 2).sum(axis=1, keepdims=True), n=1000)
