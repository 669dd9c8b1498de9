import numpy as np

class Chain:
    """a net is a chain of parts; the last part's output is the answer"""
    def __init__(self, *layers):
        self.layers = list(layers)
    def run(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x
    def fit(self, samples, targets, epochs, learning_rate):
        for epoch in range(epochs):
            for x, t in zip(samples, targets):
                y = self.run(x)
                back = (y - t) * 2 / t.size
                for layer in self.layers[::-1]:
                    back = layer.backward(back, learning_rate)
class Weights:
    def __init__(self, n_in, n_out):
        self.W = np.random.uniform(-1, 1, (n_in, n_out))
        self.b = np.random.uniform(-1, 1, (1, n_out))
    def forward(self, x):
        self.x = x
        return x.dot(self.W) + self.b
    def backward(self, error, learning_rate):
        below = error.dot(self.W.T)
        self.b -= learning_rate * error
        self.W -= learning_rate * self.x.T.dot(error)
        return below
class Bend:
    def __init__(self, f, f_slope):
        self.f, self.f_slope = f, f_slope
    def forward(self, z):
        self.z = z
        return self.f(z)
    def backward(self, error, learning_rate):
        return error * self.f_slope(self.z)
def slope_of_tanh(z): return 1 / np.cosh(z) ** 2

X = np.random.uniform(-1, 1, (40, 1, 3))
T = X[:, :, :1] * X[:, :, 1:2]
net = Chain(Weights(3, 6), Bend(np.tanh, slope_of_tanh), Weights(6, 1), Bend(np.tanh, slope_of_tanh))
net.fit(X, T, epochs=300, learning_rate=0.05)
