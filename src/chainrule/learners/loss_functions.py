"""Functions and methods that give a loss with its gradients, and take no step: called with arguments of ours, they are judged by that loss.

Names propose what each argument is; of the ways to call one that give a number and gradients, that counts in which most of these are right.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import itertools
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.learners.layer_functions import GRADIENT
from chainrule.learners.loading import Failed, Loaded, draw_anew, impatient, running, simple
from chainrule.learners.measured import Comparison, Extract, Ran, Turn, Values, compared_turn, holds_gradients, is_gradient_of
from chainrule.learners.names import LOSS, as_kind, compact, meaning, meanings
from chainrule.learners.programs import methods_of
from chainrule.learners.scripts import CALL, TRAINS, Script
from chainrule.learners.stored import leaves
from chainrule.learners.syntax import arguments_of, names_in, needed_by, own_parts

ROWS, INPUTS, HIDDEN, CLASSES, TURNS = 6, 5, 4, 3, 2
"""Sizes of what they are called with: all different, so that what is transposed or not summed shows."""

CALLS, MEASURED = 400, 4
"""So many ways to call one are tried, and so many of them measured."""

PATIENCE = 0.5
"""Seconds of the processor for a call that is tried."""

TIME = 6.0
"""Seconds of the processor for a function."""

RESULT = "chainrule_result"
PENALTY = 0.3
KNOWN = ("x", "t", "y", "W", "b", "penalty", "rate")
"""What an argument may be that is called so."""


class LossFunction(Frozen):
    """A function, or a method of a class, that gives a loss and gradients, or takes a step. results: its `return`s of several values."""

    node: ast.FunctionDef
    results: Sequence[ast.Tuple]
    owner: str = ""

    @property
    def name(self) -> str:
        """As it is called."""
        return f"{self.owner}.{self.node.name}" if self.owner else self.node.name


def loss_functions(tree: ast.Module, *, stepping: bool = False) -> list[LossFunction]:
    """Those of a program: they return several values, and the first one's name or their own speaks of a loss.

    stepping  also methods that speak of a loss and are called as what takes a step is
    """
    found = list[LossFunction]()
    for owner, body in [("", tree.body), *((node.name, node.body) for node in tree.body if isinstance(node, ast.ClassDef))]:
        for node in body:
            if isinstance(node, ast.FunctionDef):
                several = _results(node)
                steps = stepping and owner and TRAINS.search(node.name) and any(map(LOSS.search, names_in(node, stored=True)))
                if several or steps:
                    found.append(LossFunction(node, several, owner))
    return found


def _results(node: ast.FunctionDef) -> list[ast.Tuple]:
    ends = [part.value for statement in node.body for part in own_parts(statement) if isinstance(part, ast.Return)]
    several = [one for one in ends if isinstance(one, ast.Tuple) and len(one.elts) > 1]
    return [one for one in several if LOSS.search(node.name) or LOSS.search(ast.unparse(one.elts[0]))]


class LossCall(Frozen):
    """One way to call it. arguments: by name; made: the object whose method it is; surely: whether names say what each of them is."""

    arguments: Mapping[str, Any]
    made: Any
    surely: bool


def loss_comparisons(loaded: Loaded, function: LossFunction) -> Iterator[tuple[Comparison, bool]]:
    """The ways to call a function in which it gives a number and gradients, and whether names say that it is meant so."""
    end = time.process_time() + TIME
    met = set[tuple[Any, ...]]()
    for call in itertools.islice(_calls(loaded, function), CALLS):
        if time.process_time() > end or len(met) == MEASURED:
            return
        try:
            with running(), impatient(PATIENCE), np.errstate(all="ignore"):
                draw_anew()
                called = loaded.namespace[function.name] if call.made is None else getattr(call.made, function.node.name)
                given = called(**_copied(call.arguments))
            loss, gradients = _given(given, function)
        except Failed:
            continue
        key = tuple((name, np.shape(value), np.asarray(value).dtype.kind) for name, value in call.arguments.items())
        if key in met or (function.results and (loss is None or not gradients)):
            continue
        with contextlib.suppress(Failed):
            for comparison, surely in _compared(loaded, function, call):
                met.add(key)
                reported = comparison.turn.run(comparison.starts).events
                yield comparison, surely and not any(value.shape[:2] == (ROWS, ROWS) for _, value in reported)  # (n,) against (n, 1)


def _copied(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in arguments.items()}


def _compared(loaded: Loaded, function: LossFunction, call: LossCall) -> Iterator[tuple[Comparison, bool]]:
    """A call as a turn, with the place of its loss; nothing where none of its gradients belongs to anything, or its loss has no place."""
    begin = [statement for statement in loaded.statements if simple(statement)]
    said = ", ".join(f"{name}={name}" for name in call.arguments)
    text = f"{RESULT} = {'self.' if function.owner else ''}{function.node.name}({said})"
    (statement,) = ast.parse("\n" * (function.node.lineno - 1) + text).body
    bindings = {**call.arguments, **({"self": call.made} if function.owner else {})}
    script = Script(loaded, begin, statement, CALL, bindings, function.name)
    if not function.results:
        with running():
            changed = script.changed()
        yield from ((one, call.surely) for one in compared_turn(Turn(script, changed, time.process_time())))
        return
    turn = Turn(script, set(), time.process_time())
    places, mine = turn.parameters(), {*call.arguments, "self"}
    values = {path: value for path, value in places.items() if re.split(r"\W", path)[0] in mine and value.size and _is_learned(path, call)}
    rng = np.random.default_rng(3)
    starts = {
        path: np.asarray(rng.normal(size=value.shape) * 0.5) if path.startswith("self.") or as_kind(path, "W", "b") else value
        for path, value in values.items()
    }
    turn.run([starts])
    loss, gradients = _given(turn.namespace[RESULT], function)
    paired, surely = _paired(gradients, starts)
    new = {
        path: name for path in starts for name, one in gradients.items() if compact(name) == compact(path) and one.size == starts[path].size
    }
    stepped = not paired
    paired = paired or new
    if loss is None or not paired:
        return
    start, turn.changed = {path: starts[path] for path in paired}, {*paired}
    events = turn.run([start]).events
    loss, _ = _given(turn.namespace[RESULT], function)
    place = next((place for place, (_, value) in enumerate(events) if value.size == 1 and float(value.ravel()[0]) == loss), None)
    if place is not None:
        yield (
            Comparison(turn, [start], place, [spot for spot, _ in events], _extraction(function, paired, stepped)),
            (surely or stepped) and call.surely,
        )


def _is_learned(path: str, call: LossCall) -> bool:
    """May a loss be differentiated by it? By targets it is not."""
    value = call.arguments.get(path)
    return path.startswith("self.") or (isinstance(value, np.ndarray) and value.dtype.kind == "f" and meaning(path).kind != "t")


def _extraction(function: LossFunction, paired: Mapping[str, str], stepped: bool) -> Extract:
    """How gradients are read off what a call gave, by their names there. stepped: whether new parameters are what it gave"""

    def given(turn: Turn, ran: Ran, start: Values) -> dict[str, tuple[str, Array]]:
        del ran
        _, arrays = _given(turn.namespace[RESULT], function)
        own = {path: arrays[name] for path, name in paired.items() if name in arrays and arrays[name].size == start[path].size}
        if stepped:
            return {path: ("", start[path] - one.reshape(start[path].shape)) for path, one in own.items()}
        return {path: (paired[path], one.reshape(start[path].shape)) for path, one in own.items()}

    return given


def _given(given: Any, function: LossFunction) -> tuple[float | None, dict[str, Array]]:
    """The loss, and the arrays beside it by the names that its `return` has for them, of dicts and lists one by one."""
    loss, found = None, dict[str, Array]()
    if not isinstance(given, tuple):
        return None, {}
    parts = next((one.elts for one in function.results if len(one.elts) == len(given)), None)
    for node, value in zip(parts or (), given, strict=False):
        name = (
            ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else "grads" if isinstance(value, dict) else ast.unparse(node)
        )
        if loss is None and np.ndim(value) == 0 and isinstance(value, (float, np.floating)):
            loss = float(value)
        elif loss is None and isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind == "f":
            loss = float(value.ravel()[0])
        several = {name: value}
        if isinstance(value, dict):
            several = {f"{name}[{key!r}]": one for key, one in value.items()}
        elif isinstance(value, (list, tuple)):
            several = {f"{name}[{place}]": one for place, one in enumerate(value)}
        found.update(
            {
                one: np.array(array, dtype=float)
                for one, array in several.items()
                if isinstance(array, np.ndarray) and array.dtype.kind == "f"
            }
        )
    return (loss if loss is not None and np.isfinite(loss) else None), found


def _paired(gradients: Mapping[str, Array], values: Values) -> tuple[dict[str, str], bool]:
    """The gradient of each value: by its name, else by its shape, several of one shape in their order; and whether that is no guess.

    Nothing where a gradient is left over, for what is not looked at is not called right.
    """
    found, surely = dict[str, str](), True
    for path, value in values.items():
        for name, gradient in gradients.items():
            if name not in found.values() and gradient.size == value.size and is_gradient_of(name, path):
                found[path] = name
                break
    others = [name for name in gradients if name not in found.values() and _may_be_gradient(name)]
    left = [path for path in values if path not in found and meaning(path).kind != "x"]
    for shape in dict.fromkeys(gradients[name].shape for name in others):
        names, paths = ([one for one in side if of[one].shape == shape] for side, of in ((others, gradients), (left, values)))
        if paths and len(names) != len(paths):
            return {}, False
        found.update(zip(paths, names, strict=False))
        surely = surely and len(paths) < 2
    return found, surely


def _may_be_gradient(name: str) -> bool:
    """Is it called as a gradient is, or by no name of its own? New parameters, outputs and what is kept are called otherwise."""
    own = re.fullmatch(r"(?:\w+\.)*(\w+)(?:\[.*\])?", name)
    return own is None or holds_gradients(own[1]) or GRADIENT.fullmatch(own[1]) is not None


def _calls(loaded: Loaded, function: LossFunction) -> Iterator[LossCall]:
    """Ways to call it, the likeliest first."""
    names, method = arguments_of(function.node, method=bool(function.owner), keywords=True), bool(function.owner)
    needed = needed_by(function.node, method=method)
    for made, images in _made(loaded, function.owner) if method else [(None, [])]:
        inputs = [one.shape[:1] for one in leaves({"self": made}) if len(one.shape) == 2][:1] if method else []
        for values, surely in _arguments(names, needed, [*images, *inputs]):
            yield LossCall(values, made, surely)


def _made(loaded: Loaded, owner: str) -> Iterator[tuple[Any, list[tuple[int, ...]]]]:
    """Objects of a class, made of sizes, by names that are known; and of what has no value otherwise alone. With the extents of images."""
    maker = methods_of(loaded, owner).get("__init__")
    names = [] if maker is None else arguments_of(maker, method=True)
    needed = [] if maker is None else needed_by(maker, method=True)
    usual = {"inputs": INPUTS, "hidden": HIDDEN, "outputs": CLASSES, "sizes": [INPUTS, HIDDEN, CLASSES], "penalty": PENALTY, "rate": 0.1}
    with running():
        defaults = {name: one.default for name, one in inspect.signature(loaded.namespace[owner]).parameters.items()}
    images: list[tuple[int, ...]] = [one for one in defaults.values() if isinstance(one, tuple) and len(one) == 3]
    for whole, unknown in itertools.product((True, False), (HIDDEN, [HIDDEN], [HIDDEN, HIDDEN + 3])):
        given = dict[str, Any]()
        for name in names:
            kind = meaning(name).kind
            if (kind in usual and (name in needed or (whole and not isinstance(defaults.get(name), tuple)))) or kind == "penalty":
                given[name] = usual[kind]
            elif name in needed:
                given[name] = unknown
            elif defaults.get(name) in (np.float32, np.float16):  # differences want all digits
                given[name] = np.float64
        made = None
        with contextlib.suppress(Failed), running(), impatient(PATIENCE):
            draw_anew()
            made = loaded.namespace[owner](**given)
        if made is not None:
            yield made, images


def _arguments(names: Sequence[str], needed: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Values for arguments: samples in rows or columns, weights both ways, targets as people write them; whether all names are known."""
    rng = np.random.default_rng(5)
    classes = np.arange(ROWS) * 2 % CLASSES
    hot, binary = np.eye(CLASSES)[classes], (np.arange(ROWS) % 2) * 1.0
    kinds = {name: next((one.kind for one in meanings(name) if one.kind in KNOWN), "") for name in names}
    weights = [name for name, kind in kinds.items() if kind == "W"]
    asked = [name for name in names if name in needed or kinds[name] in ("x", "t", "penalty")]
    unknown = [name for name in asked if not kinds[name]]
    targets = [classes, hot, binary, binary[:, None], binary[None], classes[:, None], hot.T, 1, np.eye(CLASSES)[1]]
    targets = targets if "t" in kinds.values() else targets[:1]
    samples = [(ROWS, INPUTS), *((ROWS, *one) for one in shapes), (INPUTS, ROWS), (INPUTS,), (ROWS, TURNS, INPUTS)]
    samples = samples if "x" in kinds.values() else samples[:1]
    ways = ("inputs", "units", "vector", "column") if weights else ("inputs",)
    biases = ("row", "flat", "column", "number") if "b" in kinds.values() else ("flat",)
    for target, sample, way, bias in itertools.product(targets, dict.fromkeys(samples), ways, biases):
        sizes = [INPUTS, *(HIDDEN for _ in weights[1:]), CLASSES if way in ("inputs", "units") else 1]
        found, layer = dict[str, Any](), 0
        for name in asked:
            kind = kinds[name]
            if kind == "x":
                found[name] = rng.normal(size=sample)
            elif kind == "t":
                found[name] = target
            elif kind == "y":
                e = np.exp(rng.normal(size=np.shape(target) if np.ndim(target) > 1 else (ROWS, CLASSES)))
                found[name] = e / e.sum(axis=-1, keepdims=True)
            elif kind == "W":
                layer += 1
                shape: tuple[int, ...] = (sizes[layer - 1], sizes[layer])
                shape = {"units": shape[::-1], "vector": shape[:1] if layer == len(weights) else shape}.get(way, shape)
                found[name] = rng.normal(size=shape)
            elif kind == "b":
                units = sizes[max(layer, 1)]
                found[name] = rng.normal(size={"row": (1, units), "flat": (units,), "column": (units, 1), "number": ()}[bias])
            elif kind in ("penalty", "rate"):
                found[name] = PENALTY
        shapes_tried = dict.fromkeys((np.shape(target), (ROWS, CLASSES), (INPUTS,), (CLASSES, INPUTS)))
        anything = [*(np.asarray(rng.normal(size=shape)) for shape in shapes_tried if shape), 1, PENALTY]
        for others in itertools.product(anything, repeat=len(unknown)):
            yield _copied({name: {**found, **dict(zip(unknown, others, strict=True))}[name] for name in asked}), not unknown
