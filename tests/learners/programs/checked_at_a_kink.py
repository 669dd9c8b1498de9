import numpy as np


def relu(z):
    return np.maximum(z, 0)


class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1 = np.zeros((n_in, n_hidden))
        self.b1 = np.zeros(n_hidden)
        self.W2 = np.random.randn(n_hidden, n_out)
        self.b2 = np.zeros(n_out)

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = relu(self.z1)
        return self.a1 @ self.W2 + self.b2

    def loss(self, X, y):
        return 0.5 * np.sum((self.forward(X) - y) ** 2)

    def backward(self, X, y):
        d2 = self.forward(X) - y
        dW2 = self.a1.T @ d2
        db2 = d2.sum(axis=0)
        d1 = (d2 @ self.W2.T) * (self.z1 > 0)
        return X.T @ d1, d1.sum(axis=0), dW2, db2


def gradient_check(net, X, y, eps=1e-5):
    dW1, db1, dW2, db2 = net.backward(X, y)
    for p, g in zip([net.W1, net.b1, net.W2, net.b2], [dW1, db1, dW2, db2]):
        for i in np.ndindex(p.shape):
            old = p[i]
            p[i] = old + eps
            up = net.loss(X, y)
            p[i] = old - eps
            down = net.loss(X, y)
            p[i] = old
            print(i, (up - down) / (2 * eps), g[i])


net = Net(3, 4, 2)
X = np.random.randn(6, 3)
y = np.random.randn(6, 2)
gradient_check(net, X, y)
