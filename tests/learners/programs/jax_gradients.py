import jax.numpy as jnp


def forward(params, x):
    h = jnp.tanh(x @ params["W1"] + params["b1"])
    return h, h @ params["W2"] + params["b2"]


def gradients(params, x, t):
    h, y = forward(params, x)
    delta2 = (y - t) / x.shape[0]
    delta1 = (delta2 @ params["W2"].T) * (1 - h**2)
    return {"W1": x.T @ delta1, "b1": delta1.sum(axis=0), "W2": h.T @ delta2, "b2": delta2.sum(axis=0)}
