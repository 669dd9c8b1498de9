"""What every program of a learner is, in whatever style: how it is asked, and what is read off its answer.

A program is tried in one way after the other; `chainrule.learners.reading` decides by the numbers which of them is right.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.learners.calling import Pool
from chainrule.learners.gradients import gradients_among, gradients_of_rule
from chainrule.learners.layout import SHARED, Bias, Probe, Unreadable
from chainrule.learners.loading import Loaded
from chainrule.learners.names import LOSS, as_kind, compact, meaning
from chainrule.learners.recognition import RecognisedForward, SeenValues, forward_seen
from chainrule.learners.reporting import numbers
from chainrule.learners.syntax import arguments_of, called_name, calls_in, is_plain_number, names_in, needed_by, product_parts
from chainrule.learners.tensors import tensor

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


class ParameterForm(Frozen):
    """How a program keeps its parameters: W as (units, inputs) or not, None where either may be; the bias inside of W; sizes; which layers
    have a bias.
    """

    units_first: bool | None
    inside: bool
    sizes: tuple[int, ...]
    has: tuple[Bias, ...]


class LearnerProgram:
    """Something in a file that computes gradients or trains.

    entry   how it is called, as it is shown: "backward(X, Y, cache)"
    line    where it stands
    rate    the learning rate that the program fixes; None where it takes ours, or takes no step
    integers  which of its arrays are of integers, as it was asked last
    shared    what it keeps of a parameter that is the very array which changes, as it was asked last
    momentum  what it is given for a momentum: 0 while its gradients are read
    depths    numbers of layers to be tried; empty where the program says its sizes itself
    biases    whether biases are to be tried
    fixed     the sizes that it fixes
    doubtful  whether what it takes for its targets is a guess that no name supports: it has to react to them before that is believed
    """

    momentum: float = 0.0
    entry: str = ""
    line: int = 1
    rate: float | None = None
    integers: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    depths: Sequence[int] = (2, 1, 3)
    biases: Sequence[bool] = (True,)
    fixed: tuple[int, ...] | None = None
    doubtful = False

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self._orders: dict[str, int] = {}

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[ParameterForm]:
        """How it keeps its parameters. Raises Unreadable, Unbound, and whatever the program raises when it is made."""
        raise NotImplementedError

    def rows_tried(self) -> Sequence[int]:
        """Numbers of samples to be tried; what works with ROWS works with any."""
        return (1,) if self.one_sample() else (ROWS, 1)

    def one_output(self) -> bool:
        """Has its network, as far as its file says, one output?"""
        shapes = [
            np.shape(value) for name, value in self.loaded.namespace.items() if isinstance(value, np.ndarray) and meaning(name).kind == "t"
        ]
        return bool(shapes) and all(len(shape) == 2 and 1 in shape and max(shape) > 1 for shape in shapes)

    def arguments(self) -> Iterator[str]:
        """The names of what it is given, and of what it keeps that may be set."""
        return iter(())

    def takes_rate(self) -> bool:
        """Is it given the learning rate?"""
        return any(meaning(name).kind == "rate" for name in self.arguments())

    def penalized(self) -> bool:
        """Does it take the λ of a penalty? A decay may be that of the rate."""
        names = [name for name in self.arguments() if meaning(name).kind == "penalty"]
        return any("decay" not in name.lower() for name in names)

    def one_sample(self) -> bool:
        """Does its file give it one sample at a time?"""
        return False

    def answer(self, probe: Probe, steps: int) -> Answer:
        """Run it. Raises Unreadable, Unbound, and whatever the program raises."""
        raise NotImplementedError

    def _quietly(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return function(*arguments, **{name: tensor(value, self.loaded.library) for name, value in named.items()})

    def _trained(
        self, before: dict[str, Array], call: Callable[[int], None], read: Callable[[], dict[str, Array]], steps: int
    ) -> list[dict[str, Array]]:
        """All parameters before and after each step, as long as these change something; what happens in the first is recorded."""
        states = [before]
        with self.loaded.recorder.recording(short=True):
            for step in range(steps):
                call(step)
                self.loaded.recorder.on = False
                states.append(read())
                if all(np.array_equal(states[-1][key], states[-2][key]) for key in states[-1] if key in states[-2]):
                    break
        return states

    def _finished(
        self,
        probe: Probe,
        pool: Pool,
        named: Mapping[str, Any],
        states: list[dict[str, Array]],
        names: dict[str, str],
    ) -> Answer:
        """The answer from what was collected: `named` values of the first step, and the parameters before and after each."""
        kept, parts = self.loaded.recorder.values, (probe.x, probe.t, probe.weights, probe.biases, self.loaded.shown())
        values = SeenValues(kept)
        forward = forward_seen(values, *parts)
        if forward.y is not None and not forward.loss:
            of_losses = [SeenValues([*kept, *further]) for further in self._of_own_losses(pool, forward.y)]
            told = [(each, found) for each in of_losses if (found := forward_seen(each, *parts)).loss]
            if len(told) == 1:
                values, forward = told[0]
            elif len(of_losses) == 1:  # which may have given no number here
                values = of_losses[0]
        gradients, called = gradients_among(named, probe, self._orders)
        moved = len(states) > 1 and any(not np.array_equal(states[0][key], states[1][key]) for key in states[0] if key in states[1])
        shared = [f"b{number}" for number, has in enumerate(probe.has, start=1) if has == SHARED]
        if moved and any(np.array_equal(states[0][key], states[1][key]) for key in shared):
            raise Unreadable("a bias that units share stays what it is")
        from_update = moved and not (gradients and self.loaded.adaptive)
        if from_update:
            rate = self.rate or probe.rate
            steps = {key: _difference(states[0][key], states[1][key]) for key in states[0]}
            kept_back, called = (
                gradients_of_rule(values, self.loaded.spots, steps, probe, self._orders) if self.loaded.adaptive else ({}, {})
            )
            from_update = not kept_back
            gradients = kept_back or {f"d{key}": step / rate for key, step in steps.items()}
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

    def _losses(self, pool: Pool) -> Iterator[tuple[ast.FunctionDef, Callable[..., Any]]]:
        """The functions of the file that say the loss."""
        del pool
        for name, node in self.loaded.functions.items():
            if LOSS.search(name) and name in self.loaded.namespace:
                yield node, self.loaded.namespace[name]

    def _of_own_losses(self, pool: Pool, y: Array) -> Iterator[list[tuple[int, Array]]]:
        """What each loss of the file that nothing has called reports of y and t.

        Which of two arguments is the output is told by their names, else by what the backward pass calls its targets.
        """
        output, ran = pool.probe.own_outputs(y), {self.loaded.spots[spot].line for spot, _ in self.loaded.recorder.values}
        for node, function in self._losses(pool):
            if ran & {*range(node.lineno, (node.end_lineno or node.lineno) + 1)}:
                continue
            method = inspect.ismethod(function)
            pool.given["yhat"] = output
            needed, given = needed_by(node, method=method), {}
            if len(needed) == 2 and pool.names.get("t") in needed and pool.names.get("x") not in needed:
                given = {one: pool.t if one == pool.names["t"] else output for one in needed}
            with contextlib.suppress(Exception):  # a loss that cannot be called says nothing
                given = given or pool.arguments(node, method=method)
                with self.loaded.recorder.recording():
                    told = self._quietly(function, **given)
                    value = numbers(np.float64(told) if is_plain_number(told) else told)
                seen = [numbers(one) for one in given.values()] + [one for _, one in self.loaded.recorder.values]
                alike = (one is not None and _alike(one, output) for one in seen)
                if value is not None and value.size == 1 and (method or any(alike)):
                    yield self.loaded.recorder.values


def _alike(value: Any, other: Any) -> bool:
    """Are these the same numbers, but for rounding?"""
    return np.shape(value) == np.shape(other) and np.ndim(value) > 0 and np.allclose(np.asarray(value, float), other)


def _described(value: Any) -> str:
    """What a value is, in a few words: "ndarray of (7, 3)"."""
    shape = np.shape(value) if isinstance(value, np.ndarray) else ()
    return f"{type(value).__name__} of {shape}" if shape else type(value).__name__


def copy_of(value: Any) -> Any:
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


def shown_signature(node: ast.FunctionDef, owner: str = "") -> str:
    """How a function is called, as it is shown."""
    names = [name for name in arguments_of(node) if name != "self"]
    return f"{owner}{node.name}({', '.join(names)})"


def literal_rate(nodes: Sequence[ast.AST], known: Mapping[str, Any] | None = None) -> float | None:
    """The number by which updates are multiplied: written into them, W -= 0.1 * dW, or a variable that is a number.

    known  global variables

    1 where there is none; None where there are several.
    """
    every = [node for root in nodes for node in ast.walk(root)]
    variables = {name: float(value) for name, value in (known or {}).items() if is_plain_number(value)}
    for node in every:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, (int, float)):
            variables.update({target.id: float(node.value.value) for target in node.targets if isinstance(target, ast.Name)})
    for name in {_computed(node) for node in every} & {*variables}:
        if meaning(name).kind != "rate":  # which may decay
            del variables[name]
    found: set[float] = set()
    for name, value in variables.items():
        if meaning(name).kind == "rate" and name in names_in(*nodes):
            return value
    for update in _updates(nodes):
        above, _ = product_parts(update, matrices=True)
        numbers_in = [float(part.value) for part in above if isinstance(part, ast.Constant) and isinstance(part.value, (int, float))]
        numbers_in += [variables[part.id] for part in above if isinstance(part, ast.Name) and part.id in variables]
        found.add(float(np.prod([abs(number) for number in numbers_in])) if numbers_in else 1.0)
    return found.pop() if len(found) == 1 else 1.0 if not found else None


def _computed(node: ast.AST) -> str:
    """The variable that gets its value from a formula, as v = 0.9 * v + g: that is 0 before the first step only."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) and isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant) else ""


def _updates(nodes: Sequence[ast.AST]) -> Iterator[ast.expr]:
    """What is added to parameters, or taken from them, also where the sum has another name, or is returned without one."""
    for node in (node for root in nodes for node in ast.walk(root)):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)) and _is_parameter(node.target):
            yield node.value
        if not isinstance(node, (ast.Assign, ast.Return)) or node.value is None:
            continue
        for value in node.value.elts if isinstance(node.value, (ast.Tuple, ast.List)) else [node.value]:
            if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub)) and _is_parameter(value.left):
                old = compact(ast.unparse(value.left))
                if isinstance(node, ast.Return) or any(old in compact(ast.unparse(target)) for target in node.targets):
                    yield value.right


def _is_parameter(node: ast.expr) -> bool:
    """Does its name say that it is one?"""
    return as_kind(re.sub(r"\[.*", "", ast.unparse(node)), "W", "b") is not None


def called_by_sample(loaded: Loaded, name: str) -> bool:
    """Is a function called with what a loop goes through one by one: for x, y in batch: backprop(x, y)?"""
    for loop in ast.walk(loaded.tree):
        if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Tuple):
            continue
        given = names_in(loop.target)
        for call in calls_in(*loop.body):
            if called_name(call) == name and any(isinstance(argument, ast.Name) and argument.id in given for argument in call.args):
                return not _batches(loop)
    return False


def _batches(loop: ast.For) -> bool:
    """Does it go through batches, and not through the samples of one?"""
    return bool(re.search(r"batches|loader|get_batch|iterate", ast.unparse(loop.iter), re.IGNORECASE))


def methods_of(loaded: Loaded, name: str) -> dict[str, ast.FunctionDef]:
    """The methods of a class, also those of its parents in the file."""
    node = loaded.classes[name]
    result: dict[str, ast.FunctionDef] = {}
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in loaded.classes and base.id != name:
            result.update(methods_of(loaded, base.id))
    result.update({part.name: part for part in node.body if isinstance(part, ast.FunctionDef)})
    return result
