"""Programs that are called: functions, and classes with methods. Each is run on a probe; what it gave is read off.

A program is tried in one way after the other; `chainrule.learners.reading` decides by the numbers which of them is right.
"""

from __future__ import annotations

import ast
import copy
import itertools
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.learners.calling import Function, Pool, Unbound
from chainrule.learners.gradients import gradients_among
from chainrule.learners.layout import Array, Layout, Probe, trial
from chainrule.learners.loading import Loaded
from chainrule.learners.names import as_kind, meaning, ranked
from chainrule.learners.places import Parameters, Unreadable, leaves, like, parameter_places, shared_arrays, single_numbers
from chainrule.learners.recognition import RecognisedForward, SeenValues, forward_seen
from chainrule.learners.reporting import numbers

FORWARD = re.compile(
    r"forw|vorw|adelante|avant|propag|feed|predict|fprop|hypothesis|query|inference|(?<!back)(?<!back_)prop|think|activate|run|calc|output|net|model|pass",
    re.IGNORECASE,
)
BACKWARD = re.compile(
    r"back|lern|apren|entren|apprend|entrain|rueck|ruck|atras|uchi|obuch|bprop|grad|deriv|nabla|loss|cost|train|learn|fit|update|step|descent|delta|sgd|optimi|epoch|retro|error",
    re.IGNORECASE,
)
UPDATE = re.compile(r"updat|step|optim|descent|apply|adjust|learn|sgd", re.IGNORECASE)
LOSS = re.compile(r"loss|cost|error|mse|entropy|objective|criterion|bce", re.IGNORECASE)
INIT = re.compile(r"init|create|build|make|random|setup|new|get_?(?:params|weights)|generate", re.IGNORECASE)


ROWS = 4
"""Samples of a trial, where a program takes several."""


class Answer(Frozen):
    """What a program gave on a probe.

    gradients    dW1, db1 … in chainrule's layout
    after        all parameters after each update; empty where it takes none
    from_update  whether the gradients were read off an update
    forward      what was seen of its forward pass
    names        what it calls its quantities
    altered      which arguments it changed though they are not its own
    shared       parameters that are one array before and after
    values       everything that it reported
    sizes        of its parameters
    gave         what it gave in its first step, in a line: to say of what is no gradient
    """

    gradients: Mapping[str, Array]
    after: Sequence[Mapping[str, Array]]
    from_update: bool
    forward: RecognisedForward
    names: Mapping[str, str]
    altered: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    values: SeenValues = field(default_factory=lambda: SeenValues(()), repr=False)
    sizes: tuple[int, ...] = ()
    gave: str = ""


class Form(Frozen):
    """How a program keeps its parameters: W as (units, inputs) or not, None where either may be; the bias inside of W; sizes; which layers
    have a bias.
    """

    units_first: bool | None
    inside: bool
    sizes: tuple[int, ...]
    has: tuple[bool, ...]


class LearnerProgram:
    """Something in a file that computes gradients or trains.

    entry   how it is called, as it is shown: "backward(X, Y, cache)"
    line    where it stands
    rate    the learning rate that the program fixes; None where it takes ours, or takes no step
    integers  which of its arrays are of integers, as it was asked last
    shared    what it keeps of a parameter that is the very array which changes, as it was asked last
    """

    entry: str = ""
    line: int = 1
    rate: float | None = None
    integers: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self._orders: dict[str, int] = {}

    def depths(self) -> Sequence[int]:
        """Numbers of layers to be tried; empty where the program says its sizes itself."""
        return (2, 1, 3)

    def has_bias(self) -> Sequence[bool]:
        """Whether biases are to be tried."""
        return (True, False)

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[Form]:
        """How it keeps its parameters. Raises Unreadable, Unbound, and whatever the program raises when it is made."""
        del rows
        yield Form(None, False, sizes, (bias,) * (len(sizes) - 1))

    def fixed(self) -> tuple[int, ...] | None:
        """The sizes that it fixes."""
        return None

    def rows_tried(self) -> Sequence[int]:
        """Numbers of samples to be tried; what works with ROWS works with any."""
        return (1,) if self.one_sample() else (ROWS, 1)

    def doubtful(self) -> bool:
        """Is what it takes for its targets a guess that no name supports? It has to react to them before that is believed."""
        return False

    def one_output(self) -> bool:
        """Has its network, as far as its file says, one output?"""
        shapes = [
            np.shape(value) for name, value in self.loaded.namespace.items() if isinstance(value, np.ndarray) and meaning(name).kind == "t"
        ]
        return bool(shapes) and all(len(shape) == 2 and 1 in shape and max(shape) > 1 for shape in shapes)

    def arguments(self) -> Iterator[str]:
        """The names of what it is given, and of what it keeps that may be set."""
        return iter(())

    def penalized(self) -> bool:
        """Does it take the λ of a penalty? A decay may be that of the rate."""
        names = [name for name in self.arguments() if meaning(name).kind == "penalty"]
        return any("decay" not in name.lower() for name in names)

    def one_sample(self) -> bool:
        """Does its file give it one sample at a time?"""
        return False

    def answer(self, probe: Probe, layout: Layout, steps: int) -> Answer:
        """Run it. Raises Unreadable, Unbound, and whatever the program raises."""
        raise NotImplementedError

    def _quietly(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return function(*arguments, **named)

    def _finished(
        self,
        probe: Probe,
        layout: Layout,
        pool: Pool,
        named: Mapping[str, Any],
        states: list[dict[str, Array]],
        names: dict[str, str],
    ) -> Answer:
        """The answer from what was collected: `named` values of the first step, and the parameters before and after each."""
        values = SeenValues(self.loaded.recorder.values)
        forward = forward_seen(values, probe.x, probe.t, probe.weights, probe.biases, self.loaded.shown())
        gradients, called = gradients_among(named, probe, layout, self._orders)
        moved = len(states) > 1 and any(not np.array_equal(states[0][key], states[1][key]) for key in states[0] if key in states[1])
        from_update = moved and not (gradients and self.loaded.adaptive)
        if from_update:
            rate = self.rate or probe.rate
            gradients = {f"d{key}": _difference(states[0][key], states[1][key]) / rate for key in states[0]}
        names = {**names, **dict(called.items()), **pool.names}
        return Answer(
            gradients,
            states[1:] if moved else [],
            from_update,
            forward,
            names,
            pool.altered(),
            self.shared,
            values,
            probe.sizes,
            ", ".join(f"{name}: {_described(value)}" for name, value in list(named.items())[:6]),
        )


def _described(value: Any) -> str:
    """What a value is, in a few words: "ndarray of (7, 3)"."""
    shape = np.shape(value) if isinstance(value, np.ndarray) else ()
    return f"{type(value).__name__} of {shape}" if shape else type(value).__name__


def _kept(value: Any) -> Any:
    """A copy of what a program gave; what cannot be copied, as a generator, as it is."""
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001  # whatever a learner's objects do when they are copied
        return value


def _difference(before: Array, after: Array) -> Array:
    """Before minus after; a parameter that has grown shows it by its shape."""
    if before.shape == after.shape:
        return before - after
    try:
        return np.broadcast_arrays(before, after)[0] - after
    except ValueError:
        return after * np.nan


class FunctionProgram(LearnerProgram):
    """A function that gives gradients or updated parameters, with those that it needs before and after."""

    def __init__(self, loaded: Loaded, backward: str, forward: str = "", update: str = "", loss: str = "") -> None:
        super().__init__(loaded)
        self.backward, self.forward, self.update, self.loss = backward, forward, update, loss
        self.nodes = [loaded.functions[name] for name in (forward, backward, update) if name]
        node = loaded.functions[backward]
        self.line = node.lineno
        self.entry = _signature(node)
        self.before = f"{forward}, then " if forward else ""
        self.style = _style(loaded, self.nodes)
        self._snapshot = {key: value for key, value in loaded.namespace.items() if _is_data(value)}
        self._rate_set = _rates(loaded, loaded.namespace, self.nodes)

    def depths(self) -> Sequence[int]:
        return self.style.depths

    def has_bias(self) -> Sequence[bool]:
        return self.style.biases

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[Form]:
        if not self.style.own:
            yield Form(None, bias and not self.style.separate_bias, sizes, (bias,) * (len(sizes) - 1))
            return
        roots = self.style.make(self.loaded, trial(sizes, rows), Layout())
        ways = [places for places in parameter_places(list(leaves(dict(roots)))) if places.sizes == sizes]
        yield from (Form(*form) for form in dict.fromkeys((way.units_first, bool(way.inside), sizes, way.has) for way in ways))

    def one_sample(self) -> bool:
        return called_by_sample(self.loaded, self.backward)

    def arguments(self) -> Iterator[str]:
        return (argument.arg for node in self.nodes for argument in (*node.args.args, *node.args.kwonlyargs))

    def answer(self, probe: Probe, layout: Layout, steps: int) -> Answer:
        loaded = self.loaded
        loaded.namespace.update({key: copy.deepcopy(value) for key, value in self._snapshot.items()})
        for name in self._rate_set:
            loaded.namespace[name] = probe.rate
        roots = self.style.make(loaded, probe, layout)
        places = _placed(roots, probe, layout)
        self.integers = places.integers()
        pool = Pool(probe, layout, roots)
        pool.labelled = loaded.labelled
        if self.style.globals:
            _put_data(loaded.namespace, self.nodes, pool)
        states, arrays, kept = [places.read(probe, layout)], places.arrays(), dict[str, Any]()
        first: dict[str, Any] = {}
        loaded.recorder.begin()
        loaded.recorder.short = True
        try:
            for step in range(steps):
                pool.given.clear()
                if self.forward:
                    given = self._called(self.forward, pool)
                named = self._called(self.backward, pool)
                if step == 0:
                    first = {key: _kept(value) for key, value in named.items()}
                    if self.loss:
                        self._tell_loss(pool, given if self.forward else named)
                if self.update:
                    named = {**named, **self._called(self.update, pool)}
                kept.update(named)
                self._renew(roots, named)
                if step == 0:
                    loaded.recorder.on = False
                states.append(_placed(roots, probe, layout, checked=False).read(probe, layout))
                if all(np.array_equal(states[-1][key], states[-2][key]) for key in states[-1] if key in states[-2]):
                    break
        finally:
            loaded.recorder.on = loaded.recorder.short = False
        ends = {key: (states[0][key], states[-1][key]) for key in arrays if key in states[0] and key in states[-1]}
        changed = {key: arrays[key] for key, (start, end) in ends.items() if not np.array_equal(start, end)}
        self.shared = shared_arrays({**loaded.namespace, **kept}, changed, changed, places.names())
        self.rate = None if self._rate_known(pool) else literal_rate(self.nodes, loaded.namespace)
        return self._finished(probe, layout, pool, _without(first, roots), states, places.names())

    def _rate_known(self, pool: Pool) -> bool:
        del pool
        arguments = {argument.arg for node in self.nodes for argument in (*node.args.args, *node.args.kwonlyargs)}
        return bool(self._rate_set) or any(meaning(name).kind == "rate" for name in arguments)

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
    """

    make: Callable[[Loaded, Probe, Layout], dict[str, Any]]
    depths: tuple[int, ...]
    biases: tuple[bool, ...]
    separate_bias: bool
    globals: bool = False
    own: bool = False


def _style(loaded: Loaded, nodes: Sequence[Function]) -> Style:
    """Which it is, by the names of arguments. Raises Unreadable where nothing looks like a parameter."""
    arguments = list(
        dict.fromkeys(argument.arg for node in nodes for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
    )
    weights = ranked([name for name in arguments if meaning(name).kind == "W"], "W")
    biases = ranked([name for name in arguments if meaning(name).kind == "b"], "b")
    if len(weights) > 1 or (weights and not _plural(weights[0], nodes)):
        return _separate(weights, biases, globals_too=False)
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
        return _separate(weights, biases, globals_too=True)
    containers = [name for name in names if as_kind(name, "params") and isinstance(loaded.namespace.get(name), (dict, list))]
    if containers:
        return _container(loaded, containers[0], in_globals=True)
    raise Unreadable("no parameters")


def _separate(weights: list[str], biases: list[str], *, globals_too: bool) -> Style:
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

    return Style(
        make, (len(weights),), (True,) if len(biases) >= len(weights) else (False, True) if not biases else (), bool(biases), globals_too
    )


def _lists(weights: str, biases: str, *, in_globals: bool = False) -> Style:
    def make(loaded: Loaded, probe: Probe, layout: Layout) -> dict[str, Any]:
        several = [layout.w(probe, number) for number in range(len(probe.weights))]
        roots: dict[str, Any] = {weights: several if len(several) > 1 or layout.bias != "single" else several[0]}
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
    return [key for key in found if not (key.endswith("1") and f"{key[:-1]}" in ("",))]


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
    has = tuple(b is not None for b in probe.biases)
    for found in parameter_places(list(leaves(dict(roots)))):
        if not checked or (found.fits(probe, layout) and (found.has == has or found.inside)):
            if checked:
                found.set(probe, layout)
            return found
    raise Unreadable("no places")


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
            if isinstance(part, (ast.For, ast.comprehension)) and any(
                isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(part.iter)
            ):
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
        local = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
        local |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)} - declared
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id not in local:
                if part.id in loaded.functions:
                    todo.append(loaded.functions[part.id])
                else:
                    result.setdefault(part.id)
        result.update(dict.fromkeys(declared))
    return list(result)


def _put_data(namespace: dict[str, Any], nodes: Sequence[Function], pool: Pool) -> None:
    """Programs that read their parameters from global variables may read x and t there, too."""
    del nodes
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
    read = _read_globals(loaded, nodes)
    return [
        name
        for name in read
        if meaning(name).kind == "rate" and isinstance(names.get(name), (int, float)) and not isinstance(names.get(name), bool)
    ]


def _output(named: dict[str, Any]) -> Any:
    """The prediction among what a forward function gave: by its name, else the last array."""
    for name in reversed(named):
        if meaning(name).kind == "y" and numbers(named[name]) is not None:
            return named[name]
    arrays = [value for value in named.values() if numbers(value) is not None]
    hidden = [value for name, value in named.items() if as_kind(name, "h") and numbers(value) is not None]
    return (hidden or arrays or [None])[-1]


def _without(named: Mapping[str, Any], roots: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in named.items() if name not in roots}


def _signature(node: Function, owner: str = "") -> str:
    names = [argument.arg for argument in node.args.args if argument.arg != "self"]
    return f"{owner}{node.name}({', '.join(names)})"


def literal_rate(nodes: Sequence[ast.AST], known: Mapping[str, Any] | None = None) -> float | None:
    """The number by which updates are multiplied: written into them, W -= 0.1 * dW, or a variable that is a number.

    known  global variables

    1 where there is none; None where there are several.
    """
    variables = {
        name: float(value) for name, value in (known or {}).items() if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    for root in nodes:
        for node in ast.walk(root):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, (int, float)):
                variables.update({target.id: float(node.value.value) for target in node.targets if isinstance(target, ast.Name)})
    found: set[float] = set()
    for name, value in variables.items():
        if meaning(name).kind == "rate" and any(
            isinstance(node, ast.Name) and node.id == name for root in nodes for node in ast.walk(root)
        ):
            return value
    for update in _updates(nodes):
        numbers_in = [
            float(part.value) for part in _factors(update) if isinstance(part, ast.Constant) and isinstance(part.value, (int, float))
        ]
        numbers_in += [variables[part.id] for part in _factors(update) if isinstance(part, ast.Name) and part.id in variables]
        found.add(float(np.prod([abs(number) for number in numbers_in])) if numbers_in else 1.0)
    return found.pop() if len(found) == 1 else 1.0 if not found else None


def _updates(nodes: Sequence[ast.AST]) -> Iterator[ast.expr]:
    """What is added to parameters, or taken from them."""
    for root in nodes:
        for node in ast.walk(root):
            target: ast.expr
            if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
                target, value = node.target, node.value
            elif (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.BinOp)
                and isinstance(node.value.op, (ast.Add, ast.Sub))
                and ast.unparse(node.value.left) == ast.unparse(node.targets[0])
            ):
                target, value = node.targets[0], node.value.right
            else:
                continue
            if as_kind(re.sub(r"\[.*", "", ast.unparse(target)), "W", "b"):
                yield value


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        yield from _factors(node.left)
        if isinstance(node.op, ast.Mult):
            yield from _factors(node.right)
    elif isinstance(node, ast.UnaryOp):
        yield from _factors(node.operand)
    else:
        yield node


class ObjectProgram(LearnerProgram):
    """A class: it is made with the sizes of a probe, its parameters are set, and its methods called in order."""

    def __init__(self, loaded: Loaded, name: str, sequence: Sequence[str], choice: int | None = None) -> None:
        super().__init__(loaded)
        self.name, self.sequence, self.choice = name, tuple(sequence), choice
        node = loaded.classes[name]
        self.methods = methods_of(loaded, name)
        self.maker = self.methods.get("__init__")
        last = self.methods[sequence[-1]]
        self.line = last.lineno
        self.entry = " → ".join(_signature(self.methods[method], f"{name}." if place == 0 else "") for place, method in enumerate(sequence))
        self.node = node
        self._rated = False

    def depths(self) -> Sequence[int]:
        return (2, 1, 3)

    def has_bias(self) -> Sequence[bool]:
        return (True,)

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[Form]:
        met = []
        for columns in (False, True) if self._made_of_samples() else (False,):
            made = self.construct(trial(sizes, rows, bias=bias, kind="classes"), Layout(columns=columns))
            for places in self._places(made):
                form = (places.units_first, bool(places.inside), places.sizes, places.has)
                if form not in met and places.sizes[0] >= 1:
                    met.append(form)
        fitting = [form for form in met if form[2] == sizes]  # a class that takes our sizes has no others
        yield from (Form(*form) for form in fitting or met)

    def _made_of_samples(self) -> bool:
        return self.maker is not None and any(meaning(argument.arg).kind in ("x", "t") for argument in self.maker.args.args[1:])

    def one_sample(self) -> bool:
        return any(called_by_sample(self.loaded, method) for method in self.sequence)

    def construct(self, probe: Probe, layout: Layout) -> Any:
        """An object of the class, with the sizes of a probe. Raises Unbound."""
        pool = Pool(probe, layout, {})
        arguments = pool.arguments(self.maker, method=True) if self.maker is not None else {}
        made = self._quietly(self.loaded.namespace[self.name], **arguments)
        for name, value in list(vars(made).items()):
            kind = meaning(name).kind
            if isinstance(value, (int, float)) and not isinstance(value, bool) and kind in ("rate", "momentum", "penalty"):
                setattr(made, name, {"rate": probe.rate, "momentum": 0.0, "penalty": probe.penalty}[kind])
                self._rated = self._rated or kind == "rate"
        return made

    def _places(self, made: Any) -> Iterator[Parameters]:
        found = list(leaves({"self": made}))
        if self.choice is None:
            yield from parameter_places(found)
        else:
            yield from itertools.islice(single_numbers(found), self.choice, self.choice + 1)

    def arguments(self) -> Iterator[str]:
        for name in ("__init__", *self.sequence):
            node = self.methods.get(name)
            yield from (argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)) if node is not None else ()

    def answer(self, probe: Probe, layout: Layout, steps: int) -> Answer:
        loaded = self.loaded
        made = self.construct(probe, layout)
        has = tuple(b is not None for b in probe.biases)
        places = next((found for found in self._places(made) if found.fits(probe, layout) and found.has == has), None)
        if places is None:
            raise Unreadable("places")
        places.set(probe, layout)
        self.integers = places.integers()
        pool = Pool(probe, layout, {})
        states, arrays = [places.read(probe, layout)], places.arrays()
        named: dict[str, Any] = {}
        loaded.recorder.begin()
        loaded.recorder.short = True
        try:
            for step in range(steps):
                pool.given.clear()
                for place, name in enumerate(self.sequence):
                    method = self.methods[name]
                    given = pool.take(method, self._quietly(getattr(made, name), **pool.arguments(method, method=True)))
                    if step == 0 and (place > 0 or len(self.sequence) == 1):
                        named.update({key: _kept(value) for key, value in given.items()})
                if step == 0:
                    loaded.recorder.on = False
                    own = {leaf: value for leaf, value in vars(made).items() if meaning(leaf).kind in ("dW", "db", "grads")}
                    named = {**{key: _kept(value) for key, value in own.items()}, **named}
                states.append(self._state(made, places, probe, layout))
                if all(np.array_equal(states[-1][key], states[-2][key]) for key in states[-1] if key in states[-2]):
                    break
        finally:
            loaded.recorder.on = loaded.recorder.short = False
        self.shared = shared_arrays(vars(made), arrays, places.arrays(), places.names())
        nodes = list(self.methods.values())
        takes_rate = any(
            meaning(argument.arg).kind == "rate"
            for name in (*self.sequence, "__init__")
            if name in self.methods
            for argument in self.methods[name].args.args
        )
        self.rate = None if self._rated or takes_rate else literal_rate(nodes, loaded.namespace)
        named = {key: value for key, value in named.items() if not as_kind(key, "W", "b") or as_kind(key, "dW", "db")}
        return self._finished(probe, layout, pool, named, states, places.names())

    def _state(self, made: Any, places: Parameters, probe: Probe, layout: Layout) -> dict[str, Array]:
        return places.read(probe, layout)


def called_by_sample(loaded: Loaded, name: str) -> bool:
    """Is a function called with what a loop goes through one by one: for x, y in batch: backprop(x, y)?"""
    for loop in ast.walk(loaded.tree):
        if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Tuple):
            continue
        given = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
        for call in (node for statement in loop.body for node in ast.walk(statement) if isinstance(node, ast.Call)):
            called = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
            if called == name and any(isinstance(argument, ast.Name) and argument.id in given for argument in call.args):
                return not _batches(loop)
    return False


def _batches(loop: ast.For) -> bool:
    """Does it go through batches, and not through the samples of one?"""
    return bool(re.search(r"batches|loader|get_batch|iterate", ast.unparse(loop.iter), re.IGNORECASE))


def methods_of(loaded: Loaded, name: str) -> dict[str, Function]:
    """The methods of a class, also those of its parents in the file."""
    node = loaded.classes[name]
    result: dict[str, Function] = {}
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in loaded.classes and base.id != name:
            result.update(methods_of(loaded, base.id))
    result.update({part.name: part for part in node.body if isinstance(part, ast.FunctionDef)})
    return result
