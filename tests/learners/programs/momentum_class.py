import numpy as np

class NeuralNet:
    def __init__(self, layers, learning_rate=0.01, momentum=0.9):
        self.layers = layers
        self.lr = learning_rate
        self.momentum = momentum
        self.weights = []
        self.biases = []
        self.vw = []
        self.vb = []
        for i in range(len(layers) - 1):
            w = np.random.randn(layers[i], layers[i+1]) * np.sqrt(2.0 / layers[i])
            self.weights.append(w)
            self.biases.append(np.zeros((1, layers[i+1])))
            self.vw.append(np.zeros_like(w))
            self.vb.append(np.zeros((1, layers[i+1])))

    def sigmoid(self, z):
        return 1 / (1 + np.exp(-z))

    def forward(self, X):
        self.a = [X]
        for W, b in zip(self.weights, self.biases):
            z = self.a[-1] @ W + b
            self.a.append(self.sigmoid(z))
        return self.a[-1]

    def backward(self, y):
        m = y.shape[0]
        delta = (self.a[-1] - y) * self.a[-1] * (1 - self.a[-1])
        for i in range(len(self.weights) - 1, -1, -1):
            dw = self.a[i].T @ delta / m
            db = delta.sum(axis=0, keepdims=True) / m
            delta = delta @ self.weights[i].T * self.a[i] * (1 - self.a[i])
            self.vw[i] = self.momentum * self.vw[i] - self.lr * dw
            self.vb[i] = self.momentum * self.vb[i] - self.lr * db
            self.weights[i] = self.weights[i] + self.vw[i]
            self.biases[i] = self.biases[i] + self.vb[i]

    def fit(self, X, y, epochs=100):
        for e in range(epochs):
            self.forward(X)
            self.backward(y)
