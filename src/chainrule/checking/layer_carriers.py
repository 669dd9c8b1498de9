"""What people differentiate in place of a quantity of a layer: a formula of the same value, with something held or changed.

A carrier takes the quantity, the layer with its letters and what it has named so far, and the number of the step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.checking.layer_probes import LayerCarrier, LetterOwner
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.formula.stated import held
from chainrule.network.layers import kind_of_layer
from chainrule.network.recurrence import at_step


def held_constant(e: Expression, own: LetterOwner, time: int) -> Expression:
    """The quantity, held."""
    del own, time
    return held(e)


def without_slope(e: Expression, own: LetterOwner, time: int) -> Expression:
    """f(z) with the slope 1."""
    del own, time
    return e.arguments[0]


def with_slope(slope: Callable[[Expression, Expression], Expression]) -> LayerCarrier:
    """f(z) with another slope, a formula of z and h = f(z)."""
    return lambda e, own, time: held(slope(e.arguments[0], e)) * e.arguments[0]


def times(factor: Callable[[LetterOwner], float]) -> LayerCarrier:
    """The quantity times a number."""
    return lambda e, own, time: e * factor(own)


def first_held(e: Expression, own: LetterOwner, time: int) -> Expression:
    """A product of which only the second factor is differentiated."""
    del own, time
    return held(e.arguments[0]) * e.arguments[1]


def second_held(e: Expression, own: LetterOwner, time: int) -> Expression:
    """A product of which only the first factor is differentiated."""
    del own, time
    return e.arguments[0] * held(e.arguments[1])


# Convolutions and pools


def turned(W: Expression, axes: range) -> Expression:
    """A kernel turned round: its places in reverse order along each of their axes."""
    for axis in axes:
        extent = int(W.shape[axis])
        W = p.join(*(p.part(W, axis=axis, start=i, stop=i + 1) for i in reversed(range(extent))), axis=axis)
    return W


def _in_two_parts(own: LetterOwner, back: Expression, weights: Expression) -> Expression:
    """A convolution of which x gets what one kernel gives, and W what another does."""
    first, second = {"W": held(back)}, {"W": weights, "x": held(own.letters["x"])}
    if "b" in own.letters:
        second["b"] = held(own.letters["b"])
    return own.again(None, **first) + own.again(None, **second)


def _turned_weights(own: LetterOwner) -> Expression:
    W = own.letters["W"]
    first = 1 if own.own_kind.called == "conv_transpose" else 0
    return turned(W, range(first, first + len(W.shape) - 2))


def back_unturned(e: Expression, own: LetterOwner, time: int) -> Expression:
    """What goes back to x passes a kernel that is turned round, and should not be, or the reverse."""
    del e, time
    return _in_two_parts(own, _turned_weights(own), own.letters["W"])


def weights_turned(e: Expression, own: LetterOwner, time: int) -> Expression:
    """∂E/∂W is turned round."""
    del e, time
    return _in_two_parts(own, own.letters["W"], _turned_weights(own))


def to_all_equally(e: Expression, own: LetterOwner, time: int) -> Expression:
    """The gradient of a max pool is shared by all places of its window."""
    del e, time
    return kind_of_layer("average_pool").function(own, own.letters["x"], **own.options)


def to_all(e: Expression, own: LetterOwner, time: int) -> Expression:
    """The whole of it goes to every place."""
    return to_all_equally(e, own, time) * float(own.options["size"] ** 2)


def count_of_places(own: LetterOwner) -> float:
    """How many places a signal has."""
    return float(np.prod([int(extent) for extent in own.letters["x"].shape[1:-1]]))


# Recurrence


def through_time(e: Expression, own: LetterOwner, time: int) -> Expression:
    """What a step hands to the next is held; the state before the first is not."""
    del own
    return held(e) if time > 1 else e


def _one_step(kept: Callable[[int, int], bool]) -> LayerCarrier:
    """Weights count at one step alone."""

    def carrier(e: Expression, own: LetterOwner, time: int) -> Expression:
        x, (W, U, b) = own.letters["x"], (held(own.letters[one]) for one in ("W", "U", "b"))
        if kept(time, int(x.shape[1])):
            return e
        return at_step(x, time - 1) @ W + b + own.values["h_on"] @ U

    return carrier


def _kept_at(kept: Callable[[int, int], bool]) -> LayerCarrier:
    """A parameter that counts at one step alone."""
    return lambda e, own, time: e if kept(time, int(own.letters["x"].shape[1])) else held(e)


def _first(time: int, length: int) -> bool:
    del length
    return time == 1


def _last(time: int, length: int) -> bool:
    return time == length


FIRST_STEP, LAST_STEP = _one_step(_first), _one_step(_last)
KEPT_FIRST, KEPT_LAST = _kept_at(_first), _kept_at(_last)


def cell_slope(slope: Callable[[Expression], Expression] | None) -> LayerCarrier:
    """h = o ⊙ tanh(c), with another slope of tanh; None: without the way to c."""

    def carrier(e: Expression, own: LetterOwner, time: int) -> Expression:
        del e, time
        c, o = own.values["c"], own.values["o"]
        first = o * held(p.tanh(c))
        return first if slope is None else first + held(o * slope(c)) * c

    return carrier


def cell(part: Callable[[Expression, Expression], Expression]) -> LayerCarrier:
    """c = f ⊙ c⟨t−1⟩ + i ⊙ g, with something else for the first product."""

    def carrier(e: Expression, own: LetterOwner, time: int) -> Expression:
        del e, time
        before = own.values["c_on"] if "c_on" in own.values else own.letters["c"]
        return part(own.values["f"], before) + own.values["i"] * own.values["g"]

    return carrier


def reset_left_out(e: Expression, own: LetterOwner, time: int) -> Expression:
    """r ⊙ h, or r ⊙ (h U), as if r were 1 on the way back to the second factor."""
    del own, time
    r, other = e.arguments
    return r * held(other) + other


def weights_without_reset(*, shift: bool) -> LayerCarrier:
    """n = tanh(…) of a gated recurrent unit, where r does not stand in ∂E/∂U; nor, with shift, in ∂E/∂d."""

    def carrier(e: Expression, own: LetterOwner, time: int) -> Expression:
        del time
        first, second = e.arguments[0].arguments
        U, d = own.values["U_on"], own.letters.get("d")
        h = own.values["h_on"] if "h_on" in own.values else own.letters["h"]
        units = int(U.shape[0])
        of_n = p.part(U, axis=1, start=2 * units, stop=3 * units)
        z = first + held(h) @ of_n
        if second.primitive is p.matmul:  # (r ⊙ h) U
            z += second.arguments[0] @ held(of_n)
        else:  # r ⊙ (h U + d)
            r, s = own.values["r"], h @ held(of_n)
            if d is not None:
                d = p.part(d, axis=0, start=2 * units, stop=3 * units)
                s += held(d) if shift else d
                z += d if shift else 0
            z += r * s
        return held(1 - e**2) * z

    return carrier


# Attention


def root(own: LetterOwner) -> float:
    """√d of the scores."""
    q = own.values["Q"] if "Q" in own.values else own.letters["q"]
    return float(np.sqrt(int(q.shape[-1])))


def unfed(letter: str) -> LayerCarrier:
    """The product with Wq, Wk or Wv, whose gradient does not reach the signal."""

    def carrier(e: Expression, own: LetterOwner, time: int) -> Expression:
        del time
        product = e.arguments[0] if f"b{letter}" in own.letters else e
        z = held(product.arguments[0]) @ own.letters[f"W{letter}"]
        return z + own.letters[f"b{letter}"] if f"b{letter}" in own.letters else z

    return carrier


def unturned_heads(letter: str) -> LayerCarrier:
    """Heads that are cut out of, or laid into, the features without turning the axes."""
    return lambda e, own, time: p.reshape(own.values[letter], sizes=e.shape)
