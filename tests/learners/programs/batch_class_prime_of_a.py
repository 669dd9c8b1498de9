"""Digits with stochastic gradient descent (project, 2nd semester). Samples are columns, one at a time."""
import numpy as np
from random import shuffle


def squash(z):
    return 1 / (1 + np.exp(-z))


def squash_slope(z):
    return np.exp(-z) * squash(z) ** 2


class LayeredNet(object):

    def __init__(self, sizes):
        self.weights = []
        self.biases = []
        for n_in, n_out in zip(sizes, sizes[1:]):
            self.weights.append(np.random.normal(0, n_in ** -0.5, (n_out, n_in)))
            self.biases.append(np.random.normal(0, 1, (n_out, 1)))

    def answer(self, a):
        for w, b in zip(self.weights, self.biases):
            a = squash(w @ a + b)
        return a

    def gradients(self, x, y):
        depth = len(self.weights)
        zs, activations = [], [x]
        for w, b in zip(self.weights, self.biases):
            zs.append(w @ activations[-1] + b)
            activations.append(squash(zs[-1]))
        dw, db = [0] * depth, [0] * depth
        delta = (activations[depth] - y) * squash_slope(zs[depth - 1])
        for l in range(depth - 1, -1, -1):
            db[l] = delta
            dw[l] = delta @ activations[l].T
            if l > 0:
                delta = self.weights[l].T @ delta * squash_slope(activations[l])
        return dw, db

    def learn_batch(self, batch, eta):
        sum_w = [0 * w for w in self.weights]
        sum_b = [0 * b for b in self.biases]
        for x, y in batch:
            dw, db = self.gradients(x, y)
            for l in range(len(dw)):
                sum_w[l] += dw[l]
                sum_b[l] += db[l]
        for l in range(len(sum_w)):
            self.weights[l] = self.weights[l] - eta / len(batch) * sum_w[l]
            self.biases[l] = self.biases[l] - eta / len(batch) * sum_b[l]

    def descend(self, samples, epochs, batch_size, eta, check=None):
        for epoch in range(epochs):
            shuffle(samples)
            for start in range(0, len(samples), batch_size):
                self.learn_batch(samples[start:start + batch_size], eta)
            if check:
                print("epoch", epoch, self.hits(check), "of", len(check))

    def hits(self, check):
        return sum(self.answer(x).argmax() == label for x, label in check)
