"""Where a program keeps its parameters: in attributes, dicts, lists of arrays, lists of neurons; found by names and shapes, read and set.

Nothing is asked of the program but that somewhere there are numbers whose shapes fit one behind the other.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.learners.layout import Array, Layout, Probe
from chainrule.learners.names import as_kind, compact, ranked

DEEPEST = 6
_NOT = re.compile(
    r"^(?:d|grad|nabla|delta|del|m|v|s|vel|velocity|prev|last|old|mom|momentum|best|init|cache|change|c|acc|update|sum)_?(?:d?w|d?b|weight|bias|theta)",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(
    r"(?:grad|gradients?|delta|deltas|velocity|momentum|momentums|change|changes|prev|old|cache|history|m|v|update|copy)s?\d*$",
    re.IGNORECASE,
)


class Stored(Frozen):
    """Numbers somewhere in an object.

    path    how it is written: "self.W1", "self.params['W1']", "network[0][1]['weights']"
    shape   of the numbers
    get, put   read and write them
    slot     the place itself; vector: whether they are written as a vector although they are a matrix with one unit
    """

    path: str
    shape: tuple[int, ...]
    get: Callable[[], Array]
    put: Callable[[Array], None]
    slot: _Slot | None = None
    vector: bool = False

    def whole(self, number: int) -> None:
        """Put a whole number there, which may be a size."""
        if self.slot is not None:
            self.slot.put(number)

    @property
    def name(self) -> str:
        """The last name in the path, which says what it is."""
        found = re.findall(r"[A-Za-z_]\w*", self.path)
        return found[-1] if found else self.path


def leaves(root: Any, path: str, depth: int = 0, met: set[int] | None = None) -> Iterator[Stored]:
    """The numbers within a dict, a list or an object, in their order."""
    met = set() if met is None else met
    if depth > DEEPEST or id(root) in met:
        return
    met.add(id(root))
    for name, key, slot in _children(root, path, depth):
        if str(key).startswith("chainrule_") or (isinstance(key, str) and key.startswith("__")):
            continue
        value = slot.get()
        leaf = _leaf(name, value, slot)
        if leaf is not None:
            yield leaf
        elif not isinstance(value, (str, bytes, np.ndarray)):
            yield from leaves(value, name, depth + 1, met)


class _Slot(Frozen):
    """A place in a dict, a list or an object. It is read whenever it is asked for: programs put new arrays there."""

    owner: Any
    key: Any
    attribute: bool = False

    def get(self) -> Any:
        return getattr(self.owner, self.key) if self.attribute else self.owner[self.key]

    def put(self, value: Any) -> None:
        if self.attribute:
            setattr(self.owner, self.key, value)
        else:
            self.owner[self.key] = value

    def array(self) -> Array:
        return np.array(self.get(), dtype=float, subok=False)

    def number(self) -> Array:
        return np.array(float(self.get()))

    def put_array(self, new: Array) -> None:
        """In place, where others may hold the same array; a new one where it is of integers or of another shape."""
        old = self.get()
        if isinstance(old, np.ndarray) and old.dtype.kind == "f" and old.shape == new.shape and old.flags.writeable:
            old[...] = new
        else:
            self.put(like(new, old))

    def put_list(self, new: Array) -> None:
        _put_list(self.get(), new)

    def put_number(self, new: Array) -> None:
        self.put(float(new))


def _children(root: Any, path: str, depth: int) -> list[tuple[str, Any, _Slot]]:
    """What is in a dict, a list or an object of the program's own classes."""
    if isinstance(root, dict):
        return [(f"{path}[{key!r}]" if depth or path else str(key), key, _Slot(root, key)) for key in list(root)[:400]]
    if isinstance(root, (list, tuple)):
        return [(f"{path}[{place}]", place, _Slot(root, place)) for place in range(min(len(root), 200))]
    if hasattr(root, "__dict__") and type(root).__module__ == "__main__":
        return [(f"{path}.{key}" if path else key, key, _Slot(root, key, True)) for key in list(vars(root))]
    return []


def _leaf(path: str, value: Any, slot: _Slot) -> Stored | None:
    """The value as numbers; None where it is none, or holds others."""
    if isinstance(value, (bool, str)):
        return None
    if isinstance(value, (int, float, np.floating, np.integer)):
        return Stored(path, (), slot.number, slot.put_number, slot)
    if isinstance(value, np.ndarray):
        return (
            None if value.dtype.kind not in "fiu" or value.size > 100_000 else Stored(path, value.shape, slot.array, slot.put_array, slot)
        )
    if isinstance(value, list) and value and (shape := _shape(value)):
        return Stored(path, shape, slot.array, slot.put_list, slot)
    return None


def like(new: Array, old: Any) -> Array:
    """Numbers in the type of those that were there; whole ones stay integers where integers were."""
    kind = old.dtype.kind if isinstance(old, np.ndarray) else ""
    keeps = kind == "f" or (kind in ("i", "u") and np.array_equal(new, np.rint(new)))
    return new.astype(old.dtype) if keeps else np.array(new)


def of_integers(value: Any) -> bool:
    """Is it an array of integers, which cuts off what is put into it?"""
    return isinstance(value, np.ndarray) and value.dtype.kind in ("i", "u")


def _put_list(old: Any, new: Array) -> None:
    for place, value in enumerate(new):
        if np.ndim(value):
            _put_list(old[place], value)
        else:
            old[place] = float(value)


def _shape(value: list[Any]) -> tuple[int, ...]:
    """Of a list of numbers, or of lists of one length; () of anything else."""
    if all(isinstance(item, (int, float, np.floating, np.integer)) and not isinstance(item, bool) for item in value):
        return (len(value),)
    if all(isinstance(item, list) and item for item in value):
        inner = {_shape(item) for item in value}
        if len(inner) == 1 and (shape := inner.pop()) and len(shape) == 1:
            return (len(value), *shape)
    return ()


def stacked(found: list[Stored]) -> list[Stored]:
    """Together with what belongs to neurons of one layer as rows of a matrix: network[0][*]['weights'], layer.neurons[*].bias."""
    groups: dict[str, list[Stored]] = {}
    for leaf in found:
        places = list(re.finditer(r"\[\d+\]", leaf.path))
        if len(leaf.shape) <= 1 and places:
            for place in places[-1:]:
                groups.setdefault(leaf.path[: place.start()] + "[*]" + leaf.path[place.end() :], []).append(leaf)
    result = []
    for path, rows in groups.items():
        if len({row.shape for row in rows}) == 1 and not path.endswith("[*]"):
            result.append(_stack(path, rows))
    return [*found, *result]


def _stack(path: str, rows: list[Stored]) -> Stored:
    def put(new: Array) -> None:
        for row, value in zip(rows, new, strict=True):
            row.put(np.array(value))

    return Stored(path, (len(rows), *rows[0].shape), lambda: np.array([row.get() for row in rows]), put)


class Parameters(Frozen):
    """The places of W and b of every layer, and how they are written.

    units_first, inside   as in `Layout`
    held     for each layer whether its bias stands in its W
    frozen   biases that units share, which are no parameters of their own here: they are set to 0
    """

    weights: list[Stored]
    biases: list[Stored | None]
    units_first: bool
    inside: str
    sizes: tuple[int, ...]
    held: tuple[bool, ...] = ()
    frozen: list[Stored] = field(default_factory=list)

    @property
    def has(self) -> tuple[bool, ...]:
        """For each layer whether it has a bias."""
        return tuple(leaf is not None or held for leaf, held in zip(self.biases, self.held, strict=True))

    def set(self, probe: Probe, layout: Layout) -> None:
        """Write a probe's parameters."""
        for leaf in self.frozen:
            leaf.put(np.zeros(leaf.shape))
        for number, leaf in enumerate(self.weights):
            leaf.put(layout.w(probe, number).reshape(leaf.shape))
            bias = self.biases[number]
            if bias is not None and probe.biases[number] is not None:
                bias.put(np.array(probe.biases[number]).reshape(bias.shape))

    def integers(self) -> tuple[str, ...]:
        """Which of them are arrays of integers."""
        stored = [leaf for leaf in (*self.weights, *self.biases) if leaf is not None and leaf.slot is not None]
        return tuple(leaf.path for leaf in stored if leaf.slot is not None and of_integers(leaf.slot.get()))

    def arrays(self) -> dict[str, Any]:
        """The array objects in which they are kept, by W1, b1 …, where they are kept in arrays."""
        named = [(f"W{number}", leaf) for number, leaf in enumerate(self.weights, start=1)]
        named += [(f"b{number}", leaf) for number, leaf in enumerate(self.biases, start=1) if leaf is not None]
        held = {key: leaf.slot.get() for key, leaf in named if leaf.slot is not None}
        return {key: value for key, value in held.items() if isinstance(value, np.ndarray) and value.ndim}

    def read(self, probe: Probe, layout: Layout) -> dict[str, Array]:
        """The parameters as they are now, in chainrule's layout."""
        result: dict[str, Array] = {}
        for number, leaf in enumerate(self.weights):
            result.update(layout.read_w(leaf.get(), probe, number))
            bias = self.biases[number]
            if bias is not None:
                result.update(layout.read_b(bias.get(), probe, number))
        return result

    def names(self) -> dict[str, str]:
        """What the program calls them."""
        named = {f"W{number}": leaf.path for number, leaf in enumerate(self.weights, start=1)}
        named.update({f"b{number}": leaf.path for number, leaf in enumerate(self.biases, start=1) if leaf is not None})
        return named


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


def parameter_places(found: list[Stored], limit: int = 6) -> Iterator[Parameters]:
    """Ways to read numbers as the parameters of a network, the likeliest first."""
    found = stacked(found)
    kept = [leaf for leaf in found if not _NOT.match(leaf.name) and not _NOT_AFTER.search(compact(leaf.name)[1:])]
    kept = [
        _column(leaf) if len(leaf.shape) == 1 and "[" not in leaf.path and as_kind(leaf.name, "W") and not as_kind(leaf.name, "b") else leaf
        for leaf in kept
    ]
    matrices = [leaf for leaf in kept if len(leaf.shape) == 2]
    named = [leaf for leaf in matrices if as_kind(leaf.name, "W") or as_kind(leaf.path, "W")]
    biases = [
        leaf for leaf in kept if as_kind(leaf.name, "b") and not (as_kind(leaf.name, "W") and len(leaf.shape) == 2 and min(leaf.shape) > 1)
    ]
    given = 0
    for group in _groups(named, matrices, biases):
        for chain in _chains(group):
            result = _with_biases(chain, biases)
            if result is not None:
                given += 1
                yield result
                if given >= limit:
                    return


def _column(leaf: Stored) -> Stored:
    """Weights of one unit, written as a vector, as a matrix (inputs, 1)."""
    return Stored(
        leaf.path, (*leaf.shape, 1), lambda: leaf.get()[:, None], lambda new: leaf.put(np.asarray(new).reshape(leaf.shape)), leaf.slot, True
    )


def _row(leaf: Stored) -> Stored:
    """The same as a matrix (1, inputs)."""
    return Stored(leaf.path, leaf.shape[::-1], lambda: leaf.get().T, lambda new: leaf.put(np.asarray(new).T), leaf.slot, True)


def _groups(named: list[Stored], matrices: list[Stored], biases: list[Stored]) -> Iterator[list[Stored]]:
    taken = {leaf.path for leaf in biases}
    named = [leaf for leaf in named if leaf.path not in taken]
    if named:
        order = {path: place for place, path in enumerate(_ranked([leaf.path for leaf in named]))}
        yield sorted(named, key=lambda leaf: order[leaf.path])
        if len(named) > 1:
            yield named
    others = [leaf for leaf in matrices if leaf.path not in taken]
    if others != named:
        yield others


def _ranked(paths: list[str]) -> list[str]:
    """In the order of their layers: by the number in their name, or else in a list; otherwise as they stand."""
    indices = [re.findall(r"\[(\d+)\]", path) for path in paths]
    if all(indices) and len({re.findall(r"[A-Za-z_]\w*", path)[-1] for path in paths}) == 1:
        return [path for _, path in sorted(zip(((int(index[0]), place) for place, index in enumerate(indices)), paths, strict=True))]
    byname = {re.findall(r"[A-Za-z_]\w*", path)[-1]: path for path in paths}
    if len(byname) == len(paths):
        return [byname[name] for name in ranked(list(byname), "W")]
    return paths


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


def _with_biases(chain: tuple[list[Stored], bool, tuple[bool, ...]], biases: list[Stored]) -> Parameters | None:
    group, units_first, held = chain
    ends = [(leaf.shape[1], leaf.shape[0]) if units_first else leaf.shape for leaf in group]
    sizes = (ends[0][0] - held[0], *(end[1] for end in ends))
    if min(sizes) < 1:
        return None
    if any(held):
        return Parameters(group, [None] * len(group), units_first, "last", sizes, held)
    order = {path: place for place, path in enumerate(_ranked_biases([leaf.path for leaf in biases]))}
    left = sorted(biases, key=lambda leaf: order[leaf.path])
    chosen: list[Stored | None] = []
    for (_, units), weight in zip(ends, group, strict=True):
        beside = [leaf for leaf in left if _size(leaf) == units and _owner(leaf.path) == _owner(weight.path)]
        fitting = next(iter(beside or [leaf for leaf in left if _size(leaf) == units]), None)
        if fitting is not None:
            left.remove(fitting)
        chosen.append(fitting)
    return Parameters(group, chosen, units_first, "", sizes, held)


def single_numbers(found: list[Stored]) -> Iterator[Parameters]:
    """Ways to read w1, w2 … and b1, b2 …, each a number, as the parameters of a network with one hidden layer or none."""
    weights = _numbered(found, "W")
    biases = _numbered(found, "b")
    if len(weights) < 2:
        return
    for sizes in _possible_sizes(len(weights)):
        units = sum(sizes[1:])
        if len(biases) not in (0, units, len(sizes) - 1):
            continue
        for by_unit in (True, False):
            yield _singles(weights, biases, sizes, by_unit)


def _numbered(found: list[Stored], kind: str) -> list[Stored]:
    """Numbers that are called w1, w2 … in their order."""
    named = [
        (meaning.rank, leaf)
        for leaf in found
        if not leaf.shape and (meaning := as_kind(leaf.name, kind)) is not None and meaning.rank is not None
    ]
    return [leaf for _, leaf in sorted(named, key=lambda pair: pair[0])]


def _possible_sizes(count: int) -> Iterator[tuple[int, ...]]:
    for inputs, hidden, outputs in itertools.product(range(1, 5), range(1, 6), range(1, 4)):
        if inputs * hidden + hidden * outputs == count:
            yield inputs, hidden, outputs
    for inputs, outputs in itertools.product(range(1, 5), range(1, 4)):
        if inputs * outputs == count:
            yield inputs, outputs


def _singles(weights: list[Stored], biases: list[Stored], sizes: tuple[int, ...], by_unit: bool) -> Parameters:
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
        vectors = [_stack(", ".join(leaf.path for leaf in row), row) for row in ([next(rest) for _ in range(units)] for units in sizes[1:])]
        return Parameters(matrices, vectors, True, "", sizes, (False,) * len(matrices))
    return Parameters(matrices, vectors, True, "", sizes, (False,) * len(matrices), biases)


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
    byname = {re.findall(r"[A-Za-z_]\w*", path)[-1]: path for path in paths}
    return [byname[name] for name in ranked(list(byname), "b")] if len(byname) == len(paths) else paths
