import numpy as np


class Layer:
    def forward(self, x):
        raise NotImplementedError

    def backward(self, grad):
        raise NotImplementedError


class Conv2D(Layer):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.stride, self.padding = stride, padding
        self.W = np.random.randn(out_channels, in_channels, kernel_size, kernel_size) * 0.1
        self.b = np.zeros((out_channels, 1))

    def forward(self, x):
        self.x = x
        p, s = self.padding, self.stride
        F, C, k, _ = self.W.shape
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        N, _, H, W = self.xp.shape
        ho, wo = (H - k) // s + 1, (W - k) // s + 1
        out = np.zeros((N, F, ho, wo))
        for i in range(ho):
            for j in range(wo):
                out[:, :, i, j] = (
                    np.tensordot(self.xp[:, :, i * s : i * s + k, j * s : j * s + k], self.W, axes=([1, 2, 3], [1, 2, 3])) + self.b.T
                )
        return out

    def backward(self, grad_output):
        p, s = self.padding, self.stride
        F, C, k, _ = self.W.shape
        dxp = np.zeros_like(self.xp)
        self.grad_W = np.zeros_like(self.W)
        self.grad_b = grad_output.sum(axis=(0, 2, 3)).reshape(-1, 1)
        for i in range(grad_output.shape[2]):
            for j in range(grad_output.shape[3]):
                g = grad_output[:, :, i, j]
                self.grad_W += np.tensordot(g, self.xp[:, :, i * s : i * s + k, j * s : j * s + k], axes=(0, 0))
                dxp[:, :, i * s : i * s + k, j * s : j * s + k] += np.tensordot(g, self.W, axes=(1, 0))
        return dxp[:, :, p : -p or None, p : -p or None]


class MaxPool2D(Layer):
    def __init__(self, pool_size=2, stride=2):
        self.pool_size, self.stride = pool_size, stride

    def forward(self, x):
        self.x = x
        N, C, H, W = x.shape
        k = self.pool_size
        return x.reshape(N, C, H // k, k, W // k, k).max(axis=(3, 5))

    def backward(self, grad):
        k = self.pool_size
        out = self.forward(self.x).repeat(k, 2).repeat(k, 3)
        return (self.x == out) * grad.repeat(k, 2).repeat(k, 3)


class BatchNorm1d(Layer):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = np.ones((1, num_features)), np.zeros((1, num_features))
        self.eps, self.momentum, self.training = eps, momentum, True

    def forward(self, x):
        mu, var = x.mean(0, keepdims=True), x.var(0, keepdims=True)
        self.std_inv = 1 / np.sqrt(var + self.eps)
        self.xhat = (x - mu) * self.std_inv
        return self.gamma * self.xhat + self.beta

    def backward(self, dy):
        self.dgamma = (dy * self.xhat).sum(0, keepdims=True)
        self.dbeta = dy.sum(0, keepdims=True)
        dxhat = dy * self.gamma
        n = len(dy)
        return self.std_inv / n * (n * dxhat - dxhat.sum(0) - self.xhat * (dxhat * self.xhat).sum(0))


class Dropout(Layer):
    def __init__(self, p=0.5):
        self.p, self.training = p, True

    def forward(self, x):
        self.mask = (np.random.rand(*x.shape) > self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


class ReLU(Layer):
    def forward(self, x):
        self.x = x
        return np.maximum(0, x)

    def backward(self, grad):
        return grad * (self.x > 0)
