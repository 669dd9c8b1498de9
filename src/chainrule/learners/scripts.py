"""Scripts that train in a loop: watched while they run, on their own numbers and on a probe's.

The variables of a script that are its x, t, W and b are told by their names and shapes and by what the loop changes. Before the loop
begins they get a probe's numbers; each turn of the loop is then a step.
"""

from __future__ import annotations

import ast
import copy
import itertools
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.learners.calling import Pool
from chainrule.learners.layout import Array, Layout, Probe
from chainrule.learners.limits import FILE
from chainrule.learners.loading import Loaded, inlined, simple
from chainrule.learners.names import as_kind, meaning, meanings
from chainrule.learners.places import Parameters, Stored, leaves, like, of_integers, parameter_places, shared_arrays, single_numbers
from chainrule.learners.programs import Answer, Form, LearnerProgram, Unreadable, literal_rate, methods_of
from chainrule.learners.reporting import numbers

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

    x, t    names of variables; t is "" where x holds both
    form    "apart": x and t by themselves; "pairs": (x, t) for each sample; "rows": the target at the end of each row;
            "numbers": each input and each target a variable, their names separated by commas
    """

    x: str
    t: str
    form: str = "apart"

    def put(self, namespace: dict[str, Any], probe: Probe, layout: Layout) -> None:
        """Give the variables a probe's samples, in the form in which the script has its own."""
        if self.form == "pairs":
            flat = layout.targets == "flat"
            old = namespace[self.x]
            kind = type(old[0][0])
            pairs = []
            for x, t in zip(probe.x, probe.t, strict=True):
                one: list[Any] = [x, t[0] if flat else t]
                one = [value.tolist() if kind is list and isinstance(value, np.ndarray) else value for value in one]
                pairs.append(tuple(one) if isinstance(old[0], tuple) else one)
            namespace[self.x] = pairs if isinstance(old, list) else tuple(pairs)
            return
        if self.form == "numbers":
            for names, values in ((self.x, probe.x[0]), (self.t, probe.t[0])):
                if len(names.split(",")) != len(values) or probe.rows != 1:
                    raise Unreadable("numbers")
                namespace.update(dict(zip(names.split(","), values.tolist(), strict=True)))
            return
        if self.form == "rows":
            rows = np.hstack([probe.x, probe.t])
            namespace[self.x] = rows.tolist() if isinstance(namespace[self.x], list) else rows
            return
        for name, value in ((self.x, layout.x(probe)), (self.t, layout.t(probe))):
            old = namespace[name]
            if isinstance(value, np.ndarray):
                if np.ndim(old) == 3 and np.shape(old)[1] == 1 and np.shape(old)[-1] > 1 and not layout.columns:  # each sample a row
                    value = value[:, None, :] if value.ndim == 2 else value[:, None, None]
                elif np.ndim(old) == 3 and np.shape(old)[-1] == 1:  # each sample a column
                    value = (value.T if layout.columns else value)[:, :, None]
                value = value.astype(float) if np.asarray(old).dtype.kind == "f" else value
                value = value.tolist() if isinstance(old, list) else np.matrix(value) if isinstance(old, np.matrix) else value
            namespace[name] = value


class ScriptProgram(LearnerProgram):
    """A loop at the top level of a script, with what stands before it."""

    def __init__(
        self,
        loaded: Loaded,
        before: Sequence[ast.stmt],
        loop: ast.stmt,
        number: int,
        data: Data,
        bindings: Mapping[str, Any] | None = None,
        choice: int | None = None,
    ) -> None:
        super().__init__(loaded)
        self.choice = choice
        self.loop, self.number, self.data = loop, number, data
        self.line = loop.lineno
        self.before = before
        self.namespace = _began(loaded, before, bindings)
        self.entry = f"{_kind(loop)} in line {self.line}"
        self.own = _own_parameters(loaded, self.namespace, loop, number, choice)
        single = {leaf.path: leaf for leaf in leaves(self.namespace, "") if not leaf.shape}
        self._rates = [path for path, leaf in single.items() if meaning(leaf.name).kind == "rate"]
        self._others = [path for path, leaf in single.items() if meaning(leaf.name).kind in ("momentum", "penalty")]
        self._batches = [path for path, leaf in single.items() if meaning(leaf.name).kind == "batch"]
        self._counts = [
            path
            for path, leaf in single.items()
            if meaning(leaf.name).kind == "count" and float(leaf.get()) in _rows_of(self.namespace, data)
        ]
        self._code = compile(ast.Module([loop], []), FILE, "exec", dont_inherit=True)

    def depths(self) -> Sequence[int]:
        return (len(self.own.weights),)

    def has_bias(self) -> Sequence[bool]:
        return (any(self.own.has),)

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[Form]:
        has = self.own.has if len(self.own.has) == len(sizes) - 1 else (bias,) * (len(sizes) - 1)
        yield Form(None if _square(self.own) else self.own.units_first, bool(self.own.inside), sizes, has)

    def one_output(self) -> bool:
        return self.own.sizes[-1] == 1

    def fixed(self) -> tuple[int, ...] | None:
        return self.own.sizes

    def answer(self, probe: Probe, layout: Layout, steps: int) -> Answer:
        namespace = self._copied()
        places = self._single(namespace, probe, layout) if self.choice is not None else self._set(namespace, probe, layout)
        single = {leaf.path: leaf for leaf in leaves(namespace, "") if not leaf.shape}
        for path in self._rates:
            single[path].put(np.array(probe.rate))
        for path in self._others:
            single[path].put(np.array(0.0))
        for path in (*self._batches, *self._counts):
            single[path].whole(probe.rows)
        own = tuple(name for name in (self.data.x, self.data.t) if of_integers(namespace.get(name)))
        self.data.put(namespace, probe, layout)
        self.integers = (*places.integers(), *(name for name in own if of_integers(namespace.get(name))))
        pool = Pool(probe, layout, {})
        pool.names.update(x=self.data.x, t=self.data.t or self.data.x)
        given = {name: copy.deepcopy(namespace[name]) for name in (self.data.x, self.data.t) if name in namespace}
        recorder, arrays = self.loaded.recorder, places.arrays()
        states: list[dict[str, Array]] = []

        def turned(number: int, turns: int) -> None:
            if number == self.number:
                states.append(places.read(probe, layout))
                recorder.on = turns == 0

        recorder.begin()
        recorder.hook, recorder.bounds, recorder.short = turned, {self.number: steps}, self.number < 0
        try:
            for _ in range(1 if self.number >= 0 else steps):  # a call trains for one turn of its loops
                if self.number < 0:
                    turned(self.number, len(states))
                self._quietly(exec, self._code, namespace)
        finally:
            recorder.on, recorder.hook, recorder.bounds, recorder.short = False, None, {}, False
        if len(states) <= steps:
            states.append(places.read(probe, layout))
        self.shared = shared_arrays(namespace, arrays, places.arrays(), places.names())
        self.rate = None if self._rates else self._fixed_rate()
        answer = self._finished(probe, layout, pool, {}, states, places.names())
        altered = tuple(
            key for key, name in (("x", self.data.x), ("t", self.data.t)) if name in given and not _equal(namespace[name], given[name])
        )
        return Answer(**{**{name: getattr(answer, name) for name in answer.__match_args__}, "altered": altered})

    def _copied(self) -> dict[str, Any]:
        """The variables before the loop, so that one run does not change the next."""
        kept = {name: value for name, value in self.namespace.items() if _is_shared(value)}
        memo = {id(value): value for value in kept.values()}
        own = {name: value for name, value in self.namespace.items() if name not in kept}
        result = {**kept, **copy.deepcopy(own, memo)}
        for name, value in self.namespace.items():
            if isinstance(value, types.FunctionType) and value.__globals__ is self.namespace:
                function = types.FunctionType(value.__code__, result, value.__name__, value.__defaults__, value.__closure__)
                function.__kwdefaults__ = value.__kwdefaults__
                result[name] = function
        return result

    def _single(self, namespace: dict[str, Any], probe: Probe, layout: Layout) -> Parameters:
        """The same of parameters that are numbers by themselves."""
        if probe.sizes != self.own.sizes or self.choice is None:
            raise Unreadable("sizes")
        places = next(itertools.islice(single_numbers(list(leaves(namespace, ""))), self.choice, self.choice + 1))
        places.set(probe, layout)
        return places

    def _set(self, namespace: dict[str, Any], probe: Probe, layout: Layout) -> Parameters:
        """The places of the parameters in a copy of the variables, with a probe's numbers, perhaps of other sizes."""
        found = {leaf.path: leaf for leaf in leaves(namespace, "")}
        weights: list[Stored] = []
        biases: list[Stored | None] = []
        for number, leaf in enumerate(self.own.weights):
            weights.append(_put(found.get(leaf.path), layout.w(probe, number), leaf))
            bias, wanted = self.own.biases[number], probe.biases[number]
            if bias is None or wanted is None:
                biases.append(None)
            else:
                units = len(wanted)
                shape = tuple(units if extent == self.own.sizes[number + 1] and extent != 1 else extent for extent in bias.shape)
                if self.own.sizes[number + 1] == 1 and bias.shape:
                    shape = (units,) if len(bias.shape) == 1 else (units, 1) if layout.columns else (1, units)
                if not bias.shape and units > 1:
                    raise Unreadable("bias")
                biases.append(_put(found.get(bias.path), wanted.reshape(shape), bias))
        return Parameters(weights, biases, layout.units_first, layout.inside, probe.sizes, self.own.held)

    def _arguments_of(self, call: ast.Call) -> Iterator[list[str]]:
        """The names of the arguments of what a call may call: a function of the program, or a method of one of its classes."""
        if isinstance(call.func, ast.Name) and call.func.id in self.loaded.functions:
            yield [argument.arg for argument in self.loaded.functions[call.func.id].args.args]
        elif isinstance(call.func, ast.Attribute):
            for name in self.loaded.classes:
                method = methods_of(self.loaded, name).get(call.func.attr)
                if method is not None:
                    yield [argument.arg for argument in method.args.args[1:]]

    def _fixed_rate(self) -> float | None:
        """A rate that is written into the loop, or into a call in it, or into an update in a function."""
        tree = next(
            (node for node in ast.walk(self.loaded.tree) if isinstance(node, (ast.For, ast.While)) and node.lineno == self.line), None
        )
        if tree is None:
            return None
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for names in self._arguments_of(call):
                for name, value in [
                    *zip(names, call.args, strict=False),
                    *((keyword.arg or "", keyword.value) for keyword in call.keywords),
                ]:
                    if meaning(name).kind == "rate" and isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
                        return float(value.value)
        called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        return literal_rate([tree, *(node for name, node in self.loaded.functions.items() if name in called)], self.namespace)


def script_programs(loaded: Loaded) -> Iterator[LearnerProgram]:
    """The loops of a script that may be its training; then those within functions that begin their parameters themselves."""
    yield from _loops(loaded, loaded.statements, None)
    for name, node in loaded.functions.items():
        if node.args.args and any(isinstance(part, (ast.For, ast.While)) for part in node.body):
            body = inlined(node, arguments=True)
            if body is not None:
                names = [argument.arg for argument in node.args.args]
                before = [statement for statement in loaded.statements if simple(statement)]
                for bindings in _bound(loaded, names):
                    yield from _loops(loaded, [*before, *loaded.rewritten(copy.deepcopy(body))], bindings, name)


def _bound(loaded: Loaded, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Values for the arguments of a function that is watched from within: samples, sizes, a rate."""
    del loaded
    rng = np.random.default_rng(5)
    for columns in (False, True):
        result: dict[str, Any] = {}
        for name in names:
            for found in meanings(name):
                if found.kind in ("x", "t"):
                    array = rng.normal(size=(GIVEN, 5)) if found.kind == "x" else np.eye(3)[np.arange(GIVEN) % 3]
                    result[name] = array.T if columns else array
                    break
                if found.kind in _PLAIN:
                    result[name] = copy.deepcopy(_PLAIN[found.kind])
                    break
            else:
                result[name] = 7  # perhaps how many hidden units
        yield result


def _loops(
    loaded: Loaded, statements: Sequence[ast.stmt], bindings: Mapping[str, Any] | None, function: str = ""
) -> Iterator[LearnerProgram]:
    for place, loop in enumerate(statements):
        number = _loop_number(loop)
        if number is None:
            continue
        try:
            namespace = _began(loaded, statements[:place], bindings)
            for data in _data(namespace, loop):
                program = ScriptProgram(loaded, statements[:place], loop, number, data, bindings)
                if function:
                    program.entry = f"{function}: {program.entry}"
                yield program
        except Unreadable:
            pass
        try:
            for data in _numbers(namespace):
                for choice in range(6):
                    yield ScriptProgram(loaded, statements[:place], loop, number, data, bindings, choice)
        except Unreadable:
            continue


_TRAINS = re.compile(r"train|fit|learn|sgd|descent|optimi|run|entren|entrain|lern", re.IGNORECASE)

CALL = -1
"""In place of the number of a loop, where a call trains: net.fit(x_train, y_train, 1000, 0.1)."""


def _loop_number(statement: ast.stmt) -> int | None:
    """The number of a loop, CALL for a call that trains, None for everything else."""
    if isinstance(statement, ast.Expr):
        calls = [node for node in ast.walk(statement.value) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
        called = [call.func.attr for call in calls if isinstance(call.func, ast.Attribute)]
        return CALL if called and _TRAINS.search(called[0]) else None
    if not isinstance(statement, (ast.For, ast.While)):
        return None
    first = statement.body[0]
    assert isinstance(first, ast.If)
    assert isinstance(first.test, ast.Call)
    number = first.test.args[0]
    return number.value if isinstance(number, ast.Constant) and isinstance(number.value, int) else None


def _began(loaded: Loaded, before: Sequence[ast.stmt], bindings: Mapping[str, Any] | None) -> dict[str, Any]:
    """The variables when the loop begins."""
    namespace = loaded.fresh()
    namespace.update(copy.deepcopy(dict(bindings or {})))
    failures = len(loaded.failures)
    loaded.recorder.on, loaded.recorder.short = False, True
    for statement in before:
        loaded.run(statement, namespace=namespace, patience=0.5)
    loaded.recorder.short = False
    del loaded.failures[failures:]
    return namespace


def _own_parameters(loaded: Loaded, namespace: dict[str, Any], loop: ast.stmt, number: int, choice: int | None) -> Parameters:
    """Where the script has its parameters: those that a turn of the loop changes. Raises Unreadable where there are none."""
    before = {leaf.path: leaf.get() for leaf in leaves(namespace, "")}
    changing = {name: value for name, value in namespace.items() if not _is_shared(value)}
    kept = copy.deepcopy(changing)
    recorder = loaded.recorder
    recorder.bounds, recorder.short = {number: 2}, number < 0
    ran = loaded.run(loop, namespace=namespace, patience=1.0)
    recorder.bounds, recorder.short = {}, False
    after = {leaf.path: leaf.get() for leaf in leaves(namespace, "")}
    for name in list(namespace):
        if name not in kept and not _is_shared(namespace[name]):
            del namespace[name]
    namespace.update(kept)
    changed = {path for path, value in before.items() if path in after and not np.array_equal(after[path], value, equal_nan=True)}
    # Integers cut off a small step: that they stay as they are does not say that they are no weights.
    held = {leaf.path for leaf in leaves(namespace, "") if leaf.slot is not None and of_integers(leaf.slot.get())}
    changed |= {path for path in held if as_kind(path.rpartition(".")[2], "W", "b")}
    if not changed:
        raise Unreadable("nothing changes" if ran else "the loop fails")
    found = [leaf for leaf in leaves(namespace, "") if leaf.path in changed or as_kind(leaf.name, "b")]
    for places in parameter_places(found) if choice is None else itertools.islice(single_numbers(found), choice, choice + 1):
        covered = " ".join(leaf.path for leaf in places.weights)
        left = [
            leaf for leaf in found if leaf.shape and leaf.path not in covered and meaning(leaf.name).kind == "W" and "[" not in leaf.path
        ]
        if choice is None and left:
            raise Unreadable("not all weights")
        return places
    raise Unreadable("no parameters")


def _data(namespace: Mapping[str, Any], loop: ast.stmt) -> Iterator[Data]:
    """Which variables hold the samples, the likeliest first."""
    used = {node.id for node in ast.walk(loop) if isinstance(node, ast.Name)}
    arrays = {name: value for name, value in namespace.items() if _holds_data(value)}
    pairs = [name for name, value in arrays.items() if isinstance(value, (list, tuple)) and _is_pairs(value)]
    xs = [name for name in arrays if name not in pairs and as_kind(name, "x")]
    ts = [name for name in arrays if name not in pairs and as_kind(name, "t")]
    xs.sort(key=lambda name: (meaning(name).kind != "x", name not in used, bool(re.search(r"test|val", name, re.IGNORECASE))))
    ts.sort(key=lambda name: (meaning(name).kind != "t", name not in used, bool(re.search(r"test|val", name, re.IGNORECASE))))
    singles = [name for name, value in namespace.items() if _number(value) and meaning(name).kind == "t" and name in used]
    given = 0
    for x in xs:
        for t in [*ts, *(singles if _vector(arrays[x]) else [])]:
            if x != t and _together(arrays[x], namespace[t]):
                given += 1
                yield Data(x, t)
                if given > 5:
                    return
    for name in pairs:
        yield Data(name, "", "pairs")
    for name, value in arrays.items():
        if name in used and _matrix(value) and as_kind(name, "x"):
            yield Data(name, "", "rows")


def _numbers(namespace: Mapping[str, Any]) -> Iterator[Data]:
    """Inputs x1, x2 … and targets t1, t2 … that are variables by themselves."""
    groups: dict[str, list[str]] = {}
    for name, value in namespace.items():
        found = re.fullmatch(r"(\D+?)_?(?:[oa]_?)?(\d+)", name)
        if found is not None and _number(value):
            groups.setdefault(found[1].lower(), []).append(name)
    xs = [sorted(names) for stem, names in groups.items() if re.fullmatch(r"i|x|in|inp|input|inputs", stem)]
    ts = [
        sorted(names)
        for stem, names in groups.items()
        if re.fullmatch(r"t|y|target|targets?|expected|actual|true|y_?true|desired|d|out", stem)
    ]
    if not ts:
        ts = [[name] for name, value in namespace.items() if _number(value) and as_kind(name, "t") and meaning(name).kind == "t"]
    for x, t in itertools.product(xs, ts):
        yield Data(",".join(x), ",".join(t), "numbers")


def _together(x: Any, t: Any) -> bool:
    """Can they be inputs and targets of the same samples?"""
    try:
        x, t = np.shape(x), np.shape(t)
    except ValueError:  # of different lengths
        return False
    return bool(set(x) & set(t)) or 1 in t or len(t) == 0 or len(x) == 1


def _holds_data(value: Any) -> bool:
    return (isinstance(value, np.ndarray) and value.ndim > 0) or (isinstance(value, (list, tuple)) and len(value) > 0)


def _is_pairs(value: Sequence[Any]) -> bool:
    if not all(isinstance(item, (list, tuple)) and len(item) == 2 for item in value):
        return False
    return all(isinstance(item[0], (list, tuple, np.ndarray)) for item in value)


def _put(leaf: Stored | None, new: Array, own: Stored) -> Stored:
    """The leaf with other numbers in it, perhaps of another shape."""
    if leaf is None:
        raise Unreadable(own.path)
    if leaf.shape == new.shape:
        leaf.put(new)
        return leaf
    if own.vector and 1 in new.shape:
        placed = _put(leaf, new.ravel(), Stored(own.path, leaf.shape, leaf.get, leaf.put, leaf.slot))
        return Stored(leaf.path, new.shape, lambda: placed.get().reshape(new.shape), placed.put, placed.slot, True)
    if len(leaf.shape) == len(new.shape) and leaf.slot is not None:
        old = leaf.slot.get()
        leaf.slot.put(new.tolist() if isinstance(old, list) else np.matrix(new) if isinstance(old, np.matrix) else like(new, old))
        return Stored(leaf.path, new.shape, leaf.get, leaf.put, leaf.slot)
    raise Unreadable(own.path)


def _is_shared(value: Any) -> bool:
    """Is it something that runs do not change: a module, a function, a class?"""
    return isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type, types.MethodType)) or value is None


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _square(own: Parameters) -> bool:
    return len(set(own.sizes)) == 1


def _equal(now: Any, before: Any) -> bool:
    try:
        return bool(np.array_equal(np.asarray(now), np.asarray(before)))
    except (ValueError, TypeError):
        return True


def _rows_of(namespace: Mapping[str, Any], data: Data) -> tuple[int, ...]:
    """How many samples the script may have: so many m, N … may say."""
    return tuple(np.shape(namespace[data.x])) if data.x in namespace and data.form == "apart" else ()


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
