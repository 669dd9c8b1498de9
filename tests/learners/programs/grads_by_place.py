import numpy as np
def loss_and_grads(params, X, y):
    """softmax classifier, one hidden relu layer; y are class indices"""
    W1, b1, W2, b2 = params['W1'], params['b1'], params['W2'], params['b2']
    a = np.einsum('ni,ij->nj', X, W1) + b1
    h = np.where(a > 0, a, 0)
    s = np.einsum('nj,jk->nk', h, W2) + b2
    s = s - s.max(1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(1, keepdims=True))
    n = X.shape[0]
    loss = -logp[np.arange(n), y].mean()
    g = np.exp(logp); g[np.arange(n), y] -= 1; g /= n
    gh = np.einsum('nk,jk->nj', g, W2) * (a > 0)
    return loss, dict(W1=np.einsum('ni,nj->ij', X, gh), b1=gh.sum(0), W2=np.einsum('nj,nk->jk', h, g), b2=g.sum(0))
