"""Scripts that train in a loop: watched while they run, on their own numbers and on a probe's.

What changes while the loop turns once may be W and b; what does not may be x and t. Names propose which is which, and so do shapes alone;
before the loop begins they get a probe's numbers, and the numbers decide. Each turn of the loop is then a step.
"""

from __future__ import annotations

import ast
import copy
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.learners.calling import Pool
from chainrule.learners.layout import Array, Layout, Probe
from chainrule.learners.limits import FILE
from chainrule.learners.loading import Loaded, draw_anew, inlined, simple
from chainrule.learners.names import as_kind, meaning, meanings
from chainrule.learners.places import Parameters, Unreadable, leaves, of_integers, parameter_places, shared_arrays, single_numbers
from chainrule.learners.programs import ROWS, Answer, Form, LearnerProgram, copied, literal_rate, methods_of
from chainrule.learners.reporting import numbers
from chainrule.learners.syntax import arguments_of, called_name, calls_in, is_plain_number, names_in
from chainrule.learners.tensors import is_tensor, tensor

GIVEN = 8
"""Samples that a function gets for its data while its variables are looked at."""


_PLAIN: Mapping[str, Any] = {
    "rate": 0.1,
    "momentum": 0.0,
    "penalty": 0.0,
    "epochs": 3,
    "batch": GIVEN,
    "count": GIVEN,
    "quiet": False,
    "index": 0,
    "inputs": 5,
    "hidden": 7,
    "outputs": 3,
    "sizes": [5, 7, 3],
}
"""What other arguments are given meanwhile."""


class Data(Frozen):
    """Where a script has its samples.

    x, t    paths of variables; t is "" where x holds both
    form    "apart": x and t by themselves; "pairs": (x, t) for each sample; "rows": the target at the end of each row;
            "numbers": each input and each target a variable, their names separated by commas
    named   whether names say so; otherwise the program has to react to t before this is believed
    """

    x: str
    t: str
    form: str = "apart"
    named: bool = True

    def put(self, namespace: dict[str, Any], probe: Probe, layout: Layout) -> None:
        """Give the variables a probe's samples, in the form in which the script has its own."""
        if self.form == "pairs":
            old = namespace[self.x]
            first = old[0]
            pairs = [
                type(first)(_like(value, own) for value, own in zip(pair, first, strict=True))
                for pair in zip(probe.x, probe.t, strict=True)
            ]
            namespace[self.x] = pairs if isinstance(old, list) else tuple(pairs)
        elif self.form == "numbers":
            for names, values in ((self.x, probe.x[0]), (self.t, probe.t[0])):
                if len(names.split(",")) != len(values) or probe.rows != 1:
                    raise Unreadable("numbers")
                namespace.update(dict(zip(names.split(","), values.tolist(), strict=True)))
        elif self.form == "rows":
            namespace[self.x] = _like(np.hstack([probe.x, probe.t]), namespace[self.x])
        else:
            deeper = {leaf.path: leaf for leaf in leaves(namespace)} if {self.x, self.t} - namespace.keys() else {}
            for path, value in ((self.x, layout.x(probe)), (self.t, layout.t(probe))):
                if path in namespace:
                    namespace[path] = _like(value, namespace[path], columns=layout.columns)
                else:
                    deeper[path].put(np.asarray(value))


def _like(value: Any, own: Any, *, columns: bool = False) -> Any:
    """Samples as the script writes its own: as a list, a tuple, a matrix, with each sample a row or a column by itself."""
    if not isinstance(value, np.ndarray):
        return value
    if is_tensor(own):
        return tensor(np.array(value), "torch" if hasattr(own, "detach") else "jax")
    if isinstance(own, (int, float)) and value.size == 1:
        return float(value.ravel()[0])
    if np.ndim(own) == 3 and np.shape(own)[1] == 1 and np.shape(own)[-1] > 1 and not columns:  # each sample a row
        value = value[:, None, :] if value.ndim == 2 else value[:, None, None]
    elif np.ndim(own) == 3 and np.shape(own)[-1] == 1:  # each sample a column
        value = (value.T if columns else value)[:, :, None]
    elif isinstance(own, (list, tuple)) and len(own) and isinstance(own[0], np.ndarray) and value.ndim == 2:  # samples apart
        return type(own)(value.reshape(len(value), *own[0].shape) if own[0].size == value[0].size else value[:, :, None])
    if isinstance(own, tuple):
        return tuple(value.tolist())
    value = value.astype(float) if np.asarray(own).dtype.kind == "f" else value
    if isinstance(own, list) and own and isinstance(own[0], np.ndarray):
        return list(value)
    return value.tolist() if isinstance(own, list) else np.matrix(value) if isinstance(own, np.matrix) else value


class Script(Frozen):
    """A loop, or a call, that trains, with what stands before it.

    number    of the loop, CALL of a call
    bindings  values for the arguments of the function whose body this is
    function  its name, "" at the top level
    """

    loaded: Loaded
    before: Sequence[ast.stmt]
    loop: ast.stmt
    number: int
    bindings: Mapping[str, Any]
    function: str = ""

    def begun(self) -> dict[str, Any]:
        """The variables when the loop begins; they are made anew each time, so that one run does not change the next."""
        loaded = self.loaded
        draw_anew()
        namespace = loaded.fresh()
        namespace.update(copy.deepcopy(dict(self.bindings)))
        failures = len(loaded.failures)
        loaded.recorder.on, loaded.recorder.short = False, True
        for statement in self.before:
            loaded.run(statement, namespace=namespace, patience=0.5)
        loaded.recorder.short = False
        del loaded.failures[failures:]
        return namespace

    def turned(self, namespace: dict[str, Any], turns: int = 1) -> bool:
        """Let the loop turn; whether it ran through."""
        recorder = self.loaded.recorder
        recorder.bounds, recorder.short = {self.number: turns}, self.number < 0
        ran = self.loaded.run(self.loop, namespace=namespace, patience=1.0)
        recorder.bounds, recorder.short = {}, False
        return ran

    def changed(self) -> set[str]:
        """The paths of what two turns change. Raises Unreadable where that is nothing."""
        namespace = self.begun()
        before = {leaf.path: leaf.get() for leaf in leaves(namespace)}
        ran = self.turned(namespace, 2)
        after = {leaf.path: leaf.get() for leaf in leaves(namespace)}
        changed = {path for path, value in before.items() if path in after and not np.array_equal(after[path], value, equal_nan=True)}
        # Integers cut off a small step: that they stay as they are does not say that they are no weights.
        held = [leaf for leaf in leaves(namespace) if leaf.slot is not None and of_integers(leaf.slot.get())]
        changed |= {leaf.path for leaf in held if as_kind(leaf.name, "W", "b")}
        if not changed:
            raise Unreadable("nothing changes" if ran else "the loop fails")
        return changed

    def parameters(self, namespace: dict[str, Any], changed: set[str], *, single: bool) -> list[Parameters]:
        """Ways to read what changes as W and b; a bias may stay what it is."""
        found = [leaf for leaf in leaves(namespace) if leaf.path in changed or as_kind(leaf.name, "b")]
        if single:
            return list(itertools.islice(single_numbers(found), 12))
        ways = []
        for places in parameter_places(found):
            covered = " ".join(leaf.path for leaf in places.weights)
            if not any(
                leaf.shape
                and leaf.path not in covered
                and meaning(leaf.name).kind == "W"
                and "[" not in leaf.path
                and len(leaf.shape) == 2
                and min(leaf.shape) > 1
                for leaf in found
            ):
                ways.append(places)
        return ways

    def rates(self, changed: set[str], weights: Sequence[str]) -> tuple[list[str], list[str]]:
        """Which numbers are the learning rate: with each of them twice as large, a turn moves the weights twice as far; and which are a
        momentum or a penalty. Where the turn tells nothing, as with zeros for inputs, their names decide.
        """
        single = [leaf for leaf in leaves(self.begun()) if not leaf.shape and leaf.path not in changed and float(leaf.get()) != 0]
        named = [leaf.path for leaf in single if meaning(leaf.name).kind == "rate"]
        others = [leaf.path for leaf in single if meaning(leaf.name).kind in ("momentum", "penalty")]
        if named:
            return named, others
        once = self._moved({}, weights)
        floats = [leaf for leaf in single if isinstance(leaf.slot and leaf.slot.get(), float)][:12]
        found = [leaf.path for leaf in floats if once and _twice(self._moved({leaf.path: 2.0}, weights), once)]
        return found[:1], [path for path in others if path not in found]

    def _moved(self, factors: Mapping[str, float], weights: Sequence[str]) -> list[Array]:
        """How far a turn moves the weights, from the same start, with some numbers multiplied."""
        namespace = self.begun()
        places = {leaf.path: leaf for leaf in leaves(namespace)}
        rng = np.random.default_rng(2)
        for path in weights:
            if path not in places:
                return []
            places[path].put(rng.normal(size=places[path].shape))
        for path, factor in factors.items():
            places[path].put(places[path].get() * factor)
        before = [places[path].get() for path in weights]
        draw_anew()
        self.turned(namespace)
        return [places[path].get() - old for path, old in zip(weights, before, strict=True)]


def _twice(moved: Sequence[Array], once: Sequence[Array]) -> bool:
    pairs = list(zip(moved, once, strict=False))
    return (
        bool(pairs)
        and any(np.any(old) for _, old in pairs)
        and all(new.shape == old.shape and np.allclose(new, 2 * old, rtol=1e-6, atol=1e-12) for new, old in pairs)
    )


class ScriptProgram(LearnerProgram):
    """A loop with its samples and its parameters, as one of several ways to read it."""

    def __init__(self, script: Script, data: Data, changed: set[str], way: int, *, single: bool = False) -> None:
        super().__init__(script.loaded)
        self.script, self.data, self._changed, self._way, self._single = script, data, changed, way, single
        self.line = script.loop.lineno
        self.entry = f"{script.function}{': ' if script.function else ''}{_kind(script.loop)} in line {self.line}"
        self._namespace = namespace = script.begun()
        self.own = script.parameters(namespace, changed, single=single)[way]
        self.rows = _own_rows(namespace, data, self.own.sizes[0])
        flat = [leaf for leaf in leaves(namespace) if not leaf.shape and leaf.path not in changed]
        self._batches = [leaf.path for leaf in flat if meaning(leaf.name).kind == "batch"]
        counted = [leaf for leaf in flat if self.rows > 1 and float(leaf.get()) == self.rows]
        self._counts = [leaf.path for leaf in counted if meaning(leaf.name).kind == "count" or self.rows not in self.own.sizes]
        self._known: tuple[list[str], list[str]] | None = None
        self._code = compile(ast.Module([script.loop], []), FILE, "exec", dont_inherit=True)

    def depths(self) -> Sequence[int]:
        return (len(self.own.weights),)

    def has_bias(self) -> Sequence[bool]:
        return (any(self.own.has),)

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[Form]:
        has = self.own.has if len(self.own.has) == len(sizes) - 1 else (bias,) * (len(sizes) - 1)
        if not self._single or sizes == self.own.sizes:
            square = len(set(self.own.sizes)) == 1
            yield Form(None if square else self.own.units_first, bool(self.own.inside), sizes, has)

    def one_output(self) -> bool:
        return self.own.sizes[-1] == 1

    def fixed(self) -> tuple[int, ...] | None:
        return self.own.sizes

    def rows_tried(self) -> Sequence[int]:
        if self.data.form == "numbers" or self.rows == 1:
            return (1,)
        if not 1 < self.rows <= 200:
            return (ROWS, 1)
        roots = [tree for tree in ast.walk(self.loaded.tree) if isinstance(tree, (ast.For, ast.While, ast.FunctionDef))]
        nodes = [
            node for root in roots for node in ast.walk(root) if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.Mult))
        ]
        if any(isinstance(node.right, ast.Constant) and node.right.value == self.rows for node in nodes):
            return (self.rows,)  # their number is written into it
        return (ROWS, self.rows, 1)

    def doubtful(self) -> bool:
        return not self.data.named

    def answer(self, probe: Probe, layout: Layout, steps: int) -> Answer:
        script, number = self.script, self.script.number
        namespace = script.begun()
        places = script.parameters(namespace, self._changed, single=self._single)[self._way]
        if self._single and probe.sizes != self.own.sizes:
            raise Unreadable("sizes")
        places.set(probe, layout)
        single = {leaf.path: leaf for leaf in leaves(namespace) if not leaf.shape and leaf.slot is not None}
        if self._known is None:
            self._known = script.rates(self._changed, _paths(self.own))
        for paths, value in zip((*self._known, [*self._batches, *self._counts]), (probe.rate, 0.0, probe.rows), strict=True):
            for path in paths:
                single[path].slot.put(value)  # type: ignore[union-attr]  # those without a slot are left out above
        own = tuple(name for name in (self.data.x, self.data.t) if of_integers(namespace.get(name)))
        self.data.put(namespace, probe, layout)
        self.integers = (*places.integers(), *(name for name in own if of_integers(namespace.get(name))))
        pool = Pool(probe, layout, {})
        pool.names.update(x=self.data.x, t=self.data.t or self.data.x)
        given = {name: copy.deepcopy(namespace[name]) for name in (self.data.x, self.data.t) if name in namespace}
        recorder, arrays = self.loaded.recorder, places.arrays()
        states: list[dict[str, Array]] = []
        named: dict[str, Any] = {}

        def turned(loop: int, turns: int) -> None:
            if loop == number:
                if len(states) == 1 and self.loaded.adaptive:  # what is taken off the weights is not their gradient
                    kinds = {name: meaning(name).kind for name in namespace}
                    named.update({name: copied(namespace[name]) for name, kind in kinds.items() if kind in ("dW", "db", "grads")})
                states.append(places.read(probe, layout))
                recorder.on = turns == 0

        recorder.begin()
        recorder.hook, recorder.bounds, recorder.short = turned, {number: steps}, number < 0
        try:
            for _ in range(1 if number >= 0 else steps):  # a call trains for one turn of its loops
                if number < 0:
                    turned(number, len(states))
                self._quietly(exec, self._code, namespace)
        finally:
            recorder.on, recorder.hook, recorder.bounds, recorder.short = False, None, {}, False
        if len(states) <= steps:
            states.append(places.read(probe, layout))
        self.shared = shared_arrays(namespace, arrays, places.arrays(), places.names())
        self.rate = None if self._known[0] else self._fixed_rate()
        answer = self._finished(probe, layout, pool, named, states, places.names())
        altered = tuple(
            key for key, name in (("x", self.data.x), ("t", self.data.t)) if name in given and not _equal(namespace[name], given[name])
        )
        return Answer(**{**{name: getattr(answer, name) for name in answer.__match_args__}, "altered": altered})

    def _arguments_of(self, call: ast.Call) -> Iterator[list[str]]:
        """The names of the arguments of what a call may call: a function of the program, or a method of one of its classes."""
        if isinstance(call.func, ast.Name) and call.func.id in self.loaded.functions:
            yield arguments_of(self.loaded.functions[call.func.id])
        elif isinstance(call.func, ast.Attribute):
            for name in self.loaded.classes:
                method = methods_of(self.loaded, name).get(call.func.attr)
                if method is not None:
                    yield arguments_of(method, method=True)

    def _fixed_rate(self) -> float | None:
        """A rate that is written into the loop, or into a call in it, or into an update in a function."""
        tree = next(
            (node for node in ast.walk(self.loaded.tree) if isinstance(node, (ast.For, ast.While)) and node.lineno == self.line), None
        )
        if tree is None:
            return None
        for call in calls_in(tree):
            for names in self._arguments_of(call):
                for name, value in [
                    *zip(names, call.args, strict=False),
                    *((keyword.arg or "", keyword.value) for keyword in call.keywords),
                ]:
                    if meaning(name).kind == "rate" and isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
                        return float(value.value)
        calls = {called_name(call, method=False) for call in calls_in(tree)}
        return literal_rate([tree, *(node for name, node in self.loaded.functions.items() if name in calls)], self._namespace)


def script_programs(loaded: Loaded) -> Iterator[LearnerProgram]:
    """The loops of a script that may be its training; then those within functions that begin their parameters themselves."""
    yield from _loops(loaded, loaded.statements, {}, "")
    for name, node in loaded.functions.items():
        if arguments_of(node) and any(isinstance(part, (ast.For, ast.While)) for part in node.body):
            body = inlined(node)
            if body is not None:
                before = [statement for statement in loaded.statements if simple(statement)]
                for bindings in _bound(arguments_of(node)):
                    yield from _loops(loaded, [*before, *loaded.rewritten(copy.deepcopy(body))], bindings, name)


def _bound(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Values for the arguments of a function that is watched from within: samples, sizes, a rate."""
    rng = np.random.default_rng(5)
    for columns, classes in ((False, 3), (False, 1), (True, 3), (True, 1)):
        result: dict[str, Any] = {}
        for name in names:
            for found in meanings(name):
                if found.kind in ("x", "t"):
                    array = rng.normal(size=(GIVEN, 5)) if found.kind == "x" else np.eye(classes)[np.arange(GIVEN) % classes]
                    result[name] = array.T if columns else array
                    break
                if found.kind in _PLAIN:
                    result[name] = copy.deepcopy(_PLAIN[found.kind])
                    break
            else:
                result[name] = 7  # perhaps how many hidden units
        yield result


def _loops(loaded: Loaded, statements: Sequence[ast.stmt], bindings: Mapping[str, Any], function: str) -> Iterator[LearnerProgram]:
    for place, loop in enumerate(statements):
        number = _loop_number(loop)
        if number is None:
            continue
        script = Script(loaded, statements[:place], loop, number, bindings, function)
        try:
            changed = script.changed()
        except Unreadable:
            continue
        namespace = script.begun()
        ways = [(way, one, own) for one in (False, True) for way, own in enumerate(script.parameters(namespace, changed, single=one))]
        for find in (_named, _nameless, _rows):
            for way, single, own in ways:
                for data in itertools.chain(
                    find(namespace, script, changed, own), _numbers(namespace) if single and find is _named else ()
                ):
                    yield ScriptProgram(script, data, changed, way, single=single)


_TRAINS = re.compile(r"train|trein|fit|learn|sgd|descent|optimi|run|entren|entrain|lern|step|update|back|epoch", re.IGNORECASE)

CALL = -1
"""In place of the number of a loop, where a call trains: net.fit(x_train, y_train, 1000, 0.1)."""


def _loop_number(statement: ast.stmt) -> int | None:
    """The number of a loop, CALL for a call that trains, None for everything else."""
    if isinstance(statement, (ast.Expr, ast.Assign)):
        trains = next((name for call in calls_in(statement.value) if (name := called_name(call, method=True))), "")
        return CALL if _TRAINS.search(trains) else None
    if not isinstance(statement, (ast.For, ast.While)):
        return None
    first = statement.body[0]
    assert isinstance(first, ast.If)
    assert isinstance(first.test, ast.Call)
    number = first.test.args[0]
    return number.value if isinstance(number, ast.Constant) and isinstance(number.value, int) else None


def _named(namespace: dict[str, Any], script: Script, changed: set[str], own: Parameters) -> Iterator[Data]:
    """Which variables hold the samples, by their names, the likeliest first."""
    used, taken = names_in(script.loop), {*_paths(own)}
    arrays = {name: value for name, value in namespace.items() if _holds_data(value) and name not in taken}
    pairs = [name for name, value in arrays.items() if isinstance(value, (list, tuple)) and _is_pairs(value)]
    xs = [name for name in arrays if name not in pairs and as_kind(name, "x")]
    ts = [name for name in arrays if name not in pairs and as_kind(name, "t")]
    xs.sort(key=lambda name: (meaning(name).kind != "x", name not in used, bool(re.search(r"test|val", name, re.IGNORECASE))))
    ts.sort(key=lambda name: (meaning(name).kind != "t", name not in used, bool(re.search(r"test|val", name, re.IGNORECASE))))
    singles = [name for name, value in namespace.items() if is_plain_number(value) and meaning(name).kind == "t" and name in used]
    given = 0
    for x in xs:
        for t in [*ts, *(singles if _vector(arrays[x]) else [])]:
            if x != t and _together(arrays[x], namespace[t]) and _sized(arrays[x], namespace[t], own.sizes):
                given += 1
                yield Data(x, t)
                if given > 5:
                    return
    for name in pairs:
        yield Data(name, "", "pairs")


def _rows(namespace: dict[str, Any], script: Script, changed: set[str], own: Parameters) -> Iterator[Data]:
    """Which variables may hold the samples with their targets behind them, row by row."""
    width, used = own.sizes[0] + own.sizes[-1], names_in(script.loop)
    for name, value in namespace.items():
        if name in used and name not in changed and _matrix(value) and np.shape(value)[1] == width:
            yield Data(name, "", "rows", named=as_kind(name, "x") is not None)


def _nameless(namespace: dict[str, Any], script: Script, changed: set[str], own: Parameters) -> Iterator[Data]:
    """Which variables may hold the samples, whatever they are called: what does not change and fits by its shape."""
    used = names_in(script.loop)
    shapes = {name: np.shape(value) for name, value in namespace.items() if numbers(value) is not None and np.ndim(value)}
    shapes.update({leaf.path: leaf.shape for leaf in leaves(namespace) if leaf.shape and leaf.path not in shapes})
    found = sorted((path for path in shapes if path not in changed), key=lambda path: path not in used)
    given = 0
    for x in [path for path in found if len(shapes[path]) > 1 and own.sizes[0] in shapes[path]]:
        for t in found:
            if t != x and _fit_together(shapes[x], shapes[t], own.sizes) and given < 12 and not (as_kind(x, "x") and as_kind(t, "t")):
                given += 1
                yield Data(x, t, named=False)


def _fit_together(x: tuple[int, ...], t: tuple[int, ...], sizes: tuple[int, ...]) -> bool:
    """Can they be so many inputs and outputs of the same samples?"""
    rows = [extent for place, extent in enumerate(x) if extent != sizes[0] or x.count(extent) > 1 or place == 0]
    return t in {shape for n in {*x, *rows} for shape in ((n, sizes[-1]), (sizes[-1], n), (n,), (n, 1), (1, n), (n, sizes[-1], 1))}


def _numbers(namespace: Mapping[str, Any]) -> Iterator[Data]:
    """Inputs x1, x2 … and targets t1, t2 … that are variables by themselves."""
    groups: dict[str, list[str]] = {}
    for name, value in namespace.items():
        found = re.fullmatch(r"(\D+?)_?(?:[oa]_?)?(\d+)", name)
        if found is not None and is_plain_number(value):
            groups.setdefault(found[1].lower(), []).append(name)
    xs = [sorted(names) for stem, names in groups.items() if re.fullmatch(r"i|x|in|inp|input|inputs", stem)]
    ts = [
        sorted(names)
        for stem, names in groups.items()
        if re.fullmatch(r"t|y|target|targets?|expected|actual|true|y_?true|desired|d|out", stem)
    ]
    if not ts:
        ts = [[name] for name, value in namespace.items() if is_plain_number(value) and as_kind(name, "t") and meaning(name).kind == "t"]
    for x, t in itertools.product(xs, ts):
        yield Data(",".join(x), ",".join(t), "numbers")


def _together(x: Any, t: Any) -> bool:
    """Can they be inputs and targets of the same samples?"""
    try:
        x, t = np.shape(x), np.shape(t)
    except ValueError:  # of different lengths
        return False
    return bool(set(x) & set(t)) or 1 in t or len(t) == 0 or len(x) == 1


def _sized(x: Any, t: Any, sizes: tuple[int, ...]) -> bool:
    """Have they so many inputs, perhaps with a column of ones, and outputs, or numbers of classes?"""
    try:
        x, t = np.shape(x), np.shape(t)
    except ValueError:  # of different lengths
        return True
    inputs = {sizes[0], sizes[0] + 1} & {*x} or len(x) < 2
    return bool(inputs) and (sizes[-1] in t or len(t) < 2 or 1 in t)


def _holds_data(value: Any) -> bool:
    return (isinstance(value, np.ndarray) and value.ndim > 0) or is_tensor(value) or (isinstance(value, (list, tuple)) and len(value) > 0)


def _is_pairs(value: Sequence[Any]) -> bool:
    if not all(isinstance(item, (list, tuple)) and len(item) == 2 for item in value):
        return False
    return all(isinstance(item[0], (list, tuple, np.ndarray)) for item in value)


def _equal(now: Any, before: Any) -> bool:
    try:
        return bool(np.array_equal(np.asarray(now), np.asarray(before)))
    except (ValueError, TypeError):
        return True


def _own_rows(namespace: Mapping[str, Any], data: Data, inputs: int) -> int:
    """How many samples the script has; 0 where that is not known."""
    if data.form in ("pairs", "rows"):
        return len(namespace[data.x])
    shapes = [shape for path in (data.x, data.t) if path in namespace and (shape := np.shape(namespace[path]))]
    if data.form != "apart" or len(shapes) != 2:
        return 0
    common = [extent for extent in shapes[0] if extent in shapes[1]]
    if len(shapes[0]) == 2 and shapes[0][0] == inputs != shapes[0][1] in common:
        return int(shapes[0][1])
    return int(shapes[0][0] if shapes[0][0] in common else common[0] if common else 0)


def _paths(own: Parameters) -> list[str]:
    return [path for leaf in own.weights for path in leaf.path.split(", ")]


def _vector(value: Any) -> bool:
    array = numbers(value)
    return array is not None and array.ndim == 1


def _matrix(value: Any) -> bool:
    array = numbers(value)
    return array is not None and array.ndim == 2


def _kind(loop: ast.stmt) -> str:
    """How a loop is called, or a call that trains."""
    if isinstance(loop, ast.Expr):
        return "call"
    return "for" if isinstance(loop, ast.For) else "while"
