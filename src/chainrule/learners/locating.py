"""Where in a learner's program a wrong quantity is computed: its value is looked for among those that every expression reports."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.learners.layout import Probe
from chainrule.learners.loading import Loaded
from chainrule.learners.names import BACKWARD, compact, meaning
from chainrule.learners.programs import Answer, LearnerProgram
from chainrule.learners.recognition import ACTIVATIONS, passed

HANDED_ON = re.compile(r"[\w.]+(?:\[[^\]]*\])*")
"""An expression that hands on what was computed elsewhere: grads["db2"]."""


class Search:
    """The search for a wrong quantity in a program that is run once more on a probe."""

    def __init__(self, loaded: Loaded, program: LearnerProgram, probe: Probe, activations: Sequence[str]) -> None:
        self.loaded, self.program, self.probe, self.activations = loaded, program, probe, activations
        self.helpers = _helpers(loaded, program)
        texts = enumerate(spot.text(loaded.code) for spot in loaded.spots)
        self.unmasking = frozenset(number for number, text in texts if not re.search("[<>]", text))

    def place(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The first expression whose value is the wrong one; empty where none is found.

        An error that is handed back is not given by most programs; with few samples it follows from the gradient: ∂E/∂W = hᵀ δ. A δ with
        a 1/N that is nowhere in the program is not what is wrong: people divide where they sum over the samples, which is behind it.
        """
        if job["turned"] and (found := self._update_place(job)):
            return found
        quantity = str(job["quantity"])
        number = int(quantity[-1]) if quantity[-1].isdigit() else len(self.probe.weights)
        if quantity.startswith(("dh", "delta", "dy")):
            divided = bool(job["divided"])
            found = self._error_place(quantity, number, exactly=divided)
            if found:
                of_weights = {spot.line for spot in self.loaded.spots if spot.target and meaning(spot.target).kind == "dW"}
                return {**found, "quantity": f"dW{number}"} if divided and found["line"] in of_weights else found
            answer = self.program.answer(self.probe, 1)
            gradient = answer.gradients.get(f"dW{number}")
            if divided and gradient is not None and (place := answer.values.signed(gradient, self.helpers)) is not None:
                return {**spot_of(self.loaded, answer, place), "quantity": f"dW{number}"}
        return self._value_place(job)

    def _update_place(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Where a parameter steps uphill along a gradient that was right before that; empty where the gradient itself is turned."""
        answer, shown = self.program.answer(self.probe, 1), str(job["shown"])
        gradient, after = answer.gradients.get(shown), answer.after[0].get(shown[1:]) if answer.after else None
        seen = None if gradient is None else [answer.values.find(sign * gradient, 1e-9) for sign in (1, -1)]
        if after is None or seen is None or seen[1] is None or (seen[0] is not None and seen[0] < seen[1]):
            return {}
        place = next(self._places(answer, after, str(job["name"])), None)
        return {} if place is None else {**spot_of(self.loaded, answer, place), "quantity": f"{shown[1:]}_next"}

    def _error_place(self, quantity: str, number: int, *, exactly: bool) -> dict[str, Any]:
        """Where the error δ of a layer is computed. exactly: not where a multiple of it is, as of one sample δ / N is of δ"""
        for rows in (min(3, *self.probe.sizes[:-1]), *(() if exactly else (1,))):
            few = self.probe.first_rows(rows)
            try:
                answer = self.program.answer(few, 1)
            except Exception:  # noqa: BLE001  # a program that takes no such sample is looked at with others
                continue
            found = _delta(answer, few, self.activations, number)
            if found is None:
                continue
            delta, slope = found
            passed_on = None if slope is None else np.abs(slope) > 1e-3
            whole = passed_on is not None and passed_on.all()
            wanted = [delta / slope, delta] if whole and not quantity.startswith("delta") else [delta]
            wanted = [value for value in wanted if value.size == 1 or np.ptp(value) > 1e-9 * np.max(np.abs(value))]
            values, places = answer.values, list[int]()
            # What is set to 0 afterwards, in the same array, was wrong before that if it is wrong where it is not 0.
            if passed_on is not None and not whole and np.abs(delta[~passed_on]).max() <= 1e-9 * np.abs(delta).max():
                places = [place for place in [values.where(delta, passed_on, self.helpers)] if place is not None]
            # A mask that lets everything through gives what it was given; W2 is a multiple of δ W2ᵀ where there is one output.
            looks = [(values.signed, self.helpers | self.unmasking), (values.signed, self.helpers), (values.multiple, self.helpers)]
            seen = (look(value, without) for look, without in looks[: 2 if exactly else 3] for value in wanted)
            places += [place for place in seen if place is not None][:1]
            if places:
                return spot_of(self.loaded, answer, min(places))
        return {}

    def _value_place(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Where a value is computed that the program gave: what is assigned to its own name counts first."""
        answer = self.program.answer(self.probe, 1)
        texts = [spot.text(self.loaded.code) for spot in self.loaded.spots]
        read = frozenset(number for number, text in enumerate(texts) if HANDED_ON.fullmatch(text))
        within = frozenset(number for number, spot in enumerate(self.loaded.spots) if not spot.target)
        for without, plain in itertools.product((within, read), job["begins"]):  # what a rule keeps has a name, as a rule
            place = answer.values.last(np.array(plain, dtype=float), without)
            if place is not None:
                return spot_of(self.loaded, answer, place)
        for plain in job["values"]:
            place = next(self._places(answer, np.array(plain, dtype=float), str(job["name"])), None)
            if place is not None:
                return spot_of(self.loaded, answer, place)
        return {}

    def _places(self, answer: Answer, value: Array, name: str) -> Iterator[int]:
        """Where a value may be computed, the likeliest first."""
        spots, values = self.loaded.spots, answer.values
        assigned = values.named(value, {spot for spot, one in enumerate(spots) if one.target and compact(one.target) == compact(name)})
        lines = set() if assigned is None else {spots[values.kept[assigned][0]].line}
        inside = values.named(value, {spot for spot, one in enumerate(spots) if one.line in lines and not one.target})
        places = [inside, assigned]
        if value.any():  # a 0 may be that of anything
            places += [values.signed(value, self.helpers), values.multiple(value, self.helpers)]
        if inside is not None and HANDED_ON.fullmatch(spot_of(self.loaded, answer, inside)["expression"]):
            places = [*places[2:], *places[:2]]
        if value.size > 1 and value.any() and np.ptp(value) <= 1e-9 * np.max(np.abs(value)):  # one number that was spread over all
            places.append(values.signed(value.ravel()[:1], self.helpers))
        return (place for place in places if place is not None)


def spot_of(loaded: Loaded, answer: Answer, place: int) -> dict[str, Any]:
    """The line and the expression of a value that was seen."""
    spot = loaded.spots[answer.values.kept[place][0]]
    return {"line": spot.line, "expression": spot.text(loaded.code)}


def _helpers(loaded: Loaded, program: LearnerProgram) -> frozenset[int]:
    """Spots in functions that compute for anybody, as a scalar product does: what is wrong is where they are called."""
    lines: set[int] = set()
    for name, node in loaded.functions.items():
        own = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        gives = any(spot.line in own and meaning(spot.target).kind in ("dW", "db", "delta") for spot in loaded.spots if spot.target)
        if not gives and not BACKWARD.search(name) and node.lineno != program.line:
            inner = (part for part in ast.walk(node) if isinstance(part, ast.FunctionDef) and part is not node)  # a way back, as a closure
            lines.update({*own} - {line for part in inner for line in range(part.lineno, (part.end_lineno or part.lineno) + 1)})
    return frozenset(number for number, spot in enumerate(loaded.spots) if spot.line in lines)


def _delta(answer: Answer, probe: Probe, activations: Sequence[str], number: int) -> tuple[Array, Array | None] | None:
    """The program's own ∂E/∂z of a layer for a few samples, and f′(z); None for what is not known."""
    gradient = answer.gradients.get(f"dW{number}")
    zs, hs = passed(probe.x, probe.weights[:number], probe.biases, activations)
    z, before = zs[-1], hs[-2]
    if gradient is None or gradient.shape != probe.weights[number - 1].shape or not np.any(before):
        return None
    delta = np.linalg.lstsq(before.T, gradient, rcond=None)[0]
    if np.linalg.matrix_rank(before) < len(before):
        return None
    if np.max(np.abs(before.T @ delta - gradient)) > 1e-6 * max(np.max(np.abs(gradient)), 1e-300):
        return None
    name = activations[number - 1]
    if name in ("identity", "softmax"):
        return delta, None
    slope = (ACTIVATIONS[name](z + 1e-5) - ACTIVATIONS[name](z - 1e-5)) / 2e-5
    return delta, slope
