import numpy as np
class Model:
    def __init__(self, layer_dims):
        self.L = len(layer_dims) - 1
        self.params = {}
        for l in range(1, self.L + 1):
            self.params[f"W{l}"] = np.random.randn(layer_dims[l], layer_dims[l-1]) * np.sqrt(1 / layer_dims[l-1])
            self.params[f"b{l}"] = np.zeros((layer_dims[l], 1))
    def forward(self, X):
        self.cache = {"A0": X}
        A = X
        for l in range(1, self.L + 1):
            Z = self.params[f"W{l}"] @ A + self.params[f"b{l}"]
            A = np.maximum(Z, 0) if l < self.L else np.exp(Z) / np.exp(Z).sum(axis=0, keepdims=True)
            self.cache[f"Z{l}"], self.cache[f"A{l}"] = Z, A
        return A
    def backward(self, Y):
        m = Y.shape[1]
        grads = {}
        dZ = self.cache[f"A{self.L}"] - Y
        for l in range(self.L, 0, -1):
            grads[f"dW{l}"] = dZ @ self.cache[f"A{l-1}"].T / m
            grads[f"db{l}"] = dZ.mean(axis=1, keepdims=True)
            if l > 1:
                dZ = (self.params[f"W{l}"].T @ dZ) * (self.cache[f"Z{l-1}"] > 0)
        self.grads = grads
        return grads
    def step(self, lr):
        for k in self.params:
            self.params[k] -= lr * self.grads["d" + k]
