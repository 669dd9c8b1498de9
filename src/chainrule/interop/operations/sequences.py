"""Tokens and sequences: rows of a table at places, and recurrences, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from chainrule.formula import primitives as p
from chainrule.formula.expression import Dimension, Expression, Name, named
from chainrule.formula.stated import held
from chainrule.interop.operations.elements import checked_dropout
from chainrule.interop.operations.moving import one_of, picked, side_by_side, slice_of, stacked
from chainrule.interop.operations.products import linear
from chainrule.interop.operations.shapes import filled, known, permuted, reshaped, stretched
from chainrule.interop.operations.table import JaxCall, UnreadableOperation, jax_operation, operation

# Tables


@operation("embedding", places=True)
def _embedding(table: Expression, index: Any, padding: int = -1, scale: bool = False, sparse: bool = False) -> Expression:
    """A row of the table for each token; rows at places that are the same for every example are a part of it.

    padding  the row that no gradient moves, if there is one
    """
    if padding >= 0:
        rows = (slice_of(table, 0, 0, padding), held(slice_of(table, 0, padding, padding + 1)), slice_of(table, 0, padding + 1))
        table = side_by_side([one for one in rows if one.shape[0]])
    if isinstance(index, Expression):
        return p.lookup(table, index)
    return reshaped(picked(table, 0, [int(place) for place in index.flatten().tolist()]), (*index.shape, table.shape[1]))


@operation("index", places=True)
def _index(x: Expression, indices: Sequence[Any]) -> Expression:
    """Elements at places that are the same for every example, along each axis by itself, as a picture is enlarged; or looked up by numbers
    along the first axis.
    """
    given = {axis: index for axis, index in enumerate(indices) if index is not None}
    if list(given) == [0] and isinstance(given[0], Expression):
        return p.lookup(x, given[0])
    if any(isinstance(index, Expression) for index in given.values()):
        raise UnreadableOperation("elements at places that are computed")
    if any(sum(extent > 1 for extent in index.shape) > 1 for index in given.values()):
        raise UnreadableOperation("elements at pairs of places")
    if sum(index.numel() > 1 for index in given.values()) > 1 and len({len(index.shape) for index in given.values()}) == 1:
        raise UnreadableOperation("elements at pairs of places")
    for axis, index in given.items():
        x = picked(x, axis, [int(place) % known(x.shape[axis], "picking") for place in index.flatten().tolist()])
    return x


@jax_operation("gather", places=True)
def _gather(table: Expression, index: Any, call: JaxCall) -> Expression:
    """Rows of a table, looked up by whole numbers."""
    numbers = call["dimension_numbers"]
    rows = tuple(numbers.collapsed_slice_dims) == (0,) and tuple(numbers.start_index_map) == (0,)
    whole = tuple(call["slice_sizes"][1:]) == tuple(table.shape[1:]) and not numbers.operand_batching_dims
    last = tuple(numbers.offset_dims) == tuple(range(len(call.shape) - len(table.shape) + 1, len(call.shape)))
    if not (rows and whole and last):
        raise UnreadableOperation("elements at places that are computed, other than rows of a table")
    return _embedding(table, reshaped(index, index.shape[:-1]) if isinstance(index, Expression) else index[..., 0])


# Recurrences


Cell: TypeAlias = Callable[[Expression, list[Any], list[Any], int, str], list[Any]]
"""From x at a place, the state before it, the parameters, the place and what is added to letters: the state after it."""


def _gates(x: Expression, h: Any, own: Sequence[Any]) -> tuple[Expression, Expression | None]:
    """What comes from x and what from the state before, with their biases."""
    W, U, b, c = own[:4]
    a = linear(x, W, b)
    return a, linear(h, U, c) if h is not None else None if c is None else stretched(c, a.shape)


def _part_of(z: Expression, place: int, units: int) -> Expression:
    return p.part(z, axis=len(z.shape) - 1, start=place * units, stop=(place + 1) * units)


def _simple_cell(activation: Callable[[Expression], Expression]) -> Cell:
    def cell(x: Expression, state: list[Any], own: list[Any], step: int, side: str) -> list[Any]:
        a, b = _gates(x, state[0], own)
        z = _named(f"z{side}", a if b is None else a + b, step)
        return [_named(f"h{side}", activation(z), step)]

    return cell


def _lstm_cell(x: Expression, state: list[Any], own: list[Any], step: int, side: str) -> list[Any]:
    """Source: Hochreiter & Schmidhuber (1997), with the forget gate of Gers, Schmidhuber & Cummins (2000); with the
    projection r = h Wᵀ of Sak, Senior & Beaufays (2014), if there is one.
    """
    a, b = _gates(x, state[0], own)
    z = a if b is None else a + b
    units = int(own[1].shape[0]) // 4
    i, f, o = (_named(f"{letter}{side}", p.sigmoid(_part_of(z, place, units)), step) for letter, place in (("i", 0), ("f", 1), ("o", 3)))
    g = _named(f"g{side}", p.tanh(_part_of(z, 2, units)), step)
    c = _named(f"c{side}", i * g if state[1] is None else f * state[1] + i * g, step)
    h = _named(f"h{side}", o * p.tanh(c), step)
    return [h if own[4] is None else _named(f"r{side}", linear(h, own[4]), step), c]


def _gru_cell(x: Expression, state: list[Any], own: list[Any], step: int, side: str) -> list[Any]:
    """Source: Cho et al. (2014), with the reset gate after the product, as cuDNN has it."""
    units, before = int(own[1].shape[1]), state[0]
    a, b = _gates(x, before, own)
    r, u = (
        _named(f"{letter}{side}", p.sigmoid(_part_of(a if b is None else a + b, place, units)), step)
        for letter, place in (("r", 0), ("u", 1))
    )
    new = _part_of(a, 2, units)
    n = _named(f"n{side}", p.tanh(new if b is None else new + r * _part_of(b, 2, units)), step)
    return [_named(f"h{side}", (1 - u) * n if before is None else (1 - u) * n + u * before, step)]


def _named(symbol: str, expression: Expression, step: int) -> Expression:
    return named(Name(symbol, time=step), expression)


def _recurrent(
    cell: Cell, states: int, x: Expression, started: Any, parameters: Sequence[Any], biases: bool, layers: int, dropout: float,
    training: bool, both: bool, batch_first: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """Layers of a recurrence through the places of x: (examples, places, units of the last layer), and the states after the last place.

    started  the state before the first place; of two, both
    """
    given = [started] if states == 1 else started
    if layers > 1:
        checked_dropout(x, dropout, training)
    if not batch_first:
        x = permuted(x, (1, 0, 2))
    length, last = known(x.shape[1], "a sequence"), list[list[Any]]()
    each = len(parameters) // (layers * (2 if both else 1))
    for number in range(layers):
        sides = []
        for side in range(2 if both else 1):
            place = number * (2 if both else 1) + side
            own = list(parameters[place * each : (place + 1) * each])
            own[2:2] = [] if biases else [None, None]
            own += [None] * (5 - len(own))
            suffix = f"{'' if layers == 1 else f'_l{number}'}{'_back' if side else ''}"
            state: list[Any] = [_started(one, place, x.shape[0]) for one in given] or [None] * states
            outputs: dict[int, Expression] = {}
            for step in reversed(range(length)) if side else range(length):
                state = cell(one_of(x, 1, step), state, own, step + 1, suffix)
                outputs[step] = state[0]
            sides.append(stacked([outputs[step] for step in range(length)], 1))
            last.append(state)
        x = side_by_side(sides, 2)
    ended = [stacked([state[which] for state in last], 0) for which in range(states)]
    return (x if batch_first else permuted(x, (1, 0, 2)), *ended)


def _started(state: Any, place: int, examples: Dimension) -> Expression | None:
    """The state that a layer begins with, for each example; None where it is 0."""
    if not isinstance(state, Expression) or any(one.constant == 0 for one in (state, *state.arguments)):
        return None
    own = one_of(state, 0, place)
    return filled(own, (examples, *own.shape[1:]))


operation("lstm", whole=True)(partial(_recurrent, _lstm_cell, 2))
for _name, _cell in (("gru", _gru_cell), ("rnn_tanh", _simple_cell(p.tanh)), ("rnn_relu", _simple_cell(p.relu))):
    operation(_name, whole=True)(partial(_recurrent, _cell, 1))
