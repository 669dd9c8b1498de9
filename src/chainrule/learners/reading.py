"""Reading: which of a file's functions, classes or loops is the back-propagation, and how it takes and gives its arrays.

Names make proposals; numbers decide. A proposal is accepted when, called with known x, W and b, the program reports z and f(z) of every
layer and gives a gradient, or a step, for every W.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import field
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen, replace
from chainrule.learners.calling import Unbound
from chainrule.learners.functions import FunctionProgram, function_programs
from chainrule.learners.gradients import only_signs
from chainrule.learners.header import Header
from chainrule.learners.layers import layer_programs
from chainrule.learners.layout import Probe, Unreadable, layouts, trial
from chainrule.learners.limits import Guard, Stopped, line_of_error
from chainrule.learners.loading import Loaded, TooLong, impatient, said
from chainrule.learners.objects import object_programs
from chainrule.learners.own_backward import OwnBackward, own_backward_programs
from chainrule.learners.programs import ROWS, Answer, LearnerProgram, ParameterForm
from chainrule.learners.scripts import ScriptProgram, script_programs

TIME = 6.0
"""Seconds of the processor that are spent on trying ways to read a file: the same on a busy machine."""

ALIKE = 16
"""So many trials that fail in the very same way, some with one sample as a vector, and none that does not, are enough."""


class ProgramReading(Frozen):
    """A program as it was read.

    number    of the proposal, by which it is found again
    program   what runs
    answer    what it gave on the trial
    probe     the trial, in the layout in which it writes its arrays
    free      what of its sizes is free: "" all; "last": but for one output; "own": none
    rows      how many samples at once, where that is fixed: 1 of a program of one sample
    """

    number: int
    program: LearnerProgram
    answer: Answer
    probe: Probe
    free: str = ""
    rows: int | None = None


class Trials(Frozen):
    """What happened to the proposals that were not accepted: to say why a file was not understood.

    errors    what Python said, and at which line, the furthest first
    forward   of those whose forward pass was seen, but no gradients: the line, and what they gave
    signs     of those that step by a rule which shows but the signs of its gradients: the line, and how they are called
    count, ran   how many trials there were, and how many of them Python did not end
    """

    errors: list[tuple[int, int | None, str]] = field(default_factory=list)
    forward: list[tuple[int, str]] = field(default_factory=list)
    signs: list[tuple[int, str]] = field(default_factory=list)
    count: list[int] = field(default_factory=lambda: [0])
    ran: list[int] = field(default_factory=lambda: [0])

    @property
    def failed(self) -> list[tuple[int | None, str]]:
        """At which line Python said what, of programs that could be called."""
        return [(line, problem) for depth, line, problem in self.errors if depth >= 0]

    def note(self, depth: int, error: BaseException) -> None:
        """Keep what Python said of a trial."""
        self.errors.append((depth, line_of_error(error), said(error)))


def proposals(loaded: Loaded, header: Header) -> Iterator[LearnerProgram]:
    """Everything in a file that may be what is looked for, the likeliest first; the order is the same each time."""
    if not header.observe:
        yield from own_backward_programs(loaded)
        yield from function_programs(loaded, header)
        yield from object_programs(loaded, header)
    if not header.entry:
        yield from script_programs(loaded)
        yield from layer_programs(loaded)


def _sizes(depth: int, last: int) -> tuple[int, ...]:
    return (5, *itertools.islice(itertools.cycle((7, 4)), depth - 1), last)


EQUAL = 4
"""Units of every layer, for a program that fails where layers have different sizes."""


def extents(program: LearnerProgram, *, equal: bool = False) -> Iterator[tuple[tuple[int, ...], int, str]]:
    """Sizes, rows and what is free of them, to be tried in this order. equal: all layers have one size."""
    if equal:
        yield from (((EQUAL,) * (depth + 1), rows, "own") for depth in program.depths for rows in program.rows_tried())
        return
    one, several = program.one_output(), program.rows_tried()
    outputs = ((1, "last"),) if one else ((3, ""), (1, "last"))
    for depth in program.depths:
        for rows in several:
            for last, free in outputs[::-1] if depth == 1 and not program.loaded.classifies else outputs:
                yield _sizes(depth, last), rows, free
    if program.fixed is not None:
        for rows in several:
            yield program.fixed, rows, "own"


def understand(loaded: Loaded, header: Header, guard: Guard, trials: Trials) -> ProgramReading | None:
    """The first proposal that proves itself; else None. Raises Stopped where the program did what it may not.

    A program that fails wherever layers have different sizes, as δ W in place of δ Wᵀ does, is tried where all have the same.
    """
    found = _understood(loaded, header, guard, trials)
    if found is None and trials.failed:
        found = _understood(loaded, header, guard, Trials(), equal=True)
    if found is None and loaded.recorder.left:
        _patiently(loaded, header, guard)
    return found


def _understood(loaded: Loaded, header: Header, guard: Guard, trials: Trials, *, equal: bool = False) -> ProgramReading | None:
    started = time.process_time()
    best: ProgramReading | None = None
    doubtful: ProgramReading | None = None
    for number, program in enumerate(proposals(loaded, header)):
        for reading in _readings(number, program, header, guard, trials, equal=equal):
            if best is None or _worth(reading) > _worth(best):
                best = reading
            if reading.answer.forward.depth == len(reading.probe.weights) and not reading.answer.gradients:
                trials.forward.append((program.line, reading.answer.gave or "None"))
            if _whole(reading) and _only_signs(reading):
                trials.signs.append((program.line, program.entry))
                continue
            if _whole(reading) and program.doubtful and not _reacts(reading):
                continue
            if _whole(reading) and reading.answer.forward.given is None and _of_matrices(reading):
                same = doubtful is None or reading.answer.forward.activations == doubtful.answer.forward.activations
                return reading if same else doubtful
            if _whole(reading):
                doubtful = doubtful or reading  # a softmax over the wrong axis; or it is meant for one sample, or for flat targets
            if time.process_time() - started > TIME:
                return doubtful
        if doubtful is not None:
            return doubtful
        if time.process_time() - started > TIME:
            break
    return None


TRAININGS = 3
"""So many ways in which a program trains are looked at."""


def trainings(loaded: Loaded, header: Header, guard: Guard, first: ProgramReading) -> Iterator[ProgramReading]:
    """Where a program keeps more from step to step than its parameters: the ways in which it steps, besides the one that was read.

    That may take no step, or one of several rules, as a course's `update_with_momentum` and `update_with_adam`. Where it is a function
    that gives gradients, a loop beside it may step along them, or uphill.
    """
    own = isinstance(first.program, OwnBackward)  # of which nothing was seen but its passes
    gives = isinstance(first.program, FunctionProgram) and not first.answer.after
    if not (loaded.adaptive or own or gives) or header.entry:
        return
    if first.answer.after:
        yield first
        if not isinstance(first.program, FunctionProgram):  # which may have other update functions
            return
    started, found = time.process_time(), 0
    for number, program in enumerate(proposals(loaded, header)):
        if found >= TRAININGS or time.process_time() - started > TIME / 4:
            return
        if number == first.number or not _may_train(program, first.program):
            continue
        for reading in itertools.islice(_readings(number, program, header, guard, Trials()), 8):
            same = own or reading.answer.forward.activations == first.answer.forward.activations
            if _whole(reading) and same and reading.answer.after and not _only_signs(reading):
                found += 1
                yield reading
                break


def _may_train(program: LearnerProgram, first: LearnerProgram) -> bool:
    """May it be another way in which the same program trains? Of functions, with the same passes and another update."""
    if isinstance(program, FunctionProgram) and isinstance(first, FunctionProgram):
        return bool(program.update) and (program.backward, program.forward) == (first.backward, first.forward)
    return isinstance(program, ScriptProgram) or (isinstance(first, OwnBackward) and isinstance(program, FunctionProgram))


def _patiently(loaded: Loaded, header: Header, guard: Guard) -> None:
    """Run what was not understood with its loops as they are. Raises Stopped where it does not end, or takes all memory."""
    loaded.recorder.patient = True
    for number, program in enumerate(itertools.islice(proposals(loaded, header), 3)):
        for _ in itertools.islice(_readings(number, program, header, guard, Trials()), 4):
            pass
    loaded.recorder.patient = False


def _worth(reading: ProgramReading) -> int:
    return reading.answer.forward.depth


def _whole(reading: ProgramReading) -> bool:
    """Is every layer seen, and is there a gradient of every W?"""
    depth = len(reading.probe.weights)
    return reading.answer.forward.depth == depth and all(f"dW{number}" in reading.answer.gradients for number in range(1, depth + 1))


def _of_matrices(reading: ProgramReading) -> bool:
    """Is no gradient of more than two axes, as it is where (n,) is taken from (n, 1)?"""
    return all(value.ndim <= 2 for value in reading.answer.gradients.values())


def _only_signs(reading: ProgramReading) -> bool:
    """Are its gradients but the signs of what a rule such as Adam's has stepped by?"""
    return reading.answer.from_update and reading.program.loaded.adaptive and only_signs(reading.answer.gradients)


def _reacts(reading: ProgramReading) -> bool:
    """Does the program answer otherwise when the targets are others?"""
    probe = reading.probe
    others = np.roll(probe.t, 1, axis=1)
    other = replace(probe, t=others if probe.layout.targets in ("classes", "column") else others * 0.5 + 0.3)
    try:
        with impatient(2.0):
            after = reading.program.answer(other, 1).gradients
    except (Exception, TooLong):  # noqa: BLE001  # a program that fails with other targets takes them for something else
        return False
    before = reading.answer.gradients
    return any(not np.allclose(after.get(key, before[key]), before[key], rtol=1e-9, atol=0) for key in before)


def _readings(
    number: int, program: LearnerProgram, header: Header, guard: Guard, trials: Trials, *, equal: bool = False
) -> Iterator[ProgramReading]:
    """What a proposal gives in each way in which it may be called, as far as it can be called at all."""
    met: set[tuple[Any, ...]] = set()
    patience = min(2.0, guard.limits["seconds"] / 3)
    started, failed = time.process_time(), list[tuple[int | None, str, bool]]()
    for (sizes, rows, free), bias in itertools.product(extents(program, equal=equal), program.biases):
        for form in _forms(program, sizes, rows, bias, trials):
            if form is None:
                return
            kind = "numbers" if form.sizes[-1] == 1 else "classes"  # with t = 0, (y − t) y is (y − t)²
            plain = trial(form.sizes, rows, bias=form.has, kind=kind)
            wanted = replace(header, units_first=form.units_first) if header.units_first is None else header
            first = int(program.loaded.from_one)
            for layout in layouts(wanted, first=first, inside=form.inside, biases=any(form.has), outputs=form.sizes[-1]):
                key, probe = (plain.sizes, rows, form.has, layout), replace(plain, layout=layout)
                if key in met or (layout.vectors and rows != 1):
                    continue
                met.add(key)
                trials.count[0] += 1
                if time.process_time() - started > TIME / 3:
                    return
                try:
                    with impatient(patience):
                        answer = program.answer(probe, 2)
                except Unbound as error:
                    trials.errors.append((-1, program.line, str(error)))
                    return
                except Unreadable:
                    continue
                except MemoryError as error:
                    raise Stopped("learners.refused.memory", line_of_error(error)) from None
                except TooLong as error:
                    if not isinstance(program, ScriptProgram):
                        raise Stopped("learners.refused.endless", line_of_error(error) or program.line, seconds=f"{patience:g}") from None
                    return
                except SystemExit as error:
                    raise Stopped("learners.refused.ended", line_of_error(error)) from None
                except Exception as error:  # noqa: BLE001  # whatever a learner's program raises when called in a wrong way
                    trials.note(0, error)
                    failed.append((*trials.errors[-1][1:], layout.vectors))
                    alike = len({failure[:2] for failure in failed}) == 1
                    if alike and len(failed) >= ALIKE and sum(failure[2] for failure in failed) >= ALIKE / 4:
                        return
                    continue
                failed.clear()
                trials.ran[0] += 1
                own = free == "own" or form.sizes != sizes
                yield ProgramReading(number, program, answer, probe, "own" if own else free, None if rows == ROWS else rows)


def _forms(program: LearnerProgram, sizes: tuple[int, ...], rows: int, bias: bool, trials: Trials) -> Iterator[ParameterForm | None]:
    """How the program keeps its parameters, at these sizes; None where it cannot even be made."""
    try:
        with impatient(2.0):
            found = list(program.forms(sizes, rows, bias))
    except Unbound as error:
        trials.errors.append((-1, program.line, str(error)))
        yield None
        return
    except TooLong:
        yield None
        return
    except (Unreadable, Exception) as error:  # noqa: BLE001  # whatever a learner's program raises when it is made
        if not isinstance(error, Unreadable):
            trials.note(0, error)
        return
    yield from found


def read_again(loaded: Loaded, header: Header, number: int) -> LearnerProgram:
    """The proposal of this number."""
    return next(itertools.islice(proposals(loaded, header), number, None))
