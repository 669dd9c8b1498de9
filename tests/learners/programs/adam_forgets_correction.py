# small regression net with my own adam
import numpy as np

X = np.random.randn(64, 3)
Y = np.stack([X[:, 0] * X[:, 1], X[:, 2] ** 2], axis=1)
params = {'W1': np.random.randn(3, 8) * .4, 'b1': np.zeros(8), 'W2': np.random.randn(8, 2) * .4, 'b2': np.zeros(2)}
m = {k: np.zeros_like(v) for k, v in params.items()}
v = {k: np.zeros_like(p) for k, p in params.items()}
lr, beta1, beta2, eps = 0.01, 0.9, 0.999, 1e-8

for t in range(1, 2001):
    H = np.tanh(X @ params['W1'] + params['b1'])
    out = H @ params['W2'] + params['b2']
    d_out = (out - Y) / len(X)
    d_hid = (d_out @ params['W2'].T) * (1 - H ** 2)
    grads = {'W2': H.T @ d_out, 'b2': d_out.sum(0), 'W1': X.T @ d_hid, 'b1': d_hid.sum(0)}
    for k in params:
        m[k] = beta1 * m[k] + (1 - beta1) * grads[k]
        v[k] = beta2 * v[k] + (1 - beta2) * grads[k] ** 2
        params[k] -= lr * m[k] / (np.sqrt(v[k]) + eps)
