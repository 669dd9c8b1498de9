# np.matrix, because then * is the product, as in my lecture notes
import numpy as np

X = np.matrix('0 0 1; 0 1 1; 1 0 1; 1 1 1')
T = np.matrix('0; 1; 1; 0')

def sig(z):
    return 1.0 / (1.0 + np.exp(-z))

np.random.seed(4)
W = np.matrix(np.random.randn(3, 5))
V = np.matrix(np.random.randn(5, 1))
eta = 0.8

for k in range(4000):
    H = sig(X * W)
    Y = sig(H * V)
    E = Y - T
    dY = np.multiply(E, np.multiply(Y, 1 - Y))
    dH = np.multiply(dY * V.T, np.multiply(H, 1 - H))
    V = V - eta * (H.T * dY)
    W = W - eta * (X.T * dH)

print(Y)
