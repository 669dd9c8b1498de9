from abc import ABC, abstractmethod
import numpy as np


class Layer(ABC):
    """Whatever turns arrays into arrays."""

    @abstractmethod
    def forward(self, inputs):
        ...

    @abstractmethod
    def backward(self, grad):
        ...

    def update(self, lr):
        pass


class Linear(Layer):
    def __init__(self, n_in, n_out):
        self.weights = np.random.randn(n_in, n_out) / np.sqrt(n_in)
        self.bias = np.zeros(n_out)

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.weights + self.bias

    def backward(self, grad):
        self.grad_weights = self.inputs.T @ grad
        self.grad_bias = grad.sum(axis=0)
        return grad @ self.weights.T

    def update(self, lr):
        self.weights -= lr * self.grad_weights
        self.bias -= lr * self.grad_bias


class Sigmoid(Layer):
    def forward(self, inputs):
        self.out = 1 / (1 + np.exp(-inputs))
        return self.out

    def backward(self, grad):
        return grad * self.out * (1 - self.out)


class MSE:
    def forward(self, y, t):
        self.y, self.t = y, t
        return np.mean(np.sum((y - t) ** 2, axis=1))

    def backward(self):
        return 2 * (self.y - self.t) / len(self.y)


class Network:
    def __init__(self, *layers):
        self.layers = layers
        self.loss = MSE()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def train_step(self, x, t, lr):
        value = self.loss.forward(self.forward(x), t)
        grad = self.loss.backward()
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        for layer in self.layers:
            layer.update(lr)
        return value


if __name__ == "__main__":
    x = np.random.randn(200, 3)
    t = np.c_[x.sum(axis=1), x.prod(axis=1)]
    net = Network(Linear(3, 10), Sigmoid(), Linear(10, 2))
    for i in range(1000):
        loss = net.train_step(x, t, 0.05)
    print("final loss", loss)
