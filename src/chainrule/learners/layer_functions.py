"""Single layers with a backward pass: functions NAME_forward and NAME_backward, and classes with both, called with arrays that are given.

Names make proposals; numbers decide. A pair is taken for a layer where its forward pass gives what that layer gives.
"""

from __future__ import annotations

import ast
import copy
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.learners.layers import class_passes, computes
from chainrule.learners.loading import Loaded, TooLong, impatient
from chainrule.learners.programs import methods_of
from chainrule.learners.recognition import SeenValues
from chainrule.learners.syntax import arguments_of, needed_by

PATIENCE = 2.0
"""Seconds of the processor for one pass of a layer."""

CACHE = re.compile(r"_?(?:caches?|ctx|context|memor\w+|saved|tape)", re.IGNORECASE)
TABLE = re.compile(r"(?:\w+_)?(?:h?params?|hparameters|parameters|configs?|cfg|options)", re.IGNORECASE)
FORWARD = re.compile(r"forward|fwd", re.IGNORECASE)
BACKWARD = re.compile(r"backward|bwd|backprop", re.IGNORECASE)
GRADIENT = re.compile(r"(?:dl_?d|d_?|grad(?:ient)?s?_?|delta_?)(?P<after>\w+)|(?P<before>\w+?)_?(?:grads?|gradients?)", re.IGNORECASE)

NUMBERS = (np.ndarray, np.floating)
"""What a gradient may be: one number where too much was summed."""

NamedArrays = list[tuple[str, Array]]


class Pair(Frozen):
    """A forward and a backward pass that belong together.

    name      of both, as it is said
    forward, backward  as they are written
    owner     the class, where they are its methods
    """

    name: str
    forward: ast.FunctionDef
    backward: ast.FunctionDef
    owner: str = ""


class ArgumentTable(dict[str, Any]):
    """What a program takes as one argument, and asks by its own names: sizes and modes, or parameters."""

    def __init__(self, known: Mapping[str, Any], inputs: Mapping[str, str], arrays: Mapping[str, Array]) -> None:
        super().__init__()
        self.known, self.inputs, self.arrays = known, inputs, arrays
        self.asked: set[str] = set()

    def __missing__(self, key: str) -> Any:
        if key in self.known:
            return _as_value(self.known[key])
        for symbol, names in self.inputs.items():
            if re.fullmatch(names, str(key), re.IGNORECASE):
                self.asked.add(symbol)
                return self.arrays[symbol].copy()
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return self.get(str(key), _LACKING) is not _LACKING

    def get(self, key: str, default: Any = None) -> Any:
        """As of any dictionary."""
        try:
            return self[key]
        except KeyError:
            return default


_LACKING = object()


def layer_pairs(loaded: Loaded) -> Iterator[Pair]:
    """Every forward pass of a file with its backward pass."""
    forwards = {FORWARD.sub("", name).strip("_").lower(): node for name, node in loaded.functions.items() if FORWARD.search(name)}
    for name, node in loaded.functions.items():
        rest = BACKWARD.sub("", name).replace("__", "_").strip("_").lower()
        shorter = rest.rpartition("_")[0]
        forward = next((forwards[one] for one in (rest, re.sub("__+", "_", rest), shorter) if one and one in forwards), None)
        if forward is None:
            near = {key.replace("__", "_"): one for key, one in forwards.items()}
            forward = near.get(rest) or (near.get(shorter) if shorter else None)
        if BACKWARD.search(name) and forward is not None:
            yield Pair(f"{forward.name}, {name}", forward, node)
    for name, (forward, backward) in class_passes(loaded).items():
        if computes(backward):
            yield Pair(f"{name}.{forward.name}, {name}.{backward.name}", forward, backward, name)


class UnfitPair(Exception):
    """A layer that a pair is not: its arguments are others."""


class Called:
    """A pair, as a layer of some kind, with arrays.

    inputs  names that people give to each input and parameter; own: which symbol the program's own names stand for
    """

    def __init__(self, loaded: Loaded, pair: Pair, plain: Mapping[str, Any], probe: Mapping[str, Any]) -> None:
        self.loaded, self.pair, self.plain = loaded, pair, plain
        self.inputs: Mapping[str, str] = plain["inputs"]
        self.known: Mapping[str, Any] = probe["known"]
        whole = ("x",) if plain["tokens"] else ()
        self.arrays = {symbol: np.array(value, dtype=int if symbol in whole else float) for symbol, value in probe["arrays"].items()}
        self.object: Any = None
        self.cache: Any = None
        self.left = [symbol for symbol in self.inputs if symbol in self.arrays]
        self.rate: float | None = None
        self.kept: list[str] = []
        self.own: dict[str, str] = {}

    def forward(self) -> list[Array]:
        """What the forward pass gives, but for its cache. Raises UnfitPair, and whatever the program raises."""
        node = self.pair.forward
        if not self.pair.owner:
            given = self._call(self.loaded.namespace[node.name], self._bound(arguments_of(node), needed_by(node), self.left, whole=True))
            if not isinstance(given, tuple) or len(given) < 2:
                raise UnfitPair
            self.cache = given[-1]
            return _arrays(given[:-1])
        maker = methods_of(self.loaded, self.pair.owner).get("__init__")
        learned = [symbol for symbol in self.left if symbol in self.plain["parameters"]]
        self.object = self._made_of_sizes(maker)
        if self.object is None:
            named = ([], []) if maker is None else (arguments_of(maker, method=True), needed_by(maker, method=True))
            self.object = self._call(self.loaded.namespace[self.pair.owner], self._bound(*named, learned, whole=False))
        for symbol in learned:
            if symbol in self.left:
                self._put(symbol)
        bound = self._bound(arguments_of(node, method=True), needed_by(node, method=True), self.left, whole=True)
        given = self._call(getattr(self.object, node.name), bound)
        return _arrays(given if isinstance(given, tuple) else (given,))

    def _made_of_sizes(self, maker: ast.FunctionDef | None) -> Any:
        """An object whose class wants sizes: by names that are known, k among them, or by none, (i, o) or (n), then in order; else None."""
        needed = [] if maker is None else needed_by(maker, method=True)
        open_names = [name for name in needed if name not in self.known]
        sizes = self.known.get("sizes", [])
        if (
            not needed
            or (len(needed) > len(sizes) and open_names)
            or any(self._is_called(symbol, name) for symbol in self.inputs for name in open_names)
        ):
            return None
        given = (
            {name: self.known.get(name, size) for name, size in zip(needed, sizes, strict=False)}
            if open_names
            else {name: self.known[name] for name in needed}
        )
        try:
            return self._call(self.loaded.namespace[self.pair.owner], given)
        except Exception:  # noqa: BLE001  # whatever their code raises: then they are something else
            return None

    def _is_called(self, symbol: str, name: str) -> bool:
        return re.fullmatch(self.inputs[symbol], name.strip("_"), re.IGNORECASE) is not None

    def backward(self, seeds: Mapping[str, Array]) -> NamedArrays:
        """The gradients, with the names that the program has for them. Raises UnfitPair, and whatever the program raises."""
        node, bound = self.pair.backward, dict[str, Any]()
        names, needed = arguments_of(node, method=bool(self.pair.owner)), needed_by(node, method=bool(self.pair.owner))
        waiting = [seeds[symbol] for symbol in self.plain["results"]]
        before = self._parameters()
        for name in names:
            if CACHE.fullmatch(name) and self.cache is not None:
                bound[name] = self.cache
            elif waiting and name in needed and name not in self.plain["rates"]:
                bound[name] = waiting.pop(0).copy()
            elif name in self.known:
                bound[name] = _as_value(self.known[name])
            elif name in needed:
                raise UnfitPair
            if name in self.plain["rates"]:
                self.rate = bound.get(name)
        if waiting:
            raise UnfitPair
        function = getattr(self.object, node.name) if self.pair.owner else self.loaded.namespace[node.name]
        given = self._call(function, bound)
        found = _with_names(given, node)
        if self.object is not None:
            found += list(_of_object(self.object))
        if self.rate is not None:  # a step of its own: what it takes off is the rate times the gradient
            after = self._parameters()
            moved = {name: old - after[name] for name, old in before.items() if name in after and after[name].shape == old.shape}
            found += [(f"d{name}", step / self.rate) for name, step in moved.items() if np.any(step)]
        return found

    def _parameters(self) -> dict[str, Array]:
        """What the object has of the parameters that it was given, by its own names."""
        given = [self.arrays[symbol] for symbol in self.plain["parameters"]]
        own = {} if self.object is None else vars(self.object)
        self.kept = self.kept or [
            name for name, value in own.items() if isinstance(value, np.ndarray) and any(_alike(value, one) for one in given)
        ]
        return {name: np.array(own[name], dtype=float) for name in self.kept}

    def _call(self, function: Callable[..., Any], given: Mapping[str, Any]) -> Any:
        with impatient(PATIENCE), np.errstate(all="ignore"):
            return function(**given)

    def _bound(self, names: Sequence[str], needed: Sequence[str], left: list[str], *, whole: bool) -> dict[str, Any]:
        """Arguments by their names, what no name fits in order. Raises UnfitPair where one is left over.

        whole  whether every array has to be taken
        """
        bound, waiting, table = dict[str, Any](), list[str](), None
        for name in names:
            fresh = [one for one in left if one in self.left]
            fitting = next((one for one in fresh if self._is_called(one, name)), None)
            if TABLE.fullmatch(name):
                table = bound[name] = ArgumentTable(self.known, self.inputs, self.arrays)
            elif fitting is not None:
                bound[name] = self._taken(fitting, name)
            elif name in self.known:
                bound[name] = _as_value(self.known[name])
            elif name in needed:
                waiting.append(name)
        for name in waiting:
            fresh = [one for one in left if one in self.left]
            if not fresh:
                raise UnfitPair
            bound[name] = self._taken(fresh[0], name)
        if whole and self.left and table is None:
            raise UnfitPair
        return bound

    def _taken(self, symbol: str, name: str) -> Array:
        self.own[name.strip("_").lower()] = symbol
        self.left = [one for one in self.left if one != symbol]
        return self.arrays[symbol].copy()

    def _put(self, symbol: str) -> None:
        """Give an object one of its parameters: what has its name and shape, else what has its shape and no other's name.

        Raises UnfitPair.
        """
        size = self.arrays[symbol].size
        slots = [(f"{prefix}{key}".strip("_"), key, holder) for prefix, holder in _holders(self.object) for key in holder]
        fitting = [one for one in slots if isinstance(one[2][one[1]], np.ndarray) and one[2][one[1]].size == size]
        named = [one for one in fitting if self._is_called(symbol, one[0])]
        others = [
            one for one in fitting if one[0].lower() not in self.own and not any(self._is_called(each, one[0]) for each in self.inputs)
        ]
        for name, key, holder in [*named, *others][:1]:
            holder[key] = self._taken(symbol, name).reshape(holder[key].shape)
            return
        raise UnfitPair


def _holders(owner: Any) -> Iterator[tuple[str, dict[Any, Any]]]:
    """Where an object keeps arrays: its attributes, its dictionaries, and the objects in it, whose names stand before those of theirs."""
    own = vars(owner)
    yield "", own
    yield from (("", value) for value in own.values() if isinstance(value, dict))
    yield from ((f"{name}_", vars(value)) for name, value in own.items() if _is_made_of(value, owner))


def _is_made_of(value: Any, owner: Any) -> bool:
    """Is it an object of a class that stands in the same file?"""
    return hasattr(value, "__dict__") and type(value).__module__ == type(owner).__module__ and not isinstance(value, type)


def _as_value(value: Any) -> Any:
    return np.array(value) if isinstance(value, list) else value


def _arrays(values: Sequence[Any]) -> list[Array]:
    return [np.array(value, dtype=float) for value in values if isinstance(value, (np.ndarray, np.floating, float, list))]


def _with_names(given: Any, node: ast.FunctionDef) -> NamedArrays:
    """What a backward pass returned, with the names that its last `return` has for it."""
    if isinstance(given, dict):
        return [(str(key), np.array(value, dtype=float)) for key, value in given.items() if isinstance(value, NUMBERS)]
    values = given if isinstance(given, (tuple, list)) else (given,)
    ends = [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value is not None]
    last = ends[-1] if ends else None
    parts = last.elts if isinstance(last, (ast.Tuple, ast.List)) else [last]
    names = [ast.unparse(part).rpartition(".")[2] if isinstance(part, (ast.Name, ast.Attribute)) else "" for part in parts]
    names = names if len(names) == len(values) else [""] * len(values)
    return [(name, np.array(value, dtype=float)) for name, value in zip(names, values, strict=True) if isinstance(value, NUMBERS)]


def _of_object(owner: Any) -> Iterator[tuple[str, Array]]:
    """Gradients that an object keeps: as attributes, in a dictionary, in a list of all of them, or in the objects in it."""
    for name, value in vars(owner).items():
        if _is_made_of(value, owner):
            inner = ((GRADIENT.fullmatch(one), array) for one, array in vars(value).items() if isinstance(array, NUMBERS))
            yield from (
                (f"d{name}_{match['after'] or match['before']}", np.array(array, dtype=float))
                for match, array in inner
                if match is not None
            )
        if isinstance(value, NUMBERS) and GRADIENT.fullmatch(name):
            yield name, np.array(value, dtype=float)
        elif isinstance(value, dict) and GRADIENT.match(f"{name}_"):
            yield from (
                (f"d{key}".replace("dd", "d"), np.array(one, dtype=float)) for key, one in value.items() if isinstance(one, NUMBERS)
            )
        elif isinstance(value, list) and re.fullmatch(r"_?d?grad(?:ient)?s?", name):
            yield from (("*", np.array(one, dtype=float)) for one in value if isinstance(one, NUMBERS))


def by_symbol(found: NamedArrays, called: Called) -> dict[str, tuple[str, Array]]:
    """Gradients by the symbols of what they belong to, each with the program's name: by that name, and what has none in order."""
    inputs, parameters = called.inputs, called.plain["parameters"]
    result, others = dict[str, tuple[str, Array]](), list[tuple[str, Array]]()
    for name, value in found:
        match = GRADIENT.fullmatch(name.strip("_"))
        base = "" if match is None else match["after"] or match["before"]
        own = called.own.get(base.strip("_").lower(), "")
        fitting = (one for one, names in inputs.items() if base and one not in result and re.fullmatch(names, base, re.IGNORECASE))
        symbol = own if own and own not in result else next(fitting, None)
        if symbol is None:
            others.append((name, value))
        else:
            result[symbol] = (name, value)
    for name, value in others:
        left = [one for one in (parameters if name == "*" else inputs) if one not in result]
        if left and (name == "*" or not GRADIENT.fullmatch(name) or len(found) == 1):
            result[left[0]] = ("" if name == "*" else name, value)
    return result


def _alike(value: Array, given: Array) -> bool:
    return value.size == given.size and bool(np.array_equal(value.ravel(), given.ravel()))


def _same(found: Array, wanted: Array, *, shaped: bool) -> bool:
    alike = found.shape == wanted.shape if shaped else found.size == wanted.size
    return alike and bool(np.allclose(found.reshape(wanted.shape), wanted, rtol=1e-8, atol=1e-9))


def _mask(found: Array, x: Array) -> Array | None:
    """By what each number was multiplied, where some became 0 and all others were multiplied by one number that a dropout has."""
    if found.shape != x.shape:
        return None
    ratio = found / x
    kept = ratio[np.abs(ratio) > 1e-12]
    usual = [1.0, 1 / 0.4, 1 / 0.6]
    drawn = not np.array_equal(np.abs(ratio) > 1e-12, x > 0)  # otherwise it is a ReLU
    right = drawn and 0 < kept.size < ratio.size and np.ptp(kept) < 1e-9 and any(abs(kept[0] - one) < 1e-9 for one in usual)
    return np.where(np.abs(ratio) > 1e-12, kept[0], 0.0) if right else None


def layer_answers(loaded: Loaded, kinds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What each pair of a file is, and what its backward pass gives on the probes of that layer; which pairs are none that is known."""
    answers, unread = list[dict[str, Any]](), list[str]()
    for pair in layer_pairs(loaded):
        found = list(_readings(loaded, pair, kinds))
        answers += found
        if not found:
            unread.append(pair.name)
    return {"answers": answers, "unread": unread}


def _readings(loaded: Loaded, pair: Pair, kinds: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """As what a pair can be read: one layer, or one for each mode that it has.

    What gives arrays of the very shapes of a layer is that layer; only then, what gives as many numbers. It may be one for several
    kinds of signals: rows, and rows at places.
    """
    modes = "mode" in arguments_of(pair.forward)
    seen, layers = set[str](), set[tuple[str, ...]]()
    for shaped, plain in itertools.product((True, False), kinds):
        layer = (plain["family"], *plain["inputs"])
        if plain["kind"] in seen or (seen and not shaped) or (layers and not modes and layer not in layers):
            continue
        reading = _reading(loaded, pair, plain, shaped=shaped)
        if reading is not None:
            yield reading
            seen.add(plain["kind"])
            layers.add(layer)


def _reading(loaded: Loaded, pair: Pair, plain: Mapping[str, Any], *, shaped: bool) -> dict[str, Any] | None:
    """The answers of a pair as a layer of some kind; None where it is none. shaped: whether the shapes of its results have to agree."""
    epsilon, calls, failed = None, list[dict[str, Any]](), list[str]()
    places = dict[str, Any]()
    for number, probe in enumerate(plain["probes"]):
        for turn, seeds in enumerate(probe["seeds"]):
            called = Called(loaded, pair, plain, probe)
            try:
                results = called.forward()
            except (Exception, TooLong):  # noqa: BLE001  # whatever a learner's program raises where it is called as what it is not
                results = []
            agreed, mask = _agreed(results, probe, epsilon, called, masked=plain["masked"], shaped=shaped)
            if agreed is None:
                if number == 0:
                    return None
                failed.append(str(number))
                break
            epsilon = agreed
            arrived = {symbol: np.array(value, dtype=float) for symbol, value in seeds.items()}
            recorder = loaded.recorder
            if not places:  # in the first pass that comes to an end
                recorder.begin()
            try:
                found = by_symbol(called.backward(arrived), called)
            except UnfitPair:
                return None
            except (Exception, TooLong) as error:  # noqa: BLE001  # whatever a learner's program raises
                calls.append({"probe": number, "turn": turn, "failure": f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"})
                continue
            finally:
                recorder.on = False
            if not places:
                places = dict(_places(loaded, found, pair))
            names = {symbol: name for symbol, (name, _) in found.items()}
            arrays = {symbol: value.tolist() for symbol, (_, value) in found.items()}
            calls.append(
                {"probe": number, "turn": turn, "gradients": arrays, "names": names, "mask": None if mask is None else mask.tolist()}
            )
    return {
        "kind": plain["kind"],
        "writing": plain["writing"],
        "epsilon": epsilon,
        "name": pair.name,
        "line": pair.forward.lineno,
        "backward": pair.backward.lineno,
        "calls": calls,
        "failed": failed,
        "places": places,
        "own": pair.owner or pair.backward.name,
        "uses": _used(loaded, pair),
    }


def _agreed(
    results: Sequence[Array], probe: Mapping[str, Any], epsilon: float | None, called: Called, *, masked: bool, shaped: bool
) -> tuple[float | None, Array | None]:
    """With which ε these are the layer's results, and the mask of a dropout; None where they are not."""
    if masked:
        mask = _mask(results[0], called.arrays["x"]) if results else None
        return (None, None) if mask is None else (0.0, mask)
    for one, wanted in probe["results"]:
        pairs = zip(results, wanted, strict=False)
        whole = epsilon in (None, one) and len(results) >= len(wanted)
        if whole and all(_same(found, np.array(want, dtype=float), shaped=shaped) for found, want in pairs):
            return float(one), None
    return None, None


def _places(loaded: Loaded, found: Mapping[str, tuple[str, Array]], pair: Pair) -> Iterator[tuple[str, Any]]:
    """Where the backward pass computes each gradient: its value as a whole, or else the last statement that changes it, or gives it."""
    values = SeenValues(copy.copy(loaded.recorder.values))
    lines = range(pair.backward.lineno, (pair.backward.end_lineno or pair.backward.lineno) + 1)
    outside = frozenset(number for number, spot in enumerate(loaded.spots) if spot.line not in lines)
    for symbol, (name, value) in found.items():
        place = values.find(value, 1e-9, outside) if value.size > 1 else None
        if place is not None:
            spot = loaded.spots[values.kept[place][0]]
            yield symbol, [spot.line, spot.text(loaded.code)]
            continue
        changes = [one for one in ast.walk(pair.backward) if isinstance(one, ast.stmt) and name and name in _changed(one)]
        ends = [one for one in ast.walk(pair.backward) if isinstance(one, ast.Return) and one.value is not None]
        if changes or ends:
            last = max(changes or ends, key=lambda one: one.lineno)
            yield symbol, [last.lineno, " ".join((ast.get_source_segment(loaded.code, last) or "").split())]


def _changed(node: ast.AST) -> list[str]:
    """The names of what a statement changes: dW of dW[x] += dout, and of np.add.at(dW, x, dout)."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.args and ast.unparse(node.value.func).endswith(".at"):
        targets: list[ast.expr] = [node.value.args[0]]
    elif isinstance(node, ast.Assign):
        targets = node.targets
    else:
        targets = [node.target] if isinstance(node, (ast.AugAssign, ast.AnnAssign)) else []
    return [ast.unparse(one).partition("[")[0].rpartition(".")[2] for one in targets]


def _used(loaded: Loaded, pair: Pair) -> list[str]:
    """Other functions and classes of the file that the backward pass, or its class, calls."""
    node: ast.AST = loaded.classes[pair.owner] if pair.owner else pair.backward
    known = loaded.functions.keys() | loaded.classes.keys()
    return sorted({one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in known} - {pair.owner, pair.backward.name})
