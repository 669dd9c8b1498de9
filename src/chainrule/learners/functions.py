"""Functions that give gradients or updated parameters: called with those that they need before and after them."""

from __future__ import annotations

import ast
import contextlib
import copy
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.learners.calling import Pool, Unbound, needs_pairs
from chainrule.learners.header import Header
from chainrule.learners.layout import SHARED, Layout, Probe, trial
from chainrule.learners.loading import Loaded
from chainrule.learners.names import BACKWARD, FORWARD, INIT, LOSS, UPDATE, as_kind, backward_first, forward_first, meaning, ranked
from chainrule.learners.places import Parameters, Unreadable, leaves, like, parameter_places, rolled, shared_arrays
from chainrule.learners.programs import Answer, Form, LearnerProgram, called_by_sample, copied, literal_rate, signature
from chainrule.learners.reporting import numbers
from chainrule.learners.syntax import Function, arguments_of, calls_in, is_plain_number, names_in


class FunctionProgram(LearnerProgram):
    """A function that gives gradients or updated parameters, with those that it needs before and after."""

    def __init__(self, loaded: Loaded, backward: str, forward: str = "", update: str = "", loss: str = "", *, apart: bool = False) -> None:
        super().__init__(loaded)
        self.backward, self.forward, self.update, self.loss = backward, forward, update, loss
        self.nodes = [loaded.functions[name] for name in (forward, backward, update) if name]
        node = loaded.functions[backward]
        self.line = node.lineno
        self.entry = signature(node)
        self.style = _style(loaded, self.nodes, apart=apart)
        self._snapshot = {key: value for key, value in loaded.namespace.items() if _is_data(value)}
        self._rate_set = _rates(loaded, loaded.namespace, self.nodes)

    def depths(self) -> Sequence[int]:
        return self.style.depths

    def has_bias(self) -> Sequence[bool]:
        return self.style.biases

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[Form]:
        if self.style.vector:
            yield from (Form(None, inside, sizes, (bias,) * (len(sizes) - 1)) for inside in ((True, False) if bias else (False,)))
            return
        if not self.style.own:
            has = (bias,) * (len(sizes) - 1)
            shared = tuple(SHARED if one and units > 1 else bias for one, units in zip(self.style.shared, sizes[1:], strict=False))
            if bias and SHARED in shared and len(shared) == len(has):
                yield Form(None, False, sizes, shared)
            yield Form(None, bias and not self.style.separate_bias, sizes, has)
            return
        roots = self.style.make(self.loaded, trial(sizes, rows), Layout())
        ways = [places for places in parameter_places(list(leaves(dict(roots)))) if places.sizes == sizes]
        yield from (Form(*form) for form in dict.fromkeys((way.units_first, bool(way.inside), sizes, way.has) for way in ways))

    def one_sample(self) -> bool:
        return called_by_sample(self.loaded, self.backward)

    def arguments(self) -> Iterator[str]:
        return (name for node in self.nodes for name in arguments_of(node, keywords=True))

    def answer(self, probe: Probe, layout: Layout, steps: int) -> Answer:
        loaded = self.loaded
        loaded.namespace.update({key: copy.deepcopy(value) for key, value in self._snapshot.items()})
        for name in self._rate_set:
            loaded.namespace[name] = probe.rate
        roots = self.style.make(loaded, probe, layout)
        places = self._placed(roots, probe, layout)
        self.integers = places.integers()
        pool = Pool(probe, layout, roots)
        pool.labelled = loaded.labelled
        if self.style.globals:
            _put_data(loaded.namespace, pool)
        arrays, kept, first = places.arrays(), dict[str, Any](), dict[str, Any]()

        def call(step: int) -> None:
            pool.given.clear()
            given = self._called(self.forward, pool) if self.forward else {}
            named = self._called(self.backward, pool)
            if step == 0:
                first.update({key: copied(value) for key, value in named.items()})
                if self.loss:
                    self._tell_loss(pool, given or named)
            if self.update:
                named = {**named, **self._called(self.update, pool)}
            kept.update(named)
            self._renew(roots, named)

        def read() -> dict[str, Any]:
            return self._placed(roots, probe, layout, checked=False).read(probe, layout)

        states = self._trained(places.read(probe, layout), call, read, steps)
        ends = {key: (states[0][key], states[-1][key]) for key in arrays if key in states[0] and key in states[-1]}
        changed = {key: arrays[key] for key, (start, end) in ends.items() if not np.array_equal(start, end)}
        self.shared = shared_arrays({**loaded.namespace, **kept}, changed, changed, places.names())
        self.rate = None if self._rate_set or self.takes_rate() else literal_rate(self.nodes, loaded.namespace)
        first = {name: value for name, value in first.items() if name not in roots}
        if self.style.vector:
            first = {key: part for name, value in first.items() for key, part in self._taken_apart(name, value, probe, layout).items()}
        return self._finished(probe, layout, pool, first, states, places.names())

    def _placed(self, roots: Mapping[str, Any], probe: Probe, layout: Layout, *, checked: bool = True) -> Parameters:
        if not self.style.vector:
            return _placed(roots, probe, layout, checked=checked)
        return rolled(self.style.vector, roots, _blocks(probe, layout, self.style.apart), self.style.order, probe.sizes, layout)

    def _taken_apart(self, name: str, value: Any, probe: Probe, layout: Layout) -> dict[str, Any]:
        """A vector of all gradients as these, by their names; anything else as it is."""
        flat, blocks = numbers(value), _blocks(probe, layout, self.style.apart)
        if flat is None or flat.size != sum(math.prod(shape) for _, shape in blocks) or max(flat.shape, default=0) != flat.size:
            return {name: value}
        parts = rolled(name, {name: flat.ravel()}, blocks, self.style.order, probe.sizes, layout)
        named = [(f"dW{number}", leaf) for number, leaf in enumerate(parts.weights, start=1)]
        named += [(f"db{number}", leaf) for number, leaf in enumerate(parts.biases, start=1) if leaf is not None]
        return {key: leaf.get() for key, leaf in named}

    def _called(self, name: str, pool: Pool) -> dict[str, Any]:
        node = self.loaded.functions[name]
        function = self.loaded.namespace.get(name)
        if not callable(function):
            raise Unreadable(name)
        return pool.take(node, self._quietly(function, **pool.arguments(node)))

    def _tell_loss(self, pool: Pool, given: dict[str, Any]) -> None:
        """The program's own loss is called, so that its value is reported; nothing hangs on it."""
        try:
            loss = self.loaded.functions[self.loss]
            output = _output(given)
            pool.given.setdefault("yhat", output)
            self._quietly(self.loaded.namespace[self.loss], **pool.arguments(loss))
        except Exception:  # noqa: BLE001  # a loss that cannot be called says nothing
            return

    def _renew(self, roots: dict[str, Any], named: Mapping[str, Any]) -> None:
        """The parameters that a call gave take the place of the old ones."""
        for name in roots:
            if self.style.globals:
                roots[name] = self.loaded.namespace[name]
            elif name in named and named[name] is not None:
                roots[name] = named[name]
        if len(roots) == 1:
            (name,) = roots
            for value in named.values():
                if (
                    isinstance(value, dict)
                    and isinstance(roots[name], dict)
                    and value.keys() == roots[name].keys()
                    and value is not roots[name]
                ) and not any(meaning(key).kind == "grads" for key, item in named.items() if item is value):
                    roots[name] = value


class Style(Frozen):
    """How functions get their parameters: one argument each, lists, a dict, global variables, or a structure of their own.

    make     gives the arguments by name, for a probe
    depths   numbers of layers that are possible
    biases   whether there are biases
    separate_bias  whether there are places for biases beside W
    own      whether the program makes the structure itself: its places are looked for in it
    shared   for each layer whether its bias is one number, as far as the program says
    vector   the argument that is one vector of all parameters; "" where there is none
    apart, order   whether all W stand in it before all b; how a matrix is written into it: "C" or "F"
    """

    make: Callable[[Loaded, Probe, Layout], dict[str, Any]]
    depths: tuple[int, ...]
    biases: tuple[bool, ...]
    separate_bias: bool
    globals: bool = False
    own: bool = False
    shared: tuple[bool, ...] = ()
    vector: str = ""
    apart: bool = False
    order: str = "C"


def _style(loaded: Loaded, nodes: Sequence[Function], *, apart: bool = False) -> Style:
    """Which it is, by the names of arguments. Raises Unreadable where nothing looks like a parameter."""
    arguments = list(dict.fromkeys(name for node in nodes for name in arguments_of(node, keywords=True)))
    vector = next((name for node in nodes for name in _unrolled(loaded, node)), "")
    if vector:
        return _vector(loaded, vector, apart=apart)
    if apart:
        raise Unreadable("no vector")
    weights = ranked([name for name in arguments if meaning(name).kind == "W"], "W")
    biases = ranked([name for name in arguments if meaning(name).kind == "b"], "b")
    if len(weights) > 1 or (weights and not _plural(weights[0], nodes)):
        return _separate(loaded, weights, biases, globals_too=False)
    if weights:
        return _lists(weights[0], biases[0] if biases else "")
    containers = [name for name in arguments if as_kind(name, "params")]
    if containers:
        return _container(loaded, containers[0])
    names = _read_globals(loaded, nodes)
    weights = ranked([name for name in names if meaning(name).kind == "W"], "W")
    biases = ranked([name for name in names if meaning(name).kind == "b"], "b")
    if weights:
        if len(weights) == 1 and _plural(weights[0], nodes):
            return _lists(weights[0], biases[0] if biases else "", in_globals=True)
        return _separate(loaded, weights, biases, globals_too=True)
    containers = [name for name in names if as_kind(name, "params") and isinstance(loaded.namespace.get(name), (dict, list))]
    if containers:
        return _container(loaded, containers[0], in_globals=True)
    raise Unreadable("no parameters")


def _unrolled(loaded: Loaded, node: Function, depth: int = 0) -> Iterator[str]:
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


def _blocks(probe: Probe, layout: Layout, apart: bool) -> list[tuple[str, tuple[int, ...]]]:
    """What stands in a vector of all parameters, and in which shapes: W1, b1, W2, b2; or W1, W2, b1, b2."""
    found = list[tuple[str, tuple[int, ...]]]()
    for number in range(len(probe.weights)):
        found.append((f"W{number + 1}", layout.w(probe, number).shape))
        b = layout.b(probe, number)
        if b is not None:
            found.append((f"b{number + 1}", b.shape))
    return sorted(found, key=lambda block: block[0][0] == "b") if apart else found


def _vector(known: Loaded, name: str, *, apart: bool) -> Style:
    order = "F" if re.search(r"order *= *[\"']F", known.code) else "C"

    def make(loaded: Loaded, probe: Probe, layout: Layout) -> dict[str, Any]:
        blocks = _blocks(probe, layout, apart)
        roots = {name: np.zeros(sum(math.prod(shape) for _, shape in blocks))}
        rolled(name, roots, blocks, order, probe.sizes, layout).set(probe, layout)
        return roots

    return Style(make, (2, 1, 3), (True, False), True, vector=name, apart=apart, order=order)


def _separate(known: Loaded, weights: list[str], biases: list[str], *, globals_too: bool) -> Style:
    shared = tuple(isinstance(known.namespace.get(name), (int, float)) for name in biases)

    def make(loaded: Loaded, probe: Probe, layout: Layout) -> dict[str, Any]:
        if len(probe.weights) != len(weights):
            raise Unreadable("depth")
        roots: dict[str, Any] = {name: layout.w(probe, number) for number, name in enumerate(weights)}
        for number, name in enumerate(biases[: len(weights)]):
            b = layout.b(probe, number)
            if b is not None:
                roots[name] = b
        if layout.vectors and layout.lists:
            roots = {name: value.tolist() for name, value in roots.items()}
        if globals_too:
            roots = {name: like(np.asarray(value), loaded.namespace.get(name)) for name, value in roots.items()}
            loaded.namespace.update(roots)
        return roots

    possible = (True,) if len(biases) >= len(weights) else (False, True) if not biases else ()
    return Style(make, (len(weights),), possible, bool(biases), globals_too, shared=shared)


def _lists(weights: str, biases: str, *, in_globals: bool = False) -> Style:
    def make(loaded: Loaded, probe: Probe, layout: Layout) -> dict[str, Any]:
        several = [layout.w(probe, number) for number in range(len(probe.weights))]
        roots: dict[str, Any] = {weights: several}
        if biases:
            roots[biases] = [layout.b(probe, number) for number in range(len(probe.weights))]
        if len(several) == 1:
            roots = {name: value[0] for name, value in roots.items()}
        if in_globals:
            loaded.namespace.update(roots)
        return roots

    return Style(make, (2, 3, 1), (True,) if biases else (False, True), bool(biases), in_globals)


def _container(loaded: Loaded, name: str, *, in_globals: bool = False) -> Style:
    """A dict with keys such as W1; or whatever an initialising function of the program makes."""
    own = _keys(loaded, name)
    keys = own if any(meaning(key).kind == "W" for key in own) else _keys(loaded)
    weights = ranked([key for key in keys if meaning(key).kind == "W"], "W")
    biases = ranked([key for key in keys if meaning(key).kind == "b"], "b")
    lists = isinstance(_initialised(loaded, trial((5, 7, 3), 1), list, missing=None), list)
    weights = [] if lists else weights

    def make(loaded: Loaded, probe: Probe, layout: Layout) -> dict[str, Any]:
        depth = len(probe.weights)
        inner: Any = {}
        if not weights or lists:
            inner = _initialised(loaded, probe, list if lists else dict)
        else:
            for number in range(depth):
                inner[_key(weights, number)] = layout.w(probe, number)
                b = layout.b(probe, number)
                if b is not None:
                    inner[_key(biases, number) if biases else f"b{number + 1}"] = b
        roots = {name: inner}
        if in_globals:
            loaded.namespace.update(roots)
        return roots

    if not weights:
        return Style(make, (2, 3, 1), (True,), False, in_globals, own=True)
    counted = len(weights) if len(weights) > 1 else 0
    return Style(make, (counted,) if counted else (2, 3, 1), (True,) if biases else (False, True), bool(biases), in_globals)


def _key(keys: list[str], number: int) -> str:
    if number < len(keys):
        return keys[number]
    return re.sub(r"\d+$", "", keys[-1]) + str(number + 1)


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
                made = loaded.namespace[name](**Pool(probe, Layout(), {}).arguments(node))
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


def _placed(roots: Mapping[str, Any], probe: Probe, layout: Layout, *, checked: bool = True) -> Parameters:
    """Where the parameters are in what was made for a probe, and the probe's numbers in them. Raises Unreadable."""
    ways = list(parameter_places(list(leaves(dict(roots)))))
    if checked:
        ways = [found for found in ways if found.fits(probe, layout) and (found.has == probe.has or found.inside)]
    if not ways:
        raise Unreadable("no places")
    chosen = min(ways, key=lambda found: found.has != probe.has)  # after a step they may have other shapes
    if checked:
        chosen.set(probe, layout)
    return chosen


def _plural(name: str, nodes: Sequence[Function]) -> bool:
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


def _read_globals(loaded: Loaded, nodes: Sequence[Function]) -> list[str]:
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


def _put_data(namespace: dict[str, Any], pool: Pool) -> None:
    """Programs that read their parameters from global variables may read x and t there, too."""
    for name, value in list(namespace.items()):
        if not _is_data(value) or name in pool.roots or np.ndim(value) == 0:
            continue
        kind = meaning(name).kind
        if kind in ("x", "t"):
            namespace[name] = pool.x if kind == "x" else pool.t


def _is_data(value: Any) -> bool:
    return isinstance(value, (np.ndarray, list, float, int, dict)) and not isinstance(value, bool)


def _rates(loaded: Loaded, names: Mapping[str, Any], nodes: Sequence[Function]) -> list[str]:
    """Global variables that hold the learning rate, where functions read them."""
    return [name for name in _read_globals(loaded, nodes) if meaning(name).kind == "rate" and is_plain_number(names.get(name))]


def _output(named: dict[str, Any]) -> Any:
    """The prediction among what a forward function gave: by its name, else the last array."""
    for name in reversed(named):
        if meaning(name).kind == "y" and numbers(named[name]) is not None:
            return named[name]
    arrays = [value for value in named.values() if numbers(value) is not None]
    hidden = [value for name, value in named.items() if as_kind(name, "h") and numbers(value) is not None]
    return (hidden or arrays or [None])[-1]


def function_programs(loaded: Loaded, header: Header) -> Iterator[LearnerProgram]:
    """The functions of a file that may be the backward pass, each with those that may go before it and after it, the likeliest first."""
    names = list(loaded.functions)
    entry = header.entry
    backwards = (
        [entry]
        if entry in loaded.functions
        else []
        if entry
        else sorted((name for name in names if BACKWARD.search(name)), key=backward_first)
    )
    forwards = [name for name in names if FORWARD.search(name) and name not in backwards[:1]]
    forwards.sort(key=forward_first)
    updates = [name for name in names if UPDATE.search(name) and not needs_pairs(loaded.functions[name])]
    losses = [name for name in names if LOSS.search(name)]
    for backward in backwards[:8]:
        others = [name for name in forwards if name != backward][:5]
        for forward in ["", *others]:
            loss = next((name for name in losses if name != backward), "")
            for update in [*[name for name in updates if name not in (backward, forward)][:2], ""]:
                for apart in (False, True):
                    with contextlib.suppress(Unreadable):
                        yield FunctionProgram(loaded, backward, forward, update, loss, apart=apart)
