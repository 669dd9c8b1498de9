import numpy as np
from numpy import *
# translated line by line from my MATLAB file bp.m
P = array([[-1., -.5, 0, .5, 1.]])          # 1 x Q
T = sin(pi * P)
S1 = 6
[R, Q] = P.shape
[S2, Q] = T.shape
w1 = random.rand(S1, R) - .5
b1 = random.rand(S1, 1) - .5
w2 = random.rand(S2, S1) - .5
b2 = random.rand(S2, 1) - .5
lr = .05
sse = 1
k = 1
while sse > 1e-3 and k < 20000:
    n1 = dot(w1, P) + tile(b1, (1, Q))
    a1 = 2 / (1 + exp(-2 * n1)) - 1
    a2 = dot(w2, a1) + tile(b2, (1, Q))
    e = T - a2
    sse = sum(e ** 2)
    s2 = -2 * e
    s1 = (1 - a1 ** 2) * dot(w2.T, s2)
    w2 = w2 - lr * dot(s2, a1.T)
    b2 = b2 - lr * s2.sum(1)[:, newaxis]
    w1 = w1 - lr * dot(s1, P.T)
    b1 = b1 - lr * s1.sum(1)[:, newaxis]
    k = k + 1
