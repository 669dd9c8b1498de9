# my matlab solution, line by line in python. theta: one row per unit, column 0 is the bias
import numpy as np

def g(z):
    return 1.0 / (1 + np.exp(-z))

def with_ones(A):
    return np.c_[np.ones(len(A)), A]

def costAndGradients(theta1, theta2, X, y, lam):
    n = len(y)
    K = len(theta2)
    Y = (np.arange(K) == y[:, None]).astype(float)

    A1 = with_ones(X)
    Z2 = A1.dot(theta1.T)
    A2 = with_ones(g(Z2))
    A3 = g(A2.dot(theta2.T))

    no1, no2 = theta1.copy(), theta2.copy()   # the bias is not punished
    no1[:, 0] = 0
    no2[:, 0] = 0
    E = np.sum(-Y * np.log(A3) - (1 - Y) * np.log(1 - A3)) / n + lam * (np.sum(no1 ** 2) + np.sum(no2 ** 2)) / (2 * n)

    D3 = A3 - Y
    D2 = D3.dot(theta2)[:, 1:] * g(Z2) * (1 - g(Z2))
    grad1 = (D2.T.dot(A1) + lam * no1) / n
    grad2 = (D3.T.dot(A2) + lam * no2) / n
    return E, grad1, grad2
