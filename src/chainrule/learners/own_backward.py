"""Functions with a backward pass of their own, `torch.autograd.Function` and `jax.custom_vjp`: each stands in a network of two layers,
½ Σ (y − t)² / N behind them, and PyTorch or JAX does the rest.

A function of one tensor is taken for the activation of the hidden layer, one of x, W and perhaps b for a layer, W in either layout.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.learners.calling import Pool
from chainrule.learners.layout import Probe, Unreadable
from chainrule.learners.loading import Loaded
from chainrule.learners.programs import Answer, LearnerProgram, ParameterForm, methods_of
from chainrule.learners.recognition import SeenValues, forward_seen
from chainrule.learners.syntax import arguments_of
from chainrule.learners.tensors import as_array, tensor

Layers = Callable[[Any, Sequence[Any], Sequence[Any]], list[Any]]


class OwnBackward(LearnerProgram):
    """A function with its backward pass; `inputs` is how many tensors it takes."""

    def __init__(self, loaded: Loaded, name: str, inputs: int, backward: ast.FunctionDef, entry: str) -> None:
        super().__init__(loaded)
        self.name, self.inputs, self.line, self.entry = name, inputs, backward.lineno, entry
        self.depths, self.biases = (2,), (inputs != 2,)

    once = False
    """Whether it is asked for one step, as where the place of a value is looked for."""

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[ParameterForm]:
        if self.inputs not in (1, 2, 3):
            raise Unreadable("inputs")
        yield ParameterForm(False if self.inputs == 1 else None, False, sizes, (bias,) * (len(sizes) - 1))

    def differentiated(self, layers: Layers, x: Array, weights: list[Array], biases: list[Array]) -> tuple[list[Any], list[Any], list[Any]]:
        """What the layers gave, and the gradients of W and b; `layers` gives z, h, y, y − t and E."""
        raise NotImplementedError

    def answer(self, probe: Probe, steps: int) -> Answer:
        self.once = steps == 1
        layout = probe.layout
        if layout.columns or layout.vectors or layout.targets != "matrix":
            raise Unreadable("layout")
        function, tanh = self.function()
        t, rows = tensor(np.array(probe.t), self.loaded.library), probe.rows

        def affine(x: Any, w: Any, b: Any) -> Any:
            return x @ w + b if self.inputs == 1 else function(x, w) if self.inputs == 2 else function(x, w, b)

        def layers(x: Any, weights: Sequence[Any], biases: Sequence[Any]) -> list[Any]:
            z = affine(x, weights[0], biases[0])
            h = function(z) if self.inputs == 1 else tanh(z)
            y = affine(h, weights[1], biases[1])
            return [z, h, y, y - t, 0.5 * ((y - t) ** 2).sum() / rows]

        numbers = range(len(probe.weights))
        given = [probe.own_b(number) for number in numbers]
        with self.loaded.recorder.recording():
            seen, dw, db = self.differentiated(
                layers, np.array(probe.x), [probe.own_w(number) for number in numbers], [np.zeros(0) if b is None else b for b in given]
            )
        gradients: dict[str, Array] = {}
        for number in numbers:
            if dw[number] is not None:
                gradients.update({f"d{key}": item for key, item in probe.read_w(as_array(dw[number]), number).items()})
            if given[number] is not None and db[number] is not None:
                gradients.update({f"d{key}": item for key, item in probe.read_b(as_array(db[number]), number).items()})
        values = SeenValues([*self.loaded.recorder.values, *((0, value) for value in map(as_array, seen[:4]) if value is not None)])
        forward = forward_seen(values, probe.x, probe.t, probe.weights, probe.biases)
        return Answer(gradients, [], False, forward, {}, Pool(probe, {}).altered(), values=values, sizes=probe.sizes)

    def function(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """What is called, and the library's tanh."""
        raise NotImplementedError


class TorchFunction(OwnBackward):
    """A subclass of torch.autograd.Function."""

    def function(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        import torch

        return self.loaded.namespace[self.name].apply, torch.tanh

    def differentiated(self, layers: Layers, x: Array, weights: list[Array], biases: list[Array]) -> tuple[list[Any], list[Any], list[Any]]:
        import torch

        ws, bs = ([torch.tensor(one, requires_grad=True) for one in several] for several in (weights, biases))
        seen = layers(torch.tensor(x), ws, bs)
        seen[-1].backward()
        return seen, [one.grad for one in ws], [one.grad for one in bs]


class JaxFunction(OwnBackward):
    """A function under jax.custom_vjp."""

    def function(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        import jax.numpy

        return self.loaded.namespace[self.name], jax.numpy.tanh

    def differentiated(self, layers: Layers, x: Array, weights: list[Array], biases: list[Array]) -> tuple[list[Any], list[Any], list[Any]]:
        import jax

        def loss(ws: list[Any], bs: list[Any]) -> tuple[Any, list[Any]]:
            seen = layers(x, ws, bs)
            return seen[-1], seen

        differentiated = jax.grad(loss, argnums=(0, 1), has_aux=True)
        (dw, db), seen = (differentiated if self.once else jax.jit(differentiated))(weights, biases)  # what is compiled shows no values
        return seen, dw, db


def own_backward_programs(loaded: Loaded) -> Iterator[LearnerProgram]:
    """The functions of a file with a backward pass of their own: classes of PyTorch's, and f.defvjp(forward, backward) of JAX."""
    for name in loaded.classes:
        methods = methods_of(loaded, name)
        if any("Function" in ast.unparse(base) for base in loaded.classes[name].bases) and {"forward", "backward"} <= methods.keys():
            taken, backward = methods["forward"].args, methods["backward"]
            needed = len(taken.args) - len(taken.defaults) - 1
            entry = f"{name}.backward({', '.join(arguments_of(backward, method=True))})"
            yield TorchFunction(loaded, name, len(taken.args) - 1 if needed > 1 else needed, backward, entry)
    for call in (node for node in ast.walk(loaded.tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        assert isinstance(call.func, ast.Attribute)
        names = [node.id for node in (call.func.value, *call.args) if isinstance(node, ast.Name) and node.id in loaded.functions]
        if call.func.attr == "defvjp" and len(names) == 3:
            backward = loaded.functions[names[2]]
            entry = f"{names[0]}: {backward.name}({', '.join(arguments_of(backward))})"
            yield JaxFunction(loaded, names[0], len(arguments_of(loaded.functions[names[0]])), backward, entry)
