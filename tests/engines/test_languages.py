"""Programs in PyTorch and in JAX, and the engine that runs the latter: the numbers are those of the step."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import numpy as np
import pytest
import torch
from tests.engines.test_engines import any_case, optimizer_for
from tests.graphs import GRAPHS
from tests.layer_twins import TWINS, near, with_numbers
from tests.samples import some
from tests.twins import everything

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.cli import main
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


def passes(name: str, *, size: int, order: np.ndarray | None, bound: float = 1e9, count: int = 2, dtype: str = "float64") -> Any:
    """Some epochs of an engine on rows of a small network."""
    from chainrule.engines.choice import ready_engine

    random = np.random.default_rng(4)
    network = cr.Network(4, cr.dense(5, "tanh"), cr.dropout(0.2), cr.dense(3), seed=2)
    data = tuple(random.normal(size=(11, columns)).astype(dtype) for columns in (4, 3))
    engine = ready_engine(name, network, find("optimizer", "adam"), data, size, dtype).engine
    numbers = network.parameters
    state = tuple(np.asarray(numbers[key] if key in numbers else np.zeros(network.shapes[key[2:]]), dtype) for key in engine.keys)
    number = 0
    for _ in range(count):
        passed = engine.epoch(data, order, size, state, number, bound, lambda: False)
        state, number = passed.state, passed.number
    return passed, engine.error(data, state)


@needs_jax
@pytest.mark.parametrize("order", [None, np.array([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])])
def test_the_engine_takes_the_steps_of_the_numpy_program(order: np.ndarray | None) -> None:
    (ours, error), (theirs, wanted) = (passes(name, size=4, order=order) for name in ("jax", "written"))
    assert (ours.number, ours.ended) == (theirs.number, theirs.ended) == (6, "whole")
    near(ours.error, theirs.error, "E", 1e-12)
    near(error, wanted, "the error", 1e-12)
    for mine, other in zip(ours.state, theirs.state, strict=True):
        near(mine, other, "a state", 1e-11)
        mine[...] = 0  # they are the caller's own


@needs_jax
def test_an_epoch_of_several_calls_is_that_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    order = np.array([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])
    (one, _), name = passes("jax", size=2, order=order), "chainrule.engines.jax"
    monkeypatch.setattr(f"{name}.CALL_STEPS", 2)
    monkeypatch.setattr(f"{name}.CALL_WORK", 0)
    (several, _) = passes("jax", size=2, order=order)
    assert (several.number, several.ended, len(several.state)) == (10, "whole", len(one.state))
    near(several.error, one.error, "E", 1e-14)
    for mine, other in zip(several.state[:2], one.state[:2], strict=True):
        near(mine, other, "a state", 1e-14)


@needs_jax
def test_the_engine_says_at_which_step_it_left_the_bound() -> None:
    ours, theirs = (passes(name, size=2, order=None, bound=1e-3, count=1)[0] for name in ("jax", "written"))
    assert (ours.ended, ours.number) == (theirs.ended, theirs.number) == ("diverged", 1)


@needs_jax
def test_the_engine_in_single_precision() -> None:
    ours, theirs = (passes(name, size=4, order=None, dtype="float32")[0] for name in ("jax", "written"))
    for mine, other in zip(ours.state, theirs.state, strict=True):
        assert mine.dtype == np.float32
        near(mine, other, "a state", 1e-4)


def test_without_jax_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(InputError, match="pip install jax"):
        passes("jax", size=4, order=None)


@pytest.mark.parametrize("language", OTHERS)
def test_the_command_prints_a_program_that_runs(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["code", "seed", "--language", language]) == 0
    exec(compile(capsys.readouterr().out, "<printed>", "exec"), {})  # noqa: S102  # our own text
    assert capsys.readouterr().out.split()[:2] == ["1", "1.59561248"]


@pytest.mark.parametrize("rule", ["leaky_relu", "hard_tanh", "gelu"])
def test_a_program_leaves_pytorchs_precision_as_it_is(rule: str) -> None:
    network, random = cr.Network(4, cr.dense(5, rule), cr.dense(3), seed=2), np.random.default_rng(4)
    program_agrees(network, random.normal(size=(6, 4)), random.normal(size=(6, 3)), find("optimizer", "sgd"), "torch")
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.parametrize("more", [["--engine", "compiled"], ["--formula", "c = a*b", "--at", "a=1 b=2"]])
def test_what_has_one_language_is_in_no_other(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["code", *([] if "--formula" in more else ["seed"]), "--language", "torch", *more]) == 2
    assert "leave out --language torch" in " ".join(capsys.readouterr().err.split())
