#!/usr/bin/env python3
import argparse
import logging
import sys

import numpy as np

log = logging.getLogger(__name__)


class Regressor:
    def __init__(self, n_inputs, n_hidden, n_outputs, seed=1):
        r = np.random.RandomState(seed)
        self.W_hidden = r.uniform(-0.5, 0.5, (n_inputs, n_hidden))
        self.b_hidden = np.zeros(n_hidden)
        self.W_output = r.uniform(-0.5, 0.5, (n_hidden, n_outputs))
        self.b_output = np.zeros(n_outputs)

    def predict(self, X):
        self._hidden = 1 / (1 + np.exp(-(X @ self.W_hidden + self.b_hidden)))
        return self._hidden @ self.W_output + self.b_output

    def fit_batch(self, X, y, lr):
        error = self.predict(X) - y
        loss = np.mean(np.sum(error ** 2, axis=1)) / 2
        error = error / X.shape[0]
        hidden_error = error @ self.W_output.T * self._hidden * (1 - self._hidden)
        self.W_output -= lr * self._hidden.T @ error
        self.b_output -= lr * error.sum(axis=0)
        self.W_hidden -= lr * X.T @ hidden_error
        self.b_hidden -= lr * hidden_error.sum(axis=0)
        return loss


def parse_args(argv=None):
    parser = argparse.ArgumentParser(description="fit a sine")
    parser.add_argument("--hidden", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args(argv)


def main():
    args = parse_args()
    logging.basicConfig(level=logging.DEBUG if args.verbose else logging.INFO, stream=sys.stdout)
    X = np.linspace(0, 6, 50).reshape(-1, 1)
    y = np.sin(X)
    model = Regressor(1, args.hidden, 1)
    for epoch in range(args.epochs):
        loss = model.fit_batch(X, y, args.lr)
        if epoch % 100 == 0:
            log.info("epoch %d loss %.4f", epoch, loss)


if __name__ == "__main__":
    main()
