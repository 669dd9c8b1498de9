import numpy as np

def relu(x):
    return np.maximum(0, x)

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def initialize_parameters(layer_dims):
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters['W' + str(l)] = np.random.randn(layer_dims[l], layer_dims[l-1]) * np.sqrt(2 / layer_dims[l-1])
        parameters['b' + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters

def initialize_adam(parameters):
    v, s = {}, {}
    for l in range(1, len(parameters) // 2 + 1):
        for k in ("W", "b"):
            v["d" + k + str(l)] = np.zeros_like(parameters[k + str(l)])
            s["d" + k + str(l)] = np.zeros_like(parameters[k + str(l)])
    return v, s

def forward_propagation(X, parameters):
    W1, b1, W2, b2 = (parameters[k] for k in ("W1", "b1", "W2", "b2"))
    z1 = np.dot(W1, X) + b1
    a1 = relu(z1)
    z2 = np.dot(W2, a1) + b2
    a2 = sigmoid(z2)
    cache = (z1, a1, W1, b1, z2, a2, W2, b2)
    return a2, cache

def backward_propagation(X, Y, cache):
    m = X.shape[1]
    (z1, a1, W1, b1, z2, a2, W2, b2) = cache
    dz2 = 1. / m * (a2 - Y)
    dW2 = np.dot(dz2, a1.T)
    db2 = np.sum(dz2, axis=1, keepdims=True)
    da1 = np.dot(W2.T, dz2)
    dz1 = np.multiply(da1, np.int64(a1 > 0))
    dW1 = np.dot(dz1, X.T)
    db1 = np.sum(dz1, axis=1, keepdims=True)
    return {"dz2": dz2, "dW2": dW2, "db2": db2, "da1": da1, "dz1": dz1, "dW1": dW1, "db1": db1}

def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    for key in parameters:
        g = grads["d" + key]
        v["d" + key] = beta1 * v["d" + key] + (1 - beta1) * g
        s["d" + key] = beta2 * s["d" + key] + (1 - beta2) * g ** 2
        vc = v["d" + key] / (1 - beta1 ** t)
        sc = s["d" + key] / (1 - beta2 ** t)
        parameters[key] = parameters[key] - learning_rate * vc / (np.sqrt(sc) + epsilon)
    return parameters, v, s

def model(X, Y, layers_dims, learning_rate=0.0007, beta1=0.9, beta2=0.999, epsilon=1e-8, num_epochs=1000):
    t = 0
    parameters = initialize_parameters(layers_dims)
    v, s = initialize_adam(parameters)
    for i in range(num_epochs):
        a2, cache = forward_propagation(X, parameters)
        grads = backward_propagation(X, Y, cache)
        t = t + 1
        parameters, v, s = update_parameters_with_adam(parameters, grads, v, s, t, learning_rate, beta1, beta2, epsilon)
    return parameters

if __name__ == "__main__":
    np.random.seed(1)
    X = np.random.randn(2, 40)
    Y = (X[0:1] * X[1:2] > 0).astype(float)
    model(X, Y, [2, 5, 1])
