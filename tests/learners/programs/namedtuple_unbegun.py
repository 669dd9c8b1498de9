from collections import namedtuple
import numpy as np

Net = namedtuple("Net", ["w1", "b1", "w2", "b2"])
Cache = namedtuple("Cache", "x z1 a1 z2 a2")
sig = lambda z: 1 / (1 + np.exp(-z))

def fwd(net, x):
    z1 = net.w1 @ x + net.b1
    a1 = sig(z1)
    z2 = net.w2 @ a1 + net.b2
    a2 = sig(z2)
    return Cache(x, z1, a1, z2, a2)

def bwd(net, c, y):
    m = y.shape[1]
    dz2 = c.a2 - y
    dw2 = dz2 @ c.a1.T / m
    db2 = dz2.sum(axis=1, keepdims=True) / m
    da1 = net.w2.T @ dz2
    dz1 = da1 * c.a1 * (1 - c.a1)
    dw1 = dz1 @ c.x.T / m
    db1 = dz1.sum(axis=1, keepdims=True) / m
    return Net(dw1, db1, dw2, db2)
