# UFLDL: a two-layer net with one long theta
import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def initialize(hidden_size, visible_size, output_size):
    r = np.sqrt(6) / np.sqrt(hidden_size + visible_size + 1)
    W1 = np.random.random((hidden_size, visible_size)) * 2 * r - r
    W2 = np.random.random((output_size, hidden_size)) * 2 * r - r
    b1 = np.zeros(hidden_size)
    b2 = np.zeros(output_size)
    return np.concatenate((W1.reshape(-1), W2.reshape(-1), b1, b2))


def unpack(theta, visible_size, hidden_size, output_size):
    n1 = hidden_size * visible_size
    n2 = output_size * hidden_size
    W1 = theta[0:n1].reshape(hidden_size, visible_size)
    W2 = theta[n1:n1 + n2].reshape(output_size, hidden_size)
    b1 = theta[n1 + n2:n1 + n2 + hidden_size]
    b2 = theta[n1 + n2 + hidden_size:]
    return W1, W2, b1, b2


def cost(theta, visible_size, hidden_size, output_size, data, targets):
    m = data.shape[1]
    W1, W2, b1, b2 = unpack(theta, visible_size, hidden_size, output_size)
    a2 = sigmoid(W1.dot(data) + b1[:, None])
    h = sigmoid(W2.dot(a2) + b2[:, None])
    J = np.sum((h - targets) ** 2) / (2 * m)
    delta3 = (h - targets) * h * (1 - h)
    delta2 = W2.T.dot(delta3) * a2 * (1 - a2)
    W1grad = delta2.dot(data.T) / m
    W2grad = delta3.dot(a2.T) / m
    b1grad = np.sum(delta2, axis=1) / m
    b2grad = np.sum(delta3, axis=1) / m
    grad = np.concatenate((W1grad.reshape(-1), W2grad.reshape(-1), b1grad, b2grad))
    return J, grad


theta = initialize(5, 8, 3)
data = np.random.rand(8, 20)
targets = np.random.rand(3, 20)
for it in range(100):
    J, grad = cost(theta, 8, 5, 3, data, targets)
    theta -= 0.5 * grad
