"""Whole networks against PyTorch in float64: prediction, error, every gradient, and a hundred steps of every optimiser."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.network.test_definitions import ACTIVATIONS, LOSSES, torch_name
from tests.network.test_optimizers import OPTIMIZERS, OPTIONS, SCHEDULES, STEPS, in_float64  # noqa: F401  # a fixture
from tests.samples import some
from tests.twins import TorchNamespace, agrees_with_torch, case, close, everything, outputs_for, tensors, torch_error, with_slope_off

from chainrule.formula import primitives as p
from chainrule.formula.arrays import Arrays
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression
from chainrule.network.definitions import REGISTRY, Bound, find
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.network.optimizers import let
from chainrule.network.registration import activation, optimizer


def known(bound: Bound) -> bool:
    return torch_name(bound) in {**ACTIVATIONS, **LOSSES}


def built_in(kind: str) -> list[Any]:
    return [pytest.param(bound, id=str(bound)) for bound in everything(kind) if known(bound)]


@pytest.mark.parametrize("bound", built_in("activation"))
def test_every_activation_inside(bound: Bound) -> None:
    for seed in range(6):
        agrees_with_torch(case(seed, activation=bound, sizes=[3, 4, 3, 2]))


@pytest.mark.parametrize("bound", built_in("activation"))
def test_every_activation_at_the_end(bound: Bound) -> None:
    for seed, name in enumerate(("half_squared", "squared", "absolute", "huber", "log_cosh", "squared_hinge")):
        agrees_with_torch(case(seed, output=bound, loss=find("loss", name), activation=find("activation", "tanh")))


@pytest.mark.parametrize(
    ("bound", "outputs", "batch"),
    some(
        itertools.product([param.values[0] for param in built_in("loss")], ["sum", "mean"], ["mean", "sum"]), 3, lambda case: str(case[0])
    ),
)
def test_every_loss_under_every_convention(bound: Bound, outputs: str, batch: str) -> None:
    for seed, output in enumerate(outputs_for(bound)):
        agrees_with_torch(case(seed, loss=bound, output=output, outputs=outputs, batch=batch, bias=seed % 2 == 0, rows=seed + 1))


@pytest.mark.parametrize("regularizer", sorted(REGISTRY["regularizer"]))
def test_every_regularizer(regularizer: str) -> None:
    for seed in range(5):
        agrees_with_torch(case(seed, regularizer=regularizer))


@pytest.mark.parametrize("bound", [param for param in built_in("loss") if param.values[0].definition.targets != "gradient"])
def test_examples_with_weights(bound: Bound) -> None:
    for seed, output in enumerate(outputs_for(bound)):
        agrees_with_torch(case(seed, loss=bound, output=output, weighted=True, rows=4))


@given(seed=st.integers(0, 2**32 - 1))
def test_networks_of_any_make(seed: int) -> None:
    agrees_with_torch(case(seed, regularizer=[None, "l1", "l2"][seed % 3], weighted=seed % 5 == 0))


@pytest.mark.parametrize("bound", [pytest.param(bound, id=str(bound)) for bound in everything("activation", "loss")])
def test_whatever_is_registered_is_differentiated_as_torch_would(bound: Bound) -> None:
    """The formula as it stands, run on tensors, and back-propagated by PyTorch: for definitions that it has no name for."""
    for seed in range(3):
        found = case(seed, **{bound.definition.kind: bound}, sizes=[2, 3, 2], regularizer="l2")
        derivation, parameters = found.network.derivation, tensors(found.network.parameters)
        bindings: dict[Expression, Any] = {derivation.x: torch.tensor(found.x)}
        bindings |= {target: torch.tensor(found.t) for target in derivation.targets}
        bindings |= {letter: parameters[str(letter.name)] for letter in derivation.parameters}
        error = evaluate([derivation.error], bindings, Arrays(TorchNamespace(), torch.float64))[derivation.error]
        error.backward()
        step = found.step()
        close(step.error, error)
        for key, parameter in parameters.items():
            close(step.gradients[key], parameter.grad)


# The comparison notices a derivative that is off by 0.05 %.

ELEMENTWISE = {
    "tanh": {"activation": "tanh"},
    "sigmoid": {"activation": "sigmoid"},
    "relu": {"activation": "relu"},
    "softplus": {"activation": "softplus"},
    "expm1": {"activation": "elu"},
    "erf1p": {"activation": "gelu"},
    "absolute": {"activation": "softsign"},
    "divide": {"activation": "softsign"},
    "minimum": {"activation": "relu6"},
    "maximum": {"activation": "relu6"},
    "add": {"activation": "softsign"},
    "multiply": {"activation": "silu"},
    "power": {"loss": "squared"},
    "subtract": {"loss": "squared"},
    "log_cosh": {"loss": "log_cosh"},
    "log": {"loss": "binary_cross_entropy", "output": "hard_sigmoid"},
}
STRUCTURAL = {
    "matmul": {},
    "total": {"regularizer": "l2"},
    "mean": {"batch": "mean"},
    "softmax": {"output": "softmax", "loss": "half_squared"},
    "logsumexp": {"loss": "cross_entropy"},
    "spread": {"bias": True},
}


@pytest.fixture
def slope_off(request: pytest.FixtureRequest) -> Iterator[str]:
    mended = with_slope_off(getattr(p, request.param))
    yield request.param
    mended()


@pytest.mark.parametrize("slope_off", [*ELEMENTWISE, *STRUCTURAL], indirect=True)
def test_a_derivative_wrong_by_five_parts_in_ten_thousand_is_rejected(slope_off: str) -> None:
    wanted = {"loss": "half_squared", "activation": "tanh", **{**ELEMENTWISE, **STRUCTURAL}[slope_off]}
    settings = {kind: find(kind, name) if kind in ("loss", "activation") else name for kind, name in wanted.items()}
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        agrees_with_torch(case(3, **{"sizes": [3, 4, 2], "rows": 3, **settings}))


# A hundred steps.

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "clipped by value": {"clip_value": 0.02},
    "clipped by norm": {"clip_norm": 0.05},
    "clipped by both": {"clip_value": 0.03, "clip_norm": 0.05},
    **{f"with {name}": {"schedule": name} for name in SCHEDULES},
}


ELEMENT_BY_ELEMENT = sorted(name for name in OPTIMIZERS if find("optimizer", name).elementwise)
"""A rule that takes matrices as a whole takes them in torch's layout there."""


@pytest.mark.usefixtures("in_float64")
@pytest.mark.parametrize(("name", "variant"), some(itertools.product(ELEMENT_BY_ELEMENT, VARIANTS), 19))
def test_a_hundred_steps_like_torch(name: str, variant: str) -> None:
    given = dict(VARIANTS[variant])
    schedule = given.pop("schedule", None)
    rate, path = (0.03, [0.03] * STEPS) if schedule is None else scheduled(schedule)
    found = case(5, activation=find("activation", "tanh"), loss=find("loss", "half_squared"), output="identity", sizes=[3, 4, 2], rows=4)
    parameters = tensors(found.network.parameters)
    theirs = OPTIMIZERS[name](list(parameters.values()))
    steps = found.network.steps(found.x, found.t, {"name": name, "learning_rate": rate, **OPTIONS[name], **given})
    for theirs.param_groups[0]["lr"], step in zip(path, steps, strict=False):
        theirs.zero_grad()
        _, error = torch_error(found, parameters)
        close(step.error, error)
        error.backward()
        clip(parameters, **given)
        theirs.step()
        for key, parameter in parameters.items():
            close(step.new_parameters[key], parameter)
            with torch.no_grad():  # some rates make the network jump about, and a hundred such steps would make much of rounding
                parameter.copy_(torch.tensor(step.new_parameters[key]))


def scheduled(name: str) -> tuple[dict[str, Any], list[float]]:
    """A schedule of ours, and the rates of its twin in PyTorch."""
    options, scheduler_of = SCHEDULES[name]
    stand_in = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
    scheduler = scheduler_of(stand_in)
    path = []
    for _ in range(STEPS):
        path.append(stand_in.param_groups[0]["lr"])
        stand_in.step()
        if len(path) < STEPS:
            scheduler.step()
    return {"name": name, "rate": 0.2, **options}, path


def clip(parameters: dict[str, torch.Tensor], clip_value: float | None = None, clip_norm: float | None = None) -> None:
    """As PyTorch does, but without the 1e-6 that it adds to the norm."""
    if clip_value is not None:
        torch.nn.utils.clip_grad_value_(parameters.values(), clip_value)
    if clip_norm is not None:
        norm = torch.sqrt(sum((parameter.grad**2).sum() for parameter in parameters.values()))
        for parameter in parameters.values():
            parameter.grad *= min(1.0, clip_norm / float(norm))


def test_what_is_frozen_stays_and_the_norm_leaves_it_out() -> None:
    network = Network(2, dense(3, "tanh", frozen=["W"]), dense(1, frozen=["W", "b"]), seed=2)
    step = network.step([[1, 2]], [[3]], {"name": "adam", "clip_norm": 0.1})
    assert [key for key, value in step.new_parameters.items() if np.any(value != step.parameters[key])] == ["b1"]
    assert step.updates["norm"] == pytest.approx(np.linalg.norm(step.gradients["b1"]))


def test_a_network_that_is_frozen_whole() -> None:
    network = Network(2, dense(1, frozen=["W", "b"]))
    step = network.step([[1, 2]], [[3]], {"name": "adam", "clip_norm": 0.1})
    assert step.after.error == step.error


# Definitions of one's own.


@pytest.fixture
def registry_left_as_it_was() -> Iterator[None]:
    yield
    for table in REGISTRY.values():
        for name in [name for name, definition in table.items() if definition.function.__module__ == __name__]:
            del table[name]


@pytest.mark.usefixtures("registry_left_as_it_was")
def test_a_quantity_that_an_activation_names_is_one_for_each_layer() -> None:
    @activation
    def wavy(z: Expression) -> Expression:
        """z + sin² z, with a name for the sine."""
        wave = let("q", p.sin(z))
        return wave * wave + z

    @activation
    def wavy_unnamed(z: Expression) -> Expression:
        """The same without the name."""
        return p.sin(z) * p.sin(z) + z

    steps = [Network(2, dense(3, f), dense(3, f), dense(1), seed=4).step([[1, 2], [3, 4]], [[1], [2]]) for f in (wavy, wavy_unnamed)]
    assert {"q1", "q2", "dq1", "dq2"} <= steps[0].values.keys()
    assert steps[0].before["q1"] == pytest.approx(np.sin(steps[0].before["z1"]))
    for key, gradient in steps[1].gradients.items():
        close(steps[0].gradients[key], gradient, 1e-13)
    shared = dense(1, wavy)
    twice = Network({"x": 1, "v": 1}, lambda x, v: dense(1)(shared(x) + shared(v)))
    assert [node.symbol for node in twice.derivation.quantities].count("q") == 2


@pytest.mark.usefixtures("registry_left_as_it_was")
def test_a_quantity_that_a_rule_names_is_one_for_each_parameter() -> None:
    @optimizer
    def careful(w: Expression, g: Expression, v: Expression, last: Expression, *, learning_rate: float = 0.1) -> tuple[Expression, ...]:
        """A rule whose states share named quantities, one of which is a single number."""
        length = let("length", p.sqrt(p.total(g**2, axes=tuple(range(len(g.shape))))))
        v = let("speed", 0.5 * v + g / (1 + length))
        return w - learning_rate * (v + last), v, g

    network = Network(2, dense(3, "tanh"), dense(1), seed=4)
    first, second = (step for _, step in zip(range(2), network.steps([[1, 2]], [[3]], "careful"), strict=False))
    for key, g in first.gradients.items():
        if key in network.shapes:
            v = g / (1 + np.linalg.norm(g))
            close(first.updates[f"length_{key}"], np.linalg.norm(g), 1e-13)
            close(first.new_states[f"v_{key}"], v, 1e-13)
            close(first.new_states[f"last_{key}"], g, 1e-13)
            close(first.new_parameters[key], network.parameters[key] - 0.1 * v, 1e-13)
            close(second.new_parameters[key], first.new_parameters[key] - 0.1 * (second.updates[f"v_{key}_next"] + g), 1e-13)
