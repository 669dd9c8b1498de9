import numpy as np

def add_ones(M):
    return np.c_[np.ones((M.shape[0], 1)), M]

def g(z):
    return 1.0 / (1.0 + np.exp(-z))

def nn_cost_gradient(Theta1, Theta2, X, Y):
    """Bias in the first column of each Theta, like in the course."""
    m = X.shape[0]
    a1 = add_ones(X)
    z2 = a1 @ Theta1.T
    a2 = add_ones(g(z2))
    h = g(a2 @ Theta2.T)
    J = np.sum(-Y * np.log(h) - (1 - Y) * np.log(1 - h)) / m
    delta3 = h - Y
    delta2 = (delta3 @ Theta2)[:, 1:] * g(z2) * (1 - g(z2))
    Theta1_grad = delta2.T @ a1 / m
    Theta2_grad = delta3.T @ a2 / m
    return J, Theta1_grad, Theta2_grad
