"""Back again: a network's program in PyTorch and in JAX, and its ONNX file, give its numbers, in double and in single precision."""

from __future__ import annotations

import importlib.util
from functools import cache

import numpy as np
import pytest
from tests.samples import some

import chainrule as cr
from chainrule.engines.languages import LANGUAGES
from chainrule.engines.written import written_program
from chainrule.formula.expression import order
from chainrule.network.definitions import find

torch = pytest.importorskip("torch")
from tests.interop.test_onnx import compare  # noqa: E402  # after it is known to be there
from tests.interop.zoo import ZOO  # noqa: E402  # as above

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install jax")
SHORT = ["4-8-3", "8x8x1:c4k3p1-p2-5", "6x3:lstm4-2", "v7x5:e8-pos-block2-3"]
MODELS = [*SHORT, *ZOO]
TOLERANCES = {"float64": 1e-12, "float32": 1e-6}


@cache
def problem_of(name):
    """A network with a batch: one in a word, or a model of PyTorch."""
    if name in SHORT:
        return cr.problem(name, seed=1)
    torch.manual_seed(0)
    make, x = ZOO[name]
    network = cr.network_from(make(), x)
    arrays = [np.asarray(one, dtype=float) for one in (x if isinstance(x, tuple) else (x,))]
    given = dict(zip(network.wiring.inputs, arrays, strict=True)) if len(arrays) > 1 else arrays[0]
    rows = network.checked_x(given)
    return cr.Problem(network, rows, np.random.default_rng(1).normal(size=(len(rows), network.outputs)), find("optimizer", "sgd"))


@pytest.mark.parametrize("language", ["torch", pytest.param("jax", marks=needs_jax)])
@pytest.mark.parametrize("name", some(MODELS, {"v7x5:e8-pos-block2-3"}.__contains__))
def test_a_program_gives_the_numbers_of_the_network(name, language):
    problem = problem_of(name)
    network, program = problem.network, written_program(problem.network, problem.optimizer, language=LANGUAGES[language])
    step = network.step(problem.x, problem.t, optimizer=problem.optimizer)
    for precision, tolerance in TOLERANCES.items():
        array = maker_of_arrays(language, precision)
        data = {node.key: array(part) for node, part in network.split(step.x, step.t).items()}
        given = {**data, **{key: array(one) for key, one in network.parameters.items()}, "k": 1}
        error, *new = program.step(*(given[key] for key in program.inputs))
        pairs = [(error, step.error), *zip(new, (step.new_parameters[key] for key in network.shapes), strict=True)]
        for found, wanted in pairs:
            mine, other = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
            assert np.abs(mine - other).max(initial=0) <= tolerance * max(1, np.abs(other).max(initial=0))
    assert torch.get_default_dtype() is torch.float32


def maker_of_arrays(language, precision):
    if language == "torch":
        return lambda one: torch.tensor(np.asarray(one, dtype=float), dtype=getattr(torch, precision))
    import jax
    import jax.numpy

    jax.config.update("jax_enable_x64", True)
    return lambda one: jax.numpy.asarray(np.asarray(one, dtype=precision))


@pytest.mark.parametrize("name", some(MODELS, {"6x3:lstm4-2"}.__contains__))
def test_an_onnx_file_predicts_the_same(name):
    network = problem_of(name).network
    compare(network, problem_of(name).x, "float32", 1e-6)
    if not any(
        node.primitive.name.startswith("erf") for node in order(*network.inference.predictions)
    ):  # of which onnxruntime has 7 digits
        compare(network, problem_of(name).x, "float64", 1e-12)
