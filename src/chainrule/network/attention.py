"""Attention: what is said about the place of tokens, attention itself, and the blocks of a transformer; and layers with gates."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from chainrule.base.errors import ShapeError
from chainrule.base.printing import counted
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.network.layers import checked_size, layer
from chainrule.network.normalization import dropped, normalised_with_moments, with_scale
from chainrule.network.options import Share
from chainrule.network.owner import Owner
from chainrule.network.spatial import sequence_shape, spatial_extents

HIDDEN = -1e30
"""The score of a place that must not be looked at; its share is exactly 0. float32 has it, too."""


def heads_of(x: Expression, heads: int) -> Expression:
    """(batch, length, features) as (batch, heads, length, features / heads)."""
    batch, length, features = x.shape
    if heads == 1:
        return p.reshape(x, sizes=(batch, 1, length, features))
    return p.transpose(p.reshape(x, sizes=(batch, length, heads, int(features) // heads)), axes=(0, 2, 1, 3))


def no_later(rows: int, columns: int, ahead: int = 0) -> Expression:
    """[j ≤ i + ahead] for each row i and column j: who looks back sees what does not come after it."""
    here = p.spread(p.position(extent=rows) + (ahead + 1), axes=(1,), sizes=(columns,))
    return here > p.spread(p.position(extent=columns), axes=(0,), sizes=(rows,))


def looked_at(own: Owner, q: Expression, k: Expression, v: Expression, *, causal: bool, mask: Expression | None) -> Expression:
    """softmax(q kᵀ / √d) v; all of shape (batch, heads, length, d), and those of k and v of another length, perhaps."""
    d, rows, columns = int(q.shape[-1]), int(q.shape[2]), int(k.shape[2])
    scores = own.named("S", q @ p.swapped(k) / p.sqrt(d))
    seen: list[Expression] = []
    if causal:
        seen.append(p.spread(no_later(rows, columns, ahead=columns - rows), axes=(0, 1), sizes=scores.shape[:2]))
    if mask is not None:
        seen.append(mask > 0.5)
    for one in seen:
        scores = p.select(one, scores, HIDDEN)
    share = p.softmax(scores, axis=3)
    if mask is not None:  # one who may look at nothing gets nothing
        share = share * seen[-1]
        if causal:
            share = share * seen[0]
    return own.named("A", share) @ v


def _mask_for(mask: Expression | None, heads: int, rows: int, columns: int) -> Expression | None:
    """(batch, columns), who may be looked at, or (batch, rows, columns), by whom, for every head."""
    if mask is None:
        return None
    batch = mask.shape[0]
    if mask.shape == (batch, columns):
        return p.spread(mask, axes=(1, 2), sizes=(heads, rows))
    if mask.shape in ((batch, rows, columns), (batch, rows * columns)):
        return p.spread(p.reshape(mask, sizes=(batch, rows, columns)), axes=(1,), sizes=(heads,))
    raise ShapeError(f"the mask of an attention is ({columns},) or ({rows}, {columns}) for each example, not {mask.shape[1:]}.")


def attended_by_heads(
    own: Owner,
    x: Expression,
    memory: Expression | None,
    mask: Expression | None,
    *,
    heads: int,
    causal: bool,
    bias: bool,
    rotary: bool,
) -> Expression:
    """Multi-head attention with parameters WQ, WK, WV and WO."""
    length, features = sequence_shape(x)
    source = x if memory is None else memory
    columns, depth = sequence_shape(source)
    checked_size(heads, "heads")
    if features % heads:
        raise ShapeError(f"{counted(features, 'feature')} cannot be divided among {heads} heads.")
    if causal and columns < length:
        raise ShapeError(f"no one of {length} steps can look back at a memory of {columns} as if it were its own past.")

    def linear(signal: Expression, inputs: int, letter: str) -> Expression:
        z = signal @ own.parameter(f"W{letter}", inputs, features, start="glorot_uniform")
        return z + own.parameter(f"b{letter}", features) if bias else z

    q, k, v = linear(x, features, "Q"), linear(source, depth, "K"), linear(source, depth, "V")
    q, k, v = own.named("Q", heads_of(q, heads)), own.named("K", heads_of(k, heads)), own.named("V", heads_of(v, heads))
    if rotary:
        q, k = own.named("Qr", rotated(q)), own.named("Kr", rotated(k))
    found = looked_at(own, q, k, v, causal=causal, mask=_mask_for(mask, heads, length, columns))
    joined = found if heads == 1 else p.transpose(found, axes=(0, 2, 1, 3))
    together = own.named("C", p.reshape(joined, sizes=(x.shape[0], length, features)))
    return linear(together, features, "O")


@layer
def attention(
    own: Owner, q: Expression, k: Expression, v: Expression, mask: Expression | None = None, *, causal: bool = False
) -> Expression:
    """Scaled dot-product attention, without parameters: A = softmax(q kᵀ / √d), h = A v.

    q : (batch, length, d)    k : (batch, places, d)    v : (batch, places, features)    A : (batch, 1, length, places)

    causal  no step sees a later one
    mask    (batch, places) or (batch, length, places): 1 where it may be looked, 0 where not; one who may look at nothing gets zeros

    Raises ShapeError.
    Source: Vaswani et al. (2017), Attention is all you need, eq. 1.
    """
    for signal in (q, k, v):
        sequence_shape(signal)
    if q.shape[2] != k.shape[2] or k.shape[1] != v.shape[1]:
        raise ShapeError(
            f"q and k need as many features each, k and v as many places, but they are {q.shape[1:]}, {k.shape[1:]} and {v.shape[1:]}."
        )
    mask = _mask_for(mask, 1, int(q.shape[1]), int(k.shape[1]))
    found = looked_at(own, heads_of(q, 1), heads_of(k, 1), heads_of(v, 1), causal=causal, mask=mask)
    return p.reshape(found, sizes=(q.shape[0], q.shape[1], v.shape[2]))


@layer
def multi_head_attention(
    own: Owner,
    x: Expression,
    memory: Expression | None = None,
    mask: Expression | None = None,
    *,
    heads: int = 1,
    causal: bool = False,
    bias: bool = True,
    rotary: bool = False,
) -> Expression:
    """Several attentions side by side, on parts of the features: Q = x WQ, K = m WK, V = m WV, A = softmax(Q Kᵀ / √d), h = (A V) WO.

    x, h : (batch, length, features)    m, the memory : (batch, places, depth); x itself if it is not given
    WQ, WO : (features, features)    WK, WV : (depth, features)    A : (batch, heads, length, places)

    heads   into which the features are divided, d = features / heads
    causal, mask  as of `attention`
    bias    b for each of the four products
    rotary  whether Q and K are turned by their places, as `rotary` does

    Raises ShapeError, DescriptionError.
    Source: Vaswani et al. (2017), Attention is all you need, section 3.2.2.
    """
    return attended_by_heads(own, x, memory, mask, heads=heads, causal=causal, bias=bias, rotary=rotary)


# Places


def angles(length: int, features: int, pairs: bool) -> Expression:
    """place / 10000^(2i / features) : (length, features / 2), or with every column twice: (length, features)."""
    columns = p.position(extent=features) if pairs else p.position(extent=features // 2)
    pair = p.floor(columns / 2) if pairs else columns
    frequency = p.exp(pair * Fraction(-2, features) * p.log(10000))
    return p.spread(p.position(extent=length), axes=(1,), sizes=frequency.shape) * p.spread(frequency, axes=(0,), sizes=(length,))


@layer
def sinusoidal_position(own: Owner, x: Expression) -> Expression:
    """x + P, where P[t, 2i] = sin(t / 10000^(2i / features)) and P[t, 2i+1] = cos of the same; places t are counted from 0.

    x, h : (batch, length, features)

    Raises ShapeError.
    Source: Vaswani et al. (2017), Attention is all you need, section 3.5.
    """
    length, features = sequence_shape(x)
    angle = angles(length, features, pairs=True)
    column = p.position(extent=features)
    odd = p.spread(column - 2 * p.floor(column / 2), axes=(0,), sizes=(length,))
    return x + own.named("P", p.select(odd > 0.5, p.cos(angle), p.sin(angle)))


@layer
def learned_position(own: Owner, x: Expression) -> Expression:
    """x + P, where P is learned, a row for every place.

    x, h : (batch, length, features)    P : (length, features)

    Raises ShapeError.
    Source: Gehring, Auli, Grangier, Yarats & Dauphin (2017), Convolutional sequence to sequence learning, section 3.1.
    """
    length, features = sequence_shape(x)
    return x + own.parameter("P", length, features, start={"name": "normal", "deviation": 0.02})


def rotated(x: Expression) -> Expression:
    """Every pair of features turned by the angle of its place: (a, b) → (a cos θ − b sin θ, a sin θ + b cos θ).

    x : (…, length, features)
    """
    *lead, length, features = x.shape
    if int(features) % 2:
        raise ShapeError(f"rotary positions turn pairs of features, but there are {features}; take an even number for each head.")
    angle = angles(int(length), int(features), pairs=False)
    outer = tuple(range(len(lead)))
    cosine, sine = (p.spread(turn, axes=outer, sizes=tuple(lead)) for turn in (p.cos(angle), p.sin(angle)))
    pairs = p.reshape(x, sizes=(*lead, length, int(features) // 2, 2))
    last = len(pairs.shape) - 1
    a, b = (p.reshape(p.part(pairs, axis=last, start=i, stop=i + 1), sizes=(*lead, length, int(features) // 2)) for i in (0, 1))
    turned = (a * cosine - b * sine, a * sine + b * cosine)
    return p.reshape(p.join(*(p.reshape(one, sizes=(*one.shape, 1)) for one in turned), axis=last), sizes=x.shape)


@layer
def rotary_position(own: Owner, x: Expression) -> Expression:
    """Every pair of features is turned by the angle t / 10000^(2i / features) of its place t, counted from 0.

    x, h : (batch, length, features), an even number of them

    Products of two turned rows depend on how far they are apart alone. Raises ShapeError.
    Source: Su, Lu, Pan, Murtadha, Wen & Liu (2021), RoFormer: enhanced transformer with rotary position embedding, eq. 34.
    """
    sequence_shape(x)
    return rotated(x)


# Blocks


@layer
def transformer_block(
    own: Owner,
    x: Expression,
    mask: Expression | None = None,
    *,
    heads: int = 1,
    units: int | None = None,
    activation: Any = "gelu",
    causal: bool = False,
    first: bool = True,
    rotary: bool = False,
    rate: Share = 0.0,
    epsilon: Share = 1e-5,
) -> Expression:
    """Attention and two dense layers, each beside a way that leads past it: x + attention(norm(x)), then h + f(norm(h) W + b) U + d.

    x, h : (batch, length, features)    W : (features, units)    U : (units, features)

    units   of the wide layer between; four times the features if nothing is said
    first   layer normalisation comes before each part (pre-LN); False: after the sum, as in the original (post-LN)
    rate    of a dropout of what each part adds
    heads, causal, rotary, mask  as of `multi_head_attention`

    Raises ShapeError, DescriptionError.
    Source: Vaswani et al. (2017), section 3.1; normalised first as in Xiong et al. (2020), On layer normalization in the transformer.
    """
    _, features = sequence_shape(x)
    wide = 4 * features if units is None else checked_size(units, "units of a block")

    def norm(signal: Expression, suffix: str) -> Expression:
        owner = own.inner(suffix)
        return owner.named("l", with_scale(owner, normalised_with_moments(owner, signal, (2,), epsilon)[0], True))

    def look(signal: Expression) -> Expression:
        added = attended_by_heads(own, signal, None, mask, heads=heads, causal=causal, bias=True, rotary=rotary)
        return dropped(own, added, rate, "Ma")

    def think(signal: Expression) -> Expression:
        return dropped(own, own.linear(own.activated(activation, own.linear(signal, wide), "f"), features, "U", "d"), rate, "Mf")

    if first:
        h = own.named("r", x + look(norm(x, "a")))
        return h + think(norm(h, "b"))
    h = norm(x + look(x), "a")
    return norm(h + think(h), "b")


# Gates


@layer
def glu(own: Owner, x: Expression, *, units: int, activation: Any = "sigmoid", bias: bool = True) -> Expression:
    """A gated linear unit: h = (x W + b) ⊙ f(x V + c).

    x : (batch, …, inputs)    W, V : (inputs, units)    b, c : (units,)    h : (batch, …, units)

    activation  of the gate: "sigmoid"; with "silu" it is SwiGLU, with "gelu" GEGLU

    Source: Dauphin, Fan, Auli & Grangier (2017), Language modeling with gated convolutional networks, eq. 1; Shazeer (2020), GLU variants.
    """
    return own.linear(x, units, bias="b" if bias else None) * own.activated(
        activation, own.linear(x, units, "V", "c" if bias else None), "g"
    )


@layer
def highway(own: Owner, x: Expression, *, activation: Any = "relu") -> Expression:
    """T ⊙ f(x W + b) + (1 − T) ⊙ x, with T = σ(x U + c).

    x, h : (batch, …, inputs)    W, U : (inputs, inputs)    b, c : (inputs,)

    Source: Srivastava, Greff & Schmidhuber (2015), Highway networks, eq. 3.
    """
    n = int(x.shape[-1])
    T = own.activated("sigmoid", own.linear(x, n, "U", "c"), "T")
    return T * own.activated(activation, own.linear(x, n), "H") + (1 - T) * x


@layer
def squeeze_excite(own: Owner, x: Expression, *, units: int) -> Expression:
    """Every channel times a gate that all channels decide: x ⊙ s, s = σ(ReLU(q W + b) V + c), where q is the mean over all places.

    x, h : (batch, places …, channels)    W : (channels, units)    V : (units, channels)    q, s : (batch, channels)

    Raises ShapeError.
    Source: Hu, Shen & Sun (2018), Squeeze-and-excitation networks, eqs. 2 to 4.
    """
    places = spatial_extents(x)
    axes = tuple(range(1, 1 + len(places)))
    q = own.named("q", p.mean(x, axes=axes))
    inner = own.activated("relu", own.linear(q, units), "e")
    s = own.activated("sigmoid", own.linear(inner, int(x.shape[-1]), "V", "c"), "s")
    return x * p.spread(s, axes=axes, sizes=places)
