"""A learner's own gradient check: its function that differentiates by differences is asked about a function whose derivative is known.

One that moves the parameters of a whole network is called as it is, and the quotients that it computes are looked at.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.learners.functions import FunctionProgram
from chainrule.learners.layout import Probe, Unreadable
from chainrule.learners.limits import Stopped
from chainrule.learners.loading import Loaded, TooLong, impatient
from chainrule.learners.names import UPDATE
from chainrule.learners.objects import ObjectProgram
from chainrule.learners.programs import LearnerProgram
from chainrule.learners.recognition import errors, passed
from chainrule.learners.reporting import numbers
from chainrule.learners.syntax import called_name, calls_in, names_in, needed_by, product_parts

CHECKS = re.compile(r"num|approx|finite|diff|check|estimate|fd_?grad", re.IGNORECASE)
GRADIENT = re.compile(r"grad|deriv|diff|nabla", re.IGNORECASE)
"""What the names of functions that differentiate by differences hold, one of each."""

FUNCTION = re.compile(r"^(?:f|fn|fun|func|function|loss|loss_?f\w*|cost|cost_?f\w*|j|objective|forward)$", re.IGNORECASE)
POINT = re.compile(r"^(?:x|xs|w|ws|v|vec|arr|array|a|p|param\w*|theta\w*|point|x0|x_?init|weights?)$", re.IGNORECASE)
"""Names of their arguments: what is differentiated, and where."""

START = np.array([0.7, -1.2, 1.9])
"""Where it is asked: at no kink, and nowhere small."""


def known_error(w: Array) -> float:
    """Σ w³/3 + (Σ w)²/2 + 200: its derivative is w² + Σ w; a large value shows numbers of few digits."""
    return float((w**3).sum() / 3 + w.sum() ** 2 / 2 + 200)


def known_gradient(w: Array) -> Array:
    """The derivative of `known_error`."""
    return np.asarray(w**2 + w.sum())


def own_checks(loaded: Loaded) -> Iterator[dict[str, Any]]:
    """What the program's functions that differentiate by differences give, beside the derivative that there is."""
    for name, node in loaded.functions.items():
        if not _is_check(name) or not callable(loaded.namespace.get(name)):
            continue
        arguments = _bound(node)
        if arguments is None:
            continue
        function, point = arguments
        w = START.copy()

        def differentiated(*given: Any, point: Array = w) -> float:
            inner = next((np.asarray(one, dtype=float) for one in given if np.shape(one) == START.shape), point)
            return known_error(inner)

        try:
            with impatient(1.0), np.errstate(all="ignore"):
                found = numbers(loaded.namespace[name](**{function: differentiated, point: w}))
        except (Exception, TooLong):  # noqa: BLE001  # whatever a learner's function raises: then it is asked nothing
            continue
        if found is not None and found.size == START.size:
            yield {
                "name": name,
                "line": node.lineno,
                "expected": known_gradient(START).tolist(),
                "found": found.ravel().tolist(),
                "altered": bool(np.max(np.abs(w - START)) > 1e-9),
            }


def _bound(node: ast.FunctionDef) -> tuple[str, str] | None:
    """The names of the two arguments that it needs: a function, and where it is differentiated."""
    needed = needed_by(node)
    functions, points = ([name for name in needed if pattern.match(name)] for pattern in (FUNCTION, POINT))
    return (functions[0], points[0]) if len(needed) == 2 and len(functions) == len(points) == 1 else None


def _is_check(name: str) -> bool:
    return bool(CHECKS.search(name) and GRADIENT.search(name))


class Quotient(Frozen):
    """A difference over a step, as it is written: (J(w + h) − J(w − h)) / (2 h).

    value, ends  the spots of the quotient and of the two values whose difference it is
    node         the expression
    """

    value: frozenset[int]
    ends: frozenset[int]
    node: ast.BinOp


LIKE = 1e-6
"""How far values may be from a loss at the parameters, relatively, beside what they differ by among themselves."""

NEAR = 2e-3
"""How far a quotient may be from the derivative that it is for, relatively to the largest of them."""

FACTORS = (1.0, 0.5, 2.0, -1.0, -0.5, -2.0)
"""Which multiples of the derivative are looked for."""


def network_checks(
    loaded: Loaded, program: LearnerProgram, probe: Probe, activations: Sequence[str], loss: tuple[str, str, str]
) -> Iterator[dict[str, Any]]:
    """What functions and methods that move every parameter of the program's network by a step give, beside ∂E/∂W and ∂E/∂b.

    Which loss they differentiate shows in the values whose differences they take: where it is none, but the output itself, that is told.
    """
    probe = replace(probe, penalty=0.0)
    for name, node in _checks_of(loaded, program):
        yield from _at_a_kink(loaded, name)
        quotients = list(_quotients(loaded, node))
        values = _called(loaded, program, name, probe) if quotients else []
        for quotient in quotients:
            found, ends = (
                np.array([float(value.ravel()[0]) for spot, value in values if spot in spots and value.size == 1])
                for spots in (quotient.value, quotient.ends)
            )
            if len(found) < max(len(probe.weights), 4) or not len(ends):
                continue
            differentiated = _loss_of(ends, probe, activations)
            of_output = differentiated is None and _near_output(ends, probe, activations)
            if differentiated is None and not of_output:
                continue
            expected = _matched(found, _derivatives(probe, activations, differentiated or loss))
            yield {
                "name": name,
                "line": quotient.node.lineno,
                "expression": " ".join((ast.get_source_segment(loaded.code, quotient.node) or name).split()),
                "expected": expected.tolist(),
                "found": np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0).tolist(),
                "altered": False,
                "output": of_output,
            }


def _checks_of(loaded: Loaded, program: LearnerProgram) -> Iterator[tuple[str, ast.FunctionDef]]:
    methods = program.methods if isinstance(program, ObjectProgram) else {}
    for name, node in {**loaded.functions, **methods}.items():
        if _is_check(name) and node.lineno != program.line and _bound(node) is None:
            yield name, node


def _called(loaded: Loaded, program: LearnerProgram, name: str, probe: Probe) -> list[tuple[int, Array]]:
    """What was reported while it ran: by itself, else after what gives the gradients, which it may need."""
    loaded.recorder.patient = True
    try:
        for asked in _ways(loaded, program, name):
            with contextlib.suppress(Exception, TooLong, SystemExit), impatient(2.0):  # whatever it raises: then it is asked nothing
                return list(asked.answer(probe, 1).values.kept)
    except Stopped:
        loaded.guard.stopped = None  # what it may not do is held against nobody whose back-propagation does not do it
    finally:
        loaded.recorder.patient = False
    return []


def _ways(loaded: Loaded, program: LearnerProgram, name: str) -> Iterator[LearnerProgram]:
    with contextlib.suppress(Unreadable):
        if isinstance(program, FunctionProgram):
            yield FunctionProgram(loaded, program.backward, program.forward, name)
            yield FunctionProgram(loaded, name)
        elif isinstance(program, ObjectProgram):
            still = [one for one in program.sequence if not UPDATE.search(one)]
            yield ObjectProgram(loaded, program.name, [name], program.choice)
            yield ObjectProgram(loaded, program.name, [*still, name], program.choice)


def _quotients(loaded: Loaded, node: ast.FunctionDef) -> Iterator[Quotient]:
    """Differences over a step in a function; what stands in both, as in |a − b| / (a + b), is no step."""
    places = dict[tuple[int, ...], set[int]]()
    for number, spot in enumerate(loaded.spots):
        if not spot.target:
            places.setdefault((spot.line, spot.start, spot.last, spot.end), set()).add(number)
    own = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    met = set[int]()
    for part in ast.walk(node):
        if not isinstance(part, ast.BinOp) or not isinstance(part.op, (ast.Div, ast.Mult)) or id(part) in met:
            continue
        met.update(id(inner) for inner in ast.walk(part))
        above, below = product_parts(part)
        differences = [one for one in (_difference(factor, node) for factor in above) if one is not None]
        names = names_in(*below)
        if len(differences) != 1 or not below or _place(part) not in places:
            continue
        ends = (differences[0].left, differences[0].right)
        if names & names_in(*ends):
            continue
        texts = {ast.unparse(end) for end in ends}
        spots = {number for end in ends for number in places.get(_place(end), ())}
        spots |= {number for number, spot in enumerate(loaded.spots) if spot.line in own and spot.target in texts}
        yield Quotient(frozenset(places[_place(part)]), frozenset(spots), part)


def _place(node: ast.expr) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _difference(factor: ast.expr, function: ast.FunctionDef) -> ast.BinOp | None:
    """The difference that a factor is, or the variable has that it is."""
    if isinstance(factor, ast.Name):
        values = [
            one.value
            for one in ast.walk(function)
            if isinstance(one, ast.Assign) and any(isinstance(target, ast.Name) and target.id == factor.id for target in one.targets)
        ]
        factor = values[0] if len(values) == 1 else factor
    return factor if isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Sub) else None


def _output(probe: Probe, activations: Sequence[str], moved: Sequence[Array | None] = ()) -> Array:
    depth = len(probe.weights)
    weights, biases = (moved[:depth], moved[depth:]) if moved else (probe.weights, probe.biases)
    return passed(probe.x, weights, biases, activations)[1][-1]  # type: ignore[arg-type]  # no W is None


def _loss_of(ends: Array, probe: Probe, activations: Sequence[str]) -> tuple[str, str, str] | None:
    """The loss whose values these are, but for a step; None where they are those of none that is known."""
    known = [(value, (name, outputs, batch)) for name, outputs, batch, value in errors(_output(probe, activations), probe.t)]
    value, loss = min(known, key=lambda one: abs(one[0] - np.median(ends)))
    return loss if _about(value, ends, 0.2) else None


def _about(value: float, ends: Array, most: float) -> bool:
    """Are they this value, but for steps, which change it by no more than such a part of it?"""
    spread = float(np.ptp(ends))
    return bool(abs(value - np.median(ends)) <= spread + LIKE * abs(value) and spread <= most * abs(value))


def _near_output(ends: Array, probe: Probe, activations: Sequence[str]) -> bool:
    """Are they a sum or a mean of the outputs, or one of them?"""
    y = _output(probe, activations)
    return any(_about(one, ends, 0.01) for one in (float(y.sum()), float(y.mean()), *y.ravel().tolist()))


def _derivatives(probe: Probe, activations: Sequence[str], loss: tuple[str, str, str]) -> Array:
    """∂E/∂ each number of W, b and x, by differences of this side."""
    step, found = 1e-5, list[float]()
    moved = [None if value is None else value.copy() for value in (*probe.weights, *probe.biases)]

    def error(x: Array) -> float:
        y = _output(replace(probe, x=x), activations, moved)
        return next(value for *convention, value in errors(y, probe.t) if tuple(convention) == loss)

    x = probe.x.copy()
    for array in (*moved, x):
        for place in np.ndindex(array.shape) if array is not None else ():
            assert array is not None
            before, ends = array[place], list[float]()
            for sign in (1, -1):
                array[place] = before + sign * step
                ends.append(error(x))
            array[place] = before
            found.append((ends[0] - ends[1]) / (2 * step))
    return np.array(found)


def _matched(found: Array, derivatives: Array) -> Array:
    """For each quotient the derivative that it is, or is a multiple of, all by the same factor; else the one that is nearest."""
    for factor in FACTORS:
        nearest = derivatives[np.abs(derivatives[None, :] * factor - found[:, None]).argmin(axis=1)]
        if np.abs(nearest * factor - found).max() <= NEAR * abs(factor) * np.abs(nearest).max():
            return np.asarray(nearest)
    return np.asarray(derivatives[np.abs(derivatives[None, :] - found[:, None]).argmin(axis=1)])


def _at_a_kink(loaded: Loaded, name: str) -> Iterator[dict[str, Any]]:
    """Where the program itself calls its check before it trains: what goes into a relu and changes its sign while differences are taken."""
    for statement in loaded.tree.body:
        if isinstance(statement, (ast.For, ast.While, ast.If)):
            return
        calls = {called_name(call) for call in calls_in(statement)}
        if isinstance(statement, (ast.Expr, ast.Assign)) and name in calls:
            break
        if isinstance(statement, (ast.Expr, ast.Assign)) and any(UPDATE.search(one) or "train" in one or "fit" in one for one in calls):
            return
    else:
        return
    with loaded.recorder.recording(patient=True):
        ran = loaded.run(statement)
    for text, spots in _into_kinks(loaded).items() if ran else ():
        shapes = dict[tuple[int, ...], list[Array]]()
        for spot, value in loaded.recorder.values:
            if spot in spots:
                shapes.setdefault(value.shape, []).append(value)
        for several in shapes.values():
            least, most = np.min(several, axis=0), np.max(several, axis=0)
            if np.any((least < 0) & (most > 0) & (most - least < CLOSE)):
                yield {
                    "name": name,
                    "line": statement.lineno,
                    "expression": text,
                    "expected": [],
                    "found": [],
                    "altered": False,
                    "kink": True,
                }
                return


CLOSE = 1e-2
"""A number that changes its sign and moves by less than this was moved over 0 by a step of differences."""


def _into_kinks(loaded: Loaded) -> dict[str, set[int]]:
    """What goes into a relu, as it is written, and its spots."""
    found = dict[str, set[int]]()
    for part in ast.walk(loaded.tree):
        if isinstance(part, ast.Call) and "relu" in called_name(part).lower():
            given = part.args[:1]
        elif isinstance(part, ast.Call) and called_name(part) == "maximum":
            given = [one for one in part.args if not isinstance(one, ast.Constant)]
        else:
            continue
        for one in given:
            text, place = ast.unparse(one), _place(one)
            found[text] = {
                number
                for number, spot in enumerate(loaded.spots)
                if spot.target == text or (not spot.target and (spot.line, spot.start, spot.last, spot.end) == place)
            }
    return found
