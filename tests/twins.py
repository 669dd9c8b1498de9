"""Random networks, and the same networks in PyTorch: what the tests of networks and engines share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tests.network.test_definitions import ACTIVATIONS, LOSSES, REGULARIZERS, torch_name

from chainrule.network.definitions import KINDS, REGISTRY, Bound, definitions
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.steps.step import Step

for kind in KINDS:
    definitions(kind)

PROBABILITY_LOSSES = {"binary_cross_entropy", "cross_entropy", "kl", "smoothed_cross_entropy", "sequence_cross_entropy", "focal"}
PROBABILITIES = ("sigmoid", "softmax")
"""Activations whose values lie between 0 and 1, as these losses need."""

Tensors = dict[str, torch.Tensor]


def everything(*kinds: str) -> list[Bound]:
    """Every registered definition of some kinds, a person's own included, and some with other options."""
    found = [definition.bind() for kind in kinds for definition in REGISTRY[kind].values()]
    variants = [REGISTRY["activation"]["gelu"].bind(approximate="tanh"), REGISTRY["loss"]["huber"].bind(delta=0.3)]
    return found + [variant for variant in variants if variant.definition.kind in kinds]


def outputs_for(loss: Bound) -> list[str | None]:
    """Output activations that make sense with a loss."""
    if loss.name in PROBABILITY_LOSSES:
        return [*PROBABILITIES]
    return [None, "identity", "tanh", "softmax", "relu"] if loss.name in LOSSES else ["sigmoid"]


def targets(random: np.random.Generator, loss: Bound, rows: int, columns: int) -> np.ndarray:
    """Targets that a loss can have; of one that compares with nothing, no columns."""
    if not loss.definition.has_target:
        return np.empty((rows, 0))
    if loss.definition.targets == "steps":
        return np.eye(columns)[random.integers(columns, size=rows)] * (np.arange(rows) != 1)[:, None]
    if loss.definition.targets == "pairs":
        return random.choice([0.0, 1.0], (rows, columns))
    if loss.definition.targets == "distribution":
        t = random.uniform(0.05, 1, (rows, columns))
        t /= t.sum(axis=1, keepdims=True)
        t[0] = np.eye(columns)[0]
        return t
    if "hinge" in loss.name:
        return random.choice([-1.0, 1.0], (rows, columns))
    if loss.name == "focal":
        return random.choice([0.0, 1.0], (rows, columns))
    if loss.name.startswith("binary") or loss.name not in LOSSES:
        return random.uniform(0.1, 0.9, (rows, columns))
    return random.normal(size=(rows, columns))


@dataclass(frozen=True)
class Case:
    """A network, its batch and what each example counts."""

    network: Network
    x: np.ndarray
    t: np.ndarray
    s: np.ndarray | None = None

    def step(self, optimizer: Any = "sgd", **options: Any) -> Step:
        return self.network.step(self.x, self.t, optimizer, weights=self.s, **options)


def case(seed: int, **settings: Any) -> Case:
    """A network of random size, batch and numbers; what `settings` names is as it says.

    Settings: activation, output, loss, regularizer, outputs, batch (the convention), bias, rows, sizes, weighted.
    """
    random = np.random.default_rng(seed)
    sizes = settings.pop("sizes", None) or [int(n) for n in random.integers(1, 5, random.integers(2, 5))]
    loss = settings.pop("loss", None) or random.choice(
        [bound for bound in everything("loss") if torch_name(bound) in LOSSES and bound.definition.measures]
    )
    output = settings.pop("output", outputs_for(loss)[int(random.integers(len(outputs_for(loss))))])
    if output == "softmax" or loss.definition.targets in ("distribution", "steps") or loss.name == "cosine_distance":
        sizes[-1] += sizes[-1] == 1  # the softmax of one number is 1 whatever happens, and so is the direction
    drawn = [bound for bound in everything("activation") if torch_name(bound) in ACTIVATIONS]
    hidden = [settings.get("activation") or random.choice(drawn) for _ in sizes[1:-1]]
    settings.pop("activation", None)
    if loss.definition.targets == "gradient":  # no example counts more than it is given
        settings.pop("weighted", None)
    bias = settings.pop("bias", bool(random.integers(2)))
    rows = settings.pop("rows", None) or int(random.integers(1, 6))
    layers = [dense(n, f, bias=bias) for n, f in zip(sizes[1:], [*hidden, output], strict=True)]
    conventions = {"outputs": str(random.choice(["sum", "mean"])), "batch": str(random.choice(["mean", "sum"]))}
    network = Network(sizes[0], *layers, loss=loss, **{**conventions, **settings})
    numbers = {key: random.normal(0, 0.8, shape) for key, shape in network.shapes.items()}
    s = random.uniform(0.1, 2, rows) if network.conventions.weighted else None
    return Case(network.with_parameters(numbers), random.normal(size=(rows, sizes[0])), targets(random, loss, rows, sizes[-1]), s)


def tensors(numbers: Mapping[str, np.ndarray]) -> Tensors:
    """Copies that collect gradients."""
    return {key: torch.tensor(value, requires_grad=True) for key, value in numbers.items()}


def torch_error(given: Case, parameters: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
    """The prediction and E, written with PyTorch's own functions."""
    network, signal, t = given.network, torch.tensor(given.x), torch.tensor(given.t)
    for number, layer in enumerate(network.layers, start=1):
        z = signal @ parameters[f"W{number}"] + parameters.get(f"b{number}", torch.zeros(()))
        assert layer.activation is not None
        signal = ACTIVATIONS[torch_name(layer.activation)](z)
    loss = LOSSES[torch_name(network.loss)](signal, t)
    if loss.ndim > 1:
        loss = loss.sum(1) if network.conventions.outputs == "sum" else loss.mean(1)
    if given.s is not None:
        loss = loss * torch.tensor(given.s)
    error = loss.sum() if network.conventions.batch == "sum" else loss.mean()
    if network.regularizer is not None:
        error = error + sum(REGULARIZERS[network.regularizer.name](W) for key, W in parameters.items() if key[0] == "W")
    return signal, error


def close(ours: Any, theirs: Any, tolerance: float = 1e-9) -> None:
    """Equal to so many parts of the largest magnitude of the array, or but for rounding of numbers near 1."""
    ours = np.asarray(ours, dtype=float)
    theirs = np.asarray(theirs.detach() if isinstance(theirs, torch.Tensor) else theirs, dtype=float)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=max(tolerance * float(np.abs(theirs).max(initial=0)), 1e-14))


def agrees_with_torch(given: Case) -> None:
    """Prediction, E and every gradient to 1e-9 of each array's largest magnitude."""
    step, parameters = given.step(), tensors(given.network.parameters)
    y, error = torch_error(given, parameters)
    error.backward()
    close(step.prediction, y)
    close(step.error, error)
    for key, parameter in parameters.items():
        close(step.gradients[key], parameter.grad)


class TorchNamespace:
    """PyTorch under the names of the array standard, as far as they differ."""

    asarray = staticmethod(lambda values, dtype=None: values if isinstance(values, torch.Tensor) else torch.tensor(values, dtype=dtype))
    astype = staticmethod(lambda x, dtype: x.to(dtype))
    permute_dims = staticmethod(lambda x, axes: x.permute(*axes))
    expand_dims = staticmethod(lambda x, axis: x.unsqueeze(axis))
    max = staticmethod(lambda x, axis, keepdims: torch.amax(x, dim=axis, keepdim=keepdims))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return getattr(torch, name)


def with_slope_off(primitive: Any, factor: float = 1.0005) -> Callable[[], None]:
    """Make the derivative of a row of the table wrong by a factor; gives what puts it right again."""
    column = "slope" if primitive.slope is not None else "pullback"
    right = getattr(primitive, column)

    def wrong(*arguments: Any, **parameters: Any) -> Any:
        return tuple(None if part is None else factor * part for part in right(*arguments, **parameters))

    object.__setattr__(primitive, column, wrong)
    return lambda: object.__setattr__(primitive, column, right)
