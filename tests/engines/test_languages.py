"""Programs in PyTorch and in JAX, and the engine that runs the latter: the numbers are those of the step."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
import torch
from tests.engines.test_engines import any_case, optimizer_for
from tests.graphs import GRAPHS
from tests.layer_twins import TWINS, near, with_numbers
from tests.samples import some
from tests.twins import everything

from chainrule.engines.languages import LANGUAGES
from chainrule.engines.written import written_program
from chainrule.network.definitions import REGISTRY, Bound, find

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install jax")
OTHERS = ["torch", pytest.param("jax", marks=needs_jax)]


def array_of(language: str) -> Any:
    if language == "torch":
        return torch.tensor
    import jax
    import jax.numpy

    jax.config.update("jax_enable_x64", True)
    return jax.numpy.asarray


def program_agrees(network: Any, x: Any, t: Any, rule: Bound, language: str, weights: Any = None, count: int = 2) -> None:
    """Errors, parameters and states of some steps, and the predictions, to 1e-12 of each array's largest magnitude."""
    program, array = written_program(network, rule, language=LANGUAGES[language]), array_of(language)
    before = torch.get_default_dtype()
    try:
        steps = []
        for number, step in enumerate(network.steps(x, t, rule, weights=weights), start=1):
            steps.append(step)
            if number == count:
                break
        rows = len(steps[0].x)
        data = network.split(steps[0].x, steps[0].t, weights)
        values = {node.key: array(np.asarray(part, dtype=float)) for node, part in data.items()}
        values |= {key: array(np.asarray(one)) for key, one in {**network.parameters, **steps[0].states}.items()}
        for step in steps:
            masks = {node.key: array(np.asarray(mask, dtype=float)) for node, mask in network.masks(rows, step.number).items()}
            if not network.derivation.masks:
                y = program.predict(*(values[key] for key in (*network.wiring.inputs, *network.shapes)))
                parts = [np.asarray(part).reshape(rows, -1) for part in (y if isinstance(y, tuple) else (y,))]
                near(np.concatenate(parts, axis=1), step.prediction, "the prediction", 1e-12)
            error, *new = program.step(*({**values, **masks, "k": step.number}[key] for key in program.inputs))
            near(error, step.error, "E", 1e-12)
            for key, value in zip((key.removesuffix("_next") for key in program.outputs[1:]), new, strict=True):
                near(value, {**step.new_parameters, **step.new_states}[key], key, 1e-11)
                values[key] = value
    finally:
        torch.set_default_dtype(before)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("bound", some(everything("activation", "loss"), 6, ids=str))
def test_every_definition_in_every_language(bound: Bound, language: str) -> None:
    seed = sum(map(ord, str(bound)))
    found = any_case(seed, **{bound.definition.kind: bound})
    program_agrees(found.network, found.x, found.t, optimizer_for(seed), language, found.s)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", some(sorted(REGISTRY["optimizer"]), 6))
def test_every_rule_in_every_language(name: str, language: str) -> None:
    found = any_case(1)
    program_agrees(found.network, found.x, found.t, find("optimizer", name), language, found.s, count=3)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", some(GRAPHS, 8))
def test_every_graph_in_every_language(name: str, language: str) -> None:
    found = GRAPHS[name].case
    program_agrees(found.network, found.x, found.t, find("optimizer", "sgd"), language, found.s)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", some(TWINS, lambda kind: kind in ("conv", "max_pool", "embedding")))
def test_every_layer_in_every_language(kind: str, language: str) -> None:
    for seed in range(3):
        network, x, random = with_numbers(TWINS[kind](seed), seed)
        rows = len(next(iter(x.values())))
        g = random.normal(size=(rows, network.outputs))
        step = network.step({name: array.reshape(rows, -1) for name, array in x.items()}, upstream=g)
        program, array = written_program(network, language=LANGUAGES[language]), array_of(language)
        E, *new = as_tuple(program.step(*map(array, (*network.split(step.x, step.t).values(), *network.parameters.values()))))
        near(E, step.error, "E", 1e-12)
        for key, value in zip(network.parameters, new, strict=True):
            near(value, step.new_parameters[key], key, 1e-12)


def as_tuple(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)
