"""Recurrent layers, unrolled: the same weights are read at every time step, and each state has a name of its own, h⟨1⟩, h⟨2⟩ …"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from chainrule.base.errors import DescriptionError, ShapeError, UnknownNameError, quoted
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.network.layers import checked_size, layer
from chainrule.network.owner import Owner
from chainrule.network.spatial import sequence_shape

MOST_STEPS = 512
"""An unrolled recurrence is written out step by step; more steps than this would be a graph that nobody waits for."""

CellState: TypeAlias = "tuple[Expression, ...]"
StepOf: TypeAlias = "Callable[[int, CellState], CellState]"
Start: TypeAlias = "Callable[[Owner, Expression], StepOf]"


def at_step(x: Expression, step: int) -> Expression:
    """What a sequence holds at one place, counted from 0: (batch, features)."""
    return p.reshape(p.part(x, axis=1, start=step, stop=step + 1), sizes=(x.shape[0], *x.shape[2:]))


def as_sequence(states: list[Expression]) -> Expression:
    """(batch, units) of every step as a sequence (batch, length, units)."""
    wide = [p.reshape(state, sizes=(state.shape[0], 1, *state.shape[1:])) for state in states]
    return p.join(*wide, axis=1) if len(wide) > 1 else wide[0]


def _kept(mask: Expression, step: int, new: Expression, old: Expression | None) -> Expression:
    """The new state where the sequence has not ended, the old one where it has."""
    here = p.spread(p.reshape(p.part(mask, axis=1, start=step, stop=step + 1), sizes=(mask.shape[0],)), axes=(1,), sizes=new.shape[1:])
    return here * new if old is None else here * new + (1 - here) * old


def unrolled(
    own: Owner,
    x: Expression,
    mask: Expression | None,
    start: Start,
    *,
    reverse: bool,
    states: bool,
) -> Expression:
    """The states of a cell, step by step: all of them as a sequence, or the last one.

    start  declares the parameters and gives the step: (place from 0, states before) → states, of which the first is what the layer gives
    """
    length, _ = sequence_shape(x)
    if length > MOST_STEPS:
        raise ShapeError(f"a recurrence over {length} steps is more than this can unroll; the limit is {MOST_STEPS}.")
    if mask is not None and mask.shape != (x.shape[0], length):
        raise ShapeError(f"the mask of a sequence has one number for each step of its sequence ({length}), not the shape {mask.shape[1:]}.")
    step, before = start(own, x), tuple[Expression, ...]()
    found = dict[int, Expression]()
    for place in reversed(range(length)) if reverse else range(length):
        now = step(place, before)
        if mask is not None:
            now = tuple(
                own.named(f"{'h' if i == 0 else 'c'}_kept", _kept(mask, place, new, before[i] if before else None), place + 1)
                for i, new in enumerate(now)
            )
        before = now
        found[place] = now[0]
    if not states:
        return before[0]
    return as_sequence([found[place] for place in range(length)])


def _weights(own: Owner, features: int, units: int, gates: int, bias: bool) -> tuple[Expression, Expression, Expression | None]:
    W = own.parameter("W", features, gates * units, start="glorot_uniform")
    U = own.parameter("U", units, gates * units, start="glorot_uniform")
    return W, U, own.parameter("b", gates * units) if bias else None


def _gate(z: Expression, place: int, units: int) -> Expression:
    return p.part(z, axis=1, start=place * units, stop=(place + 1) * units)


def _inputs(x: Expression, W: Expression, b: Expression | None) -> Expression:
    """x W + b of all steps: one product in place of one for each step."""
    return x @ W if b is None else x @ W + b


def _rnn(units: int, activation: Any, bias: bool) -> Start:
    def start(own: Owner, x: Expression) -> StepOf:
        W, U, b = _weights(own, int(x.shape[2]), units, 1, bias)
        inputs = _inputs(x, W, b)

        def step(place: int, before: CellState) -> CellState:
            now = at_step(inputs, place)
            return (own.activated(activation, now + before[0] @ U if before else now, "h", place + 1),)

        return step

    return start


def _lstm(units: int, bias: bool) -> Start:
    def start(own: Owner, x: Expression) -> StepOf:
        W, U, b = _weights(own, int(x.shape[2]), units, 4, bias)
        inputs = _inputs(x, W, b)

        def step(place: int, before: CellState) -> CellState:
            now, time = at_step(inputs, place), place + 1
            a = own.named("a", now + before[0] @ U if before else now, time)
            gates = (("i", p.sigmoid), ("f", p.sigmoid), ("g", p.tanh), ("o", p.sigmoid))
            i, f, g, o = (own.named(symbol, function(_gate(a, gate, units)), time) for gate, (symbol, function) in enumerate(gates))
            c = own.named("c", f * before[1] + i * g if before else i * g, time)
            return own.named("h", o * p.tanh(c), time), c

        return step

    return start


def _gru(units: int, bias: bool) -> Start:
    def start(own: Owner, x: Expression) -> StepOf:
        W, U, b = _weights(own, int(x.shape[2]), units, 3, bias)
        c = own.parameter("c", units) if bias else None
        inputs = _inputs(x, W, b)

        def step(place: int, before: CellState) -> CellState:
            time = place + 1
            a = own.named("a", at_step(inputs, place), time)
            gates, back = [_gate(a, gate, units) for gate in range(3)], None
            if before:
                s = own.named("s", before[0] @ U, time)
                gates[:2] = [gate + _gate(s, place, units) for place, gate in enumerate(gates[:2])]
                back = _gate(s, 2, units)
            if c is not None:
                back = back + c if back is not None else p.spread(c, axes=(0,), sizes=(a.shape[0],))
            r, u = (own.named(symbol, p.sigmoid(gate), time) for symbol, gate in zip("ru", gates, strict=False))
            n = own.named("n", p.tanh(gates[2] if back is None else gates[2] + r * back), time)
            return (own.named("h", (1 - u) * n + u * before[0] if before else (1 - u) * n, time),)

        return step

    return start


def cell_of(name: str, units: int, bias: bool) -> Start:
    """The cell "rnn", "lstm" or "gru". Raises UnknownNameError."""
    cells = {"rnn": _rnn(units, "tanh", bias), "lstm": _lstm(units, bias), "gru": _gru(units, bias)}
    if name not in cells:
        raise UnknownNameError("recurrent cell", str(name), cells)
    return cells[name]


@layer
def rnn(
    own: Owner,
    x: Expression,
    mask: Expression | None = None,
    *,
    units: int,
    states: bool = False,
    reverse: bool = False,
    activation: Any = "tanh",
    bias: bool = True,
) -> Expression:
    """A recurrence: h⟨t⟩ = f(x⟨t⟩ W + h⟨t−1⟩ U + b), from h⟨0⟩ = 0; the last h, or all of them.

    x : (batch, length, features)    W : (features, units)    U : (units, units)    b : (units,)    h : (batch, units)

    mask     (batch, length), 1 where a sequence goes on and 0 behind its end, where the state stays as it is
    states   True gives h of every step, (batch, length, units)
    reverse  from the last step to the first

    Raises ShapeError, DescriptionError.
    Source: Elman (1990), Finding structure in time.
    """
    return unrolled(own, x, mask, _rnn(units, activation, bias), reverse=reverse, states=states)


@layer
def lstm(
    own: Owner, x: Expression, mask: Expression | None = None, *, units: int, states: bool = False, reverse: bool = False, bias: bool = True
) -> Expression:
    """Long short-term memory: c⟨t⟩ = f ⊙ c⟨t−1⟩ + i ⊙ g and h⟨t⟩ = o ⊙ tanh(c⟨t⟩), from c⟨0⟩ = h⟨0⟩ = 0.

    a⟨t⟩ = x⟨t⟩ W + h⟨t−1⟩ U + b, its quarters in this order: i = σ, f = σ, g = tanh, o = σ of theirs
    x : (batch, length, features)    W : (features, 4 · units)    U : (units, 4 · units)    b : (4 · units,)    h : (batch, units)

    Options and the mask as of `rnn`. Raises ShapeError, DescriptionError.
    Source: Hochreiter & Schmidhuber (1997), Long short-term memory; with the forget gate f of Gers, Schmidhuber & Cummins (2000).
    """
    return unrolled(own, x, mask, _lstm(units, bias), reverse=reverse, states=states)


@layer
def gru(
    own: Owner, x: Expression, mask: Expression | None = None, *, units: int, states: bool = False, reverse: bool = False, bias: bool = True
) -> Expression:
    """A gated recurrent unit: h⟨t⟩ = (1 − u) ⊙ n + u ⊙ h⟨t−1⟩, from h⟨0⟩ = 0.

    a⟨t⟩ = x⟨t⟩ W + b and s⟨t⟩ = h⟨t−1⟩ U in thirds: r = σ(a₁ + s₁), u = σ(a₂ + s₂), n = tanh(a₃ + r ⊙ (s₃ + c))
    x : (batch, length, features)    W : (features, 3 · units)    U : (units, 3 · units)    b : (3 · units,)    c, h : (batch, units)

    The reset gate r stands after the product with U, which machines compute in one piece. Options and the mask as of `rnn`.
    Raises ShapeError, DescriptionError.
    Source: Cho et al. (2014), Learning phrase representations using RNN encoder-decoder, eqs. 5 to 8.
    """
    return unrolled(own, x, mask, _gru(units, bias), reverse=reverse, states=states)


@layer
def bidirectional(
    own: Owner, x: Expression, mask: Expression | None = None, *, units: int, cell: str = "lstm", states: bool = False, bias: bool = True
) -> Expression:
    """Two recurrences with weights of their own, one from the first step to the last, one from the last to the first, side by side.

    x : (batch, length, features)    h : (batch, 2 · units), or with states (batch, length, 2 · units)

    cell  "rnn", "lstm" or "gru"; the parameters of the way back are called Wb, Ub, bb

    Raises ShapeError, DescriptionError, UnknownNameError.
    Source: Schuster & Paliwal (1997), Bidirectional recurrent neural networks.
    """
    ways = []
    for owner, reverse in ((own, False), (own.inner("b"), True)):
        ways.append(unrolled(owner, x, mask, cell_of(cell, units, bias), reverse=reverse, states=states))
    return p.join(*ways, axis=len(ways[0].shape) - 1)


@layer
def step(own: Owner, x: Expression, *, time: int) -> Expression:
    """What a sequence holds at one step, counted from 1, or from the end below 0: (batch, length, features) → (batch, features).

    Raises ShapeError.
    """
    length = int(x.shape[1]) if len(x.shape) > 2 else 0
    if isinstance(time, bool) or not isinstance(time, int) or not (1 <= time <= length or -length <= time <= -1):
        raise ShapeError(f"the sequence has the steps 1 to {length}, not {quoted(time)}.")
    return at_step(x, time - 1 if time > 0 else length + time)


@layer
def embedding(own: Owner, x: Expression, *, units: int, vocabulary: int) -> Expression:
    """A row of numbers for each token, out of a table that is learned: e = T[x].

    x : (batch, length) whole numbers from 0    T : (vocabulary, units)    e : (batch, length, units)

    A token's row gets what all its places bring. Raises ShapeError, DescriptionError.
    Source: Bengio, Ducharme, Vincent & Jauvin (2003), A neural probabilistic language model, section 2.
    """
    checked_size(vocabulary, "tokens in the vocabulary")
    if len(x.shape) != 2:
        raise ShapeError("it takes tokens, (batch, length), of an input as tokens(20, 7).")
    if x.name is None or x.primitive.name != "variable":
        raise DescriptionError("an embedding stands on an input of tokens: what a layer gives are no whole numbers.")
    return p.lookup(own.parameter("T", vocabulary, units, start={"name": "normal", "deviation": 1}), x)
