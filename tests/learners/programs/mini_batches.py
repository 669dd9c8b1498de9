import numpy as np
def relu(x): return np.maximum(0, x)
def fit(X, Y, n_hidden=16, learning_rate=0.01, n_epochs=500, batch_size=32):
    n, d = X.shape
    W1 = np.random.randn(d, n_hidden) * np.sqrt(2/d); b1 = np.zeros(n_hidden)
    W2 = np.random.randn(n_hidden, Y.shape[1]) * np.sqrt(2/n_hidden); b2 = np.zeros(Y.shape[1])
    for epoch in range(n_epochs):
        perm = np.random.permutation(n)
        for i in range(0, n, batch_size):
            idx = perm[i:i+batch_size]
            xb, yb = X[idx], Y[idx]
            h = relu(xb @ W1 + b1)
            out = h @ W2 + b2
            err = out - yb
            gW2 = h.T @ err / len(xb)
            gb2 = err.mean(0)
            gh = err @ W2.T
            gh[h <= 0] = 0
            gW1 = xb.T @ gh / len(xb)
            gb1 = gh.mean(0)
            W1 -= learning_rate * gW1; b1 -= learning_rate * gb1
            W2 -= learning_rate * gW2; b2 -= learning_rate * gb2
    return W1, b1, W2, b2
