"""What an optimiser does to each parameter, as expressions: clipped gradient, new states, new weight, and the rate of this step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule import optimizers
from chainrule.definitions import Bound
from chainrule.errors import DescriptionError
from chainrule.expression import Expression, Name, as_expression, is_scalar, named, order, substitute, variable
from chainrule.network import Network
from chainrule.tidy import tidy

STEP_NUMBER = variable(Name("k"))
"""The number of the step, from 1."""


@dataclass(frozen=True, eq=False)
class ParameterUpdate:
    """One parameter's part of a step.

    parameter   W1
    gradient    ∂E/∂W1, after clipping if there is any
    states      the optimiser's states before the step (variables that start at zero), and after
    new         the value after the step, named W1_next
    """

    parameter: Expression
    gradient: Expression
    states: tuple[Expression, ...]
    new_states: tuple[Expression, ...]
    new: Expression


@dataclass(frozen=True, eq=False)
class Update:
    """The update of every parameter that is not frozen.

    options     the optimiser's letters (learning_rate, beta1 …) and their numbers
    rate        the learning rate of this step: its letter, or the schedule's formula, named
    norm        ‖g‖ over all gradients where they are clipped by norm
    parameters  the parts
    """

    optimizer: Bound
    options: dict[Expression, float]
    rate: Expression
    norm: Expression | None
    parameters: tuple[ParameterUpdate, ...]

    @property
    def roots(self) -> list[Expression]:
        """Everything a step computes beyond the gradients."""
        return [self.rate, *(root for part in self.parameters for root in (*part.new_states, part.new))]


def update(optimizer: Bound, parameters: Sequence[Expression], gradients: Sequence[Expression]) -> Update:
    """The update rule of `optimizer` for each parameter and its gradient."""
    letters = _letters(optimizer)
    rate = letters.get("learning_rate")
    schedule = optimizer.options.get("learning_rate")
    if isinstance(schedule, Bound):
        rate = letters["learning_rate"] = named(Name("learning_rate"), schedule.apply(STEP_NUMBER))
    norm = None
    if optimizer.options["clip_norm"] is not None:
        norm = named(Name("norm"), optimizers.global_norm(list(gradients)))
    parts = tuple(
        _part(optimizer, letters, parameter, _clipped(optimizer, gradient, norm))
        for parameter, gradient in zip(parameters, gradients, strict=True)
    )
    numbers = {letter: float(optimizer.options[name]) for name, letter in letters.items() if letter.primitive.name == "variable"}
    return Update(optimizer, numbers, rate if rate is not None else as_expression(0), norm, parts)


def network_update(network: Network, optimizer: Bound) -> Update:
    """The update of every parameter of the network that is not frozen."""
    derivation = network.derivation
    pairs = [
        (parameter, gradient)
        for parameter, gradient in zip(derivation.parameters, derivation.gradients, strict=True)
        if parameter.key not in network.frozen
    ]
    return update(optimizer, [parameter for parameter, _ in pairs], [gradient for _, gradient in pairs])


def _letters(optimizer: Bound) -> dict[str, Expression]:
    """The numeric options as letters, so that the rule is written in η, β … and the numbers are put in later."""
    numeric = {name: value for name, value in optimizer.options.items() if isinstance(value, (int, float)) and not isinstance(value, bool)}
    return {name: variable(Name(name)) for name in numeric if name not in ("clip_value", "clip_norm")}


def _clipped(optimizer: Bound, gradient: Expression, norm: Expression | None) -> Expression:
    """The gradient after clipping, by value first and by norm then; itself where neither is asked for."""
    clipped = gradient
    if (limit := optimizer.options["clip_value"]) is not None:
        clipped = optimizers.clip_value(clipped, limit)
    if norm is not None:
        clipped = optimizers.clip_norm(clipped, norm, optimizer.options["clip_norm"])
    assert gradient.name is not None
    return gradient if clipped is gradient else named(replace(gradient.name, mark="clipped"), tidy(clipped))


def _part(optimizer: Bound, letters: dict[str, Expression], w: Expression, g: Expression) -> ParameterUpdate:
    assert w.name is not None
    wanted = optimizer.definition.operands[2:]
    states = tuple(variable(Name(name, mark=w.name.key), w.shape) for name in wanted if name != "k")
    remaining = iter(states)
    operands = [STEP_NUMBER if name == "k" else next(remaining) for name in wanted]
    result: Any = optimizer.apply(w, g, *operands, **letters)
    new, *new_states = result if isinstance(result, tuple) else (result,)
    if len(new_states) != len(states):
        raise DescriptionError(
            f"{optimizer.name} has {len(states)} states but returns {len(new_states)}: return the new w, then each new state in its order."
        )
    after = tuple(
        named(replace(state.name, mark=f"{state.name.mark}_next"), tidy(value))
        for state, value in zip(states, new_states, strict=True)
        if state.name is not None
    )

    new = tidy(substitute(new, dict(zip(new_states, after, strict=True))))
    new = substitute(new, _owned(new, w.name))
    if is_scalar(new) and w.shape:
        raise DescriptionError(f"{optimizer.name} returns a single number in place of the new w.")
    return ParameterUpdate(w, g, states, after, named(replace(w.name, mark="next"), new))


def _owned(expression: Expression, owner: Name) -> dict[Expression, Expression]:
    """Quantities that a rule names for itself (m̂ …), renamed so that each parameter has its own: m_hat_W1."""
    renamed: dict[Expression, Expression] = {}
    for node in order(expression, wall=lambda node: node.name is not None and node.name.gradient):
        if node.primitive.name == "named" and node.shape and node.name and not node.name.mark and not node.name.gradient:
            inner = substitute(node.arguments[0], renamed)
            renamed[node] = named(replace(node.name, mark=owner.key), inner)
    return renamed
