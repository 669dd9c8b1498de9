import numpy as np
from functools import reduce

def init(key, dims):
    rng = np.random.default_rng(key)
    return [dict(w=rng.normal(0, 1 / d ** .5, (d, e)), b=np.zeros(e)) for d, e in zip(dims[:-1], dims[1:])]

def sigma(z): return 1 / (1 + np.exp(-z))

def apply(params, x):
    *hidden, last = params
    h = reduce(lambda a, p: sigma(a @ p["w"] + p["b"]), hidden, x)
    return h @ last["w"] + last["b"]

def value_and_grad(params, x, y):
    acts = [x]
    for p in params[:-1]:
        acts.append(sigma(acts[-1] @ p["w"] + p["b"]))
    pred = acts[-1] @ params[-1]["w"] + params[-1]["b"]
    diff = pred - y
    loss = 0.5 * np.mean(np.sum(diff ** 2, axis=1))
    g = diff / len(x)
    grads = []
    for p, a in zip(params[::-1], acts[::-1]):
        grads.insert(0, dict(w=a.T @ g, b=g.sum(0)))
        g = (g @ p["w"].T) * a * (1 - a)
    return loss, grads

def tree_map(f, *trees):
    return [{k: f(*(t[i][k] for t in trees)) for k in trees[0][i]} for i in range(len(trees[0]))]

x = np.random.default_rng(1).normal(size=(64, 3))
y = np.tanh(x[:, :1] * x[:, 1:2])
params = init(0, [3, 16, 1])
for i in range(500):
    loss, grads = value_and_grad(params, x, y)
    params = tree_map(lambda p, g: p - 0.1 * g, params, grads)
