import numpy as np
from tqdm import tqdm


class Dense:
    def __init__(self, units, activation='sigmoid'):
        self.units = units
        self.activation = activation

    def build(self, n_inputs):
        self.w = np.random.normal(0, 0.5, (self.units, n_inputs))
        self.b = np.zeros((self.units, 1))

    def act(self, z):
        if self.activation == 'sigmoid':
            return 1 / (1 + np.exp(-z))
        if self.activation == 'tanh':
            return np.tanh(z)
        return z

    def act_prime(self, a):
        if self.activation == 'sigmoid':
            return a * (1 - a)
        if self.activation == 'tanh':
            return 1 - a ** 2
        return np.ones_like(a)

    def forward(self, a_prev):
        self.a_prev = a_prev
        self.z = self.w @ a_prev + self.b
        self.a = self.act(self.z)
        return self.a

    def backward(self, da, lr):
        dz = da * self.act_prime(self.a)
        da_prev = self.w.T @ dz
        m = dz.shape[1]
        self.w -= lr * (dz @ self.a_prev.T) / m
        self.b -= lr * dz.sum(axis=1, keepdims=True) / m
        return da_prev


class Sequential:
    def __init__(self, n_inputs):
        self.n = n_inputs
        self.layers = []

    def add(self, layer):
        layer.build(self.n)
        self.n = layer.units
        self.layers.append(layer)

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def fit(self, x, y, epochs, lr):
        for _ in tqdm(range(epochs)):
            da = self.predict(x) - y
            for layer in reversed(self.layers):
                da = layer.backward(da, lr)


xs = np.random.rand(3, 80)
ys = np.vstack([xs.mean(axis=0), xs.max(axis=0)])
model = Sequential(3)
model.add(Dense(7, activation='tanh'))
model.add(Dense(2, activation='sigmoid'))
model.fit(xs, ys, epochs=400, lr=0.5)
print(model.predict(xs[:, :3]))
