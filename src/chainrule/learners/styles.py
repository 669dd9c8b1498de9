"""How functions get their parameters: one argument each, lists, dicts, pairs, one vector, global variables, or a structure of their own.

What their names and their text say is an `Arrangement`: where W and b of each layer stand. Whether that is so is decided by the numbers.
"""

from __future__ import annotations

import ast
import copy
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.frozen import Frozen, FrozenValue, replace
from chainrule.learners.calling import Pool, Unbound
from chainrule.learners.layout import Layout, Probe, Unreadable, trial
from chainrule.learners.loading import Loaded
from chainrule.learners.names import INIT, as_kind, meaning, ranked
from chainrule.learners.parameters import FlatVector, parameter_places
from chainrule.learners.reporting import numbers
from chainrule.learners.stored import leaves, like
from chainrule.learners.syntax import arguments_of, attributes_read, calls_in, is_plain_number, multiplied_in, names_in
from chainrule.learners.tensors import is_tensor, tensor


class ParameterPlace(FrozenValue):
    """kind "W" or "b" of a layer, counted from 0."""

    kind: str
    layer: int


Arrangement: TypeAlias = "Callable[[int], Mapping[str, Any]]"
"""For so many layers, what stands in each argument: a `ParameterPlace`, or lists and dicts of them. Raises Unreadable of another depth."""


class Style(Frozen):
    """How functions get their parameters.

    roots    gives the arguments by name, for a probe
    depths   numbers of layers that are possible
    biases   whether there are biases
    separate_bias  whether there are places for biases beside W
    globals  whether they are global variables
    own      whether the program makes the structure itself: its places are looked for in it
    shared   for each layer whether its bias is one number, as far as the program says
    vector   the one vector of all parameters, if that is what an argument is
    """

    roots: Callable[[Loaded, Probe], dict[str, Any]]
    depths: tuple[int, ...]
    biases: tuple[bool, ...]
    separate_bias: bool
    globals: bool = False
    own: bool = False
    shared: tuple[bool, ...] = ()
    vector: FlatVector | None = None

    def make(self, loaded: Loaded, probe: Probe) -> dict[str, Any]:
        """The arguments by name, for a probe; global variables get them, too. Raises Unreadable."""
        roots = self.roots(loaded, probe)
        if self.globals:
            own = loaded.namespace
            roots = {name: like(value, own.get(name)) if isinstance(value, np.ndarray) else value for name, value in roots.items()}
            if loaded.library == "torch":
                roots = {name: tensor(value, "torch") if is_tensor(own.get(name)) else value for name, value in roots.items()}
            own.update(roots)
        return roots


ANY_DEPTH = (2, 3, 1)


def style_of(loaded: Loaded, nodes: Sequence[ast.FunctionDef], *, apart: bool = False) -> Style:
    """Which it is, by the names of arguments. Raises Unreadable where nothing looks like a parameter."""
    arguments = list(dict.fromkeys(name for node in nodes for name in arguments_of(node, keywords=True)))
    unrolled = next((name for node in nodes for name in _unrolled(loaded, node)), "")
    if unrolled:
        return _vector(FlatVector(unrolled, apart, "F" if re.search(r"order *= *[\"']F", loaded.code) else "C"))
    if apart:
        raise Unreadable("no vector")
    for names, in_globals in ((arguments, False), (read_globals(loaded, nodes), True)):
        weights, biases = (ranked([name for name in names if meaning(name).kind == kind], kind) for kind in "Wb")
        if weights == ["w"] and "v" in names and "v" in multiplied_in(*nodes):  # w of the hidden layer, v of the output
            weights = ["w", "v"]
        if len(weights) == 1 and _plural(weights[0], nodes):
            return _lists(weights[0], "".join(biases[:1]), in_globals=in_globals)
        if weights:
            return _separate(loaded, weights, biases, in_globals=in_globals)
        records = [name for name in names if any(meaning(field).kind == "W" for field in attributes_read(name, *nodes))]
        if records and not in_globals:
            return _record(loaded, records[0], nodes)
        containers = [name for name in names if as_kind(name, "params")] or [name for name in names if _has_keys_of_weights(name, nodes)]
        if in_globals:
            containers = [name for name in containers if isinstance(loaded.namespace.get(name), (dict, list))]
        if containers:
            return _container(loaded, containers[0], in_globals=in_globals)
    raise Unreadable("no parameters")


def _arranged(arrangement: Arrangement, loaded: Loaded, probe: Probe) -> dict[str, Any]:
    """A probe's parameters as an arrangement has them; a bias that stands in no place by itself is left out of arguments and dicts."""
    del loaded

    def built(part: Any) -> Any:
        if isinstance(part, ParameterPlace):
            return (probe.own_w if part.kind == "W" else probe.own_b)(part.layer)
        if isinstance(part, list):
            return [built(inner) for inner in part]
        found = {key: built(inner) for key, inner in part.items()}
        return {key: value for key, value in found.items() if value is not None}

    roots: dict[str, Any] = built(arrangement(len(probe.weights)))
    listed = probe.layout.vectors and probe.layout.lists
    return {name: value.tolist() if listed and isinstance(value, np.ndarray) else value for name, value in roots.items()}


def _separate(known: Loaded, weights: list[str], biases: list[str], *, in_globals: bool) -> Style:
    """Each an argument: backward(X, Y, W1, b1, W2, b2)."""

    def arrangement(depth: int) -> dict[str, Any]:
        if depth != len(weights):
            raise Unreadable("depth")
        return {
            name: ParameterPlace(kind, layer) for kind, names in (("W", weights), ("b", biases[:depth])) for layer, name in enumerate(names)
        }

    possible = (True,) if len(biases) >= len(weights) else (False, True) if not biases else ()
    shared = tuple(isinstance(known.namespace.get(name), (int, float)) for name in biases)
    return Style(partial(_arranged, arrangement), (len(weights),), possible, bool(biases), in_globals, shared=shared)


def _lists(weights: str, biases: str, *, in_globals: bool) -> Style:
    """All W in a list, and all b: backward(X, Y, weights, biases); of one layer the arrays themselves."""

    def arrangement(depth: int) -> dict[str, Any]:
        several = {name: [ParameterPlace(kind, layer) for layer in range(depth)] for kind, name in (("W", weights), ("b", biases)) if name}
        return several if depth > 1 else {name: parameters[0] for name, parameters in several.items()}

    return Style(partial(_arranged, arrangement), ANY_DEPTH, (True,) if biases else (False, True), bool(biases), in_globals)


def _container(loaded: Loaded, name: str, *, in_globals: bool) -> Style:
    """Pairs (W, b) as they are taken apart; a dict with keys such as W1; or whatever an initialising function of the program makes."""
    if (pattern := _taken_apart_as(loaded, name)) is not None:
        return _pairs(name, pattern, in_globals=in_globals)
    if kinds := _pair_of_each(loaded, name):
        each = lambda depth: {name: [[ParameterPlace(kind, layer) for kind in kinds] for layer in range(depth)]}  # noqa: E731  # an arrangement
        return Style(partial(_arranged, each), ANY_DEPTH, (True,), True, in_globals)
    own = _keys(loaded, name)
    keys = own if any(meaning(key).kind == "W" for key in own) else _keys(loaded)
    weights, biases = (ranked([key for key in keys if meaning(key).kind == kind], kind) for kind in "Wb")
    lists = isinstance(_initialised(loaded, trial((5, 7, 3), 1), list, missing=None), list)
    if lists or not weights:
        kind = list if lists else dict

        def made(loaded: Loaded, probe: Probe) -> dict[str, Any]:
            return {name: _initialised(loaded, probe, kind)}

        return Style(made, ANY_DEPTH, (True,), False, in_globals, own=True)

    def arrangement(depth: int) -> dict[str, Any]:
        return {
            name: {
                _key(keys, layer): ParameterPlace(kind, layer)
                for layer in range(depth)
                for kind, keys in (("W", weights), ("b", biases or ["b1"]))
            }
        }

    depths = (len(weights),) if len(weights) > 1 else ANY_DEPTH
    return Style(partial(_arranged, arrangement), depths, (True,) if biases else (False, True), bool(biases), in_globals)


def _record(loaded: Loaded, name: str, nodes: Sequence[ast.FunctionDef]) -> Style:
    """Each a field of a named tuple or of a class that holds data, as the program defines it: backward(p, x, t) with p.W1."""
    read = attributes_read(name, *nodes)
    fitting = [kind for kind in loaded.namespace.values() if isinstance(kind, type) and read <= {*_fields(kind)}]
    made: Callable[..., Any] = fitting[0] if fitting else types.SimpleNamespace
    fields = _fields(fitting[0]) if fitting else sorted(read)
    weights, biases = (ranked([field for field in fields if meaning(field).kind == kind], kind) for kind in "Wb")
    if len(weights) + len(biases) < len(fields):
        raise Unreadable(name)

    def roots(loaded: Loaded, probe: Probe) -> dict[str, Any]:
        del loaded
        if len(probe.weights) != len(weights):
            raise Unreadable("depth")
        values: dict[str, Any] = {field: probe.own_w(layer) for layer, field in enumerate(weights)}
        values.update({field: probe.own_b(layer) for layer, field in enumerate(biases[: len(weights)])})
        return {name: made(**values)}

    return Style(roots, (len(weights),), (bool(biases),), bool(biases))


def _fields(kind: type) -> Sequence[str]:
    """The names of what a class holds that is a named tuple, or holds data; () of any other."""
    return tuple(getattr(kind, "_fields", getattr(kind, "__dataclass_fields__", ())))


def _taken_apart_as(loaded: Loaded, name: str) -> ast.expr | None:
    """What is assigned from it: (w1, b1), (w2, b2) = params."""
    assigned = (part for node in loaded.functions.values() for part in ast.walk(node) if isinstance(part, ast.Assign))
    targets = [part.targets[0] for part in assigned if isinstance(part.value, ast.Name) and part.value.id == name]
    found = [
        target for target in targets if isinstance(target, (ast.Tuple, ast.List)) and any(as_kind(one, "W") for one in names_in(target))
    ]
    return found[0] if found else None


def _pair_of_each(loaded: Loaded, name: str) -> list[str]:
    """What stands in each item of a list, in order, ["W", "b"], as for w, b in params[:-1] or w, b = params[i] takes it apart."""
    for node in ast.walk(loaded.tree):
        if isinstance(node, (ast.For, ast.comprehension)):
            target, value = node.target, node.iter
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript):
            target, value = node.targets[0], node.value
        else:
            continue
        value = value.value if isinstance(value, ast.Subscript) else value
        kinds = [meaning(one.id).kind for one in target.elts if isinstance(one, ast.Name)] if isinstance(target, ast.Tuple) else []
        if isinstance(value, ast.Name) and value.id == name and sorted(kinds) == ["W", "b"]:
            return kinds
    return []


def _pairs(name: str, pattern: ast.expr, *, in_globals: bool) -> Style:
    """Weights and biases in lists, one within the other, as the pattern has them."""
    names = [node.id for node in ast.walk(pattern) if isinstance(node, ast.Name)]
    weights, biases = (ranked([one for one in names if meaning(one).kind == kind], kind) for kind in "Wb")
    known = {one: ParameterPlace(kind, layer) for kind, ordered in (("W", weights), ("b", biases)) for layer, one in enumerate(ordered)}

    def arrangement(depth: int) -> dict[str, Any]:
        def built(part: ast.expr) -> Any:
            if isinstance(part, (ast.Tuple, ast.List)):
                return [built(inner) for inner in part.elts]
            if not isinstance(part, ast.Name) or part.id not in known or known[part.id].layer >= depth:
                raise Unreadable(name)
            return known[part.id]

        if depth != len(weights):
            raise Unreadable("depth")
        return {name: built(pattern)}

    return Style(partial(_arranged, arrangement), (len(weights),), (bool(biases),), bool(biases), in_globals)


def _vector(vector: FlatVector) -> Style:
    """All in one vector, one block behind the other."""

    def made(loaded: Loaded, probe: Probe) -> dict[str, Any]:
        del loaded
        numbers_of_all = np.zeros(vector.length(probe))
        vector.parameters(numbers_of_all, probe).set(probe)
        return {vector.name: numbers_of_all}

    return Style(made, (2, 1, 3), (True, False), True, vector=vector)


def _unrolled(loaded: Loaded, node: ast.FunctionDef, depth: int = 0) -> Iterator[str]:
    """Arguments whose parts are made matrices, theta[:20].reshape(4, 5), here or in a function that is given them."""
    arguments = arguments_of(node)
    for part in calls_in(node):
        if isinstance(part.func, ast.Attribute) and part.func.attr == "reshape":
            parts = [inner for one in (part.func.value, *part.args[:1]) for inner in ast.walk(one) if isinstance(inner, ast.Subscript)]
            sliced = [one.value.id for one in parts if isinstance(one.slice, ast.Slice) and isinstance(one.value, ast.Name)]
            yield from (name for name in sliced if name in arguments and as_kind(name, "x", "t") is None)
        elif isinstance(part.func, ast.Name) and part.func.id in loaded.functions and depth < 2:
            function = loaded.functions[part.func.id]
            inner = set(_unrolled(loaded, function, depth + 1))
            for given, taken in zip(part.args, arguments_of(function), strict=False):
                if taken in inner and isinstance(given, ast.Name) and given.id in arguments:
                    yield given.id


def _key(keys: list[str], number: int) -> str:
    """The key of a layer; beyond those that are written, the last with another number."""
    return keys[number] if number < len(keys) else re.sub(r"\d+$", "", keys[-1]) + str(number + 1)


def _keys(loaded: Loaded, name: str = "") -> list[str]:
    """Keys of dicts in the program, or of those of one name, by their texts; "W" + str(l) stands for W1 and W2."""
    found: dict[str, None] = {}
    for node in ast.walk(loaded.tree):
        text = None
        if isinstance(node, ast.Subscript):
            text = node.slice if not name or (isinstance(node.value, ast.Name) and node.value.id == name) else None
        elif isinstance(node, ast.Dict) and not name:
            for key in node.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    found.setdefault(key.value)
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            found.setdefault(text.value)
        elif isinstance(text, ast.BinOp) and isinstance(text.left, ast.Constant) and isinstance(text.left.value, str):
            found.setdefault(f"{text.left.value}1")
        elif isinstance(text, ast.JoinedStr) and text.values and isinstance(text.values[0], ast.Constant):
            found.setdefault(f"{text.values[0].value!s}1")
    return [key for key in found if key != "1"]


def _initialised(loaded: Loaded, probe: Probe, kind: type, missing: Any = "refused") -> Any:
    """What the program's own function makes, that begins its parameters; its numbers are set afterwards."""
    for name, node in loaded.functions.items():
        if INIT.search(name):
            try:
                made = loaded.namespace[name](**Pool(replace(probe, layout=Layout()), {}).arguments(node))
            except (Unbound, Exception):  # noqa: BLE001  # whatever a learner's function raises when it is called with what it may not mean
                continue
            if isinstance(made, kind) and made and next(parameter_places(list(leaves({"made": made}))), None) is not None:
                return made
    for name, value in loaded.namespace.items():
        places = next(parameter_places(list(leaves({name: value}))), None) if isinstance(value, kind) and as_kind(name, "params") else None
        if places is None:
            continue
        if isinstance(value, list) and all(
            isinstance(item, list) and len(np.shape(item)) == 2 for item in value if numbers(item) is not None
        ):
            ends = [
                (inputs + held, units)
                for inputs, units, held in zip(probe.sizes, probe.sizes[1:], (any(places.held),) * len(probe.weights), strict=False)
            ]
            return [np.zeros(end[::-1] if places.units_first else end).tolist() for end in ends]
        return copy.deepcopy(value)
    if missing is None:
        return None
    raise Unreadable("no structure")


def _has_keys_of_weights(name: str, nodes: Sequence[ast.FunctionDef]) -> bool:
    """Is something taken from it by the name of a weight, as p["W1"]?"""
    parts = (part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Subscript))
    return any(
        isinstance(part.value, ast.Name)
        and part.value.id == name
        and isinstance(part.slice, ast.Constant)
        and isinstance(part.slice.value, str)
        and meaning(part.slice.value).kind == "W"
        for part in parts
    )


def _plural(name: str, nodes: Sequence[ast.FunctionDef]) -> bool:
    """Is it a list of all W? Its name ends in s, or it is indexed by a number."""
    if meaning(name).rank is not None:
        return False
    for node in nodes:
        for part in ast.walk(node):
            if (
                isinstance(part, ast.Subscript)
                and isinstance(part.value, ast.Name)
                and part.value.id == name
                and not isinstance(part.slice, (ast.Tuple, ast.Slice))
            ):
                return True
            if isinstance(part, (ast.For, ast.comprehension)) and name in names_in(part.iter):
                return True
    return False


def numbers_read(loaded: Loaded, nodes: Sequence[ast.FunctionDef], kind: str) -> list[str]:
    """Global variables that hold one number of this meaning, as "rate" or "b", where functions read them; a decay may be the rate's."""
    names = [name for name in read_globals(loaded, nodes) if meaning(name).kind == kind and is_plain_number(loaded.namespace.get(name))]
    return [name for name in names if kind != "penalty" or "decay" not in name.lower()]


def read_globals(loaded: Loaded, nodes: Sequence[ast.FunctionDef]) -> list[str]:
    """Global variables that functions read, also those that they call."""
    result: dict[str, None] = {}
    todo, met = list(nodes), set()
    while todo:
        node = todo.pop(0)
        if node.name in met:
            continue
        met.add(node.name)
        declared = {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names}
        local = {*arguments_of(node, keywords=True)} | names_in(node, stored=True) - declared
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id not in local:
                if part.id in loaded.functions:
                    todo.append(loaded.functions[part.id])
                else:
                    result.setdefault(part.id)
        result.update(dict.fromkeys(declared))
    return list(result)
