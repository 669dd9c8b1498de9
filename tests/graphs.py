"""Networks that are no plain chain, each with the same network written by hand in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from tests.twins import Case, close, tensors

from chainrule.formula.expression import Expression
from chainrule.network.description import network_of_description
from chainrule.network.layers import add, dense, join, layer, multiply, tied
from chainrule.network.network import Network
from chainrule.network.owner import Owner

Tensor = torch.Tensor


@layer
def gated(own: Owner, x: Expression, *, activation: Any = "tanh") -> Expression:
    """T ⊙ f(x W + b) + (1 − T) ⊙ x.   Source: Srivastava, Greff & Schmidhuber (2015), Highway networks, eq. 3."""
    n = x.shape[-1]
    assert isinstance(n, int)
    T = own.activated("sigmoid", own.linear(x, n, "U", "c"), "T")
    return T * own.activated(activation, own.linear(x, n)) + (1 - T) * x


def half_squared(y: Tensor, t: Tensor) -> Tensor:
    """½ Σ (y − t)² of each example."""
    return ((y - t) ** 2).sum(1) / 2


@dataclass(frozen=True)
class Graph:
    """A network and its twin.

    make     makes the network
    by_hand  from the parameters (p.W1, p.b1 …) and the inputs to the output, or to a dict of outputs
    loss     of each example, from the output or the dict of outputs, and t
    penalty  what is added to E, from the parameters
    exact    whether its numbers are fractions
    compiles whether there is machine code for it
    """

    make: Callable[[], Network]
    by_hand: Callable[..., Any]
    loss: Callable[[Any, Tensor], Tensor] = half_squared
    penalty: Callable[[Any], Any] = lambda p: 0
    targets: Callable[[np.ndarray], np.ndarray] = lambda t: t
    exact: bool = False
    compiles: bool = True
    rows: int = 4

    @cached_property
    def case(self) -> Case:
        """The network with numbers, and a batch."""
        random, network = np.random.default_rng(7), self.make()
        numbers = {key: random.normal(0, 0.7, shape).round(2) for key, shape in network.shapes.items()}
        for key, gone in network.absent.items():
            for index in gone:
                numbers[key][index] = 0
        x, t = (random.normal(size=(self.rows, columns)).round(2) for columns in (network.inputs, network.outputs))
        s = random.uniform(0.2, 2, self.rows).round(2) if network.conventions.weighted else None
        return Case(network.with_parameters(numbers), x, self.targets(t), s)

    def compare(self) -> None:
        """Prediction, E, every gradient, and those that were asked for, to 1e-9 of each array's largest magnitude."""
        found = self.case
        network, step = found.network, found.step()
        parameters, columns = tensors(network.parameters), list(network.wiring.inputs.values())
        inputs = dict(zip(network.wiring.inputs, map(_collecting, np.split(found.x, np.cumsum(columns)[:-1], axis=1)), strict=True))
        y = self.by_hand(SimpleNamespace(**parameters), *inputs.values())
        each = self.loss(y, torch.tensor(found.t))
        if found.s is not None:
            each = each * torch.tensor(found.s)
        error = (each.sum() if network.conventions.batch == "sum" else each.mean()) + self.penalty(SimpleNamespace(**parameters))
        error.backward()
        close(step.prediction, torch.cat(list(y.values()), 1) if isinstance(y, Mapping) else y)
        close(step.error, error)
        for key, parameter in parameters.items():
            close(step.gradients[key], parameter.grad)
        for key in network.asked:
            close(step.gradients[key], inputs[key].grad)


def _collecting(array: np.ndarray) -> Tensor:
    return torch.tensor(np.ascontiguousarray(array), requires_grad=True)


def _residual() -> Network:
    def network(x: Any) -> Any:
        h = dense(3, "tanh")(x)
        return dense(1)(h + dense(3, "tanh")(h))

    return Network(2, network)


def _residual_by_hand(p: Any, x: Tensor) -> Tensor:
    h = torch.tanh(x @ p.W1 + p.b1)
    return (h + torch.tanh(h @ p.W2 + p.b2)) @ p.W3 + p.b3


def _three_blocks() -> Network:
    def network(x: Any) -> Any:
        for _ in range(3):
            x = x + dense(3, bias=False)(dense(4, "silu")(x))
        return dense(2)(x)

    return Network(3, network)


def _three_blocks_by_hand(p: Any, x: Tensor) -> Tensor:
    x = x + torch.nn.functional.silu(x @ p.W1 + p.b1) @ p.W2
    x = x + torch.nn.functional.silu(x @ p.W3 + p.b3) @ p.W4
    x = x + torch.nn.functional.silu(x @ p.W5 + p.b5) @ p.W6
    return x @ p.W7 + p.b7


def _siamese() -> Network:
    def network(x: Any, v: Any) -> Any:
        encoder = dense(3, "tanh")
        left, right = encoder(x), encoder(v)
        return dense(1)(join()(left * right, left + right))

    return Network({"x": 2, "v": 2}, network, loss="binary_cross_entropy")


def _siamese_by_hand(p: Any, x: Tensor, v: Tensor) -> Tensor:
    left, right = (torch.tanh(side @ p.W1 + p.b1) for side in (x, v))
    return torch.sigmoid(torch.cat([left * right, left + right], 1) @ p.W2 + p.b2)


def _binary(y: Tensor, t: Tensor) -> Tensor:
    return -(t * torch.log(y) + (1 - t) * torch.log(1 - y)).sum(1)


def _autoencoder() -> Network:
    def network(x: Any) -> Any:
        encoder = dense(2, "tanh")
        return tied(to=encoder)(encoder(x))

    return Network(3, network, regularizer={"name": "l2", "rate": 0.1})


def _two_outputs() -> Network:
    def network(x: Any) -> Any:
        h = dense(4, "tanh")(x)
        return {"price": dense(1)(h), "kind": dense(3)(h)}

    return Network(2, network, loss={"price": "huber", "kind": "cross_entropy"}, emphasis={"price": 0.5})


def _two_outputs_by_hand(p: Any, x: Tensor) -> dict[str, Tensor]:
    h = torch.tanh(x @ p.W1 + p.b1)
    return {"price": h @ p.W2 + p.b2, "kind": torch.softmax(h @ p.W3 + p.b3, 1)}


def _two_losses(y: dict[str, Tensor], t: Tensor) -> Tensor:
    huber = torch.nn.functional.huber_loss(y["price"], t[:, :1], reduction="none").sum(1)
    return 0.5 * huber - (t[:, 1:] * torch.log(y["kind"])).sum(1)


def _price_and_kind(t: np.ndarray) -> np.ndarray:
    return np.concatenate([t[:, :1], np.eye(3)[t[:, 1:].argmax(1)]], axis=1)


def _used_further() -> Network:
    def network(x: Any) -> Any:
        h = dense(3, "tanh")(x)
        first = dense(2, "tanh")(h)
        return {"first": first, "second": dense(1)(join()(h, first))}

    return Network(2, network)


def _used_further_by_hand(p: Any, x: Tensor) -> dict[str, Tensor]:
    h = torch.tanh(x @ p.W1 + p.b1)
    first = torch.tanh(h @ p.W2 + p.b2)
    return {"first": first, "second": torch.cat([h, first], 1) @ p.W3 + p.b3}


def _sum_of_half_squares(y: dict[str, Tensor], t: Tensor) -> Tensor:
    return half_squared(torch.cat(list(y.values()), 1), t)


def _direct(x: Any) -> Any:
    return dense(1, "sigmoid")(join()(x, dense(1, "sigmoid")(x)))


def _direct_by_hand(p: Any, x: Tensor) -> Tensor:
    return torch.sigmoid(torch.cat([x, torch.sigmoid(x @ p.W1 + p.b1)], 1) @ p.W2 + p.b2)


def _thrice() -> Network:
    def network(x: Any) -> Any:
        d = dense(3, "sigmoid")
        return dense(2)(d(d(d(x))))

    return Network(3, network, gradients=["x"])


def _thrice_by_hand(p: Any, x: Tensor) -> Tensor:
    for _ in range(3):
        x = torch.sigmoid(x @ p.W1 + p.b1)
    return x @ p.W2 + p.b2


def _densely_connected() -> Network:
    def network(x: Any) -> Any:
        a = dense(2, "softplus")(x)
        b = dense(2, "softsign")(join()(x, a))
        return dense(2, "identity", bias=False)(join()(x, a, b))

    return Network(2, network, outputs="mean", batch="sum")


def _densely_connected_by_hand(p: Any, x: Tensor) -> Tensor:
    a = torch.nn.functional.softplus(x @ p.W1 + p.b1)
    b = torch.nn.functional.softsign(torch.cat([x, a], 1) @ p.W2 + p.b2)
    return torch.cat([x, a, b], 1) @ p.W3


def _described() -> Network:
    """Layers of a description stand in any order."""
    return network_of_description(
        {
            "inputs": {"x": 2, "v": 2},
            "layers": [
                {"units": 1, "name": "top", "from": "sum"},
                {"kind": "add", "name": "sum", "from": ["left", "right", "x"]},
                {"units": 2, "name": "left", "from": "x", "activation": "tanh"},
                {"share": "left", "name": "right", "from": "v"},
            ],
            "outputs": {"y": {"from": "top"}},
        }
    )


def _by_unit(z: Tensor, *activations: Callable[[Tensor], Tensor]) -> Tensor:
    """Each column by its own function."""
    return torch.stack([f(z[:, place]) for place, f in enumerate(activations)], dim=1)


GRAPHS: dict[str, Graph] = {
    "residual": Graph(_residual, _residual_by_hand),
    "three residual blocks": Graph(_three_blocks, _three_blocks_by_hand),
    "two inputs": Graph(
        lambda: Network({"x": 2, "v": 3}, lambda x, v: dense(1)(join()(dense(3, "tanh")(x), dense(2, "relu")(v)))),
        lambda p, x, v: torch.cat([torch.tanh(x @ p.W1 + p.b1), torch.relu(v @ p.W2 + p.b2)], 1) @ p.W3 + p.b3,
    ),
    "three inputs": Graph(
        lambda: Network(
            {"x": 2, "u": 3, "v": 1},
            lambda x, u, v: dense(2, "tanh")(join()(multiply()(dense(1)(x), dense(1)(u)), v)),
            gradients=["x", "v"],
        ),
        lambda p, x, u, v: torch.tanh(torch.cat([(x @ p.W1 + p.b1) * (u @ p.W2 + p.b2), v], 1) @ p.W3 + p.b3),
    ),
    "siamese": Graph(_siamese, _siamese_by_hand, _binary, targets=lambda t: (t > 0) * 1.0),
    "tied": Graph(_autoencoder, lambda p, x: torch.tanh(x @ p.W1 + p.b1) @ p.W1.T + p.b2, penalty=lambda p: 0.1 * (p.W1**2).sum() / 2),
    "highway": Graph(
        lambda: Network(4, gated(), dense(1)),
        lambda p, x: (
            (torch.sigmoid(x @ p.U1 + p.c1) * torch.tanh(x @ p.W1 + p.b1) + (1 - torch.sigmoid(x @ p.U1 + p.c1)) * x) @ p.W2 + p.b2
        ),
    ),
    "gate": Graph(
        lambda: Network(2, lambda x: dense(2)(dense(3)(x) * dense(3, "sigmoid")(x))),
        lambda p, x: ((x @ p.W1 + p.b1) * torch.sigmoid(x @ p.W2 + p.b2)) @ p.W3 + p.b3,
    ),
    "two outputs": Graph(_two_outputs, _two_outputs_by_hand, _two_losses, targets=_price_and_kind),
    "an output that is used further": Graph(_used_further, _used_further_by_hand, _sum_of_half_squares),
    "one bias a layer": Graph(
        lambda: Network(2, dense(3, "sigmoid", bias="shared"), dense(2, "sigmoid", bias="shared")),
        lambda p, x: torch.sigmoid(torch.sigmoid(x @ p.W1 + p.b1) @ p.W2 + p.b2),
    ),
    "wide and deep": Graph(
        lambda: Network(
            {"wide": 3, "deep": 2}, lambda wide, deep: dense(1)(join()(wide, dense(2, "relu")(dense(3, "relu")(deep)))), batch="sum"
        ),
        lambda p, wide, deep: torch.cat([wide, torch.relu(torch.relu(deep @ p.W1 + p.b1) @ p.W2 + p.b2)], 1) @ p.W3 + p.b3,
    ),
    "one hidden unit and direct links": Graph(
        lambda: Network(2, _direct, gradients=["x"]), _direct_by_hand, targets=lambda t: (t > 0) * 1.0
    ),
    "a layer called three times": Graph(_thrice, _thrice_by_hand),
    "densely connected": Graph(_densely_connected, _densely_connected_by_hand, lambda y, t: half_squared(y, t) / 2),
    "described in any order": Graph(
        _described, lambda p, x, v: (torch.tanh(x @ p.W1 + p.b1) + torch.tanh(v @ p.W1 + p.b1) + x) @ p.W2 + p.b2
    ),
    "weighted": Graph(
        lambda: Network(2, lambda x: dense(2)(x) * dense(2, "tanh")(x) + x, weighted=True, batch="sum"),
        lambda p, x: (x @ p.W1 + p.b1) * torch.tanh(x @ p.W2 + p.b2) + x,
    ),
    "penalty": Graph(
        lambda: Network({"x": 2, "v": 2}, lambda x, v: add()(dense(2, "tanh")(x), dense(2, bias=False)(v), v), regularizer="l2"),
        lambda p, x, v: torch.tanh(x @ p.W1 + p.b1) + v @ p.W2 + v,
        penalty=lambda p: 0.01 * ((p.W1**2).sum() + (p.W2**2).sum()) / 2,
    ),
    "frozen": Graph(
        lambda: Network(3, lambda x: dense(2, "tanh", frozen=["W"])(x) + dense(2, frozen=["b"])(x)),
        lambda p, x: torch.tanh(x @ p.W1 + p.b1) + x @ p.W2 + p.b2,
    ),
    "single weights frozen or absent": Graph(
        lambda: Network(
            2,
            lambda x: dense(2, "tanh", frozen=True)(x) + dense(2)(dense(3, "relu")(x)),
            frozen=["W2[1,1]", "b2[3]"],
            absent=["W2[1,2]", "W3[3,1]", "W3[3,2]", "b3[1]"],
            regularizer="l2",
            gradients=["x"],
        ),
        lambda p, x: (
            torch.tanh(x @ p.W1 + p.b1)
            + torch.relu(x @ (p.W2 * torch.tensor([[1, 0, 1], [1, 1, 1.0]])) + p.b2) @ (p.W3 * torch.tensor([[1, 1], [1, 1], [0, 0.0]]))
            + p.b3 * torch.tensor([0, 1.0])
        ),
        penalty=lambda p: 0.01 * ((p.W1**2).sum() + (p.W2**2).sum() + (p.W3**2).sum()) / 2,
        compiles=False,
    ),
    "an activation for each unit": Graph(
        lambda: Network(3, dense(4, ["relu", "tanh", "tanh", "identity"]), dense(2, [{"name": "leaky_relu", "slope": 0.2}, "sigmoid"])),
        lambda p, x: _by_unit(
            _by_unit(x @ p.W1 + p.b1, torch.relu, torch.tanh, torch.tanh, lambda z: z) @ p.W2 + p.b2,
            lambda z: torch.nn.functional.leaky_relu(z, 0.2),
            torch.sigmoid,
        ),
    ),
    "rational": Graph(
        lambda: Network(2, lambda x: dense(1)(x + dense(2, "relu")(dense(2, "relu")(x) + x))),
        lambda p, x: (x + torch.relu((torch.relu(x @ p.W1 + p.b1) + x) @ p.W2 + p.b2)) @ p.W3 + p.b3,
        exact=True,
    ),
    "rational, tied and shared": Graph(
        lambda: Network({"x": 2, "v": 2}, _tied_and_shared, gradients=["v"]),
        lambda p, x, v: ((x @ p.W1 + p.b1) * (v @ p.W1 + p.b1)) @ p.W1.T,
        exact=True,
    ),
}


def _tied_and_shared(x: Any, v: Any) -> Any:
    d = dense(3)
    return tied(to=d, bias=False)(d(x) * d(v))
