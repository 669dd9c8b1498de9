import numpy as np
from sklearn.datasets import make_blobs

X, y = make_blobs(150, centers=3, random_state=5)
N = len(X)
classes = 3
learning_rate = 0.002
penalty = 0.0   # not used any more

def probabilities(X, W1, b1, W2, b2):
    hidden = np.tanh(np.dot(X, W1) + b1)
    e = np.exp(np.dot(hidden, W2) + b2)
    return hidden, e / e.sum(axis=1, keepdims=True)

def how_bad(net):
    p = probabilities(X, net['W1'], net['b1'], net['W2'], net['b2'])[1]
    return -np.log(p[range(N), y]).sum() / N

def learn(hidden_units, rounds=3000, talk=False):
    W1 = 0.5 * np.random.randn(X.shape[1], hidden_units)
    b1 = np.zeros((1, hidden_units))
    W2 = 0.5 * np.random.randn(hidden_units, classes)
    b2 = np.zeros((1, classes))
    net = {}
    for r in range(rounds):
        hidden, p = probabilities(X, W1, b1, W2, b2)
        # p - one hot
        d_out = p
        d_out[range(N), y] -= 1
        d_hidden = np.dot(d_out, W2.T) * (1 - hidden ** 2)
        W2 += -learning_rate * np.dot(hidden.T, d_out)
        b2 += -learning_rate * d_out.sum(axis=0, keepdims=True)
        W1 += -learning_rate * np.dot(X.T, d_hidden)
        b1 += -learning_rate * d_hidden.sum(axis=0)
        net = dict(W1=W1, b1=b1, W2=W2, b2=b2)
        if talk and r % 500 == 0:
          print("round %d: %.3f" % (r, how_bad(net)))
    return net

net = learn(5, talk=True)
