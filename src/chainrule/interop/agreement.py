"""How far a network agrees with the PyTorch module that it was made of: every value, and every gradient, beside autograd's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import FrozenValue
from chainrule.formula.expression import Shape
from chainrule.interop.exporting import torch_needed
from chainrule.interop.modules import ReadModule
from chainrule.interop.nodes import doubled
from chainrule.interop.reading import Origin
from chainrule.network.network import Network

if TYPE_CHECKING:
    import torch

    from chainrule.steps.step import Step

AGREED = 1e-9
"""Of the largest magnitude of an array: what is further apart does not agree."""

INFINITE = 1e30
"""What stands here for infinity, which a mask puts before a softmax."""

FLOOR, NOTHING = 1e-14, 1e-12
"""An absolute difference that is none; and a magnitude below which an array is 0 but for rounding."""


class Compared(FrozenValue):
    """An array beside PyTorch's.

    name        as the module calls it
    gradient    whether it is ∂E/∂ that
    difference  the largest one, by the largest magnitude of PyTorch's array
    absolute    the same as it is
    """

    name: str
    gradient: bool
    difference: float
    absolute: float

    @property
    def agrees(self) -> bool:
        """Is it the same but for rounding?"""
        return self.difference <= AGREED or self.absolute <= FLOOR


class Agreement(FrozenValue):
    """Every array that was compared."""

    compared: tuple[Compared, ...]

    @property
    def largest(self) -> float:
        """The largest difference of all."""
        return max((one.difference for one in self.compared), default=0.0)

    @property
    def apart(self) -> tuple[Compared, ...]:
        """What does not agree."""
        return tuple(one for one in self.compared if not one.agrees)


def agreement(read: ReadModule, step: Step) -> Agreement:
    """Every layer's value and gradient, and every parameter's gradient, of a step.

    Autograd starts from ∂E/∂y of the step, so that PyTorch needs no loss of ours.
    """
    torch = torch_needed()
    rows, count = len(step.x), read.count
    x = step.x if count is None else np.resize(step.x, (count, step.x.shape[1]))  # the same examples again and again
    inputs = step.network.split(x, None)
    values, parameters = _run(read.program, inputs)
    keys = {call.name: key for call, key in zip(read.wiring.calls, _keys(read, step), strict=True)}
    shapes = {name: result.shape for name, result in step.network.forward.results.items()}
    layers = {name: (_examples_first(values[node], shapes[name]), keys[name]) for name, node in read.nodes.items()}
    known = {origin.name: (key, origin) for key, origin in parameter_origins(read, step.network).items()}
    tensors = {known[name]: tensor for name, tensor in parameters.items() if name in known}
    predictions = zip(read.wiring.outputs.values(), step.network.derivation.predictions, strict=True)
    results = {name: prediction.name.of_gradient.key for name, prediction in predictions if prediction.name is not None}
    ys = [layers[name][0] for name in results]
    upstream = [_of_all(step.values[key], y, rows, count) for y, key in zip(ys, results.values(), strict=True)]
    wanted = {name: value for name, (value, _) in layers.items()} | {origin.name: tensor for (_, origin), tensor in tensors.items()}
    moving = {name: tensor for name, tensor in wanted.items() if tensor.requires_grad and not any(tensor is y for y in ys)}
    found = dict(zip(moving, torch.autograd.grad(ys, list(moving.values()), upstream, allow_unused=True), strict=True))
    if read.exported is not read.program:  # what takes operations apart is not trusted with their gradients
        with suppress(RuntimeError):  # of what was changed in place after it was needed, PyTorch gives none
            found |= _gradients_as_exported(read, inputs, [origin.name for (_, origin), _ in tensors.items()], upstream)

    def own(tensor: Any) -> Any:
        """What is of the step's own examples."""
        axis = next((axis for axis, extent in enumerate(tensor.shape) if extent == count), None)
        return tensor if axis is None else tensor.narrow(axis, 0, rows)

    compared = [Compared(name, False, *difference(step.values[key], own(value), alike=True)) for name, (value, key) in layers.items()]
    compared += [
        Compared(name, True, *difference(step.values[f"d{key}"], own(found[name])))
        for name, (_, key) in layers.items()
        if found.get(name) is not None and f"d{key}" in step.values
    ]
    for (key, origin), _ in tensors.items():
        if found.get(origin.name) is not None and key in step.gradients:
            compared.append(Compared(origin.name, True, *difference(step.gradients[key], found[origin.name].permute(origin.axes))))
    return Agreement(tuple(compared))


def _gradients_as_exported(read: ReadModule, inputs: Mapping[Any, Any], wanted: Sequence[str], upstream: Sequence[Any]) -> dict[str, Any]:
    """∂E/∂ of the parameters of these names, by the program in which nothing is taken apart."""
    import torch

    program = read.exported
    values, parameters = _run(program, inputs)
    given = program.graph_signature.user_outputs
    (output,) = (node for node in program.graph.nodes if node.op == "output")
    ys = [values[one] for one in torch.utils._pytree.tree_leaves(output.args) if getattr(one, "name", None) in given]
    known = [name for name in wanted if name in parameters and parameters[name].requires_grad]
    starts = [g.reshape(y.shape) for y, g in zip(ys, upstream, strict=True)]
    return dict(zip(known, torch.autograd.grad(ys, [parameters[name] for name in known], starts, allow_unused=True), strict=True))


def _of_all(gradient: Any, y: torch.Tensor, rows: int, count: int | None) -> torch.Tensor:
    """∂E/∂y of the step's examples; those that the program has beyond them count nothing."""
    import torch

    own = torch.as_tensor(gradient).reshape(rows, *y.shape[1:])
    return own if count is None else torch.cat([own, torch.zeros(count - rows, *y.shape[1:], dtype=own.dtype)])


def _keys(read: ReadModule, step: Step) -> list[str]:
    """What each call gives, by its key in a step."""
    results = step.network.forward.results
    return [results[call.name].key for call in read.wiring.calls]


def parameter_origins(read: Any, network: Network) -> dict[str, Origin]:
    """Which tensor of the module each parameter of the network is, by the parameter's key."""
    return {
        one.variable.key: read.origins[one.layer.name, one.variable.symbol]
        for one in network.forward.parameters
        if read.origins[one.layer.name, one.variable.symbol].name
    }


def _examples_first(tensor: torch.Tensor, shape: Shape) -> torch.Tensor:
    """A value of PyTorch's with the axis first that counts the examples, as the network has it: the one whose others are these."""
    others = list(shape[1:])
    axis = next(axis for axis in range(tensor.dim()) if [*tensor.shape[:axis], *tensor.shape[axis + 1 :]] == others)
    return tensor.movedim(axis, 0)


def difference(ours: Any, theirs: Any, *, alike: bool = False) -> tuple[float, float]:
    """By the largest magnitude of the other's array, unless that is as good as 0; and as it is.

    alike  whether the other's array is the same for every example where ours is there once; else it is their sum
    """
    mine: Array = np.clip(np.asarray(ours, dtype=float), -INFINITE, INFINITE)
    other: Array = np.clip(np.asarray(theirs.detach() if hasattr(theirs, "detach") else theirs, dtype=float), -INFINITE, INFINITE)
    if mine.size < other.size:
        other = other[0] if alike else other.sum(axis=0)
    apart = float(np.abs(mine.reshape(other.shape) - other).max(initial=0.0))
    scale = float(np.abs(other).max(initial=0.0))
    return apart / (scale if scale > NOTHING else 1.0), apart


def _run(program: Any, inputs: Mapping[Any, Any]) -> tuple[dict[Any, torch.Tensor], Mapping[str, torch.Tensor]]:
    """The value of every node of the exported program, with the graph that autograd needs."""
    torch = torch_needed()
    given = iter(inputs.values())
    values: dict[Any, Any] = {}
    parameters: dict[str, Any] = {}
    signature = program.graph_signature

    def held(value: Any) -> Any:
        if isinstance(value, torch.dtype):  # what the model casts to float32 stays in float64, too
            return doubled(value)
        if isinstance(value, (list, tuple)):
            return type(value)(map(held, value))
        return values[value] if isinstance(value, torch.fx.Node) else value

    for node in program.graph.nodes:
        if node.op == "placeholder":
            name = signature.inputs_to_parameters.get(node.name) or signature.inputs_to_buffers.get(node.name)
            if name is not None:
                tensor = program.state_dict.get(name)
                tensor = (program.constants[name] if tensor is None else tensor).detach().clone()
                trained = node.name in signature.inputs_to_parameters and tensor.is_floating_point()
                values[node] = parameters[name] = tensor.to(doubled(tensor.dtype)).requires_grad_(trained)
            elif node.name in getattr(signature, "inputs_to_lifted_tensor_constants", {}):
                values[node] = program.constants[signature.inputs_to_lifted_tensor_constants[node.name]]
            else:
                values[node] = torch.as_tensor(next(given)).to(doubled(node.meta["val"].dtype))
        elif node.op == "get_attr":
            values[node] = getattr(program.graph_module, node.target)
        elif node.op == "call_function":
            written = str(node.target) == "aten.copy.default"  # of which PyTorch has no gradient
            function = (lambda x, other, *_: other.expand_as(x)) if written else node.target
            values[node] = function(*held(node.args), **{key: held(value) for key, value in node.kwargs.items()})
    return values, parameters
