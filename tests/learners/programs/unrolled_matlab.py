import numpy as np


def sigmoid(z):
    g = 1.0 / (1.0 + np.exp(-z))
    return g


def nnCostFunc(theta, input_size, hidden_size, num_labels, X, y, lmbda):
    theta1 = np.reshape(theta[:hidden_size * (input_size + 1)], (hidden_size, input_size + 1), order='F')
    theta2 = np.reshape(theta[hidden_size * (input_size + 1):], (num_labels, hidden_size + 1), order='F')
    m = X.shape[0]
    A1 = np.c_[np.ones(m), X]
    A2 = np.c_[np.ones(m), sigmoid(A1.dot(theta1.T))]
    H = sigmoid(A2.dot(theta2.T))
    Y = np.zeros((m, num_labels))
    for c in range(num_labels):
        Y[:, c] = (y == c + 1).ravel()
    return -np.sum(Y * np.log(H) + (1 - Y) * np.log(1 - H)) / m + lmbda / (2.0 * m) * (np.sum(theta1[:, 1:] ** 2) + np.sum(theta2[:, 1:] ** 2))


def nnGrad(theta, input_size, hidden_size, num_labels, X, y, lmbda):
    theta1 = np.reshape(theta[:hidden_size * (input_size + 1)], (hidden_size, input_size + 1), order='F')
    theta2 = np.reshape(theta[hidden_size * (input_size + 1):], (num_labels, hidden_size + 1), order='F')
    m = X.shape[0]
    Delta1 = np.zeros(theta1.shape)
    Delta2 = np.zeros(theta2.shape)
    for t in range(m):
        a1 = np.r_[1, X[t]]
        z2 = theta1.dot(a1)
        a2 = np.r_[1, sigmoid(z2)]
        a3 = sigmoid(theta2.dot(a2))
        yt = np.zeros(num_labels)
        yt[int(y[t]) - 1] = 1
        d3 = a3 - yt
        d2 = theta2[:, 1:].T.dot(d3) * sigmoid(z2) * (1 - sigmoid(z2))
        Delta1 += np.outer(d2, a1)
        Delta2 += np.outer(d3, a2)
    grad1 = Delta1 / m
    grad2 = Delta2 / m
    grad1[:, 1:] += lmbda / m * theta1[:, 1:]
    grad2[:, 1:] += lmbda / m * theta2[:, 1:]
    return np.r_[grad1.ravel(order='F'), grad2.ravel(order='F')]


def numGrad(J, theta):
    numgrad = np.zeros(theta.shape)
    perturb = np.zeros(theta.shape)
    e = 1e-4
    for p in range(theta.size):
        perturb[p] = e
        numgrad[p] = (J(theta + perturb) - J(theta - perturb)) / (2 * e)
        perturb[p] = 0
    return numgrad
