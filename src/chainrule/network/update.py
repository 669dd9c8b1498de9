"""What an optimiser does to each parameter, as expressions: clipped gradient, new states, new weight, and the rate of this step."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from chainrule.base.errors import DescriptionError, UnknownNameError
from chainrule.base.frozen import Frozen, replace
from chainrule.base.printing import counted
from chainrule.formula.expression import Expression, Name, as_expression, is_scalar, named, order, substitute, variable
from chainrule.formula.primitives import select
from chainrule.formula.tidy import tidy
from chainrule.network import optimizers
from chainrule.network.definitions import Bound
from chainrule.network.derivation import Derivation, check_names, named_pattern
from chainrule.network.network import Network

MOVED = "U"
"""The letter of what is 1 where the update moves a weight, and 0 where it stays as it is."""

STEP_NUMBER = variable(Name("k"))
"""The number of the step, from 1."""


class ParameterUpdate(Frozen):
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


class Update(Frozen):
    """The update of every parameter that is not frozen.

    options     the optimiser's letters (learning_rate, beta1 …) and their numbers
    rate        the learning rate of this step: its letter, or the schedule's formula, named
    norm        ‖g‖ over all gradients (after clipping by value, if there is any) where they are clipped by norm
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

    @property
    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each of the optimiser's states, which start at zero, by its key."""
        return {state.key: tuple(map(int, state.shape)) for part in self.parameters for state in part.states}


def update(
    optimizer: Bound,
    parameters: Sequence[Expression],
    gradients: Sequence[Expression],
    moved: Mapping[Expression, Expression] = {},
    multipliers: Mapping[Expression, float] = {},
) -> Update:
    """The update rule of `optimizer` for each parameter and its gradient.

    moved        a pattern for parameters of which some elements stay as they are: 1 at the others
    multipliers  by what the learning rate is multiplied for a parameter, where that is not 1
    """
    letters = _letters(optimizer)
    rate = letters.get("learning_rate")
    schedule = optimizer.options.get("learning_rate")
    if isinstance(schedule, Bound):
        rate = letters["learning_rate"] = named(Name("learning_rate"), schedule.apply(STEP_NUMBER))
    norm = None
    if optimizer.options["clip_norm"] is not None and gradients:
        moving = [
            select(moved[parameter] > 0, limited, 0) if parameter in moved else limited
            for parameter, limited in zip(parameters, (_limited(optimizer, gradient) for gradient in gradients), strict=True)
        ]
        norm = named(Name("norm"), optimizers.global_norm(moving))
    parts = tuple(
        _part(
            optimizer,
            _with_own_rate(letters, parameter, multipliers.get(parameter, 1)),
            parameter,
            _clipped(optimizer, gradient, norm),
            moved.get(parameter),
        )
        for parameter, gradient in zip(parameters, gradients, strict=True)
    )
    numbers = {letter: float(optimizer.options[name]) for name, letter in letters.items() if letter.primitive.name == "variable"}
    found = Update(optimizer, numbers, rate if rate is not None else as_expression(0), norm, parts)
    check_names(*found.roots)
    return found


def network_update(network: Network, optimizer: Bound, derivation: Derivation | None = None) -> Update:
    """The update of every parameter of the network that is not frozen, and of running statistics, which no gradient moves.

    derivation  whose gradients it reads, if not those of the network's own
    """
    derivation, frozen = derivation or network.derivation, network.frozen
    known = _KNOWN.setdefault(derivation, deque(maxlen=4))
    for rule, made in known:
        if rule is optimizer:
            return made
    pairs = [
        (parameter, gradient)
        for parameter, gradient in zip(derivation.parameters, derivation.gradients, strict=True)
        if parameter.key not in frozen
    ]
    moving = tuple(
        ParameterUpdate(parameter, gradient, (), (), named(replace(parameter.own_name, mark="next"), derivation.moving[parameter]))
        for parameter, gradient in zip(derivation.parameters, derivation.gradients, strict=True)
        if parameter in derivation.moving
    )
    kept = {parameter: network.kept[parameter.key] for parameter, _ in pairs if parameter.key in network.kept}
    moved = {parameter: named_pattern(MOVED, parameter, gaps) for parameter, gaps in kept.items()}
    factors = multipliers_of(network, optimizer.options["multipliers"] or {})
    own = {parameter: factors[parameter.key] for parameter, _ in pairs if parameter.key in factors}
    found = update(optimizer, [parameter for parameter, _ in pairs], [gradient for _, gradient in pairs], moved, own)
    known.append((optimizer, whole := replace(found, parameters=(*found.parameters, *moving))))
    return whole


_KNOWN: WeakKeyDictionary[Derivation, deque[tuple[Bound, Update]]] = WeakKeyDictionary()
"""The last updates of a derivation, for which training, its engines and explanations ask one after the other. What belongs to one network
and to its copies with other numbers leaves the same weights alone.
"""


def multipliers_of(network: Network, wanted: Mapping[str, float]) -> dict[str, float]:
    """By what the learning rate of each parameter is multiplied, by its key, where that is not 1.

    wanted  by the name of a layer (hidden1, output, or its own), or of a parameter (W1, hidden1.W), which counts more than its layer

    Raises UnknownNameError.
    """
    layers: dict[str, list[str]] = {}
    parameters: dict[str, list[str]] = {}
    names = dict(zip(network.layers, network.layer_names, strict=True))
    for one in network.forward.parameters:
        key, layer = one.variable.key, names[one.layer]
        layers.setdefault(layer, []).append(key)
        parameters |= {key: [key], f"{layer}.{one.variable.symbol}": [key]}
    found: dict[str, float] = {}
    for known in (layers, parameters):
        for name, factor in wanted.items():
            if name not in layers and name not in parameters:
                hint = "A multiplier of the learning rate stands behind the name of a layer, or of a parameter."
                raise UnknownNameError("layer or parameter", name, [*layers, *parameters], hint)
            found |= dict.fromkeys(known.get(name, ()), factor)
    return {key: factor for key, factor in found.items() if factor != 1}


def _with_own_rate(letters: dict[str, Expression], w: Expression, factor: float) -> dict[str, Expression]:
    """The letters of a rule with the rate of one parameter: η_W1 = 0.1 · η."""
    rate = letters.get("learning_rate")
    if rate is None or factor == 1:
        return letters
    return {**letters, "learning_rate": named(Name("learning_rate", mark=w.key), factor * rate)}


def _letters(optimizer: Bound) -> dict[str, Expression]:
    """The numeric options as letters, so that the rule is written in η, β … and the numbers are put in later."""
    numeric = {name: value for name, value in optimizer.options.items() if isinstance(value, (int, float)) and not isinstance(value, bool)}
    return {name: variable(Name(name)) for name in numeric if name not in ("clip_value", "clip_norm")}


def _clipped(optimizer: Bound, gradient: Expression, norm: Expression | None) -> Expression:
    """The gradient after clipping, by value first and by norm then; itself where neither is asked for."""
    clipped = _limited(optimizer, gradient)
    if norm is not None:
        clipped = optimizers.clip_norm(clipped, norm, optimizer.options["clip_norm"])
    return gradient if clipped is gradient else named(replace(gradient.own_name, mark="clipped"), tidy(clipped))


def _limited(optimizer: Bound, gradient: Expression) -> Expression:
    """The gradient after clipping by value."""
    limit = optimizer.options["clip_value"]
    return gradient if limit is None else optimizers.clip_value(gradient, limit)


def _part(
    optimizer: Bound, letters: dict[str, Expression], w: Expression, g: Expression, moved: Expression | None = None
) -> ParameterUpdate:
    wanted = optimizer.definition.operands[2:]
    states = tuple(variable(Name(name, mark=w.key), w.shape) for name in wanted if name != "k")
    remaining = iter(states)
    operands = [STEP_NUMBER if name == "k" else next(remaining) for name in wanted]
    result: Any = optimizer.apply(w, g, *operands, **letters)
    new, *new_states = result if isinstance(result, tuple) else (result,)
    if len(new_states) != len(states):
        raise DescriptionError(
            f"{optimizer.name} has {counted(len(states), 'state')} but returns {len(new_states)}: return the new w, "
            f"then each new state in its order."
        )
    replaced = _replaced({w, g, *states}, new, dict(zip(new_states, states, strict=True)), w.own_name)
    after = tuple(_called(_next(state), replaced[value]) for state, value in zip(states, new_states, strict=True))
    new = tidy(substitute(new, replaced))
    if is_scalar(new) and w.shape:
        raise DescriptionError(f"{optimizer.name} returns a single number in place of the new w.")
    if moved is not None:
        new = select(moved > 0, new, w)
    return ParameterUpdate(w, g, states, after, named(replace(w.own_name, mark="next"), new))


def _replaced(own: set[Expression], new: Expression, states: Mapping[Expression, Expression], owner: Name) -> dict[Expression, Expression]:
    """What stands for what in the rule of one parameter: new states under their names, and quantities that the rule names for itself
    (m̂ …) under a name for each parameter, m_hat_W1. Nothing behind `own`, the operands of the rule, changes.
    """
    replaced = {operand: operand for operand in own}
    for node in order(*states, new, wall=lambda node: node in own):
        let = node.primitive.name == "named" and node not in own and _reads(node, own)
        inner = node.arguments[0] if let else node
        if node in states:
            replaced[node] = named(_next(states[node]), tidy(substitute(inner, replaced)))
        elif let and node.name is not None:
            replaced[node] = named(replace(node.name, mark=owner.key), substitute(inner, replaced))
    return replaced


def _reads(expression: Expression, own: set[Expression]) -> bool:
    return any(node in own for node in order(expression, wall=lambda node: node in own))


def _next(state: Expression) -> Name:
    return replace(state.own_name, mark=f"{state.own_name.mark}_next")


def _called(name: Name, expression: Expression) -> Expression:
    """Under this name: two states with one formula are two quantities."""
    return expression if expression.name == name else named(name, expression)
