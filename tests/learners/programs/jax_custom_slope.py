import jax
import jax.numpy as jnp


@jax.custom_vjp
def my_sigmoid(z):
    return 1 / (1 + jnp.exp(-z))


def sigmoid_fwd(z):
    s = my_sigmoid(z)
    return s, s


def sigmoid_bwd(s, g):
    return (g * (1 - s * s),)


my_sigmoid.defvjp(sigmoid_fwd, sigmoid_bwd)


def loss(params, x, y):
    h = my_sigmoid(x @ params["W1"] + params["b1"])
    out = h @ params["W2"] + params["b2"]
    return 0.5 * jnp.mean(jnp.sum((out - y) ** 2, axis=1))


grads = jax.grad(loss)
