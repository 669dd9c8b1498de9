"""Random graphs of layers as descriptions, and what PyTorch makes of them: read from the description, not from our graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from tests.twins import Case, close, tensors

from chainrule.network.description import network_of_description

FUNCTIONS: dict[str, Any] = {
    "identity": lambda z: z,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "softplus": torch.nn.functional.softplus,
    "softmax": lambda z: torch.softmax(z, 1),
}


def description_of(seed: int) -> dict[str, Any]:
    """A network of one to three inputs and up to seven layers: skips, products, joins, shared and tied layers, one or several outputs."""
    random = np.random.default_rng(seed)
    inputs = {name: int(random.integers(1, 4)) for name in ("x", "v", "u")[: random.integers(1, 4)]}
    sizes, layers, used, matrices = dict(inputs), list[dict[str, Any]](), set[str](), dict[str, int]()

    def give(size: int, sources: list[str], **table: Any) -> None:
        name = f"layer_{len(layers)}"
        layers.append({"name": name, "from": sources if len(sources) > 1 else sources[0], **table})
        sizes[name] = size
        used.update(sources)

    def drawn(names: list[str]) -> str:
        return names[int(random.integers(len(names)))]

    def give_dense(source: str, activation: str) -> None:
        units = int(random.integers(1, 4))
        own: dict[str, Any] = [{}, {}, {"bias": False}, {"bias": "shared"}][int(random.integers(4))]
        if activation == "softmax" and (units == 1 or own):  # a shift of all its operands changes nothing: gradients of rounding dust
            activation = "tanh"
        give(units, [source], units=units, **own, activation=activation)

    for place in range(int(random.integers(2, 7))):
        source = drawn(list(sizes))
        alike = [name for name in sizes if sizes[name] == sizes[source]]
        shareable = [name for name in matrices if matrices[name] == sizes[source]]
        tieable = [name for name in matrices if sizes[name] == sizes[source]]
        wanted = drawn(["dense", "dense", "add", "multiply", "join", "share", "tied"]) if place else "dense"
        if wanted in ("add", "multiply") and len(alike) > 1:
            give(sizes[source], [str(name) for name in random.permutation(alike)[:2]], kind=wanted)
        elif wanted == "join" and len(sizes) > 1:
            sources = [str(name) for name in random.permutation(list(sizes))[:2]]
            give(sum(sizes[name] for name in sources), sources, kind="join")
        elif wanted == "share" and shareable:
            shared = drawn(shareable)
            give(sizes[shared], [source], share=shared)
        elif wanted == "tied" and tieable:
            to = drawn(tieable)
            give(matrices[to], [source], kind="tied", to=to, activation=drawn(list(FUNCTIONS)[:5]))
        else:
            give_dense(source, drawn(list(FUNCTIONS)))
            matrices[layers[-1]["name"]] = sizes[source]
    ends = [name for name in sizes if name not in used]
    outputs: dict[str, Any] = {"y": {}}
    if len(ends) > 1 and not set(ends) & set(inputs) and random.integers(2):
        outputs = {f"out{place}": {"from": name, "weight": [1, 0.5][place % 2]} for place, name in enumerate(ends)}
    else:
        if len(ends) > 1:
            give(sum(sizes[name] for name in ends), ends, kind="join")
        give_dense(layers[-1]["name"] if len(ends) > 1 else ends[0], "identity")
    loss = drawn(["half_squared", "huber", "log_cosh"])
    return {"inputs": inputs, "loss": loss, "layers": layers, "outputs": outputs, "batch": drawn(["mean", "sum"])}


def case_of(seed: int, rows: int = 3) -> Case:
    """The network of that description with numbers, and a batch."""
    random, network = np.random.default_rng(seed), network_of_description(description_of(seed))
    numbers = {key: random.normal(0, 0.8, shape).round(2) for key, shape in network.shapes.items()}
    x, t = (random.normal(size=(rows, columns)).round(2) for columns in (network.inputs, network.outputs))
    return Case(network.with_parameters(numbers), x, t)


def in_torch(description: dict[str, Any], p: dict[str, torch.Tensor], signals: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Every signal by its name. p : W1, b1 …, numbered as layers with parameters come."""
    signals, made = dict(signals), dict[str, tuple[dict[str, Any], int]]()
    for table in description["layers"]:
        names = [table["from"]] if isinstance(table["from"], str) else table["from"]
        first, *others = [signals[name] for name in names]
        own, number = made.get(table.get("share", ""), (table, len(made) + 1))
        kind = own.get("kind", "dense")
        if kind in ("dense", "tied"):
            made.setdefault(own["name"], (own, number))
            W = p[f"W{number}"] if kind == "dense" else p[f"W{made[own['to']][1]}"].T
            z = first @ W + p.get(f"b{number}", torch.zeros(()))
            signals[table["name"]] = FUNCTIONS[own["activation"]](z)
        else:
            combined = {"add": lambda a, b: a + b, "multiply": lambda a, b: a * b}.get(kind)
            signals[table["name"]] = torch.cat([first, *others], 1) if combined is None else combined(first, *others)
    return signals


LOSSES: dict[str, Any] = {
    "half_squared": lambda y, t: (y - t) ** 2 / 2,
    "huber": lambda y, t: torch.nn.functional.huber_loss(y, t, reduction="none"),
    "log_cosh": lambda y, t: torch.log(torch.cosh(y - t)),
}


def agrees(seed: int) -> None:
    """Predictions, E and gradients to 1e-9 of each array's largest magnitude."""
    description, found = description_of(seed), case_of(seed)
    step, parameters, signals, start = found.step(), tensors(found.network.parameters), dict[str, torch.Tensor](), 0
    for name, size in description["inputs"].items():
        signals[name] = torch.tensor(found.x[:, start : start + size])
        start += size
    signals = in_torch(description, parameters, signals)
    last = description["layers"][-1]["name"]
    outputs = [signals[output.get("from", last)] for output in description["outputs"].values()]
    error, start = torch.zeros((), dtype=torch.float64), 0
    for y, output in zip(outputs, description["outputs"].values(), strict=True):
        each = LOSSES[description["loss"]](y, torch.tensor(found.t[:, start : start + y.shape[1]])).sum(1)
        error = error + output.get("weight", 1) * (each.mean() if description["batch"] == "mean" else each.sum())
        start += y.shape[1]
    error.backward()  # type: ignore[no-untyped-call]
    close(step.prediction, torch.cat(outputs, 1))
    close(step.error, error)
    largest = max(float(parameter.grad.abs().max()) for parameter in parameters.values() if parameter.grad is not None)
    for key, parameter in parameters.items():
        theirs = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        if theirs.abs().max() > 1e-12 * largest:
            close(step.gradients[key], theirs)
        else:  # it is zero but for rounding
            assert np.abs(step.gradients[key]).max() <= 1e-12 * largest
