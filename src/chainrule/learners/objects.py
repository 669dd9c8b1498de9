"""Classes with methods: made with the sizes of a probe, their parameters set, their methods called in order."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from chainrule.learners.calling import Pool, needs_pairs
from chainrule.learners.header import Header
from chainrule.learners.layout import Layout, Probe, Unreadable, trial
from chainrule.learners.loading import Loaded
from chainrule.learners.names import BACKWARD, FORWARD, INIT, LOSS, UPDATE, as_kind, backward_first, forward_first, meaning
from chainrule.learners.new_weights import kept_arrays, new_weights, put_new_weights, without_new_weights
from chainrule.learners.parameters import Parameters, parameter_places, shared_arrays, single_numbers
from chainrule.learners.programs import (
    Answer,
    LearnerProgram,
    ParameterForm,
    called_by_sample,
    copy_of,
    literal_rate,
    methods_of,
    shown_signature,
)
from chainrule.learners.recognition import SeenValues
from chainrule.learners.stored import attributes_of, leaves
from chainrule.learners.styles import numbers_read
from chainrule.learners.syntax import arguments_of, called_name, calls_in, is_plain_number


class ObjectProgram(LearnerProgram):
    """A class: it is made with the sizes of a probe, its parameters are set, and its methods called in order; a function among them is
    given the object first.
    """

    def __init__(self, loaded: Loaded, name: str, sequence: Sequence[str], choice: int | None = None) -> None:
        super().__init__(loaded)
        self.name, self.sequence, self.choice = name, tuple(sequence), choice
        node = loaded.classes[name]
        self.methods = methods_of(loaded, name)
        self.maker = self.methods.get("__init__")
        self.steps = [self.methods.get(step) or loaded.functions[step] for step in sequence]
        self.line = self.steps[-1].lineno
        self.entry = " → ".join(shown_signature(step, f"{name}." if place == 0 else "") for place, step in enumerate(self.steps))
        self.node = node
        self._rated = False
        self._before: Any = None
        self._penalties = numbers_read(loaded, list(self.methods.values()), "penalty")
        self._penalized = bool(self._penalties)

    def forms(self, sizes: tuple[int, ...], rows: int, bias: bool) -> Iterator[ParameterForm]:
        met = []
        for columns in (False, True) if self._made_of_samples() else (False,):
            made = self.construct(trial(sizes, rows, bias=bias, kind="classes", layout=Layout(columns=columns)))
            for places in self._places(made):
                form = (places.units_first, bool(places.inside), places.sizes, places.has)
                if form not in met and places.sizes[0] >= 1:
                    met.append(form)
        fitting = [form for form in met if form[2] == sizes]  # a class that takes our sizes has no others
        yield from (ParameterForm(*form) for form in fitting or met)

    def _made_of_samples(self) -> bool:
        return self.maker is not None and any(meaning(name).kind in ("x", "t") for name in arguments_of(self.maker, method=True))

    def one_sample(self) -> bool:
        return any(called_by_sample(self.loaded, method) for method in self.sequence)

    def construct(self, probe: Probe) -> Any:
        """An object of the class, with the sizes of a probe. Raises Unbound."""
        pool = Pool(probe, {}, self.momentum)
        arguments = pool.arguments(self.maker, method=True) if self.maker is not None else {}
        made = self._quietly(self.loaded.namespace[self.name], **arguments)
        if next(self._places(made), None) is None:  # what it learns may begin later, as in fit()
            for name in (name for name in self.methods if name != "__init__" and INIT.search(name)):
                self._quietly(getattr(made, name), **pool.arguments(self.methods[name], method=True))
        for name, value in attributes_of(made).items():
            kind = meaning(name).kind
            if is_plain_number(value) and kind in ("rate", "momentum", "penalty"):
                setattr(made, name, {"rate": probe.rate, "momentum": self.momentum, "penalty": probe.penalty}[kind])
                self._rated = self._rated or kind == "rate"
                self._penalized = self._penalized or (kind == "penalty" and "decay" not in name.lower())
        return made

    def _places(self, made: Any) -> Iterator[Parameters]:
        found = list(leaves({"self": made}))
        if self.choice is None:
            yield from parameter_places(found)
        else:
            yield from itertools.islice(single_numbers(found), self.choice, self.choice + 1)

    def arguments(self) -> Iterator[str]:
        for name in ("__init__", *self.sequence):
            node = self.methods.get(name)
            yield from () if node is None else arguments_of(node, keywords=True)

    def penalized(self) -> bool:
        return self._penalized or super().penalized()

    def _losses(self, pool: Pool) -> Iterator[tuple[ast.FunctionDef, Callable[..., Any]]]:
        """With its methods that say the loss, as an object has them whose parameters are those before the first step."""
        yield from super()._losses(pool)
        for name, method in self.methods.items():
            if LOSS.search(name) and name not in self.sequence and self._before is not None:
                yield method, getattr(self._before, name)

    def answer(self, probe: Probe, steps: int) -> Answer:
        loaded = self.loaded
        loaded.namespace.update(dict.fromkeys(self._penalties, probe.penalty))
        made = self.construct(probe)
        places = next((found for found in self._places(made) if found.fits(probe) and found.has == probe.has), None)
        if places is None:
            raise Unreadable("places")
        places.set(probe)
        self.integers = places.integers()
        pool = Pool(probe, {}, self.momentum)
        self._before = copy_of(made)
        arrays, named, renewed = places.arrays(), dict[str, Any](), dict[str, str]()

        def call(step: int) -> None:
            nonlocal named
            pool.given.clear()
            before, gave = kept_arrays({"self": made}, places), dict[str, Any]()
            for place, (name, method) in enumerate(zip(self.sequence, self.steps, strict=True)):
                function = getattr(made, name) if name in self.methods else partial(loaded.namespace[name], made)
                given = pool.take(method, self._quietly(function, **pool.arguments(method, method=True)))
                gave.update(given)
                if step == 0 and (place > 0 or len(self.sequence) == 1):
                    named.update({key: copy_of(value) for key, value in given.items()})
            if step == 0:
                renewed.update(new_weights(before, places, gave, SeenValues(loaded.recorder.values)))
            put_new_weights({"self": made}, renewed, gave)
            if step == 0:
                named = without_new_weights(named, renewed)
                own = {name: copy_of(value) for name, value in attributes_of(made).items() if meaning(name).kind in ("dW", "db", "grads")}
                named = {**own, **named}

        states = self._trained(places.read(probe), call, lambda: places.read(probe), steps)
        self.shared = shared_arrays(attributes_of(made), arrays, places.arrays(), places.names())
        nodes = list(self.methods.values())
        self.rate = None if self._rated or self.takes_rate() else literal_rate(nodes, loaded.namespace)
        named = {key: value for key, value in named.items() if not as_kind(key, "W", "b") or as_kind(key, "dW", "db")}
        return self._finished(probe, pool, named, states, places.names())


def object_programs(loaded: Loaded, header: Header) -> Iterator[LearnerProgram]:
    """The classes of a file, each with the methods that may be called one after the other, the likeliest first."""
    for name in loaded.classes:
        methods = [method for method in methods_of(loaded, name) if not method.startswith("__")]
        if header.entry and header.entry not in methods and header.entry.rpartition(".")[2] not in methods:
            continue
        stated = header.entry.rpartition(".")[2]
        own = methods_of(loaded, name)
        backwards = [stated] if stated in methods else sorted((method for method in methods if BACKWARD.search(method)), key=backward_first)
        backwards = backwards or [method for method in methods if len(arguments_of(own[method])) > 2][::-1]  # in whatever language
        forwards = sorted((method for method in methods if FORWARD.search(method) and not BACKWARD.search(method)), key=forward_first)
        forwards += [method for method in methods if method not in forwards and _takes_x(own[method])]
        updates = [method for method in methods if UPDATE.search(method) and not needs_pairs(own[method])]
        for backward in backwards[:6]:
            for forward in [*[other for other in forwards if other != backward][:3], ""]:
                for update in [*[other for other in updates if other not in (backward, forward)][:2], ""]:
                    sequence = [method for method in (forward, backward, update) if method]
                    trains = update and {called_name(call, method=True) for call in calls_in(own[update])} & {*sequence}
                    if not trains or loaded.adaptive:  # then it calls the others itself, and what it takes off is no gradient
                        yield ObjectProgram(loaded, name, sequence)
        for backward in backwards[:3] if _single_numbers(loaded, name) else []:
            yield from (ObjectProgram(loaded, name, [backward], choice) for choice in range(12))


def _single_numbers(loaded: Loaded, name: str) -> bool:
    """Has a class attributes w1, w2 …?"""
    attributes = {
        node.attr for node in ast.walk(loaded.classes[name]) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    return sum(bool(re.fullmatch(r"w\d+", attribute, re.IGNORECASE)) for attribute in attributes) > 2


def _takes_x(method: ast.FunctionDef) -> bool:
    """Is its only argument the inputs?"""
    return [meaning(name).kind for name in arguments_of(method, method=True)] == ["x"]
