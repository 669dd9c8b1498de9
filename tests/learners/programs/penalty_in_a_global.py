import numpy as np
lam = 0.1
def loss_grad(W1, b1, W2, b2, X, Y):
    n = len(X)
    H = np.tanh(X @ W1 + b1); O = H @ W2 + b2
    loss = ((O - Y)**2).sum()/(2*n) + lam/2*((W1**2).sum() + (W2**2).sum())
    d2 = (O - Y)/n
    d1 = d2 @ W2.T * (1 - H**2)
    return loss, X.T @ d1 + 2*lam*W1, d1.sum(0), H.T @ d2 + 2*lam*W2, d2.sum(0)
