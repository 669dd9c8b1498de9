# exercise: walk back through what was kept, last in first out
import numpy as np


def sigma(z):
    return 1 / (1 + np.exp(-z))


class Stack:
    def __init__(self, sizes):
        self.weights = [np.random.randn(n_out, n_in) for n_in, n_out in zip(sizes, sizes[1:])]
        self.biases = [np.random.randn(n_out, 1) for n_out in sizes[1:]]

    def gradients(self, x, y):
        kept = [x]
        for w, b in zip(self.weights, self.biases):
            kept.append(sigma(w @ kept[-1] + b))
        a = kept.pop()
        delta = (a - y) * a * (1 - a)
        dw, db = [], []
        while True:
            a = kept.pop()
            dw.insert(0, delta @ a.T)
            db.insert(0, delta)
            if not kept:
                return dw, db
            delta = self.weights[len(kept)].T @ delta

    def learn(self, samples, eta):
        for x, y in samples:
            dw, db = self.gradients(x, y)
            for l, w in enumerate(self.weights):
                w -= eta * dw[l]
                self.biases[l] -= eta * db[l]
