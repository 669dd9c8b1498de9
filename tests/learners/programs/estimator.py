"""A multi-layer perceptron with the interface of scikit-learn."""
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class SimpleMLP(BaseEstimator, ClassifierMixin):
    def __init__(self, hidden_layer_sizes=(8,), learning_rate_init=0.1, max_iter=200, random_state=None):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state

    def _init_weights(self, n_features, n_outputs):
        rng = np.random.RandomState(self.random_state)
        sizes = [n_features, *self.hidden_layer_sizes, n_outputs]
        self.coefs_ = [rng.randn(a, b) * np.sqrt(1 / a) for a, b in zip(sizes, sizes[1:])]
        self.intercepts_ = [np.zeros(b) for b in sizes[1:]]

    def _forward(self, X):
        activations = [X]
        for i, (W, b) in enumerate(zip(self.coefs_, self.intercepts_)):
            z = activations[-1] @ W + b
            if i < len(self.coefs_) - 1:
                activations.append(np.tanh(z))
            else:
                e = np.exp(z - z.max(axis=1, keepdims=True))
                activations.append(e / e.sum(axis=1, keepdims=True))
        return activations

    def _backprop(self, X, Y):
        activations = self._forward(X)
        n = X.shape[0]
        delta = (activations[-1] - Y) / n
        coef_grads = [None] * len(self.coefs_)
        intercept_grads = [None] * len(self.coefs_)
        for i in reversed(range(len(self.coefs_))):
            coef_grads[i] = activations[i].T @ delta
            intercept_grads[i] = delta.sum(axis=0)
            if i > 0:
                delta = (delta @ self.coefs_[i].T) * (1 - activations[i] ** 2)
        return coef_grads, intercept_grads

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        Y = np.eye(len(self.classes_))[y]
        self._init_weights(X.shape[1], Y.shape[1])
        for _ in range(self.max_iter):
            gW, gb = self._backprop(X, Y)
            for i in range(len(self.coefs_)):
                self.coefs_[i] -= self.learning_rate_init * gW[i]
                self.intercepts_[i] -= self.learning_rate_init * gb[i]
        return self

    def predict(self, X):
        return self.classes_[self._forward(X)[-1].argmax(axis=1)]


from sklearn.datasets import load_iris
X, y = load_iris(return_X_y=True)
clf = SimpleMLP().fit(X, y)
print(clf.score(X, y))
