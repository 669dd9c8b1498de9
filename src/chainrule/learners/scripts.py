"""Scripts that train in a loop: watched while they run, on their own numbers and on a probe's.

What changes while the loop turns once may be W and b; what does not may be x and t. Names propose which is which, and so do shapes alone;
before the loop begins they get a probe's numbers, and the numbers decide. Each turn of the loop is then a step.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.learners.calling import Pool
from chainrule.learners.layout import Probe, Unreadable
from chainrule.learners.limits import FILE
from chainrule.learners.loading import Loaded, draw_anew, inlined, simple
from chainrule.learners.names import as_kind, compact, meaning, meanings
from chainrule.learners.parameters import Parameters, parameter_places, shared_arrays, single_numbers
from chainrule.learners.programs import ROWS, Answer, LearnerProgram, ParameterForm, copy_of, literal_rate, methods_of
from chainrule.learners.samples import (
    Samples,
    named_samples,
    numbered_samples,
    rows_of_samples,
    samples_with_targets_behind,
    unnamed_samples,
)
from chainrule.learners.stored import leaves, of_integers
from chainrule.learners.syntax import arguments_of, called_name, calls_in, multiplied_in, needed_by

GIVEN = 8
"""Samples that a function gets for its data while its variables are looked at."""


_PLAIN: Mapping[str, Any] = {
    "rate": 0.1, "momentum": 0.0, "penalty": 0.0, "epochs": 3, "batch": GIVEN, "count": GIVEN, "quiet": False, "index": 0, "inputs": 5,
    "hidden": 7, "outputs": 3, "sizes": [5, 7, 3],
}  # fmt: skip
"""What other arguments are given meanwhile."""


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
        failures = self.loaded.failures
        known = len(failures)
        ran = self.loaded.run(self.loop, namespace=namespace, patience=1.0)
        recorder.bounds, recorder.short = {}, False
        if self.function:  # what fails on arguments of ours is no failure of the file
            given = ", ".join(f"{name} of {np.shape(value)}" for name, value in self.bindings.items() if isinstance(value, np.ndarray))
            self.loaded.refusals += [(line, problem, f"{self.function}({given})") for line, problem in failures[known:]]
            del failures[known:]
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
        ways, multiplied = [], multiplied_in(self.loaded.tree)
        for places in parameter_places(found):
            covered = " ".join(leaf.path for leaf in places.weights)
            left = [leaf for leaf in found if len(leaf.shape) == 2 and min(leaf.shape) > 1 and leaf.path not in covered.split(" ")]
            if any(leaf.path in multiplied for leaf in left):  # what changes and stands in a product of matrices is a layer, too
                continue
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

    def rates(self, changed: set[str], weights: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
        """Which numbers are the learning rate: with each of them twice as large, a turn moves the weights twice as far; and which are a
        momentum, and which a penalty. Where the turn tells nothing, as with zeros for inputs, their names decide.
        """
        single = [leaf for leaf in leaves(self.begun()) if not leaf.shape and leaf.path not in changed and float(leaf.get()) != 0]
        parts = (node for node in ast.walk(self.loaded.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
        read = {node.id for node in parts}  # a rate beside an update with a number of its own does nothing
        named = [leaf.path for leaf in single if meaning(leaf.name).kind == "rate" and (leaf.name in read or leaf.name != leaf.path)]
        momenta, penalties = ([leaf.path for leaf in single if meaning(leaf.name).kind == kind] for kind in ("momentum", "penalty"))
        penalties = [path for path in penalties if "decay" not in path.lower() or "w" in compact(path).partition("decay")[0]]  # of weights
        if named:
            return named, momenta, penalties
        once = self._moved({}, weights)
        floats = [leaf for leaf in single if isinstance(leaf.slot and leaf.slot.get(), float)][:12]
        found = [leaf.path for leaf in floats if once and _twice(self._moved({leaf.path: 2.0}, weights), once)]
        return found[:1], [path for path in momenta if path not in found], [path for path in penalties if path not in found]

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

    def __init__(self, script: Script, data: Samples, changed: set[str], way: int, *, single: bool = False) -> None:
        super().__init__(script.loaded)
        self.script, self.data, self._changed, self._way, self._single = script, data, changed, way, single
        self.line = script.loop.lineno
        self.entry = f"{script.function}{': ' if script.function else ''}{_kind(script.loop)} in line {self.line}"
        self._namespace = namespace = script.begun()
        self.own = script.parameters(namespace, changed, single=single)[way]
        self.depths, self.biases, self.fixed, self.doubtful = (len(self.own.weights),), (any(self.own.has),), self.own.sizes, not data.named
        self.rows = rows_of_samples(namespace, data, self.own.sizes[0])
        flat = [leaf for leaf in leaves(namespace) if not leaf.shape and leaf.path not in changed]
        self._batches = [leaf.path for leaf in flat if meaning(leaf.name).kind == "batch"]
        counted = [leaf for leaf in flat if self.rows > 1 and float(leaf.get()) == self.rows]
        self._counts = [leaf.path for leaf in counted if meaning(leaf.name).kind == "count" or self.rows not in self.own.sizes]
        self._known: tuple[list[str], list[str], list[str]] | None = None
        self._code = compile(ast.Module([script.loop], []), FILE, "exec", dont_inherit=True)

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[ParameterForm]:
        has = self.own.has if len(self.own.has) == len(sizes) - 1 else (bias,) * (len(sizes) - 1)
        if not self._single or sizes == self.own.sizes:
            square = len(set(self.own.sizes)) == 1
            yield ParameterForm(None if square else self.own.units_first, bool(self.own.inside), sizes, has)

    def one_output(self) -> bool:
        return self.own.sizes[-1] == 1

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

    def answer(self, probe: Probe, steps: int) -> Answer:
        script, number = self.script, self.script.number
        namespace = script.begun()
        begun = {*namespace}
        places = script.parameters(namespace, self._changed, single=self._single)[self._way]
        if self._single and probe.sizes != self.own.sizes:
            raise Unreadable("sizes")
        places.set(probe)
        slots = {leaf.path: leaf.slot for leaf in leaves(namespace) if not leaf.shape and leaf.slot is not None}
        if self._known is None:
            self._known = script.rates(self._changed, self.own.weight_paths())
        for paths, value in zip((*self._known, [*self._batches, *self._counts]), (probe.rate, self.momentum, 0.0, probe.rows), strict=True):
            for path in paths:
                slots[path].put(value)
        own = tuple(name for name in (self.data.x, self.data.t) if of_integers(namespace.get(name)))
        self.data.put(namespace, probe)
        self.integers = (*places.integers(), *(name for name in own if of_integers(namespace.get(name))))
        pool = Pool(probe, {})
        pool.names.update(x=self.data.x, t=self.data.t or self.data.x)
        given = {name: copy.deepcopy(namespace[name]) for name in (self.data.x, self.data.t) if name in namespace}
        recorder, arrays = self.loaded.recorder, places.arrays()
        states: list[dict[str, Array]] = []
        named: dict[str, Any] = {}

        def turned(loop: int, turns: int) -> None:
            if loop == number:
                if len(states) == 1 and self.loaded.adaptive:  # what is taken off the weights is not their gradient
                    kinds = {name: meaning(name).kind for name in namespace}
                    fresh = {name for name, kind in kinds.items() if kind == "dW"} - begun  # others may be what a rule keeps
                    kinds = {name: kind for name, kind in kinds.items() if not fresh or name not in begun}
                    kinds.update({name: "grads" for name, value in namespace.items() if name in ("g", "dp") and isinstance(value, dict)})
                    named.update({name: copy_of(namespace[name]) for name, kind in kinds.items() if kind in ("dW", "db", "grads")})
                states.append(places.read(probe))
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
            states.append(places.read(probe))
        self.shared = shared_arrays(namespace, arrays, places.arrays(), places.names())
        self.rate = None if self._known[0] else self._fixed_rate()
        answer = self._finished(probe, pool, named, states, places.names())
        if probe.sizes != self.own.sizes and self._moves_its_own_part_alone(answer.gradients):
            raise Unreadable("its sizes are written into its loops")
        altered = tuple(
            key for key, name in (("x", self.data.x), ("t", self.data.t)) if name in given and not _equal(namespace[name], given[name])
        )
        return replace(answer, altered=altered)

    def _moves_its_own_part_alone(self, gradients: Mapping[str, Array]) -> bool:
        """Is of a larger parameter trained just what has the size of its own? Then its loops count to numbers, as range(3) does."""
        for key, gradient in gradients.items():
            number, own = int(key[2:]), self.own.sizes
            block = tuple(slice(0, size) for size in (own[number - 1 : number + 1] if key[1] == "W" else own[number : number + 1]))
            outside = np.ones(gradient.shape, dtype=bool)
            outside[block] = False
            if gradient.ndim == len(block) and outside.any() and not gradient[outside].any() and gradient[block].all():
                return True
        return False

    def _arguments_of(self, call: ast.Call) -> Iterator[list[str]]:
        """The names of the arguments of what a call may call: a function of the program, or a method of one of its classes."""
        if isinstance(call.func, ast.Name):  # a function within another may be given back by it under its own name
            nodes = (node for node in ast.walk(self.loaded.tree) if isinstance(node, ast.FunctionDef))
            yield from (arguments_of(node) for node in nodes if node.name == call.func.id)
        elif isinstance(call.func, ast.Attribute):
            for name in self.loaded.classes:
                method = methods_of(self.loaded, name).get(call.func.attr)
                if method is not None:
                    yield arguments_of(method, method=True)

    def _fixed_rate(self) -> float | None:
        """A rate that is written into the loop, or into a call in it, or into an update in a function."""
        loops = (node for node in ast.walk(self.loaded.tree) if isinstance(node, (ast.For, ast.While)) and node.lineno == self.line)
        tree = next(loops, None)
        if tree is None:
            return None
        for call in calls_in(tree):
            by_name = [(keyword.arg or "", keyword.value) for keyword in call.keywords]
            for names in self._arguments_of(call):
                for name, value in [*zip(names, call.args, strict=False), *by_name]:
                    if meaning(name).kind == "rate" and isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
                        return float(value.value)
        calls = {called_name(call, method=False) for call in calls_in(tree)}
        return literal_rate([tree, *(node for name, node in self.loaded.functions.items() if name in calls)], self._namespace)


def script_programs(loaded: Loaded) -> Iterator[LearnerProgram]:
    """The loops of a script that may be its training, in every way to read them."""
    for script, changed in scripts(loaded):
        namespace = script.begun()
        ways = [(way, one, own) for one in (False, True) for way, own in enumerate(script.parameters(namespace, changed, single=one))]
        for find in (named_samples, unnamed_samples, samples_with_targets_behind):
            for way, single, own in ways:
                for data in itertools.chain(
                    find(namespace, script.loop, changed, own),
                    numbered_samples(namespace) if single and find is named_samples else (),
                ):
                    yield ScriptProgram(script, data, changed, way, single=single)


def scripts(loaded: Loaded) -> Iterator[tuple[Script, set[str]]]:
    """The loops of a script that change something, with the paths of that; then those within functions that begin their parameters
    themselves, and those within methods.
    """
    for statements, bindings, function in _bodies(loaded):
        for place, loop in enumerate(statements):
            number = _loop_number(loop)
            if number is not None:
                script = Script(loaded, statements[:place], loop, number, bindings, function)
                with contextlib.suppress(Unreadable):
                    yield script, script.changed()


def _bodies(loaded: Loaded) -> Iterator[tuple[Sequence[ast.stmt], Mapping[str, Any], str]]:
    """Statements in which a training may stand, values for their arguments, and the name of the function or the method."""
    yield loaded.statements, {}, ""
    before = [statement for statement in loaded.statements if simple(statement)]
    for name, node in loaded.functions.items():
        if arguments_of(node) and any(isinstance(part, (ast.For, ast.While)) for part in node.body):
            body = inlined(node)
            if body is not None:
                for bindings in _bound(arguments_of(node), needed_by(node), own_extents(node, loaded.namespace)):
                    yield [*before, *loaded.rewriting.rewritten(copy.deepcopy(body))], bindings, name
    for name in loaded.classes:
        yield from _methods(loaded, name, before)


def _methods(loaded: Loaded, name: str, before: Sequence[ast.stmt]) -> Iterator[tuple[Sequence[ast.stmt], Mapping[str, Any], str]]:
    """The same of the methods of a class, as fit(X, y), which begin what is learned: each of an object that is made with what is usual."""
    methods = methods_of(loaded, name)
    maker = methods.get("__init__")
    given = {} if maker is None else next(_bound(arguments_of(maker, method=True), needed_by(maker, method=True), ()))
    given = {key: value for key, value in given.items() if maker and key in needed_by(maker, method=True)}
    for method, node in methods.items():
        body = inlined(node) if any(isinstance(part, (ast.For, ast.While)) for part in node.body) else None
        if not body or not TRAINS.search(method):
            continue
        try:
            made = loaded.namespace[name](**given)
        except Exception:  # noqa: BLE001  # whatever a learner's constructor raises where it is given what it may not mean
            return
        for bindings in _bound(arguments_of(node, method=True), needed_by(node, method=True), own_extents(node, loaded.namespace)):
            statements = loaded.rewriting.rewritten(copy.deepcopy(body))
            yield [*before, *statements], {**bindings, node.args.args[0].arg: made}, f"{name}.{method}"


def _bound(names: Sequence[str], needed: Sequence[str], own: Sequence[tuple[int, int]]) -> Iterator[dict[str, Any]]:
    """Values for the arguments of a function that is watched from within: samples, sizes, a rate; what has a value keeps it otherwise.

    own  numbers of inputs and outputs that may be written into it
    """
    rng = np.random.default_rng(5)
    free = [(False, 5, 3), (False, 5, 1), (True, 5, 3), (True, 5, 1), (False, 5, FLAT), (False, 5, LABELS)]
    fixed = [(columns, inputs, outputs) for inputs, outputs in own for columns in (False, True)] + [
        (False, inputs, FLAT) for inputs, _ in own
    ]
    for columns, inputs, outputs in [*free, *fixed]:
        classes = np.arange(GIVEN) % (outputs if outputs > 0 else 3 if outputs == LABELS else 2)
        t = np.eye(outputs)[classes] if outputs > 0 else classes if outputs == LABELS else classes * 1.0
        samples = {"x": rng.normal(size=(GIVEN, inputs)), "t": t}
        result: dict[str, Any] = {}
        for name in names:
            for found in meanings(name):
                if found.kind in samples:
                    result[name] = samples[found.kind].T if columns else samples[found.kind]
                    break
                if found.kind in _PLAIN:
                    result[name] = copy.deepcopy(_PLAIN[found.kind])
                    break
            else:
                if name in needed:
                    result[name] = 7  # perhaps how many hidden units
        yield result


FLAT, LABELS = 0, -1
"""In place of a number of outputs: targets without a second axis, and numbers of classes, which are whole."""

MOST_EXTENTS = 4
"""So many numbers of inputs and outputs of a function's own are tried."""


def own_extents(function: ast.FunctionDef, known: Mapping[str, Any]) -> list[tuple[int, int]]:
    """How many inputs and outputs a function may have, by the shapes that are written into it: randn(3, 4), zeros((4, 2)).

    known  global variables

    The first shape may be that of the first W and the last that of the last one, as (inputs, units) or as (units, inputs).
    """
    sizes = {name: value for name, value in known.items() if type(value) is int} | _numbers_named(function)
    found = dict[tuple[int, int], tuple[int, int]]()
    for node in ast.walk(function):
        parts = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
        if isinstance(node, (ast.Call, ast.Tuple)) and len(parts) == 2 and not _is_range(node):
            first, second = (
                part.value if isinstance(part, ast.Constant) else sizes.get(part.id) if isinstance(part, ast.Name) else None
                for part in parts
            )
            if type(first) is int and type(second) is int and 0 < min(first, second) <= max(first, second) <= LARGEST_EXTENT:
                found[node.lineno, node.col_offset] = (first, second)
    shapes = [found[place] for place in sorted(found)]
    ends = [(shapes[0], last) for last in reversed(shapes[1:])]
    by_inputs, by_units = [(one[0], other[1]) for one, other in ends], [(one[1], other[0]) for one, other in ends]
    return list(dict.fromkeys([*by_inputs[:2], *by_units[:2], *shapes]))[:MOST_EXTENTS]


def _numbers_named(function: ast.FunctionDef) -> dict[str, int]:
    """The whole numbers that a function gives names: h = 4, or n, h, k = 3, 4, 2."""
    found = dict[str, int]()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = zip(target.elts, value.elts, strict=False) if several else [(target, value)]  # type: ignore[attr-defined]  # both are tuples
            for one, item in pairs:
                if isinstance(one, ast.Name) and isinstance(item, ast.Constant) and type(item.value) is int:
                    found[one.id] = item.value
    return found


LARGEST_EXTENT = 1000
"""Units of a layer that are tried."""


def _is_range(node: ast.Call | ast.Tuple) -> bool:
    return isinstance(node, ast.Call) and called_name(node, method=False) == "range"


TRAINS = re.compile(r"train|trein|fit|learn|sgd|descent|optimi|run|entren|entrain|lern|step|update|back|epoch", re.IGNORECASE)

CALL = -1
"""In place of the number of a loop, where a call trains: net.fit(x_train, y_train, 1000, 0.1)."""


def _loop_number(statement: ast.stmt) -> int | None:
    """The number of a loop, CALL for a call that trains, None for everything else."""
    if isinstance(statement, (ast.Expr, ast.Assign)):
        trains = next((name for call in calls_in(statement.value) if (name := called_name(call, method=True))), "")
        return CALL if TRAINS.search(trains) else None
    if not isinstance(statement, (ast.For, ast.While)):
        return None
    first = statement.body[0]
    assert isinstance(first, ast.If)
    assert isinstance(first.test, ast.Call)
    number = first.test.args[0]
    return number.value if isinstance(number, ast.Constant) and isinstance(number.value, int) else None


def _equal(now: Any, before: Any) -> bool:
    try:
        return bool(np.array_equal(np.asarray(now), np.asarray(before)))
    except (ValueError, TypeError):
        return True


def _kind(loop: ast.stmt) -> str:
    """How a loop is called, or a call that trains."""
    if isinstance(loop, ast.Expr):
        return "call"
    return "for" if isinstance(loop, ast.For) else "while"
