import numpy as np


def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention_forward(Q, K, V):
    d = Q.shape[-1]
    scores = Q @ K.transpose(0, 2, 1) / np.sqrt(d)
    weights = softmax(scores)
    out = weights @ V
    return out, (Q, K, V, weights)


def attention_backward(dout, cache):
    Q, K, V, weights = cache
    d = Q.shape[-1]
    dV = weights.transpose(0, 2, 1) @ dout
    dweights = dout @ V.transpose(0, 2, 1)
    dscores = weights * (dweights - (dweights * weights).sum(axis=-1, keepdims=True))
    dscores /= np.sqrt(d)
    dQ = dscores @ K
    dK = dscores.transpose(0, 2, 1) @ Q
    return dQ, dK, dV


def softmax_forward(x):
    y = softmax(x)
    return y, y


def softmax_backward(dout, cache):
    y = cache
    return y * (dout - np.sum(dout * y, axis=1, keepdims=True))
