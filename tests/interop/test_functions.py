"""JAX functions as networks: the outputs and the gradients of JAX, names of the pytree, and refusals in words."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import chainrule as cr
from chainrule.api.modules import module_problem
from chainrule.base.errors import InputError

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402  # after it is known to be there

RANDOM = np.random.default_rng(0)


def drawn(*shape):
    return 0.5 * RANDOM.normal(size=shape)


def perceptron(params, x):
    *inner, last = params["layers"]
    for layer in inner:
        x = jax.nn.relu(x @ layer["w"] + layer["b"])
    return x @ last["w"] + last["b"]


def convolutional(params, x):
    numbers = ("NHWC", "HWIO", "NHWC")
    h = jax.nn.gelu(jax.lax.conv_general_dilated(x, params["conv"]["w"], (1, 1), "SAME", dimension_numbers=numbers) + params["conv"]["b"])
    h = jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID").reshape(len(x), -1)
    return jax.nn.softmax(h @ params["head"][0] + params["head"][1])


def reader(params, tokens):
    e = params["table"][tokens] + params["places"]
    q = jnp.einsum("nld,dhk->nhlk", e, params["q"])
    scores = jnp.where(jnp.tril(jnp.ones((3, 3), bool)), jnp.einsum("nhlk,nhmk->nhlm", q, q), -jnp.inf)
    o = jnp.einsum("nhlm,nhmk->nlhk", jax.nn.softmax(scores, -1), q).reshape(*tokens.shape, -1)

    def step(h, x):
        return jnp.tanh(x @ params["W"] + h @ params["U"]), None

    return jax.lax.scan(step, jnp.zeros((len(tokens), 2)), jnp.swapaxes(o, 0, 1))[0]


LAYERS = {"layers": [{"w": drawn(4, 5), "b": drawn(5)}, {"w": drawn(5, 3), "b": drawn(3)}]}
IMAGES = {"conv": {"w": drawn(3, 3, 1, 2), "b": drawn(2)}, "head": (drawn(8, 3), drawn(3))}
TABLES = {"table": drawn(5, 4), "places": drawn(3, 4), "q": drawn(4, 2, 2), "W": drawn(4, 2), "U": drawn(2, 2)}
FUNCTIONS = {
    "perceptron": (partial(jax.jit(perceptron), LAYERS), drawn(3, 4), 3),
    "convolutional": (partial(convolutional, IMAGES), drawn(2, 4, 4, 1), 3),
    "reader": (partial(reader, TABLES), RANDOM.integers(0, 5, (2, 3)), 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_output_and_gradient_is_that_of_jax(name):
    function, x, outputs = FUNCTIONS[name]
    t = drawn(len(x), outputs)
    problem = module_problem(function, x, t)
    step = problem.step()
    found = problem.agreement(step)
    assert not found.apart
    with jax.enable_x64(True):

        def loss(params):
            return ((function.func(params, x) - t) ** 2).mean()

        theirs = jax.tree_util.tree_leaves(jax.grad(loss)(jax.tree_util.tree_map(jnp.asarray, function.args[0])))
        values = jax.tree_util.tree_leaves(function.args[0])
    for key, own in problem.network.parameters.items():
        place = next((place for place, value in enumerate(values) if np.array_equal(value, own)), None)
        if place is None:  # an array that depends on nothing
            continue
        gradient = step.gradients[key]
        scale = float((np.asarray(theirs[place]) * gradient).sum() / (gradient**2).sum())  # how the loss counts the outputs
        np.testing.assert_allclose(scale * gradient, theirs[place], rtol=1e-9, atol=1e-13)


def test_names_are_those_of_the_pytree():
    function, x, _ = FUNCTIONS["perceptron"]
    text = str(cr.explain(function, x, np.zeros((3, 3)), detail="matrix"))
    assert "Compared with JAX" in text
    assert "arrays agree" in text
    assert [call.name for call in cr.network_from(function, x).wiring.calls] == ["layers.0", "relu", "layers.1"]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda p, x: (x - x.mean(0)) @ p, "summed over the examples"),
        (lambda p, x: jnp.sort(x @ p), "operation sort: there is no formula"),
        (lambda p, x: x @ p / len(x), "another number of examples"),
        (lambda p, x: jax.lax.while_loop(lambda h: h.sum() < 5, lambda h: h * 2, x @ p), "operation while"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(function, words):
    with pytest.raises(InputError, match=words):
        cr.network_from(partial(function, drawn(4, 3)), drawn(3, 4))


def test_a_function_is_given_with_its_parameters():
    with pytest.raises(InputError, match=r"functools.partial\(f, params\)"):
        cr.network_from(perceptron, drawn(3, 4))
