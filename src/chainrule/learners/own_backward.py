"""Functions with a backward pass of their own, `torch.autograd.Function` and `jax.custom_vjp`: they stand in a network of as many layers
as they need, ½ Σ (y − t)² / N behind them, and PyTorch or JAX does the rest.

A function of one tensor is taken for the activation of a hidden layer, one of x, W and perhaps b for a layer, W in either layout.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.learners.calling import Pool
from chainrule.learners.layout import Probe, Unreadable
from chainrule.learners.loading import Loaded
from chainrule.learners.programs import Answer, LearnerProgram, ParameterForm, methods_of
from chainrule.learners.recognition import SeenValues, forward_seen
from chainrule.learners.syntax import arguments_of
from chainrule.learners.tensors import as_array, tensor

Layers = Callable[[Any, Sequence[Any], Sequence[Any]], list[Any]]


class OwnFunction(Frozen):
    """A function with its backward pass: its name, how many tensors it takes, and where and how its backward pass stands."""

    name: str
    inputs: int
    line: int
    entry: str


class OwnBackward(LearnerProgram):
    """Functions with their backward passes, in one network; each of them stands somewhere in it."""

    def __init__(self, loaded: Loaded, functions: Sequence[OwnFunction]) -> None:
        super().__init__(loaded)
        self.functions = functions
        self.line, self.entry = functions[0].line, ", ".join(one.entry for one in functions)
        self.affine = [one for one in functions if one.inputs > 1]
        self.bent = [one for one in functions if one.inputs == 1]
        self.depths, self.biases = (max(2, len(self.affine), len(self.bent) + 1),), (True,)

    once = False
    """Whether it is asked for one step, as where the place of a value is looked for."""

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[ParameterForm]:
        if any(one.inputs not in (1, 2, 3) for one in self.functions):
            raise Unreadable("inputs")
        has = [self.affine[number % len(self.affine)].inputs == 3 if self.affine else bias for number in range(len(sizes) - 1)]
        yield ParameterForm(None if self.affine else False, False, sizes, tuple(has))

    def differentiated(self, layers: Layers, x: Array, weights: list[Array], biases: list[Array]) -> tuple[list[Any], list[Any], list[Any]]:
        """What the layers gave, and the gradients of W and b; `layers` gives z, h, y, y − t and E."""
        raise NotImplementedError

    def answer(self, probe: Probe, steps: int) -> Answer:
        self.once = steps == 1
        layout = probe.layout
        if layout.columns or layout.vectors or layout.targets != "matrix":
            raise Unreadable("layout")
        tanh = self.tanh()
        affines, bent = ([self.called(one.name) for one in several] for several in (self.affine, self.bent))
        t, rows = tensor(np.array(probe.t), self.loaded.library), probe.rows

        def affine(number: int, x: Any, w: Any, b: Any) -> Any:
            if not affines:
                return x @ w + b
            function = affines[number % len(affines)]
            return function(x, w) if self.affine[number % len(affines)].inputs == 2 else function(x, w, b)

        def layers(x: Any, weights: Sequence[Any], biases: Sequence[Any]) -> list[Any]:
            seen = [x]
            for number, (w, b) in enumerate(zip(weights, biases, strict=True)):
                seen.append(affine(number, seen[-1], w, b))
                if number < len(weights) - 1:
                    seen.append(bent[number % len(bent)](seen[-1]) if bent else tanh(seen[-1]))
            y = seen[-1]
            return [*seen[1:], y - t, 0.5 * ((y - t) ** 2).sum() / rows]

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
        values = SeenValues([*self.loaded.recorder.values, *((0, value) for value in map(as_array, seen[:-1]) if value is not None)])
        forward = forward_seen(values, probe.x, probe.t, probe.weights, probe.biases)
        return Answer(gradients, [], False, forward, {}, Pool(probe, {}).altered(), values=values, sizes=probe.sizes)

    def called(self, name: str) -> Callable[..., Any]:
        """What is called, of a function."""
        raise NotImplementedError

    def tanh(self) -> Callable[..., Any]:
        """The library's own."""
        raise NotImplementedError


class TorchFunction(OwnBackward):
    """Subclasses of torch.autograd.Function."""

    def called(self, name: str) -> Callable[..., Any]:
        return self.loaded.namespace[name].apply  # type: ignore[no-any-return]  # a person's own class

    def tanh(self) -> Callable[..., Any]:
        import torch

        return torch.tanh

    def differentiated(self, layers: Layers, x: Array, weights: list[Array], biases: list[Array]) -> tuple[list[Any], list[Any], list[Any]]:
        import torch

        ws, bs = ([torch.tensor(one, requires_grad=True) for one in several] for several in (weights, biases))
        seen = layers(torch.tensor(x), ws, bs)
        seen[-1].backward()
        return seen, [one.grad for one in ws], [one.grad for one in bs]


class JaxFunction(OwnBackward):
    """Functions under jax.custom_vjp."""

    def called(self, name: str) -> Callable[..., Any]:
        return self.loaded.namespace[name]  # type: ignore[no-any-return]  # a person's own function

    def tanh(self) -> Callable[..., Any]:
        import jax.numpy

        return jax.numpy.tanh  # type: ignore[no-any-return]  # JAX says no types

    def differentiated(self, layers: Layers, x: Array, weights: list[Array], biases: list[Array]) -> tuple[list[Any], list[Any], list[Any]]:
        import jax

        def loss(ws: list[Any], bs: list[Any]) -> tuple[Any, list[Any]]:
            seen = layers(x, ws, bs)
            return seen[-1], seen

        differentiated = jax.grad(loss, argnums=(0, 1), has_aux=True)
        (dw, db), seen = (differentiated if self.once else jax.jit(differentiated))(weights, biases)  # what is compiled shows no values
        return seen, dw, db


def own_backward_programs(loaded: Loaded) -> Iterator[LearnerProgram]:
    """The functions of a file with a backward pass of their own, all in one network, then each alone."""
    for kind, functions in ((TorchFunction, _of_torch(loaded)), (JaxFunction, _of_jax(loaded))):
        if len(functions) > 1:
            yield kind(loaded, functions)
        for one in functions:
            yield kind(loaded, [one])


def own_backward_names(loaded: Loaded) -> list[str]:
    """How each of them is shown."""
    return [one.entry for one in (*_of_torch(loaded), *_of_jax(loaded))]


def _of_torch(loaded: Loaded) -> list[OwnFunction]:
    """Subclasses of torch.autograd.Function."""
    found = list[OwnFunction]()
    for name in loaded.classes:
        methods = methods_of(loaded, name)
        if any("Function" in ast.unparse(base) for base in loaded.classes[name].bases) and {"forward", "backward"} <= methods.keys():
            taken, backward = methods["forward"].args, methods["backward"]
            needed = len(taken.args) - len(taken.defaults) - 1
            entry = f"{name}.backward({', '.join(arguments_of(backward, method=True))})"
            found.append(OwnFunction(name, len(taken.args) - 1 if needed > 1 else needed, backward.lineno, entry))
    return found


def _of_jax(loaded: Loaded) -> list[OwnFunction]:
    """What is given a backward pass by f.defvjp(forward, backward)."""
    found = list[OwnFunction]()
    for call in (node for node in ast.walk(loaded.tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        assert isinstance(call.func, ast.Attribute)
        names = [node.id for node in (call.func.value, *call.args) if isinstance(node, ast.Name) and node.id in loaded.functions]
        if call.func.attr == "defvjp" and len(names) == 3:
            backward = loaded.functions[names[2]]
            entry = f"{names[0]}: {backward.name}({', '.join(arguments_of(backward))})"
            found.append(OwnFunction(names[0], len(arguments_of(loaded.functions[names[0]])), backward.lineno, entry))
    return found
