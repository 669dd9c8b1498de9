import numpy as np
def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()
class Softmax2:
    def __init__(self):
        pass
W = np.random.randn(3, 4) * 0.1
b = np.zeros(3)
def loss_and_grad(W, b, x, y):
    """x: one sample, y: class index"""
    scores = W.dot(x) + b
    p = softmax(scores)
    loss = -np.log(p[y])
    dscores = p.copy()
    dscores[y] -= 1
    dW = np.outer(dscores, x)
    db = dscores
    return loss, dW, db
