"""Functions of JAX with a backward pass of their own, `jax.custom_vjp`: each stands in a network of two layers, and JAX does the rest.

A function of one array is taken for the activation of the hidden layer, one of x, W and perhaps b for a layer, W in either layout.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.learners.calling import Function, Pool
from chainrule.learners.layout import Layout, Probe
from chainrule.learners.loading import Loaded
from chainrule.learners.places import Unreadable
from chainrule.learners.programs import Answer, Form, LearnerProgram
from chainrule.learners.recognition import SeenValues, forward_seen


class JaxProgram(LearnerProgram):
    """A function under `jax.custom_vjp`; `inputs` is how many arrays it takes, `backward` its backward pass."""

    def __init__(self, loaded: Loaded, name: str, backward: Function) -> None:
        super().__init__(loaded)
        self.name, self.line = name, backward.lineno
        self.inputs = len(loaded.functions[name].args.args)
        self.entry = f"{name}: {backward.name}({', '.join(argument.arg for argument in backward.args.args)})"

    def depths(self) -> Sequence[int]:
        return (2,)

    def has_bias(self) -> Sequence[bool]:
        return (self.inputs != 2,)

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[Form]:
        if self.inputs not in (1, 2, 3):
            raise Unreadable("inputs")
        yield Form(False if self.inputs == 1 else None, False, sizes, (bias,) * (len(sizes) - 1))

    def answer(self, probe: Probe, layout: Layout, steps: int) -> Answer:
        del steps
        if layout.columns or layout.vectors or layout.targets != "matrix":
            raise Unreadable("layout")
        import jax
        import jax.numpy

        function = self.loaded.namespace[self.name]
        given: list[Callable[[Any, Any, Any], Any]] = [lambda x, w, b: x @ w + b, lambda x, w, b: function(x, w), function]
        affine = given[self.inputs - 1]

        def loss(weights: list[Any], biases: list[Any]) -> tuple[Any, list[Any]]:
            z = affine(probe.x, weights[0], biases[0])
            h = function(z) if self.inputs == 1 else jax.numpy.tanh(z)
            y = affine(h, weights[1], biases[1])
            return 0.5 * ((y - probe.t) ** 2).sum() / probe.rows, [z, h, y, y - probe.t]

        numbers = range(len(probe.weights))
        weights = [layout.w(probe, number) for number in numbers]
        biases = [np.zeros(0) if b is None else b for b in (layout.b(probe, number) for number in numbers)]
        recorder = self.loaded.recorder
        recorder.begin()
        try:
            found, seen = jax.jit(jax.grad(loss, argnums=(0, 1), has_aux=True))(weights, biases)
        finally:
            recorder.on = False
        gradients = {}
        for number, (w, b) in enumerate(zip(*found, strict=True)):
            gradients.update({f"d{key}": item for key, item in layout.read_w(np.array(w), probe, number).items()})
            if probe.biases[number] is not None:
                gradients.update({f"d{key}": item for key, item in layout.read_b(np.array(b), probe, number).items()})
        values = SeenValues([*recorder.values, *((0, np.array(value, dtype=float)) for value in seen)])
        forward = forward_seen(values, probe.x, probe.t, probe.weights, probe.biases)
        return Answer(gradients, [], False, forward, {}, Pool(probe, layout, {}).altered(), values=values, sizes=probe.sizes)


def jax_programs(loaded: Loaded) -> Iterator[LearnerProgram]:
    """The functions of a file that are given a backward pass: f.defvjp(forward, backward)."""
    for call in (node for node in ast.walk(loaded.tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        assert isinstance(call.func, ast.Attribute)
        function, passes = call.func.value, call.args
        names = [node.id for node in (function, *passes) if isinstance(node, ast.Name) and node.id in loaded.functions]
        if call.func.attr == "defvjp" and len(names) == 3:
            yield JaxProgram(loaded, names[0], loaded.functions[names[2]])
