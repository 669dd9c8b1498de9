"""Programs of any network whose loss is their own: every gradient is compared with how their loss changes while a parameter moves.

One turn of the training is repeated from the same start. What a turn changes by a step is a parameter, and a number that depends on all of
them before that step is the loss: names only choose where several are.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import re
import time
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.learners.changed_values import STEP, Events, Instead
from chainrule.learners.layer_functions import GRADIENT
from chainrule.learners.limits import FILE
from chainrule.learners.loading import Failed, Loaded, draw_anew, impatient, running
from chainrule.learners.names import LOSS, as_kind, compact
from chainrule.learners.scripts import Script, scripts
from chainrule.learners.stored import Stored, leaves
from chainrule.learners.syntax import names_in
from chainrule.learners.tensors import is_tensor

NEAR = 1e-5
"""How far a gradient may be from the measured one, relative to its largest number."""

MOST = 900
"""So many numbers of parameters are moved one by one; of more, directions are."""

DIRECTIONS = 4

PATIENCE = 2.0
"""Seconds of the processor for a turn."""

ALL = 8.0
"""Seconds of the processor for everything that is found of a file."""

Values = Mapping[str, Array]


class Ran(Frozen):
    """What a turn reported: values by their spots, in order; and the parameters after it."""

    events: Events
    after: Values


class Turn:
    """One turn of a training, from the same start each time.

    number  of the loop whose body takes one step
    """

    def __init__(self, script: Script, changed: set[str], began: float) -> None:
        """Raises Failed, as all that runs it does."""
        self.script, self.loaded, self.number = script, script.loaded, script.number
        self.line, self.began = script.loop.lineno, began
        self._code = compile(ast.Module([script.loop], []), FILE, "exec", dont_inherit=True)
        self.namespace = script.begun()
        fixed = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
        self._kept = {
            key: one for key, one in self.namespace.items() if not isinstance(one, fixed) and not key.startswith(("__", "chainrule_"))
        }
        with running():
            self._kept = copy.deepcopy(self._kept)
        self._others = {key: one for key, one in self.namespace.items() if key not in self._kept}
        self.changed = changed
        self.places = {leaf.path: leaf for leaf in leaves(self.namespace) if _is_learned(leaf)}
        self.number = self._innermost()

    def begun(self) -> None:
        """As it is before the loop."""
        self.namespace.clear()
        with running():
            self.namespace.update({**self._others, **copy.deepcopy(self._kept)})

    def run(self, values: Sequence[Values], instead: Instead | None = None, *, record: bool = True) -> Ran:
        """So many turns, each with parameters of its own; the last one reports. record: whether its values are kept."""
        self.begun()
        last, recorder = len(values) - 1, self.loaded.recorder

        def turned(loop: int, turns: int) -> None:
            if loop != self.number:
                return
            recorder.on = record and turns == last
            recorder.instead = instead if turns == last else None
            for path, value in values[turns].items() if turns <= last else ():
                self.places[path].put(value)

        recorder.begin()
        recorder.on = False
        recorder.bounds = {self.script.number: 1, self.number: len(values)}
        recorder.short, recorder.hook = self.number < 0, turned
        try:
            with running():
                if self.number < 0:
                    turned(self.number, 0)
                self._execute()
            return Ran(recorder.values, self.parameters())
        finally:
            recorder.on, recorder.hook, recorder.instead, recorder.bounds, recorder.short = False, None, None, {}, False

    def _execute(self) -> None:
        draw_anew()
        with impatient(PATIENCE), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            exec(self._code, self.namespace)  # noqa: S102  # the learner's own program, in a process of its own: what a check is for

    def _innermost(self) -> int:
        """The loop in whose turns one and the same parameter changes again and again: that over batches, within that over epochs."""
        self.begun()
        recorder, last = self.loaded.recorder, dict[int, dict[str, Array]]()
        changes, again = list[tuple[int, set[str]]](), dict[int, bool]()
        moved = dict[int, dict[str, Array]]()  # what turns of a loop have changed, number by number
        start = self.parameters()

        def turned(loop: int, turns: int) -> None:
            now = self.parameters()
            if turns:
                changes.append((loop, changed := _changed(last[loop], now)))
                for path in changed:
                    here = now[path] != last[loop][path]
                    before = moved.setdefault(loop, {}).get(path, np.zeros_like(here))
                    again[loop] = again.get(loop, False) or bool((here & before).any())
                    moved[loop][path] = here | before
            last[loop] = now

        recorder.begin()
        recorder.on, recorder.hook, recorder.bounds, recorder.short = False, turned, {self.number: 1}, True
        try:
            with contextlib.suppress(Failed), running():  # what was seen until then tells
                self._execute()
        finally:
            recorder.hook, recorder.bounds, recorder.short = None, {}, False
        whole = len(_changed(start, self.parameters()))
        measured = any(self._measures(loop) for loop, _ in changes) or self._measures(self.number)
        own = [loop for loop, changed in changes if loop != self.number and len(changed) > MOSTLY * whole > 0]
        # One number after the other is a single step, unless its loop computes a loss.
        own = [loop for loop in own if again.get(loop) or self._measures(loop) or not measured]
        return max(own, key=lambda loop: self.loaded.loops[loop].line, default=self.number)

    def _measures(self, loop: int) -> bool:
        """Does something that is called a loss get a value in the statements of a loop?"""
        line = self.loaded.loops[loop].line if loop >= 0 else self.line
        found = (node for node in ast.walk(self.loaded.tree) if isinstance(node, (ast.For, ast.While)) and node.lineno == line)
        return any(LOSS.search(name) for node in found for part in node.body for name in names_in(part, stored=True))

    def parameters(self) -> dict[str, Array]:
        """What may be its parameters, as they are now."""
        with running():
            return {path: place.get() for path, place in self.places.items()}

    def held(self) -> dict[str, Array]:
        """All numbers of the program, as they are after a turn, by their paths."""
        with running():
            return {leaf.path: leaf.get() for leaf in leaves(self.namespace)}


MOSTLY = 0.7
"""How much of what a training changes a step changes; one parameter after the other is less."""


def _changed(before: Values, now: Values) -> set[str]:
    return {path for path in now if not np.array_equal(now[path], before[path], equal_nan=True)}


def _is_learned(leaf: Stored) -> bool:
    """May it be a parameter? Single numbers are, where they are called so: others count or add up."""
    if leaf.slot is None:
        return False
    value = leaf.slot.get()
    kind = "f" if is_tensor(value) else np.asarray(value).dtype.kind
    return kind == "f" and (leaf.shape != () or as_kind(leaf.name, "W", "b") is not None)


class Measured(Frozen):
    """A parameter: its gradient as the program gives it, and how E changes along some directions, of which each is a row.

    own   what the program calls the gradient, "" where it was read off a step
    """

    path: str
    own: str
    given: Array
    directions: Array
    slopes: Array

    @property
    def whole(self) -> Array | None:
        """∂E/∂ all of its numbers, where these were moved one by one."""
        return self.slopes.reshape(self.given.shape) if len(self.directions) == self.given.size == self.slopes.size else None

    @property
    def along(self) -> Array:
        """What the program's gradient says of these directions."""
        return self.directions @ self.given.ravel()

    def fits(self, gradient: Array, factor: float = 1.0) -> bool:
        """Is this the gradient?"""
        if gradient.size != self.directions.shape[1]:
            return False
        off = np.abs(self.directions @ gradient.ravel() - factor * self.slopes).max()
        return bool(off <= NEAR * max(abs(factor) * float(np.abs(self.slopes).max()), 1e-3))

    @property
    def right(self) -> bool:
        """Is it right?"""
        return self.fits(self.given)

    @property
    def factor(self) -> float | None:
        """How many times the right value it is; None where it is no multiple."""
        return self.multiple(self.given)

    def multiple(self, gradient: Array) -> float | None:
        """How many times the right value this is; None where it is no multiple."""
        if gradient.size != self.directions.shape[1]:
            return None
        length = float(self.slopes @ self.slopes)
        found = float(self.directions @ gradient.ravel() @ self.slopes) / length if length else 0.0
        return found if abs(found) > 1e-9 and self.fits(gradient, found) else None


def all_right(measured: Sequence[Measured], given: Mapping[str, tuple[str, Array]]) -> bool:
    """Are these the gradients? Those that are read off steps may have a rate in common, which nothing says."""
    if any(one.path not in given or (one.own and not one.fits(given[one.path][1])) for one in measured):
        return False
    rates = [one.multiple(given[one.path][1]) for one in measured if not one.own and (one.slopes.any() or given[one.path][1].any())]
    return all(rate is not None and rate > 0 and _near(rate, rates[0]) for rate in rates)


class Comparison:
    """A turn whose loss and gradients are known.

    loss   the place of the loss among the values of the turn; parameters: the start of each turn
    """

    def __init__(self, turn: Turn, starts: Sequence[Values], loss: int, spots: Sequence[int], extract: Extract) -> None:
        self.turn, self.starts, self.loss, self.spots, self.extract = turn, starts, loss, spots, extract
        self.loaded = turn.loaded

    def forward_end(self, events: Events) -> int:
        """The place where the loss is there for the first time: what comes after it is the way back."""
        value = events[self.loss][1].ravel()
        return next(place for place, (_, one) in enumerate(events) if one.size == 1 and np.array_equal(one.ravel(), value))

    def error(self, moved: Values | None = None, instead: Instead | None = None) -> float:
        """E, with some parameters of the last turn moved, or other values at some spots. Raises Failed, also where E is no number.

        The turn ends with it.
        """
        spot = self.spots[self.loss]
        left, found = self.spots[: self.loss + 1].count(spot), list[float]()

        def reported(value: Any, number: int) -> Any:
            nonlocal left
            value = value if instead is None else instead(value, number)
            if number == spot:
                left -= 1
                if left == 0:
                    found.append(float(np.ravel(value)[0]))
                    raise LossKnown
            return value

        with contextlib.suppress(LossKnown):
            self.turn.run([*self.starts[:-1], {**self.starts[-1], **(moved or {})}], reported, record=False)
        if not found or not np.isfinite(found[0]):
            raise Failed
        return found[0]

    def error_with(self, instead: Instead) -> float:
        """E, with other values at some spots. Raises Failed."""
        return self.error(instead=instead)

    def given(self, instead: Instead | None = None) -> dict[str, tuple[str, Array]]:
        """The gradients that the program gives, with its names for them."""
        return self.extract(self.turn, self.turn.run(self.starts, instead), self.starts[-1])

    def measured(self) -> list[Measured]:
        """Every parameter of which the program gives a gradient."""
        found, start = list[Measured](), self.starts[-1]
        whole = sum(value.size for value in start.values()) <= MOST
        for path, (own, gradient) in self.given().items():
            size = start[path].size
            rng = np.random.default_rng([size, 7])
            directions = np.eye(size) if whole else rng.normal(size=(DIRECTIONS, size))
            slopes = [self._slope(path, way.reshape(start[path].shape)) for way in directions]
            one = Measured(path, own, gradient, directions, np.array(slopes))
            if one.right or path in self.turn.changed:  # what takes no step, and has no gradient but by its name, is no parameter
                found.append(one)
        steps = [one.factor for one in found if one.own == ""]
        usual = max(
            (one for one in steps if one is not None and one > 0), key=lambda one: sum(_near(one, two) for two in steps), default=1.0
        )
        return [one if one.own else replace(one, given=one.given / usual) for one in found]  # by a rate that nothing says

    def _slope(self, path: str, way: Array) -> float:
        up, down = (self.error({path: self.starts[-1][path] + sign * STEP * way}) for sign in (1, -1))
        return (up - down) / (2 * STEP)


def _near(one: float, other: float | None) -> bool:
    return other is not None and abs(one - other) <= 1e-4 * abs(one)


class LossKnown(BaseException):
    """The loss is known: the rest of a turn is not needed."""


Extract = Callable[[Turn, Ran, Values], dict[str, tuple[str, Array]]]


def comparisons(loaded: Loaded) -> Iterator[Comparison]:
    """The trainings of a file that have a loss and gradients of all that they learn."""
    met, began = set[tuple[int, str]](), time.process_time()
    for script, changed in scripts(loaded):
        if time.process_time() > began + ALL / 2:
            return
        if (script.loop.lineno, script.function) in met:
            continue
        try:
            found = compared_turn(Turn(script, changed, began))
        except Failed:
            continue
        for one in found:
            met.add((script.loop.lineno, script.function))
            yield one


def compared_turn(turn: Turn) -> list[Comparison]:
    """A turn with each of the numbers that may be its loss, the likeliest first."""
    first = turn.parameters()
    rng = np.random.default_rng(3)
    ways = {path: np.asarray(rng.normal(size=value.shape)) for path, value in first.items()}
    base = turn.run([first]).after
    learned, held = [], named(turn, turn.run([first]), first)
    for path, way in ways.items():  # what takes a step is still where it was, but for the step
        if path not in turn.changed and path not in held:
            continue
        ahead = turn.run([{**first, path: first[path] + STEP * way}]).after[path]
        moved = np.subtract(ahead, base[path]) / STEP
        if moved.shape != way.shape:
            continue
        stays = np.abs(moved - way).max() < 0.5 * np.abs(way).max()
        if stays or (path in held and _is_multiple(base[path] - first[path], held[path][1])):  # a wrong gradient may be a large one
            learned.append(path)
    start = {path: rng.normal(size=first[path].shape) * min(0.5, 1.2 / np.sqrt(max(first[path].shape, default=1))) for path in learned}
    ran = turn.run([start])
    end = stepped(ran, start)
    spots = [spot for spot, _ in ran.events]
    own = np.concatenate([np.zeros(0), *(value.ravel() for value in start.values())])
    numbers_ = [place for place, (_, value) in enumerate(ran.events[:end]) if value.size == 1 and not np.isin(value, own).all()]
    depends = dict[str, Array]()
    for path in learned:
        other = turn.run([{**start, path: start[path] + 1e-4 * ways[path]}]).events
        if [spot for spot, _ in other] != spots:
            return []
        depends[path] = np.array([float(np.abs(other[place][1] - ran.events[place][1]).max()) for place in numbers_]) > 0
    most = sum(depends.values(), start=np.zeros(len(numbers_), dtype=int))
    if not numbers_ or not most.max(initial=0):
        return []
    whole = [place for place, count in zip(numbers_, most, strict=True) if count == most.max()]
    parameters = [path for path in learned if depends[path][numbers_.index(whole[-1])]]
    called = {turn.loaded.spots[spots[place]].target: place for place in whole if LOSS.search(turn.loaded.spots[spots[place]].target)}
    losses = list(called.values()) or whole[-1:]
    start = {path: start[path] for path in parameters}
    extract = _extraction(turn, start)
    return [Comparison(turn, [start], place, spots, extract) for place in losses]


def _is_multiple(step: Array, gradient: Array) -> bool:
    """Is a step a multiple of a gradient, as nothing is that a program only carries on?"""
    length = float(np.vdot(gradient, gradient))
    multiple = float(np.vdot(gradient, step)) / length if length else 0.0
    return step.size > 2 and multiple != 0 and bool(np.abs(step - multiple * gradient).max() <= 1e-6 * np.abs(step).max())


def stepped(ran: Ran, start: Values) -> int:
    """The place of the first value that is a parameter after its step."""
    changed = [value for path, value in ran.after.items() if path in start and value.size > 1 and not np.array_equal(value, start[path])]
    for place, (_, value) in enumerate(ran.events):
        if any(value.shape == one.shape and np.array_equal(value, one) for one in changed):
            return place
    return len(ran.events)


def _extraction(turn: Turn, start: Values) -> Extract:
    """How the gradients are read off a turn: by the names that they have, else off a step along them."""
    found = named(turn, turn.run([start]), start)
    if len(found) == len(start):
        return named
    with running():
        rates, _, _ = turn.script.rates({*start}, [*start])
    held = turn.held()
    rate = next((float(held[path]) for path in rates if path in held), 1.0)

    def by_step(turn: Turn, ran: Ran, start: Values) -> dict[str, tuple[str, Array]]:
        del turn
        return {path: ("", (value - ran.after[path]) / rate) for path, value in start.items()}

    return by_step


def named(turn: Turn, ran: Ran, start: Values) -> dict[str, tuple[str, Array]]:
    """Gradients by the names that variables, attributes and keys have for them, as they are at the end of a turn."""
    held = turn.held()
    local = {turn.loaded.spots[spot].target: value for spot, value in ran.events if turn.loaded.spots[spot].target}
    found = dict[str, tuple[str, Array]]()
    for path, value in start.items():
        for name, one in (*held.items(), *local.items()):
            if one.shape == value.shape and name != path and is_gradient_of(name, path):
                found[path] = (name, one)
                break
    return found


def is_gradient_of(name: str, path: str) -> bool:
    """Does a name say that this is the gradient of what stands at a path: dWxh of Wxh, grads["W1"] of params["W1"], gw[0] of w[0]?"""
    (base, place), (of, other_place) = (re.fullmatch(r"(.*?)((?:\[\d+\])*)", one).groups() for one in (path, name))  # type: ignore[union-attr]  # it fits anything
    if place != other_place:
        return False
    short, other = compact(base), compact(of)
    match = GRADIENT.fullmatch(other)
    told = [other[1:] if other.startswith(("g", "d")) else "", *([] if match is None else [match["after"] or match["before"]])]
    held = re.fullmatch(r"(.*?)\[['\"]\w+['\"]\]", of)
    if held is not None and other == short:
        return holds_gradients(held[1])
    return short in told or bool(place and as_kind(base, "params") and holds_gradients(of))


def holds_gradients(name: str) -> bool:
    """Is something called as gradients are, those of no parameter in particular?"""
    return as_kind(name, "grads", "dW") is not None or GRADIENT.fullmatch(f"{compact(name)}_") is not None or name in ("g", "G")


SMALL = (5, 6, 4, 7, 8, 9)
LARGE = range(10, 5000)
LETTERS = 20
"""Sizes of a program that takes little time, which numbers are sizes that take much, and how long a text is."""


def shrunk(code: str) -> str:
    """A program with small numbers in place of large ones, equal ones for equal ones, in the same columns: its turns take little time."""
    lines, small, tree = [line.encode() for line in code.split("\n")], dict[int, int](), ast.parse(code)
    for statement in tree.body:
        text = statement.value if isinstance(statement, ast.Assign) else None  # to be learned, letter by letter
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.lineno == text.end_lineno and len(text.value) > LETTERS:
            line, start, end = lines[text.lineno - 1], text.col_offset, text.end_col_offset or 0
            lines[text.lineno - 1] = line[:start] + repr(text.value[:LETTERS]).encode() + line[end:]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in LARGE:
            line, start, end = lines[node.lineno - 1], node.col_offset, node.end_col_offset or 0
            number = small.setdefault(node.value, SMALL[len(small) % len(SMALL)])
            lines[node.lineno - 1] = line[:start] + str(number).encode().rjust(end - start) + line[end:]
    return b"\n".join(lines).decode()
