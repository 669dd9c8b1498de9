"""Where a program keeps its parameters: in attributes, dicts, lists of arrays, lists of neurons; found by names and shapes, read and set.

Nothing is asked of the program but that somewhere there are numbers whose shapes fit one behind the other.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, FrozenValue, replace
from chainrule.learners.layout import SHARED, Bias, Probe, Unreadable
from chainrule.learners.names import as_kind, compact, ranked
from chainrule.learners.stored import Stored, of_integers, rows_as_one, with_rows_joined

_NOT = re.compile(
    r"^(?:d|grad|nabla|delta|del|m|v|s|vel|velocity|prev|last|old|mom|momentum|best|init|cache|change|c|acc|update|sum)_?(?:d?w|d?b|weight|bias|theta)",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(
    r"(?:grad|gradients?|delta|deltas|velocity|momentum|momentums|change|changes|prev|old|cache|history|(?<=[wb])[mv]|update|copy)s?\d*$",
    re.IGNORECASE,
)

_BESIDE = re.compile(
    r"(?:^|[\W_])(?:m|v|s|u|vd|sd|vel\w*|mom\w*|cache\w*|d|grads?|gradients?|exp_avg\w*|sq\w*|prev\w*|old\w*|best\w*)\d?\[[\"'][^\"']*[\"']\]$",
    re.IGNORECASE,
)
"""Paths of what stands under a weight's name in a dict of something else: m["W1"] of Adam."""


class Parameters(Frozen):
    """The places of W and b of every layer, and how they are written.

    units_first, inside   as in `Layout`
    held     for each layer whether its bias stands in its W
    frozen   biases that units share and that stay what they are, as on paper: they are set to 0
    """

    weights: list[Stored]
    biases: list[Stored | None]
    units_first: bool
    inside: str
    sizes: tuple[int, ...]
    held: tuple[bool, ...] = ()
    frozen: list[Stored] = field(default_factory=list)

    @property
    def has(self) -> tuple[Bias, ...]:
        """For each layer whether it has a bias."""
        shared = [leaf is not None and math.prod(leaf.shape) < units for leaf, units in zip(self.biases, self.sizes[1:], strict=True)]
        return tuple(SHARED if one else leaf is not None or held for one, leaf, held in zip(shared, self.biases, self.held, strict=True))

    def numbers_of_one_unit(self) -> bool:
        """Is the bias of a layer with one unit a number? Where it begins at 0, a way that leaves it out is not told from this by a pass."""
        return any(units == 1 and leaf is not None and not leaf.shape for leaf, units in zip(self.biases, self.sizes[1:], strict=True))

    def fits(self, probe: Probe) -> bool:
        """Are they of a probe's sizes, in its layout?"""
        layout = probe.layout
        return self.sizes == probe.sizes and self.units_first == layout.units_first and bool(self.inside) == bool(layout.inside)

    def set(self, probe: Probe) -> None:
        """Write a probe's parameters, perhaps of other sizes. Raises Unreadable where they cannot be of these."""
        for leaf in self.frozen:
            leaf.put(np.zeros(leaf.shape))
        for number, leaf in enumerate(self.weights):
            w, bias, b = probe.own_w(number), self.biases[number], probe.biases[number]
            try:
                leaf.put(w)
                if bias is not None and b is not None:
                    bias.put(b.reshape(self._shape(bias, number, len(b), columns=probe.layout.columns) if b.ndim else bias.shape))
            except (ValueError, TypeError):
                raise Unreadable(leaf.path) from None

    def _shape(self, bias: Stored, number: int, units: int, *, columns: bool) -> tuple[int, ...]:
        """The shape of a bias of so many units, as the program has its own."""
        own = self.sizes[number + 1]
        if own == units:
            return bias.shape
        if own == 1 and bias.shape:
            return (units,) if len(bias.shape) == 1 else (units, 1) if columns else (1, units)
        return tuple(units if extent == own != 1 else extent for extent in bias.shape)

    def integers(self) -> tuple[str, ...]:
        """Which of them are arrays of integers."""
        return tuple(leaf.path for _, leaf in self.named() if leaf.slot is not None and of_integers(leaf.slot.get()))

    def named(self) -> list[tuple[str, Stored]]:
        """The places with W1, W2 …, b1 …"""
        biases = [(f"b{number}", leaf) for number, leaf in enumerate(self.biases, start=1) if leaf is not None]
        return [*((f"W{number}", leaf) for number, leaf in enumerate(self.weights, start=1)), *biases]

    def arrays(self) -> dict[str, Any]:
        """The array objects in which they are kept, by W1, b1 …, where they are kept in arrays."""
        held = {key: leaf.slot.get() for key, leaf in self.named() if leaf.slot is not None}
        return {key: value for key, value in held.items() if isinstance(value, np.ndarray) and value.ndim}

    def read(self, probe: Probe) -> dict[str, Array]:
        """The parameters as they are now, in chainrule's layout."""
        result: dict[str, Array] = {}
        for number, leaf in enumerate(self.weights):
            result.update(probe.read_w(leaf.get(), number))
            bias = self.biases[number]
            if bias is not None:
                result.update(probe.read_b(bias.get(), number))
        return result

    def weight_paths(self) -> list[str]:
        """The path of every number or array that is part of a W."""
        return [path for leaf in self.weights for path in leaf.path.split(", ")]

    def names(self) -> dict[str, str]:
        """What the program calls them."""
        return {key: leaf.path for key, leaf in self.named()}


_OLD = re.compile(r"^(?:old|prev|previous|last)_?|_(?:old|prev|previous|last|before)$", re.IGNORECASE)
"""Names of what is kept from before a step."""


def shared_arrays(roots: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, ...]:
    """What was to be kept of a parameter, and is the very array that changes: "W1: ws[0], ws[1]", or "W1: old, w".

    roots   variables or attributes of a program after its steps
    names   what the program calls its parameters
    before, now  the arrays of its parameters before and after them; what is not the same array any more was not changed in place
    """
    found = list[str]()
    inplace = {key: value for key, value in now.items() if before.get(key) is value}
    known = {id(value): key for key, value in {**before, **now}.items()}
    for name, value in roots.items():
        if isinstance(value, list) and len(value) > 1 and all(isinstance(one, np.ndarray) for one in value):
            places = [place for place, one in enumerate(value) if id(one) in known]
            twice = next((pair for pair in itertools.combinations(places, 2) if value[pair[0]] is value[pair[1]]), None)
            if twice is not None:
                found.append(f"{known[id(value[twice[0]])]}: {name}[{twice[0]}], {name}[{twice[1]}]")
        elif _OLD.search(name) and (key := next((key for key, one in inplace.items() if one is value), "")):
            found.append(f"{key}: {name}, {names.get(key, key)}")
    return tuple(found)


def parameter_places(found: list[Stored], limit: int = 12) -> Iterator[Parameters]:
    """Ways to read numbers as the parameters of a network, the likeliest first: names propose, and the numbers decide among them."""
    found = _without_buffers(with_rows_joined(found))
    kept = [
        _column(leaf) if len(leaf.shape) == 1 and "[" not in leaf.path and as_kind(leaf.name, "W") and not as_kind(leaf.name, "b") else leaf
        for leaf in found
        if not _NOT.match(leaf.name) and not _NOT_AFTER.search(compact(leaf.name)[1:]) and not _BESIDE.search(leaf.path)
    ]
    matrices = [leaf for leaf in kept if len(leaf.shape) == 2]
    biases = [leaf for leaf in kept if as_kind(leaf.name, "b") and not (as_kind(leaf.name, "W") and _wide(leaf))]
    taken = {leaf.path for leaf in biases}
    nameless = [
        leaf for leaf in kept if leaf.path not in taken and not _wide(leaf) and not as_kind(leaf.name, "x", "t", "dW", "db", "rate")
    ]
    count = 0
    for group in _groups([leaf for leaf in matrices if leaf.path not in taken]):
        for chain in _chains(group):
            several = [leaf for leaf in biases if leaf.shape]
            ways = [_with_biases(chain, *given) for given in ((several, nameless), (several, []), (biases, []))]
            known = {way.has: way for way in (ways[2], ways[0], ways[1]) if way is not None}  # the last of those that are alike
            numbers_of_layers = [leaf for leaf in biases if not leaf.shape]
            for way in sorted(ways, key=lambda way: way is None or not way.numbers_of_one_unit()):
                if way is not None and known[way.has] is way and count < limit:
                    count += 1
                    yield way
                    if numbers_of_layers and not any(way.has):  # each added to a whole layer, and not trained
                        yield replace(way, frozen=numbers_of_layers)


_BUFFERS = re.compile(r"[mvsuhgra]|v_?[tw]|vel\w*|mom\w*|cache\w*|moment\w*|acc\w*|grads?\w*|sq\w*|prev\w*|exp_avg\w*", re.IGNORECASE)
"""What lists are called in which an update rule keeps something for each parameter."""


def _without_buffers(found: list[Stored]) -> list[Stored]:
    """Without m[0], m[1] … and v[0], v[1] … beside params[0], params[1] …: lists of the very shapes of another, by their names."""
    lists = dict[str, list[tuple[int, ...]]]()
    owners = {leaf.path: match[1] for leaf in found if (match := re.fullmatch(r"(.+)\[\d+\]", leaf.path))}
    for leaf in found:
        if leaf.path in owners:
            lists.setdefault(owners[leaf.path], []).append(leaf.shape)
    buffers = {name for name in lists if _BUFFERS.fullmatch(_last(name).strip("_"))}
    twins = {name for name in buffers if any(lists[other] == lists[name] for other in lists.keys() - buffers)}
    return [leaf for leaf in found if owners.get(leaf.path) not in twins]


def _wide(leaf: Stored) -> bool:
    """Is it a matrix, and neither a row nor a column?"""
    return len(leaf.shape) == 2 and min(leaf.shape) > 1


def _column(leaf: Stored) -> Stored:
    """Weights of one unit, written as a vector, as a matrix (inputs, 1)."""
    return Stored(leaf.path, (*leaf.shape, 1), lambda: leaf.get()[:, None], lambda new: leaf.put(np.asarray(new).ravel()), leaf.slot, True)


def _row(leaf: Stored) -> Stored:
    """The same as a matrix (1, inputs)."""
    return Stored(leaf.path, leaf.shape[::-1], lambda: leaf.get().T, lambda new: leaf.put(np.asarray(new).T), leaf.slot, True)


def _groups(matrices: list[Stored]) -> Iterator[list[Stored]]:
    """Which of the matrices may be the weights, in the order of the layers: those with such names; else such as fit one behind the other,
    while those that are left are rows or columns, as biases are.
    """
    met: list[list[str]] = []

    def new(group: list[Stored]) -> bool:
        paths = [leaf.path for leaf in group]
        if paths in met or not group:
            return False
        met.append(paths)
        return True

    named = [leaf for leaf in matrices if as_kind(leaf.name, "W") or as_kind(leaf.path, "W")]
    order = {path: place for place, path in enumerate(_ranked([leaf.path for leaf in named]))}
    for group in (sorted(named, key=lambda leaf: order[leaf.path]), named, named[::-1], matrices, matrices[::-1]):
        if new(group):
            yield group
    if len(matrices) <= 8:
        for count in sorted(range(1, len(matrices)), key=lambda count: abs(2 * count - len(matrices))):
            for places in itertools.combinations(range(len(matrices)), count):
                group = [matrices[place] for place in places]
                if not any(_wide(leaf) for place, leaf in enumerate(matrices) if place not in places):
                    yield from (one for one in (group, group[::-1]) if new(one))


def _ranked(paths: list[str]) -> list[str]:
    """In the order of their layers: by the number in their name, or else in a list; otherwise as they stand."""
    indices = [re.findall(r"\[(\d+)\]", path) for path in paths]
    if all(indices) and len({_last(path) for path in paths}) == 1:
        return [path for _, path in sorted(zip(((int(index[0]), place) for place, index in enumerate(indices)), paths, strict=True))]
    byname = {_last(path): path for path in paths}
    return [byname[name] for name in ranked(list(byname), "W")] if len(byname) == len(paths) else paths


def _last(path: str) -> str:
    return str((re.findall(r"[^\W\d]\w*", path) or [path])[-1])


def _chains(group: list[Stored]) -> Iterator[tuple[list[Stored], bool, tuple[bool, ...]]]:
    """All of the group one behind the other, in either orientation, with the bias inside all of them, the first, or none."""
    if not 1 <= len(group) <= 8:
        return
    several = len(group) > 1
    for held in ((False,) * len(group), (True,) * len(group), *([(True, *(False,) * (len(group) - 1))] if several else [])):
        for units_first in (False, True):
            turned = [_row(leaf) if leaf.vector and units_first else leaf for leaf in group]
            ends = [(leaf.shape[1], leaf.shape[0]) if units_first else leaf.shape for leaf in turned]
            if all(before[1] + extra == after[0] for before, after, extra in zip(ends, ends[1:], held[1:], strict=False)):
                yield turned, units_first, held


def _with_biases(chain: tuple[list[Stored], bool, tuple[bool, ...]], biases: list[Stored], nameless: list[Stored]) -> Parameters | None:
    """With a bias for each layer: one with such a name that fits, beside its W if there is one there; else one without a name."""
    group, units_first, held = chain
    ends = [(leaf.shape[1], leaf.shape[0]) if units_first else leaf.shape for leaf in group]
    sizes = (ends[0][0] - held[0], *(end[1] for end in ends))
    if min(sizes) < 1:
        return None
    if any(held):
        return Parameters(group, [None] * len(group), units_first, "last", sizes, held)
    order = {path: place for place, path in enumerate(_ranked_biases([leaf.path for leaf in biases]))}
    weights = {leaf.path for leaf in group}
    left = sorted(biases, key=lambda leaf: order[leaf.path]) + [leaf for leaf in nameless if leaf.path not in weights]
    chosen: list[Stored | None] = []
    for (_, units), weight in zip(ends, group, strict=True):
        fitting = [leaf for leaf in left if _size(leaf) == units]
        beside = [leaf for leaf in fitting if _owner(leaf.path) == _owner(weight.path)]
        one = next(iter([leaf for leaf in beside or fitting if leaf in biases] or beside or fitting), None)
        one = one or next((leaf for leaf in left if leaf in biases and not leaf.shape), None)
        if one is not None:
            left.remove(one)
        chosen.append(one)
    return Parameters(group, chosen, units_first, "", sizes, held)


def single_numbers(found: list[Stored]) -> Iterator[Parameters]:
    """Ways to read w1, w2 …, or w11, w12 …, v1 …, and b1, b2 …, each a number, as the parameters of one or two layers."""
    numbered: dict[str, list[tuple[int, Stored]]] = {}
    biases: list[Stored] = []
    for leaf in found:
        parts = re.fullmatch(r"(\D+?)_?(\d+)", leaf.name)
        if leaf.shape or _NOT.match(leaf.name):
            continue
        if as_kind(leaf.name, "b") or parts is None:
            biases.append(leaf)
        else:
            numbered.setdefault(parts[1], []).append((int(parts[2]), leaf))
    named = [stem for stem in numbered if as_kind(f"{stem}1", "W")]
    later = [stem for stem in numbered if stem not in named and re.fullmatch(r"[uv]|(?:\w*_)?(?:out|output|o)\w*", stem, re.IGNORECASE)]
    weights = [leaf for stem in (*named, *later) for _, leaf in sorted(numbered[stem], key=lambda pair: pair[0])]
    if not named or len(weights) < 2:
        return
    biases.sort(key=lambda leaf: int((re.findall(r"\d+$", leaf.name) or ["1000"])[0]))
    for sizes in _possible_sizes(len(weights)):
        units = sum(sizes[1:])
        own = [leaf for leaf in biases if as_kind(leaf.name, "b")]
        for chosen in (biases, own) if len(own) != len(biases) else (own,):
            if len(chosen) in (0, units, len(sizes) - 1):
                for by_unit, trained in itertools.product(
                    (True, False), (True, False) if len(chosen) == len(sizes) - 1 < units else (True,)
                ):
                    yield _singles(weights, chosen, sizes, by_unit, trained)


def _possible_sizes(count: int) -> Iterator[tuple[int, ...]]:
    for inputs, hidden, outputs in itertools.product(range(1, 5), range(1, 6), range(1, 4)):
        if inputs * hidden + hidden * outputs == count:
            yield inputs, hidden, outputs
    for inputs, outputs in itertools.product(range(1, 5), range(1, 4)):
        if inputs * outputs == count:
            yield inputs, outputs


def _singles(weights: list[Stored], biases: list[Stored], sizes: tuple[int, ...], by_unit: bool, trained: bool) -> Parameters:
    left, matrices = iter(weights), []
    for inputs, units in itertools.pairwise(sizes):
        taken = [next(left) for _ in range(inputs * units)]
        grid = (
            [taken[unit * inputs : (unit + 1) * inputs] for unit in range(units)]
            if by_unit
            else [taken[unit::units] for unit in range(units)]
        )
        matrices.append(_grid(grid))
    vectors: list[Stored | None] = [None] * len(matrices)
    if len(biases) == sum(sizes[1:]):
        rest = iter(biases)
        vectors = [
            rows_as_one(", ".join(leaf.path for leaf in row), row) for row in ([next(rest) for _ in range(units)] for units in sizes[1:])
        ]
        return Parameters(matrices, vectors, True, "", sizes, (False,) * len(matrices))
    if trained and biases:
        return Parameters(matrices, list(biases), True, "", sizes, (False,) * len(matrices))
    return Parameters(matrices, vectors, True, "", sizes, (False,) * len(matrices), biases)


class FlatVector(FrozenValue):
    """All parameters in one vector, one block behind the other.

    name   of the argument that it is
    apart  whether all W stand in it before all b
    order  how a matrix is written into it: "C" or "F"
    """

    name: str
    apart: bool
    order: Any

    def blocks(self, probe: Probe) -> list[tuple[str, tuple[int, ...]]]:
        """What stands in it, and in which shapes: W1, b1, W2, b2; or W1, W2, b1, b2."""
        found = list[tuple[str, tuple[int, ...]]]()
        for number in range(len(probe.weights)):
            for key, own in (("W", probe.own_w(number)), ("b", probe.own_b(number))):
                found += [(f"{key}{number + 1}", own.shape)] if own is not None else []
        return sorted(found, key=lambda block: block[0][0] == "b") if self.apart else found

    def length(self, probe: Probe) -> int:
        """How many numbers it has."""
        return sum(math.prod(shape) for _, shape in self.blocks(probe))

    def parameters(self, vector: Any, probe: Probe) -> Parameters:
        """The places of a probe's parameters in it."""
        found, start = dict[str, Stored](), 0
        for key, shape in self.blocks(probe):
            end = start + math.prod(shape)

            def put(new: Array, start: int = start, end: int = end) -> None:
                vector.reshape(-1)[start:end] = np.asarray(new).ravel(self.order)

            def get(start: int = start, end: int = end, shape: tuple[int, ...] = shape) -> Array:
                return np.array(np.asarray(vector, dtype=float).ravel()[start:end].reshape(shape, order=self.order))

            found[key] = Stored(f"{self.name}[{start}:{end}]", shape, get, put)
            start = end
        depth, layout = range(1, len(probe.sizes)), probe.layout
        weights, biases = [found[f"W{number}"] for number in depth], [found.get(f"b{number}") for number in depth]
        return Parameters(weights, biases, layout.units_first, layout.inside, probe.sizes, (bool(layout.inside),) * len(depth))


def _grid(rows: list[list[Stored]]) -> Stored:
    """Numbers as a matrix (units, inputs)."""

    def put(new: Array) -> None:
        for row, values in zip(rows, new, strict=True):
            for leaf, value in zip(row, values, strict=True):
                leaf.put(np.array(value))

    names = ", ".join(leaf.path for row in rows for leaf in row)
    return Stored(names, (len(rows), len(rows[0])), lambda: np.array([[float(leaf.get()) for leaf in row] for row in rows]), put)


def _owner(path: str) -> str:
    return path.rsplit(".", 1)[0] if "." in path else path.rsplit("[", 1)[0]


def _size(leaf: Stored) -> int:
    return int(np.prod(leaf.shape)) if len(leaf.shape) <= 1 or 1 in leaf.shape else 0


def _ranked_biases(paths: list[str]) -> list[str]:
    byname = {_last(path): path for path in paths}
    return [byname[name] for name in ranked(list(byname), "b")] if len(byname) == len(paths) else paths
