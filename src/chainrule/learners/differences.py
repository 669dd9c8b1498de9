"""A learner's own gradient check: its function that differentiates by differences is asked about a function whose derivative is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.learners.calling import Function
from chainrule.learners.layout import Array
from chainrule.learners.loading import Loaded, impatient
from chainrule.learners.reporting import numbers

CHECKS = re.compile(r"num|approx|finite|diff|check|estimate|fd_?grad", re.IGNORECASE)
GRADIENT = re.compile(r"grad|deriv|diff|nabla", re.IGNORECASE)
"""What the names of functions that differentiate by differences hold, one of each."""

FUNCTION = re.compile(r"^(?:f|fn|fun|func|function|loss|loss_?f\w*|cost|cost_?f\w*|j|objective|forward)$", re.IGNORECASE)
POINT = re.compile(r"^(?:x|xs|w|ws|v|vec|arr|array|a|p|param\w*|theta\w*|point|x0|x_?init|weights?)$", re.IGNORECASE)
"""Names of their arguments: what is differentiated, and where."""

START = np.array([0.7, -1.2, 1.9])
"""Where it is asked: at no kink, and nowhere small."""


def known(w: Array) -> float:
    """Σ w³/3 + (Σ w)²/2 + 200: its derivative is w² + Σ w; a large value shows numbers of few digits."""
    return float((w**3).sum() / 3 + w.sum() ** 2 / 2 + 200)


def known_gradient(w: Array) -> Array:
    """The derivative of `known`."""
    return np.asarray(w**2 + w.sum())


def own_checks(loaded: Loaded) -> Iterator[dict[str, Any]]:
    """What the program's functions that differentiate by differences give, beside the derivative that there is."""
    for name, node in loaded.functions.items():
        if not (CHECKS.search(name) and GRADIENT.search(name)) or not callable(loaded.namespace.get(name)):
            continue
        arguments = _bound(node)
        if arguments is None:
            continue
        function, point = arguments
        w = START.copy()

        def differentiated(*given: Any, point: Array = w) -> float:
            inner = next((np.asarray(one, dtype=float) for one in given if np.shape(one) == START.shape), point)
            return known(inner)

        try:
            with impatient(1.0), np.errstate(all="ignore"):
                found = numbers(loaded.namespace[name](**{function: differentiated, point: w}))
        except Exception:  # noqa: BLE001  # whatever a learner's function raises: then it is asked nothing
            continue
        if found is not None and found.size == START.size:
            yield {
                "name": name,
                "line": node.lineno,
                "expected": known_gradient(START).tolist(),
                "found": found.ravel().tolist(),
                "altered": bool(np.max(np.abs(w - START)) > 1e-9),
            }


def _bound(node: Function) -> tuple[str, str] | None:
    """The names of the two arguments that it needs: a function, and where it is differentiated."""
    names = [argument.arg for argument in node.args.args]
    needed = names[: len(names) - len(node.args.defaults)]
    functions, points = ([name for name in needed if pattern.match(name)] for pattern in (FUNCTION, POINT))
    return (functions[0], points[0]) if len(needed) == 2 and len(functions) == len(points) == 1 else None
