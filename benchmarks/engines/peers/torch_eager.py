"""PyTorch as most people write it, with its fused optimisers."""

from __future__ import annotations

import numpy as np
import torch
from loop import Loop, batches
from workloads import Workload


def about() -> str:
    return f"torch {torch.__version__}"


def begin(workload: Workload, threads: int, compiled=lambda function: function) -> Loop:
    torch.set_num_threads(threads)
    dtype = getattr(torch, workload.dtype)
    layers: list[torch.nn.Module] = []
    for inputs, units in zip(workload.sizes, workload.sizes[1:], strict=False):
        layers += [torch.nn.Linear(inputs, units, bias=workload.biases, dtype=dtype)]
        layers += {"relu": [torch.nn.ReLU()], "tanh": [torch.nn.Tanh()], "linear": []}[workload.activation]
    model = torch.nn.Sequential(*layers[: len(layers) - (workload.activation != "linear")])
    with torch.no_grad():
        for parameter, w in zip(model.parameters(), workload.weights(), strict=True):
            parameter.copy_(torch.from_numpy(np.array(w.T)))
    x, t = map(torch.from_numpy, workload.data())
    pairs = batches(workload, x, t)

    if workload.only == "predict":
        seen = [x]
        forward = compiled(lambda x: torch.softmax(model(x), dim=1))

        def predict(x, t):
            seen[0] = forward(x)

        loop = Loop(predict, pairs, lambda: [seen[0].numpy()])
        go = loop.go

        def without_gradients(steps):
            with torch.inference_mode():
                return go(steps)

        loop.go = without_gradients
        return loop

    @compiled
    def error(x, t):
        if workload.classes:
            return torch.nn.functional.cross_entropy(model(x), t)
        return torch.nn.functional.mse_loss(model(x), t) / 2

    rule = torch.optim.SGD if workload.optimizer == "sgd" else torch.optim.Adam
    optimizer = rule(model.parameters(), lr=workload.rate, fused=True)

    def step(x, t):
        optimizer.zero_grad()
        error(x, t).backward()
        optimizer.step()

    return Loop(step, pairs, lambda: [p.detach().numpy().T for p in model.parameters()])
