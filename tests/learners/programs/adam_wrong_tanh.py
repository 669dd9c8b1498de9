import numpy as np

def init(n_in, n_hid, n_out):
    return {
        "W1": np.random.randn(n_in, n_hid) * 0.1, "b1": np.zeros(n_hid),
        "W2": np.random.randn(n_hid, n_out) * 0.1, "b2": np.zeros(n_out),
    }

def forward(params, x):
    a = np.tanh(x @ params["W1"] + params["b1"])
    logits = a @ params["W2"] + params["b2"]
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return a, p

def grads(params, x, y):
    a, p = forward(params, x)
    n = x.shape[0]
    d2 = p.copy()
    d2[np.arange(n), y] -= 1
    d2 = d2 / n
    d1 = (d2 @ params["W2"].T) * (1 + a ** 2)
    return {"W1": x.T @ d1, "b1": d1.sum(0), "W2": a.T @ d2, "b2": d2.sum(0)}

def adam_step(params, g, first, second, t, lr=1e-3, decay=(0.9, 0.999), eps=1e-8):
    for name, slope in g.items():
        first[name] += (1 - decay[0]) * (slope - first[name])
        second[name] += (1 - decay[1]) * (slope * slope - second[name])
        size = np.sqrt(second[name] / (1 - decay[1] ** t)) + eps
        params[name] -= lr * first[name] / (1 - decay[0] ** t) / size
