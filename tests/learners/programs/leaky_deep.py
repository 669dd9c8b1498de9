import numpy as np


def leaky(Z):
    return np.where(Z > 0, Z, 0.01 * Z)


def model_forward(X, parameters):
    L = len(parameters) // 2
    A = X
    caches = []
    for l in range(1, L + 1):
        A_prev = A
        Z = np.dot(parameters['W' + str(l)], A_prev) + parameters['b' + str(l)]
        A = leaky(Z) if l < L else Z
        caches.append((A_prev, Z))
    return A, caches


def model_backward(AL, Y, caches, parameters):
    grads = {}
    L = len(caches)
    m = Y.shape[1]
    dZ = (AL - Y) / m
    for l in reversed(range(1, L + 1)):
        A_prev, Z = caches[l - 1]
        grads['dW' + str(l)] = np.dot(dZ, A_prev.T)
        grads['db' + str(l)] = np.sum(dZ, axis=1, keepdims=True)
        if l > 1:
            dA = np.dot(parameters['W' + str(l)].T, dZ)
            Z_prev = caches[l - 2][1]
            dZ = dA * np.where(Z_prev > 0, 1, 0.01)
    return grads


def update_parameters(parameters, grads, learning_rate=0.01):
    for l in range(1, len(parameters) // 2 + 1):
        parameters['W' + str(l)] -= learning_rate * grads['dW' + str(l)]
        parameters['b' + str(l)] -= learning_rate * grads['db' + str(l)]
    return parameters
