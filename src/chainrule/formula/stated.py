"""An operation that is no row of the table, because no formula of it is known here: PyTorch states its value and its gradient.

It stands where a model that was written elsewhere has one. On paper it is the name of a function; fractions and printed programs leave
it out, and whoever explains such a network counts it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from chainrule.base.errors import DescriptionError, InputError
from chainrule.formula.expression import Expression, Primitive, Shape, order
from chainrule.formula.forms import Named, Stated
from chainrule.formula.primitives import unflat

OPERAND = "operand "
"""Begins what stands for an operand among the arguments of a call: "operand 0"."""

BY, AT = "by", "at"

# Parameters of a node, beside its operands:
#   operation  as PyTorch calls it, with the kind of its call: "cumprod.default"
#   given      its arguments, in which "operand 0" stands for an operand; named: those that have names, each with its name
#   kinds      of each operand: "float", "int" or "bool", as PyTorch takes it
#   which      of several results
#   sizes      the shape of the result
#   by         None for the value; the number of an operand for ∂E/∂ that, of which the first operand of the node is g = ∂E/∂ the value
#   at         None for all of it; or the place of one element, where the operands of the node are the elements of the arrays …
#   shapes     … of these shapes


def _shape(*arguments: Expression, sizes: Shape, by: int | None = None, at: tuple[int, ...] | None = None, **_: Any) -> Shape:
    if at is not None:
        return ()
    return sizes if by is None else arguments[by + 1].shape


def _pullback(g: Expression, *arguments: Any, by: int | None = None, kinds: tuple[str, ...], **parameters: Any) -> tuple[Any, ...]:
    *operands, _ = arguments
    if by is not None:
        raise DescriptionError(f"PyTorch states the gradient of {parameters['operation']}, but no second derivative is known here.")
    return tuple(
        stated(g, *operands, by=number, kinds=kinds, **parameters) if kind == "float" else None for number, kind in enumerate(kinds)
    )


def _element(at: Any, index: tuple[int, ...], *arguments: Expression, **parameters: Any) -> Expression:
    """One element depends on every element of the operands: f(x)ᵢ = fᵢ(x₁, x₂ …)."""
    shapes = tuple(tuple(at.size(extent) for extent in argument.shape) for argument in arguments)
    elements = [
        at(argument, unflat(place, shape)) if shape else at(argument, ())
        for argument, shape in zip(arguments, shapes, strict=True)
        for place in range(math.prod(shape))
    ]
    sizes = tuple(at.size(extent) for extent in parameters["sizes"])
    return stated(*elements, **{**parameters, "at": index, "shapes": shapes, "sizes": sizes})


stated = Primitive(
    "stated",
    value=lambda xp, *arguments, **parameters: xp.stated(arguments, parameters),
    shape=_shape,
    form=Stated(),
    pullback=_pullback,
    element=_element,
)

held = Primitive("held", value=lambda xp, x: x, shape=lambda x: x.shape, form=Named("sg"), slope=lambda x, y: (0,))
"""sg(x): the value of x, and the gradient 0, which is stated and no derivative of it; as `x.detach()` and `stop_gradient` have it."""

STATED = {row.name: row for row in (stated, held)}


def function_name(operation: str) -> str:
    """What the function is called on paper: "cumprod" of "cumprod.default"."""
    return operation.partition(".")[0].strip("_")


def stated_operations(*roots: Expression) -> Iterator[str]:
    """The functions below some expressions whose values PyTorch states, each as often as it stands there."""
    values = (node for node in order(*roots) if node.primitive is stated and node.parameters.get(BY) is None)
    return (function_name(node.parameters["operation"]) for node in values)


def refuse_stated(roots: Iterable[Expression], what: str) -> None:
    """Raises InputError where there are such operations, which have no `what`."""
    if names := list(stated_operations(*roots)):
        many = f"{len(names)} operation{'s' * (len(names) > 1)} that only PyTorch computes ({', '.join(dict.fromkeys(names))})"
        raise InputError(f"this network has {many}: there is no {what} of it.")


def call_name(node: Expression) -> str:
    """A name for the function of a node, the same for all that compute the same; for programs that run here and are not printed."""
    import zlib  # needed by few

    return f"stated_{zlib.crc32(repr(sorted(node.parameters.items())).encode())}"


def stated_functions(*roots: Expression) -> dict[str, Callable[..., Any]]:
    """What those names stand for."""
    nodes = (node for node in order(*roots) if node.primitive is stated)
    return {call_name(node): lambda *arguments, own=dict(node.parameters): computed(arguments, own) for node in nodes}


def computed(arguments: Iterable[Any], parameters: Any) -> Any:
    """The number or the array, as PyTorch computes it in float64. Raises InputError where PyTorch is not installed."""
    try:
        import torch
    except ImportError:
        raise InputError(
            f"{function_name(parameters['operation'])} is computed by PyTorch, which is not installed: pip install torch"
        ) from None
    tensors = [torch.tensor(one, dtype=torch.float64) for one in arguments]  # copied: PyTorch warns of arrays that nobody may change
    by, at, shapes = parameters.get(BY), parameters.get(AT), parameters.get("shapes")
    if shapes is not None:
        flat, tensors, place = torch.stack(tensors), [], 0
        for shape in shapes:
            count = math.prod(shape)
            tensors.append(flat[place : place + count].reshape(shape))
            place += count
    upstream, operands = (None, tensors) if by is None else (tensors[0], tensors[1:])
    whole = {"int": torch.int64, "bool": torch.bool, "float": torch.float64}
    operands = [one.to(whole[kind]) for one, kind in zip(operands, parameters["kinds"], strict=True)]
    if by is not None:
        operands[by] = operands[by].detach().clone().requires_grad_()
    name, _, overload = parameters["operation"].partition(".")
    function = getattr(getattr(torch.ops.aten, name), overload)
    if function._schema.is_mutable or str(function._schema.arguments[0].type) not in ("Tensor", "List[Tensor]"):
        raise InputError(f"{name} is no function of arrays, and is not called.")

    def filled(value: Any) -> Any:
        if isinstance(value, str) and value.startswith(OPERAND):
            return operands[int(value.removeprefix(OPERAND))]
        return [filled(part) for part in value] if isinstance(value, (list, tuple)) else value

    result = function(*map(filled, parameters["given"]), **{key: filled(value) for key, value in parameters["named"]})
    result = result[parameters["which"]] if isinstance(result, (list, tuple)) else result
    if by is not None:
        (gradient,) = torch.autograd.grad(result, [operands[by]], upstream, allow_unused=True) if result.requires_grad else (None,)
        result = torch.zeros_like(operands[by]) if gradient is None else gradient
    result = result.detach().to(torch.float64)
    return float(result[tuple(at)]) if at is not None else result.numpy()
