"""Layer objects without a network: classes with forward and backward are put one behind the other, and E = ½ Σ (y − t)² / N behind them."""

from __future__ import annotations

import ast
import copy
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import replace
from chainrule.learners.calling import Pool, Unbound
from chainrule.learners.gradients import gradients_among
from chainrule.learners.layout import Probe, Unreadable, trial
from chainrule.learners.loading import Loaded
from chainrule.learners.names import meaning
from chainrule.learners.parameters import Parameters, parameter_places
from chainrule.learners.programs import Answer, LearnerProgram, ParameterForm, methods_of
from chainrule.learners.recognition import SeenValues, forward_seen
from chainrule.learners.stored import attributes_of, leaves
from chainrule.learners.syntax import arguments_of, needed_by

Passes: TypeAlias = tuple[ast.FunctionDef, ast.FunctionDef]
"""Forward and backward."""

FORWARD_NAMES = ("forward", "forward_pass", "forward_propagation", "__call__", "call", "fprop")
BACKWARD_NAMES = ("backward", "backward_pass", "backward_propagation", "back", "bprop", "backprop")
_HANDED_ON = re.compile(
    r"^_?(?:d|grad|gradient)_?(?:x|in|input|inputs|a_?prev|loss_?d?input)s?$|^(?:x|inputs?)_?grad(?:ient)?$", re.IGNORECASE
)
"""Attributes in which a layer leaves the gradient for the layer below, where it does not return it."""

_NO_ACTIVATION = re.compile(r"softmax|loss|entropy|mse|error|cost|drop|norm|flatten|base|optim", re.IGNORECASE)
"""Classes that are no activation of a hidden layer, though they have a forward and a backward pass."""


class LayerProgram(LearnerProgram):
    """Layers with weights, and each activation of the file between two of them. passes: of each class that has both"""

    def __init__(self, loaded: Loaded, dense: str, activations: Sequence[str], passes: Mapping[str, Passes]) -> None:
        super().__init__(loaded)
        self.dense, self.activations, self.passes = dense, tuple(activations), passes
        self.forward, self.backward = passes[dense]
        self.line, self.depths = self.backward.lineno, (len(self.activations) + 1,)
        self.entry = f"{' → '.join([dense, *(name for one in activations for name in (one, dense))])}: {self.backward.name}"

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[ParameterForm]:
        probe = trial(sizes, rows, bias=bias)
        places = [_places(layer) for layer in self._made(probe) if layer[1] is self.backward]
        if any(one.sizes != pair for one, pair in zip(places, itertools.pairwise(sizes), strict=True)):
            raise Unreadable("sizes")
        yield ParameterForm(places[0].units_first, False, sizes, tuple(one.has[0] for one in places))

    def _made(self, probe: Probe) -> list[tuple[Any, ast.FunctionDef, ast.FunctionDef]]:
        """The layers: each with its backward and its forward pass."""
        layers: list[tuple[Any, ast.FunctionDef, ast.FunctionDef]] = []
        for number, (w, b) in enumerate(zip(probe.weights, probe.biases, strict=True)):
            one = replace(probe, weights=[w], biases=[b])
            layers.append((self._new(self.dense, one), self.backward, self.forward))
            if number + 1 < len(probe.weights):
                forward, backward = self.passes[self.activations[number]]
                layers.append((self._new(self.activations[number], one), backward, forward))
        return layers

    def _new(self, name: str, probe: Probe) -> Any:
        """A layer; what its constructor takes are sizes, in the order inputs, units."""
        maker = methods_of(self.loaded, name).get("__init__")
        if maker is None:
            return self._quietly(self.loaded.namespace[name])
        needed = needed_by(maker, method=True)
        sizes = iter(probe.sizes)
        given = {key: probe.rate if meaning(key).kind == "rate" else next(sizes, None) for key in needed}
        if None in given.values():
            raise Unbound(needed[-1])
        return self._quietly(self.loaded.namespace[name], **given)

    def answer(self, probe: Probe, steps: int) -> Answer:
        del steps
        made = self._made(probe)
        with_weights = [layer for layer in made if layer[1] is self.backward]
        places = [_places(layer) for layer in with_weights]
        singles = [replace(probe, weights=[w], biases=[b]) for w, b in zip(probe.weights, probe.biases, strict=True)]
        for place, single in zip(places, singles, strict=True):
            place.set(single)
        before = [place.read(single) for place, single in zip(places, singles, strict=True)]
        pool = Pool(probe, {})
        with self.loaded.recorder.recording():
            value = pool.x
            for layer, _, forward in made:
                value = _handed(layer, self._passed(layer, forward, value, probe), re.compile(r"^_?(?:output|out|a|y|h|z)$", re.IGNORECASE))
            miss = np.asarray(value) - pool.t
            gradient = miss / probe.rows
            for layer, backward, _ in reversed(made):
                gradient = _handed(layer, self._passed(layer, backward, gradient, probe), _HANDED_ON)
        gradients: dict[str, Array] = {}
        names: dict[str, str] = {}
        updated = False
        for number, (layer, place, single, old) in enumerate(zip(with_weights, places, singles, before, strict=True), start=1):
            own = {key: copy.deepcopy(item) for key, item in attributes_of(layer[0]).items() if meaning(key).kind in ("dW", "db")}
            found, called = gradients_among(own, single)
            new = place.read(single)
            moved = any(not np.array_equal(new[key], old[key]) for key in old)
            if moved:
                found = {f"d{key}": (old[key] - new[key]) / probe.rate for key in old}
                updated = True
            gradients.update({f"{key[:-1]}{number}": item for key, item in found.items()})
            names.update({f"{key[:-1]}{number}": f"{self.dense}.{name}" for key, name in called.items()})
            names.update({f"{key[:-1]}{number}": name for key, name in place.names().items()})
        values = SeenValues([*self.loaded.recorder.values, (0, np.array(miss, dtype=float))])
        forward_found = forward_seen(values, probe.x, probe.t, probe.weights, probe.biases)
        return Answer(gradients, [], updated, forward_found, names, pool.altered(), values=values, sizes=probe.sizes)

    def _passed(self, layer: Any, method: ast.FunctionDef, value: Any, probe: Probe) -> Any:
        """A pass of a layer: its first argument is what is handed to it, another may be the rate."""
        names, needed = arguments_of(method, method=True), needed_by(method, method=True)[1:]
        others = {name: probe.rate for name in names[1:] if meaning(name).kind == "rate"}
        if any(name not in others for name in needed):
            raise Unbound(needed[0])
        return self._quietly(getattr(layer, method.name), value, **others)


def _handed(layer: Any, given: Any, attribute: re.Pattern[str]) -> Any:
    """What a pass gave, or else left in an attribute of the layer."""
    if given is not None:
        return given
    for name, value in attributes_of(layer).items():
        if attribute.match(name) and value is not None:
            return value
    raise Unreadable("nothing is handed on")


def _places(layer: tuple[Any, ast.FunctionDef, ast.FunctionDef]) -> Parameters:
    """Where a layer has its weights. Raises Unreadable where it has none."""
    found = next(parameter_places(list(leaves({"self": layer[0]}))), None)
    if found is None or len(found.weights) != 1:
        raise Unreadable("no weights")
    return found


def class_passes(loaded: Loaded) -> dict[str, Passes]:
    """The forward and the backward pass of each class that has both."""
    found = dict[str, Passes]()
    for name in loaded.classes:
        methods = methods_of(loaded, name)
        both = [next((methods[one] for one in names if one in methods), None) for names in (FORWARD_NAMES, BACKWARD_NAMES)]
        passes = [one for one in both if one is not None and len(one.args.args) > 1]
        if len(passes) == 2:
            found[name] = (passes[0], passes[1])
    return found


def computes(backward: ast.FunctionDef) -> bool:
    """Does a backward pass compute anything? That of a base class does not."""
    return not all(isinstance(statement, (ast.Pass, ast.Raise, ast.Expr)) for statement in backward.body)


def layer_programs(loaded: Loaded) -> Iterator[LearnerProgram]:
    """Networks that can be built of a file's layers: with each class that has weights, all that have none between them, or one of these."""
    passes = class_passes(loaded)
    plain = [name for name in passes if not _made_of(loaded, name) and not _NO_ACTIVATION.search(name)][:3]
    for dense in passes:
        if len(_made_of(loaded, dense)) >= 2:
            others = [backward for name, (_, backward) in passes.items() if name not in (dense, *plain) and not _NO_ACTIVATION.search(name)]
            if not any(map(computes, others)):  # what is not looked at is not called right
                yield LayerProgram(loaded, dense, plain, passes)


def _made_of(loaded: Loaded, name: str) -> list[str]:
    """The arguments that the constructor of a class needs."""
    maker = methods_of(loaded, name).get("__init__")
    return [] if maker is None else needed_by(maker, method=True)
