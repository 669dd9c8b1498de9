"""A network as two functions that share what they know."""
import numpy as np


def make_network(n_in, n_hidden, n_out, seed=0):
    rng = np.random.default_rng(seed)
    params = {
        "W1": rng.standard_normal((n_in, n_hidden)),
        "b1": np.zeros(n_hidden),
        "W2": rng.standard_normal((n_hidden, n_out)),
        "b2": np.zeros(n_out),
    }
    memory = {}

    def forward(x):
        memory["x"] = x
        memory["h"] = np.tanh(x @ params["W1"] + params["b1"])
        return memory["h"] @ params["W2"] + params["b2"]

    def backward(dy):
        h = memory["h"]
        dh = dy @ params["W2"].T
        dz = dh * (1 - h**2)
        return {"W1": memory["x"].T @ dz, "b1": dz.sum(0), "W2": h.T @ dy, "b2": dy.sum(0)}

    def update(grads, lr):
        for name in params:
            params[name] -= lr * grads[name]

    return forward, backward, update


x = np.linspace(-2, 2, 30)[:, None]
t = np.sin(2 * x)
forward, backward, update = make_network(1, 12, 1)
lr = 0.05
for step in range(2000):
    y = forward(x)
    loss = 0.5 * np.mean((y - t) ** 2)
    update(backward((y - t) / len(x)), lr)
    if step % 500 == 0:
        print(step, loss)
