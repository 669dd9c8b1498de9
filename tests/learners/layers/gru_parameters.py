import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_forward(x, h_prev, params):
    z = sigmoid(np.dot(params["Wxz"], x) + np.dot(params["Whz"], h_prev) + params["bz"])
    r = sigmoid(np.dot(params["Wxr"], x) + np.dot(params["Whr"], h_prev) + params["br"])
    hc = np.tanh(np.dot(params["Wxh"], x) + np.dot(params["Whh"], r * h_prev) + params["bh"])
    h = z * h_prev + (1 - z) * hc
    return h, (x, h_prev, z, r, hc, params)


def gru_backward(dh, cache):
    x, h_prev, z, r, hc, params = cache
    grads = {}
    dhc = dh * (1 - z) * (1 - hc**2)
    dz = dh * (h_prev - hc) * z * (1 - z)
    t = params["Whh"].T @ dhc
    dr = t * h_prev * r * (1 - r)
    for g, d, inp in (("z", dz, h_prev), ("r", dr, h_prev), ("h", dhc, r * h_prev)):
        grads["dWx" + g] = d @ x.T
        grads["dWh" + g] = d @ inp.T
        grads["db" + g] = d.sum(axis=1, keepdims=True)
    grads["dx"] = params["Wxz"].T @ dz + params["Wxr"].T @ dr + params["Wxh"].T @ dhc
    grads["dh_prev"] = dh * z + t * r + params["Whz"].T @ dz + params["Whr"].T @ dr
    return grads
