"""What a check stands on: the problems that are tried, what somebody's program answered to each, and the verdict.

Reading and running a person's file is the business of a `Submission`; `chainrule.checking.judgement` sees nothing but `Observation`s. Both
speak of quantities by chainrule's names and in chainrule's layout: rows are samples, W is (inputs, units), b is (units,); "x", "t", "z1",
"h1", "y", "E", "dy" = ∂E/∂y, "dh1" = ∂E/∂h1, "delta1" = ∂E/∂z1, "dW1" = ∂E/∂W1, "db1" = ∂E/∂b1.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.base.frozen import Frozen, FrozenValue
from chainrule.base.printing import counted
from chainrule.checking.declared import is_kinked
from chainrule.formula.evaluation import evaluate
from chainrule.network.definitions import Bound, find
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.steps.problem import Problem

PROBE_RATES = (0.1, 0.07, 0.13, 0.09, 0.11)
"""The learning rates of the probes, where the program takes it as an argument; different, so that a rate twice is told from a number."""

SIGN = 9
"""The mistake that is −1 times the right value, or a step along the gradients, and not against them."""


class Saying(FrozenValue):
    """A sentence that is still in no language: the key of a text in the catalogues, and what stands in its places."""

    key: str
    values: Mapping[str, str | int] = field(default_factory=dict)


class Architecture(FrozenValue):
    """What is known of the network that a program computes.

    activations   of each layer, the output's last, by chainrule's names: ("tanh", "leaky_relu(slope=0.1)"); so many layers it has
    loss          by chainrule's name: "half_squared", "squared", "binary_cross_entropy", "cross_entropy"
    outputs, batch  how E is counted over outputs and samples, "sum" or "mean", where the program or its owner says so
    bias          for each layer whether it has a bias, "shared" where its units have one number; one for all layers
    sizes         inputs and units of each layer, (2, 2, 1), where the file fixes them; otherwise those of the probes are free
    last          how many outputs, where only this is fixed; 1 of a program of one output
    rows          how many samples at once, where that is fixed; 1 of a program that takes one sample at a time
    penalty       λ of a penalty ½ λ Σ w² on every W, where the program has one
    rate          the learning rate, where the file fixes it
    loss_said     whether the loss is known from the program itself or from its owner; otherwise it was assumed
    update        what is done with gradients that a function returns: "subtracted", as ∂E/∂W is, or "added", as −∂E/∂W is; "" where
                  nobody says it
    """

    activations: tuple[str, ...]
    loss: str
    outputs: str = "sum"
    batch: str = "mean"
    bias: bool | str | tuple[bool | str, ...] = True
    sizes: tuple[int, ...] | None = None
    last: int | None = None
    rows: int | None = None
    penalty: float = 0.0
    rate: float | None = None
    loss_said: bool = False
    update: str = ""

    @property
    def depth(self) -> int:
        """How many layers."""
        return len(self.activations)

    @property
    def functions(self) -> tuple[Bound, ...]:
        """f of each layer."""
        parts = [re.fullmatch(r"(\w+)\((\w+)=(\d*\.?\d+)\)", name) for name in self.activations]
        named: list[Any] = [
            {"name": part[1], part[2]: float(part[3])} if part else name for name, part in zip(self.activations, parts, strict=True)
        ]
        return tuple(find("activation", one) for one in named)

    @property
    def biases(self) -> tuple[bool | str, ...]:
        """For each layer whether it has a bias."""
        return self.bias if isinstance(self.bias, tuple) else (self.bias,) * self.depth


class Place(FrozenValue):
    """Where in a file something is computed.

    line        counted from 1
    expression  the very expression, as it stands there
    file        the file, where there are several; of a notebook with its cell
    quantity    what is wrong there, where that is another than the first that is wrong by the numbers alone
    """

    line: int
    expression: str = ""
    file: str = ""
    quantity: str = ""


class OwnCheck(Frozen):
    """A function of a program that differentiates by differences, asked about a function whose derivative is known: one of ours, or the
    program's own loss.

    name      of the function
    expected  the derivative; found: what it gave
    altered   whether it left its argument changed
    place     where it stands
    of_output  whether it differentiates the output of a network, and no loss
    at_kink   whether the program calls it where what goes into a relu, the expression in `place`, is 0 but for a step
    """

    name: str
    expected: Array
    found: Array
    altered: bool = False
    place: Place | None = None
    of_output: bool = False
    at_kink: bool = False


class Observation(Frozen):
    """What a program answered to one probe.

    problem      the probe: network with its weights, x and t, learning rate
    quantities   what the program gave, by chainrule's keys and in chainrule's layout: whatever it gave, and nothing that is computed from
                 the truth. Arrays keep the shape that the program gave them (turned with the layout), even if that is not the right
                 one: a shape may be the mistake
    after        every parameter after each of the program's update steps on this batch, one after the other; () where it takes none
    from_update  whether dW1, db1 … were read off an update, (before − after) ÷ learning rate; then their sign is the program's own,
                 while gradients that a function returns may be meant to be added
    adaptive     whether `after` comes of a rule that does not step along the gradients; then only a slip that is known is held against it
    shared       what turned out to be one and the same array object, by the parameter: "W1: history[0], history[1]"
    biases       "learned" where it computes a gradient of a bias, as far as names say; else "fixed" where it means them to stay what they
                 are, "left" where nothing says so
    altered      keys of arguments that the program changed though they were not its own: "x"
    failure      why there is no answer, in the program's own words; then everything above but the problem is empty
    integers     names of its parameters that are arrays of integers
    checks       what its own functions that differentiate by differences gave
    apart        where in its file x and t are shuffled, each by an order of its own
    broken       where in its file the first value is computed that is no number
    exact_to     relative precision of its numbers; 1e-6 where it computes in float32, 0.5e-3 where it prints three digits
    rounded_to   by how much its numbers may be rounded, absolutely: half a unit of the last digit that is written
    """

    problem: Problem
    quantities: Mapping[str, Array] = field(default_factory=dict)
    after: Sequence[Mapping[str, Array]] = ()
    from_update: bool = False
    adaptive: bool = False
    shared: tuple[str, ...] = ()
    biases: str = "learned"
    altered: tuple[str, ...] = ()
    failure: str = ""
    integers: tuple[str, ...] = ()
    checks: tuple[OwnCheck, ...] = ()
    apart: tuple[Place, Place] | None = None
    broken: Place | None = None
    exact_to: float = 1e-9
    rounded_to: float = 0.0


class Fault(Frozen):
    """One mistake that was found, or what is known of one that has no name.

    number     in the table of mistakes; None where it is none of them
    key        what it is where it is none of the table: "untrained", "loss_and_gradient", "unknown"
    others     further numbers of the table that give the very same numbers here
    layers     at which layers, the output's number last
    quantity   the first quantity that is wrong in the order of computation, by its key: "delta1"
    shown      the first quantity that the program itself gave and that is wrong: "dW1"
    expected, found   its numbers on the probe `probe`, as they should be in the program's own conventions, and as they are
    why        why it is that
    formula    what should stand there, in chainrule's text form: "δ₁ = (δ₂ · W₂ᵀ) ⊙ f′(z₁)"; in the learner's names once located
    missing    the factor that should stand before what the program computes of its δ and of what goes in: "1/N"
    follows    keys of quantities that are wrong only because of this
    probes     how many were made; agreeing: in how many of them its numbers are explained, None for all
    place      where in the file, once located
    observed   the answer in which it was found, where that is none of those to ordinary probes
    begins     of a wrong step, the first value on the way to the parameter that is wrong, as far as that is known: one of these
    cure       what to do about it, where that is more than what is said of every mistake of its number
    """

    number: int | None
    quantity: str
    shown: str
    why: Saying
    expected: Array
    found: Array
    layers: tuple[int, ...] = ()
    others: tuple[int, ...] = ()
    formula: str = ""
    missing: str = ""
    follows: tuple[str, ...] = ()
    probe: int = 0
    agreeing: int | None = None
    probes: int = 1
    key: str = "unknown"
    place: Place | None = None
    observed: Observation | None = field(default=None, repr=False)
    begins: tuple[Array, ...] = field(default=(), repr=False)
    cure: Saying | None = None


class Verdict(Frozen):
    """What a check came to.

    kind         "right"; "convention": right under conventions of its own; "mistakes": named; "class": one of several that give the same
                 numbers; "unknown": wrong, but none of the table; "refused": nothing could be judged
    faults       what is wrong, first in the order of computation first; empty where nothing is
    conventions  what is done otherwise than chainrule does it by default, and is right all the same
    remarks      what else is to be said: "nothing is trained", what could not be seen in these numbers
    observations what was judged
    cautions     what is right on ordinary numbers and fails on others, as where an output is saturated; nothing is wrong because of it
    """

    kind: str
    faults: tuple[Fault, ...] = ()
    conventions: tuple[Saying, ...] = ()
    remarks: tuple[Saying, ...] = ()
    observations: Sequence[Observation] = field(default=(), repr=False)
    cautions: tuple[Fault, ...] = ()

    @property
    def passed(self) -> bool:
        """Is it right, perhaps by other conventions?"""
        return self.kind in ("right", "convention")


class Submission(Protocol):
    """A person's work, read: what was understood of it, and how it is asked.

    name          of the file, as it is shown
    architecture  what network it computes
    understood    what was understood, in sentences: entry, layout, activation, loss, convention; printed first
    conventions   what of its layout is done otherwise than by default, and is right all the same: columns, units × inputs, bias inside W
    names         its own names of quantities by chainrule's keys, "delta1" → "dZ1", as far as they are known
    columns       whether its vectors are columns; units_first: whether its W are (units, inputs)
    trainings     the same work as it trains, by each of its rules that keep something from step to step
    """

    @property
    def name(self) -> str: ...  # noqa: D102  # said above

    @property
    def architecture(self) -> Architecture: ...  # noqa: D102  # said above

    @property
    def understood(self) -> Sequence[Saying]: ...  # noqa: D102  # said above

    @property
    def conventions(self) -> Sequence[Saying]: ...  # noqa: D102  # said above

    @property
    def names(self) -> Mapping[str, str]: ...  # noqa: D102  # said above

    @property
    def columns(self) -> bool: ...  # noqa: D102  # said above

    @property
    def units_first(self) -> bool: ...  # noqa: D102  # said above

    @property
    def trainings(self) -> Sequence[Submission]: ...  # noqa: D102  # said above

    def observe(self, problems: Sequence[Problem]) -> Sequence[Observation]:
        """What it answers to each problem, in their order; `Observation.failure` where it fails."""

    def locate(self, fault: Fault, observation: Observation) -> Place | None:
        """Where in the file the quantity that is wrong is computed; None where that is not known."""


def probes(architecture: Architecture, seed: int = 0) -> list[Problem]:
    """The problems that a program is tried on.

    Sizes and numbers of rows are such that no product of powers of 2 and of some of them is another: a factor tells where it comes
    from. Layers of different sizes show a wrong layout, equal ones what a missing transposition gives; several rows, one row; errors of
    both signs; biases that are not 0; units of relu on both sides of their kink. The weights are of the order of 1.

    Raises InputError where the architecture is none.
    """
    if not architecture.activations:
        raise InputError("a network has a layer at least; say its activations, as activations=('tanh', 'sigmoid').")
    if architecture.sizes is not None and len(architecture.sizes) != architecture.depth + 1:
        raise InputError(
            f"sizes {architecture.sizes} are of {counted(len(architecture.sizes) - 1, 'layer')}, the activations of {architecture.depth}."
        )
    return list(_probes(architecture, seed))


@lru_cache(maxsize=16)
def _probes(architecture: Architecture, seed: int) -> tuple[Problem, ...]:
    """The same for every file of a class that has such a network, so that they are derived once."""
    rng = np.random.default_rng(seed)
    extents = zip(_extents(architecture), PROBE_RATES, strict=True)
    return tuple(probe_of(architecture, sizes, rows, rng, rate) for (sizes, rows), rate in extents)


def _extents(architecture: Architecture) -> Iterator[tuple[tuple[int, ...], int]]:
    """Sizes and rows of each probe."""
    depth, last = architecture.depth, architecture.last
    hidden = itertools.islice(itertools.cycle((7, 11, 13)), depth - 1)
    unequal = (5, *hidden, last or 3)
    wider = (7, *itertools.islice(itertools.cycle((3, 11, 13)), depth - 1), last or 5)
    equal = (*([3] * depth), 1) if last == 1 else (last or 3,) * (depth + 1)
    free = [(unequal, 11), (equal, 7), (unequal, 1), (wider, 13), (equal, 5)]
    for sizes, rows in free:
        yield architecture.sizes or sizes, architecture.rows or rows


def probe_of(
    architecture: Architecture, sizes: tuple[int, ...], rows: int, rng: np.random.Generator, rate: float = PROBE_RATES[0]
) -> Problem:
    """A problem of these sizes and so many samples."""
    layers = [
        dense(units, activation, bias=bias)
        for units, activation, bias in zip(sizes[1:], architecture.functions, architecture.biases, strict=True)
    ]
    loss = find("loss", architecture.loss)
    counted = loss.implied or {"outputs": architecture.outputs, "batch": architecture.batch}
    penalty = {"name": "l2", "rate": architecture.penalty} if architecture.penalty else None
    network = Network(sizes[0], *layers, loss=loss, regularizer=penalty, outputs=counted["outputs"], batch=counted["batch"])
    optimizer = find("optimizer", {"name": "sgd", "learning_rate": architecture.rate or rate})
    for _ in range(200):
        drawn = network.with_parameters(
            {key: rng.normal(size=shape) * (0.9 / math.sqrt(shape[0]) if len(shape) > 1 else 0.5) for key, shape in network.shapes.items()}
        )
        x = rng.normal(size=(rows, sizes[0]))
        if _lively(drawn, x):
            break
    return Problem(drawn, x, _targets(drawn, x, rng), optimizer)


def _lively(network: Network, x: Array) -> bool:
    """Has every layer of relu units on both sides of their kink: most of its units, where there are several rows?"""
    derivation = network.derivation
    values = evaluate(derivation.quantities, {**network.bindings(), derivation.x: x})
    for number, layer in enumerate(network.layers, start=1):
        if layer.activation is None or not is_kinked(layer.activation):
            continue
        positive = values[derivation.named[f"z{number}"]] > 0
        if positive.all() or (positive.any(axis=0) & ~positive.all(axis=0) if len(x) > 1 else positive).mean() < 0.4:
            return False
    return True


def _targets(network: Network, x: Array, rng: np.random.Generator) -> Array:
    """Targets of the kind that the loss wants; numbers lie on both sides of the predictions, within what the output can give."""
    rows, outputs, wanted = len(x), network.outputs, network.loss.definition.targets
    if wanted in ("distribution", "steps"):
        classes = rng.permutation(np.arange(max(rows, outputs)) % outputs)[:rows]
        return np.asarray(np.eye(outputs)[classes])
    if wanted in ("probabilities", "signs", "pairs"):
        binary: Array = rng.permutation(np.arange(rows * outputs) % 2).reshape(rows, outputs).astype(float)
        return 2 * binary - 1 if wanted == "signs" else binary
    y = network.predict(x)
    sign = np.where(rng.permutation(np.arange(rows * outputs) % 2).reshape(rows, outputs) == 0, 1.0, -1.0)
    away = rng.uniform(0.3, 0.9, size=y.shape)
    last: Bound | None = network.layers[-1].activation
    if last is None or last.definition.gives not in ("probabilities", "signs", "distribution"):
        return y + sign * away
    low = -1.0 if last.definition.gives == "signs" else 0.0
    return np.where(sign > 0, y + away * (1 - y), y + away * (low - y))
