"""What is told of the trainings of a file: whether every gradient is how their own loss changes, where not, and what their steps are."""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.learners.beside_loss import Convention, conventions_beside, holds_a_part, independent
from chainrule.learners.changed_values import target_at
from chainrule.learners.loading import Failed, Loaded
from chainrule.learners.loss_functions import loss_comparisons, loss_functions
from chainrule.learners.measured import Comparison, Measured, Ran, Turn, Values, comparisons, named, stepped
from chainrule.learners.names import LOSS, as_kind, compact, meaning
from chainrule.learners.scripts import scripts
from chainrule.learners.syntax import called_name, names_in
from chainrule.learners.training_mistakes import (
    NOT_DIVIDED,
    factor_of,
    mean_in,
    mistake_of,
    number_of_factor,
    number_of_gradient,
    same_numbers,
)
from chainrule.learners.training_slips import multiplied_at, slip_in, written

ALMOST_ALL = 0.99
"""The part of its numbers in which a step goes against its gradient: a few are nothing but rounding."""


def measured_answers(loaded: Loaded) -> dict[str, Any]:
    """What was found of the trainings of a file: of that which has a loss, or whose gradients are right; nothing without one."""
    best: dict[str, Any] = {}
    by_line = itertools.groupby(comparisons(loaded), key=lambda one: one.turn.line)
    for _, several in by_line:
        judged = list(_measured(several))
        if not judged:
            continue
        comparison, measured = max(judged, key=_count_right)
        measured = _by_losses_of_their_own(comparison, measured, judged)
        named = LOSS.search(loaded.spots[comparison.spots[comparison.loss]].target)
        if measured and (named or 2 * sum(one.right for one in measured) > len(measured)) and len(measured) > best.get("count", 0):
            best = {"count": len(measured), **_told(comparison, measured)}
    return best


def loss_answers(loaded: Loaded, names: Sequence[str]) -> list[dict[str, Any]]:
    """What was found of each of these functions that give a loss and its gradients; of those that cannot be called, nothing."""
    answers = list[dict[str, Any]]()
    for function in loss_functions(loaded.tree, stepping=True):
        known, judged = dict[Comparison, bool](), list[tuple[Comparison, list[Measured]]]()
        for comparison, surely in loss_comparisons(loaded, function) if function.name in names else ():
            known[comparison] = surely
            judged += _measured([comparison])
            if judged and all(one.right for one in judged[-1][1]):
                break
        if judged:
            comparison, measured = max(judged, key=_count_right)
            told = _told(comparison, measured)
            # What is differentiated by an output may have been left to what comes before it, as δ = y − t is.
            by_output = any(meaning(one.path).kind == "y" for one in measured if not one.right)
            beside = told["another"] and any(not one.own for one in measured)  # where a step is taken, it may be along something else
            answers.append({**told, "another": beside or (bool(told["faults"]) and (by_output or not known[comparison]))})
    return answers


def _measured(several: Iterable[Comparison]) -> Iterator[tuple[Comparison, list[Measured]]]:
    for comparison in several:
        with contextlib.suppress(Failed):
            yield comparison, comparison.measured()


def _count_right(judged: tuple[Comparison, Sequence[Measured]]) -> int:
    return sum(one.right for one in judged[1])


def _by_losses_of_their_own(
    comparison: Comparison, measured: Sequence[Measured], judged: Sequence[tuple[Comparison, Sequence[Measured]]]
) -> list[Measured]:
    """With what is right by another loss, that is no part of this one: two networks may learn in turns, each by its own."""
    right = {one.path: one for one in measured if one.right}
    if len(right) < len(measured):
        for other, several in judged:
            better = {one.path: one for one in several if one.right and one.given.any() and one.path not in right}
            if better and independent(comparison, other):
                right.update(better)
    return [right.get(one.path, one) for one in measured]


def _told(comparison: Comparison, measured: Sequence[Measured]) -> dict[str, Any]:
    loaded, turn = comparison.loaded, comparison.turn
    spot = loaded.spots[comparison.spots[comparison.loss]]
    wrong = [one for one in measured if not one.right]
    conventions, faults = list[Convention](), list[dict[str, Any]]()
    if wrong:
        known = measured[0].factor is not None and number_of_factor(measured[0].factor, turn.run(comparison.starts).events) is not None
        conventions = conventions_beside(comparison, measured, numbered=known)
    if wrong and not conventions:
        faults = _faults(comparison, measured, wrong)
    else:
        faults = _step_faults(comparison, measured, twice=not conventions)
    return {
        "line": turn.line,
        "function": turn.script.function,
        "loss": spot.target or spot.text(loaded.code),
        "loss_line": spot.line,
        "names": [one.path for one in measured],
        "conventions": conventions,
        # Where nothing fits E, and no mistake that is known makes it fit, something else than E may be what is trained.
        "another": bool(faults)
        and all(one["number"] is None for one in faults)
        and ((len(wrong) == len(measured) and not faults[0]["late"]) or holds_a_part(comparison)),
        "faults": [_with_its_mean(comparison, one) for one in faults],
    }


def _faults(comparison: Comparison, measured: Sequence[Measured], wrong: Sequence[Measured]) -> list[dict[str, Any]]:
    loaded = comparison.loaded
    reported = comparison.turn.run(comparison.starts)
    slip = slip_in(comparison, measured)
    if slip is not None:
        spot = loaded.spots[slip.spot]
        return [
            {
                "number": mistake_of(comparison, slip),
                "quantity": _value_named(loaded, slip.spot if slip.of is None else slip.of),
                "of_line": 0 if slip.of is None else loaded.spots[slip.of].line,
                "own": slip.of is None,
                "late": slip.late,
                "line": spot.line,
                "expression": spot.text(loaded.code),
                "expected": slip.wanted[slip.turn].tolist(),
                "found": slip.given[slip.turn].tolist(),
                "follows": [one.path for one in wrong],
            }
        ]
    factors = {None if one.factor is None else round(one.factor, 5) for one in measured}
    if len(factors) == 1 and None not in factors:  # all of them alike
        factor = next(iter(factors)) or 1.0
        number, at = number_of_factor(factor, reported.events), multiplied_at(comparison, measured, factor)
        at = written(comparison, wrong[0]) if at is None else at
        return [_fault(comparison, wrong[0], number, at, [one.path for one in wrong[1:]])]
    begins = stepped(reported, comparison.starts[-1])
    late = [one for one in wrong if (_place_of(comparison, reported, one) or 0) > begins]
    if late and len(late) == len(wrong):
        return [_fault(comparison, late[0], 1, reported.events[begins][0], [one.path for one in late[1:]])]
    return [_fault(comparison, one, number_of_gradient(comparison, one), written(comparison, one), []) for one in wrong]


def _with_its_mean(comparison: Comparison, fault: dict[str, Any]) -> dict[str, Any]:
    """A fault; of a gradient that is not divided as E is, with where E is."""
    pair = (np.array(fault[key], dtype=float).ravel() for key in ("found", "expected"))
    factor = factor_of(*pair) if fault["number"] == NOT_DIVIDED else None
    at = None if factor is None else mean_in(comparison, factor)
    return fault if at is None else {**fault, "mean": at.text(comparison.loaded.code), "mean_line": at.line}


def _place_of(comparison: Comparison, ran: Ran, one: Measured) -> int | None:
    own = compact(one.own)
    found = [place for place, (spot, _) in enumerate(ran.events) if own and compact(comparison.loaded.spots[spot].target) == own]
    return found[-1] if found else None


def _fault(comparison: Comparison, one: Measured, number: int | None, spot: int | None, follows: Sequence[str]) -> dict[str, Any]:
    loaded, whole = comparison.loaded, one.whole
    seen = None if spot is None else loaded.spots[spot]
    return {
        "number": number,
        "quantity": one.path,
        "of_line": 0,
        "own": False,
        "late": False,
        "line": comparison.turn.line if seen is None else seen.line,
        "expression": "" if seen is None else seen.text(loaded.code),
        "expected": (one.slopes if whole is None else whole).tolist(),
        "found": (one.along if whole is None else one.given).tolist(),
        "follows": list(follows),
    }


def _wrong_steps(ran: Ran, start: Values, given: Mapping[str, tuple[str, Array]]) -> list[tuple[int | None, str, int | None]]:
    """Parameters that step along their gradients, or with none: the number of the mistake, the parameter, and the spot of the step."""
    steps = {path: start[path] - ran.after[path] for path in given}
    left = [path for path, (_, gradient) in given.items() if not steps[path].any() and gradient.any()]
    if left and len(left) < len(given):
        return [(25 if as_kind(compact(path), "b") or _is_row(start[path]) else None, path, None) for path in left]
    found = list[tuple[int | None, str, int | None]]()
    for path, (own, gradient) in given.items():
        moved = (np.abs(steps[path]) > 1e-12) & (np.abs(gradient) > 1e-12)
        if own and moved.any() and (np.sign(steps[path]) == -np.sign(gradient))[moved].mean() > ALMOST_ALL:
            spots = [spot for spot, value in ran.events if np.array_equal(value, ran.after[path])]
            found.append((9, path, spots[0] if spots else None))
    return found


def _is_row(value: Array) -> bool:
    return value.ndim == 1 or (value.ndim == 2 and 1 in value.shape)


def steps_against(loaded: Loaded, function: str) -> list[dict[str, Any]]:
    """What is wrong with the steps of a training, by gradients that come straight from a function that is known to be right."""
    calls = [
        node
        for node in ast.walk(loaded.tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and called_name(node.value) == function
    ]
    roots = {name for node in calls for target in node.targets for name in names_in(target, stored=True)}
    for script, changed in scripts(loaded) if roots else ():
        try:
            turn = Turn(script, changed, time.process_time())
            start = turn.parameters()
            ran = turn.run([start])
        except Failed:
            continue
        given = {path: one for path, one in named(turn, ran, start).items() if re.split(r"\W", one[0])[0] in roots}
        found = _wrong_steps(ran, start, given)
        for number, path, spot in found[:1] if number_known(found) else ():
            line = next((node.lineno for node in calls), script.loop.lineno) if spot is None else loaded.spots[spot].line
            text = "" if spot is None else loaded.spots[spot].text(loaded.code)
            return [
                {"number": number, "path": path, "line": line, "expression": text, "follows": [one[1] for one in found[1:]],
                 "expected": (start[path] - 1e-3 * given[path][1]).tolist(), "found": ran.after[path].tolist()}
            ]  # fmt: skip
    return []


def number_known(found: Sequence[tuple[int | None, str, int | None]]) -> bool:
    """Have all of them a number, and the same?"""
    return len({number for number, _, _ in found}) == 1 and found[0][0] is not None


def _step_faults(comparison: Comparison, measured: Sequence[Measured], *, twice: bool) -> list[dict[str, Any]]:
    """What is wrong with the steps, where the gradients are right: their direction (9), or gradients that go on growing (35).

    twice  whether a second turn tells more
    """
    ran, start = comparison.turn.run(comparison.starts), comparison.starts[-1]
    given = {one.path: (one.own, one.given) for one in measured}
    aside = _wrong_steps(ran, start, given)
    named = LOSS.search(comparison.loaded.spots[comparison.spots[comparison.loss]].target)
    if len(aside) == len(given) and not named:  # a likelihood is climbed
        return []
    if aside:
        known = {one.path: one for one in measured}
        several = [(number, known[path], spot) for number, path, spot in aside]
        number, one, spot = several[0]
        return [
            _fault(comparison, one, number, written(comparison, one) if spot is None else spot, [two.path for _, two, _ in several[1:]])
        ]
    if comparison.turn.number < 0 or not twice:
        return []
    rng = np.random.default_rng(17)
    second = {path: value + 0.1 * rng.normal(size=value.shape) for path, value in start.items()}
    try:
        spots = [spot for spot, _ in comparison.turn.run([start, second]).events]
        if len(spots) <= comparison.loss or spots[comparison.loss] != comparison.spots[comparison.loss]:
            return []
        again = Comparison(comparison.turn, [start, second], comparison.loss, spots, comparison.extract)
        wrong = [one for one in again.measured() if not one.right]
    except Failed:
        return []
    first = {one.path: one.given for one in measured}
    sums = [one for one in wrong if one.whole is not None and same_numbers(one.given - first[one.path], one.whole)]
    return [_fault(again, sums[0], 35, written(again, sums[0]), [one.path for one in sums[1:]])] if sums else []


def _value_named(loaded: Loaded, spot: int) -> str:
    """What a value is called: by what it is assigned to, else as it is written."""
    return target_at(loaded, spot) or loaded.spots[spot].text(loaded.code)
