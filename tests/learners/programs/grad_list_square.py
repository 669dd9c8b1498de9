import numpy as np

def forward(weights, biases, x):
    activations = [x]
    for i, (w, b) in enumerate(zip(weights, biases)):
        z = activations[-1] @ w + b
        if i < len(weights) - 1:
            activations.append(np.tanh(z))
        else:
            activations.append(z)
    return activations

def backward(weights, biases, activations, y):
    grads_w = [None] * len(weights)
    grads_b = [None] * len(weights)
    delta = (activations[-1] - y) / len(y)
    for i in reversed(range(len(weights))):
        grads_w[i] = activations[i].T @ delta
        grads_b[i] = delta.sum(axis=0)
        if i > 0:
            delta = delta @ weights[i].T * (1 - activations[i])**2
    return grads_w, grads_b
