"""Reading: which of a file's functions, classes or loops is the back-propagation, and how it takes and gives its arrays.

Names make proposals; numbers decide. A proposal is accepted when, called with known x, W and b, the program reports z and f(z) of every
layer and gives a gradient, or a step, for every W.
"""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.learners.calling import Pool, Unbound
from chainrule.learners.header import Header
from chainrule.learners.layers import layer_programs
from chainrule.learners.layout import Layout, Probe, Wanted, layouts, trial
from chainrule.learners.limits import Guard, Stopped, line_of_error
from chainrule.learners.loading import Loaded, TooLong, impatient, said
from chainrule.learners.programs import (
    BACKWARD,
    FORWARD,
    LOSS,
    UPDATE,
    Answer,
    FunctionProgram,
    ObjectProgram,
    Program,
    Unreadable,
    methods_of,
)
from chainrule.learners.scripts import ScriptProgram, script_programs
from chainrule.learners.seen import Forward

TIME = 6.0
"""Seconds that are spent on trying ways to read a file."""

ROWS = 4
"""Samples of a trial."""


class Reading(Frozen):
    """A program as it was read.

    number    of the proposal, by which it is found again
    program   what runs
    layout    how it writes its arrays
    answer    what it gave on the trial
    probe     the trial
    free      what of its sizes is free: "" all; "last": but for one output; "own": none
    rows      1 of a program of one sample; None of one that takes several
    """

    number: int
    program: Program
    layout: Layout
    answer: Answer
    probe: Probe
    free: str = ""
    rows: int | None = None


class Trials(Frozen):
    """What happened to the proposals that were not accepted: to say why a file was not understood.

    errors    what Python said, and at which line, the furthest first
    """

    errors: list[tuple[int, int | None, str]] = field(default_factory=list)
    count: list[int] = field(default_factory=lambda: [0])

    def note(self, depth: int, error: BaseException) -> None:
        self.errors.append((depth, line_of_error(error), said(error)))


def proposals(loaded: Loaded, header: Header) -> Iterator[Program]:
    """Everything in a file that may be what is looked for, the likeliest first; the order is the same each time."""
    if not header.observe:
        yield from _function_programs(loaded, header)
        yield from _object_programs(loaded, header)
        yield from layer_programs(loaded)
    if not header.entry:
        yield from script_programs(loaded)


def _function_programs(loaded: Loaded, header: Header) -> Iterator[Program]:
    names = list(loaded.functions)
    entry = header.entry
    backwards = [entry] if entry in loaded.functions else [] if entry else sorted((name for name in names if BACKWARD.search(name)), key=_backward_first)
    forwards = [name for name in names if FORWARD.search(name) and name not in backwards[:1]]
    forwards.sort(key=_forward_first)
    updates = [name for name in names if UPDATE.search(name)]
    losses = [name for name in names if LOSS.search(name)]
    for backward in backwards[:8]:
        others = [name for name in forwards if name != backward][:5]
        for forward in ["", *others]:
            loss = next((name for name in losses if name != backward), "")
            for update in [*[name for name in updates if name not in (backward, forward)][:2], ""]:
                try:
                    yield FunctionProgram(loaded, backward, forward, update, loss)
                except Unreadable:
                    continue


def _backward_first(name: str) -> int:
    lowered = name.lower()
    order = ("back", "bprop", "grad", "deriv", "loss", "cost", "train", "update", "learn", "fit", "step")
    place = next((place for place, word in enumerate(order) if word in lowered), len(order))
    return place + (20 if any(word in lowered for word in ("sigmoid", "relu", "tanh", "softmax", "activation", "check", "numerical", "linear_")) else 0)


def _forward_first(name: str) -> int:
    lowered = name.lower()
    order = ("forw", "feed", "fprop", "prop", "predict", "model")
    return next((place for place, word in enumerate(order) if word in lowered), len(order)) + (10 if "linear" in lowered or "activation" in lowered else 0)


def _object_programs(loaded: Loaded, header: Header) -> Iterator[Program]:
    for name in loaded.classes:
        methods = [method for method in methods_of(loaded, name) if not method.startswith("__")]
        if header.entry and header.entry not in methods and header.entry.rpartition(".")[2] not in methods:
            continue
        stated = header.entry.rpartition(".")[2]
        backwards = [stated] if stated in methods else sorted((method for method in methods if BACKWARD.search(method)), key=_backward_first)
        forwards = sorted((method for method in methods if FORWARD.search(method) and not BACKWARD.search(method)), key=_forward_first)
        updates = [method for method in methods if UPDATE.search(method)]
        for backward in backwards[:6]:
            for forward in [*[other for other in forwards if other != backward][:3], ""]:
                for update in [*[other for other in updates if other not in (backward, forward)][:2], ""]:
                    sequence = [method for method in (forward, backward, update) if method]
                    yield ObjectProgram(loaded, name, sequence)


def _sizes(depth: int, last: int) -> tuple[int, ...]:
    return (5, *itertools.islice(itertools.cycle((7, 4)), depth - 1), last)


def extents(program: Program) -> Iterator[tuple[tuple[int, ...], int, str]]:
    """Sizes, rows and what is free of them, to be tried in this order."""
    own = program.fixed()
    for depth in program.depths():
        for last, rows, free in ((3, ROWS, ""), (1, ROWS, "last"), (3, 1, ""), (1, 1, "last")):
            yield _sizes(depth, last), rows, free
    if own is not None:
        for rows in (ROWS, 1):
            yield own, rows, "own"


def understand(loaded: Loaded, header: Header, guard: Guard, trials: Trials) -> Reading | None:
    """The first proposal that proves itself; else None. Raises Stopped where the program did what it may not."""
    started = time.monotonic()
    best: Reading | None = None
    for number, program in enumerate(proposals(loaded, header)):
        for reading in _readings(number, program, header, guard, trials):
            if best is None or _worth(reading) > _worth(best):
                best = reading
            if _whole(reading):
                return reading
            if time.monotonic() - started > TIME:
                return None
        if time.monotonic() - started > TIME:
            break
    return None


def _worth(reading: Reading) -> int:
    return reading.answer.forward.depth


def _whole(reading: Reading) -> bool:
    """Is every layer seen, and is there a gradient of every W?"""
    depth = len(reading.probe.weights)
    return reading.answer.forward.depth == depth and all(f"dW{number}" in reading.answer.gradients for number in range(1, depth + 1))


def _readings(number: int, program: Program, header: Header, guard: Guard, trials: Trials) -> Iterator[Reading]:
    """What a proposal gives in each way in which it may be called, as far as it can be called at all."""
    met: set[tuple[Any, ...]] = set()
    for sizes, rows, free in extents(program):
        for bias in program.has_bias():
            inside = program.inside() and bias
            for layout in layouts(header.wanted, inside=inside, biases=bias, outputs=sizes[-1]):
                if layout.vectors and rows != 1:
                    continue
                if layout.targets == "flat" and sizes[-1] != 1:
                    continue
                try:
                    probe, own = _probe_for(program, sizes, rows, bias, layout, guard)
                    key = (probe.sizes, rows, tuple(b is None for b in probe.biases), layout)
                    if key in met:
                        continue
                    met.add(key)
                    trials.count[0] += 1
                    with impatient(2.0):
                        answer = program.answer(probe, layout, 2)
                except Unbound as error:
                    trials.errors.append((-1, program.line, str(error)))
                    return
                except Unreadable:
                    continue
                except Stopped:
                    raise
                except MemoryError as error:
                    raise Stopped("learners.refused.memory", line_of_error(error)) from None
                except TooLong as error:
                    if not isinstance(program, ScriptProgram):
                        raise Stopped("learners.refused.endless", line_of_error(error) or program.line, seconds="2") from None
                    return
                except SystemExit as error:
                    raise Stopped("learners.refused.ended", line_of_error(error)) from None
                except Exception as error:  # noqa: BLE001  # whatever a learner's program raises when called in a wrong way
                    trials.note(0, error)
                    continue
                yield Reading(number, program, layout, answer, probe, "own" if own or free == "own" else free, 1 if rows == 1 else None)


def _probe_for(program: Program, sizes: tuple[int, ...], rows: int, bias: bool, layout: Layout, guard: Guard) -> tuple[Probe, bool]:
    """A trial of these sizes; of a class that fixes its sizes, of those. Whether they are its own is the second value."""
    probe = trial(sizes, rows, bias=bias, kind="classes")
    if isinstance(program, ObjectProgram):
        with impatient(2.0):
            _, places = next(program.found(probe, layout), (None, None))
            for _, other in program.found(probe, layout):
                if other.units_first == layout.units_first:
                    places = other
                    break
        if places is None or places.units_first != layout.units_first:
            raise Unreadable("places")
        has = tuple(leaf is not None or bool(places.inside) for leaf in places.biases)
        plain = Layout(**{**layout.to_dict(), "inside": places.inside})
        if plain != layout:
            raise Unreadable("inside")
        return trial(places.sizes, rows, bias=has, kind="classes"), places.sizes != sizes
    return probe, False


def read_again(loaded: Loaded, header: Header, number: int) -> Program:
    """The proposal of this number."""
    return next(itertools.islice(proposals(loaded, header), number, None))


