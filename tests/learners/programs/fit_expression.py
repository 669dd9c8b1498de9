import numpy as np

class Classifier:
    def __init__(self, layers, eta=0.2):
        self.eta = eta
        self.W = [np.random.randn(a, b) * 0.3 for a, b in zip(layers[:-1], layers[1:])]
        self.b = [np.zeros(b) for b in layers[1:]]

    def _forward(self, X):
        acts = [X]
        for W, b in zip(self.W[:-1], self.b[:-1]):
            acts.append(np.maximum(acts[-1] @ W + b, 0))
        s = acts[-1] @ self.W[-1] + self.b[-1]
        e = np.exp(s - s.max(1, keepdims=True))
        acts.append(e / e.sum(1, keepdims=True))
        return acts

    def fit(self, X, T, epochs=100):
        for _ in range(epochs):
            acts = self._forward(X)
            d = (acts[-1] - T) / len(X)
            for l in range(len(self.W) - 1, -1, -1):
                gW, gb = acts[l].T @ d, d.sum(0)
                if l > 0:
                    d = (d @ self.W[l].T) * (acts[l] > 0)
                self.W[l] -= self.eta * gW
                self.b[l] -= self.eta * gb
        return self

    def predict(self, X):
        return self._forward(X)[-1].argmax(1)

measurements = np.random.default_rng(3).normal(size=(60, 5))
kinds = (measurements[:, 0] > 0).astype(int) + (measurements[:, 3] > 0.5)
clf = Classifier([5, 8, 3]).fit(measurements, np.eye(3)[kinds], epochs=300)
print('accuracy', (clf.predict(measurements) == kinds).mean())
