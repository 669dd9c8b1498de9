"""Matching: which carriers of the edges of the backward pass give the gradients that a program gave, layer by layer from the output.

Each layer is decided by its own numbers, so that two mistakes together cost no search. A candidate for δ is a carrier of the edge above
(E, or the next layer's δ) and one of the slope; it is taken where it explains ∂E/∂W or ∂E/∂b by the right carrier of that edge, times a
factor that can be read; only where none does, every carrier of those edges is tried. Cost is how many different mistakes an explanation
needs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, FrozenValue, replace
from chainrule.checking.factors import Factor
from chainrule.checking.fits import Fit, fitted, largest_magnitude
from chainrule.checking.mistakes import MISTAKES, TOGETHER, Rewriting, Situation
from chainrule.checking.probed import Probed, gradient_key

WIDTH = 12
"""So many explanations of the layers above are followed."""

SLACK = 1
"""Explanations that need so many mistakes more than the best are followed, too."""

UNEXPLAINED = 4
"""What a gradient costs that nothing explains: more than any two mistakes that would."""

EDGE_QUANTITIES = {"out": "dy", "fused": "delta", "back": "dh", "slope": "delta", "delta": "delta", "weight": "dW", "bias": "db"}
"""Which quantity is wrong first where a carrier of an edge is; the number of the layer follows."""


class Carrier(FrozenValue):
    """What is computed at an edge in place of the right value, by the numbers of the mistakes of which it is one.

    numbers  in the table, the likeliest first; () where it is none of it
    edge     where; written: as a formula, its layers in braces
    """

    numbers: tuple[int, ...]
    edge: str
    written: str = ""


class Explanation(Frozen):
    """How the gradients of the layers so far come about.

    carriers   what is computed otherwise, with the layers at which it is
    weights, biases  the fits by the number of the layer
    g, d       ∂E/∂h and δ of the lowest layer so far, probe by probe
    path       the carriers of each layer, by its number and edge, for computing the same on other numbers
    """

    carriers: Mapping[Carrier, tuple[int, ...]] = field(default_factory=dict)
    weights: Mapping[int, Fit] = field(default_factory=dict)
    biases: Mapping[int, Fit] = field(default_factory=dict)
    g: Sequence[Array | None] = ()
    d: Sequence[Array | None] = ()
    path: Mapping[tuple[int, str], Rewriting] = field(default_factory=dict)

    @cached_property
    def chosen(self) -> Mapping[int, tuple[Carrier, ...]]:
        """The fewest mistakes that are all its carriers, each with those that it is; 0 is what none of the table is."""
        left = [carrier for carrier in self.carriers if carrier.numbers]
        unknown = tuple(carrier for carrier in self.carriers if not carrier.numbers)
        found: dict[int, tuple[Carrier, ...]] = {}
        while left:
            numbers = list(dict.fromkeys(number for carrier in left for number in carrier.numbers))
            most = max(numbers, key=lambda number: sum(number in carrier.numbers for carrier in left))
            found[most] = tuple(carrier for carrier in left if most in carrier.numbers)
            left = [carrier for carrier in left if most not in carrier.numbers]
        return {**found, 0: unknown} if unknown else found

    @property
    def cost(self) -> int:
        """How many different mistakes it needs."""
        return sum(1 if number else UNEXPLAINED * len(carriers) for number, carriers in self.chosen.items())

    def extended(self, number: int, carriers: Sequence[Carrier], **changes: object) -> Explanation:
        """With the carriers of a further layer."""
        merged = dict(self.carriers)
        for carrier in carriers:
            merged[carrier] = (*merged.get(carrier, ()), number)
        return replace(self, carriers=merged, **changes)  # type: ignore[arg-type]  # fields by name


class Candidate(Frozen):
    """A δ of a layer with the carriers that lead to it; None in the place of probes on which it cannot be computed."""

    carriers: tuple[Carrier, ...]
    rewritings: Mapping[str, Rewriting]
    g: Sequence[Array | None]
    d: Sequence[Array | None]


def rewritings(edge: str) -> list[tuple[int, Rewriting]]:
    """Every row of the table at an edge, with its number."""
    return [(mistake.number, one) for mistake in MISTAKES for one in mistake.rewritings if one.edge == edge]


def right_explanation(probed: Sequence[Probed]) -> Explanation | None:
    """That by the right way alone, which costs no search; None where it does not explain everything that was given."""
    found = Explanation(g=(None,) * len(probed), d=(None,) * len(probed))
    for number in range(len(probed[0].probe.layers), 0, -1):
        candidate = next(_candidates(probed, number, found))
        fits = {edge: _fit(probed, number, edge, candidate) for edge in ("weight", "bias")}
        for edge, fit in fits.items():
            if fit is None and any(one.gradient(gradient_key(edge, number)) is not None for one in probed):
                return None
        found = _extended(number, found, candidate, (), fits["weight"], fits["bias"], {})
    return found


def explanations(probed: Sequence[Probed]) -> list[Explanation]:
    """How the gradients of all probes come about: the explanations that need the fewest mistakes, best first."""
    depth = len(probed[0].probe.layers)
    found = [Explanation(g=(None,) * len(probed), d=(None,) * len(probed))]
    for number in range(depth, 0, -1):
        further = [one for before in found for one in _layer(probed, number, before)]
        least = min(one.cost for one in further)
        found = sorted((one for one in further if one.cost <= least + SLACK), key=lambda one: one.cost)[:WIDTH]
    return found


def _layer(probed: Sequence[Probed], number: int, before: Explanation) -> Iterator[Explanation]:
    """One layer further down: every candidate that explains some of what the program gave there."""
    candidates = list(_distinct(_candidates(probed, number, before)))
    accepted, fits = list[Explanation](), list[tuple[Fit | None, Fit | None]]()
    for candidate in candidates:
        weight, bias = (_fit(probed, number, edge, candidate) for edge in ("weight", "bias"))
        fits.append((weight, bias))
        if weight is not None or bias is not None:
            accepted += _with_edges(probed, number, before, candidate, weight, bias)
    if accepted and min(one.cost for one in accepted) < before.cost + UNEXPLAINED:
        yield from accepted
        return
    for candidate, (right_weight, right_bias) in zip(candidates, fits, strict=True):
        weights = list(_other_fits(probed, number, "weight", candidate, right_weight))
        biases = list(_other_fits(probed, number, "bias", candidate, right_bias)) if weights else []
        for (weight_carrier, weight_way, weight), (bias_carrier, bias_way, bias) in itertools.product(weights, biases):
            ways = {(number, edge): way for edge, way in (("weight", weight_way), ("bias", bias_way))}
            made = _extended(number, before, candidate, (weight_carrier, bias_carrier), weight, bias, ways)
            if made.cost < before.cost + UNEXPLAINED:
                accepted.append(made)
    yield from accepted
    if not accepted:
        right = candidates[0]
        given = [edge for edge in ("weight", "bias") if any(one.gradient(gradient_key(edge, number)) is not None for one in probed)]
        observed = tuple(one.observation.quantities.get(f"delta{number}") for one in probed)
        carried = right if any(one is None for one in observed) else replace(right, d=observed)
        places = ["delta"] if "weight" in given and _of_one_error(probed, number) else given
        yield _extended(number, before, carried, [Carrier((), edge) for edge in places], None, None, {})


def _of_one_error(probed: Sequence[Probed], number: int) -> bool:
    """Are ∂E/∂W = aᵀ δ and ∂E/∂b = Σ δ those of one and the same δ, whatever it is? Where a sample has more inputs than there are samples,
    that shows.
    """
    shown = False
    for one in probed:
        weight, bias, layer = (
            one.gradient(gradient_key("weight", number)),
            one.gradient(gradient_key("bias", number)),
            one.probe.layers[number - 1],
        )
        if weight is None or weight.shape != layer.W.shape or not np.isfinite(weight).all():
            return False
        if len(layer.a) >= layer.a.shape[1] or np.linalg.matrix_rank(layer.a) < len(layer.a):
            continue
        d, shown = np.linalg.lstsq(layer.a.T, weight, rcond=None)[0], True
        for found, made in ((weight, layer.a.T @ d), (bias, d.sum(axis=0))):
            loose = (
                max(1e-6, 1e3 * one.observation.exact_to) * max(largest_magnitude(d), largest_magnitude(made))
                + 2 * one.observation.rounded_to
            )
            if found is not None and (found.shape != made.shape or np.abs(found - made).max() > loose):
                return False
    return shown


def _with_edges(
    probed: Sequence[Probed], number: int, before: Explanation, candidate: Candidate, weight: Fit | None, bias: Fit | None
) -> Iterator[Explanation]:
    """A candidate with what explains the edge of its two that the right carrier does not."""
    edges = list[list[tuple[Carrier | None, Rewriting | None, Fit | None]]]()
    for edge, fit in (("weight", weight), ("bias", bias)):
        ways: list[tuple[Carrier | None, Rewriting | None, Fit | None]] = [(None, None, fit)]
        differ = bias is not None and (weight is None or weight.factor != bias.factor)
        if fit is None or (differ and edge == "bias"):  # a factor of its own may be another carrier, where all terms are alike
            ways = [*_other_fits(probed, number, edge, candidate, fit, every=differ)] or ways
        edges.append(ways)
    weights, biases = edges
    for (weight_carrier, weight_way, one), (bias_carrier, bias_way, other) in itertools.product(weights, biases):
        carriers = [carrier for carrier in (weight_carrier, bias_carrier) if carrier is not None]
        carriers += [Carrier((), edge) for edge, fit in (("weight", one), ("bias", other)) if fit is None]
        places = {(number, edge): way for edge, way in (("weight", weight_way), ("bias", bias_way)) if way is not None}
        yield _extended(number, before, candidate, carriers, one, other, places)


def _extended(
    number: int,
    before: Explanation,
    candidate: Candidate,
    carriers: Sequence[Carrier | None],
    weight: Fit | None,
    bias: Fit | None,
    ways: Mapping[tuple[int, str], Rewriting | None],
) -> Explanation:
    path = {**before.path, **{(number, edge): one for edge, one in candidate.rewritings.items()}}
    path |= {place: way for place, way in ways.items() if way is not None}
    return before.extended(
        number,
        [*candidate.carriers, *(carrier for carrier in carriers if carrier is not None)],
        weights={**before.weights, **({} if weight is None else {number: weight})},
        biases={**before.biases, **({} if bias is None else {number: bias})},
        g=candidate.g,
        d=candidate.d,
        path=path,
    )


# Candidates for δ


def situation(one: Probed, number: int, g: Array | None = None, d: Array | None = None, **above: Array | None) -> Situation:
    """A layer of a probe, with what is carried to it."""
    layers = one.probe.layers
    return Situation(one.probe, layers[number - 1], layers[number] if number < len(layers) else None, g, d, **above)


class PerProbe(Sequence["Array | None"]):
    """What a candidate gives on each probe, computed when it is asked for: most are wrong on the first, and need not be known on others."""

    def __init__(self, count: int, computes: Callable[[int], Array | None]) -> None:
        self._count, self._computes, self._known = count, computes, dict[int, "Array | None"]()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        if not 0 <= place < self._count:
            raise IndexError(place)
        if place not in self._known:
            self._known[place] = self._computes(place)
        return self._known[place]


def _candidates(probed: Sequence[Probed], number: int, before: Explanation) -> Iterator[Candidate]:
    last = number == len(probed[0].probe.layers)
    above = [
        {} if last else {"gn": gn, "dn": dn, "moved": one.moved(number + 1)} for one, gn, dn in zip(probed, before.g, before.d, strict=True)
    ]
    bare = [situation(one, number, **more) for one, more in zip(probed, above, strict=True)]
    each = partial(PerProbe, len(probed))
    edge = "out" if last else "back"
    right = each(lambda place: bare[place].probe.truth["dy"] if last else _carried(bare[place]))
    delta = each(lambda place: bare[place].probe.truth[f"delta{number}"])

    def carried(way: Rewriting | None) -> Sequence[Array | None]:
        return right if way is None else each(lambda place: _value(way, bare[place]))

    def sloped(way: Rewriting | None, g: Sequence[Array | None]) -> Sequence[Array | None]:
        def at(place: int) -> Array | None:
            s = replace(bare[place], g=g[place])
            return _sloped(s) if way is None else _value(way, s)

        return each(at)

    def fused(way: Rewriting) -> Sequence[Array | None]:
        return each(lambda place: _value(way, replace(bare[place], g=right[place], d=delta[place])))

    if last and bare[0].together:  # the same as the long way, but where y is not f(z): then people have y − t all the same
        yield Candidate((), {}, right, delta)
    above_ways = [((), None), *(((n,), way) for n, way in rewritings(edge)), *((both, way) for both, way in TOGETHER if way.edge == edge)]
    for numbers, way in above_ways:
        g = carried(way)
        carriers = () if way is None else tuple(Carrier((n,), edge, way.written) for n in numbers)
        ways = {} if way is None else {edge: way}
        yield Candidate(carriers, ways, g, sloped(None, g))
        for n, lower in rewritings("slope"):
            yield Candidate((*carriers, Carrier((n,), "slope", lower.written)), {**ways, "slope": lower}, g, sloped(lower, g))
    if last and bare[0].together:
        for n, way in rewritings("fused"):
            yield Candidate((Carrier((n,), "fused", way.written),), {"fused": way}, right, fused(way))


def _carried(s: Situation) -> Array | None:
    if s.dn is None or s.following is None or s.dn.shape[1] != s.following.W.shape[1]:
        return None
    return np.asarray(s.dn @ s.following.W.T)


def _sloped(s: Situation) -> Array | None:
    if s.g is None or not np.isfinite(s.g).all():
        return None
    try:
        return s.layer.carried(s.g)
    except (ValueError, IndexError):
        return None


def _value(way: Rewriting, s: Situation) -> Array | None:
    """A rewriting on one probe; None where it cannot be computed, for want of something or because shapes do not fit."""
    if (
        (way.edge in ("slope",) and s.g is None)
        or (way.edge == "back" and s.dn is None)
        or (way.edge in ("weight", "bias") and s.d is None)
    ):
        return None
    try:
        with np.errstate(all="ignore"):
            value = way.computes(s)
    except (ValueError, IndexError, AssertionError):
        return None
    return value if value is not None and np.isfinite(value).all() else None


def _distinct(candidates: Iterator[Candidate]) -> Iterator[Candidate]:
    """Each δ once, under the names of all that lead to it by equally many mistakes; what the right way gives is no mistake."""
    kept, alike = list[Candidate](), dict[bytes, list[int]]()
    for candidate in candidates:
        if all(one is None for one in candidate.d):
            continue
        near = alike.setdefault(_digest(candidate.d[0]) + _digest(candidate.g[0]), [])
        place = next((place for place in near if _same(kept[place], candidate)), None)
        if place is None:
            near.append(len(kept))
            kept.append(candidate)
        elif len(candidate.carriers) < len(kept[place].carriers):
            kept[place] = candidate
        elif len(candidate.carriers) == len(kept[place].carriers):
            kept[place] = replace(kept[place], carriers=_tied(kept[place].carriers, candidate.carriers))
    yield from kept


def _same(one: Candidate, other: Candidate) -> bool:
    """Are their δ, and their ∂E/∂h, the same on every probe?"""
    pairs = itertools.chain(zip(one.d, other.d, strict=True), zip(one.g, other.g, strict=True))
    return all(a is b or _digest(a) == _digest(b) for a, b in pairs)


def _tied(mine: tuple[Carrier, ...], others: tuple[Carrier, ...]) -> tuple[Carrier, ...]:
    """Carriers with the numbers of others that give the same, where they differ at one place; so nobody is told a mixture of two."""
    differing = [place for place, (one, other) in enumerate(zip(mine, others, strict=True)) if not set(other.numbers) <= set(one.numbers)]
    if len(differing) != 1:
        return mine
    (place,) = differing
    more = tuple(number for number in others[place].numbers if number not in mine[place].numbers)
    one = mine[place]
    return (*mine[:place], Carrier((*one.numbers, *more), one.edge, one.written), *mine[place + 1 :])


def _digest(array: Array | None) -> bytes:
    if array is None:
        return b"-"
    largest = float(np.abs(array).max(initial=0.0)) or 1.0
    return np.round(array / largest, 8).__add__(0.0).tobytes() + f"{largest:.8g}".encode()


def _right(edge: str, s: Situation) -> Array | None:
    if s.d is None or s.d.shape[1] != s.layer.W.shape[1] or s.d.shape[0] != s.layer.a.shape[0]:
        # An error of n × n goes on as if it were δ: its products have shapes of their own.
        return None if s.d is None or s.d.shape[0] != s.layer.a.shape[0] else s.layer.a.T @ s.d if edge == "weight" else s.d.sum(axis=0)
    if edge == "bias":
        return np.full(1, s.d.sum()) if s.layer.shares_bias else np.asarray(s.d.sum(axis=0))
    return np.asarray(s.layer.a.T @ s.d)


def _size(edge: str, s: Situation) -> float:
    """How large the terms are of which the sum is taken: what round-off is measured by."""
    if s.d is None:
        return 0.0
    d = np.abs(s.d)
    with np.errstate(all="ignore"):
        return float((np.abs(s.layer.a).T @ d).max(initial=0.0) if edge == "weight" else d.sum(axis=0).max(initial=0.0))


def _fit(probed: Sequence[Probed], number: int, edge: str, candidate: Candidate) -> Fit | None:
    """How what was given follows from δ by the right carrier; None where it does not, or where nothing was given."""

    @cache
    def terms(place: int) -> tuple[Array | None, float]:
        s = situation(probed[place], number, candidate.g[place], candidate.d[place])
        return _right(edge, s), _size(edge, s)

    return fitted(probed, number, edge, terms)


def _other_fits(
    probed: Sequence[Probed], number: int, edge: str, candidate: Candidate, right: Fit | None, *, every: bool = False
) -> Iterator[tuple[Carrier | None, Rewriting | None, Fit]]:
    """Every way to compute what was given from δ: the right one first, and alone, where it gives that; others beside it if `every`."""
    if right is not None:
        yield None, None, right
        if not every:
            return
    if all(one.gradient(gradient_key(edge, number)) is None for one in probed):
        yield None, None, Fit(None)
        return
    if (longer := _one_longer(probed, number, edge, candidate)) is not None:
        yield Carrier((27,), edge, "(δ{l}, δ0)"), None, longer
        return
    there = cache(lambda place: situation(probed[place], number, candidate.g[place], candidate.d[place]))
    size = cache(lambda place: _size(edge, there(place)))
    found: dict[tuple[Factor | None, Factor | None], tuple[Carrier, Rewriting, Fit]] = {}
    for n, way in rewritings(edge):

        @cache
        def terms(place: int, way: Rewriting = way) -> tuple[Array | None, float]:
            value = _value(way, there(place))
            return value, max(size(place), largest_magnitude(value))

        fit = fitted(probed, number, edge, terms)
        if fit is None:
            continue
        known = found.get((fit.factor, fit.penalty))
        if known is None:
            found[fit.factor, fit.penalty] = (Carrier((n,), edge, way.written), way, fit)
        elif n not in known[0].numbers:
            found[fit.factor, fit.penalty] = (replace(known[0], numbers=(*known[0].numbers, n)), known[1], known[2])
    yield from found.values()


def _one_longer(probed: Sequence[Probed], number: int, edge: str, candidate: Candidate) -> Fit | None:
    """How what was given follows by the right carrier, but for one column too many: that of a bias unit."""
    for columns in (slice(None, -1), slice(1, None)):
        shorter = [one.without(gradient_key(edge, number), columns) for one in probed]
        if all(one is not None for one in shorter):
            fit = _fit([one for one in shorter if one is not None], number, edge, candidate)
            if fit is not None:
                return fit
    return None


def followed(explanation: Explanation, one: Probed) -> dict[str, Array] | None:
    """The gradients that the same program would give on another pass, by "W1", "b1" …; None where something is not explained."""
    if 0 in explanation.chosen:
        return None
    found: dict[str, Array] = {}
    g: Array | None = None
    d: Array | None = None
    for number in range(len(one.probe.layers), 0, -1):
        last = number == len(one.probe.layers)
        s = situation(one, number, **({} if last else {"gn": g, "dn": d, "moved": one.moved(number + 1)}))
        upper = explanation.path.get((number, "out" if last else "back"))
        g = _value(upper, s) if upper is not None else s.probe.truth["dy"] if last else _carried(s)
        s = replace(s, g=g)
        fused, lower = explanation.path.get((number, "fused")), explanation.path.get((number, "slope"))
        if fused is not None:
            d = _value(fused, replace(s, d=s.probe.truth[f"delta{number}"]))
        else:
            d = _value(lower, s) if lower is not None else _sloped(s)
        s = replace(s, d=d)
        for edge, fits in (("weight", explanation.weights), ("bias", explanation.biases)):
            fit, way = fits.get(number), explanation.path.get((number, edge))
            parameter = s.layer.W if edge == "weight" else s.layer.b
            if fit is None or parameter is None:
                continue
            value = _value(way, s) if way is not None else _right(edge, s)
            if value is None or value.shape != parameter.shape:
                return None
            value = value * (1.0 if fit.factor is None else fit.factor.at(one.extent(number)))
            if fit.penalty is not None:
                value = value + fit.penalty.at(one.extent(number)) * (one.probe.penalty or 1.0) * parameter
            found[gradient_key(edge, number)[1:]] = value
    return found
