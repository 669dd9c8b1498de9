"""Engines of one number a node, as people write them to learn automatic differentiation: a class with +, · and backward().

Small graphs are built of its objects, some of which use a value twice, and backward() is called; differences of plain numbers tell what
the gradients should be. Where the file trains, its second step shows whether gradients begin anew.
"""

from __future__ import annotations

import ast
import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from chainrule.base.frozen import Frozen
from chainrule.learners.limits import FILE
from chainrule.learners.loading import Loaded, TooLong, impatient

STEP = 1e-6
"""Of the differences."""

A, B = 0.7, -1.3
"""The numbers of the graphs."""


class SmallGraph(Frozen):
    """A small graph.

    written   as a formula
    build     from a and b, objects or plain numbers
    several   whether a value is used more than once; ordered: whether that value is computed from others
    needs     the methods that it takes
    """

    written: str
    build: Callable[[Any, Any], Any]
    needs: tuple[str, ...]
    several: bool = False
    ordered: bool = False


def _diamond(a: Any, b: Any) -> Any:
    c = a * b
    d = c + a
    return c * d


def _ladder(a: Any, b: Any) -> Any:
    c = a + b
    d = c * a
    e = d + a
    return c * e


GRAPHS = (
    SmallGraph("a + b", lambda a, b: a + b, ("__add__",)),
    SmallGraph("a · b", lambda a, b: a * b, ("__mul__",)),
    SmallGraph("a − b", lambda a, b: a - b, ("__sub__",)),
    SmallGraph("a / b", lambda a, b: a / b, ("__truediv__",)),
    SmallGraph("a³", lambda a, b: a**3, ("__pow__",)),
    SmallGraph("−b", lambda a, b: -b, ("__neg__",)),
    SmallGraph("a + a", lambda a, b: a + a, ("__add__",), several=True),
    SmallGraph("a · a", lambda a, b: a * a, ("__mul__",), several=True),
    SmallGraph("(a + b) · (a · b)", lambda a, b: (a + b) * (a * b), ("__add__", "__mul__"), several=True),
    SmallGraph("c · (c + a), c = a · b", _diamond, ("__add__", "__mul__"), several=True, ordered=True),
    SmallGraph("c · (c · a + a), c = a + b", _ladder, ("__add__", "__mul__"), several=True, ordered=True),
)

FUNCTIONS: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "exp": math.exp,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "relu": lambda x: max(x, 0.0),
    "sin": math.sin,
    "cos": math.cos,
    "log": math.log,
    "sqrt": math.sqrt,
    "square": lambda x: x * x,
}
"""Methods of one number that such a class may have, and what they compute."""


def engine_classes(loaded: Loaded) -> Iterator[str]:
    """Classes of one number a node: they add, multiply, and go backward."""
    for name, node in loaded.classes.items():
        methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        if {"__add__", "__mul__", "backward"} <= methods:
            yield name


def graph_answers(loaded: Loaded) -> dict[str, Any]:
    """What the first such class of a file gives for each graph; nothing where there is none."""
    for name in engine_classes(loaded):
        made = loaded.namespace.get(name)
        if made is None:
            continue
        answers = [answer for graph in _graphs(made) if (answer := _answer(made, graph)) is not None]
        if answers:
            node = loaded.classes[name]
            for answer in answers:
                if not answer["right"] and not answer["several"]:
                    answer["place"] = _computed_at(node, loaded.code, answer)
            steps = _second_step(loaded, made) if all(answer["right"] for answer in answers) else None
            return {"class": name, "line": node.lineno, "answers": answers, "places": _places(node, loaded.code), "steps": steps}
    return {}


MOST_CALLS = 40
"""Calls of backward() after which no more of a training is looked at."""

MOST_NODES = 200_000
"""Objects of a training that are looked at."""


class _Enough(BaseException):
    """What was to be seen of a training was seen."""


def _second_step(loaded: Loaded, made: Any) -> dict[str, Any] | None:
    """What the parameters of a training have for gradients after its second backward(), and what they have when it begins from zeros.

    None where the file does not train, or several times goes backward before it changes anything.
    """
    nodes, calls, found = list[Any](), [0], dict[str, Any]()
    begin, backward = made.__init__, made.backward
    before: dict[int, list[float]] = {}

    def registered(self: Any, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        if len(nodes) < MOST_NODES:
            nodes.append(self)

    def watched(self: Any, *given: Any, **named: Any) -> Any:
        frame, line = sys._getframe(1), 0
        while frame is not None and not line:  # the caller may be a function of ours that reports
            line = frame.f_lineno if frame.f_code.co_filename == FILE else 0
            frame = frame.f_back  # type: ignore[assignment]  # the last frame has none before it
        moved = [node for node in nodes if id(node) in before and before[id(node)] != _own_numbers(node)]
        result = backward(self, *given, **named)
        if moved:
            kept = [float(node.grad) for node in moved]
            for node in nodes:
                node.grad = type(node.grad)(0)
            backward(self, *given, **named)
            found.update(line=line, found=kept, expected=[float(node.grad) for node in moved])
            raise _Enough
        calls[0] += 1
        if calls[0] >= MOST_CALLS:
            raise _Enough
        before.update({id(node): _own_numbers(node) for node in nodes})
        return result

    made.__init__, made.backward = registered, watched
    loaded.recorder.patient = True
    with contextlib.suppress(_Enough):
        for statement in loaded.statements:
            if not isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
                loaded.run(statement, patience=2.0)
    return found or None


def _own_numbers(node: Any) -> list[float]:
    """The numbers in an object but its gradient."""
    names = getattr(node, "__dict__", getattr(type(node), "__slots__", ()))
    return [value for name in names if name != "grad" and isinstance(value := getattr(node, name, None), (int, float))]


def _applied(name: str, function: Callable[[float], float], place: int, *values: Any) -> Any:
    value = values[place]
    return function(value) if isinstance(value, float) else getattr(value, name)()


def _graphs(made: Any) -> Iterator[SmallGraph]:
    yield from GRAPHS
    for name, function in FUNCTIONS.items():
        if hasattr(made, name):
            yield SmallGraph(f"{name} a", partial(_applied, name, function, 0), (name,))
            yield SmallGraph(f"{name} b", partial(_applied, name, function, 1), (name,))


def _answer(made: Any, graph: SmallGraph) -> dict[str, Any] | None:
    if not all(hasattr(made, name) for name in graph.needs):
        return None
    try:
        with impatient(1.0):
            a, b = made(A), made(B)
            graph.build(a, b).backward()
            found = [float(a.grad), float(b.grad)]
        expected = [
            (graph.build(A + STEP, B) - graph.build(A - STEP, B)) / (2 * STEP),
            (graph.build(A, B + STEP) - graph.build(A, B - STEP)) / (2 * STEP),
        ]
    except (Exception, TooLong):  # noqa: BLE001  # whatever a learner's class raises, or the logarithm of −1.3: then it says nothing
        return None
    facts = {"written": graph.written, "several": graph.several, "ordered": graph.ordered, "method": graph.needs[0]}
    return {**facts, "expected": expected, "found": found, "right": bool(_near(expected, found))}


def _near(expected: list[float], found: list[float]) -> bool:
    return all(abs(one - other) <= 1e-6 * max(1.0, abs(one)) for one, other in zip(expected, found, strict=True))


def _computed_at(node: ast.ClassDef, code: str, answer: Mapping[str, Any]) -> tuple[int, str] | None:
    """Where the gradient of an operation is computed that is wrong: the statement in its method that sets it."""
    method = next((part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == answer["method"]), None)
    sets = [] if method is None else [part for part in ast.walk(method) if isinstance(part, (ast.Assign, ast.AugAssign))]
    targets = [(part, part.targets[0] if isinstance(part, ast.Assign) else part.target) for part in sets]
    found = [part for part, target in targets if isinstance(target, ast.Attribute) and target.attr == "grad"]
    first_right = _near(answer["expected"][:1], answer["found"][:1])
    chosen = found[-1:] if first_right and answer["written"].startswith("a") else found[:1]
    return next(((part.lineno, " ".join((ast.get_source_segment(code, part) or "").split())) for part in chosen), None)


def _places(node: ast.ClassDef, code: str) -> list[tuple[int, str]]:
    """Where gradients are set in place of added up."""
    found = list[tuple[int, str]]()
    methods = [part for part in node.body if not (isinstance(part, ast.FunctionDef) and part.name == "backward")]  # which begins with 1
    for part in (part for method in methods for part in ast.walk(method)):
        if (
            isinstance(part, ast.Assign)
            and isinstance(part.targets[0], ast.Attribute)
            and part.targets[0].attr == "grad"
            and not isinstance(part.value, ast.Constant)
            and ast.unparse(part.targets[0]) not in ast.unparse(part.value)
        ):
            found.append((part.lineno, " ".join((ast.get_source_segment(code, part) or "").split())))
    return found
