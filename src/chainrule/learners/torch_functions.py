"""`torch.autograd.Function`s with a backward pass of their own: each stands in a network of two layers, and PyTorch does the rest.

A function of one tensor is taken for the activation of the hidden layer, one of x, W and perhaps b for a layer, W in either layout.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.learners.calling import Function, Pool
from chainrule.learners.layout import Array, Layout, Probe
from chainrule.learners.loading import Loaded
from chainrule.learners.places import Unreadable
from chainrule.learners.programs import Answer, Form, LearnerProgram, methods_of
from chainrule.learners.recognition import SeenValues, forward_seen


class TorchProgram(LearnerProgram):
    """A subclass of torch.autograd.Function; `inputs` is how many tensors its forward pass takes."""

    def __init__(self, loaded: Loaded, name: str, forward: Function, backward: Function) -> None:
        super().__init__(loaded)
        self.name, self.line = name, backward.lineno
        needed = forward.args.args[1 : len(forward.args.args) - len(forward.args.defaults)]
        self.inputs = len(forward.args.args) - 1 if len(needed) > 1 else len(needed)
        self.entry = f"{name}.backward({', '.join(argument.arg for argument in backward.args.args[1:])})"

    def depths(self) -> Sequence[int]:
        return (2,)

    def has_bias(self) -> Sequence[bool]:
        return (True,) if self.inputs != 2 else (False,)

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[Form]:
        if self.inputs not in (1, 2, 3):
            raise Unreadable("inputs")
        yield Form(False if self.inputs == 1 else None, False, sizes, (bias,) * (len(sizes) - 1))

    def answer(self, probe: Probe, layout: Layout, steps: int) -> Answer:
        del steps
        if layout.columns or layout.vectors or layout.targets != "matrix":
            raise Unreadable("layout")
        import torch

        apply = self.loaded.namespace[self.name].apply
        x, t = (torch.tensor(np.array(array)) for array in (probe.x, probe.t))
        weights = [torch.tensor(layout.w(probe, number), requires_grad=True) for number in range(len(probe.weights))]
        given = [layout.b(probe, number) for number in range(len(probe.weights))]
        biases = [None if b is None else torch.tensor(b, requires_grad=True) for b in given]
        recorder = self.loaded.recorder
        recorder.begin()
        kept: list[Any] = []

        def layer(value: Any, number: int) -> Any:
            w, b = weights[number], biases[number]
            if self.inputs == 1:
                result = value @ w if b is None else value @ w + b
            else:
                result = apply(value, w) if b is None or self.inputs == 2 else apply(value, w, b)
            kept.append(result)
            return result

        try:
            hidden = layer(x, 0)
            hidden = apply(hidden) if self.inputs == 1 else torch.tanh(hidden)
            kept.append(hidden)
            y = layer(hidden, 1)
            kept.append(y - t)
            (0.5 * ((y - t) ** 2).sum() / probe.rows).backward()
        finally:
            recorder.on = False
        gradients: dict[str, Array] = {}
        for number, (w, b) in enumerate(zip(weights, biases, strict=True)):
            if w.grad is not None:
                gradients.update({f"d{key}": item for key, item in layout.read_w(w.grad.numpy(), probe, number).items()})
            if b is not None and b.grad is not None:
                gradients.update({f"d{key}": item for key, item in layout.read_b(b.grad.numpy(), probe, number).items()})
        values = SeenValues([*recorder.values, *((0, item.detach().numpy()) for item in kept)])
        forward = forward_seen(values, probe.x, probe.t, probe.weights, probe.biases)
        return Answer(gradients, [], False, forward, {}, Pool(probe, layout, {}).altered(), values=values, sizes=probe.sizes)


def torch_programs(loaded: Loaded) -> Iterator[LearnerProgram]:
    """The functions of a file with a backward pass of their own."""
    for name, node in loaded.classes.items():
        methods = methods_of(loaded, name)
        if any("Function" in ast.unparse(base) for base in node.bases) and "forward" in methods and "backward" in methods:
            yield TorchProgram(loaded, name, methods["forward"], methods["backward"])
