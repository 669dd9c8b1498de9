"""Functions that give gradients or updated parameters: called with those that they need before and after them."""

from __future__ import annotations

import ast
import contextlib
import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.base.frozen import replace
from chainrule.learners.calling import Pool, gives_gradients, needs_pairs, results
from chainrule.learners.header import Header
from chainrule.learners.layout import SHARED, Probe, Unreadable, trial
from chainrule.learners.loading import Loaded
from chainrule.learners.names import BACKWARD, FORWARD, INIT, UPDATE, as_kind, backward_first, compact, forward_first, meaning
from chainrule.learners.new_weights import kept_arrays, new_weights, put_new_weights, without_new_weights
from chainrule.learners.parameters import Parameters, parameter_places, shared_arrays
from chainrule.learners.programs import Answer, LearnerProgram, ParameterForm, called_by_sample, copy_of, literal_rate, shown_signature
from chainrule.learners.recognition import SeenValues
from chainrule.learners.reporting import numbers
from chainrule.learners.stored import fields_of, leaves
from chainrule.learners.styles import numbers_read, style_of
from chainrule.learners.syntax import added_in, arguments_of, needed_by
from chainrule.learners.tensors import is_tensor


class FunctionProgram(LearnerProgram):
    """A function that gives gradients or updated parameters, with those that it needs before and after."""

    def __init__(self, loaded: Loaded, backward: str, forward: str = "", update: str = "", *, apart: bool = False) -> None:
        super().__init__(loaded)
        self.backward, self.forward, self.update = backward, forward, update
        self.nodes = [loaded.functions[name] for name in (forward, backward, update) if name]
        node = loaded.functions[backward]
        self.line = node.lineno
        self.entry = shown_signature(node)
        self.style = style_of(loaded, self.nodes, apart=apart)
        self.depths, self.biases = self.style.depths, self.style.biases
        self._snapshot = {key: value for key, value in loaded.namespace.items() if _is_data(value)}
        self._rate_set = numbers_read(loaded, self.nodes, "rate")
        self._penalty_set = numbers_read(loaded, self.nodes, "penalty")
        fixed = [] if self.style.globals else numbers_read(loaded, self.nodes, "b")
        self._fixed_biases = added_in(*loaded.functions.values(), among=fixed)

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[ParameterForm]:
        if self.style.vector is not None:
            yield from (ParameterForm(None, inside, sizes, (bias,) * (len(sizes) - 1)) for inside in ((True, False) if bias else (False,)))
            return
        if not self.style.own:
            has = (bias,) * (len(sizes) - 1)
            shared = tuple(SHARED if one and units > 1 else bias for one, units in zip(self.style.shared, sizes[1:], strict=False))
            if bias and SHARED in shared and len(shared) == len(has):
                yield ParameterForm(None, False, sizes, shared)
            yield ParameterForm(None, bias and not self.style.separate_bias, sizes, has)
            return
        roots = self.style.make(self.loaded, trial(sizes, rows))
        ways = [places for places in parameter_places(list(leaves(dict(roots)))) if places.sizes == sizes]
        yield from (ParameterForm(*form) for form in dict.fromkeys((way.units_first, bool(way.inside), sizes, way.has) for way in ways))

    def one_sample(self) -> bool:
        return called_by_sample(self.loaded, self.backward)

    def arguments(self) -> Iterator[str]:
        return (name for node in self.nodes for name in arguments_of(node, keywords=True))

    def penalized(self) -> bool:
        return bool(self._penalty_set) or super().penalized()

    def answer(self, probe: Probe, steps: int) -> Answer:
        loaded = self.loaded
        loaded.namespace.update({key: copy.deepcopy(value) for key, value in self._snapshot.items()})
        # A number that is added to a whole layer and that nothing trains is 0 here, as where it is a variable of a loop.
        for names, value in ((self._rate_set, probe.rate), (self._penalty_set, probe.penalty), (self._fixed_biases, 0.0)):
            loaded.namespace.update(dict.fromkeys(names, value))
        roots = self.style.make(loaded, probe)
        places = self._placed(roots, probe)
        self.integers = places.integers()
        pool = Pool(probe, roots, self.momentum)
        held = self._held(roots)
        pool.labelled = loaded.labelled
        if self.style.globals:
            _put_data(loaded.namespace, pool)
        arrays, kept, first = places.arrays(), dict[str, Any](), dict[str, Any]()
        renewed = dict[str, str]()

        def call(step: int) -> None:
            pool.given.clear()
            before = kept_arrays(roots, places) if step == 0 else {}
            if self.forward:
                self._called(self.forward, pool)
            named = self._called(self.backward, pool)
            if step == 0:
                first.update({key: copy_of(value) for key, value in named.items()})
                first.update(_own_gradients(roots))
            if self.update:
                held.update({name: step + 1 for name in held if name in STEP_NUMBERS})
                named = {**named, **self._called(self.update, pool, held)}
                held.update({name: named[name] for name in held if name in named})
            kept.update(named)
            if step == 0 and not self.style.globals:
                renewed.update(new_weights(before, places, named, SeenValues(loaded.recorder.values)))
            self._renew(roots, named)
            put_new_weights(roots, renewed, named)

        def read() -> dict[str, Any]:
            return (_grown(places, roots, probe) or self._placed(roots, probe, checked=False)).read(probe)

        states = self._trained(places.read(probe), call, read, steps)
        ends = {key: (states[0][key], states[-1][key]) for key in arrays if key in states[0] and key in states[-1]}
        changed = {key: arrays[key] for key, (start, end) in ends.items() if not np.array_equal(start, end)}
        self.shared = shared_arrays({**loaded.namespace, **kept}, changed, changed, places.names())
        self.rate = None if self._rate_set or self.takes_rate() else literal_rate(self.nodes, loaded.namespace)
        first = {name: value for name, value in without_new_weights(first, renewed).items() if name not in roots}
        first = {key: part for name, value in first.items() for key, part in self._taken_apart(name, value, probe).items()}
        return self._finished(probe, pool, first, states, places.names())

    def _placed(self, roots: Mapping[str, Any], probe: Probe, *, checked: bool = True) -> Parameters:
        if self.style.vector is None:
            return _placed(roots, probe, checked=checked)
        return self.style.vector.parameters(roots[self.style.vector.name], probe)

    def _taken_apart(self, name: str, value: Any, probe: Probe) -> dict[str, Any]:
        """A vector of all gradients as these, by their names; anything else as it is."""
        flat, vector = numbers(value), self.style.vector
        if vector is None or flat is None or flat.size != vector.length(probe) or max(flat.shape, default=0) != flat.size:
            return {name: value}
        return {f"d{key}": leaf.get() for key, leaf in vector.parameters(flat.ravel(), probe).named()}

    def _held(self, roots: Mapping[str, Any]) -> dict[str, Any]:
        """What an update rule keeps from step to step, by the names of its arguments: as the program begins it, else zeros; and the
        number of the step. Nothing where the program has no such rule.
        """
        found = dict[str, Any]()
        names = [name for name in needed_by(self.loaded.functions[self.update]) if name not in roots] if self.update else []
        kept = [name for name in names if KEPT.fullmatch(compact(name)) and as_kind(name, "grads", "dW", "db") is None]
        if not kept:
            return found
        for name, node in self.loaded.functions.items():
            needed = needed_by(node)
            if INIT.search(name) and needed and all(argument in roots for argument in needed):
                with contextlib.suppress(Exception):  # what begins something else may fail
                    begun = results(node, self._quietly(self.loaded.namespace[name], **{argument: roots[argument] for argument in needed}))
                    found.update({key: value for key, value in begun.items() if key in kept})
        for name in kept:
            if name not in found and (value := _zeros(name, roots)) is not None:
                found[name] = value
        return found | {name: 0 for name in names if name in STEP_NUMBERS} if found else found

    def _called(self, name: str, pool: Pool, held: Mapping[str, Any] | None = None) -> dict[str, Any]:
        node = self.loaded.functions[name]
        function = self.loaded.namespace.get(name)
        if not callable(function):
            raise Unreadable(name)
        return pool.take(node, self._quietly(function, **pool.arguments(node, held=held)))

    def _renew(self, roots: dict[str, Any], named: Mapping[str, Any]) -> None:
        """The parameters that a call gave take the place of the old ones."""
        for name in roots:
            if self.style.globals:
                roots[name] = self.loaded.namespace[name]
            elif name in named and named[name] is not None:
                roots[name] = named[name]
        if len(roots) == 1 and (self.update or not gives_gradients(self.loaded.functions[self.backward])):
            (name,) = roots
            for value in [*named.values(), list(named.values())]:  # or all that was returned, item by item
                if self._may_be_new(value, roots[name]) and not any(
                    meaning(key).kind == "grads" for key, item in named.items() if item is value
                ):
                    roots[name] = value

    def _may_be_new(self, value: Any, old: Any) -> bool:
        """May a value be the parameters after the step? A list, which may hold gradients as well, where a rate is taken."""
        if value is old:
            return False
        if isinstance(old, dict):
            return isinstance(value, dict) and value.keys() == old.keys()
        if fields_of(old):
            return type(value) is type(old) and self.takes_rate()
        return isinstance(old, (list, tuple)) and self.takes_rate() and _shapes(value) == _shapes(old)


def _own_gradients(roots: Mapping[str, Any]) -> dict[str, Any]:
    """What a program has written to the tensors of its parameters themselves: w1.g = inp.t() @ out.g."""
    written = {name: vars(value).get("g", vars(value).get("grad")) for name, value in roots.items() if is_tensor(value)}
    return {f"d{name}": copy_of(value) for name, value in written.items() if value is not None}


KEPT = re.compile(r"(?:[vmsu]|velocit(?:y|ies)|moments?\d?|momentums|cache|sq\w*)(?:d?[wb]\d*)?")
"""What the buffers of update rules are called, without capitals and underscores: v, s, vW1, m_db2."""

STEP_NUMBERS = ("t", "step", "k", "i", "it", "iteration", "timestep", "epoch", "n")
"""What the number of a step is called beside such buffers."""


def _zeros(name: str, roots: Mapping[str, Any]) -> Any:
    """Zeros for a buffer: in the form of all parameters, or of that one whose name it ends with."""
    own = [root for root in roots if compact(name).endswith(compact(root)) and len(compact(name)) > len(compact(root))]
    if own:
        return np.zeros_like(roots[own[0]], dtype=float)
    if len(roots) != 1:
        return None
    (value,) = roots.values()
    if isinstance(value, dict):
        return {form.format(key): np.zeros_like(item, dtype=float) for key, item in value.items() for form in ("{}", "d{}")}
    if isinstance(value, list) and all(isinstance(item, np.ndarray) for item in value):
        return [np.zeros_like(item, dtype=float) for item in value]
    return None


def _shapes(value: Any) -> Any:
    """The shapes of arrays in lists in lists."""
    return [_shapes(item) for item in value] if isinstance(value, (list, tuple)) else np.shape(value)


def _placed(roots: Mapping[str, Any], probe: Probe, *, checked: bool = True) -> Parameters:
    """Where the parameters are in what was made for a probe, and the probe's numbers in them. Raises Unreadable."""
    ways = list(parameter_places(list(leaves(dict(roots)))))
    fitting = [found for found in ways if found.fits(probe) and (found.has == probe.has or found.inside)]
    ways = fitting if checked or fitting else ways  # after a step they may have other shapes
    if not ways:
        raise Unreadable("no places")
    chosen = min(ways, key=lambda found: found.has != probe.has)
    if checked:
        chosen.set(probe)
    return chosen


def _grown(places: Parameters, roots: Mapping[str, Any], probe: Probe) -> Parameters | None:
    """Where they are after a step in which a bias has got a row for each sample, and looks like a W; None of any others."""
    now = {leaf.path: leaf for leaf in leaves(dict(roots))}
    before = [leaf for leaf in places.biases if leaf is not None]
    if probe.rows < 2 or not all(leaf.path in now for leaf in (*places.weights, *before)):
        return None
    wide = [(probe.rows, leaf.shape[-1]) for leaf in before if leaf.shape] + [(leaf.shape[0], probe.rows) for leaf in before if leaf.shape]
    if not any(now[leaf.path].shape in wide for leaf in before):
        return None
    here = [leaf and now[leaf.path] for leaf in places.biases]
    return replace(places, weights=[now[leaf.path] for leaf in places.weights], biases=here)


def _put_data(namespace: dict[str, Any], pool: Pool) -> None:
    """Programs that read their parameters from global variables may read x and t there, too."""
    for name, value in list(namespace.items()):
        if not _is_data(value) or name in pool.roots or np.ndim(value) == 0:
            continue
        kind = meaning(name).kind
        if kind in ("x", "t"):
            namespace[name] = pool.x if kind == "x" else pool.t


def _is_data(value: Any) -> bool:
    return isinstance(value, (np.ndarray, list, float, int, dict)) and not isinstance(value, bool)


def _takes_samples_and_targets(function: ast.FunctionDef) -> bool:
    kinds = [as_kind(name, "x", "t") for name in arguments_of(function)]
    return {kind.kind for kind in kinds if kind is not None} == {"x", "t"} and len(kinds) > 2


def function_programs(loaded: Loaded, header: Header) -> Iterator[LearnerProgram]:
    """The functions of a file that may be the backward pass, each with those that may go before it and after it, the likeliest first."""
    names = list(loaded.functions)
    entry = header.entry
    backwards = (
        [entry]
        if entry in loaded.functions
        else []
        if entry
        else sorted((name for name in names if BACKWARD.search(name)), key=backward_first)
    )
    backwards = backwards or [name for name in names if _takes_samples_and_targets(loaded.functions[name])]  # whatever they are called
    forwards = [name for name in names if FORWARD.search(name) and name not in backwards[:1]]
    forwards.sort(key=forward_first)
    updates = [name for name in names if UPDATE.search(name) and not needs_pairs(loaded.functions[name])]
    for backward in backwards[:8]:
        others = [name for name in forwards if name != backward][:5]
        for forward in ["", *others]:
            for update in [*[name for name in updates if name not in (backward, forward)][:4], ""]:
                for apart in (False, True):
                    with contextlib.suppress(Unreadable):
                        yield FunctionProgram(loaded, backward, forward, update, apart=apart)
