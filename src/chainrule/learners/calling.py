"""How a learner's functions are called: every argument is bound by its name, from what is known and from what earlier calls gave."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.learners.layout import Probe
from chainrule.learners.names import FORWARD, LAST, NameMeaning, as_kind, meanings
from chainrule.learners.reporting import numbers
from chainrule.learners.stored import fields_of
from chainrule.learners.syntax import arguments_of, attributes_read, needed_by, own_parts


class Unbound(Exception):
    """An argument of which nothing says what it is. Its name is the message."""


class Pool:
    """What is known by name while a program is called: its parameters, x and t, and what it has given so far.

    given    what calls gave, by the names in their `return`
    labelled whether a row has its class behind its inputs
    roots    its parameters, by the names of arguments or of global variables
    momentum what it is given for a momentum
    """

    def __init__(self, probe: Probe, roots: dict[str, Any], momentum: float = 0.0) -> None:
        self.probe, self.roots, self.momentum = probe, roots, momentum
        self.given: dict[str, Any] = {}
        self.x, self.t = probe.own_x(), probe.own_t()
        self.before = (np.array(self.x), np.array(self.t))
        self.names: dict[str, str] = {}
        self.labelled = False

    def altered(self) -> tuple[str, ...]:
        """Which of x and t the program has changed."""
        return tuple(key for key, now, before in (("x", self.x, self.before[0]), ("t", self.t, self.before[1])) if not _same(now, before))

    def arguments(self, function: ast.FunctionDef, *, method: bool = False, held: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A value for every argument of a function that needs one, and for those that say what they are. Raises Unbound.

        held  what an update rule keeps from step to step, by the names of its arguments
        """
        names, keywords = arguments_of(function, method=method, keywords=True), function.args.kwonlyargs
        needed = {*needed_by(function, method=method)}
        needed |= {argument.arg for argument, default in zip(keywords, function.args.kw_defaults, strict=True) if default is None}
        optional = {*names} - needed
        bound: dict[str, Any] = {}
        missing = []
        for name in names:
            value = held[name] if held and name in held else self._with_fields(name, function)
            value = self._pair(name, function) if value is _NOTHING else value
            value = self._value(name, name in optional, names) if value is _NOTHING else value
            if value is not _NOTHING:
                bound[name] = value
            elif name not in optional:
                missing.append(name)
        open_roles = [role for role in ("x", "t") if role not in self._roles(bound)]
        sizes = self.probe.sizes
        others = ("rate", "momentum", "penalty", "epochs", "batch", "seed", "generator")
        plain = [name for name in names if name not in optional and not as_kind(name, *others)]
        doubtful = bool(missing) or len(self._roles(bound)) == 1  # x without t, or t without x
        if function.name == "__init__" and len(plain) == len(sizes) and doubtful:
            bound.update(dict(zip(plain, sizes, strict=True)))  # inputs, hidden units, outputs, in whatever language
            missing = [name for name in missing if name not in plain]
        if missing and (function.name == "__init__" or any(_NO_DATA.search(name) for name in missing)):
            raise Unbound(missing[0])
        if missing and len(missing) <= len(open_roles) and not any(_given_before(name) for name in missing):
            for name, role in zip(
                missing, open_roles[-1:] if len(missing) == 1 and "t" in open_roles and len(open_roles) == 1 else open_roles, strict=False
            ):
                bound[name] = self.x if role == "x" else self.t
                self.names.setdefault(role, name)
            missing = missing[len(open_roles) :]
        if missing:
            raise Unbound(missing[0])
        return bound

    def _roles(self, bound: Mapping[str, Any]) -> set[str]:
        return {role for role, value in (("x", self.x), ("t", self.t)) if any(item is value for item in bound.values())}

    def _with_fields(self, name: str, function: ast.FunctionDef) -> Any:
        """What earlier calls gave that has everything which a function reads from an argument: c.z1, c.a1."""
        read = attributes_read(name, function) if name not in self.roots and name not in self.given else set()
        fitting = [value for value in reversed(self.given.values()) if not isinstance(value, dict) and read <= fields_of(value).keys()]
        return fitting[0] if read and fitting else _NOTHING

    def _pair(self, name: str, function: ast.FunctionDef) -> Any:
        """Inputs and targets in one, where a function takes an argument apart so: inputs, targets = batch."""
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == name:
                parts = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else []
                kinds = [next((one.kind for one in meanings(ast.unparse(part))), "") for part in parts]
                if sorted(kinds) == ["t", "x"]:
                    return tuple(self.x if kind == "x" else self.t for kind in kinds)
        return _NOTHING

    def _value(self, name: str, optional: bool, beside: list[str]) -> Any:
        if name in self.roots:
            return self.roots[name]
        if name in self.given and not isinstance(self.given[name], type(None)):
            return self.given[name]
        if {"N", "M"} <= set(beside) and name in ("N", "M"):
            return self.probe.rate if name == "N" else 0.0
        if _PAIRS.match(name) and not any(meanings(other)[:1] and meanings(other)[0].kind == "t" for other in beside):
            return _NOTHING
        for meaning in meanings(name):
            if optional and meaning.kind not in (
                "rate", "momentum", "penalty", "epochs", "batch", "quiet", "x", "t", "sizes", "inputs", "hidden", "outputs",
            ):  # fmt: skip
                continue
            if optional and meaning.kind == "hidden" and len(name) == 1:
                continue  # h=1e-5 is a step, not a number of units
            value = self._known(meaning, name, beside)
            if value is not _NOTHING:
                return value
        return _NOTHING

    def _known(self, meaning: NameMeaning, name: str, beside: list[str] = []) -> Any:  # noqa: B006  # never changed
        probe, kind = self.probe, meaning.kind
        if kind == "t" and name in ("y", "Y") and any(other in _TARGETS for other in beside):
            return self._like("y", None)  # backward(X, Y, T)
        if kind in ("x", "t"):
            rivals = [other for other in beside if other != name and (others := meanings(other)) and others[0].kind == kind]
            if rivals and kind in self.names and self.names[kind] != name and self.names[kind] in beside:
                return _NOTHING
            self.names.setdefault(kind, name)
            if kind == "x" and name == "row" and self.labelled and probe.layout.vectors:
                return [*self.x, int(probe.t[0].argmax())]
            return self.x if kind == "x" else self.t
        if kind in ("z", "h", "y", "cache", "grads", "delta", "dW", "db"):
            return self._like(kind, meaning.rank)
        if kind in ("W", "b"):
            mine = [key for key in self.roots if (found := as_kind(key, kind)) is not None and found.rank == meaning.rank]
            return self.roots[mine[0]] if len(mine) == 1 else _NOTHING
        if kind == "params":
            containers = [value for value in self.roots.values() if isinstance(value, list) or fields_of(value)]
            return containers[0] if len(containers) == 1 and len(self.roots) == 1 else _NOTHING
        sizes = probe.sizes
        simple: dict[str, Any] = {
            "rate": probe.rate, "momentum": self.momentum, "penalty": probe.penalty, "epochs": 1, "batch": probe.rows, "count": probe.rows,
            "quiet": False, "index": 0, "seed": 1, "generator": np.random.default_rng(1), "inputs": sizes[0], "outputs": sizes[-1],
            "sizes": list(sizes),
        }  # fmt: skip
        if kind == "hidden":
            return sizes[1] if len(sizes) > 2 else _NOTHING
        return simple.get(kind, _NOTHING)

    def _like(self, kind: str, rank: float | None) -> Any:
        """The newest value of this meaning among what calls gave."""
        for name, value in reversed(self.given.items()):
            found = as_kind(name, kind)
            if found is not None and (found.rank == rank or (rank is None and found.rank == LAST) or (found.rank is None and rank == LAST)):
                return value
        unnamed = [value for name, value in self.given.items() if name.startswith("return")]
        held = [value for value in unnamed if isinstance(value, (dict, list, tuple))]
        if kind == "cache" and len(held) == 1:
            return held[0]
        if kind == "y" or (kind == "h" and rank == len(self.probe.weights)):  # the last of what a forward pass gave in such a shape
            inner = {id(item) for value in self.given.values() if isinstance(value, dict) for item in value.values()}
            outputs = [one for one in self.given.values() if (array := numbers(one)) is not None and array.shape == self.t_shape]
            outputs = [one for one in outputs if id(one) not in inner] or outputs
            if outputs:
                return outputs[-1]
        return _NOTHING

    @property
    def t_shape(self) -> tuple[int, ...]:
        """The shape of the outputs of all samples."""
        (rows, outputs), layout = self.probe.t.shape, self.probe.layout
        return (outputs,) if layout.vectors else (outputs, rows) if layout.columns else (rows, outputs)

    def take(self, function: ast.FunctionDef, result: Any) -> dict[str, Any]:
        """What a call gave, by the names in its `return`; kept for later calls."""
        named = results(function, result)
        self.given.update(named)
        if FORWARD.search(function.name) and (name := _name(returned(function))) in named and name == self.names.get("x"):
            self.given["return"] = self.given.pop(name)  # what goes on with x = f(x W + b) and gives x does not give its input
        return named


_NO_DATA = re.compile(
    r"grad|delta|^d[A-Z_]|^d(?:out|values|inputs|loss)|upstream|err|cache|act|weight|bias|batch|param|size|num|rate", re.IGNORECASE
)
"""Names of arguments that are neither x nor t, whatever they are."""

_TARGETS = ("t", "T", "target", "targets", "Target", "Targets", "labels", "expected")
"""Names that mean targets, and beside which y is the output."""

_PAIRS = re.compile(
    r"^(?:training_?|train_?|test_?)?(?:data|dataset|set|samples|patterns|examples|train|pairs|batch|mini_?batch)$", re.IGNORECASE
)
"""Names of what holds inputs and targets together, where no other argument holds the targets."""


def needs_pairs(function: ast.FunctionDef) -> bool:
    """Does it take inputs and targets together, in an argument that it needs?"""
    names = needed_by(function)
    return any(_PAIRS.match(name) for name in names) and not any(meanings(name)[:1] and meanings(name)[0].kind == "t" for name in names)


def _given_before(name: str) -> bool:
    """Does a name mean what a forward pass gives, and by no means x or t?"""
    return bool(meanings(name)) and as_kind(name, "y", "z", "h", "delta", "cache", "dW", "db") is not None and not as_kind(name, "x", "t")


_NOTHING = object()


_GRADIENTS = re.compile(r"grad|back|deriv|bprop|nabla", re.IGNORECASE)
_UPDATES = re.compile(r"update|step|train|descent|learn|fit|optim", re.IGNORECASE)


def gives_gradients(function: ast.FunctionDef) -> bool:
    """Does the name of a function say that it gives gradients, and neither it nor a learning rate that they change something?"""
    named = _GRADIENTS.search(function.name) is not None and not _UPDATES.search(function.name)
    return named and all(as_kind(name, "rate") is None for name in arguments_of(function, keywords=True))


def results(function: ast.FunctionDef, result: Any) -> dict[str, Any]:
    """What a function gave, by the names in its `return`, and by the keys of dicts in it. A dict without a name that a function gives
    whose name says that it gives gradients is called "grads"; keys of weights in a dict that it gives mean their gradients.
    """
    named: dict[str, Any] = {}
    value, gives = returned(function), gives_gradients(function)
    if isinstance(value, ast.Tuple) and isinstance(result, (tuple, list)) and len(result) == len(value.elts):
        for place, (node, item) in enumerate(zip(value.elts, result, strict=True), start=1):
            named[_name(node) or ("grads" if gives and fields_of(item) and "grads" not in named else f"return {place}")] = item
    elif result is not None:
        named[(_name(value) if value is not None else "") or ("grads" if gives and fields_of(result) else "return")] = result
    for name, item in list(named.items()):
        if fields := fields_of(item):
            of_gradients = as_kind(name, "grads", "dW") is not None or (gives and as_kind(name, "params", "cache") is None)
            for key, inner in fields.items():
                if isinstance(key, str) and not (of_gradients and [one.kind for one in meanings(key)[:1]] in (["W"], ["b"])):
                    named.setdefault(key, inner)
    return named


def returned(function: ast.FunctionDef) -> ast.expr | None:
    """What the last `return` of a function gives."""
    parts = (part for statement in function.body for part in own_parts(statement))
    found = [node.value for node in parts if isinstance(node, ast.Return) and node.value is not None]
    return found[-1] if found else None


def _name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return node.slice.value
    return ""


def _same(now: Any, before: Any) -> bool:
    try:
        return np.shape(now) == np.shape(before) and bool(np.array_equal(np.asarray(now), before))
    except (ValueError, TypeError):
        return False
