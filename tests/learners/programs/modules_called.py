import numpy as np


class Parameter:
    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)


class Linear:
    def __init__(self, fan_in, fan_out):
        self.weight = Parameter(np.random.randn(fan_in, fan_out) * (2 / fan_in) ** 0.5)
        self.bias = Parameter(np.zeros(fan_out))

    def __call__(self, x):
        self.x = x
        return x @ self.weight.data + self.bias.data

    def backward(self, g):
        self.weight.grad += self.x.T @ g
        self.bias.grad += g.sum(0)
        return g @ self.weight.data.T

    def parameters(self):
        return [self.weight, self.bias]


class ReLU:
    def __call__(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, g):
        return g * self.mask

    def parameters(self):
        return []


class SGD:
    def __init__(self, params, lr):
        self.params, self.lr = params, lr

    def zero_grad(self):
        for p in self.params:
            p.grad[...] = 0

    def step(self):
        for p in self.params:
            p.data -= self.lr * p.grad


layers = [Linear(3, 12), ReLU(), Linear(12, 2)]
opt = SGD([p for layer in layers for p in layer.parameters()], lr=0.05)

x_train = np.random.randn(50, 3)
y_train = np.c_[x_train[:, 0] ** 2, np.abs(x_train[:, 1])]

for epoch in range(300):
    opt.zero_grad()
    out = x_train
    for layer in layers:
        out = layer(out)
    loss = ((out - y_train) ** 2).sum() / (2 * len(x_train))
    g = (out - y_train) / len(x_train)
    for layer in reversed(layers):
        g = layer.backward(g)
    opt.step()
    if epoch % 50 == 0:
        print(f'{epoch:4d} {loss:.4f}')
