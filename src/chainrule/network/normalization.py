"""Layers that normalise: numbers are centred and brought to one scale, over the batch or within each example; and dropout.

Every one of them has γ and β (`gamma` and `shift`), a scale and a shift for each channel, unless `scale` is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from chainrule.base.errors import ShapeError
from chainrule.base.printing import counted
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.network.layers import checked_size, layer
from chainrule.network.options import Range, Share
from chainrule.network.owner import Owner


def normalised_with_moments(own: Owner, x: Expression, axes: Sequence[int], epsilon: float) -> tuple[Expression, Expression, Expression]:
    """(x − μ) / √(v + ε) over some axes, with μ and v = mean of (x − μ)²."""
    mu = own.named("mu", p.mean(x, axes=tuple(axes)))
    centred = own.named("c", x - p.spread_like(mu, axes, x))
    v = own.named("v", p.mean(centred**2, axes=tuple(axes)))
    return _scaled(centred, v, axes, epsilon), mu, v


def _scaled(centred: Expression, v: Expression, axes: Sequence[int], epsilon: float) -> Expression:
    return centred / p.spread_like(p.sqrt(v + epsilon), axes, centred)


def with_scale(own: Owner, n: Expression, scale: bool, *, shift: bool = True) -> Expression:
    """γ ⊙ n + β, one of each for every channel."""
    if not scale:
        return n
    n = own.named("n", n)
    channels = int(n.shape[-1])
    gamma = own.parameter("gamma", channels, start={"name": "constant", "value": 1}, fixed=True)
    return n * gamma + own.parameter("shift", channels) if shift else n * gamma


@layer
def batch_norm(
    own: Owner, x: Expression, *, momentum: Annotated[float, Range(at_least=0, at_most=1)] = 0.1, epsilon: Share = 1e-5, scale: bool = True
) -> Expression:
    """γ ⊙ (x − μ) / √(v + ε) + β, where μ and v are of each channel, over the batch and all places.

    x, h : (batch, places …, channels)    μ, v, γ, β : (channels,)

    In training μ and v are those of the batch, so that the gradient of each example depends on the others. Beside them running means
    are kept, m ← (1 − momentum) m + momentum · μ and r ← (1 − momentum) r + momentum · v · n / (n − 1), from m = 0 and r = 1; n is how
    many numbers each mean is of. A prediction, and an error that is measured beside the training, takes m and r.

    A channel with one number in all has v = 0.

    Raises DescriptionError.
    Source: Ioffe & Szegedy (2015), Batch normalization: accelerating deep network training, algorithms 1 and 2.
    """
    axes = tuple(range(len(x.shape) - 1))
    if own.training:
        n, mu, v = normalised_with_moments(own, x, axes, epsilon)
        count = p.count(x.shape, axes)
        unbiased = v * (count / p.maximum(count - 1, 1))
    else:
        mu, unbiased = p.mean(x, axes=axes), p.mean(x, axes=axes)
    m, r = own.running("m", mu, momentum, 0), own.running("r", unbiased, momentum, 1)
    if not own.training:
        n = _scaled(x - p.spread_like(m, axes, x), r, axes, epsilon)
    return with_scale(own, n, scale)


@layer
def layer_norm(own: Owner, x: Expression, *, epsilon: Share = 1e-5, scale: bool = True) -> Expression:
    """γ ⊙ (x − μ) / √(v + ε) + β, where μ and v are of the last axis, of each example and place by itself.

    x, h : (batch, places …, channels)    μ, v : (batch, places …)    γ, β : (channels,)

    Raises DescriptionError.
    Source: Ba, Kiros & Hinton (2016), Layer normalization, eqs. 3 and 4.
    """
    n, _, _ = normalised_with_moments(own, x, (len(x.shape) - 1,), epsilon)
    return with_scale(own, n, scale)


@layer
def rms_norm(own: Owner, x: Expression, *, epsilon: Share = 1e-5, scale: bool = True) -> Expression:
    """γ ⊙ x / √(mean of x² + ε), over the last axis; nothing is taken away.

    x, h : (batch, places …, channels)    γ : (channels,)

    Raises DescriptionError.
    Source: Zhang & Sennrich (2019), Root mean square layer normalization, eq. 4.
    """
    axes = (len(x.shape) - 1,)
    v = own.named("v", p.mean(x**2, axes=axes))
    return with_scale(own, _scaled(x, v, axes, epsilon), scale, shift=False)


@layer
def group_norm(own: Owner, x: Expression, *, groups: int, epsilon: Share = 1e-5, scale: bool = True) -> Expression:
    """Each example is normalised by itself, each group of channels over all its places: γ ⊙ (x − μ) / √(v + ε) + β.

    x, h : (batch, places …, channels)    μ, v : (batch, groups)    γ, β : (channels,)

    Raises ShapeError, DescriptionError.
    Source: Wu & He (2018), Group normalization, eqs. 1 to 6.
    """
    channels, axes = int(x.shape[-1]), len(x.shape) + 1
    if channels % checked_size(groups, "groups"):
        raise ShapeError(f"{counted(channels, 'channel')} cannot be divided into {groups} groups.")
    apart = p.reshape(x, sizes=(*x.shape[:-1], groups, channels // groups))
    n, _, _ = normalised_with_moments(own, apart, (*range(1, axes - 2), axes - 1), epsilon)
    return with_scale(own, p.reshape(n, sizes=x.shape), scale)


@layer
def instance_norm(own: Owner, x: Expression, *, epsilon: Share = 1e-5, scale: bool = False) -> Expression:
    """Each channel of each example is normalised by itself, over its places: (x − μ) / √(v + ε).

    x, h : (batch, places …, channels)    μ, v : (batch, channels)

    scale  True adds γ and β (channels,)

    Raises ShapeError, DescriptionError.
    Source: Ulyanov, Vedaldi & Lempitsky (2016), Instance normalization: the missing ingredient for fast stylization, eq. 2.
    """
    if len(x.shape) < 3:
        raise ShapeError("there are no places to take means over: the signal has channels alone.")
    n, _, _ = normalised_with_moments(own, x, range(1, len(x.shape) - 1), epsilon)
    return with_scale(own, n, scale)


@layer
def dropout(own: Owner, x: Expression, mask: Expression | None = None, *, rate: Share = 0.5) -> Expression:
    """Some numbers become 0 while a network is trained, the others are divided by 1 − rate; a prediction leaves all as they are.

    x, h : (batch, …)    mask : as x, or (batch, any shape of as many numbers)

    rate  the share that is dropped
    mask  1 where a number stays, 0 where it is dropped: an input of the network, say. Without one it is drawn for every step, from the
          seed of the network and the number of the step, so that a step is replayed with the same. Each number is
          dropped by itself, as in PyTorch: of few, all may be

    Raises DescriptionError, ShapeError.
    Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), Dropout, section 4; scaled in training, as in section 10.
    """
    share = 1 - rate
    if mask is not None:
        if mask.shape != x.shape:
            mask = p.reshape(mask, sizes=x.shape)
        return x * mask / share if own.training else x
    return dropped(own, x, rate)


def dropped(own: Owner, x: Expression, rate: float, symbol: str = "M") -> Expression:
    """x with a mask that is drawn in training."""
    share = 1 - rate
    return x if share == 1 or not own.training else x * own.mask(symbol, x, share)
