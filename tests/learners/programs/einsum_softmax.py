import numpy as np

# I find einsum easier than remembering what to transpose

def softmax(s):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def predict(p, x):
    h = np.maximum(np.einsum('ni,ij->nj', x, p['w_in']) + p['b_in'], 0)
    return h, softmax(np.einsum('nj,jk->nk', h, p['w_out']) + p['b_out'])

def gradients(p, x, onehot):
    n = x.shape[0]
    h, probs = predict(p, x)
    ds = (probs - onehot) / n
    dh = np.einsum('nk,jk->nj', ds, p['w_out'])
    dh[h <= 0] = 0
    return {
        'w_in': np.einsum('ni,nj->ij', x, dh),
        'b_in': np.einsum('nj->j', dh),
        'w_out': np.einsum('nj,nk->jk', h, ds),
        'b_out': np.einsum('nk->k', ds),
    }

def main():
    rs = np.random.RandomState(5)
    x = rs.randn(90, 4)
    labels = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    onehot = np.eye(3)[labels]
    p = dict(w_in=rs.randn(4, 9) * .4, b_in=np.zeros(9), w_out=rs.randn(9, 3) * .4, b_out=np.zeros(3))
    for it in range(300):
        g = gradients(p, x, onehot)
        for k in p:
            p[k] -= 0.5 * g[k]
        if it % 100 == 0:
            _, probs = predict(p, x)
            print(it, -np.log(probs[np.arange(90), labels]).mean())

main()
